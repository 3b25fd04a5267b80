package scenarios

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// judgement compares what became of one probe with what is expected of it. It is a function of its fields alone.
type judgement struct {
	name   string // of the probe, for failures
	expect *ExpectSpec
	probe  Probe
	result ProbeResult

	addresses func(ref string) []netip.Addr // of an endpoint, machine or address as an expectation names it
	vni       func(network string) int      // of a Network

	failures []Failure
}

// judge returns the expectations that were not met.
func (j *judgement) judge() []Failure {
	if len(j.result.Packets) == 0 {
		j.fail(nil, "the backend sent nothing")
		return j.failures
	}
	if !j.allSent() {
		return j.failures
	}
	j.strays()
	switch j.expect.result() {
	case Reachable:
		j.reachable()
	case Refused:
		j.refused()
	case Unreachable:
		j.unreachable()
	case Isolated:
		j.isolated()
	}
	j.icmp()
	j.dropped()
	return j.failures
}

func (j *judgement) fail(path Path, format string, args ...any) {
	j.failures = append(j.failures, Failure{Probe: j.name, Reason: fmt.Sprintf(format, args...), Path: path})
}

// allSent fails when the sender's own stack refused a packet: then the network was not tried. The exceptions are a packet that is too big by what an
// earlier one has taught the sender, and one that is lost where others are not and loss is allowed: a sender whose VPP restarts has no interface meanwhile.
func (j *judgement) allSent() bool {
	lossy := j.expect.result() == Reachable && orRange(j.expect.Loss).Max > 0 &&
		slices.ContainsFunc(j.result.Packets, func(p PacketResult) bool { return p.SendError == "" })
	for i, p := range j.result.Packets {
		learned := i > 0 && slices.ContainsFunc(j.result.Packets[:i], func(q PacketResult) bool { return len(q.Errors) > 0 })
		if p.SendError != "" && !learned && !lossy {
			j.fail(nil, "packet %d was not sent: %s", i+1, p.SendError)
			return false
		}
	}
	return true
}

// arrivals returns the deliveries of a packet at its receiver; at anybody, if no receiver is known.
func (j *judgement) arrivals(p PacketResult) []Delivery {
	var out []Delivery
	for _, d := range p.Delivered {
		if j.probe.To == (Endpoint{}) || d.At.same(j.probe.To) {
			out = append(out, d)
		}
	}
	return out
}

// same reports whether a delivery at e counts as one at the wanted endpoint: nodes and hosts are meant as a whole, whichever interface.
func (e Endpoint) same(want Endpoint) bool {
	if want.Kind != EndpointPod {
		e.Interface, want.Interface = "", ""
	}
	return e == want
}

// strays fails on packets that somebody received who was not meant to.
func (j *judgement) strays() {
	if j.expect.Strays {
		return
	}
	for i, p := range j.result.Packets {
		for _, d := range p.Delivered {
			if j.probe.To != (Endpoint{}) && !d.At.same(j.probe.To) {
				j.fail(p.Path, "packet %d was received by %s, which nobody expected", i+1, d.At)
				return
			}
		}
	}
}

// answered reports whether a packet got the answer that its kind of probe asks for.
func (j *judgement) answered(p PacketResult) bool {
	switch j.probe.Kind {
	case ProbeTCP:
		c := p.TCP
		return c != nil && c.Established && c.Sent == j.probe.Size && c.Echoed == j.probe.Size && c.Closed && !c.Reset
	case ProbeTraceroute:
		return slices.ContainsFunc(p.Errors, func(e ICMPError) bool { return e.Name() == ICMPPortUnreachable })
	default:
		return len(p.Replies) > 0
	}
}

func (j *judgement) reachable() {
	if j.probe.To == (Endpoint{}) {
		j.fail(nil, "nobody in the sender's network has address %s; expected a receiver", j.probe.Destination)
		return
	}
	want := j.expect.Answered == nil || *j.expect.Answered
	received, lost, extra := 0, 0, 0
	var firstLost *PacketResult
	for i := range j.result.Packets {
		p := &j.result.Packets[i]
		n := len(j.arrivals(*p))
		if n == 0 && j.resent(*p) {
			n = 1
		}
		if n > 0 {
			received++
		}
		if j.probe.Kind != ProbeTCP { // which sends again, by design
			extra += max(0, n-1, len(p.Replies)-1)
		}
		if n == 0 || want && !j.answered(*p) {
			lost++
			if firstLost == nil {
				firstLost = p
			}
		}
		if !want && (len(p.Replies) > 0 || p.TCP != nil && p.TCP.Established) {
			j.fail(p.ReplyPath, "packet %d was answered; expected no answer", i+1)
		}
		j.unexpectedErrors(i, *p)
	}
	if j.probe.Kind == ProbeTraceroute {
		lost, extra = 0, 0
		if last := j.result.Packets[len(j.result.Packets)-1]; !j.answered(last) && want || len(j.arrivals(last)) == 0 {
			lost, firstLost = len(j.result.Packets), &j.result.Packets[len(j.result.Packets)-1]
		}
	}
	j.lossAndDuplicates(received, lost, extra, firstLost)
	j.received()
	j.hops()
	j.paths()
}

