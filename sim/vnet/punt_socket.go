package vnet

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// PuntSender is the socket from which punted packets go to their clients.
type PuntSender interface {
	// SendTo hands a datagram to the client that listens on path, at once; false
	// when it could not.
	SendTo(path string, datagram []byte) bool
}

// PuntType is a kind of punt, with the API's numbers (punt_type in
// src/vnet/ip/punt.api).
type PuntType uint32

// Kinds of punt.
const (
	PuntL4 PuntType = iota
	PuntIPProto
	PuntException
)

// PuntRegistration says which packets a client wants.
type PuntRegistration struct {
	Type PuntType
	// Proto, Upper and Port describe an L4 punt (the port is a message type for
	// ICMPv6), Proto and Upper an IP protocol.
	Proto fib.Proto
	Upper uint8
	Port  uint16
	// Reason is that of an exception.
	Reason uint32
}

// PuntClient is a registration with the path of the client's socket.
type PuntClient struct {
	PuntRegistration
	Path string
}

// puntSockets is the state of punting over sockets (src/vnet/ip/punt.c).
type puntSockets struct {
	path     string
	sender   PuntSender
	clients  []*PuntClient // in the order of registration
	l4       map[uint32]*PuntClient
	ipProto  map[uint32]*PuntClient
	reasons  map[uint32]*PuntClient
	datagram []byte
	rx       *vlib.Node
	count    [2]*vlib.Node // the nodes whose counters count, by protocol
}

// puntKey is a registration's place among those of its kind.
func (r *PuntRegistration) key() uint32 {
	switch r.Type {
	case PuntException:
		return r.Reason
	case PuntIPProto:
		return uint32(r.Proto)<<16 | uint32(r.Upper)
	}
	return uint32(r.Proto)<<16 | uint32(r.Port)
}

func (s *puntSockets) table(t PuntType) *map[uint32]*PuntClient {
	return [...]*map[uint32]*PuntClient{&s.l4, &s.ipProto, &s.reasons}[t]
}

// SetPuntSender opens punting over sockets: path is the name of the socket that
// sender sends from. A nil sender ends it.
func (m *Main) SetPuntSender(path string, sender PuntSender) {
	m.punt.sockets.path, m.punt.sockets.sender = path, sender
}

// PuntSocketPath is the name of the socket that punted packets come from, empty
// when there is none.
func (m *Main) PuntSocketPath() string { return m.punt.sockets.path }

// AddPuntSocket sends packets to a client's socket (vnet_punt_socket_add). The
// error, ErrUnspecified, says that no socket is configured or what cannot be
// punted.
func (m *Main) AddPuntSocket(r PuntRegistration, path string) error {
	s := &m.punt.sockets
	switch {
	case s.sender == nil:
		return fmt.Errorf("socket is not configured: %w", ErrUnspecified)
	case path == s.path:
		return fmt.Errorf("punt socket: invalid client path %s: %w", path, ErrUnspecified)
	}
	if err := m.attachPunt(&r); err != nil {
		return err
	}
	t := s.table(r.Type)
	if *t == nil {
		*t = map[uint32]*PuntClient{}
	}
	c := (*t)[r.key()]
	if c == nil {
		c = new(PuntClient)
		(*t)[r.key()] = c
		s.clients = append(s.clients, c)
	}
	*c = PuntClient{r, path}
	return nil
}

