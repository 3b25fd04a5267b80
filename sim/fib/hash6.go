package fib

import "math/bits"

// hash6 is the match of one IPv6 table: a hash table per prefix length, asked
// from the longest to the shortest, as VPP's ip6 FIB does with its bihash
// (src/vnet/ip/ip6_fib.c). The lookups of different lengths do not depend on
// each other, so that the processor overlaps their cache misses; a trie's do
// (measured: github.com/gaissmai/bart takes five times as long with 100,000
// routes). It holds every entry, also those that do not forward.
type hash6 struct {
	lengths []*length6 // longest first
	dflt    uint32     // what ::/0 forwards to
}

// length6 holds the prefixes of one length, by open addressing. A byte of hash
// per slot, 0 for a free one, stays in cache where the slots do not: a length
// that does not match costs no access to them.
type length6 struct {
	tags   []uint8
	slots  []slot6
	shift  uint8 // 64 - log2(len(slots))
	plen   uint8
	n      int
	hi, lo uint64 // mask
}

// slot6 is a prefix, what it forwards to, InvalidIndex for nothing, and its
// entry.
type slot6 struct {
	hi, lo    uint64
	lb, entry uint32
}

const minSlots6 = 8

func hashKey6(hi, lo uint64) uint64 {
	h := (hi ^ bits.RotateLeft64(lo, 29)) * 0x9e3779b97f4a7c15
	return (h ^ h>>32) * 0xd6e8feb86659fd93
}

func (t *hash6) lookup(addr *[16]byte) uint32 {
	hi, lo := words6(addr)
	for _, l := range t.lengths {
		h, w := hi&l.hi, lo&l.lo
		hash := hashKey6(h, w)
		tag, mask := tag6(hash), uint64(len(l.tags)-1)
		for i := hash >> (l.shift & 63); l.tags[i&mask] != 0; i++ {
			if l.tags[i&mask] != tag {
				continue
			}
			if s := &l.slots[i&mask]; s.hi == h && s.lo == w {
				if s.lb == InvalidIndex {
					break
				}
				return s.lb
			}
		}
	}
	return t.dflt
}

// tag6 is the byte of a hash that goes with a slot in use.
func tag6(hash uint64) uint8 { return uint8(hash) | 1 }

func words6(a *[16]byte) (hi, lo uint64) {
	hi = uint64(a[7]) | uint64(a[6])<<8 | uint64(a[5])<<16 | uint64(a[4])<<24 |
		uint64(a[3])<<32 | uint64(a[2])<<40 | uint64(a[1])<<48 | uint64(a[0])<<56
	lo = uint64(a[15]) | uint64(a[14])<<8 | uint64(a[13])<<16 | uint64(a[12])<<24 |
		uint64(a[11])<<32 | uint64(a[10])<<40 | uint64(a[9])<<48 | uint64(a[8])<<56
	return hi, lo
}

func mask6(plen uint8) (hi, lo uint64) {
	if plen <= 64 {
		return ^uint64(0) << (64 - plen), 0
	}
	return ^uint64(0), ^uint64(0) << (128 - plen)
}

// length returns the table of a prefix length; nil when there is none and
// create is false.
func (t *hash6) length(plen uint8, create bool) *length6 {
	at := 0
	for ; at < len(t.lengths) && t.lengths[at].plen >= plen; at++ {
		if t.lengths[at].plen == plen {
			return t.lengths[at]
		}
	}
	if !create {
		return nil
	}
	l := &length6{plen: plen}
	l.hi, l.lo = mask6(plen)
	l.resize(minSlots6)
	t.lengths = append(t.lengths, nil)
	copy(t.lengths[at+1:], t.lengths[at:])
	t.lengths[at] = l
	return l
}

// find returns the slot of a prefix, nil when it is not there.
func (t *hash6) find(hi, lo uint64, plen uint8) *slot6 {
	l := t.length(plen, false)
	if l == nil {
		return nil
	}
	if i, there := l.probe(hi, lo); there {
		return &l.slots[i]
	}
	return nil
}

// probe returns the slot of a prefix, or the free one where it belongs.
func (l *length6) probe(hi, lo uint64) (i uint64, there bool) {
	hash := hashKey6(hi, lo)
	tag, mask := tag6(hash), uint64(len(l.tags)-1)
	for i = hash >> (l.shift & 63) & mask; l.tags[i] != 0; i = (i + 1) & mask {
		if l.tags[i] == tag && l.slots[i].hi == hi && l.slots[i].lo == lo {
			return i, true
		}
	}
	return i, false
}

// put fills the free slot where s belongs.
func (l *length6) put(s slot6) {
	i, _ := l.probe(s.hi, s.lo)
	l.tags[i], l.slots[i] = tag6(hashKey6(s.hi, s.lo)), s
}

// insert adds a prefix that is not there, not forwarding yet.
func (t *hash6) insert(hi, lo uint64, plen uint8, entry uint32) {
	l := t.length(plen, true)
	if 3*(l.n+1) > 2*len(l.slots) {
		l.resize(2 * len(l.slots))
	}
	l.n++
	l.put(slot6{hi: hi, lo: lo, lb: InvalidIndex, entry: entry})
}

// remove takes a prefix away, closing the gap it leaves.
func (t *hash6) remove(hi, lo uint64, plen uint8) {
	l := t.length(plen, false)
	mask := uint64(len(l.slots) - 1)
	i, _ := l.probe(hi, lo)
	for j := (i + 1) & mask; l.tags[j] != 0; j = (j + 1) & mask {
		home := hashKey6(l.slots[j].hi, l.slots[j].lo) >> (l.shift & 63)
		if (j-home)&mask >= (j-i)&mask {
			l.slots[i], l.tags[i] = l.slots[j], l.tags[j]
			i = j
		}
	}
	l.slots[i], l.tags[i] = slot6{}, 0
	if l.n--; l.n == 0 {
		t.drop(l)
	} else if len(l.slots) > minSlots6 && 8*l.n < len(l.slots) {
		l.resize(len(l.slots) / 2)
	}
}

func (t *hash6) drop(l *length6) {
	for i := range t.lengths {
		if t.lengths[i] == l {
			t.lengths = append(t.lengths[:i], t.lengths[i+1:]...)
			return
		}
	}
}

func (l *length6) resize(n int) {
	old, tags := l.slots, l.tags
	l.slots, l.tags = make([]slot6, n), make([]uint8, n)
	l.shift = uint8(64 - bits.TrailingZeros(uint(n)))
	for i, tag := range tags {
		if tag != 0 {
			l.put(old[i])
		}
	}
}
