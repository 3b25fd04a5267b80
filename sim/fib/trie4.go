package fib

import (
	"github.com/vpptwin/vpptwin/internal/pagemem"
)

// trie4 is the longest-prefix match of one IPv4 table: a trie with strides of
// eight bits whose leaves are pushed down, like VPP's ip4_mtrie
// (src/vnet/ip/ip4_mtrie.c). A table with many routes gets a first stride of
// sixteen bits. Measured with 100,000 routes it answers in a third to a half of
// the time of github.com/gaissmai/bart, whose nodes hold pointers; for small
// tables it takes a few kilobytes.
type trie4 struct {
	// root has 1<<8 or 1<<16 slots; rootShift is 24 or 16.
	root      []uint32
	rootLens  []uint8
	rootShift uint8
	// slots holds the plies, 256 slots each; lens the prefix length that each
	// slot's leaf came from.
	slots []uint32
	lens  []uint8
	// Where slots and lens are once they are large.
	bigSlots pagemem.Array[uint32]
	bigLens  pagemem.Array[uint8]
	// used counts the slots of a ply that are longer than the ply's base or
	// lead on; at 0 the ply goes.
	used []uint16
	free []uint32
}

// A slot is a leaf, the load-balance's index with the lowest bit set, or the
// number of a ply, both shifted by one.
const leafBit = 1

// rootWiden is the number of plies from which a first stride of sixteen bits
// pays: its 320 KiB would be most of what a small table needs.
const rootWiden = 256

// firstPlies is the room for plies at first: what the entries need that every
// table has.
const firstPlies = 8

// newTrie4 returns a trie that answers dflt everywhere.
func newTrie4(dflt uint32) *trie4 {
	t := &trie4{root: make([]uint32, 1<<8), rootLens: make([]uint8, 1<<8), rootShift: 24}
	for i := range t.root {
		t.root[i] = dflt<<1 | leafBit
	}
	return t
}

func (t *trie4) lookup(addr uint32) uint32 {
	s := t.root[addr>>t.rootShift]
	for shift := t.rootShift - 8; s&leafBit == 0; shift -= 8 {
		s = t.slots[s<<7|addr>>(shift&31)&0xff]
	}
	return s >> 1
}

// insert sets the leaf of a prefix.
func (t *trie4) insert(addr uint32, plen uint8, lb uint32) {
	if len(t.used)-len(t.free) > rootWiden && t.rootShift == 24 {
		t.widen()
	}
	rootBits := 32 - t.rootShift
	leaf := lb<<1 | leafBit
	if plen <= rootBits {
		t.fill(t.root, t.rootLens, nil, addr>>t.rootShift, rootBits-plen, leaf, plen)
		return
	}
	i := addr >> t.rootShift
	if t.root[i]&leafBit != 0 {
		ply := t.newPly(t.root[i], t.rootLens[i])
		t.root[i] = ply << 1
	}
	t.insertPly(t.root[i]>>1, rootBits, addr, leaf, plen)
}

// insertPly goes on below a ply whose slots stand for base+8 bits.
func (t *trie4) insertPly(ply uint32, base uint8, addr, leaf uint32, plen uint8) {
	for ; plen > base+8; base += 8 {
		i := ply<<8 | addr>>(24-base)&0xff
		if t.slots[i]&leafBit != 0 {
			child := t.newPly(t.slots[i], t.lens[i])
			if t.lens[i] <= base {
				t.used[ply]++
			}
			t.slots[i] = child << 1
		}
		ply = t.slots[i] >> 1
	}
	slots, lens := t.ply(ply)
	t.used[ply] += t.fill(slots, lens, &base, addr>>(24-base)&0xff, base+8-plen, leaf, plen)
}

// fill writes a leaf to the 1<<bits slots from i on where no longer prefix is,
// and below. It returns how many slots of a ply with the given base it brought
// in use.
func (t *trie4) fill(slots []uint32, lens []uint8, base *uint8, i uint32, bits uint8, leaf uint32, plen uint8) (used uint16) {
	i &^= 1<<bits - 1
	for end := i + 1<<bits; i < end; i++ {
		if slots[i]&leafBit == 0 {
			t.fillBelow(slots[i]>>1, leaf, plen)
			// The length of the leaf above the ply, for its return.
			if lens[i] <= plen {
				lens[i] = plen
			}
			continue
		}
		if lens[i] > plen {
			continue
		}
		if base != nil && lens[i] <= *base {
			used++
		}
		slots[i], lens[i] = leaf, plen
	}
	return used
}

