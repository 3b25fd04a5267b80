package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Error counters of the gso nodes.
const gsoErrorUnhandled uint16 = 1

var gsoErrors = []vlib.ErrorDesc{
	{Name: "no_buffers", Desc: "no buffers to segment GSO"},
	{Name: "unhandled_type", Desc: "unhandled gso type"},
}

// GSOTrace is what a gso node records: the segment size and the length of the
// TCP header in bytes, both 0 for a packet that is no super-packet.
type GSOTrace struct{ Size, L4HeaderLen int }

// Format renders as format_gso_trace (src/vnet/gso/node.c), offsets left out.
func (t GSOTrace) Format() string {
	if t.Size == 0 {
		return "non-gso buffer"
	}
	return fmt.Sprintf("gso_sz %d gso_l4_hdr_sz %d", t.Size, t.L4HeaderLen)
}

// addGSONodes adds the features that cut super-packets on their way to a device
// that cannot.
func (m *Main) addGSONodes() {
	for _, name := range []string{"gso-ip4", "gso-ip6", "gso-l2-ip4", "gso-l2-ip6"} {
		m.Graph.MustAdd(vlib.Registration{Name: name, Func: m.gso, Nexts: []string{"error-drop"}, Errors: gsoErrors})
	}
}

// EnableGSO makes packets that are larger than their path be cut in front of a
// device that cannot do it itself, or no longer
// (vnet_sw_interface_gso_enable_disable in src/vnet/gso/gso.c).
func (m *Main) EnableGSO(swIfIndex uint32, on bool) error {
	if _, err := m.mustInterface(swIfIndex); err != nil {
		return err
	}
	for _, f := range []struct {
		arc  arcID
		node string
	}{{arcIP4Output, "gso-ip4"}, {arcIP6Output, "gso-ip6"}, {arcL2OutputIP4, "gso-l2-ip4"}, {arcL2OutputIP6, "gso-l2-ip6"}} {
		if err := m.enableFeature(f.arc, f.node, swIfIndex, on); err != nil {
			return err
		}
	}
	return nil
}

// gso passes packets on, super-packets in segments unless the device that they
// leave by takes them whole.
func (m *Main) gso(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		super := b.Flags&vlib.FlagGSO != 0
		if b.Trace != nil {
			t := GSOTrace{}
			if super {
				t.Size = int(b.GSOSize)
			}
			b.Trace.Add(n, t)
		}
		hw := m.sw[b.TxSwIf].Hw
		if !super || hw.GSO {
			n.SendFeature(b)
			continue
		}
		if !m.segment(n, b, hw.Class.Ethernet) {
			n.Drop(b, gsoErrorUnhandled)
		}
	}
}

// segment sends a TCP super-packet on in segments of at most GSOSize bytes of
// payload and frees it; false says that it is not one.
func (m *Main) segment(n *vlib.Node, b *vlib.Buffer, ethernet bool) bool {
	data := b.Bytes()
	l3, l4, header, ok := tcpLayout(data, ethernet)
	if !ok || b.GSOSize == 0 {
		return false
	}
	size := int(b.GSOSize)
	b.Truncate(header)
	b.Flags &^= vlib.FlagGSO | vlib.FlagOffloadL4Checksum
	for off, k := header, 0; off < len(data); off, k = off+size, k+1 {
		end := min(off+size, len(data))
		s := m.Graph.Clone(b)
		pkt := s.Grow(end - off)
		copy(pkt[header:], data[off:end])
		fixSegment(pkt, l3, l4, off-header, k, end == len(data))
		n.SendFeature(s)
	}
	m.Graph.Free(b)
	return true
}

