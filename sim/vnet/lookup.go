package vnet

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// maxLookups is how many tables a packet may be sent through by routes that
// say "look up in another table" (MAX_LUKPS_PER_PACKET in
// src/vnet/dpo/lookup_dpo.c).
const maxLookups = 4

// lookupNextDrop is the drop slot of the lookup nodes and their siblings.
const lookupNextDrop uint16 = 0

func (m *Main) addLookupNodes() {
	for p, proto := range []string{"ip4", "ip6"} {
		p := fib.Proto(p)
		lookup, balance := m.ip4Lookup, m.ip4LoadBalance
		if p == fib.IP6 {
			lookup, balance = m.ip6Lookup, m.ip6LoadBalance
		}
		neighbour := map[fib.Proto]string{fib.IP4: "ip4-arp", fib.IP6: "ip6-discover-neighbor"}[p]
		m.Graph.MustAdd(vlib.Registration{Name: proto + "-lookup", Func: lookup, Nexts: []string{
			proto + "-drop", proto + "-punt", proto + "-receive", neighbour, proto + "-glean", proto + "-rewrite",
			proto + "-rewrite-mcast", proto + "-rewrite-bcast", proto + "-midchain", proto + "-mcast-midchain",
			proto + "-icmp-error"}})
		sibling := proto + "-lookup"
		m.Graph.MustAdd(vlib.Registration{Name: proto + "-load-balance", SiblingOf: sibling, Func: balance})
		m.Graph.MustAdd(vlib.Registration{Name: "lookup-" + proto + "-dst", SiblingOf: sibling, Func: m.lookupDPO(p)})
		m.Graph.MustAdd(vlib.Registration{Name: "lookup-" + proto + "-dst-itf", SiblingOf: sibling, Func: m.lookupDPO(p)})
		m.Graph.MustAdd(vlib.Registration{Name: "lookup-" + proto + "-src", SiblingOf: sibling, Func: m.lookupDPO(p)})
		m.Graph.MustAdd(vlib.Registration{Name: "lookup-" + proto + "-dst-mcast", Func: m.lookupMulticastDPO(p),
			Nexts: []string{proto + "-drop", proto + "-mfib-forward-rpf"}})
	}
}

// lookupTable4 is the table a packet is looked up in: that of the interface it
// came from unless a node before chose another (ip_lookup_set_buffer_fib_index
// in src/vnet/ip/lookup.h).
func (m *Main) lookupTable4(b *vlib.Buffer) uint32 { return m.lookupTable(b, fib.IP4) }

func (m *Main) lookupTable(b *vlib.Buffer, p fib.Proto) uint32 {
	if m.tableChosen(b, p) {
		return b.TxSwIf
	}
	return m.sw[b.RxSwIf].FibIndex[p]
}

// tableChosen tells whether a node before chose the table to look b up in. VPP
// keeps it where the interface to send by is, and an ICMP error about a packet
// that was on its way out finds that interface's number there; a number that is
// no table's is ignored here.
func (m *Main) tableChosen(b *vlib.Buffer, p fib.Proto) bool {
	return b.TxSwIf != vlib.InvalidIndex && m.FIB.Table(p, b.TxSwIf) != nil
}

// found holds the indexes of the load-balances of a vector of packets. With
// many routes each is a miss in the processor's cache, and so is its counter;
// looking all up before the first is used lets the processor wait for several
// at a time.
type found [vlib.VectorSize]uint32

