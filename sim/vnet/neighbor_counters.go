package vnet

import "github.com/vpptwin/vpptwin/sim/fib"

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

// NeighborCounters counts an interface's ARP (IPv4) or neighbour discovery
// (IPv6) messages by kind: /net/arp/rx/requests and its like.
type NeighborCounters struct {
	RX, TX [numNeighborMessages]uint64
}

// NeighborCounters returns what an interface counted of a protocol's neighbour
// messages.
func (m *Main) NeighborCounters(p fib.Proto, swIf uint32) NeighborCounters {
	list := m.subsystems.ip.neighbors.counters[p]
	if uint64(swIf) >= uint64(len(list)) {
		return NeighborCounters{}
	}
	return list[swIf]
}

func (m *Main) countNeighborRX(p fib.Proto, swIf uint32, kind NeighborMessage) {
	at(&m.subsystems.ip.neighbors.counters[p], swIf).RX[kind]++
}

func (m *Main) countNeighborTX(p fib.Proto, swIf uint32, kind NeighborMessage) {
	at(&m.subsystems.ip.neighbors.counters[p], swIf).TX[kind]++
}

// resetNeighborCounters starts an interface with a reused index at zero.
func (m *Main) resetNeighborCounters(swIf uint32) {
	for p := range m.subsystems.ip.neighbors.counters {
		*at(&m.subsystems.ip.neighbors.counters[p], swIf) = NeighborCounters{}
	}
}
