package scenarios

import "net/netip"

// A Scenario is the content of a scenario file. The field tags are the format's definition: the parser and the
// JSON schema both follow them, and docs/scenarios.md explains it with examples.
type Scenario struct {
	Name        string           `yaml:"name" doc:"Short name, as verdicts print it. Default: the file's name without extension."`
	Description string           `yaml:"description" doc:"What the scenario shows, for a reader."`
	Extra       []Capability     `yaml:"needs" doc:"Capabilities of the backend that the steps do not already imply."`
	Topology    TopologySpec     `yaml:"topology" doc:"The cluster and the network around it. Default: two dual-stack nodes on one segment."`
	Manifests   []ManifestSource `yaml:"manifests" doc:"Kubernetes objects applied before the first step, in this order."`
	Steps       []Step           `yaml:"steps" req:"true" doc:"What is done and expected, in order."`

	File string // path the scenario was read from, for messages

	objects   []Manifest // of Manifests
	bed       TestBed
	positions positions
	notices   []Notice
	dir       *directory
}

// TopologySpec is the `topology` section; Scenario.TestBed is what becomes of it.
type TopologySpec struct {
	Families   Families       `yaml:"families" doc:"Address families of everything that has no addresses of its own: ipv4, ipv6 or dual. Default: dual."`
	Nodes      NodesSpec      `yaml:"nodes" doc:"How many nodes (node1, node2, ...), or a list of them. Default: 2."`
	Segments   []SegmentSpec  `yaml:"segments" doc:"Layer-2 networks. Default: one named fabric."`
	Routers    []RouterSpec   `yaml:"routers" doc:"Routers between segments."`
	Hosts      []HostSpec     `yaml:"hosts" doc:"Machines outside the cluster."`
	PodSubnets []netip.Prefix `yaml:"podSubnets" doc:"Default pod network, cut into one share per node. Default: 10.244.0.0/16 and fd00:10:244::/48."`
	Seed       uint64         `yaml:"seed" doc:"For everything random. Default: 1."`
}

// Families selects address families.
type Families string

// The values of Families.
const (
	FamiliesIPv4 Families = "ipv4"
	FamiliesIPv6 Families = "ipv6"
	FamiliesDual Families = "dual"
)

func (Families) values() []string { return []string{"ipv4", "ipv6", "dual"} }

// NodesSpec is a number of nodes or a list of them.
type NodesSpec []NodeSpec

// NodeSpec is one node of the list.
type NodeSpec struct {
	Name       string `yaml:"name" req:"true" doc:"The node's name."`
	LinkSpec   `yaml:",inline"`
	Uplinks    []LinkSpec     `yaml:"uplinks" doc:"Instead of segment, addresses, mtu, link: several uplinks, of which the first is the main one."`
	Routes     []RouteSpec    `yaml:"routes" doc:"Static routes of the node."`
	PodSubnets []netip.Prefix `yaml:"podSubnets" doc:"The node's share of the default pod network. Default: the next share of topology.podSubnets."`
}

// LinkSpec attaches a node, router or host to a segment.
type LinkSpec struct {
	Segment         string         `yaml:"segment" doc:"Name of the segment. Default: the first one."`
	Addresses       []netip.Prefix `yaml:"addresses" doc:"Addresses with prefix length. Default: the next free ones of the segment's subnets."`
	MTU             int            `yaml:"mtu" min:"68" max:"65535" doc:"MTU of the card in bytes. Default: the segment's."`
	Link            *QualitySpec   `yaml:"link" doc:"How well this link carries frames. Default: as the segment says."`
	PhysicalNetwork string         `yaml:"physicalNetwork" doc:"Nodes: the name under which Networks ask for this uplink (spec.physicalNetworkName)."`
}

// SegmentSpec is a layer-2 network.
type SegmentSpec struct {
	Name    string         `yaml:"name" req:"true" doc:"The segment's name."`
	Subnets []netip.Prefix `yaml:"subnets" doc:"At most one per family. Default for the n-th segment, from 0: 192.168.n.0/24 and fd00:192:168:n::/64."`
	MTU     int            `yaml:"mtu" min:"68" max:"65535" doc:"Largest IP packet in bytes. Default: 1500."`
	Link    QualitySpec    `yaml:"link" doc:"How well each link to the segment carries frames. Default: perfectly."`
}

// QualitySpec is how well a link carries frames.
type QualitySpec struct {
	Delay     Duration `yaml:"delay" doc:"One way, e.g. 1ms."`
	Jitter    Duration `yaml:"jitter" doc:"Added to delay at random, between 0 and this."`
	Loss      Ratio    `yaml:"loss" doc:"Share of frames that are lost, e.g. 10% or 0.1."`
	Duplicate Ratio    `yaml:"duplicate" doc:"Share of frames that arrive twice."`
}

// RouterSpec is a router.
type RouterSpec struct {
	Name   string      `yaml:"name" req:"true" doc:"The router's name."`
	Links  []LinkSpec  `yaml:"links" req:"true" doc:"Its links, at least two."`
	Routes []RouteSpec `yaml:"routes" doc:"Static routes beyond its own subnets."`
}

// HostSpec is a machine outside the cluster.
type HostSpec struct {
	Name     string `yaml:"name" req:"true" doc:"The host's name."`
	LinkSpec `yaml:",inline"`
	Links    []LinkSpec  `yaml:"links" doc:"Instead of segment, addresses, mtu, link: several links."`
	Routes   []RouteSpec `yaml:"routes" doc:"Static routes."`
}

// RouteSpec is a static route.
type RouteSpec struct {
	To  string `yaml:"to" req:"true" doc:"A prefix; default; or a node's name, which means that node's pod subnets."`
	Via string `yaml:"via" req:"true" doc:"An address, or the name of a node, router or host on the same segment."`
}

// ManifestSource is where Kubernetes objects come from: exactly one of its fields is set.
type ManifestSource struct {
	File   string `yaml:"file" doc:"A YAML file of any number of documents, relative to the scenario file."`
	Inline string `yaml:"inline" doc:"The YAML text itself, of any number of documents."`
}
