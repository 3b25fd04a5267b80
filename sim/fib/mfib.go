package fib

import (
	"cmp"
	"net/netip"
	"slices"
)

// MSource says who put a multicast entry into a table, the best first
// (mfib_source_t in src/vnet/mfib/mfib_types.h).
type MSource uint8

// Multicast sources in use, with VPP's numbers.
const (
	MSourceSpecial      MSource = 0
	MSourceAPI          MSource = 2
	MSourceCLI          MSource = 3
	MSourceVXLAN        MSource = 4
	MSourceRR           MSource = 13
	MSourceInterface    MSource = 14
	MSourceDefaultRoute MSource = 15
	numMSources         MSource = 16
)

// MEntryFlags are flags of a multicast entry (mfib_entry_flags_t).
type MEntryFlags uint32

// Multicast entry flags.
const (
	MEntrySignal MEntryFlags = 1 << iota
	MEntryDrop
	MEntryConnected
	MEntryAcceptAllItf
	MEntryExclusive
	MEntryInheritAccept
)

// MItfFlags are flags of an interface of a multicast entry (mfib_itf_flags_t).
type MItfFlags uint32

// Multicast interface flags.
const (
	MItfNegateSignal MItfFlags = 1 << iota
	MItfAccept
	MItfForward
	MItfSignalPresent
	MItfDontPreserve
)

// MInterface is an interface of a multicast entry.
type MInterface struct {
	SwIf  uint32
	Flags MItfFlags
}

// MPrefix is what a multicast entry matches. Len is in bits, of the group for
// (*,G) and (*,G/m); twice an address's length for (S,G), as in the API.
type MPrefix struct {
	Group, Source netip.Addr
	Len           uint16
}

// masked drops what Len does not cover.
func (p MPrefix) masked() MPrefix {
	bits := p.Group.BitLen()
	if int(p.Len) > bits {
		return MPrefix{Group: p.Group, Source: p.Source, Len: uint16(2 * bits)}
	}
	return MPrefix{Group: netip.PrefixFrom(p.Group, int(p.Len)).Masked().Addr(), Source: unspecified(ProtoOf(p.Group)), Len: p.Len}
}

// MEntry is a multicast entry: (S,G), (*,G) or (*,G/m)
// (src/vnet/mfib/mfib_entry.h).
type MEntry struct {
	Prefix MPrefix
	Flags  MEntryFlags
	// RPFID is compared to the packet's RPF id when the packet came through a
	// lookup with one; 0 when unset.
	RPFID uint32
	// Forward is a drop or a replicate.
	Forward DPO
	// Interfaces lists the entry's interfaces by sw_if_index.
	Interfaces []MInterface

	table *MTable
	srcs  []mSource // the best first
}

// mSource is what one source says of an entry.
type mSource struct {
	source MSource
	flags  MEntryFlags
	rpf    uint32
	paths  []mPath
	pl     uint32
	held   bool // by flags, not only by paths
	stale  bool // marked by MMarkStale
}

type mPath struct {
	key pathKey
	itf MItfFlags
}

// Interface returns the flags of an interface, 0 when the entry does not
// have it.
func (e *MEntry) Interface(swIf uint32) MItfFlags {
	for _, i := range e.Interfaces {
		if i.SwIf == swIf {
			return i.Flags
		}
	}
	return 0
}

// MTable is one multicast table of a protocol.
type MTable struct {
	Proto Proto
	// Index is the mfib index, ID the table's number for users.
	Index, ID uint32
	Name      string

	locks   [numMSources]uint16
	entries map[mKey]uint32
	lens    []uint16 // that have entries, longest first
	counts  map[uint16]int
	dying   bool
}

type mKey struct {
	group, source [16]byte
	len           uint16
}

func (p MPrefix) key() mKey { return mKey{group: as16(p.Group), source: as16(p.Source), len: p.Len} }

// as16 puts IPv4 addresses first, so that masks apply alike.
func as16(a netip.Addr) (b [16]byte) {
	if a.Is4() {
		v := a.As4()
		copy(b[:], v[:])
		return b
	}
	return a.As16()
}

