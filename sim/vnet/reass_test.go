package vnet

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
)

// udpPayload is a UDP datagram with n bytes that tell their place.
func udpPayload(n int) []byte {
	b := make([]byte, packet.UDPLen+n)
	packet.PutUint16(b, 0, 1234)
	packet.PutUint16(b, 2, 5678)
	packet.PutUint16(b, 4, uint16(len(b)))
	for i := range n {
		b[packet.UDPLen+i] = byte(i * 7)
	}
	return b
}

var (
	frameMAC4 = mustHex("02fe0000000002aa000000020800")
	frameMAC6 = mustHex("02fe0000000002aa0000000286dd")
)

// fragment4 is a frame for pg0 with the octets from first to last of payload.
func fragment4(payload []byte, first, last int, id uint16, dst string) []byte {
	data := payload[first : last+1]
	field := uint16(first / 8)
	if last+1 < len(payload) {
		field |= packet.IPv4MoreFragments
	}
	b := make([]byte, packet.IPv4Len)
	packet.IPv4Fields{TotalLen: packet.IPv4Len + len(data), ID: id, Fragment: field, TTL: 64, Protocol: packet.ProtoUDP,
		Src: netip.MustParseAddr("10.0.0.2"), Dst: netip.MustParseAddr(dst)}.Encode(b)
	return slices.Concat(frameMAC4, b, data)
}

// fragment6 is fragment4 for IPv6.
func fragment6(payload []byte, first, last int, id uint32, dst string) []byte {
	data := payload[first : last+1]
	b := make([]byte, packet.IPv6Len+packet.IPv6FragmentLen)
	packet.IPv6Fields{PayloadLen: packet.IPv6FragmentLen + len(data), NextHeader: packet.ProtoFragment, HopLimit: 64,
		Src: netip.MustParseAddr("fd00::2"), Dst: netip.MustParseAddr(dst)}.Encode(b)
	b[packet.IPv6Len] = packet.ProtoUDP
	field := uint16(first)
	if last+1 < len(payload) {
		field |= 1
	}
	packet.PutUint16(b, packet.IPv6Len+2, field)
	packet.PutUint32(b, packet.IPv6Len+4, id)
	return slices.Concat(frameMAC6, b, data)
}

type span [2]int

// fragmentsOf makes the frames of spans of payload.
func fragmentsOf(p fib.Proto, payload []byte, id uint32, spans ...span) [][]byte {
	var out [][]byte
	for _, s := range spans {
		if p == fib.IP4 {
			out = append(out, fragment4(payload, s[0], s[1], uint16(id), "10.0.1.2"))
		} else {
			out = append(out, fragment6(payload, s[0], s[1], id, "fd00:1::2"))
		}
	}
	return out
}

func (d *bed) inject(itf string, frames ...[]byte) {
	for _, f := range frames {
		d.itf(itf).Receive(packet.Frame{Data: f})
	}
}

// reassembledPayload is what stands behind the IP header of a frame.
func reassembledPayload(t testing.TB, frame []byte) []byte {
	t.Helper()
	if packet.Uint16(frame, 12) == packet.EtherTypeIPv4 {
		ip := packet.IPv4(frame[packet.EthernetLen:])
		require.True(t, ip.ChecksumOK())
		require.False(t, ip.IsFragment())
		return ip.Payload()
	}
	ip := packet.IPv6(frame[packet.EthernetLen:])
	require.Equal(t, packet.ProtoUDP, ip.NextHeader())
	return ip.Payload()
}

