package vnet

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
)

func TestPingAsksAndCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newBed(t)
		var log []string
		d.own(func() {
			d.StartPing(&Ping{Targets: []netip.Addr{netip.MustParseAddr("10.0.1.2")}, SwIf: fib.InvalidIndex, Size: 4, Burst: 2,
				Repeat: 3, Interval: time.Second,
				OnSent:  func(src netip.Addr, err error) { log = append(log, fmt.Sprint("from ", src, " ", err)) },
				OnReply: func(r EchoReply) { log = append(log, fmt.Sprint("reply ", r.From, " ", r.Seq, " ", r.Bytes)) },
				OnEnd:   func(q, r uint32) { log = append(log, fmt.Sprint("end ", q, " ", r)) }})
		})
		sent := d.ports["pg1"].Take()
		require.Len(t, sent, 2)
		reply := sent[0].Data
		ip := packet.IPv4(reply[packet.EthernetLen:])
		require.Equal(t, "10.0.1.1 > 10.0.1.2 ttl 255", fmt.Sprintf("%v > %v ttl %d", ip.SrcAddr(), ip.DstAddr(), ip.TTL()))
		swapIP4(ip)
		icmp := packet.ICMP(ip.Payload())
		icmp[0] = packet.ICMPEchoReply
		packet.PutUint16(icmp, 2, 0)
		packet.PutUint16(icmp, 2, packet.Checksum(icmp))
		copy(reply, d.itf("pg1").Hw.MAC[:])
		d.itf("pg1").Receive(packet.Frame{Data: reply})
		time.Sleep(10 * time.Second)
		require.Len(t, d.ports["pg1"].Take(), 4)
		d.own(func() {
			require.Equal(t, []string{"from 10.0.1.1 <nil>", "reply 10.0.1.2 1 60", "from 10.0.1.1 <nil>", "from 10.0.1.1 <nil>", "end 6 1"}, log)
			require.Zero(t, d.Graph.BuffersInUse())
		})
		require.NoError(t, d.Close())
	})
}

func TestArpingCountsReplies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newBed(t)
		pg1 := d.itf("pg1").SwIfIndex
		var res []ArpingResult
		d.own(func() {
			require.NoError(t, d.StartArping(&Arping{Addr: netip.MustParseAddr("10.0.1.2"), SwIf: pg1, Repeat: 2, Interval: time.Second,
				OnEnd: func(r ArpingResult) { res = append(res, r) }}))
			require.ErrorIs(t, d.StartArping(&Arping{Addr: netip.MustParseAddr("10.0.1.2"), SwIf: pg1, Repeat: 1}), ErrInvalidValue)
		})
		mac := d.itf("pg1").Hw.MAC
		frame := make([]byte, packet.EthernetLen+packet.ARPLen)
		eth := packet.Ethernet(frame)
		from := packet.MAC{2, 0xaa, 0, 0, 1, 2}
		eth.SetDst(mac)
		eth.SetSrc(from)
		eth.SetType(packet.EtherTypeARP)
		packet.ARPFields{Op: packet.ARPReply, SenderMAC: from, SenderIP: netip.MustParseAddr("10.0.1.2"), TargetMAC: mac,
			TargetIP: netip.MustParseAddr("10.0.1.1")}.Encode(frame[packet.EthernetLen:])
		d.itf("pg1").Receive(packet.Frame{Data: frame})
		time.Sleep(5 * time.Second)
		require.Len(t, d.ports["pg1"].Take(), 2)
		d.own(func() {
			require.Equal(t, []ArpingResult{{1, netip.MustParseAddr("10.0.1.2"), from}}, res)
			n := d.NeighborCounters(fib.IP4, pg1)
			require.Equal(t, [3]uint64{NeighborRequest: 2}, n.TX)
			require.Equal(t, [3]uint64{NeighborReply: 1}, n.RX)
		})
		require.NoError(t, d.Close())
	})
}

