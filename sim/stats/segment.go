package stats

import (
	"fmt"
	"unsafe"
)

// segment is the memory that readers have mapped.
type segment struct {
	mem     memory
	threads int    // rows of each vector
	base    uint64 // what pointers in the segment count from
	heap    *allocator
	dir     extent // the directory vector
	n       uint32 // entries readers see
	touched uint64 // what lies behind was never in use
	full    bool   // the directory has no room to grow
}

// minSize is the smallest segment that holds the directory of an idle
// instance.
const minSize = 64 << 10

// Attach moves all counters into mem, which readers have mapped or will map,
// and keeps them there until Detach. mem is zero and aligned to pages, base the
// address that pointers in it count from; readers subtract it. Readers see a
// row for each of the threads; the first counts. Attach reports a size below 64
// KiB, and a second one before Detach.
func (d *Directory) Attach(mem []byte, base uint64, threads int) error {
	if d.seg != nil {
		return fmt.Errorf("attach stats segment: one is attached already")
	}
	if len(mem) < minSize || uintptr(unsafe.Pointer(&mem[0]))%lineSize != 0 {
		return fmt.Errorf("attach stats segment of %d bytes: want at least %d, aligned to %d", len(mem), minSize, lineSize)
	}
	// The last line stays free: readers take a vector that ends with the
	// segment for one that leaves it.
	s := &segment{mem: mem, base: base, threads: threads, heap: newAllocator(heapStart, uint64(len(mem))&^(lineSize-1)-lineSize)}
	s.mem.put(offVersion, Version)
	s.mem.put(offBase, base)
	s.mem.put(offInProgress, 1)
	s.mem.put(offEpoch, 1)
	d.seg = s
	d.Lock()
	defer d.Unlock()
	for i := range d.entries {
		d.show(uint32(i))
	}
	for _, e := range d.entries {
		if e.data != nil {
			e.data.attach()
		}
	}
	for _, fn := range d.attachers {
		fn()
	}
	return nil
}

// Detach moves all counters back to the heap; mem may be unmapped afterwards.
// Readers that still have it see the last values.
func (d *Directory) Detach() {
	if d.seg == nil {
		return
	}
	d.locks++
	for _, e := range d.entries {
		if e.data != nil {
			e.data.detach()
		}
	}
	d.seg = nil
	d.dropSymlinks()
	d.Unlock()
}

// Attached tells whether the counters are where somebody can read them.
func (d *Directory) Attached() bool { return d.seg != nil }

// Usage is how much of the segment is in use, in bytes.
type Usage struct {
	Total, Used uint64
	// FreeChunks is the number of free pieces.
	FreeChunks int
}

// Usage returns the segment's usage, nothing while none is attached.
func (d *Directory) Usage() Usage {
	if d.seg == nil {
		return Usage{}
	}
	h := d.seg.heap
	return Usage{Total: h.total, Used: h.used, FreeChunks: len(h.free)}
}

// show writes entry index, and a larger directory when it does not fit; false
// says that there is no room.
func (s *segment) show(entries []entry, index uint32) bool {
	if room := uint32((s.dir.size - min(s.dir.size, lineSize)) / entrySize); index >= room && !s.grow(room, index) {
		return false
	}
	e := &entries[index]
	off := s.dir.off + lineSize + uint64(index)*entrySize
	name := s.mem[off+entryName : off+entrySize]
	clear(name[copy(name[:maxName], e.name):])
	s.mem.put(off+entryValue, e.value)
	s.mem.put32(off, uint32(e.typ))
	if index >= s.n {
		s.n = index + 1
		s.mem.put32(s.dir.off+lineSize-vectorHeader, s.n)
	}
	return true
}

// alloc returns the offset of a piece of n zero bytes. Memory that was never in
// use is zero; touching it would only make it take room.
func (s *segment) alloc(n uint64) (uint64, bool) {
	off, ok := s.heap.alloc(n)
	if !ok {
		return 0, false
	}
	if end := min(off+n, s.touched); off < end {
		clear(s.mem[off:end])
	}
	s.touched = max(s.touched, off+n)
	return off, true
}

func (s *segment) setValue(index uint32, v uint64) {
	if index < s.n {
		s.mem.put(s.dir.off+lineSize+uint64(index)*entrySize+entryValue, v)
	}
}

// grow moves the directory to a larger place.
func (s *segment) grow(room, index uint32) bool {
	if s.full {
		return false
	}
	size := roundLine(lineSize + uint64(max(index+1, room+room/2, 64))*entrySize)
	off, ok := s.alloc(size)
	if !ok {
		s.full = true
		return false
	}
	used := uint64(s.n) * entrySize
	if old := s.dir; old.size > 0 {
		copy(s.mem[off:off+lineSize+used], s.mem[old.off:])
		s.heap.release(old.off, old.size)
	}
	s.mem.put32(off+lineSize-vectorHeader, s.n)
	s.dir = extent{off, size}
	s.mem.put(offDirectory, s.base+off+lineSize)
	return true
}
