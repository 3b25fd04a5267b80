package fakevpp

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// pingHandlers are the messages of src/plugins/ping/ping.api.
var pingHandlers = []handler{reply("want_ping_finished_events", (*VPP).wantPingFinishedEvents)}

// Limits and defaults of a ping (src/plugins/ping/ping.h, ping.c).
const (
	pingSize     = 60
	pingMaxSize  = 32768
	pingMaxBurst = 256
	pingRepeat   = 5
)

type wantPingFinishedEvents struct {
	Address  netip.Addr
	Repeat   uint32
	Interval float64
}

type pingFinishedEvent struct{ RequestCount, ReplyCount uint32 }

// wantPingFinishedEvents starts a ping, whose end the client is told.
func (v *VPP) wantPingFinishedEvents(c *call, req *wantPingFinishedEvents) error {
	to := subscription{client: c.client, source: c.entry.Source}
	v.dp.StartPing(&vnet.Ping{Targets: []netip.Addr{req.Address}, SwIf: fib.InvalidIndex, Size: pingSize, Burst: 1,
		Repeat: req.Repeat, Interval: duration(req.Interval), HurryOnError: true,
		OnEnd: func(requests, replies uint32) {
			tell(v, to, "ping_finished_event", &pingFinishedEvent{requests, replies})
		}})
	return nil
}

// duration turns VPP's seconds into a duration that is never negative.
func duration(seconds float64) time.Duration {
	if !(seconds > 0) { // NaN too
		return 0
	}
	return time.Duration(math.Min(seconds, 1e9) * float64(time.Second))
}

// pingCommands are those of the ping plugin.
func pingCommands() []cliCommand {
	return []cliCommand{command("ping", "ping {<ip-addr> | ipv4 <ip4-addr> | ipv6 <ip6-addr>} [ipv4 <ip4-addr> | ipv6 <ip6-addr>] "+
		"[source <interface>] [size <pktsize:60>] [interval <sec:1>] [repeat <cnt:5>] [table-id <id:0>] [burst <count:1>] [verbose]",
		cliPing)}
}

// cliPing is ping_ip_address. It returns when the ping has ended.
func cliPing(v *VPP, a *cliArgs) (string, error) {
	p, verbose, err := a.ping()
	a.words = nil
	if err != nil {
		return "", err
	}
	var out strings.Builder
	done := make(chan struct{})
	p.OnSent = func(src netip.Addr, err error) {
		switch {
		case err != nil:
			fmt.Fprintf(&out, "Failed: %v\n", err)
		case verbose:
			fmt.Fprintf(&out, "Source address: %v \n", src)
		}
	}
	p.OnReply = func(r vnet.EchoReply) {
		fmt.Fprintf(&out, "%d bytes from %v: icmp_seq=%d ttl=%d time=%s ms\n", r.Bytes, r.From, r.Seq, r.TTL,
			shortFloat(r.RTT.Seconds()*1000))
	}
	p.OnEnd = func(requests, replies uint32) {
		loss := 0.0
		if requests != 0 {
			loss = 100 * (float64(requests) - float64(replies)) / float64(requests)
		}
		fmt.Fprintf(&out, "\nStatistics: %d sent, %d received, %.0f%% packet loss\n", requests, replies, loss)
		close(done)
	}
	v.dp.StartPing(p)
	if !v.await(done) {
		return out.String(), ErrDown
	}
	return out.String(), nil
}

// shortFloat formats a number with four digits behind the point as VPP does:
// without a zero in front of it.
func shortFloat(x float64) string { return strings.TrimPrefix(fmt.Sprintf("%.4f", x), "0") }

// ping takes the arguments of the command.
func (a *cliArgs) ping() (p *vnet.Ping, verbose bool, err error) {
	p = &vnet.Ping{SwIf: fib.InvalidIndex, Size: pingSize, Burst: 1, Repeat: pingRepeat, Interval: time.Second}
	if err := a.pingTargets(p); err != nil {
		return nil, false, err
	}
	for a.more() {
		switch {
		case a.is("verbose"):
			verbose = true
		default:
			if err := a.pingOption(p); err != nil {
				return nil, false, err
			}
		}
	}
	if p.Burst < 1 || p.Burst > pingMaxBurst {
		return nil, false, fmt.Errorf("burst size must be between 1 and %d", pingMaxBurst)
	}
	return p, verbose, nil
}

