package agent

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"github.com/vpptwin/vpptwin/agent/hostnet"
	"github.com/vpptwin/vpptwin/agent/types"
	"github.com/vpptwin/vpptwin/agent/vpp"
)

// AllowedSourcesAnnotation lists prefixes, as a JSON array, that a pod may send from beside its own addresses (Calico's).
const AllowedSourcesAnnotation = "cni.projectcalico.org/allowedSourcePrefixes"

// attachment is one interface of a pod: what a CNI call asked for and what it was given. It is what the Store keeps.
type attachment struct {
	Container string              `json:"container"`
	NetNS     string              `json:"netns"`
	Interface string              `json:"interface"`
	Namespace string              `json:"namespace"`
	Pod       string              `json:"pod"`
	Config    string              `json:"config"` // name of the CNI configuration
	Network   types.Network       `json:"network"`
	Addresses []netip.Addr        `json:"addresses"`
	MTU       int                 `json:"mtu"`
	RPF       uint32              `json:"rpf"` // number of its reverse path table; 0 without one
	Allowed   []netip.Prefix      `json:"allowed,omitempty"`
	Spec      types.InterfaceSpec `json:"spec"`
}

// attachmentRecord starts the names of attachments in the Store.
const attachmentRecord = "pod/"

// attachmentKey identifies an attachment (CNI spec 1.1, section 2: container id and interface name).
func attachmentKey(container, interfaceName string) string { return container + "/" + interfaceName }

func (t *attachment) key() string { return attachmentKey(t.Container, t.Interface) }

// group is the name of its things in the Engine.
func (t *attachment) group() string { return attachmentRecord + t.key() }

// memif says whether the interface is a memif: on a Network, when its name says so (upstream's rule).
func (t *attachment) memif() bool { return isMemif(t.Network.Name, t.Interface) }

func isMemif(network, interfaceName string) bool {
	return network != defaultNetwork && strings.HasPrefix(interfaceName, "memif")
}

// tag names the interface in VPP. It changes with everything that the device is created from, so that a device with this tag is the right one.
func (t *attachment) tag() string {
	device := []any{t.Container, t.NetNS, t.Interface, t.Network.Name, t.Spec, t.MTU}
	return short(fmt.Sprintf("pod-%s-%s/%s/%s", hash(device), t.Namespace, t.Pod, t.Interface), maxTag)
}

func parseAttachment(data []byte) (*attachment, error) {
	t := &attachment{}
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("read a pod interface from the store: %w", err)
	}
	return t, nil
}

// device is what VPP has to create.
func (t *attachment) device() vpp.Device {
	if t.memif() {
		m := vpp.Memif{Socket: fmt.Sprintf("abstract:%s,netns_name=%s", t.Interface, t.NetNS), IP: t.Spec.L3,
			RingSize: max(t.Spec.RxSize, t.Spec.TxSize), RxQueues: t.Spec.RxQueues, TxQueues: t.Spec.TxQueues}
		if !t.Spec.L3 {
			m.MAC = podTapMAC
		}
		return m
	}
	d := vpp.Tap{HostInterface: t.Interface, Namespace: t.NetNS, Tun: t.Spec.L3, HostMTU: t.MTU, GSO: true, Persist: true,
		RxQueues: t.Spec.RxQueues, TxQueues: t.Spec.TxQueues, RxSize: t.Spec.RxSize, TxSize: t.Spec.TxSize}
	if !t.Spec.L3 {
		d.MAC, d.HostMAC = podTapMAC, containerMAC
	}
	return d
}

// routesTable is where others find the pod: the network's table, or the main one.
func (t *attachment) routesTable() uint32 {
	if t.Network.Name == defaultNetwork {
		return mainTable
	}
	return networkTable(&t.Network)
}

