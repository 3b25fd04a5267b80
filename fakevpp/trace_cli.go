package fakevpp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// graphCommands are the commands about the graph: src/vlib/trace.c, error.c and
// node_cli.c.
func graphCommands() []cliCommand {
	return []cliCommand{
		command("trace add", "trace add <input-graph-node> <add'l-pkts-for-node-> [filter] [verbose]", cliTraceAdd),
		command("show trace", "show trace [max COUNT]", cliShowTrace),
		command("clear trace", "Clear trace buffer and free memory", func(v *VPP, _ *cliArgs) (string, error) {
			v.dp.Graph.TraceClear()
			return "", nil
		}),
		command("show buffers", "show buffers [detail] - show packet buffer allocation", cliShowBuffers),
		command("show errors", "Show error counts", cliShowErrors),
		command("clear errors", "clear errors", func(v *VPP, _ *cliArgs) (string, error) {
			v.dp.Graph.ClearErrors()
			return "", nil
		}),
		command("show node", "show node [index] <node-name | node-index> [verbose]", cliShowNode),
		command("show runtime", "show runtime [verbose]", cliShowRuntime),
		command("clear runtime", "clear runtime", func(v *VPP, _ *cliArgs) (string, error) {
			v.dp.ClearRuntime()
			v.dp.Stats.LastStatsClear().Set(uint64(v.dp.Since(v.dp.Start).Seconds()))
			return "", nil
		}),
	}
}

// node takes the name of a graph node.
func (a *cliArgs) node(to **vlib.Node) bool {
	if !a.more() {
		return false
	}
	n := a.v.dp.Graph.Node(a.words[0])
	if n == nil {
		return false
	}
	*to, a.words = n, a.words[1:]
	return true
}

func cliTraceAdd(v *VPP, a *cliArgs) (string, error) {
	var n *vlib.Node
	count, filter := 0, false
	for a.more() {
		switch {
		case len(a.words) >= 2 && v.dp.Graph.Node(a.words[0]) != nil && isNumber(a.words[1]):
			n = v.dp.Graph.Node(a.word())
			c, _ := strconv.ParseInt(a.word(), 10, 32)
			count = int(c)
		case a.is("verbose"):
		case a.is("filter"):
			filter = true
		default:
			return "", fmt.Errorf("expected NODE COUNT, got `%s'", a.rest())
		}
	}
	if n == nil {
		return "", cliText("expected NODE COUNT, got `'")
	}
	if n.Type != vlib.NodeInput {
		text := "node '" + n.Name + "' doesn't support per-node tracing. There may be another way to initiate trace " +
			"on this node."
		return "", cliText(text)
	}
	v.traceAdd(n, count, filter)
	return "", nil
}

func isNumber(word string) bool {
	_, err := strconv.ParseInt(word, 10, 32)
	return err == nil
}

// traceAdd traces packets of an input node, with filter only those that the
// classifier's tables match (trace_update_capture_options in src/vlib/trace.c).
func (v *VPP) traceAdd(n *vlib.Node, count int, filter bool) {
	if count < 0 {
		count = 50
	}
	v.dp.Graph.TraceAdd(n, count)
	if !filter {
		v.dp.Graph.TraceSelect(nil)
		return
	}
	v.dp.Graph.TraceSelect(func(b *vlib.Buffer) bool {
		match, known := v.dp.ClassifyMatch(b, v.dp.ClassifyTraceChain())
		return match && known
	})
}

// cliShowTrace shows the traced packets by the time they came in.
func cliShowTrace(v *VPP, a *cliArgs) (string, error) {
	limit := uint32(50)
	for a.more() {
		if !a.number("max", &limit) {
			return "", fmt.Errorf("expected 'max COUNT', got `%s'", a.rest())
		}
	}
	var b strings.Builder
	b.WriteString("------------------- Start of thread 0 vpp_main -------------------\n")
	traces := v.dp.Graph.Traces()
	if len(traces) == 0 {
		b.WriteString("No packets in trace buffer\n")
	}
	for i, t := range traces {
		if uint32(i) == limit {
			warn := fmt.Sprintf("Limiting display to %d packets. To display more specify max.", limit)
			return warn + "\n" + b.String() + warn, nil
		}
		fmt.Fprintf(&b, "Packet %d\n%s\n\n", i+1, v.formatTrace(t))
	}
	for thread := 1; thread <= v.opts.workers; thread++ {
		fmt.Fprintf(&b, "------------------- Start of thread %d %s -------------------\nNo packets in trace buffer\n", thread,
			threadName(uint32(thread)))
	}
	return b.String(), nil
}

// centered is VPP's "%=Ns": cut to width, the odd space on the left.
func centered(s string, width int) string {
	if len(s) > width {
		s = s[:width]
	}
	left := (width - len(s) + 1) / 2
	return strings.Repeat(" ", left) + s + strings.Repeat(" ", width-len(s)-left)
}

func cliShowErrors(v *VPP, _ *cliArgs) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s%s%s\n", centered("Count", 10), centered("Node", 35), centered("Reason", 35), centered("Severity", 10))
	for _, n := range v.dp.Graph.Nodes() {
		for code, e := range n.Errors() {
			if c := n.ErrorShown(uint16(code)); c > 0 {
				fmt.Fprintf(&b, "%10d%s%s%s\n", c, centered(n.Name, 35), centered(e.Desc, 35), centered(e.Severity.String(), 10))
			}
		}
	}
	return b.String(), nil
}

