package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/classify"
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// classifyMain is the classifier's state and that of its users.
type classifyMain struct {
	tables classify.Tables
	pad    [classify.MaxWindow]byte
	acl    [2][numACLTables][]uint32 // by ACLDirection, kind and sw_if_index
	flow   [2][]uint32               // by protocol and sw_if_index
	trace  uint32                    // head of the packet tracer's chain plus one
	pcap   []uint32                  // heads of the pcap chains by sw_if_index; 0 is pcap's own
	ip     [2][]uint32               // the interfaces' tables for packets to them, by protocol
}

// ClassifyTable returns a classifier table, nil for an index that is free.
func (m *Main) ClassifyTable(index uint32) *classify.Table { return m.classify.tables.Get(index) }

// ClassifyTables calls fn for every classifier table by number.
func (m *Main) ClassifyTables(fn func(*classify.Table)) { m.classify.tables.Each(fn) }

// ClassifyChain lists a table and those that follow it.
func (m *Main) ClassifyChain(index uint32) []uint32 { return m.classify.tables.Chain(index) }

// ClassifyLookupMask finds the table of a chain with just this mask,
// vlib.InvalidIndex for none.
func (m *Main) ClassifyLookupMask(index uint32, mask []byte, skip, match uint32) uint32 {
	return m.classify.tables.LookupMask(index, mask, skip, match)
}

// SortClassifyChain puts a chain's tables in order from the most to the least
// specific mask and returns the new head.
func (m *Main) SortClassifyChain(index uint32) uint32 { return m.classify.tables.Sort(index) }

// AddClassifyTable makes a table (vnet_classify_add_del_table). The errors are
// ErrInvalidMemorySize for no memory and ErrInvalidValue for no buckets or a
// match of other than 1 to 5 vectors.
func (m *Main) AddClassifyTable(c classify.Config) (*classify.Table, error) {
	switch {
	case c.MemorySize == 0:
		return nil, fmt.Errorf("add classify table: no memory: %w", ErrInvalidMemorySize)
	case c.Buckets == 0 || c.Buckets > maxClassifyBuckets:
		return nil, fmt.Errorf("add classify table: %d buckets: %w", c.Buckets, ErrInvalidValue)
	case c.Match < 1 || c.Match > classify.MaxMatch:
		return nil, fmt.Errorf("add classify table: match %d of at most %d vectors: %w", c.Match, classify.MaxMatch, ErrInvalidValue)
	case c.Skip > maxClassifySkip:
		return nil, fmt.Errorf("add classify table: skip %d vectors: %w", c.Skip, ErrInvalidValue)
	}
	c.Mask = append(make([]byte, 0, c.Window()), c.Mask...)
	c.Mask = append(c.Mask, make([]byte, max(c.Window()-len(c.Mask), 0))...)[:c.Window()]
	return m.classify.tables.Add(c), nil
}

// Limits that keep a request from taking the machine's memory or from looking
// beyond any packet; VPP has none and fails later.
const (
	maxClassifyBuckets = 1 << 24
	maxClassifySkip    = 1 << 12
)

// DeleteClassifyTable frees a table and, if asked, those after it. As in VPP
// its users keep the index, and FIB tables that sessions led to stay locked.
func (m *Main) DeleteClassifyTable(index uint32, chain bool) { m.classify.tables.Delete(index, chain) }

// AddClassifySession adds or replaces a session; match begins with the bytes
// that the table skips (vnet_classify_add_del_session). For actions that set a
// FIB the metadata is a table's id; the table is made if there is none.
func (m *Main) AddClassifySession(table uint32, match []byte, s classify.Session) error {
	t := m.ClassifyTable(table)
	if t == nil {
		return fmt.Errorf("add session to classify table %d: %w", table, ErrNoSuchTable)
	}
	switch s.Action {
	case classify.ActionSetIP4FIB, classify.ActionSetIP6FIB:
		p := classifyProto(s.Action)
		s.Metadata = m.FIB.LockTable(p, s.Metadata, fib.SourceClassify, "")
	case classify.ActionSetMetadata:
	default:
		s.Metadata = 0
	}
	t.Put(classifyKey(t, match), s)
	return nil
}

// classifyProto is the protocol of an action that sets a FIB.
func classifyProto(a classify.Action) fib.Proto {
	if a == classify.ActionSetIP6FIB {
		return fib.IP6
	}
	return fib.IP4
}

