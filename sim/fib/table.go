package fib

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
)

// Table is one unicast table of a protocol (src/vnet/fib/fib_table.h).
type Table struct {
	Proto Proto
	// Index is the fib_index, the table's place in the data plane.
	Index uint32
	// ID is the table's number for users, InvalidIndex for internal tables.
	ID uint32
	// Name is its description.
	Name string
	// FlowHash is what load-balances of its entries hash on.
	FlowHash FlowHash
	// Epoch counts replacements (ip_table_replace_begin).
	Epoch uint32
	// LinkLocal marks an interface's IPv6 link-local table.
	LinkLocal bool

	resync   bool
	dying    bool
	numbered bool     // ID is a number that users gave, ~0 among them
	locks    []uint16 // by Source
	sourced  []uint32 // entries by Source
	tracking int      // entries that depend on their cover

	trie    *trie4
	exact   map[uint64]uint32 // IPv4 entries by address and length
	lengths [129]uint32       // entries by prefix length
	present [3]uint64         // lengths that have entries, a bit each
	hash    *hash6
}

// special is an entry that every table has.
type special struct {
	prefix netip.Prefix
	source Source
	dpo    DPOType
}

// The default entries, in VPP's order (src/vnet/fib/ip4_fib.c, ip6_fib.c).
var (
	specials4 = []special{
		{netip.MustParsePrefix("0.0.0.0/0"), SourceDefaultRoute, DPODrop},
		{netip.MustParsePrefix("0.0.0.0/32"), SourceDefaultRoute, DPODrop},
		{netip.MustParsePrefix("240.0.0.0/4"), SourceSpecial, DPODrop},
		{netip.MustParsePrefix("224.0.0.0/4"), SourceSpecial, DPODrop},
		{netip.MustParsePrefix("255.255.255.255/32"), SourceDefaultRoute, DPODrop},
	}
	specials6 = []special{
		{netip.MustParsePrefix("::/0"), SourceDefaultRoute, DPODrop},
		{netip.MustParsePrefix("fe80::/10"), SourceSpecial, DPOIP6LinkLocal},
	}
	specialsLinkLocal = specials6[:1]
)

func (t *Table) specials() []special {
	switch {
	case t.Proto == IP4:
		return specials4
	case t.LinkLocal:
		return specialsLinkLocal
	default:
		return specials6
	}
}

// Table returns the table with a fib_index, nil when there is none.
func (f *FIB) Table(p Proto, index uint32) *Table {
	if uint64(index) >= uint64(len(f.tables[p])) {
		return nil
	}
	return f.tables[p][index]
}

// Tables calls fn for each table of a protocol by fib_index until it returns
// false.
func (f *FIB) Tables(p Proto, fn func(*Table) bool) {
	for _, t := range f.tables[p] {
		if t != nil && !fn(t) {
			return
		}
	}
}

// FindTable returns the fib_index of a table by its number.
func (f *FIB) FindTable(p Proto, id uint32) (index uint32, ok bool) {
	index, ok = f.tableByID[p][id]
	if !ok {
		return InvalidIndex, false
	}
	return index, true
}

// LockTable finds or creates the table with a number and locks it for a source.
// An empty name gives a new table VPP's default name
// (fib_table_find_or_create_and_lock_w_name).
func (f *FIB) LockTable(p Proto, id uint32, src Source, name string) (index uint32) {
	if index, ok := f.FindTable(p, id); ok {
		f.Lock(p, index, src)
		return index
	}
	if name == "" {
		name = defaultTableName(p, id)
	}
	return f.createTable(p, id, true, src, name, false)
}

func defaultTableName(p Proto, id uint32) string {
	return fmt.Sprintf("%s-VRF:%d", p.Link(), int32(id))
}

// CreateTable creates a table without a number, locked for a source; linkLocal
// makes it an interface's IPv6 link-local table.
func (f *FIB) CreateTable(p Proto, src Source, name string, linkLocal bool) (index uint32) {
	return f.createTable(p, InvalidIndex, false, src, name, linkLocal)
}

func (f *FIB) createTable(p Proto, id uint32, numbered bool, src Source, name string, linkLocal bool) uint32 {
	t := &Table{Proto: p, ID: id, Name: name, FlowHash: FlowHashDefault, LinkLocal: linkLocal, numbered: numbered}
	if n := len(f.freeTables[p]); n > 0 {
		t.Index, f.freeTables[p] = f.freeTables[p][n-1], f.freeTables[p][:n-1]
	} else {
		t.Index = uint32(len(f.tables[p]))
		f.tables[p] = append(f.tables[p], nil)
	}
	f.tables[p][t.Index] = t
	if numbered {
		f.tableByID[p][id] = t.Index
	}
	if p == IP4 {
		t.trie, t.exact = newTrie4(InvalidIndex>>1), map[uint64]uint32{}
		f.v4 = growTo(f.v4, t.Index)
		f.v4[t.Index] = t.trie
	} else {
		t.hash = &hash6{dflt: InvalidIndex}
		f.v6 = growTo(f.v6, t.Index)
		f.v6[t.Index] = t.hash
	}
	f.Lock(p, t.Index, src)
	for _, s := range t.specials() {
		f.addSpecial(t.Index, s.prefix, s.source, s.flags(), f.dpo(s.dpo, p, 0))
	}
	f.settle()
	return t.Index
}

func (s special) flags() EntryFlags {
	if s.dpo == DPODrop {
		return EntryDrop
	}
	return EntryExclusive
}

func growTo[T any](s []T, i uint32) []T {
	for uint32(len(s)) <= i {
		s = append(s, *new(T))
	}
	return s
}

