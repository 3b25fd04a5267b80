package vnet

import (
	"net/netip"
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// autoconfMain is the part of the instance that takes addresses and default
// routes from routers (src/vnet/ip6-nd/rd_cp.c).
type autoconfMain struct {
	links     []autoconfLink // by sw_if_index
	addresses []autoconfAddress
	routes    []autoconfRoute
	timer     *Timer
}

// autoconfLink says what an interface takes.
type autoconfLink struct{ addresses, routes bool }

type autoconfAddress struct {
	swIf   uint32
	prefix netip.Prefix
	until  time.Time
}

type autoconfRoute struct {
	swIf   uint32
	router netip.Addr
	until  time.Time
}

// SetAutoconfig makes an interface take addresses, and default routes as well,
// from router advertisements, or stop; then what any interface took goes
// (rd_cp_set_address_autoconfig).
func (m *Main) SetAutoconfig(swIf uint32, addresses, routes bool) error {
	if _, err := m.mustInterface(swIf); err != nil {
		return err
	}
	routes = routes && addresses
	c := at(&m.auto.links, swIf)
	if addresses && !c.addresses {
		_ = m.enableLink(swIf, netip.Addr{})
	}
	switch {
	case addresses && !c.addresses, routes && !c.routes:
		_ = m.SolicitRouters(swIf, Solicitation{IRT: 1, MRT: 120})
	case c.addresses && !addresses:
		_ = m.StopSoliciting(swIf)
	}
	if c.addresses && !addresses {
		m.dropAutoAddresses(func(autoconfAddress) bool { return true })
	}
	if c.routes && !routes {
		m.dropAutoRoutes(func(autoconfRoute) bool { return true })
	}
	c = at(&m.auto.links, swIf)
	c.addresses, c.routes = addresses, routes
	return nil
}

// autoconfigure acts on what a router advertised (ip6_ra_report_handler).
func (m *Main) autoconfigure(r *RouterReport) {
	if uint64(r.SwIf) >= uint64(len(m.auto.links)) {
		return
	}
	c, now := m.auto.links[r.SwIf], m.Now()
	if c.routes {
		m.autoRoute(r, now)
	}
	if c.addresses {
		for _, p := range r.Prefixes {
			m.autoAddress(r.SwIf, p, now)
		}
	}
	m.scheduleAutoconf()
}

// autoRoute keeps, renews or removes the default route by the router.
func (m *Main) autoRoute(r *RouterReport, now time.Time) {
	until := now.Add(time.Duration(r.Lifetime) * time.Second)
	k := slices.IndexFunc(m.auto.routes, func(o autoconfRoute) bool { return o.swIf == r.SwIf && o.router == r.Router })
	switch {
	case k < 0 && r.Lifetime != 0:
		m.auto.routes = append(m.auto.routes, autoconfRoute{r.SwIf, r.Router, until})
		m.FIB.Update(m.ip6FibIndex(r.SwIf), defaultIP6, fib.SourceAPI, 0, m.auto.routes[len(m.auto.routes)-1].paths())
	case k >= 0 && r.Lifetime != 0:
		m.auto.routes[k].until = until
	case k >= 0:
		m.dropAutoRoutes(func(o autoconfRoute) bool { return o.swIf == r.SwIf && o.router == r.Router })
	}
}

var defaultIP6 = netip.PrefixFrom(netip.IPv6Unspecified(), 0)

func (r autoconfRoute) paths() []fib.Path {
	return []fib.Path{{Proto: fib.IP6, NextHop: r.router, SwIf: r.swIf, FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex, Weight: 1}}
}

// autoLongLife is the lifetime that an advertisement may shorten an address's
// to without more ado (RFC 4862 section 5.5.3 e).
const autoLongLife = 2 * time.Hour

// autoAddress makes an address from a prefix of 64 bits, or changes how long it
// lasts.
func (m *Main) autoAddress(swIf uint32, p ReportedPrefix, now time.Time) {
	if p.Flags&raAutonomic == 0 || p.Prefix.Addr().IsLinkLocalUnicast() || p.Preferred > p.Valid || p.Prefix.Bits() != 64 {
		return
	}
	valid := time.Duration(p.Valid) * time.Second
	for k := range m.auto.addresses {
		a := &m.auto.addresses[k]
		if a.swIf != swIf || a.prefix.Masked() != p.Prefix.Masked() {
			continue
		}
		switch left := a.until.Sub(now); {
		case valid > autoLongLife, valid > left:
			a.until = now.Add(valid)
		case left > autoLongLife:
			a.until = now.Add(autoLongLife)
		}
		return
	}
	if p.Valid == 0 {
		return
	}
	high, low := p.Prefix.Addr().As16(), modifiedEUI64(m.Interface(swIf))
	copy(high[8:], low[:])
	prefix := netip.PrefixFrom(netip.AddrFrom16(high), 64)
	m.auto.addresses = append(m.auto.addresses, autoconfAddress{swIf, prefix, now.Add(valid)})
	_ = m.AddAddress(swIf, prefix) // VPP keeps the record of one that it could not add
}

// modifiedEUI64 is the identifier made from an interface's MAC address
// (RFC 4291 appendix A).
func modifiedEUI64(i *Interface) [8]byte {
	mac := i.Hw.MAC
	return [8]byte{mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]}
}

