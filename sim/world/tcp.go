package world

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// Figures of TCP, as on Linux where they matter to what a user sees.
const (
	tcpWindow     = 65535       // receive buffer; no window scaling
	tcpSendBuffer = 256 << 10   // bytes written and not yet acknowledged
	tcpInitialRTO = time.Second // RFC 6298 section 2
	tcpMinRTO     = 200 * time.Millisecond
	tcpMaxRTO     = 120 * time.Second
	tcpSynRetries = 6                // a dial ends after 127 s
	tcpRetries    = 15               // a connection ends after about a quarter of an hour
	tcpLinger     = 60 * time.Second // TIME_WAIT, and FIN_WAIT_2 of a closed connection
	tcpBacklog    = 128
)

// tcpKey identifies a connection on its host.
type tcpKey struct{ local, remote netip.AddrPort }

// tcpState is that of RFC 9293 section 3.3.2.
type tcpState uint8

const (
	tcpSynSent tcpState = iota
	tcpSynReceived
	tcpEstablished
	tcpFinWait1
	tcpFinWait2
	tcpCloseWait
	tcpClosing
	tcpLastAck
	tcpTimeWait
	tcpClosed
)

var tcpStateNames = [...]string{"SYN_SENT", "SYN_RECEIVED", "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2",
	"CLOSE_WAIT", "CLOSING", "LAST_ACK", "TIME_WAIT", "CLOSED"}

// TCPListener takes connections; it implements net.Listener.
type TCPListener struct {
	host  *Host
	local netip.AddrPort
	opts  SocketOptions
	bound *Interface

	// Guarded by host.mu.
	ready   []*TCPConn
	opening int // connections in SYN_RECEIVED
	changed signal
	closed  bool
}

// ListenTCP opens a listener on a local port; the address may be unspecified
// (IPv6's takes both families) and the port zero for an ephemeral one.
func (h *Host) ListenTCP(local netip.AddrPort, o SocketOptions) (*TCPListener, error) {
	h.lock()
	defer h.unlock()
	l := &TCPListener{host: h, local: local, opts: o}
	if err := l.open(); err != nil {
		return nil, &OpError{Op: "listen tcp", Host: h.name, Src: local, Err: err}
	}
	return l, nil
}

func (l *TCPListener) open() (err error) {
	h := l.host
	if l.bound, err = h.bind(l.opts.Interface); err != nil {
		return err
	}
	addr, port := l.local.Addr(), l.local.Port()
	if !addr.IsValid() {
		addr = netip.IPv6Unspecified()
	}
	if err := h.checkLocal(addr); err != nil {
		return err
	}
	if port == 0 {
		if port, err = h.freePort(); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(h.listeners[port], func(o *TCPListener) bool { return o.local.Addr() == addr && o.bound == l.bound }) {
		return fmt.Errorf("tcp port %d is in use", port)
	}
	l.local = netip.AddrPortFrom(addr, port)
	h.listeners[port] = append(h.listeners[port], l)
	return nil
}

// Addr is the listener's own address.
func (l *TCPListener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.local) }

// LocalAddr is the listener's own address; unspecified if it takes any.
func (l *TCPListener) LocalAddr() netip.AddrPort { return l.local }

// Accept waits for the next connection, a *TCPConn.
func (l *TCPListener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP(context.Background())
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptTCP waits for the next connection.
func (l *TCPListener) AcceptTCP(ctx context.Context) (*TCPConn, error) {
	for {
		c, wait, err := l.take()
		if err == nil && wait == nil {
			return c, nil
		}
		if err == nil {
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				err = context.Cause(ctx)
			}
		}
		return nil, &OpError{Op: "accept tcp", Host: l.host.name, Src: l.local, Err: err}
	}
}

func (l *TCPListener) take() (*TCPConn, <-chan struct{}, error) {
	l.host.lock()
	defer l.host.unlock()
	switch {
	case l.closed:
		return nil, nil, ErrClosed
	case len(l.ready) == 0:
		return nil, l.changed.wait(), nil
	}
	c := l.ready[0]
	l.ready = l.ready[1:]
	return c, nil, nil
}

// Close frees the port and resets connections nobody accepted. Closing twice is
// harmless.
func (l *TCPListener) Close() error {
	l.host.lock()
	defer l.host.unlock()
	l.close()
	for _, c := range l.ready {
		c.abort(ErrClosed)
	}
	l.ready = nil
	return nil
}

