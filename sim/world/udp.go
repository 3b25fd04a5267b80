package world

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// udpBacklog is how many datagrams a socket keeps for its reader.
const udpBacklog = 1024

// signal wakes goroutines that wait for a change of a socket. Its methods
// assume that the caller holds the host's lock.
type signal struct{ ch chan struct{} }

// wait gives a channel that is closed at the next change.
func (s *signal) wait() <-chan struct{} {
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

// fire wakes all who wait.
func (s *signal) fire() {
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}

// UDPConn is a UDP socket.
type UDPConn struct {
	host   *Host
	local  netip.AddrPort
	remote netip.AddrPort // zero unless dialled
	opts   SocketOptions
	bound  *Interface
	handle func(Datagram) []byte

	// Guarded by host.mu.
	queue   []Datagram
	errs    []error
	changed signal
	closed  bool
}

// ListenUDP opens a socket on a local port; the address may be unspecified
// (IPv6's takes both families) and the port zero for an ephemeral one.
func (h *Host) ListenUDP(local netip.AddrPort, o SocketOptions) (*UDPConn, error) {
	return h.openUDP("listen udp", local, netip.AddrPort{}, o, nil)
}

// HandleUDP answers each datagram at a local port with what handle returns, nil
// for nothing, from the address it was sent to. handle runs on the world's
// goroutine and must not block.
func (h *Host) HandleUDP(local netip.AddrPort, o SocketOptions, handle func(Datagram) []byte) (*UDPConn, error) {
	return h.openUDP("listen udp", local, netip.AddrPort{}, o, handle)
}

// DialUDP opens a socket that talks to one remote address only. It is an error
// if there is no route to it; nothing is sent.
func (h *Host) DialUDP(remote netip.AddrPort, o SocketOptions) (*UDPConn, error) {
	if !remote.Addr().IsValid() || remote.Port() == 0 {
		return nil, &OpError{Op: "dial udp", Host: h.name, Dst: remote, Err: errors.New("want an address and port")}
	}
	return h.openUDP("dial udp", netip.AddrPortFrom(o.Src, o.SrcPort), remote, o, nil)
}

func (h *Host) openUDP(op string, local, remote netip.AddrPort, o SocketOptions, handle func(Datagram) []byte) (*UDPConn, error) {
	h.lock()
	defer h.unlock()
	c := &UDPConn{host: h, local: local, remote: remote, opts: o, handle: handle}
	err := c.open()
	if err != nil {
		return nil, &OpError{Op: op, Host: h.name, Src: local, Dst: remote, Err: err}
	}
	return c, nil
}

func (c *UDPConn) open() (err error) {
	h := c.host
	if c.bound, err = h.bind(c.opts.Interface); err != nil {
		return err
	}
	addr := c.local.Addr()
	if c.remote.IsValid() {
		p := &outPacket{src: addr, dst: c.remote.Addr(), proto: packet.ProtoUDP, bound: c.bound}
		if _, err := h.resolve(p); err != nil {
			return err
		}
		addr = p.src
	}
	if !addr.IsValid() {
		addr = netip.IPv6Unspecified()
	}
	if err := h.checkLocal(addr); err != nil {
		return err
	}
	port := c.local.Port()
	if port == 0 {
		if port, err = h.freePort(); err != nil {
			return err
		}
	} else if slices.ContainsFunc(h.udp[port], c.clashes(addr)) {
		return fmt.Errorf("udp port %d is in use", port)
	}
	c.local = netip.AddrPortFrom(addr, port)
	h.udp[port] = append(h.udp[port], c)
	return nil
}

// clashes tells whether an open socket would take the same datagrams.
func (c *UDPConn) clashes(addr netip.Addr) func(*UDPConn) bool {
	return func(o *UDPConn) bool {
		return o.bound == c.bound && o.remote == c.remote && o.local.Addr() == addr
	}
}

// checkLocal tells whether sockets may bind to an address.
func (h *Host) checkLocal(a netip.Addr) error {
	switch {
	case h.closed:
		return ErrClosed
	case a.IsUnspecified() || a.IsMulticast() || h.isOwn(a):
		return nil
	}
	return fmt.Errorf("%v is not an address of host %s", a, h.name)
}

// freePort finds an ephemeral port that neither UDP nor TCP uses.
func (h *Host) freePort() (uint16, error) {
	for range 0xffff - firstPort {
		port := h.port
		if h.port++; h.port < firstPort {
			h.port = firstPort
		}
		if len(h.udp[port]) == 0 && len(h.listeners[port]) == 0 && !h.tcpPortUsed(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("host %s: no ephemeral port is free", h.name)
}

// LocalAddr is the socket's own address; unspecified if it takes any.
func (c *UDPConn) LocalAddr() netip.AddrPort { return c.local }

// Send sends a datagram to the remote address of a dialled socket.
func (c *UDPConn) Send(data []byte) (packet.TraceID, error) { return c.SendTo(data, c.remote) }

// SendTo sends a datagram. What becomes of it on the way, Receive tells.
func (c *UDPConn) SendTo(data []byte, to netip.AddrPort) (packet.TraceID, error) {
	return c.sendFrom(data, c.local.Addr(), to, 0)
}

// Reply answers a datagram from the address it was sent to. The answer's trace
// has the datagram's as its cause.
func (c *UDPConn) Reply(d Datagram, data []byte) (packet.TraceID, error) {
	return c.sendFrom(data, d.To.Addr(), d.From, d.Trace)
}

func (c *UDPConn) sendFrom(data []byte, from netip.Addr, to netip.AddrPort, cause packet.TraceID) (packet.TraceID, error) {
	h := c.host
	h.lock()
	defer h.unlock()
	trace, err := c.send(data, from, to, cause)
	if err != nil {
		return 0, &OpError{Op: "send udp", Host: h.name, Src: c.local, Dst: to, Err: err}
	}
	return trace, nil
}

func (c *UDPConn) send(data []byte, from netip.Addr, to netip.AddrPort, cause packet.TraceID) (packet.TraceID, error) {
	switch {
	case c.closed:
		return 0, ErrClosed
	case !to.Addr().IsValid() || to.Port() == 0:
		return 0, errors.New("want an address and port to send to")
	case len(data) > 65535-packet.IPv4Len-packet.UDPLen:
		return 0, fmt.Errorf("datagram of %d bytes: want at most 65507", len(data))
	}
	if from.IsUnspecified() || from.IsMulticast() || from == broadcast4 {
		from = c.opts.Src
	}
	buf, seg := newSegment(to.Addr(), packet.UDPLen+len(data))
	packet.UDP(seg).Encode(c.local.Port(), to.Port(), len(seg))
	copy(seg[packet.UDPLen:], data)
	return c.host.send(&outPacket{src: from, dst: to.Addr(), proto: packet.ProtoUDP, ttl: c.opts.TTL, tos: c.opts.TOS,
		df: c.opts.DontFragment, bound: c.bound, buf: buf, cause: cause, srcPort: c.local.Port(), dstPort: to.Port()})
}

// Receive waits for a datagram, or the error that an earlier one met
// (*ICMPError, *NeighborError), in an *OpError.
func (c *UDPConn) Receive(ctx context.Context) (Datagram, error) {
	for {
		d, wait, err := c.take()
		if err != nil {
			return Datagram{}, &OpError{Op: "receive udp", Host: c.host.name, Src: c.local, Dst: c.remote, Err: err}
		}
		if wait == nil {
			return d, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return Datagram{}, &OpError{Op: "receive udp", Host: c.host.name, Src: c.local, Dst: c.remote, Err: context.Cause(ctx)}
		}
	}
}

// take gives the oldest error or datagram, or a channel to wait on.
func (c *UDPConn) take() (d Datagram, wait <-chan struct{}, err error) {
	c.host.lock()
	defer c.host.unlock()
	switch {
	case len(c.errs) > 0:
		err, c.errs = c.errs[0], c.errs[1:]
		return d, nil, err
	case len(c.queue) > 0:
		d, c.queue = c.queue[0], c.queue[1:]
		return d, nil, nil
	case c.closed:
		return d, nil, ErrClosed
	}
	return d, c.changed.wait(), nil
}

// receiveWithin is Receive with a time limit that names what was waited for.
func (c *UDPConn) receiveWithin(ctx context.Context, limit time.Duration, what string) (Datagram, error) {
	timeout := &TimeoutError{What: what, After: limit}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, timeout)
	defer cancel()
	return c.Receive(ctx)
}

// ExchangeUDP sends one datagram and waits for the answer, at most timeout
// (zero: one second). trace is that of the datagram sent; the answer's From
// and the other side's view of the sender are what it carries.
func (h *Host) ExchangeUDP(ctx context.Context, remote netip.AddrPort, data []byte, timeout time.Duration, o SocketOptions) (reply Datagram, trace packet.TraceID, err error) {
	if timeout == 0 {
		timeout = defaultTimeout
	}
	c, err := h.DialUDP(remote, o)
	if err != nil {
		return reply, 0, err
	}
	defer func() { _ = c.Close() }()
	if trace, err = c.Send(data); err != nil {
		return reply, 0, err
	}
	reply, err = c.receiveWithin(ctx, timeout, "datagram from "+remote.String())
	return reply, trace, err
}

// Close frees the port; a blocked Receive returns ErrClosed. Closing twice is
// harmless.
func (c *UDPConn) Close() error {
	h := c.host
	h.lock()
	defer h.unlock()
	c.close()
	return nil
}

func (c *UDPConn) close() {
	if c.closed {
		return
	}
	c.closed = true
	c.changed.fire()
	port := c.local.Port()
	list := slices.DeleteFunc(c.host.udp[port], func(o *UDPConn) bool { return o == c })
	if c.host.udp[port] = list; len(list) == 0 {
		delete(c.host.udp, port)
	}
}

// inputUDP gives a datagram to its socket.
func (h *Host) inputUDP(in *inPacket) Reason {
	u := packet.UDP(in.payload)
	if !u.Valid() {
		return ReasonMalformed
	}
	from, to := netip.AddrPortFrom(in.src, u.SrcPort()), netip.AddrPortFrom(in.dst, u.DstPort())
	c := h.findUDP(in.iface, from, to)
	if c == nil {
		if !in.group {
			h.unreachable(in, packet.ICMPPortUnreachable, packet.ICMPv6PortUnreachable)
		}
		return ReasonNoListener
	}
	d := Datagram{Data: slices.Clone(u.Payload()), From: from, To: to, Interface: in.ifname(),
		TTL: in.ttl, TOS: in.tos, Trace: in.trace, Time: time.Now()}
	if c.handle != nil {
		h.callbacks = append(h.callbacks, func() { c.answer(d) })
		return ""
	}
	if len(c.queue) >= udpBacklog {
		return ReasonQueueFull
	}
	c.queue = append(c.queue, d)
	c.changed.fire()
	return ""
}

// answer runs the handler, without the host's lock.
func (c *UDPConn) answer(d Datagram) {
	if reply := c.handle(d); reply != nil {
		_, _ = c.Reply(d, reply) // nobody is there to be told
	}
}

// findUDP gives the socket that fits best: dialled before listening, a given
// address before any.
func (h *Host) findUDP(i *Interface, from, to netip.AddrPort) (best *UDPConn) {
	most := -1
	for _, c := range h.udp[to.Port()] {
		if c.bound != nil && c.bound != i || !covers(c.local.Addr(), to.Addr()) || c.remote.IsValid() && !sameRemote(c.remote, from) {
			continue
		}
		score := 0
		if c.remote.IsValid() {
			score += 2
		}
		if !c.local.Addr().IsUnspecified() {
			score++
		}
		if score > most {
			best, most = c, score
		}
	}
	return best
}

// sameRemote compares without the zone of a dialled link-local address.
func sameRemote(dialled, seen netip.AddrPort) bool {
	return dialled.Port() == seen.Port() && dialled.Addr().WithZone("") == seen.Addr()
}

// covers tells whether a socket bound to local takes packets to dst. IPv6's
// unspecified address takes both families.
func covers(local, dst netip.Addr) bool {
	return local == dst || local == netip.IPv6Unspecified() || local == netip.IPv4Unspecified() && dst.Is4()
}

// errorUDP tells a socket what became of a datagram it sent.
func (h *Host) errorUDP(q quote, err error) bool {
	from := netip.AddrPortFrom(q.src, packet.Uint16(q.head, 0))
	to := netip.AddrPortFrom(q.dst, packet.Uint16(q.head, 2))
	c := h.findUDP(nil, to, from)
	if c == nil {
		c = h.findBoundUDP(to, from)
	}
	if c == nil {
		return false
	}
	if c.handle == nil && len(c.errs) < udpBacklog {
		c.errs = append(c.errs, err)
		c.changed.fire()
	}
	return true
}

// findBoundUDP looks among the sockets bound to an interface.
func (h *Host) findBoundUDP(remote, local netip.AddrPort) *UDPConn {
	for _, i := range h.interfaces {
		if c := h.findUDP(i, remote, local); c != nil {
			return c
		}
	}
	return nil
}
