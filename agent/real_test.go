package agent_test

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/api"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/vpptwin/vpptwin/agent"
	"github.com/vpptwin/vpptwin/agent/hostnet"
	"github.com/vpptwin/vpptwin/agent/types"
)

// TestRunningVPP puts an agent before a VPP that runs: it must take every message, and have nothing left to do after a restart of the agent.
//
//	VPPTWIN_VPP_API     path of VPP's API socket
//	VPPTWIN_VPP_UPLINK  a device in VPP's network namespace that may be its uplink, of a name that is free in the one of process 1
//	VPPTWIN_VPP_HOST    path of the node's network namespace, if not that of process 1
//	VPPTWIN_VPP_POD     path of a network namespace for a pod
func TestRunningVPP(t *testing.T) {
	socket, uplink, netns := os.Getenv("VPPTWIN_VPP_API"), os.Getenv("VPPTWIN_VPP_UPLINK"), os.Getenv("VPPTWIN_VPP_POD")
	if socket == "" || uplink == "" || netns == "" {
		t.Skip("VPPTWIN_VPP_API, VPPTWIN_VPP_UPLINK and VPPTWIN_VPP_POD name no VPP to test with")
	}
	ctx, cancel := context.WithCancel(t.Context())
	c := &testCluster{t: t, ctx: ctx, kube: fake.NewSimpleClientset()}
	c.dynamic = dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), agent.ListKinds())
	c.cluster = agent.NewCluster(agent.ClusterConfig{Kube: c.kube, Dynamic: c.dynamic})
	c.wait.Go(func() { _ = c.cluster.Run(ctx) })
	t.Cleanup(func() { cancel(); c.wait.Wait() })
	for i, name := range []string{"node1", "node2"} {
		ip4, ip6 := netip.AddrFrom4([4]byte{192, 168, 77, byte(i + 1)}), netip.MustParseAddr("fd77::"+string(rune('1'+i)))
		o := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{PodCIDRs: []string{"10.77." + string(rune('1'+i)) + ".0/24", "fd10:77::/64"}},
			Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: ip4.String()}}}}
		if i == 0 {
			o.Status.Addresses = append(o.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: ip6.String()})
		}
		_, err := c.kube.CoreV1().Nodes().Create(ctx, o, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	host := &linux{links: map[string]hostnet.Link{}, uplink: hostnet.Link{Name: uplink, MAC: [6]byte{2, 77, 0, 0, 0, 1}, MTU: 1500,
		Addresses: []netip.Prefix{netip.MustParsePrefix("192.168.77.1/24"), netip.MustParsePrefix("fd77::1/64")},
		Routes: []hostnet.Route{{Destination: netip.MustParsePrefix("10.99.0.0/16"), Gateway: netip.MustParseAddr("192.168.77.254")},
			{Destination: netip.MustParsePrefix("fd99::/64"), Gateway: netip.MustParseAddr("fd77::fe")}}}}
	changes := &counter{}
	n := &testNode{c: c, name: "node1", host: host, store: agent.NewMemoryStore(), uplinkName: uplink, hostNS: os.Getenv("VPPTWIN_VPP_HOST"), log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	n.connector = func(ctx context.Context) (*agent.Session, error) {
		s, err := agent.Socket(socket)(ctx)
		if err == nil {
			s.API = changes.wrap(s.API)
		}
		return s, err
	}
	n.start()
	settled := func() {
		t.Helper()
		var failure error
		require.Eventually(t, func() (ok bool) { ok, failure = n.agent.Settled(); return ok }, 10*time.Second, 50*time.Millisecond, "settled")
		require.NoError(t, failure)
	}
	settled()
	c.network("blue", 56, "172.19.0.0/16,fd19::/64", "")
	time.Sleep(300 * time.Millisecond)
	p, err := n.podIn(netns, "a", map[string]string{types.InterfacesAnnotation: `{"eth2": {"rx": 2, "tx": 2, "isl3": false}}`},
		interfaceOf{"eth0", ""}, interfaceOf{"eth1", "blue"}, interfaceOf{"eth2", "blue"}, interfaceOf{"memif1", "blue"})
	require.NoError(t, err)
	remote := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "b", Namespace: "default", Annotations: map[string]string{
		types.StatusAnnotation: `[{"name": "default/blue", "interface": "eth1", "ips": ["172.19.0.77", "fd19::77"]}]`}},
		Spec: corev1.PodSpec{NodeName: "node2"}}
	_, err = c.kube.CoreV1().Pods("default").Create(ctx, remote, metav1.CreateOptions{})
	require.NoError(t, err)
	time.Sleep(300 * time.Millisecond)
	settled()
	require.NotEmpty(t, changes.take())
	n.stop()
	n.start()
	settled()
	require.NoError(t, p.add())
	settled()
	require.Empty(t, changes.take(), "a restarted agent has nothing to change")
	if os.Getenv("VPPTWIN_VPP_KEEP") == "" {
		require.NoError(t, p.remove())
		settled()
	}
}

// counter notes the messages that change something.
type counter struct{ list []string }

func (c *counter) take() []string { list := c.list; c.list = nil; return list }

func (c *counter) wrap(conn api.Connection) api.Connection { return &countingConn{conn, c} }

type countingConn struct {
	api.Connection
	c *counter
}

func (c *countingConn) NewStream(ctx context.Context, o ...api.StreamOption) (api.Stream, error) {
	s, err := c.Connection.NewStream(ctx, o...)
	return &countingStream{s, c.c}, err
}

type countingStream struct {
	api.Stream
	c *counter
}

func (s *countingStream) SendMsg(m api.Message) error {
	if isChange(m.GetMessageName()) {
		s.c.list = append(s.c.list, m.GetMessageName())
	}
	return s.Stream.SendMsg(m)
}