func (l *TCPListener) close() {
	if l.closed {
		return
	}
	l.closed = true
	l.changed.fire()
	port := l.local.Port()
	list := slices.DeleteFunc(l.host.listeners[port], func(o *TCPListener) bool { return o == l })
	if l.host.listeners[port] = list; len(list) == 0 {
		delete(l.host.listeners, port)
	}
}

// findListener gives the listener that fits best: a given address before any.
func (h *Host) findListener(i *Interface, to netip.AddrPort) (best *TCPListener) {
	for _, l := range h.listeners[to.Port()] {
		if l.bound != nil && l.bound != i || !covers(l.local.Addr(), to.Addr()) {
			continue
		}
		if best == nil || best.local.Addr().IsUnspecified() {
			best = l
		}
	}
	return best
}

// tcpPortUsed tells whether a connection has the local port.
func (h *Host) tcpPortUsed(port uint16) bool {
	for key := range h.tcp {
		if key.local.Port() == port {
			return true
		}
	}
	return false
}

// DialTCP connects. The error is an *OpError around ErrRefused, *TimeoutError,
// *ICMPError, *NoRouteError, *NeighborError or the context's.
func (h *Host) DialTCP(ctx context.Context, remote netip.AddrPort, o SocketOptions) (*TCPConn, error) {
	start := time.Now()
	c, err := h.startDial(remote, o)
	if err != nil {
		return nil, &OpError{Op: "dial tcp", Host: h.name, Dst: remote, Err: err}
	}
	for {
		open, wait, err := c.opened()
		if open {
			return c, nil
		}
		if err == nil {
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				err = c.giveUpDial(ctx, time.Since(start))
			}
		}
		return nil, &OpError{Op: "dial tcp", Host: h.name, Src: c.key.local, Dst: remote, Trace: c.Trace(), Err: err}
	}
}

// startDial sends the first SYN.
func (h *Host) startDial(remote netip.AddrPort, o SocketOptions) (*TCPConn, error) {
	h.lock()
	defer h.unlock()
	if !remote.Addr().IsValid() || remote.Port() == 0 {
		return nil, errors.New("want an address and port")
	}
	bound, err := h.bind(o.Interface)
	if err != nil {
		return nil, err
	}
	p := &outPacket{src: o.Src, dst: remote.Addr(), proto: packet.ProtoTCP, bound: bound}
	to, err := h.resolve(p)
	if err != nil {
		return nil, err
	}
	if remote.Addr().Zone() != "" && bound == nil {
		bound = to.iface
	}
	port := o.SrcPort
	if port == 0 {
		if port, err = h.freePort(); err != nil {
			return nil, err
		}
	}
	key := tcpKey{netip.AddrPortFrom(p.src, port), netip.AddrPortFrom(p.dst, remote.Port())}
	if h.tcp[key] != nil {
		return nil, fmt.Errorf("connection %v to %v exists", key.local, key.remote)
	}
	c := h.newTCP(key, o, bound)
	c.state = tcpSynSent
	if err := c.sendSYN(); err != nil {
		c.finish(err)
		return nil, err
	}
	return c, nil
}

// newTCP registers a connection.
func (h *Host) newTCP(key tcpKey, o SocketOptions, bound *Interface) *TCPConn {
	h.isn += 0x01000193
	c := &TCPConn{host: h, key: key, opts: o, bound: bound, rto: tcpInitialRTO,
		iss: h.isn, una: h.isn, next: h.isn, most: h.isn, base: h.isn + 1}
	h.tcp[key] = c
	return c
}

// opened tells whether the handshake is over, or why it never will be.
func (c *TCPConn) opened() (bool, <-chan struct{}, error) {
	c.host.lock()
	defer c.host.unlock()
	if c.err != nil {
		return false, nil, c.err
	}
	if c.state == tcpSynSent || c.state == tcpSynReceived {
		return false, c.changed.wait(), nil
	}
	return true, nil, nil
}

// giveUpDial forgets a connection whose dialler did not want to wait longer.
func (c *TCPConn) giveUpDial(ctx context.Context, after time.Duration) error {
	c.host.lock()
	defer c.host.unlock()
	err := context.Cause(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = &TimeoutError{What: "syn-ack from " + c.key.remote.String(), After: after, Err: err}
	}
	c.finish(err)
	return err
}

// closeSockets ends all sockets and probes of a host that closes, silently.
func (h *Host) closeSockets() {
	for _, list := range h.udp {
		for _, c := range slices.Clone(list) {
			c.close()
		}
	}
	for _, list := range h.listeners {
		for _, l := range slices.Clone(list) {
			l.close()
		}
	}
	for _, c := range h.tcp {
		c.finish(ErrClosed)
	}
	for _, p := range h.pings {
		p.stop()
	}
}
