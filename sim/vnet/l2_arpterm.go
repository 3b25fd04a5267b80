package vnet

import (
	"encoding/binary"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// L2Neighbor is a station that ARP termination saw asking or answering.
type L2Neighbor struct {
	IP   netip.Addr
	MAC  packet.MAC
	SwIf uint32
}

// OnL2ARPTerm sets who is told of stations that ARP termination sees; nil for
// nobody. fn owns the instance.
func (m *Main) OnL2ARPTerm(fn func(L2Neighbor)) { m.l2.arpTerm = fn }

func (m *Main) addARPTermNode() {
	m.Graph.MustAdd(vlib.Registration{Name: "arp-term-l2bd", Func: m.arpTermL2BD,
		Nexts: withFeatures(l2InNodes[:], "l2-output", "error-drop"), Errors: arpErrors})
}

// arpTermL2BD answers ARP requests and neighbour solicitations from the bridge
// domain's table in place of the station (src/vnet/l2/l2_arp_term.c).
func (m *Main) arpTermL2BD(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if b.L2.SHG != 0 || b.Flags&vlib.FlagLocallyOriginated != 0 || int(b.L2Len) < packet.EthernetLen || b.Len() < int(b.L2Len) {
			m.l2Next(n, b, L2InARPTerm)
			continue
		}
		l3 := b.Bytes()[b.L2Len:]
		switch binary.BigEndian.Uint16(b.Bytes()[b.L2Len-2:]) {
		case packet.EtherTypeARP:
			m.arpTerm4(n, b, l3)
		case packet.EtherTypeIPv6:
			m.arpTerm6(n, b, l3)
		default:
			m.l2Next(n, b, L2InARPTerm)
		}
	}
}

// arpTerm4 answers an ARP request. Its checks are those of arp-input and
// arp-reply; probes and announcements that fail one count as such.
func (m *Main) arpTerm4(n *vlib.Node, b *vlib.Buffer, l3 []byte) {
	a := packet.ARP(l3)
	if len(l3) < packet.ARPLen || a.Op() != packet.ARPRequest && a.Op() != packet.ARPReply {
		m.l2Next(n, b, L2InARPTerm)
		return
	}
	if b.Trace != nil {
		var t ARPTrace
		copy(t.Packet[:], l3)
		b.Trace.Add(n, t)
	}
	if code := arpTermCheck(b.Bytes(), a); code != arpErrRepliesSent {
		if from := a.SenderIP(); from == ([4]byte{}) || from == a.TargetIP() {
			code = arpErrGratuitous
		}
		n.Drop(b, code)
		return
	}
	m.tellL2Neighbor(netip.AddrFrom4(a.SenderIP()), a.SenderMAC(), b.RxSwIf)
	mac, known := m.l2.domains[b.L2.BD].ip4[a.TargetIP()]
	if !known || a.SenderIP() == a.TargetIP() {
		m.l2Next(n, b, L2InARPTerm)
		return
	}
	packet.PutUint16(l3, 6, packet.ARPReply)
	target := [4]byte(l3[24:28])
	copy(l3[18:28], l3[8:18])
	copy(l3[8:14], mac[:])
	copy(l3[14:18], target[:])
	n.Count(arpErrRepliesSent, 1)
	m.arpTermAnswer(n, b, mac)
}

// arpTermCheck returns the code of what is wrong, arpErrRepliesSent for nothing.
func arpTermCheck(frame []byte, a packet.ARP) uint16 {
	from, mac := a.SenderIP(), a.SenderMAC()
	switch {
	case packet.Uint16(a, 2) != packet.EtherTypeIPv4:
		return arpErrL3TypeNotIP4
	case packet.Uint16(a, 0) != 1:
		return arpErrL2TypeNotEthernet
	case (mac != packet.MAC(frame[6:12]) || mac.IsMulticast()) && [4]byte(mac[:4]) != [4]byte{0, 0, 0x5e, 0}:
		return arpErrL2AddressMismatch
	case from[0]>>4 == 0xe:
		return arpErrL3SrcNotLocal
	}
	return arpErrRepliesSent
}

// arpTerm6 answers a neighbour solicitation (vnet_ip6_nd_term).
func (m *Main) arpTerm6(n *vlib.Node, b *vlib.Buffer, l3 []byte) {
	ip := packet.IPv6(l3)
	if len(l3) < packet.IPv6Len+packet.NDLen || ip.NextHeader() != packet.ProtoICMPv6 || ip.SrcAddr().IsUnspecified() {
		m.l2Next(n, b, L2InARPTerm)
		return
	}
	nd := packet.ICMP(l3[packet.IPv6Len:])
	if nd.Type() != packet.ICMPv6NeighborSol && nd.Type() != packet.ICMPv6NeighborAdv {
		m.l2Next(n, b, L2InARPTerm)
		return
	}
	if b.Trace != nil {
		b.Advance(int(b.L2Len))
		b.Trace.Add(n, newIP6HeaderTrace(b))
		b.Advance(-int(b.L2Len))
	}
	if src := ip.SrcAddr(); !src.IsLinkLocalUnicast() {
		m.tellL2Neighbor(src, packet.MAC(b.Bytes()[6:12]), b.RxSwIf)
	}
	mac, known := m.l2.domains[b.L2.BD].ip6[packet.ND(nd).Target()]
	hasOption := len(nd) >= packet.NDLen+8 && nd[packet.NDLen] == packet.NDOptSourceLinkAddr && nd[packet.NDLen+1] == 1
	if nd.Type() != packet.ICMPv6NeighborSol || !known || !hasOption {
		m.l2Next(n, b, L2InARPTerm)
		return
	}
	copy(ip[24:40], ip[8:24])
	copy(ip[8:24], nd[8:24])
	ip.SetHopLimit(255)
	nd[packet.NDLen] = packet.NDOptTargetLinkAddr
	copy(nd[packet.NDLen+2:], mac[:])
	nd.Encode(packet.ICMPv6NeighborAdv, 0, packet.NDSolicited|packet.NDOverride)
	setICMP6Checksum(ip)
	m.icmp6.input.Count(icmp6ErrNATx, 1)
	m.arpTermAnswer(n, b, mac)
}

// arpTermAnswer sends an answer back. To the bridge domain's own interface it
// goes over l2-fwd, because l2-output does not know layer 3.
func (m *Main) arpTermAnswer(n *vlib.Node, b *vlib.Buffer, mac packet.MAC) {
	p := b.Bytes()
	copy(p[:6], p[6:12])
	copy(p[6:12], mac[:])
	if m.l2In(b.RxSwIf).flags&l2BVI != 0 {
		b.L2.Features |= uint32(L2InFwd)
		b.RxSwIf = 0
		m.l2Next(n, b, L2InARPTerm)
		return
	}
	b.TxSwIf = b.RxSwIf
	n.Enqueue(b, 0)
}

func (m *Main) tellL2Neighbor(ip netip.Addr, mac packet.MAC, swIf uint32) {
	if m.l2.arpTerm != nil {
		m.l2.arpTerm(L2Neighbor{IP: ip, MAC: mac, SwIf: swIf})
	}
}
