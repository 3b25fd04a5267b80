package vnet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/stats"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// puntMain is the punt infrastructure: reasons why packets are punted and
// clients that want to have them (src/vlib/punt.c).
type puntMain struct {
	reasons []*PuntReason // by id; 0 has no name
	clients []*puntClient
	regs    []*puntReg // in the order of registration
	node    *vlib.Node
	sockets puntSockets
	// counters count by reason what reached punt-dispatch.
	counters *stats.Combined
}

// PuntReason is one reason with what was punted for it.
type PuntReason struct {
	ID    uint32
	Name  string
	Owner string
	// IP6 says that the packets are IPv6, else they are IPv4.
	IP6     bool
	users   int
	changed func(on bool) // told of the first user and of the last's leaving
	to      []uint32      // nodes that get the packets
}

// Format renders as format_vlib_punt_reason does.
func (r *PuntReason) Format() string {
	if r.ID == 0 {
		return "[0] "
	}
	flags := "ip4-packet "
	if r.IP6 {
		flags = "ip6-packet "
	}
	return fmt.Sprintf("[%d] %s flags: %s", r.ID, r.Name, flags)
}

type puntClient struct {
	name string
	regs []*puntReg
}

// puntReg sends the packets of a reason to a node, for one or more clients.
type puntReg struct {
	reason *PuntReason
	node   *vlib.Node
	locks  int
}

// Error counters of punt-dispatch (src/vlib/punt_node.c).
const (
	puntDispatched uint16 = iota
	puntNoReason
	puntNoReg
)

func (m *Main) addPuntDispatchNodes() {
	m.punt.reasons = []*PuntReason{{}}
	m.punt.counters = m.Stats.Combined("/net/punt")
	m.punt.counters.Validate(0)
	m.punt.node = m.Graph.MustAdd(vlib.Registration{Name: "punt-dispatch", Nexts: []string{"drop"}, Func: m.puntDispatch,
		Errors: plainErrors("dispatched", "No such punt reason", "No registrations", "Replication Failure")})
	m.addIPSecPuntNodes()
	m.addPuntSocketNodes()
	m.puntClient("ipsec")
	m.puntClient("ip-punt")
}

// puntClient finds or makes a client.
func (m *Main) puntClient(name string) *puntClient {
	i := slices.IndexFunc(m.punt.clients, func(c *puntClient) bool { return c.name == name })
	if i < 0 {
		i = len(m.punt.clients)
		m.punt.clients = append(m.punt.clients, &puntClient{name: name})
	}
	return m.punt.clients[i]
}

// addPuntReason makes a reason (vlib_punt_reason_alloc).
func (m *Main) addPuntReason(owner, name string, ip6 bool, changed func(on bool)) *PuntReason {
	m.puntClient(owner)
	r := &PuntReason{ID: uint32(len(m.punt.reasons)), Name: name, Owner: owner, IP6: ip6, changed: changed}
	m.punt.reasons = append(m.punt.reasons, r)
	m.punt.counters.Validate(r.ID)
	return r
}

// PuntReasons returns the reasons by id from 1.
func (m *Main) PuntReasons() []*PuntReason { return m.punt.reasons[1:] }

// PuntReason returns a reason by id, nil for an unknown one; 0 is nobody's but
// known.
func (m *Main) PuntReason(id uint32) *PuntReason {
	if uint64(id) >= uint64(len(m.punt.reasons)) {
		return nil
	}
	return m.punt.reasons[id]
}

// puntRegister sends packets punted for a reason to a node; false when the
// client asked for that before (vlib_punt_register).
func (m *Main) puntRegister(client string, r *PuntReason, node string) bool {
	c, to := m.puntClient(client), m.Graph.Node(node)
	reg := m.puntReg(r, to)
	if reg == nil {
		reg = &puntReg{reason: r, node: to}
		m.Graph.AddNext(m.punt.node, node)
		m.punt.regs = append(m.punt.regs, reg)
		if r.users++; r.users == 1 && r.changed != nil {
			r.changed(true)
		}
		r.to = append(r.to, to.Index)
	} else if slices.Contains(c.regs, reg) {
		return false
	}
	reg.locks++
	c.regs = append(c.regs, reg)
	return true
}

func (m *Main) puntReg(r *PuntReason, to *vlib.Node) *puntReg {
	i := slices.IndexFunc(m.punt.regs, func(g *puntReg) bool { return g.reason == r && g.node == to })
	if i < 0 {
		return nil
	}
	return m.punt.regs[i]
}

// puntUnregister takes puntRegister back; false for a registration that another
// client made. That there is none is a success (vlib_punt_unregister).
func (m *Main) puntUnregister(client string, r *PuntReason, node string) bool {
	c, to := m.puntClient(client), m.Graph.Node(node)
	reg := m.puntReg(r, to)
	if reg == nil {
		return true
	}
	at := slices.Index(c.regs, reg)
	if at < 0 {
		return false
	}
	c.regs = slices.Delete(c.regs, at, at+1)
	if reg.locks--; reg.locks > 0 {
		return true
	}
	if r.users--; r.users == 0 && r.changed != nil {
		r.changed(false)
	}
	m.punt.regs = slices.DeleteFunc(m.punt.regs, func(g *puntReg) bool { return g == reg })
	r.to = slices.DeleteFunc(r.to, func(n uint32) bool { return n == to.Index })
	return true
}

