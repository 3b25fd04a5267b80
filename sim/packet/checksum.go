package packet

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// Sum adds b to a partial ones-complement sum (RFC 1071), 64 bits at a time;
// start with zero. Only the last part of a packet may have an odd length.
func Sum(b []byte, sum uint64) uint64 {
	var carry uint64
	for len(b) >= 32 {
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b), 0)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b[8:]), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b[16:]), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b[24:]), carry)
		sum = addCarry(sum, carry)
		b = b[32:]
	}
	for len(b) >= 8 {
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b), 0)
		sum = addCarry(sum, carry)
		b = b[8:]
	}
	return addTail(b, sum)
}

// addTail adds fewer than eight bytes, padded with zeros at their end.
func addTail(b []byte, sum uint64) uint64 {
	if len(b) == 0 {
		return sum
	}
	var tail uint64
	for i, c := range b {
		tail |= uint64(c) << (56 - 8*i)
	}
	sum, carry := bits.Add64(sum, tail, 0)
	return addCarry(sum, carry)
}

// addCarry wraps the carry of an addition round; twice, since the first round
// may overflow again.
func addCarry(sum, carry uint64) uint64 {
	sum, carry = bits.Add64(sum, carry, 0)
	return sum + carry
}

// Fold brings a partial sum down to the 16 bits of the checksum field, not yet
// complemented.
func Fold(sum uint64) uint16 {
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return uint16(sum>>16 + sum&0xffff)
}

// Checksum is the Internet checksum of b (RFC 1071). Over data that includes a
// right checksum it is zero.
func Checksum(b []byte) uint16 { return ^Fold(Sum(b, 0)) }

// UpdateChecksum16 is the checksum after a 16-bit field changed (RFC 1624,
// equation 3).
func UpdateChecksum16(check, old, new uint16) uint16 {
	return ^Fold(uint64(^check) + uint64(^old) + uint64(new))
}

// UpdateChecksum32 is the checksum after a 32-bit field changed.
func UpdateChecksum32(check uint16, old, new uint32) uint16 {
	return ^Fold(uint64(^check) + uint64(^old) + uint64(new))
}

// UpdateChecksumBytes is the checksum after an even-aligned field of equal old
// and new length changed, such as an address.
func UpdateChecksumBytes(check uint16, old, new []byte) uint16 {
	return ^Fold(Sum(new, uint64(^check)) + uint64(^Fold(Sum(old, 0))))
}

// PseudoSum starts the sum of a transport header with the pseudo-header of
// IPv4 (RFC 768) or IPv6 (RFC 8200 section 8.1), told apart by the addresses'
// length of 4 or 16 bytes. length is that of the transport header and data.
func PseudoSum(src, dst []byte, proto uint8, length int) uint64 {
	return Sum(src, Sum(dst, uint64(proto)+uint64(uint32(length))))
}

// PseudoSumAddr is PseudoSum for addresses of one family.
func PseudoSumAddr(src, dst netip.Addr, proto uint8, length int) uint64 {
	if src.Is4() {
		s, d := src.As4(), dst.As4()
		return PseudoSum(s[:], d[:], proto, length)
	}
	s, d := src.As16(), dst.As16()
	return PseudoSum(s[:], d[:], proto, length)
}

// checksumOffset is where a protocol keeps its checksum, and whether it covers
// a pseudo-header in the given family.
func checksumOffset(proto uint8, v6 bool) (off int, pseudo, ok bool) {
	switch proto {
	case ProtoTCP:
		return 16, true, true
	case ProtoUDP:
		return 6, true, true
	case ProtoICMP:
		return 2, false, !v6
	case ProtoICMPv6:
		return 2, true, v6
	}
	return 0, false, false
}

// SetTransportChecksum writes the checksum of a whole TCP, UDP, ICMP or ICMPv6
// segment that travels between the addresses, given as in PseudoSum. A UDP
// checksum of zero is sent as all ones (RFC 768). Other protocols are left
// alone.
func SetTransportChecksum(segment, src, dst []byte, proto uint8) {
	off, pseudo, ok := checksumOffset(proto, len(src) == 16)
	if !ok || len(segment) < off+2 {
		return
	}
	PutUint16(segment, off, 0)
	var sum uint64
	if pseudo {
		sum = PseudoSum(src, dst, proto, len(segment))
	}
	check := ^Fold(Sum(segment, sum))
	if check == 0 && proto == ProtoUDP {
		check = 0xffff
	}
	PutUint16(segment, off, check)
}

// TransportChecksumOK tells whether a whole segment carries a right checksum.
// A UDP checksum of zero over IPv4 means none and is right; over IPv6 it is
// wrong (RFC 8200 section 8.1). Protocols without a known checksum are right.
func TransportChecksumOK(segment, src, dst []byte, proto uint8) bool {
	v6 := len(src) == 16
	off, pseudo, ok := checksumOffset(proto, v6)
	if !ok {
		return true
	}
	if len(segment) < off+2 {
		return false
	}
	if proto == ProtoUDP && Uint16(segment, off) == 0 {
		return !v6
	}
	var sum uint64
	if pseudo {
		sum = PseudoSum(src, dst, proto, len(segment))
	}
	return Fold(Sum(segment, sum)) == 0xffff
}
