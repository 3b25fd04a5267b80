package vnet

import (
	"net/netip"
	"slices"
	"time"
)

// Defaults of router advertisements (src/vnet/ip6-nd/ip6_ra.h, RFC 4861
// section 6.2.1), in seconds.
const (
	raMaxInterval        = 200
	raMinInterval        = 150
	raLifetime           = 3 * raMaxInterval
	raMaxLifetime        = 9000
	raInitialCount       = 3
	raInitialInterval    = 16
	raValidLifetime      = 2592000
	raPreferredLifetime  = 604800
	raDefaultHopLimit    = 64
	raMaxInitialCount    = 3
	raMaxInitialInterval = 16
	raEndless            = ^uint32(0)
)

// RouterAdvertisements is an interface's configuration of router
// advertisements and what came of it.
type RouterAdvertisements struct {
	Send, Cease, Managed, Other, LinkLayerOption, SendUnicast bool
	HopLimit                                                  uint8
	Lifetime                                                  uint32
	MaxInterval, MinInterval                                  uint32
	InitialCount, InitialInterval                             uint32
	Prefixes                                                  []RAPrefix
	// LinkMTU is what is announced: the interface's MTU for IPv6 when it got
	// IPv6.
	LinkMTU uint32
	// Sent counts advertisements, the others solicitations.
	Sent, SolicitationsReceived, SolicitationsDropped uint32

	state raState
}

// RATimes is when advertisements were and will be sent; the zero time says that
// it is not known.
type RATimes struct {
	LastSolicited, LastMulticast, NextMulticast time.Time
	// InitialDone says that the quick advertisements of the beginning are over.
	InitialDone bool
}

// Times tells when advertisements go out.
func (ra *RouterAdvertisements) Times() RATimes {
	t := RATimes{LastSolicited: ra.state.lastSolicited, InitialDone: ra.state.initialLeft == 0}
	if ra.state.nextMulticast.After(ra.state.lastMulticast) {
		t.LastMulticast, t.NextMulticast = ra.state.lastMulticast, ra.state.nextMulticast
	}
	return t
}

// RAPrefix is a prefix that advertisements announce.
type RAPrefix struct {
	Prefix                              netip.Prefix
	Valid, Preferred                    uint32
	OnLink, Autonomous, NoAdvertisement bool
	// Endless lifetimes do not count down; others end at these times.
	Endless                    bool
	ValidUntil, PreferredUntil time.Time
}

// RAConfig is a change of router advertisements: flags that are set change the
// value, to its default with No (sw_interface_ip6nd_ra_config).
type RAConfig struct {
	Suppress, Managed, Other, LinkLayerOption, SendUnicast, Cease, UseLifetime, No bool
	Lifetime, InitialCount, InitialInterval, MaxInterval, MinInterval              uint32
}

func newRouterAdvertisements() *RouterAdvertisements {
	return &RouterAdvertisements{LinkLayerOption: true, HopLimit: raDefaultHopLimit, Lifetime: raLifetime,
		MaxInterval: raMaxInterval, MinInterval: raMinInterval, InitialCount: raInitialCount, InitialInterval: raInitialInterval,
		state: raState{initialLeft: raInitialCount - 1}}
}

// RouterAdvertisements returns an interface's configuration, nil where IPv6 is
// not enabled or the interface is not Ethernet.
func (m *Main) RouterAdvertisements(swIf uint32) *RouterAdvertisements {
	if l := m.link(swIf); l != nil {
		return l.ra
	}
	return nil
}

// ip6RAEnabled says if the interface advertises itself as a router
// (ip6_ra_adv_enabled).
func (m *Main) ip6RAEnabled(swIf uint32) bool {
	ra := m.RouterAdvertisements(swIf)
	return ra != nil && ra.Send
}