// classifyKey is the part of a match that a table compares; what is missing is
// zero.
func classifyKey(t *classify.Table, match []byte) []byte {
	out := make([]byte, t.Window())
	if at := int(t.Skip) * classify.VectorSize; at < len(match) {
		copy(out, match[at:])
	}
	return out
}

// DeleteClassifySession takes a session away; ErrNoSuchTable and ErrNoSuchEntry
// say what there is not.
func (m *Main) DeleteClassifySession(table uint32, match []byte) error {
	t := m.ClassifyTable(table)
	if t == nil {
		return fmt.Errorf("delete session of classify table %d: %w", table, ErrNoSuchTable)
	}
	old, ok := t.Delete(classifyKey(t, match))
	if !ok {
		return fmt.Errorf("delete session of classify table %d: %w", table, ErrNoSuchEntry)
	}
	if a := old.Action; a == classify.ActionSetIP4FIB || a == classify.ActionSetIP6FIB {
		m.FIB.Unlock(classifyProto(a), old.Metadata, fib.SourceClassify)
	}
	return nil
}

// classifyNow is the time that sessions note: seconds since the start.
func (m *Main) classifyNow() float64 { return m.Since(m.Start).Seconds() + 1e-9 }

// classifyWalk looks a packet up in a table and those after it, from the
// packet's first byte or, where a table says so, from its current start; extra
// is added to either. It returns the session, nil for a miss, and the table
// where the walk ended.
func (m *Main) classifyWalk(t *classify.Table, b *vlib.Buffer, extra int, now float64) (*classify.Session, *classify.Table) {
	for range m.classify.tables.Len() {
		off := b.FirstByte()
		if t.UseCurrent() {
			off = int(t.CurrentOffset)
		}
		off += extra + int(t.Skip)*classify.VectorSize
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

// SetClassifyTraceChain makes a chain the packet tracer's filter;
// vlib.InvalidIndex deletes the chain there was (classify_set_trace_chain).
func (m *Main) SetClassifyTraceChain(index uint32) {
	if index == vlib.InvalidIndex {
		m.DeleteClassifyTable(m.ClassifyTraceChain(), true)
	}
	m.classify.trace = index + 1
}

// ClassifyTraceChain is the head of the packet tracer's chain,
// vlib.InvalidIndex for none.
func (m *Main) ClassifyTraceChain() uint32 { return m.classify.trace - 1 }

// SetClassifyPCAPChain is SetClassifyTraceChain for what pcap captures of an
// interface; 0 is the chain for all (classify_set_pcap_chain).
func (m *Main) SetClassifyPCAPChain(swIfIndex, index uint32) {
	if index == vlib.InvalidIndex {
		m.DeleteClassifyTable(m.ClassifyPCAPChain(swIfIndex), true)
	}
	setIndex(&m.classify.pcap, swIfIndex, index)
}

// ClassifyPCAPChain is the head of an interface's pcap chain, vlib.InvalidIndex
// for none.
func (m *Main) ClassifyPCAPChain(swIfIndex uint32) uint32 { return indexOf(m.classify.pcap, swIfIndex) }

// ClassifyPCAPLimit is one more than the highest interface index that ever had
// a pcap chain.
func (m *Main) ClassifyPCAPLimit() uint32 { return uint32(len(m.classify.pcap)) }

// setIndex sets an element of a table that grows when something is put there.
func setIndex(list *[]uint32, at, index uint32) {
	if index == vlib.InvalidIndex && at >= uint32(len(*list)) {
		return
	}
	for uint32(len(*list)) <= at {
		*list = append(*list, vlib.InvalidIndex)
	}
	(*list)[at] = index
}

func indexOf(list []uint32, at uint32) uint32 {
	if uint64(at) >= uint64(len(list)) {
		return vlib.InvalidIndex
	}
	return list[at]
}

// ClassifyMatch tells whether a filter lets a packet through: it has a session
// in the chain that begins with a table. known is false when there is no such
// chain (vnet_is_packet_traced_inline in src/vnet/classify/trace_classify.h,
// which looks from the current start and counts hits).
func (m *Main) ClassifyMatch(b *vlib.Buffer, chain uint32) (match, known bool) {
	t := m.ClassifyTable(chain)
	if t == nil {
		return false, false
	}
	for range m.classify.tables.Len() {
		off := int(t.Skip) * classify.VectorSize
		if s := t.Find(b.Window(off, m.classify.pad[:t.Window()]), 0); s != nil {
			s.Hits++
			return true, true
		}
		if t = m.classify.tables.Next(t); t == nil {
			break
		}
	}
	return false, true
}
