package fib

// poolShift makes chunks of 256 objects: large enough that the table of
// chunks stays in cache with 100,000 routes, small enough that an instance
// with a handful of routes stays small.
const (
	poolShift = 8
	poolChunk = 1 << poolShift
)

// Pool holds objects by index. An index is reused, last freed first, as in
// VPP's pools (src/vppinfra/pool.h). Objects never move: a pointer stays good
// until the object is freed, also while the pool grows.
type Pool[T any] struct {
	chunks []*[poolChunk]T
	free   []uint32
	used   []uint64 // bit per index
	n      uint32   // indexes ever handed out
}

// At returns the object with index i, which must have been allocated.
func (p *Pool[T]) At(i uint32) *T { return &p.chunks[i>>poolShift][i&(poolChunk-1)] }

// InUse says if index i is allocated.
func (p *Pool[T]) InUse(i uint32) bool {
	return i < p.n && p.used[i>>6]&(1<<(i&63)) != 0
}

// Len returns how many objects are allocated.
func (p *Pool[T]) Len() int { return int(p.n) - len(p.free) }

// Cap returns one more than the largest index ever allocated.
func (p *Pool[T]) Cap() uint32 { return p.n }

// Each calls fn for every allocated object by index until fn returns false.
func (p *Pool[T]) Each(fn func(i uint32, t *T) bool) {
	for i := range p.n {
		if p.InUse(i) && !fn(i, p.At(i)) {
			return
		}
	}
}

// alloc returns a zero object and its index.
func (p *Pool[T]) alloc() (uint32, *T) {
	var i uint32
	if k := len(p.free); k > 0 {
		i = p.free[k-1]
		p.free = p.free[:k-1]
	} else {
		i = p.n
		p.n++
		if int(i>>poolShift) == len(p.chunks) {
			p.chunks = append(p.chunks, new([poolChunk]T))
		}
		if int(i>>6) == len(p.used) {
			p.used = append(p.used, 0)
		}
	}
	p.used[i>>6] |= 1 << (i & 63)
	return i, p.At(i)
}

// release zeroes the object and frees its index.
func (p *Pool[T]) release(i uint32) {
	var zero T
	*p.At(i) = zero
	p.used[i>>6] &^= 1 << (i & 63)
	p.free = append(p.free, i)
}