// Lock keeps a table for a source. API and CLI hold at most one lock each.
func (f *FIB) Lock(p Proto, index uint32, src Source) {
	t := f.tables[p][index]
	t.locks = growTo(t.locks, uint32(src))
	if src == SourceAPI || src == SourceCLI {
		t.locks[src] = 1
		return
	}
	t.locks[src]++
}

// Unlock gives up a lock; with the last lock of all sources the table goes.
func (f *FIB) Unlock(p Proto, index uint32, src Source) {
	t := f.tables[p][index]
	if int(src) >= len(t.locks) || t.locks[src] == 0 {
		return
	}
	t.locks[src]--
	for _, n := range t.locks {
		if n > 0 {
			return
		}
	}
	f.destroyTable(t)
}

// Locks calls fn with each source that holds locks.
func (t *Table) Locks(fn func(src Source, n int)) {
	for src, n := range t.locks {
		if n > 0 {
			fn(Source(src), int(n))
		}
	}
}

// destroyTable removes the default entries and the table. Entries that sources
// left behind go as well: nobody could remove them any more.
func (f *FIB) destroyTable(t *Table) {
	if t.dying {
		return
	}
	t.dying = true
	specials := t.specials()
	for i := len(specials) - 1; i > 0; i-- {
		f.removeSpecial(t.Index, specials[i].prefix, specials[i].source)
	}
	f.destroyLeftOvers(t)
	f.settle()
	f.tables[t.Proto][t.Index] = nil
	f.freeTables[t.Proto] = append(f.freeTables[t.Proto], t.Index)
	if t.numbered {
		delete(f.tableByID[t.Proto], t.ID)
	}
	if t.Proto == IP4 {
		f.v4[t.Index] = nil
	} else {
		f.v6[t.Index] = nil
	}
}

func (f *FIB) destroyLeftOvers(t *Table) {
	left := f.sorted(t)
	for k := len(left) - 1; k >= 0; k-- {
		i := left[k]
		for f.entries.InUse(i) && f.entries.At(i).table == t {
			e := f.entries.At(i)
			f.orphan(e)
			e.srcs[0].refs = 1
			if f.removeSource(i, e.srcs[0].source) {
				break
			}
		}
	}
}

// key4 is the exact match key of an IPv4 prefix.
func key4(pfx netip.Prefix) uint64 {
	a := pfx.Addr().As4()
	return uint64(binary.BigEndian.Uint32(a[:]))<<8 | uint64(pfx.Bits())
}

func key6(pfx netip.Prefix) (hi, lo uint64, plen uint8) {
	a := pfx.Addr().As16()
	hi, lo = words6(&a)
	return hi, lo, uint8(pfx.Bits())
}

// find returns the entry of exactly this prefix, which is masked.
func (t *Table) find(pfx netip.Prefix) (entry uint32, ok bool) {
	if t.Proto == IP4 {
		entry, ok = t.exact[key4(pfx)]
		return entry, ok
	}
	if s := t.hash.find(key6(pfx)); s != nil {
		return s.entry, true
	}
	return 0, false
}

// store adds an entry that does not forward yet.
func (t *Table) store(pfx netip.Prefix, entry uint32) {
	if t.Proto == IP4 {
		t.exact[key4(pfx)] = entry
	} else {
		hi, lo, plen := key6(pfx)
		t.hash.insert(hi, lo, plen, entry)
	}
	if n := pfx.Bits(); t.lengths[n] == 0 {
		t.present[n>>6] |= 1 << (n & 63)
	}
	t.lengths[pfx.Bits()]++
}

// drop removes an entry that does not forward any more.
func (t *Table) drop(pfx netip.Prefix) {
	if t.Proto == IP4 {
		delete(t.exact, key4(pfx))
	} else {
		t.hash.remove(key6(pfx))
	}
	n := pfx.Bits()
	if t.lengths[n]--; t.lengths[n] == 0 {
		t.present[n>>6] &^= 1 << (n & 63)
	}
}

// below returns the longest length with entries that is shorter than plen, -1
// for none.
func (t *Table) below(plen int) int {
	for w := plen >> 6; w >= 0; w-- {
		word := t.present[w]
		if w == plen>>6 {
			word &= 1<<(plen&63) - 1
		}
		if word != 0 {
			return w<<6 + 63 - bits.LeadingZeros64(word)
		}
	}
	return -1
}

// longest returns the entry of the longest prefix with a length less than plen
// that covers addr and for which ok is true; InvalidIndex when there is none.
func (t *Table) longest(addr netip.Addr, plen int, ok func(entry uint32) bool) uint32 {
	if t.Proto == IP4 {
		b := addr.As4()
		a := uint64(binary.BigEndian.Uint32(b[:]))
		for n := t.below(plen); n >= 0; n = t.below(n) {
			masked := a & (^uint64(0) << (32 - n) & 0xffffffff)
			if e, found := t.exact[masked<<8|uint64(n)]; found && ok(e) {
				return e
			}
		}
		return InvalidIndex
	}
	b := addr.As16()
	hi, lo := words6(&b)
	for n := t.below(plen); n >= 0; n = t.below(n) {
		mh, ml := mask6(uint8(n))
		if s := t.hash.find(hi&mh, lo&ml, uint8(n)); s != nil && ok(s.entry) {
			return s.entry
		}
	}
	return InvalidIndex
}

func any32(uint32) bool { return true }

// each calls fn for each entry of the table, in no order.
func (t *Table) each(fn func(entry uint32)) {
	if t.Proto == IP4 {
		for _, e := range t.exact {
			fn(e)
		}
		return
	}
	for _, l := range t.hash.lengths {
		for i, tag := range l.tags {
			if tag != 0 {
				fn(l.slots[i].entry)
			}
		}
	}
}

// Len returns how many entries the table has.
func (t *Table) Len() int {
	n := 0
	for _, k := range t.lengths {
		n += int(k)
	}
	return n
}
