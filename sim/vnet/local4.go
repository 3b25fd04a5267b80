package vnet

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next nodes of ip4-local, ip6-local and their siblings (ip_local_next_t in
// src/vnet/ip/ip.h); the upper protocols follow.
const (
	localNextDrop uint16 = iota
	localNextPunt
	localNextICMP
	localNextReassembly
	localNextUDP
	localNextHopByHop // ip6-local only
)

// addLocal4Nodes registers the nodes for packets to this instance's own
// addresses (src/vnet/ip/ip4_forward.c).
func (m *Main) addLocal4Nodes() {
	m.Graph.MustAdd(vlib.Registration{Name: "ip4-local", Func: m.ip4Local, Errors: ip4Errors,
		Nexts: []string{"ip4-drop", "ip4-punt", "ip4-icmp-input", "ip4-local-full-reassembly", "ip4-udp-lookup"}})
	m.Graph.MustAdd(vlib.Registration{Name: "ip4-receive", Func: m.ip4Receive, SiblingOf: "ip4-local"})
	m.Graph.MustAdd(vlib.Registration{Name: "ip4-local-end-of-arc", Func: m.ip4LocalEndOfArc, SiblingOf: "ip4-local"})
}

func (m *Main) ip4Local(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		m.ip4LocalOne(n, b, vlib.InvalidIndex)
	}
}

// ip4Receive is ip4-local behind a receive object, whose interface the
// ip4-local features are taken from.
func (m *Main) ip4Receive(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		m.ip4LocalOne(n, b, m.FIB.Receive(b.Adj).SwIf)
	}
}

// ip4LocalOne checks the L4 checksum and the source, then starts the ip4-local
// feature arc or dispatches by protocol. receiveIf is the interface the
// address belongs to, InvalidIndex when unknown.
func (m *Main) ip4LocalOne(n *vlib.Node, b *vlib.Buffer, receiveIf uint32) {
	ip := packet.IPv4(b.Bytes())
	if b.Trace != nil {
		b.Trace.Add(n, m.newForwardTrace4(b))
	}
	if ip.IsFragment() {
		n.Enqueue(b, localNextReassembly)
		return
	}
	local := m.Graph.Node("ip4-local")
	code := ip4LocalChecksum(b, ip)
	if code == ip4ErrUnknownProtocol {
		code = m.ip4LocalSource(b, ip)
	}
	b.ErrorNode, b.ErrorCode = local.Index, code
	if code != ip4ErrUnknownProtocol {
		n.Enqueue(b, localNextDrop)
		return
	}
	rx := b.RxSwIf
	if receiveIf != vlib.InvalidIndex {
		rx = receiveIf
	}
	if features := m.featureStart(arcIP4Local, rx); features != nil {
		b.Features = features
		n.SendFeature(b)
		return
	}
	n.Enqueue(b, m.local4Next(ip.Protocol()))
}

// ip4LocalEndOfArc dispatches by protocol after the ip4-local features.
func (m *Main) ip4LocalEndOfArc(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, m.newForwardTrace4(b))
		}
		n.Enqueue(b, m.local4Next(packet.IPv4(b.Bytes()).Protocol()))
	}
}

// local4Next says which protocols this instance terminates itself; the rest is
// punted.
func (m *Main) local4Next(proto uint8) uint16 {
	if slot := m.localProtocols[fib.IP4][proto]; slot != 0 {
		return slot
	}
	switch proto {
	case packet.ProtoICMP:
		return localNextICMP
	case packet.ProtoUDP:
		return localNextUDP
	}
	return m.registeredProtocol(fib.IP4, proto)
}

// ip4LocalChecksum validates a TCP or UDP checksum; ip4ErrUnknownProtocol, as
// VPP has it, means no error.
func ip4LocalChecksum(b *vlib.Buffer, ip packet.IPv4) uint16 {
	proto := ip.Protocol()
	if proto != packet.ProtoTCP && proto != packet.ProtoUDP || b.Flags&vlib.FlagOffloadL4Checksum != 0 {
		return ip4ErrUnknownProtocol
	}
	if b.Flags&vlib.FlagChecksumComputed == 0 {
		b.Flags |= vlib.FlagChecksumComputed
		if packet.TransportChecksumOK(ip.Payload(), ip[12:16], ip[16:20], proto) {
			b.Flags |= vlib.FlagChecksumCorrect
		}
	}
	switch {
	case b.Flags&vlib.FlagChecksumCorrect != 0:
		return ip4ErrUnknownProtocol
	case proto == packet.ProtoUDP:
		return ip4ErrUDPChecksum
	}
	return ip4ErrTCPChecksum
}

// ip4LocalSource looks the source up: a packet from one of our own addresses
// is spoofed, and one without a route back is dropped unless it is a broadcast.
// The source's load-balance is left in b.Adj, where ip4-icmp-echo-request finds
// the way back.
func (m *Main) ip4LocalSource(b *vlib.Buffer, ip packet.IPv4) uint16 {
	if m.tableChosen(b, fib.IP4) {
		b.FibIndex = b.TxSwIf
	}
	src := ip.Src()
	lbi := m.FIB.Lookup4(b.FibIndex, packet.Uint32(src[:], 0))
	b.Adj = lbi
	lb := m.FIB.LoadBalance(lbi)
	switch {
	case lb.Buckets[0].Type == fib.DPOReceive:
		return ip4ErrSpoofedLocalPackets
	case len(m.FIB.RPFInterfaces(lb)) == 0 && packet.Uint32(ip, 16) != 0xffffffff:
		return ip4ErrSrcLookupMiss
	}
	return ip4ErrUnknownProtocol
}
