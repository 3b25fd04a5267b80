package vnet

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// TestVXLANUnderItself: a route that leads into a tunnel covers the tunnel's
// destination and a next hop of its own. The tunnel's adjacency is made in the
// middle of the route's installation and must not settle it half done.
func TestVXLANUnderItself(t *testing.T) {
	t.Parallel()
	m, _ := newTestMain(t)
	m.Lock()
	defer m.Unlock()
	for _, p := range []struct{ src, dst, cover, hop string }{
		{"10.0.0.1", "10.0.0.2", "10.0.0.0/8", "10.0.0.3"},
		{"fd00::1", "fd00::2", "fd00::/16", "fd00::3"},
	} {
		dst := netip.MustParseAddr(p.dst)
		proto := fib.ProtoOf(dst)
		tunnel, err := m.AddVXLAN(VXLANSpec{Src: netip.MustParseAddr(p.src), Dst: dst, VNI: 1, L3: true,
			DecapNext: m.VXLANDecapNext(proto, "ip4-input"), McastSwIf: fib.InvalidIndex, Instance: uint32(proto)})
		require.NoError(t, err)
		m.FIB.Update(0, netip.MustParsePrefix(p.cover), fib.SourceAPI, 0, []fib.Path{
			{Proto: fib.IP4, SwIf: tunnel.SwIfIndex, FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex, Weight: 1},
			{Proto: proto, NextHop: netip.MustParseAddr(p.hop), SwIf: fib.InvalidIndex, RPFID: fib.InvalidIndex, Weight: 1},
		})
		_, there := m.FIB.Find(0, netip.MustParsePrefix(p.cover))
		require.True(t, there)
	}
}
