package world

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// inPacket is a received IP packet whose headers were checked.
type inPacket struct {
	iface    *Interface // nil from the host itself
	ip       []byte     // from the IP header on, without padding
	v6       bool
	src, dst netip.Addr
	ttl, tos uint8
	proto    uint8  // upper-layer protocol
	payload  []byte // from the upper-layer header on
	trace    packet.TraceID
	group    bool // sent to a group or broadcast
	frag     bool // a fragment whose whole is not yet there
	fragID   uint32
	fragOff  int
	fragMore bool
}

// ifname is the name of the interface, "" from the host itself.
func (in *inPacket) ifname() string {
	if in.iface == nil {
		return ""
	}
	return in.iface.name
}

// Receive takes frames from the NIC; it makes the interface the NIC's Receiver.
func (i *Interface) Receive(frames ...packet.Frame) {
	i.host.enter()
	defer i.host.unlock()
	for _, f := range frames {
		if i.host.closed {
			return
		}
		i.input(f)
	}
}

// input looks at the Ethernet header, if there is one.
func (i *Interface) input(f packet.Frame) {
	if !i.up {
		i.dropFrame(f, ReasonDown)
		return
	}
	if i.l3 {
		i.host.inputIP(i, f.Data, f.Trace, false)
		return
	}
	eth := packet.Ethernet(f.Data)
	if !eth.Valid() {
		i.dropFrame(f, ReasonMalformed)
		return
	}
	dst := eth.Dst()
	if dst != i.mac && !dst.IsMulticast() {
		i.dropFrame(f, ReasonNotForMe)
		return
	}
	switch eth.Type() {
	case packet.EtherTypeARP:
		i.inputARP(f)
	case packet.EtherTypeIPv4, packet.EtherTypeIPv6:
		i.host.inputIP(i, eth.Payload(), f.Trace, dst.IsMulticast())
	default:
		i.dropFrame(f, ReasonEtherType)
	}
}

func (i *Interface) dropFrame(f packet.Frame, why Reason) {
	i.host.world.observe(Event{Kind: KindHost, Node: i.host.name, Interface: i.name, Verdict: Dropped, Reason: why, Frame: f, L3: i.l3})
}

// drop ends a packet inside the host.
func (h *Host) drop(in *inPacket, why Reason) {
	h.observe(in.ifname(), Dropped, why, in.ip, in.trace, 0)
}

// inputIP checks an IP packet and passes it up, on, or away. group tells that
// the frame was not sent to this station alone.
func (h *Host) inputIP(i *Interface, ip []byte, trace packet.TraceID, group bool) {
	in := &inPacket{iface: i, ip: ip, trace: trace}
	why := in.parse()
	if why != "" {
		h.drop(in, why)
		return
	}
	switch {
	case h.isLocal(in):
		h.reassemble(in)
	case in.group:
		h.drop(in, ReasonNotLocal)
	case h.forwarding && i != nil && !group:
		h.forward(in)
	default:
		h.drop(in, ReasonNotLocal)
	}
}

// parse reads the IP headers.
func (in *inPacket) parse() Reason {
	if len(in.ip) == 0 {
		return ReasonMalformed
	}
	switch in.ip[0] >> 4 {
	case 4:
		return in.parse4(packet.IPv4(in.ip))
	case 6:
		return in.parse6(packet.IPv6(in.ip))
	}
	return ReasonMalformed
}

func (in *inPacket) parse4(p packet.IPv4) Reason {
	if !p.Valid() {
		return ReasonMalformed
	}
	if !p.ChecksumOK() {
		return ReasonChecksum
	}
	in.ip = p[:p.TotalLen()]
	in.src, in.dst = p.SrcAddr(), p.DstAddr()
	in.ttl, in.tos, in.proto, in.payload = p.TTL(), p.TOS(), p.Protocol(), p.Payload()
	in.group = in.dst.IsMulticast() || in.dst == broadcast4 || in.iface != nil && in.iface.isBroadcast(in.dst)
	if p.IsFragment() {
		in.frag, in.fragID, in.fragOff, in.fragMore = true, uint32(p.ID()), p.FragmentOffset(), p.MoreFragments()
	}
	if in.src.IsMulticast() || in.src == broadcast4 {
		return ReasonBadSource
	}
	return ""
}

func (in *inPacket) parse6(p packet.IPv6) Reason {
	if !p.Valid() {
		return ReasonMalformed
	}
	in.v6 = true
	in.ip = p[:packet.IPv6Len+p.PayloadLen()]
	p = packet.IPv6(in.ip)
	in.src, in.dst = p.SrcAddr(), p.DstAddr()
	in.ttl, in.tos = p.HopLimit(), p.TrafficClass()
	proto, off, frag, ok := p.Upper()
	if !ok {
		return ReasonMalformed
	}
	in.proto, in.payload = proto, p[off:]
	in.group = in.dst.IsMulticast()
	if frag.Present {
		in.frag, in.fragID, in.fragOff, in.fragMore = true, frag.ID, frag.Offset, frag.More
		in.payload = p[frag.HeaderOffset+packet.IPv6FragmentLen:]
	}
	if in.src.IsMulticast() {
		return ReasonBadSource
	}
	return ""
}

// isLocal tells whether the packet ends here.
func (h *Host) isLocal(in *inPacket) bool {
	if in.group {
		return in.iface == nil || !in.dst.IsMulticast() || in.iface.hears(in.dst)
	}
	return h.isOwn(in.dst)
}

// isOwn tells whether an address is one of the host's or its loopback.
func (h *Host) isOwn(a netip.Addr) bool { return a.IsLoopback() || h.owner(a) != nil }

// deliver hands a whole packet for this host to its protocol.
func (h *Host) deliver(in *inPacket) {
	src, dst := in.src.AsSlice(), in.dst.AsSlice()
	if !packet.TransportChecksumOK(in.payload, src, dst, in.proto) {
		h.drop(in, ReasonChecksum)
		return
	}
	var why Reason
	switch {
	case in.proto == packet.ProtoICMP && !in.v6:
		why = h.inputICMP4(in)
	case in.proto == packet.ProtoICMPv6 && in.v6:
		why = h.inputICMP6(in)
	case in.proto == packet.ProtoUDP:
		why = h.inputUDP(in)
	case in.proto == packet.ProtoTCP:
		why = h.inputTCP(in)
	case in.proto == packet.ProtoNoNext:
	default:
		h.protocolUnreachable(in)
		why = ReasonProtocol
	}
	if why != "" {
		h.drop(in, why)
		return
	}
	h.observe(in.ifname(), Delivered, "", in.ip, in.trace, 0)
}
