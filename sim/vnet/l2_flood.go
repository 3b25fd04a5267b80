package vnet

import (
	"fmt"
	"strconv"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Error counters of l2-flood (foreach_l2flood_error in src/vnet/l2/l2_flood.c).
const (
	l2FloodPackets uint16 = iota
	_                     // replication failures
	l2FloodNoMembers
	l2FloodBVIMAC
)

func (m *Main) addL2FloodNodes() {
	m.Graph.MustAdd(vlib.Registration{Name: "l2-flood", Func: m.l2FloodNode,
		Nexts: withFeatures(l2InNodes[:], l2L3Nexts...),
		Errors: plainErrors("L2 flood packets", "L2 replication failures", "L2 replication complete", "BVI L3 mac mismatch",
			"BVI packet with unhandled ethertype")})
	m.Graph.MustAdd(vlib.Registration{Name: "l2-uu-fwd", Func: m.l2UUFwdNode, Nexts: []string{"error-drop", "l2-output"},
		Errors: plainErrors("L2 UU fwd")})
}

// l2FloodNode sends a packet to all members but the one it came from and those
// of its split horizon group. The bridge domain's own interface is the last,
// because layer 3 may change the packet.
func (m *Main) l2FloodNode(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		m.l2Flood(n, b)
	}
	n.Count(l2FloodPackets, uint64(len(bufs)))
}

func (m *Main) l2Flood(n *vlib.Node, b *vlib.Buffer) {
	d := m.l2.domains[b.L2.BD]
	rx, shg := b.RxSwIf, b.L2.SHG
	members := d.Members[:min(d.FloodCount, len(d.Members))]
	last := -1 // the member that gets the packet itself
	for k := range members {
		if members[k].takes(rx, shg) {
			last = k
			break
		}
	}
	if last < 0 {
		n.Drop(b, l2FloodNoMembers)
		return
	}
	for k := len(members) - 1; k > last; k-- {
		if !members[k].takes(rx, shg) {
			continue
		}
		c := m.Graph.Clone(b)
		m.traceL2Flood(n, c, rx)
		c.TxSwIf = members[k].SwIf
		n.Enqueue(c, l2FwdNextOutput)
	}
	m.traceL2Flood(n, b, rx)
	if members[last].BVI {
		m.l2ToBVI(n, b, members[last].SwIf, l2FloodBVIMAC)
		return
	}
	b.TxSwIf = members[last].SwIf
	n.Enqueue(b, l2FwdNextOutput)
}

// takes tells whether a member gets a packet that came from an interface of a
// group; group 0 is none.
func (b *BridgeMember) takes(rx uint32, shg uint8) bool {
	return b.SwIf != rx && (shg == 0 || b.SHG != shg)
}

func (m *Main) traceL2Flood(n *vlib.Node, b *vlib.Buffer, rx uint32) {
	if b.Trace != nil {
		b.Trace.Add(n, newL2Trace("l2-flood:", rx, b, " bd_index "+strconv.Itoa(int(b.L2.BD))))
	}
}

// UUFwdTrace is what l2-uu-fwd records.
type UUFwdTrace struct{ SwIf uint32 }

// Format renders as format_l2_uu_fwd_trace does.
func (t UUFwdTrace) Format() string { return fmt.Sprintf("l2-uu-fwd: sw_if_index %d", int32(t.SwIf)) }

// l2UUFwdNode sends a packet for nobody known to the one interface that the
// domain has for it (src/vnet/l2/l2_uu_fwd.c).
func (m *Main) l2UUFwdNode(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		b.TxSwIf = m.l2.domains[b.L2.BD].UUFwd
		if b.Trace != nil {
			b.Trace.Add(n, UUFwdTrace{b.TxSwIf})
		}
		n.Enqueue(b, 1)
	}
	n.Count(0, uint64(len(bufs)))
}
