package agent_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/containernetworking/cni/libcni"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/vpptwin/vpptwin/agent"
	"github.com/vpptwin/vpptwin/agent/cni"
	"github.com/vpptwin/vpptwin/agent/hostnet"
	"github.com/vpptwin/vpptwin/agent/internal/vppmock"
	"github.com/vpptwin/vpptwin/agent/types"
)

// linux is a Host that only remembers.
type linux struct {
	mu     sync.Mutex
	uplink hostnet.Link
	links  map[string]hostnet.Link
	fail   error // what Apply in a pod answers
}

func (h *linux) TakeUplink(context.Context, string) (hostnet.Link, error) { return h.uplink, nil }

func (h *linux) Get(_ context.Context, namespace, name string) (hostnet.Link, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l, ok := h.links[namespace+" "+name]
	if !ok {
		return l, hostnet.ErrNotFound
	}
	return l, nil
}

func (h *linux) Apply(_ context.Context, namespace string, link hostnet.Link) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if namespace != hostnet.NodeNamespace && h.fail != nil {
		return h.fail
	}
	h.links[namespace+" "+link.Name] = link
	return nil
}

func (h *linux) Remove(_ context.Context, namespace, name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.links, namespace+" "+name)
	return nil
}

// testNode is a node of a testCluster.
type testNode struct {
	c     *testCluster
	name  string
	vpp   *vppmock.VPP
	host  *linux
	store agent.Store
	agent *agent.Agent
	stop  func()
	lose  func()      // cuts the connection to VPP
	down  atomic.Bool // no new connection

	connector  agent.Connector // instead of one to vpp
	uplinkName string          // instead of eth0
	hostNS     string
	log        *slog.Logger
}

// testCluster is a fake API server with nodes whose VPPs are mocks.
type testCluster struct {
	t       *testing.T
	ctx     context.Context
	kube    *fake.Clientset
	dynamic *dynamicfake.FakeDynamicClient
	cluster *agent.Cluster
	nodes   []*testNode
	wait    sync.WaitGroup
	prepare func(*testNode) // before a node's agent starts
}

// inCluster runs f in a synctest bubble with a cluster of n nodes, 192.168.0.1 and fd00::1 being the first one's addresses.
func inCluster(t *testing.T, n int, f func(c *testCluster)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := &testCluster{t: t, ctx: ctx, kube: fake.NewSimpleClientset()}
		c.dynamic = dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), agent.ListKinds())
		c.cluster = agent.NewCluster(agent.ClusterConfig{Kube: c.kube, Dynamic: c.dynamic})
		c.wait.Go(func() { _ = c.cluster.Run(ctx) })
		for i := 1; i <= n; i++ {
			c.addNode(i)
		}
		c.settle()
		f(c)
		cancel()
		c.wait.Wait()
	})
}

func (c *testCluster) addNode(i int) {
	n := &testNode{c: c, name: fmt.Sprintf("node%d", i), vpp: vppmock.New(), store: agent.NewMemoryStore()}
	ip4, ip6 := fmt.Sprintf("192.168.0.%d", i), fmt.Sprintf("fd00::%d", i)
	n.host = &linux{links: map[string]hostnet.Link{}, uplink: hostnet.Link{Name: "eth0", MAC: [6]byte{2, 1, 0, 0, 0, byte(i)}, MTU: 1500,
		Addresses: []netip.Prefix{netip.MustParsePrefix(ip4 + "/24"), netip.MustParsePrefix(ip6 + "/64")},
		Routes:    []hostnet.Route{{Destination: netip.MustParsePrefix("0.0.0.0/0"), Gateway: netip.MustParseAddr("192.168.0.254")}}}}
	_, err := c.kube.CoreV1().Nodes().Create(c.ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.name},
		Spec:       corev1.NodeSpec{PodCIDRs: []string{fmt.Sprintf("10.244.%d.0/24", i), fmt.Sprintf("fd10:244:%d::/64", i)}},
		Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: ip4},
			{Type: corev1.NodeInternalIP, Address: ip6}}}}, metav1.CreateOptions{})
	require.NoError(c.t, err)
	c.nodes = append(c.nodes, n)
	if c.prepare != nil {
		c.prepare(n)
	}
	n.start()
}