// cliShowNode shows a node's surroundings. Vectors by next node are not
// counted.
func cliShowNode(v *VPP, a *cliArgs) (string, error) {
	var n *vlib.Node
	var index uint32
	for a.more() {
		switch {
		case a.number("index", &index):
			n = v.dp.Graph.NodeAt(index)
		case a.is("verbose"), a.node(&n):
		case n == nil:
			return "", fmt.Errorf("unknown node name: '%s'", a.rest())
		default:
			return "", fmt.Errorf("unknown input '%s'", a.rest())
		}
	}
	if n == nil {
		return "", cliText("please specify valid node")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "node %s, type %s, state active, index %d\n", n.Name, n.Type, n.Index)
	b.WriteString("  node function variants:\n    default only\n\n  next nodes:")
	nexts := n.Nexts()
	if len(nexts) == 0 {
		b.WriteString("\n    none")
	} else {
		fmt.Fprintf(&b, "\n    %10s  %10s  %s %8s", "next-index", "node-index", centered("Node", 30), "Vectors")
	}
	for i, name := range nexts {
		at := "-"
		if d := v.dp.Graph.Node(name); d != nil {
			at = fmt.Sprint(d.Index)
		}
		fmt.Fprintf(&b, "\n    %s  %s  %s %s", centered(fmt.Sprint(i), 10), centered(at, 10), centered(name, 30), centered("-", 8))
	}
	b.WriteString("\n")
	if n.Type == vlib.NodeInternal {
		fmt.Fprintf(&b, "\n  known previous nodes:%s\n", previousNodes(v.dp.Graph, n.Name))
	}
	return b.String(), nil
}

// previousNodes lists the nodes with a slot that leads to the named one, three
// to a line.
func previousNodes(g *vlib.Graph, name string) string {
	var b strings.Builder
	count := 0
	for _, p := range g.Nodes() {
		if !slices.Contains(p.Nexts(), name) {
			continue
		}
		if count%3 == 0 {
			b.WriteString("\n    ")
		}
		fmt.Fprintf(&b, "%-35s", fmt.Sprintf("%s (%d)", p.Name, p.Index))
		count++
	}
	if count == 0 {
		return "\n    none"
	}
	return b.String()
}

// cliShowRuntime is show_node_runtime (src/vlib/node_cli.c). There are no clocks
// to show.
func cliShowRuntime(v *VPP, a *cliArgs) (string, error) {
	useTime := a.is("time") || a.is("t")
	_ = a.is("brief") || a.is("b") // the default
	brief := !a.is("verbose") && !a.is("v")
	peak := a.is("max") || a.is("m")
	summary := a.is("summary") || a.is("sum") || a.is("su")
	var b strings.Builder
	v.runtimeRates(&b)
	if summary {
		return b.String(), nil
	}
	clocks, average := "Packet-Clocks", "Avg Clocks"
	if useTime {
		clocks, average = "Packet-Time", "Avg Time (ns)"
	}
	b.WriteString(center("Name", 30))
	if peak {
		b.WriteString(center("Max Node Clocks", 17) + center("Vectors at Max", 16) + center("Max Clocks", 16) + center(average, 16) +
			center("Avg Vectors/Call", 16) + "\n")
	} else {
		b.WriteString(center("State", 12) + center("Calls", 16) + center("Vectors", 16) + center("Suspends", 16) +
			center(clocks, 16) + center("Vectors/Call", 16) + "\n")
	}
	nodes := slices.Clone(v.dp.Graph.Nodes())
	sortByName(nodes, func(n *vlib.Node) string { return n.Name })
	for _, n := range nodes {
		if n.Calls > 0 || !brief {
			v.runtimeOf(&b, n, peak)
		}
	}
	return b.String(), nil
}

// runtimeRates writes the head: what went in and out a second.
func (v *VPP) runtimeRates(b *strings.Builder) {
	var in, drop, punt, out uint64
	for _, n := range v.dp.Graph.Nodes() {
		switch {
		case n.Type == vlib.NodeInput:
			in += n.Vectors
		case n.Name == "error-drop":
			drop += n.Vectors
		case n.Name == "error-punt":
			punt += n.Vectors
		case strings.HasSuffix(n.Name, "-tx"):
			out += n.Vectors
		}
	}
	dt := max(v.dp.Since(v.dp.RuntimeCleared()).Seconds(), 1e-6)
	rate := func(n uint64) string { return vppFloat(float64(n)/dt, 4) }
	fmt.Fprintf(b, "Time %.1f, 10.000000 sec internal node vector rate 0.00 loops/sec 0.00\n  vector rates in %s, out %s, drop %s, punt %s\n",
		dt, rate(in), rate(out), rate(drop), rate(punt))
}

// runtimeOf writes one node's line (format_vlib_node_stats).
func (v *VPP) runtimeOf(b *strings.Builder, n *vlib.Node, peak bool) {
	state := "active"
	switch {
	case n.Type == vlib.NodeInput && n.Calls == 0:
		state = "disabled"
	case n.Type == vlib.NodeInput:
		state = "polling"
	}
	perCall := 0.0
	if n.Calls > 0 {
		perCall = float64(n.Vectors) / float64(n.Calls)
	}
	zero := center("0.00e0", 16)
	if peak {
		fmt.Fprintf(b, "%-30.30s%s%s%s%s%s\n", n.Name, center("0.00e0", 17), center("0", 16), zero, zero,
			center(vppFloat(perCall, 2), 16))
		return
	}
	fmt.Fprintf(b, "%-30.30s%s%16d%16d%16d%s%16.2f\n", n.Name, center(state, 12), n.Calls, n.Vectors, 0, zero, perCall)
}
