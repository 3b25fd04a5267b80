package vnet

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// PathMTU is the configured MTU of the path to an address
// (src/vnet/ip/ip_path_mtu.c).
type PathMTU struct {
	// Index is the entry's number.
	Index uint32
	// Addr is the address in the table with fib_index Fib.
	Addr netip.Addr
	Fib  uint32
	// MTU is what was asked for, in bytes.
	MTU uint16
	// Attached says that the address is a neighbour's, so that adjacencies obey.
	Attached bool

	stale   bool
	tracker *fib.Tracker
}

type pmtuKey struct {
	addr netip.Addr
	fib  uint32
}

// pmtuMain holds the configured path MTUs.
type pmtuMain struct {
	pool  slots[*PathMTU]
	byKey map[pmtuKey]*PathMTU
}

// startPathMTU lets adjacencies ask for path MTUs.
func (m *Main) startPathMTU() {
	m.pmtu.byKey = map[pmtuKey]*PathMTU{}
	m.FIB.PathMTU = func(p fib.Proto, nextHop netip.Addr, swIf uint32) uint16 {
		if len(m.pmtu.byKey) == 0 {
			return 0
		}
		i := m.Interface(swIf)
		if i == nil {
			return 0
		}
		if e := m.pmtu.byKey[pmtuKey{nextHop, i.FibIndex[p]}]; e != nil {
			return e.MTU
		}
		return 0
	}
}

// PathMTUs returns the configured path MTUs by index.
func (m *Main) PathMTUs() []*PathMTU { return m.pmtu.pool.used() }

// SetPathMTU configures the MTU in bytes of the path to an address; 0 and 65535
// remove it (ip_path_mtu_update). Adjacencies of the neighbour with this address
// take at most that much. For an address that is not a neighbour's only the
// setting is kept.
func (m *Main) SetPathMTU(addr netip.Addr, table uint32, mtu uint16) {
	k := pmtuKey{addr, table}
	e := m.pmtu.byKey[k]
	switch {
	case mtu == 0 || mtu == 0xffff:
		if e == nil {
			return
		}
		delete(m.pmtu.byKey, k)
		m.pmtu.pool.remove(e.Index)
		e.tracker.Release()
	case e == nil:
		e = &PathMTU{Addr: addr, Fib: table, MTU: mtu}
		e.Index = m.pmtu.pool.add(e)
		m.pmtu.byKey[k] = e
		e.tracker = m.FIB.Track(table, addr, func(fib.DPO) { m.attachPathMTU(e) })
		m.attachPathMTU(e)
	default:
		e.MTU, e.stale = mtu, false
	}
	m.FIB.RefreshMTU(addr)
}

// attachPathMTU notes whether the address is reached without a router
// (ip_mtu_fib_entry_is_attached).
func (m *Main) attachPathMTU(e *PathMTU) {
	host := netip.PrefixFrom(e.Addr, e.Addr.BitLen())
	e.Attached = false
	if r, ok := m.FIB.Find(e.Fib, host); ok && r.Flags&fib.EntryAttached != 0 {
		e.Attached = true
		return
	}
	for bits := e.Addr.BitLen() - 1; bits >= 0; bits-- {
		if r, ok := m.FIB.Find(e.Fib, netip.PrefixFrom(e.Addr, bits).Masked()); ok {
			e.Attached = r.Flags&fib.EntryAttached != 0
			return
		}
	}
}

// BeginPathMTUs marks every path MTU, EndPathMTUs removes those that were not
// set since (ip_path_mtu_replace_begin, ip_path_mtu_replace_end).
func (m *Main) BeginPathMTUs() {
	for _, e := range m.PathMTUs() {
		e.stale = true
	}
}

// EndPathMTUs ends what BeginPathMTUs began.
func (m *Main) EndPathMTUs() {
	for _, e := range m.PathMTUs() {
		if e.stale {
			m.SetPathMTU(e.Addr, e.Fib, 0)
		}
	}
}
