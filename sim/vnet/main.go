package vnet

import (
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/stats"
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
	// Stats is the directory of all counters; see package stats for how to add
	// some.
	Stats *stats.Directory
	// Start is when the instance came up; traces count from it.
	Start time.Time

	mu       sync.Mutex
	env      Environment
	tx       *outbox   // output waiting for Unlock, nil when there is none
	outboxes []*outbox // spare ones

	hw         []*HwInterface // by hw_if_index; nil where free
	sw         []*Interface   // by sw_if_index; nil where free
	freeHw     []uint32       // freed hw_if_index, reused last in first out
	freeSw     []uint32       // freed sw_if_index, likewise
	freeNodes  []*interfaceNodes
	watchers   []*InterfaceWatcher
	arcs       [numArcs]arc
	byName     map[string]*Interface
	closed     bool
	subsystems // the state of the parts, see new.go
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
	out := m.tx
	m.tx = nil
	m.mu.Unlock()
	if out != nil {
		m.flush(out)
	}
}
