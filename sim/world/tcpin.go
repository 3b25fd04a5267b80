package world

import (
	"net/netip"
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// segment is a received TCP segment, or a part of the stream kept for later.
type segment struct {
	seq, ack uint32
	flags    uint8
	window   int
	mss      int
	data     []byte
}

// end is the sequence number after the segment.
func (s *segment) end() uint32 {
	n := s.seq + uint32(len(s.data))
	if s.flags&packet.TCPSyn != 0 {
		n++
	}
	if s.flags&packet.TCPFin != 0 {
		n++
	}
	return n
}

func (s *segment) has(flags uint8) bool { return s.flags&flags == flags }

// inputTCP gives a segment to its connection or listener.
func (h *Host) inputTCP(in *inPacket) Reason {
	t := packet.TCP(in.payload)
	if !t.Valid() || in.group {
		return ReasonMalformed
	}
	s := &segment{seq: t.Seq(), ack: t.Ack(), flags: t.Flags(), window: int(t.Window()), mss: t.MSS(), data: t.Payload()}
	key := tcpKey{netip.AddrPortFrom(in.dst, t.DstPort()), netip.AddrPortFrom(in.src, t.SrcPort())}
	c := h.tcp[key]
	if c != nil && c.bound != nil && in.iface != nil && c.bound != in.iface {
		c = nil
	}
	if c != nil && c.state == tcpTimeWait && s.has(packet.TCPSyn) && !s.has(packet.TCPAck) {
		c.finish(ErrClosed)
		c = nil
	}
	if c == nil {
		return h.inputNewTCP(in, key, s)
	}
	c.cause, c.peerTTL = in.trace, in.ttl
	c.input(s)
	c.cause = 0
	return ""
}

// inputNewTCP accepts a SYN at a listener and resets all else.
func (h *Host) inputNewTCP(in *inPacket, key tcpKey, s *segment) Reason {
	l := h.findListener(in.iface, key.local)
	if s.has(packet.TCPRst) {
		return ReasonNoListener
	}
	if l == nil || !s.has(packet.TCPSyn) || s.has(packet.TCPAck) {
		h.resetTCP(in, key, s)
		return ReasonNoListener
	}
	if len(l.ready)+l.opening >= tcpBacklog {
		return ReasonQueueFull
	}
	l.opening++
	bound := l.bound
	if bound == nil {
		bound = in.replyBy()
	}
	c := h.newTCP(key, l.opts, bound)
	c.listener, c.state, c.cause, c.peerTTL = l, tcpSynReceived, in.trace, in.ttl
	c.rcvNext, c.peerMSS, c.window, c.wl1 = s.seq+1, s.mss, s.window, s.seq
	_ = c.sendSYN() // no way back: the timer tries again
	c.cause = 0
	return ""
}

// resetTCP answers a segment that belongs to no connection (RFC 9293 section
// 3.10.7.1).
func (h *Host) resetTCP(in *inPacket, key tcpKey, s *segment) {
	f := packet.TCPFields{SrcPort: key.local.Port(), DstPort: key.remote.Port(), Flags: packet.TCPRst | packet.TCPAck, Ack: s.end()}
	if s.has(packet.TCPAck) {
		f.Flags, f.Seq, f.Ack = packet.TCPRst, s.ack, 0
	}
	buf, seg := newSegment(in.src, f.Len())
	f.Encode(seg)
	_, _ = h.send(&outPacket{src: in.dst, dst: in.src, proto: packet.ProtoTCP, df: true, buf: buf, cause: in.trace,
		bound: in.replyBy(), srcPort: f.SrcPort, dstPort: f.DstPort}) // no way back: nothing to tell anybody
}

// input takes a segment through RFC 9293 section 3.10.7.
func (c *TCPConn) input(s *segment) {
	if c.state == tcpSynSent {
		c.inputSynSent(s)
		return
	}
	if !c.acceptable(s) {
		if !s.has(packet.TCPRst) {
			c.ack()
		}
		return
	}
	if s.has(packet.TCPRst) {
		if s.seq == c.rcvNext {
			c.finish(ErrReset)
		} else {
			c.ack() // RFC 5961: challenge
		}
		return
	}
	if s.has(packet.TCPSyn) || !s.has(packet.TCPAck) {
		if s.has(packet.TCPSyn) {
			c.ack()
		}
		return
	}
	if c.state == tcpSynReceived && !c.establish(s) {
		return
	}
	if !c.inputAck(s) {
		return
	}
	c.inputData(s)
	c.push()
}

// inputSynSent waits for the other side's SYN-ACK.
func (c *TCPConn) inputSynSent(s *segment) {
	if s.has(packet.TCPAck) && s.ack != c.iss+1 {
		return
	}
	if s.has(packet.TCPRst) {
		if s.has(packet.TCPAck) {
			c.finish(ErrRefused)
		}
		return
	}
	if !s.has(packet.TCPSyn | packet.TCPAck) {
		return // simultaneous open is not supported: the SYNs repeat in vain
	}
	if c.retries == 0 {
		c.measure(max(time.Since(c.timedAt), tick))
	}
	c.rcvNext, c.peerMSS = s.seq+1, s.mss
	c.una, c.window, c.wl1, c.wl2 = s.ack, s.window, s.seq, s.ack
	c.state, c.retries = tcpEstablished, 0
	c.timer.stop()
	c.ack()
	c.changed.fire()
	c.push()
}

// establish ends the handshake on the listener's side; false if the segment
// does not acknowledge our SYN.
func (c *TCPConn) establish(s *segment) bool {
	if s.ack != c.iss+1 && int32(s.ack-c.iss) <= 0 {
		return false
	}
	c.state, c.retries = tcpEstablished, 0
	l := c.listener
	c.listener = nil
	l.opening--
	if l.closed {
		c.abort(ErrClosed)
		return false
	}
	l.ready = append(l.ready, c)
	l.changed.fire()
	return true
}

// acceptable tells whether the segment lies in the receive window.
func (c *TCPConn) acceptable(s *segment) bool {
	size, room := s.end()-s.seq, uint32(c.room())
	inside := func(seq uint32) bool { return seq-c.rcvNext < room }
	switch {
	case size == 0 && room == 0:
		return s.seq == c.rcvNext
	case size == 0:
		return inside(s.seq)
	case room == 0:
		return s.seq == c.rcvNext && s.has(packet.TCPRst)
	}
	return inside(s.seq) || inside(s.end()-1)
}

// inputAck handles the acknowledgement and the window; false if the segment is
// done with.
func (c *TCPConn) inputAck(s *segment) bool {
	acked := int32(s.ack - c.una)
	switch {
	case int32(s.ack-c.most) > 0: // of something never sent
		c.ack()
		return false
	case acked > 0:
		c.advance(s.ack)
	case acked == 0 && len(s.data) == 0 && !s.has(packet.TCPFin) && s.window == c.window && c.una != c.most:
		c.duplicate()
	}
	if c.window == 0 && s.window == 0 {
		c.retries = min(c.retries, 8) // the other side lives: probe on
	}
	if newer := int32(s.seq - c.wl1); acked >= 0 && (newer > 0 || newer == 0 && int32(s.ack-c.wl2) >= 0) {
		if c.window == 0 && s.window > 0 {
			c.retries = 0
			c.timer.stop()
			c.next = c.una
		}
		c.window, c.wl1, c.wl2 = s.window, s.seq, s.ack
	}
	return c.finAcked()
}

// advance takes acknowledged data off the buffer.
func (c *TCPConn) advance(ack uint32) {
	n := int(ack - c.una)
	data := min(max(int(int32(ack-c.base)), 0), len(c.out))
	c.out = c.out[data:]
	c.base += uint32(data)
	if len(c.out) == 0 {
		c.out = nil
	}
	c.una = ack
	if int32(c.next-ack) < 0 {
		c.next = ack
	}
	c.retries, c.soft = 0, nil
	if c.timing && int32(ack-c.timed) >= 0 {
		c.timing = false
		c.measure(max(time.Since(c.timedAt), tick))
	}
	c.grow(n, ack)
	c.timer.stop()
	if c.una != c.most {
		c.armTimer()
	}
	c.changed.fire()
}

// grow opens the congestion window (RFC 5681, NewReno's partial
// acknowledgements RFC 6582).
func (c *TCPConn) grow(n int, ack uint32) {
	mss := c.mss()
	switch {
	case c.recovering && int32(ack-c.recover) < 0:
		c.resendFirst()
		c.cwnd = max(c.cwnd-n+mss, mss)
	case c.recovering:
		c.recovering, c.cwnd = false, c.ssthresh
	case c.cwnd < c.ssthresh:
		c.cwnd += min(n, mss)
	case c.cwnd > 0:
		c.cwnd += max(mss*mss/c.cwnd, 1)
	}
	c.dupAcks = 0
}

// duplicate counts duplicate acknowledgements; the third repeats the segment
// that seems lost.
func (c *TCPConn) duplicate() {
	mss := c.mss()
	c.dupAcks++
	switch {
	case c.recovering:
		c.cwnd += mss
	case c.dupAcks == 3:
		c.ssthresh = max(int(c.most-c.una)/2, 2*mss)
		c.cwnd = c.ssthresh + 3*mss
		c.recovering, c.recover = true, c.most
		c.resendFirst()
	}
}

// finAcked moves the state on when our FIN is acknowledged; false if that ended
// the connection.
func (c *TCPConn) finAcked() bool {
	if !c.fin || len(c.out) > 0 || c.una != c.base+1 {
		return true
	}
	switch c.state {
	case tcpFinWait1:
		c.state = tcpFinWait2
		c.timer.stop()
		if c.userClosed {
			c.timer.arm(c.host, tcpLinger, func() { c.finish(nil) })
		}
	case tcpClosing:
		c.linger()
	case tcpLastAck:
		c.finish(nil)
		return false
	}
	return true
}

// linger stays in TIME_WAIT to answer a repeated FIN.
func (c *TCPConn) linger() {
	c.state = tcpTimeWait
	c.timer.arm(c.host, tcpLinger, func() { c.finish(nil) })
}

// inputData puts data in order and acknowledges it.
func (c *TCPConn) inputData(s *segment) {
	if s.end() == s.seq {
		return
	}
	if c.userClosed && len(s.data) > 0 && int32(s.end()-c.rcvNext) > 0 {
		c.abort(ErrReset) // nobody will read it
		return
	}
	c.keep(s)
	for len(c.later) > 0 && int32(c.later[0].seq-c.rcvNext) <= 0 {
		first := c.later[0]
		c.later = c.later[1:]
		c.take(&first)
	}
	c.ack()
}

// keep sorts a segment among those that wait for their turn.
func (c *TCPConn) keep(s *segment) {
	if c.eof {
		return
	}
	at := slices.IndexFunc(c.later, func(o segment) bool { return int32(o.seq-s.seq) > 0 })
	if at < 0 {
		at = len(c.later)
	}
	if at > 0 && c.later[at-1].seq == s.seq && int32(c.later[at-1].end()-s.end()) >= 0 {
		return // a duplicate
	}
	c.later = slices.Insert(c.later, at, segment{seq: s.seq, flags: s.flags & packet.TCPFin, data: slices.Clone(s.data)})
}

// take appends a segment whose turn it is.
func (c *TCPConn) take(s *segment) {
	if int32(s.end()-c.rcvNext) <= 0 || c.eof {
		return
	}
	data := s.data[min(int(c.rcvNext-s.seq), len(s.data)):]
	fin := s.has(packet.TCPFin)
	if room := c.room(); len(data) > room {
		data, fin = data[:room], false
	}
	c.in = append(c.in, data...)
	c.rcvNext += uint32(len(data))
	c.changed.fire()
	if fin {
		c.rcvNext++
		c.eof = true
		c.inputFin()
	}
}

// inputFin moves the state on at the other side's FIN.
func (c *TCPConn) inputFin() {
	switch c.state {
	case tcpEstablished:
		c.state = tcpCloseWait
	case tcpFinWait1:
		c.state = tcpClosing
	case tcpFinWait2:
		c.linger()
	}
}
