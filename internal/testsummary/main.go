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
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// event is one line of `go test -json` (go doc test2json).
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// key names whose output it is: a test's, with test empty its package's, and
// with pkg "build" the compiler's for an import path.
type key struct{ pkg, test string }

// summary follows one run of go test.
type summary struct {
	out io.Writer
	// logs holds what belongs to tests, packages and builds that have not
	// ended yet.
	logs map[key]*strings.Builder
	// running holds the packages that have started and not ended.
	running                 map[string]bool
	passed, failed, skipped int
	// packages counts those that failed, be it to build, for a test or because
	// their binary died.
	packages int
	skips    []string
}

func newSummary(out io.Writer) *summary {
	return &summary{out: out, logs: map[key]*strings.Builder{}, running: map[string]bool{}}
}

func main() {
	s := newSummary(os.Stdout)
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
	if strings.HasPrefix(e.Action, "build-") {
		k = key{"build", e.ImportPath}
	}
	switch e.Action {
	case "start":
		s.running[e.Package] = true
	case "output", "build-output":
		if s.logs[k] == nil {
			s.logs[k] = &strings.Builder{}
		}
		s.logs[k].WriteString(e.Output)
	case "build-fail":
		fmt.Fprintf(s.out, "BUILD FAILED %s\n%s", e.ImportPath, s.take(k))
	case "pass", "fail", "skip":
		s.end(e, k)
	}
}

func (s *summary) end(e event, k key) {
	if e.Test == "" {
		s.endPackage(e)
		return
	}
	log := s.take(k)
	switch e.Action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
		fmt.Fprintf(s.out, "--- FAIL %s %s\n%s", e.Package, e.Test, log)
	case "skip":
		s.skipped++
		s.skips = append(s.skips, e.Package+" "+e.Test+": "+reason(log))
	}
}

func (s *summary) endPackage(e event) {
	delete(s.running, e.Package)
	unended := s.unended(e.Package)
	log := s.take(key{pkg: e.Package})
	switch e.Action {
	case "pass":
		fmt.Fprintf(s.out, "ok    %-60s %6.1fs\n", e.Package, e.Elapsed)
	case "fail":
		s.packages++
		fmt.Fprintf(s.out, "FAIL  %-60s %6.1fs\n%s%s", e.Package, e.Elapsed, unended, log)
	}
}

// unended takes the output of a package's tests that began and never ended:
// when the test binary dies (a panic in another goroutine, a deadlock, the
// time limit), the go command ends the package alone and the runtime's report
// stands in the output of whichever test printed last. Tests that were waiting
// for their turn are only counted.
func (s *summary) unended(pkg string) string {
	var tests []string
	for k := range s.logs {
		if k.pkg == pkg && k.test != "" {
			tests = append(tests, k.test)
		}
	}
	slices.Sort(tests)
	var b strings.Builder
	waiting := 0
	for _, test := range tests {
		log := s.take(key{pkg, test})
		if strings.HasSuffix(log, "=== PAUSE "+test+"\n") {
			waiting++
			continue
		}
		fmt.Fprintf(&b, "--- NEVER ENDED %s %s\n%s", pkg, test, log)
	}
	if waiting > 0 {
		fmt.Fprintf(&b, "%d tests never got their turn\n", waiting)
	}
	return b.String()
}

// take returns what is logged under a key and forgets it.
func (s *summary) take(k key) string {
	b := s.logs[k]
	if b == nil {
		return ""
	}
	delete(s.logs, k)
	return b.String()
}

// logged matches the first line of what a test logs: t.Skip's own is the last.
var logged = regexp.MustCompile(`^\S+\.go:\d+: `)

// reason is the last thing a skipped test logged, its lines joined.
func reason(log string) string {
	var why []string
	for _, line := range strings.Split(log, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") {
			continue
		}
		if logged.MatchString(line) {
			why = nil
		}
		why = append(why, line)
	}
	if why == nil {
		return "no reason given"
	}
	return strings.Join(why, " ")
}

// report prints what never ended, the skipped tests and the totals, and says
// whether the run passed. A run without a single passed test did not.
func (s *summary) report() bool {
	for _, pkg := range slices.Sorted(maps.Keys(s.running)) {
		s.packages++
		fmt.Fprintf(s.out, "FAIL  %-60s never ended\n%s%s", pkg, s.unended(pkg), s.take(key{pkg: pkg}))
	}
	slices.Sort(s.skips)
	if len(s.skips) > 0 {
		fmt.Fprintln(s.out, "\nSkipped:")
		for _, line := range s.skips {
			fmt.Fprintln(s.out, "  "+line)
		}
	}
	fmt.Fprintf(s.out, "\n%d passed, %d failed, %d skipped; %d failed packages\n", s.passed, s.failed, s.skipped, s.packages)
	return s.failed == 0 && s.packages == 0 && s.passed > 0
}
