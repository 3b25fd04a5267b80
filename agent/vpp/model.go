// Package vpp makes a running VPP match a described state.
//
// State describes tables, interfaces, routes, neighbours and the like. An Engine reads from VPP what is there (Engine.Sync) and then sends only what differs
// from what is wanted (Engine.Apply), in an order in which each message finds what it needs: tables before interfaces, owners of addresses before their
// borrowers, interfaces before routes, admin-up last; deletions the other way round.
//
// Package agent uses it to say what a node should look like. It knows VPP's messages (govpp's binapi), and nothing of Kubernetes, networks or pods.
package vpp

import (
	"fmt"
	"net/netip"
	"strconv"
)

// Table names an IP table.
type Table struct {
	ID  uint32
	IP6 bool
}

// RouteKey is the identity of a route: its prefix (masked) in a table of the prefix' address family.
type RouteKey struct {
	Table  uint32
	Prefix netip.Prefix
}

// Path is where a route leads. Exactly one form is used:
//
//	{Interface}                 attached to the interface (the rest of a host route: the next hop is the address itself)
//	{Interface, NextHop}        to a neighbour on the interface
//	{NextHop}                   recursive, via what the same table says of NextHop
//	{Lookup: true, Table}       look the address up in another table
type Path struct {
	Interface string
	NextHop   netip.Addr
	Lookup    bool
	Table     uint32
}

// MPath is one interface's part in a multicast route.
type MPath struct {
	Interface       string
	Accept, Forward bool
}

// NeighbourKey is the identity of a static neighbour.
type NeighbourKey struct {
	Interface string
	Address   netip.Addr
}

// MAC is an Ethernet address.
type MAC [6]byte

// String returns the usual form, "02:00:00:00:00:01".
func (m MAC) String() string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}

// NeighbourLimits are the parameters of a neighbour table (ip_neighbor_config).
type NeighbourLimits struct {
	MaxNumber uint32 // entries
	MaxAge    uint32 // seconds; 0 means for ever
	Recycle   bool   // whether a full table reuses the oldest entry
}

// State is a set of things VPP has, or should have. The zero State is empty and ready to use. Interfaces are named by their names here, see Interface.Name.
type State struct {
	Tables     map[Table]string // names
	Interfaces map[string]*Interface
	Routes     map[RouteKey][]Path
	MRoutes    map[RouteKey][]MPath
	Neighbours map[NeighbourKey]MAC
	// PuntRedirects: packets of an address family (true: IPv6) that VPP punts are looked up in a table instead. Setting one first makes VPP
	// punt unknown TCP and UDP ports (set_punt), which VPP does not report; the redirect stands for both.
	PuntRedirects map[bool]uint32
	// ProxyARP lists tables in which VPP answers ARP requests for every address.
	ProxyARP map[uint32]bool
	// Limits of the neighbour tables (true: IPv6).
	Limits map[bool]NeighbourLimits
}

// Interface is a VPP interface and what is attached to it.
type Interface struct {
	// Name identifies the interface: its tag in VPP, at most 63 bytes. A VXLAN interface has no tag, its Name is VXLAN.Name.
	Name string
	// Device says what it is, and how to create it.
	Device Device
	// Table is the id of both its IPv4 and its IPv6 table.
	Table uint32
	// Addresses with prefix lengths and host bits, sorted.
	Addresses []netip.Prefix
	// Unnumbered is the name of the interface whose addresses it borrows; that one must be in the same tables. "" for none.
	Unnumbered string
	// MTU for IP packets; 0 leaves VPP's default.
	MTU int
	// Up is the admin state.
	Up bool
	// RPFTable: source addresses of packets received must have a route in this table (loose reverse path check); 0 for no check.
	RPFTable uint32
	// Settings are those that VPP does not report.
	Settings Settings
}

