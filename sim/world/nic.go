package world

import (
	"fmt"
	"sync"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// Port is the near side of an attachment, as the data plane sees it; *NIC
// implements it. It equals vnet.Port.
type Port interface {
	Transmit(frames []packet.Frame)
	Close() error
}

// Receiver takes the frames that arrive at an attachment and its link state.
// It equals vnet.Receiver. Its methods are called from the world's goroutine,
// with no lock of the world held, and must not block. Frames are valid during
// the call and must not be changed.
type Receiver interface {
	Receive(frames ...packet.Frame)
	SetLink(up bool)
}

// NICConfig describes an attachment.
type NICConfig struct {
	// Node and Name identify it, together and uniquely in the world: "node1", "eth0".
	Node, Name string
	// MAC is what the user of the NIC calls itself; the world does not use it.
	MAC packet.MAC
	// L3 says that it carries bare IP packets (tun, memif in IP mode).
	L3 bool
}

// NIC is an attachment to the world: frames given to Transmit leave on its
// wire, frames from the wire go to its Receiver.
type NIC struct {
	world  *World
	cfg    NICConfig
	id     string
	kind   NodeKind
	origin origin // guarded by the world's queue

	mu      sync.Mutex
	rx      Receiver
	wire    *lane // outwards; nil while unattached
	carrier bool
	closed  bool
}

// NewNIC makes an attachment without wire and receiver. The error tells that
// its name is taken.
func (w *World) NewNIC(cfg NICConfig) (*NIC, error) {
	return w.newNIC(cfg, KindNIC)
}

func (w *World) newNIC(cfg NICConfig, kind NodeKind) (*NIC, error) {
	id := cfg.Node + "/" + cfg.Name
	n := &NIC{world: w, cfg: cfg, id: id, kind: kind, origin: newOrigin(id)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, fmt.Errorf("nic %s: world: %w", n.id, ErrClosed)
	}
	if w.things.nics[n.id] != nil {
		return nil, fmt.Errorf("nic %s: the name is taken", n.id)
	}
	w.things.nics[n.id] = n
	return n, nil
}

// NIC finds an attachment by node and name, nil when there is none.
func (w *World) NIC(node, name string) *NIC {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.things.nics[node+"/"+name]
}

// Node is the name of the node the NIC belongs to.
func (n *NIC) Node() string { return n.cfg.Node }

// Name is the node's name for the NIC.
func (n *NIC) Name() string { return n.cfg.Name }

// MAC is the address given at creation.
func (n *NIC) MAC() packet.MAC { return n.cfg.MAC }

// L3 tells whether it carries bare IP packets.
func (n *NIC) L3() bool { return n.cfg.L3 }

// String gives "node/name".
func (n *NIC) String() string { return n.id }

// SetReceiver says who takes arriving frames, nil for nobody, and tells it the
// link state soon after.
func (n *NIC) SetReceiver(rx Receiver) {
	n.mu.Lock()
	n.rx = rx
	n.mu.Unlock()
	n.announceCarrier()
}

// Carrier tells whether the NIC has a wire that is not cut.
func (n *NIC) Carrier() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.carrier
}

// Link is the link the NIC is attached to, nil when there is none.
func (n *NIC) Link() *Link {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wire == nil {
		return nil
	}
	return n.wire.link
}

// Transmit puts copies of the frames on the wire. It never blocks and never
// delivers before it returns.
func (n *NIC) Transmit(frames []packet.Frame) {
	for _, f := range frames {
		n.send(f.Clone(), 0)
	}
}

// send puts a frame whose data the caller gives away on the wire.
func (n *NIC) send(f packet.Frame, cause packet.TraceID) {
	n.mu.Lock()
	wire := n.wire
	n.mu.Unlock()
	n.observe(f, Sent, "", cause)
	if wire == nil {
		n.observe(f, Dropped, ReasonUnattached, cause)
		return
	}
	wire.send(f)
}

// Close takes the NIC off its wire, whose other end loses its carrier, and
// frees its name. Closing twice is harmless.
func (n *NIC) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return nil
	}
	n.closed = true
	n.rx = nil
	wire := n.wire
	n.mu.Unlock()
	if wire != nil {
		wire.link.Remove()
	}
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	delete(n.world.things.nics, n.id)
	return nil
}

// attach gives the NIC its wire.
func (n *NIC) attach(wire *lane) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return fmt.Errorf("attach %s: %w", n.id, ErrClosed)
	case n.wire != nil:
		return fmt.Errorf("attach %s to %s: it is attached to %s", n.id, wire.link.name, n.wire.link.name)
	}
	n.wire = wire
	return nil
}

func (n *NIC) detach() {
	n.mu.Lock()
	n.wire = nil
	n.mu.Unlock()
}

// label is the NIC's name as an end of a link.
func (n *NIC) label() string { return n.id }

// arrive hands a frame from the wire to the receiver.
func (n *NIC) arrive(f packet.Frame) {
	n.mu.Lock()
	rx := n.rx
	n.mu.Unlock()
	n.observe(f, Received, "", 0)
	if rx == nil {
		n.observe(f, Dropped, ReasonNoReceiver, 0)
		return
	}
	rx.Receive(f)
}

// setCarrier notes the wire's state and tells the receiver.
func (n *NIC) setCarrier(up bool) {
	n.mu.Lock()
	changed := n.carrier != up
	n.carrier = up
	n.mu.Unlock()
	if changed {
		n.announceCarrier()
	}
}

// announceCarrier tells the receiver the link state from the world's goroutine.
func (n *NIC) announceCarrier() {
	n.world.after(&n.origin, tick, func() {
		n.mu.Lock()
		rx, up := n.rx, n.carrier
		n.mu.Unlock()
		if rx != nil {
			rx.SetLink(up)
		}
	})
}

func (n *NIC) observe(f packet.Frame, v Verdict, why Reason, cause packet.TraceID) {
	if n.world.observers.Load() == nil {
		return
	}
	n.world.observe(Event{Kind: n.kind, Node: n.cfg.Node, Interface: n.cfg.Name,
		Verdict: v, Reason: why, Frame: f, L3: n.cfg.L3, Cause: cause})
}
