package world

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// TCPConn is a TCP connection; it implements net.Conn. Its other side may be
// any TCP. It retransmits after timeouts and three duplicate acknowledgements
// (RFC 6298, 5681), orders what arrives, and follows the path's MTU; it has
// neither window scaling nor selective acknowledgements.
type TCPConn struct {
	host     *Host
	key      tcpKey
	opts     SocketOptions
	bound    *Interface
	listener *TCPListener // it was accepted by, until established

	// What follows is guarded by host.mu.
	state   tcpState
	err     error // why it ended; io.EOF never
	soft    error // an error that may pass: told when the connection times out
	changed signal
	trace   packet.TraceID // of the first segment sent
	cause   packet.TraceID // of the segment being answered
	peerTTL uint8          // of the last segment received

	// Sending: base is the sequence number of out[0].
	iss, una, next, most, base uint32
	out                        []byte
	fin                        bool // send FIN after out
	window                     int  // the other side's
	wl1, wl2                   uint32
	peerMSS                    int
	cwnd, ssthresh             int
	dupAcks                    int
	recovering                 bool
	recover                    uint32

	// Timing.
	timer        hostTimer
	rto          time.Duration
	srtt, rttvar time.Duration
	timing       bool
	timed        uint32
	timedAt      time.Time
	retries      int

	// Receiving.
	rcvNext    uint32
	in         []byte
	later      []segment // out of order, sorted
	eof        bool
	userClosed bool

	readBy, writeBy time.Time // deadlines
}

// Local is the connection's own address and port.
func (c *TCPConn) Local() netip.AddrPort { return c.key.local }

// Remote is the other side's address and port as seen here.
func (c *TCPConn) Remote() netip.AddrPort { return c.key.remote }

// LocalAddr is Local as a *net.TCPAddr.
func (c *TCPConn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.key.local) }

// RemoteAddr is Remote as a *net.TCPAddr.
func (c *TCPConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.key.remote) }

// Trace is that of the first segment this side sent: the SYN, or the SYN-ACK.
func (c *TCPConn) Trace() packet.TraceID {
	c.host.lock()
	defer c.host.unlock()
	return c.trace
}

// PeerTTL is the TTL or hop limit of the last segment received, zero before the
// first.
func (c *TCPConn) PeerTTL() uint8 {
	c.host.lock()
	defer c.host.unlock()
	return c.peerTTL
}

// State is the connection's state by its name in RFC 9293, as ss(8) shows it.
func (c *TCPConn) State() string {
	c.host.lock()
	defer c.host.unlock()
	return tcpStateNames[c.state]
}

// Read gives received data; io.EOF after the other side's FIN.
func (c *TCPConn) Read(b []byte) (int, error) {
	for {
		n, wait, by, err := c.read(b)
		if err == nil && wait != nil {
			if err = await(wait, by); err == nil {
				continue
			}
		}
		return n, c.opError("read tcp", err)
	}
}

// read takes what is there, or tells what to wait for and until when.
func (c *TCPConn) read(b []byte) (int, <-chan struct{}, time.Time, error) {
	c.host.lock()
	defer c.host.unlock()
	switch {
	case c.userClosed:
		return 0, nil, time.Time{}, ErrClosed
	case len(c.in) > 0 || len(b) == 0:
		before := c.room()
		n := copy(b, c.in)
		c.in = c.in[n:]
		if mss := c.mss(); before < mss && c.room() >= min(2*mss, tcpWindow/2) && c.state < tcpTimeWait {
			c.ack() // the window opened
		}
		return n, nil, time.Time{}, nil
	case c.eof:
		return 0, nil, time.Time{}, io.EOF
	case c.err != nil:
		return 0, nil, time.Time{}, c.err
	case passed(c.readBy):
		return 0, nil, time.Time{}, os.ErrDeadlineExceeded
	}
	return 0, c.changed.wait(), c.readBy, nil
}

// Write queues data for sending; it blocks while more than 256 KiB wait for
// acknowledgement.
func (c *TCPConn) Write(b []byte) (int, error) {
	written := 0
	for {
		n, wait, by, err := c.write(b[written:])
		written += n
		if err == nil && written < len(b) {
			err = await(wait, by)
		}
		if err != nil || written == len(b) {
			return written, c.opError("write tcp", err)
		}
	}
}

