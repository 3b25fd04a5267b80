package stats

import (
	"slices"
	"unsafe"

	"github.com/vpptwin/vpptwin/internal/pagemem"
)

// Pair counts packets and their bytes (vlib_counter_t).
type Pair struct{ Packets, Bytes uint64 }

// Add counts one packet of n bytes.
func (p *Pair) Add(n int) {
	p.Packets++
	p.Bytes += uint64(n)
}

// Simple is a vector of numbers (vlib_simple_counter_main_t).
type Simple struct{ vector[uint64] }

// Inc adds n to slot i, which must have been validated.
func (s *Simple) Inc(i uint32, n uint64) { s.at[i] += n }

// Set sets slot i.
func (s *Simple) Set(i uint32, n uint64) { s.at[i] = n }

// Combined is a vector of packets and bytes (vlib_combined_counter_main_t).
type Combined struct{ vector[Pair] }

// Add counts one packet of n bytes in slot i, which must have been validated.
func (c *Combined) Add(i uint32, n int) {
	p := &c.at[i]
	p.Packets++
	p.Bytes += uint64(n)
}

// vector is what the two have in common: slots on the heap or in the segment.
type vector[T uint64 | Pair] struct {
	at    []T // the slots; those between length and capacity are zero
	dir   *Directory
	index uint32
	// spare is how many rows readers see beside those of the threads.
	spare int
	mover *Mover
	big   pagemem.Array[T] // where many slots are while they are not placed
	// placed is where the rows and the vector of pointers to them lie in the
	// segment; lost says that there was no room for them.
	placed []extent
	outer  extent
	lost   bool
}

// Len returns how many slots there are.
func (v *vector[T]) Len() uint32 { return uint32(len(v.at)) }

// At returns slot i for reading and counting. It is good until the vector grows
// or moves: see [Directory.OnMove].
func (v *vector[T]) At(i uint32) *T { return &v.at[i] }

// Slots returns all slots; it is as short-lived as what At returns.
func (v *vector[T]) Slots() []T { return v.at }

// Get returns the value of slot i, zero when there is no such slot.
func (v *vector[T]) Get(i uint32) T {
	if uint64(i) >= uint64(len(v.at)) {
		var zero T
		return zero
	}
	return v.at[i]
}

// Zero clears slot i.
func (v *vector[T]) Zero(i uint32) {
	var zero T
	v.at[i] = zero
}

// Clear clears all slots.
func (v *vector[T]) Clear() {
	for i := range v.at {
		v.Zero(uint32(i))
	}
}

// Index returns the vector's place in the directory, for symlinks.
func (v *vector[T]) Index() uint32 { return v.index }

// Validate makes room for slot i and those before it; new slots are zero
// (vlib_stats_validate).
func (v *vector[T]) Validate(i uint32) {
	n := int(i) + 1
	if n <= len(v.at) {
		return
	}
	if n <= cap(v.at) {
		v.at = v.at[:n]
		v.publishLen()
		return
	}
	v.grow(n)
}

func (v *vector[T]) grow(n int) {
	if seg := v.dir.seg; seg != nil && !v.lost {
		if v.place(seg, n, max(n, cap(v.at)+cap(v.at)/2)) {
			return
		}
		v.lose()
	}
	v.at = v.big.Grow(v.at, n)
	v.moved()
}

// place moves the slots to a new place in the segment.
func (v *vector[T]) place(seg *segment, n, room int) bool {
	size := uint64(unsafe.Sizeof(*new(T)))
	bytes := roundLine(lineSize + uint64(room)*size)
	count := seg.threads + v.spare
	rows := make([]extent, 0, count)
	for range count {
		off, ok := seg.alloc(bytes)
		if !ok {
			v.release(seg, rows)
			return false
		}
		rows = append(rows, extent{off, bytes})
	}
	if v.outer.size == 0 {
		outer := lineSize + uint64(count)*8
		off, ok := seg.alloc(outer)
		if !ok {
			v.release(seg, rows)
			return false
		}
		v.outer = extent{off, outer}
		seg.mem.put(off+lineSize-vectorHeader, uint64(count))
	}
	first := rows[0].off + lineSize
	at := unsafe.Slice((*T)(unsafe.Pointer(&seg.mem[first])), (bytes-lineSize)/size)[:n]
	copy(at, v.at)
	v.at, v.big = at, pagemem.Array[T]{}
	v.dir.Lock()
	old := v.placed
	v.placed = rows
	v.publishLen()
	for k, r := range rows {
		seg.mem.put(v.outer.off+lineSize+uint64(k)*8, seg.base+r.off+lineSize)
	}
	v.dir.setValue(v.index, seg.base+v.outer.off+lineSize)
	v.release(seg, old)
	v.moved()
	v.dir.Unlock()
	return true
}

func (v *vector[T]) release(seg *segment, rows []extent) {
	for _, r := range rows {
		seg.heap.release(r.off, r.size)
	}
}

// publishLen tells readers how many slots there are.
func (v *vector[T]) publishLen() {
	if v.lost {
		return
	}
	for _, r := range v.placed {
		v.dir.seg.mem.put32(r.off+lineSize-vectorHeader, uint32(len(v.at)))
	}
}

// lose leaves the segment, which is full: readers keep seeing the last values.
func (v *vector[T]) lose() {
	v.lost = true
	v.at, v.big = slices.Clone(v.at), pagemem.Array[T]{}
	v.dir.full(v.dir.entries[v.index].name)
}

func (v *vector[T]) moved() {
	if v.mover != nil {
		v.dir.move(v.mover)
	}
}

// attach moves the slots into the segment.
func (v *vector[T]) attach() {
	v.lost = false
	if len(v.at) > 0 && !v.place(v.dir.seg, len(v.at), len(v.at)) {
		v.lose()
	}
}

// detach moves the slots back to the heap.
func (v *vector[T]) detach() {
	if !v.lost {
		v.at, v.big = slices.Clone(v.at), pagemem.Array[T]{}
		v.moved()
	}
	v.placed, v.outer, v.lost = nil, extent{}, false
}

// remove frees what the vector has in the segment.
func (v *vector[T]) remove() {
	if seg := v.dir.seg; seg != nil {
		v.release(seg, v.placed)
		if v.outer.size > 0 {
			seg.heap.release(v.outer.off, v.outer.size)
		}
	}
	v.at, v.big, v.placed, v.outer, v.lost = nil, pagemem.Array[T]{}, nil, extent{}, false
}
