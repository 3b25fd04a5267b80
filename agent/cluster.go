package agent

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/vpptwin/vpptwin/agent/ipam"
	"github.com/vpptwin/vpptwin/agent/types"
)

// The resources beside core ones that a Cluster watches, or writes.
var (
	// NetworkResource is upstream's Network, namespaced in its CRD; cluster-scoped ones serve as well.
	NetworkResource = schema.GroupVersionResource{Group: "projectcalico.org", Version: "v3", Resource: "networks"}
	// AttachmentResource is Multus' NetworkAttachmentDefinition.
	AttachmentResource = schema.GroupVersionResource{Group: "k8s.cni.cncf.io", Version: "v1", Resource: "network-attachment-definitions"}
	// ReservationResource is where the networks' address reservations are kept, see package ipam.
	ReservationResource = ipam.Resource
)

// ListKinds returns the list kinds of the resources above, which client-go's fake dynamic client wants to know
// (dynamic/fake.NewSimpleDynamicClientWithCustomListKinds).
func ListKinds() map[schema.GroupVersionResource]string {
	return map[schema.GroupVersionResource]string{
		NetworkResource:     "NetworkList",
		AttachmentResource:  "NetworkAttachmentDefinitionList",
		ReservationResource: ipam.Kind + "List",
	}
}

// ClusterConfig is what a Cluster needs. Kube and Dynamic are required.
type ClusterConfig struct {
	// Kube reads Nodes and Pods, annotates Nodes and writes Events.
	Kube kubernetes.Interface
	// Dynamic reads Networks and NetworkAttachmentDefinitions, and keeps address reservations.
	Dynamic dynamic.Interface
	// DefaultVNI is the VNI of the default pod network, which no Network may have; 0 means DefaultVNI.
	DefaultVNI uint32
	// Logger receives what is wrong with objects; nil discards it.
	Logger *slog.Logger
}

// Cluster is the agents' view of the Kubernetes objects: informers, and indexes over them that do not depend on the node. Agents in one process share one.
type Cluster struct {
	config ClusterConfig
	ipam   *ipam.Allocator
	synced chan struct{} // closed when all objects there were at the start are known

	mu          sync.Mutex // guards all below; held only for moments
	subscribers map[chan struct{}]bool
	nodes       map[string]*node
	networks    networkIndex
	pods        podIndex
}

// NewCluster returns a Cluster that sees nothing until Run.
func NewCluster(config ClusterConfig) *Cluster {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	defaultTo(&config.DefaultVNI, DefaultVNI)
	return &Cluster{
		config:      config,
		ipam:        ipam.New(config.Dynamic),
		synced:      make(chan struct{}),
		subscribers: map[chan struct{}]bool{},
		nodes:       map[string]*node{},
		networks:    newNetworkIndex(config.DefaultVNI),
		pods:        newPodIndex(),
	}
}

// Run watches until ctx is done, then returns nil and leaves no goroutine behind. It is called once, before or after the agents' Run.
func (c *Cluster) Run(ctx context.Context) error {
	kube := informers.NewSharedInformerFactory(c.config.Kube, 0)
	custom := dynamicinformer.NewDynamicSharedInformerFactory(c.config.Dynamic, 0)
	defer kube.Shutdown()
	defer custom.Shutdown()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var handlers []cache.InformerSynced
	for _, w := range []struct {
		informer   cache.SharedIndexInformer
		seen, gone func(any)
	}{
		{informer: kube.Core().V1().Nodes().Informer(), seen: c.seenNode, gone: c.goneNode},
		{informer: kube.Core().V1().Pods().Informer(), seen: c.seenPod, gone: c.gonePod},
		{informer: custom.ForResource(NetworkResource).Informer(), seen: c.seenNetwork, gone: c.goneNetwork},
		{informer: custom.ForResource(AttachmentResource).Informer(), seen: c.seenAttachment, gone: c.goneAttachment},
		{informer: custom.ForResource(ReservationResource).Informer(), seen: c.seenReservation, gone: c.goneReservation},
	} {
		registration, err := w.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    w.seen,
			UpdateFunc: func(_, o any) { w.seen(o) },
			DeleteFunc: func(o any) {
				if tombstone, ok := o.(cache.DeletedFinalStateUnknown); ok {
					o = tombstone.Obj
				}
				w.gone(o)
			},
		})
		if err != nil {
			return fmt.Errorf("watch the cluster: %w", err)
		}
		handlers = append(handlers, registration.HasSynced)
	}
	kube.StartWithContext(ctx)
	custom.Start(ctx.Done())
	if cache.WaitForCacheSync(ctx.Done(), handlers...) {
		close(c.synced)
		c.notify()
	}
	<-ctx.Done()
	return nil
}