func (c *TCPConn) write(b []byte) (int, <-chan struct{}, time.Time, error) {
	c.host.lock()
	defer c.host.unlock()
	switch {
	case c.userClosed || c.fin:
		return 0, nil, time.Time{}, ErrClosed
	case c.err != nil:
		return 0, nil, time.Time{}, c.err
	case passed(c.writeBy):
		return 0, nil, time.Time{}, os.ErrDeadlineExceeded
	}
	n := min(len(b), tcpSendBuffer-len(c.out))
	c.out = append(c.out, b[:n]...)
	c.push()
	return n, c.changed.wait(), c.writeBy, nil
}

// passed tells whether a deadline is set and over.
func passed(by time.Time) bool { return !by.IsZero() && !time.Now().Before(by) }

// await waits for a change or a deadline, zero for none.
func await(change <-chan struct{}, by time.Time) error {
	if by.IsZero() {
		<-change
		return nil
	}
	t := time.NewTimer(time.Until(by))
	defer t.Stop()
	select {
	case <-change:
		return nil
	case <-t.C:
		return os.ErrDeadlineExceeded
	}
}

// opError dresses an error, but not io.EOF.
func (c *TCPConn) opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &OpError{Op: op, Host: c.host.name, Src: c.key.local, Dst: c.key.remote, Err: err}
}

// CloseWrite sends FIN after what was written; reading goes on.
func (c *TCPConn) CloseWrite() error {
	c.host.lock()
	defer c.host.unlock()
	if c.err != nil {
		return c.opError("close tcp", c.err)
	}
	c.sendFin()
	return nil
}

// Close ends the connection in order: what was written is still delivered, by
// retransmission if need be. Data received and not read makes it a reset, as on
// Linux. Closing twice is harmless.
func (c *TCPConn) Close() error {
	c.host.lock()
	defer c.host.unlock()
	if c.userClosed {
		return nil
	}
	c.userClosed = true
	c.changed.fire()
	switch {
	case c.state == tcpClosed || c.state == tcpTimeWait:
	case len(c.in) > 0 || c.state == tcpSynReceived:
		c.abort(ErrClosed)
	default:
		c.sendFin()
		if c.state == tcpFinWait2 {
			c.timer.arm(c.host, tcpLinger, func() { c.finish(ErrClosed) })
		}
	}
	return nil
}

// Abort breaks the connection off with RST.
func (c *TCPConn) Abort() {
	c.host.lock()
	defer c.host.unlock()
	c.userClosed = true
	c.abort(ErrClosed)
}

// SetDeadline limits reading and writing; zero is no limit.
func (c *TCPConn) SetDeadline(t time.Time) error {
	c.host.lock()
	defer c.host.unlock()
	c.readBy, c.writeBy = t, t
	c.changed.fire()
	return nil
}

// SetReadDeadline limits reading; zero is no limit.
func (c *TCPConn) SetReadDeadline(t time.Time) error {
	c.host.lock()
	defer c.host.unlock()
	c.readBy = t
	c.changed.fire()
	return nil
}

// SetWriteDeadline limits writing; zero is no limit.
func (c *TCPConn) SetWriteDeadline(t time.Time) error {
	c.host.lock()
	defer c.host.unlock()
	c.writeBy = t
	c.changed.fire()
	return nil
}

// finish ends the connection without telling the other side.
func (c *TCPConn) finish(err error) {
	c.timer.stop()
	if c.listener != nil {
		c.listener.opening--
		c.listener = nil
	}
	c.state = tcpClosed
	if c.err == nil {
		c.err = err
	}
	c.out = nil
	c.later = nil
	if c.host.tcp[c.key] == c {
		delete(c.host.tcp, c.key)
	}
	c.changed.fire()
}

// abort ends the connection and tells the other side by RST.
func (c *TCPConn) abort(err error) {
	if c.state != tcpClosed && c.state != tcpSynSent && c.state != tcpTimeWait {
		_ = c.transmit(packet.TCPRst|packet.TCPAck, c.next, nil, 0)
	}
	c.finish(err)
}

// errorTCP tells a connection what became of a segment it sent.
func (h *Host) errorTCP(q quote, err error) bool {
	key := tcpKey{netip.AddrPortFrom(q.src, packet.Uint16(q.head, 0)), netip.AddrPortFrom(q.dst, packet.Uint16(q.head, 2))}
	c := h.tcp[key]
	if c == nil {
		return false
	}
	seq := packet.Uint32(q.head, 4)
	var icmp *ICMPError
	switch {
	case int32(seq-c.una) < 0 || int32(seq-c.most) > 0:
		return false // not about anything under way
	case errors.As(err, &icmp) && icmp.TooBig():
		if c.state >= tcpEstablished && c.next != c.una {
			c.next = c.una
			c.timing = false
			c.push()
		}
	case c.state == tcpSynSent:
		c.finish(err)
	default:
		c.soft = err
	}
	return true
}
