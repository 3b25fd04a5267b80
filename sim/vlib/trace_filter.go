package vlib

import "slices"

// TraceKeep says which traces are kept: those that passed a node, or did not.
type TraceKeep uint8

// What to keep, with VPP's numbers (FILTER_FLAG_* in src/vlib/trace.h).
const (
	TraceKeepAll TraceKeep = iota
	TraceKeepWith
	TraceKeepWithout
)

// traceFilter is what `trace filter` asked for.
type traceFilter struct {
	keep  TraceKeep
	node  string
	count int
}

// TraceFilter keeps at most count traces with or without the node, and ends the
// tracing under way (trace_filter_set in src/vlib/trace.c).
func (g *Graph) TraceFilter(keep TraceKeep, n *Node, count int) {
	f := traceFilter{keep: keep, count: count}
	if n != nil {
		f.node = n.Name
	}
	g.tracer.filter = f
	for _, n := range g.nodes {
		n.traceLeft = 0
	}
}

// TraceSelect makes only those packets be traced that fn wants; nil for all
// (`trace add ... filter`).
func (g *Graph) TraceSelect(fn func(*Buffer) bool) { g.tracer.wanted = fn }

// applyTraceFilter forgets the finished traces that are not to be kept
// (trace_apply_filter).
func (g *Graph) applyTraceFilter() {
	f := &g.tracer.filter
	if f.keep == TraceKeepAll {
		return
	}
	kept := 0
	g.tracer.traces = slices.DeleteFunc(g.tracer.traces, func(t *PacketTrace) bool {
		if kept == f.count || t.passed(f.node) != (f.keep == TraceKeepWith) {
			return true
		}
		kept++
		return false
	})
}

// passed says if the packet visited the node and left a record there.
func (t *PacketTrace) passed(node string) bool {
	return slices.ContainsFunc(t.Entries, func(e TraceEntry) bool { return e.Node == node })
}

// Watch shows each vector to fn before the node gets it; nil ends it.
func (n *Node) Watch(fn func(bufs []*Buffer)) { n.watch = fn }

// maxUnfiltered is how many traces pile up before the filter is applied.
const maxUnfiltered = 256

// TraceSelected begins a trace inside the graph if tracing is armed and the
// packet is wanted; it says if the packet is traced now.
func (g *Graph) TraceSelected(b *Buffer) bool {
	t := &g.tracer
	if !t.armed || t.wanted != nil && !t.wanted(b) {
		return false
	}
	b.Trace = g.newTrace(b.TraceID)
	b.Trace.seen = true
	t.traces = append(t.traces, b.Trace)
	return true
}
