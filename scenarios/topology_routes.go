package scenarios

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// routes completes the static routes, once every machine has its addresses.
func (b *topologyBuilder) routes() {
	for i, n := range b.spec.Nodes {
		if i < len(b.bed.Nodes) {
			b.bed.Nodes[i].Routes = b.routesOf(fmt.Sprintf("topology.nodes[%d]", i), n.Routes, b.bed.Nodes[i].Uplinks)
		}
	}
	for i, r := range b.spec.Routers {
		b.bed.Routers[i].Routes = b.routesOf(fmt.Sprintf("topology.routers[%d]", i), r.Routes, b.bed.Routers[i].Links)
	}
	for i, h := range b.spec.Hosts {
		b.bed.Hosts[i].Routes = b.routesOf(fmt.Sprintf("topology.hosts[%d]", i), h.Routes, b.bed.Hosts[i].Links)
	}
}

// routesOf turns route entries, which may use names, into routes: one for each family that both the destination and the next hop have.
func (b *topologyBuilder) routesOf(path string, specs []RouteSpec, links []Attachment) []Route {
	var out []Route
	for i, r := range specs {
		sub := fmt.Sprintf("%s.routes[%d]", path, i)
		vias := b.nextHops(sub+".via", r.Via, links)
		before := len(out)
		dests := b.destinations(sub+".to", r.To)
		for _, to := range dests {
			for _, via := range vias {
				if to.Addr().Is4() == via.Is4() {
					out = append(out, Route{To: to, Via: via})
				}
			}
		}
		if len(out) == before && len(vias) > 0 && len(dests) > 0 {
			b.field(sub, "destination and next hop have no address family in common")
		}
	}
	return out
}

func (b *topologyBuilder) destinations(path, to string) []netip.Prefix {
	if to == "default" {
		return []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	}
	for _, n := range b.bed.Nodes {
		if n.Name == to {
			return n.PodSubnets
		}
	}
	p, err := netip.ParsePrefix(to)
	if err != nil {
		b.field(path, "is %q; expected a prefix, default, or a node (%s)", to, quoteNames(b.bed.Nodes, func(n Node) string { return n.Name }))
		return nil
	}
	if p.Masked() != p {
		b.field(path, "is %s, which has host bits set; expected %s", p, p.Masked())
	}
	return []netip.Prefix{p.Masked()}
}

// nextHops returns the addresses that via stands for on the segments of links.
func (b *topologyBuilder) nextHops(path, via string, links []Attachment) []netip.Addr {
	if a, err := netip.ParseAddr(via); err == nil {
		if !onSubnetOf(links, a) {
			b.field(path, "%s is on no subnet of this machine's links", a)
		}
		return []netip.Addr{a}
	}
	theirs := b.linksByName(via)
	if theirs == nil {
		b.field(path, "is %q; expected an address, or the name of a node, router or host", via)
		return nil
	}
	for _, mine := range links {
		for _, their := range theirs {
			if mine.Segment == their.Segment {
				return addrsOf(their.Addresses)
			}
		}
	}
	b.field(path, "%q is on none of the segments that this machine is on", via)
	return nil
}

func (b *topologyBuilder) linksByName(name string) []Attachment { return b.bed.links(name) }

// links returns the links of the node, router or host with this name, nil if there is none.
func (bed TestBed) links(name string) []Attachment {
	for _, n := range bed.Nodes {
		if n.Name == name {
			return n.Uplinks
		}
	}
	for _, r := range bed.Routers {
		if r.Name == name {
			return r.Links
		}
	}
	for _, h := range bed.Hosts {
		if h.Name == name {
			return h.Links
		}
	}
	return nil
}

func onSubnetOf(links []Attachment, a netip.Addr) bool {
	for _, l := range links {
		for _, p := range l.Addresses {
			if p.Contains(a) {
				return true
			}
		}
	}
	return false
}

func addrsOf(prefixes []netip.Prefix) []netip.Addr {
	var out []netip.Addr
	for _, p := range prefixes {
		out = append(out, p.Addr())
	}
	return out
}

// quoteNames lists names for a message.
func quoteNames[T any](items []T, name func(T) string) string {
	var out []string
	for _, it := range items {
		out = append(out, strconv.Quote(name(it)))
		if len(out) == 12 && len(items) > 12 {
			out = append(out, fmt.Sprintf("and %d more", len(items)-12))
			break
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}
