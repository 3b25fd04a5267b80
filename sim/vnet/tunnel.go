package vnet

import (
	"encoding/binary"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
)

// TunnelFlags say what passes between the headers inside and outside a tunnel
// (tunnel_encap_decap_flags_t in src/vnet/tunnel/tunnel.h).
type TunnelFlags uint8

// Flags of tunnels, with the API's numbers.
const (
	TunnelEncapCopyDF TunnelFlags = 1 << iota
	TunnelEncapSetDF
	TunnelEncapCopyDSCP
	TunnelEncapCopyECN
	TunnelDecapCopyECN
	TunnelEncapInnerHash
	TunnelEncapCopyHopLimit
	TunnelEncapCopyFlowLabel
)

// TunnelFlagNames are VPP's words for the flags by bit.
var TunnelFlagNames = [8]string{"encap-copy-df", "encap-set-df", "encap-copy-dscp", "encap-copy-ecn", "decap-copy-ecn",
	"encap-inner-hash", "encap-copy-hop-limit", "encap-copy-flow-label"}

// Format lists the flags as format_tunnel_encap_decap_flags does.
func (f TunnelFlags) Format() string {
	if f == 0 {
		return "none"
	}
	s := ""
	for i, name := range TunnelFlagNames {
		if f&(1<<i) != 0 {
			s += name + " "
		}
	}
	return s
}

// innerFields is what an encapsulation may copy of a packet.
type innerFields struct {
	tos, ttl uint8
	df       bool
	label    uint32
}

func innerOf(p []byte, proto fib.Proto, hash uint32) innerFields {
	if proto == fib.IP4 {
		ip := packet.IPv4(p)
		return innerFields{tos: ip.TOS(), ttl: ip.TTL(), df: ip.DontFragment(), label: hash}
	}
	ip := packet.IPv6(p)
	return innerFields{tos: ip.TrafficClass(), ttl: ip.HopLimit(), label: ip.FlowLabel()}
}

// copyTOS takes over DSCP and ECN into the byte outside as the flags want.
func (f TunnelFlags) copyTOS(outer, inner uint8) uint8 {
	if f&TunnelEncapCopyDSCP != 0 {
		outer = outer&3 | inner&^3
	}
	if f&TunnelEncapCopyECN != 0 {
		outer = outer&^3 | inner&3
	}
	return outer
}

// encap4 finishes an outer IPv4 header (tunnel_encap_fixup_4o4 and _6o4 in
// src/vnet/tunnel/tunnel_dp.h).
func (f TunnelFlags) encap4(pkt []byte, inner fib.Proto, hash uint32) {
	f.encap4Behind(pkt, 0, inner, hash)
}

// encap4Behind is encap4 with that many bytes between the headers.
func (f TunnelFlags) encap4Behind(pkt []byte, gap int, inner fib.Proto, hash uint32) {
	packet.PutUint16(pkt, 2, uint16(len(pkt)))
	if f != 0 {
		in := innerOf(pkt[packet.IPv4Len+gap:], inner, hash)
		pkt[1] = f.copyTOS(pkt[1], in.tos)
		if f&TunnelEncapCopyDF != 0 && in.df {
			pkt[6] |= byte(packet.IPv4DontFragment >> 8)
		}
		if f&TunnelEncapCopyHopLimit != 0 {
			pkt[8] = in.ttl
		}
	}
	packet.IPv4(pkt).UpdateChecksum()
}

// encap6 finishes an outer IPv6 header (tunnel_encap_fixup_6o6 and _4o6).
func (f TunnelFlags) encap6(pkt []byte, inner fib.Proto, hash uint32) {
	f.encap6Behind(pkt, 0, inner, hash)
}

// encap6Behind is encap6 with that many bytes between the headers.
func (f TunnelFlags) encap6Behind(pkt []byte, gap int, inner fib.Proto, hash uint32) {
	packet.PutUint16(pkt, 4, uint16(len(pkt)-packet.IPv6Len))
	if f == 0 {
		return
	}
	in := innerOf(pkt[packet.IPv6Len+gap:], inner, hash)
	word := binary.BigEndian.Uint32(pkt)
	tc := f.copyTOS(uint8(word>>20), in.tos)
	word = word&^0x0ff00000 | uint32(tc)<<20
	if f&TunnelEncapCopyFlowLabel != 0 {
		word = word&^0xfffff | in.label&0xfffff
	}
	binary.BigEndian.PutUint32(pkt, word)
	if f&TunnelEncapCopyHopLimit != 0 {
		pkt[7] = in.ttl
	}
}

// decap takes over the ECN bits of the header outside (tunnel_decap_fixup_4o4
// and its like).
func (f TunnelFlags) decap(inner []byte, proto fib.Proto, outerTOS uint8) {
	if f&TunnelDecapCopyECN == 0 {
		return
	}
	if proto == fib.IP4 {
		if len(inner) < packet.IPv4Len {
			return
		}
		old := packet.Uint16(inner, 0)
		inner[1] = inner[1]&^3 | outerTOS&3
		ip := packet.IPv4(inner)
		ip.SetChecksum(packet.UpdateChecksum16(ip.Checksum(), old, packet.Uint16(inner, 0)))
		return
	}
	if len(inner) >= packet.IPv6Len {
		inner[1] = inner[1]&^0x30 | outerTOS&3<<4
	}
}

// DSCPName is VPP's name of a DSCP (format_ip_dscp).
func DSCPName(d uint8) string { return dscpName(d) }