// wait returns when the objects that existed at the start are known.
func (c *Cluster) wait(ctx context.Context) error {
	select {
	case <-c.synced:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// subscribe returns a channel that holds a token whenever something has changed since it was last read.
func (c *Cluster) subscribe() (changes chan struct{}, cancel func()) {
	changes = make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subscribers[changes] = true
	return changes, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.subscribers, changes)
	}
}

// notify tells the subscribers that something has changed.
func (c *Cluster) notify() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for s := range c.subscribers {
		select {
		case s <- struct{}{}:
		default: // it holds a token already
		}
	}
}

// change runs f with the indexes locked, and notifies if it says that something changed.
func (c *Cluster) change(f func() bool) {
	c.mu.Lock()
	changed := f()
	c.mu.Unlock()
	if changed {
		c.notify()
	}
}

func (c *Cluster) seenNode(o any) {
	if n, ok := o.(*corev1.Node); ok {
		view, err := newNode(n)
		if err != nil {
			c.config.Logger.Warn("node is not usable in full", "node", n.Name, "err", err)
		}
		c.change(func() bool {
			old := c.nodes[n.Name]
			c.nodes[n.Name] = view
			return old == nil || !old.equal(view)
		})
	}
}

func (c *Cluster) goneNode(o any) {
	if n, ok := o.(*corev1.Node); ok {
		c.change(func() bool { delete(c.nodes, n.Name); return true })
	}
}

func (c *Cluster) seenPod(o any) {
	if p, ok := o.(*corev1.Pod); ok {
		c.change(func() bool {
			changed, err := c.pods.set(p)
			if err != nil {
				c.config.Logger.Warn("cannot tell a pod's addresses", "pod", podKey(p.Namespace, p.Name), "err", err)
			}
			return changed
		})
	}
}

func (c *Cluster) gonePod(o any) {
	if p, ok := o.(*corev1.Pod); ok {
		c.change(func() bool { return c.pods.remove(podKey(p.Namespace, p.Name)) })
	}
}

func (c *Cluster) seenNetwork(o any) {
	if u, ok := o.(*unstructured.Unstructured); ok {
		c.change(func() bool { c.networks.setNetwork(u); return true })
		c.report()
	}
}

func (c *Cluster) goneNetwork(o any) {
	if u, ok := o.(*unstructured.Unstructured); ok {
		c.change(func() bool { c.networks.removeNetwork(u); return true })
		c.report()
	}
}

func (c *Cluster) seenAttachment(o any) {
	if u, ok := o.(*unstructured.Unstructured); ok {
		c.change(func() bool { c.networks.setAttachment(u); return true })
		c.report()
	}
}

func (c *Cluster) goneAttachment(o any) {
	if u, ok := o.(*unstructured.Unstructured); ok {
		c.change(func() bool { c.networks.removeAttachment(u); return true })
	}
}

func (c *Cluster) seenReservation(o any) {
	if u, ok := o.(*unstructured.Unstructured); ok {
		c.ipam.Observe(u)
	}
}

func (c *Cluster) goneReservation(o any) {
	if u, ok := o.(*unstructured.Unstructured); ok {
		c.ipam.Forget(u)
	}
}

// network returns a usable Network, or why there is none of this name.
func (c *Cluster) network(name string) (types.Network, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.networks.network(name)
}

// usable returns all usable Networks, sorted by name. The slice is not to be changed.
func (c *Cluster) usable() []types.Network {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.networks.usable()
}

// endpoints returns the addresses of all pods in a network with their nodes, sorted. The slice is shared, and not to be changed.
func (c *Cluster) endpoints(network string) []endpoint {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pods.endpoints(network, c.networks.attachmentsOf(network))
}

// pod returns a pod from the API server's point of view: from the informer if it has it, else by asking. Whether it exists is told by apierrors.IsNotFound.
func (c *Cluster) pod(ctx context.Context, namespace, name string) (annotations map[string]string, err error) {
	c.mu.Lock()
	p := c.pods.byKey[podKey(namespace, name)]
	c.mu.Unlock()
	if p != nil {
		return p.annotations, nil
	}
	pod, err := c.config.Kube.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("get pod %s/%s: %w", namespace, name, err)
	}
	return pod.Annotations, nil
}
