package world

import (
	"net/netip"
	"slices"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// How much of a packet an ICMP error quotes: the error stays within 576 bytes
// over IPv4 (RFC 1812 section 4.3.2.3) and 1280 over IPv6 (RFC 4443).
const (
	quote4 = 576 - packet.IPv4Len - packet.ICMPLen
	quote6 = packet.IPv6MinMTU - packet.IPv6Len - packet.ICMPLen
)

// Multicast listener discovery (RFC 2710, RFC 3810), which hosts hear and ignore.
const (
	icmp6MLDQuery   uint8 = 130
	icmp6MLDReport  uint8 = 131
	icmp6MLDDone    uint8 = 132
	icmp6MLD2Report uint8 = 143
)

// inputICMP4 answers echo requests and passes replies and errors to whom they
// concern. It tells why a message is dropped, or nothing.
func (h *Host) inputICMP4(in *inPacket) Reason {
	m := packet.ICMP(in.payload)
	if !m.Valid() {
		return ReasonMalformed
	}
	switch m.Type() {
	case packet.ICMPEcho:
		if in.group {
			return ReasonNotLocal // icmp_echo_ignore_broadcasts
		}
		h.echo(in, packet.ICMPEchoReply)
		return ""
	case packet.ICMPEchoReply:
		return h.inputEchoReply(in, m)
	case packet.ICMPUnreachable, packet.ICMPTimeExceeded:
		err := &ICMPError{From: in.src, Type: m.Type(), Code: m.Code(), Trace: in.trace}
		if err.TooBig() {
			err.MTU = m.MTU()
		}
		return h.inputError(m.Payload(), err)
	}
	return ReasonProtocol
}

// inputICMP6 does the same for IPv6, and neighbour discovery.
func (h *Host) inputICMP6(in *inPacket) Reason {
	m := packet.ICMP(in.payload)
	if !m.Valid() {
		return ReasonMalformed
	}
	switch m.Type() {
	case packet.ICMPv6Echo:
		h.echo(in, packet.ICMPv6EchoReply)
		return ""
	case packet.ICMPv6EchoReply:
		return h.inputEchoReply(in, m)
	case packet.ICMPv6Unreachable, packet.ICMPv6TimeExceeded, packet.ICMPv6PacketTooBig:
		err := &ICMPError{From: in.src, Type: m.Type(), Code: m.Code(), Trace: in.trace}
		if err.TooBig() {
			err.MTU = m.MTU6()
		}
		return h.inputError(m.Payload(), err)
	case packet.ICMPv6NeighborSol, packet.ICMPv6NeighborAdv:
		if in.iface == nil {
			return ReasonMalformed
		}
		return in.iface.inputND(in)
	case packet.ICMPv6RouterSol, packet.ICMPv6RouterAdv, icmp6MLDQuery, icmp6MLDReport, icmp6MLDDone, icmp6MLD2Report:
		return "" // addresses and routes are given, not learned; segments flood groups
	}
	return ReasonProtocol
}

// echo answers an echo request from the address it was sent to.
func (h *Host) echo(in *inPacket, typ uint8) {
	if in.src.IsUnspecified() {
		return
	}
	buf, seg := newSegment(in.src, len(in.payload))
	copy(seg, in.payload)
	seg[0], seg[1] = typ, 0
	p := &outPacket{src: in.dst, dst: in.src, proto: in.proto, tos: in.tos, buf: buf, cause: in.trace}
	if in.group {
		p.src = netip.Addr{}
	}
	p.bound = in.replyBy()
	_, _ = h.send(p) // no way back: nothing to tell anybody
}

// replyBy is the interface that answers must leave by: that of a link-local
// sender, any for others.
func (in *inPacket) replyBy() *Interface {
	if in.src.IsLinkLocalUnicast() && in.v6 {
		return in.iface
	}
	return nil
}

// inputError tells the socket whose packet an ICMP error quotes.
func (h *Host) inputError(quoted []byte, err *ICMPError) Reason {
	err.Quoted = slices.Clone(quoted)
	q, ok := parseQuote(quoted)
	if !ok {
		return ReasonMalformed
	}
	if !h.isOwn(q.src) {
		return ReasonUnsolicited
	}
	if err.TooBig() {
		err.MTU = h.learnPathMTU(q.dst, err.MTU, q.size)
	}
	if !h.tell(q, err) {
		return ReasonUnsolicited
	}
	return ""
}

// quote is what an ICMP error says about the packet it speaks of.
type quote struct {
	src, dst netip.Addr
	proto    uint8
	size     int    // bytes of the whole packet
	head     []byte // of the upper-layer header, at least 8 bytes
}

// parseQuote reads a packet that may be cut short.
func parseQuote(ip []byte) (q quote, ok bool) {
	if len(ip) == 0 {
		return q, false
	}
	off := 0
	switch p4, p6 := packet.IPv4(ip), packet.IPv6(ip); {
	case ip[0]>>4 == 4 && len(ip) >= packet.IPv4Len:
		q = quote{src: p4.SrcAddr(), dst: p4.DstAddr(), proto: p4.Protocol(), size: p4.TotalLen()}
		off = p4.HeaderLen()
		if p4.FragmentOffset() > 0 {
			q.proto = packet.ProtoNoNext // no ports to find a socket by
		}
	case ip[0]>>4 == 6 && len(ip) >= packet.IPv6Len:
		q = quote{src: p6.SrcAddr(), dst: p6.DstAddr(), size: packet.IPv6Len + p6.PayloadLen()}
		var frag packet.IPv6Fragment
		if q.proto, off, frag, ok = p6.Upper(); !ok {
			return q, false
		}
		if frag.Offset > 0 {
			q.proto = packet.ProtoNoNext
		}
	default:
		return q, false
	}
	if off > len(ip)-8 {
		return q, false
	}
	q.head = ip[off:]
	return q, true
}

// tellSocket tells the socket that sent a packet what became of it.
func (h *Host) tellSocket(ip []byte, err error) {
	if q, ok := parseQuote(ip); ok {
		h.tell(q, err)
	}
}

// tell finds the socket or probe that sent the quoted packet; false if none.
func (h *Host) tell(q quote, err error) bool {
	switch q.proto {
	case packet.ProtoUDP:
		return h.errorUDP(q, err)
	case packet.ProtoTCP:
		return h.errorTCP(q, err)
	case packet.ProtoICMP, packet.ProtoICMPv6:
		return h.errorPing(q, err)
	}
	return false
}

// timeExceeded, unreachable, tooBig and protocolUnreachable send the error of
// that name about a packet, in its family.
func (h *Host) timeExceeded(in *inPacket, code uint8) {
	h.sendError(in, packet.ICMPTimeExceeded, packet.ICMPv6TimeExceeded, code, code, 0)
}

func (h *Host) unreachable(in *inPacket, code4, code6 uint8) {
	h.sendError(in, packet.ICMPUnreachable, packet.ICMPv6Unreachable, code4, code6, 0)
}

func (h *Host) tooBig(in *inPacket, mtu int) {
	h.sendError(in, packet.ICMPUnreachable, packet.ICMPv6PacketTooBig, packet.ICMPFragNeeded, 0, uint32(mtu))
}

func (h *Host) protocolUnreachable(in *inPacket) {
	if in.v6 { // RFC 8200 section 4: parameter problem at octet 6, unrecognized next header
		h.sendError(in, 0, packet.ICMPv6ParameterProb, 0, 1, 6)
		return
	}
	h.sendError(in, packet.ICMPUnreachable, 0, packet.ICMPProtUnreachable, 0, 0)
}

// sendError sends an ICMP error unless RFC 1122 section 3.2.2 or RFC 4443
// section 2.4 forbid it. rest fills the header's last four bytes.
func (h *Host) sendError(in *inPacket, typ4, typ6, code4, code6 uint8, rest uint32) {
	if in.isError() || in.src.IsUnspecified() || in.frag && in.fragOff > 0 || in.group && typ6 != packet.ICMPv6PacketTooBig {
		return
	}
	typ, code, proto, most := typ4, code4, packet.ProtoICMP, quote4
	if in.v6 {
		typ, code, proto, most = typ6, code6, packet.ProtoICMPv6, quote6
	}
	quoted := in.ip[:min(len(in.ip), most)]
	buf, seg := newSegment(in.src, packet.ICMPLen+len(quoted))
	packet.ICMP(seg).Encode(typ, code, rest)
	copy(seg[packet.ICMPLen:], quoted)
	p := &outPacket{dst: in.src, proto: proto, buf: buf, cause: in.trace, bound: in.replyBy()}
	if h.isOwn(in.dst) {
		p.src = in.dst
	}
	_, _ = h.send(p) // no way back: nothing to tell anybody
}

// isError tells whether the packet is itself an ICMP error.
func (in *inPacket) isError() bool {
	if in.frag && in.fragOff > 0 || len(in.payload) == 0 {
		return false
	}
	switch typ := in.payload[0]; in.proto {
	case packet.ProtoICMP:
		return typ != packet.ICMPEcho && typ != packet.ICMPEchoReply
	case packet.ProtoICMPv6:
		return typ < 128
	}
	return false
}
