package fib

import "net/netip"

// AdjacencyType is the kind of an adjacency (ip_lookup_next_t in
// src/vnet/adj/adj.h).
type AdjacencyType uint8

// Adjacency types.
const (
	AdjIncomplete AdjacencyType = iota
	AdjRewrite
	AdjGlean
	AdjMcast
	AdjMidchain
	AdjMcastMidchain
	AdjBroadcast
)

// Fixup finishes a rewrite that depends on the packet: it writes lengths,
// ports and checksums of an encapsulation. pkt starts at the rewrite, inner
// is the length of the packet it was put in front of, hash the flow's hash.
type Fixup func(pkt []byte, inner int, hash uint32)

// Adjacency is a neighbour on an interface: what is put in front of a packet
// and where it goes then.
type Adjacency struct {
	// SwIf is the interface the packets leave by.
	SwIf uint32
	// NextNode is the graph node after the rewrite: the interface's output node
	// (or its tunnel's), as given by Interfaces.
	NextNode uint32
	// MTU is the largest IP packet in bytes.
	MTU uint16
	// RewriteLen is the length in bytes of Rewrite.
	RewriteLen uint8
	Type       AdjacencyType
	Link       LinkType
	// Proto is the protocol of NextHop.
	Proto Proto
	// OutputFeatures says that the interface has features on its
	// ip4-output/ip6-output arc, which the rewrite node must start.
	OutputFeatures bool
	// MulticastMAC says how many trailing bytes of the destination address the
	// rewrite node writes at MulticastOffset of the rewrite (adj_mcast.h).
	MulticastMask   uint32
	MulticastOffset uint8
	// Rewrite is written in front of the packet, RewriteLen bytes of it.
	Rewrite [MaxRewrite]byte

	// Fixup finishes a midchain's rewrite, nil for none.
	Fixup Fixup
	// Stacked is where a midchain's packets go after the rewrite.
	Stacked DPO
	// Originate says that a midchain's packets are this instance's own once they
	// are encapsulated, so that no hop is taken off them and they may be
	// fragmented.
	Originate bool
	// HashInner says that the flow hash of the packet, not of its encapsulation,
	// chooses among the paths to a midchain's far end.
	HashInner bool
	// IP4In4 marks a midchain of IPv4 in IPv4, for formatted output.
	IP4In4 bool
	// Released is called when the adjacency goes, nil for nobody to tell.
	Released func()
	// NextHop is the neighbour's address; unspecified on point-to-point
	// interfaces. For a glean it is the address that requests are sent from,
	// invalid when the prefix is attached without being connected.
	NextHop netip.Addr
	// Prefix is the connected prefix of a glean with the interface's address:
	// the address that requests are sent from.
	Prefix netip.Prefix

	key      adjKey
	nextSlot uint32
	itfPos   uint32
	locks    uint32
	children depList
}
