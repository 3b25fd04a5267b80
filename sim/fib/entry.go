package fib

import (
	"net/netip"
	"slices"
)

// entry is a prefix in a table (fib_entry_t in src/vnet/fib/fib_entry.h).
type entry struct {
	prefix netip.Prefix
	// given is the address of the prefix as it was first given, host bits
	// included: VPP shows prefixes in its order.
	given netip.Addr
	table *Table
	// srcs are the sources that gave the prefix, the best first.
	srcs []entrySource
	one  [1]entrySource
	// lb is the entry's load-balance, InvalidIndex when it does not forward.
	// It stays the same while the entry forwards.
	lb uint32
	// parent is the path-list it forwards by; pos its place there.
	parent, pos uint32
	// cover is the entry above, when the best source depends on it, with its
	// place there; covered are the entries that depend on this one so.
	cover, coverPos uint32
	covered         []uint32
	children        depList

	install bool // the best source wants the entry to forward
	glean   bool // its address is the source of its cover's glean
	foreign bool // lb belongs to someone else
	// relinked counts how often the entry changed its path-list.
	relinked uint32
	// crossed says that entries of the other protocol took over its choices;
	// version counts changes of them.
	crossed bool
	version uint32
	told    contribution
}

// entrySource is what one source says of an entry.
type entrySource struct {
	source Source
	stale  bool
	refs   uint16
	flags  EntryFlags
	// pl is the source's path-list with a lock; InvalidIndex for sources that
	// take their cover's.
	pl uint32
	// refines marks the paths, by place in the path-list, that are on the
	// cover's link; only for SourceAdj.
	refines uint64
}

// contribution is what the dependents of an entry use of it.
type contribution struct {
	lb, urpf uint32
	drop, rr bool
	flags    EntryFlags
	itf      uint32
	// relinked counts changes of the path-list; indexes are used again.
	relinked uint32
	// bucket is the only bucket of lb: tunnels skip such a load-balance and
	// stack on the bucket.
	bucket DPO
}

// flags returns the flags of the best source.
func (e *entry) flags() EntryFlags {
	if len(e.srcs) == 0 {
		return 0
	}
	return e.srcs[0].flags
}

func (e *entry) source(s Source) *entrySource {
	for i := range e.srcs {
		if e.srcs[i].source == s {
			return &e.srcs[i]
		}
	}
	return nil
}

// obtain finds or creates the entry of a masked prefix; a new one has no
// source.
func (f *FIB) obtain(t *Table, pfx netip.Prefix) (index uint32, e *entry) {
	if index, ok := t.find(pfx); ok {
		return index, f.entries.At(index)
	}
	index, e = f.entries.alloc()
	e.prefix, e.table = pfx, t
	e.lb, e.parent, e.cover = InvalidIndex, InvalidIndex, InvalidIndex
	e.srcs = e.one[:0]
	t.store(pfx, index)
	return index, e
}

// sourceOf finds or creates what a source says of an entry.
func (f *FIB) sourceOf(e *entry, s Source) *entrySource {
	if es := e.source(s); es != nil {
		return es
	}
	prio := f.sources[s].priority
	i := 0
	for i < len(e.srcs) && f.sources[e.srcs[i].source].priority <= prio {
		i++
	}
	e.srcs = slices.Insert(e.srcs, i, entrySource{source: s, pl: InvalidIndex})
	t := e.table
	t.sourced = growTo(t.sourced, uint32(s))
	t.sourced[s]++
	return &e.srcs[i]
}

// removeSource takes one reference of a source away, and with the last one the
// source; it says if the entry went with it.
func (f *FIB) removeSource(index uint32, s Source) (gone bool) {
	e := f.entries.At(index)
	es := e.source(s)
	if es == nil {
		return false
	}
	if es.refs > 1 {
		es.refs--
		return false
	}
	best := &e.srcs[0] == es
	pl := es.pl
	i := slices.IndexFunc(e.srcs, func(x entrySource) bool { return x.source == s })
	e.srcs = slices.Delete(e.srcs, i, i+1)
	e.table.sourced[s]--
	switch {
	case len(e.srcs) == 0:
		f.destroy(index, e)
		gone = true
	case best:
		f.activate(index, e)
	case s == SourceURPFExempt:
		f.refresh(index)
	}
	f.unlockPathList(pl)
	return gone
}

// destroy removes an entry that has no source left.
func (f *FIB) destroy(index uint32, e *entry) {
	if im := f.importers[index]; im != nil {
		f.endImport(index, im)
	}
	f.exportChanged(e)
	f.untrack(e)
	f.uninstall(e)
	f.unlink(e)
	e.table.drop(e.prefix)
	f.tell(e.children)
	covered := slices.Clone(e.covered)
	for _, c := range covered {
		f.activate(c, f.entries.At(c))
	}
	f.entries.release(index)
}

