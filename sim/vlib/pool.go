package vlib

const (
	classDefault = iota
	classJumbo
	classMax
	numClasses
	classNone // not from a pool: left to the garbage collector
)

var classSize = [numClasses]int{dataSizeDefault, dataSizeJumbo, dataSizeMax}

// slabSize is how many buffers of a class the pool makes at once. Neighbouring
// buffers of a slab lie an odd number of cache lines apart, so that the first
// lines of a vector of packets spread over the whole cache.
var slabSize = [numClasses]int{32, 4, 1}

// linePad is added to each buffer's storage to make the distance odd.
const linePad = 64

// pool keeps free buffers by size class.
type pool struct {
	free [numClasses][]*Buffer
	// InUse counts buffers handed out and not yet returned.
	inUse int
}

func (p *pool) alloc(size int) *Buffer {
	class := classDefault
	for class < numClasses-1 && size > classSize[class] {
		class++
	}
	p.inUse++
	if size > classSize[class] {
		return newBuffer(make([]byte, Headroom+size), classNone)
	}
	if len(p.free[class]) == 0 {
		p.grow(class)
	}
	list := p.free[class]
	b := list[len(list)-1]
	p.free[class] = list[:len(list)-1]
	return b
}

// grow adds a slab of buffers of the given class.
func (p *pool) grow(class int) {
	size := Headroom + classSize[class]
	stride := (size + linePad - 1) / linePad * linePad
	if stride/linePad%2 == 0 {
		stride += linePad
	}
	store := make([]byte, stride*slabSize[class])
	slab := make([]Buffer, slabSize[class])
	for i := range slab {
		b := &slab[i]
		b.store, b.class = store[i*stride:i*stride+size:i*stride+size], uint8(class)
		b.reset()
		p.free[class] = append(p.free[class], b)
	}
}

func newBuffer(store []byte, class uint8) *Buffer {
	b := &Buffer{store: store, class: class}
	b.reset()
	return b
}

func (p *pool) release(b *Buffer) {
	p.inUse--
	if b.class == classNone {
		return
	}
	b.reset()
	p.free[b.class] = append(p.free[b.class], b)
}

// Alloc returns a buffer that holds a copy of data with headroom in front. The
// two bytes before it are zero: a node that looks back for an EtherType must
// not see what an earlier packet left.
func (g *Graph) Alloc(data []byte) *Buffer {
	b := g.pool.alloc(len(data))
	b.store[Headroom-2], b.store[Headroom-1] = 0, 0
	b.start = Headroom
	b.end = Headroom + int32(copy(b.store[Headroom:], data))
	return b
}

// AllocSize returns a buffer of size bytes whose content is undefined.
func (g *Graph) AllocSize(size int) *Buffer {
	b := g.pool.alloc(size)
	b.start, b.end = Headroom, int32(Headroom+size)
	return b
}

// keepBefore is how many bytes in front of the packet a clone keeps: the
// largest stripped header that a later node may look back at.
const keepBefore = 64

// Clone returns a copy of b: packet, metadata and, when b is traced, a fork
// of its trace. The reason to drop b is not the copy's.
func (g *Graph) Clone(b *Buffer) *Buffer {
	c := g.pool.alloc(b.Len())
	store, class := c.store, c.class
	*c = *b
	c.store, c.class = store, class
	c.ErrorNode, c.ErrorCode = 0, 0
	c.start = min(b.start, Headroom)
	c.end = c.start
	copy(c.Grow(b.Len()), b.Bytes())
	n := min(int(c.start), keepBefore)
	copy(c.Before(n), b.Before(n))
	if b.Trace != nil {
		c.Trace = g.forkTrace(b.Trace)
	}
	return c
}

// Free returns b to the pool; whatever ends a packet's way calls it once.
// A trace the packet carried is complete with it.
func (g *Graph) Free(b *Buffer) {
	if b.Trace != nil {
		g.finishTrace(b.Trace)
	}
	g.pool.release(b)
}

// BuffersInUse returns how many buffers are out of the pool: 0 once the graph
// is idle, or something leaks.
func (g *Graph) BuffersInUse() int { return g.pool.inUse }

// ForkTrace gives the new buffer c, made from the traced packet b, a record
// that starts with b's way so far; it does nothing when b is not traced.
func (g *Graph) ForkTrace(c, b *Buffer) {
	if b.Trace != nil {
		c.Trace = g.forkTrace(b.Trace)
	}
}
