package fib

import (
	"cmp"
	"net/netip"
	"slices"
)

// Update makes paths the source's paths of a prefix, in place of those it had
// (fib_table_entry_update), and returns the entry's load-balance index, the
// stats index of the API; InvalidIndex when the entry does not forward. Host
// bits of the prefix are ignored; paths must not be empty and is changed as VPP
// changes it.
func (f *FIB) Update(fibIndex uint32, pfx netip.Prefix, s Source, flags EntryFlags, paths []Path) uint32 {
	given := pfx.Addr()
	t, pfx := f.place(fibIndex, pfx)
	i, e, fresh := f.obtainFresh(t, pfx, given)
	es := f.sourceOf(e, s)
	flags = f.fixup(pfx, flags, paths)
	old := es.pl
	pl := f.listOf(s, f.keys(paths))
	es = e.source(s)
	es.pl = pl
	es.flags, es.stale, es.refs = flags, false, 1
	return f.changed(i, e, s, old, fresh)
}

// AddPaths adds paths to those the source has (fib_table_entry_path_add2).
func (f *FIB) AddPaths(fibIndex uint32, pfx netip.Prefix, s Source, flags EntryFlags, paths []Path) uint32 {
	given := pfx.Addr()
	t, pfx := f.place(fibIndex, pfx)
	i, e, fresh := f.obtainFresh(t, pfx, given)
	es := f.sourceOf(e, s)
	flags = f.fixup(pfx, flags, paths)
	old := es.pl
	var keys []pathKey
	if old != InvalidIndex {
		keys = f.keysOf(old)
	}
	had := keys
	for _, k := range f.keys(paths) {
		// As in VPP, only what was there before makes a path a duplicate.
		if !slices.ContainsFunc(had, func(o pathKey) bool { return o.compareIdentity(&k) == 0 }) {
			keys = append(keys, k)
		}
	}
	pl := f.listOf(s, keys)
	es = e.source(s)
	es.pl = pl
	es.flags, es.stale, es.refs = flags, false, 1
	return f.changed(i, e, s, old, fresh)
}

// RemovePaths removes paths from those the source has, and with the last one
// the source. A prefix or path that is not there is no error
// (fib_table_entry_path_remove2).
func (f *FIB) RemovePaths(fibIndex uint32, pfx netip.Prefix, s Source, paths []Path) {
	t, pfx := f.place(fibIndex, pfx)
	i, ok := t.find(pfx)
	if !ok {
		return
	}
	e := f.entries.At(i)
	es := e.source(s)
	if es == nil || es.pl == InvalidIndex {
		return
	}
	f.fixup(pfx, es.flags, paths)
	keys := f.keysOf(es.pl)
	for _, k := range f.keys(paths) {
		keys = slices.DeleteFunc(keys, func(o pathKey) bool { return o.compareIdentity(&k) == 0 })
	}
	if len(keys) == 0 {
		es.refs = 1
		f.removeSource(i, s)
		f.settle()
		return
	}
	old := es.pl
	pl := f.listOf(s, keys)
	e.source(s).pl = pl
	f.changed(i, e, s, old, false)
}

// Delete removes a source from a prefix (fib_table_entry_delete); that it is not
// there is no error.
func (f *FIB) Delete(fibIndex uint32, pfx netip.Prefix, s Source) {
	t, pfx := f.place(fibIndex, pfx)
	i, ok := t.find(pfx)
	if !ok {
		return
	}
	if es := f.entries.At(i).source(s); es != nil {
		es.refs = 1
		f.removeSource(i, s)
	}
	f.settle()
}

// AddDPO makes a prefix lead to an object (fib_table_entry_special_dpo_add and
// _update). A zero DPO with EntryDrop or EntryLocal makes a drop or a receive.
func (f *FIB) AddDPO(fibIndex uint32, pfx netip.Prefix, s Source, flags EntryFlags, dpo DPO) uint32 {
	t, pfx := f.place(fibIndex, pfx)
	if i, ok := t.find(pfx); ok {
		if es := f.entries.At(i).source(s); es != nil {
			es.refs = 0
		}
	}
	i := f.addSpecial(fibIndex, pfx, s, flags, dpo)
	f.settle()
	return f.entries.At(i).lb
}

