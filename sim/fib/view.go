package fib

import "net/netip"

// Route is an entry as seen from outside.
type Route struct {
	// Index identifies the entry while it exists.
	Index  uint32
	Prefix netip.Prefix
	// Given is the prefix's address as it was first given, with host bits.
	Given netip.Addr
	// Table is the table it is in.
	Table *Table
	// Source is the source that forwards.
	Source Source
	Flags  EntryFlags
	// LoadBalance is the index of its load-balance, InvalidIndex when it does
	// not forward.
	LoadBalance uint32
}

// Route returns an entry by index.
func (f *FIB) Route(i uint32) Route {
	e := f.entries.At(i)
	r := Route{Index: i, Prefix: e.prefix, Given: e.given, Table: e.table, Flags: e.flags(), LoadBalance: e.lb}
	if len(e.srcs) > 0 {
		r.Source = e.srcs[0].source
	}
	return r
}

// Routes calls fn for each entry of a table, by length and address, until it
// returns false.
func (f *FIB) Routes(t *Table, fn func(Route) bool) {
	for _, i := range f.sorted(t) {
		if !fn(f.Route(i)) {
			return
		}
	}
}

// Find returns the entry of exactly this prefix; host bits are ignored.
func (f *FIB) Find(fibIndex uint32, pfx netip.Prefix) (Route, bool) {
	t, pfx := f.place(fibIndex, pfx)
	i, ok := t.find(pfx)
	if !ok {
		return Route{}, false
	}
	return f.Route(i), true
}

// Match returns the entry of the longest prefix that covers pfx, pfx itself
// included (fib_table_lookup).
func (f *FIB) Match(fibIndex uint32, pfx netip.Prefix) (Route, bool) {
	t, pfx := f.place(fibIndex, pfx)
	i := t.longest(pfx.Addr(), pfx.Bits()+1, any32)
	if i == InvalidIndex {
		return Route{}, false
	}
	return f.Route(i), true
}

// Paths returns the paths that an entry forwards by, as the API shows them
// (fib_entry_encode).
func (f *FIB) Paths(i uint32) []Path {
	e := f.entries.At(i)
	if e.parent == InvalidIndex {
		return nil
	}
	list := f.pathLists.At(e.parent).paths
	paths := make([]Path, 0, len(list))
	for _, p := range list {
		paths = append(paths, f.paths.At(p).encode())
	}
	return paths
}

// HasSource says if a source gave the prefix of an entry, and its flags.
func (f *FIB) HasSource(i uint32, s Source) (EntryFlags, bool) {
	if es := f.entries.At(i).source(s); es != nil {
		return es.flags, true
	}
	return 0, false
}

// Sourced returns how many entries of a table a source has.
func (t *Table) Sourced(s Source) int {
	if int(s) >= len(t.sourced) {
		return 0
	}
	return int(t.sourced[s])
}

// Interface returns the interface that an entry's packets leave by,
// InvalidIndex when there is none (fib_entry_get_resolving_interface).
func (f *FIB) Interface(i uint32) uint32 { return f.entryInterface(f.entries.At(i)) }

// Usage counts the objects in use, for checks that nothing leaks.
type Usage struct {
	Entries, PathLists, Paths, LoadBalances, Adjacencies, URPFLists int
	Receives, Lookups, Replicates, Multicast, Tables, Trackers      int
	SharedLists                                                     int
}

// Usage returns how many objects of each kind exist.
func (f *FIB) Usage() Usage {
	u := Usage{Entries: f.entries.Len(), PathLists: f.pathLists.Len(), Paths: f.paths.Len(),
		LoadBalances: f.LoadBalances.Len(), Adjacencies: f.Adjacencies.Len(), URPFLists: f.urpf.Len(),
		Receives: f.Receives.Len(), Lookups: f.Lookups.Len(), Replicates: f.Replicates.Len(),
		Multicast: f.Multicast.Len(), Trackers: f.trackers.Len(), SharedLists: len(f.listByPath) + len(f.listByPaths)}
	for p := range numProtos {
		for _, t := range f.tables[p] {
			if t != nil {
				u.Tables++
			}
		}
	}
	return u
}
