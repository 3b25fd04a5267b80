package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// UplinksAnnotation is where an agent tells the others its node's addresses on physical networks: a JSON object of lists of addresses by physical network's
// name, e.g. {"storage":["192.168.50.1"]}. Addresses on the main uplink are the Node's own, in status.addresses.
const UplinksAnnotation = "vpptwin.io/physical-networks"

// node is what agents need to know of a Node.
type node struct {
	name string
	// addresses are the node's internal addresses: at most one IPv4, one IPv6.
	addresses addresses
	// podCIDRs are the ranges of the default network's pods, masked.
	podCIDRs []netip.Prefix
	// physical are its addresses on physical networks.
	physical map[string]addresses
}

// addresses are at most one address of each family; the zero Addr stands for none.
type addresses struct{ ip4, ip6 netip.Addr }

// of returns the address of a family.
func (a addresses) of(ip6 bool) netip.Addr {
	if ip6 {
		return a.ip6
	}
	return a.ip4
}

// list returns those there are.
func (a addresses) list() (list []netip.Addr) {
	for _, one := range []netip.Addr{a.ip4, a.ip6} {
		if one.IsValid() {
			list = append(list, one)
		}
	}
	return list
}

// add takes an address in if it is the first of its family.
func (a *addresses) add(one netip.Addr) {
	switch {
	case one.Is4() && !a.ip4.IsValid():
		a.ip4 = one
	case one.Is6() && !a.ip6.IsValid():
		a.ip6 = one
	}
}

func (n *node) equal(o *node) bool {
	return n.name == o.name && n.addresses == o.addresses && slices.Equal(n.podCIDRs, o.podCIDRs) && maps.Equal(n.physical, o.physical)
}

// newNode reads a Node. What is broken is left out and named in the error.
func newNode(o *corev1.Node) (*node, error) {
	n := &node{name: o.Name}
	var errs []error
	for _, a := range o.Status.Addresses {
		if a.Type != corev1.NodeInternalIP {
			continue
		}
		ip, err := netip.ParseAddr(a.Address)
		if err != nil {
			errs = append(errs, fmt.Errorf("status.addresses: %w", err))
			continue
		}
		n.addresses.add(ip.Unmap())
	}
	cidrs := o.Spec.PodCIDRs
	if len(cidrs) == 0 && o.Spec.PodCIDR != "" {
		cidrs = []string{o.Spec.PodCIDR}
	}
	for _, text := range cidrs {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("spec.podCIDRs: %w", err))
			continue
		}
		n.podCIDRs = append(n.podCIDRs, p.Masked())
	}
	if text := o.Annotations[UplinksAnnotation]; text != "" {
		var physical map[string][]netip.Addr
		if err := json.Unmarshal([]byte(text), &physical); err != nil {
			errs = append(errs, fmt.Errorf("annotation %s: %w", UplinksAnnotation, err))
		}
		n.physical = map[string]addresses{}
		for name, list := range physical {
			var a addresses
			for _, one := range list {
				a.add(one)
			}
			n.physical[name] = a
		}
	}
	return n, errors.Join(errs...)
}

// node returns what is known of a node, nil if it is unknown. It is not to be changed.
func (c *Cluster) node(name string) *node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nodes[name]
}

// allNodes returns all nodes by name.
func (c *Cluster) allNodes() map[string]*node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.nodes)
}
