package scenarios

import (
	"net/netip"
	"time"
)

// TestBed is what a backend is asked to build: the topology of a scenario with every default filled in.
type TestBed struct {
	Name     string    `json:"name"` // the scenario's name
	Seed     uint64    `json:"seed"` // for everything random: loss, duplication, ports
	Segments []Segment `json:"segments"`
	Routers  []Router  `json:"routers,omitempty"`
	Nodes    []Node    `json:"nodes"`
	Hosts    []Host    `json:"hosts,omitempty"`

	Capture bool `json:"capture,omitempty"` // Bed.Captures will be called: record packets from the start
}

// A Segment is a layer-2 network, a switch to which nodes, hosts and routers are attached.
type Segment struct {
	Name    string         `json:"name"`
	Subnets []netip.Prefix `json:"subnets"` // masked; at most one per address family
	MTU     int            `json:"mtu"`     // largest IP packet in bytes that it carries; larger ones are lost silently
	Quality Quality        `json:"quality"` // of each link to the segment that has none of its own
}

// Quality is how well a link carries frames, in each direction on its own. The zero Quality is a perfect link.
type Quality struct {
	Delay     time.Duration `json:"delayNs,omitempty"`   // one way
	Jitter    time.Duration `json:"jitterNs,omitempty"`  // added to Delay: uniform in [0, Jitter); frames may overtake each other
	Loss      float64       `json:"loss,omitempty"`      // probability in [0,1] that a frame is lost
	Duplicate float64       `json:"duplicate,omitempty"` // probability in [0,1] that a frame arrives twice
}

// An Attachment is one network card: an owner's (node, host or router) link to a segment.
type Attachment struct {
	Interface string         `json:"interface"` // the card's name on its owner: "eth0", "eth1", ...
	Segment   string         `json:"segment"`
	Addresses []netip.Prefix `json:"addresses"` // address with the length of its subnet
	MTU       int            `json:"mtu"`       // of the card
	Quality   Quality        `json:"quality"`

	// PhysicalNetwork is the name under which Networks can ask for this uplink (spec.physicalNetworkName); "" is the default one. Nodes only.
	PhysicalNetwork string `json:"physicalNetwork,omitempty"`
}

// A Route is a static route of a router, host or node's Linux side.
type Route struct {
	To  netip.Prefix `json:"to"`  // masked; 0.0.0.0/0 and ::/0 are default routes
	Via netip.Addr   `json:"via"` // a neighbour on one of the owner's segments
}

// A Router forwards between segments, decrements TTL and sends ICMP errors as RFC 1812 and RFC 4443 ask for.
type Router struct {
	Name   string       `json:"name"`
	Links  []Attachment `json:"links"`
	Routes []Route      `json:"routes,omitempty"`
}

// A Node is a cluster node: a Linux host into whose uplinks VPP is inserted.
type Node struct {
	Name       string         `json:"name"`
	Uplinks    []Attachment   `json:"uplinks"` // the first is the main one, its addresses are the Node object's InternalIPs
	Routes     []Route        `json:"routes,omitempty"`
	PodSubnets []netip.Prefix `json:"podSubnets"` // spec.podCIDRs: the node's share of the default pod network, at most one per family
}

// A Host is a machine outside the cluster.
type Host struct {
	Name   string       `json:"name"`
	Links  []Attachment `json:"links"`
	Routes []Route      `json:"routes,omitempty"`
}

// A PodStatus is what became of a pod.
type PodStatus struct {
	Namespace  string         `json:"namespace"`
	Name       string         `json:"name"`
	Node       string         `json:"node"`              // "" while not scheduled
	Phase      string         `json:"phase"`             // Kubernetes' PodPhase: "Pending", "Running", "Succeeded", "Failed"
	Message    string         `json:"message,omitempty"` // why it is not running: the CNI's error
	Interfaces []PodInterface `json:"interfaces"`        // in the order they were added; eth0 first
}

// A PodInterface is one interface of a pod.
type PodInterface struct {
	Name      string       `json:"name"`    // "eth0", or what the networks annotation asks for
	Network   string       `json:"network"` // the Network object's name; "" is the cluster's default network
	Addresses []netip.Addr `json:"addresses"`
}

// FaultKind says what happens to what.
type FaultKind string

// The faults. Link faults hit the links of Owner to Segment; a process's fault hits the VPP or agent of Node.
const (
	FaultCut          FaultKind = "cut"           // the link is down: its ends see no carrier, frames under way are lost
	FaultRestore      FaultKind = "restore"       // the link is up again
	FaultQuality      FaultKind = "quality"       // the link takes on Fault.Quality
	FaultVPPCrash     FaultKind = "vpp-crash"     // VPP dies at once, with its state, and stays down
	FaultVPPStart     FaultKind = "vpp-start"     // a crashed VPP starts, empty
	FaultVPPRestart   FaultKind = "vpp-restart"   // VPP dies and starts again at once, empty
	FaultAgentCrash   FaultKind = "agent-crash"   // the agent dies at once and stays down; VPP keeps its state
	FaultAgentStart   FaultKind = "agent-start"   // a crashed agent starts
	FaultAgentRestart FaultKind = "agent-restart" // the agent dies and starts again at once
)

// A Fault is something that breaks, or is repaired.
type Fault struct {
	Kind    FaultKind `json:"kind"`
	Node    string    `json:"node,omitempty"`    // of process faults
	Owner   string    `json:"owner,omitempty"`   // of link faults: node, host or router; "" means every owner on Segment
	Segment string    `json:"segment,omitempty"` // of link faults: "" means every segment that Owner is attached to
	Quality Quality   `json:"quality,omitzero"`  // of FaultQuality
}