// attachPunt leads the packets of a registration to their node.
func (m *Main) attachPunt(r *PuntRegistration) error {
	p := r.Proto.String()
	switch r.Type {
	case PuntException:
		reason := m.PuntReason(r.Reason)
		if reason == nil {
			return fmt.Errorf("punt exception %d: no such reason: %w", r.Reason, ErrUnspecified)
		}
		m.puntRegister("ip-punt", reason, "exception-punt-socket")
	case PuntIPProto:
		m.registerProtocol(r.Proto, r.Upper, p+"-proto-punt-socket")
	case PuntL4:
		switch {
		case r.Port == 0xffff:
			return fmt.Errorf("port number required: %w", ErrUnspecified)
		case r.Upper == packet.ProtoUDP:
			m.udpRegister(r.Port, r.Proto, p+"-udp-punt-socket")
		case r.Upper == packet.ProtoICMPv6 && r.Proto == fib.IP6:
			m.icmp6.slots[byte(r.Port)] = m.Graph.AddNext(m.icmp6.input, "ip6-icmp-punt-socket")
		default:
			return fmt.Errorf("only UDP or ICMP6 protocol (17) is supported, got %d: %w", r.Upper, ErrUnspecified)
		}
	}
	return nil
}

// DeletePuntSocket takes a registration away; that there is none is no error,
// and whoever else handles the port or protocol loses it, too
// (vnet_punt_socket_del). Packets of an exception go on to the node that then
// finds no client, as in VPP.
func (m *Main) DeletePuntSocket(r PuntRegistration) error {
	s := &m.punt.sockets
	if s.sender == nil {
		return fmt.Errorf("socket is not configured: %w", ErrUnspecified)
	}
	switch r.Type {
	case PuntL4:
		m.udpUnregister(r.Port, r.Proto)
	case PuntIPProto:
		m.unregisterProtocol(r.Proto, r.Upper)
	}
	t := *s.table(r.Type)
	if c := t[r.key()]; c != nil {
		delete(t, r.key())
		s.clients = slices.DeleteFunc(s.clients, func(o *PuntClient) bool { return o == c })
	}
	return nil
}

// PuntSockets calls fn for the clients of a kind: exceptions by reason, others
// in the order of registration.
func (m *Main) PuntSockets(t PuntType, fn func(*PuntClient)) {
	list := slices.Clone(m.punt.sockets.clients)
	if t == PuntException {
		slices.SortFunc(list, func(a, b *PuntClient) int { return int(a.Reason) - int(b.Reason) })
	}
	for _, c := range list {
		if c.Type == t {
			fn(c)
		}
	}
}

func (m *Main) addPuntSocketNodes() {
	s := &m.punt.sockets
	add := func(name string, p fib.Proto, client func(b *vlib.Buffer) *PuntClient) *vlib.Node {
		return m.Graph.MustAdd(vlib.Registration{Name: name, Errors: puntErrors,
			Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.puntToSocket(n, bufs, p, client) }})
	}
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		m.Graph.MustAdd(vlib.Registration{Name: p.String() + "-udp-punt", Errors: puntErrors,
			Nexts: []string{"ip4-punt", "ip6-punt"}, Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.udpPunt(n, bufs, p) }})
		s.count[p] = add(p.String()+"-udp-punt-socket", p, func(b *vlib.Buffer) *PuntClient {
			b.Advance(-udpHeaders[p])
			return s.l4[uint32(p)<<16|uint32(packet.Uint16(b.Bytes(), udpHeaders[p]-packet.UDPLen+2))]
		})
	}
	add("ip4-proto-punt-socket", fib.IP4, func(b *vlib.Buffer) *PuntClient {
		return s.ipProto[uint32(packet.Uint8(b.Bytes(), 9))]
	})
	add("ip6-proto-punt-socket", fib.IP6, func(b *vlib.Buffer) *PuntClient {
		return s.ipProto[1<<16|uint32(packet.Uint8(b.Bytes(), 6))]
	})
	add("exception-punt-socket", fib.IP4, func(b *vlib.Buffer) *PuntClient { return s.reasons[b.PuntReason] })
	add("ip6-icmp-punt-socket", fib.IP6, func(b *vlib.Buffer) *PuntClient {
		return s.l4[1<<16|uint32(packet.Uint8(b.Bytes(), packet.IPv6Len))]
	})
	s.rx = m.Graph.MustAdd(vlib.Registration{Name: "punt-socket-rx", Type: vlib.NodeInput, Errors: puntErrors,
		Func: m.puntSocketRx, Nexts: []string{"interface-output", "ip4-lookup", "ip6-lookup"}})
}