// ip4Lookup finds the longest prefix of the destination and the bucket of its
// load-balance that the packet takes (ip4_lookup_inline in
// src/vnet/ip/ip4_forward.h).
func (m *Main) ip4Lookup(n *vlib.Node, bufs []*vlib.Buffer) {
	var lbs found
	var dst [vlib.VectorSize]uint32
	rx, table, one := vlib.InvalidIndex, uint32(0), true
	for k, b := range bufs {
		if b.RxSwIf != rx {
			rx = b.RxSwIf
			table = m.sw[rx].FibIndex[fib.IP4]
		}
		b.FibIndex = table
		if b.TxSwIf != vlib.InvalidIndex {
			b.FibIndex = m.lookupTable(b, fib.IP4)
		}
		one = one && b.FibIndex == bufs[0].FibIndex
		dst[k] = binary.BigEndian.Uint32(b.Bytes()[16:20])
	}
	if one && len(bufs) >= smallVector {
		m.FIB.LookupVector4(bufs[0].FibIndex, dst[:len(bufs)], lbs[:len(bufs)])
	} else {
		for k, b := range bufs {
			lbs[k] = m.FIB.Lookup4(b.FibIndex, dst[k])
		}
	}
	m.forward(n, bufs, &lbs, fib.IP4)
}

// ip6Lookup is ip4Lookup for IPv6.
func (m *Main) ip6Lookup(n *vlib.Node, bufs []*vlib.Buffer) {
	var lbs found
	var dst [vlib.VectorSize]*[16]byte
	rx, table, one := vlib.InvalidIndex, uint32(0), true
	for k, b := range bufs {
		if b.RxSwIf != rx {
			rx = b.RxSwIf
			table = m.sw[rx].FibIndex[fib.IP6]
		}
		b.FibIndex = table
		if b.TxSwIf != vlib.InvalidIndex {
			b.FibIndex = m.lookupTable(b, fib.IP6)
		}
		one = one && b.FibIndex == bufs[0].FibIndex
		dst[k] = (*[16]byte)(b.Bytes()[24:40])
	}
	if one && len(bufs) >= smallVector {
		m.FIB.LookupVector6(bufs[0].FibIndex, dst[:len(bufs)], lbs[:len(bufs)])
	} else {
		for k, b := range bufs {
			lbs[k] = m.FIB.Lookup6(b.FibIndex, dst[k])
		}
	}
	m.forward(n, bufs, &lbs, fib.IP6)
}

// smallVector is the number of packets from which looking them up together
// pays.
const smallVector = 8

// forward counts each packet on its load-balance and sends it to the bucket
// that its flow hash chooses.
func (m *Main) forward(n *vlib.Node, bufs []*vlib.Buffer, lbs *found, proto fib.Proto) {
	to := m.FIB.Counters.To.Slots()
	var objects [vlib.VectorSize]*fib.LoadBalance
	for k, b := range bufs {
		to[lbs[k]].Add(b.Len())
		objects[k] = m.FIB.LoadBalance(lbs[k])
	}
	for k, b := range bufs {
		lb := objects[k]
		d := &lb.Buckets[0]
		b.FlowHash = 0
		if len(lb.Buckets) > 1 {
			b.FlowHash = m.flowHash(b.Bytes(), proto, lb.FlowHash)
			d = &lb.Buckets[int(b.FlowHash)&(len(lb.Buckets)-1)]
		}
		b.Adj = d.Index
		if b.Trace != nil {
			m.traceLookup(n, b, proto)
		}
		n.Send(b, d.Node)
	}
}

func (m *Main) traceLookup(n *vlib.Node, b *vlib.Buffer, p fib.Proto) {
	t := new(LookupTrace)
	m.fillForward(&t.Forward, b, p)
	b.Trace.Add(n, t)
}

// flowHash is the flow hash of a packet of either protocol.
func (m *Main) flowHash(p []byte, proto fib.Proto, cfg fib.FlowHash) uint32 {
	if proto == fib.IP4 {
		return flowHash4(p, cfg, m.FlowHashRouterID)
	}
	return flowHash6(p, cfg, m.FlowHashRouterID)
}

// addresses gives source and destination of a packet, which a node before has
// checked to be there.
func addresses(p []byte, proto fib.Proto) (src, dst netip.Addr) {
	if proto == fib.IP4 {
		return packet.IPv4(p).SrcAddr(), packet.IPv4(p).DstAddr()
	}
	return packet.IPv6(p).SrcAddr(), packet.IPv6(p).DstAddr()
}

