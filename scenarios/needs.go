package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// Needs returns the capabilities that the scenario's topology and steps ask of a backend, and those it lists itself, sorted.
func (s *Scenario) Needs() []Capability {
	set := map[Capability]bool{}
	for _, c := range s.Extra {
		set[c] = true
	}
	s.topologyNeeds(set)
	for i := range s.Steps {
		st := &s.Steps[i]
		st.Check.needs(set)
		st.Change.needs(set)
		if st.Wait != nil && st.Wait.Until != nil {
			st.Wait.Until.needs(set)
		}
	}
	var out []Capability
	for c := range set {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

func (s *Scenario) topologyNeeds(set map[Capability]bool) {
	bed := s.bed
	set[CapHosts] = set[CapHosts] || len(bed.Hosts) > 0
	set[CapRouters] = set[CapRouters] || len(bed.Routers) > 0 || len(bed.Segments) > 1
	for _, seg := range bed.Segments {
		set[CapLinkFaults] = set[CapLinkFaults] || seg.Quality != (Quality{})
		for _, p := range seg.Subnets {
			set[CapIPv6] = set[CapIPv6] || p.Addr().Is6()
		}
	}
	for _, n := range bed.Nodes {
		for _, u := range n.Uplinks {
			set[CapLinkFaults] = set[CapLinkFaults] || u.Quality != (Quality{})
		}
	}
	for c, needed := range set {
		if !needed {
			delete(set, c)
		}
	}
}

func (c *Check) needs(set map[Capability]bool) {
	if c == nil {
		return
	}
	for _, p := range c.probes() {
		e := p.spec.Expect
		if len(e.Through)+len(e.On)+len(e.Graph) > 0 || e.Dropped != nil {
			set[CapPath] = true
		}
		if p.spec.Family == FamiliesIPv6 || p.spec.address.Is6() {
			set[CapIPv6] = true
		}
		p.spec.While.needs(set)
	}
	if c.Dump != nil {
		set[CapDump] = true
	}
	if c.CLI != nil {
		set[CapCLI] = true
	}
	if c.API != nil {
		set[CapAPICalls] = true
	}
}

func (c *Change) needs(set map[Capability]bool) {
	if c == nil {
		return
	}
	if c.Cut != nil || c.Restore != nil || c.Quality != nil {
		set[CapLinkFaults] = true
	}
	for _, p := range []*ProcessRef{c.Crash, c.Start, c.Restart} {
		if p != nil && p.VPP != "" {
			set[CapVPPFaults] = true
		}
		if p != nil && p.Agent != "" {
			set[CapAgentFault] = true
		}
	}
}

// missing says what a backend lacks for the scenario; "" if nothing.
func (s *Scenario) missing(b Backend) string {
	can := b.Capabilities()
	var lacks []string
	for _, c := range s.Needs() {
		if !can.Has(c) {
			lacks = append(lacks, string(c))
		}
	}
	if len(lacks) > 0 {
		return fmt.Sprintf("backend %q lacks %s", b.Name(), strings.Join(lacks, ", "))
	}
	if n := len(s.bed.Nodes); can.MaxNodes > 0 && n > can.MaxNodes {
		return fmt.Sprintf("backend %q has at most %d nodes, the scenario %d", b.Name(), can.MaxNodes, n)
	}
	return ""
}
