package world

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// pathMTUAge is how long a path's MTU is believed (RFC 1191 section 6.3).
const pathMTUAge = 10 * time.Minute

// pathMTU is what ICMP told of the way to an address.
type pathMTU struct {
	mtu   int
	until int64
}

// outPacket is a packet the host sends: addresses, options and the buffer with
// room for the headers before the upper-layer segment.
type outPacket struct {
	src, dst netip.Addr // src zero: chosen by route
	proto    uint8
	ttl, tos uint8 // ttl zero: 64
	df       bool  // never fragment
	bound    *Interface
	buf      []byte // from newSegment
	cause    packet.TraceID
	// ports spread flows over equal routes.
	srcPort, dstPort uint16
}

// ipLen is the length of the IP header of a family.
func ipLen(v4 bool) int {
	if v4 {
		return packet.IPv4Len
	}
	return packet.IPv6Len
}

// newSegment makes room for a packet to dst with an upper-layer segment of n
// bytes.
func newSegment(dst netip.Addr, n int) (buf, segment []byte) {
	head := packet.EthernetLen + ipLen(dst.Is4())
	buf = make([]byte, head+n)
	return buf, buf[head:]
}

// resolve finds the way of a packet and fills in its source address.
func (h *Host) resolve(p *outPacket) (hop, error) {
	if h.closed {
		return hop{}, ErrClosed
	}
	if p.src.IsValid() && !h.isOwn(p.src) && !p.src.IsUnspecified() {
		return hop{}, h.noRoute(p.dst, p.src, p.bound, "the source is not an address of the host")
	}
	if h.isOwn(p.dst) && !p.dst.IsMulticast() {
		if !p.src.IsValid() {
			p.src = p.dst
		}
		return hop{}, nil
	}
	to, err := h.lookup(p.dst, p.src, p.bound, p.flow())
	if err != nil {
		return hop{}, err
	}
	p.dst = p.dst.WithZone("")
	if !p.src.IsValid() {
		if p.src = h.source(to, p.dst); !p.src.IsValid() {
			return hop{}, h.noRoute(p.dst, p.src, to.iface, "no source address of the family")
		}
	}
	return to, nil
}

// flow is a hash over what keeps a flow on one of several equal routes.
func (p *outPacket) flow() uint32 {
	return flowHash(p.src, p.dst, p.proto, p.srcPort, p.dstPort)
}

func flowHash(src, dst netip.Addr, proto uint8, sport, dport uint16) uint32 {
	var key [37]byte
	s, d := dst.As16(), [16]byte{}
	if src.IsValid() {
		d = src.As16()
	}
	copy(key[:], s[:])
	copy(key[16:], d[:])
	key[32] = proto
	binary.BigEndian.PutUint16(key[33:], sport)
	binary.BigEndian.PutUint16(key[35:], dport)
	return crc32.ChecksumIEEE(key[:])
}

// send completes and sends a packet of the host. The trace id is zero when the
// packet could not be sent at all, with the reason.
func (h *Host) send(p *outPacket) (packet.TraceID, error) {
	to, err := h.resolve(p)
	if err != nil {
		return 0, err
	}
	v4 := p.dst.Is4()
	ip := p.buf[packet.EthernetLen:]
	segment := ip[ipLen(v4):]
	packet.SetTransportChecksum(segment, p.src.AsSlice(), p.dst.AsSlice(), p.proto)
	h.header(p, ip, len(segment))
	if to.iface == nil {
		return h.sendLocal(p, ip), nil
	}
	mtu := h.mtuTo(to, p.dst)
	if len(ip) > mtu && (p.df || len(ip) > 65535) {
		return 0, &MTUError{Host: h.name, Dst: p.dst, Size: len(ip), MTU: mtu}
	}
	o := outgoing{buf: p.buf, trace: h.newTrace(), cause: p.cause}
	if len(ip) <= mtu {
		to.iface.transmit(o, to.next)
		return o.trace, nil
	}
	for _, part := range h.fragment(o, mtu) {
		to.iface.transmit(part, to.next)
	}
	return o.trace, nil
}

// header writes the IP header.
func (h *Host) header(p *outPacket, ip []byte, n int) {
	ttl := p.ttl
	if ttl == 0 {
		ttl = defaultTTL
		if p.dst.IsMulticast() {
			ttl = 1
		}
	}
	if !p.dst.Is4() {
		packet.IPv6Fields{TrafficClass: p.tos, PayloadLen: n, NextHeader: p.proto, HopLimit: ttl, Src: p.src, Dst: p.dst}.Encode(ip)
		return
	}
	f := packet.IPv4Fields{TOS: p.tos, TotalLen: len(ip), TTL: ttl, Protocol: p.proto, Src: p.src, Dst: p.dst}
	if p.df {
		f.Fragment = packet.IPv4DontFragment
	}
	h.ipID++
	f.ID = h.ipID
	f.Encode(ip)
}