// lookupAddr finds an address of the packet, the one at off, in a unicast table.
func (m *Main) lookupAddr(p []byte, proto fib.Proto, table uint32, off int) uint32 {
	if proto == fib.IP4 {
		return m.FIB.Lookup4(table, binary.BigEndian.Uint32(p[off:off+4]))
	}
	return m.FIB.Lookup6(table, (*[16]byte)(p[off:off+16]))
}

// Offsets of the addresses in the headers.
var (
	srcOffset = [2]int{fib.IP4: 12, fib.IP6: 8}
	dstOffset = [2]int{fib.IP4: 16, fib.IP6: 24}
)

// lookupDPO makes the function of the nodes that look a packet up in another
// table (lookup_dpo_ip4_inline in src/vnet/dpo/lookup_dpo.c).
func (m *Main) lookupDPO(proto fib.Proto) vlib.Func {
	return func(n *vlib.Node, bufs []*vlib.Buffer) {
		for _, b := range bufs {
			l := m.FIB.LookupDPO(b.Adj)
			p := b.Bytes()
			table := l.FibIndex
			if l.Interface {
				table = m.sw[b.RxSwIf].FibIndex[proto]
			}
			off := dstOffset[proto]
			if l.Source {
				off = srcOffset[proto]
			}
			lbi := m.lookupAddr(p, proto, table, off)
			lb := m.FIB.LoadBalance(lbi)
			m.FIB.Counters.To.Add(lbi, len(p))
			b.TxSwIf = table
			b.FlowHash = 0
			if len(lb.Buckets) > 1 {
				b.FlowHash = m.flowHash(p, proto, lb.FlowHash)
			}
			d := lb.Buckets[int(b.FlowHash)&(len(lb.Buckets)-1)]
			b.Adj = d.Index
			if b.Trace != nil {
				b.Trace.Add(n, newLookupDPOTrace(p, proto, l.Source, table, lbi))
			}
			b.Lookups++
			if b.Lookups > maxLookups {
				n.Enqueue(b, lookupNextDrop)
				continue
			}
			n.Send(b, d.Node)
		}
	}
}

// lookupMulticastDPO makes the function of the nodes that look a packet up in
// another multicast table.
func (m *Main) lookupMulticastDPO(proto fib.Proto) vlib.Func {
	const nextRPF = 1
	return func(n *vlib.Node, bufs []*vlib.Buffer) {
		for _, b := range bufs {
			l := m.FIB.LookupDPO(b.Adj)
			b.Adj = m.lookupMulticast(b.Bytes(), proto, l.FibIndex)
			if b.Trace != nil {
				b.Trace.Add(n, newLookupDPOTrace(b.Bytes(), proto, false, l.FibIndex, b.Adj))
			}
			b.Lookups++
			if b.Lookups > maxLookups {
				n.Enqueue(b, lookupNextDrop)
				continue
			}
			n.Enqueue(b, nextRPF)
		}
	}
}

// LookupDPOTrace is what the lookup-ip4-dst nodes and their like record.
type LookupDPOTrace struct {
	FibIndex uint32
	// Addr is what was looked up, Index what was found: a load-balance, or a
	// multicast entry.
	Addr  netip.Addr
	Index uint32
}

func newLookupDPOTrace(p []byte, proto fib.Proto, source bool, table, index uint32) *LookupDPOTrace {
	src, dst := addresses(p, proto)
	if source {
		dst = src
	}
	return &LookupDPOTrace{table, dst, index}
}

// Format renders as format_lookup_trace does.
func (t *LookupDPOTrace) Format() string {
	return fmt.Sprintf("   fib-index:%d addr:%s load-balance:%d", t.FibIndex, t.Addr, t.Index)
}
