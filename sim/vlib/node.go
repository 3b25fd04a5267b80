package vlib

import (
	"fmt"
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/sim/stats"
)

// VectorSize is the most buffers one dispatch of a node sees
// (VPP's VLIB_FRAME_SIZE).
const VectorSize = 256

// NodeType is the kind of a node, as in VPP's vlib_node_type_t.
type NodeType uint8

// Node types.
const (
	NodeInternal NodeType = iota
	NodeInput
	NodePreInput
	NodeProcess
)

func (t NodeType) String() string {
	return [...]string{"internal", "input", "pre-input", "process"}[t]
}

// Severity of an error counter (VPP's vl_counter_severity_e).
type Severity uint8

// Severities.
const (
	SeverityError Severity = iota
	SeverityWarn
	SeverityInfo
)

func (s Severity) String() string { return [...]string{"error", "warn", "info"}[s] }

// ErrorDesc describes one error counter of a node: Name as in the stats
// segment (/err/NODE/NAME) and Desc as in `show errors`.
type ErrorDesc struct {
	Name, Desc string
	Severity   Severity
}

// Func processes one vector of at most VectorSize buffers. It passes each
// buffer on with Enqueue or Send, drops it, or frees it; the slice is only
// valid during the call.
type Func func(n *Node, bufs []*Buffer)

// Registration describes a node to add.
type Registration struct {
	Name string
	Type NodeType
	Func Func
	// Nexts names the next nodes by slot. They need not exist yet: slots are
	// resolved when the first packet takes them.
	Nexts []string
	// Errors lists the node's error counters by code.
	Errors []ErrorDesc
	// SiblingOf names a node whose next slots this one shares.
	SiblingOf string
}

// Node is a vertex of the graph.
type Node struct {
	Name  string
	Index uint32
	Type  NodeType

	graph     *Graph
	fn        Func
	nexts     *nextSlots
	errors    []ErrorDesc
	counters  []uint64 // a part of the graph's /node/errors
	errorBase uint32   // where that part begins
	errorLink []uint32 // the directory's names of the counters
	cleared   []uint64 // counters at the last ClearErrors
	pending   []*Buffer
	spare     []*Buffer
	traceLeft int
	watch     func(bufs []*Buffer)

	// Calls and Vectors count dispatches and the buffers they saw.
	Calls, Vectors uint64
	// Clocks is the time spent in the node while the graph times nodes.
	Clocks time.Duration
}

// nextSlots is shared between siblings.
type nextSlots struct {
	names []string
	nodes []*Node
}

// Graph returns the graph the node belongs to.
func (n *Node) Graph() *Graph { return n.graph }

// Nexts returns the names of the next nodes by slot.
func (n *Node) Nexts() []string { return slices.Clone(n.nexts.names) }

// Errors returns the node's error counters' descriptions by code.
func (n *Node) Errors() []ErrorDesc { return n.errors }

// ErrorCount returns the value of the counter with the given code.
func (n *Node) ErrorCount(code uint16) uint64 { return n.counters[code] }

// Count adds by to the node's error counter code.
func (n *Node) Count(code uint16, by uint64) { n.counters[code] += by }

// NumNexts is the number of the node's slots.
func (n *Node) NumNexts() int { return len(n.nexts.names) }

// SlotOf returns the slot that leads to the node with the given index,
// NumNexts when none does.
func (n *Node) SlotOf(index uint32) int {
	if i := slices.Index(n.nexts.names, n.graph.nodes[index].Name); i >= 0 {
		return i
	}
	return len(n.nexts.names)
}

// Next returns the node in the given slot.
func (n *Node) Next(slot uint16) *Node {
	d := n.nexts.nodes[slot]
	if d == nil {
		d = n.graph.nodes[n.graph.mustIndex(n.nexts.names[slot])]
		n.nexts.nodes[slot] = d
	}
	return d
}

