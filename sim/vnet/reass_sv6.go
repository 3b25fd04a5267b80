package vnet

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ip6Shallow keeps fragments until the first one of their packet came
// (ip6_sv_reassembly_inline in src/vnet/ip/reass/ip6_sv_reass.c).
func (m *Main) ip6Shallow(n *vlib.Node, bufs []*vlib.Buffer, place reassPlace) {
	for _, b := range bufs {
		p := ipAt(b, place)
		var chain ip6ExtChain
		off, ok := chain.fragment(p)
		if ok {
			first, more := fragmentField(p, off)
			ok = first != 0 || more
		}
		if ok {
			m.ip6ShallowFragment(n, b, p, &chain, off, place)
			continue
		}
		l4, ok := ip6L4(p)
		if !ok {
			reassDrop(n, b, ip6ErrReassUnsuppProto)
			continue
		}
		b.L4 = l4
		m.traceShallow(n, fib.IP6, nil, b, svTracePassthrough)
		reassForward(n, b, place)
	}
	m.armShallow(fib.IP6)
}

func (m *Main) ip6ShallowFragment(n *vlib.Node, b *vlib.Buffer, p []byte, chain *ip6ExtChain, off int, place reassPlace) {
	if bad, upper := ip6BadFragment(b, p, chain, off); bad {
		code := ip6ErrReassInvalidFragLen
		if upper {
			code = ip6ErrReassMissingUpper
		}
		n.SetError(b, code)
		n.Enqueue(b, reass6NextICMPError)
		return
	}
	s := &m.reass.sv[fib.IP6]
	ip := packet.IPv6(p)
	k := reassKey{src: ip.Src(), dst: ip.Dst(), fib: m.sw[b.RxSwIf].FibIndex[fib.IP6], id: fragmentID(p, off),
		proto: ip.NextHeader()}
	r := s.find(m, k, func(svTraceOp) {})
	extended := s.extended > 0 && place != reassPlain && place != reassCustom
	first, _ := fragmentField(p, off)
	b.L4.NonFirst = first != 0
	if s.complete(r, extended) {
		r.forward(m, n, fib.IP6, b, place)
		return
	}
	code := m.ip6ShallowUpdate(n, s, r, b, p, off, extended)
	switch {
	case code != ip6ErrNone:
		n.Count(code, 1)
		s.free(m, r)
	case s.complete(r, extended):
		m.releaseShallow(n, fib.IP6, r, place)
	}
}

// ip6ShallowUpdate keeps a fragment and reads what it tells; the code is
// ip6ErrNone when all is well (ip6_sv_reass_update).
func (m *Main) ip6ShallowUpdate(n *vlib.Node, s *svReassembly, r *svReass, b *vlib.Buffer, p []byte, off int, extended bool) uint16 {
	r.cached = append(r.cached, b)
	if len(p) == off+packet.IPv6FragmentLen {
		return ip6ErrReassInvalidFragLen
	}
	first, more := fragmentField(p, off)
	if first == 0 {
		l4, ok := ip6L4(p)
		if !ok {
			return ip6ErrReassUnsuppProto
		}
		r.l4, r.firstSeen = l4, true
		if extended {
			m.keepFirst(r, b)
		}
		m.traceShallow(n, fib.IP6, r, b, svTraceFirst)
	}
	if !more {
		r.lastSeen = true
		m.traceShallow(n, fib.IP6, r, b, svTraceLast)
	}
	if !s.complete(r, extended) {
		m.traceShallow(n, fib.IP6, r, b, svTraceCached)
		if uint32(len(r.cached)) > s.params.MaxLength {
			return ip6ErrReassFragmentChainTooLong
		}
	}
	return ip6ErrNone
}

// ip6L4 reads what the nodes behind want to know of a packet or first fragment;
// false says that its headers are cut short or that it is a later fragment
// (ip6_get_port in src/vnet/ip/ip6_to_ip4.h).
func ip6L4(p []byte) (l4 vlib.L4Info, ok bool) {
	proto, l4off, ok := ip6Upper(p)
	if !ok {
		return l4, false
	}
	l4.Proto = proto
	t := p[min(l4off, len(p)):]
	switch proto {
	case packet.ProtoTCP:
		if len(t) < packet.TCPLen {
			return l4, false
		}
		l4.TypeOrFlags, l4.Seq, l4.Ack = t[13], packet.Uint32(t, 4), packet.Uint32(t, 8)
		l4.SrcPort, l4.DstPort = portAt(t, true), portAt(t, false)
	case packet.ProtoUDP:
		if len(t) < packet.UDPLen {
			return l4, false
		}
		l4.SrcPort, l4.DstPort = portAt(t, true), portAt(t, false)
	case packet.ProtoICMPv6:
		if len(t) < 4 {
			return l4, false
		}
		l4.TypeOrFlags = t[0]
		switch {
		case isEcho6(t[0]):
			l4.SrcPort = packet.Uint16(t, 4)
			l4.DstPort = l4.SrcPort
		case packet.IPv6(p).PayloadLen() >= 64 && t[0] >= 1 && t[0] <= 4:
			return l4, ip6InnerPorts(t, &l4)
		}
	}
	return l4, true
}

// ip6InnerPorts reads the ports of the packet that an ICMP error is about, the
// other way round.
func ip6InnerPorts(icmp []byte, l4 *vlib.L4Info) bool {
	if len(icmp) < 8+packet.IPv6Len {
		return false
	}
	inner := icmp[8:]
	proto, off, ok := ip6Upper(inner)
	if !ok {
		return false
	}
	t := inner[min(off, len(inner)):]
	switch proto {
	case packet.ProtoTCP, packet.ProtoUDP:
		l4.SrcPort, l4.DstPort = portAt(t, false), portAt(t, true)
	case packet.ProtoICMPv6:
		if len(t) > 0 && isEcho6(t[0]) {
			l4.SrcPort = packet.Uint16(t, 4)
			l4.DstPort = l4.SrcPort
		}
	}
	return true
}

func isEcho6(t uint8) bool { return t == packet.ICMPv6Echo || t == packet.ICMPv6EchoReply }

// ip6Upper finds the last header that VPP's walk reaches; false for a later
// fragment and a header cut short.
func ip6Upper(p []byte) (proto uint8, off int, ok bool) {
	var chain ip6ExtChain
	if !chain.walk(p) {
		return 0, 0, false
	}
	for i := range chain.n {
		if chain.proto[i] == packet.ProtoFragment {
			if first, _ := fragmentField(p, chain.off[i]); first != 0 {
				return 0, 0, false
			}
		}
	}
	return chain.last(), chain.off[chain.n-1], true
}
