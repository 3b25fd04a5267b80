package world

import (
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// Observer sees what happens to every frame. It is called synchronously,
// mostly from the world's goroutine, sometimes from a goroutine that sends, and
// possibly with a host's lock held: it must be quick, safe for concurrent use,
// and must not call hosts, links or segments.
type Observer interface {
	Observe(e Event)
}

// ObserverFunc makes an Observer of a function.
type ObserverFunc func(e Event)

// Observe calls f.
func (f ObserverFunc) Observe(e Event) { f(e) }

// Verdict says what happened to a frame at a place.
type Verdict uint8

const (
	// Sent: the frame left the node through the interface. A host's frames
	// are seen as they leave, after fragmentation.
	Sent Verdict = iota + 1
	// Received: the frame arrived at the node's interface, whatever becomes of it.
	Received
	// Delivered: the packet reached its destination inside the host: a socket
	// or the host's own responder. The frame is the IP packet.
	Delivered
	// Dropped: the frame ended here; Reason says why.
	Dropped
)

// String gives the lower-case name.
func (v Verdict) String() string {
	return [...]string{"?", "sent", "received", "delivered", "dropped"}[min(int(v), 4)%5]
}

// Reason says why a frame was dropped, or by whom it was taken when delivered.
type Reason string

// Reasons of links, segments and NICs.
const (
	ReasonLoss       Reason = "lost on the link"
	ReasonCut        Reason = "link is cut"
	ReasonMTU        Reason = "frame exceeds the link's mtu"
	ReasonMalformed  Reason = "malformed"
	ReasonUnattached Reason = "interface is not attached"
	ReasonNoReceiver Reason = "nobody listens on the interface"
)

// Reasons of hosts and routers.
const (
	ReasonDown        Reason = "interface is down"
	ReasonNotForMe    Reason = "ethernet destination is another station"
	ReasonEtherType   Reason = "unknown ethertype"
	ReasonChecksum    Reason = "bad checksum"
	ReasonNotLocal    Reason = "destination is not an address of this host"
	ReasonNoRoute     Reason = "no route"
	ReasonTTL         Reason = "ttl exceeded"
	ReasonTooBig      Reason = "packet too big"
	ReasonNoListener  Reason = "no listener on the port"
	ReasonProtocol    Reason = "unknown protocol"
	ReasonNoNeighbor  Reason = "neighbor unresolved"
	ReasonQueueFull   Reason = "queue full"
	ReasonReassembly  Reason = "fragments incomplete"
	ReasonUnsolicited Reason = "answers nothing that was asked"
	ReasonBadSource   Reason = "source address cannot be answered"
)

// NodeKind tells hosts from the things between them.
type NodeKind uint8

const (
	// KindHost is a host of this package, a router included.
	KindHost NodeKind = iota + 1
	// KindNIC is an attachment whose user is not of this package: a data
	// plane's interface.
	KindNIC
	// KindLink is a link; the interface is the end the frame came from.
	KindLink
	// KindSegment is a layer-2 switch; the interface is the link it came by.
	KindSegment
)

// Event is one thing that happened to one frame.
type Event struct {
	Time      time.Time
	Kind      NodeKind
	Node      string // host, link, segment, or the NIC's node
	Interface string // the node's name for it; "" for what a host does on no interface
	Verdict   Verdict
	Reason    Reason
	// Frame is valid during the call.
	Frame packet.Frame
	// L3 tells that the frame is a bare IP packet, not an Ethernet frame.
	L3 bool
	// Cause is the trace of the packet that made the node send this one: the
	// request of a reply, the packet an error speaks of, the packet that waits
	// for a neighbour. Zero when there is none. A forwarded packet keeps its
	// own trace.
	Cause packet.TraceID
}

// AddObserver adds an observer of everything. There is no way to remove one.
func (w *World) AddObserver(o Observer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Observer
	if old := w.observers.Load(); old != nil {
		list = append(list, *old...)
	}
	list = append(list, o)
	w.observers.Store(&list)
}

// observe reports an event, filling in the time.
func (w *World) observe(e Event) {
	list := w.observers.Load()
	if list == nil {
		return
	}
	e.Time = time.Now()
	for _, o := range *list {
		o.Observe(e)
	}
}
