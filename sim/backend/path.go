package backend

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/world"
)

// pathBuilder turns the events of one trace into hops.
type pathBuilder struct {
	bed    *bed
	start  time.Time
	path   scenarios.Path
	copies []copyKey
	// open holds, for each part of the packet, the card it left by last.
	open map[int]string
}

// copyKey tells the parts of a packet apart: the fragments of the packet and
// of the packet around it.
type copyKey struct{ inner, outer int }

// path returns the hops of the events of a trace whose class is one of those
// given.
func (b *bed) path(start time.Time, events []event, classes ...class) scenarios.Path {
	p := pathBuilder{bed: b, start: start, path: make(scenarios.Path, 0, len(events)/2+2), open: map[int]string{}}
	for _, e := range events {
		if slices.Contains(classes, e.class) {
			p.add(e)
		}
	}
	if len(p.path) == 0 {
		return nil
	}
	return p.path
}

func (p *pathBuilder) add(e event) {
	switch {
	case e.kind == world.KindLink || e.kind == world.KindSegment:
		p.lost(e)
	case e.verdict == world.Sent:
		p.sent(e)
	case e.verdict == world.Received:
		p.received(e)
	case e.verdict == world.Delivered:
		p.hop(e, scenarios.Hop{Kind: scenarios.HopDelivered, Where: p.bed.where(e.node), Interface: e.iface})
	case e.reason == world.ReasonNotForMe:
		p.undoFlood(e)
	default:
		p.hop(e, scenarios.Hop{Kind: scenarios.HopDropped, Where: p.bed.where(e.node), Interface: e.iface, Reason: string(e.reason)})
	}
}

// hop appends a hop with what every hop has.
func (p *pathBuilder) hop(e event, h scenarios.Hop) {
	h.At, h.Packet, h.Copy = e.at.Sub(p.start), e.info, p.copyOf(e)
	p.path = append(p.path, h)
}

// copyOf numbers the parts of the packet in the order they appear.
func (p *pathBuilder) copyOf(e event) int {
	k := copyKey{-1, -1}
	if f := e.info.Fragment; f != nil {
		k.inner = f.Offset
	}
	if en := e.info.Encap; en != nil && en.Fragment != nil {
		k.outer = en.Fragment.Offset
	}
	if i := slices.Index(p.copies, k); i >= 0 {
		return i
	}
	p.copies = append(p.copies, k)
	return len(p.copies) - 1
}

// sent notes that the packet left by a card. The first host is where it
// begins; a router's sending completes its hop.
func (p *pathBuilder) sent(e event) {
	c := p.copyOf(e)
	p.open[c] = e.node + "/" + e.iface
	if e.kind == world.KindNIC {
		return
	}
	if p.bed.isRouter(e.node) {
		for i := len(p.path) - 1; i >= 0; i-- {
			if h := &p.path[i]; h.Kind == scenarios.HopRouted && h.Where == e.node && h.Out == "" {
				h.Out = e.iface
				return
			}
		}
	}
	p.hop(e, scenarios.Hop{Kind: scenarios.HopSent, Where: p.bed.where(e.node), Interface: e.iface})
}

// received notes the crossing of a segment and what received the packet.
func (p *pathBuilder) received(e event) {
	to := e.node + "/" + e.iface
	if segment := p.bed.segmentOf(to); segment != "" {
		p.hop(e, scenarios.Hop{Kind: scenarios.HopLink, Where: segment, Interface: cardName(p.from(e)), Out: cardName(to)})
	}
	switch {
	case e.kind == world.KindNIC:
		p.visit(e)
	case p.bed.isRouter(e.node):
		p.hop(e, scenarios.Hop{Kind: scenarios.HopRouted, Where: e.node, Interface: e.iface})
	}
}

// from is the card a packet came from: that of its own part, or of the whole
// packet where it was cut only after leaving a card.
func (p *pathBuilder) from(e event) string {
	if s := p.open[p.copyOf(e)]; s != "" {
		return s
	}
	return p.open[0]
}

// visit adds a VPP and, if the packet ended there, why.
func (p *pathBuilder) visit(e event) {
	h := scenarios.Hop{Kind: scenarios.HopVPP, Where: nodeOfVPP(e.node), Interface: e.iface}
	if e.vpp == nil {
		p.hop(e, h)
		return
	}
	if isFlood(e.vpp) {
		p.undoLink()
		return
	}
	h.Interface, h.Out, h.Graph = e.vpp.in, e.vpp.out, e.vpp.graph
	p.hop(e, h)
	if e.vpp.reason != "" {
		p.hop(e, scenarios.Hop{Kind: scenarios.HopDropped, Where: h.Where, Reason: e.vpp.reason})
	}
}

// isFlood says that a VPP dropped a frame that a segment flooded and that was
// never meant for it.
func isFlood(v *vppVisit) bool { return strings.Contains(v.reason, "mac mismatch") }

