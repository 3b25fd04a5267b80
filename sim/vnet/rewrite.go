package vnet

import (
	"encoding/binary"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of the rewrite nodes (ip4_rewrite_next_t in
// src/vnet/ip/ip4_forward.c).
const (
	rewriteNextDrop uint16 = iota
	rewriteNextICMPError
	rewriteNextFragment
)

func (m *Main) addRewriteNodes() {
	for p, proto := range []string{"ip4", "ip6"} {
		fn := m.ip4Rewrite
		if fib.Proto(p) == fib.IP6 {
			fn = m.ip6Rewrite
		}
		m.Graph.MustAdd(vlib.Registration{Name: proto + "-rewrite", Func: fn,
			Nexts: []string{proto + "-drop", proto + "-icmp-error", proto + "-frag"}})
		for _, kind := range []string{"-rewrite-bcast", "-rewrite-mcast", "-midchain", "-mcast-midchain"} {
			m.Graph.MustAdd(vlib.Registration{Name: proto + kind, SiblingOf: proto + "-rewrite", Func: fn})
		}
	}
}

// ip4Rewrite is the node ip4-rewrite and its siblings for multicast and
// midchains: it takes a hop off the TTL, checks the MTU, puts the adjacency's
// header in front and starts the output features (ip4_rewrite_inline in
// src/vnet/ip/ip4_forward.c).
func (m *Main) ip4Rewrite(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		adj := m.FIB.Adjacency(b.Adj)
		p := b.Bytes()
		size := binary.BigEndian.Uint16(p[2:4])
		local := b.Flags&vlib.FlagLocallyOriginated != 0
		b.SaveRewriteLength = adj.RewriteLen
		expired := false
		if !local {
			expired = ip4HopDown(p)
		}
		if b.Flags&vlib.FlagGSO != 0 {
			size = gsoSize(b, packet.IPv4(p).HeaderLen())
		}
		if expired || size > adj.MTU {
			m.ip4RewriteError(n, b, adj, size, expired)
			continue
		}
		if adj.Type == fib.AdjMcast && adj.SwIf == b.RxSwIf {
			m.ip4Input.SetError(b, ip4ErrSameInterface)
			m.rewriteDone(n, b, rewriteNextDrop)
			continue
		}
		m.rewrite(n, b, adj, p, arcIP4Output)
	}
}

// ip4HopDown takes one off the TTL, corrects the checksum as VPP does
// (ip4_ttl_and_checksum_check) and tells whether nothing is left.
func ip4HopDown(p []byte) (expired bool) {
	sum := uint32(binary.BigEndian.Uint16(p[10:12])) + 0x100
	if sum >= 0xffff {
		sum++
	}
	binary.BigEndian.PutUint16(p[10:12], uint16(sum))
	p[8]--
	return p[8] == 0 || p[8] == 0xff
}

// ip4HopUp undoes ip4HopDown for a packet that comes back to the rewrite node
// in fragments, or that an ICMP error quotes.
func ip4HopUp(p []byte) {
	sum := uint32(binary.BigEndian.Uint16(p[10:12])) + 0xffff - 0x100
	if sum >= 0xffff {
		sum -= 0xffff
	}
	binary.BigEndian.PutUint16(p[10:12], uint16(sum))
	p[8]++
}

// ip4RewriteError sends a packet that cannot go on to the node that answers it
// or cuts it up. A packet that is too large is treated so even if its TTL
// expired.
func (m *Main) ip4RewriteError(n *vlib.Node, b *vlib.Buffer, adj *fib.Adjacency, size uint16, expired bool) {
	p := b.Bytes()
	if expired {
		m.ip4Input.SetError(b, ip4ErrTimeExpired)
		b.TxSwIf = vlib.InvalidIndex
		setICMPError(b, packet.ICMPTimeExceeded, 0, 0)
	}
	if size <= adj.MTU {
		m.rewriteDone(n, b, rewriteNextICMPError)
		return
	}
	m.ip4Input.SetError(b, ip4ErrMTUExceeded)
	if b.Flags&vlib.FlagLocallyOriginated == 0 {
		ip4HopUp(p)
	}
	if p[6]&0x40 != 0 {
		setICMPError(b, packet.ICMPUnreachable, packet.ICMPFragNeeded, uint32(adj.MTU))
		m.rewriteDone(n, b, rewriteNextICMPError)
		return
	}
	setFragment(b, adj)
	m.rewriteDone(n, b, rewriteNextFragment)
}

// setFragment tells the fragmentation node what to do; VPP keeps it where the
// flow hash was.
func setFragment(b *vlib.Buffer, adj *fib.Adjacency) {
	b.FragMTU, b.FragNext = adj.MTU, fragNextRewrite
	if adj.Type == fib.AdjMidchain || adj.Type == fib.AdjMcastMidchain {
		b.FragNext = fragNextMidchain
	}
	b.FlowHash = uint32(b.FragMTU) | uint32(b.FragNext)<<16
}

// ip6Rewrite is ip4Rewrite for IPv6 (ip6_rewrite_inline_with_gso in
// src/vnet/ip/ip6_forward.c). An MTU below IPv6's minimum is not enforced, and
// only this instance's own packets are fragmented.
func (m *Main) ip6Rewrite(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		adj := m.FIB.Adjacency(b.Adj)
		p := b.Bytes()
		size := uint16(min(int(binary.BigEndian.Uint16(p[4:6]))+packet.IPv6Len, 0xffff))
		local := b.Flags&vlib.FlagLocallyOriginated != 0
		b.SaveRewriteLength = adj.RewriteLen
		expired := false
		if !local {
			p[7]--
			expired = p[7] == 0 || p[7] == 0xff
		}
		if b.Flags&vlib.FlagGSO != 0 {
			size = gsoSize(b, packet.IPv6Len)
		}
		if expired || size > adj.MTU && adj.MTU >= packet.IPv6MinMTU {
			m.ip6RewriteError(n, b, adj, size, local, expired)
			continue
		}
		m.rewrite(n, b, adj, p, arcIP6Output)
	}
}

