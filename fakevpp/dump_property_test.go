package fakevpp

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// TestDumpReadsBack programs doubles at random by API handlers: what a fresh
// double reads of the dump dumps the same and answers the same to the API.
func TestDumpReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := startDouble(t, Workers(rapid.IntRange(0, 2).Draw(t, "workers")))
		defer func() { require.NoError(t, v.Close()) }()
		t.Repeat(map[string]func(*rapid.T){
			"interface": v.randomInterface,
			"setting":   v.randomSetting,
			"table":     v.randomTable,
			"bind":      v.randomBinding,
			"address":   v.randomAddress,
			"route":     v.randomRoute,
			"mroute":    v.randomMroute,
			"neighbor":  v.randomNeighbor,
			"service":   v.randomService,
			"tunnel":    v.randomTunnel,
			"delete":    v.randomDelete,
		})
		text, err := v.Dump()
		require.NoError(t, err)
		fresh := requireReadBack(t, v, text)
		defer func() { require.NoError(t, fresh.Close()) }()
		require.Equal(t, v.apiDumps(), fresh.apiDumps(), text)
	})
}

// locked runs fn as the dispatcher runs a handler.
func (v *VPP) locked(fn func()) {
	v.dp.Lock()
	defer v.dp.Unlock()
	fn()
}

// drawInterface returns the index of an interface, local0 among them.
func (v *VPP) drawInterface(t *rapid.T, label string) uint32 {
	var all []uint32
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		all = append(all, i.SwIfIndex)
		return true
	})
	return rapid.SampledFrom(all).Draw(t, label)
}

var drawTables = rapid.SampledFrom([]uint32{0, 1, 2, 10})

func drawAddr(t *rapid.T, p fib.Proto) netip.Addr {
	n := rapid.IntRange(1, 6).Draw(t, "host")
	if p == fib.IP4 {
		return netip.AddrFrom4([4]byte{10, 0, byte(n / 4), byte(n)})
	}
	return netip.AddrFrom16([16]byte{0: 0xfd, 7: byte(n / 4), 15: byte(n)})
}

func drawProto(t *rapid.T) fib.Proto {
	return rapid.SampledFrom([]fib.Proto{fib.IP4, fib.IP6}).Draw(t, "proto")
}

func drawMAC(t *rapid.T) packet.MAC {
	return packet.MAC{2, 0, 0, 0, 0, byte(rapid.IntRange(1, 200).Draw(t, "mac"))}
}

func (v *VPP) randomInterface(t *rapid.T) {
	n := uint32(rapid.IntRange(0, 3).Draw(t, "instance"))
	kind := rapid.IntRange(0, 4).Draw(t, "kind")
	mac := drawMAC(t)
	flags := vnet.TapFlags(rapid.SampledFrom([]int{0, 1, 1 + 32, 16, 2}).Draw(t, "flags"))
	v.locked(func() {
		switch kind {
		case 0:
			_, _ = v.dp.AddLoopback(mac, &n)
		case 1:
			_, _ = v.dp.AddTap(vnet.TapConfig{ID: &n, MAC: &mac, Flags: flags, RxQueues: int(n), HostIfName: fmt.Sprintf("h%d", n)})
		case 2:
			_ = v.dp.AddMemifSocket(n+1, fmt.Sprintf("/run/s%d", n+1))
			_, _ = v.dp.AddMemif(vnet.MemifConfig{ID: n / 2, SocketID: n + 1, Slave: n%2 == 0, MAC: mac, Mode: vnet.MemifMode(n / 2)})
		case 3:
			_, _ = v.dp.AddPG(n, vnet.PGMode(n%3), mac, nil)
		case 4:
			_, _ = v.dp.AddHostInterface(vnet.HostInterfaceConfig{HostIfName: "ens3", MAC: &mac, TxQueues: int(n)})
		}
	})
}