// ConfigureRA changes an interface's router advertisements: ErrIP6NotEnabled,
// or ErrInvalidValue for intervals and lifetimes that contradict each other
// (ip6_ra_config in src/vnet/ip6-nd/ip6_ra.c).
func (m *Main) ConfigureRA(swIf uint32, c RAConfig) error {
	if _, err := m.mustInterface(swIf); err != nil {
		return err
	}
	ra := m.RouterAdvertisements(swIf)
	if ra == nil {
		return ErrIP6NotEnabled
	}
	ra.Send = true
	if c.MaxInterval != 0 && c.MinInterval == 0 {
		c.MinInterval = c.MaxInterval * 3 / 4
	}
	maxInterval := c.pick(c.MaxInterval != 0, c.MaxInterval, raMaxInterval, ra.MaxInterval)
	minInterval := c.pick(c.MinInterval != 0, c.MinInterval, raMinInterval, ra.MinInterval)
	lifetime := min(c.pick(c.UseLifetime, c.Lifetime, raLifetime, ra.Lifetime), raMaxLifetime)
	switch {
	case lifetime != 0 && lifetime <= maxInterval,
		minInterval != 0 && (float64(minInterval) > .75*float64(maxInterval) || minInterval < 3),
		c.InitialCount > raMaxInitialCount, c.InitialInterval > raMaxInitialInterval:
		return ErrInvalidValue
	}
	set := func(flag *bool, change, normal bool) {
		if change {
			*flag = normal == c.No
		}
	}
	set(&ra.Send, c.Suppress, true)
	set(&ra.Managed, c.Managed, false)
	set(&ra.Other, c.Other, false)
	set(&ra.LinkLayerOption, c.LinkLayerOption, true)
	set(&ra.SendUnicast, c.SendUnicast, false)
	set(&ra.Cease, c.Cease, false)
	if c.Cease && c.No {
		ra.Send = true
	}
	ra.MinInterval, ra.MaxInterval, ra.Lifetime = minInterval, maxInterval, lifetime
	ra.InitialCount = c.pick(c.InitialCount != 0, c.InitialCount, raInitialCount, ra.InitialCount)
	ra.InitialInterval = c.pick(c.InitialInterval != 0, c.InitialInterval, raInitialInterval, ra.InitialInterval)
	m.restartRA(swIf, ra)
	return nil
}

// pick returns the value of a field: the default or the given one when it is
// changed, else what it was.
func (c RAConfig) pick(change bool, given, normal, was uint32) uint32 {
	switch {
	case !change:
		return was
	case c.No:
		return normal
	}
	return given
}

// SetRAPrefix announces a prefix, or no longer: ErrIP6NotEnabled; removing one
// that is not there is ErrInvalidValue, an address that is announced with
// another length ErrInvalidValue2. Defaults count for a new prefix only
// (ip6_ra_prefix, which takes any lifetimes).
func (m *Main) SetRAPrefix(swIf uint32, p RAPrefix, useDefault, remove bool) error {
	if _, err := m.mustInterface(swIf); err != nil {
		return err
	}
	ra := m.RouterAdvertisements(swIf)
	if ra == nil {
		return ErrIP6NotEnabled
	}
	k := slices.IndexFunc(ra.Prefixes, func(o RAPrefix) bool { return o.Prefix.Addr() == p.Prefix.Addr() })
	switch {
	case remove && k < 0:
		return ErrInvalidValue
	case k >= 0 && ra.Prefixes[k].Prefix.Bits() != p.Prefix.Bits():
		return ErrInvalidValue2
	case remove:
		ra.Prefixes = slices.Delete(ra.Prefixes, k, k+1)
	case k >= 0:
		ra.Prefixes[k] = p.started(m.Now(), ra.Prefixes[k].Endless)
	case useDefault:
		p = RAPrefix{Prefix: p.Prefix, Valid: raValidLifetime, Preferred: raPreferredLifetime, OnLink: true, Autonomous: true}
		ra.Prefixes = append(ra.Prefixes, p.started(m.Now(), false))
	default:
		ra.Prefixes = append(ra.Prefixes, p.started(m.Now(), false))
	}
	m.restartRA(swIf, ra)
	return nil
}

// started begins the prefix's lifetimes. One that is endless makes both so, for
// as long as the prefix is announced.
func (p RAPrefix) started(now time.Time, endless bool) RAPrefix {
	if p.Valid == raEndless || p.Preferred == raEndless {
		p.Valid, p.Preferred, endless = raEndless, raEndless, true
	}
	p.Endless = endless
	p.ValidUntil, p.PreferredUntil = now.Add(time.Duration(p.Valid)*time.Second), now.Add(time.Duration(p.Preferred)*time.Second)
	return p
}
