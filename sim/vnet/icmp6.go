package vnet

import (
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// icmp6MaxError is the most bytes of an ICMPv6 error packet: the minimum MTU
// (RFC 4443 section 2.4 (c)).
const icmp6MaxError = packet.IPv6MinMTU

// icmp6MinLen is the least bytes of any ICMPv6 message: type, code, checksum.
const icmp6MinLen = 4

// icmp6Main is the state of the ICMPv6 nodes.
type icmp6Main struct {
	throttle throttle
	input    *vlib.Node
	// slots holds next slots that were registered for types, 0 for none.
	slots [256]uint16
}

// icmp6Check holds what ip6-icmp-input requires of a type
// (icmp6_init and the register calls in src/vnet/ip/icmp6.c and
// src/vnet/ip6-nd).
type icmp6Check struct {
	next        uint16
	maxCode     uint8
	minHopLimit uint8
	minLen      int
}

// Next nodes of ip6-icmp-input.
const (
	icmp6NextPunt uint16 = iota
	icmp6NextEchoRequest
	icmp6NextEchoReply
	icmp6NextNeighborSolicitation
	icmp6NextNeighborAdvertisement
	icmp6NextRouterSolicitation
	icmp6NextRouterAdvertisement
)

// icmp6Types tells what is checked for each type; a type that is not listed
// is punted, any code being valid for it up to 0.
var icmp6Types = map[uint8]icmp6Check{
	packet.ICMPv6Unreachable:     {maxCode: 6},
	packet.ICMPv6TimeExceeded:    {maxCode: 1},
	packet.ICMPv6ParameterProb:   {maxCode: 2},
	packet.ICMPv6Echo:            {next: icmp6NextEchoRequest},
	packet.ICMPv6EchoReply:       {next: icmp6NextEchoReply},
	packet.ICMPv6RouterSol:       {next: icmp6NextRouterSolicitation, minHopLimit: 255, minLen: 8},
	packet.ICMPv6RouterAdv:       {next: icmp6NextRouterAdvertisement, minHopLimit: 255, minLen: 16},
	packet.ICMPv6NeighborSol:     {next: icmp6NextNeighborSolicitation, minHopLimit: 255, minLen: 24},
	packet.ICMPv6NeighborAdv:     {next: icmp6NextNeighborAdvertisement, minHopLimit: 255, minLen: 24},
	icmp6Redirect:                {minHopLimit: 255, minLen: 40},
	icmp6RouterRenumbering:       {maxCode: 255},
	icmp6NodeInformationQuery:    {maxCode: 2},
	icmp6NodeInformationResponse: {maxCode: 2},
}

// ICMPv6 types that are only checked here (IANA).
const (
	icmp6Redirect                = 137
	icmp6RouterRenumbering       = 138
	icmp6NodeInformationQuery    = 139
	icmp6NodeInformationResponse = 140
)

// addICMP6Nodes registers ip6-icmp-input and ip6-icmp-error
// (src/vnet/ip/icmp6.c) and the echo nodes (src/plugins/ping/ping.c).
func (m *Main) addICMP6Nodes() {
	m.icmp6.throttle.period = time.Millisecond
	m.icmp6.input = m.Graph.MustAdd(vlib.Registration{Name: "ip6-icmp-input", Func: m.ip6ICMPInput,
		Nexts: []string{"ip6-punt", "ip6-icmp-echo-request", "ip6-icmp-echo-reply",
			"icmp6-neighbor-solicitation", "icmp6-neighbor-advertisement",
			"icmp6-router-solicitation", "icmp6-router-advertisement"}, Errors: icmp6Errors})
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-icmp-echo-request", Func: m.ip6ICMPEchoRequest,
		Nexts: []string{"ip6-lookup", "interface-output"}})
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-icmp-echo-reply", Func: m.icmpEchoReply,
		Nexts: []string{"ip6-drop", "ip6-punt"}})
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-icmp-error", Func: m.ip6ICMPError,
		Nexts: []string{"error-drop", "ip6-lookup"}, Errors: icmp6Errors})
}

// ip6ICMPInput checks code, hop limit and length by type and dispatches.
func (m *Main) ip6ICMPInput(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newIP6HeaderTrace(b))
		}
		check, code := checkICMP6(packet.IPv6(b.Bytes()))
		if m.noPing && code == icmp6ErrNone && (check.next == icmp6NextEchoRequest || check.next == icmp6NextEchoReply) {
			code = icmp6ErrUnknownType
		}
		if slot := m.icmp6.slots[packet.Uint8(b.Bytes(), packet.IPv6Len)]; slot != 0 {
			check.next = slot
			if code == icmp6ErrUnknownType {
				code = icmp6ErrNone
			}
		}
		b.ErrorNode, b.ErrorCode = n.Index, code
		if code != icmp6ErrNone {
			n.Enqueue(b, icmp6NextPunt)
			continue
		}
		n.Enqueue(b, check.next)
	}
}

