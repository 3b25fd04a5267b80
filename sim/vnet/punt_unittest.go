package vnet

import (
	"fmt"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// puntTest is what VPP's unittest plugin keeps about punting
// (src/plugins/unittest/punt_test.c).
type puntTest struct {
	reasons [2]*PuntReason
	adjs    [2]map[uint32]uint32 // by protocol and sw_if_index
}

// The interfaces that the plugin has nodes for, by sw_if_index.
const (
	puntTestPG0 = 1
	puntTestPG1 = 2
)

// AddUnitTestNodes registers the nodes of VPP's unittest plugin that have a part
// in punting: features that punt everything for a reason of their own, and nodes
// that send punted packets by the first two interfaces. It is called before
// there are interfaces.
func (m *Main) AddUnitTestNodes() {
	m.puntTest = &puntTest{}
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		m.puntTest.adjs[p] = map[uint32]uint32{}
		name := "punt-test-feat-" + p.String()
		m.Graph.MustAdd(vlib.Registration{Name: name, Nexts: []string{"punt-dispatch"},
			Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.puntTestFeature(n, bufs, p) }})
		m.addFeature(urpfArcs[p][dirRx], featureDecl{node: name})
		for i := range uint32(2) {
			m.Graph.MustAdd(vlib.Registration{Name: puntTestNode(p, i+puntTestPG0),
				Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.puntTestSend(n, bufs, p, i+puntTestPG0) }})
		}
	}
}

func puntTestNode(p fib.Proto, swIf uint32) string {
	return fmt.Sprintf("punt-test-pg%d-%s", min(swIf, puntTestPG1)-puntTestPG0, p)
}

// HasUnitTestNodes says if AddUnitTestNodes was called.
func (m *Main) HasUnitTestNodes() bool { return m.puntTest != nil }

// StartPuntTest makes the two reasons anew and punts what an interface receives.
func (m *Main) StartPuntTest(swIf uint32) {
	for p := range m.puntTest.reasons {
		m.puntTest.reasons[p] = m.addPuntReason("test", fmt.Sprintf("reason-v%d", 4+2*p), p == int(fib.IP6), nil)
	}
	m.setPuntTest(swIf, true)
}

// StopPuntTest lets an interface's packets pass again.
func (m *Main) StopPuntTest(swIf uint32) { m.setPuntTest(swIf, false) }

func (m *Main) setPuntTest(swIf uint32, on bool) {
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		_ = m.EnableFeature(p.String()+"-unicast", "punt-test-feat-"+p.String(), swIf, on)
	}
}

// PuntTestVia sends what is punted for the test's reason to a neighbour on an
// interface; ErrInvalidValue before StartPuntTest and for a neighbour that
// nothing is known of, where VPP goes on without a packet's rewrite.
func (m *Main) PuntTestVia(swIf uint32, neighbor netip.Addr) error {
	p := fib.ProtoOf(neighbor)
	adj, ok := m.FIB.FindNeighbor(p, p.Link(), neighbor, swIf)
	if !ok || m.puntTest.reasons[p] == nil {
		return fmt.Errorf("test punt to %s: %w", neighbor, ErrInvalidValue)
	}
	m.puntTest.adjs[p][min(swIf, puntTestPG1)] = adj
	m.puntRegister("test", m.puntTest.reasons[p], puntTestNode(p, swIf))
	return nil
}

func (m *Main) puntTestFeature(n *vlib.Node, bufs []*vlib.Buffer, p fib.Proto) {
	r := m.puntTest.reasons[p]
	for _, b := range bufs {
		b.PuntReason = r.ID
		if b.Trace != nil {
			b.Trace.Add(n, &IndexTrace{"reason: " + r.Format()})
		}
		n.Enqueue(b, 0)
	}
}

// puntTestSend puts a neighbour's rewrite in front and sends.
func (m *Main) puntTestSend(n *vlib.Node, bufs []*vlib.Buffer, p fib.Proto, swIf uint32) {
	adj := m.FIB.Adjacency(m.puntTest.adjs[p][swIf])
	for _, b := range bufs {
		i := m.Interface(adj.SwIf)
		if i == nil {
			n.SetError(b, 0)
			n.Send(b, m.Graph.MustIndex("error-drop"))
			continue
		}
		b.TxSwIf = adj.SwIf
		copy(b.Prepend(int(adj.RewriteLen)), adj.Rewrite[:adj.RewriteLen])
		n.Send(b, i.Hw.TxNode.Index)
	}
}
