package vnet

import (
	"fmt"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/classify"
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

func (m *Main) addClassifyNodes() {
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		m.Graph.MustAdd(vlib.Registration{Name: p.String() + "-classify", SiblingOf: p.String() + "-lookup",
			Errors: plainErrors("Classify misses", "Classify hits", "Classify hits after chain walk"),
			Func:   func(n *vlib.Node, bufs []*vlib.Buffer) { m.ipClassify(n, bufs) }})
		m.Graph.MustAdd(vlib.Registration{Name: p.String() + "-flow-classify", Nexts: []string{"error-drop"},
			Errors: plainErrors("Flow classify misses", "Flow classify hits", "Flow classify hits after chain walk",
				"Flow classify action drop"),
			Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.flowClassify(n, bufs, p) }})
	}
}

// ipClassify handles packets that a route or an interface's own address sent to
// a table. The first table is found by the packet's first byte, whatever its
// configuration says (ip_classify_inline in src/vnet/classify/ip_classify.c).
func (m *Main) ipClassify(n *vlib.Node, bufs []*vlib.Buffer) {
	const drop = 0
	now := m.classifyNow()
	var misses, hits, chain uint64
	for _, b := range bufs {
		first := m.ClassifyTable(b.Adj)
		next, opaque, at := uint32(drop), vlib.InvalidIndex, vlib.InvalidIndex
		if first != nil {
			s, last := m.classifyFirstByte(first, b, now)
			at, next = last.Index, last.MissNext
			if s != nil {
				opaque, next = s.Opaque, uint32(s.Next)
				advance(b, int(s.Advance))
				hits++
				if last != first {
					chain++
				}
			} else {
				misses++
			}
			if int64(next) >= int64(n.NumNexts()) {
				next = drop
			}
		}
		if b.Trace != nil {
			b.Trace.Add(n, &IndexTrace{fmt.Sprintf("IP_CLASSIFY: next_index %d, table %d, entry %d", next, int32(at), int32(opaque))})
		}
		n.Enqueue(b, uint16(next))
	}
	n.Count(aclMiss, misses)
	n.Count(aclHit, hits)
	n.Count(aclChainHit, chain)
}