// Enqueue passes b to the node in the given slot.
func (n *Node) Enqueue(b *Buffer, slot uint16) {
	d := n.nexts.nodes[slot]
	if d == nil {
		d = n.Next(slot)
	}
	n.hand(b, d)
}

// Send passes b to the node with the given index, whether or not a slot leads
// there; objects such as adjacencies hold node indexes.
func (n *Node) Send(b *Buffer, node uint32) { n.hand(b, n.graph.nodes[node]) }

func (n *Node) hand(b *Buffer, d *Node) {
	if b.Trace != nil {
		b.Trace.leave(n, d)
	}
	if len(d.pending) == 0 {
		n.graph.ready = append(n.graph.ready, d)
	}
	d.pending = append(d.pending, b)
}

// SetError names the counter of node n that counts b should b be dropped.
func (n *Node) SetError(b *Buffer, code uint16) { b.ErrorNode, b.ErrorCode = n.Index, code }

// Drop counts code on this node and passes b to error-drop, which names node
// and error in the trace.
func (n *Node) Drop(b *Buffer, code uint16) {
	b.ErrorNode, b.ErrorCode = n.Index, code
	n.hand(b, n.graph.drop)
}

// Punt is Drop for packets that go to error-punt.
func (n *Node) Punt(b *Buffer, code uint16) {
	b.ErrorNode, b.ErrorCode = n.Index, code
	n.hand(b, n.graph.punt)
}

// NextFeature takes the next node off b's feature arc and returns its index.
func (b *Buffer) NextFeature() uint32 {
	node := b.Features[0]
	b.Features = b.Features[1:]
	return node
}

// SendFeature passes b to the next node of its feature arc.
func (n *Node) SendFeature(b *Buffer) { n.hand(b, n.graph.nodes[b.NextFeature()]) }

// Graph holds the nodes and runs them.
type Graph struct {
	// Stats names all counters of the instance.
	Stats *stats.Directory
	// TimeNodes makes Run time the nodes.
	TimeNodes bool
	// Runs counts calls of Run.
	Runs uint64

	nodes  []*Node
	byName map[string]*Node
	drop   *Node
	punt   *Node
	ready  []*Node
	pool   pool
	tracer tracer
	// Clock is the time that traces carry.
	Clock  func() time.Time
	errors *stats.Simple // of all nodes
	// RxName gives the name of an interface for the trace of error-drop;
	// nil leaves its number.
	RxName func(swIf uint32) string
	// OnDrop is told of each packet that reaches error-drop or error-punt, for
	// the interface's counters; nil when nobody counts.
	OnDrop func(b *Buffer, punted bool)
}

// NewGraph returns a graph with the nodes that every packet that is thrown
// away passes through: error-drop and drop, or error-punt and punt. Node 0 is
// null-node, the reason of a packet that nobody gave one.
func NewGraph() *Graph {
	g := &Graph{byName: map[string]*Node{}, Stats: stats.New(), Clock: time.Now}
	g.initErrors()
	g.MustAdd(Registration{Name: "null-node", Func: func(n *Node, bufs []*Buffer) {},
		Errors: []ErrorDesc{{Name: "blackholed packets", Desc: "blackholed packets"}}})
	g.drop = g.addDiscard("error-drop", "drop", false)
	g.punt = g.addDiscard("error-punt", "punt", true)
	return g
}

// Add registers a node and returns it. The error names a duplicate, or a
// sibling that does not exist.
func (g *Graph) Add(r Registration) (*Node, error) {
	if g.byName[r.Name] != nil {
		return nil, fmt.Errorf("add node %q: the name is taken", r.Name)
	}
	nexts := &nextSlots{names: slices.Clone(r.Nexts), nodes: make([]*Node, len(r.Nexts))}
	if r.SiblingOf != "" {
		s := g.byName[r.SiblingOf]
		if s == nil {
			return nil, fmt.Errorf("add node %q: sibling %q does not exist", r.Name, r.SiblingOf)
		}
		nexts = s.nexts
	}
	n := &Node{Name: r.Name, Index: uint32(len(g.nodes)), Type: r.Type, graph: g, fn: r.Func,
		nexts: nexts}
	g.nodes = append(g.nodes, n)
	g.byName[r.Name] = n
	g.RegisterErrors(n, r.Errors)
	return n, nil
}