// adopted is called after an entry was added: entries that its cover had may
// now be its own (fib_entry_cover_change_notify).
func (f *FIB) adopted(e *entry) {
	t := e.table
	if t.tracking == 0 || e.prefix.IsSingleIP() {
		return
	}
	above := t.longest(e.prefix.Addr(), e.prefix.Bits(), any32)
	if above == InvalidIndex {
		return
	}
	for _, c := range slices.Clone(f.entries.At(above).covered) {
		if ce := f.entries.At(c); ce != e && e.prefix.Contains(ce.prefix.Addr()) {
			f.activate(c, ce)
		}
	}
}

// track makes an entry depend on the entry above it.
func (f *FIB) track(index uint32, e *entry) *entry {
	e.cover = e.table.longest(e.prefix.Addr(), e.prefix.Bits(), any32)
	if e.cover == InvalidIndex {
		return nil
	}
	c := f.entries.At(e.cover)
	e.coverPos = uint32(len(c.covered))
	c.covered = append(c.covered, index)
	e.table.tracking++
	f.exportChanged(c)
	return c
}

func (f *FIB) untrack(e *entry) {
	if e.cover == InvalidIndex {
		return
	}
	c := f.entries.At(e.cover)
	last := len(c.covered) - 1
	c.covered[e.coverPos] = c.covered[last]
	f.entries.At(c.covered[e.coverPos]).coverPos = e.coverPos
	c.covered = c.covered[:last]
	e.cover = InvalidIndex
	e.table.tracking--
	f.exportChanged(c)
	if e.glean {
		e.glean = false
		f.findGlean(c)
	}
}

// activate makes the best source forward: it decides on the path-list and
// whether the entry forwards, and brings everything up to date.
func (f *FIB) activate(index uint32, e *entry) {
	f.untrack(e)
	es := &e.srcs[0]
	pl := es.pl
	e.install = true
	switch f.sources[es.source].behave {
	case behaveInterface:
		f.activateLocal(index, e)
	case behaveAdj:
		f.activateAdj(index, e)
	case behaveRR:
		pl = f.activateRR(index, e)
	}
	if pl != e.parent {
		f.reparent(index, e, pl)
	}
	if f.sources[es.source].behave == behaveRR {
		f.unlockPathList(pl)
	}
	f.refresh(index)
	f.updateImport(index, e)
}

// reparent links an entry to another path-list. Who depends on the entry is
// evaluated again, however far away: loops may have opened or closed.
func (f *FIB) reparent(index uint32, e *entry, pl uint32) {
	old := e.parent
	if old != InvalidIndex {
		f.pathLists.At(old).locks++
	}
	f.unlink(e)
	f.link(e, index, pl)
	e.relinked++
	f.unlockPathList(old)
	if len(e.children) > 0 {
		f.enqueueDependents(e, 0)
	}
}

func (f *FIB) enqueueDependents(e *entry, depth int) {
	if depth > maxDepth {
		return
	}
	for _, d := range e.children {
		if d.kind != depPath {
			continue
		}
		pl := f.paths.At(d.index).pl
		if f.pathLists.At(pl).queued {
			continue
		}
		f.enqueue(pl)
		for _, c := range f.pathLists.At(pl).entries {
			f.enqueueDependents(f.entries.At(c), depth+1)
		}
	}
}

// activateLocal lets an interface's own address be the source of requests for
// neighbours in its subnet (fib_entry_src_interface.c).
func (f *FIB) activateLocal(index uint32, e *entry) {
	if e.srcs[0].flags&EntryLocal == 0 {
		return
	}
	c := f.track(index, e)
	if c == nil {
		return
	}
	for _, i := range c.covered {
		if f.entries.At(i).glean {
			return
		}
	}
	f.setGlean(c, e)
}

// setGlean puts e's address into its cover's glean and says if it could.
func (f *FIB) setGlean(c, e *entry) bool {
	es := c.source(SourceInterface)
	if es == nil || es.pl == InvalidIndex || e.source(SourceInterface) == nil {
		return false
	}
	for _, i := range f.pathLists.At(es.pl).paths {
		p := f.paths.At(i)
		if p.adj == InvalidIndex {
			continue
		}
		a := f.Adjacencies.At(p.adj)
		if a.Type == AdjGlean && a.Prefix.IsValid() && a.Prefix.Contains(e.prefix.Addr()) {
			a.setConnected(netip.PrefixFrom(e.prefix.Addr(), a.Prefix.Bits()))
			e.glean = true
			return true
		}
	}
	return false
}

// findGlean looks for another address for the glean of c.
func (f *FIB) findGlean(c *entry) {
	for _, i := range c.covered {
		if f.setGlean(c, f.entries.At(i)) {
			return
		}
	}
}

