package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/classify"
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ACLDirection says which way the packets go that an ACL is for.
type ACLDirection uint8

// Directions (in_out_acl_table_group_id_t in src/vnet/classify/in_out_acl.h).
const (
	ACLInput ACLDirection = iota
	ACLOutput
)

// ACLKind is a kind of packet with a table of its own (in_out_acl_table_id_t).
type ACLKind uint8

// Kinds.
const (
	ACLIP4 ACLKind = iota
	ACLIP6
	ACLL2
	ACLIP4Punt
	ACLIP6Punt
	numACLTables
)

// aclFeatures gives arc and feature by direction and kind; the layer 2 ones are
// no features of an arc.
var aclFeatures = [2][numACLTables][2]string{
	{ACLIP4: {"ip4-unicast", "ip4-inacl"}, ACLIP6: {"ip6-unicast", "ip6-inacl"},
		ACLIP4Punt: {"ip4-punt", "ip4-punt-acl"}, ACLIP6Punt: {"ip6-punt", "ip6-punt-acl"}},
	{ACLIP4: {"ip4-output", "ip4-outacl"}, ACLIP6: {"ip6-output", "ip6-outacl"},
		ACLIP4Punt: {"ip4-punt", "ip4-punt-acl"}, ACLIP6Punt: {"ip6-punt", "ip6-punt-acl"}},
}

// SetACLTables makes classifier tables the input or output ACLs of an
// interface, one of each kind, vlib.InvalidIndex for none; or takes them away
// (vnet_set_in_out_acl_intfc in src/vnet/classify/in_out_acl.c). Tables before
// one that fails stay set, and adding where there is one ends with success, as
// in VPP. The errors are ErrNoSuchTable for a table that is free or, on
// removal, not the one in use, and ErrInvalidInterface for a punt ACL on
// another interface than 0.
func (m *Main) SetACLTables(swIfIndex uint32, tables [numACLTables]uint32, add bool, dir ACLDirection) error {
	for kind, table := range tables {
		if table == vlib.InvalidIndex {
			continue
		}
		if m.ClassifyTable(table) == nil {
			return fmt.Errorf("set ACL: classify table %d: %w", table, ErrNoSuchTable)
		}
		list := &m.classify.acl[dir][kind]
		for uint32(len(*list)) <= swIfIndex {
			*list = append(*list, vlib.InvalidIndex)
		}
		if now := (*list)[swIfIndex]; !add && now != table {
			return fmt.Errorf("remove ACL: interface %d does not use classify table %d: %w", swIfIndex, table, ErrNoSuchTable)
		} else if add && now != vlib.InvalidIndex {
			return nil
		}
		if err := m.enableACL(swIfIndex, ACLKind(kind), add, dir); err != nil {
			return err
		}
		(*list)[swIfIndex] = table
		if !add {
			(*list)[swIfIndex] = vlib.InvalidIndex
		}
	}
	return nil
}

func (m *Main) enableACL(swIfIndex uint32, kind ACLKind, on bool, dir ACLDirection) error {
	switch kind {
	case ACLL2:
		m.enableL2ACL(swIfIndex, on, dir)
		return nil
	case ACLIP4Punt, ACLIP6Punt:
		if swIfIndex != 0 {
			return fmt.Errorf("set punt ACL on interface %d: %w", swIfIndex, ErrInvalidInterface)
		}
	}
	f := aclFeatures[dir][kind]
	return m.EnableFeature(f[0], f[1], swIfIndex, on)
}

// ACLTable is the table of an interface, vlib.InvalidIndex for none.
func (m *Main) ACLTable(dir ACLDirection, kind ACLKind, swIfIndex uint32) uint32 {
	return indexOf(m.classify.acl[dir][kind], swIfIndex)
}

// ACLTables returns the tables of a kind by sw_if_index, nil when none was ever
// set.
func (m *Main) ACLTables(dir ACLDirection, kind ACLKind) []uint32 { return m.classify.acl[dir][kind] }

// Error counters of the ACL nodes (src/vnet/ip/ip_in_out_acl.c).
const (
	aclMiss uint16 = iota
	aclHit
	aclChainHit
)

const aclNextDeny = 0

// aclNode is what one of the ACL nodes needs to know.
type aclNode struct {
	name   string
	proto  fib.Proto
	kind   ACLKind
	dir    ACLDirection
	anyRx  bool // the ACL belongs to no interface
	errors *vlib.Node
	// deny, miss and pass are the errors of packets that a session denied, that
	// no session knew and that go on.
	deny, miss, pass uint16
}

func (m *Main) addACLNodes() {
	for _, a := range []aclNode{
		{name: "ip4-inacl", kind: ACLIP4}, {name: "ip4-punt-acl", kind: ACLIP4Punt, anyRx: true},
		{name: "ip4-outacl", kind: ACLIP4, dir: ACLOutput},
		{name: "ip6-inacl", proto: fib.IP6, kind: ACLIP6}, {name: "ip6-punt-acl", proto: fib.IP6, kind: ACLIP6Punt, anyRx: true},
		{name: "ip6-outacl", proto: fib.IP6, kind: ACLIP6, dir: ACLOutput},
	} {
		// VPP hands the error codes over in another order than the function
		// takes them: a denial counts as a table miss and a miss as no error,
		// and a packet that passes carries the denial along, for a later node
		// to count that drops it without a reason of its own.
		a.errors, a.deny, a.miss, a.pass = m.ip4Input, ip4ErrInACLTableMiss, ip4ErrNone, ip4ErrInACLSessionDeny
		if a.proto == fib.IP6 {
			a.errors, a.deny, a.miss, a.pass = m.ip6Input, ip6ErrInACLTableMiss, ip6ErrNone, ip6ErrInACLSessionDeny
		}
		way := "input"
		if a.dir == ACLOutput {
			way = "output"
		}
		m.Graph.MustAdd(vlib.Registration{Name: a.name, Nexts: []string{a.proto.String() + "-drop"},
			Errors: plainErrors(way+" ACL misses", way+" ACL hits", way+" ACL hits after chain walk"),
			Func:   func(n *vlib.Node, bufs []*vlib.Buffer) { m.aclCheck(n, bufs, &a) }})
	}
}

