package vnet

import (
	"fmt"
	"slices"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// SpanState says which packets of an interface are mirrored (span_state_t in
// src/vnet/span/span.c).
type SpanState uint32

// States, with the API's numbers; the sum of the middle two is both.
const (
	SpanDisabled SpanState = 0
	SpanRX       SpanState = 1
	SpanTX       SpanState = 2
	SpanBoth     SpanState = SpanRX | SpanTX
)

// spanPorts are the mirrors of an interface for one direction, by sw_if_index in
// rising order.
type spanPorts []uint32

// spanSource holds the mirrors of an interface: of the device and in layer 2
// mode, each for RX and TX.
type spanSource [2][2]spanPorts

// SpanMirror is one mirror of an interface.
type SpanMirror struct {
	From, To uint32
	State    SpanState
}

// SpanTrace is what the mirroring nodes record of the mirrored packet.
type SpanTrace struct{ From, To string }

// Format renders as format_span_trace does (src/vnet/span/node.c).
func (t SpanTrace) Format() string { return fmt.Sprintf("SPAN: mirrored %s -> %s", t.From, t.To) }

func (m *Main) addSpanNodes() {
	for _, k := range []struct {
		name   string
		l2, tx int
		next   func(*vlib.Node, *vlib.Buffer)
	}{
		{"span-input", 0, 0, func(n *vlib.Node, b *vlib.Buffer) { n.SendFeature(b) }},
		{"span-output", 0, 1, func(n *vlib.Node, b *vlib.Buffer) { n.SendFeature(b) }},
		{"span-l2-input", 1, 0, func(n *vlib.Node, b *vlib.Buffer) { m.l2Next(n, b, L2InSpan) }},
		{"span-l2-output", 1, 1, func(n *vlib.Node, b *vlib.Buffer) { m.l2OutNext(n, b, L2OutSpan) }},
	} {
		m.Graph.MustAdd(vlib.Registration{Name: k.name, Nexts: []string{"error-drop"},
			Errors: plainErrors("SPAN incoming packets processed"),
			Func: func(n *vlib.Node, bufs []*vlib.Buffer) {
				for _, b := range bufs {
					m.spanMirror(n, b, k.l2, k.tx)
					k.next(n, b)
				}
			}})
	}
}

// spanMirror sends a copy of the packet to each mirror. A copy is not copied
// again.
func (m *Main) spanMirror(n *vlib.Node, b *vlib.Buffer, l2, tx int) {
	from := b.RxSwIf
	if tx == 1 {
		from = b.TxSwIf
	}
	if uint64(from) >= uint64(len(m.spans)) || b.Flags&vlib.FlagSpanned != 0 {
		return
	}
	for _, to := range m.spans[from][l2][tx] {
		i := m.Interface(to)
		if i == nil {
			continue
		}
		if b.Trace != nil {
			b.Trace.Add(n, SpanTrace{m.interfaceName(from), i.Name})
		}
		trace := b.Trace
		b.Trace = nil // the copy is not traced
		c := m.Graph.Clone(b)
		b.Trace = trace
		c.TxSwIf = to
		c.Flags |= vlib.FlagSpanned
		if l2 == 1 {
			c.L2.Features = uint32(L2OutOutput)
			n.Send(c, m.l2.inNext[1]) // l2-output
			continue
		}
		n.Send(c, i.Hw.OutputNode.Index)
	}
}

// SetSpan sets which packets of an interface another gets a copy of, those of
// the device or, with l2, those in layer 2 mode. The mirror InvalidIndex with
// SpanDisabled stands for all. ErrUnimplemented says that the state is none,
// ErrInvalidInterface that an interface is missing or mirrors itself
// (span_add_delete_entry).
func (m *Main) SetSpan(from, to uint32, state SpanState, l2 bool) error {
	switch {
	case state > SpanBoth:
		return ErrUnimplemented
	case from == vlib.InvalidIndex || to == vlib.InvalidIndex && state != SpanDisabled || from == to:
		return ErrInvalidInterface
	case m.Interface(from) == nil || to != vlib.InvalidIndex && m.Interface(to) == nil:
		return ErrInvalidInterface
	}
	layer := 0
	if l2 {
		layer = 1
	}
	s := at(&m.spans, from)
	for dir, bit := range []SpanState{SpanRX, SpanTX} {
		on := state&bit != 0
		had := len(s[layer][dir]) > 0
		s[layer][dir] = s[layer][dir].with(to, on)
		if has := len(s[layer][dir]) > 0; has != had {
			if err := m.spanFeature(from, l2, dir == 1, has); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *Main) spanFeature(from uint32, l2, tx, on bool) error {
	switch {
	case l2 && tx:
		m.EnableL2Output(from, L2OutSpan, on)
		return nil
	case l2:
		m.EnableL2Input(from, L2InSpan, on)
		return nil
	case tx:
		return m.enableFeature(arcInterfaceOutput, "span-output", from, on)
	}
	if err := m.enableFeature(arcDeviceInput, "span-input", from, on); err != nil {
		return err
	}
	return m.enableFeature(arcPortRxEth, "span-input", from, on)
}

func (p spanPorts) with(to uint32, on bool) spanPorts {
	if to == vlib.InvalidIndex {
		return nil
	}
	at, found := slices.BinarySearch(p, to)
	switch {
	case on && !found:
		return slices.Insert(slices.Clone(p), at, to)
	case !on && found:
		return slices.Delete(slices.Clone(p), at, at+1)
	}
	return p
}

// Spans returns the mirrors of devices or, with l2, of interfaces in layer 2
// mode.
func (m *Main) Spans(l2 bool) []SpanMirror {
	layer := 0
	if l2 {
		layer = 1
	}
	var out []SpanMirror
	for from := range m.spans {
		s := &m.spans[from][layer]
		both := append(slices.Clone(s[0]), s[1]...)
		slices.Sort(both)
		for _, to := range slices.Compact(both) {
			mirror := SpanMirror{From: uint32(from), To: to}
			if slices.Contains(s[0], to) {
				mirror.State |= SpanRX
			}
			if slices.Contains(s[1], to) {
				mirror.State |= SpanTX
			}
			out = append(out, mirror)
		}
	}
	return out
}

// spanWatch forgets the mirrors of an interface that goes. VPP keeps them for
// the next interface with its index.
func (m *Main) spanWatch(ev InterfaceEvent, i *Interface) {
	if ev == InterfaceDeleted && uint64(i.SwIfIndex) < uint64(len(m.spans)) {
		m.spans[i.SwIfIndex] = spanSource{}
	}
}
