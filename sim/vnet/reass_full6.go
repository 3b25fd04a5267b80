package vnet

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ip6FullReass keeps fragments until their packet is whole
// (ip6_full_reassembly_inline in src/vnet/ip/reass/ip6_full_reass.c). On the
// feature arc a fragment that it refuses without an error of its own goes on, so
// that the local node answers it.
func (m *Main) ip6FullReass(n *vlib.Node, bufs []*vlib.Buffer, place reassPlace) {
	for _, b := range bufs {
		var chain ip6ExtChain
		at, ok := chain.fragment(b.Bytes())
		switch {
		case !ok:
			n.Count(ip6ErrReassNoFragHdr, 1)
			m.traceFull(n, fib.IP6, nil, &reassRange{b: b}, reassTracePassthrough)
			reass6Refuse(n, b, place, reassNextDrop)
		case place == reassLocal && m.reass.localOff[fib.IP6]:
			n.Enqueue(b, reassNextDrop)
		default:
			m.ip6FullFragment(n, b, &chain, at, place)
		}
	}
	m.armFull(fib.IP6)
}

// reass6Refuse passes on what is not kept.
func reass6Refuse(n *vlib.Node, b *vlib.Buffer, place reassPlace, next uint16) {
	if place == reassFeature {
		n.SendFeature(b)
		return
	}
	n.Enqueue(b, next)
}

// fragmentField and fragmentID read the fragment header at off.
func fragmentField(p []byte, off int) (first uint32, more bool) {
	f := packet.Uint16(p, off+2)
	return uint32(f &^ 7), f&1 != 0
}

func fragmentID(p []byte, off int) uint32 { return packet.Uint32(p, off+4) }

// ip6BadFragment checks a fragment and sets the ICMP error that answers a wrong
// one (ip6_full_reass_verify_*): a chain of headers that is cut, a length that is
// no multiple of 8, a packet of more than 65535 bytes.
func ip6BadFragment(b *vlib.Buffer, p []byte, chain *ip6ExtChain, off int) (bad, upper bool) {
	first, more := fragmentField(p, off)
	size := uint32(len(p) - off - packet.IPv6FragmentLen)
	switch {
	case first == 0 && isIP6Ext(chain.last()):
		setICMPError(b, packet.ICMPv6ParameterProb, 3, 0)
		return true, true
	case more && size%8 != 0:
		setICMPError(b, packet.ICMPv6ParameterProb, 0, 4)
		return true, false
	case first+size > 65535:
		setICMPError(b, packet.ICMPv6ParameterProb, 0, uint32(off+2))
		return true, false
	}
	return false, false
}

func (m *Main) ip6FullFragment(n *vlib.Node, b *vlib.Buffer, chain *ip6ExtChain, off int, place reassPlace) {
	n.Count(ip6ErrReassFragmentsRcvd, 1)
	if bad, upper := ip6BadFragment(b, b.Bytes(), chain, off); bad {
		code := ip6ErrReassInvalidFragSize
		if upper {
			code = ip6ErrReassMissingUpper
		}
		n.SetError(b, code)
		reass6Refuse(n, b, place, reass6NextICMPError)
		return
	}
	f := &m.reass.full[fib.IP6]
	p := packet.IPv6(b.Bytes())
	first, more := fragmentField(p, off)
	k := reassKey{src: p.Src(), dst: p.Dst(), fib: m.lookupTable(b, fib.IP6), id: fragmentID(p, off)}
	var icmp *vlib.Buffer
	r := f.find(k, first == 0 && !more, m.Now(), func(old *fullReass) {
		n.Count(ip6ErrReassTimeout, 1)
		icmp = m.expireFirst6(n, old)
		m.dropAll(old)
	})
	if r == nil {
		reassDrop(n, b, ip6ErrReassLimitReached)
	} else {
		m.ip6FullAdd(n, f, r, b, off, place)
	}
	if icmp != nil {
		n.Enqueue(icmp, reass6NextICMPError)
	}
}

