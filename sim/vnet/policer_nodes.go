package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Directions of a policer on an interface.
const (
	PolicerInput  = 0
	PolicerOutput = 1
)

// PolicerTrace is what the policers of interfaces record.
type PolicerTrace struct{ SwIf, Policer, Next uint32 }

// Format renders as format_policer_trace (src/plugins/policer/policer_node.c).
func (t PolicerTrace) Format() string {
	return fmt.Sprintf("VNET_POLICER: sw_if_index %d policer_index %d next %d", int32(t.SwIf), int32(t.Policer), t.Next)
}

// PuntPolicerTrace is what ip4-punt-policer and ip6-punt-policer record.
type PuntPolicerTrace struct{ Policer, Next uint32 }

// Format renders as format_ip_punt_policer_trace (src/plugins/policer/ip4_punt.c).
func (t PuntPolicerTrace) Format() string {
	return fmt.Sprintf("policer_index %d next %d", int32(t.Policer), t.Next)
}

// Error counters of the policers of interfaces.
const (
	policerTransmitted uint16 = iota
	policerDropped
)

func (m *Main) addPolicerNodes() {
	m.policers.byName = map[string]*Policer{}
	m.policers.punt = [2]uint32{vlib.InvalidIndex, vlib.InvalidIndex}
	for k, name := range [numPolice]string{"conform", "exceed", "violate"} {
		m.policers.counters[k] = m.Stats.Combined("/net/policer/" + name)
	}
	feature := func(n *vlib.Node, b *vlib.Buffer) { n.SendFeature(b) }
	for _, k := range []struct {
		name, handoff string
		dir           int
		l2            bool
		next          func(*vlib.Node, *vlib.Buffer)
	}{
		{"policer-input", "policer-input-handoff", PolicerInput, false, feature},
		{"l2-policer-input", "policer-input-handoff", PolicerInput, true, func(n *vlib.Node, b *vlib.Buffer) { m.l2Next(n, b, L2InPolicer) }},
		{"policer-output", "policer-output-handoff", PolicerOutput, false, feature},
		{"l2-policer-output", "policer-output-handoff", PolicerOutput, true, func(n *vlib.Node, b *vlib.Buffer) { m.l2OutNext(n, b, L2OutPolicer) }},
	} {
		m.Graph.MustAdd(vlib.Registration{Name: k.name, Nexts: []string{"error-drop", k.handoff},
			Errors: plainErrors("Packets Transmitted", "Packets Dropped"),
			Func:   func(n *vlib.Node, bufs []*vlib.Buffer) { m.policeInterface(n, bufs, k.dir, k.l2, k.next) }})
	}
	for p := range m.policers.punt {
		proto := fib.Proto(p)
		m.Graph.MustAdd(vlib.Registration{Name: proto.String() + "-punt-policer",
			Nexts:  []string{proto.String() + "-drop", proto.String() + "-punt-policer-handoff"},
			Errors: plainErrors("ip punt policer drop"),
			Func:   func(n *vlib.Node, bufs []*vlib.Buffer) { m.policePunt(n, bufs, proto) }})
	}
}

// policeInterface lets pass what the policer of the interface does not drop.
func (m *Main) policeInterface(n *vlib.Node, bufs []*vlib.Buffer, dir int, l2 bool, next func(*vlib.Node, *vlib.Buffer)) {
	now, transmitted := m.policerNow(), uint64(0)
	for _, b := range bufs {
		swIf := b.RxSwIf
		if dir == PolicerOutput {
			swIf = b.TxSwIf
		}
		use := at(&m.policers.itf[dir], swIf)
		if use.policer == nil { // deleted while it was in use
			next(n, b)
			continue
		}
		overhead := use.overhead
		if l2 {
			overhead = 0
		}
		drop := m.policePacket(use.policer, b, now, overhead) == PolicerDrop
		if b.Trace != nil {
			t := PolicerTrace{SwIf: swIf, Policer: use.policer.Index}
			if !drop && !l2 && len(b.Features) > 0 {
				t.Next = uint32(n.SlotOf(b.Features[0]))
			}
			b.Trace.Add(n, t)
		}
		if drop {
			n.Drop(b, policerDropped)
			continue
		}
		transmitted++
		next(n, b)
	}
	n.Count(policerTransmitted, transmitted)
}

// policePunt lets pass what the policer of punted packets does not drop
// (ip_punt_policer in src/plugins/policer/ip_punt.h).
func (m *Main) policePunt(n *vlib.Node, bufs []*vlib.Buffer, proto fib.Proto) {
	now, index := m.policerNow(), m.policers.punt[proto]
	p := m.Policer(index)
	for _, b := range bufs {
		drop := p != nil && m.policePacket(p, b, now, 0) == PolicerDrop
		if b.Trace != nil {
			t := PuntPolicerTrace{Policer: index}
			if !drop {
				t.Next = uint32(n.SlotOf(b.Features[0]))
			}
			b.Trace.Add(n, t)
		}
		if drop {
			n.SetError(b, 0)
			n.Enqueue(b, 0)
			continue
		}
		n.SendFeature(b)
	}
}

// PolicePunt polices punted packets of a protocol with a policer, or no longer;
// each call counts, as with EnableFeature (ip4_punt_policer_add_del).
func (m *Main) PolicePunt(p fib.Proto, add bool, index uint32) {
	m.policers.punt[p] = index
	_ = m.EnableFeature(p.String()+"-punt", p.String()+"-punt-policer", 0, add)
}
