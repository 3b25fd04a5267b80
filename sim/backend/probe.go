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
	var got tally
	closeListeners, err := b.listen(p, &got)
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
		r, traces = tcp(ctx, from, p, &got)
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
		b.complete(&r.Packets[i], traces[i], rec, start, p, i)
	}
	return r, nil
}

// complete adds what was recorded about a packet to what its sender saw.
func (b *bed) complete(pr *scenarios.PacketResult, trace packet.TraceID, rec *recording, start time.Time, p scenarios.Probe, index int) {
	if trace == 0 {
		return
	}
	events := rec.events[trace]
	pr.Path = b.path(start, events, classPacket)
	var payload []byte
	if p.Kind == scenarios.ProbeUDP {
		payload = udpPayload(p.Size, index)
	}
	pr.Delivered = b.deliveries(events, payload)
	if p.Kind == scenarios.ProbeTraceroute && len(events) > 0 {
		pr.Sent = events[0].at.Sub(start)
		fillType(pr.Errors, rec, trace)
	}
	pr.ReplyPath = b.path(start, events, classEchoReply, classError)
	for _, effect := range rec.effects[trace] {
		if path := b.path(start, rec.events[effect], classPacket, classEchoReply, classError); len(path) > len(pr.ReplyPath) {
			pr.ReplyPath = path
		}
	}
	for i := range pr.Errors {
		pr.Errors[i].RTT = errorTime(pr.ReplyPath, pr.Sent, pr.Errors[i].RTT)
	}
}

// errorTime is how long after the packet an error about it arrived: the end of
// its way, or what the sender measured itself.
func errorTime(way scenarios.Path, sent, measured time.Duration) time.Duration {
	if measured != 0 || len(way) == 0 || way[len(way)-1].Kind != scenarios.HopDelivered {
		return measured
	}
	return way[len(way)-1].At - sent
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
func (b *bed) listen(p scenarios.Probe, got *tally) (closeAll func(), err error) {
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
			c, err = echoTCP(h, any, got)
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
func echoTCP(h *world.Host, at netip.AddrPort, got *tally) (io.Closer, error) {
	l, err := h.ListenTCP(at, world.SocketOptions{})
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			c, err := l.AcceptTCP(context.Background()) // ends when the listener is closed
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, io.TeeReader(c, got.of(c.Remote()))) // the sender of the probe judges
				_ = c.Close()
			}()
		}
	}()
	return l, nil
}

// tally counts what receivers got, by the sender's address as they see it.
type tally struct {
	mu    sync.Mutex
	bytes map[netip.AddrPort]int
}

// of returns a writer that counts for one sender.
func (t *tally) of(from netip.AddrPort) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.bytes == nil {
			t.bytes = map[netip.AddrPort]int{}
		}
		t.bytes[from] += len(p)
		return len(p), nil
	})
}

// get returns what was received of a sender so far.
func (t *tally) get(from netip.AddrPort) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes[from]
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

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
		addError(&pr, res.Err)
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
func addError(pr *scenarios.PacketResult, err error) {
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
		addError(&r.Packets[i], err)
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
				addError(&packets[i], err)
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

func tcp(ctx context.Context, s sender, p scenarios.Probe, got *tally) (scenarios.ProbeResult, []packet.TraceID) {
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
		source, trace := connect(ctx, s, p, &pr, got)
		if source.IsValid() {
			r.Source = source
		}
		r.Packets = append(r.Packets, pr)
		traces = append(traces, trace)
	}
	return r, traces
}

// connect runs one connection: handshake, data there and back, close.
func connect(ctx context.Context, s sender, p scenarios.Probe, pr *scenarios.PacketResult, got *tally) (netip.Addr, packet.TraceID) {
	began := time.Now()
	defer func() { pr.TCP.Duration = time.Since(began) }()
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	c, err := s.host.DialTCP(ctx, netip.AddrPortFrom(p.Destination, p.Port), s.options(p))
	if err != nil {
		var op *world.OpError
		pr.TCP.Reset = errors.Is(err, world.ErrRefused) || errors.Is(err, world.ErrReset)
		addError(pr, err)
		if errors.As(err, &op) {
			return op.Src.Addr(), op.Trace
		}
		return netip.Addr{}, 0
	}
	pr.TCP.Established = true
	pr.Replies = append(pr.Replies, scenarios.Reply{From: c.Remote().Addr(), TTL: int(c.PeerTTL()), RTT: time.Since(began), Size: p.Size})
	source, trace := c.Local().Addr(), c.Trace()
	_ = c.SetDeadline(began.Add(p.Timeout)) // of an open connection
	data := udpPayload(p.Size, 0)
	go func() {
		_, _ = c.Write(data) // what did not arrive is missing from the echo
		_ = c.CloseWrite()
	}()
	echoed, err := io.ReadAll(c)
	pr.TCP.Echoed, pr.TCP.Sent = len(echoed), got.get(c.Local())
	pr.TCP.Closed = err == nil
	pr.TCP.Reset = errors.Is(err, world.ErrReset)
	pr.Replies[0].Corrupt = len(echoed) == len(data) && !slices.Equal(echoed, data)
	_ = c.Close()
	return source, trace
}

func traceroute(ctx context.Context, s sender, p scenarios.Probe) (scenarios.ProbeResult, []packet.TraceID) {
	size := p.Size
	report, _ := s.host.Traceroute(ctx, world.TracerouteOptions{Dst: p.Destination, Src: p.Source, Interface: s.iface,
		MaxHops: p.TTL, Size: size, Timeout: p.Timeout, DontFragment: p.DF})
	r := scenarios.ProbeResult{Source: report.Src}
	var traces []packet.TraceID
	for _, h := range report.Hops {
		pr := scenarios.PacketResult{TTL: h.TTL}
		addHop(&pr, h)
		r.Packets = append(r.Packets, pr)
		traces = append(traces, h.Trace)
	}
	return r, traces
}

// addHop files what answered at one hop of a traceroute; type and code are what
// the recording saw reach the sender.
func addHop(pr *scenarios.PacketResult, h world.Hop) {
	if h.Err != nil {
		addError(pr, h.Err)
		return
	}
	pr.Errors = append(pr.Errors, scenarios.ICMPError{From: h.From, RTT: h.RTT})
}

// fillType reads type and code of the errors from the one that was delivered:
// a VPP makes it of the packet, under its trace, others send a packet of
// their own.
func fillType(errs []scenarios.ICMPError, rec *recording, trace packet.TraceID) {
	for _, t := range append([]packet.TraceID{trace}, rec.effects[trace]...) {
		for _, e := range rec.events[t] {
			if e.verdict != world.Delivered || e.class != classError {
				continue
			}
			_, payload, _ := describeIP(e.data)
			for i := range errs {
				errs[i].Type, errs[i].Code = packet.ICMP(payload).Type(), packet.ICMP(payload).Code()
			}
			return
		}
	}
}
