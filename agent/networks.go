package agent

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/vpptwin/vpptwin/agent/types"
)

// networkIndex holds Networks and NetworkAttachmentDefinitions and says which of them can be used.
type networkIndex struct {
	defaultVNI  uint32
	objects     map[string]*unstructured.Unstructured // Networks by namespace/name
	attachments map[string]types.Attachment           // by namespace/name
	broken      map[string]problem                    // by kind and key
	good        map[string]types.Network              // usable ones by name; computed
	bad         map[string]error                      // why others are not, by name; computed
	sorted      []types.Network                       // good, sorted by name; computed
	byNetwork   map[string][]string                   // attachments' keys by network name; computed
	stale       bool                                  // whether what is computed must be again
	reported    map[string]string                     // problems told already
}

// problem is something wrong with an object.
type problem struct {
	object *unstructured.Unstructured
	err    error
}

func newNetworkIndex(defaultVNI uint32) networkIndex {
	return networkIndex{defaultVNI: defaultVNI, objects: map[string]*unstructured.Unstructured{}, attachments: map[string]types.Attachment{},
		broken: map[string]problem{}, reported: map[string]string{}, stale: true}
}

func keyOf(o *unstructured.Unstructured) string { return o.GetNamespace() + "/" + o.GetName() }

func (x *networkIndex) setNetwork(o *unstructured.Unstructured) {
	x.objects[keyOf(o)] = o
	x.stale = true
}

func (x *networkIndex) removeNetwork(o *unstructured.Unstructured) {
	delete(x.objects, keyOf(o))
	x.stale = true
}

func (x *networkIndex) setAttachment(o *unstructured.Unstructured) {
	a, err := types.ParseAttachment(o)
	delete(x.broken, "attachment "+keyOf(o))
	if err != nil {
		x.broken["attachment "+keyOf(o)] = problem{o, err}
	}
	x.attachments[keyOf(o)] = a
	x.stale = true
}

// removeAttachment forgets what is wrong with a definition. What it meant is kept: pods that were attached by it stay in their network, and their
// status names only the definition.
func (x *networkIndex) removeAttachment(o *unstructured.Unstructured) {
	if !x.attachments[keyOf(o)].Served {
		delete(x.attachments, keyOf(o))
	}
	delete(x.broken, "attachment "+keyOf(o))
	x.stale = true
}

// compute decides which Networks are usable. Of those that exclude each other the oldest is.
func (x *networkIndex) compute() {
	if !x.stale {
		return
	}
	x.stale = false
	x.good, x.bad, x.sorted, x.byNetwork = map[string]types.Network{}, map[string]error{}, nil, map[string][]string{}
	maps.DeleteFunc(x.broken, func(_ string, p problem) bool { return p.object.GroupVersionKind().Kind == "Network" })
	objects := slices.SortedFunc(maps.Values(x.objects), func(a, b *unstructured.Unstructured) int {
		return cmp.Or(a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time), cmp.Compare(keyOf(a), keyOf(b)))
	})
	for _, o := range objects {
		n, err := types.ParseNetwork(o)
		if err == nil {
			err = x.conflict(n)
		}
		if err == nil {
			x.good[n.Name] = n
			continue
		}
		if _, other := x.bad[n.Name]; !other {
			x.bad[n.Name] = err
		}
		x.broken["network "+keyOf(o)] = problem{o, err}
	}
	for _, name := range slices.Sorted(maps.Keys(x.good)) {
		x.sorted = append(x.sorted, x.good[name])
	}
	for _, key := range slices.Sorted(maps.Keys(x.attachments)) {
		if a := x.attachments[key]; a.Served {
			x.byNetwork[a.Network] = append(x.byNetwork[a.Network], key)
		}
	}
}

// conflict says what keeps a Network from existing beside those that are usable so far.
func (x *networkIndex) conflict(n types.Network) error {
	if n.VNI == x.defaultVNI {
		return fmt.Errorf("network %s: spec.vni: %d is the VNI of the default pod network", n.Name, n.VNI)
	}
	for _, other := range x.good {
		if other.Name == n.Name {
			return fmt.Errorf("network %s: namespace %q has a Network of this name already", n.Name, other.Namespace)
		}
		if other.VNI == n.VNI {
			return fmt.Errorf("network %s: spec.vni: %d is the VNI of network %s already", n.Name, n.VNI, other.Name)
		}
		if n.PhysicalNetwork == "" || n.PhysicalNetwork != other.PhysicalNetwork {
			continue
		}
		for _, r := range n.Ranges {
			for _, taken := range other.Ranges {
				if r.Overlaps(taken) {
					return fmt.Errorf("network %s: spec.range: %s overlaps %s of network %s on the same physical network %s",
						n.Name, r, taken, other.Name, n.PhysicalNetwork)
				}
			}
		}
	}
	return nil
}

func (x *networkIndex) network(name string) (types.Network, error) {
	x.compute()
	if n, ok := x.good[name]; ok {
		return n, nil
	}
	if err := x.bad[name]; err != nil {
		return types.Network{}, err
	}
	return types.Network{}, fmt.Errorf("network %s does not exist", name)
}

func (x *networkIndex) usable() []types.Network {
	x.compute()
	return x.sorted
}

func (x *networkIndex) attachmentsOf(network string) []string {
	x.compute()
	return x.byNetwork[network]
}

// news returns the problems that were not returned before.
func (x *networkIndex) news() (list []problem) {
	x.compute()
	for key, p := range x.broken {
		if x.reported[key] != p.err.Error() {
			x.reported[key] = p.err.Error()
			list = append(list, p)
		}
	}
	maps.DeleteFunc(x.reported, func(key, _ string) bool { _, still := x.broken[key]; return !still })
	return list
}

// report logs new problems of objects and makes Events of them. An Event's name follows from what it says, so that one object has one Event for each problem, however many agents
// notice.
func (c *Cluster) report() {
	c.mu.Lock()
	news := c.networks.news()
	c.mu.Unlock()
	for _, p := range news {
		c.config.Logger.Warn("object is not usable", "kind", p.object.GetKind(), "object", keyOf(p.object), "err", p.err)
		if err := c.event(context.Background(), p); err != nil {
			c.config.Logger.Warn("cannot create an Event", "err", err)
		}
	}
}

func (c *Cluster) event(ctx context.Context, p problem) error {
	namespace := cmp.Or(p.object.GetNamespace(), metav1.NamespaceDefault)
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(p.err.Error())) // it never fails
	now := metav1.Now()
	event := &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("%s.%016x", p.object.GetName(), hash.Sum64())},
		InvolvedObject: corev1.ObjectReference{APIVersion: p.object.GetAPIVersion(), Kind: p.object.GetKind(), Namespace: p.object.GetNamespace(),
			Name: p.object.GetName(), UID: p.object.GetUID()},
		Type: corev1.EventTypeWarning, Reason: "NotUsable", Message: p.err.Error(),
		Source: corev1.EventSource{Component: "vpptwin-agent"}, FirstTimestamp: now, LastTimestamp: now, Count: 1,
	}
	_, err := c.config.Kube.CoreV1().Events(namespace).Create(ctx, event, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