func (m *Main) ip6RewriteError(n *vlib.Node, b *vlib.Buffer, adj *fib.Adjacency, size uint16, local, expired bool) {
	if expired {
		m.ip6Input.SetError(b, ip6ErrTimeExpired)
		b.TxSwIf = vlib.InvalidIndex
		setICMPError(b, packet.ICMPv6TimeExceeded, 0, 0)
	}
	if size <= adj.MTU || adj.MTU < packet.IPv6MinMTU {
		m.rewriteDone(n, b, rewriteNextICMPError)
		return
	}
	m.ip6Input.SetError(b, ip6ErrMTUExceeded)
	if local {
		setFragment(b, adj)
		m.rewriteDone(n, b, rewriteNextFragment)
		return
	}
	setICMPError(b, packet.ICMPv6PacketTooBig, 0, uint32(adj.MTU))
	m.rewriteDone(n, b, rewriteNextICMPError)
}

// gsoSize is the size in bytes of the largest IP packet that a super-packet
// will be cut into (gso_mtu_sz in src/vnet/gso/gso.h).
func gsoSize(b *vlib.Buffer, l3 int) uint16 {
	p := b.Bytes()
	l4 := int(packet.Uint8(p, l3+12)>>4) * 4
	return uint16(min(l3+l4+int(b.GSOSize), b.Len(), 0xffff))
}

// rewrite puts the adjacency's header in front of the packet p and sends it on.
// The counter takes in the header twice, as VPP's does.
func (m *Main) rewrite(n *vlib.Node, b *vlib.Buffer, adj *fib.Adjacency, p []byte, arc arcID) {
	size := int(adj.RewriteLen)
	full := b.Prepend(size)
	if full == nil {
		m.rewriteDone(n, b, rewriteNextDrop)
		return
	}
	if size == packet.EthernetLen {
		*(*[packet.EthernetLen]byte)(full) = *(*[packet.EthernetLen]byte)(adj.Rewrite[:])
	} else {
		copy(full[:size], adj.Rewrite[:size])
	}
	if m.FIB.Counters.PerAdjacency {
		m.FIB.Counters.Adjacent.Add(b.Adj, len(full)+size)
	}
	b.TxSwIf = adj.SwIf
	if adj.Type != fib.AdjRewrite {
		m.finishRewrite(b, adj, full, p, arc)
	}
	if b.Trace != nil {
		m.traceRewrite(n, b)
	}
	if adj.OutputFeatures {
		if features := m.featureStart(arc, adj.SwIf); features != nil {
			b.Features = features
			n.SendFeature(b)
			return
		}
	}
	n.Send(b, adj.NextNode)
}

// finishRewrite does what depends on the packet: a tunnel's lengths and
// checksums, a multicast group's MAC address.
func (m *Main) finishRewrite(b *vlib.Buffer, adj *fib.Adjacency, full, p []byte, arc arcID) {
	switch adj.Type {
	case fib.AdjMidchain, fib.AdjMcastMidchain:
		if adj.HashInner && b.FlowHash == 0 {
			b.FlowHash = m.flowHash(p, linkProto(adj.Link), fib.FlowHashDefault)
		}
		if adj.Originate {
			b.Flags |= vlib.FlagLocallyOriginated
		}
		if adj.Fixup != nil {
			adj.Fixup(full, len(p), b.FlowHash)
		}
	case fib.AdjMcast:
		if len(full)-len(p) < packet.EthernetLen {
			return
		}
		if arc == arcIP4Output {
			copy(full[2:6], p[16:20])
			copy(full[:3], []byte{0x01, 0x00, 0x5e})
			full[3] &= 0x7f
			return
		}
		copy(full[:2], []byte{0x33, 0x33})
		copy(full[2:6], p[36:40])
	}
}

// traceRewrite records the packet after the rewrite.
func (m *Main) traceRewrite(n *vlib.Node, b *vlib.Buffer) {
	t := new(RewriteTrace)
	proto := fib.IP4
	if m.FIB.Adjacency(b.Adj).Link == fib.LinkIP6 {
		proto = fib.IP6
	}
	m.fillForward(&t.Forward, b, proto)
	t.Adjacency = m.adjacencyTrace(b.Adj)
	b.Trace.Add(n, t)
}

// rewriteDone records and passes on a packet that was not rewritten.
func (m *Main) rewriteDone(n *vlib.Node, b *vlib.Buffer, next uint16) {
	if b.Trace != nil {
		m.traceRewrite(n, b)
	}
	n.Enqueue(b, next)
}
