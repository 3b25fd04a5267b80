package acl

import (
	"encoding/binary"
	"net/netip"
)

// rule is a Rule for matching: addresses as words, IPv4 ones in the second.
type rule struct {
	srcMask, src, dstMask, dst [2]uint64
	srcFirst, srcLast          uint16
	dstFirst, dstLast          uint16
	proto                      uint8
	tcpMask, tcpValue          uint8
	action                     Action
	at                         int // in List.Rules
}

func (l *List) compile() {
	l.compiled = [2][]rule{}
	for i := range l.Rules {
		r := &l.Rules[i]
		family := 1
		if r.Src.Addr().Is4() {
			family = 0
		}
		c := rule{srcFirst: r.SrcFirst, srcLast: r.SrcLast, dstFirst: r.DstFirst, dstLast: r.DstLast, proto: r.Proto,
			tcpMask: r.TCPMask, tcpValue: r.TCPValue, action: r.Action, at: i}
		c.src, c.srcMask = words(r.Src)
		c.dst, c.dstMask = words(r.Dst)
		l.compiled[family] = append(l.compiled[family], c)
	}
}

// words gives address and mask of a prefix. The address keeps its host bits, in
// IPv6 those of the byte that the prefix ends in: as in VPP a prefix that has
// some matches nothing.
func words(p netip.Prefix) (addr, mask [2]uint64) {
	n := p.Bits()
	if n == 0 {
		return
	}
	if p.Addr().Is4() {
		a := p.Addr().As4()
		return [2]uint64{0, uint64(binary.BigEndian.Uint32(a[:]))}, [2]uint64{0, ^uint64(0) << (32 - n) & 0xffffffff}
	}
	a := p.Addr().As16()
	keep, mask := mask6((n+7)/8*8), mask6(n)
	return [2]uint64{binary.BigEndian.Uint64(a[:8]) & keep[0], binary.BigEndian.Uint64(a[8:]) & keep[1]}, mask
}

func mask6(n int) [2]uint64 {
	if n <= 64 {
		return [2]uint64{^uint64(0) << (64 - n), 0}
	}
	return [2]uint64{^uint64(0), ^uint64(0) << (128 - n)}
}

// Packet is what rules look at (fa_5tuple_t).
type Packet struct {
	src, dst   [2]uint64
	port       [2]uint16
	family     uint8
	proto      uint8
	tcpFlags   uint8
	isTCP      bool
	hasL4      bool
	laterPiece bool // a fragment other than the first
}

// Protocols and extension headers (foreach_acl_eh in src/plugins/acl/acl.h).
const (
	protoICMP, protoTCP, protoUDP, protoICMP6 = 1, 6, 17, 58

	ehFragment = 44
)

// extension tells which next headers are skipped to find the transport's.
var extension = [256]bool{0: true, 43: true, 60: true, ehFragment: true, 135: true, 139: true, 140: true, 253: true, 254: true}

// l4Room is how many bytes must be there for the transport header to be read.
const l4Room = 8

// Parse reads an IP packet from its header on, which the caller has checked to
// be whole (acl_fill_5tuple in src/plugins/acl/public_inlines.h).
func (p *Packet) Parse(b []byte, ip6 bool) {
	*p = Packet{}
	off := 0
	if ip6 {
		off = p.parse6(b)
	} else {
		off = p.parse4(b)
	}
	if p.laterPiece || off+l4Room > len(b) {
		return
	}
	p.hasL4 = true
	h := b[off:]
	switch {
	case p.family == 0 && p.proto == protoICMP, p.family == 1 && p.proto == protoICMP6:
		p.port = [2]uint16{uint16(h[0]), uint16(h[1])}
	case p.proto == protoTCP, p.proto == protoUDP:
		p.port = [2]uint16{binary.BigEndian.Uint16(h), binary.BigEndian.Uint16(h[2:])}
		if p.proto == protoTCP && len(h) > 13 {
			p.isTCP, p.tcpFlags = true, h[13]
		}
	}
}

func (p *Packet) parse4(b []byte) int {
	p.src[1], p.dst[1] = uint64(binary.BigEndian.Uint32(b[12:])), uint64(binary.BigEndian.Uint32(b[16:]))
	p.proto = b[9]
	p.laterPiece = binary.BigEndian.Uint16(b[6:])&0x1fff != 0
	return int(b[0]&0xf) * 4
}

func (p *Packet) parse6(b []byte) int {
	p.family = 1
	p.src = [2]uint64{binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])}
	p.dst = [2]uint64{binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[32:])}
	p.proto = b[6]
	off := 40
	for extension[p.proto] && off+l4Room <= len(b) && !p.laterPiece {
		next, size := b[off], 8
		if p.proto == ehFragment {
			p.laterPiece = binary.BigEndian.Uint16(b[off+2:])>>3 != 0
		} else {
			size = 8 * (1 + int(b[off+1]))
		}
		p.proto = next
		off += size
	}
	return off
}

// Match is where a packet was found.
type Match struct {
	// Action is the rule's.
	Action Action
	// Pos is the list's place in the context, List its number and Rule the
	// rule's place in it.
	Pos        int
	List, Rule uint32
}

// Match finds the first rule of the context's lists that matches; false for none
// (linear_multi_acl_match_5tuple).
func (c *Context) Match(p *Packet) (Match, bool) {
	for pos, l := range c.lists {
		rules := l.compiled[p.family]
		for i := range rules {
			if r := &rules[i]; r.matches(p) {
				return Match{r.action, pos, l.Index, uint32(r.at)}, true
			}
		}
	}
	return Match{}, false
}

// matches is single_acl_match_5tuple for one rule. A fragment other than the
// first matches by addresses and protocol alone.
func (r *rule) matches(p *Packet) bool {
	if p.dst[1]&r.dstMask[1] != r.dst[1] || p.dst[0]&r.dstMask[0] != r.dst[0] ||
		p.src[1]&r.srcMask[1] != r.src[1] || p.src[0]&r.srcMask[0] != r.src[0] {
		return false
	}
	if r.proto == 0 {
		return true
	}
	if p.proto != r.proto {
		return false
	}
	if p.laterPiece {
		return true
	}
	return p.hasL4 && p.port[0] >= r.srcFirst && p.port[0] <= r.srcLast && p.port[1] >= r.dstFirst && p.port[1] <= r.dstLast &&
		(!p.isTCP || p.tcpFlags&r.tcpMask == r.tcpValue)
}
