package classify

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// source is a match for an IPv4 source behind Ethernet, as `classify session …
// match l3 ip4 src` makes it, from the vector that the mask skips to on.
func source(last byte) []byte {
	b := make([]byte, VectorSize)
	copy(b[10:], []byte{10, 0, 0, last})
	return b
}

func sourceTable(buckets uint32) *Table {
	ts := new(Tables)
	mask := make([]byte, VectorSize)
	copy(mask[10:], []byte{255, 255, 255, 255})
	return ts.Add(Config{Mask: mask, Buckets: buckets, Skip: 1, Match: 1, Next: InvalidIndex, MissNext: InvalidIndex})
}

// TestOrder compares the order of a dump with one recorded from VPP 26.06: 16
// buckets, sources 10.0.0.1 to .20 added in order.
func TestOrder(t *testing.T) {
	t.Parallel()
	table := sourceTable(16)
	for i := range byte(20) {
		table.Put(source(i+1), Session{Opaque: uint32(i + 1)})
	}
	var got []uint32
	table.Each(func(s *Session) { got = append(got, s.Opaque) })
	require.Equal(t, []uint32{15, 2, 1, 12, 10, 7, 19, 4, 16, 9, 5, 17, 8, 11, 6, 18, 20, 13, 14, 3}, got)
	require.Equal(t, 20, table.Sessions)
}

// TestChurn fills few buckets far beyond their pages, which then grow and at
// last are searched from end to end, and empties them again.
func TestChurn(t *testing.T) {
	t.Parallel()
	for _, buckets := range []uint32{1, 2, 8} {
		t.Run(fmt.Sprint(buckets), func(t *testing.T) {
			t.Parallel()
			table := sourceTable(buckets)
			for i := range 200 {
				table.Put(source(byte(i)), Session{Opaque: uint32(i)})
			}
			require.Equal(t, 200, table.Sessions)
			for i := range 256 {
				s := table.Find(source(byte(i)), 1)
				require.Equal(t, i < 200, s != nil, i)
				if s != nil {
					require.Equal(t, Session{Opaque: uint32(i), Hits: 1, LastHeard: 1, Offset: s.Offset, used: true, key: s.key}, *s)
				}
			}
			table.Put(source(7), Session{Opaque: 1000})
			require.Equal(t, 200, table.Sessions, "a session that is added again is replaced")
			require.Equal(t, uint32(1000), table.Find(source(7), 0).Opaque)
			for i := range 200 {
				_, ok := table.Delete(source(byte(i)))
				require.True(t, ok, i)
			}
			_, ok := table.Delete(source(0))
			require.False(t, ok)
			require.Zero(t, table.Sessions)
		})
	}
}

// TestCollisions uses keys that all have the same hash: the bucket is searched
// from end to end.
func TestCollisions(t *testing.T) {
	t.Parallel()
	mask := make([]byte, VectorSize)
	mask[0], mask[8] = 0xff, 0xff
	table := new(Tables).Add(Config{Mask: mask, Buckets: 4, Match: 1, Next: InvalidIndex})
	key := func(i byte) []byte {
		b := make([]byte, VectorSize)
		b[0], b[8] = i, i
		return b
	}
	for i := range byte(50) {
		table.Put(key(i), Session{Opaque: uint32(i)})
	}
	require.Equal(t, 1, table.Linear)
	for i := range byte(50) {
		require.Equal(t, uint32(i), table.Find(key(i), 0).Opaque)
	}
	require.Nil(t, table.Find(key(50), 0))
}

// TestChains covers order by mask, search by mask, and a chain that runs into
// itself.
func TestChains(t *testing.T) {
	t.Parallel()
	ts := new(Tables)
	masks := [][]byte{make([]byte, 16), make([]byte, 16), make([]byte, 16)}
	masks[0][0], masks[1][0], masks[2][0] = 0x01, 0xff, 0x0f
	for i, m := range masks {
		next := uint32(i + 1)
		if i == 2 {
			next = InvalidIndex
		}
		ts.Add(Config{Mask: m, Buckets: 2, Match: 1, Next: next})
	}
	require.Equal(t, []uint32{0, 1, 2}, ts.Chain(0))
	require.Equal(t, uint32(1), ts.Sort(0))
	require.Equal(t, []uint32{1, 2, 0}, ts.Chain(1))
	require.Equal(t, uint32(2), ts.LookupMask(1, masks[2], 0, 1))
	require.Equal(t, InvalidIndex, ts.LookupMask(1, masks[2], 1, 1))
	ts.Get(0).Next = 1
	require.Equal(t, []uint32{1, 2, 0}, ts.Chain(1))
	ts.Delete(1, true)
	require.Zero(t, len(ts.Chain(0)))
	require.Equal(t, uint32(1), ts.Add(Config{Mask: masks[0], Buckets: 1, Match: 1}).Index)
}

func BenchmarkFind(b *testing.B) {
	table := sourceTable(64)
	for i := range byte(100) {
		table.Put(source(i), Session{})
	}
	key := source(42)
	b.ReportAllocs()
	for b.Loop() {
		if table.Find(key, 1) == nil {
			b.Fatal("not found")
		}
	}
}
