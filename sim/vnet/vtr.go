package vnet

import (
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// VTROp is a rewrite of VLAN tags on input; output does the opposite.
type VTROp uint32

// Rewrites, with the API's numbers (l2_vtr_op_t in src/vnet/l2/l2_vtr.h).
const (
	VTRDisabled VTROp = iota
	VTRPush1
	VTRPush2
	VTRPop1
	VTRPop2
	VTRTranslate11
	VTRTranslate12
	VTRTranslate21
	VTRTranslate22
)

// vtrBytes gives what a rewrite pops and pushes, in tags.
var vtrTags = [...]struct{ pop, push int }{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {2, 0}, {1, 1}, {1, 2}, {2, 1}, {2, 2}}

// VTR is a rewrite of VLAN tags. Dot1Q is the kind of the first tag pushed,
// 802.1ad otherwise.
type VTR struct {
	Op         VTROp
	Dot1Q      bool
	Tag1, Tag2 uint16
}

// tagRewrite pops and pushes tags (vtr_config_t). One tag to push is in the
// second half of tags.
type tagRewrite struct {
	tags      [8]byte
	pop, push uint8 // in bytes
}

func (r *tagRewrite) active() bool { return r.pop|r.push != 0 }

// setTags puts up to two tags where apply finds them.
func (r *tagRewrite) setTags(outer uint16, tag1, tag2 uint16) {
	first := 8 - int(r.push)
	if r.push > 0 {
		packet.PutUint16(r.tags[first:], 0, outer)
		packet.PutUint16(r.tags[first:], 2, tag1)
	}
	if r.push == 8 {
		packet.PutUint16(r.tags[4:], 0, packet.EtherTypeVLAN)
		packet.PutUint16(r.tags[4:], 2, tag2)
	}
}

// apply rewrites the tags of a frame; false says that it has too few
// (l2_vtr_process).
func (r *tagRewrite) apply(b *vlib.Buffer) bool {
	if int(b.L2Len)-12 < int(r.pop) || b.Len() < 12+int(r.pop) || b.Headroom() < int(r.push) {
		return false
	}
	macs := [12]byte(b.Bytes())
	b.Advance(int(r.pop) - int(r.push))
	p := b.Bytes()
	copy(p[12:12+r.push], r.tags[8-r.push:])
	copy(p, macs[:])
	b.L2Len += r.push - r.pop
	return true
}

// matches tells whether a frame has the tags that input pushes, whatever their
// priorities (l2_efp_filter_process).
func (r *tagRewrite) matches(b *vlib.Buffer) bool {
	p := b.Bytes()
	for at := 0; at < int(r.push); at += 4 {
		want := r.tags[8-int(r.push)+at:]
		if packet.Uint16(p, 12+at) != packet.Uint16(want, 0) || packet.Uint16(p, 14+at)&0xfff != packet.Uint16(want, 2) {
			return false
		}
	}
	return true
}

// configured is how many tags of a sub-interface's frames have known values.
func (i *Interface) configuredTags() int {
	s := i.Sub
	switch {
	case s == nil || s.Flags&(SubNoTags|SubOuterAny) != 0:
		return 0
	case s.Flags&SubOneTag != 0:
		return 1
	case s.Flags&SubTwoTags != 0 && s.Flags&SubInnerAny != 0:
		return 1
	case s.Flags&SubTwoTags != 0:
		return 2
	}
	return 0
}

// SetVTR sets the rewrite of VLAN tags on an interface. ErrInvalidInterface says
// that it is not Ethernet, ErrInvalidVLANTagCount that its frames have fewer tags
// than the rewrite pops (l2vtr_configure in src/vnet/l2/l2_vtr.c).
func (m *Main) SetVTR(swIf uint32, v VTR) error {
	i := m.Interface(swIf)
	if i == nil || !i.Hw.Class.Ethernet {
		return ErrInvalidInterface
	}
	out := m.l2Out(swIf)
	out.in.tags, out.out.tags = [8]byte{}, [8]byte{}
	tags := vtrTags[v.Op]
	if tags.pop > i.configuredTags() {
		return ErrInvalidVLANTagCount
	}
	outer := packet.EtherTypeQinQ
	if v.Dot1Q {
		outer = packet.EtherTypeVLAN
	}
	out.in.pop, out.in.push = uint8(tags.pop*packet.VLANLen), uint8(tags.push*packet.VLANLen)
	out.in.setTags(outer, v.Tag1, v.Tag2)
	out.out.pop, out.out.push = out.in.push, out.in.pop
	if s := i.Sub; s != nil {
		outer = packet.EtherTypeVLAN
		if s.Flags&SubDot1AD != 0 {
			outer = packet.EtherTypeQinQ
		}
		out.out.setTags(outer, s.Outer, s.Inner)
	}
	out.vtr = v.Op != VTRDisabled
	m.EnableL2Input(swIf, L2InVTR, out.vtr)
	return nil
}

// VTR returns the rewrite of an interface (l2vtr_get).
func (m *Main) VTR(swIf uint32) (v VTR) {
	i := m.Interface(swIf)
	if i == nil || !i.Hw.Class.Ethernet || uint64(swIf) >= uint64(len(m.l2.outputs)) {
		return v
	}
	r := &m.l2.outputs[swIf].in
	for op, t := range vtrTags {
		if int(r.pop) == t.pop*packet.VLANLen && int(r.push) == t.push*packet.VLANLen {
			v.Op = VTROp(op)
		}
	}
	if r.push == 0 {
		return v
	}
	first := r.tags[8-r.push:]
	v.Dot1Q, v.Tag1 = packet.Uint16(first, 0) == packet.EtherTypeVLAN, packet.Uint16(first, 2)
	if r.push == 8 {
		v.Tag2 = packet.Uint16(r.tags[:], 6)
	}
	return v
}

func (m *Main) addVTRNode() {
	m.Graph.MustAdd(vlib.Registration{Name: "l2-input-vtr", Func: m.l2InputVTR,
		Nexts:  withFeatures(l2InNodes[:], "error-drop"),
		Errors: plainErrors("L2 inverter packets", "L2 input tag rewrite drops")})
}

// l2InputVTR rewrites the tags of received frames (src/vnet/l2/l2_input_vtr.c).
func (m *Main) l2InputVTR(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		out, ok := m.l2Out(b.RxSwIf), true
		switch {
		case !out.vtr:
		case out.out.active():
			ok = out.in.apply(b)
		case out.pbbOut.active():
			ok = out.pbbIn.apply(b)
		}
		if b.Trace != nil {
			b.Trace.Add(n, newL2Trace("l2-input-vtr:", b.RxSwIf, b, l2Raw(b)))
		}
		if !ok {
			n.Drop(b, 1)
			continue
		}
		m.l2Next(n, b, L2InVTR)
	}
}
