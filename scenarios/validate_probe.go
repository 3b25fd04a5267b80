package scenarios

import (
	"fmt"
	"net/netip"
)

// probe checks a probe's references and that what it expects can be told from what it sends.
func (v *validator) probe(path string, kind ProbeKind, p *ProbeSpec) {
	p.from = v.endpoint(path+".from", p.From)
	p.to, p.address = v.target(path+".to", p.To)
	if p.Receiver != "" {
		if !p.address.IsValid() {
			v.field(path+".receiver", "goes with an address in to; expected no receiver, as %q is the receiver", p.To)
		} else {
			p.to = v.endpoint(path+".receiver", p.Receiver)
		}
	}
	if p.address.IsValid() && p.to == (Endpoint{}) {
		p.to = v.dir.machineOwning(p.address)
	}
	if p.from == p.to && p.from != (Endpoint{}) {
		v.field(path+".to", "is the sender itself")
	}
	if p.Closed && kind != ProbeUDP && kind != ProbeTCP {
		v.field(path+".closed", "goes with udp and tcp only")
	}
	if limit := 65507; p.Size != nil && *p.Size > limit && kind != ProbeTCP {
		v.field(path+".size", "is %d; expected at most %d, which one IP packet can carry", *p.Size, limit)
	}
	v.family(path, p)
	v.expect(path, kind, p)
	if p.While != nil {
		if v.one(path+".while", p.While.actions(), "action", changeActions) {
			v.change(path+".while", p.While)
		}
	}
}

func (v *validator) target(path, ref string) (Endpoint, netip.Addr) {
	e, a, err := v.dir.target(ref)
	if err != nil {
		v.field(path, "%v", err)
	}
	return e, a
}

func (v *validator) family(path string, p *ProbeSpec) {
	if p.Source.IsValid() && p.address.IsValid() && p.Source.Is4() != p.address.Is4() {
		v.field(path+".source", "%s and %s are of different families", p.Source, p.address)
	}
	if p.address.IsValid() && (p.Family == FamiliesIPv4 && !p.address.Is4() || p.Family == FamiliesIPv6 && p.address.Is4()) {
		v.field(path+".family", "is %s, but the address in to is %s", p.Family, p.address)
	}
}

// expect checks the expectation.
func (v *validator) expect(path string, kind ProbeKind, p *ProbeSpec) {
	e := &p.Expect
	at := path + ".expect"
	result := e.result()
	if p.Closed != (result == Refused) && (kind == ProbeUDP || kind == ProbeTCP) && result == Refused {
		v.field(at, "is refused, but somebody listens; expected closed: true")
	}
	if p.Closed && result == Reachable {
		v.field(at, "is reachable, but nobody listens (closed: true); expected refused")
	}
	if result == Refused && kind != ProbeUDP && kind != ProbeTCP {
		v.field(at, "refused goes with udp and tcp only")
	}
	if result == Isolated || result == Unreachable {
		v.nothingReceived(at, e, result)
	} else if e.Dropped != nil {
		v.field(at+".dropped", "goes with isolated and unreachable only")
	}
	if len(e.Hops) > 0 && kind != ProbeTraceroute {
		v.field(at+".hops", "goes with traceroute only")
	}
	v.proof(path, p, result)
	v.expectNames(at, e)
}

// nothingReceived reports expectations about received packets where none is expected.
func (v *validator) nothingReceived(at string, e *ExpectSpec, result Result) {
	for name, there := range map[string]bool{
		"answered": e.Answered != nil, "loss": e.Loss != nil, "duplicates": e.Duplicates != nil, "rtt": e.RTT != nil, "ttl": e.TTL != nil,
		"source": e.Source != "", "dscp": e.DSCP != nil, "fragments": e.Fragments != nil,
	} {
		if there {
			v.field(at+"."+name, "is about packets that are received, but %s means that none is", result)
		}
	}
}

// proof checks that an isolation has a proof and that the proof proves something.
func (v *validator) proof(path string, p *ProbeSpec, result Result) {
	if result != Isolated {
		if p.Proof != nil {
			v.field(path+".proof", "goes with isolated only")
		}
		return
	}
	if p.Proof == nil {
		v.field(path, "expects isolation without proof; expected proof with a from or to for which the same probe gets through")
		return
	}
	pr := p.Proof
	pr.from, pr.to, pr.address = p.from, p.to, p.address
	if pr.From != "" {
		pr.from = v.endpoint(path+".proof.from", pr.From)
	}
	if pr.To != "" {
		pr.to, pr.address = v.target(path+".proof.to", pr.To)
	}
	if pr.Receiver != "" {
		pr.to = v.endpoint(path+".proof.receiver", pr.Receiver)
	} else if pr.To == "" && p.address.IsValid() {
		pr.to = Endpoint{} // the same address has another owner for another sender
	}
	sameReceiver := pr.to == p.to && pr.address == p.address || pr.address.IsValid() && pr.address == p.address
	switch {
	case pr.from == p.from && sameReceiver:
		v.field(path+".proof", "is the same probe; expected another from or to")
	case pr.from != p.from && !sameReceiver:
		v.field(path+".proof", "has another sender and another receiver, so it proves nothing; expected one of them to be as in the probe")
	}
}

// expectNames checks the references in an expectation.
func (v *validator) expectNames(at string, e *ExpectSpec) {
	v.addressee(at+".source", e.Source)
	for i, name := range e.Through {
		if !v.dir.forwarder(name) {
			v.field(fmt.Sprintf("%s.through[%d]", at, i), "unknown node or router %q", name)
		}
	}
	for i, name := range e.Hops {
		if name != "?" {
			v.addressee(fmt.Sprintf("%s.hops[%d]", at, i), name)
		}
	}
	for i := range e.On {
		v.wire(fmt.Sprintf("%s.on[%d]", at, i), &e.On[i])
	}
	if e.ICMP != nil {
		v.addressee(at+".icmp.from", e.ICMP.From)
	}
	if e.Dropped != nil && e.Dropped.At == "" && e.Dropped.Reason == "" {
		v.field(at+".dropped", "expects nothing; expected at or reason")
	}
	if e.Dropped != nil && e.Dropped.At != "" && !v.place(e.Dropped.At) {
		v.endpoint(at+".dropped.at", e.Dropped.At)
	}
}

// place reports whether name is a segment, node, router or host.
func (v *validator) place(name string) bool {
	for _, s := range v.s.bed.Segments {
		if s.Name == name {
			return true
		}
	}
	return v.s.bed.links(name) != nil
}

func (v *validator) wire(at string, w *WireSpec) {
	v.segment(at+".segment", w.Segment)
	w.Segment = orText(w.Segment, v.s.bed.Segments[0].Name)
	encapsulated := w.VNI != nil || w.Network != "" || w.Source != "" || w.Destination != "" || w.Port != 0
	if w.Network != "" {
		v.network(at+".network", w.Network)
		if w.Network == defaultNetwork {
			v.field(at+".network", "the default network is not a Network with a VNI")
		}
	}
	if w.Plain && encapsulated {
		v.field(at, "is plain and encapsulated at once")
	}
	if w.Absent && (w.Plain || encapsulated || w.Fragments != nil || w.MaxLength != 0) {
		v.field(at, "is absent, so nothing else can be expected of it")
	}
	if !w.Absent && !w.Plain && !encapsulated && w.Fragments == nil && w.MaxLength == 0 {
		v.field(at, "expects nothing; expected plain, absent, vni, network, source, destination, port, fragments or maxLength")
	}
	v.addressee(at+".source", w.Source)
	v.addressee(at+".destination", w.Destination)
}
