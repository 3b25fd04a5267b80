package vnet

import (
	"encoding/binary"
	"math/bits"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
)

// gtpPort is the UDP port of GTPv1-U.
const gtpPort uint16 = 2152

// le32 and its kin read p at off in the byte order of the machines that VPP
// runs on: VPP hashes header fields as they lie in memory. What lies past the
// end counts as zero.
func le32(p []byte, off int) uint32 {
	if off+4 <= len(p) {
		return binary.LittleEndian.Uint32(p[off:])
	}
	return 0
}

func le16(p []byte, off int) uint32 {
	if off+2 <= len(p) {
		return uint32(binary.LittleEndian.Uint16(p[off:]))
	}
	return 0
}

func le64(p []byte, off int) uint64 {
	if off+8 <= len(p) {
		return binary.LittleEndian.Uint64(p[off:])
	}
	return 0
}

// flowHash4 is the flow hash of an IPv4 packet, bit for bit
// ip4_compute_flow_hash (src/vnet/ip/ip4_inlines.h): the same packet takes the
// same bucket as in VPP. Ports are read behind a header without options.
func flowHash4(p []byte, cfg fib.FlowHash, routerID uint32) uint32 {
	proto := packet.Uint8(p, 9)
	a, b := pick32(cfg&fib.FlowHashSrc, le32(p, 12)), pick32(cfg&fib.FlowHashDst, le32(p, 16))
	if cfg&fib.FlowHashReverse != 0 {
		a, b = b, a
	}
	var sport, dport uint32
	if proto == packet.ProtoTCP || proto == packet.ProtoUDP {
		sport = pick32(cfg&fib.FlowHashSrcPort, le16(p, packet.IPv4Len))
		dport = pick32(cfg&fib.FlowHashDstPort, le16(p, packet.IPv4Len+2))
	}
	if cfg&fib.FlowHashSymmetric != 0 {
		a, b = min(a, b), max(a, b)
		sport, dport = min(sport, dport), max(sport, dport)
	}
	if cfg&fib.FlowHashProto != 0 {
		b ^= uint32(proto)
	}
	c := dport<<16 | sport
	if cfg&fib.FlowHashReverse != 0 {
		c = sport<<16 | dport
	}
	if proto == packet.ProtoUDP && cfg&fib.FlowHashGTPv1TEID != 0 && packet.Uint16(p, packet.IPv4Len+2) == gtpPort {
		c ^= le32(p, packet.IPv4Len+packet.UDPLen+4)
	}
	return jenkins3(a^routerID, b, c)
}

func pick32(use fib.FlowHash, v uint32) uint32 {
	if use != 0 {
		return v
	}
	return 0
}

func pick64(use fib.FlowHash, v uint64) uint64 {
	if use != 0 {
		return v
	}
	return 0
}

// jenkins3 is one round of Bob Jenkins' lookup3 mix and finalize
// (hash_v3_mix32 and hash_v3_finalize32 in src/vppinfra/hash.h).
func jenkins3(a, b, c uint32) uint32 {
	rot := bits.RotateLeft32
	a -= c
	a ^= rot(c, 4)
	c += b
	b -= a
	b ^= rot(a, 6)
	a += c
	c -= b
	c ^= rot(b, 8)
	b += a
	a -= c
	a ^= rot(c, 16)
	c += b
	b -= a
	b ^= rot(a, 19)
	a += c
	c -= b
	c ^= rot(b, 4)
	b += a

	c ^= b
	c -= rot(b, 14)
	a ^= c
	a -= rot(c, 11)
	b ^= a
	b -= rot(a, 25)
	c ^= b
	c -= rot(b, 16)
	a ^= c
	a -= rot(c, 4)
	b ^= a
	b -= rot(a, 14)
	c ^= b
	c -= rot(b, 24)
	return c
}

// flowHash6 is the flow hash of an IPv6 packet, bit for bit
// ip6_compute_flow_hash (src/vnet/ip/ip6_inlines.h).
func flowHash6(p []byte, cfg fib.FlowHash, routerID uint32) uint32 {
	udp := packet.Uint8(p, 6) == packet.ProtoUDP
	proto, l4 := flowTransport6(p)
	a := pick64(cfg&fib.FlowHashSrc, le64(p, 8)^le64(p, 16))
	b := pick64(cfg&fib.FlowHashDst, le64(p, 24)^le64(p, 32))
	if cfg&fib.FlowHashReverse != 0 {
		a, b = b, a
	}
	var sport, dport uint64
	if l4 > 0 {
		sport = pick64(cfg&fib.FlowHashSrcPort, uint64(le16(p, l4)))
		dport = pick64(cfg&fib.FlowHashDstPort, uint64(le16(p, l4+2)))
	}
	if cfg&fib.FlowHashSymmetric != 0 {
		a, b = min(a, b), max(a, b)
		sport, dport = min(sport, dport), max(sport, dport)
	}
	if cfg&fib.FlowHashProto != 0 {
		b ^= uint64(proto)
	}
	c := dport<<16 | sport
	if cfg&fib.FlowHashReverse != 0 {
		c = sport<<16 | dport
	}
	mix := uint64(routerID) << 32
	if cfg&fib.FlowHashFlowLabel != 0 {
		mix |= uint64(packet.Uint32(p, 0) & 0xfffff)
	}
	c ^= mix
	if udp && cfg&fib.FlowHashGTPv1TEID != 0 && packet.Uint16(p, packet.IPv6Len+2) == gtpPort {
		a ^= uint64(le32(p, packet.IPv6Len+packet.UDPLen+4))
	}
	return jenkins64(a, b, c)
}

