package world

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Route says where packets go.
type Route struct {
	// Dst is the destination prefix.
	Dst netip.Prefix
	// Via is the next hop, taken to be on the interface's link; zero when the
	// destination itself is. It may be of the other family.
	Via netip.Addr
	// Interface is where it goes out; "" takes the interface on whose prefix
	// Via lies.
	Interface string
	// Src is the preferred source address; zero chooses one.
	Src netip.Addr
	// From limits the route to packets whose source lies in the prefix
	// (policy routing); such routes come before all others. Zero is any source.
	From netip.Prefix
	// Metric orders routes of one prefix, the lowest first. Routes equal in all
	// but Via and Interface share the flows.
	Metric int
}

// String gives the form of "ip route".
func (r Route) String() string {
	var b strings.Builder
	b.WriteString(r.Dst.String())
	if r.Dst.Bits() == 0 {
		b.Reset()
		b.WriteString("default")
	}
	add := func(word string, v fmt.Stringer) { b.WriteString(" " + word + " " + v.String()) }
	if r.From.IsValid() {
		add("from", r.From)
	}
	if r.Via.IsValid() {
		add("via", r.Via)
	}
	b.WriteString(" dev " + r.Interface)
	if r.Src.IsValid() {
		add("src", r.Src)
	}
	if r.Metric != 0 {
		fmt.Fprintf(&b, " metric %d", r.Metric)
	}
	return b.String()
}

// route is a Route with its interface.
type route struct {
	Route
	iface     *Interface
	connected bool // belongs to an address
}

// order sorts routes by preference.
func (r route) order(o route) int {
	return cmp.Or(cmp.Compare(o.From.Bits(), r.From.Bits()), cmp.Compare(o.Dst.Bits(), r.Dst.Bits()),
		cmp.Compare(r.Metric, o.Metric))
}

// AddRoute adds a route. A route equal to an existing one in all fields is an
// error.
func (h *Host) AddRoute(r Route) error {
	h.lock()
	defer h.unlock()
	full, err := h.completeRoute(r)
	if err != nil {
		return fmt.Errorf("host %s: add route %v: %w", h.name, r, err)
	}
	if slices.ContainsFunc(h.routes, func(o route) bool { return o.Route == full.Route }) {
		return fmt.Errorf("host %s: add route %v: it is there already", h.name, r)
	}
	h.addRoute(full)
	return nil
}

// AddDefault adds a default route of the next hop's family; iface may be "".
func (h *Host) AddDefault(via netip.Addr, iface string) error {
	return h.AddRoute(Route{Dst: netip.PrefixFrom(unspecified(via), 0), Via: via, Interface: iface})
}

// completeRoute fills in what a route leaves open.
func (h *Host) completeRoute(r Route) (route, error) {
	if !r.Dst.IsValid() {
		return route{}, fmt.Errorf("destination prefix is not valid")
	}
	r.Dst = r.Dst.Masked()
	if r.From.IsValid() {
		r.From = r.From.Masked()
	}
	if r.Interface == "" && r.Via.IsValid() {
		for _, o := range h.routes {
			if o.connected && o.Dst.Contains(r.Via) {
				return h.named(r, o.iface.name)
			}
		}
		return route{}, fmt.Errorf("next hop %v is on no interface's prefix", r.Via)
	}
	return h.named(r, r.Interface)
}

func (h *Host) named(r Route, name string) (route, error) {
	i := h.iface(name)
	if i == nil {
		return route{}, fmt.Errorf("no interface %q", name)
	}
	r.Interface = name
	return route{Route: r, iface: i}, nil
}

func (h *Host) addRoute(r route) {
	at, _ := slices.BinarySearchFunc(h.routes, r, func(o, r route) int {
		if c := o.order(r); c != 0 {
			return c
		}
		return -1 // after its equals
	})
	h.routes = slices.Insert(h.routes, at, r)
}

// DeleteRoute removes the routes that agree with r in all fields that r sets;
// it is an error if there is none. Routes of addresses go with their address.
func (h *Host) DeleteRoute(r Route) error {
	h.lock()
	defer h.unlock()
	before := len(h.routes)
	h.routes = slices.DeleteFunc(h.routes, func(o route) bool {
		return !o.connected && o.Dst == r.Dst.Masked() && o.From == r.From && o.Metric == r.Metric &&
			(!r.Via.IsValid() || o.Via == r.Via) && (r.Interface == "" || o.Interface == r.Interface)
	})
	if len(h.routes) == before {
		return fmt.Errorf("host %s: delete route %v: there is none", h.name, r)
	}
	return nil
}

// Routes lists the routes in the order they are tried, those of addresses
// included.
func (h *Host) Routes() []Route {
	h.lock()
	defer h.unlock()
	list := make([]Route, len(h.routes))
	for n, r := range h.routes {
		list[n] = r.Route
	}
	return list
}

