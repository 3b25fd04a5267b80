package pcapng

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"
)

// sample is a capture with both link types, comments, and lengths that need
// padding.
func sample(t testing.TB) (Capture, []byte) {
	t.Helper()
	eth, err := hex.DecodeString("02fe0000020102fe000001010800" + "4500001d000100004011" + "66cd0a0000010a000002" + "03e70035000900007a")
	require.NoError(t, err)
	base := time.Date(2000, 1, 1, 0, 0, 0, 17, time.UTC)
	c := Capture{
		Interfaces: []Interface{{Name: "a/eth0", Description: "pod a", LinkType: Ethernet}, {Name: "b/tun0", LinkType: RawIP}},
		Packets: []Packet{
			{Interface: 0, Time: base, Data: eth, Direction: Outbound, Comment: "trace 1.1"},
			{Interface: 1, Time: base.Add(time.Nanosecond), Data: eth[14:], Direction: Inbound, Comment: "trace 2.1 because of trace 1.1"},
			{Interface: 0, Time: base.Add(time.Hour), Data: eth},
		},
	}
	var buf bytes.Buffer
	w, err := NewWriter(&buf)
	require.NoError(t, err)
	for n, i := range c.Interfaces {
		index, err := w.AddInterface(i)
		require.NoError(t, err)
		require.Equal(t, n, index)
	}
	for _, p := range c.Packets {
		require.NoError(t, w.WritePacket(p))
	}
	return c, buf.Bytes()
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	want, data := sample(t)
	have, err := Read(bytes.NewReader(data))
	require.NoError(t, err)
	require.Equal(t, want, have)
}

// TestOtherReader: an independent reader agrees.
func TestOtherReader(t *testing.T) {
	t.Parallel()
	want, data := sample(t)
	r, err := pcapgo.NewNgReader(bytes.NewReader(data), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	require.NoError(t, err)
	for _, p := range want.Packets {
		data, ci, err := r.ReadPacketData()
		require.NoError(t, err)
		require.Equal(t, p.Data, data)
		require.True(t, p.Time.Equal(ci.Timestamp), ci.Timestamp)
		i, err := r.Interface(ci.InterfaceIndex)
		require.NoError(t, err)
		require.Equal(t, want.Interfaces[p.Interface].Name, i.Name)
	}
}

// TestTshark runs where tshark is installed.
func TestTshark(t *testing.T) {
	t.Parallel()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	_, data := sample(t)
	file := filepath.Join(t.TempDir(), "sample.pcapng")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	out, err := exec.Command(tshark, "-r", file, "-T", "fields", "-e", "frame.interface_name", "-e", "frame.time_epoch",
		"-e", "frame.comment", "-e", "ip.dst", "-e", "udp.dstport", "-e", "frame.packet_flags_direction").Output()
	require.NoError(t, err)
	require.Equal(t, strings.Join([]string{
		"a/eth0\t946684800.000000017\ttrace 1.1\t10.0.0.2\t53\t0x00000002",
		"b/tun0\t946684800.000000018\ttrace 2.1 because of trace 1.1\t10.0.0.2\t53\t0x00000001",
		"a/eth0\t946688400.000000017\t\t10.0.0.2\t53\t", ""}, "\n"), string(out))
}

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	_, err := NewWriter(failing{})
	require.EqualError(t, err, "pcapng: write header: disk full")
	var buf bytes.Buffer
	w, err := NewWriter(&buf)
	require.NoError(t, err)
	require.EqualError(t, w.WritePacket(Packet{}), "pcapng: write packet: interface 0 of 0")
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestReadErrors(t *testing.T) {
	t.Parallel()
	_, good := sample(t)
	change := func(at int, v byte) []byte {
		b := bytes.Clone(good)
		b[at] = v
		return b
	}
	for _, tt := range []struct {
		name, want string
		data       []byte
	}{
		{"empty", "pcapng: block 1: EOF", nil},
		{"no section", "pcapng: block 1: want a section header first", good[44:]},
		{"magic", "pcapng: block 1: byte-order magic 0x3c2b1a: want 0x1a2b3c4d", change(8, 0)},
		{"version", "pcapng: block 1: version 9: want 1", change(12, 9)},
		{"length", "pcapng: block 1: length 45: want a multiple of 4 between 12 and 16777216", change(4, 45)},
		{"cut in a header", "pcapng: block 2: cut short after 5 bytes of its header", good[:49]},
		{"cut in a block", "pcapng: block 2: cut short after 20 of 56 bytes", good[:64]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(bytes.NewReader(tt.data))
			require.EqualError(t, err, tt.want)
		})
	}
}

// FuzzRead: whatever can be read is written and read back unchanged.
func FuzzRead(f *testing.F) {
	_, data := sample(f)
	f.Add(data)
	f.Add(data[:100])
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		var buf bytes.Buffer
		w, err := NewWriter(&buf)
		require.NoError(t, err)
		for _, i := range first.Interfaces {
			_, err := w.AddInterface(i)
			require.NoError(t, err)
		}
		for _, p := range first.Packets {
			if p.Time.Year() > 2200 || p.Time.Year() < 1970 {
				return // not in nanoseconds
			}
			require.NoError(t, w.WritePacket(p))
		}
		again, err := Read(&buf)
		require.NoError(t, err)
		require.Equal(t, first, again)
	})
}