// TestFullReassembly puts fragments together in every order and with overlaps,
// which IPv4 takes and IPv6 does not.
func TestFullReassembly(t *testing.T) {
	t.Parallel()
	payload := udpPayload(992)
	for _, tc := range []struct {
		name  string
		proto fib.Proto
		spans []span
		want  int
		errs  string
	}{
		{"in order", fib.IP4, []span{{0, 399}, {400, 799}, {800, 999}}, 1, ""},
		{"reversed", fib.IP4, []span{{800, 999}, {400, 799}, {0, 399}}, 1, ""},
		{"middle last", fib.IP4, []span{{800, 999}, {0, 399}, {400, 799}}, 1, ""},
		{"duplicate", fib.IP4, []span{{0, 399}, {0, 399}, {400, 799}, {800, 999}}, 1, "duplicate/overlapping fragments 1"},
		{"part of another", fib.IP4, []span{{0, 799}, {400, 463}, {800, 999}}, 1, "duplicate/overlapping fragments 1"},
		{"overlap at its front", fib.IP4, []span{{0, 399}, {200, 999}}, 1, ""},
		{"overlap at its end", fib.IP4, []span{{400, 999}, {0, 599}}, 1, ""},
		{"covers another", fib.IP4, []span{{400, 499}, {0, 799}, {800, 999}}, 1, ""},
		{"covers the end", fib.IP4, []span{{0, 399}, {800, 999}, {400, 999}}, 1, ""},
		{"in order", fib.IP6, []span{{0, 399}, {400, 799}, {800, 999}}, 1, ""},
		{"reversed", fib.IP6, []span{{800, 999}, {400, 799}, {0, 399}}, 1, ""},
		{"duplicate", fib.IP6, []span{{0, 399}, {0, 399}, {400, 799}, {800, 999}}, 1, "duplicate fragments 1"},
		{"overlap", fib.IP6, []span{{0, 399}, {200, 999}}, 0, "overlapping fragments 1"},
	} {
		t.Run(tc.proto.String()+" "+tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // no timer runs meanwhile
				d := newBed(t)
				require.NoError(t, d.EnableReassembly(tc.proto, ReassFull, d.itf("pg0").SwIfIndex, true))
				d.inject("pg0", fragmentsOf(tc.proto, payload, 7, tc.spans...)...)
				frames := d.ports["pg1"].Take()
				require.Len(t, frames, tc.want)
				for _, f := range frames {
					require.Equal(t, payload, reassembledPayload(t, f.Data))
				}
				require.Zero(t, d.Reassemblies(tc.proto, ReassFull))
				require.Zero(t, d.Graph.BuffersInUse())
				if node := tc.proto.String() + "-full-reassembly-feature: "; tc.errs != "" {
					require.Contains(t, d.errors(), node+tc.errs)
				}
			})
		})
	}
}

// TestReassemblyLimits checks what is given up: too many fragments, too many
// packets, fragments that cannot be.
func TestReassemblyLimits(t *testing.T) {
	t.Parallel()
	payload := udpPayload(992)
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // no timer runs meanwhile
				d := newBed(t)
				require.NoError(t, d.EnableReassembly(p, ReassFull, d.itf("pg0").SwIfIndex, true))
				d.SetReassParams(p, ReassFull, ReassParams{TimeoutMS: 1000, MaxReassemblies: 1, MaxLength: 3, WalkMS: 100})
				// IPv6 counts the first fragment twice, as VPP does.
				tooMany := []span{{0, 7}, {16, 23}, {32, 39}, {48, 55}}[:4-p]
				d.inject("pg0", fragmentsOf(p, payload, 1, tooMany...)...)
				d.inject("pg0", fragmentsOf(p, payload, 2, span{0, 7})...)
				d.inject("pg0", fragmentsOf(p, payload, 3, span{0, 7})...)
				require.Empty(t, d.ports["pg1"].Take())
				require.Equal(t, 1, d.Reassemblies(p, ReassFull))
				errs := d.errors()
				require.Contains(t, errs, p.String()+"-full-reassembly-feature: fragment chain too long (drop) 1")
				require.Contains(t, errs, p.String()+"-full-reassembly-feature: drops due to concurrent reassemblies limit 1")
				require.NoError(t, d.DeleteInterface(d.itf("pg0").SwIfIndex))
				require.Zero(t, d.Reassemblies(p, ReassFull))
				require.Zero(t, d.Graph.BuffersInUse())
			})
		})
	}
}

// TestReassemblyTimeout checks that a packet whose fragments stay away is given
// up, for IPv6 with an error to its sender.
func TestReassemblyTimeout(t *testing.T) {
	t.Parallel()
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newBed(t)
				require.NoError(t, d.EnableReassembly(p, ReassFull, d.itf("pg0").SwIfIndex, true))
				d.inject("pg0", fragmentsOf(p, udpPayload(992), 1, span{0, 399})...)
				d.own(func() { require.Equal(t, 1, d.Reassemblies(p, ReassFull)) })
				time.Sleep(190 * time.Millisecond)
				d.own(func() { require.Equal(t, 1, d.Reassemblies(p, ReassFull)) })
				time.Sleep(100 * time.Millisecond)
				d.own(func() { require.Zero(t, d.Reassemblies(p, ReassFull)) })
				frames := d.ports["pg0"].Take()
				if p == fib.IP4 {
					require.Empty(t, frames)
				} else {
					require.Len(t, frames, 1)
					icmp := frames[0].Data[packet.EthernetLen+packet.IPv6Len:]
					require.Equal(t, []byte{packet.ICMPv6TimeExceeded, packet.ICMPv6ReassemblyTime}, icmp[:2])
				}
				d.own(func() { require.Zero(t, d.Graph.BuffersInUse()) })
				require.NoError(t, d.Close())
			})
		})
	}
}

