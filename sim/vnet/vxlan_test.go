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

// pair is two instances joined by a wire between their pg1, with a tunnel of
// one outer and one inner protocol between them.
type pair struct {
	near, far *bed
}

// newPair joins two instances: far is 10.0.1.2 and fd00:1::2 on the wire, and
// has a layer 3 interface pg2 behind which 192.168.50.0/24 and fd50::/64 are.
func newPair(t *testing.T, outer, inner fib.Proto, vni [2]uint32) pair {
	t.Helper()
	near, far := newBed(t), newEmptyBed(t)
	far.pg(1, PGEthernet)
	far.address("pg1", "10.0.1.2/24")
	far.address("pg1", "fd00:1::2/64")
	far.itf("pg1").Hw.MAC = packet.MAC{2, 0xaa, 0, 0, 1, 2}
	far.neighbor("pg1", "10.0.1.1", near.itf("pg1").Hw.MAC.String())
	far.neighbor("pg1", "fd00:1::1", near.itf("pg1").Hw.MAC.String())
	far.pg(2, PGIP4)
	far.address("pg2", "10.2.0.1/24")
	require.NoError(t, far.EnableIP6(far.itf("pg2").SwIfIndex))
	far.route("192.168.50.0/24", "10.2.0.9 pg2")
	far.route("fd50::/64", "fd52::9 pg2")
	ends := [2][2]netip.Addr{{netip.MustParseAddr("10.0.1.1"), netip.MustParseAddr("10.0.1.2")},
		{netip.MustParseAddr("fd00:1::1"), netip.MustParseAddr("fd00:1::2")}}[outer]
	next := inner.String() + "-input"
	for k, d := range []*bed{near, far} {
		v, err := d.AddVXLAN(VXLANSpec{Src: ends[k], Dst: ends[1-k], VNI: vni[k], L3: true,
			DecapNext: d.VXLANDecapNext(outer, next), Instance: vlib.InvalidIndex})
		require.NoError(t, err)
		d.address("vxlan_tunnel0", "192.168.99.1/32")
		require.NoError(t, d.EnableIP6(v.SwIfIndex))
	}
	near.route("192.168.50.0/24", "192.168.50.1 vxlan_tunnel0")
	near.route("fd50::/64", "fd50::1 vxlan_tunnel0")
	for _, itf := range []string{"pg1", "pg2"} {
		far.sent(itf)
	}
	near.sent("pg1")
	return pair{near, far}
}

// TestVXLANCombinations sends a packet of each protocol through a tunnel over
// each and compares what leaves at the far end with the packet two hops on.
func TestVXLANCombinations(t *testing.T) {
	t.Parallel()
	for _, outer := range []fib.Proto{fib.IP4, fib.IP6} {
		for _, inner := range []fib.Proto{fib.IP4, fib.IP6} {
			t.Run(fmt.Sprintf("%s in %s", inner, outer), func(t *testing.T) {
				t.Parallel()
				p := newPair(t, outer, inner, [2]uint32{7, 7})
				dst := [2]netip.Addr{netip.MustParseAddr("192.168.50.7"), netip.MustParseAddr("fd50::7")}[inner]
				frame := udpFrame(dst, p.near.itf("pg0").Hw.MAC, true)
				p.near.send("pg0", fmt.Sprintf("%x", frame))
				wire := p.near.sent("pg1")
				require.Len(t, wire, 1)
				requireChecksums(t, unhex(t, wire[0]))
				p.far.send("pg1", wire...)
				want := append([]byte(nil), frame[packet.EthernetLen:]...)
				if inner == fib.IP4 {
					packet.IPv4(want).SetTTL(62)
				} else {
					packet.IPv6(want).SetHopLimit(62)
				}
				require.Equal(t, []string{fmt.Sprintf("%x", want)}, p.far.sent("pg2"))
			})
		}
	}
}

