package fib

import "github.com/vpptwin/vpptwin/sim/stats"

// InvalidIndex is VPP's ~0: no interface, no table, no object.
const InvalidIndex = ^uint32(0)

// InterfaceKind says how neighbours are found on an interface.
type InterfaceKind uint8

// Interface kinds.
const (
	// Broadcast interfaces resolve neighbours (Ethernet).
	Broadcast InterfaceKind = iota
	// PointToPoint interfaces have one peer (tun, VXLAN in L3 mode).
	PointToPoint
	// NBMA interfaces have many peers that something above resolves.
	NBMA
)

// Interfaces is what the FIB asks of interfaces. The FIB calls it only from
// its own control methods, and tells it nothing it could not ask again.
type Interfaces interface {
	// Exists says if the interface exists.
	Exists(swIf uint32) bool
	// Name returns the interface's name for formatted output.
	Name(swIf uint32) string
	// Up says if the interface is administratively up, and its parent as
	// well (vnet_sw_interface_is_up). Link state does not matter.
	Up(swIf uint32) bool
	// Kind returns how neighbours are found.
	Kind(swIf uint32) InterfaceKind
	// MTU returns the largest packet in bytes of the given type that the
	// interface takes (vnet_sw_interface_get_mtu).
	MTU(swIf uint32, link LinkType) uint16
	// OutputNode returns the graph node that follows a rewrite for packets of
	// the type (interface-output node), and the slot that leads there from the
	// rewrite node for formatted output.
	OutputNode(swIf uint32, link LinkType) (node, slot uint32)
	// OutputFeatures says if the interface has features on its output arc for
	// the type.
	OutputFeatures(swIf uint32, link LinkType) bool
	// Table returns the fib_index of the table that the interface is bound to.
	Table(swIf uint32, proto Proto) uint32
	// UnnumberedOwner returns the interface whose addresses this one borrows,
	// InvalidIndex for none.
	UnnumberedOwner(swIf uint32) uint32
	// BuildRewrite writes the header that reaches dst, a link-layer address or
	// nil for broadcast, into out and returns its length in bytes; 0 for
	// interfaces without a link-layer header.
	BuildRewrite(swIf uint32, link LinkType, dst []byte, out *[MaxRewrite]byte) int
	// UpdateAdjacency is called for each new neighbour adjacency, incomplete
	// until then, and again when the interface's configuration changed. The
	// interface completes it with FIB.SetRewrite or FIB.SetMidchain, or
	// leaves it incomplete until a neighbour is known
	// (vnet_update_adjacency_for_sw_interface).
	UpdateAdjacency(swIf uint32, adj uint32)
}

// Config is what a FIB needs of its surroundings.
type Config struct {
	Interfaces Interfaces
	// Node returns the index of a graph node by name. New asks for every name
	// that NodeNames lists.
	Node func(name string) uint32
	// Stats is where the counters are registered; nil keeps them apart.
	Stats *stats.Directory
}

// nodeNames gives the graph node of each object type, as registered with
// dpo_register in src/vnet/dpo and src/vnet/adj.
var nodeNames = [numDPOTypes][numProtos]string{
	DPODrop:                {"ip4-drop", "ip6-drop"},
	DPOPunt:                {"ip4-punt", "ip6-punt"},
	DPOReceive:             {"ip4-receive", "ip6-receive"},
	DPOLoadBalance:         {"ip4-load-balance", "ip6-load-balance"},
	DPOReplicate:           {"ip4-replicate", "ip6-replicate"},
	DPOAdjacency:           {"ip4-rewrite", "ip6-rewrite"},
	DPOAdjacencyIncomplete: {"ip4-arp", "ip6-discover-neighbor"},
	DPOAdjacencyGlean:      {"ip4-glean", "ip6-glean"},
	DPOAdjacencyMcast:      {"ip4-rewrite-mcast", "ip6-rewrite-mcast"},
	DPOAdjacencyMidchain:   {"ip4-midchain", "ip6-midchain"},
	DPOAdjacencyMcastMid:   {"ip4-mcast-midchain", "ip6-mcast-midchain"},
	DPOLookup:              {"lookup-ip4-dst", "lookup-ip6-dst"},
	DPOLookupSource:        {"lookup-ip4-src", "lookup-ip6-src"},
	DPOLookupMulticast:     {"lookup-ip4-dst-mcast", "lookup-ip6-dst-mcast"},
	DPOLookupInterface:     {"lookup-ip4-dst-itf", "lookup-ip6-dst-itf"},
	DPOIPNull:              {"ip4-null", "ip6-null"},
	DPOIP6LinkLocal:        {"", "ip6-link-local"},
	DPOInterfaceRx:         {"interface-rx-dpo-ip4", "interface-rx-dpo-ip6"},
	DPODVR:                 {"ip4-dvr-dpo", "ip6-dvr-dpo"},
	DPOClassify:            {"ip4-classify", "ip6-classify"},
}

// NodeNames returns the names of all graph nodes that objects send packets to.
func NodeNames() []string {
	var names []string
	for _, perProto := range nodeNames {
		for _, n := range perProto {
			if n != "" {
				names = append(names, n)
			}
		}
	}
	return names
}
