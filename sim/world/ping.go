package world

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// pinger is a running series of echo requests. It lives on the world's
// goroutine; the caller only waits for done.
type pinger struct {
	host   *Host
	opts   PingOptions
	id     uint16
	bound  *Interface
	report PingReport
	open   []openRequest // by request
	left   int           // requests not yet decided
	next   hostTimer
	done   chan struct{}
}

// openRequest is a request whose answer may still come.
type openRequest struct {
	timer hostTimer
	open  bool
}

// Ping sends echo requests and waits for the answers, in virtual time. The
// report has a result for every request sent. The error is nil if at least one
// was answered; else an *OpError with the first request's reason.
func (h *Host) Ping(ctx context.Context, o PingOptions) (PingReport, error) {
	p, err := h.startPing(o)
	if err != nil {
		return PingReport{Host: h.name, Dst: o.Dst}, h.opError("ping", o, 0, err)
	}
	select {
	case <-p.done:
		err = nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-h.done:
		err = ErrClosed
	}
	h.lock()
	defer h.unlock()
	p.end(err)
	if p.report.Received() > 0 {
		return p.report, nil
	}
	first := p.report.Results[0]
	return p.report, h.opError("ping", o, first.Trace, first.Err)
}

func (h *Host) opError(op string, o PingOptions, trace packet.TraceID, err error) error {
	e := &OpError{Op: op, Host: h.name, Dst: netip.AddrPortFrom(o.Dst, 0), Trace: trace, Err: err}
	if o.Src.IsValid() {
		e.Src = netip.AddrPortFrom(o.Src, 0)
	}
	return e
}

// complete fills in the defaults.
func (o PingOptions) complete() (PingOptions, error) {
	if !o.Dst.IsValid() || o.Src.IsValid() && o.Src.Is4() != o.Dst.Is4() {
		return o, fmt.Errorf("destination %v, source %v: want addresses of one family", o.Dst, o.Src)
	}
	if o.Count < 0 || o.Count > 0xffff || o.Size > 65535-packet.IPv6Len-packet.ICMPLen || o.Interval < 0 || o.Timeout < 0 {
		return o, fmt.Errorf("count %d, size %d, interval %v, timeout %v: want up to 65535 requests of up to 65487 bytes",
			o.Count, o.Size, o.Interval, o.Timeout)
	}
	o.Count = max(o.Count, 1)
	switch {
	case o.Size == 0:
		o.Size = defaultPingSize
	case o.Size < 0:
		o.Size = 0
	}
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return o, nil
}

// startPing sends the first request and arranges for the others.
func (h *Host) startPing(o PingOptions) (*pinger, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	h.lock()
	defer h.unlock()
	if h.closed {
		return nil, ErrClosed
	}
	bound, err := h.bind(o.Interface)
	if err != nil {
		return nil, err
	}
	p := &pinger{host: h, opts: o, bound: bound, left: o.Count, open: make([]openRequest, o.Count), done: make(chan struct{})}
	p.report = PingReport{Host: h.name, Src: o.Src, Dst: o.Dst}
	if p.id, err = h.freePingID(); err != nil {
		return nil, err
	}
	h.pings[p.id] = p
	p.sendNext()
	return p, nil
}

// bind finds the interface a socket asks for; nil for none.
func (h *Host) bind(name string) (*Interface, error) {
	if name == "" {
		return nil, nil
	}
	if i := h.iface(name); i != nil {
		return i, nil
	}
	return nil, fmt.Errorf("host %s has no interface %q", h.name, name)
}

func (h *Host) freePingID() (uint16, error) {
	for range 0x10000 {
		h.pingID++
		if h.pings[h.pingID] == nil {
			return h.pingID, nil
		}
	}
	return 0, fmt.Errorf("host %s: all 65536 echo identifiers are in use", h.name)
}

