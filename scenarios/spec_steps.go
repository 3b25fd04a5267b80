package scenarios

import (
	"net/netip"
	"regexp"
)

// A Step is one thing done or expected: exactly one of its actions is set.
type Step struct {
	Name        string `yaml:"name" req:"true" doc:"What the step shows, as verdicts print it."`
	Level       Level  `yaml:"level" doc:"error: a failure fails the scenario; warning: it is reported only. Default: error."`
	StopOnError bool   `yaml:"stopOnError" doc:"If this step fails the steps after it are not run."`
	Settle      *bool  `yaml:"settle" doc:"After a change: wait until agents and pods have settled. Default: true, but false for cut, restore, quality and crash."`

	Check  `yaml:",inline"`
	Change `yaml:",inline"`
	Wait   *WaitSpec `yaml:"wait" doc:"A duration; settled; or a condition to wait for."`
}

// Level says how much a failed step weighs.
type Level string

// The levels.
const (
	LevelError   Level = "error"
	LevelWarning Level = "warning"
)

func (Level) values() []string { return []string{"error", "warning"} }

// Check is the actions that look and judge.
type Check struct {
	Ping       *ProbeSpec  `yaml:"ping" doc:"Send ICMP or ICMPv6 echo requests."`
	UDP        *ProbeSpec  `yaml:"udp" doc:"Send datagrams; the receiver echoes them."`
	TCP        *ProbeSpec  `yaml:"tcp" doc:"Make connections, send size bytes, get them echoed, close."`
	Traceroute *ProbeSpec  `yaml:"traceroute" doc:"Send UDP datagrams with growing TTL and see who answers."`
	Matrix     *MatrixSpec `yaml:"matrix" doc:"Probe many pairs of endpoints."`
	Pod        *PodSpec    `yaml:"pod" doc:"What became of a pod and its interfaces."`
	Dump       *DumpSpec   `yaml:"dump" doc:"A node's whole VPP configuration as text."`
	CLI        *CLISpec    `yaml:"cli" doc:"The output of a VPP CLI command on a node."`
	API        *APISpec    `yaml:"api" doc:"Which VPP API messages a node's VPP has received."`
}

// Change is the actions that alter the bed.
type Change struct {
	Apply   []ManifestSource `yaml:"apply" doc:"Create or update Kubernetes objects."`
	Delete  *DeleteSpec      `yaml:"delete" doc:"Delete Kubernetes objects: by kind and name, or all of a manifest."`
	Scale   *ScaleSpec       `yaml:"scale" doc:"Set a workload's replicas."`
	Cut     *LinkRef         `yaml:"cut" doc:"Cut links."`
	Restore *LinkRef         `yaml:"restore" doc:"Restore links that were cut."`
	Quality *QualityChange   `yaml:"quality" doc:"Change how well links carry frames."`
	Crash   *ProcessRef      `yaml:"crash" doc:"Kill a process. It stays down until start."`
	Start   *ProcessRef      `yaml:"start" doc:"Start a process that was crashed."`
	Restart *ProcessRef      `yaml:"restart" doc:"Kill a process and start it again at once."`

	objects []Manifest // of Apply
}

