package stats

import (
	"slices"
	"sort"
)

// extent is a piece of the segment's heap.
type extent struct{ off, size uint64 }

// quarantine is how many freed pieces wait before they are used again. A reader
// that follows a pointer just before it changes then still finds what the
// pointer meant, and learns from the epoch that it is out of date.
const quarantine = 1024

// allocator hands out pieces of the segment's heap in multiples of a cache
// line, the lowest that fits first. Its own records are not in the segment.
type allocator struct {
	total, used uint64
	free        []extent // by offset, none adjacent
	late        []extent // freed, oldest first
}

func newAllocator(start, end uint64) *allocator {
	return &allocator{total: end - start, free: []extent{{start, end - start}}}
}

func roundLine(n uint64) uint64 { return (n + lineSize - 1) &^ (lineSize - 1) }

// alloc returns the offset of a piece of n bytes; ok is false when there is
// none.
func (a *allocator) alloc(n uint64) (off uint64, ok bool) {
	n = roundLine(n)
	if off, ok = a.take(n); !ok {
		a.settle(0)
		off, ok = a.take(n)
	}
	if ok {
		a.used += n
	}
	return off, ok
}

func (a *allocator) take(n uint64) (uint64, bool) {
	for i := range a.free {
		e := &a.free[i]
		if e.size < n {
			continue
		}
		off := e.off
		e.off, e.size = e.off+n, e.size-n
		if e.size == 0 {
			a.free = slices.Delete(a.free, i, i+1)
		}
		return off, true
	}
	return 0, false
}

// release gives a piece of n bytes back.
func (a *allocator) release(off, n uint64) {
	n = roundLine(n)
	a.used -= n
	a.late = append(a.late, extent{off, n})
	if len(a.late) >= 2*quarantine {
		a.settle(quarantine)
	}
}

// settle makes all but the keep pieces freed last usable.
func (a *allocator) settle(keep int) {
	for _, e := range a.late[:len(a.late)-keep] {
		a.insert(e)
	}
	a.late = append(a.late[:0], a.late[len(a.late)-keep:]...)
}

// insert joins a piece with its free neighbours.
func (a *allocator) insert(e extent) {
	i := sort.Search(len(a.free), func(i int) bool { return a.free[i].off > e.off })
	if i < len(a.free) && e.off+e.size == a.free[i].off {
		e.size += a.free[i].size
		a.free = slices.Delete(a.free, i, i+1)
	}
	if i > 0 && a.free[i-1].off+a.free[i-1].size == e.off {
		a.free[i-1].size += e.size
		return
	}
	a.free = slices.Insert(a.free, i, e)
}