// sendLocal returns a packet to the host itself, a tick later.
func (h *Host) sendLocal(p *outPacket, ip []byte) packet.TraceID {
	trace := h.newTrace()
	h.depart(nil, packet.Frame{Data: ip, Trace: trace}, p.cause)
	return trace
}

// mtuTo is the largest IP packet that may be sent to an address by a hop.
func (h *Host) mtuTo(to hop, dst netip.Addr) int {
	mtu := to.iface.mtu
	if p, ok := h.pathMTUs[dst]; ok {
		if h.world.now() < p.until {
			return min(mtu, p.mtu)
		}
		delete(h.pathMTUs, dst)
	}
	return mtu
}

// plateaus are the MTUs to try when a router tells none (RFC 1191 section 7.1).
var plateaus = []int{32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68}

// learnPathMTU believes an ICMP message about a packet of size bytes; it
// answers the MTU now assumed.
func (h *Host) learnPathMTU(dst netip.Addr, mtu, size int) int {
	least := 68
	if !dst.Is4() {
		least = packet.IPv6MinMTU
	}
	for _, p := range plateaus {
		if mtu == 0 && p < size {
			mtu = p
		}
	}
	mtu = max(mtu, least)
	if old, ok := h.pathMTUs[dst]; ok && h.world.now() < old.until {
		mtu = min(mtu, old.mtu)
	}
	h.pathMTUs[dst] = pathMTU{mtu: mtu, until: h.world.now() + int64(pathMTUAge)}
	return mtu
}

// PathMTU gives the MTU in bytes that the host assumes on the way to an
// address: what ICMP told, else the interface's.
func (h *Host) PathMTU(dst netip.Addr) (int, error) {
	h.lock()
	defer h.unlock()
	to, err := h.lookup(dst, netip.Addr{}, nil, 0)
	if err != nil {
		return 0, err
	}
	return h.mtuTo(to, dst), nil
}

// forward sends a packet of others on.
func (h *Host) forward(in *inPacket) {
	if in.src.IsUnspecified() || in.v6 && (in.src.IsLinkLocalUnicast() || in.dst.IsLinkLocalUnicast()) ||
		in.src.IsLoopback() || in.dst.IsLoopback() {
		h.drop(in, ReasonNotLocal)
		return
	}
	if in.ttl <= 1 {
		h.drop(in, ReasonTTL)
		h.timeExceeded(in, packet.ICMPTTLExceeded)
		return
	}
	sport, dport := in.ports()
	to, err := h.lookup(in.dst, in.src, nil, flowHash(in.src, in.dst, in.proto, sport, dport))
	if err != nil {
		h.drop(in, ReasonNoRoute)
		h.unreachable(in, packet.ICMPNetUnreachable, packet.ICMPv6NoRoute)
		return
	}
	if to.iface.isBroadcast(in.dst) { // bc_forwarding is off
		h.drop(in, ReasonNotLocal)
		return
	}
	o := outgoing{buf: make([]byte, packet.EthernetLen+len(in.ip)), trace: in.trace, transit: in.iface}
	copy(o.ip(), in.ip)
	if len(in.ip) <= to.iface.mtu {
		decrement(o.ip())
		to.iface.transmit(o, to.next)
		return
	}
	if in.v6 || packet.IPv4(in.ip).DontFragment() {
		h.drop(in, ReasonTooBig)
		h.tooBig(in, to.iface.mtu)
		return
	}
	decrement(o.ip())
	for _, part := range h.fragment(o, to.iface.mtu) {
		to.iface.transmit(part, to.next)
	}
}

// ports are those of a UDP or TCP packet that is not a later fragment.
func (in *inPacket) ports() (src, dst uint16) {
	if in.frag || in.proto != packet.ProtoTCP && in.proto != packet.ProtoUDP {
		return 0, 0
	}
	return packet.Uint16(in.payload, 0), packet.Uint16(in.payload, 2)
}

// decrement takes one hop off.
func decrement(ip []byte) {
	if ip[0]>>4 == 4 {
		packet.IPv4(ip).SetTTL(packet.IPv4(ip).TTL() - 1)
		return
	}
	packet.IPv6(ip).SetHopLimit(packet.IPv6(ip).HopLimit() - 1)
}

// undeliverable ends a packet whose next hop does not answer, and tells its
// sender.
func (h *Host) undeliverable(i *Interface, o outgoing, err error) {
	h.observe(i.name, Dropped, ReasonNoNeighbor, o.ip(), o.trace, o.cause)
	in := &inPacket{iface: o.transit, ip: o.ip(), trace: o.trace}
	if in.parse() != "" {
		return
	}
	if o.transit != nil {
		h.unreachable(in, packet.ICMPHostUnreachable, packet.ICMPv6AddrUnreachable)
		return
	}
	h.tellSocket(in.ip, err)
}
