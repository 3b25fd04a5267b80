package vnet

import (
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Main is one data-plane instance: what VPP keeps in vnet_main, ip4_main,
// ip6_main and their like.
//
// One goroutine owns it at a time. Lock takes ownership, Unlock runs the graph
// until no packet is left, gives ownership up and then hands the output to the
// ports. Every exported method says if it takes ownership itself; the others
// assume that the caller has it.
type Main struct {
	// Graph is the instance's node graph.
	Graph *vlib.Graph
	// FIB holds its tables.
	FIB *fib.FIB
	// Start is when the instance came up; traces count from it.
	Start time.Time

	mu      sync.Mutex
	env     Environment
	tx, txs []transmission // output waiting for Unlock, and the spare slice

	hw         []*HwInterface // by hw_if_index; nil where free
	sw         []*Interface   // by sw_if_index; nil where free
	freeSw     []uint32       // freed sw_if_index, reused last in first out
	arcs       [numArcs]arc
	byName     map[string]*Interface
	closed     bool
	subsystems subsystems
}

// transmission is a run of packets for one port.
type transmission struct {
	port Port
	bufs []*vlib.Buffer
}

// Port is the far side of an interface: the world's NIC, a pod's tap, a memory
// link, a pcap file.
type Port interface {
	// Transmit hands over packets that left the interface. The frames' data is
	// only valid during the call, which must not block. The instance is not
	// owned during the call.
	Transmit(frames []packet.Frame)
	// Close releases the far side when the interface is deleted.
	Close() error
}

// Receiver is what a port holds of the interface it serves. *Interface
// implements it.
type Receiver interface {
	// Receive takes packets that arrive on the interface. It copies them,
	// takes ownership of the instance and runs the graph until it is idle.
	Receive(frames ...packet.Frame)
	// SetLink reports the carrier.
	SetLink(up bool)
}

// Environment is what surrounds a VPP process: the Linux devices it can open
// and the memif peers it can meet. Errors may wrap an APIError, such as
// ErrSyscall2, which then becomes the answer of the API call.
type Environment interface {
	// OpenTap creates or attaches to a tap or tun device in a network
	// namespace.
	OpenTap(spec TapSpec, rx Receiver) (Port, error)
	// OpenAFPacket opens the Linux network device hostIf.
	OpenAFPacket(hostIf string, rx Receiver) (Port, error)
	// ListenMemif opens one end of a memif; rx.SetLink(true) is called when the
	// peer connects.
	ListenMemif(spec MemifSpec, rx Receiver) (Port, error)
}

// Lock takes ownership of the instance.
func (m *Main) Lock() { m.mu.Lock() }

// Unlock runs pending packets, gives up ownership and transmits output.
func (m *Main) Unlock() {
	m.Graph.Run()
	if len(m.tx) == 0 {
		m.mu.Unlock()
		return
	}
	out := m.tx
	m.tx, m.txs = m.txs[:0], nil
	m.mu.Unlock()
	m.transmit(out)
}

// transmit hands out to the ports and gives the buffers back.
func (m *Main) transmit(out []transmission) {
	var room [vlib.VectorSize]packet.Frame
	for _, t := range out {
		for rest := t.bufs; len(rest) > 0; {
			n := min(len(rest), len(room))
			for i, b := range rest[:n] {
				room[i] = packet.Frame{Data: b.Bytes(), Trace: b.TraceID}
			}
			t.port.Transmit(room[:n])
			rest = rest[n:]
		}
	}
	m.mu.Lock()
	for i := range out {
		for _, b := range out[i].bufs {
			m.Graph.Free(b)
		}
		out[i].bufs = out[i].bufs[:0]
	}
	m.txs = out[:0]
	m.mu.Unlock()
}