// ProbeSpec is a probe and what is expected of its packets.
type ProbeSpec struct {
	From       string     `yaml:"from" req:"true" doc:"Sender: POD, POD/INTERFACE, NAMESPACE/POD/INTERFACE, a node or a host; with pod, node or host before it where names clash."`
	To         string     `yaml:"to" req:"true" doc:"Receiver, written like from; or an address."`
	Receiver   string     `yaml:"receiver" doc:"Who is meant to receive what is sent to an address. Default: the only one in the sender's network who has it."`
	Family     Families   `yaml:"family" doc:"ipv4, ipv6 or dual: one probe per family. Default: every family that both ends have."`
	Source     netip.Addr `yaml:"source" doc:"Address to send from. Default: the sender's choice."`
	Count      int        `yaml:"count" min:"1" max:"100000" doc:"Packets, or connections. Default: 1; of a traceroute always 1 per TTL."`
	Interval   Duration   `yaml:"interval" doc:"Time between packets. Default: 10ms."`
	Timeout    Duration   `yaml:"timeout" doc:"How long to wait for an answer. Default: 1s; tcp 10s."`
	Size       *int       `yaml:"size" min:"0" max:"1048576" doc:"Payload bytes of a packet or connection. Default: 56; tcp 1024."`
	DF         bool       `yaml:"df" doc:"Do not fragment: IPv4 sets the flag; the sender does not fragment either."`
	TTL        int        `yaml:"ttl" min:"1" max:"255" doc:"TTL or hop limit to send with. Default: 64; of a traceroute the highest, 16."`
	Port       int        `yaml:"port" min:"1" max:"65535" doc:"Destination port of udp and tcp. Default: 7777; of a traceroute the first, 33434."`
	SourcePort int        `yaml:"sourcePort" min:"1" max:"65535" doc:"Default: the sender's choice."`
	DSCP       int        `yaml:"dscp" min:"0" max:"63" doc:"Differentiated services code point. Default: 0."`
	Closed     bool       `yaml:"closed" doc:"udp, tcp: nobody listens on the port."`
	Expect     ExpectSpec `yaml:"expect" doc:"What must become of the packets. Default: reachable."`
	Proof      *ProofSpec `yaml:"proof" doc:"isolated: a probe that must get through first. It has the same sender or the same receiver."`
	While      *Change    `yaml:"while" doc:"A change made half-way through the probe's packets."`

	from, to Endpoint   // what From, and To or Receiver, mean; to is zero if only an address is given
	address  netip.Addr // of To, if it is one
}

// Result is the overall expectation of a probe.
type Result string

// The results a probe can be expected to have.
const (
	Reachable   Result = "reachable"   // every packet is received by its receiver, once, and answered
	Isolated    Result = "isolated"    // no packet is received by anybody, nor answered
	Refused     Result = "refused"     // it is received, and answered with a port unreachable or a reset
	Unreachable Result = "unreachable" // no packet is received, and each is answered with an ICMP error
)

func (Result) values() []string {
	return []string{string(Reachable), string(Isolated), string(Refused), string(Unreachable)}
}

// ExpectSpec is what must become of a probe's packets. In a file it may be the Result alone.
type ExpectSpec struct {
	Result     Result       `yaml:"result" doc:"reachable: received once by its receiver and answered; isolated: received by nobody, not answered; refused: received and refused by a closed port; unreachable: answered with an ICMP error. Default: reachable."`
	Answered   *bool        `yaml:"answered" doc:"reachable: whether an answer must come back. false: none may. Default: true."`
	Loss       *RatioRange  `yaml:"loss" doc:"Share of packets that are not answered (not received, if answered is false): the most allowed, or min and max. Default: 0."`
	Duplicates *RatioRange  `yaml:"duplicates" doc:"Extra arrivals at the receiver, as a share of the packets sent: the most allowed, or min and max. Default: 0."`
	RTT        *TimeRange   `yaml:"rtt" doc:"Round-trip time of each answer: the most allowed, or min and max."`
	TTL        *IntRange    `yaml:"ttl" doc:"TTL or hop limit in the packet when it is received."`
	Source     string       `yaml:"source" doc:"Source address the receiver sees: an address, or an endpoint that has it."`
	DSCP       *IntRange    `yaml:"dscp" doc:"DSCP the receiver sees."`
	Fragments  *IntRange    `yaml:"fragments" doc:"Fragments in which each packet is received; 1 means whole."`
	Through    []string     `yaml:"through" doc:"Exactly the nodes and routers that forward the packet, in order."`
	Hops       []string     `yaml:"hops" doc:"traceroute: who answers each TTL, in order: an endpoint, node, router, address; or ? for silence."`
	On         []WireSpec   `yaml:"on" doc:"What the packet looks like on segments it crosses."`
	Graph      []string     `yaml:"graph" doc:"VPP graph nodes that the packet visits, in this order (others may lie between)."`
	ICMP       *ICMPSpec    `yaml:"icmp" doc:"An ICMP error that the sender must get."`
	Dropped    *DroppedSpec `yaml:"dropped" doc:"isolated, unreachable: where every packet must end."`
	Strays     bool         `yaml:"strays" doc:"Allow packets to be received by others than the receiver. Default: false."`
}

