package vnet

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

func (d *bed) greTunnel(spec GRESpec) *GRETunnel {
	d.Helper()
	spec.Instance = vlib.InvalidIndex
	t, err := d.AddGRE(spec)
	require.NoError(d, err)
	require.NoError(d, d.SetAdminUp(t.SwIfIndex, true))
	return t
}

func greSpec(src, dst string) GRESpec {
	return GRESpec{Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst)}
}

// TestGRE sends packets into tunnels and what comes out of them back in.
func TestGRE(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]GRESpec{
		"over IPv4":          greSpec("10.0.1.1", "10.0.1.2"),
		"over IPv6":          greSpec("fd00:1::1", "fd00:1::2"),
		"with a key":         {Src: netip.MustParseAddr("10.0.1.1"), Dst: netip.MustParseAddr("10.0.1.2"), Key: 0xabcdef},
		"with a key in IPv6": {Src: netip.MustParseAddr("fd00:1::1"), Dst: netip.MustParseAddr("fd00:1::2"), Key: 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newBed(t)
			tunnel := d.greTunnel(spec)
			require.NoError(t, d.SetUnnumbered(tunnel.SwIfIndex, d.itf("pg1").SwIfIndex, true))
			d.route("192.0.2.0/24", "gre0")
			d.route("2001:db8::/32", "gre0")
			for _, in := range []struct {
				proto string
				pkt   []byte
			}{{"0800", inner4(64)}, {"86dd", inner6(64)}} {
				d.send("pg0", fmt.Sprintf("02fe00000000020000000001%s%x", in.proto, in.pkt))
				out := d.sent("pg1")
				require.Len(t, out, 1)
				frame := unhex(t, out[0])
				requireChecksums(t, frame)
				outer := frame[packet.EthernetLen:]
				size := packet.IPv4Len
				if spec.Src.Is6() {
					size = packet.IPv6Len
					require.Equal(t, len(outer)-size, packet.IPv6(outer).PayloadLen())
					require.EqualValues(t, 255, packet.IPv6(outer).HopLimit())
				} else {
					require.Equal(t, len(outer), packet.IPv4(outer).TotalLen())
					require.EqualValues(t, 253, packet.IPv4(outer).TTL())
				}
				want := "0000" + in.proto
				if spec.Key != 0 {
					want = fmt.Sprintf("2000%s%08x", in.proto, spec.Key)
				}
				require.Equal(t, want, fmt.Sprintf("%x", outer[size:size+len(want)/2]))
			}
			require.EqualValues(t, 2, tunnel.itf.Stats().TX.Packets)
		})
	}
}

// greFrame is a frame from the far end of a tunnel at pg1.
func greFrame(head string, payload []byte) string {
	h := make([]byte, packet.IPv4Len)
	packet.IPv4Fields{TotalLen: packet.IPv4Len + len(head)/2 + len(payload), TTL: 64, Protocol: protoGRE,
		Src: netip.MustParseAddr("10.0.1.2"), Dst: netip.MustParseAddr("10.0.1.1")}.Encode(h)
	packet.IPv4(h).UpdateChecksum()
	return fmt.Sprintf("02fe00000001020000000001 0800 %x%s%x", h, head, payload)
}

// TestGREDecap checks what comes out of tunnels, and what does not.
func TestGREDecap(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spec   GRESpec
		head   string
		errors []string
		rx     uint64
	}{
		"plain":            {greSpec("10.0.1.1", "10.0.1.2"), "00000800", []string{}, 1},
		"key":              {GRESpec{Key: 5}, "2000080000000005", []string{}, 1},
		"another key":      {GRESpec{Key: 5}, "2000080000000006", []string{"gre4-input: GRE input packets dropped due to missing tunnel 1"}, 0},
		"no key":           {GRESpec{Key: 5}, "00000800", []string{"gre4-input: GRE input packets dropped due to missing tunnel 1"}, 0},
		"another type":     {GRESpec{Type: GRETEB}, "00000800", []string{"gre4-input: GRE input packets dropped due to missing tunnel 1"}, 0},
		"another version":  {GRESpec{}, "00010800", []string{"gre4-input: unsupported version 1"}, 0},
		"unknown protocol": {GRESpec{}, "00001234", []string{"gre4-input: unknown protocol 1"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newBed(t)
			spec := tc.spec
			spec.Src, spec.Dst = netip.MustParseAddr("10.0.1.1"), netip.MustParseAddr("10.0.1.2")
			tunnel := d.greTunnel(spec)
			require.NoError(t, d.SetUnnumbered(tunnel.SwIfIndex, d.itf("pg1").SwIfIndex, true))
			d.route("192.0.2.0/24", "10.0.0.2 pg0")
			d.send("pg1", greFrame(tc.head, inner4(64)))
			require.Equal(t, tc.errors, d.errors())
			require.Equal(t, tc.rx, tunnel.itf.Stats().RX.Packets)
			require.Len(t, d.sent("pg0"), int(tc.rx))
		})
	}
}

