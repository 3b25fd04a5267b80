package pagemem

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestArrayGrows checks that what was written stays and that what is new is
// zero, from the heap over several moves.
func TestArrayGrows(t *testing.T) {
	t.Parallel()
	var a Array[uint32]
	var s []uint32
	for _, n := range []int{1, 1000, 1 << 18, 1<<18 + 1, 1 << 20, 5 << 20} {
		last := len(s)
		s = a.Grow(s, n)
		require.Len(t, s, n)
		for i, v := range s {
			want := uint32(0)
			if i < last {
				want = uint32(i) * 3
			}
			if v != want {
				t.Fatalf("%d elements: element %d is %d, want %d", n, i, v, want)
			}
			s[i] = uint32(i) * 3
		}
	}
	require.NotNil(t, a.m)
	require.False(t, a.failed)
}

// TestArrayWithoutMemory checks that a system that maps nothing is no reason to
// stop.
func TestArrayWithoutMemory(t *testing.T) {
	t.Parallel()
	a := Array[byte]{failed: true}
	s := a.Grow([]byte{7}, 3*threshold)
	require.EqualValues(t, 7, s[0])
	require.Len(t, s, 3*threshold)
}
