package backend

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/containernetworking/cni/libcni"
	"go.fd.io/govpp/adapter"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpptwin/vpptwin/agent"
	"github.com/vpptwin/vpptwin/agent/cni"
	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/world"
)

// node is one cluster node: its Linux, its VPP and its agent.
type node struct {
	bed     *bed
	name    string
	linux   *linux
	uplinks map[string]*world.NIC // VPP's cards, by Linux name
	vpp     *fakevpp.VPP
	store   *agent.MemoryStore // what the agent has on disk
	// life counts the VPP's lives, met is the one the agent last connected to.
	life, met atomic.Uint32

	mu     sync.Mutex
	agent  *agent.Agent // nil while crashed
	cancel context.CancelFunc
	done   chan struct{} // closed when the agent's Run has returned
	runErr error
}

// vppName is the name under which a node's VPP appears in the world.
func vppName(node string) string { return "vpp " + node }

// newNode makes the node's Linux, cards and VPP; the agent starts later.
func (b *bed) newNode(spec scenarios.Node) (*node, error) {
	h, err := b.world.NewHost(world.HostConfig{Name: spec.Name})
	if err != nil {
		return nil, err
	}
	n := &node{bed: b, name: spec.Name, uplinks: map[string]*world.NIC{}, store: agent.NewMemoryStore()}
	n.linux = &linux{node: spec, host: h, namespaces: map[string]*world.Host{}}
	for _, a := range spec.Uplinks {
		nic, err := b.world.NewNIC(world.NICConfig{Node: vppName(spec.Name), Name: a.Interface, MAC: uplinkMAC(n.linux, a.Interface)})
		if err != nil {
			return nil, err
		}
		n.uplinks[a.Interface] = nic
		if err := b.attach(spec.Name, nic, a); err != nil {
			return nil, err
		}
	}
	// Coverage is what scenarios assert on; single calls are not asked for.
	n.vpp, err = fakevpp.New(fakevpp.Name(spec.Name), fakevpp.KeepCalls(0), fakevpp.Environment(&environment{bed: b, node: n}),
		fakevpp.DisablePlugin("ping_plugin.so")) // as Calico/VPP does: the host answers pings
	if err != nil {
		return nil, err
	}
	if b.mutate.API != nil {
		b.mutate.API(spec.Name, n.vpp)
	}
	n.watchVPP()
	return n, b.api.createNode(nodeObject(spec))
}

// nodeObject is the Kubernetes object of a node.
func nodeObject(spec scenarios.Node) *corev1.Node {
	o := &corev1.Node{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{Name: spec.Name, Labels: map[string]string{corev1.LabelHostname: spec.Name}},
		Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"}}},
	}
	for _, p := range spec.PodSubnets {
		o.Spec.PodCIDRs = append(o.Spec.PodCIDRs, p.String())
	}
	if len(o.Spec.PodCIDRs) > 0 {
		o.Spec.PodCIDR = o.Spec.PodCIDRs[0]
	}
	for _, a := range spec.Uplinks[0].Addresses {
		o.Status.Addresses = append(o.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: a.Addr().String()})
	}
	o.Status.Addresses = append(o.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeHostName, Address: spec.Name})
	return o
}

// startAgent runs the node's agent until stopAgent.
func (n *node) startAgent(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.agent != nil {
		return nil
	}
	config := agent.Config{NodeName: n.name, Cluster: n.bed.cluster, Host: n.linux, Store: n.store,
		Connect: agent.Adapter(func() adapter.VppAPI { return &agentAdapter{Adapter: n.vpp.AdapterNamed("agent"), node: n} })}
	for _, a := range n.linux.node.Uplinks {
		config.Uplinks = append(config.Uplinks, agent.Uplink{Interface: a.Interface, PhysicalNetwork: a.PhysicalNetwork})
	}
	ag, err := agent.New(config)
	if err != nil {
		return err
	}
	ctx, n.cancel = context.WithCancel(ctx)
	n.agent, n.done = ag, make(chan struct{})
	go func(done chan struct{}) {
		defer close(done)
		if err := ag.Run(ctx); err != nil {
			n.mu.Lock()
			n.runErr = fmt.Errorf("agent of %s: %w", n.name, err)
			n.mu.Unlock()
		}
	}(n.done)
	return nil
}

// agentAdapter is the agent's way to its VPP; it notes which life of the VPP the
// agent has met, so that Settle waits for one that still believes in the last.
type agentAdapter struct {
	*fakevpp.Adapter
	node *node
}

// Connect implements adapter.VppAPI.
func (a *agentAdapter) Connect() error {
	life := a.node.life.Load()
	err := a.Adapter.Connect()
	if err == nil {
		a.node.met.Store(life)
	}
	return err
}

// stopAgent ends the agent at once; VPP keeps its state.
func (n *node) stopAgent() {
	n.mu.Lock()
	cancel, done := n.cancel, n.done
	n.agent, n.cancel, n.done = nil, nil, nil
	n.mu.Unlock()
	if cancel != nil {
		cancel()
		<-done
	}
}

// runningAgent returns the agent, nil while it is down.
func (n *node) runningAgent() *agent.Agent {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.agent
}

// cni returns the CNI library on top of the node's agent. The error says that
// the agent is down, as a CNI binary finds its socket closed.
func (n *node) cni() (*libcni.CNIConfig, error) {
	ag := n.runningAgent()
	if ag == nil {
		return nil, fmt.Errorf("the agent of %s is down", n.name)
	}
	return libcni.NewCNIConfigWithCacheDir(nil, n.bed.cniCache(n.name), cni.NewExec(ag)), nil
}

// close ends agent and VPP.
func (n *node) close() error {
	n.stopAgent()
	n.mu.Lock()
	err := n.runErr
	n.mu.Unlock()
	if dp := n.vpp.DataPlane(); dp != nil {
		dp.Lock()
		if leaked := dp.Graph.BuffersInUse(); leaked != 0 && err == nil {
			err = fmt.Errorf("vpp of %s: %d buffers leaked", n.name, leaked)
		}
		dp.Unlock()
	}
	if closeErr := n.vpp.Close(); err == nil {
		err = closeErr
	}
	return err
}
