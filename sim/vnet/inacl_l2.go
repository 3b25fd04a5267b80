package vnet

import (
	"fmt"
	"math/bits"

	"github.com/vpptwin/vpptwin/sim/classify"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Error counters of the layer 2 ACL nodes (src/vnet/l2/l2_in_out_acl.c).
const (
	l2ACLNone uint16 = iota
	l2ACLMiss
	l2ACLHit
	l2ACLChainHit
	l2ACLMissDrop
	l2ACLDeny
)

func l2ACLErrors(way string) []vlib.ErrorDesc {
	return plainErrors("valid "+way+" ACL packets", way+" ACL misses", way+" ACL hits", way+" ACL hits after chain walk",
		way+" ACL table-miss drops", way+" ACL session deny drops")
}

func (m *Main) addL2ACLNodes() {
	for dir, way := range []string{"input", "output"} {
		m.Graph.MustAdd(vlib.Registration{Name: "l2-" + way + "-acl", Nexts: []string{"error-drop"},
			Errors: l2ACLErrors(way),
			Func:   func(n *vlib.Node, bufs []*vlib.Buffer) { m.l2ACL(n, bufs, ACLDirection(dir)) }})
	}
}

// enableL2ACL is for interfaces in bridge domains and cross-connects
// (l2input_intf_bitmap_enable, l2output_intf_bitmap_enable in src/vnet/l2).
func (m *Main) enableL2ACL(swIf uint32, on bool, dir ACLDirection) {
	set, acl := &m.l2In(swIf).features, L2InACL
	if dir == ACLOutput {
		set, acl = &m.l2Out(swIf).features, L2OutACL
	}
	*set &^= acl
	if on {
		*set |= acl
	}
}

// l2ACL looks frames up from their current start, whatever the table says
// (l2_in_out_acl_node_fn).
func (m *Main) l2ACL(n *vlib.Node, bufs []*vlib.Buffer, dir ACLDirection) {
	now := m.classifyNow()
	var misses, hits, chain uint64
	for _, b := range bufs {
		swIf := b.RxSwIf
		if dir == ACLOutput {
			swIf = b.TxSwIf
		}
		first := m.ClassifyTable(m.ACLTable(dir, ACLL2, swIf))
		deny := false
		table, offset := vlib.InvalidIndex, vlib.InvalidIndex
		if first != nil {
			s, last := m.l2ACLWalk(first, b, now)
			table = last.Index
			if s != nil {
				hits++
				if last != first {
					chain++
				}
				advance(b, int(s.Advance))
				offset, deny = s.Offset, s.Next == aclNextDeny
				n.SetError(b, l2ACLDeny)
			} else {
				misses++
				deny = last.MissNext == aclNextDeny
				n.SetError(b, l2ACLMissDrop)
			}
			if !deny {
				n.SetError(b, l2ACLNone)
			}
		}
		if b.Trace != nil {
			b.Trace.Add(n, &IndexTrace{fmt.Sprintf("%sACL: sw_if_index %d, next_index %d, table %d, offset %d",
				[...]string{"IN", "OUT"}[dir], swIf, m.l2ACLSlot(b, dir, deny), int32(table), int32(offset))})
		}
		switch {
		case deny:
			n.Enqueue(b, aclNextDeny)
		case dir == ACLOutput:
			m.l2OutNext(n, b, L2OutACL)
		default:
			m.l2Next(n, b, L2InACL)
		}
	}
	n.Count(l2ACLMiss, misses)
	n.Count(l2ACLHit, hits)
	n.Count(l2ACLChainHit, chain)
}

// l2ACLSlot is what VPP's trace has for the next node: 0 for a drop, else the
// number of the next feature.
func (m *Main) l2ACLSlot(b *vlib.Buffer, dir ACLDirection, deny bool) int {
	if deny {
		return aclNextDeny
	}
	done := L2InACL
	if dir == ACLOutput {
		done = L2OutACL
	}
	return bits.Len32(b.L2.Features&^uint32(done)) - 1
}

func (m *Main) l2ACLWalk(t *classify.Table, b *vlib.Buffer, now float64) (*classify.Session, *classify.Table) {
	for range m.classify.tables.Len() {
		off := int(t.Skip) * classify.VectorSize
		if t.UseCurrent() {
			off += int(t.CurrentOffset)
		}
		if s := t.Find(b.Window(off, m.classify.pad[:t.Window()]), now); s != nil {
			return s, t
		}
		next := m.classify.tables.Next(t)
		if next == nil {
			break
		}
		t = next
	}
	return nil, t
}
