package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Error counters of the node "<if>-output".
const (
	outputErrorDown uint16 = iota
	outputErrorDeleted
	outputErrorNoTxQueue
)

var outputErrors = []vlib.ErrorDesc{
	{Name: "interface is down", Desc: "interface is down"},
	{Name: "interface is deleted", Desc: "interface is deleted"},
	{Name: "no tx queue available", Desc: "no tx queue available"},
}

// Next slots of the node "<if>-output".
const (
	outputNextDrop uint16 = iota
	outputNextTx
)

// interfaceNodes is a pair of output and tx node. VPP keeps the nodes of a
// deleted interface and gives them to the next one under new names
// (src/vnet/interface.c), so the pair outlives its interface.
type interfaceNodes struct {
	main       *Main
	sw         *Interface // nil while no interface uses the pair
	output, tx *vlib.Node
	txFunc     vlib.Func
}

// addInterfaceNodes gives the interface its nodes: a free pair renamed, or new
// ones.
func (m *Main) addInterfaceNodes(hw *HwInterface, spec InterfaceSpec) {
	var p *interfaceNodes
	if n := len(m.freeNodes); n > 0 {
		p = m.freeNodes[n-1]
		m.freeNodes = m.freeNodes[:n-1]
		mustRename(m.Graph, p.tx, hw.Name+"-tx")
		mustRename(m.Graph, p.output, hw.Name+"-output")
		m.Graph.RegisterErrors(p.tx, spec.TxErrors)
		m.Graph.RegisterErrors(p.output, outputErrors)
	} else {
		p = &interfaceNodes{main: m}
		p.tx = m.Graph.MustAdd(vlib.Registration{Name: hw.Name + "-tx", Func: p.runTx, Nexts: []string{"error-drop"},
			Errors: spec.TxErrors})
		p.output = m.Graph.MustAdd(vlib.Registration{Name: hw.Name + "-output", Func: p.runOutput,
			Nexts: []string{"error-drop", hw.Name + "-tx"}, Errors: outputErrors})
		p.output.Next(outputNextTx) // before the tx node gets another name
	}
	p.sw, p.txFunc = m.sw[hw.SwIfIndex], spec.Tx
	if p.txFunc == nil {
		p.txFunc = p.transmit
	}
	hw.nodes, hw.OutputNode, hw.TxNode = p, p.output, p.tx
}

// deleteInterfaceNodes puts the pair aside for the next interface.
func (m *Main) deleteInterfaceNodes(hw *HwInterface) {
	p := hw.nodes
	m.Graph.UnregisterErrors(p.output)
	m.Graph.UnregisterErrors(p.tx)
	mustRename(m.Graph, p.output, fmt.Sprintf("interface-%d-output-deleted", hw.HwIfIndex))
	mustRename(m.Graph, p.tx, fmt.Sprintf("interface-%d-tx-deleted", hw.HwIfIndex))
	p.sw, p.txFunc = nil, nil
	m.freeNodes = append(m.freeNodes, p)
}

// mustRename renames a node to a name that interface names keep unique.
func mustRename(g *vlib.Graph, n *vlib.Node, name string) {
	if err := g.Rename(n, name); err != nil {
		panic(err)
	}
}

// runOutput is the node "<if>-output": it counts, starts the interface-output
// feature arc and passes on to "<if>-tx" (src/vnet/interface_output.c).
func (p *interfaceNodes) runOutput(n *vlib.Node, bufs []*vlib.Buffer) {
	i := p.sw
	if i == nil {
		for _, b := range bufs {
			n.Drop(b, outputErrorDeleted)
		}
		return
	}
	if !i.IsUp() {
		*i.Counters.TXError += uint64(len(bufs))
		for _, b := range bufs {
			p.trace(n, b)
			n.Drop(b, outputErrorDown)
		}
		return
	}
	if p.main.pcapTx {
		p.main.pcapSent(i, bufs)
	}
	features := p.main.featureStart(arcInterfaceOutput, i.SwIfIndex)
	subs := len(i.Hw.subs) > 0
	bytes := 0
	for _, b := range bufs {
		if b.Trace != nil {
			p.trace(n, b)
		}
		bytes += b.Len()
		if subs && b.TxSwIf != i.SwIfIndex {
			p.main.countSubTX(b)
		}
		if b.Flags&(vlib.FlagOffloadL4Checksum|vlib.FlagGSO) == vlib.FlagOffloadL4Checksum && !i.Hw.Checksum {
			finishChecksum(b, i.Hw.Class.Ethernet)
		}
		if features != nil {
			b.Features = features
			n.SendFeature(b)
			continue
		}
		n.Enqueue(b, outputNextTx)
	}
	i.Counters.TX.Packets += uint64(len(bufs))
	i.Counters.TX.Bytes += uint64(bytes)
}

// countSubTX counts a packet on the sub-interface that it leaves by.
func (m *Main) countSubTX(b *vlib.Buffer) {
	if s := m.Interface(b.TxSwIf); s != nil {
		s.Counters.TX.Add(b.Len())
	}
}

func (p *interfaceNodes) trace(n *vlib.Node, b *vlib.Buffer) {
	if b.Trace != nil {
		i := p.main.Interface(b.TxSwIf)
		if i == nil || i.Hw != p.sw.Hw {
			i = p.sw
		}
		b.Trace.Add(n, newOutputTrace(i, b))
	}
}

// runTx is the node "<if>-tx".
func (p *interfaceNodes) runTx(n *vlib.Node, bufs []*vlib.Buffer) {
	if p.sw == nil {
		for _, b := range bufs {
			n.Graph().Free(b)
		}
		return
	}
	p.txFunc(n, bufs)
}

// transmit hands packets to the interface's port; a device without one loses
// them.
func (p *interfaceNodes) transmit(n *vlib.Node, bufs []*vlib.Buffer) {
	hw := p.sw.Hw
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, TxTrace{Device: hw.Device.Name, HwIfIndex: hw.HwIfIndex, Len: b.Len()})
		}
	}
	if len(hw.TxQueues) > 0 {
		hw.TxQueues[0].Packets += uint64(len(bufs))
	}
	if hw.Port == nil {
		for _, b := range bufs {
			p.main.Graph.Free(b)
		}
		return
	}
	p.main.transmit(hw.Port, bufs...)
}

// addInterfaceOutputNodes adds the nodes that are not an interface's own.
func (m *Main) addInterfaceOutputNodes() {
	m.Graph.MustAdd(vlib.Registration{Name: "interface-output", Func: m.interfaceOutput})
	m.Graph.MustAdd(vlib.Registration{Name: "interface-output-arc-end", Func: m.interfaceOutputArcEnd,
		Nexts: []string{"error-drop"}})
}

// interfaceOutput passes each packet to the output node of the interface it
// leaves by; the output feature arcs of IP end here.
func (m *Main) interfaceOutput(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		n.Send(b, m.sw[b.TxSwIf].Hw.OutputNode.Index)
	}
}

func (m *Main) interfaceOutputArcEnd(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		n.Send(b, m.sw[b.TxSwIf].Hw.TxNode.Index)
	}
}
