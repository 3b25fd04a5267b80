package vnet

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
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
	return newBedIn(t, 0)
}

// own runs fn as the owner of the instance, where timers may run.
func (d *bed) own(fn func()) {
	d.Lock()
	defer d.Unlock()
	fn()
}

// newEmptyBed starts an instance without interfaces.
func newEmptyBed(t testing.TB) *bed {
	t.Helper()
	m, err := New(nil)
	require.NoError(t, err)
	return &bed{TB: t, Main: m, ports: map[string]*TestPort{}}
}

// newBedIn is newBed with the interfaces in a table.
func newBedIn(t testing.TB, table uint32) *bed {
	t.Helper()
	d := newEmptyBed(t)
	for id := range uint32(2) {
		i := d.pg(id, PGEthernet)
		for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
			if table != 0 {
				d.AddTable(p, table, "", true)
			}
			require.NoError(t, d.SetTable(p, i.SwIfIndex, table))
		}
	}
	for id, prefixes := range [][2]string{{"10.0.0", "fd00:"}, {"10.0.1", "fd00:1:"}} {
		itf, mac := fmt.Sprintf("pg%d", id), fmt.Sprintf("02:aa:00:00:%02x:02", id)
		d.address(itf, prefixes[0]+".1/24")
		d.address(itf, prefixes[1]+":1/64")
		d.neighbor(itf, prefixes[0]+".2", mac)
		d.neighbor(itf, prefixes[1]+":2", mac)
	}
	d.sent("pg0")
	d.sent("pg1")
	return d
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

// address adds an interface address.
func (d *bed) address(itf, prefix string) {
	d.Helper()
	require.NoError(d, d.AddAddress(d.itf(itf).SwIfIndex, netip.MustParsePrefix(prefix)))
}

// neighbor adds a static neighbour.
func (d *bed) neighbor(itf, addr, mac string) {
	d.Helper()
	hw, err := packet.ParseMAC(mac)
	require.NoError(d, err)
	require.NoError(d, d.AddNeighbor(d.itf(itf).SwIfIndex, netip.MustParseAddr(addr), hw, NeighborStatic))
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

// requireChecksums checks every checksum of a frame that left: IPv4 headers and,
// in whole packets, those of UDP, TCP and ICMP.
func requireChecksums(t testing.TB, frame []byte) {
	t.Helper()
	etherType, off := packet.Ethernet(frame).Network()
	switch etherType {
	case packet.EtherTypeIPv4:
		ip := packet.IPv4(frame[off:])
		require.True(t, ip.ChecksumOK(), "IPv4 header of %x", frame)
	case packet.EtherTypeIPv6:
		ip := packet.IPv6(frame[off:])
		if proto, at, frag, ok := ip.Upper(); ok && proto == packet.ProtoUDP && !frag.Present && at == packet.IPv6Len {
			require.True(t, packet.TransportChecksumOK(ip.Payload(), ip[8:24], ip[24:40], proto), "UDP in %x", frame)
		}
	}
}
