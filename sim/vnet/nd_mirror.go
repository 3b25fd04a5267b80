package vnet

import (
	"fmt"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// SetNDMirror makes an interface answer every neighbour solicitation, or stop
// (ip6_nd_proxy_enable_disable in src/vnet/ip6-nd/ip6_nd_mirror_proxy.c). The
// error is EnableFeature's for an interface that does not exist.
func (m *Main) SetNDMirror(swIf uint32, on bool) error {
	if err := m.EnableFeature("ip6-unicast", "ip6-unicast-nd-proxy", swIf, on); err != nil {
		return err
	}
	return m.EnableFeature("ip6-multicast", "ip6-multicast-nd-proxy", swIf, on)
}

// addNDMirrorNodes registers the mirror proxy's features.
func (m *Main) addNDMirrorNodes() {
	nexts := []string{"ip6-drop", "interface-output"}
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-unicast-nd-proxy", Func: m.ndMirrorUnicast, Nexts: nexts})
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-multicast-nd-proxy", Func: m.ndMirrorMulticast, Nexts: nexts})
}

// ndMirrorTrace is what the mirror proxy saw.
type ndMirrorTrace struct {
	Interface string
	Multicast bool
}

// Format renders it as VPP does.
func (t *ndMirrorTrace) Format() string {
	if t.Multicast {
		return fmt.Sprintf(" %s multicast ", t.Interface)
	}
	return fmt.Sprintf(" %s unicast ", t.Interface)
}

// ndMirrorUnicast answers solicitations sent to an address that has an entry of
// its own in the interface's table.
func (m *Main) ndMirrorUnicast(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		ip, kind := ndMessage(b)
		if kind == packet.ICMPv6NeighborSol && m.ip6HostEntry(b.RxSwIf, ip.DstAddr()) {
			m.mirror(n, b, ip, false)
			continue
		}
		n.SendFeature(b)
	}
}

// ndMirrorMulticast learns from solicitations and answers them, whatever they
// ask for; it learns from advertisements and drops them. Those without a
// link-layer address or a global source pass.
func (m *Main) ndMirrorMulticast(n *vlib.Node, bufs []*vlib.Buffer) {
	const drop = 0
	for _, b := range bufs {
		ip, kind := ndMessage(b)
		global := kind != 0 && !ip.SrcAddr().IsUnspecified() && !ip.SrcAddr().IsLinkLocalUnicast()
		solicitation := ndOptionOf(ip, kind, packet.ICMPv6NeighborSol, packet.NDOptSourceLinkAddr)
		advertisement := ndOptionOf(ip, kind, packet.ICMPv6NeighborAdv, packet.NDOptTargetLinkAddr)
		switch {
		case global && solicitation != nil:
			m.neighborLearn(b.RxSwIf, ip.SrcAddr(), packet.MAC(solicitation[2:8]))
			m.mirror(n, b, ip, true)
		case global && advertisement != nil:
			m.neighborLearn(b.RxSwIf, ndTarget(ip), packet.MAC(advertisement[2:8]))
			n.Enqueue(b, drop)
		default:
			n.SendFeature(b)
		}
	}
}

// mirror answers a solicitation.
func (m *Main) mirror(n *vlib.Node, b *vlib.Buffer, ip packet.IPv6, multicast bool) {
	const reply = 1
	if b.Trace != nil {
		b.Trace.Add(n, &ndMirrorTrace{Interface: m.Interface(b.RxSwIf).Name, Multicast: multicast})
	}
	m.makeAdvertisement(b, ip, ndOption(ip, packet.NDOptSourceLinkAddr))
	n.Enqueue(b, reply)
}

// ndMessage returns a packet's header and, if it is a neighbour solicitation or
// advertisement, which of them; else 0.
func ndMessage(b *vlib.Buffer) (packet.IPv6, uint8) {
	ip := packet.IPv6(b.Bytes())
	if len(ip) < packet.IPv6Len+packet.NDLen || ip.NextHeader() != packet.ProtoICMPv6 {
		return ip, 0
	}
	switch kind := ip[packet.IPv6Len]; kind {
	case packet.ICMPv6NeighborSol, packet.ICMPv6NeighborAdv:
		return ip, kind
	}
	return ip, 0
}

func ndOptionOf(ip packet.IPv6, kind, wanted, option uint8) []byte {
	if kind != wanted {
		return nil
	}
	return ndOption(ip, option)
}

// ip6HostEntry says if an address has an entry of its own in the table of an
// interface.
func (m *Main) ip6HostEntry(swIf uint32, a netip.Addr) bool {
	table := m.ip6FibIndex(swIf)
	if a.IsLinkLocalUnicast() {
		table = m.linkLocalFIB(swIf)
	}
	if table == fib.InvalidIndex {
		return false
	}
	_, ok := m.FIB.Find(table, netip.PrefixFrom(a, a.BitLen()))
	return ok
}
