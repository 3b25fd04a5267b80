package fakevpp

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// graphShapeCommands show how nodes lead to nodes (src/vlib/node_cli.c).
func graphShapeCommands() []cliCommand {
	return []cliCommand{
		command("show vlib graph", "Show packet processing node graph", cliShowVlibGraph),
		command("show vlib graphviz", "Dump packet processing node graph as a graphviz dotfile", cliShowGraphviz),
	}
}

// graphColumn is how wide the columns of the graph are; longer names are cut.
const graphColumn = 26

// cliShowVlibGraph shows one node or, by name, all. A word that names no node is
// the next command.
func cliShowVlibGraph(v *VPP, a *cliArgs) (string, error) {
	var b strings.Builder
	b.WriteString(centered("Name", graphColumn) + centered("Next", graphColumn) + centered("Previous", graphColumn) + "\n")
	previous := previousByNode(v.dp.Graph)
	var only *vlib.Node
	if a.node(&only) {
		b.WriteString(formatNodeGraph(v.dp.Graph, only, previous) + "\n")
		return b.String(), nil
	}
	nodes := slices.Clone(v.dp.Graph.Nodes())
	sortByName(nodes, func(n *vlib.Node) string { return n.Name })
	for _, n := range nodes {
		b.WriteString(formatNodeGraph(v.dp.Graph, n, previous) + "\n\n")
	}
	return b.String(), nil
}

// previousByNode lists by node index the nodes that have a slot to it, in order
// of their indices.
func previousByNode(g *vlib.Graph) [][]*vlib.Node {
	previous := make([][]*vlib.Node, len(g.Nodes()))
	for _, p := range g.Nodes() {
		for _, name := range p.Nexts() {
			n := g.Node(name)
			if n == nil || len(previous[n.Index]) > 0 && previous[n.Index][len(previous[n.Index])-1] == p {
				continue
			}
			previous[n.Index] = append(previous[n.Index], p)
		}
	}
	return previous
}

