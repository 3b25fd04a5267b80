package vnet

import (
	"fmt"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// defaultTTL is the TTL and hop limit of packets VPP originates
// (ip4_main.host_config.ttl in src/vnet/ip/ip4_forward.c).
const defaultTTL = 64

// icmp4MaxError is the most bytes of an ICMP error packet
// (src/vnet/ip/icmp4.c; RFC 1812 section 4.3.2.3).
const icmp4MaxError = 576

// icmp4Main is the state of the ICMP nodes.
type icmp4Main struct {
	throttle throttle
	id       uint16
	input    *vlib.Node
}

// addICMP4Nodes registers what answers and sends ICMP: ip4-icmp-input and
// ip4-icmp-error (src/vnet/ip/icmp4.c), ip4-icmp-echo-request and
// ip4-icmp-echo-reply (src/plugins/ping/ping.c).
func (m *Main) addICMP4Nodes() {
	m.icmp4.throttle.period = 10 * time.Microsecond
	m.icmp4.input = m.Graph.MustAdd(vlib.Registration{Name: "ip4-icmp-input", Func: m.ip4ICMPInput,
		Nexts: []string{"ip4-punt", "ip4-icmp-echo-reply", "ip4-icmp-echo-request"}, Errors: icmp4Errors})
	m.Graph.MustAdd(vlib.Registration{Name: "ip4-icmp-echo-request", Func: m.ip4ICMPEchoRequest,
		Nexts: []string{"ip4-load-balance"}})
	m.Graph.MustAdd(vlib.Registration{Name: "ip4-icmp-echo-reply", Func: m.icmpEchoReply,
		Nexts: []string{"ip4-drop", "ip4-punt"}})
	m.Graph.MustAdd(vlib.Registration{Name: "ip4-icmp-error", Func: m.ip4ICMPError,
		Nexts: []string{"ip4-drop", "ip4-lookup"}, Errors: icmp4Errors})
}

// ip4ICMPInput dispatches by ICMP type; types nobody handles are punted, so
// that a host behind a tap sees them.
func (m *Main) ip4ICMPInput(n *vlib.Node, bufs []*vlib.Buffer) {
	const punt, reply, request = 0, 1, 2
	for _, b := range bufs {
		ip := packet.IPv4(b.Bytes())
		if b.Trace != nil {
			b.Trace.Add(n, newIP4HeaderTrace(b))
		}
		b.ErrorNode, b.ErrorCode = n.Index, icmp4ErrUnknownType
		switch typ := packet.Uint8(ip, ip.HeaderLen()); {
		case m.noPing:
			n.Enqueue(b, punt)
		case typ == packet.ICMPEcho:
			n.Enqueue(b, request)
		case typ == packet.ICMPEchoReply:
			n.Enqueue(b, reply)
		default:
			n.Enqueue(b, punt)
		}
	}
}

// ip4ICMPEchoRequest turns a request into its reply in place. The packet goes
// straight to the load-balance that ip4-local's source check found.
func (m *Main) ip4ICMPEchoRequest(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newIP4HeaderTrace(b))
		}
		ip := packet.IPv4(b.Bytes())
		hl := min(ip.HeaderLen(), len(ip))
		icmp := packet.ICMP(ip[hl:])
		b.RxSwIf = 0
		old := packet.Uint16(icmp, 0)
		packet.PutUint8(icmp, 0, packet.ICMPEchoReply)
		packet.PutUint16(icmp, 2, packet.UpdateChecksum16(icmp.Checksum(), old, packet.Uint16(icmp, 0)))
		swapIP4(ip)
		m.icmp4.id++
		packet.PutUint16(ip, 4, m.icmp4.id)
		packet.PutUint8(ip, 8, defaultTTL)
		packet.PutUint16(ip, 10, 0)
		ip.SetChecksum(packet.Checksum(ip[:hl]))
		b.Flags |= vlib.FlagLocallyOriginated
		n.Enqueue(b, 0)
	}
	m.icmp4.input.Count(icmp4ErrEchoRepliesSent, uint64(len(bufs)))
}