// hop is where a packet goes next.
type hop struct {
	iface *Interface
	next  netip.Addr
	src   netip.Addr // preferred source, may be zero
}

// lookup finds the next hop of a destination. bound limits it to an interface,
// src (zero: not known yet) selects policy routes, flow spreads equal routes.
// As on Linux, an IPv4 destination without a route through the bound interface
// is taken to be on its link; an IPv6 one is unreachable.
func (h *Host) lookup(dst, src netip.Addr, bound *Interface, flow uint32) (hop, error) {
	if zone := dst.Zone(); zone != "" {
		if bound = h.iface(zone); bound == nil {
			return hop{}, h.noRoute(dst, src, nil, fmt.Sprintf("no interface %q", zone))
		}
		dst = dst.WithZone("")
	}
	if dst.IsMulticast() || dst == broadcast4 {
		return h.lookupGroup(dst, src, bound)
	}
	down := ""
	for n, r := range h.routes {
		if !r.matches(dst, src, bound) {
			continue
		}
		if !r.iface.up {
			down = fmt.Sprintf("interface %s of route %v is down", r.iface.name, r.Route)
			continue
		}
		return h.choose(h.routes[n:], dst, src, bound, flow), nil
	}
	if bound != nil && bound.up && dst.Is4() { // Linux, ip_route_output_key: "assume, that the destination is on link"
		return hop{iface: bound, next: dst}, nil
	}
	return hop{}, h.noRoute(dst, src, bound, down)
}

func (r *route) matches(dst, src netip.Addr, bound *Interface) bool {
	return r.Dst.Contains(dst) && (bound == nil || r.iface == bound) &&
		(!r.From.IsValid() || src.IsValid() && r.From.Contains(src))
}

// choose picks one of the usable routes equal to the first.
func (h *Host) choose(routes []route, dst, src netip.Addr, bound *Interface, flow uint32) hop {
	equal := 0
	for n := range routes {
		if routes[n].order(routes[0]) != 0 || routes[n].Dst != routes[0].Dst {
			break
		}
		if routes[n].iface.up && routes[n].matches(dst, src, bound) {
			equal++
		}
	}
	pick := int(flow % uint32(max(equal, 1)))
	for n := range routes {
		if !routes[n].iface.up || !routes[n].matches(dst, src, bound) {
			continue
		}
		if pick == 0 {
			return routes[n].hop(dst)
		}
		pick--
	}
	return routes[0].hop(dst)
}

func (r *route) hop(dst netip.Addr) hop {
	next := r.Via
	if !next.IsValid() {
		next = dst
	}
	return hop{iface: r.iface, next: next, src: r.Src}
}

// lookupGroup finds the interface for a group or the limited broadcast: the
// bound one, that of the source address, that of a default route, the first.
func (h *Host) lookupGroup(dst, src netip.Addr, bound *Interface) (hop, error) {
	out := bound
	if out == nil && src.IsValid() {
		out = h.owner(src)
	}
	if out == nil {
		for _, r := range h.routes {
			if r.iface.up && r.Dst.Contains(dst) {
				out = r.iface
				break
			}
		}
	}
	if out == nil && len(h.interfaces) > 0 {
		out = h.interfaces[0]
	}
	if out == nil || !out.up {
		return hop{}, h.noRoute(dst, src, bound, "no interface that is up")
	}
	return hop{iface: out, next: dst}, nil
}

func (h *Host) noRoute(dst, src netip.Addr, bound *Interface, why string) error {
	err := &NoRouteError{Host: h.name, Src: src, Dst: dst, Why: why}
	if bound != nil {
		err.Interface = bound.name
	}
	return err
}

// owner is the interface that has an address, nil when none.
func (h *Host) owner(a netip.Addr) *Interface {
	for _, i := range h.interfaces {
		for _, p := range i.addrs {
			if p.Addr() == a {
				return i
			}
		}
	}
	return nil
}

// source chooses the source address for a hop: the route's, one on whose prefix
// the next hop lies, any of the interface, any of the host. For IPv6 the scope
// of the destination decides first (RFC 6724, rule 2).
func (h *Host) source(to hop, dst netip.Addr) netip.Addr {
	v4 := dst.Is4()
	if to.src.IsValid() && to.src.Is4() == v4 {
		return to.src
	}
	local := dst.IsLinkLocalUnicast() || dst.IsLinkLocalMulticast()
	scoped := func(p netip.Prefix) bool { return v4 || p.Addr().IsLinkLocalUnicast() == local }
	near := func(p netip.Prefix) bool { return scoped(p) && p.Contains(to.next) }
	for _, ok := range []func(netip.Prefix) bool{near, scoped} {
		if a := to.iface.address(v4, ok); a.IsValid() {
			return a
		}
	}
	for _, i := range h.interfaces {
		if a := i.address(v4, scoped); a.IsValid() {
			return a
		}
	}
	return netip.Addr{}
}

var broadcast4 = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// unspecified is the zero address of a's family.
func unspecified(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
