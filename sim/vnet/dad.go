package vnet

import (
	"net/netip"
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
)

// DADState is the state of an address's check for duplicates, with the API's
// numbers (ip6_dad_state in src/vnet/ip6-nd/ip6_dad.api).
type DADState uint8

// States of a check.
const (
	DADIdle DADState = iota
	DADTentative
	DADPreferred
	DADDuplicate
)

func (s DADState) String() string {
	if s > DADDuplicate {
		return "UNKNOWN"
	}
	return [...]string{"IDLE", "TENTATIVE", "PREFERRED", "DUPLICATE"}[s]
}

// DADConfig says if and how addresses that are added are checked.
type DADConfig struct {
	Enabled   bool
	Transmits uint8
	// Delay is in seconds.
	Delay float64
}

// DADCheck is a check under way.
type DADCheck struct {
	SwIf             uint32
	Prefix           netip.Prefix
	State            DADState
	Count, Transmits uint8
	// Next is when the next solicitation is sent, or the check passed.
	Next time.Time

	delay time.Duration
	timer *Timer
}

// DADEvent is what watchers of checks are told.
type DADEvent struct {
	SwIf             uint32
	Addr             netip.Addr
	State            DADState
	Count, Transmits uint8
}

// dadMain is duplicate address detection (src/vnet/ip6-nd/ip6_dad.c).
type dadMain struct {
	config   DADConfig
	set      bool
	checks   []*DADCheck
	watchers []*func(DADEvent)
}

// DADConfig returns how addresses are checked.
func (m *Main) DADConfig() DADConfig {
	if !m.dad.set {
		return DADConfig{Transmits: 1, Delay: 1}
	}
	return m.dad.config
}

// SetDAD changes how addresses are checked that are added from now on; checks
// under way end when it is disabled.
func (m *Main) SetDAD(c DADConfig) {
	m.dad.config, m.dad.set = c, true
	if !c.Enabled {
		m.endDAD(func(*DADCheck) bool { return true })
	}
}

// DADChecks returns the checks under way, the oldest first.
func (m *Main) DADChecks() []*DADCheck { return m.dad.checks }

// WatchDAD calls fn for each step of a check until stop is called.
func (m *Main) WatchDAD(fn func(DADEvent)) (stop func()) {
	m.dad.watchers = append(m.dad.watchers, &fn)
	return func() {
		m.dad.watchers = slices.DeleteFunc(slices.Clone(m.dad.watchers), func(w *func(DADEvent)) bool { return w == &fn })
	}
}

func (m *Main) publishDAD(c *DADCheck, count uint8) {
	for _, w := range m.dad.watchers {
		(*w)(DADEvent{c.SwIf, c.Prefix.Addr(), c.State, count, c.Transmits})
	}
}

// startDAD begins to check an address that an interface got (ip6_dad_start).
func (m *Main) startDAD(swIf uint32, prefix netip.Prefix) {
	a, config := prefix.Addr(), m.DADConfig()
	if !config.Enabled || a.IsLoopback() || a.IsMulticast() || m.dadCheck(swIf, a) != nil {
		return
	}
	c := &DADCheck{SwIf: swIf, Prefix: prefix, State: DADTentative, Transmits: config.Transmits, Next: m.Now(),
		delay: seconds(config.Delay)}
	m.dad.checks = append(m.dad.checks, c)
	m.publishDAD(c, 0)
	c.timer = m.AfterFunc(0, func() { m.stepDAD(c) })
}

func (m *Main) dadCheck(swIf uint32, a netip.Addr) *DADCheck {
	k := slices.IndexFunc(m.dad.checks, func(c *DADCheck) bool { return c.SwIf == swIf && c.Prefix.Addr() == a })
	if k < 0 {
		return nil
	}
	return m.dad.checks[k]
}

// stepDAD sends the next solicitation, or finds that nobody objected.
func (m *Main) stepDAD(c *DADCheck) {
	if c.Count == c.Transmits {
		c.State = DADPreferred
		m.publishDAD(c, c.Count)
		m.endDAD(func(o *DADCheck) bool { return o == c })
		return
	}
	m.sendDADSolicitation(c)
	c.Count++
	m.publishDAD(c, c.Count)
	c.Next = m.Now().Add(c.delay)
	c.timer = m.AfterFunc(c.delay, func() { m.stepDAD(c) })
}

// dadTrailer is what VPP leaves of its template behind the solicitation: the
// room of the option that is not there.
const dadTrailer = 8

// sendDADSolicitation multicasts a solicitation without source for the address
// itself.
func (m *Main) sendDADSolicitation(c *DADCheck) {
	i := m.Interface(c.SwIf)
	if i == nil || !i.Hw.Class.Ethernet {
		return
	}
	group := packet.SolicitedNode(c.Prefix.Addr())
	b := m.newND(i, packet.NDFields{Type: packet.ICMPv6NeighborSol, Target: c.Prefix.Addr()}, netip.IPv6Unspecified(), group)
	clear(b.Grow(dadTrailer)[b.Len()-dadTrailer:])
	g := group.As16()
	m.sendToLink(b, i, fib.LinkIP6, packet.MAC{0x33, 0x33, g[12], g[13], g[14], g[15]})
}

// dadHeard notes that somebody on the link spoke for an address. One that is
// being checked is a duplicate; it stays configured (handle_dad_conflict).
func (m *Main) dadHeard(swIf uint32, a netip.Addr) {
	if len(m.dad.checks) == 0 {
		return
	}
	c := m.dadCheck(swIf, a)
	if c == nil {
		return
	}
	c.State = DADDuplicate
	m.publishDAD(c, c.Count)
	m.endDAD(func(o *DADCheck) bool { return o == c })
}

// endDAD ends the checks that which picks.
func (m *Main) endDAD(which func(*DADCheck) bool) {
	m.dad.checks = slices.DeleteFunc(m.dad.checks, func(c *DADCheck) bool {
		if which(c) {
			c.timer.Stop()
			return true
		}
		return false
	})
}

// stopDAD ends the check of an address that goes, dadLinkDown all of an
// interface without IPv6.
func (m *Main) stopDAD(swIf uint32, a netip.Addr) {
	m.endDAD(func(c *DADCheck) bool { return c.SwIf == swIf && c.Prefix.Addr() == a })
}

func (m *Main) dadLinkDown(swIf uint32) {
	m.endDAD(func(c *DADCheck) bool { return c.SwIf == swIf })
}
