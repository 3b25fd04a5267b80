package world

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// Defaults of probes and sockets.
const (
	defaultTTL      = 64
	defaultPingSize = 56
	defaultTimeout  = time.Second
	defaultMaxHops  = 30
	// firstTraceroutePort is where UDP traceroute begins, as traceroute(8).
	firstTraceroutePort = 33434
	// firstPort is the first ephemeral port, as on Linux.
	firstPort = 32768
)

// SocketOptions say how a socket or probe sends.
type SocketOptions struct {
	// Src is the source address, one of the host's; zero chooses by route.
	Src netip.Addr
	// SrcPort is the local port of a dialled socket; zero chooses one.
	SrcPort uint16
	// Interface binds to an interface: only routes through it are used and
	// only packets that arrive on it are received. As on Linux, an IPv4
	// destination without such a route is taken to be on the interface's link;
	// an IPv6 one is a *NoRouteError. "" is any.
	Interface string
	// TTL is the hop limit; zero is 64.
	TTL uint8
	// TOS is DSCP and ECN: the IPv4 type of service, the IPv6 traffic class.
	TOS uint8
	// DontFragment forbids fragmenting on the way and at the source: a packet
	// over the path's MTU is an error. TCP always sets it.
	DontFragment bool
	// MSS limits TCP's segments in bytes of data; zero leaves it to the MTU.
	MSS int
}

// PingOptions describe a series of echo requests.
type PingOptions struct {
	Dst netip.Addr
	// Src, Interface, TTL, TOS and DontFragment as in SocketOptions: Src or
	// Interface is what "ping -I" takes.
	Src          netip.Addr
	Interface    string
	TTL          uint8
	TOS          uint8
	DontFragment bool
	Count        int           // requests; zero is 1
	Size         int           // bytes of echo data; zero is 56, negative none at all
	Interval     time.Duration // between requests; zero is 1 s
	Timeout      time.Duration // for each answer; zero is 1 s
}

// PingResult is what became of one echo request.
type PingResult struct {
	Seq   int // from 1
	Sent  time.Time
	Trace packet.TraceID // of the request
	// Err is nil if the reply came: else a *TimeoutError, *ICMPError,
	// *NoRouteError, *NeighborError or *MTUError.
	Err error
	// RTT is the time until the reply or the ICMP error came.
	RTT time.Duration
	// What follows describes the reply, zero without one.
	From       netip.Addr
	TTL        uint8
	Size       int // bytes of echo data
	Interface  string
	ReplyTrace packet.TraceID
	Corrupt    bool // the echo data is not what was sent
	Duplicates int  // further replies that came before the ping ended
}

// PingReport is what became of a series.
type PingReport struct {
	Host     string
	Src, Dst netip.Addr // Src is zero if nothing could be sent
	Results  []PingResult
}

// Received counts the requests that were answered.
func (r PingReport) Received() int {
	n := 0
	for _, p := range r.Results {
		if p.Err == nil {
			n++
		}
	}
	return n
}

// String gives one line per request and a summary.
func (r PingReport) String() string {
	var b strings.Builder
	for _, p := range r.Results {
		if p.Err != nil {
			fmt.Fprintf(&b, "seq %d: %v\n", p.Seq, p.Err)
			continue
		}
		fmt.Fprintf(&b, "seq %d: %d bytes from %s ttl %d time %v\n", p.Seq, p.Size, p.From, p.TTL, p.RTT)
	}
	fmt.Fprintf(&b, "%d sent, %d received", len(r.Results), r.Received())
	return b.String()
}

// TracerouteMethod is the kind of packet a traceroute sends.
type TracerouteMethod uint8

// Methods of traceroute(8).
const (
	TracerouteUDP  TracerouteMethod = iota // to ports from 33434 on
	TracerouteICMP                         // echo requests
)

// TracerouteOptions describe a traceroute.
type TracerouteOptions struct {
	Dst          netip.Addr
	Src          netip.Addr
	Interface    string
	Method       TracerouteMethod
	TOS          uint8
	Port         uint16        // the first one of TracerouteUDP, each hop has its own; zero is 33434
	MaxHops      int           // zero is 30
	Size         int           // bytes of data; zero is 32
	Timeout      time.Duration // for each hop; zero is 1 s
	DontFragment bool
}

// Hop is one hop of a traceroute.
type Hop struct {
	TTL   int
	From  netip.Addr     // who answered; zero when nobody did
	RTT   time.Duration  // of the answer
	Trace packet.TraceID // of the probe
	// Err is nil at a hop that said "ttl exceeded" and at the destination;
	// else what came instead, or a *TimeoutError.
	Err error
}

// TracerouteReport is the path found.
type TracerouteReport struct {
	Host     string
	Src, Dst netip.Addr
	Hops     []Hop
	Reached  bool // the destination answered
}

// String gives one line per hop.
func (r TracerouteReport) String() string {
	var b strings.Builder
	for n, h := range r.Hops {
		if n > 0 {
			b.WriteByte('\n')
		}
		switch {
		case h.Err != nil:
			fmt.Fprintf(&b, "%d %v", h.TTL, h.Err)
		default:
			fmt.Fprintf(&b, "%d %s", h.TTL, h.From)
		}
	}
	return b.String()
}

// Datagram is a UDP datagram received.
type Datagram struct {
	Data      []byte // the receiver's own
	From, To  netip.AddrPort
	Interface string // it arrived on; "" from the host itself
	TTL       uint8
	TOS       uint8
	Trace     packet.TraceID
	Time      time.Time
}
