package backend

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/world"
)

// Probe sends the probes one after the other, so that what is recorded during
// one belongs to it.
func (b *bed) Probe(ctx context.Context, probes []scenarios.Probe) ([]scenarios.ProbeResult, error) {
	results := make([]scenarios.ProbeResult, 0, len(probes))
	for _, p := range probes {
		r, err := b.probe(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("%s from %s to %v: %w", p.Kind, p.From, p.Destination, err)
		}
		results = append(results, r)
	}
	return results, nil
}

// sender is where a probe starts.
type sender struct {
	host  *world.Host
	iface string
}

func (b *bed) sender(e scenarios.Endpoint) (sender, error) {
	switch e.Kind {
	case scenarios.EndpointPod:
		p := b.pods[e.Namespace+"/"+e.Name]
		if p == nil || p.host == nil {
			return sender{}, errors.New("the pod does not run")
		}
		return sender{p.host, e.Interface}, nil
	case scenarios.EndpointNode:
		if n := b.nodes[e.Name]; n != nil {
			return sender{n.linux.host, e.Interface}, nil
		}
	case scenarios.EndpointHost:
		if h := b.hosts[e.Name]; h != nil {
			return sender{h, e.Interface}, nil
		}
	}
	return sender{}, fmt.Errorf("no such %s", e.Kind)
}

// openRoute makes sure that a probe which names an interface can leave by it,
// whatever the pod's routes say: that a pod has no route would prove nothing of
// the network. The route is as from `ip route add DESTINATION dev INTERFACE`.
func (s sender) openRoute(to netip.Addr) (restore func(), err error) {
	covered := slices.ContainsFunc(s.host.Routes(), func(r world.Route) bool {
		return r.Interface == s.iface && r.Dst.Contains(to) && !r.From.IsValid()
	})
	if s.iface == "" || covered {
		return func() {}, nil
	}
	r := world.Route{Dst: netip.PrefixFrom(to, to.BitLen()), Interface: s.iface}
	if err := s.host.AddRoute(r); err != nil {
		return nil, err
	}
	return func() { _ = s.host.DeleteRoute(r) }, nil // it is gone if the interface is
}

func (b *bed) probe(ctx context.Context, p scenarios.Probe) (scenarios.ProbeResult, error) {
	from, err := b.sender(p.From)
	if err != nil {
		return scenarios.ProbeResult{}, err
	}
	restore, err := from.openRoute(p.Destination)
	if err != nil {
		return scenarios.ProbeResult{}, err
	}
	defer restore()
	closeListeners, err := b.listen(p)
	if err != nil {
		return scenarios.ProbeResult{}, err
	}
	b.rec.start()
	start := time.Now()
	var r scenarios.ProbeResult
	var traces []packet.TraceID
	switch p.Kind {
	case scenarios.ProbePing:
		r, traces = ping(ctx, from, p)
	case scenarios.ProbeUDP:
		r, traces, err = udp(ctx, from, p)
	case scenarios.ProbeTCP:
		r, traces = tcp(ctx, from, p)
	case scenarios.ProbeTraceroute:
		r, traces = traceroute(ctx, from, p)
	default:
		err = fmt.Errorf("unknown kind of probe %q", p.Kind)
	}
	if settleErr := b.world.Settle(ctx); err == nil {
		err = settleErr
	}
	rec := b.rec.stop()
	closeListeners()
	if err != nil {
		return r, err
	}
	for i := range r.Packets {
		b.complete(&r.Packets[i], traces[i], rec, start, p)
	}
	return r, nil
}

// complete adds what was recorded about a packet to what its sender saw.
func (b *bed) complete(pr *scenarios.PacketResult, trace packet.TraceID, rec *recording, start time.Time, p scenarios.Probe) {
	if trace == 0 {
		return
	}
	events := rec.events[trace]
	pr.Path = b.path(start, events, classPacket)
	pr.Delivered = b.deliveries(events, headerLen)
	pr.ReplyPath = b.path(start, events, classEchoReply, classError)
	for _, effect := range rec.effects[trace] {
		if path := b.path(start, rec.events[effect], classPacket, classEchoReply, classError); len(path) > len(pr.ReplyPath) {
			pr.ReplyPath = path
		}
	}
}

