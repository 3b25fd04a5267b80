package vnet

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// TEIBEntry says behind which address of the underlay a peer on a multipoint
// tunnel is (src/vnet/teib).
type TEIBEntry struct {
	// Index is the entry's number.
	Index uint32
	// SwIfIndex and Peer are the tunnel's interface and an address on it.
	SwIfIndex uint32
	Peer      netip.Addr
	// NextHop is the peer's address in the underlay, in the table with fib_index
	// Fib.
	NextHop netip.Addr
	Fib     uint32
}

type teibKey struct {
	swIf uint32
	peer netip.Addr
}

// teibMain holds the entries.
type teibMain struct {
	pool  slots[*TEIBEntry]
	byKey map[teibKey]*TEIBEntry
}

func (t *teibMain) find(swIf uint32, peer netip.Addr) *TEIBEntry { return t.byKey[teibKey{swIf, peer}] }

// walk calls fn for the entries of an interface by index.
func (t *teibMain) walk(swIf uint32, fn func(*TEIBEntry)) {
	for _, e := range t.pool.used() {
		if e.SwIfIndex == swIf {
			fn(e)
		}
	}
}

// TEIB returns the entries by index.
func (m *Main) TEIB() []*TEIBEntry { return m.teib.pool.used() }

// AddTEIB adds an entry: the peer becomes reachable on the tunnel
// (teib_entry_add). Its error is ErrEntryAlreadyExists.
func (m *Main) AddTEIB(swIf uint32, peer, nextHop netip.Addr, fibIndex uint32) error {
	if m.teib.find(swIf, peer) != nil {
		return ErrEntryAlreadyExists
	}
	e := &TEIBEntry{SwIfIndex: swIf, Peer: peer, NextHop: nextHop, Fib: fibIndex}
	e.Index = m.teib.pool.add(e)
	if m.teib.byKey == nil {
		m.teib.byKey = map[teibKey]*TEIBEntry{}
	}
	m.teib.byKey[teibKey{swIf, peer}] = e
	m.teibRoute(e, m.sw[swIf].FibIndex[fib.ProtoOf(peer)], true)
	m.ipipTEIBChanged(e, true)
	m.greTEIBChanged(e, true)
	return nil
}

// DeleteTEIB removes an entry (teib_entry_del); its error is ErrNoSuchEntry.
func (m *Main) DeleteTEIB(swIf uint32, peer netip.Addr) error {
	e := m.teib.find(swIf, peer)
	if e == nil {
		return ErrNoSuchEntry
	}
	m.teibRoute(e, m.sw[swIf].FibIndex[fib.ProtoOf(peer)], false)
	delete(m.teib.byKey, teibKey{swIf, peer})
	m.teib.pool.remove(e.Index)
	m.ipipTEIBChanged(e, false)
	m.greTEIBChanged(e, false)
	return nil
}

// teibRoute adds or removes the host route of a peer in a table
// (teib_adj_fib_add).
func (m *Main) teibRoute(e *TEIBEntry, table uint32, add bool) {
	if e.Peer.IsLinkLocalUnicast() {
		return
	}
	p := fib.ProtoOf(e.Peer)
	pfx := netip.PrefixFrom(e.Peer, e.Peer.BitLen())
	paths := []fib.Path{{Proto: p, NextHop: e.Peer, SwIf: e.SwIfIndex, FibIndex: fib.InvalidIndex, Weight: 1}}
	if add {
		m.FIB.AddPaths(table, pfx, fib.SourceAdj, fib.EntryAttached, paths)
	} else {
		m.FIB.RemovePaths(table, pfx, fib.SourceAdj, paths)
	}
}

// teibTableBound moves the routes of an interface's peers to its new table
// (teib_walk_table_bind).
func (m *Main) teibTableBound(swIf uint32, p fib.Proto, old, index uint32) {
	m.teib.walk(swIf, func(e *TEIBEntry) {
		if fib.ProtoOf(e.Peer) == p {
			m.teibRoute(e, old, false)
			m.teibRoute(e, index, true)
		}
	})
}

// teibWatchInterface forgets the entries of an interface that is deleted.
func (m *Main) teibWatchInterface(ev InterfaceEvent, i *Interface) {
	if ev == InterfaceDeleted {
		m.teib.walk(i.SwIfIndex, func(e *TEIBEntry) { _ = m.DeleteTEIB(i.SwIfIndex, e.Peer) })
	}
}
