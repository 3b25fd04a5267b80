package apitrace

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func sample() *File {
	return &File{
		Wrapped: true,
		Table:   []Entry{{1, "memclnt_create_9c5e1c2f"}, {737, "ip_table_add_del_0ffdaec0"}, {20000, "x_00000000"}},
		Messages: [][]byte{
			{0, 1, 2, 3},
			bytes.Repeat([]byte{7}, 300),
		},
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, sample().Write(&b))
	f, err := Read(&b)
	require.NoError(t, err)
	require.Equal(t, sample(), f)
}

// The lengths of numbers change where VPP's do.
func TestSmallNumbers(t *testing.T) {
	t.Parallel()
	for x, size := range map[uint64]int{0: 1, 127: 1, 128: 2, 128 + 1<<14 - 1: 2, 128 + 1<<14: 4, 1 << 29: 4, 1 << 40: 9} {
		b := appendSmall(nil, x)
		require.Len(t, b, size, x)
		got, rest, ok := cutSmall(append(b, 0xff))
		require.True(t, ok)
		require.Equal(t, x, got)
		require.Equal(t, []byte{0xff}, rest)
	}
}

// A file cut anywhere is an error, not less of a trace.
func TestTruncated(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, sample().Write(&b))
	for n := range b.Len() {
		_, err := Read(bytes.NewReader(b.Bytes()[:n]))
		require.Error(t, err, n)
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := sample().Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		var out bytes.Buffer
		require.NoError(t, file.Write(&out))
		again, err := Read(&out)
		require.NoError(t, err)
		require.Equal(t, file, again)
	})
}
