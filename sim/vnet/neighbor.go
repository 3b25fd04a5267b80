package vnet

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// NeighborFlags are flags of a neighbour, with the API's numbers
// (ip_neighbor_flags).
type NeighborFlags uint8

// Neighbour flags.
const (
	NeighborStatic     NeighborFlags = 1 << iota // set by the API, never ages
	NeighborNoFIBEntry                           // no host route
	neighborDynamic                              // learned
	neighborStale                                // marked by replace begin
)

// Neighbor is the known link-layer address of an IP address on an interface
// (src/vnet/ip-neighbor/ip_neighbor_types.h).
type Neighbor struct {
	Addr  netip.Addr
	SwIf  uint32
	MAC   packet.MAC
	Flags NeighborFlags
	// Updated is when the neighbour was last confirmed.
	Updated time.Time

	probes uint8
	routed bool // it has a host route
	listed bool // dynamic, in the list by age
	newer  *Neighbor
	older  *Neighbor
}

type neighborKey struct {
	swIf uint32
	addr netip.Addr
}

// NeighborEvent is what watchers of neighbours are told.
type NeighborEvent struct {
	Neighbor Neighbor
	Removed  bool
}

// NeighborConfig is how many dynamic and static neighbours of a protocol there
// may be, and how long a dynamic one stays unconfirmed before it is probed.
type NeighborConfig struct {
	// Limit is the most neighbours, 0 for no limit; Recycle drops the oldest
	// dynamic one to make room.
	Limit   uint32
	Recycle bool
	// Age is in seconds, 0 for no ageing.
	Age uint32
}

// neighborLimit is VPP's limit after start.
const neighborLimit = 50000

// neighborMain is the neighbour database of an instance
// (src/vnet/ip-neighbor/ip_neighbor.c).
type neighborMain struct {
	db       map[neighborKey]*Neighbor
	count    [2]uint32
	on       map[uint32]int    // neighbours by interface
	routed   [2]map[uint32]int // neighbours with host routes by fib_index
	config   [2]NeighborConfig
	set      [2]bool // config was set
	newest   [2]*Neighbor
	oldest   [2]*Neighbor
	timer    [2]*Timer
	watchers []*func(NeighborEvent)
	counters neighborCounters
}

// NeighborConfig returns the limits of a protocol.
func (m *Main) NeighborConfig(p fib.Proto) NeighborConfig {
	n := &m.subsystems.ip.neighbors
	if !n.set[p] {
		return NeighborConfig{Limit: neighborLimit}
	}
	return n.config[p]
}

// SetNeighborConfig sets the limits of a protocol (ip_neighbor_config).
func (m *Main) SetNeighborConfig(p fib.Proto, c NeighborConfig) {
	n := &m.subsystems.ip.neighbors
	n.config[p], n.set[p] = c, true
	m.scheduleAgeing(p)
}

// WatchNeighbors calls fn for each neighbour that is added, updated or removed
// until stop is called.
func (m *Main) WatchNeighbors(fn func(NeighborEvent)) (stop func()) {
	n := &m.subsystems.ip.neighbors
	n.watchers = append(n.watchers, &fn)
	return func() {
		n.watchers = slices.DeleteFunc(slices.Clone(n.watchers), func(w *func(NeighborEvent)) bool { return w == &fn })
	}
}

func (m *Main) publishNeighbor(n *Neighbor, removed bool) {
	for _, w := range m.subsystems.ip.neighbors.watchers {
		(*w)(NeighborEvent{Neighbor: *n, Removed: removed})
	}
}

// neighborLearn records what an ARP or ND packet said of an address, unless
// the neighbour is static or the limit is reached. It may be called while
// packets run.
func (m *Main) neighborLearn(swIf uint32, addr netip.Addr, mac packet.MAC) {
	_ = m.AddNeighbor(swIf, addr, mac, neighborDynamic)
}

// Neighbor returns the neighbour with the address on an interface, nil when it
// is not known.
func (m *Main) Neighbor(swIf uint32, addr netip.Addr) *Neighbor {
	return m.subsystems.ip.neighbors.db[neighborKey{swIf, addr}]
}

// neighborRefused is VPP's -2 for a dynamic update of a static neighbour with
// another address.
const neighborRefused = ErrInvalidSwIfIndex