// formatNodeGraph is format_vlib_node_graph (src/vlib/node_format.c).
func formatNodeGraph(g *vlib.Graph, n *vlib.Node, previous [][]*vlib.Node) string {
	var nexts []string
	for slot, name := range n.Nexts() {
		if g.Node(name) != nil {
			nexts = append(nexts, fmt.Sprintf("%s [%d]", name, slot))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-*.*s", graphColumn, graphColumn, n.Name)
	for k := range max(len(nexts), len(previous[n.Index])) {
		if k > 0 {
			fmt.Fprintf(&b, "\n%*s", graphColumn, "")
		}
		next := ""
		if k < len(nexts) {
			next = nexts[k]
		}
		b.WriteString(centered(next, graphColumn))
		if k < len(previous[n.Index]) {
			b.WriteString(centered(previous[n.Index][k].Name, graphColumn))
		}
	}
	return b.String()
}

// graphFilter says which nodes a drawing of the graph has.
type graphFilter struct{ on, calls, vectors bool }

// has says if a node that was called so often is drawn. Both words are as none.
func (f graphFilter) has(n *vlib.Node) bool {
	calls, vectors := n.Calls > 0, n.Vectors > 0
	switch {
	case !f.on:
		return true
	case f.calls == f.vectors:
		return calls && vectors || f.calls && (calls || vectors)
	case f.calls:
		return calls
	}
	return vectors
}

// cliShowGraphviz draws the graph in the language of graphviz (show_node_graphviz).
func cliShowGraphviz(v *VPP, a *cliArgs) (string, error) {
	var f graphFilter
	file, name := "", ""
	for a.more() {
		switch {
		case a.is("filter"):
			f.on = true
		case f.on && a.is("calls"):
			f.calls = true
		case f.on && a.is("vectors"):
			f.vectors = true
		case a.pcapWord("file", &name, func(s string) (ok bool) { file, ok = tmpFile(s); return ok }):
		default:
			a.words = nil
			return "", a.unknown() // of what is behind the line, as in VPP
		}
	}
	text := graphviz(v.dp.Graph, f)
	if file == "" {
		return text, nil
	}
	if os.WriteFile(file, []byte(text), 0o664) != nil {
		return text, nil // VPP looks only at the descriptor
	}
	tool := "fdp"
	if f.on {
		tool = "dot"
	}
	return fmt.Sprintf("vlib graph dumped into `%s'. Run eg. `%s -Tsvg -O %s'.\n", file, tool, file), nil
}

func graphviz(g *vlib.Graph, f graphFilter) string {
	var b strings.Builder
	b.WriteString("digraph {\n")
	if f.on {
		b.WriteString(graphvizLegend())
		for _, n := range g.Nodes() {
			if f.has(n) {
				b.WriteString(graphvizNode(n))
			}
		}
	}
	for _, n := range g.Nodes() {
		if !f.has(n) {
			continue
		}
		for _, name := range n.Nexts() {
			if next := g.Node(name); next != nil && f.has(next) {
				fmt.Fprintf(&b, "  \"%s\" -> \"%s\"\n", n.Name, name)
			}
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// graphvizNode draws a node as wide as its packets took time, in the colour of
// its frames' sizes.
func graphvizNode(n *vlib.Node) string {
	s := fmt.Sprintf("  \"%s\" [shape=circle", n.Name)
	if n.Vectors > 0 {
		size := 1 + math.Log10(float64(n.Clocks)/float64(n.Vectors)+1)
		s += fmt.Sprintf(" width=%.2f fontsize=%.2f fixedsize=true", size, 11+3*size)
		if n.Calls > 0 {
			s += fmt.Sprintf(" fillcolor=%d style=filled colorscheme=ylorrd8", min((n.Vectors-1)/(32*n.Calls)+1, 8))
		}
	}
	return s + "]\n"
}

// graphvizLegend explains colours and sizes.
func graphvizLegend() string {
	var b strings.Builder
	b.WriteString("  rankdir=\"LR\"\n  nodesep=2\n  subgraph cluster_legend {\n    label=\"Legend\"\n    style=\"solid\"\n    labelloc = b\n")
	b.WriteString("    subgraph cluster_colors {\n      label=\"Packets/Call\"\n      style=\"solid\"\n      labelloc = b\n")
	b.WriteString("      0 [label=\"No packet\", fixedsize=true shape=circle width=2 fontsize=17]\n")
	for k := 1; k <= 8; k++ {
		label := fmt.Sprintf("%d-%d", 32*k-31, 32*k)
		if k == 8 {
			label = "224+"
		}
		fmt.Fprintf(&b, "      %d [label=\"%s\", fillcolor=%d style=filled colorscheme=ylorrd8 fixedsize=true shape=circle width=2 fontsize=17]\n",
			k, label, k)
	}
	b.WriteString("      0 -> 1 -> 2 -> 3 -> 4 [style=\"invis\",weight =100]\n      5 -> 6 -> 7 -> 8 [style=\"invis\",weight =100]\n    }\n")
	b.WriteString("    subgraph cluster_size {\n      label=\"Cycles/Packet\"\n      style=\"solid\"\n      labelloc = b\n")
	for k, c := range [...]struct {
		cycles string
		font   string
	}{{"0", ""}, {"10", " fontsize=17"}, {"100", " fontsize=20"}, {"1000", " fontsize=23"}} {
		end := "]\n"
		if k == 0 {
			end = "] \n"
		}
		fmt.Fprintf(&b, "      %c[label=\"%s\",fixedsize=true shape=circle width=%d%s%s", 'a'+k, c.cycles, k+1, c.font, end)
	}
	b.WriteString("      a -> b -> c -> d  [style=\"invis\",weight =100]\n    }\n  }\n")
	return b.String()
}
