package vnet

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ipipTunnel adds a tunnel from pg1's address, admin up and with IP enabled by
// borrowing pg1's addresses.
func (d *bed) ipipTunnel(spec IPIPSpec) *IPIPTunnel {
	d.Helper()
	spec.Instance = vlib.InvalidIndex
	t, err := d.AddIPIP(spec)
	require.NoError(d, err)
	require.NoError(d, d.SetAdminUp(t.SwIfIndex, true))
	require.NoError(d, d.SetUnnumbered(t.SwIfIndex, d.itf("pg1").SwIfIndex, true))
	return t
}

// inner4 and inner6 are packets that go into tunnels, with fields to copy.
func inner4(ttl uint8) []byte {
	b := make([]byte, packet.IPv4Len)
	packet.IPv4Fields{TOS: 0x4b, TotalLen: packet.IPv4Len + packet.UDPLen + 32, Fragment: packet.IPv4DontFragment, TTL: ttl,
		Protocol: packet.ProtoUDP, Src: netip.MustParseAddr("10.0.0.2"), Dst: netip.MustParseAddr("192.0.2.1")}.Encode(b)
	return slices.Concat(b, udpPayload(32))
}

func inner6(hops uint8) []byte {
	b := make([]byte, packet.IPv6Len)
	packet.IPv6Fields{TrafficClass: 0x4b, FlowLabel: 0x12345, PayloadLen: packet.UDPLen + 32, NextHeader: packet.ProtoUDP,
		HopLimit: hops, Src: netip.MustParseAddr("fd00::2"), Dst: netip.MustParseAddr("2001:db8::1")}.Encode(b)
	return slices.Concat(b, udpPayload(32))
}

// TestIPIPEncap checks the outer headers that flags ask for, for each protocol
// in and around a tunnel.
func TestIPIPEncap(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		src, dst  string
		flags     TunnelFlags
		dscp      uint8
		tos4      uint8 // of IPv4 packets in the tunnel, tos6 of IPv6 ones
		tos6      uint8
		df        bool
		hops      [2]uint8
		flowLabel uint32
	}{
		{name: "plain 4", src: "10.0.1.1", dst: "10.0.1.2", dscp: 10, tos4: 40, tos6: 40, hops: [2]uint8{63, 63}},
		{name: "copies 4", src: "10.0.1.1", dst: "10.0.1.2", flags: TunnelEncapCopyDSCP | TunnelEncapCopyECN | TunnelEncapCopyDF,
			tos4: 0x4b, tos6: 0x4b, df: true, hops: [2]uint8{63, 63}},
		{name: "sets DF", src: "10.0.1.1", dst: "10.0.1.2", flags: TunnelEncapSetDF | TunnelEncapCopyECN, tos4: 3, tos6: 3,
			df: true, hops: [2]uint8{63, 63}},
		{name: "plain 6", src: "fd00:1::1", dst: "fd00:1::2", hops: [2]uint8{64, 64}},
		{name: "copies 6", src: "fd00:1::1", dst: "fd00:1::2", flags: TunnelEncapCopyDSCP | TunnelEncapCopyHopLimit |
			TunnelEncapCopyFlowLabel, tos4: 0x48, tos6: 0x48, hops: [2]uint8{9, 9}, flowLabel: 0x12345},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newBed(t)
			tun := d.ipipTunnel(IPIPSpec{Src: netip.MustParseAddr(tc.src), Dst: netip.MustParseAddr(tc.dst), Flags: tc.flags,
				DSCP: tc.dscp})
			d.route("192.0.2.0/24", tun.itf.Name)
			d.route("2001:db8::/64", tun.itf.Name)
			d.inject("pg0", slices.Concat(frameMAC4, inner4(10)), slices.Concat(frameMAC6, inner6(10)))
			got := d.ports["pg1"].Take()
			require.Len(t, got, 2)
			for i, want := range [][]byte{inner4(10), inner6(10)} {
				outer, tos := got[i].Data[packet.EthernetLen:], [2]uint8{tc.tos4, tc.tos6}[i]
				if fib.ProtoOf(tun.Src) == fib.IP4 {
					ip := packet.IPv4(outer)
					require.True(t, ip.ChecksumOK())
					require.Equal(t, tos, ip.TOS())
					require.Equal(t, tc.hops[i], ip.TTL())
					require.Equal(t, tc.df && (i == 0 || tc.flags&TunnelEncapSetDF != 0), ip.DontFragment())
					require.Equal(t, []uint8{4, 41}[i], ip.Protocol())
					require.Equal(t, want[packet.IPv4Len:], ip.Payload()[packet.IPv4Len:])
					continue
				}
				ip := packet.IPv6(outer)
				require.Equal(t, tos, ip.TrafficClass())
				require.Equal(t, tc.hops[i], ip.HopLimit())
				if i == 1 {
					require.Equal(t, tc.flowLabel, ip.FlowLabel())
				}
				require.Equal(t, len(want), ip.PayloadLen())
			}
			require.EqualValues(t, 2, tun.itf.Counters.TX.Packets)
			require.Zero(t, d.Graph.BuffersInUse())
		})
	}
}