// MustAdd is Add for nodes known when the program is written; it panics on an
// error.
func (g *Graph) MustAdd(r Registration) *Node {
	n, err := g.Add(r)
	if err != nil {
		panic(err)
	}
	return n
}

// Rename gives a node another name, as VPP does with the nodes of a deleted
// interface before it reuses them. The old name is free afterwards.
func (g *Graph) Rename(n *Node, name string) error {
	if g.byName[name] != nil {
		return fmt.Errorf("rename node %q to %q: the name is taken", n.Name, name)
	}
	delete(g.byName, n.Name)
	n.Name = name
	g.byName[name] = n
	return nil
}

// Node returns the node with the given name, nil if there is none.
func (g *Graph) Node(name string) *Node { return g.byName[name] }

// NodeAt returns the node with the given index, nil if there is none.
func (g *Graph) NodeAt(index uint32) *Node {
	if int(index) >= len(g.nodes) {
		return nil
	}
	return g.nodes[index]
}

// Nodes returns all nodes by index.
func (g *Graph) Nodes() []*Node { return g.nodes }

// MustIndex returns the index of a node known when the program is written.
func (g *Graph) MustIndex(name string) uint32 { return g.mustIndex(name) }

func (g *Graph) mustIndex(name string) uint32 {
	n := g.byName[name]
	if n == nil {
		panic(fmt.Sprintf("vlib: no node %q", name))
	}
	return n.Index
}

// AddNext makes next reachable from n and returns the slot; an arc that
// exists keeps its slot (vlib_node_add_next in src/vlib/node.c).
func (g *Graph) AddNext(n *Node, next string) uint16 {
	if i := slices.Index(n.nexts.names, next); i >= 0 {
		return uint16(i)
	}
	n.nexts.names = append(n.nexts.names, next)
	n.nexts.nodes = append(n.nexts.nodes, nil)
	return uint16(len(n.nexts.names) - 1)
}

// Input hands b to the input node n as if n had polled it from a device:
// n's trace budget applies and n is named first in the trace.
func (g *Graph) Input(n *Node, b *Buffer) {
	g.startTrace(n, b)
	if len(n.pending) == 0 {
		g.ready = append(g.ready, n)
	}
	n.pending = append(n.pending, b)
}

// Inject hands a packet this instance made itself to node n, as a process
// node does with vlib_put_frame_to_node.
func (g *Graph) Inject(n *Node, b *Buffer) { g.Input(n, b) }

// Run dispatches nodes until no packet is left in the graph.
func (g *Graph) Run() {
	g.Runs++
	for i := 0; i < len(g.ready); i++ {
		n := g.ready[i]
		bufs := n.pending
		n.pending, n.spare = n.spare[:0], nil
		for rest := bufs; len(rest) > 0; {
			v := rest[:min(len(rest), VectorSize)]
			rest = rest[len(v):]
			n.Calls++
			n.Vectors += uint64(len(v))
			g.tracer.stamped = false
			if n.watch != nil {
				n.watch(v)
			}
			if g.TimeNodes {
				n.timed(v)
				continue
			}
			n.fn(n, v)
		}
		n.spare = bufs[:0]
	}
	g.ready = g.ready[:0]
	if len(g.tracer.traces) > maxUnfiltered {
		g.applyTraceFilter()
	}
}

// ClearRuntime makes the counts of dispatches and buffers start from zero
// (`clear runtime`).
func (g *Graph) ClearRuntime() {
	for _, n := range g.nodes {
		n.Calls, n.Vectors, n.Clocks = 0, 0, 0
	}
}

// timed runs the node and adds up how long that takes.
func (n *Node) timed(v []*Buffer) {
	start := time.Now()
	n.fn(n, v)
	n.Clocks += time.Since(start)
}
