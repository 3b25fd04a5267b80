package fib

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLookupVector6 compares the lookup of a vector with single lookups, in
// tables of all sizes and for addresses that match prefixes of any length.
func TestLookupVector6(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, routes := range []int{0, 1, 10, 5000} {
		h := &hash6{dflt: 7}
		var near []uint64
		for k := range routes {
			hi, lo, plen := rnd.Uint64()&^0xfff, rnd.Uint64(), uint8(1+rnd.IntN(128))
			maskHi, maskLo := mask6(plen)
			if h.find(hi&maskHi, lo&maskLo, plen) != nil {
				continue
			}
			h.insert(hi&maskHi, lo&maskLo, plen, uint32(k))
			if k%5 != 0 {
				h.find(hi&maskHi, lo&maskLo, plen).lb = uint32(100 + k)
			}
			near = append(near, hi, lo)
		}
		addrs, out := make([]*[16]byte, VectorSize), make([]uint32, VectorSize)
		for i := range addrs {
			a := netip.AddrFrom16([16]byte{byte(i), 1}).As16()
			if len(near) > 0 {
				k := rnd.IntN(len(near)/2) * 2
				for b := range 8 {
					a[b], a[8+b] = byte(near[k]>>(56-8*b)), byte(near[k+1]>>(56-8*b))
				}
				a[rnd.IntN(16)] ^= byte(rnd.IntN(2))
			}
			addrs[i] = &a
		}
		for _, n := range []int{0, 1, 17, VectorSize} {
			h.lookupVector(new(vector6), addrs[:n], out[:n])
			for i := range n {
				require.Equal(t, h.lookup(addrs[i]), out[i], "%d routes, %x", routes, *addrs[i])
			}
		}
	}
}