// activateAdj lets a neighbour forward if its cover is attached by the same
// link, so that an ARP entry cannot attract what belongs elsewhere
// (fib_entry_src_adj.c).
func (f *FIB) activateAdj(index uint32, e *entry) {
	es := &e.srcs[0]
	es.refines = 0
	e.install = false
	c := f.track(index, e)
	if c == nil {
		return
	}
	attached := c.flags()&EntryAttached != 0
	if s := c.source(SourceInterface); s != nil && s.flags&EntryAttached != 0 {
		attached = true
	}
	if !attached {
		return
	}
	itf := f.entryInterface(c)
	for k, i := range f.pathLists.At(es.pl).paths {
		own := f.resolvingInterface(i, 0)
		if own == itf || own != InvalidIndex && f.itf.UnnumberedOwner(own) == itf {
			es.refines |= 1 << (k & 63)
			e.install = true
		}
	}
}

// activateRR takes over the cover's paths, or makes the address a neighbour
// when the cover is attached. It returns the path-list with a lock
// (fib_entry_src_rr.c).
func (f *FIB) activateRR(index uint32, e *entry) uint32 {
	es := &e.srcs[0]
	es.flags = 0
	c := f.track(index, e)
	drop := []pathKey{{typ: pathSpecial, proto: e.table.Proto, weight: 1, flags: PathDrop,
		swIf: InvalidIndex, table: InvalidIndex, rpf: InvalidIndex}}
	switch {
	case c == nil:
		return f.pathListFor(drop)
	case c.flags()&EntryAttached != 0:
		p := Path{Proto: e.table.Proto, NextHop: e.prefix.Addr(), SwIf: f.entryInterface(c), FibIndex: InvalidIndex}
		es.flags = c.flags() & (EntryConnected | EntryAttached)
		return f.pathListFor([]pathKey{p.key()})
	case c.parent == InvalidIndex || f.leadsTo(c.parent, index, 0):
		return f.pathListFor(drop)
	}
	f.pathLists.At(c.parent).locks++
	return c.parent
}

// leadsTo says if recursive paths of a path-list lead to an entry.
func (f *FIB) leadsTo(pl, target uint32, depth int) bool {
	if pl == InvalidIndex || depth > maxDepth {
		return false
	}
	for _, i := range f.pathLists.At(pl).paths {
		p := f.paths.At(i)
		if p.via != InvalidIndex && (p.via == target || f.leadsTo(f.entries.At(p.via).parent, target, depth+1)) {
			return true
		}
	}
	return false
}

// refresh compiles an entry's load-balance and tells its dependents when what
// they use of it changed.
func (f *FIB) refresh(index uint32) {
	e := f.entries.At(index)
	if len(e.srcs) == 0 || e.parent == InvalidIndex {
		return
	}
	var before []DPO
	if e.crossed {
		before = slices.Clone(f.buckets(e))
	}
	if e.install {
		f.install(e)
	} else {
		f.uninstall(e)
	}
	if e.crossed && !slices.Equal(before, f.buckets(e)) {
		e.version++
		f.tell(e.children)
	}
	if len(f.exports) > 0 {
		f.exportChanged(e)
		if e.cover != InvalidIndex {
			f.exportChanged(f.entries.At(e.cover))
		}
	}
	if len(e.children) == 0 && len(e.covered) == 0 {
		return
	}
	now := f.contributes(e)
	old := e.told
	if now == old {
		return
	}
	e.told = now
	if now.bucket != old.bucket {
		f.tellTrackers(e, 0)
	}
	if now.bucket = old.bucket; now == old {
		return // what the load-balance holds concerns nobody else
	}
	f.tell(e.children)
	for _, c := range slices.Clone(e.covered) {
		f.coverUpdated(c)
	}
}

// buckets returns those of an entry's load-balance, nil for none.
func (f *FIB) buckets(e *entry) []DPO {
	if e.lb == InvalidIndex {
		return nil
	}
	return f.LoadBalances.At(e.lb).Buckets
}

func (f *FIB) contributes(e *entry) contribution {
	c := contribution{lb: e.lb, urpf: InvalidIndex, rr: f.isRR(e), flags: e.flags(), relinked: e.relinked, itf: f.entryInterface(e)}
	if e.lb != InvalidIndex {
		lb := f.LoadBalances.At(e.lb)
		c.urpf, c.drop = lb.URPF, f.isDropLB(e.lb)
		if len(lb.Buckets) == 1 {
			c.bucket = lb.Buckets[0]
		}
	}
	return c
}

// coverUpdated tells an entry that its cover forwards in another way.
func (f *FIB) coverUpdated(index uint32) {
	if !f.entries.InUse(index) {
		return
	}
	e := f.entries.At(index)
	if len(e.srcs) == 0 {
		return
	}
	switch f.sources[e.srcs[0].source].behave {
	case behaveRR, behaveAdj:
		f.activate(index, e)
	}
}
