package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ipsecNATPort is the UDP port of ESP behind address translation.
const ipsecNATPort = 4500

const protoESP = 50

// Error counters of the IPsec tunnel input nodes (counters ipsec_tun in
// src/vnet/ipsec/ipsec.api).
const (
	ipsecTunRx uint16 = iota
	ipsecTunDisabled
	ipsecTunNoTunnel
	ipsecTunMismatch
	ipsecTunKeepalive
	ipsecTunTooShort
	ipsecTunSPI0
)

var ipsecTunErrors = []vlib.ErrorDesc{
	{Name: "rx", Desc: "good packets received", Severity: vlib.SeverityInfo},
	{Name: "disabled", Desc: "ipsec packets received on disabled interface"},
	{Name: "no_tunnel", Desc: "no matching tunnel"},
	{Name: "tunnel_mismatch", Desc: "SPI-tunnel mismatch"},
	{Name: "nat_keepalive", Desc: "NAT Keepalive", Severity: vlib.SeverityInfo},
	{Name: "too_short", Desc: "Too Short"},
	{Name: "spi_0", Desc: "SPI 0", Severity: vlib.SeverityInfo},
}

// addIPSecPuntNodes registers the IPsec tunnel input nodes and the reasons they
// punt for. There are no tunnels: every ESP packet is one that has none. The
// nodes see packets while someone wants those (ipsec_punt_init in
// src/vnet/ipsec/ipsec_punt.c).
func (m *Main) addIPSecPuntNodes() {
	users := [2]int{}
	reason := func(name string, p fib.Proto) *PuntReason {
		return m.addPuntReason("ipsec", name, p == fib.IP6, func(on bool) {
			// VPP registers both protocols for each of the reasons.
			for q := range users {
				m.ipsecNodes(fib.Proto(q), &users[q], on)
			}
		})
	}
	spi4, none4 := reason("ipsec4-spi-o-udp-0", fib.IP4), reason("ipsec4-no-such-tunnel", fib.IP4)
	none6, spi6 := reason("ipsec6-no-such-tunnel", fib.IP6), reason("ipsec6-spi-o-udp-0", fib.IP6)
	for p, reasons := range [][2]*PuntReason{{none4, spi4}, {none6, spi6}} {
		p := fib.Proto(p)
		m.Graph.MustAdd(vlib.Registration{Name: "ipsec" + p.String()[2:] + "-tun-input", Errors: ipsecTunErrors,
			Nexts: []string{"punt-dispatch", p.String() + "-drop"},
			Func:  func(n *vlib.Node, bufs []*vlib.Buffer) { m.ipsecTunInput(n, bufs, p, reasons[0], reasons[1]) }})
	}
}

func (m *Main) ipsecNodes(p fib.Proto, users *int, on bool) {
	node := "ipsec" + p.String()[2:] + "-tun-input"
	switch {
	case on:
		if *users++; *users == 1 {
			m.registerProtocol(p, protoESP, node)
			m.udpRegister(ipsecNATPort, p, node)
		}
	default:
		if *users--; *users == 0 {
			m.unregisterProtocol(p, protoESP)
			m.udpUnregister(ipsecNATPort, p)
		}
	}
}

// ipsecTunInput punts ESP packets, from their IP header on
// (ipsec_tun_protect_input_inline in src/vnet/ipsec/ipsec_tun_in.c). Those in
// UDP arrive behind the UDP header.
func (m *Main) ipsecTunInput(n *vlib.Node, bufs []*vlib.Buffer, p fib.Proto, none, spi0 *PuntReason) {
	const punt, drop, espLen = 0, 1, 8
	noTunnel, got := uint64(0), uint64(0)
	for _, b := range bufs {
		udp := !startsWithESP(b.Bytes(), p)
		if udp {
			b.Advance(-udpHeaders[p])
		}
		esp := b.Bytes()
		head := ipHeaderLen(esp, p)
		if udp {
			head += packet.UDPLen
		}
		esp = esp[min(head, len(esp)):]
		next := uint16(punt)
		switch {
		case udp && len(esp) == 1 && esp[0] == 0xff:
			n.SetError(b, ipsecTunKeepalive)
			next, got = drop, got+1
		case len(esp) < espLen:
			n.SetError(b, ipsecTunTooShort)
			next, got = drop, got+1
		case packet.Uint32(esp, 0) == 0:
			n.SetError(b, ipsecTunSPI0)
			b.PuntReason = none.ID
			if udp {
				b.PuntReason = spi0.ID
			}
			noTunnel++
		default:
			n.SetError(b, ipsecTunNoTunnel)
			b.PuntReason = none.ID
			noTunnel++
		}
		if b.Trace != nil {
			b.Trace.Add(n, ipsecTunTrace(b.Bytes(), esp, p))
		}
		n.Enqueue(b, next)
	}
	n.Count(ipsecTunRx, got)
	n.Count(ipsecTunNoTunnel, noTunnel)
}

// startsWithESP says if a packet starts with the IP header of ESP; what comes
// out of UDP starts behind its headers.
func startsWithESP(b []byte, p fib.Proto) bool {
	if p == fib.IP6 {
		return packet.Uint8(b, 0)>>4 == 6 && packet.Uint8(b, 6) == protoESP
	}
	return packet.Uint8(b, 0)>>4 == 4 && packet.Uint8(b, 9) == protoESP
}

func ipHeaderLen(p []byte, proto fib.Proto) int {
	if proto == fib.IP6 {
		return packet.IPv6Len
	}
	return packet.IPv4(p).HeaderLen()
}

// ipsecTunTrace renders as format_ipsec_tun_protect_input_trace does.
func ipsecTunTrace(ip, esp []byte, p fib.Proto) vlib.TraceData {
	src, _ := addresses(ip, p)
	seq, spi := ^uint32(0), packet.Uint32(esp, 0)
	if len(esp) >= 8 {
		seq = packet.Uint32(esp, 4)
	}
	return &IndexTrace{fmt.Sprintf("IPSec: remote:%s spi:%d (0x%08x) sa:0 tun:0 seq %d", src, spi, spi, seq)}
}
