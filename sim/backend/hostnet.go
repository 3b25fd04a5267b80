package backend

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/vpptwin/vpptwin/agent/hostnet"
	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/world"
)

// linux is the Linux of one node as the agent and VPP see it: the node's own
// network namespace and those of its pods, each a host of the world. It
// implements hostnet.Host.
type linux struct {
	node scenarios.Node
	host *world.Host // the node's own namespace

	mu         sync.Mutex
	namespaces map[string]*world.Host // pods' by CNI_NETNS
}

func (l *linux) addNamespace(path string, h *world.Host) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.namespaces[path] = h
}

func (l *linux) removeNamespace(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.namespaces, path)
}

// namespace finds the host for a namespace as VPP and CNI name it.
func (l *linux) namespace(path string) (*world.Host, error) {
	switch path {
	case hostnet.NodeNamespace, "pid:1":
		return l.host, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.namespaces[path]; h != nil {
		return h, nil
	}
	return nil, fmt.Errorf("network namespace %q on %s: %w", path, l.node.Name, hostnet.ErrNotFound)
}

// uplink returns the attachment of the node with the given interface name.
func (l *linux) uplink(name string) (scenarios.Attachment, bool) {
	i := slices.IndexFunc(l.node.Uplinks, func(a scenarios.Attachment) bool { return a.Interface == name })
	if i < 0 {
		return scenarios.Attachment{}, false
	}
	return l.node.Uplinks[i], true
}

// TakeUplink implements hostnet.Host: the device is what the test bed says it
// is; in the world it exists only as VPP's.
func (l *linux) TakeUplink(_ context.Context, name string) (hostnet.Link, error) {
	a, ok := l.uplink(name)
	if !ok {
		return hostnet.Link{}, fmt.Errorf("uplink %s of %s: %w", name, l.node.Name, hostnet.ErrNotFound)
	}
	link := hostnet.Link{Name: name, MAC: uplinkMAC(l, name), MTU: a.MTU, Addresses: a.Addresses}
	for _, r := range l.node.Routes {
		if slices.ContainsFunc(a.Addresses, func(p netip.Prefix) bool { return p.Contains(r.Via) }) {
			link.Routes = append(link.Routes, hostnet.Route{Destination: r.To, Gateway: r.Via})
		}
	}
	return link, nil
}

// uplinkMAC is the readable address of an uplink: the node's number and the
// uplink's.
func uplinkMAC(l *linux, name string) packet.MAC {
	i := slices.IndexFunc(l.node.Uplinks, func(a scenarios.Attachment) bool { return a.Interface == name })
	return world.MACFor(l.host.ID(), uint8(i+1))
}

// find returns a device.
func (l *linux) find(namespace, name string) (*world.Interface, error) {
	h, err := l.namespace(namespace)
	if err != nil {
		return nil, err
	}
	if i := h.Interface(name); i != nil {
		return i, nil
	}
	return nil, fmt.Errorf("device %s on %s: %w", name, h.Name(), hostnet.ErrNotFound)
}

// Get implements hostnet.Host.
func (l *linux) Get(_ context.Context, namespace, name string) (hostnet.Link, error) {
	i, err := l.find(namespace, name)
	if err != nil {
		return hostnet.Link{}, err
	}
	link := hostnet.Link{Name: name, MAC: i.MAC(), MTU: i.MTU()}
	for _, p := range i.Addresses() {
		if !p.Addr().IsLinkLocalUnicast() {
			link.Addresses = append(link.Addresses, p)
		}
	}
	for _, r := range ownRoutes(i) {
		link.Routes = append(link.Routes, hostnet.Route{Destination: r.Dst, Gateway: r.Via})
	}
	return link, nil
}

// ownRoutes lists the routes through an interface that do not follow from its
// addresses.
func ownRoutes(i *world.Interface) []world.Route {
	var out []world.Route
	for _, r := range i.Host().Routes() {
		connected := !r.Via.IsValid() && slices.ContainsFunc(i.Addresses(), func(p netip.Prefix) bool { return p.Masked() == r.Dst })
		if r.Interface == i.Name() && !connected {
			out = append(out, r)
		}
	}
	return out
}

// Apply implements hostnet.Host.
func (l *linux) Apply(_ context.Context, namespace string, link hostnet.Link) error {
	i, err := l.find(namespace, link.Name)
	if err != nil && link.Dummy {
		var h *world.Host
		if h, err = l.namespace(namespace); err == nil {
			i, err = h.AddInterface(world.InterfaceConfig{Name: link.Name, MTU: link.MTU})
		}
	}
	if err != nil {
		return err
	}
	if link.MTU != 0 && i.MTU() != link.MTU {
		if err := i.SetMTU(link.MTU); err != nil {
			return err
		}
	}
	i.SetUp(true)
	if err := applyAddresses(i, link.Addresses); err != nil {
		return err
	}
	if err := applyRoutes(i, link.Routes); err != nil {
		return err
	}
	for _, n := range link.Neighbours {
		if err := i.AddNeighbor(n.Address, n.MAC); err != nil {
			return err
		}
	}
	return nil
}

func applyAddresses(i *world.Interface, want []netip.Prefix) error {
	have := i.Addresses()
	for _, p := range have {
		if !p.Addr().IsLinkLocalUnicast() && !slices.Contains(want, p) {
			if err := i.RemoveAddress(p.Addr()); err != nil {
				return err
			}
		}
	}
	for _, p := range want {
		if !slices.Contains(have, p) {
			if err := i.AddAddress(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func applyRoutes(i *world.Interface, want []hostnet.Route) error {
	have := ownRoutes(i)
	same := func(w hostnet.Route, r world.Route) bool { return w.Destination == r.Dst && w.Gateway == r.Via }
	for _, r := range have {
		if !slices.ContainsFunc(want, func(w hostnet.Route) bool { return same(w, r) }) {
			if err := i.Host().DeleteRoute(r); err != nil {
				return err
			}
		}
	}
	for _, w := range want {
		if slices.ContainsFunc(have, func(r world.Route) bool { return same(w, r) }) {
			continue
		}
		connected := !w.Gateway.IsValid() && slices.ContainsFunc(i.Addresses(), func(p netip.Prefix) bool { return p.Masked() == w.Destination && p.Bits() < p.Addr().BitLen() })
		if connected {
			continue
		}
		if err := i.Host().AddRoute(world.Route{Dst: w.Destination, Via: w.Gateway, Interface: i.Name()}); err != nil {
			return err
		}
	}
	return nil
}

// Remove implements hostnet.Host.
func (l *linux) Remove(_ context.Context, namespace, name string) error {
	i, err := l.find(namespace, name)
	if err != nil {
		return nil
	}
	return i.Close()
}