func (t *trie4) fillBelow(ply, leaf uint32, plen uint8) {
	slots, lens := t.ply(ply)
	t.fill(slots, lens, nil, 0, 8, leaf, plen)
}

// remove takes a prefix away: its slots get the leaf of the prefix that covers
// it.
func (t *trie4) remove(addr uint32, plen uint8, cover uint32, coverLen uint8) {
	rootBits := 32 - t.rootShift
	leaf := cover<<1 | leafBit
	if plen <= rootBits {
		t.unfill(t.root, t.rootLens, nil, addr>>t.rootShift, rootBits-plen, leaf, plen, coverLen)
		return
	}
	i := addr >> t.rootShift
	if t.removePly(t.root[i]>>1, rootBits, addr, plen, leaf, coverLen) {
		t.root[i], t.rootLens[i] = t.collapse(t.root[i] >> 1)
	}
}

// removePly reports that the ply has become useless.
func (t *trie4) removePly(ply uint32, base uint8, addr uint32, plen uint8, leaf uint32, coverLen uint8) bool {
	slots, lens := t.ply(ply)
	i := addr >> (24 - base) & 0xff
	if plen > base+8 {
		child := slots[i] >> 1
		if t.removePly(child, base+8, addr, plen, leaf, coverLen) {
			slots[i], lens[i] = t.collapse(child)
			if lens[i] <= base {
				t.used[ply]--
			}
		}
	} else {
		t.used[ply] -= t.unfill(slots, lens, &base, i, base+8-plen, leaf, plen, coverLen)
	}
	return t.used[ply] == 0
}

// unfill replaces the leaves of a prefix; it returns how many slots went out of
// use.
func (t *trie4) unfill(slots []uint32, lens []uint8, base *uint8, i uint32, bits uint8, leaf uint32, plen, coverLen uint8) (unused uint16) {
	i &^= 1<<bits - 1
	for end := i + 1<<bits; i < end; i++ {
		if slots[i]&leafBit == 0 {
			below, belowLens := t.ply(slots[i] >> 1)
			t.unfill(below, belowLens, nil, 0, 8, leaf, plen, coverLen)
		}
		if lens[i] != plen {
			continue
		}
		lens[i] = coverLen
		if slots[i]&leafBit == 0 {
			continue
		}
		slots[i] = leaf
		if base != nil && coverLen <= *base {
			unused++
		}
	}
	return unused
}

func (t *trie4) ply(n uint32) ([]uint32, []uint8) {
	return t.slots[n<<8 : n<<8+256 : n<<8+256], t.lens[n<<8 : n<<8+256 : n<<8+256]
}

// newPly returns a ply whose slots all hold a leaf.
func (t *trie4) newPly(leaf uint32, plen uint8) uint32 {
	var n uint32
	if k := len(t.free); k > 0 {
		n, t.free = t.free[k-1], t.free[:k-1]
	} else {
		n = uint32(len(t.used))
		if t.slots == nil {
			t.slots, t.lens = make([]uint32, 0, firstPlies*256), make([]uint8, 0, firstPlies*256)
		}
		t.slots = t.bigSlots.Grow(t.slots, len(t.slots)+256)
		t.lens = t.bigLens.Grow(t.lens, len(t.lens)+256)
		t.used = append(t.used, 0)
	}
	slots, lens := t.ply(n)
	for i := range slots {
		slots[i], lens[i] = leaf, plen
	}
	return n
}

// collapse frees a ply that holds one leaf and returns it.
func (t *trie4) collapse(ply uint32) (leaf uint32, plen uint8) {
	slots, lens := t.ply(ply)
	leaf, plen = slots[0], lens[0]
	t.free = append(t.free, ply)
	return leaf, plen
}

// widen turns the first two strides into one of sixteen bits.
func (t *trie4) widen() {
	root, lens := make([]uint32, 1<<16), make([]uint8, 1<<16)
	for i, s := range t.root {
		if s&leafBit != 0 {
			for j := i << 8; j < i<<8+256; j++ {
				root[j], lens[j] = s, t.rootLens[i]
			}
			continue
		}
		below, belowLens := t.ply(s >> 1)
		copy(root[i<<8:], below)
		copy(lens[i<<8:], belowLens)
		t.used[s>>1] = 0
		t.free = append(t.free, s>>1)
	}
	t.root, t.rootLens, t.rootShift = root, lens, 16
}
