package classify

import "math/bits"

// firstOffset, overhead and lineSize say roughly where the heap of a table puts
// pages; only the first offset is exactly VPP's.
const (
	firstOffset = 1216
	overhead    = 16
	lineSize    = 64
)

// Put adds a session under the masked window, or replaces the one that is
// there (vnet_classify_add_del).
func (t *Table) Put(window []byte, s Session) {
	k := t.masked(window)
	h := t.hash(&k)
	s.key, s.used, s.Hits, s.LastHeard = k, true, 0, 0
	b := &t.buckets[h&(t.Buckets-1)]
	if len(b.entries) == 0 {
		*b = t.newBucket(1, false)
		t.place(b, 0, s)
		return
	}
	page := t.page(b, h>>t.shift)
	for _, i := range page {
		if e := &b.entries[i]; e.used && e.key == k {
			s.Offset = e.Offset
			*e = s
			return
		}
	}
	if i := freeIn(b, page); i >= 0 {
		t.place(b, i, s)
		return
	}
	t.split(b, h>>t.shift, s)
}

// Delete takes a session away and returns it; false when there is none.
func (t *Table) Delete(window []byte) (Session, bool) {
	k := t.masked(window)
	h := t.hash(&k)
	b := &t.buckets[h&(t.Buckets-1)]
	if len(b.entries) == 0 {
		return Session{}, false
	}
	for _, i := range t.page(b, h>>t.shift) {
		if e := &b.entries[i]; e.used && e.key == k {
			old := *e
			*e = Session{Offset: old.Offset}
			t.Sessions--
			return old, true
		}
	}
	return Session{}, false
}

func (t *Table) masked(window []byte) key {
	var k key
	load(&k, window[:t.Window()])
	for i := range k {
		k[i] &= t.mask[i]
	}
	return k
}

// page lists the entries where a key with the hash may stand. Pages of a
// bucket overlap: VPP counts them in entries, not in pages.
func (t *Table) page(b *bucket, h uint32) []int {
	if b.linear {
		all := make([]int, len(b.entries))
		for i := range all {
			all[i] = i
		}
		return all
	}
	at := int(h) & (b.pages() - 1)
	return []int{at, at + 1}
}

func freeIn(b *bucket, page []int) int {
	for _, i := range page {
		if !b.entries[i].used {
			return i
		}
	}
	return -1
}

func (t *Table) place(b *bucket, i int, s Session) {
	s.Offset = b.entries[i].Offset
	b.entries[i] = s
	t.Sessions++
}

func (t *Table) entrySize() uint32 { return 32 + uint32(t.Window()) }

// newBucket makes room of a power of two of pages.
func (t *Table) newBucket(pages int, linear bool) bucket {
	size := t.entrySize() * uint32(pages) * entriesPerPage
	b := bucket{entries: make([]Session, pages*entriesPerPage), linear: linear}
	if list := t.free[size]; len(list) > 0 {
		b.offset = list[len(list)-1]
		t.free[size] = list[:len(list)-1]
	} else {
		b.offset = t.brk
		t.brk += (size + overhead + lineSize - 1) / lineSize * lineSize
	}
	t.FreeLists = max(t.FreeLists, bits.Len(uint(pages)))
	for i := range b.entries {
		b.entries[i].Offset = b.offset + uint32(i)*t.entrySize()
	}
	return b
}

func (t *Table) freeBucket(b *bucket) {
	size := t.entrySize() * uint32(len(b.entries))
	t.free[size] = append(t.free[size], b.offset)
}

// split moves a full bucket's entries to twice as many pages, then to four
// times as many, and after that searches twice as many from end to end.
func (t *Table) split(b *bucket, h uint32, s Session) {
	pages := b.pages()
	if !b.linear {
		for _, n := range []int{pages * 2, pages * 4} {
			if t.rehash(b, n, h, s) {
				return
			}
		}
		t.Linear++
	}
	next := t.newBucket(pages*2, true)
	at := 0
	for i := range b.entries {
		if b.entries[i].used {
			t.move(&next, at, b.entries[i])
			at++
		}
	}
	t.swap(b, next, at, s)
}

// rehash is split with the entries spread by their hashes; it does nothing and
// returns false when they do not fit.
func (t *Table) rehash(b *bucket, pages int, h uint32, s Session) bool {
	next := t.newBucket(pages, false)
	for i := range b.entries {
		if !b.entries[i].used {
			continue
		}
		at := freeIn(&next, t.page(&next, t.hash(&b.entries[i].key)>>t.shift))
		if at < 0 {
			t.freeBucket(&next)
			return false
		}
		t.move(&next, at, b.entries[i])
	}
	at := freeIn(&next, t.page(&next, h))
	if at < 0 {
		t.freeBucket(&next)
		return false
	}
	t.swap(b, next, at, s)
	return true
}

func (t *Table) move(to *bucket, i int, s Session) {
	s.Offset = to.entries[i].Offset
	to.entries[i] = s
}

func (t *Table) swap(b *bucket, next bucket, at int, s Session) {
	t.freeBucket(b)
	t.place(&next, at, s)
	*b = next
}
