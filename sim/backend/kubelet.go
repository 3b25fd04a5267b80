package backend

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/containernetworking/cni/libcni"
	cnitypes "github.com/containernetworking/cni/pkg/types"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	netv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"
	netutils "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/utils"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/vpptwin/vpptwin/agent"
	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/world"
)

// cniTries is how often the kubelet starts a pod's network before the pod has
// failed for good, and cniPause how long it waits in between, growing by as
// much each time.
const (
	cniTries = 8
	cniPause = 2 * time.Second
	// cniTimeout is how long a runtime waits for one CNI call (containerd's and
	// CRI-O's is of this order).
	cniTimeout = 30 * time.Second
)

// defaultNetwork is the CNI configuration of the pod network, as a node has it
// in /etc/cni/net.d.
const defaultNetwork = `{"cniVersion":"1.1.0","name":"k8s-pod-network","plugins":[
 {"type":"calico","ipam":{"type":"calico-ipam"},"dataplane_options":{"type":"grpc","socket":"unix:///var/run/calico/cni-server.sock"}}]}`

// pod is a pod with its sandbox: a host of the world.
type pod struct {
	namespace, name, uid string
	node                 *node
	host                 *world.Host
	netns                string
	object               *corev1.Pod

	cancel context.CancelFunc // ends its kubelet goroutine
	done   chan struct{}

	// attached is what was asked for when the pod's network was set up. It is
	// taken down as it was, whatever became of the definitions (Multus keeps
	// them in a cache). Only the kubelet goroutine uses it before done.
	attached []attachment

	mu     sync.Mutex
	status scenarios.PodStatus
	busy   bool // the kubelet is at work on it
}

func (p *pod) key() string { return p.namespace + "/" + p.name }

// hostName is the pod's name in the world.
func (p *pod) hostName() string { return "pod " + p.key() }

// attachment is one interface that a pod asks for.
type attachment struct {
	ifName  string
	network string // network-status name: "NAMESPACE/NAME" of the definition
	list    *libcni.NetworkConfigList
	isMain  bool
}

// startPod creates the pod's sandbox and has its interfaces added in the
// background, as kubelet and Multus do.
func (b *bed) startPod(o *corev1.Pod) error {
	p := &pod{namespace: o.Namespace, name: o.Name, uid: string(o.UID), object: o, done: make(chan struct{}), busy: true}
	p.status = scenarios.PodStatus{Namespace: p.namespace, Name: p.name, Node: o.Spec.NodeName, Phase: string(corev1.PodPending)}
	p.node = b.nodes[o.Spec.NodeName]
	b.pods[p.key()] = p
	if p.node == nil || o.Spec.HostNetwork {
		return b.startHostPod(p)
	}
	h, err := b.world.NewHost(world.HostConfig{Name: p.hostName()})
	if err != nil {
		return err
	}
	p.host, p.netns = h, "/run/netns/"+p.uid
	p.node.linux.addNamespace(p.netns, h)
	ctx, cancel := context.WithCancel(b.ctx)
	p.cancel = cancel
	// Each pod starts at an instant of its own, so that what pods compete for,
	// addresses above all, goes to the same ones in every run.
	start := time.Now().Add(b.podDelay())
	go func() {
		defer close(p.done)
		time.Sleep(time.Until(start))
		p.run(ctx)
	}()
	return nil
}

// podDelay is when the next pod starts, from now: a microsecond after the one
// before.
func (b *bed) podDelay() time.Duration {
	now := time.Now()
	if b.nextPod.Before(now) {
		b.nextPod = now
	}
	b.nextPod = b.nextPod.Add(time.Microsecond)
	return b.nextPod.Sub(now)
}

// startHostPod handles a pod that has no network of its own: one that is not
// scheduled, or that uses its node's.
func (b *bed) startHostPod(p *pod) error {
	close(p.done)
	p.cancel = func() {}
	p.busy = false
	if p.node == nil {
		p.status.Message = "not scheduled: no such node"
		return nil
	}
	p.host = p.node.linux.host
	p.status.Phase = string(corev1.PodRunning)
	var addresses []netip.Addr
	for _, a := range p.node.linux.node.Uplinks[0].Addresses {
		addresses = append(addresses, a.Addr())
	}
	p.status.Interfaces = []scenarios.PodInterface{{Name: "eth0", Addresses: addresses}}
	return b.writeStatus(p, nil, addresses)
}

