package world

import (
	"io"
	"sync"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/pcapng"
)

// Capture is an Observer that writes what crosses NICs into a pcapng, one
// interface description per NIC ("pod-a/eth0"), each packet with its trace in
// the comment: "trace 3.17 pod-a#17 because of trace 2.1 pod-b#1".
type Capture struct {
	world *World
	out   *pcapng.Writer
	keep  func(Event) bool

	mu      sync.Mutex
	indexes map[string]int
	err     error
}

// NewCapture begins a capture; add it to the world by AddObserver. keep chooses
// among Sent and Received events, nil takes all. The caller closes out when the
// world is closed.
func (w *World) NewCapture(out io.Writer, keep func(Event) bool) (*Capture, error) {
	pw, err := pcapng.NewWriter(out)
	if err != nil {
		return nil, err
	}
	return &Capture{world: w, out: pw, keep: keep, indexes: map[string]int{}}, nil
}

// Err is the first error of writing, nil if there was none.
func (c *Capture) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Observe writes the frame of an event.
func (c *Capture) Observe(e Event) {
	p := pcapng.Packet{Time: e.Time, Data: e.Frame.Data}
	switch {
	case e.Verdict == Sent && e.Interface != "":
		p.Direction = pcapng.Outbound
	case e.Verdict == Received:
		p.Direction = pcapng.Inbound
	default:
		return
	}
	if c.keep != nil && !c.keep(e) {
		return
	}
	if e.Frame.Trace != 0 {
		p.Comment = c.name(e.Frame.Trace)
	}
	if e.Cause != 0 {
		p.Comment += " because of " + c.name(e.Cause)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = c.write(e, p)
	}
}

func (c *Capture) name(t packet.TraceID) string { return t.String() + " " + c.world.TraceName(t) }

// write describes the interface when it is seen first.
func (c *Capture) write(e Event, p pcapng.Packet) error {
	name := e.Node + "/" + e.Interface
	index, ok := c.indexes[name]
	if !ok {
		link := pcapng.Ethernet
		if e.L3 {
			link = pcapng.RawIP
		}
		var err error
		if index, err = c.out.AddInterface(pcapng.Interface{Name: name, LinkType: link}); err != nil {
			return err
		}
		c.indexes[name] = index
	}
	p.Interface = index
	return c.out.WritePacket(p)
}