// TestGREFrames bridges frames into tunnels and out of them.
func TestGREFrames(t *testing.T) {
	t.Parallel()
	for typ, want := range map[GREType][]string{
		GRETEB:    {"00006558", "00006558"},
		GREERSPAN: {"100088be00000000" + "1000180500000000", "100088be00000001" + "1000180500000000"},
	} {
		t.Run(typ.String(), func(t *testing.T) {
			t.Parallel()
			d := newBed(t)
			spec := greSpec("10.0.1.1", "10.0.1.2")
			spec.Type = typ
			if typ == GREERSPAN {
				spec.Session = 5
			}
			tunnel := d.greTunnel(spec)
			require.NoError(t, d.SetSpan(d.itf("pg0").SwIfIndex, tunnel.SwIfIndex, SpanRX, false))
			frame := fmt.Sprintf("02fe000000000200000000010800%x", inner4(64))
			d.send("pg0", frame)
			d.send("pg0", frame)
			var got []string
			for _, out := range d.sent("pg1") {
				requireChecksums(t, unhex(t, out))
				at := 2 * (packet.EthernetLen + packet.IPv4Len)
				got = append(got, out[at:at+len(want[0])])
				require.Equal(t, frame, out[at+len(want[0]):])
			}
			require.Equal(t, want, got)
			swIf, err := d.DeleteGRE(spec)
			require.NoError(t, err)
			require.Equal(t, tunnel.SwIfIndex, swIf)
			require.Empty(t, d.GREs())
		})
	}
}

func TestGREMultipoint(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	tunnel := d.greTunnel(GRESpec{Src: netip.MustParseAddr("10.0.1.1"), Dst: netip.IPv4Unspecified(), Multipoint: true})
	d.address("gre0", "10.9.0.1/24")
	frame := fmt.Sprintf("02fe000000000200000000010800%x", inner4(64))
	d.route("192.0.2.0/24", "10.9.0.2 gre0")
	d.send("pg0", frame)
	require.Empty(t, d.sent("pg1"))
	require.NoError(t, d.AddTEIB(tunnel.SwIfIndex, netip.MustParseAddr("10.9.0.2"), netip.MustParseAddr("10.0.1.2"), 0))
	d.send("pg0", frame)
	require.Len(t, d.sent("pg1"), 1)
	d.send("pg1", greFrame("00000800", inner4(64)))
	require.EqualValues(t, 1, tunnel.itf.Stats().RX.Packets)
	require.NoError(t, d.DeleteTEIB(tunnel.SwIfIndex, netip.MustParseAddr("10.9.0.2")))
	d.sent("pg1")
	d.send("pg0", frame)
	require.Empty(t, d.sent("pg1"))
}

func TestGREErrors(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	spec := greSpec("10.0.1.1", "10.0.1.2")
	d.greTunnel(spec)
	_, err := d.AddGRE(spec)
	require.ErrorIs(t, err, ErrIfAlreadyExists)
	other := greSpec("10.0.1.1", "10.0.1.3")
	_, err = d.AddGRE(other) // instance 0
	require.ErrorIs(t, err, ErrInstanceInUse)
	_, err = d.DeleteGRE(other)
	require.ErrorIs(t, err, ErrNoSuchEntry)
	other.Session = 1024
	_, err = d.AddGRE(other)
	require.ErrorIs(t, err, ErrInvalidSessionID)
	spec.Multipoint = true
	_, err = d.AddGRE(spec)
	require.ErrorIs(t, err, ErrInvalidDstAddress)
	require.Len(t, d.GREs(), 1)
	require.Equal(t, fib.IP4, d.GREs()[0].proto())
}
