package vlib

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestBufferLayout keeps what every node touches in one cache line.
func TestBufferLayout(t *testing.T) {
	t.Parallel()
	require.EqualValues(t, 256, unsafe.Sizeof(Buffer{}))
	require.EqualValues(t, 64, unsafe.Offsetof(Buffer{}.RPF))
}

// TestCloneKeepsHeaders checks that a clone has the packet, the metadata and
// the stripped headers before it, and that the two do not share bytes.
func TestCloneKeepsHeaders(t *testing.T) {
	t.Parallel()
	g := NewGraph()
	b := g.Alloc([]byte("ethernetpacket"))
	b.Advance(8)
	b.RxSwIf, b.FlowHash = 7, 9
	c := g.Clone(b)
	c.Bytes()[0] = 'P'
	require.Equal(t, "packet", string(b.Bytes()))
	require.Equal(t, "Packet", string(c.Bytes()))
	require.Equal(t, "ethernet", string(c.Before(8)))
	require.Equal(t, [2]uint32{7, 9}, [2]uint32{c.RxSwIf, c.FlowHash})
	g.Free(b)
	g.Free(c)
	require.Zero(t, g.BuffersInUse())
}

// TestAllocSizes checks the size classes and that a freed buffer comes back
// clean.
func TestAllocSizes(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 64, dataSizeDefault, dataSizeDefault + 1, dataSizeJumbo + 1, dataSizeMax + 1} {
		g := NewGraph()
		b := g.Alloc(make([]byte, size))
		require.Equal(t, size, b.Len())
		require.GreaterOrEqual(t, b.Headroom(), Headroom)
		b.TxSwIf, b.L2Len, b.Features = 1, 14, []uint32{1}
		g.Free(b)
		c := g.Alloc(nil)
		require.Equal(t, InvalidIndex, c.TxSwIf)
		require.Zero(t, c.L2Len)
		require.Nil(t, c.Features)
	}
}
