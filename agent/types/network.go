// Package types reads the Kubernetes objects and annotations that describe networks and pod interfaces: Network, NetworkAttachmentDefinition, Multus'
// and Calico/VPP's annotations.
//
// Package agent acts on them, package scenarios may check manifests with them. It only parses and validates; it reads nothing from a cluster.
package types

import (
	"fmt"
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// MaxVNI is the greatest VXLAN network identifier (24 bits, RFC 7348, section 5).
const MaxVNI = 1<<24 - 1

// Network is a projectcalico.org/v3 Network: an isolated layer-3 network.
type Network struct {
	// Namespace is "" for a cluster-scoped object.
	Namespace, Name string
	// VNI identifies the network on the wire, 1 to MaxVNI.
	VNI uint32
	// Ranges are the prefixes that pods get addresses from: one, or one for each address family. Masked.
	Ranges []netip.Prefix
	// PhysicalNetwork names the uplink's network that this one is attached to; "" for none.
	PhysicalNetwork string
}

// ParseNetwork reads a Network. The error names the field and what is wrong with it.
func ParseNetwork(o *unstructured.Unstructured) (Network, error) {
	n := Network{Namespace: o.GetNamespace(), Name: o.GetName()}
	fail := func(field string, err error) (Network, error) {
		return n, fmt.Errorf("network %s: %s: %w", n.Name, field, err)
	}
	vni, err := integer(o, "spec", "vni")
	if err != nil {
		return fail("spec.vni", err)
	}
	if vni < 1 || vni > MaxVNI {
		return fail("spec.vni", fmt.Errorf("%d is not a VNI, expected 1 to %d", vni, MaxVNI))
	}
	n.VNI = uint32(vni)
	text, _, err := unstructured.NestedString(o.Object, "spec", "range")
	if err != nil {
		return fail("spec.range", err)
	}
	if n.Ranges, err = ParseRanges(text); err != nil {
		return fail("spec.range", err)
	}
	if n.PhysicalNetwork, _, err = unstructured.NestedString(o.Object, "spec", "physicalNetworkName"); err != nil {
		return fail("spec.physicalNetworkName", err)
	}
	return n, nil
}

// integer reads a number that JSON decoders may have made an int64 or a float64.
func integer(o *unstructured.Unstructured, path ...string) (int64, error) {
	v, found, err := unstructured.NestedFieldNoCopy(o.Object, path...)
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, fmt.Errorf("missing")
	}
	switch v := v.(type) {
	case int64:
		return v, nil
	case int:
		return int64(v), nil
	case float64:
		if v == float64(int64(v)) {
			return int64(v), nil
		}
	}
	return 0, fmt.Errorf("%v is not an integer", v)
}

// ParseRanges reads "172.19.0.0/16" or "172.19.0.0/16, fd00:19::/64": at most one prefix of each address family, each with room for a pod's address.
func ParseRanges(text string) ([]netip.Prefix, error) {
	var ranges []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("%q is not an address range, expected a prefix such as 172.19.0.0/16, or one for each address family: %w", text, err)
		}
		if p.Addr().Is4In6() {
			return nil, fmt.Errorf("%s is an IPv4-mapped IPv6 range", p)
		}
		if p.Addr().IsMulticast() || p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast() || p.Bits() == 0 {
			return nil, fmt.Errorf("%s is not a range of unicast addresses", p)
		}
		if p.Addr().BitLen()-p.Bits() < 2 {
			return nil, fmt.Errorf("%s is too small, expected room for a network, a broadcast and a pod address", p)
		}
		for _, other := range ranges {
			if other.Addr().Is4() == p.Addr().Is4() {
				return nil, fmt.Errorf("%s and %s are of one address family, expected at most one range of each", other, p)
			}
		}
		ranges = append(ranges, p.Masked())
	}
	return ranges, nil
}