// WireSpec is what a packet looks like on a segment.
type WireSpec struct {
	Segment     string    `yaml:"segment" doc:"The segment. Default: the first one."`
	Plain       bool      `yaml:"plain" doc:"It is not encapsulated."`
	VNI         *int      `yaml:"vni" min:"0" max:"16777215" doc:"It is in VXLAN with this VNI."`
	Network     string    `yaml:"network" doc:"It is in VXLAN with the VNI of this Network."`
	Source      string    `yaml:"source" doc:"Outer source: an address, or a node that has it."`
	Destination string    `yaml:"destination" doc:"Outer destination: an address, or a node that has it."`
	Port        int       `yaml:"port" min:"1" max:"65535" doc:"Outer UDP destination port."`
	Fragments   *IntRange `yaml:"fragments" doc:"Frames that one packet takes on the segment."`
	MaxLength   int       `yaml:"maxLength" min:"1" max:"65535" doc:"Largest IP packet seen (outer, if encapsulated), in bytes."`
	Absent      bool      `yaml:"absent" doc:"It does not cross the segment at all."`
}

// result returns the overall expectation, Reachable if the file leaves it out.
func (e *ExpectSpec) result() Result {
	if e.Result == "" {
		return Reachable
	}
	return e.Result
}

// ICMPSpec is an ICMP error.
type ICMPSpec struct {
	Type ICMPName  `yaml:"type" req:"true" doc:"The error, the same word for both families."`
	From string    `yaml:"from" doc:"Who sends it: an address, or a node, router, host or pod that has it."`
	MTU  *IntRange `yaml:"mtu" doc:"too-big: the MTU it tells."`
}

// ICMPName names an ICMP error.
type ICMPName string

// DroppedSpec is where a packet ends.
type DroppedSpec struct {
	At     string `yaml:"at" doc:"Node, segment, router or endpoint that drops it."`
	Reason string `yaml:"reason" doc:"Text that the reason contains."`
}

// ProofSpec is the difference between a probe and the one that proves that it could work.
type ProofSpec struct {
	From     string `yaml:"from" doc:"Default: as the probe."`
	To       string `yaml:"to" doc:"Default: as the probe."`
	Receiver string `yaml:"receiver" doc:"As in a probe."`

	from, to Endpoint
	address  netip.Addr
}

// MatrixSpec probes pairs of endpoints.
type MatrixSpec struct {
	Kind    MatrixKind   `yaml:"kind" doc:"ping, udp or tcp. Default: ping."`
	Among   []string     `yaml:"among" doc:"Endpoints. Default: every interface of every running pod."`
	Network []string     `yaml:"networks" doc:"Only pod interfaces in these Networks (default is the cluster's default network)."`
	Pairs   MatrixPairs  `yaml:"pairs" doc:"all: each to each other; ring: each to the next. Default: all."`
	Family  Families     `yaml:"family" doc:"As in a probe."`
	Expect  MatrixExpect `yaml:"expect" doc:"reachable: every pair; by-network: pairs in one network are reachable, all others isolated. Default: by-network."`
}

// MatrixKind is the kind of a matrix's probes.
type MatrixKind string

func (MatrixKind) values() []string { return []string{"ping", "udp", "tcp"} }

// MatrixPairs says which pairs of a matrix are probed.
type MatrixPairs string

func (MatrixPairs) values() []string { return []string{"all", "ring"} }

// MatrixExpect says what is expected of a matrix's pairs.
type MatrixExpect string

func (MatrixExpect) values() []string { return []string{"by-network", "reachable"} }

// PodSpec is what a pod must be like.
type PodSpec struct {
	Name       string         `yaml:"name" req:"true" doc:"POD, POD/INTERFACE or NAMESPACE/POD/INTERFACE."`
	Phase      string         `yaml:"phase" doc:"Running, Pending, Failed or Absent. Default: Running."`
	Message    string         `yaml:"message" doc:"Text that the pod's error contains."`
	Node       string         `yaml:"node" doc:"Node it runs on."`
	Network    *string        `yaml:"network" doc:"Network of the interface; default is the cluster's default network."`
	Addresses  []netip.Addr   `yaml:"addresses" doc:"Exactly the interface's addresses, in any order."`
	Within     []netip.Prefix `yaml:"within" doc:"Each address of the interface lies in one of these prefixes."`
	SameAs     string         `yaml:"sameAs" doc:"The interface has the same addresses as this other POD/INTERFACE."`
	Interfaces []string       `yaml:"interfaces" doc:"Exactly the pod's interfaces, in any order."`

	endpoint, same Endpoint // what Name and SameAs mean
}

