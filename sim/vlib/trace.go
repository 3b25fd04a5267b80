package vlib

import (
	"fmt"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// TraceData is what one node records about one packet: what it read and what
// it decided. Format renders it as `show trace` does, without indentation;
// lines after the first are indented by the data itself relative to the first.
type TraceData interface {
	Format() string
}

// TraceEntry is one node's visit.
type TraceEntry struct {
	// Node and Next name the node and the one it passed the packet to; Next
	// is empty where the packet ended.
	Node, Next string
	// Data is what the node recorded, nil when it recorded nothing.
	Data TraceData
	// At is when the node saw the packet.
	At time.Time
}

// PacketTrace is the record of one packet's way through one instance.
type PacketTrace struct {
	// ID is the packet's identity in the world, 0 for a packet traced by
	// `trace add` that nobody follows.
	ID packet.TraceID
	// Entries lists the visited nodes in order.
	Entries []TraceEntry

	seen bool // kept by the graph for `show trace`
	done bool
	node *Node
}

// Add records data for node n's visit. A node that adds twice gets two entries.
func (t *PacketTrace) Add(n *Node, data TraceData) {
	t.Entries = append(t.Entries, TraceEntry{Node: n.Name, Data: data, At: n.graph.now()})
	t.node = n
}

// leave notes the next node; a node that recorded nothing gets an entry here.
func (t *PacketTrace) leave(n, next *Node) {
	if t.node != n || len(t.Entries) == 0 {
		t.Add(n, nil)
	}
	t.Entries[len(t.Entries)-1].Next = next.Name
	t.node = nil
}

// tracer holds what `trace add` asked for and what was recorded.
type tracer struct {
	traces   []*PacketTrace
	free     []*PacketTrace
	follow   bool
	finished func(*PacketTrace)
	filter   traceFilter
	armed    bool // `trace add` since the last `clear trace`
	wanted   func(*Buffer) bool
	// at is the time of the running dispatch, once some trace asked for it.
	at      time.Time
	stamped bool
}

// now is the time of the running dispatch: all packets of a vector are seen at
// the same time, as in VPP.
func (g *Graph) now() time.Time {
	if !g.tracer.stamped {
		g.tracer.at, g.tracer.stamped = g.Clock(), true
	}
	return g.tracer.at
}

// TraceAdd arms tracing of the next count packets that enter at input node n
// (CLI `trace add NODE COUNT`); a second call adds to what is left.
//
// Adding 0 disarms the node.
func (g *Graph) TraceAdd(n *Node, count int) {
	if count == 0 {
		n.traceLeft = 0
	}
	n.traceLeft += count
	g.tracer.armed = true
}

// TraceClear forgets recorded traces and disarms every node (`clear trace`).
func (g *Graph) TraceClear() {
	g.tracer.traces, g.tracer.wanted, g.tracer.armed = nil, nil, false
	for _, n := range g.nodes {
		n.traceLeft = 0
	}
}

// Traces returns the packets recorded since the last TraceClear, oldest first.
func (g *Graph) Traces() []*PacketTrace {
	g.applyTraceFilter()
	return g.tracer.traces
}

// OnTrace makes the graph trace every packet that has a TraceID and call fn
// when such a packet's way through this instance ends; nil stops it. fn owns
// the trace and is called by the instance's owner.
func (g *Graph) OnTrace(fn func(*PacketTrace)) {
	g.tracer.finished, g.tracer.follow = fn, fn != nil
}

func (g *Graph) startTrace(n *Node, b *Buffer) {
	if b.Trace != nil {
		return
	}
	budget := n.traceLeft > 0 && (g.tracer.wanted == nil || g.tracer.wanted(b))
	if !budget && (b.TraceID == 0 || !g.tracer.follow) {
		return
	}
	b.Trace = g.newTrace(b.TraceID)
	if budget {
		n.traceLeft--
		b.Trace.seen = true
		g.tracer.traces = append(g.tracer.traces, b.Trace)
	}
}

func (g *Graph) newTrace(id packet.TraceID) *PacketTrace {
	if n := len(g.tracer.free); n > 0 {
		t := g.tracer.free[n-1]
		g.tracer.free = g.tracer.free[:n-1]
		*t = PacketTrace{ID: id, Entries: t.Entries[:0]}
		return t
	}
	return &PacketTrace{ID: id, Entries: make([]TraceEntry, 0, 12)}
}

// forkTrace gives a clone of a traced packet a record that starts with the
// original's way so far.
func (g *Graph) forkTrace(t *PacketTrace) *PacketTrace {
	c := g.newTrace(t.ID)
	c.Entries = append(c.Entries, t.Entries...)
	if t.seen {
		c.seen = true
		g.tracer.traces = append(g.tracer.traces, c)
	}
	return c
}

func (g *Graph) finishTrace(t *PacketTrace) {
	t.done = true
	if t.ID != 0 && g.tracer.finished != nil {
		g.tracer.finished(t)
		return
	}
	if !t.seen {
		g.tracer.free = append(g.tracer.free, t)
	}
}

// RecycleTrace gives a trace back that a function set with OnTrace no longer
// needs; without it the garbage collector takes the trace.
func (g *Graph) RecycleTrace(t *PacketTrace) {
	if !t.seen {
		g.tracer.free = append(g.tracer.free, t)
	}
}

// Format renders the trace as one packet of `show trace`, times relative to
// start.
func (t *PacketTrace) Format(start time.Time) string {
	return t.FormatTimes(func(at time.Time) string { return formatTime(at.Sub(start)) })
}

// FormatTimes is Format with times as stamp renders them.
func (t *PacketTrace) FormatTimes(stamp func(time.Time) string) string {
	var s strings.Builder
	for _, e := range t.Entries {
		if e.Data == nil {
			continue
		}
		fmt.Fprintf(&s, "%s: %s\n  %s\n", stamp(e.At), e.Node,
			strings.ReplaceAll(e.Data.Format(), "\n", "\n  "))
	}
	return s.String()
}

// formatTime renders hh:mm:ss:microseconds (src/vlib/trace_funcs.h).
func formatTime(d time.Duration) string {
	us := d.Microseconds()
	sec := us / 1e6
	return fmt.Sprintf("%02d:%02d:%02d:%06d", sec/3600, sec/60%60, sec%60, us%1e6)
}
