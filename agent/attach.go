package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/containernetworking/cni/pkg/types"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/utils"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/vpptwin/vpptwin/agent/cni"
	"github.com/vpptwin/vpptwin/agent/hostnet"
	"github.com/vpptwin/vpptwin/agent/ipam"
	agenttypes "github.com/vpptwin/vpptwin/agent/types"
)

// enter waits until VPP is programmed and takes the lock; the caller calls the function it returns. The error is one for the caller of the CNI.
func (a *Agent) enter(ctx context.Context) (release func(), err error) {
	a.mu.Lock()
	ready := a.ready
	a.mu.Unlock()
	late := time.NewTimer(a.config.ReadyTimeout)
	defer late.Stop()
	select {
	case <-ready:
		return a.acquire(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-late.C:
		_, failure := a.Settled()
		details := "it is being programmed"
		if failure != nil {
			details = failure.Error()
		}
		return nil, types.NewError(types.ErrTryAgainLater, "VPP of node "+a.config.NodeName+" is not ready", details)
	}
}

// CNIAdd implements cni.Handler.
func (a *Agent) CNIAdd(ctx context.Context, req *cni.Request) (*types100.Result, error) {
	t, err := a.request(ctx, req)
	if err != nil {
		return nil, err
	}
	release, err := a.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if t, err = a.attach(ctx, req, t); err != nil {
		var cniErr *types.Error
		if errors.As(err, &cniErr) {
			return nil, cniErr
		}
		return nil, types.NewError(types.ErrInternal, fmt.Sprintf("attach %s of pod %s/%s to %s", req.IfName, t.Namespace, t.Pod,
			networkTitle(t.Network.Name)), err.Error())
	}
	return t.result(), nil
}

func networkTitle(name string) string {
	if name == defaultNetwork {
		return "the default network"
	}
	return "network " + name
}

// request makes an attachment of what a call and the pod's annotations ask for; addresses and what depends on the node are missing.
func (a *Agent) request(ctx context.Context, req *cni.Request) (*attachment, error) {
	if err := utils.ValidateInterfaceName(req.IfName); err != nil {
		return nil, err
	}
	pod, err := req.Pod()
	if err != nil {
		return nil, err
	}
	t := &attachment{Container: req.ContainerID, NetNS: req.NetNS, Interface: req.IfName, Namespace: pod.Namespace, Pod: pod.Name,
		Config: req.Config.Name, Network: agenttypes.Network{Name: defaultNetwork}}
	if name := req.Config.NetworkName(); name != "" {
		if t.Network, err = a.config.Cluster.network(name); err != nil {
			return nil, types.NewError(types.ErrInvalidNetworkConfig, "no usable network for "+req.IfName, err.Error())
		}
	}
	annotations, err := a.config.Cluster.pod(ctx, pod.Namespace, pod.Name)
	if err != nil {
		return nil, types.NewError(types.ErrTryAgainLater, "cannot read the pod's annotations", err.Error())
	}
	if t.Spec, err = agenttypes.ParseInterfaceSpec(annotations[agenttypes.InterfacesAnnotation], req.IfName, t.memif()); err != nil {
		return nil, types.NewError(types.ErrInvalidNetworkConfig, "pod "+t.podName(), err.Error())
	}
	if t.Network.Name == defaultNetwork && annotations[agenttypes.ExtraMemifAnnotation] != "" {
		a.log.Warn("annotation is not honoured: all ports go to the pod's tun or tap", "pod", t.podName(),
			"annotation", agenttypes.ExtraMemifAnnotation, "value", annotations[agenttypes.ExtraMemifAnnotation])
	}
	if text := annotations[AllowedSourcesAnnotation]; text != "" && t.Network.Name == defaultNetwork {
		if err := json.Unmarshal([]byte(text), &t.Allowed); err != nil {
			return nil, types.NewError(types.ErrInvalidNetworkConfig, "pod "+t.podName(), "annotation "+AllowedSourcesAnnotation+": "+err.Error())
		}
		for i := range t.Allowed {
			t.Allowed[i] = t.Allowed[i].Masked()
		}
	}
	return t, nil
}

// attach gives an attachment its addresses and makes it, or finds it made. On an error nothing of it is left, neither in VPP nor in Linux nor reserved. The attachment
// returned is never nil.
func (a *Agent) attach(ctx context.Context, req *cni.Request, t *attachment) (*attachment, error) {
	if there := a.attachments[t.key()]; there != nil {
		if there.NetNS == t.NetNS && there.Network.Name == t.Network.Name {
			return there, a.make(ctx, there)
		}
		if err := a.detach(ctx, there); err != nil {
			return t, err
		}
	}
	for _, old := range a.former(t) {
		if err := a.detach(ctx, old); err != nil {
			return t, err
		}
	}
	u := a.carrier(t.Network.PhysicalNetwork)
	if err := a.refused[t.Network.Name]; err != nil || u == nil {
		return t, types.NewError(types.ErrInvalidNetworkConfig, "no usable network for "+t.Interface,
			fmt.Sprintf("node %s has no uplink to physical network %s", a.config.NodeName, t.Network.PhysicalNetwork))
	}
	if err := a.reserve(ctx, t); err != nil {
		return t, err
	}
	err := a.complete(req, u, t)
	if err == nil {
		a.attachments[t.key()] = t
		err = a.make(ctx, t)
	}
	if err != nil {
		if undo := a.detach(ctx, t); undo != nil {
			a.log.Warn("cannot undo a failed attachment completely", "pod", t.podName(), "interface", t.Interface, "err", undo)
		}
		return t, err
	}
	return t, nil
}

// former returns attachments of the same interface of the same pod by an earlier sandbox, which is dead when there is a new one.
func (a *Agent) former(t *attachment) (list []*attachment) {
	for _, old := range a.attachments {
		if old.podName() == t.podName() && old.Interface == t.Interface && old.Container != t.Container {
			list = append(list, old)
		}
	}
	return list
}

// complete fills in what depends on the node.
func (a *Agent) complete(req *cni.Request, u *uplink, t *attachment) error {
	t.MTU = a.podMTU(u, t.Addresses)
	if asked := req.Config.MTU; asked > t.MTU {
		return types.NewError(types.ErrUnsupportedField, "cannot honour mtu",
			fmt.Sprintf("%d does not fit through the tunnels over %s, whose MTU is %d; expected up to %d", asked, u.Interface, u.link.MTU, t.MTU))
	} else if asked > 0 {
		t.MTU = asked
	}
	if !t.memif() {
		t.RPF = a.freeRPF()
	}
	return nil
}

// freeRPF returns the lowest number that no attachment's reverse path table has.
func (a *Agent) freeRPF() uint32 {
	used := map[uint32]bool{}
	for _, t := range a.attachments {
		used[t.RPF] = true
	}
	for n := uint32(1); ; n++ {
		if !used[n] {
			return n
		}
	}
}

// make records an attachment and brings it about in VPP and Linux. What is there already is left as it is.
func (a *Agent) make(ctx context.Context, t *attachment) error {
	data, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("record the interface: %w", err)
	}
	if err := a.config.Store.Put(t.group(), data); err != nil {
		return err
	}
	if t.Network.Name != defaultNetwork && a.networks[t.Network.Name] == nil {
		s, err := a.networkState(&t.Network)
		if err != nil {
			return err
		}
		if err := a.engine.Apply(networkGroup+t.Network.Name, s); err != nil {
			return err
		}
		a.networks[t.Network.Name] = &t.Network
	}
	if err := a.engine.Apply(t.group(), t.state()); err != nil {
		return err
	}
	if err := a.config.Host.Apply(ctx, t.NetNS, t.link()); err != nil {
		return fmt.Errorf("configure %s in the pod: %w", t.Interface, err)
	}
	a.poke() // other nodes' pods may have become interesting
	return nil
}

