// Testsummary reads `go test -json` on standard input and prints what a person
// wants of it: one line per package, the whole output of what failed, and at
// the end every skipped test with its reason, so that a skip is never silent.
// It exits 1 when a test or a build failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

// event is one line of `go test -json` (go doc test2json).
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

type key struct{ pkg, test string }

type summary struct {
	out                     io.Writer
	logs                    map[key]*strings.Builder
	passed, failed, skipped int
	skips                   []string
	broken                  bool
}

func main() {
	s := summary{out: os.Stdout, logs: map[key]*strings.Builder{}}
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testsummary:", err)
		os.Exit(1)
	}
	if !s.report() {
		os.Exit(1)
	}
}

// read consumes the event stream; lines that are no events are printed as
// they are, since they come from the go command itself.
func (s *summary) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(s.out, lines.Text())
			continue
		}
		s.add(e)
	}
	return lines.Err()
}

func (s *summary) add(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "output", "build-output":
		if s.logs[k] == nil {
			s.logs[k] = &strings.Builder{}
		}
		s.logs[k].WriteString(e.Output)
	case "build-fail":
		s.broken = true
		fmt.Fprintf(s.out, "BUILD FAILED %s\n%s", e.ImportPath, s.log(key{}))
	case "pass", "fail", "skip":
		s.end(e, k)
	}
}

func (s *summary) end(e event, k key) {
	if e.Test == "" {
		s.endPackage(e, k)
		return
	}
	switch e.Action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
		fmt.Fprintf(s.out, "--- FAIL %s %s\n%s", e.Package, e.Test, s.log(k))
	case "skip":
		s.skipped++
		s.skips = append(s.skips, e.Package+" "+e.Test+": "+reason(s.log(k)))
	}
	delete(s.logs, k)
}

func (s *summary) endPackage(e event, k key) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(s.out, "ok    %-60s %6.1fs\n", e.Package, e.Elapsed)
	case "fail":
		s.broken = true
		fmt.Fprintf(s.out, "FAIL  %-60s %6.1fs\n%s", e.Package, e.Elapsed, s.log(k))
	}
	delete(s.logs, k)
}

func (s *summary) log(k key) string {
	if b := s.logs[k]; b != nil {
		return b.String()
	}
	return ""
}

// reason is the last line a skipped test logged.
func reason(log string) string {
	why := "no reason given"
	for _, line := range strings.Split(log, "\n") {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			why = line
		}
	}
	return why
}

// report prints the totals and says whether the run passed.
func (s *summary) report() bool {
	sort.Strings(s.skips)
	if len(s.skips) > 0 {
		fmt.Fprintln(s.out, "\nSkipped:")
		for _, line := range s.skips {
			fmt.Fprintln(s.out, "  "+line)
		}
	}
	fmt.Fprintf(s.out, "\n%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
	return s.failed == 0 && !s.broken && s.passed > 0
}
