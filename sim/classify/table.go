package classify

import (
	"encoding/binary"
	"math/bits"
)

// InvalidIndex is VPP's ~0: no table.
const InvalidIndex = ^uint32(0)

const (
	// VectorSize is the unit in bytes of what a table skips and matches.
	VectorSize = 16
	// MaxMatch is the largest number of vectors that a table matches.
	MaxMatch = 5
	// MaxWindow is the largest number of bytes that a table looks at.
	MaxWindow = MaxMatch * VectorSize

	words          = MaxMatch * 2
	entriesPerPage = 2
)

// Action is what a hit does besides choosing the next node
// (vnet_classify_action_t).
type Action uint8

// Actions.
const (
	// ActionNone does nothing.
	ActionNone Action = iota
	// ActionSetIP4FIB and ActionSetIP6FIB look the packet up in the table whose
	// fib_index is the metadata.
	ActionSetIP4FIB
	ActionSetIP6FIB
	// ActionSetMetadata leaves the metadata for the next node.
	ActionSetMetadata
)

// key is a masked window as words in the order of the bytes.
type key [words]uint64

// Session is one entry of a table.
type Session struct {
	// Next is the slot of the classifying node to send a hit to; one that the
	// node does not have means the node's own choice.
	Next uint16
	// Opaque is the user's number.
	Opaque uint32
	// Advance moves the packet's start by this many bytes.
	Advance int32
	// Action and Metadata say what else happens.
	Action   Action
	Metadata uint32
	// Hits counts packets, LastHeard is the time in seconds of the last.
	Hits      uint64
	LastHeard float64
	// Offset tells a table's sessions apart: where the session's entry lies.
	Offset uint32

	used bool
	key  key
}

// AppendKey appends the session's n masked bytes to dst.
func (s *Session) AppendKey(dst []byte, n int) []byte {
	for _, w := range s.key[:n/8] {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	return dst
}

// bucket holds a power of two of pages with two entries each.
type bucket struct {
	entries []Session
	// linear says that hashing did not spread the entries: all are compared.
	linear bool
	offset uint32
}

func (b *bucket) pages() int { return len(b.entries) / entriesPerPage }

// Config says what a table looks at and what a miss does.
type Config struct {
	// Mask holds Match vectors.
	Mask []byte
	// Buckets is rounded up to a power of two.
	Buckets uint32
	// MemorySize is the size in bytes of the heap that VPP would make.
	MemorySize uint32
	// Skip and Match count vectors.
	Skip, Match uint32
	// Next is the table to try after a miss, InvalidIndex for none; MissNext
	// the slot for a packet that no table of the chain knows.
	Next, MissNext uint32
	// CurrentData counts from the packet's current start plus CurrentOffset
	// bytes instead of from its first byte.
	CurrentData   uint8
	CurrentOffset int16
}

// UseCurrent says that the table looks from the packet's current start
// (CLASSIFY_FLAG_USE_CURR_DATA).
func (c *Config) UseCurrent() bool { return c.CurrentData == 1 }

// Window is the number of bytes the table compares.
func (c *Config) Window() int { return int(c.Match) * VectorSize }

// Table is one classifier table.
type Table struct {
	Config
	// Index is the table's number.
	Index uint32
	// Sessions counts the entries, Linear the buckets that are searched from
	// end to end, FreeLists VPP's lists of free pages.
	Sessions  int
	Linear    int
	FreeLists int

	mask    key
	buckets []bucket
	shift   uint
	brk     uint32
	free    map[uint32][]uint32
}

// ceilLog2 is the exponent of the next power of two (max_log2).
func ceilLog2(n uint32) uint { return uint(bits.Len32(n - 1)) }

func newTable(index uint32, c Config) *Table {
	t := &Table{Config: c, Index: index, shift: ceilLog2(c.Buckets), brk: firstOffset, free: map[uint32][]uint32{}}
	t.Buckets = 1 << t.shift
	t.buckets = make([]bucket, t.Buckets)
	load(&t.mask, c.Mask)
	t.Mask = append([]byte(nil), c.Mask...)
	return t
}

func load(k *key, b []byte) {
	for i := range len(b) / 8 {
		k[i] = binary.LittleEndian.Uint64(b[i*8:])
	}
}

// hash is the CRC-32C of the sum of a window's words
// (vnet_classify_hash_packet_inline).
func (t *Table) hash(k *key) uint32 {
	sum := uint64(0)
	for _, w := range k[:t.Match*2] {
		sum ^= w
	}
	return crc64(sum)
}

// Find looks a window of Window bytes up. A hit is counted unless now, in
// seconds, is 0. It returns nil for a miss.
func (t *Table) Find(window []byte, now float64) *Session {
	var k key
	n := int(t.Match) * 2
	sum := uint64(0)
	window = window[:n*8]
	for i := range n {
		w := binary.LittleEndian.Uint64(window[i*8:]) & t.mask[i]
		k[i] = w
		sum ^= w
	}
	h := crc64(sum)
	b := &t.buckets[h&(t.Buckets-1)]
	if len(b.entries) == 0 {
		return nil
	}
	list := b.entries
	if !b.linear {
		at := int(h>>t.shift) & (b.pages() - 1)
		list = list[at : at+entriesPerPage]
	}
	for i := range list {
		if s := &list[i]; s.used && s.key == k {
			if now != 0 {
				s.Hits++
				s.LastHeard = now
			}
			return s
		}
	}
	return nil
}

// Each calls fn for every session in the order of VPP's dump.
func (t *Table) Each(fn func(*Session)) {
	for i := range t.buckets {
		for k := range t.buckets[i].entries {
			if s := &t.buckets[i].entries[k]; s.used {
				fn(s)
			}
		}
	}
}

// SessionAt returns the session with an offset, nil for none.
func (t *Table) SessionAt(offset uint32) *Session {
	var found *Session
	t.Each(func(s *Session) {
		if s.Offset == offset {
			found = s
		}
	})
	return found
}

// BucketView is one bucket for `show classify tables verbose`.
type BucketView struct {
	Offset  uint32
	Linear  bool
	Entries []*Session // nil where free
}

// Bucket returns what bucket i holds; no entries means it was never used.
func (t *Table) Bucket(i uint32) BucketView {
	b := &t.buckets[i]
	v := BucketView{Offset: b.offset, Linear: b.linear, Entries: make([]*Session, len(b.entries))}
	for k := range b.entries {
		if b.entries[k].used {
			v.Entries[k] = &b.entries[k]
		}
	}
	return v
}
