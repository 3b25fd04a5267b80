package vnet

import (
	"strconv"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Error counters of l2-learn (foreach_l2learn_error in src/vnet/l2/l2_learn.c).
const (
	l2LearnPackets uint16 = iota
	l2LearnMiss
	l2LearnMove
	l2LearnViolation
	l2LearnLimited
	l2LearnHit
	l2LearnFilter
)

func (m *Main) addL2LearnNode() {
	m.Graph.MustAdd(vlib.Registration{Name: "l2-learn", Func: m.l2LearnNode,
		Nexts: withFeatures(l2InNodes[:], "l2-fwd", "error-drop"),
		Errors: plainErrors("L2 learn packets", "L2 learn misses", "L2 mac moves", "L2 mac move violations",
			"L2 not learned due to limit", "L2 learn hit updates", "L2 filter mac drops")})
}

// l2LearnNode notes behind which interface a source address is. All of a vector
// is learned before any of it is forwarded.
func (m *Main) l2LearnNode(n *vlib.Node, bufs []*vlib.Buffer) {
	f := &m.l2.fib
	minute := m.L2Minute()
	updates := 0
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newL2Trace("l2-learn:", b.RxSwIf, b, " bd_index "+strconv.Itoa(int(b.L2.BD))))
		}
		k := makeMACKey(b.Bytes()[6:12], b.L2.BD)
		e := f.table.get(k)
		if e.swIf() == b.RxSwIf && e != macNone {
			if e.seq() != b.L2.Seq || e.minute() != minute && b.L2.Age != 0 {
				m.l2Refresh(n, b, k, e, minute, &updates)
			}
		} else if drop := m.l2LearnNew(n, b, k, e, minute); drop != l2LearnPackets {
			n.Drop(b, drop)
			continue
		}
		m.l2Next(n, b, L2InLearn)
	}
	n.Count(l2LearnPackets, uint64(len(bufs)))
}

// l2Refresh notes that a known address was seen, a few times a vector.
func (m *Main) l2Refresh(n *vlib.Node, b *vlib.Buffer, k macKey, e macEntry, minute uint8, updates *int) {
	f, d := &m.l2.fib, m.l2.domains[b.L2.BD]
	if e.is(macAgeNot) || f.learned > f.limit || d.LearnCount > d.LearnLimit {
		return
	}
	if *updates > 2 && minute-e.minute() == 1 && e.seq() == b.L2.Seq {
		return
	}
	n.Count(l2LearnHit, 1)
	*updates++
	f.table.set(k, makeMACEntry(e.swIf(), e.flags(), minute, b.L2.Seq))
}

// l2LearnNew learns an address or that it moved, and returns the reason to drop
// the packet, l2LearnPackets for none (l2learn_process).
func (m *Main) l2LearnNew(n *vlib.Node, b *vlib.Buffer, k macKey, e macEntry, minute uint8) uint16 {
	f, d := &m.l2.fib, m.l2.domains[b.L2.BD]
	flags := uint8(0)
	switch {
	case e == macNone:
		n.Count(l2LearnMiss, 1)
		if f.learned >= f.limit || d.LearnCount >= d.LearnLimit {
			n.Count(l2LearnLimited, 1)
			return l2LearnPackets
		}
		if k>>16 == 0 {
			return l2LearnPackets
		}
		f.learned++
		d.LearnCount++
		if f.client.pid != 0 {
			flags = macLearnEvent
		}
	case e.is(macFilter):
		return l2LearnFilter
	case e.is(macStatic):
		return l2LearnViolation
	default:
		flags = e.flags() &^ (macLearnEvent | macLearnMove)
		if e.is(macAgeNot) {
			f.learned++
			d.LearnCount++
			flags &^= macAgeNot
		}
		if f.client.pid != 0 {
			flags |= macLearnEvent | macLearnMove
		}
		n.Count(l2LearnMove, 1)
	}
	f.table.set(k, makeMACEntry(b.RxSwIf, flags, minute, b.L2.Seq))
	if flags&macLearnEvent != 0 {
		m.l2EventDue()
	}
	return l2LearnPackets
}
