package vnet

import (
	"bytes"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// pbbLen is the length in bytes of a provider backbone bridge's header:
// addresses, B-tag and I-tag (IEEE 802.1ah).
const pbbLen = 22

// PBB is a rewrite that puts a backbone header in front on input, or takes one
// off.
type PBB struct {
	Op       VTROp // VTRPush2, VTRPop2 or VTRTranslate21, which does nothing
	Dst, Src packet.MAC
	VLAN     uint16
	Service  uint32
}

// pbbRewrite pops or pushes the header (ptr_config_t).
type pbbRewrite struct {
	header    [pbbLen]byte
	pop, push bool
}

func (r *pbbRewrite) active() bool { return r.pop || r.push }

// apply rewrites a frame; false says that it does not have the header with the
// configured tags (l2_pbb_process in src/vnet/l2/l2_vtr.h).
func (r *pbbRewrite) apply(b *vlib.Buffer) bool {
	if r.pop {
		p := b.Bytes()
		if len(p) < pbbLen || !bytes.Equal(p[14:16], r.header[14:16]) || !bytes.Equal(p[18:22], r.header[18:22]) {
			return false
		}
		b.Advance(pbbLen)
		b.L2Len -= pbbLen
	}
	if r.push {
		full := b.Prepend(pbbLen)
		if full == nil {
			return false
		}
		copy(full, r.header[:])
		b.L2Len += pbbLen
	}
	return true
}

// SetPBB sets the rewrite of backbone headers on an interface; VTRDisabled
// removes it (l2pbb_configure in src/vnet/l2/l2_vtr.c).
func (m *Main) SetPBB(swIf uint32, p PBB) error {
	if m.Interface(swIf) == nil {
		return ErrInvalidInterface
	}
	out := m.l2Out(swIf)
	in := &out.pbbIn
	in.pop, in.push = p.Op == VTRPop2, p.Op == VTRPush2
	if in.push {
		copy(in.header[:6], p.Dst[:])
		copy(in.header[6:12], p.Src[:])
		packet.PutUint16(in.header[:], 12, packet.EtherTypeQinQ)
		packet.PutUint16(in.header[:], 14, p.VLAN&0xfff)
		packet.PutUint16(in.header[:], 16, 0x88e7)
		packet.PutUint32(in.header[:], 18, p.Service&0xfffff)
	}
	out.pbbOut = pbbRewrite{header: in.header, pop: in.push, push: in.pop}
	out.vtr = p.Op != VTRDisabled
	m.EnableL2Input(swIf, L2InVTR, out.vtr)
	return nil
}

// PBB returns the rewrite of backbone headers of an interface (l2pbb_get).
func (m *Main) PBB(swIf uint32) (p PBB, ok bool) {
	if uint64(swIf) >= uint64(len(m.l2.outputs)) || !m.l2.outputs[swIf].pbbIn.active() {
		return p, false
	}
	in := &m.l2.outputs[swIf].pbbIn
	p.Op = VTRPop2
	if in.push {
		p.Op = VTRPush2
	}
	copy(p.Dst[:], in.header[:6])
	copy(p.Src[:], in.header[6:12])
	p.VLAN, p.Service = packet.Uint16(in.header[:], 14)&0xfff, packet.Uint32(in.header[:], 18)&0xfffff
	return p, true
}
