package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// pair is one probe of a matrix.
type pair struct {
	probe    Probe
	together bool // both ends are in one network, or the matrix expects that every pair is reachable
}

// matrix probes pairs of endpoints at once and judges each.
func (r *run) matrix(ctx context.Context, m *MatrixSpec) (o outcome) {
	st, err := r.look(ctx)
	if err != nil {
		o.fail(err.Error())
		return o
	}
	pairs, err := st.pairs(m)
	if err != nil {
		o.fail(err.Error())
		return o
	}
	probes := make([]Probe, len(pairs))
	for i := range pairs {
		probes[i] = pairs[i].probe
	}
	results, err := r.send(ctx, probes)
	if err != nil {
		o.fail(err.Error())
		return o
	}
	proven := map[provenEnd]bool{}
	for i, p := range pairs {
		failures := st.judgePair(p, results[i])
		o.failures = append(o.failures, failures...)
		o.observed = append(o.observed, Observation{Name: p.probe.title(), Probe: p.probe, Result: results[i]})
		if p.together && len(failures) == 0 {
			proven[provenEnd{p.probe.From, true, p.probe.Destination.Is6()}] = true
			proven[provenEnd{p.probe.To, false, p.probe.Destination.Is6()}] = true
		}
	}
	o.failures = append(o.failures, unproven(pairs, proven)...)
	o.summary = fmt.Sprintf("%d pairs: %s", len(pairs), summarize(results))
	return o
}

// provenEnd is an endpoint that has been seen to work as sender or receiver in a family.
type provenEnd struct {
	endpoint Endpoint
	sender   bool
	v6       bool
}

// unproven returns a failure for each endpoint whose isolation means nothing, because it never worked towards anybody.
func unproven(pairs []pair, proven map[provenEnd]bool) []Failure {
	var out []Failure
	reported := map[provenEnd]bool{}
	for _, p := range pairs {
		if p.together {
			continue
		}
		v6 := p.probe.Destination.Is6()
		for _, end := range []provenEnd{{p.probe.From, true, v6}, {p.probe.To, false, v6}} {
			if proven[end] || reported[end] {
				continue
			}
			reported[end] = true
			role := "receive"
			if end.sender {
				role = "send"
			}
			out = append(out, Failure{Reason: fmt.Sprintf("nothing proves that %s can %s %s packets at all, so its isolation means nothing; expected another endpoint of its network in the matrix", end.endpoint, role, familyName(v6))})
		}
	}
	return out
}

// endpoints returns the endpoints of a matrix, sorted as the cluster lists them or as the file does.
func (s *state) endpoints(m *MatrixSpec) ([]Endpoint, error) {
	var all []Endpoint
	for _, ref := range m.Among {
		e, err := s.dir.endpoint(ref)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	if len(m.Among) == 0 {
		for _, p := range s.pods {
			for _, i := range p.Interfaces {
				all = append(all, Endpoint{EndpointPod, p.Namespace, p.Name, i.Name})
			}
		}
	}
	if len(m.Network) > 0 {
		all = slices.DeleteFunc(all, func(e Endpoint) bool { return !slices.Contains(m.Network, orText(s.network(e), defaultNetwork)) })
	}
	return all, nil
}

// pairs returns the probes of a matrix in every family its ends have in common.
func (s *state) pairs(m *MatrixSpec) ([]pair, error) {
	ends, err := s.endpoints(m)
	if err != nil {
		return nil, err
	}
	spec := &ProbeSpec{Family: m.Family}
	kind := ProbeKind(orText(string(m.Kind), string(ProbePing)))
	var out []pair
	for i, from := range ends {
		for k, to := range ends {
			if i == k || m.Pairs == "ring" && k != (i+1)%len(ends) || sameMachine(from, to) {
				continue
			}
			together := m.Expect == "reachable" || s.network(from) == s.network(to)
			probes, err := s.build(kind, spec, aim{from: from, to: to})
			if errors.Is(err, errNoFamily) && !together {
				continue // nothing can be sent from one to the other
			}
			if err != nil {
				return nil, err
			}
			for _, p := range probes {
				out = append(out, pair{p, together})
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there is no pair to probe among %d endpoints", len(ends))
	}
	return out, nil
}

// sameMachine reports whether both ends are interfaces of one pod, between which packets never leave the pod.
func sameMachine(a, b Endpoint) bool {
	return a.Kind == b.Kind && a.Namespace == b.Namespace && a.Name == b.Name
}

// judgePair judges one probe of a matrix. Across networks nobody outside the sender's own network may receive it; that network may have an owner of the same
// address, who may.
func (s *state) judgePair(p pair, res ProbeResult) []Failure {
	name := p.probe.title()
	if p.together {
		j := judgement{name: name, expect: &ExpectSpec{}, probe: p.probe, result: res, addresses: s.named}
		return j.judge()
	}
	if len(res.Packets) == 0 {
		return []Failure{{Probe: name, Reason: "the backend sent nothing"}}
	}
	own := s.network(p.probe.From)
	for _, pkt := range res.Packets {
		if pkt.SendError != "" {
			return []Failure{{Probe: name, Reason: "was not sent: " + pkt.SendError}}
		}
		for _, d := range pkt.Delivered {
			if theirs := s.network(d.At); d.At.same(p.probe.To) || theirs != own {
				return []Failure{{Probe: name, Path: pkt.Path, Reason: fmt.Sprintf("crossed from network %s to %s: received by %s", orText(own, defaultNetwork), orText(theirs, defaultNetwork), d.At)}}
			}
		}
		if len(pkt.Delivered) == 0 && len(pkt.Replies) > 0 {
			return []Failure{{Probe: name, Path: pkt.ReplyPath, Reason: "was answered although nobody received it"}}
		}
	}
	return nil
}