// headerLen is the length of the headers in front of a probe's payload.
func headerLen(info scenarios.PacketInfo) int {
	n := packet.IPv4Len
	if info.Source.Is6() {
		n = packet.IPv6Len
	}
	if info.Protocol == packet.ProtoTCP {
		return n + packet.TCPLen
	}
	return n + packet.UDPLen // as long as an ICMP header
}

// listen opens the probe's port on every machine, so that a packet that ends in
// the wrong place is seen there.
func (b *bed) listen(p scenarios.Probe) (closeAll func(), err error) {
	var closers []io.Closer
	closeAll = func() {
		for _, c := range closers {
			_ = c.Close() // closing an open socket of the world cannot fail
		}
	}
	if p.Closed || p.Kind != scenarios.ProbeUDP && p.Kind != scenarios.ProbeTCP {
		return closeAll, nil
	}
	any := netip.AddrPortFrom(netip.IPv6Unspecified(), p.Port)
	for _, h := range b.world.Hosts() {
		if b.isRouter(h.Name()) {
			continue
		}
		var c io.Closer
		if p.Kind == scenarios.ProbeUDP {
			c, err = h.HandleUDP(any, world.SocketOptions{}, func(d world.Datagram) []byte { return d.Data })
		} else {
			c, err = echoTCP(h, any)
		}
		if err != nil {
			closeAll()
			return nil, err
		}
		closers = append(closers, c)
	}
	return closeAll, nil
}

// echoTCP accepts connections and sends back what they bring.
func echoTCP(h *world.Host, at netip.AddrPort) (io.Closer, error) {
	l, err := h.ListenTCP(at, world.SocketOptions{})
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c) // the sender of the probe judges
				_ = c.Close()
			}()
		}
	}()
	return l, nil
}

func (s sender) options(p scenarios.Probe) world.SocketOptions {
	return world.SocketOptions{Src: p.Source, SrcPort: p.SourcePort, Interface: s.iface, TTL: uint8(p.TTL), TOS: p.DSCP << 2,
		DontFragment: p.DF}
}

func ping(ctx context.Context, s sender, p scenarios.Probe) (scenarios.ProbeResult, []packet.TraceID) {
	size := p.Size
	if size == 0 {
		size = -1
	}
	start := time.Now()
	report, _ := s.host.Ping(ctx, world.PingOptions{Dst: p.Destination, Src: p.Source, Interface: s.iface, TTL: uint8(p.TTL),
		TOS: p.DSCP << 2, DontFragment: p.DF, Count: p.Count, Size: size, Interval: p.Interval, Timeout: p.Timeout})
	r := scenarios.ProbeResult{Source: report.Src}
	var traces []packet.TraceID
	for _, res := range report.Results {
		pr := scenarios.PacketResult{Sent: res.Sent.Sub(start), TTL: p.TTL}
		addError(&pr, res.Err, start)
		if res.Err == nil {
			for range 1 + res.Duplicates {
				pr.Replies = append(pr.Replies, scenarios.Reply{From: res.From, TTL: int(res.TTL), RTT: res.RTT, Size: res.Size})
			}
		}
		r.Packets = append(r.Packets, pr)
		traces = append(traces, res.Trace)
	}
	return r, traces
}

// addError files an error under what the sender's stack refused or what came
// back; a timeout is no entry at all.
func addError(pr *scenarios.PacketResult, err error, _ time.Time) {
	var icmp *world.ICMPError
	var noRoute *world.NoRouteError
	var mtu *world.MTUError
	switch {
	case err == nil:
	case errors.As(err, &icmp):
		pr.Errors = append(pr.Errors, scenarios.ICMPError{From: icmp.From, Type: icmp.Type, Code: icmp.Code, MTU: icmp.MTU})
	case errors.As(err, &noRoute), errors.As(err, &mtu):
		pr.SendError = err.Error()
	}
}