// TestLocalReassembly pings the instance in fragments, with local reassembly on
// and off.
func TestLocalReassembly(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	payload := udpPayload(992)
	frames := [][]byte{fragment4(payload, 0, 399, 1, "10.0.0.1"), fragment4(payload, 400, 999, 1, "10.0.0.1"),
		fragment6(payload, 0, 399, 1, "fd00::1"), fragment6(payload, 400, 999, 1, "fd00::1")}
	d.inject("pg0", frames...)
	require.Contains(t, d.errors(), "ip4-local-full-reassembly: successful reassemblies 1")
	require.Contains(t, d.errors(), "ip6-local-full-reassembly: successful reassemblies 1")
	d.SetLocalReassembly(fib.IP4, false)
	d.SetLocalReassembly(fib.IP6, false)
	d.inject("pg0", frames...)
	require.Contains(t, d.errors(), "ip4-local-full-reassembly: successful reassemblies 1")
	require.Contains(t, d.errors(), "ip6-local-full-reassembly: successful reassemblies 1")
	require.Zero(t, d.Graph.BuffersInUse())
}

// TestShallowReassembly checks that fragments wait for the first and go on as
// they are, in the order in which they came.
func TestShallowReassembly(t *testing.T) {
	t.Parallel()
	payload := udpPayload(992)
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // no timer runs meanwhile
				d := newBed(t)
				require.NoError(t, d.EnableReassembly(p, ReassShallow, d.itf("pg0").SwIfIndex, true))
				require.NoError(t, d.EnableReassembly(p, ReassShallow, d.itf("pg0").SwIfIndex, true))
				require.NoError(t, d.EnableReassembly(p, ReassShallow, d.itf("pg0").SwIfIndex, false))
				f := fragmentsOf(p, payload, 9, span{400, 799}, span{800, 999}, span{0, 399}, span{0, 399})
				d.inject("pg0", f[:2]...)
				require.Empty(t, d.ports["pg1"].Take())
				d.inject("pg0", f[2:]...)
				got := d.ports["pg1"].Take()
				require.Len(t, got, 4)
				for i, frame := range got {
					head := packet.EthernetLen + packet.IPv4Len
					if p == fib.IP6 {
						head = packet.EthernetLen + packet.IPv6Len
					}
					require.Equal(t, f[i][head:], frame.Data[head:], fmt.Sprint("fragment ", i))
				}
				require.NoError(t, d.EnableReassembly(p, ReassShallow, d.itf("pg0").SwIfIndex, false))
				d.inject("pg0", fragmentsOf(p, payload, 10, span{400, 799})...)
				require.Len(t, d.ports["pg1"].Take(), 1)
				require.Zero(t, d.Graph.BuffersInUse())
			})
		})
	}
}

// TestShallowReassemblyPressure checks that the oldest goes when there are too
// many and that extended reassembly waits for the last fragment.
func TestShallowReassemblyPressure(t *testing.T) {
	t.Parallel()
	payload := udpPayload(992)
	d := newBed(t)
	require.NoError(t, d.EnableReassembly(fib.IP4, ReassShallow, d.itf("pg0").SwIfIndex, true))
	d.SetReassParams(fib.IP4, ReassShallow, ReassParams{TimeoutMS: 1000, MaxReassemblies: 1, MaxLength: 3, WalkMS: 100})
	d.inject("pg0", fragmentsOf(fib.IP4, payload, 1, span{400, 799})...)
	d.inject("pg0", fragmentsOf(fib.IP4, payload, 2, span{400, 799})...)
	d.inject("pg0", fragmentsOf(fib.IP4, payload, 1, span{0, 399})...)
	require.Len(t, d.ports["pg1"].Take(), 1)
	d.SetExtendedReassembly(fib.IP4, true)
	d.inject("pg0", fragmentsOf(fib.IP4, payload, 3, span{0, 399}, span{0, 399})...)
	require.Empty(t, d.ports["pg1"].Take())
	d.inject("pg0", fragmentsOf(fib.IP4, payload, 3, span{400, 999})...)
	require.Len(t, d.ports["pg1"].Take(), 3)
	require.NoError(t, d.DeleteInterface(d.itf("pg0").SwIfIndex))
}

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