func (v *VPP) randomSetting(t *rapid.T) {
	i := v.drawInterface(t, "interface")
	kind, n := rapid.IntRange(0, 10).Draw(t, "kind"), rapid.IntRange(0, 3).Draw(t, "n")
	mtu := rapid.SampledFrom([]uint32{0, 1400, 1500, 9000, 9216})
	mtus := [4]uint32{mtu.Draw(t, "l3"), 0, mtu.Draw(t, "ip6"), 0}
	tag := rapid.SampledFrom([]string{"", "main-eth0", "a b", "#", "x\"\\$("}).Draw(t, "tag")
	mac := drawMAC(t)
	if i == 0 {
		kind = 4
	}
	v.locked(func() {
		switch kind {
		case 0:
			_ = v.dp.SetMTU(i, mtus)
		case 1:
			_ = v.dp.SetHwMTU(i, max(mtus[0], 100))
		case 2:
			_ = v.dp.SetTag(i, tag)
		case 3:
			_ = v.dp.SetMAC(i, mac)
		case 4:
			_ = v.dp.SetAdminUp(i, n > 0)
		case 5:
			_ = v.dp.SetPromisc(i, n > 0)
		case 6:
			_ = v.dp.SetRxMode(i, nil, vnet.RxMode(n+1))
		case 7:
			_ = v.dp.SetRxPlacement(i, uint32(n), uint32(n/2), n == 3)
		case 8:
			_ = v.dp.SetTxPlacement(i, uint32(n/2), []uint32{uint32(n % 2)})
		case 9:
			_ = v.dp.ChangeMAC(i, mac, n > 0)
		case 10:
			_ = v.dp.EnableGSO(i, n > 0)
		}
	})
}

func (v *VPP) randomTable(t *rapid.T) {
	p, id, kind := drawProto(t), drawTables.Draw(t, "table"), rapid.IntRange(0, 5).Draw(t, "kind")
	name := rapid.SampledFrom([]string{"", "blue", "a b"}).Draw(t, "name")
	v.locked(func() {
		switch kind {
		case 0, 1:
			v.dp.AddTable(p, id, name, true)
		case 2:
			v.dp.AddTable(p, id, name, false)
		case 3:
			_ = v.dp.SetFlowHash(p, id, fib.FlowHash(len(name)))
		case 4:
			_, _ = v.runCLI(fmt.Sprintf("%s table add %d", dumpProtos[p].ip, id))
		case 5:
			v.dp.DeleteTable(p, id)
		}
	})
}

func (v *VPP) randomBinding(t *rapid.T) {
	i, p, id := v.drawInterface(t, "interface"), drawProto(t), drawTables.Draw(t, "table")
	owner, on := v.drawInterface(t, "owner"), rapid.Bool().Draw(t, "on")
	kind := rapid.IntRange(0, 1).Draw(t, "kind")
	v.locked(func() {
		switch {
		case kind == 0:
			_ = v.dp.SetTable(p, i, id)
		case !v.hasAddresses(i): // whose addresses could overlap others meanwhile
			_ = v.dp.SetUnnumbered(i, owner, on)
		}
	})
}

func (v *VPP) hasAddresses(i uint32) bool {
	return len(v.dp.ConfiguredAddresses(fib.IP4, i))+len(v.dp.ConfiguredAddresses(fib.IP6, i)) > 0
}

func (v *VPP) randomAddress(t *rapid.T) {
	i, p := v.drawInterface(t, "interface"), drawProto(t)
	addr := drawAddr(t, p)
	bits := rapid.SampledFrom([]int{addr.BitLen(), 24, 31}).Draw(t, "bits")
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	v.locked(func() {
		if v.dp.Interface(i).UnnumberedOwner != fib.InvalidIndex {
			return
		}
		switch kind {
		case 0, 1:
			_ = v.dp.AddAddress(i, netip.PrefixFrom(addr, bits))
		case 2:
			_ = v.dp.DeleteAddress(i, netip.PrefixFrom(addr, bits))
		case 3:
			_ = v.dp.EnableIP6(i)
		case 4:
			_ = v.dp.DisableIP6(i)
		case 5:
			_ = v.dp.AddAddress(i, netip.PrefixFrom(netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 15: byte(bits)}), 128))
		}
	})
}