// resent reports whether a connection came about although its first SYN, which is what is known of it, was lost on the way.
func (j *judgement) resent(p PacketResult) bool {
	_, lost := p.Path.end()
	return p.TCP != nil && p.TCP.Established && len(p.Delivered) == 0 && (lost || len(p.Path) == 0)
}

// lossAndDuplicates judges the packets as a whole. firstLost is one that was lost, if any.
func (j *judgement) lossAndDuplicates(received, lost, extra int, firstLost *PacketResult) {
	total := len(j.result.Packets)
	loss := orRange(j.expect.Loss)
	if share := float64(lost) / float64(total); received == 0 || lost == total || !loss.has(share) {
		reason, path := "", Path(nil)
		if firstLost != nil {
			reason, path = ": "+j.whyLost(*firstLost), firstLost.Path
			if len(j.arrivals(*firstLost)) > 0 {
				path = firstLost.ReplyPath
			}
		}
		j.fail(path, "%d of %d packets lost; expected %s%s", lost, total, loss, reason)
	}
	if dup := orRange(j.expect.Duplicates); !dup.has(float64(extra) / float64(total)) {
		j.fail(nil, "%d extra arrivals of %d packets; expected %s", extra, total, dup)
	}
}

func orRange(r *RatioRange) RatioRange {
	if r == nil {
		return RatioRange{}
	}
	return *r
}

// whyLost says in a few words what became of a packet that was not answered.
func (j *judgement) whyLost(p PacketResult) string {
	arrived := len(j.arrivals(p)) > 0
	way, what := p.Path, "the packet"
	if arrived {
		way, what = p.ReplyPath, "it was received by "+j.probe.To.String()+", but the answer"
	}
	switch hop, dropped := way.end(); {
	case dropped:
		return fmt.Sprintf("%s was dropped at %s: %s", what, hop.Where, hop.Reason)
	case len(p.Errors) > 0 && !arrived:
		return fmt.Sprintf("%s was answered with %s by %s", what, p.Errors[0].Name(), p.Errors[0].From)
	case p.TCP != nil && arrived:
		return fmt.Sprintf("the connection: established %t, %d bytes there, %d back, closed %t, reset %t", p.TCP.Established, p.TCP.Sent, p.TCP.Echoed, p.TCP.Closed, p.TCP.Reset)
	case len(way) > 0:
		return fmt.Sprintf("%s was last seen at %s", what, hop.Where)
	case arrived:
		return what + " did not come back"
	}
	return what + " was not received"
}

// end returns the hop at which a packet's way ended: its drop if it was dropped.
func (p Path) end() (Hop, bool) {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].Kind == HopDropped {
			return p[i], true
		}
	}
	if len(p) == 0 {
		return Hop{}, false
	}
	return p[len(p)-1], false
}

// unexpectedErrors fails when a packet of a reachable probe caused an ICMP error that the scenario does not expect.
func (j *judgement) unexpectedErrors(i int, p PacketResult) {
	if j.expect.ICMP != nil || j.probe.Kind == ProbeTraceroute || len(p.Errors) == 0 || j.expect.Loss != nil {
		return
	}
	j.fail(p.Path, "packet %d was answered with %s by %s, which nobody expected", i+1, p.Errors[0].Name(), p.Errors[0].From)
}

// received judges each packet as its receiver saw it, and each answer as the sender saw it.
func (j *judgement) received() {
	for i, p := range j.result.Packets {
		for _, d := range j.arrivals(p) {
			j.delivery(i, p, d)
		}
		for _, r := range p.Replies {
			if j.expect.RTT != nil && !j.expect.RTT.has(r.RTT) {
				j.fail(p.ReplyPath, "round trip of packet %d took %s; expected %s", i+1, r.RTT, j.expect.RTT)
			}
			if r.Corrupt {
				j.fail(p.ReplyPath, "the answer to packet %d is not what was sent", i+1)
			}
		}
		if j.expect.RTT != nil && p.TCP != nil && !j.expect.RTT.has(p.TCP.Duration) {
			j.fail(p.Path, "connection %d took %s; expected %s", i+1, p.TCP.Duration, j.expect.RTT)
		}
	}
}

