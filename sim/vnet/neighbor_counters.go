package vnet

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/stats"
)

// NeighborMessage is a kind of ARP or neighbour discovery message that
// interfaces count (foreach_ip_neighbor_counter_type in
// src/vnet/ip-neighbor/ip_neighbor_types.h).
type NeighborMessage uint8

// Kinds of counted messages.
const (
	NeighborReply NeighborMessage = iota
	NeighborRequest
	NeighborGratuitous
	numNeighborMessages
)

func (k NeighborMessage) String() string {
	if k >= numNeighborMessages {
		return "unknown"
	}
	return [...]string{"reply", "request", "gratuitous"}[k]
}

// neighborCounters are the vectors by protocol and kind, received and sent;
// slots are interfaces.
type neighborCounters struct {
	rx, tx [2][numNeighborMessages]*stats.Simple
}

// initNeighborStats registers the vectors
// (src/vnet/ip-neighbor/ip_neighbor.c).
func (m *Main) initNeighborStats() {
	c := &m.subsystems.ip.neighbors.counters
	kinds := [numNeighborMessages]string{"replies", "requests", "gratuitous"}
	for p, name := range [2]string{"/net/arp/", "/net/ip6-nd/"} {
		for k, kind := range kinds {
			c.rx[p][k] = m.Stats.Simple(name + "rx/" + kind)
		}
		for k, kind := range kinds {
			c.tx[p][k] = m.Stats.Simple(name + "tx/" + kind)
		}
	}
}

// NeighborCounters counts an interface's ARP (IPv4) or neighbour discovery
// (IPv6) messages by kind.
type NeighborCounters struct {
	RX, TX [numNeighborMessages]uint64
}

// NeighborCounters returns what an interface counted of a protocol's neighbour
// messages.
func (m *Main) NeighborCounters(p fib.Proto, swIf uint32) (n NeighborCounters) {
	c := &m.subsystems.ip.neighbors.counters
	for k := range n.RX {
		n.RX[k], n.TX[k] = c.rx[p][k].Get(swIf), c.tx[p][k].Get(swIf)
	}
	return n
}

func (m *Main) countNeighborRX(p fib.Proto, swIf uint32, kind NeighborMessage) {
	m.subsystems.ip.neighbors.counters.rx[p][kind].Inc(swIf, 1)
}

func (m *Main) countNeighborTX(p fib.Proto, swIf uint32, kind NeighborMessage) {
	m.subsystems.ip.neighbors.counters.tx[p][kind].Inc(swIf, 1)
}

// resetNeighborCounters makes room for an interface and starts one with a reused
// index at zero.
func (m *Main) resetNeighborCounters(swIf uint32) {
	c := &m.subsystems.ip.neighbors.counters
	for p := range c.rx {
		for k := range c.rx[p] {
			c.rx[p][k].Validate(swIf)
			c.rx[p][k].Set(swIf, 0)
			c.tx[p][k].Validate(swIf)
			c.tx[p][k].Set(swIf, 0)
		}
	}
}
