package vnet

import (
	"fmt"
	"math/bits"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of l2-output.
const (
	l2OutputNextDrop uint16 = iota
	l2OutputNextBadInterface
)

// Error counters of l2-output (foreach_l2output_error in
// src/vnet/l2/l2_output.h).
const (
	l2OutputPackets uint16 = iota
	l2OutputEFP
	l2OutputVTR
	l2OutputSHG
	_
	l2OutputMapping
)

func (m *Main) addL2OutputNodes() {
	m.Graph.MustAdd(vlib.Registration{Name: "l2-output", Func: m.l2OutputNode,
		Nexts: withFeatures(l2OutNodes[:], "error-drop", "l2-output-bad-intf"),
		Errors: plainErrors("L2 output packets", "L2 EFP filter pre-rewrite drops", "L2 output tag rewrite drops",
			"L2 split horizon drops", "L2 output drops", "L2 Output interface not valid")})
	m.Graph.MustAdd(vlib.Registration{Name: "l2-output-bad-intf", Nexts: []string{"error-drop"},
		Errors: plainErrors("L2 output to interface not in L2 mode or deleted"),
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) {
			for _, b := range bufs {
				n.Drop(b, 0)
			}
		}})
}

// l2OutputNode sends a packet to its interface: over the interface's features if
// it has any, else to the interface's output node, with its tags rewritten.
func (m *Main) l2OutputNode(n *vlib.Node, bufs []*vlib.Buffer) {
	var out *l2Output
	tx := vlib.InvalidIndex
	for _, b := range bufs {
		if b.TxSwIf != tx || out == nil {
			if tx = b.TxSwIf; uint64(tx) >= uint64(len(m.l2.outputs)) {
				out = &l2Output{}
			} else {
				out = &m.l2.outputs[tx]
			}
		}
		features := out.features &^ L2OutOutput
		if features == 0 && !out.vtr && out.shg == 0 && out.next != 0 && out.next != badOutput {
			b.FlowHash = uint32(b.L2Len)
			if b.Trace != nil {
				traceL2Output(n, b)
			}
			n.Send(b, out.next)
			continue
		}
		m.l2OutputSlow(n, b, out, features)
	}
	n.Count(l2OutputPackets, uint64(len(bufs)))
}

// l2OutputSlow is for interfaces that have more to do than to send.
func (m *Main) l2OutputSlow(n *vlib.Node, b *vlib.Buffer, out *l2Output, features L2Feature) {
	code := l2OutputPackets
	switch {
	case features == 0 && out.next == 0:
		code = l2OutputMapping
	case features == 0 && out.next == badOutput:
	default:
		code = out.process(b, features != 0)
	}
	b.FlowHash = uint32(b.L2Len)
	if b.Trace != nil {
		traceL2Output(n, b)
	}
	switch {
	case code != l2OutputPackets:
		n.Drop(b, code)
	case features != 0:
		n.Send(b, m.l2.outNext[(31-bits.LeadingZeros32(uint32(out.features)))&31])
	case out.next == badOutput:
		n.Enqueue(b, l2OutputNextBadInterface)
	default:
		n.Send(b, out.next)
	}
}

// process rewrites tags and checks the split horizon; it returns the reason to
// drop, l2OutputPackets for none. The check comes last and its reason counts.
func (out *l2Output) process(b *vlib.Buffer, features bool) uint16 {
	code := l2OutputPackets
	if features {
		b.L2.Features = uint32(out.features)
	}
	switch {
	case out.vtr && out.out.active():
		foreign := out.features&L2OutEFPFilter != 0 && !out.in.matches(b)
		if !out.out.apply(b) {
			code = l2OutputVTR
		}
		if foreign {
			code = l2OutputEFP
		}
	case out.vtr && out.pbbOut.active():
		if !out.pbbOut.apply(b) {
			code = l2OutputVTR
		}
	}
	if out.shg != 0 && out.shg == b.L2.SHG {
		code = l2OutputSHG
	}
	return code
}

func traceL2Output(n *vlib.Node, b *vlib.Buffer) {
	b.Trace.Add(n, newL2Trace("l2-output:", b.TxSwIf, b, l2Raw(b)))
}

// l2Raw shows the twelve bytes behind the addresses.
func l2Raw(b *vlib.Buffer) string {
	var raw [12]byte
	if p := b.Bytes(); len(p) > 12 {
		copy(raw[:], p[12:])
	}
	return fmt.Sprintf(" data % x", raw)
}
