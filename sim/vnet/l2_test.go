package vnet

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Stations A, B and C of the bridging tests.
const (
	macA, macB, macC = "02aa0000000a", "02aa0000000b", "02aa0000000c"
	macAll           = "ffffffffffff"
	payload          = "88b5" + "0102030405060708090a0b0c0d0e0f10"
)

// bridgeBed starts an instance with pg0..pg<n-1> in bridge domain 1.
func bridgeBed(t testing.TB, n int) *bed {
	t.Helper()
	d := newEmptyBed(t)
	_, err := d.AddBridgeDomain(BridgeSpec{ID: 1, Features: L2InFlood | L2InUUFlood | L2InFwd | L2InLearn})
	require.NoError(t, err)
	for k := range n {
		require.NoError(t, d.SetBridgeMode(d.pg(uint32(k), PGEthernet).SwIfIndex, d.BridgeDomain(1), PortNormal, 0))
	}
	return d
}

// arrived lists the interfaces of a bed that sent something, and what.
func (d *bed) arrived() map[string][]string {
	out := map[string][]string{}
	for name := range d.ports {
		if frames := d.sent(name); len(frames) > 0 {
			out[name] = frames
		}
	}
	return out
}

// TestBridge follows a conversation: the first frame is flooded, the answer goes
// to where the asker was learned, broadcasts go everywhere, a frame back to its
// own interface nowhere, and what was forgotten is flooded again.
func TestBridge(t *testing.T) {
	t.Parallel()
	d := bridgeBed(t, 3)
	ab, ba, bcast := macB+macA+payload, macA+macB+payload, macAll+macA+payload
	for _, step := range []struct {
		name, in, frame string
		out             []string
	}{
		{"unknown", "pg0", ab, []string{"pg1", "pg2"}},
		{"answer", "pg1", ba, []string{"pg0"}},
		{"known", "pg0", ab, []string{"pg1"}},
		{"broadcast", "pg0", bcast, []string{"pg1", "pg2"}},
		{"reflection", "pg1", macB + macC + payload, nil},
		{"moved", "pg2", macA + macB + payload, []string{"pg0"}},
		{"after the move", "pg0", ab, []string{"pg2"}},
	} {
		want := map[string][]string{}
		for _, o := range step.out {
			want[o] = []string{step.frame}
		}
		d.send(step.in, step.frame)
		require.Equal(t, want, d.arrived(), step.name)
	}
	require.Equal(t, []string{"l2-input: L2 input packets 7", "l2-learn: L2 learn packets 7", "l2-learn: L2 learn misses 3",
		"l2-learn: L2 mac moves 1", "l2-fwd: Reflection Drop 1", "l2-flood: L2 flood packets 2", "l2-output: L2 output packets 8"},
		d.errors())
	require.EqualValues(t, 3, d.BridgeDomain(1).LearnCount)
	d.FlushL2()
	require.Zero(t, d.BridgeDomain(1).LearnCount)
	d.send("pg0", ab)
	require.Len(t, d.arrived(), 2)
}

// TestBridgeFeatures turns features of a bridge domain off one by one.
func TestBridgeFeatures(t *testing.T) {
	t.Parallel()
	frame := macB + macA + payload
	for _, c := range []struct {
		off   L2Feature
		frame string
		err   string
	}{
		{L2InUUFlood, frame, "l2-fwd: L2 forward misses 1"},
		{L2InFlood, macAll + macA + payload, "feature-bitmap-drop: L2 feature forwarding disabled 1"},
		{L2InFwd | L2InUUFlood | L2InFlood, frame, "feature-bitmap-drop: L2 feature forwarding disabled 1"},
	} {
		d := bridgeBed(t, 2)
		d.SetBridgeFeatures(d.BridgeDomain(1), c.off, false)
		d.send("pg0", c.frame)
		require.Empty(t, d.arrived())
		require.Contains(t, d.errors(), c.err)
	}
	d := bridgeBed(t, 2)
	d.SetBridgeFeatures(d.BridgeDomain(1), L2InLearn, false)
	d.send("pg0", frame)
	require.Len(t, d.arrived(), 1)
	require.Empty(t, d.L2Entries())
}

