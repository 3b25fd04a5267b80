package fib

// Proto is the protocol of an entry or object.
type Proto uint8

// Protocols, with VPP's numbers for tables (FIB_PROTOCOL_IP4, _IP6).
const (
	IP4 Proto = iota
	IP6
	numProtos
)

func (p Proto) String() string { return [...]string{"ip4", "ip6"}[p] }

// DPOType is the kind of a data-path object (src/vnet/dpo/dpo.h).
type DPOType uint8

// Data-path object types.
const (
	DPODrop DPOType = iota
	DPOPunt
	DPOReceive            // Index: a Receive
	DPOLoadBalance        // Index: a LoadBalance
	DPOReplicate          // Index: a Replicate
	DPOAdjacency          // Index: an Adjacency, complete (nbr rewrite)
	DPOAdjacencyIncomplete
	DPOAdjacencyGlean
	DPOAdjacencyMcast
	DPOAdjacencyMidchain
	DPOLookup             // Index: a Lookup
	DPOIPNull             // Index: the IPNull action
	DPOInterfaceRx        // Index: an InterfaceRx
	DPOInterfaceTx        // Index: a sw_if_index
	DPOClassify           // Index: a classify table
	DPOExtension          // Index: an object of a package above, such as a translation
)

// DPO is what a packet meets next: the graph node that handles it and the
// index of the object the node reads. It is small and copied freely.
type DPO struct {
	Type  DPOType
	Proto Proto
	// Node is the graph node's index; the packet is sent there with
	// Buffer.Adj set to Index.
	Node uint32
	// Index is the object's index in its pool.
	Index uint32
}

// FlowHash selects the header fields of the flow hash, with VPP's bits
// (src/vnet/ip/ip_flow_hash.h).
type FlowHash uint32

// Flow hash fields.
const (
	FlowHashSrc FlowHash = 1 << iota
	FlowHashDst
	FlowHashProto
	FlowHashSrcPort
	FlowHashDstPort
	FlowHashReverse
	FlowHashSymmetric
	FlowHashFlowLabel
	FlowHashGTPv1TEID

	// FlowHashDefault is what a new table uses.
	FlowHashDefault = FlowHashSrc | FlowHashDst | FlowHashProto | FlowHashSrcPort | FlowHashDstPort | FlowHashFlowLabel
)

// LoadBalance is the forwarding of one entry: a power of two of buckets among
// which the flow hash chooses.
type LoadBalance struct {
	// Buckets holds the choices; its length is a power of two, 1 for a single
	// path.
	Buckets []DPO
	// FlowHash is the table's configuration for this object.
	FlowHash FlowHash
	// Packets and Bytes count what the entry forwarded (/net/route/to).
	Packets, Bytes uint64
	// URPF lists the interfaces the entry's paths leave by, for strict
	// reverse-path checks; empty for drop.
	URPF []uint32
	// Locks counts users; Proto is the packets' protocol.
	Proto Proto
}

// LinkType says what an adjacency's packets are (vnet_link_t).
type LinkType uint8

// Link types.
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
