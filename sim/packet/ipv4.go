package packet

import "net/netip"

// IPv4Len is the length of an IPv4 header without options in bytes.
const IPv4Len = 20

// IP protocol numbers (IANA).
const (
	ProtoHopByHop uint8 = 0
	ProtoICMP     uint8 = 1
	ProtoIPIP     uint8 = 4
	ProtoTCP      uint8 = 6
	ProtoUDP      uint8 = 17
	ProtoIPv6     uint8 = 41
	ProtoRouting  uint8 = 43
	ProtoFragment uint8 = 44
	ProtoESP      uint8 = 50
	ProtoICMPv6   uint8 = 58
	ProtoNoNext   uint8 = 59
	ProtoDestOpts uint8 = 60
)

// IPv4 flags in the upper bits of the fragment field (RFC 791).
const (
	IPv4DontFragment  uint16 = 0x4000
	IPv4MoreFragments uint16 = 0x2000
	ipv4FragmentMask  uint16 = 0x1fff
)

// IPv4 is an IPv4 packet, header first.
type IPv4 []byte

// Valid tells whether version, header length and total length fit the bytes.
// Bytes after the total length (Ethernet padding) are allowed.
func (p IPv4) Valid() bool {
	if len(p) < IPv4Len || p[0]>>4 != 4 {
		return false
	}
	h, t := p.HeaderLen(), p.TotalLen()
	return h >= IPv4Len && t >= h && t <= len(p)
}

// HeaderLen is the length of the header with options in bytes.
func (p IPv4) HeaderLen() int { return int(Uint8(p, 0)&0xf) * 4 }

// TOS is the type of service: DSCP and ECN.
func (p IPv4) TOS() uint8 { return Uint8(p, 1) }

// TotalLen is the length of header and payload in bytes.
func (p IPv4) TotalLen() int { return int(Uint16(p, 2)) }

// ID identifies the fragments of one packet.
func (p IPv4) ID() uint16 { return Uint16(p, 4) }

// DontFragment tells whether routers must not fragment the packet.
func (p IPv4) DontFragment() bool { return Uint16(p, 6)&IPv4DontFragment != 0 }

// MoreFragments tells whether this is a fragment but not the last one.
func (p IPv4) MoreFragments() bool { return Uint16(p, 6)&IPv4MoreFragments != 0 }

// FragmentOffset is where the payload belongs in the whole one, in bytes.
func (p IPv4) FragmentOffset() int { return int(Uint16(p, 6)&ipv4FragmentMask) * 8 }

// IsFragment tells whether the packet is a part of a larger one.
func (p IPv4) IsFragment() bool {
	return Uint16(p, 6)&(IPv4MoreFragments|ipv4FragmentMask) != 0
}

// TTL is the number of hops left.
func (p IPv4) TTL() uint8 { return Uint8(p, 8) }

// Protocol says what the payload is.
func (p IPv4) Protocol() uint8 { return Uint8(p, 9) }

// Checksum is the header's checksum field.
func (p IPv4) Checksum() uint16 { return Uint16(p, 10) }

// ChecksumOK tells whether the header's checksum is right.
func (p IPv4) ChecksumOK() bool { return Checksum(at(p, 0, p.HeaderLen())) == 0 && p.HeaderLen() > 0 }

// Src is the source address.
func (p IPv4) Src() [4]byte { return addr4(p, 12) }

// Dst is the destination address.
func (p IPv4) Dst() [4]byte { return addr4(p, 16) }

// SrcAddr is the source address for the control side.
func (p IPv4) SrcAddr() netip.Addr { return netip.AddrFrom4(p.Src()) }

// DstAddr is the destination address for the control side.
func (p IPv4) DstAddr() netip.Addr { return netip.AddrFrom4(p.Dst()) }

// Payload is what follows the header up to the total length, nil when the
// lengths do not fit the bytes.
func (p IPv4) Payload() []byte {
	h, t := p.HeaderLen(), p.TotalLen()
	if h < IPv4Len || t < h || t > len(p) {
		return nil
	}
	return p[h:t:t]
}

// SetTTL writes the hops left and corrects the checksum incrementally.
func (p IPv4) SetTTL(ttl uint8) {
	old := Uint16(p, 8)
	PutUint8(p, 8, ttl)
	p.SetChecksum(UpdateChecksum16(p.Checksum(), old, Uint16(p, 8)))
}

// SetChecksum writes the checksum field.
func (p IPv4) SetChecksum(c uint16) { PutUint16(p, 10, c) }

// UpdateChecksum computes the header's checksum anew.
func (p IPv4) UpdateChecksum() {
	p.SetChecksum(0)
	p.SetChecksum(Checksum(at(p, 0, p.HeaderLen())))
}

// IPv4Fields are the fields of an IPv4 header without options.
type IPv4Fields struct {
	TOS      uint8
	TotalLen int // bytes, header included
	ID       uint16
	// Fragment holds IPv4DontFragment, IPv4MoreFragments and the offset in
	// units of 8 bytes.
	Fragment uint16
	TTL      uint8
	Protocol uint8
	Src, Dst netip.Addr // IPv4
}

// Encode writes the header with its checksum into the first IPv4Len bytes of b.
func (f IPv4Fields) Encode(b []byte) {
	if len(b) < IPv4Len {
		return
	}
	b[0], b[1] = 0x45, f.TOS
	PutUint16(b, 2, uint16(f.TotalLen))
	PutUint16(b, 4, f.ID)
	PutUint16(b, 6, f.Fragment)
	b[8], b[9] = f.TTL, f.Protocol
	src, dst := f.Src.As4(), f.Dst.As4()
	copy(b[12:], src[:])
	copy(b[16:], dst[:])
	IPv4(b).UpdateChecksum()
}