// TestBridgeEntries checks filters, static entries and the limit of learning.
func TestBridgeEntries(t *testing.T) {
	t.Parallel()
	d := bridgeBed(t, 2)
	domain := d.BridgeDomain(1)
	d.AddL2Entry(L2Entry{Domain: domain.Index, MAC: packet.MAC(unhex(t, macB)), SwIf: vlib.InvalidIndex, Filter: true, Static: true})
	d.AddL2Entry(L2Entry{Domain: domain.Index, MAC: packet.MAC(unhex(t, macC)), SwIf: d.itf("pg1").SwIfIndex, Static: true})
	d.send("pg0", macB+macA+payload, macA+macB+payload, macA+macC+payload)
	require.Empty(t, d.arrived())
	require.Subset(t, d.errors(), []string{"l2-fwd: Filter Mac Drop 1", "l2-learn: L2 filter mac drops 1",
		"l2-learn: L2 mac move violations 1"})
	domain.LearnLimit = 1
	d.send("pg0", macB+"02aa0000000d"+payload)
	require.Contains(t, d.errors(), "l2-learn: L2 not learned due to limit 1")
	require.ErrorIs(t, d.DeleteL2Entry(packet.MAC{1}, domain.Index, 0), ErrNoSuchEntry)
	require.ErrorIs(t, d.DeleteBridgeDomain(1), ErrBDInUse)
}

// TestBridgeSplitHorizon: members of one group do not reach one another.
func TestBridgeSplitHorizon(t *testing.T) {
	t.Parallel()
	d := bridgeBed(t, 4)
	for _, name := range []string{"pg1", "pg2"} {
		require.NoError(t, d.SetBridgeMode(d.itf(name).SwIfIndex, d.BridgeDomain(1), PortNormal, 5))
	}
	frame := macAll + macA + payload
	d.send("pg1", frame)
	require.Equal(t, map[string][]string{"pg0": {frame}, "pg3": {frame}}, d.arrived())
	d.send("pg2", macA+macB+payload)
	require.Empty(t, d.arrived())
	require.Contains(t, d.errors(), "l2-output: L2 split horizon drops 1")
}

// TestBridgeUnknownForward: frames for nobody known go to one interface.
func TestBridgeUnknownForward(t *testing.T) {
	t.Parallel()
	d := bridgeBed(t, 3)
	require.NoError(t, d.SetBridgeMode(d.itf("pg2").SwIfIndex, d.BridgeDomain(1), PortUUFwd, 0))
	frame := macB + macA + payload
	d.send("pg0", frame)
	require.Equal(t, map[string][]string{"pg2": {frame}}, d.arrived())
}

// TestBVI routes between a bridge domain and another interface, for a loopback
// and for a BVI: the gateway answers ARP, and what it sends into the domain is
// flooded.
func TestBVI(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"loop0", "bvi0"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			d := bridgeBed(t, 2)
			mac := packet.MAC{2, 0xfe, 9, 9, 9, 9}
			var i *Interface
			var err error
			if kind == "bvi0" {
				i, err = d.AddBVI(mac, vlib.InvalidIndex)
			} else {
				i, err = d.AddLoopback(mac, nil)
			}
			require.NoError(t, err)
			require.NoError(t, d.SetAdminUp(i.SwIfIndex, true))
			require.NoError(t, d.SetBridgeMode(i.SwIfIndex, d.BridgeDomain(1), PortBVI, 0))
			require.ErrorIs(t, d.SetBridgeMode(d.itf("pg0").SwIfIndex, d.BridgeDomain(1), PortBVI, 0), ErrBDAlreadyHasBvi)
			require.NoError(t, d.SetBridgeMode(d.itf("pg0").SwIfIndex, d.BridgeDomain(1), PortNormal, 0))
			d.address(i.Name, "10.0.0.1/24")
			d.pg(9, PGEthernet)
			d.address("pg9", "10.0.9.1/24")
			d.sent("pg0")
			d.sent("pg1")
			d.sent("pg9")

			d.send("pg0", macAll+macA+"0806"+"0001080006040001"+macA+"0a000002"+"000000000000"+"0a000001")
			got := d.arrived()
			require.Contains(t, got, "pg0")
			require.Equal(t, macA+"02fe09090909"+"0806"+"0001080006040002"+"02fe09090909"+"0a000001"+macA+"0a000002", got["pg0"][0])
			require.Len(t, got["pg1"], 1, "the request is flooded")

			d.send("pg9", "02fe00000009"+macC+"0800"+"4500001c0001000040115dcd"+"0a000902"+"0a000002"+"04d210e100080000")
			got = d.arrived()
			require.Len(t, got["pg0"], 1)
			require.True(t, strings.HasPrefix(got["pg0"][0], macA+"02fe09090909"+"0800"), got["pg0"][0])
			require.NoError(t, d.SetMAC(i.SwIfIndex, packet.MAC{2, 0xfe, 8, 8, 8, 8}))
			require.True(t, d.HasL2Entry(packet.MAC{2, 0xfe, 8, 8, 8, 8}, d.BridgeDomain(1).Index))
			require.False(t, d.HasL2Entry(mac, d.BridgeDomain(1).Index))
		})
	}
}