// state is what VPP has for the interface. The interface is in its network's table: unlike upstream's, pods have no tables of their own to look their destinations up in
// before, since nothing would be in them. It borrows the network's loopback address.
//
// What a tun or tap sends must have the pod's address as its source (or an allowed one): a loose check in a table that leads nowhere else. A memif is free, because those who
// use one forward packets of others.
func (t *attachment) state() *vpp.State {
	s := &vpp.State{}
	tag := t.tag()
	i := &vpp.Interface{Name: tag, Device: t.device(), Table: networkTable(&t.Network), Unnumbered: networkTag(t.Network.Name),
		MTU: upstreamMTU, Up: true,
		Settings: vpp.Settings{Promiscuous: !t.Spec.L3, IP6: !t.Spec.L3, GSO: t.memif(), RxMode: vpp.RxMode(t.Spec.Mode)}}
	for _, one := range t.Addresses {
		s.AddRoute(t.routesTable(), host(one), vpp.Path{Interface: tag})
		if !t.Spec.L3 {
			s.AddNeighbour(tag, one, containerMAC)
		}
	}
	if t.RPF != 0 {
		i.RPFTable = rpfTables + t.RPF
		s.AddTable(i.RPFTable, tableName("rpf-", strings.TrimPrefix(tag, "pod-")))
		for _, one := range t.Addresses {
			s.AddRoute(i.RPFTable, host(one), vpp.Path{Interface: tag})
		}
		for _, p := range t.Allowed {
			s.AddRoute(i.RPFTable, p, t.toPod(tag, p))
		}
	}
	s.AddInterface(i)
	return s
}

// toPod leads a prefix to the pod's own address, or to one of the prefix where it has none of the family; see via.
func (t *attachment) toPod(tag string, p netip.Prefix) vpp.Path {
	for _, one := range t.Addresses {
		if one.Is6() == p.Addr().Is6() && one != p.Addr() {
			return vpp.Path{Interface: tag, NextHop: one}
		}
	}
	if !p.IsSingleIP() {
		return vpp.Path{Interface: tag, NextHop: p.Addr().Next()}
	}
	return vpp.Path{Interface: tag}
}

// Gateways of Ethernet interfaces in pods: addresses that exist nowhere, with a static neighbour entry for VPP's end.
var (
	gateway4 = netip.MustParseAddr("169.254.1.1")
	gateway6 = netip.MustParseAddr("fe80::1")
)

func gateway(ip6 bool) netip.Addr {
	if ip6 {
		return gateway6
	}
	return gateway4
}

// destinations are what the pod reaches through the interface: its network's ranges, or everything.
func (t *attachment) destinations() (list []netip.Prefix) {
	if t.Network.Name != defaultNetwork {
		return t.Network.Ranges
	}
	for _, one := range t.Addresses {
		list = append(list, everything(one.Is6()))
	}
	return list
}

// link is the pod's end of the interface in Linux. A memif has none: a dummy device shows its addresses, and an Ethernet one's MAC addresses,
// to those who ask Linux.
func (t *attachment) link() hostnet.Link {
	l := hostnet.Link{Name: t.Interface, MTU: t.MTU, Dummy: t.memif()}
	ethernet := !t.Spec.L3
	if ethernet {
		l.MAC = containerMAC
	}
	var has [2]bool
	for _, one := range t.Addresses {
		l.Addresses = append(l.Addresses, host(one))
		if one.Is6() {
			has[1] = true
		} else {
			has[0] = true
		}
		if ethernet {
			l.Neighbours = append(l.Neighbours, hostnet.Neighbour{Address: gateway(one.Is6()), MAC: podTapMAC})
		}
	}
	for _, p := range t.destinations() {
		r := hostnet.Route{Destination: p}
		if ethernet {
			r.Gateway = gateway(p.Addr().Is6())
		}
		if has[0] && p.Addr().Is4() || has[1] && p.Addr().Is6() {
			l.Routes = append(l.Routes, r)
		}
	}
	return l
}

// podName is "NAMESPACE/NAME".
func (t *attachment) podName() string { return podKey(t.Namespace, t.Pod) }

// cutPod is podKey's inverse.
func cutPod(key string) (namespace, name string, ok bool) { return strings.Cut(key, "/") }

// memifSocket returns the socket a memif's peer connects to, in the form of VPP and libmemif.
func (t *attachment) memifSocket() (string, bool) {
	m, ok := t.device().(vpp.Memif)
	return m.Socket, ok
}