// run adds the pod's interfaces, trying again after failures.
func (p *pod) run(ctx context.Context) {
	defer func() { p.mu.Lock(); p.busy = false; p.mu.Unlock() }()
	for try := 1; ; try++ {
		err := p.attachAll(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		p.mu.Lock()
		p.status.Message, p.status.Interfaces = err.Error(), nil
		p.mu.Unlock()
		if try == cniTries {
			return
		}
		timer := time.NewTimer(time.Duration(try) * cniPause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// attachAll adds every interface in order; when one fails, those before it are
// taken away again.
func (p *pod) attachAll(ctx context.Context) error {
	wanted, err := p.node.bed.attachments(p)
	if err != nil {
		return err
	}
	p.attached = wanted
	var statuses []netv1.NetworkStatus
	var interfaces []scenarios.PodInterface
	for k, a := range wanted {
		result, err := p.add(ctx, a)
		if err != nil {
			undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), cniTimeout)
			_ = p.detach(undo, wanted[:k+1]) // the next try starts over, whatever became of this one
			cancel()
			return fmt.Errorf("CNI ADD %s: %w", a.ifName, err)
		}
		status, pi, err := p.describe(a, result)
		if err != nil {
			return err
		}
		statuses, interfaces = append(statuses, status), append(interfaces, pi)
	}
	p.mu.Lock()
	p.status.Phase, p.status.Message, p.status.Interfaces = string(corev1.PodRunning), "", interfaces
	p.mu.Unlock()
	return p.node.bed.writeStatus(p, statuses, interfaces[0].Addresses)
}

func (p *pod) runtimeConf(ifName string) *libcni.RuntimeConf {
	return &libcni.RuntimeConf{ContainerID: p.uid, NetNS: p.netns, IfName: ifName, Args: [][2]string{
		{"IgnoreUnknown", "true"}, {"K8S_POD_NAMESPACE", p.namespace}, {"K8S_POD_NAME", p.name},
		{"K8S_POD_INFRA_CONTAINER_ID", p.uid}, {"K8S_POD_UID", p.uid}}}
}

func (p *pod) add(ctx context.Context, a attachment) (*types100.Result, error) {
	lib, err := p.node.cni()
	if err != nil {
		return nil, err
	}
	r, err := lib.AddNetworkList(ctx, a.list, p.runtimeConf(a.ifName))
	if err != nil {
		return nil, err
	}
	return types100.NewResultFromResult(r)
}

// detach removes interfaces in reverse order; the first error is returned, the
// others are tried all the same.
func (p *pod) detach(ctx context.Context, attached []attachment) error {
	var first error
	for _, a := range slices.Backward(attached) {
		lib, err := p.node.cni()
		if err == nil {
			err = lib.DelNetworkList(ctx, a.list, p.runtimeConf(a.ifName))
		}
		if err != nil && first == nil {
			first = fmt.Errorf("CNI DEL %s of %s: %w", a.ifName, p.key(), err)
		}
	}
	return first
}

// describe turns a CNI result into what Multus writes and what the runner sees.
func (p *pod) describe(a attachment, r *types100.Result) (netv1.NetworkStatus, scenarios.PodInterface, error) {
	status := netv1.NetworkStatus{Name: a.network, Interface: a.ifName, Default: a.isMain}
	pi := scenarios.PodInterface{Name: a.ifName}
	for _, ip := range r.IPs {
		addr, ok := netip.AddrFromSlice(ip.Address.IP)
		if !ok {
			return status, pi, fmt.Errorf("CNI ADD %s: result has address %v", a.ifName, ip.Address)
		}
		addr = addr.Unmap()
		status.IPs = append(status.IPs, addr.String())
		pi.Addresses = append(pi.Addresses, addr)
	}
	if len(pi.Addresses) == 0 {
		return status, pi, fmt.Errorf("CNI ADD %s: the result has no address", a.ifName)
	}
	pi.Network = networkName(a.list)
	return status, pi, nil
}

// networkName reads dataplane_options.network_name of a configuration.
func networkName(list *libcni.NetworkConfigList) string {
	for _, plugin := range list.Plugins {
		var c struct {
			Options struct {
				Network string `json:"network_name"`
			} `json:"dataplane_options"`
		}
		if json.Unmarshal(plugin.Bytes, &c) == nil && c.Options.Network != "" {
			return c.Options.Network
		}
	}
	return ""
}

// attachments lists what a pod asks for: the default network, then those of
// its networks annotation, as Multus reads them.
func (b *bed) attachments(p *pod) ([]attachment, error) {
	main, err := b.cniConfig([]byte(defaultNetwork))
	if err != nil {
		return nil, err
	}
	out := []attachment{{ifName: "eth0", network: main.Name, list: main, isMain: true}}
	annotation := p.object.Annotations[netv1.NetworkAttachmentAnnot]
	if annotation == "" {
		return out, nil
	}
	elements, err := netutils.ParseNetworkAnnotation(annotation, p.namespace)
	if err != nil {
		return nil, fmt.Errorf("annotation %s: %w", netv1.NetworkAttachmentAnnot, err)
	}
	for k, e := range elements {
		a, err := b.attachment(e, k)
		if err != nil {
			return nil, err
		}
		if err := checkInterfaceName(a.ifName, out); err != nil {
			return nil, fmt.Errorf("annotation %s: %w", netv1.NetworkAttachmentAnnot, err)
		}
		out = append(out, a)
	}
	return out, nil
}

func (b *bed) attachment(e *netv1.NetworkSelectionElement, k int) (attachment, error) {
	a := attachment{ifName: e.InterfaceRequest, network: e.Namespace + "/" + e.Name}
	if a.ifName == "" {
		a.ifName = fmt.Sprintf("net%d", k+1)
	}
	o, err := b.api.get(agent.AttachmentResource, e.Namespace, e.Name)
	if err != nil {
		return a, fmt.Errorf("%s: no NetworkAttachmentDefinition %s: %w", a.ifName, a.network, err)
	}
	config, _, _ := unstructured.NestedString(o.Object, "spec", "config")
	raw, err := netutils.GetCNIConfigFromSpec(config, e.Name)
	if err != nil {
		return a, fmt.Errorf("%s: NetworkAttachmentDefinition %s: %w", a.ifName, a.network, err)
	}
	a.list, err = b.cniConfig(raw)
	if err != nil {
		return a, fmt.Errorf("%s: NetworkAttachmentDefinition %s: %w", a.ifName, a.network, err)
	}
	return a, nil
}

// maxInterfaceName is the length of a Linux interface's name (IFNAMSIZ less the
// NUL, netdevice(7)).
const maxInterfaceName = 15

// checkInterfaceName refuses a name that Linux would not take, or that another
// attachment of the pod has.
func checkInterfaceName(name string, others []attachment) error {
	if len(name) > maxInterfaceName {
		return fmt.Errorf("interface name %q has %d characters, expected at most %d", name, len(name), maxInterfaceName)
	}
	if slices.ContainsFunc(others, func(a attachment) bool { return a.ifName == name }) {
		return fmt.Errorf("interface name %q is asked for twice", name)
	}
	return nil
}

// cniConfig is parseCNIConfig with a memory: hundreds of pods share a few
// configurations, which nobody changes.
func (b *bed) cniConfig(raw []byte) (*libcni.NetworkConfigList, error) {
	b.configMu.Lock()
	defer b.configMu.Unlock()
	if list := b.configs[string(raw)]; list != nil {
		return list, nil
	}
	list, err := parseCNIConfig(raw)
	if err == nil {
		b.configs[string(raw)] = list
	}
	return list, err
}

// parseCNIConfig reads a configuration list, or a single plugin's
// configuration as a list of one.
func parseCNIConfig(raw []byte) (*libcni.NetworkConfigList, error) {
	var probe struct {
		Plugins []json.RawMessage `json:"plugins"`
	}
	if err := json.Unmarshal(raw, &probe); err != nil {
		return nil, err
	}
	if probe.Plugins != nil {
		return libcni.NetworkConfFromBytes(raw)
	}
	var single struct {
		cnitypes.PluginConf
	}
	if err := json.Unmarshal(raw, &single); err != nil {
		return nil, err
	}
	list := map[string]any{"cniVersion": single.CNIVersion, "name": single.Name, "plugins": []json.RawMessage{raw}}
	wrapped, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	return libcni.NetworkConfFromBytes(wrapped)
}

// writeStatus puts a running pod's addresses and network-status annotation into
// its object.
func (b *bed) writeStatus(p *pod, statuses []netv1.NetworkStatus, addresses []netip.Addr) error {
	o := p.object.DeepCopy()
	if statuses != nil {
		text, err := json.Marshal(statuses)
		if err != nil {
			return err
		}
		o.Annotations = maps.Clone(o.Annotations)
		if o.Annotations == nil {
			o.Annotations = map[string]string{}
		}
		o.Annotations[netv1.NetworkStatusAnnot] = string(text)
	}
	o.Status.Phase = corev1.PodRunning
	o.Status.PodIPs = nil
	for _, a := range addresses {
		o.Status.PodIPs = append(o.Status.PodIPs, corev1.PodIP{IP: a.String()})
	}
	if len(addresses) > 0 {
		o.Status.PodIP = addresses[0].String()
	}
	return b.api.updatePod(o)
}

// stopPod takes a pod away: its network, its object, its sandbox. Where the
// network cannot be taken down now, the kubelet tries on until it can; the pod
// is there as long.
func (b *bed) stopPod(ctx context.Context, p *pod) error {
	p.cancel()
	<-p.done
	delete(b.pods, p.key())
	if p.netns == "" {
		return b.api.deletePod(p.namespace, p.name)
	}
	err := p.detach(ctx, p.attached)
	if err == nil {
		return b.removePod(p)
	}
	p.mu.Lock()
	p.busy, p.status.Message = true, err.Error()
	p.mu.Unlock()
	b.terminating = append(b.terminating, p)
	b.wait.Go(func() { b.terminate(p) })
	return nil
}

// terminate tries to take a pod's network down until that works.
func (b *bed) terminate(p *pod) {
	timer := time.NewTicker(cniPause)
	defer timer.Stop()
	for {
		select {
		case <-b.ctx.Done():
			return
		case <-timer.C:
		}
		err := p.detach(b.ctx, p.attached)
		if err == nil {
			err = b.removePod(p)
		}
		p.mu.Lock()
		p.busy = err != nil
		if err != nil {
			p.status.Message = err.Error()
		}
		p.mu.Unlock()
		if err == nil {
			return
		}
	}
}

// removePod takes a pod without network away.
func (b *bed) removePod(p *pod) error {
	p.node.linux.removeNamespace(p.netns)
	err := p.host.Close()
	if delErr := b.api.deletePod(p.namespace, p.name); err == nil {
		err = delErr
	}
	return err
}