// sendNext sends the next request and arms the timer of the one after it.
func (p *pinger) sendNext() {
	n := len(p.report.Results)
	if n+1 < p.opts.Count {
		p.next.arm(p.host, p.opts.Interval, p.sendNext)
	}
	p.report.Results = append(p.report.Results, PingResult{Seq: n + 1, Sent: time.Now()})
	r := &p.report.Results[n]
	p.open[n].open = true
	p.open[n].timer.arm(p.host, p.opts.Timeout, func() {
		p.decide(n, &TimeoutError{What: "echo reply from " + p.opts.Dst.String(), After: p.opts.Timeout})
	})
	out := p.request(n + 1)
	trace, err := p.host.send(out)
	r.Trace = trace
	if !p.report.Src.IsValid() {
		p.report.Src = out.src
	}
	if err != nil {
		p.decide(n, err)
	}
}

// request builds an echo request.
func (p *pinger) request(seq int) *outPacket {
	o := p.opts
	buf, seg := newSegment(o.Dst, packet.ICMPLen+o.Size)
	typ, proto := packet.ICMPEcho, packet.ProtoICMP
	if !o.Dst.Is4() {
		typ, proto = packet.ICMPv6Echo, packet.ProtoICMPv6
	}
	packet.ICMP(seg).Encode(typ, 0, uint32(p.id)<<16|uint32(uint16(seq)))
	fillEcho(seg[packet.ICMPLen:])
	return &outPacket{src: o.Src, dst: o.Dst, proto: proto, ttl: o.TTL, tos: o.TOS, df: o.DontFragment, bound: p.bound, buf: buf}
}

// fillEcho writes the pattern that echo requests carry.
func fillEcho(data []byte) {
	for n := range data {
		data[n] = byte(n)
	}
}

// decide closes a request with an error, or nil for a reply.
func (p *pinger) decide(n int, err error) {
	if n >= len(p.report.Results) || !p.open[n].open {
		return
	}
	p.open[n].timer.stop()
	p.open[n].open = false
	p.report.Results[n].Err = err
	if p.left--; p.left == 0 {
		close(p.done)
	}
}

// end closes what is still open with err, and frees the identifier.
func (p *pinger) end(err error) {
	p.next.stop()
	for n := range p.report.Results {
		if err != nil {
			p.decide(n, err)
		}
	}
	delete(p.host.pings, p.id)
}

// inputEchoReply gives a reply to its pinger.
func (h *Host) inputEchoReply(in *inPacket, m packet.ICMP) Reason {
	p := h.pings[m.ID()]
	n := int(m.Seq()) - 1
	if p == nil || n < 0 || n >= len(p.report.Results) || p.bound != nil && in.iface != nil && in.iface != p.bound || p.opts.Dst.Is4() == in.v6 {
		return ReasonUnsolicited
	}
	r := &p.report.Results[n]
	if !p.open[n].open {
		if r.Err != nil {
			return ReasonUnsolicited // too late
		}
		r.Duplicates++
		return ""
	}
	r.RTT, r.From, r.TTL, r.Size = time.Since(r.Sent), in.src, in.ttl, len(m.Payload())
	r.Interface, r.ReplyTrace = in.ifname(), in.trace
	want := make([]byte, p.opts.Size)
	fillEcho(want)
	r.Corrupt = !bytes.Equal(want, m.Payload())
	p.decide(n, nil)
	return ""
}

// errorPing gives an error to the pinger whose request it speaks of.
func (h *Host) errorPing(q quote, err error) bool {
	m := packet.ICMP(q.head)
	if m.Type() != packet.ICMPEcho && m.Type() != packet.ICMPv6Echo {
		return false
	}
	p := h.pings[m.ID()]
	n := int(m.Seq()) - 1
	if p == nil || n < 0 || n >= len(p.report.Results) || p.opts.Dst.WithZone("") != q.dst {
		return false
	}
	if p.open[n].open {
		p.report.Results[n].RTT = time.Since(p.report.Results[n].Sent)
	}
	p.decide(n, err)
	return true
}

// stop ends the timers of a pinger whose host closes.
func (p *pinger) stop() {
	p.next.stop()
	for n := range p.open {
		p.open[n].timer.stop()
	}
}
