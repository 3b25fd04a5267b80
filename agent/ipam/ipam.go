// Package ipam reserves addresses of networks for pods, cluster-wide.
//
// A reserved address is one object: an OverlappingRangeIPReservation, the resource that whereabouts made for this purpose, in whereabouts' form and named like
// whereabouts names it, "NETWORK-ADDRESS". That two agents cannot reserve one address follows from the API server's refusal to create two objects of one name; no
// locks, leases or optimistic updates are needed. The price is one object per address.
//
// Package agent uses it, with the objects its informer sees. It does not know what networks and pods are beyond their names.
package ipam

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// Resource is whereabouts' resource for single reserved addresses.
var Resource = schema.GroupVersionResource{Group: "whereabouts.cni.cncf.io", Version: "v1alpha1", Resource: "overlappingrangeipreservations"}

const (
	// Kind is the kind of Resource.
	Kind = "OverlappingRangeIPReservation"
	// Namespace is where reservations are kept (whereabouts' default).
	Namespace = "kube-system"

	networkAnnotation = "vpptwin.io/network"
	nodeAnnotation    = "vpptwin.io/node"
)

// ErrExhausted is wrapped by errors about ranges without a free address.
var ErrExhausted = errors.New("no free address")

// Owner is who an address is for.
type Owner struct {
	Pod       string // "NAMESPACE/NAME"
	Interface string // in the pod
	Container string // CNI_CONTAINERID of the pod's sandbox
	Node      string // where the pod runs
}

// Reservation is one reserved address.
type Reservation struct {
	Network string
	Address netip.Addr
	Owner   Owner
}

// Allocator reserves and releases addresses. Its methods may be called from several goroutines.
type Allocator struct {
	client   dynamic.ResourceInterface
	lock     chan struct{} // holds a token while unlocked: waiting for it is durable in a synctest bubble, unlike a mutex
	networks map[string]*network
}

// network is what is known of one network's addresses.
type network struct {
	taken map[netip.Addr]Owner
	// next is for each range an address below which none is free.
	next map[netip.Prefix]netip.Addr
}

// New returns an Allocator that knows of no reservation yet, see Observe.
func New(client dynamic.Interface) *Allocator {
	a := &Allocator{client: client.Resource(Resource).Namespace(Namespace), lock: make(chan struct{}, 1), networks: map[string]*network{}}
	a.lock <- struct{}{}
	return a
}

