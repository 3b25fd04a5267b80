package fakevpp

import (
	"flag"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// startDouble starts a double in memory.
func startDouble(t require.TestingT, opts ...Option) *VPP {
	env := vnet.NewMemoryEnvironment()
	env.AddHostDevice("ens3")
	v, err := New(append(opts, Environment(env))...)
	require.NoError(t, err)
	if c, ok := t.(interface{ Cleanup(func()) }); ok {
		c.Cleanup(func() { require.NoError(t, v.Close()) })
	}
	return v
}

func TestDumpOfFreshDoubleIsEmpty(t *testing.T) {
	t.Parallel()
	text, err := startDouble(t).Dump()
	require.NoError(t, err)
	require.Empty(t, text)
}

var update = flag.Bool("update", false, "write what tests compare with")

// requireDump compares a double's dump with a file and with the dump of a fresh
// double that has read it back.
func requireDump(t *testing.T, v *VPP, file string) {
	t.Helper()
	got, err := v.Dump()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
	requireReadBack(t, v, got)
}

// requireReadBack executes a dump in a fresh double with as many workers and
// compares dumps.
func requireReadBack(t require.TestingT, v *VPP, text string) *VPP {
	fresh := startDouble(t, Workers(v.opts.workers))
	require.NoError(t, fresh.Exec(text))
	again, err := fresh.Dump()
	require.NoError(t, err)
	require.Equal(t, text, again, "read back")
	return fresh
}

// program runs a function with ownership of the double's data plane.
func program(v *VPP, fn func(m *vnet.Main)) {
	m := v.DataPlane()
	m.Lock()
	defer m.Unlock()
	fn(m)
}

func TestDumpInterfaces(t *testing.T) {
	t.Parallel()
	v := startDouble(t, Workers(1))
	program(v, func(m *vnet.Main) {
		mac := packet.MAC{2, 0, 0, 0, 0, 9}
		id, mtu := uint32(7), uint32(1400)
		tap, err := m.AddTap(vnet.TapConfig{ID: &id, MAC: &mac, HostMAC: mac, Flags: vnet.TapGSO | vnet.TapGROCoalesce,
			HostIfName: "eth0", HostNamespace: "/var/run/netns/a b", HostMTU: &mtu, RxQueues: 2, TxQueues: 3, Tag: "host-eth0",
			HostIP4: netip.MustParsePrefix("10.0.0.5/24")})
		require.NoError(t, err)
		tun, err := m.AddTap(vnet.TapConfig{Flags: vnet.TapTun | vnet.TapPersist, Tag: `odd #"tag$(x)`})
		require.NoError(t, err)
		loop, err := m.AddLoopback(mac, &id)
		require.NoError(t, err)
		host, err := m.AddHostInterface(vnet.HostInterfaceConfig{HostIfName: "ens3", MAC: &mac, TxQueues: 2})
		require.NoError(t, err)
		require.NoError(t, m.AddMemifSocket(1013904223, "abstract:vpp/memif-x,netns_name=/run/netns/foo"))
		require.NoError(t, m.AddMemifSocket(9, "m.sock"))
		mif, err := m.AddMemif(vnet.MemifConfig{ID: 3, SocketID: 1013904223, Mode: vnet.MemifIP, RingSize: 256})
		require.NoError(t, err)
		_, err = m.AddMemif(vnet.MemifConfig{SocketID: 9, Slave: true, RxQueues: 2, Secret: "psst", MAC: mac})
		require.NoError(t, err)
		_, err = m.AddPG(2, vnet.PGEthernet, mac, nil)
		require.NoError(t, err)

		require.NoError(t, m.SetHwMTU(tap.Interface.SwIfIndex, 9216))
		require.NoError(t, m.SetMTU(tun.Interface.SwIfIndex, [4]uint32{1500}))
		require.NoError(t, m.SetMTU(mif.Interface.SwIfIndex, [4]uint32{9216, 1400}))
		require.NoError(t, m.SetMTU(loop.SwIfIndex, [4]uint32{}))
		require.NoError(t, m.SetAdminUp(tap.Interface.SwIfIndex, true))
		require.NoError(t, m.SetAdminUp(host.Interface.SwIfIndex, true))
		require.NoError(t, m.Rename(host.Interface.SwIfIndex, "uplink"))
		require.NoError(t, m.SetTag(host.Interface.SwIfIndex, "main-ens3"))
		require.NoError(t, m.SetPromisc(tap.Interface.SwIfIndex, true))
		require.NoError(t, m.ChangeMAC(host.Interface.SwIfIndex, packet.MAC{2, 0, 0, 0, 0, 2}, true))
		require.NoError(t, m.ChangeMAC(host.Interface.SwIfIndex, packet.MAC{2, 0, 0, 0, 0, 1}, true))
		require.NoError(t, m.SetRxMode(tap.Interface.SwIfIndex, nil, vnet.RxModeAdaptive))
		require.NoError(t, m.SetRxPlacement(tap.Interface.SwIfIndex, 1, 0, true))
		require.NoError(t, m.SetTxPlacement(tap.Interface.SwIfIndex, 0, []uint32{0, 1}))
		require.NoError(t, m.SetTxPlacement(tap.Interface.SwIfIndex, 1, nil))
		require.NoError(t, m.EnableGSO(tap.Interface.SwIfIndex, true))
		require.NoError(t, m.CollectDetailed(loop.SwIfIndex, true))
	})
	requireDump(t, v, "testdata/dump/interfaces.vpp")
}

func TestDumpTunnelsTablesAndChecks(t *testing.T) {
	t.Parallel()
	v := startDouble(t)
	program(v, func(m *vnet.Main) {
		four, six := m.FIB.LockTable(fib.IP4, 10, fib.SourceAPI, "blue"), m.FIB.LockTable(fib.IP6, 10, fib.SourceAPI, "blue")
		m.FIB.LockMTable(fib.IP4, 10, fib.MSourceAPI, "blue")
		m.FIB.LockMTable(fib.IP6, 10, fib.MSourceAPI, "blue")
		m.FIB.LockTable(fib.IP4, 3519870697, fib.SourceCLI, "")
		m.FIB.SetFlowHash(fib.IP4, four, fib.FlowHashSrc|fib.FlowHashDst|fib.FlowHashSymmetric)
		addr := netip.MustParseAddr
		_, err := m.AddVXLAN(vnet.VXLANSpec{Src: addr("10.0.0.1"), Dst: addr("10.0.0.2"), VNI: 77, L3: true,
			DecapNext: m.VXLANDecapNext(fib.IP4, "ip4-input"), Instance: vlib.InvalidIndex})
		require.NoError(t, err)
		_, err = m.AddVXLAN(vnet.VXLANSpec{Src: addr("fd00::1"), Dst: addr("fd00::2"), VNI: 78, EncapFib: six,
			SrcPort: 5000, DstPort: 5001, DecapNext: vlib.InvalidIndex, Instance: 5})
		require.NoError(t, err)
		down, err := m.AddVXLAN(vnet.VXLANSpec{Src: addr("10.0.0.1"), Dst: addr("10.0.0.2"), VNI: 79, L3: true,
			DecapNext: vlib.InvalidIndex, Instance: 9})
		require.NoError(t, err)
		require.NoError(t, m.SetAdminUp(down.SwIfIndex, false))
		pg, err := m.AddPG(0, vnet.PGEthernet, packet.MAC{2, 1}, nil)
		require.NoError(t, err)
		require.NoError(t, m.SetURPF(pg.SwIfIndex, fib.IP4, true, vnet.URPFLoose, four, true))
		require.NoError(t, m.SetURPF(pg.SwIfIndex, fib.IP6, false, vnet.URPFStrict, 0, false))
	})
	requireDump(t, v, "testdata/dump/tunnels.vpp")
}

func TestDumpAddressesRoutesAndServices(t *testing.T) {
	t.Parallel()
	v := startDouble(t)
	program(v, func(m *vnet.Main) {
		addr, prefix := netip.MustParseAddr, netip.MustParsePrefix
		group := func(g, s string, n uint16) fib.MPrefix { return fib.MPrefix{Group: addr(g), Source: addr(s), Len: n} }
		path := func(p fib.Proto) fib.Path {
			return fib.Path{Proto: p, SwIf: fib.InvalidIndex, FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex}
		}
		for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
			m.AddTable(p, 1013904223, "pod", true)
			m.AddTable(p, 2, "odd name", true)
			m.AddTable(p, 3, "", false)
		}
		pg, err := m.AddPG(0, vnet.PGEthernet, packet.MAC{2, 1}, nil)
		require.NoError(t, err)
		loop, err := m.AddLoopback(packet.MAC{2, 0, 0, 0, 0, 1}, nil)
		require.NoError(t, err)
		id := uint32(0)
		tun, err := m.AddTap(vnet.TapConfig{ID: &id, Flags: vnet.TapTun})
		require.NoError(t, err)
		tunIf := tun.Interface.SwIfIndex
		for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
			require.NoError(t, m.SetTable(p, loop.SwIfIndex, 1013904223))
			require.NoError(t, m.SetTable(p, tunIf, 1013904223))
		}
		m.DeleteTable(fib.IP4, 1013904223) // the interfaces keep it

		require.NoError(t, m.AddAddress(loop.SwIfIndex, prefix("11.0.0.5/32")))
		require.NoError(t, m.AddAddress(loop.SwIfIndex, prefix("fd00:5::5/128")))
		require.NoError(t, m.SetUnnumbered(tunIf, loop.SwIfIndex, true))
		require.NoError(t, m.EnableIP6(pg.SwIfIndex))
		require.Error(t, m.EnableIP6(pg.SwIfIndex))
		for _, a := range []string{"10.0.1.2/24", "10.0.1.1/24", "10.0.2.1/31", "fd00::1/64", "fe80::7/128"} {
			require.NoError(t, m.AddAddress(pg.SwIfIndex, prefix(a)))
		}
		require.NoError(t, m.ConfigureRA(pg.SwIfIndex, vnet.RAConfig{Managed: true, LinkLayerOption: true, MaxInterval: 100}))
		require.NoError(t, m.SetRAPrefix(pg.SwIfIndex, vnet.RAPrefix{Prefix: prefix("fd00::/64"), OnLink: true}, true, false))
		require.NoError(t, m.SetAdminUp(pg.SwIfIndex, true))

		api := func(p fib.Proto, table uint32, pfx string, paths ...fib.Path) {
			index, ok := m.FIB.FindTable(p, table)
			require.True(t, ok)
			m.FIB.Update(index, prefix(pfx), fib.SourceAPI, 0, paths)
		}
		for p, any := range []string{"0.0.0.0/0", "::/0"} {
			up := path(fib.Proto(p))
			up.FibIndex = 0
			api(fib.Proto(p), 1013904223, any, up)
		}
		hop := path(fib.IP4)
		hop.NextHop, hop.SwIf = addr("10.0.1.99"), pg.SwIfIndex
		weighed := hop
		weighed.NextHop, weighed.Weight = addr("10.0.1.100"), 3
		backup := path(fib.IP4)
		backup.NextHop, backup.FibIndex, backup.Preference, backup.Flags = addr("10.9.9.9"), 0, 1, fib.PathResolveViaHost
		api(fib.IP4, 0, "20.0.0.0/8", weighed, backup, hop)
		attached := path(fib.IP4)
		attached.SwIf = tunIf
		api(fib.IP4, 1013904223, "11.0.0.9/32", attached)
		api(fib.IP4, 1013904223, "11.0.9.0/24", attached)
		broadcast := path(fib.IP6)
		broadcast.NextHop, broadcast.SwIf = addr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), pg.SwIfIndex
		api(fib.IP4, 1013904223, "255.255.255.255/32", broadcast)
		for k, flag := range []fib.PathFlags{fib.PathDrop, fib.PathLocal, fib.PathUnreachable, fib.PathProhibit} {
			special := path(fib.IP6)
			special.Flags = flag
			api(fib.IP6, 0, netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 0x77, byte(k)}), 48).String(), special)
		}
		rx := path(fib.IP4)
		rx.SwIf, rx.Flags = pg.SwIfIndex, fib.PathInterfaceRx
		m.FIB.AddPaths(0, prefix("30.0.0.0/8"), fib.SourceCLI, 0, []fib.Path{rx})
		elsewhere := path(fib.IP4)
		elsewhere.NextHop, elsewhere.FibIndex = addr("11.0.0.9"), m.FIB.Table(fib.IP4, pg.FibIndex[fib.IP4]).Index
		elsewhere.FibIndex, _ = m.FIB.FindTable(fib.IP4, 1013904223)
		m.FIB.AddPaths(0, prefix("30.0.0.0/8"), fib.SourceAPI, 0, []fib.Path{elsewhere})

		mpod, ok := m.FIB.FindMTable(fib.IP4, 1013904223)
		require.True(t, ok)
		up := path(fib.IP4)
		up.FibIndex, up.Itf = 0, fib.MItfForward
		m.FIB.MUpdate(mpod, group("224.0.0.0", "0.0.0.0", 4), fib.MSourceAPI, 0, fib.MEntryAcceptAllItf)
		m.FIB.MAddPaths(mpod, group("224.0.0.0", "0.0.0.0", 4), fib.MSourceAPI, 0, []fib.Path{up})
		in, out := path(fib.IP6), path(fib.IP6)
		in.SwIf, in.Itf, out.SwIf, out.Itf = loop.SwIfIndex, fib.MItfAccept, pg.SwIfIndex, fib.MItfAccept|fib.MItfForward
		m.FIB.MAddPaths(0, group("ff02::1:ff00:0", "::", 104), fib.MSourceAPI, 0, []fib.Path{in, out})
		m.FIB.MAddPaths(0, group("ff05::9", "fd00::9", 256), fib.MSourceCLI, 0, []fib.Path{out})

		mac := packet.MAC{2, 0, 0, 0, 0, 0x99}
		require.NoError(t, m.AddNeighbor(pg.SwIfIndex, addr("10.0.1.99"), mac, vnet.NeighborStatic))
		require.NoError(t, m.AddNeighbor(pg.SwIfIndex, addr("fd00::99"), mac, vnet.NeighborStatic|vnet.NeighborNoFIBEntry))
		m.SetNeighborConfig(fib.IP4, vnet.NeighborConfig{Limit: 1000, Age: 30, Recycle: true})
		m.AddPuntRedirect(fib.IP4, fib.InvalidIndex, []fib.Path{hop})
		m.AddPuntRedirect(fib.IP6, pg.SwIfIndex, []fib.Path{broadcast})
		m.SetUDPPuntUnknown(fib.IP6, true)
		m.AddProxyARP(vnet.ProxyARP{FibIndex: 0, Low: addr("0.0.0.0"), Hi: addr("255.255.255.255")})
		require.NoError(t, m.SetProxyARP(pg.SwIfIndex, true))
		require.NoError(t, m.SetNDProxy(pg.SwIfIndex, addr("fd00::55"), true))
	})
	requireDump(t, v, "testdata/dump/ip.vpp")
}
