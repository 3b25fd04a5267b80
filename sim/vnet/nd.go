package vnet

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// addNDNodes registers the nodes for neighbour solicitations and
// advertisements (src/vnet/ip6-nd/ip6_nd.c).
func (m *Main) addNDNodes() {
	m.Graph.MustAdd(vlib.Registration{Name: "icmp6-neighbor-solicitation", Func: m.neighborSolicitation,
		Nexts: []string{"ip6-drop", "interface-output"}})
	m.Graph.MustAdd(vlib.Registration{Name: "icmp6-neighbor-advertisement", Func: m.neighborAdvertisement,
		Nexts: []string{"ip6-punt"}})
	m.Graph.MustAdd(vlib.Registration{Name: "icmp6-router-solicitation", Func: m.routerSolicitation,
		Nexts: []string{"ip6-drop", "ip6-rewrite-mcast", "interface-output", "ip6-punt"}})
	m.Graph.MustAdd(vlib.Registration{Name: "icmp6-router-advertisement", Func: m.routerAdvertisement,
		Nexts: []string{"ip6-drop"}})
}

// ndOption returns the link-layer address option of a solicitation or
// advertisement, nil when the options are anything but that one.
func ndOption(ip packet.IPv6, kind uint8) []byte {
	opt := ip[min(packet.IPv6Len+packet.NDLen, len(ip)):]
	if ip.PayloadLen()-packet.NDLen != 8 || len(opt) < 8 || opt[0] != kind || opt[1] != 1 {
		return nil
	}
	return opt[:8]
}

// ndTarget reads the target address of a solicitation or advertisement.
func ndTarget(ip packet.IPv6) netip.Addr {
	return netip.AddrFrom16([16]byte(ip[packet.IPv6Len+8 : packet.IPv6Len+24]))
}

// neighborSolicitation learns the asker and answers for this instance's own
// and proxied addresses.
func (m *Main) neighborSolicitation(n *vlib.Node, bufs []*vlib.Buffer) {
	const drop, reply = 0, 1
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newIP6HeaderTrace(b))
		}
		ip := packet.IPv6(b.Bytes())
		opt := ndOption(ip, packet.NDOptSourceLinkAddr)
		code := m.ndCheckSource(b, ip, opt)
		if !ip.SrcAddr().IsUnspecified() {
			m.dadHeard(b.RxSwIf, ndTarget(ip))
		}
		if code == icmp6ErrNone && !m.ndTargetIsOurs(b.RxSwIf, ndTarget(ip)) {
			code = icmp6ErrNSSourceUnknown
		}
		b.ErrorNode, b.ErrorCode = m.icmp6.input.Index, code
		m.countNeighborRX(fib.IP6, b.RxSwIf, NeighborRequest)
		if code != icmp6ErrNone {
			n.Enqueue(b, drop)
			continue
		}
		m.makeAdvertisement(b, ip, opt)
		m.icmp6.input.Count(icmp6ErrNATx, 1)
		n.Enqueue(b, reply)
	}
}

// neighborAdvertisement learns the target and punts the packet, so that a host
// behind this instance sees it, too.
func (m *Main) neighborAdvertisement(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newIP6HeaderTrace(b))
		}
		ip := packet.IPv6(b.Bytes())
		opt := ndOption(ip, packet.NDOptTargetLinkAddr)
		code := m.ndCheckSource(b, ip, nil)
		m.dadHeard(b.RxSwIf, ndTarget(ip))
		if code == icmp6ErrNone {
			code = icmp6ErrNARx
			if opt != nil && !ip.SrcAddr().IsUnspecified() {
				m.neighborLearn(b.RxSwIf, ndTarget(ip), packet.MAC(opt[2:8]))
			}
		}
		b.ErrorNode, b.ErrorCode = m.icmp6.input.Index, code
		m.countNeighborRX(fib.IP6, b.RxSwIf, NeighborReply)
		n.Enqueue(b, 0)
	}
}

// ndCheckSource requires a source that is unspecified, link-local or on this
// link, and learns it from a solicitation's option.
func (m *Main) ndCheckSource(b *vlib.Buffer, ip packet.IPv6, opt []byte) uint16 {
	src := ip.SrcAddr()
	if !src.IsUnspecified() && !src.IsLinkLocalUnicast() && !m.ndSourceOnLink(b, ip) {
		return icmp6ErrNSSourceNotOnLink
	}
	if opt != nil && !src.IsUnspecified() {
		m.neighborLearn(b.RxSwIf, src, packet.MAC(opt[2:8]))
	}
	return icmp6ErrNone
}

// ndSourceOnLink says if the source's route leaves by the interface the packet
// came in on, resolved or not (ip6_src_lookup_for_packet).
func (m *Main) ndSourceOnLink(b *vlib.Buffer, ip packet.IPv6) bool {
	src := ip.Src()
	lb := m.FIB.LoadBalance(m.FIB.Lookup6(m.ip6FibIndex(b.RxSwIf), &src))
	dpo := lb.Buckets[0]
	return dpo.Type.IsAdjacency() && m.FIB.Adjacency(dpo.Index).SwIf == b.RxSwIf
}

// makeAdvertisement turns a solicitation into its answer in place
// (icmp6_send_neighbor_advertisement in src/vnet/ip6-nd/ip6_nd_inline.h).
func (m *Main) makeAdvertisement(b *vlib.Buffer, ip packet.IPv6, opt []byte) {
	i := m.Interface(b.RxSwIf)
	src, target := ip.Src(), ndTarget(ip).As16()
	if netip.AddrFrom16(src).IsUnspecified() {
		src = netip.IPv6LinkLocalAllNodes().As16()
	}
	copy(ip[24:40], src[:])
	copy(ip[8:24], target[:])
	ip.SetHopLimit(255)
	flags := packet.NDSolicited | packet.NDOverride
	if m.ip6RAEnabled(b.RxSwIf) {
		flags |= packet.NDRouter
	}
	packet.ICMP(ip[packet.IPv6Len:]).Encode(packet.ICMPv6NeighborAdv, 0, flags)
	if opt != nil {
		opt[0] = packet.NDOptTargetLinkAddr
		copy(opt[2:], i.Hw.MAC[:])
	}
	setICMP6Checksum(ip)
	to := ethernetSource(b)
	b.Advance(-int(b.L2Len))
	eth := packet.Ethernet(b.Bytes())
	eth.SetDst(to)
	eth.SetSrc(i.Hw.MAC)
	m.countNeighborTX(fib.IP6, b.RxSwIf, NeighborReply)
	b.TxSwIf, b.RxSwIf = b.RxSwIf, 0
	b.Flags |= vlib.FlagLocallyOriginated
}
