package vnet

import (
	"slices"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ip4FullReass keeps fragments until their packet is whole
// (ip4_full_reass_inline in src/vnet/ip/reass/ip4_full_reass.c).
func (m *Main) ip4FullReass(n *vlib.Node, bufs []*vlib.Buffer, place reassPlace) {
	for _, b := range bufs {
		ip := packet.IPv4(b.Bytes())
		switch {
		case !ip.IsFragment():
			m.traceFull(n, fib.IP4, nil, &reassRange{b: b}, reassTracePassthrough)
			reassForward(n, b, place)
		case place == reassLocal && m.reass.localOff[fib.IP4]:
			n.Enqueue(b, reassNextDrop)
		default:
			m.ip4FullFragment(n, b, ip, place)
		}
	}
	m.armFull(fib.IP4)
}

// reassForward passes a whole packet on.
func reassForward(n *vlib.Node, b *vlib.Buffer, place reassPlace) {
	switch place {
	case reassFeature, reassOutput:
		n.SendFeature(b)
	case reassCustom:
		n.Enqueue(b, uint16(b.Opaque[0]))
	default:
		n.Enqueue(b, reassNextInput)
	}
}

// reassDrop counts and drops a packet where the protocol's drops end.
func reassDrop(n *vlib.Node, b *vlib.Buffer, code uint16) {
	n.SetError(b, code)
	n.Enqueue(b, reassNextDrop)
}

func (m *Main) ip4FullFragment(n *vlib.Node, b *vlib.Buffer, ip packet.IPv4, place reassPlace) {
	n.Count(ip4ErrReassFragmentsRcvd, 1)
	if malformed4(ip) {
		reassDrop(n, b, ip4ErrReassMalformedPacket)
		return
	}
	f := &m.reass.full[fib.IP4]
	r := f.find(reassKey4(ip, m.lookupTable(b, fib.IP4)), false, m.Now(), func(old *fullReass) {
		n.Count(ip4ErrReassTimeout, 1)
		m.dropAll(old)
	})
	if r == nil {
		reassDrop(n, b, ip4ErrReassLimitReached)
		return
	}
	switch m.ip4FullUpdate(n, f, r, b, ip) {
	case reassWhole:
		whole := r.ranges[0].b
		f.remove(r)
		reassForward(n, whole, place)
	case reassDuplicate:
		reassDrop(n, b, ip4ErrReassDuplicateFragment)
	case reassTooMany:
		m.giveUp4(n, f, r, ip4ErrReassFragmentChainTooLong)
	case reassBroken:
		m.giveUp4(n, f, r, ip4ErrReassInternalError)
	}
}

func (m *Main) giveUp4(n *vlib.Node, f *fullReassembly, r *fullReass, code uint16) {
	n.Count(code, 1)
	m.dropAll(r)
	f.remove(r)
}

// ip4FullUpdate adds a fragment (ip4_full_reass_update). The first one is not
// looked at for being the whole packet.
func (m *Main) ip4FullUpdate(n *vlib.Node, f *fullReassembly, r *fullReass, b *vlib.Buffer, ip packet.IPv4) reassResult {
	first := uint32(ip.FragmentOffset())
	last := first + uint32(ip.TotalLen()-ip.HeaderLen()) - 1
	g := reassRange{b: b, bi: f.seen, fragFirst: first, fragLast: last, first: first, last: last, head: ip.HeaderLen()}
	f.seen++
	if !ip.MoreFragments() {
		r.lastOctet = last
	}
	if len(r.ranges) == 0 {
		r.insert(0, g)
		r.fragments = 1
		m.traceFull(n, fib.IP4, r, &g, reassTraceNew)
		return reassKept
	}
	consumed := m.ip4Place(n, r, &g)
	if consumed {
		r.fragments++
		m.traceFull(n, fib.IP4, r, &g, reassTraceNew)
	}
	switch {
	case r.complete():
		return m.ip4Finish(n, r, b, consumed)
	case !consumed:
		return reassDuplicate
	case r.fragments > f.params.MaxLength:
		return reassTooMany
	}
	return reassKept
}

// ip4Finish makes the whole packet; a fragment that was not used is freed.
func (m *Main) ip4Finish(n *vlib.Node, r *fullReass, b *vlib.Buffer, consumed bool) reassResult {
	if !consumed {
		m.Graph.Free(b)
	}
	whole := m.join(r)
	if whole == nil {
		return reassBroken
	}
	ip := packet.IPv4(whole.Bytes())
	packet.PutUint16(ip, 6, 0)
	packet.PutUint16(ip, 2, uint16(len(ip)))
	ip.UpdateChecksum()
	m.traceFull(n, fib.IP4, r, &r.ranges[0], reassTraceFinalize)
	n.Count(ip4ErrReassSuccess, 1)
	n.Count(ip4ErrReassFragmentsReassembled, uint64(r.fragments))
	return reassWhole
}

// ip4Place finds where a fragment belongs among those that came before. What
// came before gives way at its front, the new one at its own; a fragment that
// brings nothing new is not taken.
func (m *Main) ip4Place(n *vlib.Node, r *fullReass, g *reassRange) (consumed bool) {
	for c := 0; c < len(r.ranges); {
		q := &r.ranges[c]
		switch {
		case g.fragFirst > q.last:
			if c++; c == len(r.ranges) {
				r.insert(c, *g)
				return true
			}
			continue
		case g.fragLast < q.first:
			r.insert(c, *g)
			return true
		case g.fragFirst >= q.first && g.fragLast <= q.last:
			m.traceFull(n, fib.IP4, r, g, reassTraceOverlap)
			return false
		case g.fragFirst < q.first && g.fragLast-q.first+1 < q.size():
			overlap := g.fragLast - q.first + 1
			q.first += overlap
			r.dataLen -= overlap
			m.traceFull(n, fib.IP4, r, q, reassTraceShrink)
			r.insert(c, *g)
			return true
		case g.fragFirst >= q.first && q.last-g.fragFirst+1 < q.size():
			g.first += q.last - g.fragFirst + 1
			if c++; c == len(r.ranges) {
				r.insert(c, *g)
				return true
			}
			continue
		}
		r.dataLen -= q.size()
		m.traceFull(n, fib.IP4, r, q, reassTraceDiscard)
		m.Graph.Free(q.b)
		r.ranges = slices.Delete(r.ranges, c, c+1)
		if c == len(r.ranges) {
			r.insert(c, *g)
			return true
		}
	}
	return false
}