// udp sends datagrams and waits for their echoes, told apart by the sequence
// number they begin with.
func udp(ctx context.Context, s sender, p scenarios.Probe) (scenarios.ProbeResult, []packet.TraceID, error) {
	var r scenarios.ProbeResult
	traces := make([]packet.TraceID, p.Count)
	r.Packets = make([]scenarios.PacketResult, p.Count)
	conn, err := s.host.DialUDP(netip.AddrPortFrom(p.Destination, p.Port), s.options(p))
	if err != nil {
		for i := range r.Packets {
			r.Packets[i] = scenarios.PacketResult{TTL: p.TTL, SendError: err.Error()}
		}
		return r, traces, nil
	}
	r.Source = conn.LocalAddr().Addr()
	start := time.Now()
	var wg sync.WaitGroup
	var mu sync.Mutex
	wg.Go(func() { receiveUDP(ctx, conn, &mu, r.Packets, start, p.Size) })
	for i := range r.Packets {
		if i > 0 {
			time.Sleep(p.Interval)
		}
		payload := udpPayload(p.Size, i)
		mu.Lock()
		r.Packets[i].Sent, r.Packets[i].TTL = time.Since(start), p.TTL
		mu.Unlock()
		trace, err := conn.Send(payload)
		mu.Lock()
		traces[i] = trace
		addError(&r.Packets[i], err, start)
		mu.Unlock()
	}
	waitReplies(p.Timeout, &mu, r.Packets)
	if err := conn.Close(); err != nil {
		return r, traces, err
	}
	wg.Wait()
	return r, traces, nil
}

// waitReplies waits until every packet has its answer, at most the timeout.
func waitReplies(timeout time.Duration, mu *sync.Mutex, packets []scenarios.PacketResult) {
	const look = 16 // times within the timeout
	for range look {
		mu.Lock()
		missing := slices.ContainsFunc(packets, func(pr scenarios.PacketResult) bool {
			return len(pr.Replies)+len(pr.Errors) == 0 && pr.SendError == ""
		})
		mu.Unlock()
		if !missing {
			return
		}
		time.Sleep(timeout / look)
	}
}

// udpPayload is a datagram's content: its number, then a pattern.
func udpPayload(size, seq int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i + seq)
	}
	if size >= 4 {
		binary.BigEndian.PutUint32(b, uint32(seq))
	}
	return b
}

// receiveUDP files echoes and errors under the packets they answer until the
// socket closes.
func receiveUDP(ctx context.Context, conn *world.UDPConn, mu *sync.Mutex, packets []scenarios.PacketResult, start time.Time, size int) {
	next := 0 // for payloads too short to carry a number, answers come in order
	for {
		d, err := conn.Receive(ctx)
		now := time.Since(start)
		if errors.Is(err, world.ErrClosed) || ctx.Err() != nil {
			return
		}
		mu.Lock()
		if err != nil {
			if i := unanswered(packets); i >= 0 {
				addError(&packets[i], err, start)
			}
			mu.Unlock()
			continue
		}
		i := next
		if size >= 4 && len(d.Data) >= 4 {
			i = int(binary.BigEndian.Uint32(d.Data))
		}
		next++
		if i < len(packets) {
			packets[i].Replies = append(packets[i].Replies, scenarios.Reply{From: d.From.Addr(), TTL: int(d.TTL),
				RTT: now - packets[i].Sent, Size: len(d.Data), Corrupt: !slices.Equal(d.Data, udpPayload(size, i))})
		}
		mu.Unlock()
	}
}

// unanswered is the first packet that was sent and has no answer, -1 if none.
func unanswered(packets []scenarios.PacketResult) int {
	return slices.IndexFunc(packets, func(pr scenarios.PacketResult) bool {
		return len(pr.Replies)+len(pr.Errors) == 0 && pr.SendError == ""
	})
}

