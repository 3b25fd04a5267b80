package vnet

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Sizes in bytes of the packet data that VPP's traces record.
const (
	traceInputBytes    = 64
	traceForwardBytes4 = 60
	traceForwardBytes6 = 124
)

// HeaderTrace is what ip4-input, ip6-input and the ICMP nodes record: the
// start of the packet.
type HeaderTrace struct {
	// IP6 says which protocol's node recorded it.
	IP6 bool
	// Data is the packet's start, zeros past its end.
	Data [traceInputBytes]byte
}

func newIP4HeaderTrace(b *vlib.Buffer) *HeaderTrace {
	t := new(HeaderTrace)
	copy(t.Data[:], b.Bytes())
	return t
}

func newIP6HeaderTrace(b *vlib.Buffer) *HeaderTrace {
	t := newIP4HeaderTrace(b)
	t.IP6 = true
	return t
}

// Format renders the headers.
func (t *HeaderTrace) Format() string { return formatIP(t.IP6, t.Data[:]) }

func formatIP(is6 bool, data []byte) string {
	var s layers
	if is6 {
		s.ip6(data)
	} else {
		s.ip4(data)
	}
	return s.String()
}

// Forward is what nodes behind a lookup record (ip4_forward_next_trace_t in
// src/vnet/ip/ip4_forward.c).
type Forward struct {
	// FibIndex is the table, or the interface the packet leaves by once that is
	// known: VPP keeps both in one place.
	FibIndex uint32
	// Index is that of the object the next node reads: an adjacency, a receive.
	Index uint32
	// FlowHash is the flow's hash, 0 where it was not computed.
	FlowHash uint32
	// IP6 says which protocol the packet is, Data is the packet's start.
	IP6  bool
	data [traceForwardBytes6]byte
}

// Data is the start of the packet as recorded, zeros past the packet's end.
func (f *Forward) Data() []byte {
	if f.IP6 {
		return f.data[:]
	}
	return f.data[:traceForwardBytes4]
}

func (m *Main) fillForward(f *Forward, b *vlib.Buffer, p fib.Proto) {
	f.FibIndex, f.Index, f.FlowHash, f.IP6 = b.TxSwIf, b.Adj, b.FlowHash, p == fib.IP6
	if b.TxSwIf == vlib.InvalidIndex {
		f.FibIndex = m.fibIndexOf(p, b.RxSwIf)
	}
	copy(f.Data(), b.Bytes())
}

// ForwardTrace is what the nodes of packets on their way record: ip4-receive,
// ip4-drop, ip4-punt and their like.
type ForwardTrace struct{ Forward }

func (m *Main) newForwardTrace4(b *vlib.Buffer) *ForwardTrace {
	t := new(ForwardTrace)
	m.fillForward(&t.Forward, b, fib.IP4)
	return t
}

func (m *Main) newForwardTrace6(b *vlib.Buffer) *ForwardTrace {
	t := new(ForwardTrace)
	m.fillForward(&t.Forward, b, fib.IP6)
	return t
}

// Format renders as format_ip4_forward_next_trace does.
func (t *ForwardTrace) Format() string {
	return fmt.Sprintf("  fib:%d adj:%d flow:0x%08x\n%s", int32(t.FibIndex), t.Index, t.FlowHash, formatIP(t.IP6, t.Data()))
}

// LookupTrace is what ip4-lookup, ip6-lookup and the load-balance nodes record.
type LookupTrace struct{ Forward }

// Format renders as format_ip4_lookup_trace does.
func (t *LookupTrace) Format() string {
	return fmt.Sprintf("fib %d dpo-idx %d flow hash: 0x%08x\n%s", int32(t.FibIndex), t.Index, t.FlowHash,
		formatIP(t.IP6, t.Data()))
}

// RewriteTrace is what the rewrite nodes record, after the rewrite.
type RewriteTrace struct {
	Forward
	// Adjacency is what was put in front.
	Adjacency AdjacencyTrace
}

// Format renders as format_ip4_rewrite_trace does.
func (t *RewriteTrace) Format() string {
	index := "dpo-idx"
	if t.IP6 {
		index = "adj-idx"
	}
	return fmt.Sprintf("tx_sw_if_index %d %s %d : %s flow hash: 0x%08x\n%s", int32(t.FibIndex), index, t.Index,
		t.Adjacency.Format(), t.FlowHash, hexBytes(t.Data()))
}

// AdjacencyTrace is an adjacency as it was when the packet met it.
type AdjacencyTrace struct {
	Index     uint32
	Type      fib.AdjacencyType
	Link      fib.LinkType
	NextHop   netip.Addr
	Interface string
	MTU       uint16
	Next      uint32
	Features  bool
	Rewrite   string // the bytes
	Stacked   string // rendered, for midchains
}