// start starts a (new) agent.
func (n *testNode) start() {
	ctx, cancel := context.WithCancel(n.c.ctx)
	done := make(chan struct{})
	if n.connector == nil {
		n.connector = n.connect
	}
	a, err := agent.New(agent.Config{NodeName: n.name, Cluster: n.c.cluster, Host: n.host, Store: n.store, Connect: n.connector, Logger: n.log, HostNamespace: n.hostNS,
		Uplinks: []agent.Uplink{{Interface: cmp.Or(n.uplinkName, "eth0")}}})
	require.NoError(n.c.t, err)
	n.agent = a
	n.stop = func() { cancel(); <-done }
	n.c.wait.Go(func() {
		defer close(done)
		_ = a.Run(ctx)
	})
}

func (n *testNode) connect(ctx context.Context) (*agent.Session, error) {
	if n.down.Load() {
		return nil, fmt.Errorf("VPP is down")
	}
	ctx, cancel := context.WithCancel(ctx)
	n.lose = cancel
	return &agent.Session{API: n.vpp.Connect(ctx), Lost: ctx.Done(), Close: cancel}, nil
}

// settle waits until nothing happens any more.
func (c *testCluster) settle() {
	synctest.Wait()
	time.Sleep(200 * time.Millisecond)
	synctest.Wait()
}

func (c *testCluster) requireSettled() {
	c.t.Helper()
	c.settle()
	for _, n := range c.nodes {
		settled, err := n.agent.Settled()
		require.NoError(c.t, err)
		require.True(c.t, settled, n.name)
	}
}

func (c *testCluster) network(name string, vni int64, addresses, physical string) {
	c.t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "projectcalico.org/v3", "kind": "Network",
		"metadata": map[string]any{"name": name, "namespace": "default"},
		"spec":     map[string]any{"vni": vni, "range": addresses, "physicalNetworkName": physical}}}
	_, err := c.dynamic.Resource(agent.NetworkResource).Namespace("default").Create(c.ctx, o, metav1.CreateOptions{})
	require.NoError(c.t, err)
	c.attachment(name, fmt.Sprintf(confList, name, name))
}

// confList is upstream's form of a network's configuration.
const confList = `{"name": "network-%s", "cniVersion": "0.3.0", "plugins": [{"type": "calico", "mtu": 0,
	"ipam": {"type": "whereabouts", "enable_overlapping_ranges": false, "network": "x"},
	"dataplane_options": {"type": "grpc", "socket": "unix:///var/run/calico/cni-server.sock", "network_name": "%s"}}]}`

func (c *testCluster) attachment(name, config string) {
	c.t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
		"metadata": map[string]any{"name": name, "namespace": "default"}, "spec": map[string]any{"config": config}}}
	_, err := c.dynamic.Resource(agent.AttachmentResource).Namespace("default").Create(c.ctx, o, metav1.CreateOptions{})
	require.NoError(c.t, err)
}

// interfaceOf says which interface of a pod is on which network, "" being the default one.
type interfaceOf struct{ name, network string }

// podFixture is a pod as the kubelet and Multus treat it.
type podFixture struct {
	n          *testNode
	name       string
	sandbox    string // "" is the first
	netns      string
	interfaces []interfaceOf
	results    map[string]*types100.Result
}

// pod creates a pod with interfaces, as the kubelet and Multus do.
func (n *testNode) pod(name string, annotations map[string]string, interfaces ...interfaceOf) (*podFixture, error) {
	n.c.t.Helper()
	p, err := n.newPod(name, annotations, interfaces)
	require.NoError(n.c.t, err)
	synctest.Wait()
	return p, p.add()
}

// podIn is pod outside a bubble, with a network namespace that exists.
func (n *testNode) podIn(netns, name string, annotations map[string]string, interfaces ...interfaceOf) (*podFixture, error) {
	p, err := n.newPod(name, annotations, interfaces)
	if err != nil {
		return nil, err
	}
	p.netns = netns
	return p, p.add()
}

func (n *testNode) newPod(name string, annotations map[string]string, interfaces []interfaceOf) (*podFixture, error) {
	p := &podFixture{n: n, name: name, netns: "/run/netns/" + name, interfaces: interfaces, results: map[string]*types100.Result{}}
	o := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Annotations: annotations}, Spec: corev1.PodSpec{NodeName: n.name}}
	_, err := n.c.kube.CoreV1().Pods("default").Create(n.c.ctx, o, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		err = nil
	}
	return p, err
}

