package scenarios

import (
	"net/netip"
	"time"
)

// EndpointKind says what sort of thing sends or receives.
type EndpointKind string

// The kinds of endpoints.
const (
	EndpointPod  EndpointKind = "pod"
	EndpointNode EndpointKind = "node" // the Linux side of a cluster node, behind VPP's host tap
	EndpointHost EndpointKind = "host" // a machine outside the cluster
)

// An Endpoint is where packets begin and end. It is comparable.
type Endpoint struct {
	Kind      EndpointKind `json:"kind"`
	Namespace string       `json:"namespace,omitempty"` // pods only
	Name      string       `json:"name"`
	Interface string       `json:"interface,omitempty"` // a pod's interface; "" for nodes and hosts, which choose by route
}

// String returns the endpoint as scenario files write it: "pod a/eth1", "pod other/a/eth1" (namespaces other than default), "node node1", "host outside".
func (e Endpoint) String() string {
	s := string(e.Kind) + " "
	if e.Kind == EndpointPod && e.Namespace != "default" {
		s += e.Namespace + "/"
	}
	s += e.Name
	if e.Interface != "" {
		s += "/" + e.Interface
	}
	return s
}

// ProbeKind is the method of a probe.
type ProbeKind string

// The kinds of probes.
const (
	ProbePing       ProbeKind = "ping"       // ICMP or ICMPv6 echo requests
	ProbeUDP        ProbeKind = "udp"        // datagrams, which the target echoes
	ProbeTCP        ProbeKind = "tcp"        // connections: handshake, Size bytes sent and echoed, orderly close
	ProbeTraceroute ProbeKind = "traceroute" // UDP datagrams with TTL 1, 2, ... until the target answers, or TTL packets were sent
)

// A Probe is packets to be sent, without any opinion about what should become of them. Every field but Source and SourcePort is filled in.
//
// While a UDP or TCP probe runs, every pod, node and host of the bed listens on Port and echoes, unless Closed: so that a packet which
// arrives in the wrong place is seen there. All of them answer pings at any time.
type Probe struct {
	Kind        ProbeKind     `json:"kind"`
	From        Endpoint      `json:"from"`
	To          Endpoint      `json:"to,omitzero"`       // who is meant to receive it; zero if the scenario gives an address alone
	Destination netip.Addr    `json:"destination"`       // an address of To at this time, or the one the scenario gives
	Source      netip.Addr    `json:"source,omitzero"`   // to send from; zero: the sender's stack chooses
	Count       int           `json:"count"`             // packets, or connections; of a traceroute: packets per TTL, 1
	Interval    time.Duration `json:"intervalNs"`        // between the beginnings of two packets or connections
	Timeout     time.Duration `json:"timeoutNs"`         // how long to wait for the answer to each packet, or for each connection to end
	Size        int           `json:"size"`              // payload bytes of each packet (after the ICMP or UDP header), or of a connection
	DF          bool          `json:"df,omitempty"`      // IPv4: set don't-fragment. IPv6: the sender does not fragment either
	TTL         int           `json:"ttl"`               // TTL or hop limit to send with; of a traceroute the highest
	Port        uint16        `json:"port,omitempty"`    // destination port, of UDP and TCP; the first one of a traceroute
	SourcePort  uint16        `json:"srcPort,omitempty"` // 0: the sender's stack chooses
	DSCP        uint8         `json:"dscp,omitempty"`    // 0 to 63
	Closed      bool          `json:"closed,omitempty"`  // UDP, TCP: nobody listens, so that a port unreachable or a reset is the answer
}

// A ProbeResult is what became of a probe's packets.
type ProbeResult struct {
	Source  netip.Addr     `json:"source"`  // address the packets were sent from
	Packets []PacketResult `json:"packets"` // what was sent, in order: one per packet, or per connection (then about its SYN)
}

// A PacketResult is what became of one packet.
type PacketResult struct {
	Sent      time.Duration `json:"sentNs"`              // since the probe began
	TTL       int           `json:"ttl"`                 // as sent
	SendError string        `json:"sendError,omitempty"` // the sender's stack refused it ("no route to host", "message too long"): nothing was sent

	// Delivered lists every endpoint whose stack accepted the packet as its own (it came whole, to an address of the endpoint), in order of
	// time, the intended one or not, and whether or not anybody listens on the port. Fragments count once, when put together. A
	// duplicated packet is listed as often as it arrived. Of a connection the first SYN counts.
	Delivered []Delivery `json:"delivered,omitempty"`

	Replies []Reply     `json:"replies,omitempty"` // echo replies, echoed datagrams, the SYN-ACK: as they reached the sender
	Errors  []ICMPError `json:"errors,omitempty"`  // ICMP errors about this packet that reached the sender
	TCP     *Connection `json:"tcp,omitempty"`     // of TCP probes

	// Path is the packet's way and ReplyPath that of the answer (reply or error) to it. Empty without CapPath.
	Path      Path `json:"path,omitempty"`
	ReplyPath Path `json:"replyPath,omitempty"`
}

// A Delivery is one packet as its receiver saw it.
type Delivery struct {
	At          Endpoint   `json:"at"`
	Source      netip.Addr `json:"source"`
	Destination netip.Addr `json:"destination"`
	SourcePort  uint16     `json:"sourcePort,omitempty"`
	Port        uint16     `json:"port,omitempty"`
	TTL         int        `json:"ttl"` // or hop limit, in the packet's header on arrival
	DSCP        uint8      `json:"dscp"`
	Size        int        `json:"size"`              // payload bytes, as in Probe.Size
	Fragments   int        `json:"fragments"`         // how many fragments it came in; 1 if whole
	Corrupt     bool       `json:"corrupt,omitempty"` // the payload is not what was sent
}

// A Reply is an answer as the sender of the probe saw it.
type Reply struct {
	From    netip.Addr    `json:"from"`
	TTL     int           `json:"ttl"`
	RTT     time.Duration `json:"rttNs"`
	Size    int           `json:"size"`
	Corrupt bool          `json:"corrupt,omitempty"`
}

// An ICMPError is an ICMP or ICMPv6 error message about a packet of the probe.
type ICMPError struct {
	From netip.Addr    `json:"from"`
	Type uint8         `json:"type"` // RFC 792 or RFC 4443, by the family of From
	Code uint8         `json:"code"`
	MTU  int           `json:"mtu,omitempty"` // of fragmentation needed and packet too big
	RTT  time.Duration `json:"rttNs"`
}

// A Connection is what became of a TCP connection.
type Connection struct {
	Established bool          `json:"established"`
	Sent        int           `json:"sent"`       // bytes the receiver got
	Echoed      int           `json:"echoed"`     // bytes that came back
	Closed      bool          `json:"closed"`     // FIN was exchanged in both directions
	Reset       bool          `json:"reset"`      // an RST ended or refused it
	Duration    time.Duration `json:"durationNs"` // from SYN to its end
}
