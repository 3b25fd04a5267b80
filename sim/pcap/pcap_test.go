package pcap

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// readAll reads a file whole.
func readAll(b []byte) (link LinkType, packets []Packet, err error) {
	r, err := NewReader(bytes.NewReader(b), 100)
	if err != nil {
		return 0, nil, err
	}
	for {
		p, err := r.Next()
		if err == io.EOF {
			return r.Link, packets, nil
		}
		if err != nil {
			return r.Link, packets, err
		}
		packets = append(packets, p)
	}
}

func file() []byte {
	b := AppendHeader(nil, 1<<16, LinkEthernet)
	b = AppendPacket(b, time.Unix(5, 6000), []byte{1, 2, 3}, 9)
	return AppendPacket(b, time.Unix(7, 8000), []byte{4, 5, 6}, 2)
}

func TestReadWhatWasWritten(t *testing.T) {
	t.Parallel()
	link, packets, err := readAll(file())
	require.NoError(t, err)
	require.Equal(t, LinkEthernet, link)
	require.Equal(t, []Packet{
		{Time: time.Unix(5, 6000), Length: 3, Data: []byte{1, 2, 3}},
		{Time: time.Unix(7, 8000), Length: 3, Data: []byte{4, 5}},
	}, packets)
}

func TestReadBigEndian(t *testing.T) {
	t.Parallel()
	var b []byte
	for _, v := range []uint32{magic, 2<<16 | 4, 0, 0, 100, 12, 1, 2, 1, 4} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	link, packets, err := readAll(append(b, 9))
	require.NoError(t, err)
	require.Equal(t, LinkType(12), link)
	require.Equal(t, []Packet{{Time: time.Unix(1, 2000), Length: 4, Data: []byte{9}}}, packets)
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	long := AppendPacket(AppendHeader(nil, 1, LinkEthernet), time.Unix(0, 0), make([]byte, 101), 1)
	for name, b := range map[string][]byte{
		"empty": {}, "magic": make([]byte, 24), "header": file()[:20], "packet header": file()[:30], "packet": file()[:41], "too long": long,
	} {
		_, _, err := readAll(b)
		require.Error(t, err, name)
	}
}

// FuzzRead reads any file; it must end.
func FuzzRead(f *testing.F) {
	f.Add(file())
	f.Add(file()[:41])
	f.Fuzz(func(t *testing.T, b []byte) {
		_, packets, _ := readAll(b) // most are wrong
		for _, p := range packets {
			require.LessOrEqual(t, len(p.Data), p.Length)
		}
	})
}
