package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8stypes "k8s.io/apimachinery/pkg/types"

	"github.com/vpptwin/vpptwin/agent/hostnet"
	"github.com/vpptwin/vpptwin/agent/vpp"
)

// upstreamMTU is what upstream sets on every interface towards Linux, so that VPP never fragments what Linux would take (CalicoVppMaxMTu).
const upstreamMTU = 9216

// queueSize is the depth of the host taps' queues in descriptors.
const queueSize = 1024

// tapAddress is VPP's address on each host tap (upstream's).
var tapAddress = netip.MustParsePrefix("169.254.0.1/32")

// neighbourLimits are upstream's defaults.
var neighbourLimits = vpp.NeighbourLimits{MaxNumber: 50000, MaxAge: 30}

// uplink is an interface that VPP takes over, with what Linux had on it.
type uplink struct {
	Uplink
	number int
	link   hostnet.Link
}

// table is where packets of the uplink are routed: its physical network's, or the main one.
func (u *uplink) table() uint32 {
	if u.PhysicalNetwork == "" {
		return mainTable
	}
	return physicalTable + uint32(u.number)
}

// addresses are the first ones of each family.
func (u *uplink) addresses() (a addresses) {
	for _, p := range u.link.Addresses {
		a.add(p.Addr())
	}
	return a
}

// own returns the addresses under which other nodes know an uplink of this one: the Node's, if the uplink has them, else its first ones.
func (a *Agent) own(u *uplink) addresses {
	var own addresses
	if n := a.config.Cluster.node(a.config.NodeName); n != nil && u.PhysicalNetwork == "" {
		for _, p := range u.link.Addresses {
			if p.Addr() == n.addresses.of(p.Addr().Is6()) {
				own.add(p.Addr())
			}
		}
	}
	for _, p := range u.link.Addresses {
		own.add(p.Addr())
	}
	return own
}

// uplinkRecord is the name of what Linux had on an uplink in the Store.
func uplinkRecord(name string) string { return "uplink/" + name }

// takeUplinks takes the uplinks from Linux, or remembers what they had when they were taken.
func (a *Agent) takeUplinks(ctx context.Context, records map[string][]byte) error {
	var uplinks []*uplink
	for i, config := range a.config.Uplinks {
		u := &uplink{Uplink: config, number: i}
		data, known := records[uplinkRecord(u.Interface)]
		if known {
			if err := json.Unmarshal(data, &u.link); err != nil {
				return fmt.Errorf("read what uplink %s had: %w", u.Interface, err)
			}
		}
		link, err := a.config.Host.TakeUplink(ctx, u.Interface)
		if err != nil {
			return fmt.Errorf("take uplink %s: %w", u.Interface, err)
		}
		if !known {
			u.link = link
			if data, err = json.Marshal(link); err != nil {
				return fmt.Errorf("record uplink %s: %w", u.Interface, err)
			}
			if err := a.config.Store.Put(uplinkRecord(u.Interface), data); err != nil {
				return err
			}
		}
		uplinks = append(uplinks, u)
	}
	a.uplinks = uplinks
	return a.announceUplinks(ctx)
}

// announceUplinks tells other nodes our addresses on physical networks.
func (a *Agent) announceUplinks(ctx context.Context) error {
	physical := map[string][]netip.Addr{}
	for _, u := range a.uplinks {
		if u.PhysicalNetwork != "" {
			physical[u.PhysicalNetwork] = u.addresses().list()
		}
	}
	if len(physical) == 0 {
		return nil
	}
	value, err := json.Marshal(physical)
	if err != nil {
		return fmt.Errorf("announce uplinks: %w", err)
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{UplinksAnnotation: string(value)}}})
	if err != nil {
		return fmt.Errorf("announce uplinks: %w", err)
	}
	_, err = a.config.Cluster.config.Kube.CoreV1().Nodes().Patch(ctx, a.config.NodeName, k8stypes.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("announce uplinks: node %s has no Node object yet", a.config.NodeName)
	}
	return err
}

// main returns the main uplink.
func (a *Agent) main() *uplink {
	i := slices.IndexFunc(a.uplinks, func(u *uplink) bool { return u.PhysicalNetwork == "" })
	return a.uplinks[i]
}

// carrier returns the uplink that carries a network's packets, nil if the node has none to its physical network.
func (a *Agent) carrier(physicalNetwork string) *uplink {
	for _, u := range a.uplinks {
		if u.PhysicalNetwork == physicalNetwork {
			return u
		}
	}
	return nil
}

// nodeState is VPP between uplinks and Linux, in the order of upstream's vpp-manager.
func (a *Agent) nodeState() *vpp.State {
	s := &vpp.State{PuntRedirects: map[bool]uint32{}, Limits: map[bool]vpp.NeighbourLimits{}}
	s.AddTable(puntTable, "punt-table")
	s.AddTable(podsTable, "calico-pods")
	for _, ip6 := range families {
		s.AddRoute(podsTable, everything(ip6), vpp.Path{Lookup: true, Table: mainTable})
		s.PuntRedirects[ip6] = puntTable
		s.Limits[ip6] = neighbourLimits
	}
	for _, u := range a.uplinks {
		a.uplinkState(s, u)
		a.hostTapState(s, u)
	}
	own := a.own(a.main())
	s.AddInterface(loopback(defaultNetwork, a.config.Cluster.config.DefaultVNI, podsTable, own))
	return s
}

