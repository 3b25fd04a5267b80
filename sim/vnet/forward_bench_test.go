package vnet

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/internal/benchcpu"
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// sink is a port that looks at nothing.
type sink struct{ frames int }

func (p *sink) Transmit(frames []packet.Frame) { p.frames += len(frames) }
func (p *sink) Close() error                   { return nil }

// discardOn makes an interface's far side throw packets away.
func (d *bed) discardOn(itf string) *sink {
	p := &sink{}
	d.itf(itf).Hw.Port = p
	return p
}

// manyRoutes adds n routes like a routing table's, by lengths from 12 to 32
// with most at 24, all by the neighbour on pg1, and returns a destination in
// each.
func (d *bed) manyRoutes(n int) []netip.Addr {
	out := make([]netip.Addr, n)
	for k := range n {
		length := 24 - k%7*k%3
		if k%50 == 0 {
			length = 32
		}
		h := uint32(k)*2654435761>>4&0x0fffff00 | 0x20000000 | 1
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], h)
		out[k] = netip.AddrFrom4(a)
		d.route(netip.PrefixFrom(out[k], length).Masked().String(), "10.0.1.2 pg1")
	}
	return out
}

func (d *bed) manyRoutes6(n int) []netip.Addr {
	out := make([]netip.Addr, n)
	for k := range n {
		length := 48 - k%3*8
		if k%4 == 0 {
			length = 64
		}
		a := [16]byte{0x2a, 1}
		binary.BigEndian.PutUint32(a[2:], uint32(k)*2654435761)
		a[15] = 1
		out[k] = netip.AddrFrom16(a)
		d.route(netip.PrefixFrom(out[k], length).Masked().String(), "fd00:1::2 pg1")
	}
	return out
}

// udpFrame makes a 64-byte frame, FCS included, to dst; ethernet is false for a
// bare IP packet.
func udpFrame(dst netip.Addr, mac packet.MAC, ethernet bool) []byte {
	f := make([]byte, 60)
	ip := f[packet.EthernetLen:]
	e := packet.Ethernet(f)
	e.SetDst(mac)
	e.SetSrc(packet.MAC{2, 0xaa, 0, 0, 0, 2})
	src := netip.MustParseAddr("10.0.0.2")
	if dst.Is4() {
		e.SetType(packet.EtherTypeIPv4)
		packet.IPv4Fields{TTL: 64, Protocol: packet.ProtoUDP, TotalLen: len(ip), Src: src, Dst: dst}.Encode(ip)
		packet.PutUint16(ip, 20, 1234)
		packet.PutUint16(ip, 22, 4321)
	} else {
		e.SetType(packet.EtherTypeIPv6)
		packet.IPv6Fields{HopLimit: 64, NextHeader: packet.ProtoUDP, PayloadLen: len(ip) - packet.IPv6Len,
			Src: netip.MustParseAddr("fd00::2"), Dst: dst}.Encode(ip)
	}
	if !ethernet {
		return ip
	}
	return f
}

// vectors makes vectors of 256 frames with the destinations in turn.
func vectors(dsts []netip.Addr, mac packet.MAC, ethernet bool) [][]packet.Frame {
	count := max(1, min(64, len(dsts)/vlib.VectorSize))
	out := make([][]packet.Frame, count)
	k := 0
	for v := range out {
		for range vlib.VectorSize {
			out[v] = append(out[v], packet.Frame{Data: udpFrame(dsts[k%len(dsts)], mac, ethernet)})
			k += 7
		}
	}
	return out
}

// run forwards b.N packets in vectors of 256 and checks that they arrived.
func runForward(b *testing.B, i *Interface, out *sink, in [][]packet.Frame) {
	i.Receive(in[0]...)
	require.Equal(b, vlib.VectorSize, out.frames)
	b.ReportAllocs()
	runtime.GC() // what the set-up left
	b.ResetTimer()
	cpu := benchcpu.Start()
	sent := 0
	for k := 0; sent < b.N; k++ {
		i.Receive(in[k%len(in)]...)
		sent += vlib.VectorSize
	}
	b.StopTimer()
	cpu.ReportRate(b, float64(sent)/1e6, "Mpkt/cpu-s")
	require.Equal(b, sent+vlib.VectorSize, out.frames)
}

func BenchmarkForwardIP4(b *testing.B) {
	for _, routes := range []int{1, 100_000} {
		b.Run(fmt.Sprintf("%d-routes", routes), func(b *testing.B) {
			d := newBed(b)
			dsts := d.manyRoutes(routes)
			runForward(b, d.itf("pg0"), d.discardOn("pg1"), vectors(dsts, d.itf("pg0").Hw.MAC, true))
		})
	}
}

func BenchmarkForwardIP6(b *testing.B) {
	for _, routes := range []int{1, 100_000} {
		b.Run(fmt.Sprintf("%d-routes", routes), func(b *testing.B) {
			d := newBed(b)
			dsts := d.manyRoutes6(routes)
			runForward(b, d.itf("pg0"), d.discardOn("pg1"), vectors(dsts, d.itf("pg0").Hw.MAC, true))
		})
	}
}

// newTunnelBed adds a pod's layer 3 interface pg2 and a tunnel by pg1 whose
// route is 192.168.50.0/24.
func newTunnelBed(b testing.TB) *bed {
	d := newBed(b)
	d.pg(2, PGIP4)
	d.address("pg2", "10.2.0.1/24")
	t, err := d.AddVXLAN(VXLANSpec{Src: netip.MustParseAddr("10.0.1.1"), Dst: netip.MustParseAddr("10.0.1.2"), VNI: 4096,
		DecapNext: d.VXLANDecapNext(fib.IP4, "ip4-input"), Instance: vlib.InvalidIndex, L3: true})
	require.NoError(b, err)
	d.route("192.168.50.0/24", "192.168.50.1 "+d.Interface(t.SwIfIndex).Name)
	return d
}

func BenchmarkForwardVXLAN(b *testing.B) {
	dsts := []netip.Addr{netip.MustParseAddr("192.168.50.7"), netip.MustParseAddr("192.168.50.9")}
	b.Run("plain", func(b *testing.B) {
		d := newTunnelBed(b)
		runForward(b, d.itf("pg2"), d.discardOn("pg1"), vectors(dsts, packet.MAC{}, false))
	})
	b.Run("traced", func(b *testing.B) {
		d := newTunnelBed(b)
		traces := 0
		d.Graph.OnTrace(func(t *vlib.PacketTrace) {
			traces++
			d.Graph.RecycleTrace(t)
		})
		in := vectors(dsts, packet.MAC{}, false)
		for v := range in {
			for k := range in[v] {
				in[v][k].Trace = packet.NewTraceID(1, uint32(k))
			}
		}
		runForward(b, d.itf("pg2"), d.discardOn("pg1"), in)
		require.NotZero(b, traces)
	})
}
