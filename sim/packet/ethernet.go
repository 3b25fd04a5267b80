package packet

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
)

// EthernetLen is the length of an untagged Ethernet header in bytes.
const EthernetLen = 14

// VLANLen is the length of one 802.1Q tag in bytes.
const VLANLen = 4

// EtherTypes (IEEE 802 numbers).
const (
	EtherTypeIPv4 uint16 = 0x0800
	EtherTypeARP  uint16 = 0x0806
	EtherTypeVLAN uint16 = 0x8100
	EtherTypeIPv6 uint16 = 0x86dd
	EtherTypeQinQ uint16 = 0x88a8
)

// MAC is an Ethernet address.
type MAC [6]byte

// BroadcastMAC reaches every station of a segment.
var BroadcastMAC = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// ParseMAC reads the colon or dash form of a 48-bit address.
func ParseMAC(s string) (MAC, error) {
	hw, err := net.ParseMAC(s)
	if err != nil {
		return MAC{}, fmt.Errorf("ethernet address %q: %w", s, err)
	}
	if len(hw) != 6 {
		return MAC{}, fmt.Errorf("ethernet address %q: want 6 bytes, have %d", s, len(hw))
	}
	return MAC(hw), nil
}

// String gives the colon form.
func (m MAC) String() string {
	var out [17]byte
	for i, b := range m {
		if i > 0 {
			out[3*i-1] = ':'
		}
		hex.Encode(out[3*i:], []byte{b})
	}
	return string(out[:])
}

// IsMulticast tells whether the group bit is set; broadcast counts.
func (m MAC) IsMulticast() bool { return m[0]&1 != 0 }

// IsZero tells whether no address is set.
func (m MAC) IsZero() bool { return m == MAC{} }

// MulticastMAC is the Ethernet group of an IP multicast address (RFC 1112
// section 6.4, RFC 2464 section 7).
func MulticastMAC(group netip.Addr) MAC {
	if group.Is4() {
		a := group.As4()
		return MAC{0x01, 0x00, 0x5e, a[1] & 0x7f, a[2], a[3]}
	}
	a := group.As16()
	return MAC{0x33, 0x33, a[12], a[13], a[14], a[15]}
}

// LinkLocal is the fe80::/64 address with the modified EUI-64 of an Ethernet
// address (RFC 4291 appendix A).
func LinkLocal(m MAC) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80,
		8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
}

// Ethernet is a frame seen as an Ethernet header and its payload.
type Ethernet []byte

// Valid tells whether the frame holds a whole header.
func (e Ethernet) Valid() bool { return len(e) >= EthernetLen }

// Dst is the destination address.
func (e Ethernet) Dst() (m MAC) { copy(m[:], at(e, 0, 6)); return m }

// Src is the source address.
func (e Ethernet) Src() (m MAC) { copy(m[:], at(e, 6, 6)); return m }

// Type is the EtherType after the addresses: that of a VLAN tag if there is
// one.
func (e Ethernet) Type() uint16 { return Uint16(e, 12) }

// SetDst writes the destination address.
func (e Ethernet) SetDst(m MAC) { copy(at(e, 0, 6), m[:]) }

// SetSrc writes the source address.
func (e Ethernet) SetSrc(m MAC) { copy(at(e, 6, 6), m[:]) }

// SetType writes the EtherType.
func (e Ethernet) SetType(t uint16) { PutUint16(e, 12, t) }

// Payload is what follows an untagged header, nil when there is none.
func (e Ethernet) Payload() []byte { return from(e, EthernetLen) }

// Network skips up to two VLAN tags and gives the EtherType and the offset of
// the network header, which is past the end when the frame is cut short.
func (e Ethernet) Network() (etherType uint16, off int) {
	etherType, off = e.Type(), EthernetLen
	for tags := 0; tags < 2 && (etherType == EtherTypeVLAN || etherType == EtherTypeQinQ); tags++ {
		etherType = Uint16(e, off+2)
		off += VLANLen
	}
	return etherType, off
}
