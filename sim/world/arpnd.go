package world

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/packet"
)

var (
	allNodes   = netip.MustParseAddr("ff02::1")
	allRouters = netip.MustParseAddr("ff02::2")
	allHosts4  = netip.MustParseAddr("224.0.0.1")
)

// sendARP puts an ARP packet on the wire.
func (i *Interface) sendARP(f packet.ARPFields, dst packet.MAC, cause packet.TraceID) {
	buf := make([]byte, packet.EthernetLen+packet.ARPLen)
	eth := packet.Ethernet(buf)
	eth.SetDst(dst)
	eth.SetSrc(i.mac)
	eth.SetType(packet.EtherTypeARP)
	f.Encode(eth.Payload())
	i.host.depart(i, packet.Frame{Data: buf, Trace: i.host.newTrace()}, cause)
}

// inputARP answers requests for any of the host's addresses and learns, as
// RFC 826 says: who asks us becomes known, who is known is updated.
func (i *Interface) inputARP(f packet.Frame) {
	arp := packet.ARP(packet.Ethernet(f.Data).Payload())
	if !arp.Valid() {
		i.dropFrame(f, ReasonMalformed)
		return
	}
	sender, target := netip.AddrFrom4(arp.SenderIP()), netip.AddrFrom4(arp.TargetIP())
	forUs := i.host.owner(target) != nil
	if i.host.owner(sender) == nil && !sender.IsUnspecified() && !sender.IsMulticast() {
		if n := i.neighbors[sender]; n != nil || forUs {
			i.neighbor(sender).learn(arp.SenderMAC())
		}
	}
	if !forUs || arp.Op() != packet.ARPRequest || sender == target {
		return
	}
	i.sendARP(packet.ARPFields{Op: packet.ARPReply, SenderMAC: i.mac, SenderIP: target,
		TargetMAC: arp.SenderMAC(), TargetIP: sender}, arp.SenderMAC(), f.Trace)
}

// sendND sends a neighbour solicitation or advertisement with hop limit 255.
// to is the neighbour asked, whose known address a unicast solicitation uses.
func (i *Interface) sendND(f packet.NDFields, src, dst netip.Addr, to *neighbor, cause packet.TraceID) {
	if src.IsUnspecified() { // RFC 4861 section 4.3: no option from nobody
		f.LinkAddr = packet.MAC{}
	}
	buf := make([]byte, packet.EthernetLen+packet.IPv6Len+f.Len())
	o := outgoing{buf: buf, trace: i.host.newTrace(), cause: cause}
	seg := o.ip()[packet.IPv6Len:]
	f.Encode(seg)
	packet.IPv6Fields{PayloadLen: len(seg), NextHeader: packet.ProtoICMPv6, HopLimit: 255, Src: src, Dst: dst}.Encode(o.ip())
	s, d := src.As16(), dst.As16()
	packet.SetTransportChecksum(seg, s[:], d[:], packet.ProtoICMPv6)
	switch {
	case dst.IsMulticast():
		i.frame(o, packet.MulticastMAC(dst))
	case to != nil:
		i.frame(o, to.mac)
	default:
		i.transmit(o, dst)
	}
}

// advertise says that an address of the host is at the interface.
func (i *Interface) advertise(a, dst netip.Addr, flags uint32, cause packet.TraceID) {
	if i.host.forwarding {
		flags |= packet.NDRouter
	}
	i.sendND(packet.NDFields{Type: packet.ICMPv6NeighborAdv, Flags: flags, Target: a, LinkAddr: i.mac}, a, dst, nil, cause)
}

// inputND handles solicitations and advertisements (RFC 4861 section 7.2).
func (i *Interface) inputND(in *inPacket) Reason {
	nd := packet.ND(in.payload)
	if i.l3 || in.ttl != 255 || !nd.Valid() {
		return ReasonMalformed
	}
	target := netip.AddrFrom16(nd.Target())
	if nd[0] == packet.ICMPv6NeighborSol {
		return i.inputSolicitation(in, nd, target)
	}
	n := i.neighbors[target]
	if n == nil {
		return ReasonUnsolicited
	}
	mac, ok := nd.LinkAddr(packet.NDOptTargetLinkAddr)
	if !ok {
		mac = n.mac
	}
	if n.state == incomplete || mac == n.mac || nd.Flags()&packet.NDOverride != 0 {
		n.learn(mac)
	}
	return ""
}

func (i *Interface) inputSolicitation(in *inPacket, nd packet.ND, target netip.Addr) Reason {
	if !i.has(target) {
		return ReasonNotLocal
	}
	if in.src.IsUnspecified() { // somebody looks for duplicates
		i.advertise(target, allNodes, packet.NDOverride, in.trace)
		return ""
	}
	if mac, ok := nd.LinkAddr(packet.NDOptSourceLinkAddr); ok {
		i.neighbor(in.src).learn(mac)
	}
	i.advertise(target, in.src, packet.NDSolicited|packet.NDOverride, in.trace)
	return ""
}

// has tells whether an address is the interface's own.
func (i *Interface) has(a netip.Addr) bool {
	for _, p := range i.addrs {
		if p.Addr() == a {
			return true
		}
	}
	return false
}

// hears tells whether the interface takes packets for a group.
func (i *Interface) hears(group netip.Addr) bool {
	if group == allNodes || group == allHosts4 || i.groups[group] > 0 || group == allRouters && i.host.forwarding {
		return true
	}
	for _, p := range i.addrs {
		if !p.Addr().Is4() && packet.SolicitedNode(p.Addr()) == group {
			return true
		}
	}
	return false
}
