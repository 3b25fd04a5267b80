package fib

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLookupVector4 compares the lookup of a vector with single lookups, in
// tables of all sizes.
func TestLookupVector4(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, routes := range []int{0, 1, 100, 2000} {
		trie := newTrie4(5)
		var near []uint32
		for k := range routes {
			plen := uint8(1 + rnd.IntN(32))
			addr := rnd.Uint32() >> (32 - plen) << (32 - plen)
			trie.insert(addr, plen, uint32(100+k))
			near = append(near, addr)
		}
		addrs, out := make([]uint32, VectorSize), make([]uint32, VectorSize)
		for i := range addrs {
			addrs[i] = rnd.Uint32()
			if len(near) > 0 && i%2 == 0 {
				addrs[i] = near[rnd.IntN(len(near))] + uint32(rnd.IntN(3))
			}
		}
		for _, n := range []int{0, 1, 19, VectorSize} {
			trie.lookupVector(addrs[:n], out[:n])
			for i := range n {
				require.Equal(t, trie.lookup(addrs[i]), out[i], "%d routes, %08x", routes, addrs[i])
			}
		}
	}
}
