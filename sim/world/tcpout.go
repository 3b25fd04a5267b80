package world

import (
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// mss is the largest segment to send now, in bytes of data: what the other side
// takes, the path's MTU and the user's limit allow.
func (c *TCPConn) mss() int {
	mss := c.localMSS(true)
	if c.peerMSS > 0 {
		mss = min(mss, c.peerMSS)
	}
	return max(mss, 1)
}

// localMSS follows from the MTU of the way out, path or interface alone.
func (c *TCPConn) localMSS(path bool) int {
	v4 := c.key.remote.Addr().Is4()
	mtu := 65535
	if to, err := c.host.lookup(c.key.remote.Addr(), c.key.local.Addr(), c.bound, 0); err == nil && !c.host.isOwn(c.key.remote.Addr()) {
		mtu = to.iface.mtu
		if path {
			mtu = c.host.mtuTo(to, c.key.remote.Addr())
		}
	}
	mss := mtu - ipLen(v4) - packet.TCPLen
	if c.opts.MSS > 0 {
		mss = min(mss, c.opts.MSS)
	}
	return max(mss, 1)
}

// room is the window to tell the other side.
func (c *TCPConn) room() int { return max(0, tcpWindow-len(c.in)) }

// transmit sends one segment.
func (c *TCPConn) transmit(flags uint8, seq uint32, data []byte, mss int) error {
	f := packet.TCPFields{SrcPort: c.key.local.Port(), DstPort: c.key.remote.Port(), Seq: seq,
		Flags: flags, Window: uint16(c.room()), MSS: mss}
	if flags&packet.TCPAck != 0 {
		f.Ack = c.rcvNext
	}
	buf, seg := newSegment(c.key.remote.Addr(), f.Len()+len(data))
	f.Encode(seg)
	copy(seg[f.Len():], data)
	trace, err := c.host.send(&outPacket{src: c.key.local.Addr(), dst: c.key.remote.Addr(), proto: packet.ProtoTCP,
		ttl: c.opts.TTL, tos: c.opts.TOS, df: true, bound: c.bound, buf: buf, cause: c.cause,
		srcPort: f.SrcPort, dstPort: f.DstPort})
	if c.trace == 0 {
		c.trace = trace
	}
	if err != nil {
		c.soft = err
	}
	return err
}

// ack acknowledges what has arrived. It carries the end of all that was ever
// sent, not next, which goes back when the timer expires: two sides that have
// both gone back would take each other's acknowledgements for old segments and
// answer them for ever (SND.NXT of RFC 9293 section 3.10.7.4 never goes back).
// What probes a closed window lies beyond what the other side accepts.
func (c *TCPConn) ack() {
	sent := min(int(c.most-c.una), c.window)
	_ = c.transmit(packet.TCPAck, c.una+uint32(sent), nil, 0)
}

// sendSYN opens the connection from either side, and arms the timer.
func (c *TCPConn) sendSYN() error {
	flags := packet.TCPSyn
	if c.state == tcpSynReceived {
		flags |= packet.TCPAck
	}
	c.timedAt = time.Now()
	err := c.transmit(flags, c.iss, nil, c.localMSS(false))
	c.next, c.most = c.iss+1, c.iss+1
	c.armTimer()
	return err
}

// sendFin asks for a FIN after the data and moves the state on.
func (c *TCPConn) sendFin() {
	if c.fin || c.state == tcpClosed {
		return
	}
	switch c.state {
	case tcpEstablished:
		c.state = tcpFinWait1
	case tcpCloseWait:
		c.state = tcpLastAck
	case tcpSynSent:
		c.finish(ErrClosed)
		return
	default:
		return
	}
	c.fin = true
	c.push()
}

// push sends what the windows allow.
func (c *TCPConn) push() {
	if c.state < tcpEstablished || c.state >= tcpTimeWait {
		return
	}
	mss := c.mss()
	if c.cwnd == 0 {
		c.cwnd, c.ssthresh = 10*mss, 1<<30
	}
	for {
		off := int(int32(c.next - c.base))
		left := len(c.out) - off
		if left <= 0 {
			if c.fin && left == 0 {
				c.sendNext(packet.TCPFin|packet.TCPAck, nil)
			}
			break
		}
		room := min(c.cwnd, c.window) - int(c.next-c.una)
		n := min(left, mss, room)
		if n <= 0 || n < mss && n < left && c.next != c.una {
			break // wait for an acknowledgement rather than send a scrap
		}
		flags := packet.TCPAck
		if n == left {
			flags |= packet.TCPPsh
		}
		c.sendNext(flags, c.out[off:off+n])
	}
	if !c.timer.running() && (c.una != c.most || len(c.out) > 0) {
		c.armTimer()
	}
}

// sendNext sends a segment at next and moves next on.
func (c *TCPConn) sendNext(flags uint8, data []byte) {
	seq := c.next
	size := uint32(len(data))
	if flags&packet.TCPFin != 0 {
		size++
	}
	c.next += size
	if int32(c.next-c.most) > 0 {
		if !c.timing && seq == c.most {
			c.timing, c.timed, c.timedAt = true, c.next, time.Now()
		}
		c.most = c.next
	}
	_ = c.transmit(flags, seq, data, 0)
}

// resendFirst repeats the first unacknowledged segment.
func (c *TCPConn) resendFirst() {
	c.timing = false // Karn: do not measure what was sent twice
	if len(c.out) == 0 {
		if c.fin {
			_ = c.transmit(packet.TCPFin|packet.TCPAck, c.una, nil, 0)
		}
		return
	}
	n := min(len(c.out), c.mss(), int(c.most-c.una))
	_ = c.transmit(packet.TCPAck|packet.TCPPsh, c.una, c.out[:n], 0)
}

// armTimer starts the retransmission timer with its back-off.
func (c *TCPConn) armTimer() {
	d := c.rto << min(c.retries, 16)
	c.timer.arm(c.host, min(d, tcpMaxRTO), c.timeout)
}

// timeout retransmits, probes a closed window, or gives up.
func (c *TCPConn) timeout() {
	c.retries++
	limit := tcpRetries
	if c.state < tcpEstablished {
		limit = tcpSynRetries
	}
	if c.retries > limit {
		c.finish(&TimeoutError{What: "acknowledgement from " + c.key.remote.String(), Err: c.soft})
		return
	}
	c.timing = false
	switch {
	case c.state < tcpEstablished:
		_ = c.sendSYN()
		return
	case c.una == c.most && c.window == 0 && len(c.out) > 0: // zero window: one byte beyond it
		_ = c.transmit(packet.TCPAck, c.una, c.out[:1], 0)
		c.most = c.una + 1
	default:
		mss := c.mss()
		c.ssthresh = max(int(c.most-c.una)/2, 2*mss)
		c.cwnd = mss
		c.recovering, c.dupAcks = false, 0
		c.next = c.una
		if c.window == 0 {
			c.resendFirst()
		}
		c.push()
	}
	c.armTimer()
}

// measure updates the round-trip time (RFC 6298 section 2).
func (c *TCPConn) measure(rtt time.Duration) {
	if c.srtt == 0 {
		c.srtt, c.rttvar = rtt, rtt/2
	} else {
		c.rttvar += (max(c.srtt-rtt, rtt-c.srtt) - c.rttvar) / 4
		c.srtt += (rtt - c.srtt) / 8
	}
	c.rto = min(max(c.srtt+4*c.rttvar, tcpMinRTO), tcpMaxRTO)
}