// mspecials are the groups that every table delivers to this instance, in
// VPP's order (src/vnet/mfib/ip4_mfib.c, ip6_mfib.c).
var mspecials = [numProtos][]MPrefix{
	IP4: {group("224.0.0.1", 32), group("224.0.0.2", 32)},
	IP6: {group("ff02::1:ff00:0", 104), group("ff02::2", 128), group("ff02::1", 128), group("ff02::16", 128)},
}

func group(addr string, n uint16) MPrefix {
	a := netip.MustParseAddr(addr)
	return MPrefix{Group: a, Source: unspecified(ProtoOf(a)), Len: n}
}

// MTable returns the multicast table with an mfib index, nil for none.
func (f *FIB) MTable(p Proto, index uint32) *MTable {
	if uint64(index) >= uint64(len(f.mtables[p])) {
		return nil
	}
	return f.mtables[p][index]
}

// MTables calls fn for each multicast table of a protocol until it returns
// false.
func (f *FIB) MTables(p Proto, fn func(*MTable) bool) {
	for _, t := range f.mtables[p] {
		if t != nil && !fn(t) {
			return
		}
	}
}

// FindMTable returns the mfib index of a table by its number.
func (f *FIB) FindMTable(p Proto, id uint32) (index uint32, ok bool) {
	index, ok = f.mtableByID[p][id]
	if !ok {
		return InvalidIndex, false
	}
	return index, true
}

// LockMTable finds or creates the multicast table with a number and locks it.
func (f *FIB) LockMTable(p Proto, id uint32, s MSource, name string) (index uint32) {
	if index, ok := f.FindMTable(p, id); ok {
		f.MLock(p, index, s)
		return index
	}
	if name == "" {
		name = defaultTableName(p, id)
	}
	t := &MTable{Proto: p, ID: id, Name: name, entries: map[mKey]uint32{}, counts: map[uint16]int{}}
	if n := len(f.freeMTables[p]); n > 0 {
		t.Index, f.freeMTables[p] = f.freeMTables[p][n-1], f.freeMTables[p][:n-1]
	} else {
		t.Index = uint32(len(f.mtables[p]))
		f.mtables[p] = append(f.mtables[p], nil)
	}
	f.mtables[p][t.Index] = t
	f.mtableByID[p][id] = t.Index
	f.MLock(p, t.Index, s)
	all := MPrefix{Group: unspecified(p), Source: unspecified(p)}
	f.MUpdate(t.Index, all, MSourceDefaultRoute, 0, MEntryDrop)
	for _, pfx := range mspecials[p] {
		f.MAddPaths(t.Index, pfx, MSourceSpecial, 0, []Path{{Proto: p, SwIf: InvalidIndex, FibIndex: InvalidIndex,
			Flags: PathLocal, Itf: MItfForward}})
	}
	return t.Index
}

// MLock keeps a multicast table for a source.
func (f *FIB) MLock(p Proto, index uint32, s MSource) {
	t := f.mtables[p][index]
	if s == MSourceAPI || s == MSourceCLI {
		t.locks[s] = 1
		return
	}
	t.locks[s]++
}

// MUnlock gives up a lock; with the last one of all sources the table goes.
func (f *FIB) MUnlock(p Proto, index uint32, s MSource) {
	t := f.mtables[p][index]
	if t.locks[s] == 0 {
		return
	}
	t.locks[s]--
	if t.locks != [numMSources]uint16{} || t.dying {
		return
	}
	t.dying = true
	for _, i := range f.MEntries(t) {
		e := f.Multicast.At(i)
		for len(e.srcs) > 0 {
			f.mdropSource(i, e, 0)
		}
		f.mremove(i, e)
	}
	f.mtables[p][index] = nil
	f.freeMTables[p] = append(f.freeMTables[p], index)
	delete(f.mtableByID[p], t.ID)
}

