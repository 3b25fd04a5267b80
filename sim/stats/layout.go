package stats

import (
	"sync/atomic"
	"unsafe"
)

// Type is the type of a directory entry (stat_directory_type_t in
// src/vlib/stats/shared.h).
type Type uint32

// Types of entries.
const (
	TypeIllegal Type = iota
	TypeScalar
	TypeSimple
	TypeCombined
	TypeNames
	TypeEmpty
	TypeSymlink
	TypeHistogram
	TypeRing
	TypeGauge
)

// String is the type's name in `show statistics segment`.
func (t Type) String() string {
	switch t {
	case TypeScalar:
		return "ScalarPtr"
	case TypeSimple, TypeCombined:
		return "CMainPtr"
	case TypeNames:
		return "NameVector"
	case TypeEmpty:
		return "empty"
	case TypeSymlink:
		return "Symlink"
	case TypeHistogram:
		return "Histogram"
	case TypeRing:
		return "RingBuffer"
	case TypeGauge:
		return "Gauge"
	}
	return "illegal!"
}

// Version is the layout's version (STAT_SEGMENT_VERSION).
const Version = 2

// Offsets in the segment's first page (vlib_stats_shared_header_t). The heap
// starts on the second page.
const (
	offVersion    = 0
	offBase       = 8
	offEpoch      = 16
	offInProgress = 24
	offDirectory  = 32
	heapStart     = 4096
)

// A directory entry (vlib_stats_entry_t): type, eight bytes of value, pointer
// or symlink, and the name with its final zero.
const (
	entrySize  = 144
	entryValue = 8
	entryName  = 16
	maxName    = 127
)

// A vector's length stands eight bytes in front of its first element
// (vec_header_t in src/vppinfra/vec_bootstrap.h).
const (
	vectorHeader = 8
	lineSize     = 64
)

// memory is the segment. All words in it are aligned, so that a reader never
// sees half of one.
type memory []byte

func (m memory) word(off uint64) *uint64 { return (*uint64)(unsafe.Pointer(&m[off])) }

func (m memory) put(off, v uint64) { atomic.StoreUint64(m.word(off), v) }

func (m memory) get(off uint64) uint64 { return atomic.LoadUint64(m.word(off)) }

func (m memory) put32(off uint64, v uint32) {
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&m[off])), v)
}
