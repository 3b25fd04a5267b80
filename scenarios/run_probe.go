package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Defaults of probes.
const (
	defaultInterval   = 10 * time.Millisecond
	defaultTimeout    = time.Second
	defaultTCPTimeout = 10 * time.Second
	defaultSize       = 56
	defaultTCPSize    = 1024
	defaultTTL        = 64
	tracerouteTTL     = 16
	defaultPort       = 7777
	traceroutePort    = 33434
)

// state is what the runner knows of the pods at one time.
type state struct {
	dir  *directory
	pods []PodStatus
}

func (r *run) look(ctx context.Context) (*state, error) {
	pods, err := r.bed.Pods(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing pods: %w", err)
	}
	return &state{dir: r.s.dir, pods: pods}, nil
}

// iface returns a pod's interface. The error says why there is none.
func (s *state) iface(e Endpoint) (PodInterface, error) {
	for _, p := range s.pods {
		if p.Namespace != e.Namespace || p.Name != e.Name {
			continue
		}
		for _, i := range p.Interfaces {
			if i.Name == e.Interface {
				return i, nil
			}
		}
		return PodInterface{}, fmt.Errorf("%s has no interface yet: the pod is %s%s", e, p.Phase, prefixed(": ", p.Message))
	}
	return PodInterface{}, fmt.Errorf("%s does not exist now", e)
}

// addresses returns an endpoint's addresses.
func (s *state) addresses(e Endpoint) ([]netip.Addr, error) {
	switch e.Kind {
	case EndpointPod:
		i, err := s.iface(e)
		if err == nil && len(i.Addresses) == 0 {
			err = fmt.Errorf("%s has no address", e)
		}
		return i.Addresses, err
	case EndpointNode:
		return addrsOf(s.dir.bed.links(e.Name)[0].Addresses), nil // of a node the main uplink's, its InternalIPs
	default:
		return machineAddresses(s.dir.bed, e.Name), nil
	}
}

// machineAddresses returns all addresses of a node, router or host.
func machineAddresses(bed TestBed, name string) []netip.Addr {
	var out []netip.Addr
	for _, l := range bed.links(name) {
		out = append(out, addrsOf(l.Addresses)...)
	}
	return out
}

// named returns the addresses that a name in an expectation stands for; none if it has none now.
func (s *state) named(ref string) []netip.Addr {
	if a, err := netip.ParseAddr(ref); err == nil {
		return []netip.Addr{a}
	}
	if out := machineAddresses(s.dir.bed, ref); len(out) > 0 {
		return out
	}
	e, err := s.dir.endpoint(ref)
	if err != nil {
		return nil
	}
	out, _ := s.addresses(e) // none is an answer: nothing equals it
	return out
}

// network returns the network an endpoint is in; nodes and hosts are in the default one.
func (s *state) network(e Endpoint) string {
	i, _ := s.iface(e) // the zero interface is in the default network
	return i.Network
}

// owner returns who has an address in the network of the sender; zero if nobody has, or more than one.
func (s *state) owner(a netip.Addr, from Endpoint) Endpoint {
	network, found := s.network(from), []Endpoint{}
	for _, p := range s.pods {
		for _, i := range p.Interfaces {
			if i.Network == network && slices.Contains(i.Addresses, a) {
				found = append(found, Endpoint{EndpointPod, p.Namespace, p.Name, i.Name})
			}
		}
	}
	if len(found) != 1 {
		return Endpoint{}
	}
	return found[0]
}

// halfWay is when a change during a probe is made: between two packets, so that it never competes with one for an instant.
func halfWay(p *Probe) time.Duration {
	return time.Duration(max(p.Count/2, 1))*p.Interval - p.Interval/2
}

// errNoFamily ends the error for a probe between ends that cannot address each other.
var errNoFamily = errors.New("which have no family in common")

// aim is a probe's ends before addresses are chosen.
type aim struct {
	from, to Endpoint
	address  netip.Addr
}

