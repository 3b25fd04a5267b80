package scenarios

import "time"

// Status is the outcome of a step or a scenario.
type Status string

// The outcomes.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Warned  Status = "warning" // a step of level warning failed
	Skipped Status = "skipped" // the backend lacks a capability: nothing was run
	NotRun  Status = "not run" // a step after one that stopped the scenario
)

// A Verdict is the outcome of a scenario.
type Verdict struct {
	Scenario string        `json:"scenario"`
	File     string        `json:"file"`
	Backend  string        `json:"backend"`
	Status   Status        `json:"status"`           // Passed, Failed or Skipped
	Reason   string        `json:"reason,omitempty"` // why it was skipped, or what failed outside of any step
	Notices  []Notice      `json:"notices,omitempty"`
	Steps    []StepVerdict `json:"steps,omitempty"`
	Wall     time.Duration `json:"wallNs"`    // real time it took
	Virtual  time.Duration `json:"virtualNs"` // time that passed in the bed
}

// A StepVerdict is the outcome of a step.
type StepVerdict struct {
	Name     string        `json:"name"`
	Action   string        `json:"action"` // "ping", "apply", ...; "setup" for building the bed and applying the manifests
	Line     int           `json:"line,omitempty"`
	Status   Status        `json:"status"`
	Summary  string        `json:"summary,omitempty"` // what was seen, e.g. "2 of 2 packets answered"
	Failures []Failure     `json:"failures,omitempty"`
	Observed []Observation `json:"observed,omitempty"` // what became of each probe
	At       time.Duration `json:"atNs"`               // when it began, since the bed was opened, in the backend's time
	Elapsed  time.Duration `json:"elapsedNs"`          // how long it took, likewise
}

// A Failure is one expectation that was not met.
type Failure struct {
	Probe  string `json:"probe,omitempty"` // the probe, e.g. "ping a/eth1 -> b/eth1 (ipv4)"
	Reason string `json:"reason"`
	Path   Path   `json:"path,omitempty"` // way of the packet that it is about
}

// An Observation is a probe and what became of it.
type Observation struct {
	Name   string      `json:"name"`
	Probe  Probe       `json:"probe"`
	Result ProbeResult `json:"result"`
}

// outcome collects what a check found.
type outcome struct {
	summary  string
	failures []Failure
	observed []Observation
}

func (o *outcome) fail(reason string) { o.failures = append(o.failures, Failure{Reason: reason}) }

func (o *outcome) add(other outcome) {
	o.failures = append(o.failures, other.failures...)
	o.observed = append(o.observed, other.observed...)
	if o.summary == "" {
		o.summary = other.summary
	}
}

// A Reporter is told of a run's progress. Runs in parallel share none; within one run its methods are called one at a time, from within Backend.Within for steps.
type Reporter interface {
	Started(s *Scenario, backend string) // before anything else
	Step(s *Scenario, v StepVerdict)     // after each step
	Finished(s *Scenario, v Verdict)     // at the end, skipped or not
}

// Quiet is a Reporter that reports nothing.
type Quiet struct{}

// Started does nothing.
func (Quiet) Started(*Scenario, string) {}

// Step does nothing.
func (Quiet) Step(*Scenario, StepVerdict) {}

// Finished does nothing.
func (Quiet) Finished(*Scenario, Verdict) {}