// TestVXLANWrongVNI checks that a tunnel with another VNI takes nothing in and
// says why.
func TestVXLANWrongVNI(t *testing.T) {
	t.Parallel()
	for _, outer := range []fib.Proto{fib.IP4, fib.IP6} {
		t.Run(outer.String(), func(t *testing.T) {
			t.Parallel()
			p := newPair(t, outer, fib.IP4, [2]uint32{7, 8})
			p.near.send("pg0", fmt.Sprintf("%x", udpFrame(netip.MustParseAddr("192.168.50.7"), p.near.itf("pg0").Hw.MAC, true)))
			p.far.Graph.ClearErrors()
			p.far.send("pg1", p.near.sent("pg1")...)
			require.Empty(t, p.far.sent("pg2"))
			require.Equal(t, []string{fmt.Sprintf("vxlan%d-input: no such tunnel packets 1", 4+2*outer)}, p.far.shown())
		})
	}
}

// TestVXLANRestack checks that packets follow the route to the far end when it
// changes.
func TestVXLANRestack(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	_, err := d.AddVXLAN(VXLANSpec{Src: netip.MustParseAddr("10.0.1.1"), Dst: netip.MustParseAddr("20.0.0.1"), VNI: 9,
		L3: true, DecapNext: d.VXLANDecapNext(fib.IP4, "ip4-input"), Instance: vlib.InvalidIndex})
	require.NoError(t, err)
	d.route("192.168.50.0/24", "192.168.50.1 vxlan_tunnel0")
	frame := fmt.Sprintf("%x", udpFrame(netip.MustParseAddr("192.168.50.7"), d.itf("pg0").Hw.MAC, true))
	count := func() [2]int { return [2]int{len(d.sent("pg0")), len(d.sent("pg1"))} }
	d.send("pg0", frame)
	require.Equal(t, [2]int{0, 0}, count(), "no route to the far end")
	d.route("20.0.0.0/24", "10.0.1.2 pg1")
	d.send("pg0", frame)
	require.Equal(t, [2]int{0, 1}, count(), "a route by pg1")
	d.route("20.0.0.0/25", "10.0.0.2 pg0")
	d.send("pg0", frame)
	require.Equal(t, [2]int{1, 0}, count(), "a longer one by pg0")
	d.FIB.Delete(0, netip.MustParsePrefix("20.0.0.0/25"), fib.SourceAPI)
	d.FIB.Delete(0, netip.MustParsePrefix("20.0.0.0/24"), fib.SourceAPI)
	d.send("pg0", frame)
	require.Equal(t, [2]int{0, 0}, count(), "no route again")
}

// TestVXLANAddDelete checks the answers to adding and deleting tunnels, and that
// names and indexes are used again.
func TestVXLANAddDelete(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	spec := VXLANSpec{Src: netip.MustParseAddr("10.0.1.1"), Dst: netip.MustParseAddr("10.0.1.2"), VNI: 1,
		DecapNext: vlib.InvalidIndex, Instance: vlib.InvalidIndex}
	one, err := d.AddVXLAN(spec)
	require.NoError(t, err)
	_, err = d.AddVXLAN(spec)
	require.ErrorIs(t, err, ErrTunnelExist)
	other := spec
	other.VNI, other.Instance = 2, 0
	_, err = d.AddVXLAN(other)
	require.ErrorIs(t, err, ErrInstanceInUse)
	other.Instance, other.DecapNext = 42, 99
	_, err = d.AddVXLAN(other)
	require.ErrorIs(t, err, ErrInvalidDecapNext)
	other.DecapNext = 0
	two, err := d.AddVXLAN(other)
	require.NoError(t, err)
	require.Equal(t, "vxlan_tunnel42", d.Interface(two.SwIfIndex).Name)
	index, err := d.DeleteVXLAN(spec)
	require.NoError(t, err)
	require.Equal(t, one.SwIfIndex, index)
	_, err = d.DeleteVXLAN(spec)
	require.ErrorIs(t, err, ErrNoSuchEntry)
	again, err := d.AddVXLAN(spec)
	require.NoError(t, err)
	require.Equal(t, [2]uint32{one.Index, one.SwIfIndex}, [2]uint32{again.Index, again.SwIfIndex})
	require.Equal(t, "vxlan_tunnel0", d.Interface(again.SwIfIndex).Name)
}
