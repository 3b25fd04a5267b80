package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// TraceRequest asks for the way of one packet through a scenario's bed.
type TraceRequest struct {
	From   string    // as ProbeSpec.From
	To     string    // as ProbeSpec.To
	Kind   ProbeKind // ProbePing if empty
	Family Families  // as ProbeSpec.Family
	After  string    // name of the step after which the packet is sent; "": before the first
	T      *testing.T
}

// Trace builds a scenario's bed, makes the changes of its steps up to the one asked for, without judging anything, and sends one packet per family. An error
// that matches ErrRequest means that the request names something that the scenario does not have.
func Trace(ctx context.Context, b Backend, s *Scenario, req TraceRequest) ([]Observation, error) {
	spec, last, err := s.traceSpec(req)
	if err != nil {
		return nil, err
	}
	if !b.Capabilities().Has(CapPath) {
		return nil, fmt.Errorf("backend %q lacks %s", b.Name(), CapPath)
	}
	if why := s.missing(b); why != "" {
		return nil, errors.New(why)
	}
	var out []Observation
	var runErr error
	err = b.Within(ctx, req.T, func(ctx context.Context) {
		out, runErr = newRun(b, s, Options{}, Quiet{}).trace(ctx, spec, last, ProbeKind(orText(string(req.Kind), string(ProbePing))))
	})
	return out, errors.Join(runErr, err)
}

// ErrRequest is matched by errors about what was asked for, as opposed to what happened.
var ErrRequest = errors.New("bad request")

// traceSpec resolves a request's names and returns how many of the steps come first.
func (s *Scenario) traceSpec(req TraceRequest) (*ProbeSpec, int, error) {
	spec := &ProbeSpec{From: req.From, To: req.To, Family: req.Family}
	var err error
	if spec.from, err = s.dir.endpoint(req.From); err != nil {
		return nil, 0, fmt.Errorf("%w: from: %w", ErrRequest, err)
	}
	if spec.to, spec.address, err = s.dir.target(req.To); err != nil {
		return nil, 0, fmt.Errorf("%w: to: %w", ErrRequest, err)
	}
	if req.After == "" {
		return spec, 0, nil
	}
	i := slices.IndexFunc(s.Steps, func(st Step) bool { return st.Name == req.After })
	if i < 0 {
		return nil, 0, fmt.Errorf("%w: no step is named %q; expected one of %s", ErrRequest, req.After, quoteNames(s.Steps, func(st Step) string { return st.Name }))
	}
	return spec, i + 1, nil
}

// trace makes the changes of the first steps and sends the packet.
func (r *run) trace(ctx context.Context, spec *ProbeSpec, steps int, kind ProbeKind) (out []Observation, err error) {
	o := r.setup(ctx)
	if r.bed == nil {
		return nil, errors.New(o.failures[0].Reason)
	}
	defer func() {
		if closeErr := r.bed.Close(ctx); err == nil && closeErr != nil {
			err = fmt.Errorf("closing the test bed: %w", closeErr)
		}
	}()
	for i := 0; i < steps && len(o.failures) == 0; i++ {
		if st := &r.s.Steps[i]; st.Wait != nil || len(st.Change.actions()) > 0 {
			o = r.act(ctx, st)
		}
	}
	if len(o.failures) > 0 {
		return nil, errors.New(o.failures[0].Reason)
	}
	o = r.probes(ctx, kind, spec, aim{spec.from, spec.to, spec.address})
	if len(o.observed) == 0 && len(o.failures) > 0 {
		return nil, errors.New(o.failures[0].Reason)
	}
	return o.observed, nil
}