// AddSpecial gives a prefix a source without paths of its own: with SourceRR it
// forwards like what covers it, otherwise flags say what it does. Each call
// adds a reference (fib_table_entry_special_add).
func (f *FIB) AddSpecial(fibIndex uint32, pfx netip.Prefix, s Source, flags EntryFlags) uint32 {
	i := f.addSpecial(fibIndex, pfx, s, flags, DPO{})
	f.settle()
	return f.entries.At(i).lb
}

// RemoveSpecial takes a reference of AddSpecial back.
func (f *FIB) RemoveSpecial(fibIndex uint32, pfx netip.Prefix, s Source) {
	f.removeSpecial(fibIndex, pfx, s)
	f.settle()
}

func (f *FIB) addSpecial(fibIndex uint32, pfx netip.Prefix, s Source, flags EntryFlags, dpo DPO) uint32 {
	given := pfx.Addr()
	t, pfx := f.place(fibIndex, pfx)
	i, e, fresh := f.obtainFresh(t, pfx, given)
	es := f.sourceOf(e, s)
	if es.refs++; es.refs > 1 {
		return i
	}
	old := es.pl
	es.flags = flags
	if f.sources[s].behave != behaveRR {
		k := pathKey{typ: pathExclusive, proto: t.Proto, weight: 1, dpo: dpo, flags: PathExclusive,
			swIf: InvalidIndex, table: InvalidIndex, rpf: InvalidIndex}
		switch {
		case flags&EntryDrop != 0:
			k.typ, k.dpo, k.flags = pathSpecial, DPO{}, PathDrop
		case flags&EntryLocal != 0:
			k.typ, k.dpo, k.flags = pathReceive, DPO{}, PathLocal
		}
		pl := f.pathListFor([]pathKey{k})
		e.source(s).pl = pl
	}
	f.apply(i, e, s, old, fresh)
	return i
}

func (f *FIB) removeSpecial(fibIndex uint32, pfx netip.Prefix, s Source) {
	t, pfx := f.place(fibIndex, pfx)
	if i, ok := t.find(pfx); ok {
		f.removeSource(i, s)
	}
}

func (f *FIB) place(fibIndex uint32, pfx netip.Prefix) (*Table, netip.Prefix) {
	return f.tables[ProtoOf(pfx.Addr())][fibIndex], pfx.Masked()
}

func (f *FIB) obtainFresh(t *Table, pfx netip.Prefix, given netip.Addr) (index uint32, e *entry, fresh bool) {
	index, e = f.obtain(t, pfx)
	if len(e.srcs) > 0 {
		return index, e, false
	}
	e.given = given
	return index, e, true
}

// apply brings an entry up to date after source s changed, and frees the
// path-list that s had.
func (f *FIB) apply(i uint32, e *entry, s Source, old uint32, fresh bool) {
	if e.srcs[0].source == s {
		f.activate(i, e)
	} else if s == SourceURPFExempt {
		f.refresh(i)
	}
	if fresh {
		f.adopted(e)
	}
	f.unlockPathList(old)
}

func (f *FIB) changed(i uint32, e *entry, s Source, old uint32, fresh bool) uint32 {
	f.apply(i, e, s, old, fresh)
	f.settle()
	return e.lb
}

// keys returns the configurations of paths, good until the next call.
func (f *FIB) keys(paths []Path) []pathKey {
	out := f.scratchKeys[:0]
	for i := range paths {
		out = append(out, paths[i].key())
	}
	f.scratchKeys = out
	return out
}

