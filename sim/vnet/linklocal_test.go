package vnet

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// TestLinkLocalEcho asks an interface's link-local address for an echo from a
// neighbour on the link.
func TestLinkLocalEcho(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	d.neighbor("pg0", "fe80::2", "02:aa:00:00:00:02")
	i := d.itf("pg0")
	dst := d.LinkLocal(i.SwIfIndex)
	f := make([]byte, packet.EthernetLen+packet.IPv6Len+packet.ICMPLen)
	e := packet.Ethernet(f)
	e.SetDst(i.Hw.MAC)
	e.SetSrc(packet.MAC{2, 0xaa, 0, 0, 0, 2})
	e.SetType(packet.EtherTypeIPv6)
	src := netip.MustParseAddr("fe80::2")
	ip := f[packet.EthernetLen:]
	packet.IPv6Fields{PayloadLen: packet.ICMPLen, NextHeader: packet.ProtoICMPv6, HopLimit: 64, Src: src, Dst: dst}.Encode(ip)
	icmp := packet.ICMP(ip[packet.IPv6Len:])
	icmp.Encode(packet.ICMPv6Echo, 0, 7<<16|1)
	packet.SetTransportChecksum(icmp, ip[8:24], ip[24:40], packet.ProtoICMPv6)
	d.send("pg0", fmt.Sprintf("%x", f))
	out := d.sent("pg0")
	require.Len(t, out, 1, "%v", d.errors())
	reply := unhex(t, out[0])
	require.Equal(t, packet.MAC{2, 0xaa, 0, 0, 0, 2}, packet.Ethernet(reply).Dst())
	p := packet.IPv6(packet.Ethernet(reply).Payload())
	require.Equal(t, [2]netip.Addr{dst, src}, [2]netip.Addr{p.SrcAddr(), p.DstAddr()})
	require.Equal(t, packet.ICMPv6EchoReply, packet.ICMP(p.Payload()).Type())
	require.True(t, packet.TransportChecksumOK(p.Payload(), p[8:24], p[24:40], packet.ProtoICMPv6))
}