// dropAutoAddresses takes back the addresses that which picks.
func (m *Main) dropAutoAddresses(which func(autoconfAddress) bool) {
	var gone []autoconfAddress
	m.auto.addresses = slices.DeleteFunc(m.auto.addresses, func(a autoconfAddress) bool {
		if !which(a) {
			return false
		}
		gone = append(gone, a)
		return true
	})
	for _, a := range gone {
		_ = m.DeleteAddress(a.swIf, a.prefix)
	}
}

func (m *Main) dropAutoRoutes(which func(autoconfRoute) bool) {
	var gone []autoconfRoute
	m.auto.routes = slices.DeleteFunc(m.auto.routes, func(r autoconfRoute) bool {
		if !which(r) {
			return false
		}
		gone = append(gone, r)
		return true
	})
	for _, r := range gone {
		if m.Interface(r.swIf) != nil {
			m.FIB.RemovePaths(m.ip6FibIndex(r.swIf), defaultIP6, fib.SourceAPI, r.paths())
		}
	}
}

// scheduleAutoconf sets the timer for what ends first.
func (m *Main) scheduleAutoconf() {
	m.auto.timer.Stop()
	var first time.Time
	earlier := func(t time.Time) {
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	for _, a := range m.auto.addresses {
		earlier(a.until)
	}
	for _, r := range m.auto.routes {
		earlier(r.until)
	}
	if !first.IsZero() {
		m.auto.timer = m.AfterFunc(first.Sub(m.Now()), m.expireAutoconf)
	}
}

// expireAutoconf takes back what has ended; IPv6 stays enabled.
func (m *Main) expireAutoconf() {
	now := m.Now()
	m.dropAutoAddresses(func(a autoconfAddress) bool {
		if a.until.After(now) {
			return false
		}
		if m.Interface(a.swIf) != nil {
			_ = m.enableLink(a.swIf, netip.Addr{})
		}
		return true
	})
	m.dropAutoRoutes(func(r autoconfRoute) bool { return !r.until.After(now) })
	m.scheduleAutoconf()
}

// forgetAutoconf drops what an interface that goes took from routers.
func (m *Main) forgetAutoconf(swIf uint32) {
	m.auto.addresses = slices.DeleteFunc(m.auto.addresses, func(a autoconfAddress) bool { return a.swIf == swIf })
	m.auto.routes = slices.DeleteFunc(m.auto.routes, func(r autoconfRoute) bool { return r.swIf == swIf })
	if uint64(swIf) < uint64(len(m.auto.links)) {
		m.auto.links[swIf] = autoconfLink{}
	}
}
