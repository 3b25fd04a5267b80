package scenarios

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// Defaults of the topology section.
const (
	defaultSegment  = "fabric"
	defaultMTU      = 1500
	maxClusterNodes = 1000
)

// nodeName is the name of the n-th node, from 0, when the scenario gives only a number of nodes.
func nodeName(n int) string { return "node" + strconv.Itoa(n+1) }

// topologyBuilder fills in what a topology section leaves out.
type topologyBuilder struct {
	*collector
	spec  TopologySpec
	bed   TestBed
	pools map[string]*addressPool // by segment
}

// buildTopology returns the complete test bed of a scenario and reports what is wrong with its topology section.
func buildTopology(c *collector, name string, spec TopologySpec) TestBed {
	b := &topologyBuilder{collector: c, spec: spec, pools: map[string]*addressPool{}}
	b.bed = TestBed{Name: name, Seed: spec.Seed}
	if b.bed.Seed == 0 {
		b.bed.Seed = 1
	}
	if len(spec.Nodes) == 0 {
		b.spec.Nodes = NodesSpec{{Name: nodeName(0)}, {Name: nodeName(1)}}
	}
	if len(spec.Nodes) > maxClusterNodes {
		b.field("topology.nodes", "has %d nodes; expected at most %d", len(spec.Nodes), maxClusterNodes)
		return b.bed
	}
	b.segments()
	b.uniqueNames()
	b.reserveGiven()
	b.nodes()
	b.routers()
	b.hosts()
	b.routes()
	return b.bed
}

func (b *topologyBuilder) wants(family Families) bool {
	return b.spec.Families == family || b.spec.Families == "" || b.spec.Families == FamiliesDual
}

func (b *topologyBuilder) segments() {
	specs := b.spec.Segments
	if len(specs) == 0 {
		specs = []SegmentSpec{{Name: defaultSegment}}
	}
	for i, s := range specs {
		path := fmt.Sprintf("topology.segments[%d]", i)
		if b.pools[s.Name] != nil {
			b.field(path+".name", "there is another segment %q", s.Name)
			continue
		}
		seg := Segment{Name: s.Name, MTU: orInt(s.MTU, defaultMTU), Quality: s.Link.quality()}
		seg.Subnets = b.subnets(path, i, s.Subnets)
		b.bed.Segments = append(b.bed.Segments, seg)
		b.pools[s.Name] = newAddressPool(seg.Subnets)
	}
}

// subnets returns a segment's subnets: the given ones, or the n-th default ones.
func (b *topologyBuilder) subnets(path string, n int, given []netip.Prefix) []netip.Prefix {
	if len(given) > 0 {
		return b.onePerFamily(path+".subnets", given)
	}
	if n > 255 || len(b.spec.Nodes) > firstHost-1 {
		b.field(path, "has no default subnets for so many nodes or segments; expected subnets")
		return nil
	}
	var out []netip.Prefix
	if b.wants(FamiliesIPv4) {
		out = append(out, netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, byte(n), 0}), 24))
	}
	if b.wants(FamiliesIPv6) {
		out = append(out, netip.MustParsePrefix(fmt.Sprintf("fd00:192:168:%d::/64", n)))
	}
	return out
}

// onePerFamily returns the prefixes masked, and reports a second one of a family.
func (b *topologyBuilder) onePerFamily(path string, prefixes []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for i, p := range prefixes {
		sub := fmt.Sprintf("%s[%d]", path, i)
		if slices.ContainsFunc(out, func(o netip.Prefix) bool { return o.Addr().Is4() == p.Addr().Is4() }) {
			b.field(sub, "is a second prefix of its family; expected at most one IPv4 and one IPv6 prefix")
			continue
		}
		if p.Masked() != p {
			b.field(sub, "is %s, which has host bits set; expected %s", p, p.Masked())
		}
		if maxLen := p.Addr().BitLen() - 2; p.Bits() > maxLen {
			b.field(sub, "is %s; expected a prefix of at most /%d", p, maxLen)
			continue
		}
		out = append(out, p.Masked())
	}
	return out
}