// loopback owns the addresses that a network's interfaces borrow: the node's own. It stays down, so that the addresses are in no route and tracing a packet
// shows the node, without the node being reachable in the network.
func loopback(network string, vni, table uint32, own addresses) *vpp.Interface {
	i := &vpp.Interface{Name: networkTag(network), Device: vpp.Loopback{MAC: networkMAC(vni)}, Table: table}
	for _, one := range own.list() {
		i.Addresses = append(i.Addresses, host(one))
	}
	return i
}

func (a *Agent) uplinkState(s *vpp.State, u *uplink) {
	if u.PhysicalNetwork != "" {
		s.AddTable(u.table(), tableName("physical-net-", u.PhysicalNetwork))
	}
	s.AddInterface(&vpp.Interface{
		Name: uplinkTag(u.Interface), Device: vpp.AFPacket{HostInterface: u.Interface, MAC: u.link.MAC}, Table: u.table(),
		Addresses: u.link.Addresses, MTU: u.link.MTU, Up: true,
		Settings: vpp.Settings{Promiscuous: true, IP6: true, SuppressRA: true, GSO: true, RxMode: "interrupt", BestEffortRxMode: true},
	})
	for _, r := range u.link.Routes {
		s.AddRoute(u.table(), r.Destination, vpp.Path{Interface: uplinkTag(u.Interface), NextHop: r.Gateway})
	}
}

// ndGroups are the groups of neighbour discovery and multicast listener discovery that pass between Linux and the uplink.
var ndGroups = []netip.Prefix{
	netip.MustParsePrefix("ff02::1:ff00:0/104"), netip.MustParsePrefix("ff02::1/128"), netip.MustParsePrefix("ff02::2/128"),
	netip.MustParsePrefix("ff02::16/128"), netip.MustParsePrefix("ff02::1:2/128"),
}

func (a *Agent) hostTapState(s *vpp.State, u *uplink) {
	tap, table := hostTag(u.Interface), hostTables+uint32(u.number)
	ip6 := u.addresses().ip6.IsValid()
	s.AddTable(table, tableName("host-tap-", u.Interface))
	s.AddInterface(&vpp.Interface{
		Name: tap,
		Device: vpp.Tap{HostInterface: u.Interface, Namespace: a.config.HostNamespace, MAC: hostTapMAC(u.number), HostMAC: u.link.MAC, HostMTU: u.link.MTU,
			RxQueues: 1, TxQueues: 1, RxSize: queueSize, TxSize: queueSize, GSO: true},
		Table: table, Addresses: []netip.Prefix{tapAddress}, MTU: upstreamMTU, Up: true,
		Settings: vpp.Settings{IP6: true, SuppressRA: ip6, NDProxy: ip6, ProxyARP: true, GSO: true, RxMode: "adaptive", BestEffortRxMode: true},
	})
	s.AddRoute(table, netip.MustParsePrefix("255.255.255.255/32"), vpp.Path{Interface: uplinkTag(u.Interface),
		NextHop: netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")})
	for _, group := range ndGroups {
		if s.MRoutes == nil {
			s.MRoutes = map[vpp.RouteKey][]vpp.MPath{}
		}
		s.MRoutes[vpp.RouteKey{Table: table, Prefix: group}] = []vpp.MPath{
			{Interface: tap, Accept: true}, {Interface: uplinkTag(u.Interface), Accept: true, Forward: true}}
	}
	for _, ip6 := range families {
		s.AddRoute(table, everything(ip6), vpp.Path{Lookup: true, Table: u.table()})
	}
	for _, p := range u.link.Addresses {
		s.AddRoute(table, host(p.Addr()), vpp.Path{Interface: tap})
		s.AddNeighbour(tap, p.Addr(), u.link.MAC)
		s.AddRoute(puntTable, p, towards(tap, p))
	}
	if s.ProxyARP == nil {
		s.ProxyARP = map[uint32]bool{}
	}
	s.ProxyARP[table] = true
}

// towards leads the subnet of a host's address to the host.
func towards(tap string, p netip.Prefix) vpp.Path {
	if p.IsSingleIP() {
		return vpp.Path{Interface: tap}
	}
	return vpp.Path{Interface: tap, NextHop: p.Addr()}
}

// applyHostSide gives Linux' end of the host taps what the uplinks had, and routes to the pods of the default network.
func (a *Agent) applyHostSide(ctx context.Context) error {
	pods := a.podRanges()
	for _, u := range a.uplinks {
		link := u.link
		link.Routes = slices.Clone(link.Routes)
		if u == a.main() {
			for _, p := range pods {
				link.Routes = append(link.Routes, hostnet.Route{Destination: p})
			}
		}
		if err := a.config.Host.Apply(ctx, hostnet.NodeNamespace, link); err != nil {
			return fmt.Errorf("configure the host's %s: %w", u.Interface, err)
		}
	}
	a.hostRoutes = pods
	return nil
}

// podRanges returns the ranges of the default network on all nodes, sorted.
func (a *Agent) podRanges() (ranges []netip.Prefix) {
	own := a.main().addresses()
	for _, n := range a.config.Cluster.allNodes() {
		for _, p := range n.podCIDRs {
			if own.of(p.Addr().Is6()).IsValid() {
				ranges = append(ranges, p)
			}
		}
	}
	slices.SortFunc(ranges, comparePrefixes)
	return slices.Compact(ranges)
}

func comparePrefixes(a, b netip.Prefix) int {
	if c := a.Addr().Compare(b.Addr()); c != 0 {
		return c
	}
	return a.Bits() - b.Bits()
}
