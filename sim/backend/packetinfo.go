package backend

import (
	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/packet"
)

// class says what a frame is in the story of a followed packet.
type class uint8

const (
	classOther      class = iota // not IP: address resolution
	classPacket                  // the packet itself
	classEchoReply               // an echo reply made of the packet in place
	classError                   // an ICMP error about the packet, under its trace
	classResolution              // neighbour discovery
)

// describeFrame reads a frame's headers; l3 says that it has no Ethernet
// header. Frames that are cut short give what can be read.
func describeFrame(data []byte, l3 bool) (scenarios.PacketInfo, class) {
	if !l3 {
		etherType, off := packet.Ethernet(data).Network()
		if etherType != packet.EtherTypeIPv4 && etherType != packet.EtherTypeIPv6 || off > len(data) {
			return scenarios.PacketInfo{}, classOther
		}
		data = data[off:]
	}
	info, payload, proto := describeIP(data)
	if proto == packet.ProtoUDP && info.Port == packet.VXLANPort || isCrossVXLAN(proto, info.Port, payload) {
		return describeVXLAN(info, payload)
	}
	return info, classOf(info, proto, payload)
}

// isCrossVXLAN recognizes VXLAN on other ports by its header: flags 8 with
// everything reserved zero (RFC 7348 section 5), and an IP packet or frame in
// it.
func isCrossVXLAN(proto uint8, port uint16, udp []byte) bool {
	if proto != packet.ProtoUDP || port < 4790 || port > 4799 || len(udp) < packet.UDPLen+packet.VXLANLen+1 {
		return false
	}
	vxlan := udp[packet.UDPLen:]
	return packet.Uint32(vxlan, 0) == 0x08000000 && vxlan[7] == 0
}

// describeVXLAN reads the inner packet of an encapsulated one.
func describeVXLAN(outer scenarios.PacketInfo, udp []byte) (scenarios.PacketInfo, class) {
	encap := &scenarios.Encap{Kind: "vxlan", Source: outer.Source, Destination: outer.Destination,
		SourcePort: outer.SourcePort, Port: outer.Port, TTL: outer.TTL, Length: outer.Length, Fragment: outer.Fragment}
	if outer.Fragment != nil && outer.Fragment.Offset > 0 || len(udp) < packet.UDPLen+packet.VXLANLen {
		return scenarios.PacketInfo{Encap: encap}, classPacket
	}
	vxlan := udp[packet.UDPLen:]
	encap.VNI = packet.Uint32(vxlan, 4) >> 8
	inner := vxlan[packet.VXLANLen:]
	l3 := len(inner) > 0 && (inner[0]>>4 == 4 || inner[0]>>4 == 6) && !looksLikeEthernet(inner)
	info, c := describeFrame(inner, l3)
	info.Encap = encap
	return info, c
}

// looksLikeEthernet tells an Ethernet frame from a bare IP packet: its
// EtherType is one that is carried here.
func looksLikeEthernet(b []byte) bool {
	t := packet.Ethernet(b).Type()
	return len(b) >= packet.EthernetLen && (t == packet.EtherTypeIPv4 || t == packet.EtherTypeIPv6 || t == packet.EtherTypeARP)
}

// describeIP reads an IP header and the ports behind it.
func describeIP(data []byte) (info scenarios.PacketInfo, payload []byte, proto uint8) {
	if len(data) == 0 {
		return info, nil, 0
	}
	first := true
	if data[0]>>4 == 4 {
		ip := packet.IPv4(data)
		info = scenarios.PacketInfo{Source: ip.SrcAddr(), Destination: ip.DstAddr(), Protocol: ip.Protocol(),
			TTL: ip.TTL(), Length: ip.TotalLen()}
		if ip.IsFragment() {
			info.Fragment = &scenarios.Fragment{ID: uint32(ip.ID()), Offset: ip.FragmentOffset(), More: ip.MoreFragments()}
			first = ip.FragmentOffset() == 0
		}
		payload = data[min(ip.HeaderLen(), len(data)):]
	} else {
		ip := packet.IPv6(data)
		info = scenarios.PacketInfo{Source: ip.SrcAddr(), Destination: ip.DstAddr(), TTL: ip.HopLimit(),
			Length: ip.PayloadLen() + packet.IPv6Len}
		upper, off, frag, ok := ip.Upper()
		info.Protocol = upper
		if !ok {
			return info, nil, upper
		}
		if frag.Present {
			info.Fragment = &scenarios.Fragment{ID: frag.ID, Offset: frag.Offset, More: frag.More}
			first = frag.Offset == 0
		}
		payload = data[min(off, len(data)):]
	}
	if first && (info.Protocol == packet.ProtoUDP || info.Protocol == packet.ProtoTCP) {
		info.SourcePort, info.Port = packet.Uint16(payload, 0), packet.Uint16(payload, 2)
	}
	return info, payload, info.Protocol
}

// classOf tells answers that travel under a packet's own trace from the packet.
func classOf(info scenarios.PacketInfo, proto uint8, payload []byte) class {
	if info.Fragment != nil && info.Fragment.Offset > 0 || len(payload) == 0 {
		return classPacket
	}
	icmp := packet.ICMP(payload)
	switch proto {
	case packet.ProtoICMP:
		switch icmp.Type() {
		case packet.ICMPEchoReply:
			return classEchoReply
		case packet.ICMPUnreachable, packet.ICMPTimeExceeded, packet.ICMPParameterProb, packet.ICMPRedirect:
			return classError
		}
	case packet.ProtoICMPv6:
		switch {
		case icmp.Type() == packet.ICMPv6EchoReply:
			return classEchoReply
		case icmp.Type() < packet.ICMPv6Echo:
			return classError
		case icmp.Type() >= packet.ICMPv6RouterSol:
			return classResolution
		}
	}
	return classPacket
}
