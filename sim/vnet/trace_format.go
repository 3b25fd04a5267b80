package vnet

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// layers renders headers as VPP's format_*_header functions do: the first line
// where the caller stands, later ones indented by two spaces or more relative
// to it.
type layers struct{ strings.Builder }

func (s *layers) line(format string, args ...any) {
	s.WriteString("\n")
	fmt.Fprintf(s, format, args...)
}

// ip4 renders an IPv4 header and what follows it (format_ip4_header in
// src/vnet/ip/ip4_format.c).
func (s *layers) ip4(p packet.IPv4) {
	if len(p) < packet.IPv4Len {
		s.WriteString("IP header truncated")
		return
	}
	fmt.Fprintf(s, "%s: %s -> %s", protocolName(p.Protocol()), p.SrcAddr(), p.DstAddr())
	if p[0] != 0x45 {
		s.line("  version %d, header length %d", p[0]>>4, p.HeaderLen())
	}
	s.line("  tos 0x%02x, ttl %d, length %d, checksum 0x%04x", p.TOS(), p.TTL(), p.TotalLen(), p.Checksum())
	if want := headerChecksum(p); want != p.Checksum() {
		fmt.Fprintf(s, " (should be 0x%04x)", want)
	}
	fmt.Fprintf(s, " dscp %s ecn %s", dscpName(p.TOS()>>2), ecnNames[p.TOS()&3])
	s.line("  fragment id 0x%04x", p.ID())
	if off := p.FragmentOffset(); off != 0 {
		fmt.Fprintf(s, " offset %d", off)
	}
	if flags := packet.Uint16(p, 6) &^ 0x1fff; flags != 0 {
		s.WriteString(", flags ")
		for _, f := range ip4Flags {
			if flags&f.bit != 0 {
				s.WriteString(f.name)
			}
		}
	}
	if p.FragmentOffset() == 0 && p.HeaderLen() < len(p) {
		s.transport4(p.Protocol(), p[p.HeaderLen():])
	}
}

// headerChecksum is what the checksum of the header ought to be, as far as the
// header was recorded; a header length below the minimum counts as the minimum.
func headerChecksum(p packet.IPv4) uint16 {
	h := append([]byte(nil), p[:min(max(p.HeaderLen(), packet.IPv4Len), len(p))]...)
	packet.PutUint16(h, 10, 0)
	return packet.Checksum(h)
}

var ip4Flags = []struct {
	bit  uint16
	name string
}{{packet.IPv4MoreFragments, "MORE_FRAGMENTS"}, {packet.IPv4DontFragment, "DONT_FRAGMENT"}, {0x8000, "CONGESTION"}}

// ip6 renders an IPv6 header and what follows it (format_ip6_header in
// src/vnet/ip/ip6_format.c).
func (s *layers) ip6(p packet.IPv6) {
	if len(p) < packet.IPv6Len {
		s.WriteString("IP header truncated")
		return
	}
	fmt.Fprintf(s, "%s: %s -> %s", protocolName(p.NextHeader()), p.SrcAddr(), p.DstAddr())
	if p[0]>>4 != 6 {
		s.line("  version %d", p[0]>>4)
	}
	s.line("  tos 0x%02x, flow label 0x%x, hop limit %d, payload length %d", p.TrafficClass(), p.FlowLabel(),
		p.HopLimit(), p.PayloadLen())
	if len(p) == packet.IPv6Len {
		return
	}
	rest := p[packet.IPv6Len:]
	switch p.NextHeader() {
	case packet.ProtoICMPv6:
		s.icmp6(packet.ICMP(rest))
	case packet.ProtoFragment:
		s.frag6(rest)
	default:
		s.transport(p.NextHeader(), rest)
	}
}

// frag6 renders a fragment header (format_ip6_frag_hdr in
// src/vnet/ip/ip6_format.c), with the offset field in memory order as VPP has
// it.
func (s *layers) frag6(h []byte) {
	if len(h) < packet.IPv6FragmentLen {
		s.line("ipv6 frag header truncated")
		return
	}
	s.line("IPV6_FRAG_HDR: next_hdr: %d, rsv: %d, frag_offset_and_more: %d, id: %d", h[0], h[1], le16(h, 2),
		packet.Uint32(h, 4))
}

func (s *layers) transport4(proto uint8, p []byte) {
	if proto == packet.ProtoICMP {
		s.icmp4(packet.ICMP(p))
		return
	}
	s.transport(proto, p)
}