// LookupMulticast4 returns the index in Multicast of the entry for a group and
// source, in host byte order: the longest of (S,G), (*,G) and (*,G/m). There
// always is one, the table's default entry.
func (f *FIB) LookupMulticast4(mfibIndex, group, source uint32) uint32 {
	var g, s [16]byte
	putUint32(&g, group)
	putUint32(&s, source)
	return f.mtables[IP4][mfibIndex].lookup(&g, &s, 32)
}

func putUint32(b *[16]byte, v uint32) {
	b[0], b[1], b[2], b[3] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
}

// LookupMulticast6 is LookupMulticast4 for IPv6.
func (f *FIB) LookupMulticast6(mfibIndex uint32, group, source *[16]byte) uint32 {
	return f.mtables[IP6][mfibIndex].lookup(group, source, 128)
}

func (t *MTable) lookup(group, source *[16]byte, width uint16) uint32 {
	for _, n := range t.lens {
		k := mKey{len: n}
		if n > width {
			k.group, k.source = *group, *source
		} else {
			copy(k.group[:], group[:n/8])
			if n%8 != 0 {
				k.group[n/8] = group[n/8] &^ (0xff >> (n % 8))
			}
		}
		if i, ok := t.entries[k]; ok {
			return i
		}
	}
	return InvalidIndex
}

// MFind returns the entry of exactly this prefix.
func (f *FIB) MFind(p Proto, mfibIndex uint32, pfx MPrefix) (index uint32, ok bool) {
	index, ok = f.mtables[p][mfibIndex].entries[pfx.masked().key()]
	return index, ok
}

// MUpdate sets what a source says of an entry beside its paths
// (mfib_table_entry_update). Without flags, RPF id and paths the source goes,
// and with the last one the entry. It returns the entry's index, InvalidIndex
// when there is none.
func (f *FIB) MUpdate(mfibIndex uint32, pfx MPrefix, s MSource, rpf uint32, flags MEntryFlags) uint32 {
	pfx = pfx.masked()
	t := f.mtables[ProtoOf(pfx.Group)][mfibIndex]
	_, ok := t.entries[pfx.key()]
	if !ok && flags == 0 {
		return InvalidIndex
	}
	i, e := f.mobtain(t, pfx)
	ms := e.sourceOf(s)
	ms.flags, ms.rpf, ms.held, ms.stale = flags, rpf, flags != 0, false
	if flags == 0 && len(ms.paths) == 0 {
		f.mdropSource(i, e, slices.IndexFunc(e.srcs, func(x mSource) bool { return x.source == s }))
	}
	return f.mchanged(i, e)
}

// MAddPaths adds or updates paths of a source; flags count for a new entry only
// (mfib_table_entry_paths_update). It returns the entry's index.
func (f *FIB) MAddPaths(mfibIndex uint32, pfx MPrefix, s MSource, flags MEntryFlags, paths []Path) uint32 {
	pfx = pfx.masked()
	t := f.mtables[ProtoOf(pfx.Group)][mfibIndex]
	_, there := t.entries[pfx.key()]
	i, e := f.mobtain(t, pfx)
	ms := e.sourceOf(s)
	ms.stale = false
	if !there {
		ms.flags, ms.held = flags, flags != 0
	}
	for k := range paths {
		key := paths[k].key()
		at := slices.IndexFunc(ms.paths, func(m mPath) bool { return m.key.compareIdentity(&key) == 0 })
		if at < 0 {
			ms.paths = append(ms.paths, mPath{key: key})
			at = len(ms.paths) - 1
		}
		ms.paths[at].itf = paths[k].Itf
	}
	f.mrebuild(i, ms)
	return f.mchanged(i, e)
}

// MRemovePaths removes paths of a source, and with the last one the source
// (mfib_table_entry_paths_remove). What is not there is no error.
func (f *FIB) MRemovePaths(mfibIndex uint32, pfx MPrefix, s MSource, paths []Path) {
	pfx = pfx.masked()
	t := f.mtables[ProtoOf(pfx.Group)][mfibIndex]
	i, ok := t.entries[pfx.key()]
	if !ok {
		return
	}
	e := f.Multicast.At(i)
	at := slices.IndexFunc(e.srcs, func(x mSource) bool { return x.source == s })
	if at < 0 {
		return
	}
	ms := &e.srcs[at]
	for k := range paths {
		key := paths[k].key()
		ms.paths = slices.DeleteFunc(ms.paths, func(m mPath) bool { return m.key.compareIdentity(&key) == 0 })
	}
	f.mrebuild(i, ms)
	if len(ms.paths) == 0 && !ms.held {
		f.mdropSource(i, e, at)
	}
	f.mchanged(i, e)
}