// ip6FullAdd adds a fragment and acts on what comes of it.
func (m *Main) ip6FullAdd(n *vlib.Node, f *fullReassembly, r *fullReass, b *vlib.Buffer, off int, place reassPlace) {
	code := ip6ErrReassInternalError
	kept := true // the fragment is among the reassembly's
	switch m.ip6FullUpdate(n, f, r, b, off) {
	case reassKept:
		return
	case reassWhole:
		whole := r.ranges[0].b
		f.remove(r)
		reassForward(n, whole, place)
		return
	case reassDuplicate:
		reassDrop(n, b, ip6ErrReassDuplicateFragment)
		return
	case reassTooMany:
		code = ip6ErrReassFragmentChainTooLong
	case reassOverlap:
		code, kept = ip6ErrReassOverlappingFragment, false
	case reassBadLen:
		code, kept = ip6ErrReassInvalidFragLen, false
	}
	m.dropAll(r)
	f.remove(r)
	if kept {
		n.Count(code, 1)
		return
	}
	reassDrop(n, b, code)
}

// ip6FullUpdate adds a fragment (ip6_full_reass_update): RFC 8200 allows no
// overlaps.
func (m *Main) ip6FullUpdate(n *vlib.Node, f *fullReassembly, r *fullReass, b *vlib.Buffer, off int) reassResult {
	p := b.Bytes()
	first, more := fragmentField(p, off)
	size := uint32(len(p) - off - packet.IPv6FragmentLen)
	if size == 0 {
		return reassBadLen
	}
	g := reassRange{b: b, bi: f.seen, fragFirst: first, fragLast: first + size - 1, first: first,
		last: first + size - 1, head: off + packet.IPv6FragmentLen}
	f.seen++
	if !more {
		r.lastOctet = g.last
	}
	if len(r.ranges) == 0 {
		r.fragments = 1
	}
	consumed, ok := r.ip6Place(&g)
	switch {
	case !ok:
		m.traceFull(n, fib.IP6, r, &g, reassTraceOverlap)
		return reassOverlap
	case consumed:
		r.fragments++
		m.traceFull(n, fib.IP6, r, &g, reassTraceNew)
	}
	switch {
	case r.complete():
		return m.ip6Finish(n, r, b, consumed)
	case !consumed:
		return reassDuplicate
	case r.fragments > f.params.MaxLength:
		return reassTooMany
	}
	return reassKept
}

// ip6Place finds where a fragment belongs; ok is false when it overlaps others,
// and consumed when it is one that came before.
func (r *fullReass) ip6Place(g *reassRange) (consumed, ok bool) {
	for c := range r.ranges {
		q := &r.ranges[c]
		switch {
		case g.first > q.last:
			continue
		case g.last < q.first:
			r.insert(c, *g)
			return true, true
		}
		return false, g.first == q.first && g.last == q.last
	}
	r.insert(len(r.ranges), *g)
	return true, true
}

// ip6Finish makes the whole packet: the fragment header goes, and the header
// before it says what follows (ip6_full_reass_finalize).
func (m *Main) ip6Finish(n *vlib.Node, r *fullReass, b *vlib.Buffer, consumed bool) reassResult {
	if !consumed {
		m.Graph.Free(b)
	}
	off := r.ranges[0].head - packet.IPv6FragmentLen
	whole := m.join(r)
	if whole == nil {
		return reassBroken
	}
	var chain ip6ExtChain
	if at, ok := chain.fragment(whole.Bytes()); !ok || at != off {
		return reassBroken
	}
	p := packet.IPv6(whole.Bytes())
	p[chain.announces(off)] = p[off]
	copy(p[off:], p[off+packet.IPv6FragmentLen:])
	whole.Truncate(len(p) - packet.IPv6FragmentLen)
	p = packet.IPv6(whole.Bytes())
	p.SetPayloadLen(len(p) - packet.IPv6Len)
	m.traceFull(n, fib.IP6, r, &r.ranges[0], reassTraceFinalize)
	n.Count(ip6ErrReassSuccess, 1)
	n.Count(ip6ErrReassFragmentsReassembled, uint64(r.fragments))
	return reassWhole
}

// expireFirst6 takes the first fragment off a reassembly that is past its time
// and readies it for the ICMP error that says so; nil when it did not come
// (ip6_full_reass_on_timeout).
func (m *Main) expireFirst6(n *vlib.Node, r *fullReass) *vlib.Buffer {
	if len(r.ranges) == 0 || r.ranges[0].fragFirst != 0 {
		return nil
	}
	m.traceFull(n, fib.IP6, r, &r.ranges[0], reassTraceExpired)
	b := r.ranges[0].b
	r.ranges = r.ranges[1:]
	setICMPError(b, packet.ICMPv6TimeExceeded, 1, 0)
	return b
}
