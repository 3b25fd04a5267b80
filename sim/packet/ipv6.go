package packet

import "net/netip"

// IPv6Len is the length of the fixed IPv6 header in bytes.
const IPv6Len = 40

// IPv6FragmentLen is the length of a fragment extension header in bytes.
const IPv6FragmentLen = 8

// IPv6MinMTU is what every IPv6 link carries (RFC 8200 section 5).
const IPv6MinMTU = 1280

// IPv6 is an IPv6 packet, header first.
type IPv6 []byte

// Valid tells whether version and payload length fit the bytes. Bytes after the
// payload (Ethernet padding) are allowed.
func (p IPv6) Valid() bool {
	return len(p) >= IPv6Len && p[0]>>4 == 6 && IPv6Len+p.PayloadLen() <= len(p)
}

// TrafficClass is DSCP and ECN.
func (p IPv6) TrafficClass() uint8 { return uint8(Uint16(p, 0) >> 4) }

// FlowLabel is the 20-bit label of the flow.
func (p IPv6) FlowLabel() uint32 { return Uint32(p, 0) & 0xfffff }

// PayloadLen is the length in bytes of what follows the fixed header.
func (p IPv6) PayloadLen() int { return int(Uint16(p, 4)) }

// NextHeader says what follows the fixed header.
func (p IPv6) NextHeader() uint8 { return Uint8(p, 6) }

// HopLimit is the number of hops left.
func (p IPv6) HopLimit() uint8 { return Uint8(p, 7) }

// Src is the source address.
func (p IPv6) Src() [16]byte { return addr6(p, 8) }

// Dst is the destination address.
func (p IPv6) Dst() [16]byte { return addr6(p, 24) }

// SrcAddr is the source address for the control side.
func (p IPv6) SrcAddr() netip.Addr { return netip.AddrFrom16(p.Src()) }

// DstAddr is the destination address for the control side.
func (p IPv6) DstAddr() netip.Addr { return netip.AddrFrom16(p.Dst()) }

// Payload is what follows the fixed header, extension headers included; nil
// when the length does not fit the bytes.
func (p IPv6) Payload() []byte {
	end := IPv6Len + p.PayloadLen()
	if len(p) < end {
		return nil
	}
	return p[IPv6Len:end:end]
}

// SetHopLimit writes the hops left.
func (p IPv6) SetHopLimit(n uint8) { PutUint8(p, 7, n) }

// SetPayloadLen writes the length of what follows the fixed header.
func (p IPv6) SetPayloadLen(n int) { PutUint16(p, 4, uint16(n)) }

// IPv6Fragment is what a fragment extension header says (RFC 8200 section 4.5).
type IPv6Fragment struct {
	Present bool
	Offset  int // bytes
	More    bool
	ID      uint32
	// HeaderOffset is where the fragment header starts in the packet, and
	// PrevNextHeader where the byte stands that announces it.
	HeaderOffset, PrevNextHeader int
}

// Upper walks the extension headers and gives the upper-layer protocol, the
// offset of its header in the packet, and the fragment header on the way. ok is
// false when a header is cut short. In a later fragment the offset is that of
// the fragment's data.
func (p IPv6) Upper() (proto uint8, off int, frag IPv6Fragment, ok bool) {
	end := min(IPv6Len+p.PayloadLen(), len(p))
	proto, off = p.NextHeader(), IPv6Len
	prev := 6
	for {
		size := 0
		switch proto {
		case ProtoHopByHop, ProtoRouting, ProtoDestOpts:
			size = (int(Uint8(p, off+1)) + 1) * 8
		case ProtoFragment:
			size = IPv6FragmentLen
			field := Uint16(p, off+2)
			frag = IPv6Fragment{Present: true, Offset: int(field &^ 7), More: field&1 != 0,
				ID: Uint32(p, off+4), HeaderOffset: off, PrevNextHeader: prev}
		default:
			return proto, off, frag, off <= end
		}
		if off+size > end {
			return proto, off, frag, false
		}
		proto, prev = Uint8(p, off), off
		off += size
		if frag.Present && frag.Offset > 0 {
			return proto, off, frag, true
		}
	}
}

// IPv6Fields are the fields of a fixed IPv6 header.
type IPv6Fields struct {
	TrafficClass uint8
	FlowLabel    uint32
	PayloadLen   int // bytes
	NextHeader   uint8
	HopLimit     uint8
	Src, Dst     netip.Addr
}

// Encode writes the header into the first IPv6Len bytes of b.
func (f IPv6Fields) Encode(b []byte) {
	if len(b) < IPv6Len {
		return
	}
	PutUint32(b, 0, 6<<28|uint32(f.TrafficClass)<<20|f.FlowLabel&0xfffff)
	PutUint16(b, 4, uint16(f.PayloadLen))
	b[6], b[7] = f.NextHeader, f.HopLimit
	src, dst := f.Src.As16(), f.Dst.As16()
	copy(b[8:], src[:])
	copy(b[24:], dst[:])
}

// SolicitedNode is the multicast group of an address (RFC 4291 section 2.7.1).
func SolicitedNode(a netip.Addr) netip.Addr {
	b := a.As16()
	return netip.AddrFrom16([16]byte{0: 0xff, 1: 2, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]})
}