// checkICMP6 finds the handler of a message and the error of a bad one. Later
// checks win, as in VPP.
func checkICMP6(ip packet.IPv6) (icmp6Check, uint16) {
	icmp := packet.ICMP(ip[min(packet.IPv6Len, len(ip)):])
	check := icmp6Types[icmp.Type()]
	code := icmp6ErrNone
	if check.next == icmp6NextPunt {
		code = icmp6ErrUnknownType
	}
	if icmp.Code() > check.maxCode {
		code = icmp6ErrInvalidCode
	}
	if ip.HopLimit() < check.minHopLimit {
		code = icmp6ErrInvalidHopLimit
	}
	if minLen := max(check.minLen, icmp6MinLen); ip.PayloadLen() < minLen || len(icmp) < minLen {
		code = icmp6ErrLengthTooSmall
	}
	return check, code
}

// ip6ICMPEchoRequest turns a request into its reply in place.
func (m *Main) ip6ICMPEchoRequest(n *vlib.Node, bufs []*vlib.Buffer) {
	const lookup = 0
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newIP6HeaderTrace(b))
		}
		ip := packet.IPv6(b.Bytes())
		icmp := packet.ICMP(ip[packet.IPv6Len:])
		old := packet.Uint16(icmp, 0)
		packet.PutUint8(icmp, 0, packet.ICMPv6EchoReply)
		packet.PutUint16(icmp, 2, packet.UpdateChecksum16(icmp.Checksum(), old, packet.Uint16(icmp, 0)))
		for i := 8; i < 24; i++ {
			ip[i], ip[i+16] = ip[i+16], ip[i]
		}
		ip.SetHopLimit(defaultTTL)
		// The reply from a link-local address to a global one must leave the
		// link-local table the request was looked up in.
		if ip.SrcAddr().IsLinkLocalUnicast() && !ip.DstAddr().IsLinkLocalUnicast() {
			b.TxSwIf = m.ip6FibIndex(b.RxSwIf)
		}
		b.Flags |= vlib.FlagLocallyOriginated
		n.Enqueue(b, lookup)
	}
	m.icmp6.input.Count(icmp6ErrEchoRepliesSent, uint64(len(bufs)))
}

// ip6ICMPError answers each packet with the ICMPv6 error that the node before
// asked for, and drops the packet.
func (m *Main) ip6ICMPError(n *vlib.Node, bufs []*vlib.Buffer) {
	const drop, lookup = 0, 1
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newIP6HeaderTrace(b))
		}
		ip := packet.IPv6(b.Bytes())
		if m.icmp6.throttle.hit(m.now(), hashAddr(ip.SrcAddr())^hashAddr(ip.DstAddr())) {
			n.Count(icmp6ErrDrop, 1)
			n.Enqueue(b, drop)
			continue
		}
		e := m.Graph.Clone(b)
		code := m.buildICMP6Error(e, b)
		n.Count(code, 1)
		if code == icmp6ErrDrop {
			n.Enqueue(e, drop)
		} else {
			n.Enqueue(e, lookup)
		}
		n.Enqueue(b, drop)
	}
}

// buildICMP6Error turns e, a copy of the offending packet org, into the error
// about it and returns the counter to raise.
func (m *Main) buildICMP6Error(e, org *vlib.Buffer) uint16 {
	src := packet.IPv6(org.Bytes()).SrcAddr()
	e.Truncate(icmp6MaxError - packet.IPv6Len - packet.ICMPLen)
	pkt := e.Prepend(packet.IPv6Len + packet.ICMPLen)
	e.Flags |= vlib.FlagLocallyOriginated
	from, ok := m.errorSource(org.RxSwIf, src)
	if !ok {
		return icmp6ErrDrop
	}
	icmp := packet.ICMP(pkt[packet.IPv6Len:])
	icmp.Encode(org.ICMPType, org.ICMPCode, org.ICMPData)
	packet.IPv6Fields{PayloadLen: len(icmp), NextHeader: packet.ProtoICMPv6, HopLimit: 255, Src: from, Dst: src}.Encode(pkt)
	setICMP6Checksum(pkt)
	switch org.ICMPType {
	case packet.ICMPv6Unreachable:
		return icmp6ErrDestUnreachSent
	case packet.ICMPv6PacketTooBig:
		return icmp6ErrPacketTooBigSent
	case packet.ICMPv6TimeExceeded:
		return icmp6ErrTTLExpireSent
	case packet.ICMPv6ParameterProb:
		return icmp6ErrParamProblemSent
	}
	return icmp6ErrDrop
}

// setICMP6Checksum computes the checksum of the ICMPv6 message behind a fixed
// IPv6 header.
func setICMP6Checksum(ip packet.IPv6) {
	icmp := ip[packet.IPv6Len:]
	packet.PutUint16(icmp, 2, 0)
	packet.SetTransportChecksum(icmp, ip[8:24], ip[24:40], packet.ProtoICMPv6)
}

// hashAddr folds an address into one word (ip6_address_hash_to_u64).
func hashAddr(a netip.Addr) uint64 {
	b := a.As16()
	hi := uint64(packet.Uint32(b[:], 0))<<32 | uint64(packet.Uint32(b[:], 4))
	lo := uint64(packet.Uint32(b[:], 8))<<32 | uint64(packet.Uint32(b[:], 12))
	return mix(hi) ^ mix(lo+1)
}