// AddNeighbor adds or updates a neighbour, dynamic unless flags say static.
// A static one is not overwritten by a dynamic one; ErrLimitExceeded says that
// the limit is reached (ip_neighbor_add).
func (m *Main) AddNeighbor(swIf uint32, addr netip.Addr, mac packet.MAC, flags NeighborFlags) error {
	if m.Interface(swIf) == nil {
		return nil
	}
	if flags&NeighborStatic == 0 {
		flags |= neighborDynamic
	}
	n := m.Neighbor(swIf, addr)
	if n == nil {
		if n = m.newNeighbor(swIf, addr, mac, flags); n == nil {
			return ErrLimitExceeded
		}
		m.refreshNeighbor(n)
		m.publishNeighbor(n, false)
		return nil
	}
	n.Flags &^= neighborStale
	if flags&NeighborStatic == 0 && n.Flags&NeighborStatic != 0 {
		if n.MAC != mac {
			return neighborRefused
		}
		m.publishNeighbor(n, false)
		return nil
	}
	if flags&NeighborStatic != 0 && n.Flags&NeighborStatic == 0 {
		m.unlistNeighbor(n)
		n.Flags = n.Flags&^neighborDynamic | NeighborStatic
	}
	if n.MAC != mac {
		n.MAC = mac
		m.completeNeighbor(n)
	}
	m.refreshNeighbor(n)
	m.publishNeighbor(n, false)
	return nil
}

// newNeighbor makes a neighbour, nil when the limit is reached.
func (m *Main) newNeighbor(swIf uint32, addr netip.Addr, mac packet.MAC, flags NeighborFlags) *Neighbor {
	t, p := &m.subsystems.ip.neighbors, fib.ProtoOf(addr)
	c := m.NeighborConfig(p)
	if c.Limit != 0 && t.count[p] >= c.Limit {
		if !c.Recycle || t.oldest[p] == nil {
			return nil
		}
		m.destroyNeighbor(t.oldest[p])
	}
	if t.db == nil {
		t.db, t.on = map[neighborKey]*Neighbor{}, map[uint32]int{}
	}
	n := &Neighbor{Addr: addr, SwIf: swIf, MAC: mac, Flags: flags}
	t.db[neighborKey{swIf, addr}] = n
	t.count[p]++
	t.on[swIf]++
	// Adjacencies are complete before the host route makes packets use them.
	m.completeNeighbor(n)
	if flags&NeighborNoFIBEntry == 0 {
		m.routeNeighbor(n, m.Interface(swIf).FibIndex[p])
	}
	return n
}

// completeNeighbor gives the neighbour's adjacencies their header.
func (m *Main) completeNeighbor(n *Neighbor) {
	m.FIB.NeighborAdjacencies(fib.ProtoOf(n.Addr), n.Addr, n.SwIf, func(adj uint32) { m.completeAdjacency(adj, n.MAC) })
}

func (m *Main) completeAdjacency(adj uint32, mac packet.MAC) {
	a := m.FIB.Adjacency(adj)
	var header [fib.MaxRewrite]byte
	k := fibInterfaces{m}.BuildRewrite(a.SwIf, a.Link, mac[:], &header)
	m.FIB.SetRewrite(adj, true, header[:k])
}

// routeNeighbor installs the neighbour's host route in a table; link-local ones
// go to the interface's own table (ip_neighbor_adj_fib_add).
func (m *Main) routeNeighbor(n *Neighbor, table uint32) {
	n.routed = true
	p := fib.ProtoOf(n.Addr)
	if p == fib.IP6 && n.Addr.IsLinkLocalUnicast() {
		m.updateLinkLocalEntry(n.SwIf, n.Addr, 0)
		return
	}
	m.FIB.AddPaths(table, netip.PrefixFrom(n.Addr, n.Addr.BitLen()), fib.SourceAdj, fib.EntryAttached, neighborPath(n))
	routed := &m.subsystems.ip.neighbors.routed[p]
	if *routed == nil {
		*routed = map[uint32]int{}
	}
	if (*routed)[table]++; (*routed)[table] == 1 {
		m.FIB.Lock(p, table, fib.SourceAdj)
	}
}

func neighborPath(n *Neighbor) []fib.Path {
	return []fib.Path{{Proto: fib.ProtoOf(n.Addr), NextHop: n.Addr, SwIf: n.SwIf, FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex}}
}

// unrouteNeighbor undoes routeNeighbor.
func (m *Main) unrouteNeighbor(n *Neighbor, table uint32) {
	if !n.routed {
		return
	}
	n.routed = false
	p := fib.ProtoOf(n.Addr)
	if p == fib.IP6 && n.Addr.IsLinkLocalUnicast() {
		m.deleteLinkLocalEntry(n.SwIf, n.Addr)
		return
	}
	m.FIB.RemovePaths(table, netip.PrefixFrom(n.Addr, n.Addr.BitLen()), fib.SourceAdj, neighborPath(n))
	routed := m.subsystems.ip.neighbors.routed[p]
	if routed[table]--; routed[table] == 0 {
		delete(routed, table)
		m.FIB.Unlock(p, table, fib.SourceAdj)
	}
}

// DeleteNeighbor removes a neighbour: ErrNoSuchEntry when it is not known.
func (m *Main) DeleteNeighbor(swIf uint32, addr netip.Addr) error {
	n := m.Neighbor(swIf, addr)
	if n == nil {
		return ErrNoSuchEntry
	}
	m.destroyNeighbor(n)
	return nil
}