// TestXConnect sends everything through, tagged frames too, and ends with the
// peer.
func TestXConnect(t *testing.T) {
	t.Parallel()
	d := newEmptyBed(t)
	a, b := d.pg(0, PGEthernet).SwIfIndex, d.pg(1, PGEthernet).SwIfIndex
	require.NoError(t, d.SetXConnectMode(a, b))
	require.NoError(t, d.SetXConnectMode(b, a))
	for _, frame := range []string{macB + macA + payload, macAll + macA + payload, tagged(macB+macA+payload, "81000064")} {
		d.send("pg0", frame)
		require.Equal(t, map[string][]string{"pg1": {frame}}, d.arrived())
	}
	require.NoError(t, d.DeletePG(a))
	require.False(t, d.L2Mode(b).XConnect)
}

// TestVTR rewrites tags between two sub-interfaces: what comes out is the frame
// after the rewrite on input and the opposite of the other's on output.
func TestVTR(t *testing.T) {
	t.Parallel()
	frame := macB + macA + payload
	one, two := SubSpec{100, SubOneTag | SubExactMatch, 100, 0}, SubSpec{100, SubTwoTags | SubExactMatch, 100, 5}
	for _, c := range []struct {
		name    string
		sub     SubSpec
		v       VTR
		in, out string
	}{
		{"none", one, VTR{}, "81000064", "81000064"},
		{"pop 1", one, VTR{Op: VTRPop1}, "81000064", ""},
		{"pop 2", two, VTR{Op: VTRPop2}, "8100006481000005", ""},
		{"push 1", one, VTR{Op: VTRPush1, Dot1Q: true, Tag1: 7}, "81000064", "8100000781000064"},
		{"push 2", one, VTR{Op: VTRPush2, Tag1: 7, Tag2: 8}, "81000064", "88a800078100000881000064"},
		{"translate 1-1", one, VTR{Op: VTRTranslate11, Tag1: 7}, "81000064", "88a80007"},
		{"translate 1-2", one, VTR{Op: VTRTranslate12, Dot1Q: true, Tag1: 7, Tag2: 8}, "81000064", "8100000781000008"},
		{"translate 2-1", two, VTR{Op: VTRTranslate21, Dot1Q: true, Tag1: 7}, "8100006481000005", "81000007"},
		{"translate 2-2", two, VTR{Op: VTRTranslate22, Tag1: 7, Tag2: 8}, "8100006481000005", "88a8000781000008"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := bridgeBed(t, 1)
			sub, err := d.AddSubInterface(d.pg(1, PGEthernet).SwIfIndex, c.sub)
			require.NoError(t, err)
			require.NoError(t, d.SetAdminUp(sub.SwIfIndex, true))
			require.NoError(t, d.SetBridgeMode(sub.SwIfIndex, d.BridgeDomain(1), PortNormal, 0))
			require.NoError(t, d.SetVTR(sub.SwIfIndex, c.v))
			require.Equal(t, c.v, d.VTR(sub.SwIfIndex))
			d.send("pg1", tagged(frame, c.in))
			require.Equal(t, map[string][]string{"pg0": {tagged(frame, c.out)}}, d.arrived())
			d.send("pg0", tagged(macA+macB+payload, c.out))
			require.Equal(t, map[string][]string{"pg1": {tagged(macA+macB+payload, c.in)}}, d.arrived())
		})
	}
	d := bridgeBed(t, 1)
	require.ErrorIs(t, d.SetVTR(d.itf("pg0").SwIfIndex, VTR{Op: VTRPop1}), ErrInvalidVLANTagCount)
}

