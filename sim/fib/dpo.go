package fib

import "net/netip"

// Proto is the protocol of an entry or object.
type Proto uint8

// Protocols, with VPP's numbers for tables (FIB_PROTOCOL_IP4, _IP6).
const (
	IP4 Proto = iota
	IP6
	numProtos
)

func (p Proto) String() string { return [...]string{"ip4", "ip6"}[p] }

// Link returns the type of the protocol's packets on a link.
func (p Proto) Link() LinkType { return LinkType(p) }

// ProtoOf returns the protocol of an address.
func ProtoOf(a netip.Addr) Proto {
	if a.Is4() {
		return IP4
	}
	return IP6
}

// DPOType is the kind of a data-path object (src/vnet/dpo/dpo.h).
type DPOType uint8

// Data-path object types.
const (
	DPODrop        DPOType = iota
	DPOPunt                //
	DPOReceive             // Index: a Receive
	DPOLoadBalance         // Index: a LoadBalance
	DPOReplicate           // Index: a Replicate
	DPOAdjacency           // Index: an Adjacency, complete (neighbour rewrite)
	DPOAdjacencyIncomplete
	DPOAdjacencyGlean
	DPOAdjacencyMcast
	DPOAdjacencyMidchain
	DPOAdjacencyMcastMid
	DPOLookup          // Index: a Lookup by destination
	DPOLookupSource    // Index: a Lookup by source
	DPOLookupMulticast // Index: a Lookup of a group in an mfib
	DPOLookupInterface // Index: a Lookup in the receiving interface's table
	DPOIPNull          // Index: the NullAction
	DPOIP6LinkLocal    // lookup in the receiving interface's link-local table
	DPOInterfaceRx     // Index: a sw_if_index to receive on
	DPOInterfaceTx     // Index: a sw_if_index to send by
	DPODVR             // Index: a sw_if_index to bridge to
	DPOClassify        // Index: a classify table
	DPOExtension       // Index: an object of a package above, such as a translation
	numDPOTypes
)

// IsAdjacency says if the object is one of the kinds of adjacency.
func (t DPOType) IsAdjacency() bool { return t >= DPOAdjacency && t <= DPOAdjacencyMcastMid }

// DPO is what a packet meets next: the graph node that handles it and the
// index of the object the node reads. It is small, comparable and copied
// freely.
type DPO struct {
	Type  DPOType
	Proto Proto
	// Node is the graph node's index; the packet is sent there with
	// Buffer.Adj set to Index.
	Node uint32
	// Index is the object's index in its pool.
	Index uint32
}

// NullAction is what a null path answers the sender (src/vnet/dpo/ip_null_dpo.h);
// it is the Index of a DPOIPNull.
type NullAction uint32

// Null actions.
const (
	NullNone NullAction = iota
	NullUnreachable
	NullProhibit
)

// FlowHash selects the header fields of the flow hash, with VPP's bits
// (src/vnet/ip/ip_flow_hash.h).
type FlowHash uint32

// Flow hash fields.
const (
	FlowHashSrc FlowHash = 1 << iota
	FlowHashDst
	FlowHashSrcPort
	FlowHashDstPort
	FlowHashProto
	FlowHashReverse
	FlowHashSymmetric
	FlowHashFlowLabel
	FlowHashGTPv1TEID

	// FlowHashDefault is what a new table uses.
	FlowHashDefault = FlowHashSrc | FlowHashDst | FlowHashProto | FlowHashSrcPort | FlowHashDstPort | FlowHashFlowLabel
)

// LoadBalance is the forwarding of one entry: a power of two of buckets among
// which the flow hash chooses. It fills one cache line.
type LoadBalance struct {
	// Buckets holds the choices; its length is a power of two, 1 for a single
	// path.
	Buckets []DPO
	// FlowHash is the table's configuration for this object.
	FlowHash FlowHash
	// URPF is the index of the list of interfaces that the entry's paths leave
	// by; see FIB.RPFInterfaces.
	URPF uint32
	// Proto is the packets' protocol.
	Proto Proto
	// one holds the bucket of a single path, so that it shares the cache line.
	one [1]DPO
	_   [16]byte // to a cache line
}

// Receive makes packets this instance's own.
type Receive struct {
	// Addr is the local address, invalid for a receive that is not an
	// interface's own address.
	Addr netip.Addr
	// SwIf is the interface that has the address, InvalidIndex for none.
	SwIf uint32
}

// Lookup is a second lookup of a packet, in another table.
type Lookup struct {
	// FibIndex is the table (fib_index, or mfib index of a multicast lookup);
	// unused with a DPOLookupInterface.
	FibIndex uint32
	Proto    Proto
	// Source says that the source address is looked up.
	Source bool
	// Multicast says that the lookup is in an mfib.
	Multicast bool
	// Interface says that the table is that of the interface the packet is
	// seen as received on.
	Interface bool
}

// Replicate copies a packet to each of its buckets.
type Replicate struct {
	Buckets []DPO
	// HasLocal says that one of the buckets is a receive, which mfib RPF checks
	// treat specially.
	HasLocal bool
	Proto    Proto
}

// LinkType says what an adjacency's packets are (vnet_link_t).
type LinkType uint8

// Link types. LinkIP4 and LinkIP6 equal IP4 and IP6.
const (
	LinkIP4 LinkType = iota
	LinkIP6
	LinkMPLS
	LinkEthernet
	LinkARP
	LinkNSH
)

func (l LinkType) String() string {
	return [...]string{"ipv4", "ipv6", "mpls", "ethernet", "arp", "nsh"}[l]
}

// MaxRewrite is the largest rewrite in bytes (VLIB_BUFFER_PRE_DATA_SIZE less
// the header); an IPv6 VXLAN encapsulation with its Ethernet header has 70.
const MaxRewrite = 128
