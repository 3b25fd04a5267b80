package vnet

import (
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Error counters of ip4-arp and ip4-glean (counters ip4_neighbor in
// src/vnet/ip-neighbor/ip_neighbor.api).
const (
	ip4NeighborErrThrottled uint16 = iota
	ip4NeighborErrResolved
	ip4NeighborErrNoBuffers
	ip4NeighborErrRequestSent
	ip4NeighborErrNonARPAdj
	ip4NeighborErrNoSource
)

var ip4NeighborErrors = []vlib.ErrorDesc{
	{Name: "throttled", Desc: "ARP requests throttled", Severity: vlib.SeverityInfo},
	{Name: "resolved", Desc: "ARP requests resolved", Severity: vlib.SeverityInfo},
	{Name: "no_buffers", Desc: "ARP requests out of buffer"},
	{Name: "request_sent", Desc: "ARP requests sent", Severity: vlib.SeverityInfo},
	{Name: "non_arp_adj", Desc: "ARPs to non-ARP adjacencies"},
	{Name: "no_source_address", Desc: "no source address for ARP request"},
}

// Error counters of ip6-discover-neighbor and ip6-glean.
const (
	ip6NeighborErrThrottled uint16 = iota
	ip6NeighborErrDrop
	ip6NeighborErrRequestSent
	ip6NeighborErrNoSource
	ip6NeighborErrNoBuffers
)

var ip6NeighborErrors = []vlib.ErrorDesc{
	{Name: "throttled", Desc: "throttled", Severity: vlib.SeverityInfo},
	{Name: "drop", Desc: "address overflow drops"},
	{Name: "request_sent", Desc: "neighbor solicitations sent", Severity: vlib.SeverityInfo},
	{Name: "no_source_address", Desc: "no source address for ND solicitation"},
	{Name: "no_buffers", Desc: "no buffers"},
}

// resolvers holds the throttles of the resolving nodes: one request a
// millisecond for an address on an interface (src/vnet/ip-neighbor).
type resolvers struct {
	arp, nd throttle
}

// addGleanNodes registers the nodes that packets reach whose neighbour is not
// known: the packet is dropped and a request is sent
// (src/vnet/ip-neighbor/ip4_neighbor.c, ip6_neighbor.c).
func (m *Main) addGleanNodes() {
	m.resolve.arp.period, m.resolve.nd.period = time.Millisecond, time.Millisecond
	m.Graph.MustAdd(vlib.Registration{Name: "ip4-arp", Nexts: []string{"ip4-drop"}, Errors: ip4NeighborErrors,
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.ip4Resolve(n, bufs, false) }})
	m.Graph.MustAdd(vlib.Registration{Name: "ip4-glean", Nexts: []string{"ip4-drop"}, Errors: ip4NeighborErrors,
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.ip4Resolve(n, bufs, true) }})
	nexts := []string{"ip6-drop", "ip6-rewrite-mcast"}
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-discover-neighbor", Nexts: nexts, Errors: ip6NeighborErrors,
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.ip6Resolve(n, bufs, false) }})
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-glean", Nexts: nexts, Errors: ip6NeighborErrors,
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.ip6Resolve(n, bufs, true) }})
}

func (m *Main) ip4Resolve(n *vlib.Node, bufs []*vlib.Buffer, glean bool) {
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, m.newForwardTrace4(b))
		}
		b.ErrorNode, b.ErrorCode = n.Index, m.ip4ResolveOne(b, glean)
		n.Enqueue(b, 0)
	}
}

