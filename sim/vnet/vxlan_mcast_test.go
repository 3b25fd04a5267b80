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

// vxlanFrame is a frame for pg0 with an IPv4 packet in VXLAN from 10.0.0.2.
func vxlanFrame(dst string, vni uint32, inner []byte) []byte {
	vx := make([]byte, packet.UDPLen+packet.VXLANLen)
	packet.PutUint16(vx, 0, 999)
	packet.PutUint16(vx, 2, packet.VXLANPort)
	packet.PutUint16(vx, 4, uint16(len(vx)+len(inner)))
	vx[packet.UDPLen] = vxlanFlagI
	packet.PutUint32(vx, packet.UDPLen+4, vni<<8)
	ip := make([]byte, packet.IPv4Len)
	packet.IPv4Fields{TotalLen: len(ip) + len(vx) + len(inner), TTL: 64, Protocol: packet.ProtoUDP,
		Src: netip.MustParseAddr("10.0.0.2"), Dst: netip.MustParseAddr(dst)}.Encode(ip)
	head := slices.Clone(frameMAC4)
	if a := netip.MustParseAddr(dst).As4(); a[0]>>4 == 0xe {
		copy(head, []byte{1, 0, 0x5e, a[1] & 0x7f, a[2], a[3]})
	}
	return slices.Concat(head, ip, vx, inner)
}

// TestVXLANMulticast checks that a group's packets belong to the unicast tunnel
// of their sender and count on the group's, that the group's tunnel sends to the
// group, and that the group is left with the last tunnel.
func TestVXLANMulticast(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	src, group := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("239.1.2.3")
	uni, err := d.AddVXLAN(VXLANSpec{Src: src, Dst: netip.MustParseAddr("10.0.0.2"), VNI: 7, L3: true,
		DecapNext: d.VXLANDecapNext(fib.IP4, "ip4-input"), Instance: vlib.InvalidIndex})
	require.NoError(t, err)
	spec := VXLANSpec{Src: src, Dst: group, VNI: 7, L3: true, DecapNext: vlib.InvalidIndex, Instance: vlib.InvalidIndex,
		McastSwIf: d.itf("pg0").SwIfIndex}
	mc, err := d.AddVXLAN(spec)
	require.NoError(t, err)
	d.inject("pg0", vxlanFrame("239.1.2.3", 7, inner4(9)), vxlanFrame("239.1.2.3", 8, inner4(9)))
	require.EqualValues(t, 1, mc.itf.Counters.RX.Packets)
	require.Zero(t, uni.itf.Counters.RX.Packets)
	require.Contains(t, d.errors(), "vxlan4-input: good packets decapsulated 1")
	require.Contains(t, d.errors(), "vxlan4-input: no such tunnel packets 1")

	d.address(mc.itf.Name, "192.168.9.1/32")
	d.route("192.0.2.0/24", "192.168.9.2 "+mc.itf.Name)
	d.sent("pg0")
	d.inject("pg1", slices.Concat(mustHex("02fe0000000102aa000001020800"), inner4(9)))
	got := d.ports["pg0"].Take()
	require.Len(t, got, 1)
	require.Equal(t, mustHex("01005e010203"), got[0].Data[:6])
	require.Equal(t, group, packet.IPv4(got[0].Data[packet.EthernetLen:]).DstAddr())

	_, err = d.DeleteVXLAN(spec)
	require.NoError(t, err)
	_, there := d.FIB.MFind(fib.IP4, 0, groupPrefix(group))
	require.False(t, there)
}

// TestVXLANBypass checks that packets of a tunnel skip the lookup and that others
// go on.
func TestVXLANBypass(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	_, err := d.AddVXLAN(VXLANSpec{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), VNI: 7, L3: true,
		DecapNext: d.VXLANDecapNext(fib.IP4, "error-drop"), Instance: vlib.InvalidIndex})
	require.NoError(t, err)
	require.NoError(t, d.EnableFeature("ip4-unicast", "ip4-vxlan-bypass", d.itf("pg0").SwIfIndex, true))
	d.inject("pg0", vxlanFrame("10.0.0.1", 7, inner4(9)))
	require.Zero(t, d.Graph.Node("ip4-lookup").Vectors)
	require.Contains(t, d.errors(), "vxlan4-input: good packets decapsulated 1")
	d.inject("pg0", vxlanFrame("10.0.0.1", 8, inner4(9)), fragment4(udpPayload(8), 0, 15, 1, "10.0.1.2"))
	require.Len(t, d.ports["pg1"].Take(), 1)
	require.Contains(t, d.errors(), "vxlan4-input: no such tunnel packets 1")
	bad := vxlanFrame("10.0.0.1", 7, inner4(9))
	packet.PutUint16(bad, packet.EthernetLen+packet.IPv4Len+6, 0xbad)
	d.inject("pg0", bad)
	require.Contains(t, d.errors(), "ip4-input: bad udp checksum 1")
}

// TestFlowHashMPLS checks that labels and the packet behind them count, and that
// an entropy label counts alone.
func TestFlowHashMPLS(t *testing.T) {
	t.Parallel()
	one, two := mustHex("0002c140"), mustHex("0002c040000070400000a140")
	ip := inner4(9)
	plain := flowHashMPLS(slices.Concat(one, ip), 0)
	require.Equal(t, uint32(0x2c)^flowHash4(ip, fib.FlowHashDefault, 0), plain)
	require.Equal(t, plain^5, flowHashMPLS(slices.Concat(one, ip), 5)^flowHash4(ip, fib.FlowHashDefault, 5)^flowHash4(ip,
		fib.FlowHashDefault, 0))
	require.Equal(t, uint32(0x0000a140), flowHashMPLS(slices.Concat(two, ip), 0))
	for n := range 8 {
		flowHashMPLS(slices.Concat(one, ip)[:n], 0)
	}
}
