package vpp_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/api"

	"github.com/vpptwin/vpptwin/agent/internal/vppmock"
	"github.com/vpptwin/vpptwin/agent/vpp"
)

// podState is an interface in a table with what depends on it.
func podState(queues int) *vpp.State {
	s := &vpp.State{}
	s.AddTable(100, "network-blue")
	s.AddInterface(&vpp.Interface{Name: "net-blue", Device: vpp.Loopback{}, Table: 100, Addresses: []netip.Prefix{netip.MustParsePrefix("192.168.0.1/32")}})
	s.AddInterface(&vpp.Interface{Name: "pod-a", Device: vpp.Tap{HostInterface: "eth0", RxQueues: queues}, Table: 100, Unnumbered: "net-blue", Up: true,
		Settings: vpp.Settings{Promiscuous: true}})
	s.AddRoute(100, netip.MustParsePrefix("10.0.0.1/32"), vpp.Path{Interface: "pod-a"})
	s.AddRoute(100, netip.MustParsePrefix("10.1.0.0/16"), vpp.Path{Interface: "pod-a", NextHop: netip.MustParseAddr("10.0.0.1")})
	s.AddRoute(100, netip.MustParsePrefix("10.2.0.0/16"), vpp.Path{NextHop: netip.MustParseAddr("10.0.0.1")})
	s.AddRoute(100, netip.MustParsePrefix("::/0"), vpp.Path{Lookup: true})
	s.AddNeighbour("pod-a", netip.MustParseAddr("10.0.0.1"), vpp.MAC{2, 0, 0, 0, 0, 1})
	return s
}

const podDump = `interface "net-blue" Loopback up=false mtu=0 tables=100,100 addresses=[192.168.0.1/32]
interface "pod-a" virtio up=true mtu=0 tables=100,100 addresses=[] unnumbered=net-blue tap eth0 in "" mtu=0 queues=1,0 rings=0,0 flags=0 [promisc]
neighbour 10.0.0.1 on pod-a at 02:00:00:00:00:01
route 10.0.0.1/32 in 100 via 10.0.0.1 pod-a
route 10.1.0.0/16 in 100 via 10.0.0.1 pod-a
route 10.2.0.0/16 in 100 via 10.0.0.1
route ::/0 in 100 via table 0
table ip4 100 network-blue-ip4
table ip6 100 network-blue-ip6
`

func connected(t *testing.T, v *vppmock.VPP) *vpp.Engine {
	t.Helper()
	e := vpp.NewEngine()
	require.False(t, e.Connected())
	require.NoError(t, e.Sync(t.Context(), v.Connect(t.Context())))
	require.True(t, e.Connected())
	return e
}

func TestApply(t *testing.T) {
	t.Parallel()
	v := vppmock.New()
	e := connected(t, v)
	require.NoError(t, e.Apply("pod", podState(1)))
	require.Equal(t, podDump, v.String())
	require.NoError(t, e.Check("pod"))
	v.Changes()
	require.NoError(t, e.Apply("pod", podState(1)))
	require.Empty(t, v.Changes(), "the same again")
	require.NoError(t, e.Apply("pod", nil))
	require.Equal(t, "\n", v.String())
	require.ErrorContains(t, e.Check("pod"), "nothing is wanted of pod")
}

func TestApplyBeforeSync(t *testing.T) {
	t.Parallel()
	v, e := vppmock.New(), vpp.NewEngine()
	require.NoError(t, e.Apply("pod", podState(1)))
	require.NoError(t, e.Sync(t.Context(), v.Connect(t.Context())))
	require.Equal(t, podDump, v.String())
}

func TestAnotherDeviceTakesDependentsAlong(t *testing.T) {
	t.Parallel()
	v := vppmock.New()
	e := connected(t, v)
	require.NoError(t, e.Apply("pod", podState(4)))
	others := &vpp.State{}
	others.AddRoute(0, netip.MustParsePrefix("10.9.0.0/16"), vpp.Path{Interface: "pod-a", NextHop: netip.MustParseAddr("10.0.0.1")})
	require.NoError(t, e.Apply("others", others))
	before := v.String()
	require.Contains(t, before, "queues=4,0")
	require.NoError(t, e.Apply("pod", podState(1)))
	require.Contains(t, v.String(), "queues=1,0")
	require.Contains(t, v.String(), "route 10.9.0.0/16 in 0 via 10.0.0.1 pod-a", "another group's route is put back")
}

func TestSyncRemovesWhatNobodyWants(t *testing.T) {
	t.Parallel()
	v := vppmock.New()
	require.NoError(t, connected(t, v).Apply("pod", podState(1)))
	tunnels := &vpp.State{}
	tunnel := vpp.VXLAN{Src: netip.MustParseAddr("fd00::1"), Dst: netip.MustParseAddr("fd00::2"), VNI: 56, Port: 4789, InnerIP6: true}
	tunnels.AddInterface(&vpp.Interface{Name: tunnel.Name(), Device: tunnel, Up: true, MTU: 1430})
	e := vpp.NewEngine()
	require.NoError(t, e.Apply("tunnels", tunnels))
	require.NoError(t, e.Sync(t.Context(), v.Connect(t.Context())))
	require.Equal(t, `interface "" VXLAN up=true mtu=1430 tables=0,0 addresses=[] vxlan fd00::1->fd00::2:4789 vni=56 table=0 decap=3
`, v.String())
	v.Changes()
	e = vpp.NewEngine()
	require.NoError(t, e.Apply("tunnels", tunnels))
	require.NoError(t, e.Sync(t.Context(), v.Connect(t.Context())))
	require.Empty(t, v.Changes())
}

func TestRepairAfterFailures(t *testing.T) {
	t.Parallel()
	for _, message := range []string{"ip_table_add_del", "create_loopback", "tap_create_v3", "sw_interface_set_unnumbered", "sw_interface_tag_add_del",
		"sw_interface_set_promisc", "sw_interface_set_flags", "ip_route_add_del", "ip_neighbor_add_del", "sw_interface_set_table"} {
		t.Run(message, func(t *testing.T) {
			t.Parallel()
			v := vppmock.New()
			e := connected(t, v)
			v.Fail(message, 1, int32(api.INVALID_REGISTRATION))
			require.ErrorContains(t, e.Apply("pod", podState(1)), message+": VPPApiError: ")
			require.NoError(t, e.Repair())
			require.Equal(t, podDump, v.String())
			v.Fail(message, 1, int32(api.INVALID_REGISTRATION))
			_ = e.Apply("pod", nil) // not every message is sent on the way back
			require.NoError(t, e.Repair())
			require.Equal(t, "\n", v.String())
		})
	}
}

func TestLostConnection(t *testing.T) {
	t.Parallel()
	v := vppmock.New()
	ctx, cancel := context.WithCancel(t.Context())
	e := vpp.NewEngine()
	require.NoError(t, e.Sync(ctx, v.Connect(ctx)))
	cancel()
	require.ErrorIs(t, e.Apply("pod", podState(1)), context.Canceled)
	e.Disconnect()
	require.NoError(t, e.Repair(), "nothing to do without a connection")
	require.NoError(t, e.Sync(t.Context(), v.Connect(t.Context())))
	require.Equal(t, podDump, v.String())
}