// add calls ADD for each interface and writes what Multus writes.
func (p *podFixture) add() error {
	type status struct {
		Name      string   `json:"name"`
		Interface string   `json:"interface"`
		IPs       []string `json:"ips"`
		Default   bool     `json:"default,omitempty"`
	}
	var list []status
	for _, i := range p.interfaces {
		result, err := p.call(i, func(l libcni.CNI, config *libcni.NetworkConfigList, rt *libcni.RuntimeConf) (*types100.Result, error) {
			r, err := l.AddNetworkList(p.n.c.ctx, config, rt)
			if err != nil {
				return nil, err
			}
			return types100.NewResultFromResult(r)
		})
		if err != nil {
			return err
		}
		p.results[i.name] = result
		s := status{Name: "default/" + i.network, Interface: i.name, Default: i.network == ""}
		for _, ip := range result.IPs {
			s.IPs = append(s.IPs, ip.Address.IP.String())
		}
		list = append(list, s)
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	pods := p.n.c.kube.CoreV1().Pods("default")
	o, err := pods.Get(p.n.c.ctx, p.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if o.Annotations == nil {
		o.Annotations = map[string]string{}
	}
	o.Annotations[types.StatusAnnotation] = string(text)
	_, err = pods.Update(p.n.c.ctx, o, metav1.UpdateOptions{})
	return err
}

// call makes a CNI call through libcni.
func (p *podFixture) call(i interfaceOf, f func(libcni.CNI, *libcni.NetworkConfigList, *libcni.RuntimeConf) (*types100.Result, error)) (*types100.Result, error) {
	text := fmt.Sprintf(confList, i.network, i.network)
	if i.network == "" {
		text = `{"name": "k8s-pod-network", "cniVersion": "1.1.0", "plugins": [{"type": "calico"}]}`
	}
	config, err := libcni.ConfListFromBytes([]byte(text))
	if err != nil {
		return nil, err
	}
	l := libcni.NewCNIConfigWithCacheDir(nil, p.n.c.t.TempDir(), cni.NewExec(p.n.agent))
	rt := &libcni.RuntimeConf{ContainerID: "sandbox-" + p.name + p.sandbox, NetNS: p.netns, IfName: i.name,
		Args: [][2]string{{"IgnoreUnknown", "1"}, {"K8S_POD_NAMESPACE", "default"}, {"K8S_POD_NAME", p.name}}}
	return f(l, config, rt)
}

// checkRequest is what libcni would make of its arguments.
func checkRequest(rt *libcni.RuntimeConf) *cni.Request {
	return &cni.Request{ContainerID: rt.ContainerID, NetNS: rt.NetNS, IfName: rt.IfName}
}

// remove calls DEL for each interface, last first, and deletes the pod.
func (p *podFixture) remove() error {
	for _, i := range slices.Backward(p.interfaces) {
		if _, err := p.call(i, func(l libcni.CNI, config *libcni.NetworkConfigList, rt *libcni.RuntimeConf) (*types100.Result, error) {
			return nil, l.DelNetworkList(p.n.c.ctx, config, rt)
		}); err != nil {
			return err
		}
	}
	return p.n.c.kube.CoreV1().Pods("default").Delete(p.n.c.ctx, p.name, metav1.DeleteOptions{})
}

// address returns an interface's nth address as text.
func (p *podFixture) address(interfaceName string, nth int) string {
	return p.results[interfaceName].IPs[nth].Address.String()
}

// reservations returns the names of the reserved addresses, sorted.
func (c *testCluster) reservations() []string {
	list, err := c.dynamic.Resource(agent.ReservationResource).Namespace("kube-system").List(c.ctx, metav1.ListOptions{})
	require.NoError(c.t, err)
	names := map[string]bool{}
	for _, o := range list.Items {
		names[o.GetName()] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// isChange says whether a message changes something.
func isChange(message string) bool {
	return !strings.HasSuffix(message, "_dump") && !strings.Contains(message, "_get") && message != "control_ping"
}