// SetPuntException punts the packets of a reason to ip4-punt or ip6-punt
// (punt_exception_add_del in src/vnet/ip/punt.c). The error, ErrUnspecified,
// says that it was so already, or that it never was.
func (m *Main) SetPuntException(id uint32, on bool) error {
	r := m.PuntReason(id)
	if r == nil {
		return fmt.Errorf("punt exception %d: no such reason: %w", id, ErrUnspecified)
	}
	node := "ip4-punt"
	if r.IP6 {
		node = "ip6-punt"
	}
	switch {
	case on && !m.puntRegister("ip-punt", r, node):
		return fmt.Errorf("existing punting registration: %w", ErrUnspecified)
	case !on && !m.puntUnregister("ip-punt", r, node):
		return fmt.Errorf("punting registration not found: %w", ErrUnspecified)
	}
	return nil
}

// puntDispatch gives each packet to all who registered for its reason
// (punt_dispatch_one in src/vlib/punt_node.c).
func (m *Main) puntDispatch(n *vlib.Node, bufs []*vlib.Buffer) {
	const drop = 0
	dispatched := uint64(0)
	for _, b := range bufs {
		r := m.PuntReason(b.PuntReason)
		if b.Trace != nil {
			text := fmt.Sprintf("[%d] ", b.PuntReason)
			if r != nil {
				text = r.Format()
			}
			b.Trace.Add(n, &IndexTrace{"reason: " + text})
		}
		if r == nil {
			n.SetError(b, puntNoReason)
			n.Enqueue(b, drop)
			continue
		}
		m.punt.counters.Add(r.ID, b.Len())
		if len(r.to) == 0 {
			n.SetError(b, puntNoReg)
			n.Enqueue(b, drop)
			continue
		}
		dispatched += uint64(len(r.to))
		for _, to := range r.to[1:] {
			n.Send(m.Graph.Clone(b), to)
		}
		n.Send(b, r.to[0])
	}
	n.Count(puntDispatched, dispatched)
}

// FormatPuntClients lists the clients, or shows one with its registrations and
// reasons; ok is false for an unknown one (punt_client_show in src/vlib/punt.c).
func (m *Main) FormatPuntClients(name string) (text string, ok bool) {
	var b strings.Builder
	for _, c := range m.punt.clients {
		if name == "" {
			b.WriteString(c.name + "\n")
			continue
		}
		if c.name != name {
			continue
		}
		b.WriteString(c.name + "\n registrations:")
		for _, r := range c.regs {
			fmt.Fprintf(&b, "\n  [%s -> %s]", r.reason.Format(), r.node.Name)
		}
		b.WriteString("\n reasons:")
		for _, r := range m.PuntReasons() {
			if r.Owner == name {
				fmt.Fprintf(&b, "\n  %s from:[%s ]", r.Format(), r.Owner)
			}
		}
		b.WriteString("\n")
	}
	return b.String(), b.Len() > 0
}

// FormatPuntReasons is `show punt reasons`.
func (m *Main) FormatPuntReasons() string {
	var b strings.Builder
	b.WriteString("[0]  from:[]\n")
	for _, r := range m.PuntReasons() {
		fmt.Fprintf(&b, "%s from:[%s ]\n", r.Format(), r.Owner)
	}
	return b.String()
}

// FormatPuntStats is `show punt stats`.
func (m *Main) FormatPuntStats() string {
	var b strings.Builder
	for _, r := range m.punt.reasons {
		c := m.punt.counters.Get(r.ID)
		fmt.Fprintf(&b, "%s packets:%d bytes:%d\n", r.Format(), c.Packets, c.Bytes)
	}
	return b.String()
}

// FormatPuntDB is `show punt db`.
func (m *Main) FormatPuntDB() string {
	var b strings.Builder
	for _, g := range m.punt.regs {
		fmt.Fprintf(&b, " %s -> %s\n", g.reason.Format(), g.node.Name)
	}
	b.WriteString("\nDerived data-plane data-base:\n  (for each punt-reason the edge[s] from punt-dispatch)\n")
	for _, r := range m.punt.reasons {
		fmt.Fprintf(&b, " %s\n   [", r.Format())
		for _, to := range r.to {
			fmt.Fprintf(&b, "%d ", m.punt.node.SlotOf(to))
		}
		b.WriteString("]\n")
	}
	return b.String()
}

// The UDP punt nodes' error counters (src/vnet/ip/punt_error.def).
const (
	puntErrUDPPort  uint16 = 1
	puntErrSocketTx uint16 = 3
	puntErrTxError  uint16 = 5
	puntErrReadv    uint16 = 7
	puntErrAction   uint16 = 8
)

var puntErrors = plainErrors("no error", "udp port punt", "Socket RX", "Socket TX", "Socket RX error", "Socket TX error",
	"buffer allocation failure", "socket read failure", "invalid packet descriptor")

// udpPunt goes back to the IP header of packets to a port that is punted
// (udp46_punt_inline in src/vnet/ip/punt_node.c); options of the header are
// forgotten, as in VPP.
func (m *Main) udpPunt(n *vlib.Node, bufs []*vlib.Buffer, p fib.Proto) {
	for _, b := range bufs {
		b.Advance(-udpHeaders[p])
		n.SetError(b, puntErrUDPPort)
		n.Enqueue(b, uint16(p))
	}
}

// udpHeaders is how much stands in front of a UDP packet's data.
var udpHeaders = [2]int{20 + 8, 40 + 8}

// SetUDPPuntPort punts packets to a UDP port of the instance's own addresses, or
// stops whoever handles the port (punt_l4_add_del in src/vnet/ip/punt.c).
func (m *Main) SetUDPPuntPort(p fib.Proto, port uint16, on bool) {
	if !on {
		m.udpUnregister(port, p)
		return
	}
	m.udpRegister(port, p, p.String()+"-udp-punt")
}

// udpUnregister gives a port up (udp_unregister_dst_port in
// src/vnet/udp/udp_local.c).
func (m *Main) udpUnregister(port uint16, p fib.Proto) {
	if page := m.udp.slots[p][port>>8]; page != nil {
		page[port&0xff] = 0
	}
}
