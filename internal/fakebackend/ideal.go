package fakebackend

import (
	"net/netip"
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/scenarios"
)

// ideal returns what an ideal network makes of a probe.
func (b *bed) ideal(p scenarios.Probe) scenarios.ProbeResult {
	b.mu.Lock()
	defer b.mu.Unlock()
	src := p.Source
	if !src.IsValid() {
		for _, a := range b.addresses(p.From) {
			if a.Is4() == p.Destination.Is4() {
				src = a
				break
			}
		}
	}
	to := b.owner(p.Destination, b.network(p.From), p.To)
	r := scenarios.ProbeResult{Source: src}
	for i := range p.Count {
		pkt := scenarios.PacketResult{Sent: time.Duration(i) * p.Interval, TTL: p.TTL, Path: b.path(p, src, to)}
		if to != (scenarios.Endpoint{}) {
			answer(p, &pkt, src, to, b.path(p, src, to))
		}
		r.Packets = append(r.Packets, pkt)
	}
	return r
}

// answer adds delivery and answer to a packet's result.
func answer(p scenarios.Probe, pkt *scenarios.PacketResult, src netip.Addr, to scenarios.Endpoint, back scenarios.Path) {
	pkt.Delivered = []scenarios.Delivery{{At: to, Source: src, Destination: p.Destination, Port: p.Port, TTL: p.TTL - 2, DSCP: p.DSCP, Size: p.Size, Fragments: 1}}
	pkt.ReplyPath = back
	icmp := scenarios.ICMPError{From: p.Destination, Type: 3, Code: 3, RTT: rtt}
	if p.Destination.Is6() {
		icmp.Type, icmp.Code = 1, 4
	}
	switch {
	case p.Kind == scenarios.ProbeTCP && p.Closed:
		pkt.TCP = &scenarios.Connection{Reset: true}
	case p.Kind == scenarios.ProbeTCP:
		pkt.TCP = &scenarios.Connection{Established: true, Sent: p.Size, Echoed: p.Size, Closed: true, Duration: rtt}
	case p.Kind == scenarios.ProbeTraceroute, p.Closed:
		pkt.Errors = []scenarios.ICMPError{icmp}
	default:
		pkt.Replies = []scenarios.Reply{{From: p.Destination, TTL: 62, RTT: rtt, Size: p.Size}}
	}
}

// path makes up the hops: the sender's node, the fabric if the receiver is elsewhere, the receiver's node. Networks with a name are in VXLAN 56.
func (b *bed) path(p scenarios.Probe, src netip.Addr, to scenarios.Endpoint) scenarios.Path {
	info := scenarios.PacketInfo{Source: src, Destination: p.Destination, Protocol: 1, TTL: 64, Length: 84}
	from, dest := b.nodeOf(p.From), b.nodeOf(to)
	path := scenarios.Path{
		{Kind: scenarios.HopSent, Where: p.From.String(), Interface: p.From.Interface, Packet: info},
		{Kind: scenarios.HopVPP, Where: from, Interface: "tun1", Out: "host-eth0", Packet: info, Graph: []scenarios.GraphNode{
			{Name: "virtio-input", Text: "tun1"}, {Name: "ip4-lookup", Text: "fib 3 dpo-idx 7"}, {Name: "ip4-rewrite", Text: "tx_sw_if_index 1"}}},
	}
	if to == (scenarios.Endpoint{}) {
		return append(path, scenarios.Hop{Kind: scenarios.HopDropped, Where: from, Packet: info, Reason: "ip4-drop: no route"})
	}
	if from != dest {
		wire := info
		if network := b.network(p.From); network != "" {
			wire.Encap = &scenarios.Encap{Kind: "vxlan", VNI: 56, Source: b.address(from), Destination: b.address(dest), Port: 4789, Length: 134}
		}
		path = append(path,
			scenarios.Hop{Kind: scenarios.HopLink, Where: "fabric", Interface: from + "/eth0", Out: dest + "/eth0", Packet: wire},
			scenarios.Hop{Kind: scenarios.HopVPP, Where: dest, Interface: "host-eth0", Out: "tun1", Packet: wire})
	}
	return append(path, scenarios.Hop{At: rtt / 2, Kind: scenarios.HopDelivered, Where: to.String(), Interface: to.Interface, Packet: info})
}

func (b *bed) address(node string) netip.Addr {
	for _, n := range b.tb.Nodes {
		if n.Name == node {
			return n.Uplinks[0].Addresses[0].Addr()
		}
	}
	return netip.Addr{}
}

func (b *bed) nodeOf(e scenarios.Endpoint) string {
	for _, p := range b.pods {
		if e.Kind == scenarios.EndpointPod && p.Namespace == e.Namespace && p.Name == e.Name {
			return p.Node
		}
	}
	return e.Name
}

func (b *bed) network(e scenarios.Endpoint) string {
	for _, p := range b.pods {
		for _, i := range p.Interfaces {
			if e.Kind == scenarios.EndpointPod && p.Namespace == e.Namespace && p.Name == e.Name && i.Name == e.Interface {
				return i.Network
			}
		}
	}
	return ""
}

func (b *bed) addresses(e scenarios.Endpoint) []netip.Addr {
	var out []netip.Addr
	for _, p := range b.pods {
		for _, i := range p.Interfaces {
			if e.Kind == scenarios.EndpointPod && p.Namespace == e.Namespace && p.Name == e.Name && i.Name == e.Interface {
				return i.Addresses
			}
		}
	}
	for _, l := range b.links(e.Name) {
		for _, a := range l.Addresses {
			out = append(out, a.Addr())
		}
	}
	return out
}

func (b *bed) links(name string) []scenarios.Attachment {
	for _, n := range b.tb.Nodes {
		if n.Name == name {
			return n.Uplinks
		}
	}
	for _, h := range b.tb.Hosts {
		if h.Name == name {
			return h.Links
		}
	}
	return nil
}

// owner returns who has an address in a network; wanted, if it is one of several.
func (b *bed) owner(a netip.Addr, network string, wanted scenarios.Endpoint) scenarios.Endpoint {
	var found scenarios.Endpoint
	for _, p := range b.pods {
		for _, i := range p.Interfaces {
			e := scenarios.Endpoint{Kind: scenarios.EndpointPod, Namespace: p.Namespace, Name: p.Name, Interface: i.Name}
			if i.Network == network && slices.Contains(i.Addresses, a) && (found == (scenarios.Endpoint{}) || e == wanted) {
				found = e
			}
		}
	}
	for _, n := range b.tb.Nodes {
		if e := (scenarios.Endpoint{Kind: scenarios.EndpointNode, Name: n.Name}); network == "" && slices.Contains(b.addresses(e), a) {
			found = e
		}
	}
	for _, h := range b.tb.Hosts {
		if e := (scenarios.Endpoint{Kind: scenarios.EndpointHost, Name: h.Name}); network == "" && slices.Contains(b.addresses(e), a) {
			found = e
		}
	}
	return found
}
