package scenarios

import (
	"encoding/json"
	"net/netip"
	"time"
)

// A Path is a packet's way through the bed: hops in order of time. When the packet was duplicated or cut into fragments the hops of
// all its parts are there, told apart by Hop.Copy.
type Path []Hop

// HopKind is what happened at a hop.
type HopKind string

// The kinds of hops.
const (
	HopSent      HopKind = "sent"      // an endpoint's stack handed the packet to its interface
	HopVPP       HopKind = "vpp"       // a VPP took it from an interface and worked on it until it sent it out, punted or dropped it
	HopLink      HopKind = "link"      // it crossed a segment, from one card to another
	HopRouted    HopKind = "routed"    // a router forwarded it
	HopDelivered HopKind = "delivered" // an endpoint's stack accepted it
	HopDropped   HopKind = "dropped"   // it ended here; Reason says why. A VPP's drop is a HopVPP followed by a HopDropped
)

// A Hop is one station of a packet.
type Hop struct {
	At   time.Duration `json:"atNs"` // since the probe began
	Kind HopKind       `json:"kind"`
	Copy int           `json:"copy,omitempty"` // 0 for the packet itself; each fragment or duplicate made on the way has a number of its own
	From int           `json:"from,omitempty"` // of the first hop of a copy: the copy it was made from

	// Where is the name of who did it: of the endpoint (Endpoint.String), node, router or host; of a link, the segment's.
	Where string `json:"where"`
	// Interface is where it came in (HopVPP, HopRouted, HopDelivered) or went out (HopSent), in its owner's names; of a link, the sending card "OWNER/INTERFACE".
	Interface string `json:"interface,omitempty"`
	// Out is where it went out, of HopVPP and HopRouted: "" if it did not. Of a link, the receiving card, "" if lost.
	Out string `json:"out,omitempty"`

	Packet PacketInfo  `json:"packet"`           // as it arrived (HopSent: as sent)
	Graph  []GraphNode `json:"graph,omitempty"`  // of HopVPP: the graph nodes it visited
	Reason string      `json:"reason,omitempty"` // of HopDropped, e.g. "vxlan4-input: no such tunnel", "link cut", "lost (seed)"
}

// A GraphNode is one visit of a packet to a node of VPP's graph.
type GraphNode struct {
	Name string        `json:"name"` // VPP's name: "ip4-lookup"
	Text string        `json:"text"` // what `show trace` prints below the name; may have several lines
	Data TraceRenderer `json:"-"`    // renders Text when it is asked for; nil where Text has been set
}

// TraceRenderer renders what a graph node recorded of a packet as `show trace` does. Most traces are judged by their nodes' names and never read.
type TraceRenderer interface{ Format() string }

// Trace returns what `show trace` prints below the node's name.
func (g GraphNode) Trace() string {
	if g.Data != nil {
		return g.Data.Format()
	}
	return g.Text
}

// MarshalJSON implements json.Marshaler: the text is rendered.
func (g GraphNode) MarshalJSON() ([]byte, error) {
	type plain GraphNode
	return json.Marshal(plain{Name: g.Name, Text: g.Trace()})
}

// PacketInfo is a packet's headers in short.
type PacketInfo struct {
	Source      netip.Addr `json:"source,omitzero"`
	Destination netip.Addr `json:"destination,omitzero"`
	Protocol    uint8      `json:"protocol"` // IANA: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6
	SourcePort  uint16     `json:"sourcePort,omitempty"`
	Port        uint16     `json:"port,omitempty"`
	TTL         uint8      `json:"ttl"`
	Length      int        `json:"length"` // of the IP packet, header included
	Fragment    *Fragment  `json:"fragment,omitempty"`
	Encap       *Encap     `json:"encap,omitempty"` // the tunnel it was in; the fields above are the inner packet's
}

// A Fragment is a fragment's place in its packet.
type Fragment struct {
	ID     uint32 `json:"id"`
	Offset int    `json:"offset"` // bytes
	More   bool   `json:"more"`
}

// Encap is the tunnel header around a packet.
type Encap struct {
	Kind        string     `json:"kind"` // "vxlan"
	VNI         uint32     `json:"vni"`
	Source      netip.Addr `json:"source"`
	Destination netip.Addr `json:"destination"`
	SourcePort  uint16     `json:"sourcePort"`
	Port        uint16     `json:"port"`
	TTL         uint8      `json:"ttl"`
	Length      int        `json:"length"`             // of the outer IP packet
	Fragment    *Fragment  `json:"fragment,omitempty"` // if the outer packet was cut, the inner fields are those of the first fragment, or zero
}
