package fakevpp

import (
	"fmt"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// traceFilterCommands choose what is traced and how it is shown
// (src/vlib/trace.c), and list the graph (src/plugins/tracedump/graph_cli.c).
func traceFilterCommands() []cliCommand {
	return []cliCommand{
		command("trace filter", "trace filter none | [include|exclude] NODE COUNT", cliTraceFilter),
		command("show trace filter function", "show trace filter function", cliShowFilterFunction),
		command("set trace filter function", "set trace filter function <func_name>",
			cliSetFilterFunction("expected valid trace filter function, got `%s'")),
		command("show pcap filter function", "show pcap filter function", cliShowFilterFunction),
		command("set pcap filter function", "set pcap filter function <func_name>",
			cliSetFilterFunction("expected valid trace filter function, got `%s'")),
		command("set trace timestamp-format", "set trace timestamp-format <relative|unix|datetime>", cliSetTraceTimestamp),
		command("show trace timestamp-format", "show trace timestamp-format", func(v *VPP, _ *cliArgs) (string, error) {
			return "trace timestamp format: " + v.fam.traceTime.String(), nil
		}),
		command("show graph", "show graph [node <index>|<name>] [want_arcs] [input|trace_supported] [drop] [output] [punt] "+
			"[handoff] [no_free] [polling] [interrupt]", cliShowGraph),
		command("tracenode feature", "tracenode feature <intfc> [disable] [pcap]", cliTracenode),
	}
}

// traceTime is how traces show times.
type traceTime uint8

const (
	traceRelative traceTime = iota
	traceUnix
	traceDatetime
)

func (t traceTime) String() string { return [...]string{"relative", "unix", "datetime"}[t] }

// formatTrace is format_vlib_trace: an empty line, then a node's name and record
// after the other.
func (v *VPP) formatTrace(t *vlib.PacketTrace) string {
	var stamp func(time.Time) string
	switch v.fam.traceTime {
	case traceUnix:
		stamp = func(at time.Time) string { return fmt.Sprintf("%.6f", unixSeconds(at)) }
	case traceDatetime:
		stamp = func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000") }
	default:
		return "\n" + strings.TrimSuffix(t.Format(v.dp.Start), "\n")
	}
	return "\n" + strings.TrimSuffix(t.FormatTimes(stamp), "\n")
}

func cliTraceFilter(v *VPP, a *cliArgs) (string, error) {
	var n *vlib.Node
	var count uint32
	all := *a
	if a.is("none") {
		v.dp.Graph.TraceFilter(vlib.TraceKeepAll, nil, 0)
		return "", nil
	}
	keep := vlib.TraceKeepWith
	if !a.is("include") {
		if keep = vlib.TraceKeepWithout; !a.is("exclude") {
			return "", fmt.Errorf("expected 'include NODE COUNT' or 'exclude NODE COUNT' or 'none', got `%s'", all.rest())
		}
	}
	if !a.node(&n) || !a.plainNumber(&count) {
		return "", fmt.Errorf("expected 'include NODE COUNT' or 'exclude NODE COUNT' or 'none', got `%s'", all.rest())
	}
	v.dp.Graph.TraceFilter(keep, n, int(count))
	return "", nil
}

// traceFilterFunction is the only function there is to choose packets: VPP's
// plugins may add others.
const traceFilterFunction = "vnet_is_packet_traced"

func cliShowFilterFunction(*VPP, *cliArgs) (string, error) {
	return "(*) name:" + traceFilterFunction + " description: classifier based filter priority: 50", nil
}

func cliSetFilterFunction(complaint string) func(v *VPP, a *cliArgs) (string, error) {
	return func(_ *VPP, a *cliArgs) (string, error) {
		for a.more() {
			if !a.is(traceFilterFunction) {
				return "", fmt.Errorf(complaint, a.rest())
			}
		}
		return "", nil
	}
}

func cliSetTraceTimestamp(v *VPP, a *cliArgs) (string, error) {
	if !a.more() {
		return "", cliText("expected timestamp format")
	}
	for a.more() {
		switch {
		case a.is("relative"):
			v.fam.traceTime = traceRelative
		case a.is("unix"):
			v.fam.traceTime = traceUnix
		case a.is("datetime"):
			v.fam.traceTime = traceDatetime
		default:
			return "", fmt.Errorf("expected 'relative', 'unix', or 'datetime', got `%s'", a.rest())
		}
	}
	return "", nil
}

func cliShowGraph(v *VPP, a *cliArgs) (string, error) {
	var n *vlib.Node
	var index, flags uint32
	arcs := false
	names := map[string]uint32{"trace_supported": nodeTraceSupported, "input": nodeTraceSupported, "drop": nodeDrop,
		"output": nodeOutput, "punt": nodePunt, "handoff": 0x10, "no_free": 1, "polling": 0x40, "interrupt": 0x80}
	for a.more() {
		var name string
		switch {
		case a.number("node", &index):
			n = v.dp.Graph.NodeAt(index)
		case a.text("node", &name):
			n = v.dp.Graph.Node(name)
		case a.is("want_arcs"):
			arcs = true
		default:
			bit, ok := names[a.words[0]]
			if !ok {
				return "", fmt.Errorf("unknown input '%s'", a.rest())
			}
			flags |= bit
			a.word()
		}
	}
	var b strings.Builder
	for _, node := range v.sortedNodes() {
		if n != nil && node != n || n == nil && flags != 0 && nodeFlags(node)&flags == 0 {
			continue
		}
		fmt.Fprintf(&b, "Node (%4d): %s, Flags: 0x%x\n", node.Index, node.Name, nodeFlags(node))
		for _, next := range v.arcs(node, arcs) {
			fmt.Fprintf(&b, "    next: %d\n", next)
		}
	}
	return b.String(), nil
}

func cliTracenode(v *VPP, a *cliArgs) (string, error) {
	req := tracenodeEnable{SwIfIndex: invalidIndex, Enable: true}
	for a.more() {
		index, ok := a.interfaceIndex()
		switch {
		case ok && index == 0:
			return "", cliText("Local interface not supported...")
		case ok:
			req.SwIfIndex = index
		case a.is("disable"):
			req.Enable = false
		case a.is("pcap"):
			req.IsPcap = true
		default:
			return "", a.unknown()
		}
	}
	if req.SwIfIndex == invalidIndex {
		return "", cliText("Software interface required")
	}
	return "", v.tracenodeEnableDisable(nil, &req)
}

// interfaceIndex takes the name of an interface and returns its index.
func (a *cliArgs) interfaceIndex() (uint32, bool) {
	i := a.v.dp.Interface(invalidIndex)
	if !a.iface(&i) {
		return 0, false
	}
	return i.SwIfIndex, true
}