// MFlush removes a source from all entries of a table.
func (f *FIB) MFlush(p Proto, mfibIndex uint32, s MSource) {
	f.mflush(p, mfibIndex, s, func(*mSource) bool { return true })
}

// MMarkStale marks the source's entries of a table, to be removed by MSweepStale
// unless they are added again (mfib_table_mark and _sweep in
// src/vnet/mfib/mfib_table.c).
func (f *FIB) MMarkStale(p Proto, mfibIndex uint32, s MSource) {
	for _, i := range f.mtables[p][mfibIndex].entries {
		e := f.Multicast.At(i)
		for k := range e.srcs {
			if e.srcs[k].source == s {
				e.srcs[k].stale = true
			}
		}
	}
}

// MSweepStale removes what MMarkStale marked and nobody added since.
func (f *FIB) MSweepStale(p Proto, mfibIndex uint32, s MSource) {
	f.mflush(p, mfibIndex, s, func(ms *mSource) bool { return ms.stale })
}

func (f *FIB) mflush(p Proto, mfibIndex uint32, s MSource, which func(*mSource) bool) {
	for _, i := range f.MEntries(f.mtables[p][mfibIndex]) {
		e := f.Multicast.At(i)
		if at := slices.IndexFunc(e.srcs, func(x mSource) bool { return x.source == s && which(&x) }); at >= 0 {
			f.mdropSource(i, e, at)
			f.mchanged(i, e)
		}
	}
}

func (f *FIB) mobtain(t *MTable, pfx MPrefix) (uint32, *MEntry) {
	if i, ok := t.entries[pfx.key()]; ok {
		return i, f.Multicast.At(i)
	}
	i, e := f.Multicast.alloc()
	e.Prefix, e.table, e.Forward = pfx, t, f.Drop(t.Proto)
	t.entries[pfx.key()] = i
	if t.counts[pfx.Len]++; t.counts[pfx.Len] == 1 {
		t.lens = append(t.lens, pfx.Len)
		slices.SortFunc(t.lens, func(a, b uint16) int { return cmp.Compare(b, a) })
	}
	return i, e
}

func (e *MEntry) sourceOf(s MSource) *mSource {
	at := 0
	for at < len(e.srcs) && e.srcs[at].source < s {
		at++
	}
	if at == len(e.srcs) || e.srcs[at].source != s {
		e.srcs = slices.Insert(e.srcs, at, mSource{source: s, pl: InvalidIndex})
	}
	return &e.srcs[at]
}

func (f *FIB) mdropSource(i uint32, e *MEntry, at int) {
	pl := e.srcs[at].pl
	e.srcs = slices.Delete(e.srcs, at, at+1)
	f.unlockPathList(pl)
}

// mrebuild makes the source's path-list from its paths; the list is the
// entry's own.
func (f *FIB) mrebuild(i uint32, ms *mSource) {
	old := ms.pl
	ms.pl = InvalidIndex
	if len(ms.paths) > 0 {
		keys := make([]pathKey, 0, len(ms.paths))
		for _, p := range ms.paths {
			keys = append(keys, p.key)
		}
		ms.pl = f.newPathList(keys, false)
		f.pathLists.At(ms.pl).multicast = i + 1
	}
	f.unlockPathList(old)
}

// mchanged brings an entry up to date, or removes it when nobody wants it.
func (f *FIB) mchanged(i uint32, e *MEntry) uint32 {
	if len(e.srcs) == 0 {
		f.mremove(i, e)
		i = InvalidIndex
	} else {
		f.mrefresh(i)
	}
	f.settle()
	return i
}

