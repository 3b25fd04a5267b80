package vnet

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// svTraceOp is what shallow reassembly did with a packet.
type svTraceOp uint8

const (
	svTraceCached svTraceOp = iota
	svTraceFirst
	svTraceLast
	svTraceForward
	svTracePassthrough
	svTraceTimeout
	svTraceLRU
	svTraceError
)

// ShallowReassTrace is what the nodes of shallow reassembly record.
type ShallowReassTrace struct {
	Proto fib.Proto
	// ID is the reassembly's number, Op that of the step in it.
	ID uint64
	Op uint32
	// L4 is what is known of the flow.
	L4 vlib.L4Info

	action svTraceOp
}

func (m *Main) traceShallow(n *vlib.Node, p fib.Proto, r *svReass, b *vlib.Buffer, op svTraceOp) {
	if b.Trace == nil {
		return
	}
	t := &ShallowReassTrace{Proto: p, L4: b.L4, action: op}
	if r != nil {
		t.ID, t.Op, t.L4 = r.id, r.ops, r.l4
		r.ops++
	}
	b.Trace.Add(n, t)
}

// Format renders as format_ip4_sv_reass_trace and format_ip6_sv_reass_trace do.
func (t *ShallowReassTrace) Format() string {
	s := ""
	if t.action < svTracePassthrough {
		s = fmt.Sprintf("reass id: %d, op id: %d ", t.ID, t.Op)
	}
	flow := fmt.Sprintf("ip proto=%d, src_port=%d, dst_port=%d]", t.L4.Proto, t.L4.SrcPort, t.L4.DstPort)
	switch t.action {
	case svTraceCached:
		s += "[cached]"
	case svTraceFirst:
		s += "[first-frag-seen, " + flow
	case svTraceLast:
		s += "[last-frag-seen]"
	case svTraceForward:
		s += "[forward, " + flow
	case svTraceTimeout:
		s += "[free, timed out]"
	case svTraceLRU:
		s += "[free, LRU pressure]"
	case svTraceError:
		s += "[free, error occurred]"
	case svTracePassthrough:
		if t.Proto == fib.IP6 {
			return "[not fragmented or atomic fragment]"
		}
		s += "[not-fragmented]"
	}
	if t.Proto == fib.IP4 && t.L4.Truncated {
		s += " [l4-hdr-truncated]"
	}
	return s
}

// svKeyTrace shows the key that a fragment is looked up by, as the numbers that
// VPP's table has it in.
func svKeyTrace(k *reassKey) vlib.TraceData {
	src, dst := binary.LittleEndian.Uint32(k.src[:4]), binary.LittleEndian.Uint32(k.dst[:4])
	id := bits.ReverseBytes16(uint16(k.id))
	return &IndexTrace{fmt.Sprintf("[lookup, key: key %d %d value 0]", uint64(k.fib)|uint64(src)<<32,
		uint64(dst)|uint64(id)<<32|uint64(k.proto)<<48)}
}