// TestEFPFilter drops what would not come in by the sub-interface.
func TestEFPFilter(t *testing.T) {
	t.Parallel()
	d := bridgeBed(t, 1)
	sub, err := d.AddVLAN(d.pg(1, PGEthernet).SwIfIndex, 100)
	require.NoError(t, err)
	require.NoError(t, d.SetAdminUp(sub.SwIfIndex, true))
	require.NoError(t, d.SetBridgeMode(sub.SwIfIndex, d.BridgeDomain(1), PortNormal, 0))
	d.EnableL2Output(sub.SwIfIndex, L2OutEFPFilter, true)
	good := tagged(macB+macA+payload, "81000064")
	d.send("pg0", good, tagged(macB+macA+payload, "81000065"), macB+macA+payload)
	require.Equal(t, map[string][]string{"pg1": {good}}, d.arrived())
	require.Contains(t, d.errors(), "l2-efp-filter: L2 EFP filter post-rewrite drops 2")
}

// TestL2Patch sends what a device receives out of another, before anything looks
// at it.
func TestL2Patch(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	require.NoError(t, d.SetL2Patch(d.itf("pg0").SwIfIndex, d.itf("pg1").SwIfIndex, true))
	frame := macB + macA + payload
	d.send("pg0", frame)
	require.Equal(t, map[string][]string{"pg1": {frame}}, d.arrived())
	require.NoError(t, d.SetL2Patch(d.itf("pg0").SwIfIndex, d.itf("pg1").SwIfIndex, false))
	d.send("pg0", frame)
	require.Empty(t, d.arrived())
}

// TestARPTermination answers ARP and neighbour discovery from the domain's table
// and reports the askers.
func TestARPTermination(t *testing.T) {
	t.Parallel()
	d := bridgeBed(t, 2)
	domain := d.BridgeDomain(1)
	d.SetBridgeFeatures(domain, L2InARPTerm, true)
	mac := packet.MAC(unhex(t, macC))
	require.NoError(t, domain.ChangeNeighbor(netip.MustParseAddr("10.0.0.9"), mac, true))
	require.NoError(t, domain.ChangeNeighbor(netip.MustParseAddr("fd00::9"), mac, true))
	var seen []L2Neighbor
	d.OnL2ARPTerm(func(n L2Neighbor) { seen = append(seen, n) })
	ask := func(ip string) string {
		return macAll + macA + "0806" + "0001080006040001" + macA + "0a000002" + "000000000000" + ip
	}
	d.send("pg0", ask("0a000009"))
	require.Equal(t, map[string][]string{"pg0": {macA + macC + "0806" + "0001080006040002" + macC + "0a000009" + macA + "0a000002"}},
		d.arrived())
	d.send("pg0", ask("0a000008"))
	require.Equal(t, map[string][]string{"pg1": {ask("0a000008")}}, d.arrived())
	ns := "333300000009" + macA + "86dd" + "6000000000203aff" + "fd000000000000000000000000000002" +
		"ff0200000000000000000001ff000009" + "8700000000000000" + "fd000000000000000000000000000009" + "0101" + macA
	d.send("pg0", ns)
	got := d.arrived()
	require.Len(t, got["pg0"], 1)
	require.Equal(t, macA+macC+"86dd"+"6000000000203aff"+"fd000000000000000000000000000009"+"fd000000000000000000000000000002"+"8800",
		got["pg0"][0][:112])
	require.Equal(t, "60000000"+"fd000000000000000000000000000009"+"0201"+macC, got["pg0"][0][116:])
	requireChecksums(t, unhex(t, got["pg0"][0]))
	require.Equal(t, "10.0.0.2", seen[0].IP.String())
	require.Len(t, seen, 3)
	require.ErrorIs(t, domain.ChangeNeighbor(netip.MustParseAddr("10.0.0.9"), packet.MAC{}, false), ErrUnspecified)
}

