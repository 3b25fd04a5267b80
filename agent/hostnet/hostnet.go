// Package hostnet is the agent's view of Linux on its node: the devices in the node's own network namespace and in those of its pods.
//
// Package agent uses it; hostnet/netlink implements it on Linux, and the sim backend on emulated hosts. It knows nothing of VPP: the
// devices it configures were created by somebody else, mostly by VPP (taps).
package hostnet

import (
	"context"
	"errors"
	"net/netip"
)

// ErrNotFound is wrapped by errors about a device or namespace that does not exist.
var ErrNotFound = errors.New("not found")

// NodeNamespace stands for the network namespace of the node itself.
const NodeNamespace = ""

// Host is Linux on one node. Namespaces are given as in CNI_NETNS (a path, or whatever the container runtime of the backend hands out), and
// NodeNamespace for the node's own. Methods may be called from several goroutines.
type Host interface {
	// TakeUplink reads a device of the node's namespace that VPP is about to drive (addresses without link-local ones, routes, MAC, MTU), then
	// moves it out of Linux' way: afterwards the node's namespace has no device of this name, so that VPP can create a tap with it, and VPP can still open
	// the device by this name. Asked again for a device that it has already taken, it returns what it returned the first time.
	TakeUplink(ctx context.Context, name string) (Link, error)

	// Get reads a device. An error that wraps ErrNotFound says that the device or the namespace does not exist.
	Get(ctx context.Context, namespace, name string) (Link, error)

	// Apply makes an existing device look like link: MTU (0 leaves it), up, addresses, routes through it and static neighbours. Addresses (other
	// than link-local) and routes through the device that link does not list are removed. Applying the same again changes nothing. A link with Dummy set is created
	// if it does not exist.
	Apply(ctx context.Context, namespace string, link Link) error

	// Remove deletes a device; one that does not exist, or whose namespace is gone, is no error.
	Remove(ctx context.Context, namespace, name string) error
}

// Link is a network device with what belongs to it.
type Link struct {
	Name string `json:"name"`
	// MAC is the link-layer address; zero for a tun, which has none.
	MAC [6]byte `json:"mac"`
	// MTU in bytes.
	MTU int `json:"mtu"`
	// Addresses with their prefix lengths and host bits, in the order they were added.
	Addresses []netip.Prefix `json:"addresses,omitempty"`
	// Routes through the device, without those that follow from Addresses.
	Routes []Route `json:"routes,omitempty"`
	// Neighbours are static entries.
	Neighbours []Neighbour `json:"neighbours,omitempty"`
	// Dummy marks a device that carries no packets, only addresses (a pod's memif, whose packets Linux never sees).
	Dummy bool `json:"dummy,omitempty"`
}

// Route is a route through a Link.
type Route struct {
	// Destination is a masked prefix.
	Destination netip.Prefix `json:"destination"`
	// Gateway is the next hop; the zero Addr means that the destination is on the link. A gateway outside the device's
	// subnets is taken as on the link (`ip route add ... onlink`).
	Gateway netip.Addr `json:"gateway,omitzero"`
}

// Neighbour is a static neighbour entry of a Link.
type Neighbour struct {
	Address netip.Addr `json:"address"`
	MAC     [6]byte    `json:"mac"`
}