// aclCheck looks packets up in the ACL of their interface (ip_in_out_acl_inline).
func (m *Main) aclCheck(n *vlib.Node, bufs []*vlib.Buffer, a *aclNode) {
	now := m.classifyNow()
	var counts [3]uint64
	for _, b := range bufs {
		swIf, extra := b.RxSwIf, 0
		switch {
		case a.anyRx:
			swIf = 0
		case a.dir == ACLOutput:
			swIf, extra = b.TxSwIf, int(b.SaveRewriteLength)
		}
		first := m.ClassifyTable(indexOf(m.classify.acl[a.dir][a.kind], swIf))
		if first == nil {
			n.SendFeature(b)
			continue
		}
		s, last := m.classifyWalk(first, b, extra, now)
		next, code := last.MissNext, a.miss
		if s != nil {
			next, code = m.aclHit(b, s, a), a.deny
			counts[aclHit]++
			if last != first {
				counts[aclChainHit]++
			}
		} else {
			counts[aclMiss]++
		}
		m.aclNext(n, b, a, next, code, aclTraceOf(b, swIf, s, last))
	}
	for code, by := range counts {
		n.Count(uint16(code), by)
	}
}

// aclHit does what a session says and returns the slot it wants.
func (m *Main) aclHit(b *vlib.Buffer, s *classify.Session, a *aclNode) uint32 {
	b.Opaque[0] = uint64(s.Opaque)
	advance(b, int(s.Advance))
	if a.dir == ACLInput {
		switch s.Action {
		case classify.ActionSetIP4FIB, classify.ActionSetIP6FIB:
			b.TxSwIf = s.Metadata
		case classify.ActionSetMetadata:
			b.Adj = s.Metadata
			b.FibIndex = m.lookupTable(b, a.proto)
		}
	}
	return uint32(s.Next)
}

// advance moves a packet's start by what a session says, within the buffer.
func advance(b *vlib.Buffer, by int) {
	if by != 0 {
		b.Advance(min(max(by, -b.Headroom()), b.Len()))
	}
}

// aclNext sends a packet on: to the slot if the node has it, else to the next
// feature. Packets that an output ACL drops go back to their IP header.
func (m *Main) aclNext(n *vlib.Node, b *vlib.Buffer, a *aclNode, next uint32, code uint16, tr *aclTrace) {
	feature := b.NextFeature()
	byFeature := int64(next) >= int64(n.NumNexts())
	if tr != nil {
		tr.next = next
		if byFeature {
			tr.next = uint32(n.SlotOf(feature))
		}
		tr.m, tr.output = m, a.dir == ACLOutput
		b.Trace.Add(n, tr)
	}
	if byFeature {
		a.errors.SetError(b, a.pass)
		n.Send(b, feature)
		return
	}
	a.errors.SetError(b, a.pass)
	if next == aclNextDeny {
		a.errors.SetError(b, code)
		if a.dir == ACLOutput {
			b.Advance(min(int(b.SaveRewriteLength), b.Len()))
		}
	}
	n.Enqueue(b, uint16(next))
}

// aclTrace is what the ACL nodes record.
type aclTrace struct {
	m                       *Main
	output                  bool
	swIf, next, table       uint32
	offset, metadata, fibIx uint32
	action                  classify.Action
}

func aclTraceOf(b *vlib.Buffer, swIf uint32, s *classify.Session, t *classify.Table) *aclTrace {
	if b.Trace == nil {
		return nil
	}
	tr := &aclTrace{swIf: swIf, table: t.Index, offset: vlib.InvalidIndex, fibIx: b.FibIndex}
	if s == nil {
		tr.table = vlib.InvalidIndex
		return tr
	}
	tr.offset, tr.metadata, tr.action = s.Offset, s.Metadata, s.Action
	return tr
}

// Format renders as format_ip_in_out_acl_trace does.
func (t *aclTrace) Format() string {
	name := "INACL"
	if t.output {
		name = "OUTACL"
	}
	s := fmt.Sprintf("%s: sw_if_index %d, next_index %d, table_index %d, offset %d, action ",
		name, int32(t.swIf), t.next, int32(t.table), int32(t.offset))
	switch t.action {
	case classify.ActionNone:
		s += fmt.Sprintf("none, metadata %d", t.metadata)
	case classify.ActionSetIP4FIB:
		s += "set-ip4-fib-index"
	case classify.ActionSetIP6FIB:
		s += "set-ip6-fib-index"
	case classify.ActionSetMetadata:
		s += fmt.Sprintf("set-metadata, metadata %d, fib_index %d", t.metadata, t.fibIx)
	default:
		s += "unknown"
	}
	table := t.m.ClassifyTable(t.table)
	if table == nil {
		return s + "\n    no table"
	}
	if e := table.SessionAt(t.offset); e != nil {
		return s + "\n    " + table.FormatSession(e)
	}
	return s + "\n    no match"
}
