package world

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/pcapng"
)

// TestCapture: a capture tells the path of a ping over an L3 and an L2 link.
func TestCapture(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		pod, node := tunnel(t, w)
		var buf bytes.Buffer
		c, err := w.NewCapture(&buf, nil)
		require.NoError(t, err)
		w.AddObserver(c)
		_, err = pod.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.1")})
		require.NoError(t, err, node.Name())
		require.NoError(t, c.Err())
		got, err := pcapng.Read(&buf)
		require.NoError(t, err)
		require.Equal(t, []pcapng.Interface{{Name: "pod/eth0", LinkType: pcapng.RawIP}, {Name: "node/tun0", LinkType: pcapng.RawIP}}, got.Interfaces)
		var lines []string
		for _, p := range got.Packets {
			lines = append(lines, fmt.Sprintf("%s %d %x: %s", got.Interfaces[p.Interface].Name, p.Direction, p.Data[:1], p.Comment))
		}
		require.Equal(t, `pod/eth0 2 45: trace 1.1 pod#1
node/tun0 1 45: trace 1.1 pod#1
node/tun0 2 45: trace 2.1 node#1 because of trace 1.1 pod#1
pod/eth0 1 45: trace 2.1 node#1`, strings.Join(lines, "\n"))
	})
}

// tunnel is a pod and a node joined by a layer-3 link, as a tun interface is.
func tunnel(t *testing.T, w *World) (pod, node *Host) {
	t.Helper()
	pod, err := w.NewHost(HostConfig{Name: "pod"})
	require.NoError(t, err)
	node, err = w.NewHost(HostConfig{Name: "node", Forwarding: true})
	require.NoError(t, err)
	p, err := pod.AddInterface(InterfaceConfig{Name: "eth0", L3: true})
	require.NoError(t, err)
	n, err := node.AddInterface(InterfaceConfig{Name: "tun0", L3: true})
	require.NoError(t, err)
	_, err = w.Connect(p.NIC(), n.NIC(), LinkConfig{})
	require.NoError(t, err)
	require.NoError(t, p.AddAddress(netip.MustParsePrefix("10.0.0.2/32")))
	require.NoError(t, n.AddAddress(netip.MustParsePrefix("10.0.0.1/32")))
	require.NoError(t, pod.AddRoute(Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Interface: "eth0"}))
	require.NoError(t, node.AddRoute(Route{Dst: netip.MustParsePrefix("10.0.0.2/32"), Interface: "tun0"}))
	return pod, node
}