// detach undoes attach, in the opposite order. After an error what is left is still known, so that detach can be called again.
func (a *Agent) detach(ctx context.Context, t *attachment) error {
	if t.memif() && t.NetNS != "" {
		if err := a.config.Host.Remove(ctx, t.NetNS, t.Interface); err != nil {
			return fmt.Errorf("remove %s from the pod: %w", t.Interface, err)
		}
	}
	if err := a.engine.Apply(t.group(), nil); err != nil {
		a.poke() // what is left in VPP is nobody's now: the loop removes it
		a.log.Warn("VPP did not remove all of an interface, will try again", "pod", t.podName(), "interface", t.Interface, "err", err)
	}
	if t.Network.Name != defaultNetwork {
		for _, one := range t.Addresses {
			if err := a.config.Cluster.ipam.Release(ctx, t.Network.Name, one, t.Container); err != nil {
				return err
			}
		}
	}
	if err := a.config.Store.Delete(t.group()); err != nil {
		return err
	}
	delete(a.attachments, t.key())
	a.poke()
	return nil
}

// reserve gives an attachment one address of each range of its network.
func (a *Agent) reserve(ctx context.Context, t *attachment) error {
	if t.Network.Name == defaultNetwork {
		return a.reserveLocally(t)
	}
	owner := ipam.Owner{Pod: t.podName(), Interface: t.Interface, Container: t.Container, Node: a.config.NodeName}
	for _, r := range t.Network.Ranges {
		one, err := a.config.Cluster.ipam.Reserve(ctx, t.Network.Name, r, owner)
		if err != nil {
			for _, reserved := range t.Addresses {
				err = errors.Join(err, a.config.Cluster.ipam.Release(ctx, t.Network.Name, reserved, t.Container))
			}
			t.Addresses = nil
			return err
		}
		t.Addresses = append(t.Addresses, one)
	}
	return nil
}