// kinds gives the ICMPv6 types and destinations of what left by an interface.
func (d *bed) kinds(itf string) (out []string) {
	for _, f := range d.ports[itf].Take() {
		ip := packet.IPv6(f.Data[packet.EthernetLen:])
		at := packet.IPv6Len
		if ip.NextHeader() == packet.ProtoHopByHop {
			at += 8
		}
		out = append(out, fmt.Sprintf("%d %v", ip[at], ip.DstAddr()))
	}
	return out
}

func TestRouterAdvertisementsAreSentInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newBed(t)
		swIf := d.itf("pg1").SwIfIndex
		d.own(func() {
			require.NoError(t, d.SetRAPrefix(swIf, RAPrefix{Prefix: netip.MustParsePrefix("fd00:1::/64")}, true, false))
			require.NoError(t, d.ConfigureRA(swIf, RAConfig{Suppress: true, No: true}))
		})
		time.Sleep(40 * time.Second)
		require.Equal(t, []string{"134 ff02::1", "134 ff02::1", "134 ff02::1"}, d.kinds("pg1"), "three quick ones, 16 seconds apart")
		require.Empty(t, d.kinds("pg0"))
		d.own(func() {
			require.Equal(t, uint32(3), d.RouterAdvertisements(swIf).Sent)
			require.Zero(t, d.Graph.BuffersInUse())
		})
		require.NoError(t, d.Close())
	})
}

func TestDuplicateAddressDetection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newBed(t)
		pg1 := d.itf("pg1").SwIfIndex
		var log []string
		d.WatchDAD(func(e DADEvent) { log = append(log, fmt.Sprintf("%v %v %d/%d", e.Addr, e.State, e.Count, e.Transmits)) })
		d.own(func() {
			d.SetDAD(DADConfig{Enabled: true, Transmits: 2, Delay: 1})
			require.NoError(t, d.AddAddress(pg1, netip.MustParsePrefix("fd00:1::9/64")))
		})
		time.Sleep(5 * time.Second)
		d.own(func() {
			require.Equal(t, []string{"fd00:1::9 TENTATIVE 0/2", "fd00:1::9 TENTATIVE 1/2", "fd00:1::9 TENTATIVE 2/2",
				"fd00:1::9 PREFERRED 2/2"}, log)
		})
		require.Equal(t, []string{"135 ff02::1:ff00:9", "135 ff02::1:ff00:9"}, d.kinds("pg1"))
		require.NoError(t, d.Close())
	})
}

func TestListenersReportOnceWhenAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newBed(t)
		time.Sleep(3 * time.Second)
		require.Empty(t, d.kinds("pg0"))
		d.own(d.ReportListeners)
		time.Sleep(3 * time.Second)
		require.Equal(t, []string{"143 ff02::16"}, d.kinds("pg0"))
		require.NoError(t, d.Close())
	})
}

func TestAttachedRouteImportsNeighbours(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	d.own(func() {
		d.AddTable(fib.IP4, 7, "", true)
		table, _ := d.FIB.FindTable(fib.IP4, 7)
		d.FIB.Update(table, netip.MustParsePrefix("10.0.1.0/24"), fib.SourceAPI, 0,
			[]fib.Path{{Proto: fib.IP4, SwIf: d.itf("pg1").SwIfIndex, FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex}})
		imported := func() (out []string) {
			d.FIB.Routes(d.FIB.Table(fib.IP4, table), func(r fib.Route) bool {
				if r.Source == fib.SourceAE {
					out = append(out, r.Prefix.String())
				}
				return true
			})
			return out
		}
		require.Equal(t, []string{"10.0.1.1/32", "10.0.1.2/32"}, imported())
		require.NoError(t, d.AddNeighbor(d.itf("pg1").SwIfIndex, netip.MustParseAddr("10.0.1.3"), packet.MAC{2, 0, 0, 0, 0, 3}, NeighborStatic))
		require.Equal(t, []string{"10.0.1.1/32", "10.0.1.2/32", "10.0.1.3/32"}, imported())
		d.FIB.Delete(table, netip.MustParsePrefix("10.0.1.0/24"), fib.SourceAPI)
		require.Empty(t, imported())
	})
}
