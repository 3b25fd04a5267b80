package fib

// LookupVector4 is Lookup4 for up to VectorSize addresses at once, in host byte
// order and all in one table: out[i] becomes the load-balance of addrs[i]. Like
// LookupVector6 it goes through all addresses step by step.
func (f *FIB) LookupVector4(fibIndex uint32, addrs, out []uint32) {
	f.v4[fibIndex].lookupVector(addrs, out)
}

// lookupVector walks the plies of all addresses one level at a time. Which
// addresses are not at a leaf yet is kept in a list that is made without
// branches: they could not be predicted, and each wrong guess would wait for a
// slot to come from memory.
func (t *trie4) lookupVector(addrs, out []uint32) {
	var pending [VectorSize]uint8
	left := 0
	for i, a := range addrs {
		s := t.root[a>>(t.rootShift&31)]
		out[i] = s
		pending[left&0xff] = uint8(i)
		left += int(^s & leafBit)
	}
	for shift := t.rootShift - 8; left > 0; shift -= 8 {
		n := left
		left = 0
		for _, i := range pending[:n] {
			s := t.slots[out[i]<<7|addrs[i]>>(shift&31)&0xff]
			out[i] = s
			pending[left&0xff] = i
			left += int(^s & leafBit)
		}
	}
	for i := range out {
		out[i] >>= 1
	}
}