// reserveLocally takes the lowest free addresses of the Node's podCIDRs, whose only users are this node's pods.
func (a *Agent) reserveLocally(t *attachment) error {
	n := a.config.Cluster.node(a.config.NodeName)
	if n == nil || len(n.podCIDRs) == 0 {
		return types.NewError(types.ErrTryAgainLater, "no addresses for the default network", "node "+a.config.NodeName+" has no spec.podCIDRs")
	}
	used := map[netip.Addr]bool{}
	for _, other := range a.attachments {
		if other.Network.Name == defaultNetwork {
			for _, one := range other.Addresses {
				used[one] = true
			}
		}
	}
	for _, r := range n.podCIDRs {
		one, ok := ipam.Lowest(r, func(one netip.Addr) bool { return used[one] })
		if !ok {
			return fmt.Errorf("the default network: %w in %s", ipam.ErrExhausted, r)
		}
		t.Addresses = append(t.Addresses, one)
	}
	return nil
}

// result is what the CNI caller gets.
func (t *attachment) result() *types100.Result {
	l := t.link()
	i := &types100.Interface{Name: t.Interface, Mtu: t.MTU, Sandbox: t.NetNS}
	if l.MAC != ([6]byte{}) {
		i.Mac = net.HardwareAddr(l.MAC[:]).String()
	}
	if m, ok := t.memifSocket(); ok {
		i.SocketPath = m
	}
	r := &types100.Result{CNIVersion: types100.ImplementedSpecVersion, Interfaces: []*types100.Interface{i}}
	for _, p := range l.Addresses {
		r.IPs = append(r.IPs, &types100.IPConfig{Interface: types100.Int(0), Address: ipNet(p)})
	}
	for _, route := range l.Routes {
		r.Routes = append(r.Routes, &types.Route{Dst: ipNet(route.Destination), GW: gatewayIP(route)})
	}
	return r
}

func gatewayIP(r hostnet.Route) net.IP {
	if !r.Gateway.IsValid() {
		return nil
	}
	return r.Gateway.AsSlice()
}