// puntToSocket sends packets, from their Ethernet header on and behind a
// descriptor of the interface they were received on, to their client
// (punt_socket_inline2). Without one the rest of the vector is lost uncounted,
// as in VPP.
func (m *Main) puntToSocket(n *vlib.Node, bufs []*vlib.Buffer, p fib.Proto, client func(*vlib.Buffer) *PuntClient) {
	count := m.punt.sockets.count[p]
	lost := false
	for _, b := range bufs {
		if !lost {
			if c := client(b); c == nil {
				count.Count(puntErrTxError, 1)
				lost = true
			} else if m.sendPunt(n, b, c) {
				count.Count(puntErrSocketTx, 1)
			} else {
				count.Count(puntErrTxError, 1)
			}
		}
		m.Graph.Free(b)
	}
}

func (m *Main) sendPunt(n *vlib.Node, b *vlib.Buffer, c *PuntClient) bool {
	s := &m.punt.sockets
	b.Advance(-min(int(b.L2Len), b.Headroom()))
	if b.Trace != nil {
		var pad [64]byte
		b.Trace.Add(n, &IndexTrace{fmt.Sprintf("to: %s\n%x", c.Path, b.Window(0, pad[:]))})
	}
	s.datagram = binary.NativeEndian.AppendUint32(s.datagram[:0], b.RxSwIf)
	s.datagram = binary.NativeEndian.AppendUint32(s.datagram, 0)
	s.datagram = append(s.datagram, b.Bytes()...)
	return s.sender != nil && s.sender.SendTo(c.Path, s.datagram)
}

// What a client asks to do with a packet (punt_action_e in
// src/vnet/ip/punt.h).
const (
	puntActionL2 = iota
	puntActionIP4
	puntActionIP6
)

// puntDescriptorLen is the length of interface and action in front of a packet.
const puntDescriptorLen = 8

// PuntSocketInput takes a datagram from a client: the interface to send by or
// to act as received on, what to do, and the packet (punt_socket_rx_fd). It
// takes ownership of the instance.
func (m *Main) PuntSocketInput(datagram []byte) {
	m.Lock()
	defer m.Unlock()
	rx := m.punt.sockets.rx
	if m.closed {
		return
	}
	if len(datagram) <= puntDescriptorLen+packet.IPv4Len {
		rx.Count(puntErrReadv, 1)
		return
	}
	swIf, action := binary.NativeEndian.Uint32(datagram), binary.NativeEndian.Uint32(datagram[4:])
	if m.Interface(swIf) == nil || action > puntActionIP6 { // VPP does not look whether there is such an interface
		rx.Count(puntErrAction, 1)
		return
	}
	b := m.Graph.Alloc(datagram[puntDescriptorLen:])
	b.Flags |= vlib.FlagLocallyOriginated
	b.Opaque[0] = uint64(action)
	b.RxSwIf = swIf
	if action == puntActionL2 {
		b.RxSwIf, b.TxSwIf = 0, swIf
	}
	m.Graph.Input(rx, b)
}

// puntSocketRx passes clients' packets on.
func (m *Main) puntSocketRx(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		action, swIf := uint16(b.Opaque[0]), b.RxSwIf
		if action == puntActionL2 {
			swIf = b.TxSwIf
		}
		if b.Trace != nil {
			b.Trace.Add(n, &IndexTrace{fmt.Sprintf("%s Action: %d", m.interfaceName(swIf), action)})
		}
		if p := fib.Proto(action - 1); action != puntActionL2 && !wholeHeader(b.Bytes(), p) {
			n.Drop(b, puntErrReadv)
			continue
		}
		n.Enqueue(b, action)
	}
}

// wholeHeader says if a packet holds an IP header.
func wholeHeader(b []byte, p fib.Proto) bool {
	if p == fib.IP6 {
		return len(b) >= packet.IPv6Len
	}
	return len(b) >= packet.IPv4Len
}