// flowTransport6 finds the protocol that the hash uses and the offset of a TCP
// or UDP header, 0 when there is none: a hop-by-hop header is skipped, a
// fragment header gives its next header but no ports.
func flowTransport6(p []byte) (proto uint8, l4 int) {
	proto = packet.Uint8(p, 6)
	if proto == packet.ProtoTCP || proto == packet.ProtoUDP {
		return proto, packet.IPv6Len
	}
	off := packet.IPv6Len
	if proto == packet.ProtoHopByHop {
		proto = packet.Uint8(p, off)
		off += (int(packet.Uint8(p, off+1)) + 1) * 8
	}
	switch proto {
	case packet.ProtoFragment:
		return packet.Uint8(p, off), 0
	case packet.ProtoTCP, packet.ProtoUDP:
		return proto, off
	}
	return proto, 0
}

// jenkins64 is hash_mix64 (src/vppinfra/hash.h), truncated to 32 bits.
func jenkins64(a, b, c uint64) uint32 {
	a, b, c = mixStep(a, b, c, 43, 9, 8)
	a, b, c = mixStep(a, b, c, 38, 23, 5)
	a, b, c = mixStep(a, b, c, 35, 49, 11)
	_, _, c = mixStep(a, b, c, 12, 18, 22)
	return uint32(c)
}

func mixStep(a, b, c uint64, s0, s1, s2 uint) (uint64, uint64, uint64) {
	a -= b + c
	a ^= c >> s0
	b -= c + a
	b ^= a << s1
	c -= a + b
	c ^= b >> s2
	return a, b, c
}

// flowHashL2 is the hash that tunnels spread packets with, bit for bit
// vnet_l2_compute_flow_hash (src/vnet/l2/l2_input.h). It takes the two bytes in
// front of the layer 3 header, l2Len bytes into the packet, for the EtherType.
// A packet routed into a layer 3 tunnel has l2Len 0, so that these bytes are
// the stripped Ethernet header's end for one that came from an Ethernet
// interface and anything for others; a packet whose EtherType is not IP is
// hashed by the bytes where MAC addresses would be.
func flowHashL2(before []byte, p []byte, l2Len int, routerID uint32) uint32 {
	var etherType uint16
	switch l2Len {
	case 0:
		etherType = packet.Uint16(before, 0)
	case 1:
		etherType = uint16(packet.Uint8(before, 1))<<8 | uint16(packet.Uint8(p, 0))
	default:
		etherType = packet.Uint16(p, l2Len-2)
	}
	l3 := p[min(l2Len, len(p)):]
	switch etherType {
	case packet.EtherTypeIPv4:
		return flowHash4(l3, fib.FlowHashDefault, routerID)
	case packet.EtherTypeIPv6:
		return flowHash6(l3, fib.FlowHashDefault, routerID)
	case etherTypeMPLS:
		return flowHashMPLS(l3, routerID)
	}
	return jenkins3(le32(p, 2), le32(p, 8), uint32(etherType))
}

const (
	etherTypeMPLS = 0x8847
	// mplsEntropyLabel says that the next label is there for hashing (RFC 6790).
	mplsEntropyLabel = 7
)

// flowHashMPLS is the hash of a label stack and the IP packet behind it
// (mpls_compute_flow_hash in src/vnet/mpls/mpls_lookup.h).
func flowHashMPLS(p []byte, routerID uint32) uint32 {
	entry := packet.Uint32(p, 0)
	hash := entry>>12 ^ routerID
	for entropy := false; entry&0x100 == 0 && len(p) > 4; {
		p = p[4:]
		entry = packet.Uint32(p, 0)
		switch label := entry >> 12; {
		case entropy:
			return entry
		case label == mplsEntropyLabel:
			entropy = true
		default:
			hash ^= label
		}
	}
	if len(p) <= 4 {
		return hash
	}
	switch p = p[4:]; p[0] >> 4 {
	case 4:
		hash ^= flowHash4(p, fib.FlowHashDefault, routerID)
	case 6:
		hash ^= flowHash6(p, fib.FlowHashDefault, routerID)
	}
	return hash
}