func (m *Main) destroyNeighbor(n *Neighbor) {
	t, p := &m.subsystems.ip.neighbors, fib.ProtoOf(n.Addr)
	m.publishNeighbor(n, true)
	m.FIB.NeighborAdjacencies(p, n.Addr, n.SwIf, func(adj uint32) {
		var header [fib.MaxRewrite]byte
		k := fibInterfaces{m}.BuildRewrite(n.SwIf, fib.LinkARP, nil, &header)
		m.FIB.SetRewrite(adj, false, header[:k])
	})
	m.unrouteNeighbor(n, m.Interface(n.SwIf).FibIndex[p])
	m.unlistNeighbor(n)
	delete(t.db, neighborKey{n.SwIf, n.Addr})
	t.count[p]--
	if t.on[n.SwIf]--; t.on[n.SwIf] == 0 {
		delete(t.on, n.SwIf)
	}
}

// Neighbors calls fn for each neighbour of the protocol on the interface, or on
// all interfaces for vlib.InvalidIndex, by interface and address, until fn
// returns false.
func (m *Main) Neighbors(p fib.Proto, swIf uint32, fn func(*Neighbor) bool) {
	t := &m.subsystems.ip.neighbors
	if swIf != vlib.InvalidIndex && t.on[swIf] == 0 {
		return // most interfaces, tunnels for instance, have none
	}
	var list []*Neighbor
	for k, n := range t.db {
		if fib.ProtoOf(k.addr) == p && (swIf == vlib.InvalidIndex || swIf == k.swIf) {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b *Neighbor) int {
		return cmp.Or(cmp.Compare(a.SwIf, b.SwIf), a.Addr.Compare(b.Addr))
	})
	for _, n := range list {
		if !fn(n) {
			return
		}
	}
}

// deleteNeighbors removes those of a protocol and interface that which picks.
func (m *Main) deleteNeighbors(p fib.Proto, swIf uint32, which func(*Neighbor) bool) {
	m.Neighbors(p, swIf, func(n *Neighbor) bool {
		if which(n) {
			m.destroyNeighbor(n)
		}
		return true
	})
}

// FlushNeighbors removes the neighbours of a protocol on an interface, on all
// for vlib.InvalidIndex, static ones included (ip_neighbor_del_all in
// src/vnet/ip-neighbor/ip_neighbor.c).
func (m *Main) FlushNeighbors(p fib.Proto, swIf uint32) { m.flushNeighbors(p, swIf, true) }

// flushNeighbors removes the dynamic neighbours, with static the others too.
func (m *Main) flushNeighbors(p fib.Proto, swIf uint32, static bool) {
	m.deleteNeighbors(p, swIf, func(n *Neighbor) bool { return static || n.Flags&neighborDynamic != 0 })
}

// flushCovered removes the dynamic neighbours in a subnet that an interface no
// longer has.
func (m *Main) flushCovered(p fib.Proto, swIf uint32, prefix netip.Prefix) {
	m.deleteNeighbors(p, swIf, func(n *Neighbor) bool { return n.Flags&neighborDynamic != 0 && prefix.Contains(n.Addr) })
}

// MarkNeighbors and SweepNeighbors bracket a replacement of all neighbours:
// those not added again in between go (ip_neighbor_replace_begin and _end).
func (m *Main) MarkNeighbors() {
	for _, n := range m.subsystems.ip.neighbors.db {
		n.Flags |= neighborStale
	}
}

// SweepNeighbors removes what MarkNeighbors marked and nobody added since.
func (m *Main) SweepNeighbors() {
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		m.deleteNeighbors(p, vlib.InvalidIndex, func(n *Neighbor) bool { return n.Flags&neighborStale != 0 })
	}
}

// neighborsAdmin follows an interface's admin state: neighbours learned on one
// that goes down are forgotten.
func (m *Main) neighborsAdmin(i *Interface) {
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		if !i.AdminUp {
			m.flushNeighbors(p, i.SwIfIndex, false)
			continue
		}
		m.Neighbors(p, i.SwIfIndex, func(n *Neighbor) bool { m.completeNeighbor(n); return true })
	}
}

// moveNeighbors moves host routes to the table an interface is bound to.
func (m *Main) moveNeighbors(p fib.Proto, swIf, from, to uint32) {
	m.Neighbors(p, swIf, func(n *Neighbor) bool {
		if n.routed {
			m.unrouteNeighbor(n, from)
			m.routeNeighbor(n, to)
		}
		return true
	})
}

// FlagText is the neighbour's flags as VPP shows them: S static, D dynamic, N
// without a host route.
func (n *Neighbor) FlagText() string {
	text := ""
	if n.Flags&NeighborStatic != 0 {
		text += "S"
	}
	if n.Flags&neighborDynamic != 0 {
		text += "D"
	}
	if n.Flags&NeighborNoFIBEntry != 0 {
		text += "N"
	}
	return text
}