// DisablePing makes the instance punt echo requests and replies instead of
// answering them, as a VPP started with `plugin ping_plugin.so { disable }`.
func (m *Main) DisablePing() { m.noPing = true }

// EchoReplyTrace is what ip4-icmp-echo-reply and ip6-icmp-echo-reply record.
type EchoReplyTrace struct {
	IP6     bool
	ID, Seq uint16
	// Waited says that a ping waited for the reply.
	Waited bool
}

// pingProcess is the number of the process node that a trace names as the one
// that waits for a reply; here it is nobody's.
const pingProcess = 0

func newEchoReplyTrace(b *vlib.Buffer) EchoReplyTrace {
	data := b.Bytes()
	icmp := packet.ICMP(data[min(packet.IPv6Len, len(data)):])
	t := EchoReplyTrace{IP6: packet.Uint8(data, 0)>>4 == 6}
	if !t.IP6 {
		icmp = packet.ICMP(packet.IPv4(data).Payload())
	}
	t.ID, t.Seq = icmp.ID(), icmp.Seq()
	return t
}

// Format renders as format_icmp_echo_trace (src/plugins/ping/ping.c).
func (t EchoReplyTrace) Format() string {
	version := "4"
	if t.IP6 {
		version = "6"
	}
	to := " (unknown)"
	if t.Waited {
		to = fmt.Sprintf(" send to cli node %d", pingProcess)
	}
	return fmt.Sprintf("ICMP%s echo id %d seq %d%s", version, t.ID, t.Seq, to)
}

// ip4ICMPError answers each packet with the ICMP error that the node before
// asked for in ICMPType, ICMPCode and ICMPData, and drops the packet.
func (m *Main) ip4ICMPError(n *vlib.Node, bufs []*vlib.Buffer) {
	const drop, lookup = 0, 1
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newIP4HeaderTrace(b))
		}
		ip := packet.IPv4(b.Bytes())
		src, dst := ip.Src(), ip.Dst()
		if m.icmp4.throttle.hit(m.now(), uint64(packet.Uint32(dst[:], 0))<<32|uint64(packet.Uint32(src[:], 0))) {
			n.Count(icmp4ErrDrop, 1)
			n.Enqueue(b, drop)
			continue
		}
		e := m.Graph.Clone(b)
		code := m.buildICMP4Error(e, b)
		n.Count(code, 1)
		if code == icmp4ErrDrop {
			n.Enqueue(e, drop)
		} else {
			n.Enqueue(e, lookup)
		}
		n.Enqueue(b, drop)
	}
}

// buildICMP4Error turns e, a copy of the offending packet org, into the error
// about it and returns the counter to raise.
func (m *Main) buildICMP4Error(e, org *vlib.Buffer) uint16 {
	src := packet.IPv4(org.Bytes()).SrcAddr()
	e.Truncate(icmp4MaxError - packet.IPv4Len - packet.ICMPLen)
	pkt := e.Prepend(packet.IPv4Len + packet.ICMPLen)
	e.Flags |= vlib.FlagLocallyOriginated
	from, ok := m.errorSource(org.RxSwIf, src)
	if !ok {
		return icmp4ErrDrop
	}
	icmp := packet.ICMP(pkt[packet.IPv4Len:])
	icmp.Encode(org.ICMPType, org.ICMPCode, org.ICMPData)
	packet.PutUint16(icmp, 2, packet.Checksum(icmp))
	packet.IPv4Fields{TTL: 255, Protocol: packet.ProtoICMP, TotalLen: len(pkt), Src: from, Dst: src}.Encode(pkt)
	switch org.ICMPType {
	case packet.ICMPUnreachable:
		return icmp4ErrDestUnreachSent
	case packet.ICMPTimeExceeded:
		return icmp4ErrTTLExpireSent
	case packet.ICMPParameterProb:
		return icmp4ErrParamProblemSent
	}
	return icmp4ErrDrop
}

// swapIP4 exchanges source and destination; the checksum does not change.
func swapIP4(ip packet.IPv4) {
	for i := 12; i < 16; i++ {
		ip[i], ip[i+4] = ip[i+4], ip[i]
	}
}