// build returns a probe for each family that the spec and both ends allow.
func (s *state) build(kind ProbeKind, spec *ProbeSpec, a aim) ([]Probe, error) {
	sources, err := s.addresses(a.from)
	if err != nil {
		return nil, err
	}
	targets := []netip.Addr{a.address}
	if a.address.IsValid() && a.to == (Endpoint{}) {
		a.to = s.owner(a.address, a.from)
	} else if !a.address.IsValid() {
		if targets, err = s.addresses(a.to); err != nil {
			return nil, err
		}
	}
	var out []Probe
	for _, v6 := range []bool{false, true} {
		_, hasSrc := firstOf(sources, v6)
		dst, hasDst := firstOf(targets, v6)
		asked := spec.Family == FamiliesDual || spec.Family == FamiliesIPv6 && v6 || spec.Family == FamiliesIPv4 && !v6
		fits := !spec.Source.IsValid() || spec.Source.Is6() == v6
		switch {
		case hasSrc && hasDst && fits && (asked || spec.Family == ""):
			out = append(out, completeProbe(kind, spec, a, dst))
		case asked:
			return nil, fmt.Errorf("no %s probe is possible: %s has %v, the target %v", familyName(v6), a.from, sources, targets)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no probe is possible: %s has %v, the target %v, %w", a.from, sources, targets, errNoFamily)
	}
	return out, nil
}

func firstOf(addrs []netip.Addr, v6 bool) (netip.Addr, bool) {
	for _, a := range addrs {
		if a.Is6() == v6 {
			return a, true
		}
	}
	return netip.Addr{}, false
}

func familyName(v6 bool) string {
	if v6 {
		return "ipv6"
	}
	return "ipv4"
}

// completeProbe fills in every default.
func completeProbe(kind ProbeKind, spec *ProbeSpec, a aim, dst netip.Addr) Probe {
	p := Probe{
		Kind: kind, From: a.from, To: a.to, Destination: dst, Source: spec.Source,
		Count: orInt(spec.Count, 1), Interval: orDuration(spec.Interval, defaultInterval), Timeout: orDuration(spec.Timeout, defaultTimeout),
		Size: defaultSize, DF: spec.DF, TTL: orInt(spec.TTL, defaultTTL), SourcePort: uint16(spec.SourcePort), DSCP: uint8(spec.DSCP), Closed: spec.Closed,
	}
	switch kind {
	case ProbeUDP:
		p.Port = uint16(orInt(spec.Port, defaultPort))
	case ProbeTCP:
		p.Port, p.Size, p.Timeout = uint16(orInt(spec.Port, defaultPort)), defaultTCPSize, orDuration(spec.Timeout, defaultTCPTimeout)
	case ProbeTraceroute:
		p.Port, p.TTL, p.Count = uint16(orInt(spec.Port, traceroutePort)), orInt(spec.TTL, tracerouteTTL), 1
	}
	if spec.Size != nil {
		p.Size = *spec.Size
	}
	return p
}

// title names a probe: "ping pod a/eth1 -> pod b/eth1 10.0.0.2".
func (p Probe) title() string {
	to := p.Destination.String()
	if p.To != (Endpoint{}) {
		to = p.To.String() + " " + to
	}
	return fmt.Sprintf("%s %s -> %s", p.Kind, p.From, to)
}

// probe runs a probe step: the proof first if there is one.
func (r *run) probe(ctx context.Context, kind ProbeKind, spec *ProbeSpec) (o outcome) {
	if spec.Proof != nil {
		proof := *spec
		proof.Expect, proof.While = ExpectSpec{Result: Reachable}, nil
		pr := r.probes(ctx, kind, &proof, aim{spec.Proof.from, spec.Proof.to, spec.Proof.address})
		for i := range pr.failures {
			pr.failures[i].Reason = "the proof failed, so isolation would prove nothing: " + pr.failures[i].Reason
		}
		o.add(pr)
		o.summary = ""
		if len(pr.failures) > 0 {
			return o
		}
	}
	o.add(r.probes(ctx, kind, spec, aim{spec.from, spec.to, spec.address}))
	return o
}

// probes sends a probe in each family and judges the results.
func (r *run) probes(ctx context.Context, kind ProbeKind, spec *ProbeSpec, a aim) (o outcome) {
	before, err := r.look(ctx)
	if err != nil {
		o.fail(err.Error())
		return o
	}
	probes, err := before.build(kind, spec, a)
	if err != nil {
		o.fail(err.Error())
		return o
	}
	wait := r.meanwhile(ctx, halfWay(&probes[0]), spec.While)
	results, err := r.send(ctx, probes)
	if err := errors.Join(err, wait()); err != nil {
		o.fail(err.Error())
		return o
	}
	for i, p := range probes {
		j := judgement{name: p.title(), expect: &spec.Expect, probe: p, result: results[i], addresses: before.named, vni: r.vni}
		o.failures = append(o.failures, j.judge()...)
		o.observed = append(o.observed, Observation{Name: j.name, Probe: p, Result: results[i]})
	}
	o.summary = summarize(results)
	return o
}

func (r *run) vni(network string) int { return r.s.dir.networks[network] }

// send runs probes and checks that there is a result for each.
func (r *run) send(ctx context.Context, probes []Probe) ([]ProbeResult, error) {
	results, err := r.bed.Probe(ctx, probes)
	if err != nil {
		return nil, fmt.Errorf("probing: %w", err)
	}
	if len(results) != len(probes) {
		return nil, fmt.Errorf("backend %q returned %d results for %d probes", r.backend.Name(), len(results), len(probes))
	}
	return results, nil
}

// summarize counts what happened.
func summarize(results []ProbeResult) string {
	sent, received, answered := 0, 0, 0
	for _, res := range results {
		for _, p := range res.Packets {
			sent++
			if len(p.Delivered) > 0 {
				received++
			}
			if len(p.Replies) > 0 || p.TCP != nil && p.TCP.Established {
				answered++
			}
		}
	}
	return fmt.Sprintf("%d sent, %d received, %d answered", sent, received, answered)
}
