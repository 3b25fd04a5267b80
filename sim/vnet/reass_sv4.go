package vnet

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ip4Shallow keeps fragments until the first one of their packet came
// (ip4_sv_reass_inline in src/vnet/ip/reass/ip4_sv_reass.c).
func (m *Main) ip4Shallow(n *vlib.Node, bufs []*vlib.Buffer, place reassPlace) {
	for _, b := range bufs {
		ip := packet.IPv4(ipAt(b, place))
		if ip.IsFragment() {
			m.ip4ShallowFragment(n, b, ip, place)
			continue
		}
		b.L4 = ip4L4(ip)
		m.traceShallow(n, fib.IP4, nil, b, svTracePassthrough)
		reassForward(n, b, place)
	}
	m.armShallow(fib.IP4)
}

func (m *Main) ip4ShallowFragment(n *vlib.Node, b *vlib.Buffer, ip packet.IPv4, place reassPlace) {
	if malformed4(ip) {
		reassDrop(n, b, ip4ErrReassMalformedPacket)
		return
	}
	s := &m.reass.sv[fib.IP4]
	k := reassKey4(ip, m.sw[b.RxSwIf].FibIndex[fib.IP4])
	if b.Trace != nil {
		b.Trace.Add(n, svKeyTrace(&k))
	}
	r := s.find(m, k, func(op svTraceOp) { m.traceShallow(n, fib.IP4, nil, b, op) })
	extended := s.extended > 0 && place != reassPlain && place != reassCustom
	b.L4.NonFirst = ip.FragmentOffset() != 0
	if s.complete(r, extended) {
		r.forward(m, n, fib.IP4, b, place)
		return
	}
	code := m.ip4ShallowUpdate(n, s, r, b, ip, extended)
	switch {
	case code != ip4ErrNone:
		n.Count(code, 1)
		m.traceShallow(n, fib.IP4, r, b, svTraceError)
		s.free(m, r)
	case s.complete(r, extended):
		m.releaseShallow(n, fib.IP4, r, place)
	}
}

// ip4ShallowUpdate keeps a fragment and reads what it tells; the code is
// ip4ErrNone when all is well (ip4_sv_reass_update).
func (m *Main) ip4ShallowUpdate(n *vlib.Node, s *svReassembly, r *svReass, b *vlib.Buffer, ip packet.IPv4, extended bool) uint16 {
	r.cached = append(r.cached, b)
	if ip.FragmentOffset() == 0 {
		r.l4 = ip4L4(ip)
		r.l4.SrcPort, r.l4.DstPort, r.l4.Truncated = ip4Port(ip, true), ip4Port(ip, false), false
		if r.l4.SrcPort == 0 || r.l4.DstPort == 0 {
			return ip4ErrReassUnsuppProto
		}
		r.firstSeen = true
		if extended {
			m.keepFirst(r, b)
		}
		m.traceShallow(n, fib.IP4, r, b, svTraceFirst)
	}
	if !ip.MoreFragments() {
		r.lastSeen = true
		m.traceShallow(n, fib.IP4, r, b, svTraceLast)
	}
	if !s.complete(r, extended) {
		m.traceShallow(n, fib.IP4, r, b, svTraceCached)
		if uint32(len(r.cached)) > s.params.MaxLength {
			return ip4ErrReassFragmentChainTooLong
		}
	}
	return ip4ErrNone
}

// ip4L4 reads what the nodes behind want to know of a whole packet.
func ip4L4(ip packet.IPv4) vlib.L4Info {
	l4 := vlib.L4Info{Proto: ip.Protocol()}
	head := ip.HeaderLen()
	if ip4L4Truncated(ip, head) {
		l4.Truncated = true
		return l4
	}
	switch l4.Proto {
	case packet.ProtoTCP:
		l4.TypeOrFlags = packet.Uint8(ip, head+13)
		l4.Seq, l4.Ack = packet.Uint32(ip, head+4), packet.Uint32(ip, head+8)
	case packet.ProtoICMP:
		l4.TypeOrFlags = packet.Uint8(ip, head)
	}
	l4.SrcPort, l4.DstPort = ip4Port(ip, true), ip4Port(ip, false)
	return l4
}

// ip4L4Truncated tells whether a packet ends in its transport header
// (l4_hdr_truncated).
func ip4L4Truncated(ip packet.IPv4, head int) bool {
	switch ip.Protocol() {
	case packet.ProtoUDP:
		return head+packet.UDPLen > ip.TotalLen()
	case packet.ProtoICMP:
		return head+4 > ip.TotalLen()
	case packet.ProtoTCP:
		return head+int(packet.Uint8(ip, head+12)>>4)*4 > ip.TotalLen()
	}
	return false
}

// ip4Port gives a packet's source or destination port, of ICMP echo its
// identifier, of an ICMP error the other one of the packet that it is about; 0
// for others and behind options (ip4_get_port in src/vnet/ip/ip4_to_ip6.h).
func ip4Port(ip packet.IPv4, sender bool) uint16 {
	if packet.Uint8(ip, 0) != 0x45 || ip.FragmentOffset() != 0 {
		return 0
	}
	switch ip.Protocol() {
	case packet.ProtoTCP, packet.ProtoUDP:
		return portAt(ip[packet.IPv4Len:], sender)
	case packet.ProtoICMP:
		icmp := ip[packet.IPv4Len:]
		if isEcho4(icmp) {
			return packet.Uint16(icmp, 4)
		}
		if ip.TotalLen() < 2*packet.IPv4Len+16 || len(icmp) < packet.IPv4Len+8 || !isICMPError4(packet.Uint8(icmp, 0)) {
			return 0
		}
		inner := packet.IPv4(icmp[8:])
		switch inner.Protocol() {
		case packet.ProtoTCP, packet.ProtoUDP:
			return portAt(inner[packet.IPv4Len:], !sender)
		case packet.ProtoICMP:
			if echo := inner[packet.IPv4Len:]; isEcho4(echo) {
				return packet.Uint16(echo, 4)
			}
		}
	}
	return 0
}

func portAt(l4 []byte, source bool) uint16 {
	if source {
		return packet.Uint16(l4, 0)
	}
	return packet.Uint16(l4, 2)
}

func isEcho4(icmp []byte) bool {
	t := packet.Uint8(icmp, 0)
	return len(icmp) > 0 && (t == packet.ICMPEcho || t == packet.ICMPEchoReply)
}

// isICMPError4 lists the types of ICMP that quote a packet
// (icmp_type_is_error_message).
func isICMPError4(t uint8) bool {
	switch t {
	case 3, 4, 5, 6, 11, 12:
		return true
	}
	return false
}
