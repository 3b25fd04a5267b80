package vnet

import (
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
)

// NeighborFlags are flags of a neighbour, with the API's numbers
// (ip_neighbor_flags).
type NeighborFlags uint8

// Neighbour flags.
const (
	NeighborStatic     NeighborFlags = 1 << iota // set by the API, never ages
	NeighborNoFIBEntry                           // no host route
	neighborDynamic                              // learned
	neighborStale                                // marked by replace begin
)

// Neighbor is the known link-layer address of an IP address on an interface
// (src/vnet/ip-neighbor/ip_neighbor_types.h).
type Neighbor struct {
	Addr  netip.Addr
	SwIf  uint32
	MAC   packet.MAC
	Flags NeighborFlags
	// Updated is when the neighbour was last confirmed.
	Updated time.Time

	probes  uint8
	hasFIB  bool
	newer   *Neighbor // dynamic neighbours in the order of their age
	older   *Neighbor
	listed  bool
	created uint64 // order of dumps
}

type neighborKey struct {
	swIf uint32
	addr netip.Addr
}

// NeighborEvent is what watchers of neighbours are told.
type NeighborEvent struct {
	Neighbor Neighbor
	Removed  bool
}

// NeighborProbe sends a request for addr on an interface; the nodes that
// resolve addresses provide it (ip_neighbor_probe_dst).
type NeighborProbe func(swIf uint32, addr netip.Addr)

// neighborLearn records what an ARP or ND packet said of an address, unless
// the neighbour is static or the interface's limit is reached. It may be called
// while packets run.
func (m *Main) neighborLearn(swIf uint32, addr netip.Addr, mac packet.MAC) {
	_ = m.AddNeighbor(swIf, addr, mac, neighborDynamic)
}

// Neighbor returns the neighbour with the address on an interface, nil when it
// is not known.
func (m *Main) Neighbor(swIf uint32, addr netip.Addr) *Neighbor { return nil }

// AddNeighbor adds or updates a neighbour. A static one is not overwritten by a
// dynamic one (ip_neighbor_add in src/vnet/ip-neighbor/ip_neighbor.c).
func (m *Main) AddNeighbor(swIf uint32, addr netip.Addr, mac packet.MAC, flags NeighborFlags) error {
	return nil
}

// DeleteNeighbor removes a neighbour: ErrNoSuchEntry when it is not known.
func (m *Main) DeleteNeighbor(swIf uint32, addr netip.Addr) error { return nil }

// Neighbors calls fn for each neighbour of the protocol on the interface, or on
// all interfaces for vlib.InvalidIndex, until fn returns false.
func (m *Main) Neighbors(proto fib.Proto, swIf uint32, fn func(*Neighbor) bool) {}

// proxyARPs says if the IPv4 table answers requests for addr on behalf of
// others (src/vnet/arp/arp_proxy.c).
func (m *Main) proxyARPs(fibIndex uint32, addr netip.Addr) bool { return false }

// proxyARPEnabled says if the interface answers requests for proxied addresses.
func (m *Main) proxyARPEnabled(swIf uint32) bool { return false }
