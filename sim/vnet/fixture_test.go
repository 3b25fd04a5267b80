package vnet

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// bed is an instance with interfaces, routes and neighbours for tests of the
// data path.
type bed struct {
	testing.TB
	*Main
	ports map[string]*TestPort
}

// newBed starts an instance with pg0 (10.0.0.1/24, fd00::1/64) and pg1
// (10.0.1.1/24, fd00:1::1/64) and the neighbour .2 on each, with the addresses
// of the recorded runs of VPP.
func newBed(t testing.TB) *bed {
	t.Helper()
	m, err := New(nil)
	require.NoError(t, err)
	d := &bed{TB: t, Main: m, ports: map[string]*TestPort{}}
	d.pg(0, PGEthernet)
	d.pg(1, PGEthernet)
	d.addresses()
	return d
}

// addresses gives the interfaces their addresses and neighbours.
func (d *bed) addresses() {
	d.Helper()
	d.address("pg0", "10.0.0.1/24")
	d.address("pg1", "10.0.1.1/24")
	d.address("pg0", "fd00::1/64")
	d.address("pg1", "fd00:1::1/64")
	d.neighbor("pg0", "10.0.0.2", "02:aa:00:00:00:02")
	d.neighbor("pg1", "10.0.1.2", "02:aa:00:00:01:02")
	d.neighbor("pg0", "fd00::2", "02:aa:00:00:00:02")
	d.neighbor("pg1", "fd00:1::2", "02:aa:00:00:01:02")
}

func (d *bed) pg(id uint32, mode PGMode) *Interface {
	d.Helper()
	port := &TestPort{}
	i, err := d.AddPG(id, mode, packet.MAC{2, 0xfe, 0, 0, 0, byte(id)}, port)
	require.NoError(d, err)
	require.NoError(d, d.SetAdminUp(i.SwIfIndex, true))
	d.ports[i.Name] = port
	return i
}

func (d *bed) itf(name string) *Interface {
	d.Helper()
	i := d.InterfaceByName(name)
	require.NotNil(d, i, name)
	return i
}

// address adds what an interface address puts into the table: the connected
// prefix and the local address.
func (d *bed) address(itf, prefix string) {
	d.Helper()
	p := netip.MustParsePrefix(prefix)
	i := d.itf(itf)
	proto := fib.ProtoOf(p.Addr())
	path := fib.Path{Proto: proto, SwIf: i.SwIfIndex, FibIndex: fib.InvalidIndex, Weight: 1}
	if !p.IsSingleIP() {
		d.FIB.Update(i.FibIndex[proto], p.Masked(), fib.SourceInterface, fib.EntryConnected|fib.EntryAttached, []fib.Path{path})
	}
	if proto == fib.IP4 && p.Bits() < 31 {
		for _, a := range []netip.Addr{p.Masked().Addr(), lastAddr(p)} {
			d.FIB.AddSpecial(i.FibIndex[proto], netip.PrefixFrom(a, 32), fib.SourceInterface, fib.EntryDrop)
		}
	}
	path.NextHop = p.Addr()
	d.FIB.Update(i.FibIndex[proto], netip.PrefixFrom(p.Addr(), p.Addr().BitLen()), fib.SourceInterface,
		fib.EntryConnected|fib.EntryLocal, []fib.Path{path})
}

// lastAddr is the broadcast address of an IPv4 prefix.
func lastAddr(p netip.Prefix) netip.Addr {
	a := p.Addr().As4()
	for k := range a {
		a[k] |= byte(uint32(0xffffffff) >> p.Bits() >> (8 * (3 - k)))
	}
	return netip.AddrFrom4(a)
}

// neighbor adds the host route of a neighbour and completes its adjacency.
func (d *bed) neighbor(itf, addr, mac string) {
	d.Helper()
	a, i := netip.MustParseAddr(addr), d.itf(itf)
	proto := fib.ProtoOf(a)
	hw, err := packet.ParseMAC(mac)
	require.NoError(d, err)
	d.FIB.Update(i.FibIndex[proto], netip.PrefixFrom(a, a.BitLen()), fib.SourceAdj, fib.EntryAttached,
		[]fib.Path{{Proto: proto, NextHop: a, SwIf: i.SwIfIndex, FibIndex: fib.InvalidIndex, Weight: 1}})
	adj, ok := d.FIB.FindNeighbor(proto, proto.Link(), a, i.SwIfIndex)
	require.True(d, ok)
	var rewrite [fib.MaxRewrite]byte
	n := fibInterfaces{d.Main}.BuildRewrite(i.SwIfIndex, proto.Link(), hw[:], &rewrite)
	d.FIB.SetRewrite(adj, true, rewrite[:n])
}

// route adds a route in the table of the first path's interface, or table 0; a
// path is "NEXTHOP IFACE", "NEXTHOP" or "IFACE".
func (d *bed) route(prefix string, paths ...string) {
	d.Helper()
	d.routeIn(0, prefix, paths...)
}

func (d *bed) routeIn(table uint32, prefix string, paths ...string) {
	d.Helper()
	p := netip.MustParsePrefix(prefix)
	proto := fib.ProtoOf(p.Addr())
	var list []fib.Path
	for _, s := range paths {
		path := fib.Path{Proto: proto, SwIf: fib.InvalidIndex, FibIndex: fib.InvalidIndex, Weight: 1}
		for _, word := range strings.Fields(s) {
			if a, err := netip.ParseAddr(word); err == nil {
				path.NextHop, path.Proto = a, fib.ProtoOf(a)
				continue
			}
			path.SwIf = d.itf(word).SwIfIndex
		}
		if path.SwIf == fib.InvalidIndex {
			path.FibIndex = table
		}
		list = append(list, path)
	}
	d.FIB.Update(table, p, fib.SourceAPI, 0, list)
}

// send puts frames into an interface and checks that nothing is left behind.
func (d *bed) send(itf string, frames ...string) {
	d.Helper()
	for _, f := range frames {
		d.itf(itf).Receive(packet.Frame{Data: unhex(d, strings.ReplaceAll(f, " ", ""))})
	}
	require.Zero(d, d.Graph.BuffersInUse(), "buffers in use")
}

// sent gives what left by an interface since the last call, in hex.
func (d *bed) sent(itf string) []string {
	out := []string{}
	for _, f := range d.ports[itf].Take() {
		out = append(out, fmt.Sprintf("%x", f.Data))
	}
	return out
}

// errors gives the error counters above zero as "node: text N", by node index.
func (d *bed) errors() []string {
	out := []string{}
	for _, n := range d.Graph.Nodes() {
		for code, e := range n.Errors() {
			if c := n.ErrorCount(uint16(code)); c > 0 {
				out = append(out, fmt.Sprintf("%s: %s %d", n.Name, e.Desc, c))
			}
		}
	}
	return out
}

// traced runs fn while an input node traces and gives the traces without times.
func (d *bed) traced(input string, fn func()) string {
	d.Helper()
	d.Graph.TraceAdd(d.Graph.Node(input), 100)
	fn()
	var s strings.Builder
	for _, t := range d.Graph.Traces() {
		for _, e := range t.Entries {
			if e.Data == nil {
				continue
			}
			fmt.Fprintf(&s, "%s\n  %s\n", e.Node, strings.ReplaceAll(e.Data.Format(), "\n", "\n  "))
		}
	}
	d.Graph.TraceClear()
	return s.String()
}

var _ = vlib.InvalidIndex
