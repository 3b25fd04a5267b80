package vnet

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// probeNeighbor asks for an address on an interface that is up
// (ip_neighbor_probe_dst in src/vnet/ip-neighbor/ip_neighbor.c).
func (m *Main) probeNeighbor(swIf uint32, addr netip.Addr) {
	i := m.Interface(swIf)
	if i == nil || !i.AdminUp || !i.Hw.Class.Ethernet {
		return
	}
	src, ok := m.neighborSource(swIf, addr)
	switch {
	case !ok:
	case addr.Is4():
		m.sendARPRequest(swIf, src, addr, 0)
	case m.ip6LinkMcastAdj(swIf) != fib.InvalidIndex:
		m.sendNeighborSolicitation(i, src, addr, 0)
	}
}

// ProbeNeighbor asks for an address on an interface (`ip probe-neighbor`).
func (m *Main) ProbeNeighbor(swIf uint32, addr netip.Addr) error {
	if _, err := m.mustInterface(swIf); err != nil {
		return err
	}
	m.probeNeighbor(swIf, addr)
	return nil
}

// neighborSource is the address that an unasked probe for dst comes from: one
// of a subnet that dst is in, else any of the interface; the link-local one for
// a link-local dst (fib_sas6_get in src/vnet/fib/fib_sas.c, ip_sas.c).
func (m *Main) neighborSource(swIf uint32, dst netip.Addr) (netip.Addr, bool) {
	if dst.Is6() && dst.IsLinkLocalUnicast() {
		ll := m.linkLocal(swIf)
		return ll, ll.IsValid()
	}
	return m.sourceAddress(fib.ProtoOf(dst), swIf, dst)
}

// advertiseNeighbor tells the link unasked that addr is here: a gratuitous ARP
// request or an unsolicited neighbour advertisement
// (ip4_neighbor_advertise, ip6_neighbor_advertise in src/vnet/ip-neighbor).
func (m *Main) advertiseNeighbor(swIf uint32, addr netip.Addr) {
	i := m.Interface(swIf)
	if i == nil || !i.Hw.Class.Ethernet {
		return
	}
	var b *vlib.Buffer
	link, to, p := fib.LinkARP, packet.BroadcastMAC, fib.ProtoOf(addr)
	if p == fib.IP4 {
		b = m.Graph.AllocSize(packet.ARPLen)
		packet.ARPFields{Op: packet.ARPRequest, SenderMAC: i.Hw.MAC, SenderIP: addr, TargetMAC: i.Hw.MAC, TargetIP: addr}.Encode(b.Bytes())
	} else {
		link, to = fib.LinkIP6, packet.MAC{0x33, 0x33, 0, 0, 0, 1}
		b = m.newND(i, packet.NDFields{Type: packet.ICMPv6NeighborAdv, Flags: packet.NDOverride, Target: addr, LinkAddr: i.Hw.MAC},
			addr, netip.IPv6LinkLocalAllNodes())
	}
	m.sendToLink(b, i, link, to)
	m.countNeighborTX(p, swIf, NeighborGratuitous)
}

// newND makes a packet with a neighbour discovery message.
func (m *Main) newND(i *Interface, nd packet.NDFields, src, dst netip.Addr) *vlib.Buffer {
	b := m.Graph.AllocSize(packet.IPv6Len + nd.Len())
	ip := packet.IPv6(b.Bytes())
	packet.IPv6Fields{PayloadLen: nd.Len(), NextHeader: packet.ProtoICMPv6, HopLimit: 255, Src: src, Dst: dst}.Encode(ip)
	nd.Encode(ip[packet.IPv6Len:])
	setICMP6Checksum(ip)
	return b
}

// sendToLink puts an interface's link-layer header to a destination in front of
// a packet of this instance's own and sends it.
func (m *Main) sendToLink(b *vlib.Buffer, i *Interface, link fib.LinkType, to packet.MAC) {
	m.prependLink(b, i.SwIfIndex, link, to)
	b.RxSwIf, b.TxSwIf = i.SwIfIndex, i.SwIfIndex
	m.Graph.Inject(i.Hw.OutputNode, b)
}

// prependLink puts the interface's header for packets of a type in front of b,
// as its adjacencies do.
func (m *Main) prependLink(b *vlib.Buffer, swIf uint32, link fib.LinkType, to packet.MAC) {
	var header [fib.MaxRewrite]byte
	n := fibInterfaces{m}.BuildRewrite(swIf, link, to[:], &header)
	copy(b.Prepend(n), header[:n])
}
