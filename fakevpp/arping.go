package fakevpp

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// arpingHandlers are the messages of src/plugins/arping/arping.api. Their
// replies come when the series has ended.
var arpingHandlers = []handler{
	replyWith("arping", (*VPP).arping),
	replyWith("arping_acd", (*VPP).arpingACD),
}

type arping struct {
	Address   netip.Addr
	SwIfIndex uint32
	IsGarp    bool
	Repeat    uint32
	Interval  float64
}

type arpingReply struct{ ReplyCount uint32 }

type arpingACDReply struct {
	ReplyCount uint32
	MacAddress packet.MAC
}

func (v *VPP) arping(_ *call, req *arping, rep *arpingReply) error {
	res, err := v.runArping(req.series(), nil)
	rep.ReplyCount = res.Replies
	return err
}

func (v *VPP) arpingACD(_ *call, req *arping, rep *arpingACDReply) error {
	res, err := v.runArping(req.series(), nil)
	rep.ReplyCount, rep.MacAddress = res.Replies, res.MAC
	return err
}

func (r *arping) series() *vnet.Arping {
	return &vnet.Arping{Addr: r.Address, SwIf: r.SwIfIndex, Gratuitous: r.IsGarp, Repeat: r.Repeat, Interval: duration(r.Interval)}
}

// runArping runs a series to its end.
func (v *VPP) runArping(a *vnet.Arping, onSend func(uint32)) (res vnet.ArpingResult, err error) {
	done := make(chan struct{})
	a.OnSend = onSend
	a.OnEnd = func(r vnet.ArpingResult) {
		res = r
		close(done)
	}
	if err := v.dp.StartArping(a); err != nil {
		return res, err
	}
	if !v.await(done) {
		return res, ErrDown
	}
	return res, nil
}

// arpingCommands are those of the arping plugin.
func arpingCommands() []cliCommand {
	return []cliCommand{command("arping", "arping [gratuitous] {addr} {interface} [interval {sec}] [repeat {cnt}]", cliArping)}
}

// cliArping is arping_ip_address. It returns when the series has ended.
func cliArping(v *VPP, a *cliArgs) (string, error) {
	s, err := a.arping()
	a.words = nil
	if err != nil {
		return "", err
	}
	what := "ARP Request"
	switch {
	case s.Gratuitous && s.Addr.Is4():
		what = "GARP"
	case s.Gratuitous:
		what = "Neighbor Advertisement"
	case s.Addr.Is6():
		what = "Neighbor Solicitation "
	}
	var out strings.Builder
	res, err := v.runArping(s, func(n uint32) { fmt.Fprintf(&out, "Sending %d %s to %v\n", n, what, s.Addr) })
	switch {
	case err == vnet.ErrInvalidValue:
		return "", cliText("arping command is in progress for the same interface. Please try again later.")
	case err != nil:
		return out.String(), err
	case res.Replies > 0 && s.Addr.Is4():
		fmt.Fprintf(&out, "Received %d ARP Replies from %v (%v)\n", res.Replies, res.MAC, res.From)
	case res.Replies > 0:
		fmt.Fprintf(&out, "Received %d ICMP6 neighbor advertisements from %v (%v)\n", res.Replies, res.MAC, res.From)
	case !s.Gratuitous:
		out.WriteString("Received 0 Reply\n")
	}
	return out.String(), nil
}

// arping takes the arguments of the command. No space is needed between the
// keyword, the address and the interface.
func (a *cliArgs) arping() (*vnet.Arping, error) {
	s := &vnet.Arping{Repeat: 1, Interval: time.Second}
	if a.more() {
		if rest, ok := strings.CutPrefix(a.words[0], "gratuitous"); ok {
			s.Gratuitous = true
			a.words = a.words[1:]
			if rest != "" {
				a.words = append([]string{rest}, a.words...)
			}
		}
	}
	if !a.leading(&s.Addr) {
		return nil, fmt.Errorf("expecting IP4/IP6 address `%s'. Usage: arping [gratuitous] <addr> <intf> [repeat <count>] [interval <secs>]",
			a.rest())
	}
	if !a.swIf(&s.SwIf) {
		return nil, fmt.Errorf("unknown interface `%s'", a.rest())
	}
	for a.more() {
		var ok bool
		switch {
		case a.is("interval"):
			if s.Interval, ok = a.seconds(); !ok {
				return nil, fmt.Errorf("expecting interval (floating point number) got `%s'", a.rest())
			}
		case a.is("repeat"):
			if s.Repeat, ok = a.uint(); !ok {
				return nil, fmt.Errorf("expecting repeat count but got `%s'", a.rest())
			}
		default:
			return nil, a.unknown()
		}
	}
	return s, nil
}