// fixSegment writes what differs between segments: lengths, the IPv4
// identification, the sequence number, flags (FIN and PSH only on the last,
// CWR only on the first) and checksums.
func fixSegment(pkt []byte, l3, l4, offset, index int, last bool) {
	const fin, psh, cwr = 0x01, 0x08, 0x80
	ip := pkt[l3:]
	if ip[0]>>4 == 4 {
		packet.PutUint16(ip, 2, uint16(len(ip)))
		packet.PutUint16(ip, 4, packet.Uint16(ip, 4)+uint16(index))
		packet.IPv4(ip).UpdateChecksum()
	} else {
		packet.PutUint16(ip, 4, uint16(len(ip)-packet.IPv6Len))
	}
	tcp := pkt[l4:]
	packet.PutUint32(tcp, 4, packet.Uint32(tcp, 4)+uint32(offset))
	if !last {
		tcp[13] &^= fin | psh
	}
	if index > 0 {
		tcp[13] &^= cwr
	}
	src, dst := addressesOf(ip)
	packet.SetTransportChecksum(tcp, src, dst, packet.ProtoTCP)
}

// tcpLayout finds where the IP and TCP headers of a packet start and where its
// payload does, in bytes; ok is false for anything but TCP without IPv6
// extension headers.
func tcpLayout(data []byte, ethernet bool) (l3, l4, payload int, ok bool) {
	l3 = l3Start(data, ethernet)
	if l3 < 0 || l3 >= len(data) {
		return 0, 0, 0, false
	}
	switch ip := data[l3:]; ip[0] >> 4 {
	case 4:
		p := packet.IPv4(ip)
		if p.HeaderLen() < packet.IPv4Len || p.Protocol() != packet.ProtoTCP {
			return 0, 0, 0, false
		}
		l4 = l3 + p.HeaderLen()
	case 6:
		if packet.IPv6(ip).NextHeader() != packet.ProtoTCP {
			return 0, 0, 0, false
		}
		l4 = l3 + packet.IPv6Len
	default:
		return 0, 0, 0, false
	}
	if l4 > len(data) || !packet.TCP(data[l4:]).Valid() {
		return 0, 0, 0, false
	}
	return l3, l4, l4 + packet.TCP(data[l4:]).HeaderLen(), true
}

// l3Start returns where the IP header of a packet starts in bytes: after the
// Ethernet header and its tags, or at 0; -1 when the packet is not IP.
func l3Start(data []byte, ethernet bool) int {
	if !ethernet {
		return 0
	}
	off := 12
	for range 3 {
		switch packet.Uint16(data, off) {
		case packet.EtherTypeIPv4, packet.EtherTypeIPv6:
			return off + 2
		case packet.EtherTypeVLAN, packet.EtherTypeQinQ:
			off += 4
		default:
			return -1
		}
	}
	return -1
}

// finishChecksum fills in the layer 4 checksum that the sender of a packet left
// to the device (vnet_calc_checksums_inline in src/vnet/interface_output.h).
func finishChecksum(b *vlib.Buffer, ethernet bool) {
	data := b.Bytes()
	l3 := l3Start(data, ethernet)
	if l3 < 0 || l3 >= len(data) {
		return
	}
	b.Flags &^= vlib.FlagOffloadL4Checksum
	ip := data[l3:]
	var l4 []byte
	var proto uint8
	switch ip[0] >> 4 {
	case 4:
		l4, proto = packet.IPv4(ip).Payload(), packet.IPv4(ip).Protocol()
	case 6:
		l4, proto = packet.IPv6(ip).Payload(), packet.IPv6(ip).NextHeader()
	}
	if l4 == nil {
		return
	}
	src, dst := addressesOf(ip)
	packet.SetTransportChecksum(l4, src, dst, proto)
}

// addressesOf returns source and destination of an IP packet as in its header.
func addressesOf(ip []byte) (src, dst []byte) {
	if ip[0]>>4 == 4 {
		return ip[12:16], ip[16:20]
	}
	return ip[8:24], ip[24:40]
}

// markSuperPacket notes the segment size of a TCP packet that is larger than
// the far side's MTU: with GSO negotiated, Linux leaves the cutting to the
// device. mtu is in bytes without the Ethernet header.
func markSuperPacket(b *vlib.Buffer, ethernet bool, mtu int) {
	if b.Len() <= mtu {
		return
	}
	l3, _, header, ok := tcpLayout(b.Bytes(), ethernet)
	if !ok || b.Len()-l3 <= mtu || mtu <= header-l3 {
		return
	}
	b.Flags |= vlib.FlagGSO | vlib.FlagOffloadL4Checksum
	b.GSOSize = uint16(mtu - (header - l3))
}