// ip4ResolveOne sends an ARP request for the packet's neighbour: its
// destination behind a glean, else the adjacency's next hop.
func (m *Main) ip4ResolveOne(b *vlib.Buffer, glean bool) uint16 {
	adj := m.FIB.Adjacency(b.Adj)
	target := adj.NextHop
	if glean {
		target = packet.IPv4(b.Bytes()).DstAddr()
	}
	src, ok := adj.NextHop, glean && adj.NextHop.IsValid()
	if !ok {
		src, ok = m.sourceAddress4(adj.SwIf, target)
	}
	if !ok {
		return ip4NeighborErrNoSource
	}
	t4 := target.As4()
	if m.resolve.arp.hit(m.now(), uint64(packet.Uint32(t4[:], 0))<<32|uint64(adj.SwIf)) {
		return ip4NeighborErrThrottled
	}
	switch {
	case adj.Type == fib.AdjRewrite:
		return ip4NeighborErrResolved
	case glean != (adj.Type == fib.AdjGlean), !glean && adj.Type != fib.AdjIncomplete:
		return ip4NeighborErrNonARPAdj
	}
	m.sendARPRequest(adj.SwIf, src, target, b.TraceID)
	return ip4NeighborErrRequestSent
}

// sendARPRequest broadcasts a request for target on an interface. The request
// is followed under the trace of the packet that asked for it.
func (m *Main) sendARPRequest(swIf uint32, src, target netip.Addr, trace packet.TraceID) {
	i := m.Interface(swIf)
	b := m.Graph.AllocSize(packet.ARPLen)
	packet.ARPFields{Op: packet.ARPRequest, SenderMAC: i.Hw.MAC, SenderIP: src, TargetIP: target}.Encode(b.Bytes())
	m.prependLink(b, swIf, fib.LinkARP, packet.BroadcastMAC)
	b.RxSwIf, b.TxSwIf, b.TraceID = 0, swIf, trace
	b.Flags |= vlib.FlagLocallyOriginated
	m.Graph.Inject(i.Hw.OutputNode, b)
	m.countNeighborTX(fib.IP4, swIf, NeighborRequest)
}

func (m *Main) ip6Resolve(n *vlib.Node, bufs []*vlib.Buffer, glean bool) {
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, m.newForwardTrace6(b))
		}
		b.ErrorNode, b.ErrorCode = n.Index, m.ip6ResolveOne(b, glean)
		n.Enqueue(b, 0)
	}
}

// ip6ResolveOne sends a neighbour solicitation for the packet's neighbour.
func (m *Main) ip6ResolveOne(b *vlib.Buffer, glean bool) uint16 {
	adj := m.FIB.Adjacency(b.Adj)
	target := adj.NextHop
	if glean {
		target = packet.IPv6(b.Bytes()).DstAddr()
	}
	b.TxSwIf = adj.SwIf
	if m.resolve.nd.hit(m.now(), hashAddr(target)^uint64(adj.SwIf)) {
		return ip6NeighborErrThrottled
	}
	i := m.Interface(adj.SwIf)
	if !i.Hw.LinkUp || !m.ip6LinkEnabled(adj.SwIf) || adj.Type == fib.AdjRewrite {
		return ip6NeighborErrDrop
	}
	src := m.linkLocal(adj.SwIf)
	if !src.IsValid() {
		return ip6NeighborErrNoSource
	}
	m.sendNeighborSolicitation(i, src, target, b.TraceID)
	return ip6NeighborErrRequestSent
}

// sendNeighborSolicitation multicasts a solicitation for target on an
// interface through the link's multicast adjacency.
func (m *Main) sendNeighborSolicitation(i *Interface, src, target netip.Addr, trace packet.TraceID) {
	b := m.newND(i, packet.NDFields{Type: packet.ICMPv6NeighborSol, Target: target, LinkAddr: i.Hw.MAC},
		src, packet.SolicitedNode(target))
	b.RxSwIf, b.TxSwIf, b.TraceID = 0, i.SwIfIndex, trace
	b.Flags |= vlib.FlagLocallyOriginated
	b.Adj = m.ip6LinkMcastAdj(i.SwIfIndex)
	m.Graph.Inject(m.Graph.Node("ip6-rewrite-mcast"), b)
	m.countNeighborTX(fib.IP6, i.SwIfIndex, NeighborRequest)
}