// uniqueNames reports names that two machines share: steps name machines without their kind.
func (b *topologyBuilder) uniqueNames() {
	seen := map[string]string{}
	check := func(path, name string) {
		if other, ok := seen[name]; ok {
			b.field(path, "%q is also the name of %s", name, other)
		}
		seen[name] = path
	}
	for i, n := range b.spec.Nodes {
		check(fmt.Sprintf("topology.nodes[%d].name", i), n.Name)
	}
	for i, r := range b.spec.Routers {
		check(fmt.Sprintf("topology.routers[%d].name", i), r.Name)
	}
	for i, h := range b.spec.Hosts {
		check(fmt.Sprintf("topology.hosts[%d].name", i), h.Name)
	}
}

// linksOf returns the links of a node or host, which are written inline if there is one, and the path of the first.
func linksOf(inline LinkSpec, list []LinkSpec) []LinkSpec {
	if len(list) > 0 {
		return list
	}
	return []LinkSpec{inline}
}

// reserveGiven takes the addresses that the file gives out of the pools before any default is chosen.
func (b *topologyBuilder) reserveGiven() {
	reserve := func(path string, inline LinkSpec, list []LinkSpec) {
		if len(list) > 0 && !reflect.ValueOf(inline).IsZero() {
			b.field(path, "has a link of its own and a list of links; expected one of them")
		}
		for _, l := range linksOf(inline, list) {
			pool := b.pools[b.segmentName(l.Segment)]
			if pool == nil {
				continue
			}
			for _, a := range l.Addresses {
				if !pool.reserve(a.Addr()) {
					b.field(path, "address %s is used twice on segment %q", a.Addr(), b.segmentName(l.Segment))
				}
			}
		}
	}
	for i, n := range b.spec.Nodes {
		reserve(fmt.Sprintf("topology.nodes[%d]", i), n.LinkSpec, n.Uplinks)
	}
	for i, r := range b.spec.Routers {
		reserve(fmt.Sprintf("topology.routers[%d]", i), LinkSpec{}, r.Links)
	}
	for i, h := range b.spec.Hosts {
		reserve(fmt.Sprintf("topology.hosts[%d]", i), h.LinkSpec, h.Links)
	}
}

func (b *topologyBuilder) segmentName(name string) string {
	if name == "" && len(b.bed.Segments) > 0 {
		return b.bed.Segments[0].Name
	}
	return name
}

// attachments completes the links of one machine. start is the ordinal from which default addresses are looked for.
func (b *topologyBuilder) attachments(path string, links []LinkSpec, start int) []Attachment {
	var out []Attachment
	for i, l := range links {
		name := b.segmentName(l.Segment)
		idx := slices.IndexFunc(b.bed.Segments, func(s Segment) bool { return s.Name == name })
		if idx < 0 {
			b.field(path, "unknown segment %q; expected one of %s", name, quoteNames(b.bed.Segments, func(s Segment) string { return s.Name }))
			continue
		}
		seg := b.bed.Segments[idx]
		a := Attachment{Interface: "eth" + strconv.Itoa(i), Segment: name, MTU: orInt(l.MTU, seg.MTU), Quality: seg.Quality, PhysicalNetwork: l.PhysicalNetwork}
		if l.Link != nil {
			a.Quality = l.Link.quality()
		}
		a.Addresses = b.addresses(path, l.Addresses, seg, start)
		out = append(out, a)
	}
	return out
}