// undoFlood takes back the crossing to a station that was not meant.
func (p *pathBuilder) undoFlood(event) { p.undoLink() }

func (p *pathBuilder) undoLink() {
	if n := len(p.path); n > 0 && p.path[n-1].Kind == scenarios.HopLink {
		p.path = p.path[:n-1]
	}
}

// lost notes the end of a packet on a link or segment.
func (p *pathBuilder) lost(e event) {
	from := p.from(e)
	where := p.bed.segmentOf(from)
	if where == "" {
		where = e.node
	}
	p.hop(e, scenarios.Hop{Kind: scenarios.HopLink, Where: where, Interface: cardName(from)})
	p.hop(e, scenarios.Hop{Kind: scenarios.HopDropped, Where: where, Reason: string(e.reason)})
}

// cardName gives a card as scenarios name it: VPP's uplinks belong to the node.
func cardName(card string) string { return strings.TrimPrefix(card, vppName("")) }

func nodeOfVPP(name string) string { return strings.TrimPrefix(name, vppName("")) }

// segmentOf returns the segment a card is attached to, empty for taps.
func (b *bed) segmentOf(card string) string { return b.cards[card] }

// isRouter says if a machine forwards.
func (b *bed) isRouter(name string) bool {
	return slices.ContainsFunc(b.spec.Routers, func(r scenarios.Router) bool { return r.Name == name })
}

// where names a host of the world as scenarios name endpoints.
func (b *bed) where(host string) string {
	if e, ok := b.endpointOf(host); ok {
		return e.String()
	}
	return host
}

// endpointOf returns the endpoint that a host of the world is.
func (b *bed) endpointOf(host string) (scenarios.Endpoint, bool) {
	if key, ok := strings.CutPrefix(host, "pod "); ok {
		namespace, name, _ := strings.Cut(key, "/")
		return scenarios.Endpoint{Kind: scenarios.EndpointPod, Namespace: namespace, Name: name}, true
	}
	if b.nodes[host] != nil {
		return scenarios.Endpoint{Kind: scenarios.EndpointNode, Name: host}, true
	}
	if b.hosts[host] != nil && !b.isRouter(host) {
		return scenarios.Endpoint{Kind: scenarios.EndpointHost, Name: host}, true
	}
	return scenarios.Endpoint{}, false
}

// deliveries lists the endpoints whose stacks accepted the packet of a trace.
// want is its payload, nil when it is not known.
func (b *bed) deliveries(events []event, want []byte) []scenarios.Delivery {
	var out []scenarios.Delivery
	for _, e := range events {
		if !isDelivery(e) {
			continue
		}
		at, ok := b.endpointOf(e.node)
		if !ok {
			continue
		}
		at.Interface = b.interfaceFor(at, e)
		out = append(out, scenarios.Delivery{At: at, Source: e.info.Source, Destination: e.info.Destination,
			SourcePort: e.info.SourcePort, Port: e.info.Port, TTL: int(e.info.TTL), DSCP: dscpOf(e.data),
			Size: e.info.Length - headerLen(e.info), Fragments: max(1, fragmentsAt(events, e)),
			Corrupt: isCorrupt(e.data, want)})
	}
	return out
}

// isCorrupt compares a datagram that was delivered with the payload that was
// sent; nil is not compared.
func isCorrupt(ip, want []byte) bool {
	if want == nil {
		return false
	}
	_, udp, _ := describeIP(ip)
	return len(udp) < packet.UDPLen || !bytes.Equal(udp[packet.UDPLen:], want)
}

// isDelivery says if a packet reached a stack that took it as its own; one to a
// closed port has reached its receiver, who refuses it.
func isDelivery(e event) bool {
	return (e.verdict == world.Delivered || e.reason == world.ReasonNoListener) && e.class == classPacket
}

// interfaceFor names a pod's interface that a packet was delivered on; one that
// the pod sent to itself came by the interface that has the address. Nodes and
// hosts have none that scenarios speak of.
func (b *bed) interfaceFor(at scenarios.Endpoint, e event) string {
	if at.Kind != scenarios.EndpointPod {
		return ""
	}
	if e.iface != "" {
		return e.iface
	}
	if h := b.world.Host(e.node); h != nil {
		for _, i := range h.Interfaces() {
			for _, p := range i.Addresses() {
				if p.Addr() == e.info.Destination {
					return i.Name()
				}
			}
		}
	}
	return ""
}

// dscpOf reads the DSCP of an IP packet.
func dscpOf(ip []byte) uint8 {
	if len(ip) > 0 && ip[0]>>4 == 4 {
		return packet.IPv4(ip).TOS() >> 2
	}
	return packet.IPv6(ip).TrafficClass() >> 2
}

// fragmentsAt counts the fragments that arrived at a delivery's host before it.
func fragmentsAt(events []event, d event) int {
	n := 0
	for _, e := range events {
		if e.node == d.node && e.verdict == world.Received && e.info.Fragment != nil && !e.at.After(d.at) {
			n++
		}
	}
	return n
}
