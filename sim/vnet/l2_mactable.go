package vnet

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// macKey is an Ethernet address and the index of a bridge domain
// (l2fib_entry_key_t): the address in the high 48 bits.
type macKey uint64

// makeMACKey reads the address that mac starts with.
func makeMACKey(mac []byte, domain uint16) macKey {
	return macKey(binary.BigEndian.Uint32(mac))<<32 | macKey(binary.BigEndian.Uint16(mac[4:]))<<16 | macKey(domain)
}

func (k macKey) domain() uint16 { return uint16(k) }

func (k macKey) mac() (a [6]byte) {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], uint64(k))
	copy(a[:], raw[:6])
	return a
}

// bucket is where VPP's table of the default size has the key: dumps are in
// this order (clib_bihash_hash_8_8 in src/vppinfra/bihash_8_8.h, 256k buckets).
func (k macKey) bucket() uint32 {
	var raw [8]byte
	mac := k.mac()
	binary.LittleEndian.PutUint16(raw[:], k.domain())
	copy(raw[2:], mac[:])
	return ^crc32.Update(^uint32(0), castagnoli, raw[:]) & (256*1024 - 1)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// macEntry is what is known of an address (l2fib_entry_result_t), with VPP's
// layout: interface, flags, minute of the last sighting, sequence numbers.
type macEntry uint64

// macNone stands for no entry.
const macNone = ^macEntry(0)

// Flags of an entry (foreach_l2fib_entry_result_attr).
const (
	macStatic uint8 = 1 << iota
	macAgeNot
	macBVI
	macFilter
	macLearnEvent
	macLearnMove
)

var macFlagNames = [...]string{"static", "age-not", "bvi", "filter", "learn-event", "learn-move"}

func makeMACEntry(swIf uint32, flags, minute uint8, seq uint16) macEntry {
	return macEntry(swIf) | macEntry(flags)<<32 | macEntry(minute)<<40 | macEntry(seq)<<48
}

func (e macEntry) swIf() uint32  { return uint32(e) }
func (e macEntry) flags() uint8  { return uint8(e >> 32) }
func (e macEntry) minute() uint8 { return uint8(e >> 40) }
func (e macEntry) seq() uint16   { return uint16(e >> 48) }

func (e macEntry) is(flag uint8) bool { return e.flags()&flag != 0 }

// flagText renders flags as format_l2fib_entry_result_flags does.
func (e macEntry) flagText() string {
	if e.flags() == 0 {
		return "none"
	}
	s := ""
	for k, name := range macFlagNames {
		if e.is(1 << k) {
			s += name + " "
		}
	}
	return s
}

// macTable is a hash table of entries with linear probing. An empty slot has
// macNone.
type macTable struct {
	slots []macSlot
	shift uint8
	used  int
}

type macSlot struct {
	key   macKey
	entry macEntry
}

const macTableMin = 10 // log2 of the slots of an empty table

func (t *macTable) init() { t.resize(macTableMin) }

func (t *macTable) resize(log2 uint8) {
	old := t.slots
	t.slots, t.shift, t.used = make([]macSlot, 1<<log2), 64-log2, 0
	for k := range t.slots {
		t.slots[k].entry = macNone
	}
	for _, s := range old {
		if s.entry != macNone {
			t.set(s.key, s.entry)
		}
	}
}

// slot is where a key is looked for first.
func (t *macTable) slot(k macKey) int { return int(uint64(k) * 0x9e3779b97f4a7c15 >> t.shift) }

// get returns a key's entry, macNone for none.
func (t *macTable) get(k macKey) macEntry {
	mask := len(t.slots) - 1
	for at := t.slot(k); ; at = (at + 1) & mask {
		s := &t.slots[at&mask]
		if s.key == k || s.entry == macNone {
			return s.entry
		}
	}
}

// set adds or replaces an entry.
func (t *macTable) set(k macKey, e macEntry) {
	if t.used*2 >= len(t.slots) {
		t.resize(64 - t.shift + 1)
	}
	mask := len(t.slots) - 1
	for at := t.slot(k); ; at = (at + 1) & mask {
		s := &t.slots[at]
		if s.entry == macNone {
			t.used++
		} else if s.key != k {
			continue
		}
		*s = macSlot{k, e}
		return
	}
}

// remove takes an entry out and moves up what was displaced by it.
func (t *macTable) remove(k macKey) {
	mask := len(t.slots) - 1
	at := t.slot(k)
	for t.slots[at].key != k || t.slots[at].entry == macNone {
		if t.slots[at].entry == macNone {
			return
		}
		at = (at + 1) & mask
	}
	t.used--
	for next := (at + 1) & mask; t.slots[next].entry != macNone; next = (next + 1) & mask {
		home := t.slot(t.slots[next].key)
		if (next-home)&mask >= (next-at)&mask {
			t.slots[at], at = t.slots[next], next
		}
	}
	t.slots[at] = macSlot{entry: macNone}
}

// all returns the entries in the order of VPP's dumps.
func (t *macTable) all() []macSlot {
	out := make([]macSlot, 0, t.used)
	for _, s := range t.slots {
		if s.entry != macNone {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b macSlot) int {
		if x, y := a.key.bucket(), b.key.bucket(); x != y {
			return int(x) - int(y)
		}
		switch {
		case a.key < b.key:
			return -1
		case a.key > b.key:
			return 1
		}
		return 0
	})
	return out
}