// transport renders TCP and UDP; other protocols have no renderer.
func (s *layers) transport(proto uint8, p []byte) {
	switch proto {
	case packet.ProtoUDP:
		if len(p) < packet.UDPLen {
			s.line("UDP header truncated")
			return
		}
		u := packet.UDP(p)
		s.line("UDP: %d -> %d", u.SrcPort(), u.DstPort())
		s.line("  length %d, checksum 0x%04x", packet.Uint16(p, 4), packet.Uint16(p, 6))
	case packet.ProtoTCP:
		s.tcp(p)
	}
}

var tcpFlagNames = [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"}

// tcp renders a TCP header (format_tcp_header in src/vnet/tcp/tcp_format.c).
func (s *layers) tcp(p []byte) {
	if len(p) < packet.TCPLen {
		s.line("TCP header truncated")
		return
	}
	size := int(p[12]>>4) * 4
	s.line("TCP: %d -> %d", packet.Uint16(p, 0), packet.Uint16(p, 2))
	s.line("  seq. 0x%08x ack 0x%08x", packet.Uint32(p, 4), packet.Uint32(p, 8))
	s.line("  flags 0x%02x", p[13])
	for i, name := range tcpFlagNames {
		if p[13]&(1<<i) != 0 {
			s.WriteString(" " + name)
		}
	}
	fmt.Fprintf(s, ", tcp header: %d bytes", size)
	s.line("  window %d, checksum 0x%04x", packet.Uint16(p, 14), packet.Uint16(p, 16))
	switch {
	case size > len(p):
		s.line("  options: truncated")
	case size < packet.TCPLen:
		s.line("  options: parsing failed")
	default:
		s.tcpOptions(p[packet.TCPLen:size])
	}
}

// tcpOptions renders the options that VPP knows, on a line that is empty when
// there are none.
func (s *layers) tcpOptions(o []byte) {
	var known []string
	for len(o) > 0 && o[0] != 0 {
		if o[0] == 1 {
			o = o[1:]
			continue
		}
		n := int(packet.Uint8(o, 1))
		if n < 2 || n > len(o) {
			s.line("  options: parsing failed")
			return
		}
		switch o[0] {
		case 2:
			known = append(known, fmt.Sprintf("mss %d", packet.Uint16(o, 2)))
		case 3:
			known = append(known, "window scale 0")
		case 4:
			known = append(known, "sack permitted")
		case 8:
			known = append(known, "timestamp 0, echo/reflected timestamp")
		}
		o = o[n:]
	}
	s.line("  ")
	if known != nil {
		s.WriteString("options:")
		s.line("    %s", strings.Join(known, ", "))
	}
}

// icmp4 renders an ICMP header (format_ip4_icmp_header in src/vnet/ip/icmp4.c).
func (s *layers) icmp4(p packet.ICMP) {
	if len(p) < 4 {
		s.line("ICMP header truncated")
		return
	}
	s.line("ICMP %s checksum 0x%x", icmpName(p.Type(), p.Code(), icmp4TypeNames, icmp4CodeNames), p.Checksum())
	if (p.Type() == packet.ICMPEcho || p.Type() == packet.ICMPEchoReply) && len(p) > 6 {
		fmt.Fprintf(s, " id %d", p.ID())
	}
}

// icmp6 renders an ICMPv6 header (format_icmp6_header in src/vnet/ip/icmp6.c).
func (s *layers) icmp6(p packet.ICMP) {
	if len(p) < 4 {
		s.line("ICMP header truncated")
		return
	}
	s.line("ICMP %s checksum 0x%x", icmpName(p.Type(), p.Code(), icmp6TypeNames, icmp6CodeNames), p.Checksum())
	nd := p.Type() == packet.ICMPv6NeighborSol || p.Type() == packet.ICMPv6NeighborAdv
	if nd && len(p) >= packet.NDLen {
		s.line("    target address %s", netip.AddrFrom16(packet.ND(p).Target()))
	}
}

func icmpName(typ, code uint8, types map[uint8]string, codes map[uint16]string) string {
	name, ok := types[typ]
	if !ok {
		return fmt.Sprintf("unknown 0x%x", typ)
	}
	if c, ok := codes[uint16(typ)<<8|uint16(code)]; ok {
		return name + " " + c
	}
	return name
}

// hexBytes renders data as format_hex_bytes does: a run without line breaks up
// to 32 bytes, numbered lines of 32 bytes above.
func hexBytes(data []byte) string {
	const perLine = 32
	if len(data) <= perLine {
		return fmt.Sprintf("%x", data)
	}
	var s strings.Builder
	for off := 0; off < len(data); off += perLine {
		if off > 0 {
			s.WriteString("\n")
		}
		fmt.Fprintf(&s, "%08x: %x", off, data[off:min(off+perLine, len(data))])
	}
	return s.String()
}
