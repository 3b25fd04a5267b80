package vnet

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of ip4-vxlan-bypass and ip6-vxlan-bypass.
const (
	bypassNextDrop uint16 = iota
	bypassNextVXLAN
)

// bypassVXLANAt is where the bypass nodes of both protocols look for the VXLAN
// header: behind an IPv4 header, so that hardly any packet over IPv6 takes the
// short way (ip_vxlan_bypass_inline in src/plugins/vxlan/decap.c).
const bypassVXLANAt = packet.IPv4Len + packet.UDPLen

func (m *Main) addVXLANBypass(p fib.Proto) {
	name := [2]string{"vxlan4-input", "vxlan6-input"}[p]
	m.Graph.MustAdd(vlib.Registration{Name: p.String() + "-vxlan-bypass", Nexts: []string{"error-drop", name},
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.vxlanBypass(n, bufs, p) }})
}

// vxlanBypass takes packets of known tunnels to local addresses past the lookup
// and the local nodes.
func (m *Main) vxlanBypass(n *vlib.Node, bufs []*vlib.Buffer, p fib.Proto) {
	var cache vxlanCache
	input := m.ip4Input
	if p == fib.IP6 {
		input = m.ip6Input
	}
	for _, b := range bufs {
		if !m.bypasses(b, p, &cache) {
			n.SendFeature(b)
			continue
		}
		code := bypassCheck(b, p)
		b.Advance(vxlanHeads[p])
		if code != ip4ErrNone {
			input.SetError(b, code)
			n.Enqueue(b, bypassNextDrop)
			continue
		}
		n.Enqueue(b, bypassNextVXLAN)
	}
}

// bypasses tells whether a packet belongs to a tunnel that ends here.
func (m *Main) bypasses(b *vlib.Buffer, p fib.Proto, c *vxlanCache) bool {
	raw := b.Bytes()
	if len(raw) < vxlanHeads[p]+packet.VXLANLen {
		return false
	}
	var dst netip.Addr
	if p == fib.IP4 {
		ip := packet.IPv4(raw)
		if ip.IsFragment() || ip.Protocol() != packet.ProtoUDP {
			return false
		}
		dst = ip.DstAddr()
	} else {
		ip := packet.IPv6(raw)
		if ip.NextHeader() != packet.ProtoUDP {
			return false
		}
		dst = ip.DstAddr()
	}
	if raw[bypassVXLANAt] != vxlanFlagI {
		return false
	}
	table := m.lookupTable(b, p)
	t, _ := m.vxlanTunnel(raw, table, p, packet.Uint32(raw, bypassVXLANAt+4), c)
	return t != nil && m.vxlan.vteps[vtep{dst, table}] > 0
}

// bypassCheck validates length and checksum of the outer UDP header; a checksum
// of 0 is none.
func bypassCheck(b *vlib.Buffer, p fib.Proto) uint16 {
	raw := b.Bytes()
	udp := raw[vxlanHeads[p]-packet.UDPLen:]
	size := packet.IPv4(raw).TotalLen()
	addrs, tooShort, wrong := raw[12:20], ip4ErrUDPLength, ip4ErrUDPChecksum
	payload := packet.IPv4(raw).Payload()
	if p == fib.IP6 {
		size = packet.IPv6(raw).PayloadLen()
		addrs, tooShort, wrong = raw[8:40], ip6ErrUDPLength, ip6ErrUDPChecksum
		payload = packet.IPv6(raw).Payload()
	}
	half := len(addrs) / 2
	switch {
	case size < int(packet.Uint16(udp, 4)):
		return tooShort
	case packet.Uint16(udp, 6) == 0 || b.Flags&vlib.FlagChecksumCorrect != 0:
		return ip4ErrNone
	case !packet.TransportChecksumOK(payload, addrs[:half], addrs[half:], packet.ProtoUDP):
		return wrong
	}
	return ip4ErrNone
}