// drawPath draws the path of a route as the API decodes it.
func (v *VPP) drawPath(t *rapid.T) fib.Path {
	p := fib.Path{Proto: drawProto(t), SwIf: fib.InvalidIndex, FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex,
		Weight: uint8(rapid.IntRange(1, 3).Draw(t, "weight")), Preference: uint8(rapid.IntRange(0, 1).Draw(t, "preference"))}
	switch rapid.IntRange(0, 7).Draw(t, "path") {
	case 0:
		p.NextHop, p.SwIf = drawAddr(t, p.Proto), v.drawInterface(t, "via")
	case 1:
		p.SwIf = v.drawInterface(t, "via")
	case 2:
		p.NextHop, p.FibIndex = drawAddr(t, p.Proto), 0
		p.Flags = rapid.SampledFrom([]fib.PathFlags{0, fib.PathResolveViaHost, fib.PathResolveViaAttached}).Draw(t, "resolve")
	case 3:
		p.FibIndex = 0
	case 4:
		p.Flags = fib.PathDrop
	case 5:
		p.Flags = fib.PathLocal
	case 6:
		p.Flags = rapid.SampledFrom([]fib.PathFlags{fib.PathUnreachable, fib.PathProhibit}).Draw(t, "refuse")
	case 7:
		p.SwIf, p.Flags = v.drawInterface(t, "rx"), fib.PathInterfaceRx
	}
	return p
}

func (v *VPP) randomRoute(t *rapid.T) {
	p := drawProto(t)
	addr := drawAddr(t, p)
	pfx := netip.PrefixFrom(addr, rapid.SampledFrom([]int{0, 16, 24, addr.BitLen()}).Draw(t, "bits"))
	paths := []fib.Path{v.drawPath(t)}
	if rapid.Bool().Draw(t, "two paths") {
		paths = append(paths, v.drawPath(t))
	}
	if len(paths) == 2 && paths[0].Flags == paths[1].Flags && paths[0].Flags == fib.PathLocal {
		paths = paths[:1] // one and the same
	}
	kind, id := rapid.IntRange(0, 4).Draw(t, "kind"), drawTables.Draw(t, "table")
	v.locked(func() {
		table, ok := v.dp.FIB.FindTable(p, id)
		if !ok {
			return
		}
		flags := localFlags(paths)
		switch kind {
		case 0, 1:
			v.dp.FIB.Update(table, pfx, fib.SourceAPI, flags, paths)
		case 2:
			v.dp.FIB.AddPaths(table, pfx, fib.SourceAPI, flags, paths)
		case 3:
			v.dp.FIB.AddPaths(table, pfx, fib.SourceCLI, flags, paths)
		case 4:
			v.dp.FIB.Delete(table, pfx, fib.SourceAPI)
		}
	})
}

func (v *VPP) randomMroute(t *rapid.T) {
	p := drawProto(t)
	pfx := fib.MPrefix{Group: netip.MustParseAddr([]string{"224.1.0.0", "ff05::"}[p]), Source: unspecifiedLike(drawAddr(t, p)),
		Len: uint16(rapid.SampledFrom([]int{8, 16}).Draw(t, "len"))}
	path := fib.Path{Proto: p, SwIf: v.drawInterface(t, "via"), FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex, Weight: 1,
		Itf: fib.MItfFlags(rapid.SampledFrom([]int{2, 4, 6}).Draw(t, "flags"))}
	kind, id := rapid.IntRange(0, 3).Draw(t, "kind"), drawTables.Draw(t, "table")
	v.locked(func() {
		table, ok := v.dp.FIB.FindMTable(p, id)
		if !ok {
			return
		}
		switch kind {
		case 0, 1:
			v.dp.FIB.MAddPaths(table, pfx, fib.MSourceAPI, 0, []fib.Path{path})
		case 2:
			v.dp.FIB.MUpdate(table, pfx, fib.MSourceAPI, 7, fib.MEntryAcceptAllItf)
		case 3:
			v.dp.FIB.MRemovePaths(table, pfx, fib.MSourceAPI, []fib.Path{path})
		}
	})
}

func (v *VPP) randomNeighbor(t *rapid.T) {
	i, addr, mac := v.drawInterface(t, "interface"), drawAddr(t, drawProto(t)), drawMAC(t)
	kind := rapid.IntRange(0, 3).Draw(t, "kind")
	v.locked(func() {
		switch kind {
		case 0:
			_ = v.dp.AddNeighbor(i, addr, mac, vnet.NeighborStatic)
		case 1:
			_ = v.dp.AddNeighbor(i, addr, mac, vnet.NeighborStatic|vnet.NeighborNoFIBEntry)
		case 2:
			_ = v.dp.DeleteNeighbor(i, addr)
		case 3:
			v.dp.SetNeighborConfig(fib.ProtoOf(addr), vnet.NeighborConfig{Limit: 100, Age: uint32(mac[5]), Recycle: mac[5] > 100})
		}
	})
}

