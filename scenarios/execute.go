package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Options are settings of one run.
type Options struct {
	CaptureDir string     // existing directory for one pcapng file per interface; "" for none
	T          *testing.T // the running test, for backends that need one; nil outside of `go test`
}

// Execute runs a scenario on a backend and returns the verdict, having told rep of each step. It never panics over a scenario's content; whatever goes wrong is
// part of the verdict.
func Execute(ctx context.Context, b Backend, s *Scenario, opts Options, rep Reporter) Verdict {
	start := time.Now()
	v := Verdict{Scenario: s.Name, File: s.File, Backend: b.Name(), Notices: s.notices}
	rep.Started(s, b.Name())
	if why := s.cannotRun(b, opts); why != "" {
		v.Status, v.Reason = Skipped, why
		rep.Finished(s, v)
		return v
	}
	err := b.Within(ctx, opts.T, func(ctx context.Context) {
		r := newRun(b, s, opts, rep)
		r.all(ctx)
		v.Steps, v.Virtual, v.Reason = r.verdicts, time.Since(r.start), r.trouble
	})
	if err != nil && v.Reason == "" {
		v.Reason = fmt.Sprintf("running on backend %q: %v", b.Name(), err)
	}
	v.Status = v.overall()
	v.Wall = time.Since(start)
	rep.Finished(s, v)
	return v
}

// cannotRun returns why the scenario is skipped on a backend; "" if it is not.
func (s *Scenario) cannotRun(b Backend, opts Options) string {
	if why := s.missing(b); why != "" {
		return why
	}
	if opts.CaptureDir != "" && !b.Capabilities().Has(CapCapture) {
		return fmt.Sprintf("backend %q lacks %s", b.Name(), CapCapture)
	}
	return ""
}

// overall returns the scenario's status by its steps. A run without any step that passed is no success.
func (v *Verdict) overall() Status {
	if v.Reason != "" || len(v.Steps) == 0 {
		return Failed
	}
	for _, s := range v.Steps {
		if s.Status == Failed || s.Status == NotRun {
			return Failed
		}
	}
	return Passed
}

// run is one execution of a scenario. Its methods are called within Backend.Within.
type run struct {
	backend Backend
	s       *Scenario
	opts    Options
	rep     Reporter
	bed     Bed
	start   time.Time

	verdicts []StepVerdict
	trouble  string                                // what failed outside of the steps
	applied  map[string]*unstructured.Unstructured // by objectKey: what scale and delete refer to
	texts    map[string]string                     // saved texts by name and node
	calls    map[string][]APICall                  // saved API calls by name and node
}

func newRun(b Backend, s *Scenario, opts Options, rep Reporter) *run {
	return &run{backend: b, s: s, opts: opts, rep: rep, start: time.Now(),
		applied: map[string]*unstructured.Unstructured{}, texts: map[string]string{}, calls: map[string][]APICall{}}
}

// all runs every step, between opening and closing the bed.
func (r *run) all(ctx context.Context) {
	stop := r.step(ctx, StepVerdict{Name: "build the cluster and apply the manifests", Action: "setup"}, LevelError, true, r.setup)
	for i := range r.s.Steps {
		st := &r.s.Steps[i]
		v := StepVerdict{Name: st.Name, Action: st.action(), Line: r.s.positions.of(fmt.Sprintf("steps[%d]", i)).line}
		if stop {
			v.Status = NotRun
			r.record(v)
			continue
		}
		change := len(st.Change.actions()) > 0
		stop = r.step(ctx, v, st.Level, st.StopOnError || change, func(ctx context.Context) outcome { return r.act(ctx, st) })
	}
	if r.bed == nil {
		return
	}
	if r.opts.CaptureDir != "" {
		if err := r.bed.Captures(ctx, r.opts.CaptureDir); err != nil {
			r.trouble = "writing captures: " + err.Error()
		}
	}
	if err := r.bed.Close(ctx); err != nil && r.trouble == "" {
		r.trouble = "closing the test bed: " + err.Error()
	}
}

// step runs one step and records its verdict. It reports whether the scenario must stop: the step failed and was one that others build on.
func (r *run) step(ctx context.Context, v StepVerdict, level Level, essential bool, f func(context.Context) outcome) bool {
	began := time.Now()
	v.At = began.Sub(r.start)
	var o outcome
	if err := ctx.Err(); err != nil {
		o.fail("interrupted: " + err.Error())
	} else {
		o = f(ctx)
	}
	v.Elapsed = time.Since(began)
	v.Summary, v.Failures, v.Observed = o.summary, o.failures, o.observed
	switch {
	case len(o.failures) == 0:
		v.Status = Passed
	case level == LevelWarning:
		v.Status = Warned
	default:
		v.Status = Failed
	}
	r.record(v)
	return v.Status == Failed && essential
}

