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

// newFuzzBed is an instance with something of everything on the data path:
// routes, multipath, lookups in other tables, layer 2 and layer 3 interfaces,
// tunnels of both kinds over both protocols, reverse-path checks, small MTUs.
func newFuzzBed(t testing.TB) *bed {
	t.Helper()
	d := newTunnelBed(t)
	d.route("0.0.0.0/0", "10.0.1.2 pg1")
	d.route("::/0", "fd00:1::2 pg1")
	d.neighbor("pg1", "10.0.1.3", "02:aa:00:00:01:03")
	d.route("20.1.0.0/24", "10.0.1.2 pg1", "10.0.1.3 pg1", "vxlan_tunnel0")
	d.route("20.2.0.0/24", "20.1.0.9")
	t20 := d.FIB.LockTable(fib.IP4, 20, fib.SourceAPI, "")
	d.FIB.Update(0, netip.MustParsePrefix("30.0.0.0/8"), fib.SourceAPI, 0, []fib.Path{{Proto: fib.IP4,
		SwIf: fib.InvalidIndex, FibIndex: t20, Weight: 1}})
	d.FIB.Update(t20, netip.MustParsePrefix("30.0.0.0/8"), fib.SourceAPI, 0, []fib.Path{{Proto: fib.IP4,
		SwIf: fib.InvalidIndex, FibIndex: 0, Weight: 1}})
	add := func(src, dst string, l3 bool, vni uint32) {
		s := VXLANSpec{Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), VNI: vni, L3: l3,
			DecapNext: vlib.InvalidIndex, Instance: vlib.InvalidIndex}
		if l3 {
			s.DecapNext = d.VXLANDecapNext(fib.ProtoOf(s.Src), "ip4-input")
		}
		_, err := d.AddVXLAN(s)
		require.NoError(t, err)
	}
	add("10.0.1.1", "10.0.1.2", false, 5)
	add("fd00:1::1", "fd00:1::2", true, 6)
	d.address("vxlan_tunnel1", "192.168.60.1/24")
	d.route("192.168.70.0/24", "192.168.70.1 vxlan_tunnel2")
	d.pg(3, PGEthernet)
	d.address("pg3", "10.3.0.1/24")
	d.address("pg3", "fd03::1/64")
	d.neighbor("pg3", "10.3.0.2", "02:aa:00:00:03:02")
	d.neighbor("pg3", "fd03::2", "02:aa:00:00:03:02")
	d.setMTU("pg3", 1280)
	require.NoError(t, d.SetURPF(d.itf("pg3").SwIfIndex, fib.IP4, true, URPFStrict, 0, false))
	require.NoError(t, d.SetURPF(d.itf("pg1").SwIfIndex, fib.IP6, false, URPFLoose, 0, false))
	return d
}

// FuzzReceive puts any frame into an interface: nothing may panic, no buffer
// may be lost, what leaves must have right checksums where what came in had,
// and every trace must render.
func FuzzReceive(f *testing.F) {
	for _, dst := range []string{"10.0.1.2", "10.0.0.1", "192.168.50.7", "20.1.0.9", "20.2.0.9", "30.0.0.1", "224.1.1.1",
		"192.168.60.9", "192.168.70.9", "10.3.0.2", "fd00:1::2", "fd00::1", "ff02::1", "fd03::2", "fe80::1"} {
		for itf := range uint8(4) {
			f.Add(itf, udpFrame(netip.MustParseAddr(dst), packet.MAC{2, 0xfe, 0, 0, 0, itf}, itf != 2), uint16(0))
			f.Add(itf, udpFrame(netip.MustParseAddr(dst), packet.MAC{2, 0xfe, 0, 0, 0, itf}, itf != 2), uint16(1500))
		}
	}
	for _, name := range []string{"e1_vxlan4_l3", "e2_vxlan6_l3", "c3_bad", "f1_frag4"} {
		r := readRecorded(f, name)
		for itf, frames := range r.in {
			for _, h := range frames {
				f.Add(itf[2]-'0', unhex(f, h), uint16(0))
			}
		}
	}
	d := newFuzzBed(f)
	f.Fuzz(func(t *testing.T, itf uint8, frame []byte, pad uint16) {
		frame = append(frame, make([]byte, pad%10_000)...)
		if itf&4 != 0 {
			repair(frame, itf&3 != 2)
		}
		d.Graph.TraceAdd(d.Graph.Node("pg-input"), 1)
		d.InterfaceByName(fmt.Sprintf("pg%d", itf%4)).Receive(packet.Frame{Data: frame})
		require.Zero(t, d.Graph.BuffersInUse(), "buffers in use")
		for _, tr := range d.Graph.Traces() {
			tr.Format(d.Start)
		}
		d.Graph.TraceClear()
		for name, port := range d.ports {
			for _, out := range port.Take() {
				requireOutput(t, d.InterfaceByName(name), out.Data)
			}
		}
	})
}

// repair gives an IPv4 packet the lengths and checksum that get it past
// ip4-input, so that the fuzzer reaches what lies behind.
func repair(frame []byte, ethernet bool) {
	ip := packet.IPv4(frame)
	if ethernet {
		if len(frame) < packet.EthernetLen {
			return
		}
		ip = packet.IPv4(frame[packet.EthernetLen:])
	}
	if len(ip) < packet.IPv4Len || ip[0]>>4 != 4 {
		return
	}
	ip[0] = 0x45
	packet.PutUint16(ip, 2, uint16(len(ip)))
	ip.UpdateChecksum()
}

// requireOutput checks a frame that left: IPv4 headers carry right checksums.
func requireOutput(t *testing.T, i *Interface, frame []byte) {
	t.Helper()
	etherType, off := uint16(0), 0
	if i.Hw.Class.Ethernet {
		require.GreaterOrEqual(t, len(frame), packet.EthernetLen)
		etherType, off = packet.Ethernet(frame).Network()
	}
	if etherType == packet.EtherTypeIPv4 && off < len(frame) {
		require.True(t, packet.IPv4(frame[off:]).ChecksumOK(), "IPv4 header of %x", frame)
	}
}