func (v *VPP) randomService(t *rapid.T) {
	i, p, on := v.drawInterface(t, "interface"), drawProto(t), rapid.Bool().Draw(t, "on")
	addr, path := drawAddr(t, fib.IP6), v.drawPath(t)
	kind, table := rapid.IntRange(0, 8).Draw(t, "kind"), drawTables.Draw(t, "table")
	v.locked(func() {
		index, custom := v.dp.FIB.FindTable(p, table)
		switch kind {
		case 0:
			_ = v.redirectPunt(p, i, on, []fib.Path{path})
		case 1:
			v.dp.SetUDPPuntUnknown(p, on)
		case 2:
			v.dp.AddProxyARP(vnet.ProxyARP{Low: netip.IPv4Unspecified(), Hi: netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})})
		case 3:
			_ = v.dp.SetProxyARP(i, on)
		case 4:
			_ = v.dp.SetNDProxy(i, addr, on)
		case 5:
			_ = v.dp.SetURPF(i, p, on, vnet.URPFMode(table%3), index, custom && on)
		case 6:
			_ = v.dp.ConfigureRA(i, vnet.RAConfig{Suppress: on, Managed: !on, LinkLayerOption: table == 2, MaxInterval: table * 10})
		case 7:
			_ = v.dp.SetNDMirror(i, on)
		case 8:
			_ = v.dp.EnableFeature("ip4-unicast", "ip4-not-enabled", i, on)
		}
	})
}

func (v *VPP) randomTunnel(t *rapid.T) {
	p := drawProto(t)
	src, dst, vni := drawAddr(t, p), drawAddr(t, p), rapid.IntRange(1, 4).Draw(t, "vni")
	l3, id := rapid.Bool().Draw(t, "l3"), uint32(0) // a tunnel does not keep its table
	node := rapid.SampledFrom([]string{"l2-input", "ip4-input", "ip6-input"}).Draw(t, "next")
	v.locked(func() {
		table, ok := v.dp.FIB.FindTable(p, id)
		if !ok || src == dst {
			return
		}
		_, _ = v.dp.AddVXLAN(vnet.VXLANSpec{Src: src, Dst: dst, VNI: uint32(vni), L3: l3, EncapFib: table,
			DecapNext: v.dp.VXLANDecapNext(p, node), McastSwIf: fib.InvalidIndex, Instance: uint32(vni)})
	})
}

// randomDelete deletes an interface that nothing refers to by number any more.
func (v *VPP) randomDelete(t *rapid.T) {
	i := v.drawInterface(t, "interface")
	if i == 0 || rapid.IntRange(0, 3).Draw(t, "rarely") > 0 {
		t.Skip("no interface to delete")
	}
	v.locked(func() {
		name := " " + v.dp.Interface(i).Name
		for line := range strings.Lines((&dumper{v: v, m: v.dp, hidden: map[string]bool{}}).text()) {
			// Routes and proxies stay behind, without their interface.
			if (strings.Contains(line, " via ") || strings.Contains(line, " nd proxy ")) && (strings.Contains(line, name+" ") || strings.HasSuffix(line, name+"\n")) {
				return
			}
		}
		for _, del := range []func(uint32) error{v.dp.DeleteLoopback, v.dp.DeleteTap, v.dp.DeletePG, v.dp.DeleteMemif} {
			_ = del(i)
		}
	})
}

