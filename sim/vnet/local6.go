package vnet

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// addLocal6Nodes registers the nodes for packets to this instance's own IPv6
// addresses (src/vnet/ip/ip6_forward.c).
func (m *Main) addLocal6Nodes() {
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-local", Func: m.ip6Local, Errors: ip6Errors,
		Nexts: []string{"ip6-drop", "ip6-punt", "ip6-icmp-input", "ip6-local-full-reassembly", "ip6-udp-lookup",
			"ip6-local-hop-by-hop"}})
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-receive", Func: m.ip6Receive, SiblingOf: "ip6-local"})
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-local-end-of-arc", Func: m.ip6LocalEndOfArc, SiblingOf: "ip6-local"})
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-local-hop-by-hop", Func: m.ip6LocalHopByHop,
		Nexts: []string{"error-drop"}, Errors: []vlib.ErrorDesc{
			{Name: "unknown", Desc: "Unknown protocol ip6 local h-b-h packets dropped"}}})
}

func (m *Main) ip6Local(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		m.ip6LocalOne(n, b, vlib.InvalidIndex)
	}
}

// ip6Receive is ip6-local behind a receive object, whose interface the
// ip6-local features are taken from.
func (m *Main) ip6Receive(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		m.ip6LocalOne(n, b, m.FIB.Receive(b.Adj).SwIf)
	}
}

// ip6LocalOne checks length, L4 checksum and source, then starts the ip6-local
// feature arc or dispatches by next header. receiveIf is the interface the
// address belongs to, InvalidIndex when unknown. Errors are counted on
// ip6-input, as in VPP.
func (m *Main) ip6LocalOne(n *vlib.Node, b *vlib.Buffer, receiveIf uint32) {
	ip := packet.IPv6(b.Bytes())
	if b.Trace != nil {
		b.Trace.Add(n, m.newForwardTrace6(b))
	}
	code := ip6LocalChecksum(b, ip)
	if code == ip6ErrUnknownProtocol {
		code = m.ip6LocalSource(b, ip)
	}
	if m.tableChosen(b, fib.IP6) {
		b.FibIndex = b.TxSwIf
	}
	b.ErrorNode, b.ErrorCode = m.Graph.MustIndex("ip6-input"), code
	if code != ip6ErrUnknownProtocol {
		n.Enqueue(b, localNextDrop)
		return
	}
	rx := b.RxSwIf
	if receiveIf != vlib.InvalidIndex {
		rx = receiveIf
	}
	if features := m.featureStart(arcIP6Local, rx); features != nil {
		b.Features = features
		n.SendFeature(b)
		return
	}
	n.Enqueue(b, m.local6Next(ip.NextHeader()))
}

// ip6LocalEndOfArc dispatches by next header after the ip6-local features.
func (m *Main) ip6LocalEndOfArc(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, m.newForwardTrace6(b))
		}
		n.Enqueue(b, m.local6Next(packet.IPv6(b.Bytes()).NextHeader()))
	}
}

// local6Next says which protocols this instance terminates itself; the rest is
// punted.
func (m *Main) local6Next(proto uint8) uint16 {
	if slot := m.localProtocols[fib.IP6][proto]; slot != 0 {
		return slot
	}
	switch proto {
	case packet.ProtoICMPv6:
		return localNextICMP
	case packet.ProtoUDP:
		return localNextUDP
	case packet.ProtoFragment:
		if m.reass.localOff[fib.IP6] {
			return localNextPunt
		}
		return localNextReassembly
	case packet.ProtoHopByHop:
		return localNextHopByHop
	}
	return m.registeredProtocol(fib.IP6, proto)
}

// ip6LocalChecksum validates length and checksum of UDP and ICMPv6, the
// protocols VPP has built in; ip6ErrUnknownProtocol means no error.
func ip6LocalChecksum(b *vlib.Buffer, ip packet.IPv6) uint16 {
	proto := ip.NextHeader()
	if proto != packet.ProtoUDP && proto != packet.ProtoICMPv6 {
		return ip6ErrUnknownProtocol
	}
	payload := ip.Payload()
	if payload == nil {
		return ip6ErrBadLength
	}
	isUDP := proto == packet.ProtoUDP
	if isUDP && ip.PayloadLen() < int(packet.Uint16(payload, 4)) {
		return ip6ErrUDPLength
	}
	none := isUDP && packet.Uint16(payload, 6) == 0 // VPP lets a missing UDP checksum pass here
	if none || b.Flags&vlib.FlagOffloadL4Checksum != 0 || b.Flags&vlib.FlagChecksumCorrect != 0 {
		return ip6ErrUnknownProtocol
	}
	b.Flags |= vlib.FlagChecksumComputed
	if packet.TransportChecksumOK(payload, ip[8:24], ip[24:40], proto) {
		b.Flags |= vlib.FlagChecksumCorrect
		return ip6ErrUnknownProtocol
	}
	if isUDP {
		return ip6ErrUDPChecksum
	}
	return ip6ErrICMPChecksum
}

// ip6LocalSource drops packets without a route back; ICMPv6 and link-local
// sources are exempt, so that neighbour discovery works.
func (m *Main) ip6LocalSource(b *vlib.Buffer, ip packet.IPv6) uint16 {
	if ip.NextHeader() == packet.ProtoICMPv6 || ip.SrcAddr().IsLinkLocalUnicast() {
		return ip6ErrUnknownProtocol
	}
	src := ip.Src()
	lb := m.FIB.LoadBalance(m.FIB.Lookup6(m.lookupTable(b, fib.IP6), &src))
	if len(m.FIB.RPFInterfaces(lb)) == 0 {
		return ip6ErrSrcLookupMiss
	}
	return ip6ErrUnknownProtocol
}

// ip6LocalHopByHop drops packets to this instance whose first header is
// hop-by-hop options: no protocol registers for them (multicast listener
// reports, mostly).
func (m *Main) ip6LocalHopByHop(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		n.Drop(b, 0)
	}
}
