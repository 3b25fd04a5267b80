package scenarios

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Text renders a verdict for people: one line per step and, for each failure, the reason and the packet's path.
func (v Verdict) Text() string {
	var b strings.Builder
	t := &Terminal{Out: &b}
	fmt.Fprintf(&b, "%s (%s)\n", v.Scenario, v.Backend)
	for _, s := range v.Steps {
		t.Step(nil, s)
	}
	t.end(v)
	return b.String()
}

// Terminal is a Reporter that writes progress for people, one line per step.
type Terminal struct {
	Out     io.Writer
	Color   bool // use ANSI colours
	Width   int  // columns to fit step lines into; 0 for no limit
	Trace   bool // show the path of every probe's packets, not only of failed ones
	Verbose bool // show notices that are merely informative, too
}

// Started writes the scenario's name and what of its manifests has no effect.
func (t *Terminal) Started(s *Scenario, backend string) {
	t.printf("%s %s\n", t.paint(bold, s.Name), t.paint(dim, "("+backend+")"))
	for _, n := range s.notices {
		if n.Kind == NoticeNotHonoured || t.Verbose {
			t.printf("  %s %s\n", t.paint(yellow, "note"), n)
		}
	}
}

// Step writes a step's line and, if it failed, why.
func (t *Terminal) Step(_ *Scenario, v StepVerdict) {
	mark := map[Status]string{Passed: t.paint(green, "ok  "), Failed: t.paint(red, "FAIL"), Warned: t.paint(yellow, "warn"), NotRun: t.paint(dim, "-   ")}[v.Status]
	text := v.Name
	if v.Summary != "" && v.Status != NotRun {
		text += ": " + v.Summary
	}
	if v.Elapsed > 0 {
		text += fmt.Sprintf(" [%s]", roundTime(v.Elapsed))
	}
	t.printf("  %s %s\n", mark, t.fit(text, 7))
	for i, f := range v.Failures {
		if i == maxFailures {
			t.printf("       ... %d more failures\n", len(v.Failures)-i)
			break
		}
		t.failure(f)
	}
	if t.Trace {
		t.traces(v)
	}
}

// maxFailures is how many failures of one step are shown in full.
const maxFailures = 5

func (t *Terminal) failure(f Failure) {
	if f.Probe != "" {
		t.printf("       %s\n", f.Probe)
	}
	t.printf("%s", indent(f.Reason, "       "))
	if len(f.Path) > 0 {
		t.printf("       the packet's path:\n%s", indent(f.Path.Summary(), "       "))
	}
}

func (t *Terminal) traces(v StepVerdict) {
	for _, o := range v.Observed {
		for i, p := range o.Result.Packets {
			t.printf("       %s\n", t.paint(dim, fmt.Sprintf("%s, packet %d", o.Name, i+1)))
			t.printf("%s", indent(p.Path.Text(), "         "))
			if len(p.ReplyPath) > 0 {
				t.printf("       %s\n%s", t.paint(dim, "and its answer"), indent(p.ReplyPath.Text(), "         "))
			}
		}
	}
}

// Finished writes the verdict's line.
func (t *Terminal) Finished(_ *Scenario, v Verdict) { t.end(v) }

func (t *Terminal) end(v Verdict) {
	count := map[Status]int{}
	for _, s := range v.Steps {
		count[s.Status]++
	}
	switch v.Status {
	case Skipped:
		t.printf("  %s %s\n", t.paint(yellow, "skipped:"), v.Reason)
		return
	case Passed:
		t.printf("  %s %d steps", t.paint(green, "passed:"), len(v.Steps))
	default:
		t.printf("  %s %d of %d steps", t.paint(red, "FAILED:"), count[Failed], len(v.Steps))
		if v.Reason != "" {
			t.printf("; %s", v.Reason)
		}
	}
	if n := count[Warned]; n > 0 {
		t.printf(", %d warnings", n)
	}
	t.printf(" in %s (%s of virtual time)\n", roundTime(v.Wall), roundTime(v.Virtual))
}

func roundTime(d time.Duration) time.Duration {
	switch {
	case d > 10*time.Second:
		return d.Round(time.Second / 10)
	case d > 10*time.Millisecond:
		return d.Round(time.Millisecond / 10)
	}
	return d.Round(time.Microsecond)
}

// fit shortens a line that would not fit after used columns.
func (t *Terminal) fit(s string, used int) string {
	runes := []rune(s)
	room := t.Width - used
	if t.Width == 0 || len(runes) <= room || room < 10 {
		return s
	}
	return string(runes[:room-3]) + "..."
}

type colour string

const (
	bold   colour = "\x1b[1m"
	dim    colour = "\x1b[2m"
	red    colour = "\x1b[31m"
	green  colour = "\x1b[32m"
	yellow colour = "\x1b[33m"
)

func (t *Terminal) paint(c colour, s string) string {
	if !t.Color {
		return s
	}
	return string(c) + s + "\x1b[0m"
}

// printf writes; a terminal that is gone is no reason to stop the run.
func (t *Terminal) printf(format string, args ...any) { _, _ = fmt.Fprintf(t.Out, format, args...) }

func indent(s, by string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(s, "\n")) {
		b.WriteString(by + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}
