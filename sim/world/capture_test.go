package world

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
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

// TestTshark: an independent dissector finds nothing wrong with what hosts and
// routers send. It runs where tshark is installed.
func TestTshark(t *testing.T) {
	t.Parallel()
	tshark, err := exec.LookPath("tshark")
	if err != nil || testing.Short() {
		t.Skip("takes seconds and tshark")
	}
	var buf bytes.Buffer
	bubble(t, func(t *testing.T, w *World) {
		c, err := w.NewCapture(&buf, nil)
		require.NoError(t, err)
		w.AddObserver(c)
		everything(t, w)
		require.NoError(t, c.Err())
	})
	file := filepath.Join(t.TempDir(), "world.pcapng")
	require.NoError(t, os.WriteFile(file, buf.Bytes(), 0o600))
	dissect := func(filter string) string {
		out, err := exec.Command(tshark, "-r", file, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
			"-o", "udp.check_checksum:TRUE", "-Y", filter).Output()
		require.NoError(t, err)
		return string(out)
	}
	for _, good := range []string{"arp", "icmp.type==0", "icmp.type==3", "icmp.type==11", "icmpv6.type==135", "icmpv6.type==136",
		"icmpv6.type==2", "ip.flags.mf==1", "ipv6.fragment", "tcp.flags.syn==1", "tcp.flags.fin==1", "tcp.flags.reset==1", "udp"} {
		require.NotEmpty(t, dissect(good), good)
	}
	var bad []string
	for _, proto := range []string{"ip", "tcp", "udp", "icmp", "icmpv6"} {
		bad = append(bad, proto+".checksum.status==0")
	}
	require.Empty(t, dissect("_ws.malformed || "+strings.Join(bad, " || ")+" || _ws.expert.severity==\"Error\""))
}

// everything makes hosts send every kind of packet they know.
func everything(t *testing.T, w *World) {
	t.Helper()
	a, r, b := routed(t, w)
	require.NoError(t, r.Interface("eth1").SetMTU(1400))
	_, err := b.HandleUDP(addrPort("[::]:7"), SocketOptions{}, func(d Datagram) []byte { return d.Data })
	require.NoError(t, err)
	for _, dst := range []string{"10.0.2.1", "fd00:2::1"} {
		_, err := a.Traceroute(t.Context(), TracerouteOptions{Dst: addr(dst)})
		require.NoError(t, err)
		_, err = a.Ping(t.Context(), PingOptions{Dst: addr(dst), Size: 1440, DontFragment: true})
		require.ErrorContains(t, err, "mtu 1400")
		_, err = a.Ping(t.Context(), PingOptions{Dst: addr(dst), Size: 3001})
		require.NoError(t, err)
		_, _, err = a.ExchangeUDP(t.Context(), netip.AddrPortFrom(addr(dst), 7), make([]byte, 4001), 0, SocketOptions{})
		require.NoError(t, err)
		_, err = a.DialTCP(t.Context(), netip.AddrPortFrom(addr(dst), 9), SocketOptions{})
		require.ErrorIs(t, err, ErrRefused)
		client, server := connect(t, a, b, netip.AddrPortFrom(addr(dst), 80).String())
		_, err = client.Write(randomBytes(10001))
		require.NoError(t, err)
		require.NoError(t, client.Close())
		_, err = io.Copy(io.Discard, server)
		require.NoError(t, err)
		require.NoError(t, server.Close())
	}
	require.NoError(t, a.Interface("eth0").Announce(addr("10.0.1.1")))
	require.NoError(t, a.Interface("eth0").Announce(addr("fd00:1::1")))
	require.NoError(t, w.Settle(t.Context()))
}
