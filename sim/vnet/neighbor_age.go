package vnet

import (
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// Dynamic neighbours stand in a list by the time of their last confirmation,
// the newest first. Once a second the oldest are looked at while any is past
// its age: it is asked three times, then it goes (ip_neighbour_age_out in
// src/vnet/ip-neighbor/ip_neighbor.c).

// maxProbes is how often a neighbour is asked before it is given up.
const maxProbes = 3

// refreshNeighbor notes that a neighbour was confirmed now.
func (m *Main) refreshNeighbor(n *Neighbor) {
	n.Updated, n.probes = m.now(), 0
	n.Flags &^= neighborStale
	if n.Flags&neighborDynamic == 0 {
		return
	}
	m.unlistNeighbor(n)
	t, p := &m.subsystems.ip.neighbors, fib.ProtoOf(n.Addr)
	n.older, n.listed = t.newest[p], true
	if n.older != nil {
		n.older.newer = n
	}
	t.newest[p] = n
	if t.oldest[p] == nil {
		t.oldest[p] = n
		m.scheduleAgeing(p)
	}
}

// unlistNeighbor takes a neighbour out of the list by age.
func (m *Main) unlistNeighbor(n *Neighbor) {
	if !n.listed {
		return
	}
	t, p := &m.subsystems.ip.neighbors, fib.ProtoOf(n.Addr)
	if n.newer != nil {
		n.newer.older = n.older
	} else {
		t.newest[p] = n.older
	}
	if n.older != nil {
		n.older.newer = n.newer
	} else {
		t.oldest[p] = n.newer
	}
	n.newer, n.older, n.listed = nil, nil, false
}

// scheduleAgeing sets the timer for the oldest neighbour.
func (m *Main) scheduleAgeing(p fib.Proto) {
	t := &m.subsystems.ip.neighbors
	if t.timer[p] != nil {
		t.timer[p].Stop()
		t.timer[p] = nil
	}
	age := time.Duration(m.NeighborConfig(p).Age) * time.Second
	if age == 0 || t.oldest[p] == nil || m.closed {
		return
	}
	wait := age - m.Since(t.oldest[p].Updated) + time.Second
	t.timer[p] = m.AfterFunc(max(wait, time.Second), func() { m.ageNeighbors(p) })
}

// ageNeighbors probes or drops the neighbours that are past their age.
func (m *Main) ageNeighbors(p fib.Proto) {
	t := &m.subsystems.ip.neighbors
	age := time.Duration(m.NeighborConfig(p).Age) * time.Second
	for n := t.oldest[p]; n != nil && age != 0 && m.Since(n.Updated) > age; {
		next := n.newer
		if n.probes >= maxProbes {
			m.destroyNeighbor(n)
		} else {
			n.probes++
			m.probeNeighbor(n.SwIf, n.Addr)
		}
		n = next
	}
	m.scheduleAgeing(p)
}