// Settings of an interface that VPP does not report. They are sent before the interface is first set admin-up, so an interface
// that is found admin-up is taken to have them.
type Settings struct {
	Promiscuous bool
	IP6         bool   // enable IPv6 without an address
	SuppressRA  bool   // send no router advertisements
	GSO         bool   // segment what is too large for this interface
	ProxyARP    bool   // answer as State.ProxyARP says
	NDProxy     bool   // answer neighbour solicitations for every address
	RxMode      RxMode // of all queues; "" leaves VPP's default
	// BestEffortRxMode makes a refused RxMode no error: not every driver has every mode.
	BestEffortRxMode bool
}

// RxMode is how VPP learns of packets: "polling", "interrupt" or "adaptive".
type RxMode string

// Device is a kind of interface: AFPacket, Tap, Loopback, Memif or VXLAN. Devices are comparable values.
type Device interface{ devType() string }

// AFPacket is an interface on an existing Linux device.
type AFPacket struct {
	HostInterface string
	MAC           MAC // zero: a random one, another after each restart of VPP
}

// Tap is an interface with a tun or tap device in a network namespace as its other end.
type Tap struct {
	HostInterface string
	Namespace     string // as tap_create_v3 takes it: a path, a name, or "pid:1"; "" for VPP's own
	Tun           bool   // IP packets instead of Ethernet frames
	MAC, HostMAC  MAC    // zero: VPP's choice
	HostMTU       int    // bytes; 0: Linux' default
	RxQueues      int
	TxQueues      int
	RxSize        int // descriptors
	TxSize        int
	GSO           bool // GSO and GRO
	Persist       bool // the Linux device outlives VPP, and is attached to if it exists
}

// Loopback is a loopback interface.
type Loopback struct{ MAC MAC }

// Memif is the listening (master) end of a memif.
type Memif struct {
	Socket   string // as memif_socket_filename_add_del_v2 takes it, e.g. "abstract:memif1,netns_name=/var/run/netns/a"
	IP       bool   // IP packets instead of Ethernet frames
	MAC      MAC    // zero: VPP's choice
	RingSize int    // descriptors, a power of two; 0: VPP's default
	RxQueues int
	TxQueues int
}

// VXLAN is a layer-3 tunnel: it carries IP packets of one address family without an inner Ethernet header.
type VXLAN struct {
	Src, Dst   netip.Addr
	VNI        uint32
	Port       uint16 // local and remote UDP port
	EncapTable uint32
	InnerIP6   bool
}

// Name returns the Interface.Name of a tunnel: VPP identifies it by the same values.
func (v VXLAN) Name() string {
	var room [128]byte
	b := append(v.Src.AppendTo(append(room[:0], "vxlan "...)), ' ')
	b = append(v.Dst.AppendTo(b), " port "...)
	b = append(strconv.AppendUint(b, uint64(v.Port), 10), " vni "...)
	b = append(strconv.AppendUint(b, uint64(v.VNI), 10), " table "...)
	return string(strconv.AppendUint(b, uint64(v.EncapTable), 10))
}

// devType returns the device type that sw_interface_details reports.
func (AFPacket) devType() string { return "af-packet" }
func (Tap) devType() string      { return "virtio" }
func (Loopback) devType() string { return "Loopback" }
func (Memif) devType() string    { return "memif" }
func (VXLAN) devType() string    { return "VXLAN" }

// AddTable adds a table of both address families, named NAME-ip4 and NAME-ip6.
func (s *State) AddTable(id uint32, name string) {
	put(&s.Tables, Table{ID: id}, name+"-ip4")
	put(&s.Tables, Table{ID: id, IP6: true}, name+"-ip6")
}

// AddInterface adds an interface.
func (s *State) AddInterface(i *Interface) { put(&s.Interfaces, i.Name, i) }

// AddRoute adds a route with one path.
func (s *State) AddRoute(table uint32, prefix netip.Prefix, path Path) {
	put(&s.Routes, RouteKey{Table: table, Prefix: prefix.Masked()}, []Path{path})
}

// AddNeighbour adds a static neighbour.
func (s *State) AddNeighbour(interfaceName string, address netip.Addr, mac MAC) {
	put(&s.Neighbours, NeighbourKey{Interface: interfaceName, Address: address}, mac)
}

// put stores into a map that may not exist yet.
func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}