func ipNet(p netip.Prefix) net.IPNet {
	return net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// CNIDel implements cni.Handler.
func (a *Agent) CNIDel(ctx context.Context, req *cni.Request) error {
	release, err := a.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
	if t := a.attachments[attachmentKey(req.ContainerID, req.IfName)]; t != nil {
		return a.detach(ctx, t)
	}
	return nil
}

// CNICheck implements cni.Handler.
func (a *Agent) CNICheck(ctx context.Context, req *cni.Request) error {
	release, err := a.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
	t := a.attachments[attachmentKey(req.ContainerID, req.IfName)]
	if t == nil {
		return types.NewError(types.ErrUnknownContainer, "no such attachment", fmt.Sprintf("container %s, interface %s", req.ContainerID, req.IfName))
	}
	if err := a.engine.Check(t.group()); err != nil {
		return err
	}
	want := t.link()
	have, err := a.config.Host.Get(ctx, t.NetNS, t.Interface)
	if err != nil {
		return fmt.Errorf("check %s in the pod: %w", t.Interface, err)
	}
	for _, p := range want.Addresses {
		if !slices.Contains(have.Addresses, p) {
			return fmt.Errorf("interface %s in the pod has lost its address %s", t.Interface, p)
		}
	}
	for _, r := range want.Routes {
		if !slices.Contains(have.Routes, r) {
			return fmt.Errorf("interface %s in the pod has lost its route to %s", t.Interface, r.Destination)
		}
	}
	return nil
}

// CNIGC implements cni.Handler.
func (a *Agent) CNIGC(ctx context.Context, req *cni.Request) error {
	release, err := a.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
	valid := map[string]bool{}
	for _, v := range req.Config.ValidAttachments {
		valid[attachmentKey(v.ContainerID, v.IfName)] = true
	}
	var errs []error
	for key, t := range a.attachments {
		if t.Config == req.Config.Name && !valid[key] {
			errs = append(errs, a.detach(ctx, t))
		}
	}
	return errors.Join(errs...)
}

// CNIStatus implements cni.Handler.
func (a *Agent) CNIStatus(_ context.Context, _ *cni.Request) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.running {
		return types.NewError(types.ErrPluginNotAvailable, "VPP of node "+a.config.NodeName+" is not ready", "")
	}
	return nil
}

// collect removes attachments, and reservations of this node or of nodes that are no more, of pods that do not exist. The pod must be missing twice in a row, since its object and its
// interface are not created at the same time.
func (a *Agent) collect(ctx context.Context) {
	err := a.locked(ctx, func() error {
		suspects := map[string]bool{}
		suspect := func(what string, pod string) (twice bool) {
			namespace, name, _ := cutPod(pod)
			if _, err := a.config.Cluster.pod(ctx, namespace, name); !apierrors.IsNotFound(err) {
				return false
			}
			suspects[what] = true
			return a.suspects[what]
		}
		var errs []error
		for key, t := range a.attachments {
			if suspect(key, t.podName()) {
				a.log.Info("removing the interface of a pod that does not exist", "pod", t.podName(), "interface", t.Interface)
				errs = append(errs, a.detach(ctx, t))
			}
		}
		errs = append(errs, a.collectAddresses(ctx, suspect))
		a.suspects = suspects
		return errors.Join(errs...)
	})
	if err != nil {
		a.log.Warn("cannot remove all that is left of pods that do not exist", "err", err)
	}
}

func (a *Agent) collectAddresses(ctx context.Context, suspect func(what, pod string) bool) error {
	all, err := a.config.Cluster.ipam.All(ctx)
	if err != nil {
		return err
	}
	nodes := a.config.Cluster.allNodes()
	var errs []error
	for _, r := range all {
		t := a.attachments[attachmentKey(r.Owner.Container, r.Owner.Interface)]
		ours := r.Owner.Node == a.config.NodeName || nodes[r.Owner.Node] == nil
		if r.Owner.Pod == "" || t != nil || !ours {
			continue
		}
		if suspect(r.Network+" "+r.Address.String(), r.Owner.Pod) {
			a.log.Info("releasing the address of a pod that does not exist", "pod", r.Owner.Pod, "network", r.Network, "address", r.Address)
			errs = append(errs, a.config.Cluster.ipam.Release(ctx, r.Network, r.Address, r.Owner.Container))
		}
	}
	return errors.Join(errs...)
}