// TestIPIPDecap checks that packets of a tunnel come out of it, and what counts.
func TestIPIPDecap(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	tun := d.ipipTunnel(IPIPSpec{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"),
		Flags: TunnelDecapCopyECN})
	inner := inner4(10)
	copy(inner[16:20], []byte{10, 0, 1, 2})
	packet.IPv4(inner).UpdateChecksum()
	outer := make([]byte, packet.IPv4Len)
	f := packet.IPv4Fields{TOS: 1, TotalLen: packet.IPv4Len + len(inner), TTL: 64, Protocol: 4,
		Src: netip.MustParseAddr("10.0.0.2"), Dst: netip.MustParseAddr("10.0.0.1")}
	f.Encode(outer)
	d.inject("pg0", slices.Concat(frameMAC4, outer, inner))
	got := d.ports["pg1"].Take()
	require.Len(t, got, 1)
	ip := packet.IPv4(got[0].Data[packet.EthernetLen:])
	require.True(t, ip.ChecksumOK())
	require.Equal(t, uint8(0x49), ip.TOS())
	require.EqualValues(t, 1, tun.itf.Counters.RX.Packets)
	require.Contains(t, d.errors(), "ipip4-input: packets decapsulated 1")
	require.NoError(t, d.DeleteIPIP(tun.SwIfIndex))
	d.inject("pg0", slices.Concat(frameMAC4, outer, inner))
	require.Contains(t, d.errors(), "ipip4-input: no tunnel 1")
	require.ErrorIs(t, d.DeleteIPIP(tun.SwIfIndex), ErrNoSuchEntry)
	require.Empty(t, d.midchains)
}

// TestIPIPMultipoint checks that TEIB entries say where peers are, and that a
// tunnel to itself does not go round.
func TestIPIPMultipoint(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	tun := d.ipipTunnel(IPIPSpec{Src: netip.MustParseAddr("10.0.1.1"), Dst: netip.IPv4Unspecified(), Multipoint: true})
	peer := netip.MustParseAddr("172.16.0.2")
	d.route("192.0.2.0/24", "172.16.0.2 "+tun.itf.Name)
	frame := slices.Concat(frameMAC4, inner4(10))
	d.inject("pg0", frame)
	require.Empty(t, d.ports["pg1"].Take())
	require.NoError(t, d.AddTEIB(tun.SwIfIndex, peer, netip.MustParseAddr("10.0.1.2"), 0))
	require.ErrorIs(t, d.AddTEIB(tun.SwIfIndex, peer, netip.MustParseAddr("10.0.1.2"), 0), ErrEntryAlreadyExists)
	d.inject("pg0", frame)
	require.Len(t, d.ports["pg1"].Take(), 1)
	require.NoError(t, d.DeleteTEIB(tun.SwIfIndex, peer))
	d.inject("pg0", frame)
	require.Empty(t, d.ports["pg1"].Take())
	loop := d.ipipTunnel(IPIPSpec{Src: netip.MustParseAddr("10.0.1.1"), Dst: netip.MustParseAddr("198.51.100.1")})
	d.route("192.0.2.0/24", loop.itf.Name)
	d.route("198.51.100.0/24", loop.itf.Name)
	d.inject("pg0", frame)
	require.Empty(t, d.ports["pg1"].Take())
	require.Zero(t, d.Graph.BuffersInUse())
}

// TestPathMTU checks that a neighbour's path MTU holds before and after it is
// resolved.
func TestPathMTU(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	frame := fragment4(udpPayload(992), 0, 999, 1, "10.0.1.2")
	count := func() int {
		d.inject("pg0", frame)
		return len(d.ports["pg1"].Take())
	}
	require.Equal(t, 1, count())
	addr := netip.MustParseAddr("10.0.1.2")
	d.SetPathMTU(addr, 0, 600)
	require.Equal(t, 2, count())
	require.True(t, d.PathMTUs()[0].Attached)
	d.SetPathMTU(addr, 0, 400)
	require.Equal(t, 3, count())
	d.BeginPathMTUs()
	d.SetPathMTU(addr, 0, 600)
	d.EndPathMTUs()
	require.Equal(t, 2, count())
	d.BeginPathMTUs()
	d.EndPathMTUs()
	require.Equal(t, 1, count())
	require.Empty(t, d.PathMTUs())
}