// pingTargets takes one address, or one of each family. In a round the IPv6
// address is asked first.
func (a *cliArgs) pingTargets(p *vnet.Ping) error {
	var to netip.Addr
	switch {
	case a.leading(&to):
	case a.is("ipv4"):
		if !a.leading(&to) || !to.Is4() {
			return fmt.Errorf("expecting IPv4 address but got `%s'", a.rest())
		}
	case a.is("ipv6"):
		if !a.leading(&to) || !to.Is6() {
			return fmt.Errorf("expecting IPv6 address but got `%s'", a.rest())
		}
	default:
		return fmt.Errorf("expecting IP4/IP6 address `%s'. Usage: ping <addr> [source <intf>] [size <datasz>] [repeat <count>] [verbose]",
			a.rest())
	}
	p.Targets = []netip.Addr{to}
	before := a.words
	var second netip.Addr
	if (to.Is6() && a.is("ipv4") || to.Is4() && a.is("ipv6")) && a.leading(&second) && second.Is4() != to.Is4() {
		p.Targets = append(p.Targets, second)
		slices.SortFunc(p.Targets, func(x, y netip.Addr) int { return y.BitLen() - x.BitLen() })
		return nil
	}
	a.words = before
	return nil
}

// pingOption takes one option with its value.
func (a *cliArgs) pingOption(p *vnet.Ping) error {
	var n uint32
	var ok bool
	switch {
	case a.is("source"):
		if !a.swIf(&p.SwIf) {
			return fmt.Errorf("unknown interface `%s'", a.rest())
		}
	case a.is("size"):
		if n, ok = a.uint(); !ok {
			return fmt.Errorf("expecting size but got `%s'", a.rest())
		}
		if n > pingMaxSize {
			return fmt.Errorf("%d is bigger than maximum allowed payload size %d", n, pingMaxSize)
		}
		p.Size = int(n)
	case a.is("table-id"):
		if p.Table, ok = a.uint(); !ok {
			return fmt.Errorf("expecting table-id but got `%s'", a.rest())
		}
	case a.is("interval"):
		if p.Interval, ok = a.seconds(); !ok {
			return fmt.Errorf("expecting interval (floating point number) got `%s'", a.rest())
		}
	case a.is("repeat"):
		if p.Repeat, ok = a.uint(); !ok {
			return fmt.Errorf("expecting repeat count but got `%s'", a.rest())
		}
	case a.is("burst"):
		if n, ok = a.uint(); !ok {
			return fmt.Errorf("expecting burst count but got `%s'", a.rest())
		}
		p.Burst = int(min(n, pingMaxBurst+1))
	default:
		return a.unknown()
	}
	return nil
}

// seconds takes a number of seconds.
func (a *cliArgs) seconds() (time.Duration, bool) {
	if !a.more() {
		return 0, false
	}
	s, err := strconv.ParseFloat(a.words[0], 64)
	if err != nil {
		return 0, false
	}
	a.words = a.words[1:]
	return duration(s), true
}

// leading takes the address that the next word begins with; what follows it
// stays, as VPP's unformat needs no space behind an address.
func (a *cliArgs) leading(to *netip.Addr) bool {
	if !a.more() {
		return false
	}
	word := a.words[0]
	n := strings.IndexFunc(word, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF:.", r) })
	if n < 0 {
		n = len(word)
	}
	for ; n > 0; n-- {
		addr, err := netip.ParseAddr(word[:n])
		if err != nil {
			continue
		}
		*to = addr
		a.words = a.words[1:]
		if n < len(word) {
			a.words = append([]string{word[n:]}, a.words...)
		}
		return true
	}
	return false
}
