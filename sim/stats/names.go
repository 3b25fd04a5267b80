package stats

// Names is a vector of strings, such as /if/names.
type Names struct {
	at     []string
	dir    *Directory
	index  uint32
	placed []extent
	outer  extent
	room   int
	lost   bool
}

// Set makes name the string at i; the empty one takes it away
// (vlib_stats_set_string_vector).
func (n *Names) Set(i uint32, name string) {
	for uint32(len(n.at)) <= i {
		n.at = append(n.at, "")
	}
	n.at[i] = name
	if n.dir.seg != nil && !n.lost {
		n.dir.Lock()
		n.show(int(i))
		n.dir.Unlock()
	}
}

// Index returns the vector's place in the directory.
func (n *Names) Index() uint32 { return n.index }

// Slots returns the strings; the caller does not change them.
func (n *Names) Slots() []string { return n.at }

// show writes string i to the segment, with all of the vector when that has to
// grow.
func (n *Names) show(i int) {
	seg := n.dir.seg
	if len(n.at) > n.room && !n.grow() {
		return
	}
	for len(n.placed) < len(n.at) {
		n.placed = append(n.placed, extent{})
	}
	old := n.placed[i]
	n.placed[i] = extent{}
	var pointer uint64
	if name := n.at[i]; name != "" {
		size := uint64(vectorHeader + len(name) + 1)
		off, ok := seg.alloc(size)
		if !ok {
			n.lose()
			return
		}
		n.placed[i] = extent{off, size}
		seg.mem.put(off, uint64(len(name)+1))
		copy(seg.mem[off+vectorHeader:], name)
		seg.mem[off+size-1] = 0
		pointer = seg.base + off + vectorHeader
	}
	seg.mem.put(n.outer.off+lineSize+uint64(i)*8, pointer)
	seg.mem.put32(n.outer.off+lineSize-vectorHeader, uint32(len(n.at)))
	if old.size > 0 {
		seg.heap.release(old.off, old.size)
	}
}

func (n *Names) grow() bool {
	seg := n.dir.seg
	room := max(len(n.at), n.room+n.room/2, 8)
	size := roundLine(lineSize + uint64(room)*8)
	off, ok := seg.alloc(size)
	if !ok {
		n.lose()
		return false
	}
	for i, p := range n.placed {
		if p.size > 0 {
			seg.mem.put(off+lineSize+uint64(i)*8, seg.base+p.off+vectorHeader)
		}
	}
	if n.outer.size > 0 {
		seg.mem.put(off+lineSize-vectorHeader, seg.mem.get(n.outer.off+lineSize-vectorHeader))
		seg.heap.release(n.outer.off, n.outer.size)
	}
	n.outer, n.room = extent{off, size}, int(size-lineSize)/8
	n.dir.setValue(n.index, seg.base+off+lineSize)
	return true
}

func (n *Names) lose() {
	n.lost = true
	n.dir.full(n.dir.entries[n.index].name)
}

func (n *Names) attach() {
	n.lost = false
	if len(n.at) == 0 && !n.grow() {
		return
	}
	for i := range n.at {
		if !n.lost {
			n.show(i)
		}
	}
}

func (n *Names) detach() { n.placed, n.outer, n.room = nil, extent{}, 0 }

func (n *Names) remove() {
	if seg := n.dir.seg; seg != nil {
		for _, p := range append(n.placed, n.outer) {
			if p.size > 0 {
				seg.heap.release(p.off, p.size)
			}
		}
	}
	n.at = nil
	n.detach()
}
