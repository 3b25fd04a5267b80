package vnet

import "github.com/vpptwin/vpptwin/sim/packet"

// Limits of VPP's walk over extension headers (IP6_EXT_HDR_MAX and
// IP6_EXT_HDR_MAX_DEPTH in src/vnet/ip/ip6_packet.h).
const (
	ip6ExtMax   = 4
	ip6ExtDepth = 256
)

// ip6ExtChain lists the headers of an IPv6 packet with their offsets, the first
// terminating one included.
type ip6ExtChain struct {
	n     int
	proto [ip6ExtMax]uint8
	off   [ip6ExtMax]int
}

// isIP6Ext tells whether a header is an extension that has its own length
// (foreach_ext_hdr_type in src/vnet/ip/ip6_packet.h).
func isIP6Ext(proto uint8) bool {
	switch proto {
	case packet.ProtoHopByHop, packet.ProtoRouting, packet.ProtoDestOpts, 135, 139, 140:
		return true
	}
	return false
}

const protoAH = 51

// ip6ExtLen is the length in bytes of the header at off, for others than
// extensions what is the least they need.
func ip6ExtLen(p []byte, proto uint8, off int) int {
	switch {
	case isIP6Ext(proto):
		return (int(packet.Uint8(p, off+1)) + 1) * 8
	case proto == protoAH:
		return (int(packet.Uint8(p, off+1)) + 2) * 4
	}
	switch proto {
	case packet.ProtoFragment:
		return packet.IPv6FragmentLen
	case packet.ProtoICMPv6:
		return 4
	case packet.ProtoUDP:
		return packet.UDPLen
	case packet.ProtoTCP:
		return packet.TCPLen
	}
	return 0
}

// walk lists the headers; false means that the first is cut short
// (ip6_ext_header_walk). It ends behind the header of a later fragment.
func (c *ip6ExtChain) walk(p []byte) bool {
	c.n = 0
	limit := min(len(p), ip6ExtDepth, packet.IPv6Len+packet.IPv6(p).PayloadLen())
	proto, off := packet.IPv6(p).NextHeader(), packet.IPv6Len
	if off+ip6ExtLen(p, proto, off) > limit {
		return false
	}
	for last := false; ; {
		c.proto[c.n], c.off[c.n] = proto, off
		c.n++
		if last || c.n == ip6ExtMax || !isIP6Ext(proto) && proto != packet.ProtoFragment && proto != protoAH {
			return true
		}
		last = proto == packet.ProtoFragment && packet.Uint16(p, off+2)>>3 != 0
		size := ip6ExtLen(p, proto, off)
		if off+size >= limit {
			return true
		}
		proto = p[off]
		off += size
	}
}

// fragment walks and finds the last fragment header.
func (c *ip6ExtChain) fragment(p []byte) (off int, ok bool) {
	if !c.walk(p) {
		return 0, false
	}
	for i := c.n - 1; i >= 0; i-- {
		if c.proto[i] == packet.ProtoFragment {
			return c.off[i], true
		}
	}
	return 0, false
}

// last is the protocol of the last header listed.
func (c *ip6ExtChain) last() uint8 { return c.proto[c.n-1] }

// announces gives the offset of the byte that names the header at off.
func (c *ip6ExtChain) announces(off int) int {
	for i := 1; i < c.n; i++ {
		if c.off[i] == off {
			return c.off[i-1]
		}
	}
	return 6
}
