package fib

import "net/netip"

// tracker is the registration of a Tracker.
type tracker struct {
	fib     *FIB
	entry   uint32
	pos     uint32
	proto   Proto
	changed func(DPO)
	queued  bool
}

// Tracker follows how an address is reached, for tunnels that stack on the
// route to their far end (src/vnet/fib/fib_entry_track.c).
type Tracker struct {
	fib      *FIB
	index    uint32
	fibIndex uint32
	prefix   netip.Prefix
}

// Track installs the host prefix of addr in the table with the source
// recursive-resolution and calls changed whenever its forwarding changed. The
// tracker's DPO is what to stack on.
func (f *FIB) Track(fibIndex uint32, addr netip.Addr, changed func(DPO)) *Tracker {
	pfx := hostPrefix(addr)
	if fibIndex != 0 { // the table stays while somebody follows an entry
		f.Lock(ProtoOf(addr), fibIndex, SourceRR)
	}
	e := f.addSpecial(fibIndex, pfx, SourceRR, 0, DPO{})
	i, t := f.trackers.alloc()
	t.fib, t.entry, t.proto, t.changed = f, e, ProtoOf(addr), changed
	ent := f.entries.At(e)
	t.pos = ent.children.join(depTracker, i)
	ent.told = f.contributes(ent)
	f.settle()
	return &Tracker{fib: f, index: i, fibIndex: fibIndex, prefix: pfx}
}

// DPO returns what packets to the tracked address meet next: the entry's
// load-balance, or a drop while it does not forward.
func (t *Tracker) DPO() DPO { return t.fib.trackers.At(t.index).DPO() }

// Release stops tracking; the tracker is not used afterwards.
func (t *Tracker) Release() {
	f := t.fib
	reg := f.trackers.At(t.index)
	entry := reg.entry
	if entry != InvalidIndex {
		f.leave(&f.entries.At(entry).children, reg.pos)
	}
	f.trackers.release(t.index)
	if entry != InvalidIndex {
		f.removeSource(entry, SourceRR)
	}
	f.settle()
	if t.fibIndex != 0 && f.Table(ProtoOf(t.prefix.Addr()), t.fibIndex) != nil {
		f.Unlock(ProtoOf(t.prefix.Addr()), t.fibIndex, SourceRR)
	}
}

// DPO returns what to stack on.
func (t *tracker) DPO() DPO {
	if t.entry == InvalidIndex {
		return t.fib.Drop(t.proto)
	}
	if lb := t.fib.entries.At(t.entry).lb; lb != InvalidIndex {
		return t.fib.dpo(DPOLoadBalance, t.proto, lb)
	}
	return t.fib.Drop(t.proto)
}

// orphan cuts the trackers of an entry that goes although they still follow it.
func (f *FIB) orphan(e *entry) {
	var rest depList
	for _, d := range e.children {
		if d.kind == depTracker {
			f.trackers.At(d.index).entry = InvalidIndex
			f.enqueueTracker(d.index)
			continue
		}
		f.paths.At(d.index).pos = rest.join(d.kind, d.index)
	}
	e.children = rest
}
