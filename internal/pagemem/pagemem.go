// Package pagemem gives large arrays without pointers memory of their own, which
// grows without being copied and which the garbage collector does not see.
// Growing an array of tens of megabytes on the heap stops its owner for as long
// as the copy takes, and for several times that if the collector happens to run
// and asks the allocating goroutine to help: measured at a million routes, 112
// ms of processor time for one append.
//
// The package knows nothing of what is stored.
package pagemem

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// threshold is the size in bytes from which an array is better kept in memory of
// its own.
const threshold = 1 << 20

// Array is where a growing slice of T, which must hold no pointers, has its
// elements once they are many. Its memory goes when the Array is garbage:
// whoever uses the slice keeps the Array as well.
type Array[T any] struct {
	m      *mapping
	failed bool // the system has no memory to map: the heap has to do
}

type mapping struct{ data []byte }

// Grow returns s with n elements, at least as many as it has; new ones are
// zero. s is what the last Grow of this Array returned, or a slice that no
// element was ever cut from. What it returned before is void.
func (a *Array[T]) Grow(s []T, n int) []T {
	size := n * int(unsafe.Sizeof(*new(T)))
	switch {
	case n <= cap(s):
		return s[:n]
	case size < threshold || a.failed:
		return append(s, make([]T, n-len(s))...)
	}
	first := a.m == nil
	if first {
		a.m = &mapping{}
		runtime.SetFinalizer(a.m, (*mapping).free)
	}
	if err := a.m.grow(size); err != nil {
		a.failed = true
		return append(s, make([]T, n-len(s))...)
	}
	to := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(a.m.data))), len(a.m.data)/int(unsafe.Sizeof(*new(T))))
	if first {
		copy(to, s)
	}
	return to[:n]
}

// grow makes the mapping hold size bytes, and half as much again so that it
// seldom moves; pages that nobody wrote take no memory.
func (m *mapping) grow(size int) error {
	if size <= len(m.data) {
		return nil
	}
	page := unix.Getpagesize()
	size = (max(size, len(m.data)/2*3) + page - 1) / page * page
	var data []byte
	var err error
	if m.data == nil {
		data, err = unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	} else {
		data, err = unix.Mremap(m.data, size, unix.MREMAP_MAYMOVE)
	}
	if err != nil {
		return err
	}
	m.data = data
	return nil
}

func (m *mapping) free() {
	if m.data != nil {
		_ = unix.Munmap(m.data)
	}
}
