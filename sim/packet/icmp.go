package packet

import "net/netip"

// ICMPLen is the length of an ICMP or ICMPv6 header in bytes: type, code,
// checksum and four bytes whose meaning depends on the type.
const ICMPLen = 8

// ICMP types and codes (RFC 792, RFC 1191, RFC 1812).
const (
	ICMPEchoReply       uint8 = 0
	ICMPUnreachable     uint8 = 3
	ICMPRedirect        uint8 = 5
	ICMPEcho            uint8 = 8
	ICMPTimeExceeded    uint8 = 11
	ICMPParameterProb   uint8 = 12
	ICMPNetUnreachable  uint8 = 0
	ICMPHostUnreachable uint8 = 1
	ICMPProtUnreachable uint8 = 2
	ICMPPortUnreachable uint8 = 3
	ICMPFragNeeded      uint8 = 4
	ICMPAdminProhibited uint8 = 13
	ICMPTTLExceeded     uint8 = 0
	ICMPReassemblyTime  uint8 = 1
)

// ICMPv6 types and codes (RFC 4443, RFC 4861).
const (
	ICMPv6Unreachable     uint8 = 1
	ICMPv6PacketTooBig    uint8 = 2
	ICMPv6TimeExceeded    uint8 = 3
	ICMPv6ParameterProb   uint8 = 4
	ICMPv6Echo            uint8 = 128
	ICMPv6EchoReply       uint8 = 129
	ICMPv6RouterSol       uint8 = 133
	ICMPv6RouterAdv       uint8 = 134
	ICMPv6NeighborSol     uint8 = 135
	ICMPv6NeighborAdv     uint8 = 136
	ICMPv6NoRoute         uint8 = 0
	ICMPv6AdminProhibited uint8 = 1
	ICMPv6AddrUnreachable uint8 = 3
	ICMPv6PortUnreachable uint8 = 4
	ICMPv6HopExceeded     uint8 = 0
	ICMPv6ReassemblyTime  uint8 = 1
)

// ICMP is an ICMP or ICMPv6 message.
type ICMP []byte

// Valid tells whether the message holds a whole header.
func (m ICMP) Valid() bool { return len(m) >= ICMPLen }

// Type is the type of the message.
func (m ICMP) Type() uint8 { return Uint8(m, 0) }

// Code refines the type.
func (m ICMP) Code() uint8 { return Uint8(m, 1) }

// Checksum is the checksum field.
func (m ICMP) Checksum() uint16 { return Uint16(m, 2) }

// ID is the identifier of an echo.
func (m ICMP) ID() uint16 { return Uint16(m, 4) }

// Seq is the sequence number of an echo.
func (m ICMP) Seq() uint16 { return Uint16(m, 6) }

// MTU is the next hop's MTU in an ICMP "fragmentation needed" (RFC 1191).
func (m ICMP) MTU() int { return int(Uint16(m, 6)) }

// MTU6 is the MTU in an ICMPv6 "packet too big".
func (m ICMP) MTU6() int { return int(Uint32(m, 4)) }

// Payload is what follows the header: echo data, or the packet an error speaks
// of.
func (m ICMP) Payload() []byte { return from(m, ICMPLen) }

// Encode writes a header without checksum into the first ICMPLen bytes of m;
// rest fills the last four.
func (m ICMP) Encode(typ, code uint8, rest uint32) {
	if len(m) < ICMPLen {
		return
	}
	m[0], m[1], m[2], m[3] = typ, code, 0, 0
	PutUint32(m, 4, rest)
}

// NDLen is the length of a neighbour solicitation or advertisement without
// options in bytes.
const NDLen = 24

// Neighbour discovery options (RFC 4861 section 4.6).
const (
	NDOptSourceLinkAddr uint8 = 1
	NDOptTargetLinkAddr uint8 = 2
)

// Flags of a neighbour advertisement (RFC 4861 section 4.4).
const (
	NDRouter    uint32 = 1 << 31
	NDSolicited uint32 = 1 << 30
	NDOverride  uint32 = 1 << 29
)

// ND is a neighbour solicitation or advertisement: an ICMPv6 message.
type ND []byte

// Valid tells whether the message holds its fixed part.
func (n ND) Valid() bool { return len(n) >= NDLen }

// Flags are those of an advertisement: NDRouter, NDSolicited, NDOverride.
func (n ND) Flags() uint32 { return Uint32(n, 4) }

// Target is the address asked for or spoken of.
func (n ND) Target() [16]byte { return addr6(n, 8) }

// LinkAddr finds the Ethernet address in the option of the given kind,
// NDOptSourceLinkAddr or NDOptTargetLinkAddr.
func (n ND) LinkAddr(kind uint8) (mac MAC, ok bool) {
	for off := NDLen; off+2 <= len(n); {
		size := int(n[off+1]) * 8
		if size == 0 || off+size > len(n) {
			return MAC{}, false
		}
		if n[off] == kind {
			return MAC(n[off+2 : off+8]), true
		}
		off += size
	}
	return MAC{}, false
}

// NDFields describe a neighbour solicitation or advertisement.
type NDFields struct {
	Type     uint8 // ICMPv6NeighborSol or ICMPv6NeighborAdv
	Flags    uint32
	Target   netip.Addr
	LinkAddr MAC // zero: no link-layer address option
}

// Len is the length of the encoded message in bytes.
func (f NDFields) Len() int {
	if f.LinkAddr.IsZero() {
		return NDLen
	}
	return NDLen + 8
}

// Encode writes the message without checksum into the first Len bytes of b.
func (f NDFields) Encode(b []byte) {
	if len(b) < f.Len() {
		return
	}
	ICMP(b).Encode(f.Type, 0, f.Flags)
	target := f.Target.As16()
	copy(b[8:], target[:])
	if f.LinkAddr.IsZero() {
		return
	}
	b[24], b[25] = NDOptTargetLinkAddr, 1
	if f.Type == ICMPv6NeighborSol {
		b[24] = NDOptSourceLinkAddr
	}
	copy(b[26:], f.LinkAddr[:])
}