// TestL2Ageing forgets an address after its time and tells the client of what is
// learned, moves and goes.
func TestL2Ageing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := bridgeBed(t, 2)
		defer func() { require.NoError(t, d.Close()) }()
		var events []string
		require.ErrorIs(t, d.WantL2Events(7, 0, 0, nil), ErrInvalidValue)
		require.NoError(t, d.WantL2Events(7, 1, 0, func(list []L2MACEvent) {
			for _, e := range list {
				events = append(events, fmt.Sprintf("%s %d %d", e.MAC, e.SwIf, e.Action))
			}
		}))
		require.ErrorIs(t, d.WantL2Events(8, 1, 0, nil), ErrL2MACSEventClientPresent)
		d.Lock()
		d.SetBridgeAge(d.BridgeDomain(1), 2)
		d.Unlock()
		d.send("pg0", macB+macA+payload)
		d.own(func() { require.Empty(t, events) })
		time.Sleep(time.Second)
		d.send("pg1", macB+macA+payload)
		time.Sleep(time.Second)
		d.own(func() { require.Len(t, d.L2Entries(), 1) })
		time.Sleep(4 * time.Minute)
		d.own(func() {
			require.Empty(t, d.L2Entries())
			require.Equal(t, []string{"02:aa:00:00:00:0a 1 0", "02:aa:00:00:00:0a 2 2", "02:aa:00:00:00:0a 2 1"}, events)
		})
	})
}

// TestSpan mirrors what a device receives and sends, and what passes in layer 2
// mode.
func TestSpan(t *testing.T) {
	t.Parallel()
	for _, l2 := range []bool{false, true} {
		d := newEmptyBed(t)
		a, b, c := d.pg(0, PGEthernet).SwIfIndex, d.pg(1, PGEthernet).SwIfIndex, d.pg(2, PGEthernet).SwIfIndex
		require.NoError(t, d.SetXConnectMode(a, b))
		require.NoError(t, d.SetXConnectMode(b, a))
		if l2 {
			_, err := d.AddBridgeDomain(BridgeSpec{ID: 9})
			require.NoError(t, err)
			require.NoError(t, d.SetBridgeMode(c, d.BridgeDomain(9), PortNormal, 0))
		}
		require.NoError(t, d.SetSpan(a, c, SpanBoth, l2))
		require.Equal(t, []SpanMirror{{a, c, SpanBoth}}, d.Spans(l2))
		there, back := macB+macA+payload, macA+macB+payload
		d.send("pg0", there)
		require.Equal(t, map[string][]string{"pg1": {there}, "pg2": {there}}, d.arrived())
		d.send("pg1", back)
		require.Equal(t, map[string][]string{"pg0": {back}, "pg2": {back}}, d.arrived())
		require.NoError(t, d.SetSpan(a, c, SpanDisabled, l2))
		d.send("pg0", there)
		require.Equal(t, map[string][]string{"pg1": {there}}, d.arrived())
		require.ErrorIs(t, d.SetSpan(a, a, SpanRX, l2), ErrInvalidInterface)
	}
}

// TestMACTable compares the hash table with a map over many changes.
func TestMACTable(t *testing.T) {
	t.Parallel()
	var table macTable
	table.init()
	want := map[macKey]macEntry{}
	x := uint64(1)
	for k := range 20000 {
		x = x*6364136223846793005 + 1442695040888963407
		key := macKey(x >> 52 << 16)
		if x>>20&3 == 0 {
			table.remove(key)
			delete(want, key)
		} else {
			table.set(key, macEntry(k))
			want[key] = macEntry(k)
		}
		if _, ok := want[key]; !ok {
			require.Equal(t, macNone, table.get(key))
		}
	}
	require.Equal(t, len(want), table.used)
	for key, e := range want {
		require.Equal(t, e, table.get(key))
	}
	require.Len(t, table.all(), len(want))
}

// BenchmarkBridge forwards frames between learned stations.
func BenchmarkBridge(b *testing.B) {
	for _, n := range []int{1, 10000} {
		b.Run(fmt.Sprintf("%d-stations", n), func(b *testing.B) {
			d := bridgeBed(b, 2)
			d.discardOn("pg0")
			d.discardOn("pg1")
			frames := make([]packet.Frame, 256)
			domain := d.BridgeDomain(1)
			for k := range n {
				d.AddL2Entry(L2Entry{Domain: domain.Index, MAC: packet.MAC{2, 1, 0, byte(k >> 16), byte(k >> 8), byte(k)},
					SwIf: d.itf("pg1").SwIfIndex})
			}
			for k := range frames {
				s := k * 37 % n
				f := make([]byte, 60)
				copy(f, []byte{2, 1, 0, byte(s >> 16), byte(s >> 8), byte(s), 2, 2, 0, 0, 0, 1, 8, 0})
				frames[k].Data = f
			}
			i := d.itf("pg0")
			i.Receive(frames...)
			b.ReportAllocs()
			b.ResetTimer()
			for k := 0; k < b.N; k += len(frames) {
				i.Receive(frames...)
			}
		})
	}
}