// acquire takes the lock; the caller calls the function it returns.
func (a *Allocator) acquire(ctx context.Context) (release func(), err error) {
	select {
	case <-a.lock:
		return func() { a.lock <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// First and last of a range are not given to pods: they are the network's and, with IPv4, the broadcast address. whereabouts
// leaves them out of IPv6 ranges too.
func bounds(r netip.Prefix) (first, last netip.Addr) {
	b := r.Masked().Addr().AsSlice()
	for i := range b {
		host := min(max(8*(i+1)-r.Bits(), 0), 8)
		b[i] |= byte(1<<host - 1)
	}
	broadcast, _ := netip.AddrFromSlice(b)
	return r.Masked().Addr().Next(), broadcast.Prev()
}

// Lowest returns the lowest address of a range that pods may have and that is not taken; false if there is none.
func Lowest(r netip.Prefix, taken func(netip.Addr) bool) (netip.Addr, bool) {
	first, last := bounds(r)
	for address := first; address.Compare(last) <= 0; address = address.Next() {
		if !taken(address) {
			return address, true
		}
	}
	return netip.Addr{}, false
}

// Reserve returns the owner's address in a range of a network: the one it has (same pod and interface; the reservation then passes to
// the owner's container and node), or the lowest free one. An error wraps ErrExhausted if there is none.
func (a *Allocator) Reserve(ctx context.Context, networkName string, r netip.Prefix, owner Owner) (netip.Addr, error) {
	release, err := a.acquire(ctx)
	if err != nil {
		return netip.Addr{}, err
	}
	defer release()
	n := a.network(networkName)
	if address, previous, found := n.find(r, owner); found {
		return address, a.handOver(ctx, networkName, address, previous, owner)
	}
	address, err := a.lowest(ctx, networkName, r, owner)
	if errors.Is(err, ErrExhausted) {
		// What we know may be out of date: somebody's release may not have been seen yet.
		if err := a.relist(ctx); err != nil {
			return netip.Addr{}, err
		}
		address, err = a.lowest(ctx, networkName, r, owner)
	}
	return address, err
}

// lowest reserves the lowest free address.
func (a *Allocator) lowest(ctx context.Context, networkName string, r netip.Prefix, owner Owner) (netip.Addr, error) {
	n := a.network(networkName)
	first, last := bounds(r)
	address, known := n.next[r]
	if !known {
		address = first
	}
	for ; address.Compare(last) <= 0; address = address.Next() {
		if _, taken := n.taken[address]; taken {
			continue
		}
		_, err := a.client.Create(ctx, object(Reservation{networkName, address, owner}), metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			n.taken[address] = Owner{} // another node was faster; the informer will tell who
			continue
		}
		if err != nil {
			return netip.Addr{}, fmt.Errorf("reserve %s in network %s: %w", address, networkName, err)
		}
		n.taken[address] = owner
		n.next[r] = address.Next()
		return address, nil
	}
	return netip.Addr{}, fmt.Errorf("network %s: %w in %s", networkName, ErrExhausted, r)
}

// handOver writes the present container and node into a reservation that a pod's former sandbox made.
func (a *Allocator) handOver(ctx context.Context, networkName string, address netip.Addr, previous, owner Owner) error {
	if previous == owner {
		return nil
	}
	o, err := a.client.Get(ctx, objectName(networkName, address), metav1.GetOptions{})
	if err == nil {
		updated := object(Reservation{networkName, address, owner})
		updated.SetResourceVersion(o.GetResourceVersion())
		_, err = a.client.Update(ctx, updated, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("take over the reservation of %s in network %s: %w", address, networkName, err)
	}
	a.network(networkName).taken[address] = owner
	return nil
}

// Release frees an address if it is reserved for this container; otherwise, also if it is not reserved, nothing happens.
func (a *Allocator) Release(ctx context.Context, networkName string, address netip.Addr, container string) error {
	release, err := a.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	n := a.network(networkName)
	if owner, known := n.taken[address]; known && owner.Container != container && owner != (Owner{}) {
		return nil
	}
	name := objectName(networkName, address)
	o, err := a.client.Get(ctx, name, metav1.GetOptions{})
	if err == nil {
		if r, ok := parse(o); ok && r.Owner.Container != container {
			return nil
		}
		uid := o.GetUID()
		err = a.client.Delete(ctx, name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("release %s in network %s: %w", address, networkName, err)
	}
	n.free(address)
	return nil
}

// All returns every known reservation, sorted by network and address.
func (a *Allocator) All(ctx context.Context) ([]Reservation, error) {
	release, err := a.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	var all []Reservation
	for name, n := range a.networks {
		for address, owner := range n.taken {
			all = append(all, Reservation{name, address, owner})
		}
	}
	slices.SortFunc(all, func(x, y Reservation) int {
		if c := strings.Compare(x.Network, y.Network); c != 0 {
			return c
		}
		return x.Address.Compare(y.Address)
	})
	return all, nil
}

// Observe takes note of a reservation object that an informer has seen; what is no reservation of ours is ignored.
func (a *Allocator) Observe(o *unstructured.Unstructured) { a.observe(o, true) }

// Forget takes note that a reservation object is gone.
func (a *Allocator) Forget(o *unstructured.Unstructured) { a.observe(o, false) }

func (a *Allocator) observe(o *unstructured.Unstructured, there bool) {
	r, ok := parse(o)
	if !ok {
		return
	}
	<-a.lock
	defer func() { a.lock <- struct{}{} }()
	n := a.network(r.Network)
	switch {
	case there:
		n.taken[r.Address] = r.Owner
	case n.taken[r.Address].Container == r.Owner.Container || n.taken[r.Address] == Owner{}:
		n.free(r.Address)
	}
}

// relist reads all reservations from the API server.
func (a *Allocator) relist(ctx context.Context) error {
	list, err := a.client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list address reservations: %w", err)
	}
	clear(a.networks)
	for i := range list.Items {
		if r, ok := parse(&list.Items[i]); ok {
			a.network(r.Network).taken[r.Address] = r.Owner
		}
	}
	return nil
}

func (a *Allocator) network(name string) *network {
	n := a.networks[name]
	if n == nil {
		n = &network{taken: map[netip.Addr]Owner{}, next: map[netip.Prefix]netip.Addr{}}
		a.networks[name] = n
	}
	return n
}

// find returns the address in r that a pod's interface has already.
func (n *network) find(r netip.Prefix, owner Owner) (netip.Addr, Owner, bool) {
	for address, o := range n.taken {
		if o.Pod == owner.Pod && o.Interface == owner.Interface && r.Contains(address) {
			return address, o, true
		}
	}
	return netip.Addr{}, Owner{}, false
}

func (n *network) free(address netip.Addr) {
	delete(n.taken, address)
	for r, next := range n.next {
		if r.Contains(address) && address.Less(next) {
			n.next[r] = address
		}
	}
}
