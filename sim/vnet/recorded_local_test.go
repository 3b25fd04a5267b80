package vnet

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// TestRecordedLocal replays packets for the instance itself that VPP was given:
// address resolution, echo and punt. What VPP draws at random, the IPv4
// identification of echo replies, is left out.
func TestRecordedLocal(t *testing.T) {
	t.Parallel()
	redirect := func(p fib.Proto, rx uint32, via string) func(*bed) {
		return func(d *bed) {
			d.AddPuntRedirect(p, rx, []fib.Path{{Proto: p, NextHop: netip.MustParseAddr(via),
				SwIf: d.itf("pg1").SwIfIndex, FibIndex: fib.InvalidIndex, Weight: 1}})
		}
	}
	puntUDP := func(d *bed) {
		d.SetUDPPuntUnknown(fib.IP4, true)
		d.SetUDPPuntUnknown(fib.IP6, true)
	}
	for _, tt := range []struct {
		name  string
		setup []func(*bed)
	}{
		{"b1_ip4_glean", nil},
		{"b2_ip6_glean", nil},
		{"b3_arp", nil},
		{"b4_ip6_nd", nil},
		{"b5_proxy_arp", []func(*bed){func(d *bed) {
			d.AddProxyARP(ProxyARP{Low: netip.MustParseAddr("10.9.9.0"), Hi: netip.MustParseAddr("10.9.9.255")})
			require.NoError(d, d.SetProxyARP(d.itf("pg0").SwIfIndex, true))
		}}},
		{"d_echo", []func(*bed){func(d *bed) {
			i, err := d.AddLoopback(packet.MAC{}, nil)
			require.NoError(d, err)
			require.NoError(d, d.SetAdminUp(i.SwIfIndex, true))
			d.address(i.Name, "1.1.1.1/32")
			d.address(i.Name, "fd11::1/128")
		}}},
		{"h2_punt_all", []func(*bed){puntUDP}},
		{"h3_punt_redirect", []func(*bed){puntUDP, redirect(fib.IP4, vlib.InvalidIndex, "10.0.1.2"),
			redirect(fib.IP6, vlib.InvalidIndex, "fd00:1::2")}},
		{"h4_punt_redirect_rx", []func(*bed){func(d *bed) { redirect(fib.IP4, d.itf("pg0").SwIfIndex, "10.0.1.2")(d) }}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { compareLocal(t, tt.name, tt.setup) })
		})
	}
}

func compareLocal(t *testing.T, name string, setup []func(*bed)) {
	d, r := newBedIn(t, 0), readRecorded(t, name)
	for _, f := range setup {
		f(d)
	}
	d.Graph.ClearErrors()
	replay(d, r)
	for _, itf := range []string{"pg0", "pg1"} {
		require.Equal(t, withoutIDs(d, r.out[itf]), withoutIDs(d, d.sent(itf)), "sent by "+itf)
	}
	slices.Sort(r.errors)
	require.Equal(t, r.errors, d.shown())
}

// withoutIDs clears the IPv4 identification and what depends on it, and sorts:
// VPP sends what waits at several nodes in the order of its graph.
func withoutIDs(d *bed, frames []string) string {
	out := make([]string, len(frames))
	for k, f := range frames {
		data := unhex(d, f)
		if packet.Ethernet(data).Type() == packet.EtherTypeIPv4 {
			packet.PutUint16(data, packet.EthernetLen+4, 0)
			packet.PutUint16(data, packet.EthernetLen+10, 0)
		}
		out[k] = hex.EncodeToString(data)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