func tcp(ctx context.Context, s sender, p scenarios.Probe) (scenarios.ProbeResult, []packet.TraceID) {
	var r scenarios.ProbeResult
	traces := make([]packet.TraceID, 0, p.Count)
	start := time.Now()
	for i := range p.Count {
		if i > 0 {
			if left := time.Until(start.Add(time.Duration(i) * p.Interval)); left > 0 {
				time.Sleep(left)
			}
		}
		pr := scenarios.PacketResult{Sent: time.Since(start), TTL: p.TTL, TCP: &scenarios.Connection{}}
		source, trace := connect(ctx, s, p, &pr)
		if source.IsValid() {
			r.Source = source
		}
		r.Packets = append(r.Packets, pr)
		traces = append(traces, trace)
	}
	return r, traces
}

// connect runs one connection: handshake, data there and back, close.
func connect(ctx context.Context, s sender, p scenarios.Probe, pr *scenarios.PacketResult) (netip.Addr, packet.TraceID) {
	began := time.Now()
	defer func() { pr.TCP.Duration = time.Since(began) }()
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	c, err := s.host.DialTCP(ctx, netip.AddrPortFrom(p.Destination, p.Port), s.options(p))
	if err != nil {
		var op *world.OpError
		pr.TCP.Reset = errors.Is(err, world.ErrRefused) || errors.Is(err, world.ErrReset)
		addError(pr, err, began)
		if errors.As(err, &op) {
			return op.Src.Addr(), op.Trace
		}
		return netip.Addr{}, 0
	}
	pr.TCP.Established = true
	pr.Replies = append(pr.Replies, scenarios.Reply{From: c.Remote().Addr(), RTT: time.Since(began), Size: p.Size})
	source, trace := c.Local().Addr(), c.Trace()
	_ = c.SetDeadline(began.Add(p.Timeout)) // of an open connection
	data := udpPayload(p.Size, 0)
	go func() {
		_, _ = c.Write(data) // what did not arrive is missing from the echo
		_ = c.CloseWrite()
	}()
	echoed, err := io.ReadAll(c)
	pr.TCP.Echoed, pr.TCP.Sent = len(echoed), len(echoed)
	pr.TCP.Closed = err == nil
	pr.TCP.Reset = errors.Is(err, world.ErrReset)
	pr.Replies[0].Corrupt = len(echoed) == len(data) && !slices.Equal(echoed, data)
	_ = c.Close()
	return source, trace
}

func traceroute(ctx context.Context, s sender, p scenarios.Probe) (scenarios.ProbeResult, []packet.TraceID) {
	start := time.Now()
	size := p.Size
	report, _ := s.host.Traceroute(ctx, world.TracerouteOptions{Dst: p.Destination, Src: p.Source, Interface: s.iface,
		MaxHops: p.TTL, Size: size, Timeout: p.Timeout, DontFragment: p.DF})
	r := scenarios.ProbeResult{Source: report.Src}
	var traces []packet.TraceID
	for i, h := range report.Hops {
		pr := scenarios.PacketResult{TTL: h.TTL, Sent: time.Since(start)}
		last := report.Reached && i == len(report.Hops)-1
		addHop(&pr, h, p, last)
		r.Packets = append(r.Packets, pr)
		traces = append(traces, h.Trace)
	}
	return r, traces
}

// addHop files what answered at one hop of a traceroute: routers say that the
// TTL was exceeded, the destination that the port is unreachable.
func addHop(pr *scenarios.PacketResult, h world.Hop, p scenarios.Probe, last bool) {
	if h.Err != nil {
		addError(pr, h.Err, time.Time{})
		return
	}
	e := scenarios.ICMPError{From: h.From, RTT: h.RTT, Type: packet.ICMPTimeExceeded, Code: packet.ICMPTTLExceeded}
	if p.Destination.Is6() {
		e.Type = packet.ICMPv6TimeExceeded
	}
	if last {
		e.Type, e.Code = packet.ICMPUnreachable, packet.ICMPPortUnreachable
		if p.Destination.Is6() {
			e.Type, e.Code = packet.ICMPv6Unreachable, packet.ICMPv6PortUnreachable
		}
	}
	pr.Errors = append(pr.Errors, e)
}
