package agent_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containernetworking/cni/libcni"
	cnitypes "github.com/containernetworking/cni/pkg/types"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/api"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpptwin/vpptwin/agent"
	"github.com/vpptwin/vpptwin/agent/hostnet"
	"github.com/vpptwin/vpptwin/agent/types"
)

// added returns the lines of after that before does not have, with tags' hashes made equal.
func added(before, after string) string {
	had := map[string]bool{}
	for _, l := range strings.Split(before, "\n") {
		had[l] = true
	}
	var lines []string
	for _, l := range strings.Split(after, "\n") {
		if !had[l] {
			lines = append(lines, hashes.ReplaceAllString(l, "$1-HASH-"))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

var hashes = regexp.MustCompile(`(pod|rpf)-[a-z2-7]{8}-`)

func TestNodeState(t *testing.T) {
	t.Parallel()
	inCluster(t, 2, func(c *testCluster) {
		c.requireSettled()
		require.Equal(t, `interface "" VXLAN up=true mtu=1430 tables=0,0 addresses=[] unnumbered=main-eth0 vxlan fd00::1->fd00::2:4789 vni=4096 table=0 decap=3 [gso]
interface "" VXLAN up=true mtu=1450 tables=0,0 addresses=[] unnumbered=main-eth0 vxlan 192.168.0.1->192.168.0.2:4789 vni=4096 table=0 decap=2 [gso]
interface "host-eth0" virtio up=true mtu=9216 tables=300000000,300000000 addresses=[169.254.0.1/32] tap eth0 in "pid:1" mtu=1500 queues=1,1 rings=1024,1024 flags=33 [gso rx=RX_MODE_API_ADAPTIVE ip6 no-ra proxy-arp nd-proxy]
interface "main-eth0" af-packet up=true mtu=1500 tables=0,0 addresses=[192.168.0.1/24 fd00::1/64] [promisc gso rx=RX_MODE_API_INTERRUPT ip6 no-ra]
interface "net-_default" Loopback up=false mtu=0 tables=2,2 addresses=[192.168.0.1/32 fd00::1/128]
mroute ff02::1/128 in 300000000 via host-eth0(2) main-eth0(6)
mroute ff02::16/128 in 300000000 via host-eth0(2) main-eth0(6)
mroute ff02::1:2/128 in 300000000 via host-eth0(2) main-eth0(6)
mroute ff02::1:ff00:0/104 in 300000000 via host-eth0(2) main-eth0(6)
mroute ff02::2/128 in 300000000 via host-eth0(2) main-eth0(6)
neighbour 192.168.0.1 on host-eth0 at 02:01:00:00:00:01
neighbour fd00::1 on host-eth0 at 02:01:00:00:00:01
neighbour limits ADDRESS_IP4 50000 30
neighbour limits ADDRESS_IP6 50000 30
proxy arp table 300000000
punt redirect ADDRESS_IP4 via table 1
punt redirect ADDRESS_IP6 via table 1
route 0.0.0.0/0 in 0 via 192.168.0.254 main-eth0
route 0.0.0.0/0 in 2 via table 0
route 0.0.0.0/0 in 300000000 via table 0
route 10.244.2.0/24 in 0 via 192.168.0.2 vxlan_tunnel4
route 192.168.0.0/24 in 1 via 192.168.0.1 host-eth0
route 192.168.0.1/32 in 300000000 via 192.168.0.1 host-eth0
route 192.168.0.2/32 in 2 via 192.168.0.2 vxlan_tunnel4
route 255.255.255.255/32 in 300000000 via ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff main-eth0
route ::/0 in 2 via table 0
route ::/0 in 300000000 via table 0
route fd00::/64 in 1 via fd00::1 host-eth0
route fd00::1/128 in 300000000 via fd00::1 host-eth0
route fd00::2/128 in 2 via fd00::2 vxlan_tunnel5
route fd10:244:2::/64 in 0 via fd00::2 vxlan_tunnel5
table ip4 1 punt-table-ip4
table ip4 2 calico-pods-ip4
table ip4 300000000 host-tap-eth0-ip4
table ip6 1 punt-table-ip6
table ip6 2 calico-pods-ip6
table ip6 300000000 host-tap-eth0-ip6
`, c.nodes[0].vpp.String())
		require.Equal(t, `{eth0 [2 1 0 0 0 1] 1500 [192.168.0.1/24 fd00::1/64] [{0.0.0.0/0 192.168.0.254} {10.244.1.0/24 invalid IP} `+
			`{10.244.2.0/24 invalid IP} {fd10:244:1::/64 invalid IP} {fd10:244:2::/64 invalid IP}] [] false}`,
			fmt.Sprint(c.nodes[0].host.links[" eth0"]))
	})
}

// twoNetworks makes two networks with the same range, and a pod in each on each node, with the same addresses, with the default
// network beside them.
func twoNetworks(c *testCluster) (pods []*podFixture) {
	c.t.Helper()
	c.network("blue", 56, "172.19.0.0/16, fd19::/64", "")
	c.network("red", 88, "172.19.0.0/16,fd19::/64", "")
	c.settle()
	for _, n := range c.nodes {
		p, err := n.pod("pod-"+n.name, nil, interfaceOf{"eth0", ""}, interfaceOf{"eth1", "blue"}, interfaceOf{"eth2", "red"})
		require.NoError(c.t, err)
		pods = append(pods, p)
	}
	c.requireSettled()
	return pods
}

func TestNetworksAreApart(t *testing.T) {
	t.Parallel()
	inCluster(t, 2, func(c *testCluster) {
		c.requireSettled()
		before := c.nodes[0].vpp.String()
		pods := twoNetworks(c)
		for i, p := range pods {
			require.Equal(t, fmt.Sprintf("{172.19.0.%d ffffffff}", i+1), fmt.Sprint(p.results["eth1"].IPs[0].Address))
			for _, name := range []string{"eth1", "eth2"} {
				require.Equal(t, fmt.Sprintf("172.19.0.%d/32", i+1), p.address(name, 0))
				require.Equal(t, fmt.Sprintf("fd19::%d/128", i+1), p.address(name, 1))
			}
		}
		require.Equal(t, []string{"blue-172.19.0.1", "blue-172.19.0.2", "blue-fd19--1", "blue-fd19--2",
			"red-172.19.0.1", "red-172.19.0.2", "red-fd19--1", "red-fd19--2"}, c.reservations())
		require.Equal(t, `interface "" VXLAN up=true mtu=1430 tables=100000056,100000056 addresses=[] unnumbered=net-blue vxlan fd00::1->fd00::2:4789 vni=56 table=0 decap=3 [gso]
interface "" VXLAN up=true mtu=1430 tables=100000088,100000088 addresses=[] unnumbered=net-red vxlan fd00::1->fd00::2:4789 vni=88 table=0 decap=3 [gso]
interface "" VXLAN up=true mtu=1450 tables=100000056,100000056 addresses=[] unnumbered=net-blue vxlan 192.168.0.1->192.168.0.2:4789 vni=56 table=0 decap=2 [gso]
interface "" VXLAN up=true mtu=1450 tables=100000088,100000088 addresses=[] unnumbered=net-red vxlan 192.168.0.1->192.168.0.2:4789 vni=88 table=0 decap=2 [gso]
interface "net-blue" Loopback up=false mtu=0 tables=100000056,100000056 addresses=[192.168.0.1/32 fd00::1/128]
interface "net-red" Loopback up=false mtu=0 tables=100000088,100000088 addresses=[192.168.0.1/32 fd00::1/128]
interface "pod-HASH-default/pod-node1/eth0" virtio up=true mtu=9216 tables=2,2 addresses=[] unnumbered=net-_default rpf=200000001,200000001 tap eth0 in "/run/netns/pod-node1" mtu=1430 queues=1,1 rings=1024,1024 flags=53 [rx=RX_MODE_API_ADAPTIVE]
interface "pod-HASH-default/pod-node1/eth1" virtio up=true mtu=9216 tables=100000056,100000056 addresses=[] unnumbered=net-blue rpf=200000002,200000002 tap eth1 in "/run/netns/pod-node1" mtu=1430 queues=1,1 rings=1024,1024 flags=53 [rx=RX_MODE_API_ADAPTIVE]
interface "pod-HASH-default/pod-node1/eth2" virtio up=true mtu=9216 tables=100000088,100000088 addresses=[] unnumbered=net-red rpf=200000003,200000003 tap eth2 in "/run/netns/pod-node1" mtu=1430 queues=1,1 rings=1024,1024 flags=53 [rx=RX_MODE_API_ADAPTIVE]
route 10.244.1.1/32 in 0 via 10.244.1.1 pod-HASH-default/pod-node1/eth0
route 10.244.1.1/32 in 200000001 via 10.244.1.1 pod-HASH-default/pod-node1/eth0
route 172.19.0.1/32 in 100000056 via 172.19.0.1 pod-HASH-default/pod-node1/eth1
route 172.19.0.1/32 in 100000088 via 172.19.0.1 pod-HASH-default/pod-node1/eth2
route 172.19.0.1/32 in 200000002 via 172.19.0.1 pod-HASH-default/pod-node1/eth1
route 172.19.0.1/32 in 200000003 via 172.19.0.1 pod-HASH-default/pod-node1/eth2
route 172.19.0.2/32 in 100000056 via 192.168.0.2 vxlan_tunnelN
route 172.19.0.2/32 in 100000088 via 192.168.0.2 vxlan_tunnelN
route fd10:244:1::1/128 in 0 via fd10:244:1::1 pod-HASH-default/pod-node1/eth0
route fd10:244:1::1/128 in 200000001 via fd10:244:1::1 pod-HASH-default/pod-node1/eth0
route fd19::1/128 in 100000056 via fd19::1 pod-HASH-default/pod-node1/eth1
route fd19::1/128 in 100000088 via fd19::1 pod-HASH-default/pod-node1/eth2
route fd19::1/128 in 200000002 via fd19::1 pod-HASH-default/pod-node1/eth1
route fd19::1/128 in 200000003 via fd19::1 pod-HASH-default/pod-node1/eth2
route fd19::2/128 in 100000056 via fd00::2 vxlan_tunnelN
route fd19::2/128 in 100000088 via fd00::2 vxlan_tunnelN
table ip4 100000056 network-blue-ip4
table ip4 100000088 network-red-ip4
table ip4 200000001 rpf-HASH-default/pod-node1/eth0-ip4
table ip4 200000002 rpf-HASH-default/pod-node1/eth1-ip4
table ip4 200000003 rpf-HASH-default/pod-node1/eth2-ip4
table ip6 100000056 network-blue-ip6
table ip6 100000088 network-red-ip6
table ip6 200000001 rpf-HASH-default/pod-node1/eth0-ip6
table ip6 200000002 rpf-HASH-default/pod-node1/eth1-ip6
table ip6 200000003 rpf-HASH-default/pod-node1/eth2-ip6
`, regexp.MustCompile(`vxlan_tunnel\d+`).ReplaceAllString(added(before, c.nodes[0].vpp.String()), "vxlan_tunnelN"))
		require.Equal(t, `{eth1 [0 0 0 0 0 0] 1430 [172.19.0.1/32 fd19::1/128] [{172.19.0.0/16 invalid IP} {fd19::/64 invalid IP}] [] false}`,
			fmt.Sprint(c.nodes[0].host.links["/run/netns/pod-node1 eth1"]))
	})
}

func TestPodsLeaveNothing(t *testing.T) {
	t.Parallel()
	inCluster(t, 2, func(c *testCluster) {
		c.network("blue", 56, "172.19.0.0/16", "")
		c.requireSettled()
		before := c.nodes[0].vpp.String()
		p, err := c.nodes[0].pod("a", nil, interfaceOf{"eth0", ""}, interfaceOf{"eth1", "blue"}, interfaceOf{"memif1", "blue"})
		require.NoError(t, err)
		_, err = c.nodes[1].pod("b", nil, interfaceOf{"eth1", "blue"})
		require.NoError(t, err)
		c.requireSettled()
		require.Contains(t, c.nodes[0].vpp.String(), "vni=56")
		require.NoError(t, p.remove())
		require.NoError(t, c.kube.CoreV1().Pods("default").Delete(c.ctx, "b", metav1.DeleteOptions{}))
		c.requireSettled()
		require.Equal(t, before, c.nodes[0].vpp.String())
		require.Equal(t, []string{"blue-172.19.0.3"}, c.reservations())
		records, err := c.nodes[0].store.All()
		require.NoError(t, err)
		require.Len(t, records, 1, "only the uplink's")
	})
}

func TestRestartsOfAgentAndVPP(t *testing.T) {
	t.Parallel()
	inCluster(t, 2, func(c *testCluster) {
		c.network("blue", 56, "172.19.0.0/16", "")
		c.settle()
		n := c.nodes[0]
		p, err := n.pod("a", map[string]string{types.InterfacesAnnotation: `{"eth0": {"rx": 2, "tx": 3, "isl3": false, "rxqsz": 256, "rxMode": "polling"}}`},
			interfaceOf{"eth0", ""}, interfaceOf{"eth1", "blue"}, interfaceOf{"memif1", "blue"})
		require.NoError(t, err)
		_, err = c.nodes[1].pod("b", nil, interfaceOf{"eth1", "blue"})
		require.NoError(t, err)
		c.requireSettled()
		names := regexp.MustCompile(`(vxlan_tunnel|tap|memif)\d+`)
		state := func() string { return names.ReplaceAllString(n.vpp.String(), "$1") }
		before := state()
		require.Contains(t, before, "queues=2,3 rings=256,1024 flags=37 [promisc rx=RX_MODE_API_POLLING ip6]")

		n.vpp.Changes()
		n.stop()
		n.start()
		c.requireSettled()
		require.Empty(t, n.vpp.Changes(), "a restarted agent has nothing to change")
		require.NoError(t, p.add())
		require.Empty(t, n.vpp.Changes(), "ADD has nothing to change")
		require.Equal(t, before, state())

		n.down.Store(true)
		n.vpp.Restart()
		n.lose()
		c.settle()
		settled, err := n.agent.Settled()
		require.False(t, settled)
		require.ErrorContains(t, err, "VPP is down")
		n.down.Store(false)
		time.Sleep(time.Minute)
		c.requireSettled()
		require.Equal(t, before, state())
	})
}

// TestEveryFailureIsUndone fails each message of an ADD in turn.
func TestEveryFailureIsUndone(t *testing.T) {
	t.Parallel()
	for _, ifName := range []string{"eth1", "memif1"} {
		t.Run(ifName, func(t *testing.T) {
			t.Parallel()
			inCluster(t, 1, func(c *testCluster) {
				c.network("blue", 56, "172.19.0.0/16,fd19::/64", "")
				c.requireSettled()
				n := c.nodes[0]
				before := n.vpp.String()
				n.vpp.Changes()
				p, err := n.pod("a", nil, interfaceOf{ifName, "blue"})
				require.NoError(t, err)
				calls := map[string]int{}
				for _, m := range n.vpp.Changes() {
					calls[m]++
				}
				require.NoError(t, p.remove())
				c.requireSettled()
				require.Equal(t, before, n.vpp.String())
				for message, times := range calls {
					for nth := 1; nth <= times; nth++ {
						if message == "tap_create_v3" && nth == 1 {
							continue // its answer without a Linux device to attach to is a failure already
						}
						n.vpp.Fail(message, nth, int32(api.INVALID_REGISTRATION))
						p, err := n.pod("a", nil, interfaceOf{ifName, "blue"})
						require.ErrorContains(t, err, message+": VPPApiError: ", "call %d", nth)
						var e *cnitypes.Error
						require.ErrorAs(t, err, &e)
						require.Equal(t, cnitypes.ErrInternal, e.Code)
						c.requireSettled()
						require.Equal(t, before, n.vpp.String(), "%s %d", message, nth)
						require.Empty(t, c.reservations())
						require.NoError(t, p.remove(), "DEL after a failed ADD")
					}
				}
				n.host.fail = errors.New("no such namespace")
				_, err = n.pod("a", nil, interfaceOf{ifName, "blue"})
				require.ErrorContains(t, err, "no such namespace")
				require.Equal(t, before, n.vpp.String())
			})
		})
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	inCluster(t, 1, func(c *testCluster) {
		n := c.nodes[0]
		c.network("zero", 0, "172.19.0.0/16", "")
		c.network("large", 1<<24, "172.19.0.0/16", "")
		c.network("default-vni", 4096, "172.19.0.0/16", "")
		c.network("range", 57, "172.19.0.0/99", "")
		c.network("physical", 58, "172.19.0.0/16", "storage")
		c.network("tiny", 59, "172.19.0.0/30", "")
		c.network("twin-a", 60, "172.19.0.0/16", "")
		c.network("twin-b", 60, "172.19.0.0/16", "")
		c.attachment("broken", `{"name": `)
		c.settle()
		for i, tt := range []struct{ network, want string }{
			{"missing", "network missing does not exist"},
			{"zero", "spec.vni: 0 is not a VNI, expected 1 to 16777215"},
			{"large", "spec.vni: 16777216 is not a VNI"},
			{"default-vni", "4096 is the VNI of the default pod network"},
			{"range", `spec.range: "172.19.0.0/99" is not an address range`},
			{"physical", "node node1 has no uplink to physical network storage"},
			{"twin-b", "spec.vni: 60 is the VNI of network twin-a already"},
		} {
			_, err := n.pod(fmt.Sprintf("bad%d", i), nil, interfaceOf{"eth1", tt.network})
			require.ErrorContains(t, err, tt.want)
			var e *cnitypes.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, cnitypes.ErrInvalidNetworkConfig, e.Code)
		}
		_, err := n.pod("tiny1", nil, interfaceOf{"eth1", "tiny"}, interfaceOf{"eth2", "tiny"})
		require.NoError(t, err)
		_, err = n.pod("tiny2", nil, interfaceOf{"eth1", "tiny"})
		require.ErrorContains(t, err, "network tiny: no free address in 172.19.0.0/30")
		_, err = n.pod("spec", map[string]string{types.InterfacesAnnotation: `{"eth0": {"rx": 0}}`}, interfaceOf{"eth0", ""})
		require.ErrorContains(t, err, "eth0: rx: 0 queues, expected 1 to 256")
		events, err := c.kube.CoreV1().Events("default").List(c.ctx, metav1.ListOptions{})
		require.NoError(t, err)
		about := map[string]int{}
		for _, e := range events.Items {
			about[e.InvolvedObject.Kind+" "+e.InvolvedObject.Name]++
		}
		require.Equal(t, map[string]int{"Network zero": 1, "Network large": 1, "Network default-vni": 1, "Network range": 1, "Network twin-b": 1,
			"NetworkAttachmentDefinition broken": 1}, about)
		c.requireSettled()
	})
}

func TestCheck(t *testing.T) {
	t.Parallel()
	inCluster(t, 1, func(c *testCluster) {
		n := c.nodes[0]
		p, err := n.pod("a", nil, interfaceOf{"eth0", ""})
		require.NoError(t, err)
		check := func() error {
			_, err := p.call(p.interfaces[0], func(l libcni.CNI, config *libcni.NetworkConfigList, rt *libcni.RuntimeConf) (*types100.Result, error) {
				config.Plugins[0].Network.CNIVersion = "1.1.0"
				return nil, n.agent.CNICheck(c.ctx, checkRequest(rt))
			})
			return err
		}
		require.NoError(t, check())
		delete(n.host.links, "/run/netns/a eth0")
		require.ErrorIs(t, check(), hostnet.ErrNotFound)
		require.NoError(t, p.remove())
		require.ErrorContains(t, check(), "no such attachment")
	})
}

func TestLostPodsAreCollected(t *testing.T) {
	t.Parallel()
	inCluster(t, 1, func(c *testCluster) {
		c.network("blue", 56, "172.19.0.0/16", "")
		c.requireSettled()
		n := c.nodes[0]
		before := n.vpp.String()
		_, err := n.pod("a", nil, interfaceOf{"eth0", ""}, interfaceOf{"eth1", "blue"})
		require.NoError(t, err)
		require.NoError(t, c.kube.CoreV1().Pods("default").Delete(c.ctx, "a", metav1.DeleteOptions{}))
		time.Sleep(agent.DefaultGCInterval + time.Second)
		require.Equal(t, []string{"blue-172.19.0.1"}, c.reservations(), "once is not enough")
		time.Sleep(agent.DefaultGCInterval)
		c.requireSettled()
		require.Empty(t, c.reservations())
		require.Equal(t, before, n.vpp.String())
	})
}

func TestNewSandboxTakesOver(t *testing.T) {
	t.Parallel()
	inCluster(t, 1, func(c *testCluster) {
		c.network("blue", 56, "172.19.0.0/16", "")
		c.settle()
		n := c.nodes[0]
		p, err := n.pod("a", nil, interfaceOf{"eth1", "blue"})
		require.NoError(t, err)
		old := *p
		first := n.vpp.String()
		p.sandbox = "second"
		require.NoError(t, p.add())
		require.Equal(t, "172.19.0.1/32", p.address("eth1", 0))
		require.NotEqual(t, first, n.vpp.String())
		second := n.vpp.String()
		_, err = old.call(old.interfaces[0], func(l libcni.CNI, config *libcni.NetworkConfigList, rt *libcni.RuntimeConf) (*types100.Result, error) {
			return nil, l.DelNetworkList(c.ctx, config, rt)
		})
		require.NoError(t, err)
		require.Equal(t, second, n.vpp.String(), "the old sandbox's DEL must not touch the new one")
		require.Equal(t, []string{"blue-172.19.0.1"}, c.reservations())
	})
}

func TestChangesOfTheClusterAreFollowed(t *testing.T) {
	t.Parallel()
	inCluster(t, 2, func(c *testCluster) {
		c.network("blue", 56, "172.19.0.0/16", "")
		c.settle()
		for _, n := range c.nodes {
			_, err := n.pod("pod-"+n.name, nil, interfaceOf{"eth1", "blue"})
			require.NoError(t, err)
		}
		c.requireSettled()
		networks := c.dynamic.Resource(agent.NetworkResource).Namespace("default")
		o, err := networks.Get(c.ctx, "blue", metav1.GetOptions{})
		require.NoError(t, err)
		o.Object["spec"].(map[string]any)["vni"] = int64(77)
		_, err = networks.Update(c.ctx, o, metav1.UpdateOptions{})
		require.NoError(t, err)
		c.requireSettled()
		after := c.nodes[0].vpp.String()
		require.NotContains(t, after, "100000056")
		require.NotContains(t, after, "vni=56")
		require.Contains(t, after, "vni=77")
		require.Contains(t, after, "route 172.19.0.1/32 in 100000077")

		node, err := c.kube.CoreV1().Nodes().Get(c.ctx, "node2", metav1.GetOptions{})
		require.NoError(t, err)
		node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "192.168.0.99"}}
		_, err = c.kube.CoreV1().Nodes().Update(c.ctx, node, metav1.UpdateOptions{})
		require.NoError(t, err)
		c.settle()
		after = c.nodes[0].vpp.String()
		require.NotContains(t, after, "192.168.0.1->192.168.0.2:")
		require.NotContains(t, after, "via 192.168.0.2 ")
		require.Contains(t, after, "192.168.0.1->192.168.0.99:4789 vni=77")
		require.Contains(t, after, "192.168.0.1->192.168.0.99:4799 vni=4096 table=0 decap=3", "IPv6 pods over IPv4 have a port of their own")
		require.Contains(t, after, "route fd10:244:2::/64 in 0 via fd10:244:2::1 vxlan_tunnel")
	})
}
