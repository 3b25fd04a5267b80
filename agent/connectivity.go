package agent

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/vpptwin/vpptwin/agent/types"
	"github.com/vpptwin/vpptwin/agent/vpp"
)

// Bytes that VXLAN adds, with an inner Ethernet header, which layer-3 tunnels do not have: upstream reckons so, and MTUs are visible to users.
const (
	overhead4 = 50
	overhead6 = 70
)

// networkTable is the id of a network's tables.
func networkTable(n *types.Network) uint32 {
	if n.Name == defaultNetwork {
		return podsTable
	}
	return networkTables + n.VNI
}

// networkState is what every node has of every network: its tables and its loopback. A network on a physical network also leads everywhere that one does, which
// in turn leads to the network's range.
func (a *Agent) networkState(n *types.Network) (*vpp.State, error) {
	u := a.carrier(n.PhysicalNetwork)
	if u == nil {
		return nil, fmt.Errorf("network %s: spec.physicalNetworkName: node %s has no uplink to physical network %s",
			n.Name, a.config.NodeName, n.PhysicalNetwork)
	}
	s := &vpp.State{}
	s.AddTable(networkTable(n), tableName("network-", n.Name))
	s.AddInterface(loopback(n.Name, n.VNI, networkTable(n), a.own(u)))
	if n.PhysicalNetwork != "" {
		for _, ip6 := range families {
			s.AddRoute(networkTable(n), everything(ip6), vpp.Path{Lookup: true, Table: u.table()})
		}
		for _, r := range n.Ranges {
			s.AddRoute(u.table(), r, vpp.Path{Lookup: true, Table: networkTable(n)})
		}
	}
	return s, nil
}

// tunnel returns the tunnel that carries packets of one address family to a node whose addresses are remote, and false if there is no common
// family to reach it by.
func (a *Agent) tunnel(u *uplink, remote addresses, vni uint32, inner6 bool) (vpp.VXLAN, bool) {
	t := vpp.VXLAN{VNI: vni, EncapTable: u.table(), InnerIP6: inner6, Port: a.config.VXLANPort}
	own := a.own(u)
	if t.Src, t.Dst = own.of(inner6), remote.of(inner6); !t.Src.IsValid() || !t.Dst.IsValid() {
		t.Src, t.Dst, t.Port = own.of(!inner6), remote.of(!inner6), a.config.CrossPort
	}
	return t, t.Src.IsValid() && t.Dst.IsValid()
}

// tunnelInterface is a tunnel with what it needs to carry packets of a network.
func tunnelInterface(t vpp.VXLAN, u *uplink, table uint32, lender string) *vpp.Interface {
	return &vpp.Interface{Name: t.Name(), Device: t, Table: table, Unnumbered: lender, MTU: u.link.MTU - overhead(t.Src.Is6()), Up: true,
		Settings: vpp.Settings{GSO: true}}
}

func overhead(outer6 bool) int {
	if outer6 {
		return overhead6
	}
	return overhead4
}

// via leads to a destination through a tunnel. There is always a next hop, although a tunnel needs none: VPP crashes on the first packet of a route without
// one (ip4_neighbor_probe on a layer-3 interface). It is the remote node, or, where that is of the other family, an address of the destination.
func via(t vpp.VXLAN, destination netip.Prefix) vpp.Path {
	p := vpp.Path{Interface: t.Name()}
	switch {
	case t.Dst.Is6() == destination.Addr().Is6() && destination.Addr() != t.Dst:
		p.NextHop = t.Dst
	case !destination.IsSingleIP():
		p.NextHop = destination.Addr().Next()
	}
	return p
}

// remoteState joins a network's pods on this node with those on others: a tunnel to each node that has any, and a route to each of them.
func (a *Agent) remoteState(n *types.Network) *vpp.State {
	u := a.carrier(n.PhysicalNetwork)
	if n.Name == defaultNetwork {
		return a.defaultRemoteState(u)
	}
	nodes := a.config.Cluster.allNodes()
	list := a.config.Cluster.endpoints(n.Name)
	s := &vpp.State{Interfaces: map[string]*vpp.Interface{}, Routes: make(map[vpp.RouteKey][]vpp.Path, len(list))}
	table, lender := networkTable(n), networkTag(n.Name)
	var current string // list is sorted by node
	var tunnels [2]*vpp.VXLAN
	for _, e := range list {
		if e.node == a.config.NodeName || nodes[e.node] == nil {
			continue
		}
		if e.node != current {
			current, tunnels = e.node, [2]*vpp.VXLAN{}
		}
		family := 0
		if e.address.Is6() {
			family = 1
		}
		if tunnels[family] == nil {
			t, ok := a.tunnel(u, nodes[e.node].on(n.PhysicalNetwork), n.VNI, e.address.Is6())
			if !ok {
				continue
			}
			tunnels[family] = &t
			s.AddInterface(tunnelInterface(t, u, table, lender))
		}
		s.AddRoute(table, host(e.address), via(*tunnels[family], host(e.address)))
	}
	return s
}

// on returns a node's addresses on a physical network, "" being the main one.
func (n *node) on(physicalNetwork string) addresses {
	if physicalNetwork == "" {
		return n.addresses
	}
	return n.physical[physicalNetwork]
}

// defaultRemoteState joins the default network's pods with those of other nodes, whose ranges are known in advance, and with the nodes
// themselves: pods reach them by the same tunnel (upstream's route in the pods' table), so that replies come the way requests went.
func (a *Agent) defaultRemoteState(u *uplink) *vpp.State {
	s := &vpp.State{}
	nodes := a.config.Cluster.allNodes()
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		n := nodes[name]
		if name == a.config.NodeName {
			continue
		}
		for _, ip6 := range families {
			t, ok := a.tunnel(u, n.addresses, a.config.Cluster.config.DefaultVNI, ip6)
			ranges := slices.DeleteFunc(slices.Clone(n.podCIDRs), func(p netip.Prefix) bool { return p.Addr().Is6() != ip6 })
			if !ok || len(ranges) == 0 {
				continue
			}
			s.AddInterface(tunnelInterface(t, u, mainTable, uplinkTag(u.Interface)))
			for _, r := range ranges {
				s.AddRoute(mainTable, r, via(t, r))
			}
			if one := n.addresses.of(ip6); one.IsValid() {
				s.AddRoute(podsTable, host(one), via(t, host(one)))
			}
		}
	}
	return s
}

// podMTU is the greatest MTU with which packets of an interface with these addresses fit into the tunnels.
func (a *Agent) podMTU(u *uplink, list []netip.Addr) int {
	most := overhead4
	for _, one := range list {
		outer6 := one.Is6()
		if !a.own(u).of(outer6).IsValid() {
			outer6 = !outer6
		}
		most = max(most, overhead(outer6))
	}
	return u.link.MTU - most
}
