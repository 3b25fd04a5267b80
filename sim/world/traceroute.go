package world

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Traceroute finds the routers on the way to an address, one probe per hop. It
// ends at the destination, at an error other than "ttl exceeded" or a timeout,
// or after MaxHops. The error, an *OpError, tells what kept it from the
// destination.
func (h *Host) Traceroute(ctx context.Context, o TracerouteOptions) (TracerouteReport, error) {
	if o.MaxHops == 0 {
		o.MaxHops = defaultMaxHops
	}
	if o.Size == 0 {
		o.Size = 32
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	report := TracerouteReport{Host: h.name, Src: o.Src, Dst: o.Dst}
	ping := PingOptions{Src: o.Src, Dst: o.Dst}
	if o.MaxHops < 0 || o.MaxHops > 255 || !o.Dst.IsValid() {
		return report, h.opError("traceroute", ping, 0, fmt.Errorf("to %v over at most %d hops: want an address and 1 to 255 hops", o.Dst, o.MaxHops))
	}
	for ttl := 1; ttl <= o.MaxHops; ttl++ {
		hop, reached, err := h.probeHop(ctx, o, ttl, &report.Src)
		if err != nil {
			return report, h.opError("traceroute", ping, hop.Trace, err)
		}
		report.Hops = append(report.Hops, hop)
		if reached {
			report.Reached = true
			return report, nil
		}
		var t *TimeoutError
		if hop.Err != nil && !errors.As(hop.Err, &t) {
			return report, h.opError("traceroute", ping, hop.Trace, fmt.Errorf("hop %d: %w", ttl, hop.Err))
		}
	}
	return report, h.opError("traceroute", ping, 0, fmt.Errorf("not reached within %d hops", o.MaxHops))
}

// probeHop sends one probe. The error is one that no further probe can mend.
func (h *Host) probeHop(ctx context.Context, o TracerouteOptions, ttl int, src *netip.Addr) (hop Hop, reached bool, err error) {
	hop.TTL = ttl
	if o.Method == TracerouteICMP {
		hop, err = h.probeHopICMP(ctx, o, ttl, src)
	} else {
		hop, err = h.probeHopUDP(ctx, o, ttl, src)
	}
	if ctx.Err() != nil {
		return hop, false, context.Cause(ctx)
	}
	if err == nil { // an answer of the destination itself
		hop.From = o.Dst
		return hop, true, nil
	}
	var icmp *ICMPError
	var timeout *TimeoutError
	switch {
	case errors.As(err, &icmp) && icmp.TimeExceeded():
		hop.From = icmp.From
	case errors.As(err, &icmp) && icmp.PortUnreachable():
		hop.From = icmp.From
		return hop, true, nil
	case errors.As(err, &icmp):
		hop.From, hop.Err = icmp.From, icmp
	case errors.As(err, &timeout):
		hop.Err = timeout
	default:
		return hop, false, err
	}
	return hop, false, nil
}

func (h *Host) probeHopICMP(ctx context.Context, o TracerouteOptions, ttl int, src *netip.Addr) (Hop, error) {
	r, err := h.Ping(ctx, PingOptions{Dst: o.Dst, Src: o.Src, Interface: o.Interface, TTL: uint8(ttl), TOS: o.TOS, Size: o.Size,
		Timeout: o.Timeout, DontFragment: o.DontFragment})
	if len(r.Results) == 0 {
		return Hop{TTL: ttl}, err
	}
	*src = r.Src
	return Hop{TTL: ttl, RTT: r.Results[0].RTT, Trace: r.Results[0].Trace}, r.Results[0].Err
}

func (h *Host) probeHopUDP(ctx context.Context, o TracerouteOptions, ttl int, src *netip.Addr) (Hop, error) {
	if o.Port == 0 {
		o.Port = firstTraceroutePort
	}
	to := netip.AddrPortFrom(o.Dst, o.Port+uint16(ttl-1))
	hop := Hop{TTL: ttl}
	c, err := h.DialUDP(to, SocketOptions{Src: o.Src, Interface: o.Interface, TTL: uint8(ttl), TOS: o.TOS, DontFragment: o.DontFragment})
	if err != nil {
		return hop, err
	}
	defer func() { _ = c.Close() }()
	*src = c.LocalAddr().Addr()
	sent := time.Now()
	if hop.Trace, err = c.Send(make([]byte, o.Size)); err != nil {
		return hop, err
	}
	_, err = c.receiveWithin(ctx, o.Timeout, "answer to a probe with ttl "+fmt.Sprint(ttl))
	hop.RTT = time.Since(sent)
	return hop, err
}
