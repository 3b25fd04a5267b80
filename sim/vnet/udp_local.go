package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of ip4-udp-lookup and ip6-udp-lookup (udp_local_next_t in
// src/vnet/udp/udp_local.c); those of registered ports follow.
const (
	udpNextPunt uint16 = iota
	udpNextDrop
	udpNextICMP
)

// Error counters of the UDP lookup nodes (src/vnet/udp/udp_error.def).
const (
	udpErrNone uint16 = iota
	udpErrNoListener
	udpErrLength
	udpErrPunt
)

var udpErrors = []vlib.ErrorDesc{
	{Name: "none", Desc: "No error", Severity: vlib.SeverityInfo},
	{Name: "no_listener", Desc: "No listener for dst port"},
	{Name: "length_error", Desc: "Packets with length errors"},
	{Name: "punt", Desc: "No listener punt"},
	{Name: "enqueued", Desc: "Packets enqueued", Severity: vlib.SeverityInfo},
	{Name: "fifo_full", Desc: "Fifo full"},
	{Name: "fifo_nomem", Desc: "Fifo no mem"},
	{Name: "not_ready", Desc: "Connection not ready"},
	{Name: "accept", Desc: "Accepted session", Severity: vlib.SeverityInfo},
	{Name: "create_session", Desc: "Failed to create session"},
	{Name: "mq_full", Desc: "Application msg queue full"},
	{Name: "invalid_connection", Desc: "Invalid connection"},
	{Name: "pkts_sent", Desc: "Packets sent", Severity: vlib.SeverityInfo},
	{Name: "connected", Desc: "Connected session", Severity: vlib.SeverityInfo},
	{Name: "create_exists", Desc: "Connection already exists"},
	{Name: "wrong_thread", Desc: "Wrong worker thread"},
}

// udpMain says who handles which UDP port of the instance's own addresses.
type udpMain struct {
	lookup [2]*vlib.Node // by protocol
	// slots gives the next slot of a registered port by its upper and lower
	// byte, 0 for others.
	slots [2][256]*[256]uint16
	// puntUnknown says that packets to other ports are punted instead of
	// answered.
	puntUnknown [2]bool
}

func (m *Main) addUDPNodes() {
	for p, proto := range []string{"ip4", "ip6"} {
		p := fib.Proto(p)
		m.udp.lookup[p] = m.Graph.MustAdd(vlib.Registration{Name: proto + "-udp-lookup", Errors: udpErrors,
			Nexts: []string{proto + "-punt", proto + "-drop", proto + "-icmp-error"},
			Func:  func(n *vlib.Node, bufs []*vlib.Buffer) { m.udpLookup(n, bufs, p) }})
	}
}

// udpRegister makes the named node handle packets to a UDP port of the
// instance's own addresses; packets arrive there without IP and UDP headers,
// which stay readable in front (udp_register_dst_port).
func (m *Main) udpRegister(port uint16, p fib.Proto, node string) {
	page := &m.udp.slots[p][port>>8]
	if *page == nil {
		*page = new([256]uint16)
	}
	(*page)[port&0xff] = m.Graph.AddNext(m.udp.lookup[p], node)
}

// slot returns the next slot of a port, 0 when nobody handles it.
func (u *udpMain) slot(p fib.Proto, port uint16) uint16 {
	if page := u.slots[p][port>>8]; page != nil {
		return page[port&0xff]
	}
	return 0
}

// udpRegistered tells whether a node handles the port.
func (m *Main) udpRegistered(port uint16, p fib.Proto) bool { return m.udp.slot(p, port) != 0 }

// SetUDPPuntUnknown punts packets to UDP ports that nobody handles, or answers
// them with port unreachable again (udp_punt_unknown).
func (m *Main) SetUDPPuntUnknown(p fib.Proto, on bool) { m.udp.puntUnknown[p] = on }

// UDPPort is one registered port.
type UDPPort struct {
	Port uint16
	Node string
}

// UDPPorts returns the ports that nodes handle, by number.
func (m *Main) UDPPorts(p fib.Proto) []UDPPort {
	var out []UDPPort
	nexts := m.udp.lookup[p].Nexts()
	for port := range 1 << 16 {
		if slot := m.udp.slot(p, uint16(port)); slot != 0 {
			out = append(out, UDPPort{uint16(port), nexts[slot]})
		}
	}
	return out
}

// udpLookup dispatches by destination port (udp46_local_inline).
func (m *Main) udpLookup(n *vlib.Node, bufs []*vlib.Buffer, proto fib.Proto) {
	for _, b := range bufs {
		head := packet.IPv6Len
		if proto == fib.IP4 {
			head = packet.IPv4(b.Bytes()).HeaderLen()
		}
		if b.Len() < head+packet.UDPLen {
			m.udpTrace(n, b, nil, true)
			n.SetError(b, udpErrLength)
			n.Enqueue(b, udpNextDrop)
			continue
		}
		b.Advance(head)
		u := packet.UDP(b.Bytes())
		if int(packet.Uint16(u, 4)) > b.Len() {
			m.udpTrace(n, b, nil, true)
			n.SetError(b, udpErrLength)
			n.Enqueue(b, udpNextDrop)
			continue
		}
		if slot := m.udp.slot(proto, u.DstPort()); slot != 0 {
			m.udpTrace(n, b, u, true)
			n.SetError(b, udpErrNone)
			b.Advance(packet.UDPLen)
			n.Enqueue(b, slot)
			continue
		}
		m.udpUnknown(n, b, u, proto, head)
	}
}

// udpUnknown punts a packet to a port without a listener or has it answered;
// the packet goes back to its IP header.
func (m *Main) udpUnknown(n *vlib.Node, b *vlib.Buffer, u packet.UDP, proto fib.Proto, head int) {
	b.Advance(-head)
	if m.udp.puntUnknown[proto] {
		m.udpTrace(n, b, u, true)
		n.SetError(b, udpErrPunt)
		n.Enqueue(b, udpNextPunt)
		return
	}
	m.udpTrace(n, b, u, false)
	n.SetError(b, udpErrNoListener)
	if proto == fib.IP4 {
		setICMPError(b, packet.ICMPUnreachable, packet.ICMPPortUnreachable, 0)
	} else {
		setICMPError(b, packet.ICMPv6Unreachable, packet.ICMPv6PortUnreachable, 0)
	}
	n.Enqueue(b, udpNextICMP)
}

// UDPTrace is what the UDP lookup nodes record.
type UDPTrace struct {
	SrcPort, DstPort uint16
	// Bound says that the port has a listener, or that the packet is punted.
	Bound bool
}

func (m *Main) udpTrace(n *vlib.Node, b *vlib.Buffer, u packet.UDP, bound bool) {
	if b.Trace == nil {
		return
	}
	t := &UDPTrace{Bound: bound}
	if u != nil {
		t.SrcPort, t.DstPort = u.SrcPort(), u.DstPort()
	}
	b.Trace.Add(n, t)
}

// Format renders as format_udp_rx_trace does.
func (t *UDPTrace) Format() string {
	s := fmt.Sprintf("UDP: src-port %d dst-port %d", t.SrcPort, t.DstPort)
	if !t.Bound {
		s += " (no listener)"
	}
	return s
}