// TextSpec judges a text.
type TextSpec struct {
	Contains []string       `yaml:"contains" doc:"Lines or parts of lines that must occur. Runs of blanks are equal to one."`
	Excludes []string       `yaml:"excludes" doc:"Texts that must not occur."`
	Matches  []string       `yaml:"matches" doc:"Regular expressions (RE2, multi-line mode) that must match."`
	Equals   *string        `yaml:"equals" doc:"The whole text, but for blanks at line ends."`
	Count    *TextCountSpec `yaml:"count" doc:"How many lines contain a text."`
	Save     string         `yaml:"save" doc:"Remember the text under this name."`
	Same     string         `yaml:"same" doc:"The text is the same as the one saved under this name."`
	Differs  string         `yaml:"differs" doc:"The text is another than the one saved under this name."`

	compiled []*regexp.Regexp // of Matches
}

// TextCountSpec counts lines.
type TextCountSpec struct {
	Of    string   `yaml:"of" req:"true" doc:"Text to look for."`
	Lines IntRange `yaml:"lines" req:"true" doc:"Number of lines that contain it."`
}

// DumpSpec judges the dump of a node's VPP, or of each node's.
type DumpSpec struct {
	Node     string `yaml:"node" doc:"The node. Default: every node; save and same then keep one text per node."`
	TextSpec `yaml:",inline"`
}

// CLISpec judges a CLI command's output.
type CLISpec struct {
	Node     string `yaml:"node" doc:"The node. Default: every node."`
	Command  string `yaml:"command" req:"true" doc:"A VPP CLI command, e.g. show vxlan tunnel."`
	TextSpec `yaml:",inline"`
}

// APISpec judges the API messages that a VPP has received. At least one message must have been received in all, unless none is expected.
type APISpec struct {
	Node    string    `yaml:"node" doc:"The node. Default: every node."`
	Message string    `yaml:"message" doc:"Only this message, by VPP's name, e.g. ip_route_add_del. Default: all messages."`
	Writes  bool      `yaml:"writes" doc:"Only messages that change state."`
	Since   string    `yaml:"since" doc:"Only messages since the step that saved this name."`
	Save    string    `yaml:"save" doc:"Remember this moment under this name."`
	Count   *IntRange `yaml:"count" doc:"How many of them."`
	Errors  *IntRange `yaml:"errors" doc:"How many of them were answered with an error."`
}

// DeleteSpec names objects to delete: all of a manifest, or one.
type DeleteSpec struct {
	ManifestSource `yaml:",inline"`
	Kind           string `yaml:"kind" doc:"Kind of an object that was applied."`
	Name           string `yaml:"name" doc:"Its name."`
	Namespace      string `yaml:"namespace" doc:"Its namespace. Default: default."`

	objects []Manifest // of the manifest
}

// ScaleSpec sets replicas.
type ScaleSpec struct {
	Kind      string `yaml:"kind" doc:"Deployment, ReplicaSet or StatefulSet. Default: Deployment."`
	Name      string `yaml:"name" req:"true" doc:"The workload's name."`
	Namespace string `yaml:"namespace" doc:"Its namespace. Default: default."`
	Replicas  int    `yaml:"replicas" req:"true" min:"0" max:"10000" doc:"How many pods."`
}

// LinkRef names links.
type LinkRef struct {
	Of      string `yaml:"of" doc:"Node, host or router whose links are meant. Default: everybody's on the segment."`
	Segment string `yaml:"segment" doc:"Segment to which the links lead. Default: all."`
}

// QualityChange is links and their new quality.
type QualityChange struct {
	LinkRef     `yaml:",inline"`
	QualitySpec `yaml:",inline"`
}

// ProcessRef names a process: exactly one of its fields is set.
type ProcessRef struct {
	VPP   string `yaml:"vpp" doc:"Node whose VPP is meant; all for each node's."`
	Agent string `yaml:"agent" doc:"Node whose agent is meant; all for each node's."`
}

// WaitSpec is a wait. In a file it may be a duration or the word settled.
type WaitSpec struct {
	For     Duration `yaml:"for" doc:"How long, in the backend's time."`
	Settled bool     `yaml:"settled" doc:"Until agents and pods have settled."`
	Until   *Check   `yaml:"until" doc:"Until this holds: any ping, udp, tcp, traceroute, matrix, pod, dump, cli or api."`
	Within  Duration `yaml:"within" doc:"until: how long at most. Default: 60s."`
	Every   Duration `yaml:"every" doc:"until: time between looks. Default: 1s."`
}