func (j *judgement) delivery(i int, p PacketResult, d Delivery) {
	check := func(ok bool, what string, got, want any) {
		if !ok {
			j.fail(p.Path, "packet %d was received with %s %v; expected %v", i+1, what, got, want)
		}
	}
	e := j.expect
	check(!d.Corrupt, "its content", "changed", "as sent")
	if j.probe.Kind == ProbePing || j.probe.Kind == ProbeUDP {
		check(d.Size == j.probe.Size, "payload bytes", d.Size, j.probe.Size)
	}
	if e.TTL != nil {
		check(e.TTL.has(d.TTL), "TTL", d.TTL, *e.TTL)
	}
	if e.DSCP != nil {
		check(e.DSCP.has(int(d.DSCP)), "DSCP", d.DSCP, *e.DSCP)
	}
	if e.Fragments != nil {
		check(e.Fragments.has(d.Fragments), "fragments", d.Fragments, *e.Fragments)
	}
	if e.Source != "" {
		check(slices.Contains(j.addresses(e.Source), d.Source), "source", d.Source, j.addressText(e.Source))
	}
}

// addressText names what a reference stands for.
func (j *judgement) addressText(ref string) string {
	var texts []string
	for _, a := range j.addresses(ref) {
		texts = append(texts, a.String())
	}
	if len(texts) == 1 && texts[0] == ref {
		return ref
	}
	return ref + " (" + strings.Join(texts, ", ") + ")"
}

func (j *judgement) refused() {
	for i, p := range j.result.Packets {
		switch {
		case j.probe.To != (Endpoint{}) && len(j.arrivals(p)) == 0:
			j.fail(p.Path, "packet %d was not received: %s; expected that it is, and refused", i+1, j.whyLost(p))
			return
		case len(p.Replies) > 0 || p.TCP != nil && p.TCP.Established:
			j.fail(p.Path, "packet %d was answered; expected that it is refused", i+1)
			return
		case j.probe.Kind == ProbeTCP && (p.TCP == nil || !p.TCP.Reset):
			j.fail(p.ReplyPath, "connection %d was not reset", i+1)
			return
		case j.probe.Kind == ProbeUDP && !slices.ContainsFunc(p.Errors, func(e ICMPError) bool { return e.Name() == ICMPPortUnreachable }):
			j.fail(p.ReplyPath, "the sender got no port-unreachable for packet %d", i+1)
			return
		}
	}
	j.paths()
}

func (j *judgement) unreachable() {
	for i, p := range j.result.Packets {
		if len(p.Delivered) > 0 {
			j.fail(p.Path, "packet %d was received by %s; expected that nobody receives it", i+1, p.Delivered[0].At)
			return
		}
		if len(p.Errors) == 0 && p.SendError == "" {
			j.fail(p.Path, "the sender got no ICMP error for packet %d: %s", i+1, j.whyLost(p))
			return
		}
	}
	j.paths()
}

func (j *judgement) isolated() {
	for i, p := range j.result.Packets {
		switch {
		case len(p.Delivered) > 0:
			j.fail(p.Path, "packet %d was received by %s; expected isolation", i+1, p.Delivered[0].At)
			return
		case len(p.Replies) > 0 || p.TCP != nil && (p.TCP.Established || p.TCP.Reset):
			j.fail(p.ReplyPath, "packet %d was answered; expected isolation", i+1)
			return
		}
	}
	j.paths()
}

// icmp judges the ICMP error the scenario asks for: of a reachable probe any packet must cause it, of an unreachable one every packet.
func (j *judgement) icmp() {
	want := j.expect.ICMP
	if want == nil {
		return
	}
	found, all := 0, 0
	var seen []string
	for _, p := range j.result.Packets {
		if p.SendError != "" {
			continue
		}
		all++
		ok := false
		for _, e := range p.Errors {
			fits := e.Name() == want.Type && (want.From == "" || slices.Contains(j.addresses(want.From), e.From)) && (want.MTU == nil || want.MTU.has(e.MTU))
			ok = ok || fits
			if !fits {
				seen = append(seen, fmt.Sprintf("%s from %s mtu %d", e.Name(), e.From, e.MTU))
			}
		}
		if ok {
			found++
		}
	}
	if found == 0 || j.expect.result() != Reachable && found < all {
		j.fail(j.result.Packets[0].Path, "%d of %d packets caused %s; the sender got %s", found, all, j.icmpText(want), orText(strings.Join(seen, "; "), "no other ICMP error"))
	}
}

func (j *judgement) icmpText(want *ICMPSpec) string {
	s := string(want.Type)
	if want.From != "" {
		s += " from " + j.addressText(want.From)
	}
	if want.MTU != nil {
		s += " with MTU " + want.MTU.String()
	}
	return s
}
