package fib

// VectorSize is the most addresses of one LookupVector6: a vector of packets.
const VectorSize = 256

// LookupVector6 is Lookup6 for up to VectorSize addresses at once, all in one
// table: out[i] becomes the load-balance of addrs[i]. Each step of the match is
// done for all addresses before the next, so that the processor waits for many
// cache misses at a time; with 100,000 routes this takes less than half of what
// single lookups take.
func (f *FIB) LookupVector6(fibIndex uint32, addrs []*[16]byte, out []uint32) {
	if f.vector == nil {
		f.vector = new(vector6)
	}
	f.v6[fibIndex].lookupVector(f.vector, addrs, out)
}

// vector6 is the working set of one vector.
type vector6 struct {
	hi, lo [VectorSize]uint64 // addresses
	hash   [VectorSize]uint64 // of the pending ones with the length's mask
	tag    [VectorSize]uint8  // found in the first slot for the hash
	// pending lists the addresses that no longer length matched; maybe those of
	// them whose first slot is in use.
	pending, maybe [VectorSize]uint16
	sum            uint64 // keeps the compiler from leaving touch out
}

func (t *hash6) lookupVector(v *vector6, addrs []*[16]byte, out []uint32) {
	n := len(addrs)
	for i, a := range addrs {
		v.hi[i], v.lo[i] = words6(a)
		v.pending[i] = uint16(i)
		out[i] = t.dflt
	}
	for _, l := range t.lengths {
		n = l.match(v, n, out)
	}
}

// match looks the n pending addresses up among the prefixes of one length and
// returns how many are left.
func (l *length6) match(v *vector6, n int, out []uint32) (left int) {
	mask, shift := uint64(len(l.tags)-1), l.shift&63
	for k, i := range v.pending[:n] {
		h := hashKey6(v.hi[i&0xff]&l.hi, v.lo[i&0xff]&l.lo)
		v.hash[k], v.tag[k] = h, l.tags[h>>shift&mask]
	}
	found := 0
	for k, tag := range v.tag[:n] {
		// Without branches, which nothing could predict: both lists get the
		// entry, one of them keeps it.
		used := int(-uint32(tag) >> 31)
		i := v.pending[k]
		v.maybe[found&0xff] = uint16(k)<<8 | i
		v.pending[left&0xff] = i
		found += used
		left += 1 - used
	}
	l.touch(v, v.maybe[:found])
	for _, m := range v.maybe[:found] {
		k, i := m>>8, m&0xff
		if lb, ok := l.get(v.hash[k], v.hi[i]&l.hi, v.lo[i]&l.lo); ok {
			out[i] = lb
			continue
		}
		v.pending[left&0xff] = i
		left++
	}
	return left
}

// touch reads the slots that probably match, so that they are in cache when
// they are compared; for others it reads slot 0.
func (l *length6) touch(v *vector6, maybe []uint16) {
	mask, shift := uint64(len(l.slots)-1), l.shift&63
	sum := uint64(0)
	for _, m := range maybe {
		h := v.hash[m>>8]
		same := uint64(int64(uint64(tag6(h)^v.tag[m>>8])-1) >> 63)
		sum += l.slots[h>>shift&mask&same].hi
	}
	v.sum = sum
}

// get finds a prefix that forwards, by its hash.
func (l *length6) get(hash, hi, lo uint64) (lb uint32, ok bool) {
	tag, mask := tag6(hash), uint64(len(l.tags)-1)
	for i := hash >> (l.shift & 63); l.tags[i&mask] != 0; i++ {
		if l.tags[i&mask] != tag {
			continue
		}
		if s := &l.slots[i&mask]; s.hi == hi && s.lo == lo {
			return s.lb, s.lb != InvalidIndex
		}
	}
	return 0, false
}