func (m *Main) adjacencyTrace(index uint32) AdjacencyTrace {
	adj := m.FIB.Adjacency(index)
	t := AdjacencyTrace{Index: index, Type: adj.Type, Link: adj.Link, NextHop: adj.NextHop,
		Interface: m.interfaceName(adj.SwIf), MTU: adj.MTU, Next: adj.NextSlot(), Features: adj.OutputFeatures,
		Rewrite: string(adj.Rewrite[:adj.RewriteLen])}
	if adj.Type == fib.AdjMidchain || adj.Type == fib.AdjMcastMidchain {
		t.Stacked = m.formatDPO(adj.Stacked)
	}
	return t
}

// Format renders as format_ip_adjacency does (src/vnet/adj/adj.c).
func (t AdjacencyTrace) Format() string {
	var s strings.Builder
	s.WriteString(t.Link.String())
	switch t.Type {
	case fib.AdjMcast, fib.AdjMcastMidchain:
		s.WriteString("-mcast: ")
	case fib.AdjGlean:
		s.WriteString("-glean: ")
	default:
		if t.Stacked != "" && t.Features {
			s.WriteString(" [features]")
		}
		fmt.Fprintf(&s, " via %s ", formatNextHop(t.NextHop, t.Link))
	}
	s.WriteString(t.rewrite())
	if t.Stacked != "" {
		fmt.Fprintf(&s, "\nstacked-on:\n  %s", strings.ReplaceAll(t.Stacked, "\n", "\n  "))
	}
	return s.String()
}

// rewrite renders as format_vnet_rewrite does (src/vnet/adj/rewrite.c).
func (t AdjacencyTrace) rewrite() string {
	flags := ""
	if t.Features {
		flags = "features "
	}
	s := fmt.Sprintf("%s: mtu:%d next:%d flags:[%s]", t.Interface, t.MTU, t.Next, flags)
	if t.Rewrite != "" {
		s += fmt.Sprintf(" %x", t.Rewrite)
	}
	return s
}

func formatNextHop(a netip.Addr, link fib.LinkType) string {
	switch {
	case a.IsValid():
		return a.String()
	case link == fib.LinkIP6:
		return "::"
	}
	return "0.0.0.0"
}

// formatDPO renders the object a packet meets next as format_dpo_id does, with
// the type's number for the next slot, which is the same wherever VPP has one
// parent per type.
func (m *Main) formatDPO(d fib.DPO) string {
	text := dpoNames[d.Type]
	if d.Type.IsAdjacency() {
		text = m.adjacencyTrace(d.Index).Format()
	}
	return fmt.Sprintf("[@%d]: %s", dpoSlots[d.Type], text)
}

// dpoNames and dpoSlots are the names of object types and their usual next
// slots at ip4-lookup and ip6-lookup.
var (
	dpoNames = map[fib.DPOType]string{fib.DPODrop: "dpo-drop", fib.DPOPunt: "dpo-punt", fib.DPOReceive: "dpo-receive",
		fib.DPOLoadBalance: "dpo-load-balance", fib.DPOReplicate: "dpo-replicate", fib.DPOIPNull: "dpo-null"}
	dpoSlots = map[fib.DPOType]int{fib.DPODrop: 0, fib.DPOPunt: 1, fib.DPOReceive: 1, fib.DPOAdjacency: 5,
		fib.DPOAdjacencyIncomplete: 3, fib.DPOAdjacencyGlean: 4, fib.DPOLoadBalance: 13}
)

// IndexTrace is a record of one or two numbers; Text is the line.
type IndexTrace struct {
	Text string
}

// Format returns the line.
func (t *IndexTrace) Format() string { return t.Text }

// formatEthernet renders an Ethernet header with its VLAN tags as
// format_ethernet_header does (src/vnet/ethernet/format.c).
func formatEthernet(e packet.Ethernet) string {
	etherType, off := e.Network()
	s := fmt.Sprintf("%s: %s -> %s", etherTypeName(etherType), e.Src(), e.Dst())
	for at := packet.EthernetLen; at < off; at += packet.VLANLen {
		tci := packet.Uint16(e, at)
		kind := "802.1q"
		if e.Type() == packet.EtherTypeQinQ {
			kind = "802.1ad"
		}
		s += fmt.Sprintf(" %s vlan %d", kind, tci&0xfff)
		if tci>>13 != 0 {
			s += fmt.Sprintf(" priority %d", tci>>13)
		}
		if tci&0x1000 != 0 {
			s += " cfi"
		}
	}
	return s
}
