package vnet

import (
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// reassTraceOp is what full reassembly did with a fragment.
type reassTraceOp uint8

const (
	reassTraceNew reassTraceOp = iota
	reassTraceShrink
	reassTraceDiscard
	reassTraceOverlap
	reassTraceFinalize
	reassTraceExpired
	reassTracePassthrough
)

// FullReassTrace is what the nodes of full reassembly record.
type FullReassTrace struct {
	Proto fib.Proto
	// ID is the reassembly's number, Op that of the step in it; Whole says that
	// the packet belongs to none.
	ID    uint64
	Op    uint32
	Whole bool
	// FirstBuffer and Buffer number fragments as they came in.
	FirstBuffer, Buffer        uint32
	DataLen                    uint32
	FragmentFirst, FragmentEnd uint32
	RangeFirst, RangeLast      uint32

	action reassTraceOp
}

func (m *Main) traceFull(n *vlib.Node, p fib.Proto, r *fullReass, g *reassRange, op reassTraceOp) {
	if g.b.Trace == nil {
		return
	}
	t := &FullReassTrace{Proto: p, Whole: r == nil, Buffer: g.bi, FragmentFirst: g.fragFirst, FragmentEnd: g.fragLast,
		RangeFirst: g.first, RangeLast: g.last, action: op}
	if r != nil {
		t.ID, t.Op, t.DataLen = r.id, r.ops, r.dataLen
		if len(r.ranges) > 0 {
			t.FirstBuffer = r.ranges[0].bi
		}
		r.ops++
	}
	g.b.Trace.Add(n, t)
}

// Format renders as format_ip4_full_reass_trace and format_ip6_full_reass_trace
// do.
func (t *FullReassTrace) Format() string {
	if t.Whole {
		return "passthrough - not a fragment"
	}
	head := fmt.Sprintf("reass id: %d, op id: %d, ", t.ID, t.Op)
	s := head + fmt.Sprintf("first bi: %d, data len: %d, ip/fragment[%d, %d]\n", t.FirstBuffer, t.DataLen,
		t.FragmentFirst, t.FragmentEnd) + strings.Repeat(" ", len(head))
	size := uint16(min(t.RangeLast, t.FragmentEnd) - t.RangeFirst + 1)
	part := fmt.Sprintf("range: [%d, %d], off %d, len %d, bi %d", t.RangeFirst, t.RangeLast,
		t.RangeFirst-t.FragmentFirst, size, t.Buffer)
	switch t.action {
	case reassTraceNew:
		return s + "new " + part
	case reassTraceShrink:
		return s + "shrink " + part + " by 0"
	case reassTraceDiscard:
		return s + "discard " + part
	case reassTraceExpired:
		return s + "icmp-error - reassembly time exceeded"
	case reassTraceFinalize:
		return s + "finalize reassembly"
	}
	if t.Proto == fib.IP6 {
		return s + "overlap " + part
	}
	return s + "overlapping/ignored " + part
}
