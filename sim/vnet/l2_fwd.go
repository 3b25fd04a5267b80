package vnet

import (
	"encoding/binary"
	"fmt"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Error counters of l2-fwd (foreach_l2fwd_error in src/vnet/l2/l2_fwd.c).
const (
	_ uint16 = iota // packets, which VPP does not count
	l2FwdMiss
	_ // hits, likewise
	l2FwdBVIMAC
	l2FwdBVIType
	l2FwdFilter
	l2FwdReflection
	l2FwdStale
)

// l2FwdNextOutput is the slot of l2-output at l2-fwd, l2-flood and l2-uu-fwd.
const l2FwdNextOutput uint16 = 0

// l2L3Nexts are the nodes that a BVI gives packets to.
var l2L3Nexts = []string{"l2-output", "error-drop", "ip4-input", "ip6-input", "arp-input"}

// Slots of l2L3Nexts.
const (
	l2NextDrop uint16 = iota + 1
	l2NextIP4
	l2NextIP6
	l2NextARP
)

func (m *Main) addL2FwdNode() {
	m.Graph.MustAdd(vlib.Registration{Name: "l2-fwd", Func: m.l2FwdNode, Nexts: withFeatures(l2InNodes[:], l2L3Nexts...),
		Errors: plainErrors("L2 forward packets", "L2 forward misses", "L2 forward hits", "BVI L3 MAC mismatch",
			"BVI packet with unhandled ethertype", "Filter Mac Drop", "Reflection Drop", "Stale entry Drop")})
}

// l2FwdNode sends a packet to where its destination was learned, and to the
// flooding feature when it was not (l2fwd_process).
func (m *Main) l2FwdNode(n *vlib.Node, bufs []*vlib.Buffer) {
	f := &m.l2.fib
	for _, b := range bufs {
		e := f.table.get(makeMACKey(b.Bytes(), b.L2.BD))
		rx := b.RxSwIf
		if b.Trace != nil {
			b.Trace.Add(n, newL2Trace("l2-fwd:  ", rx, b, fmt.Sprintf(" bd_index %d result [0x%x, %d] %s", b.L2.BD, uint64(e),
				int32(e.swIf()), e.flagText())))
		}
		if e == macNone {
			m.l2FwdFlood(n, b, l2FwdMiss)
			continue
		}
		b.TxSwIf = e.swIf()
		switch {
		case !e.is(macAgeNot) && e.seq() != b.L2.Seq&0xff00|uint16(m.l2In(e.swIf()).seq):
			m.l2FwdFlood(n, b, l2FwdStale)
		case rx == e.swIf():
			n.Drop(b, l2FwdReflection)
		case e.is(macFilter):
			n.Drop(b, l2FwdFilter)
		case e.is(macBVI):
			m.l2ToBVI(n, b, e.swIf(), l2FwdBVIMAC)
		default:
			n.Enqueue(b, l2FwdNextOutput)
		}
	}
}

// l2FwdFlood passes a packet for nobody known on to flooding, or drops it where
// that is off.
func (m *Main) l2FwdFlood(n *vlib.Node, b *vlib.Buffer, reason uint16) {
	if b.L2.Features&uint32(L2InUUFlood|L2InUUFwd) == 0 {
		n.Drop(b, reason)
		return
	}
	m.l2Next(n, b, L2InFwd)
}

// l2ToBVI gives a packet to layer 3 as received on the bridge domain's own
// interface (l2_to_bvi in src/vnet/l2/l2_bvi.h). badMAC is the code of the error
// for another station's address; the one for an unknown type follows it.
func (m *Main) l2ToBVI(n *vlib.Node, b *vlib.Buffer, swIf uint32, badMAC uint16) {
	e := b.Bytes()
	i := m.sw[swIf]
	if e[0]&1 == 0 && packet.MAC(e[:6]) != i.Hw.MAC && !i.hasExtraMAC(e) {
		n.Drop(b, badMAC)
		return
	}
	if int(b.L2Len) > len(e) {
		n.Drop(b, badMAC+1)
		return
	}
	b.Advance(int(b.L2Len))
	b.RxSwIf, b.TxSwIf = swIf, vlib.InvalidIndex
	var next uint16
	switch binary.BigEndian.Uint16(e[max(int(b.L2Len)-2, 0):]) {
	case packet.EtherTypeIPv4:
		next = l2NextIP4
	case packet.EtherTypeIPv6:
		next = l2NextIP6
	case packet.EtherTypeARP:
		next = l2NextARP
	default:
		n.Drop(b, badMAC+1)
		return
	}
	i.Counters.RX.Add(b.Len())
	n.Enqueue(b, next)
}