func (f *FIB) mremove(i uint32, e *MEntry) {
	t := e.table
	f.mforward(e, nil)
	delete(t.entries, e.Prefix.key())
	if t.counts[e.Prefix.Len]--; t.counts[e.Prefix.Len] == 0 {
		t.lens = slices.DeleteFunc(t.lens, func(n uint16) bool { return n == e.Prefix.Len })
	}
	f.Multicast.release(i)
}

// mrefresh compiles what an entry's best source says. Interfaces of an entry's
// own address come from all paths, as VPP adds them to whatever source has the
// entry.
func (f *FIB) mrefresh(i uint32) {
	e := f.Multicast.At(i)
	ms := &e.srcs[0]
	e.Flags, e.RPFID = ms.flags, ms.rpf
	e.Interfaces = e.Interfaces[:0]
	var buckets []DPO
	for k := range ms.paths {
		m := &ms.paths[k]
		p := f.pathLists.At(ms.pl).paths[k]
		if swIf := f.paths.At(p).swIf; swIf != InvalidIndex && m.itf != 0 {
			e.Interfaces = append(e.Interfaces, MInterface{SwIf: swIf, Flags: m.itf})
		}
		if f.paths.At(p).usable() && m.itf&MItfForward != 0 {
			buckets = append(buckets, f.mcontribution(p, e.table.Proto))
		}
	}
	slices.SortFunc(e.Interfaces, func(a, b MInterface) int { return cmp.Compare(a.SwIf, b.SwIf) })
	f.mforward(e, buckets)
}

// mcontribution is what a path gives a replicate: attached paths send to the
// group's address.
func (f *FIB) mcontribution(i uint32, proto Proto) DPO {
	p := f.paths.At(i)
	if p.typ != pathAttached || f.itf.Kind(p.swIf) != Broadcast {
		return f.contribution(i, proto)
	}
	if p.other == InvalidIndex {
		p.other = f.lockMcast(p.proto, proto.Link(), p.swIf)
	}
	return f.adjacencyDPO(proto, p.other)
}

// mforward makes an entry replicate to buckets, or drop when there are none.
func (f *FIB) mforward(e *MEntry, buckets []DPO) {
	if len(buckets) == 0 {
		if e.Forward.Type == DPOReplicate {
			f.Replicates.release(e.Forward.Index)
		}
		e.Forward = f.Drop(e.table.Proto)
		return
	}
	if e.Forward.Type != DPOReplicate {
		i, r := f.Replicates.alloc()
		freshCounter(f.Counters.Replicated, i)
		r.Proto = e.table.Proto
		e.Forward = f.dpo(DPOReplicate, e.table.Proto, i)
	}
	r := f.Replicates.At(e.Forward.Index)
	r.Buckets = buckets
	r.HasLocal = slices.ContainsFunc(buckets, func(d DPO) bool { return d.Type == DPOReceive })
}

// MEntries returns the indexes of a table's entries, by length and address.
func (f *FIB) MEntries(t *MTable) []uint32 {
	list := make([]uint32, 0, len(t.entries))
	for _, i := range t.entries {
		list = append(list, i)
	}
	slices.SortFunc(list, func(a, b uint32) int {
		pa, pb := f.Multicast.At(a).Prefix, f.Multicast.At(b).Prefix
		return cmp.Or(cmp.Compare(pa.Len, pb.Len), pa.Group.Compare(pb.Group), pa.Source.Compare(pb.Source))
	})
	return list
}

// MPaths returns the paths of an entry's best source as the API shows them.
func (f *FIB) MPaths(i uint32) []Path {
	e := f.Multicast.At(i)
	if len(e.srcs) == 0 {
		return nil
	}
	var paths []Path
	for k := range e.srcs[0].paths {
		m := &e.srcs[0].paths[k]
		p := m.key.encode()
		p.Itf = m.itf
		paths = append(paths, p)
	}
	return paths
}

// MTableOf returns the table an entry is in.
func (e *MEntry) MTableOf() *MTable { return e.table }

// MulticastSpecials returns the groups that every table of the protocol delivers
// to this instance, in VPP's order.
func MulticastSpecials(p Proto) []MPrefix { return mspecials[p] }