// apiDumps returns what the API answers to dumps, interfaces by name, without
// what differs from run to run, in an order of its own.
func (v *VPP) apiDumps() string {
	var out []string
	add := func(kind string, row any) {
		b, err := json.Marshal(row)
		if err != nil {
			panic(err)
		}
		var tree any
		if err := json.Unmarshal(b, &tree); err != nil {
			panic(err)
		}
		b, _ = json.Marshal(v.named(tree))
		out = append(out, kind+" "+string(b))
	}
	v.locked(func() {
		_ = v.swInterfaceDump(nil, &swInterfaceDump{SwIfIndex: invalidIndex}, func(d *swInterfaceDetails) { add("interface", d) })
		_ = v.swInterfaceRxPlacementDump(nil, &swIfIndexOnly{invalidIndex}, func(d *swInterfaceRxPlacementDetails) { add("rx", d) })
		_ = v.swInterfaceTxPlacementGet(nil, &swIfIndexOnly{invalidIndex}, func(d *swInterfaceTxPlacementDetails) { add("tx", d) })
		_ = v.swInterfaceTapV2Dump(nil, &swIfIndexOnly{invalidIndex}, func(d *swInterfaceTapV2Details) { add("tap", d) })
		_ = v.memifDump(nil, nil, func(d *memifDetails) { add("memif", d) })
		_ = v.memifSocketFilenameDump(nil, nil, func(d *memifSocketFilenameDetails) { add("socket", d) })
		_ = v.afPacketDump(nil, nil, func(d *afPacketDetails) { add("af_packet", d) })
		_ = v.vxlanTunnelV2Dump(nil, &vxlanDump{invalidIndex}, func(d *vxlanV2Details) { add("vxlan", d) })
		_ = v.urpfInterfaceDump(nil, &urpfDump{invalidIndex}, func(d *urpfDetails) { add("urpf", d) })
		_ = v.ipTableDump(nil, nil, func(d *ipTableReply) {
			add("table", d)
			_ = v.ipRouteV2Dump(nil, &ipRouteV2Dump{Table: d.Table}, func(r *ipRouteV2Details) {
				// What others derive, such as the targets of recursive routes, is not configuration.
				if s := fib.Source(r.Route.Src); s == fib.SourceAPI || s == fib.SourceCLI || s == fib.SourceInterface {
					add("route", r)
				}
			})
		})
		_ = v.ipMtableDump(nil, nil, func(d *ipTableReply) {
			add("mtable", d)
			_ = v.ipMrouteDump(nil, &ipTableRequest{d.Table}, func(r *ipMrouteDetails) {
				// The groups of every table depend on the order of binding and enabling.
				if g := r.Route.Prefix.GrpAddress; g[1] == 1 || g[1] == 5 {
					add("mroute", r)
				}
			})
		})
		v.dp.Interfaces(func(i *vnet.Interface) bool {
			for _, six := range []bool{false, true} {
				_ = v.ipAddressDump(nil, &ipAddressDump{i.SwIfIndex, six}, func(d *ipAddressDetails) { add("address", d) })
			}
			return true
		})
		_ = v.ipUnnumberedDump(nil, &ipUnnumberedDump{invalidIndex}, func(d *ipUnnumberedDetails) { add("unnumbered", d) })
		for af := range uint8(2) {
			_ = v.ipNeighborDump(nil, &ipNeighborDump{invalidIndex, af}, func(d *ipNeighborDetails) { add("neighbor", d) })
			_ = v.ipPuntRedirectV2Dump(nil, &ipPuntRedirectV2Dump{invalidIndex, af}, func(d *ipPuntRedirectV2Details) { add("punt", d) })
		}
		_ = v.ip6ndRADump(nil, &ip6ndInterface{invalidIndex}, func(d *ip6ndRADetails) {
			d.AdvLinkMTU = 0 // that of the time when the interface got IPv6
			// Times count from when the interface was configured.
			d.LastMulticastTime, d.NextMulticastTime = 0, 0
			for k := range d.Prefixes {
				d.Prefixes[k].ValidLifetimeExpires, d.Prefixes[k].PrefLifetimeExpires = 0, 0
			}
			add("ra", d)
		})
	})
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// named replaces interface numbers by names and drops numbers of objects.
func (v *VPP) named(tree any) any {
	switch x := tree.(type) {
	case map[string]any:
		for k, field := range x {
			n, isNumber := field.(float64)
			text, isText := field.(string)
			switch {
			case strings.Contains(k, "SwIfIndex") && isNumber:
				x[k] = v.dumpName(uint32(n))
			case k == "StatsIndex" || k == "Age" || k == "DevInstance" || k == "HwIfIndex" || k == "DecapNextIndex":
				delete(x, k)
			case k == "Prefix" && isText:
				// VPP keeps host bits of whoever came first.
				x[k] = netip.MustParsePrefix(text).Masked().String()
			default:
				x[k] = v.named(field)
			}
		}
	case []any:
		rows := make([]string, len(x))
		for i := range x {
			x[i] = v.named(x[i])
			b, _ := json.Marshal(x[i])
			rows[i] = string(b)
		}
		if len(x) > 0 {
			if _, isMap := x[0].(map[string]any); isMap {
				slices.Sort(rows)
				return rows
			}
		}
	}
	return tree
}

func (v *VPP) dumpName(swIfIndex uint32) string { return (&dumper{m: v.dp}).ifName(swIfIndex) }
