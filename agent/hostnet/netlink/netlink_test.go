//go:build linux

package netlink

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/vpptwin/vpptwin/agent/hostnet"
)

// namespace makes a network namespace and returns its path, which is valid as long as the test.
func namespace(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	file, result := make(chan *os.File), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread goes with its namespace
		ns, err := netns.New()
		if err != nil {
			result <- err
			close(file)
			return
		}
		result <- nil
		file <- os.NewFile(uintptr(ns), "netns")
	}()
	if err := <-result; err != nil {
		t.Skipf("network namespaces cannot be made here: %v", err)
	}
	f := <-file
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd())
}

var pod = hostnet.Link{Name: "eth1", MTU: 1450,
	Addresses: []netip.Prefix{netip.MustParsePrefix("172.19.0.5/32"), netip.MustParsePrefix("fd19::5/128")},
	Routes: []hostnet.Route{{Destination: netip.MustParsePrefix("0.0.0.0/0"), Gateway: netip.MustParseAddr("169.254.1.1")},
		{Destination: netip.MustParsePrefix("172.19.0.0/16")}, {Destination: netip.MustParsePrefix("fd19::/64"), Gateway: netip.MustParseAddr("fe80::1")}},
	Neighbours: []hostnet.Neighbour{{Address: netip.MustParseAddr("169.254.1.1"), MAC: [6]byte{2, 0, 0, 0, 0, 2}}}}

func TestApply(t *testing.T) {
	t.Parallel()
	h, err := New(namespace(t), namespace(t))
	require.NoError(t, err)
	ns := namespace(t)
	if err := in(ns, func() error {
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth1"}, PeerName: "peer"})
	}); err != nil {
		t.Skipf("this kernel has no veth devices: %v", err)
	}
	for range 2 {
		require.NoError(t, h.Apply(t.Context(), ns, pod))
		have, err := h.Get(t.Context(), ns, "eth1")
		require.NoError(t, err)
		have.MAC = [6]byte{}
		require.ElementsMatch(t, pod.Routes, have.Routes)
		have.Routes = pod.Routes
		require.Equal(t, pod, have)
	}
	changed := pod
	changed.Addresses, changed.Routes = pod.Addresses[:1], pod.Routes[1:2]
	require.NoError(t, h.Apply(t.Context(), ns, changed))
	have, err := h.Get(t.Context(), ns, "eth1")
	require.NoError(t, err)
	require.Equal(t, changed.Addresses, have.Addresses)
	require.Equal(t, changed.Routes, have.Routes)
	require.NoError(t, h.Remove(t.Context(), ns, "eth1"))
	require.NoError(t, h.Remove(t.Context(), ns, "eth1"))
	_, err = h.Get(t.Context(), ns, "eth1")
	require.ErrorIs(t, err, hostnet.ErrNotFound)
	_, err = h.Get(t.Context(), "/run/netns/none", "eth1")
	require.ErrorIs(t, err, hostnet.ErrNotFound)
	require.NoError(t, h.Remove(t.Context(), "/run/netns/none", "eth1"))
}

func TestTakeUplink(t *testing.T) {
	t.Parallel()
	node, vpp := namespace(t), namespace(t)
	h, err := New(node, vpp)
	require.NoError(t, err)
	mac := net.HardwareAddr{2, 1, 0, 0, 0, 1}
	if err := in(node, func() error {
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0", HardwareAddr: mac, MTU: 1400}, PeerName: "peer"})
	}); err != nil {
		t.Skipf("this kernel has no veth devices: %v", err)
	}
	want := hostnet.Link{Name: "eth0", MAC: [6]byte(mac), MTU: 1400, Addresses: []netip.Prefix{netip.MustParsePrefix("192.168.0.1/24")},
		Routes: []hostnet.Route{{Destination: netip.MustParsePrefix("0.0.0.0/0"), Gateway: netip.MustParseAddr("192.168.0.254")}}}
	require.NoError(t, h.Apply(t.Context(), hostnet.NodeNamespace, want))
	have, err := h.TakeUplink(t.Context(), "eth0")
	require.NoError(t, err)
	require.Equal(t, want, have)
	_, err = h.Get(t.Context(), hostnet.NodeNamespace, "eth0")
	require.ErrorIs(t, err, hostnet.ErrNotFound)
	_, err = h.Get(t.Context(), vpp, "eth0")
	require.NoError(t, err)

	require.NoError(t, in(node, func() error {
		return netlink.LinkAdd(&netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: "eth0", HardwareAddr: mac}, Mode: netlink.TUNTAP_MODE_TAP})
	}))
	require.NoError(t, h.Apply(t.Context(), hostnet.NodeNamespace, want))
	have, err = h.TakeUplink(t.Context(), "eth0")
	require.NoError(t, err)
	want.MAC, have.MAC = [6]byte{}, [6]byte{}
	require.Equal(t, want, have, "what VPP's tap has now")

	_, err = New(node, node)
	require.ErrorContains(t, err, "one network namespace")
}