// fixup changes paths as fib_table_route_path_fixup does: an attached path of a
// host prefix becomes an attached next hop, since a glean would never resolve.
// It returns the entry's flags.
func (f *FIB) fixup(pfx netip.Prefix, flags EntryFlags, paths []Path) EntryFlags {
	for i := range paths {
		p := &paths[i]
		if p.hasNextHop() && p.SwIf == InvalidIndex && p.NextHop == pfx.Addr() {
			p.Flags |= PathDrop // it recurses via itself
		}
		attached := p.isAttached()
		switch {
		case p.Flags&PathLocal == 0 && pfx.IsSingleIP() && !p.hasNextHop() && p.SwIf != InvalidIndex:
			p.NextHop = pfx.Addr()
			p.Flags |= PathAttached
		case flags&EntryConnected != 0 && flags&EntryLocal == 0:
			if !p.hasNextHop() {
				p.Flags |= PathGlean
				p.Connected = pfx
			}
		case attached && p.Flags&PathLocal == 0:
			p.Flags |= PathGlean
			p.Connected = netip.Prefix{}
		}
		if flags&EntryDrop != 0 {
			p.Flags |= PathDrop
		}
		if flags&EntryLocal != 0 {
			p.Flags |= PathLocal
		}
		if flags&EntryExclusive != 0 {
			p.Flags |= PathExclusive
		}
		if p.Flags&PathLocal != 0 {
			flags |= EntryLocal
			if p.SwIf != InvalidIndex {
				flags |= EntryConnected
			}
		}
	}
	return flags | attachedFlag(paths)
}

// attachedFlag is fib_entry_src_flags_fixup: an entry with an attached path is
// attached.
func attachedFlag(paths []Path) EntryFlags {
	for i := range paths {
		if paths[i].isAttached() {
			return EntryAttached
		}
	}
	return 0
}

// Flush removes a source from all entries of a table.
func (f *FIB) Flush(p Proto, fibIndex uint32, s Source) {
	f.flush(f.tables[p][fibIndex], s, func(*entrySource) bool { return true })
}

// MarkStale marks the source's entries of a table, to be removed by SweepStale
// unless they are added again (ip_table_replace_begin and _end).
func (f *FIB) MarkStale(p Proto, fibIndex uint32, s Source) {
	t := f.tables[p][fibIndex]
	t.Epoch++
	t.resync = true
	t.each(func(i uint32) {
		if es := f.entries.At(i).source(s); es != nil {
			es.stale = true
		}
	})
}

// SweepStale removes what MarkStale marked and nobody added since.
func (f *FIB) SweepStale(p Proto, fibIndex uint32, s Source) {
	t := f.tables[p][fibIndex]
	t.resync = false
	f.flush(t, s, func(es *entrySource) bool { return es.stale })
}

func (f *FIB) flush(t *Table, s Source, which func(*entrySource) bool) {
	var gone []uint32
	for _, i := range f.sorted(t) {
		if es := f.entries.At(i).source(s); es != nil && which(es) {
			gone = append(gone, i)
		}
	}
	for _, i := range gone {
		if es := f.entries.At(i).source(s); es != nil {
			es.refs = 1
			f.removeSource(i, s)
		}
	}
	f.settle()
}

// sorted returns the table's entries by length and address.
func (f *FIB) sorted(t *Table) []uint32 {
	list := make([]uint32, 0, t.Len())
	t.each(func(e uint32) { list = append(list, e) })
	slices.SortFunc(list, func(a, b uint32) int {
		pa, pb := f.entries.At(a).prefix, f.entries.At(b).prefix
		return cmp.Or(cmp.Compare(pa.Bits(), pb.Bits()), pa.Addr().Compare(pb.Addr()))
	})
	return list
}

// SetFlowHash sets what the load-balances of a table's entries hash on.
func (f *FIB) SetFlowHash(p Proto, fibIndex uint32, hash FlowHash) {
	t := f.tables[p][fibIndex]
	t.FlowHash = hash
	t.each(func(i uint32) {
		if e := f.entries.At(i); e.lb != InvalidIndex && !e.foreign {
			f.LoadBalances.At(e.lb).FlowHash = hash
		}
	})
}
