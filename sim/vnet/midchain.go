package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// addMidchainNodes registers what follows a midchain's rewrite
// (src/vnet/adj/adj_midchain_node.c).
func (m *Main) addMidchainNodes() {
	m.midchains = map[uint32]*midchain{}
	count := func(n *vlib.Node, bufs []*vlib.Buffer) { m.midchainOutput(n, bufs, true) }
	m.midchainTx = m.Graph.MustAdd(vlib.Registration{Name: "adj-midchain-tx", Func: count, Nexts: []string{"error-drop"}})
	m.Graph.MustAdd(vlib.Registration{Name: "tunnel-output", Func: count, SiblingOf: "adj-midchain-tx"})
	m.Graph.MustAdd(vlib.Registration{Name: "tunnel-output-no-count", SiblingOf: "adj-midchain-tx",
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.midchainOutput(n, bufs, false) }})
}

// midchainOutput counts packets on their tunnel interface and follows the
// object that the midchain is stacked on.
func (m *Main) midchainOutput(n *vlib.Node, bufs []*vlib.Buffer, count bool) {
	for _, b := range bufs {
		adj := m.FIB.Adjacency(b.Adj)
		if i := m.Interface(adj.SwIf); count && i != nil {
			i.Counters.TX.Add(b.Len())
		}
		if b.Trace != nil {
			b.Trace.Add(n, MidchainTrace{m.adjacencyTrace(b.Adj)})
		}
		b.Adj = adj.Stacked.Index
		n.Send(b, adj.Stacked.Node)
	}
}

// MidchainTrace is what adj-midchain-tx and tunnel-output record.
type MidchainTrace struct{ Adjacency AdjacencyTrace }

// Format renders as format_adj_midchain_tx_trace does.
func (t MidchainTrace) Format() string {
	return fmt.Sprintf("adj-midchain:[%d]:%s", t.Adjacency.Index, t.Adjacency.Format())
}
