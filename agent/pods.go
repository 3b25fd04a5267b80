package agent

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpptwin/vpptwin/agent/types"
)

// endpoint is an address of a pod in a network, and the node to send its packets to.
type endpoint struct {
	address netip.Addr
	node    string
}

// podIndex finds the addresses of a network's pods.
type podIndex struct {
	byKey        map[string]*podView
	byAttachment map[string]map[*podView]bool
	// cached are the endpoints of networks, dropped when a pod of one of its attachments changes.
	cached map[string][]endpoint
	from   map[string][]string // the attachments that cached was made from
}

// podView is what matters of a Pod.
type podView struct {
	key         string
	node        string
	status      string // the annotation that secondary was read from
	annotations map[string]string
	secondary   []types.InterfaceStatus
}

func newPodIndex() podIndex {
	return podIndex{byKey: map[string]*podView{}, byAttachment: map[string]map[*podView]bool{}, cached: map[string][]endpoint{}, from: map[string][]string{}}
}

func podKey(namespace, name string) string { return namespace + "/" + name }

// set takes note of a pod as it is now, and says whether that changed its addresses or annotations.
func (x *podIndex) set(o *corev1.Pod) (changed bool, err error) {
	v := &podView{key: podKey(o.Namespace, o.Name), node: o.Spec.NodeName, annotations: o.Annotations, status: o.Annotations[types.StatusAnnotation]}
	if o.Status.Phase == corev1.PodSucceeded || o.Status.Phase == corev1.PodFailed {
		v.status = "" // its sandbox is gone, or about to go
	}
	old := x.byKey[v.key]
	if old != nil && old.status == v.status && old.node == v.node {
		old.annotations = v.annotations
		return false, nil
	}
	list, err := types.ParseStatus(v.status)
	if err != nil {
		err = fmt.Errorf("pod %s: %w", v.key, err)
	}
	for _, s := range list {
		if !s.Default && v.node != "" {
			v.secondary = append(v.secondary, s)
		}
	}
	changed = x.remove(v.key) || len(v.secondary) > 0
	x.byKey[v.key] = v
	for _, s := range v.secondary {
		if x.byAttachment[s.Name] == nil {
			x.byAttachment[s.Name] = map[*podView]bool{}
		}
		x.byAttachment[s.Name][v] = true
	}
	x.invalidate(v)
	return changed, err
}

// remove forgets a pod, and says whether it had addresses in networks.
func (x *podIndex) remove(key string) bool {
	v := x.byKey[key]
	if v == nil {
		return false
	}
	delete(x.byKey, key)
	for _, s := range v.secondary {
		delete(x.byAttachment[s.Name], v)
	}
	x.invalidate(v)
	return len(v.secondary) > 0
}

// invalidate drops cached endpoints that a pod had part in.
func (x *podIndex) invalidate(v *podView) {
	for _, s := range v.secondary {
		maps.DeleteFunc(x.cached, func(network string, _ []endpoint) bool { return slices.Contains(x.from[network], s.Name) })
	}
}

// endpoints returns the endpoints of a network that has these attachments, sorted by node and address.
func (x *podIndex) endpoints(network string, attachments []string) []endpoint {
	if list, ok := x.cached[network]; ok && slices.Equal(x.from[network], attachments) {
		return list
	}
	list := []endpoint{}
	for _, a := range attachments {
		for v := range x.byAttachment[a] {
			for _, s := range v.secondary {
				for _, ip := range s.IPs {
					if s.Name == a {
						list = append(list, endpoint{address: ip.Unmap(), node: v.node})
					}
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b endpoint) int { return cmp.Or(cmp.Compare(a.node, b.node), a.address.Compare(b.address)) })
	x.cached[network], x.from[network] = slices.Compact(list), attachments
	return x.cached[network]
}