// addresses returns the given addresses, or the next free ones of each of the segment's subnets.
func (b *topologyBuilder) addresses(path string, given []netip.Prefix, seg Segment, start int) []netip.Prefix {
	for _, a := range given {
		if !slices.ContainsFunc(seg.Subnets, func(s netip.Prefix) bool { return s.Contains(a.Addr()) && s.Bits() == a.Bits() }) {
			b.field(path, "address %s is in no subnet of segment %q, which has %v", a, seg.Name, seg.Subnets)
		}
	}
	if len(given) > 0 {
		return given
	}
	var out []netip.Prefix
	for _, subnet := range seg.Subnets {
		addr, ok := b.pools[seg.Name].next(subnet, start)
		if !ok {
			b.field(path, "subnet %s of segment %q has no free address", subnet, seg.Name)
			continue
		}
		out = append(out, netip.PrefixFrom(addr, subnet.Bits()))
	}
	return out
}

func (b *topologyBuilder) nodes() {
	shares := b.spec.PodSubnets
	if len(shares) > 0 {
		shares = b.onePerFamily("topology.podSubnets", shares)
	} else {
		if b.wants(FamiliesIPv4) {
			shares = append(shares, netip.MustParsePrefix("10.244.0.0/16"))
		}
		if b.wants(FamiliesIPv6) {
			shares = append(shares, netip.MustParsePrefix("fd00:10:244::/48"))
		}
	}
	for i, n := range b.spec.Nodes {
		path := fmt.Sprintf("topology.nodes[%d]", i)
		node := Node{Name: n.Name, PodSubnets: n.PodSubnets}
		node.Uplinks = b.attachments(path, linksOf(n.LinkSpec, n.Uplinks), i+1)
		for j, u := range node.Uplinks {
			if j > 0 && u.PhysicalNetwork == "" {
				b.field(fmt.Sprintf("%s.uplinks[%d]", path, j), "has no physicalNetwork; expected a name on every uplink but the first")
			}
		}
		if len(n.PodSubnets) > 0 {
			node.PodSubnets = b.onePerFamily(path+".podSubnets", n.PodSubnets)
		} else {
			node.PodSubnets = b.podShares(path, shares, i)
		}
		b.bed.Nodes = append(b.bed.Nodes, node)
	}
}

// podShares cuts node i's share out of each pod prefix: of IPv4 a /24, of IPv6 a /64. Default shares start with number 1, so that node1's is 10.244.1.0/24.
func (b *topologyBuilder) podShares(path string, prefixes []netip.Prefix, i int) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range prefixes {
		length := 24
		if p.Addr().Is6() {
			length = 64
		}
		number := uint64(i + 1)
		if p.Addr().Is6() {
			number = asHex(i + 1)
		}
		if p.Bits() > length || length-p.Bits() < 64 && number >= 1<<(length-p.Bits()) {
			b.field(path, "pod subnet %s has no /%d for this node; expected a shorter prefix in topology.podSubnets", p, length)
			continue
		}
		out = append(out, netip.PrefixFrom(addToAddr(p.Addr(), number, length), length))
	}
	return out
}

func (b *topologyBuilder) routers() {
	for i, r := range b.spec.Routers {
		path := fmt.Sprintf("topology.routers[%d]", i)
		if len(r.Links) < 2 {
			b.field(path+".links", "has %d; expected at least two links", len(r.Links))
		}
		b.bed.Routers = append(b.bed.Routers, Router{Name: r.Name, Links: b.attachments(path, r.Links, fromTheTop)})
	}
}

func (b *topologyBuilder) hosts() {
	for i, h := range b.spec.Hosts {
		path := fmt.Sprintf("topology.hosts[%d]", i)
		b.bed.Hosts = append(b.bed.Hosts, Host{Name: h.Name, Links: b.attachments(path, linksOf(h.LinkSpec, h.Links), firstHost+i)})
	}
}

func (q QualitySpec) quality() Quality {
	return Quality{Delay: time.Duration(q.Delay), Jitter: time.Duration(q.Jitter), Loss: float64(q.Loss), Duplicate: float64(q.Duplicate)}
}

func orInt(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}
