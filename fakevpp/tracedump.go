package fakevpp

import (
	"slices"

	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// traceHandlers are the messages of src/plugins/tracedump/tracedump.api and
// graph.api, and of src/plugins/tracenode/tracenode.api.
var traceHandlers = []handler{
	reply("trace_set_filters", (*VPP).traceSetFilters),
	reply("trace_capture_packets", (*VPP).traceCapturePackets),
	reply("trace_clear_capture", (*VPP).traceClearCapture),
	reply("trace_clear_cache", (*VPP).traceClearCache),
	getWith("trace_dump", "trace_details", (*VPP).traceDump),
	dump("trace_v2_dump", "trace_v2_details", (*VPP).traceV2Dump),
	reply("trace_set_filter_function", (*VPP).traceSetFilterFunction),
	dump("trace_filter_function_dump", "trace_filter_function_details", (*VPP).traceFilterFunctionDump),
	get("graph_node_get", "graph_node_details", (*VPP).graphNodeGet),
	reply("tracenode_enable_disable", (*VPP).tracenodeEnableDisable),
}

type traceSetFilters struct{ Flag, Count, NodeIndex uint32 }

func (v *VPP) traceSetFilters(_ *call, req *traceSetFilters) error {
	keep := vlib.TraceKeep(min(req.Flag, 255))
	if keep > vlib.TraceKeepWithout {
		return vnet.ErrInvalidValue
	}
	if keep == vlib.TraceKeepAll {
		req.Count, req.NodeIndex = 0, 0
	}
	n := v.dp.Graph.NodeAt(req.NodeIndex)
	if n == nil {
		return vnet.ErrNoSuchNode
	}
	v.dp.Graph.TraceFilter(keep, n, int(req.Count))
	return nil
}

type traceCapture struct {
	NodeIndex, MaxPackets uint32
	UseFilter             bool
	PreCaptureClear       bool
}

func (v *VPP) traceCapturePackets(_ *call, req *traceCapture) error {
	n := v.dp.Graph.NodeAt(req.NodeIndex)
	if n == nil || n.Type != vlib.NodeInput {
		return vnet.ErrNoSuchNode
	}
	if req.PreCaptureClear {
		v.dp.Graph.TraceClear()
	}
	v.traceAdd(n, int(int32(req.MaxPackets)), req.UseFilter)
	return nil
}

func (v *VPP) traceClearCapture(_ *call, _ *empty) error {
	v.dp.Graph.TraceClear()
	return nil
}

func (v *VPP) traceClearCache(c *call, _ *empty) error {
	c.client.traces = nil
	return nil
}

// tracesOf returns the client's traces: those that it began to dump, or the
// present ones if it starts.
func (v *VPP) tracesOf(c *call, clear, fill bool) []*vlib.PacketTrace {
	if clear {
		c.client.traces = nil
	}
	if len(c.client.traces) == 0 && fill {
		c.client.traces = slices.Clone(v.dp.Graph.Traces())
	}
	return c.client.traces
}

type traceDump struct {
	ClearCache           uint8
	ThreadID             uint32 `api:"thread_id"`
	Position, MaxRecords uint32
}

type traceDetails struct {
	ThreadID                          uint32 `api:"thread_id"`
	Position                          uint32
	MoreThisThread, MoreThreads, Done uint8
	PacketNumber                      uint32
	TraceData                         string
}

type traceDumpReply struct {
	LastThreadID                                 uint32 `api:"last_thread_id"`
	LastPosition                                 uint32
	MoreThisThread, MoreThreads, FlushOnly, Done uint8
}

// traceDump sends up to MaxRecords packets; all are the main thread's.
func (v *VPP) traceDump(c *call, req *traceDump, emit func(*traceDetails), rep *traceDumpReply) error {
	flush := req.ThreadID == invalidIndex && req.Position == invalidIndex
	traces := v.tracesOf(c, req.ClearCache != 0, !flush)
	rep.LastThreadID, rep.LastPosition = invalidIndex, invalidIndex
	if flush {
		rep.FlushOnly, rep.Done = 1, 1
		return nil
	}
	if req.ThreadID > 0 {
		return vnet.ErrNoSuchEntry
	}
	left := req.MaxRecords
	for k := uint64(req.Position); k < uint64(len(traces)) && left > 0; k++ {
		d := traceDetails{Position: uint32(k), PacketNumber: uint32(k), TraceData: v.formatTrace(traces[k])}
		last := int(k) == len(traces)-1
		if last {
			d.Done = 1
		} else if left == 1 {
			d.MoreThisThread = 1
		}
		left--
		emit(&d)
		*rep = traceDumpReply{LastPosition: d.Position, MoreThisThread: d.MoreThisThread, Done: d.Done}
	}
	if left == req.MaxRecords {
		return vnet.ErrNoSuchEntry
	}
	return nil
}

type traceV2Dump struct {
	ThreadID   uint32 `api:"thread_id"`
	Position   uint32
	Max        uint32
	ClearCache bool
}

type traceV2Details struct {
	ThreadID  uint32 `api:"thread_id"`
	Position  uint32
	More      bool
	TraceData string
}

func (v *VPP) traceV2Dump(c *call, req *traceV2Dump, emit func(*traceV2Details)) error {
	traces := v.tracesOf(c, req.ClearCache, req.Position != invalidIndex)
	if req.ThreadID != 0 && req.ThreadID != invalidIndex {
		return nil
	}
	end := min(uint64(req.Position)+uint64(req.Max), uint64(len(traces)))
	for k := uint64(req.Position); k < end; k++ {
		emit(&traceV2Details{Position: uint32(k), More: int(k) < len(traces)-1, TraceData: v.formatTrace(traces[k])})
	}
	return nil
}

type traceFunction struct{ FilterFunctionName string }

func (v *VPP) traceSetFilterFunction(_ *call, req *traceFunction) error {
	if req.FilterFunctionName != traceFilterFunction {
		return vnet.ErrUnspecified
	}
	return nil
}

type traceFunctionDetails struct {
	Selected bool
	Name     string
}

func (v *VPP) traceFilterFunctionDump(_ *call, _ *empty, emit func(*traceFunctionDetails)) error {
	emit(&traceFunctionDetails{Selected: true, Name: traceFilterFunction})
	return nil
}

// Flags of nodes, with VPP's numbers (src/vlib/node.h).
const (
	nodeOutput         = 0x2
	nodeDrop           = 0x4
	nodePunt           = 0x8
	nodeTraceSupported = 0x100
)

func nodeFlags(n *vlib.Node) uint32 {
	switch {
	case n.Type == vlib.NodeInput:
		return nodeTraceSupported
	case n.Name == "drop", n.Name == "error-drop":
		return nodeDrop
	case n.Name == "punt", n.Name == "error-punt":
		return nodePunt
	case len(n.Name) > 3 && n.Name[len(n.Name)-3:] == "-tx":
		return nodeOutput
	}
	return 0
}

// sortedNodes returns the graph's nodes by name.
func (v *VPP) sortedNodes() []*vlib.Node {
	nodes := slices.Clone(v.dp.Graph.Nodes())
	sortByName(nodes, func(n *vlib.Node) string { return n.Name })
	return nodes
}

// arcs lists the indexes of a node's next nodes, none if they are not wanted.
func (v *VPP) arcs(n *vlib.Node, want bool) []uint32 {
	if !want {
		return nil
	}
	out := []uint32{}
	for _, name := range n.Nexts() {
		if next := v.dp.Graph.Node(name); next != nil {
			out = append(out, next.Index)
		}
	}
	return out
}

type graphNodeGet struct {
	Cursor, Index uint32
	Name          string
	Flags         uint32
	WantArcs      bool
}

type graphNodeDetails struct {
	Index   uint32
	Name    string
	Flags   uint32
	ArcsOut []uint32
}

func (v *VPP) graphNodeGet(_ *call, req *graphNodeGet, emit func(*graphNodeDetails)) error {
	send := func(n *vlib.Node) {
		emit(&graphNodeDetails{Index: n.Index, Name: n.Name, Flags: nodeFlags(n), ArcsOut: v.arcs(n, req.WantArcs)})
	}
	if req.Cursor == invalidIndex && (req.Index != invalidIndex || req.Name != "") {
		n := v.dp.Graph.Node(req.Name)
		if req.Index != invalidIndex {
			n = v.dp.Graph.NodeAt(req.Index)
		}
		if n == nil {
			return vnet.ErrNoSuchEntry
		}
		send(n)
		return nil
	}
	for k, n := range v.sortedNodes() {
		if (req.Cursor == invalidIndex || k >= int(req.Cursor)) && (req.Flags == 0 || nodeFlags(n)&req.Flags != 0) {
			send(n)
		}
	}
	return nil
}

type tracenodeEnable struct {
	SwIfIndex      uint32
	IsPcap, Enable bool
}

func (v *VPP) tracenodeEnableDisable(_ *call, req *tracenodeEnable) error {
	return v.dp.EnableTracenode(req.SwIfIndex, req.IsPcap, req.Enable)
}
