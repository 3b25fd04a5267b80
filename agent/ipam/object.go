package ipam

import (
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// objectName is whereabouts' name for an address of a named network (pkg/storage/kubernetes, NormalizeIP): no colons, and none at the ends.
func objectName(network string, address netip.Addr) string {
	return network + "-" + normalize(address)
}

func normalize(address netip.Addr) string {
	s := address.String()
	if strings.HasPrefix(s, ":") {
		s = "0" + s
	}
	if strings.HasSuffix(s, ":") {
		s += "0"
	}
	return strings.ReplaceAll(s, ":", "-")
}

// object returns the object that stands for a reservation.
func object(r Reservation) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": Resource.GroupVersion().String(),
		"kind":       Kind,
		"metadata": map[string]any{
			"name":        objectName(r.Network, r.Address),
			"namespace":   Namespace,
			"annotations": map[string]any{networkAnnotation: r.Network, nodeAnnotation: r.Owner.Node},
		},
		"spec": map[string]any{"containerid": r.Owner.Container, "podref": r.Owner.Pod, "ifname": r.Owner.Interface},
	}}
}

// parse is object's inverse; ok is false for objects that others made.
func parse(o *unstructured.Unstructured) (r Reservation, ok bool) {
	annotations := o.GetAnnotations()
	r.Network, r.Owner.Node = annotations[networkAnnotation], annotations[nodeAnnotation]
	text, found := strings.CutPrefix(o.GetName(), r.Network+"-")
	if r.Network == "" || !found {
		return r, false
	}
	if !strings.Contains(text, ".") {
		text = strings.ReplaceAll(text, "-", ":")
	}
	var err error
	if r.Address, err = netip.ParseAddr(text); err != nil {
		return r, false
	}
	spec := func(field string) string {
		s, _, _ := unstructured.NestedString(o.Object, "spec", field)
		return s
	}
	r.Owner.Container, r.Owner.Pod, r.Owner.Interface = spec("containerid"), spec("podref"), spec("ifname")
	return r, true
}
