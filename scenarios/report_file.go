package scenarios

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteJSON writes verdicts as one JSON object per line, in the form of the Verdict type.
func WriteJSON(w io.Writer, verdicts ...Verdict) error {
	enc := json.NewEncoder(w)
	for _, v := range verdicts {
		if err := enc.Encode(v); err != nil {
			return fmt.Errorf("writing the verdict on %s as JSON: %w", v.Scenario, err)
		}
	}
	return nil
}

// The elements of JUnit's XML report as CI systems read it (the Jenkins xunit plugin's schema).
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		File     string      `xml:"file,attr,omitempty"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Error   *junitMessage `xml:"error,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes verdicts as a JUnit XML report: one test suite per scenario, one case per step. Times are those of the bed.
func WriteJUnit(w io.Writer, verdicts ...Verdict) error {
	var report junitSuites
	for _, v := range verdicts {
		report.Suites = append(report.Suites, v.junit())
	}
	out, err := xml.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the JUnit report: %w", err)
	}
	if _, err := fmt.Fprintf(w, "%s%s\n", xml.Header, out); err != nil {
		return fmt.Errorf("writing the JUnit report: %w", err)
	}
	return nil
}

func (v Verdict) junit() junitSuite {
	s := junitSuite{Name: v.Scenario, Time: seconds(v.Wall), File: v.File}
	for _, st := range v.Steps {
		s.Cases = append(s.Cases, st.junit(v.Scenario))
	}
	switch {
	case v.Status == Skipped:
		s.Cases = append(s.Cases, junitCase{Name: v.Scenario, Class: v.Scenario, Time: "0", Skipped: &junitMessage{Message: v.Reason}})
	case v.Reason != "":
		s.Cases = append(s.Cases, junitCase{Name: "test bed", Class: v.Scenario, Time: "0", Error: &junitMessage{Message: v.Reason}})
	}
	for _, c := range s.Cases {
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	return s
}

func (v StepVerdict) junit(class string) junitCase {
	c := junitCase{Name: v.Name, Class: class, Time: seconds(v.Elapsed), Output: v.Summary}
	var b strings.Builder
	t := &Terminal{Out: &b}
	for _, f := range v.Failures {
		t.failure(f)
	}
	switch v.Status {
	case Failed:
		c.Failure = &junitMessage{Message: v.Failures[0].Reason, Text: b.String()}
	case Warned:
		c.Output += "\nwarning:\n" + b.String()
	case NotRun:
		c.Skipped = &junitMessage{Message: "an earlier step failed"}
	}
	return c
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }
