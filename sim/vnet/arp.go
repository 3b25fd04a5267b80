package vnet

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Error counters of the ARP nodes (counters arp in src/vnet/arp/arp.api).
const (
	arpErrRepliesSent uint16 = iota
	arpErrDisabled
	arpErrL2TypeNotEthernet
	arpErrL3TypeNotIP4
	arpErrL3SrcNotLocal
	arpErrL3DstNotLocal
	arpErrL3DstUnset
	arpErrL3SrcIsLocal
	arpErrL3SrcLearned
	arpErrRepliesReceived
	arpErrOpcodeNotRequest
	arpErrProxyRepliesSent
	arpErrL2AddressMismatch
	arpErrGratuitous
	arpErrNoTable
	arpErrNotIPEnabled
	arpErrUnnumberedMismatch
)

var arpErrors = []vlib.ErrorDesc{
	{Name: "replies_sent", Desc: "ARP replies sent", Severity: vlib.SeverityInfo},
	{Name: "disabled", Desc: "ARP Disabled"},
	{Name: "l2_type_not_ethernet", Desc: "L2 type not ethernet"},
	{Name: "l3_type_not_ip4", Desc: "L3 type not IP4"},
	{Name: "l3_src_address_not_local", Desc: "IP4 source address not local to subnet"},
	{Name: "l3_dst_address_not_local", Desc: "IP4 destination address not local to subnet"},
	{Name: "l3_dst_address_unset", Desc: "IP4 destination address is unset"},
	{Name: "l3_src_address_is_local", Desc: "IP4 source address matches local interface"},
	{Name: "l3_src_address_learned", Desc: "ARP request IP4 source address learned", Severity: vlib.SeverityInfo},
	{Name: "replies_received", Desc: "ARP replies received", Severity: vlib.SeverityInfo},
	{Name: "opcode_not_request", Desc: "ARP opcode not request"},
	{Name: "proxy_arp_replies_sent", Desc: "Proxy ARP replies sent", Severity: vlib.SeverityInfo},
	{Name: "l2_address_mismatch", Desc: "ARP hw addr does not match L2 frame src addr"},
	{Name: "gratuitous_arp", Desc: "ARP probe or announcement dropped"},
	{Name: "interface_no_table", Desc: "Interface is not mapped to an IP table"},
	{Name: "interface_not_ip_enabled", Desc: "Interface is not IP enabled"},
	{Name: "unnumbered_mismatch", Desc: "RX interface is unnumbered to different subnet"},
}

// ARPTrace is what the ARP nodes record: the packet they saw.
type ARPTrace struct{ Packet [packet.ARPLen]byte }

func newARPTrace(b *vlib.Buffer) ARPTrace {
	var t ARPTrace
	copy(t.Packet[:], b.Bytes())
	return t
}

// Format renders as format_ethernet_arp_header (src/vnet/ethernet/arp_packet.h).
func (t ARPTrace) Format() string {
	a := packet.ARP(t.Packet[:])
	op := map[uint16]string{packet.ARPRequest: "request", packet.ARPReply: "reply"}[a.Op()]
	if op == "" {
		op = fmt.Sprintf("unknown 0x%x", a.Op())
	}
	var s strings.Builder
	if !a.Valid() {
		fmt.Fprintf(&s, "%s, type 0x%04x/0x%04x, address size %d/%d", op, packet.Uint16(a, 0), packet.Uint16(a, 2), a[4], a[5])
		return s.String()
	}
	fmt.Fprintf(&s, "%s, type ethernet/IP4, address size %d/%d", op, a[4], a[5])
	fmt.Fprintf(&s, "\n%v/%v -> %v/%v", a.SenderMAC(), netip.AddrFrom4(a.SenderIP()), a.TargetMAC(), netip.AddrFrom4(a.TargetIP()))
	return s.String()
}

// Next nodes of arp-reply and arp-proxy.
const (
	arpReplyNextDrop uint16 = iota
	arpReplyNextTx
)

// addARPNodes registers arp-input, arp-disabled and the nodes of the arp
// feature arc (src/vnet/arp/arp.c, arp_proxy.c).
func (m *Main) addARPNodes() {
	nexts := []string{"error-drop", "interface-output"}
	m.Graph.MustAdd(vlib.Registration{Name: "arp-input", Func: m.arpInput,
		Nexts: []string{"error-drop", "arp-disabled"}, Errors: arpErrors})
	m.Graph.MustAdd(vlib.Registration{Name: "arp-disabled", Func: m.arpDisabled,
		Nexts: []string{"error-drop"}, Errors: arpErrors})
	m.Graph.MustAdd(vlib.Registration{Name: "arp-reply", Func: m.arpReply, Nexts: nexts, Errors: arpErrors})
	m.Graph.MustAdd(vlib.Registration{Name: "arp-proxy", Func: m.arpProxy, Nexts: nexts, Errors: arpErrors})
}

// arpInput checks the header and starts the arp feature arc; an interface
// without features there has no ARP.
func (m *Main) arpInput(n *vlib.Node, bufs []*vlib.Buffer) {
	const disabled = 1
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newARPTrace(b))
		}
		if code := checkARP(packet.ARP(b.Bytes())); code != arpErrRepliesSent {
			n.Drop(b, code)
			continue
		}
		if features := m.featureStart(arcARP, b.RxSwIf); features != nil {
			b.Features = features
			n.SendFeature(b)
			continue
		}
		n.Enqueue(b, disabled)
	}
}

// checkARP returns the error of a packet that is not ARP for IPv4 over
// Ethernet; arpErrRepliesSent, as VPP has it, means no error.
func checkARP(a packet.ARP) uint16 {
	switch {
	case len(a) < packet.ARPLen, packet.Uint16(a, 0) != 1:
		return arpErrL2TypeNotEthernet
	case packet.Uint16(a, 2) != packet.EtherTypeIPv4:
		return arpErrL3TypeNotIP4
	case a.SenderIP() == [4]byte{}:
		return arpErrL3DstUnset
	}
	return arpErrRepliesSent
}

func (m *Main) arpDisabled(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newARPTrace(b))
		}
		n.Drop(b, arpErrDisabled)
	}
}

// arpReply answers requests for this instance's addresses and learns from
// them and from replies.
func (m *Main) arpReply(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newARPTrace(b))
		}
		switch verdict, code := m.arpReplyOne(b); verdict {
		case arpAnswered:
			n.Count(arpErrRepliesSent, 1)
			n.Enqueue(b, arpReplyNextTx)
		case arpPassOn:
			b.ErrorNode, b.ErrorCode = n.Index, code
			n.SendFeature(b)
		default:
			n.Drop(b, code)
		}
	}
}

// arpVerdict is what becomes of an ARP packet.
type arpVerdict uint8

const (
	arpDropped arpVerdict = iota
	arpPassOn             // the next feature, proxy ARP, may know
	arpAnswered
)

// arpReplyOne follows arp_reply in src/vnet/arp/arp.c, check by check.
func (m *Main) arpReplyOne(b *vlib.Buffer) (arpVerdict, uint16) {
	a := packet.ARP(b.Bytes())
	sender, target := netip.AddrFrom4(a.SenderIP()), netip.AddrFrom4(a.TargetIP())
	table := m.ip4FibIndex(b.RxSwIf)
	if table == vlib.InvalidIndex {
		return arpDropped, arpErrNoTable
	}
	dst := m.arpLookup(table, target, 32)
	src, verdict, code := m.arpSource(b.RxSwIf, table, sender, dst)
	if verdict != arpAnswered {
		return verdict, code
	}
	switch {
	case dst.isAdj && dst.swIf != b.RxSwIf:
		return arpPassOn, arpErrL3DstNotLocal
	case dst.isAdj && sender == target:
		m.countNeighborRX(fib.IP4, b.RxSwIf, NeighborGratuitous)
		return arpPassOn, m.arpLearn(b.RxSwIf, a.SenderIP(), a.SenderMAC())
	case dst.isAdj:
		return arpPassOn, arpErrRepliesSent
	case !dst.connected:
		return arpPassOn, arpErrL3DstNotLocal
	case ethernetSource(b) != a.SenderMAC() && !isVRRPReply(a):
		return arpDropped, arpErrL2AddressMismatch
	}
	return m.arpConnected(b, a, src, dst)
}

// arpConnected is the part of arpReplyOne for a destination in a connected
// prefix.
func (m *Main) arpConnected(b *vlib.Buffer, a packet.ARP, src, dst arpEntry) (arpVerdict, uint16) {
	kind := NeighborRequest
	if a.Op() == packet.ARPReply {
		kind = NeighborReply
	}
	m.countNeighborRX(fib.IP4, b.RxSwIf, kind)
	switch {
	case a.Op() == packet.ARPReply && dst.local:
		return arpPassOn, m.arpLearn(b.RxSwIf, a.SenderIP(), a.SenderMAC())
	case a.Op() == packet.ARPReply:
		return arpPassOn, arpErrL3DstNotLocal
	case a.Op() == packet.ARPRequest && !dst.local:
		return arpPassOn, arpErrRepliesSent
	case (b.RxSwIf != dst.swIf || b.RxSwIf != src.swIf) && !m.arpUnnumbered(b.RxSwIf, dst.swIf):
		return arpDropped, arpErrUnnumberedMismatch
	case a.SenderIP() == a.TargetIP():
		return arpDropped, arpErrGratuitous
	}
	asker, mac := a.SenderIP(), a.SenderMAC()
	m.arpMakeReply(b, dst.address)
	m.arpLearn(b.RxSwIf, asker, mac)
	m.countNeighborTX(fib.IP4, b.RxSwIf, NeighborReply)
	return arpAnswered, arpErrRepliesSent
}

// arpSource decides if the sender is on the link: some prefix that covers it
// must be attached or connected here. arpAnswered means it is.
func (m *Main) arpSource(swIf, table uint32, sender netip.Addr, dst arpEntry) (arpEntry, arpVerdict, uint16) {
	var src arpEntry
	for bits := 32; bits >= 0; {
		src = m.arpLookup(table, sender, bits)
		switch {
		case src.anyLocal:
			return src, arpPassOn, arpErrL3SrcIsLocal
		case src.attached:
			return src, arpAnswered, 0
		case src.isDefault:
			bits = -1
		default:
			bits = src.prefix.Bits() - 1
		}
	}
	if m.arpUnnumbered(swIf, dst.swIf) {
		return src, arpAnswered, 0
	}
	return src, arpDropped, arpErrL3SrcNotLocal
}

// arpUnnumbered says if swIf borrows its addresses from the interface owner.
func (m *Main) arpUnnumbered(swIf, owner uint32) bool {
	i := m.Interface(swIf)
	return i != nil && i.UnnumberedOwner != vlib.InvalidIndex && i.UnnumberedOwner == owner
}

// isVRRPReply says if a reply comes from a VRRP virtual router, whose frames
// carry another source address (RFC 5798 section 8.1.2).
func isVRRPReply(a packet.ARP) bool {
	mac := a.SenderMAC()
	return a.Op() == packet.ARPReply && mac[0] == 0 && mac[1] == 0 && mac[2] == 0x5e && mac[3] == 0 && mac[4] == 1
}

// arpLearn notes the sender's address and returns the code that counts it.
func (m *Main) arpLearn(swIf uint32, ip [4]byte, mac packet.MAC) uint16 {
	m.neighborLearn(swIf, netip.AddrFrom4(ip), mac)
	return arpErrL3SrcLearned
}

// arpMakeReply turns a request into the reply that says addr is here.
func (m *Main) arpMakeReply(b *vlib.Buffer, addr netip.Addr) {
	i := m.Interface(b.RxSwIf)
	a := packet.ARP(b.Bytes())
	asker, askerIP := a.SenderMAC(), a.SenderIP()
	to := ethernetSource(b)
	packet.ARPFields{Op: packet.ARPReply, SenderMAC: i.Hw.MAC, SenderIP: addr, TargetMAC: asker,
		TargetIP: netip.AddrFrom4(askerIP)}.Encode(a)
	m.prependLink(b, b.RxSwIf, fib.LinkARP, to)
	b.Flags |= vlib.FlagLocallyOriginated
	b.TxSwIf = b.RxSwIf
}

// ethernetSource reads the source address of the header that ethernet-input
// took off.
func ethernetSource(b *vlib.Buffer) (mac packet.MAC) {
	if l := int(b.L2Len); l >= packet.EthernetLen {
		mac = packet.Ethernet(b.Before(l)).Src()
	}
	return mac
}

// arpProxy answers requests for the ranges configured with proxy_arp_add_del.
func (m *Main) arpProxy(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newARPTrace(b))
		}
		a := packet.ARP(b.Bytes())
		table := m.ip4FibIndex(b.RxSwIf)
		target := netip.AddrFrom4(a.TargetIP())
		switch {
		case table == vlib.InvalidIndex:
			n.Drop(b, arpErrNoTable)
		case a.Op() == packet.ARPRequest && m.proxyARPs(table, target):
			m.arpMakeReply(b, target)
			n.Count(arpErrRepliesSent, 1)
			n.Enqueue(b, arpReplyNextTx)
		default:
			// The error that arp-reply found stays.
			n.Enqueue(b, arpReplyNextDrop)
		}
	}
}