func (r *run) record(v StepVerdict) {
	r.verdicts = append(r.verdicts, v)
	r.rep.Step(r.s, v)
}

// setup opens the bed, applies the manifests and waits until they have taken effect.
func (r *run) setup(ctx context.Context) (o outcome) {
	spec := r.s.bed
	spec.Capture = r.opts.CaptureDir != ""
	bed, err := r.backend.Open(ctx, spec)
	if err != nil {
		o.fail(err.Error())
		return o
	}
	r.bed = bed
	if err := r.apply(ctx, r.s.objects); err != nil {
		o.fail(err.Error())
		return o
	}
	if err := r.bed.Settle(ctx); err != nil {
		o.fail("not settled: " + err.Error())
	}
	o.summary = fmt.Sprintf("%d nodes, %d objects", len(spec.Nodes), len(r.s.objects))
	return o
}

// action names the step's action.
func (st *Step) action() string {
	names := append(st.Check.actions(), st.Change.actions()...)
	if len(names) == 0 {
		return "wait"
	}
	return names[0]
}

// act does what a step says.
func (r *run) act(ctx context.Context, st *Step) outcome {
	switch {
	case st.Wait != nil:
		return r.wait(ctx, st.Wait)
	case len(st.Change.actions()) > 0:
		return r.change(ctx, &st.Change, st.Settle)
	default:
		return r.check(ctx, &st.Check)
	}
}

// check looks and judges.
func (r *run) check(ctx context.Context, c *Check) outcome {
	for _, p := range c.probes() {
		return r.probe(ctx, p.kind, p.spec)
	}
	switch {
	case c.Matrix != nil:
		return r.matrix(ctx, c.Matrix)
	case c.Pod != nil:
		return r.pod(ctx, c.Pod)
	case c.Dump != nil:
		return r.text(ctx, c.Dump.Node, &c.Dump.TextSpec, r.dump)
	case c.CLI != nil:
		return r.text(ctx, c.CLI.Node, &c.CLI.TextSpec, func(ctx context.Context, node string) (string, error) {
			return r.bed.CLI(ctx, node, c.CLI.Command)
		})
	default:
		return r.api(ctx, c.API)
	}
}

// dump returns the configuration of a node's VPP. A VPP always has some: an empty dump is an error, lest exclusions pass on it.
func (r *run) dump(ctx context.Context, node string) (string, error) {
	text, err := r.bed.Dump(ctx, node)
	if err == nil && strings.TrimSpace(text) == "" {
		err = errors.New("the dump of VPP's configuration is empty")
	}
	return text, err
}

// Defaults of wait.until.
const (
	defaultWithin = 60 * time.Second
	defaultEvery  = time.Second
)

// wait waits, in the backend's time.
func (r *run) wait(ctx context.Context, w *WaitSpec) (o outcome) {
	switch {
	case w.Settled:
		if err := r.bed.Settle(ctx); err != nil {
			o.fail("not settled: " + err.Error())
		}
		return o
	case w.Until == nil:
		sleep(ctx, time.Duration(w.For))
		return o
	}
	within, every := orDuration(w.Within, defaultWithin), orDuration(w.Every, defaultEvery)
	began := time.Now()
	for {
		o = r.check(ctx, w.Until)
		waited := time.Since(began)
		if len(o.failures) == 0 {
			o.summary = fmt.Sprintf("after %s: %s", waited.Round(time.Millisecond), o.summary)
			return o
		}
		if waited+every > within || ctx.Err() != nil {
			for i := range o.failures {
				o.failures[i].Reason = fmt.Sprintf("still after %s: %s", waited.Round(time.Millisecond), o.failures[i].Reason)
			}
			return o
		}
		sleep(ctx, every)
	}
}

// sleep waits for d or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func orDuration(d Duration, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return time.Duration(d)
}

// nodes returns the named node, or all.
func (r *run) nodes(name string) []string {
	all := r.s.dir.nodeNames()
	if name == "" || name == allNodes {
		return all
	}
	return slices.DeleteFunc(all, func(n string) bool { return n != name })
}