// classifyFirstByte is classifyWalk that counts from the packet's first byte in
// every table.
func (m *Main) classifyFirstByte(t *classify.Table, b *vlib.Buffer, now float64) (*classify.Session, *classify.Table) {
	for range m.classify.tables.Len() {
		if s := t.Find(m.firstBytes(t, b), now); s != nil {
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

func (m *Main) firstBytes(t *classify.Table, b *vlib.Buffer) []byte {
	return b.Window(b.FirstByte()+int(t.Skip)*classify.VectorSize, m.classify.pad[:t.Window()])
}

// flowClassify counts packets by flow: a packet that no session knows makes one
// (flow_classify_inline in src/vnet/classify/flow_classify_node.c).
func (m *Main) flowClassify(n *vlib.Node, bufs []*vlib.Buffer, p fib.Proto) {
	now := m.classifyNow()
	var misses, hits uint64
	for _, b := range bufs {
		t := m.ClassifyTable(indexOf(m.classify.flow[p], b.RxSwIf))
		feature := b.NextFeature()
		table, offset := vlib.InvalidIndex, vlib.InvalidIndex
		if t != nil {
			table = t.Index
			if s := t.Find(m.firstBytes(t, b), now); s != nil {
				hits++
				offset = s.Offset
			} else {
				misses++
				t.Put(m.firstBytes(t, b), classify.Session{Next: 0xffff})
				t.Find(m.firstBytes(t, b), now)
			}
		}
		if b.Trace != nil {
			b.Trace.Add(n, &IndexTrace{fmt.Sprintf("FLOW_CLASSIFY: sw_if_index %d next %d table %d offset %d",
				b.RxSwIf, n.SlotOf(feature), int32(table), int32(offset))})
		}
		n.Send(b, feature)
	}
	n.Count(aclMiss, misses)
	n.Count(aclHit, hits)
}

// SetFlowClassify makes tables count the flows that an interface receives, or
// takes them away; the rules are SetACLTables's
// (vnet_set_flow_classify_intfc in src/vnet/classify/flow_classify.c).
func (m *Main) SetFlowClassify(swIfIndex uint32, tables [2]uint32, add bool) error {
	for p, table := range tables {
		if table == vlib.InvalidIndex {
			continue
		}
		if m.ClassifyTable(table) == nil {
			return fmt.Errorf("set flow classify: table %d: %w", table, ErrNoSuchTable)
		}
		now := indexOf(m.classify.flow[p], swIfIndex)
		if !add && now != table {
			return fmt.Errorf("remove flow classify: interface %d does not use table %d: %w", swIfIndex, table, ErrNoSuchTable)
		} else if add && now != vlib.InvalidIndex {
			return nil
		}
		proto := fib.Proto(p).String()
		if err := m.EnableFeature(proto+"-unicast", proto+"-flow-classify", swIfIndex, add); err != nil {
			return err
		}
		if !add {
			table = vlib.InvalidIndex
		}
		setIndex(&m.classify.flow[p], swIfIndex, table)
	}
	return nil
}

// FlowClassifyTables returns the tables by sw_if_index, nil when none was ever
// set.
func (m *Main) FlowClassifyTables(p fib.Proto) []uint32 { return m.classify.flow[p] }

// SetIPClassify makes a table classify the packets to an interface's first
// address, vlib.InvalidIndex none; addresses that come later are classified,
// too (vnet_set_ip4_classify_intfc in src/vnet/ip/ip4_forward.c).
func (m *Main) SetIPClassify(p fib.Proto, swIfIndex, table uint32) error {
	i := m.Interface(swIfIndex)
	switch {
	case i == nil:
		return fmt.Errorf("classify packets to interface %d: %w", swIfIndex, ErrNoMatchingInterface)
	case table != vlib.InvalidIndex && m.ClassifyTable(table) == nil:
		return fmt.Errorf("classify packets to interface %d: table %d: %w", swIfIndex, table, ErrNoSuchEntry)
	}
	setIndex(&m.classify.ip[p], swIfIndex, table)
	addrs := m.Addresses(p, swIfIndex)
	if len(addrs) == 0 {
		return nil
	}
	first := addrs[0].Addr()
	pfx := netip.PrefixFrom(first, first.BitLen())
	if table == vlib.InvalidIndex {
		m.FIB.RemoveSpecial(i.FibIndex[p], pfx, fib.SourceClassify)
		return nil
	}
	m.classifyAddress(i, pfx)
	return nil
}

// classifyAddress sends packets to an address of the interface to its table, if
// it has one.
func (m *Main) classifyAddress(i *Interface, host netip.Prefix) {
	p := fib.ProtoOf(host.Addr())
	table := indexOf(m.classify.ip[p], i.SwIfIndex)
	if table == vlib.InvalidIndex {
		return
	}
	m.FIB.AddDPO(i.FibIndex[p], host, fib.SourceClassify, 0, fib.DPO{Type: fib.DPOClassify, Proto: p,
		Node: m.Graph.MustIndex(p.String() + "-classify"), Index: table})
}

// classifyWatchInterface forgets the tables of a deleted interface. VPP keeps
// the numbers and would give the next interface with the index the old one's
// tables without the features that use them.
func (m *Main) classifyWatchInterface(ev InterfaceEvent, i *Interface) {
	if ev != InterfaceDeleted {
		return
	}
	forget := func(list []uint32) {
		if uint64(i.SwIfIndex) < uint64(len(list)) {
			list[i.SwIfIndex] = vlib.InvalidIndex
		}
	}
	for dir := range m.classify.acl {
		for _, list := range m.classify.acl[dir] {
			forget(list)
		}
	}
	for p := range m.classify.flow {
		forget(m.classify.flow[p])
		forget(m.classify.ip[p])
	}
}
