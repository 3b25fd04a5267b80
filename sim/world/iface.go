package world

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// DefaultMTU is that of an interface that is given none, in bytes.
const DefaultMTU = 1500

// InterfaceConfig describes a host's interface.
type InterfaceConfig struct {
	// Name is unique on the host: "eth0".
	Name string
	// MAC is the Ethernet address; zero takes MACFor(host's ID, count).
	MAC packet.MAC
	// L3 makes it a point-to-point interface that carries bare IP packets
	// (tun, memif in IP mode): no Ethernet, no neighbours.
	L3 bool
	// MTU is the largest IP packet in bytes; zero is DefaultMTU.
	MTU int
}

// Interface is one of a host's interfaces. Its NIC joins it to the world.
type Interface struct {
	host  *Host
	name  string
	mac   packet.MAC
	l3    bool
	index int
	nic   *NIC

	// Guarded by host.mu.
	mtu       int
	up        bool
	addrs     []netip.Prefix
	groups    map[netip.Addr]int // multicast groups joined by sockets
	neighbors map[netip.Addr]*neighbor
}

// AddInterface gives the host an interface, up and without addresses; an
// Ethernet one has its IPv6 link-local address at once, without duplicate
// address detection. Join its NIC to a segment or another NIC.
func (h *Host) AddInterface(cfg InterfaceConfig) (*Interface, error) {
	if cfg.Name == "" || cfg.MTU < 0 || cfg.MTU > 65535 {
		return nil, fmt.Errorf("host %s: interface %q with mtu %d: want a name and 0 to 65535 bytes", h.name, cfg.Name, cfg.MTU)
	}
	h.lock()
	defer h.unlock()
	index := h.nextIndex()
	if cfg.MAC.IsZero() && !cfg.L3 {
		cfg.MAC = MACFor(h.id, uint8(index))
	}
	if cfg.MTU == 0 {
		cfg.MTU = DefaultMTU
	}
	if h.closed {
		return nil, fmt.Errorf("host %s: interface %s: %w", h.name, cfg.Name, ErrClosed)
	}
	nic, err := h.world.newNIC(NICConfig{Node: h.name, Name: cfg.Name, MAC: cfg.MAC, L3: cfg.L3}, KindHost)
	if err != nil {
		return nil, fmt.Errorf("host %s: %w", h.name, err)
	}
	i := &Interface{host: h, name: cfg.Name, mac: cfg.MAC, l3: cfg.L3, index: index, nic: nic, mtu: cfg.MTU, up: true,
		groups: map[netip.Addr]int{}, neighbors: map[netip.Addr]*neighbor{}}
	h.interfaces = append(h.interfaces, i)
	if !i.l3 {
		i.addAddress(netip.PrefixFrom(packet.LinkLocal(i.mac), 64))
	}
	nic.SetReceiver(i)
	return i, nil
}

// nextIndex is one more than the highest index in use.
func (h *Host) nextIndex() int {
	next := 1
	for _, i := range h.interfaces {
		next = max(next, i.index+1)
	}
	return next
}

// Interface finds an interface by name, nil when there is none.
func (h *Host) Interface(name string) *Interface {
	h.lock()
	defer h.unlock()
	return h.iface(name)
}

func (h *Host) iface(name string) *Interface {
	for _, i := range h.interfaces {
		if i.name == name {
			return i
		}
	}
	return nil
}

// Interfaces lists the host's interfaces in the order they were added.
func (h *Host) Interfaces() []*Interface {
	h.lock()
	defer h.unlock()
	return slices.Clone(h.interfaces)
}

// Name is the host's name for the interface.
func (i *Interface) Name() string { return i.name }

// Host is the interface's host.
func (i *Interface) Host() *Host { return i.host }

// MAC is the Ethernet address, zero of a layer-3 interface.
func (i *Interface) MAC() packet.MAC { return i.mac }

// L3 tells whether it carries bare IP packets.
func (i *Interface) L3() bool { return i.l3 }

// NIC is the interface's attachment to the world.
func (i *Interface) NIC() *NIC { return i.nic }

// MTU is the largest IP packet in bytes.
func (i *Interface) MTU() int {
	i.host.lock()
	defer i.host.unlock()
	return i.mtu
}

// SetMTU changes the largest IP packet in bytes.
func (i *Interface) SetMTU(mtu int) error {
	if mtu < 68 || mtu > 65535 {
		return fmt.Errorf("host %s interface %s: mtu %d: want 68 to 65535 bytes", i.host.name, i.name, mtu)
	}
	i.host.lock()
	defer i.host.unlock()
	i.mtu = mtu
	return nil
}

// SetUp is the administrator's switch. A down interface neither sends nor
// receives, its routes are not used, its neighbours are forgotten.
func (i *Interface) SetUp(up bool) {
	i.host.lock()
	defer i.host.unlock()
	i.up = up
	if !up {
		i.forgetNeighbors()
	}
}

// Up tells the administrator's switch, whatever the carrier.
func (i *Interface) Up() bool {
	i.host.lock()
	defer i.host.unlock()
	return i.up
}

// SetLink is the link's state as told by the NIC. Routes stay, as on Linux;
// learned neighbours are forgotten when the carrier goes.
func (i *Interface) SetLink(up bool) {
	i.host.lock()
	defer i.host.unlock()
	if !up {
		i.forgetNeighbors()
	}
}

// Addresses lists the addresses with their prefix lengths, in the order they
// were added; an Ethernet interface's IPv6 link-local address comes first.
func (i *Interface) Addresses() []netip.Prefix {
	i.host.lock()
	defer i.host.unlock()
	return slices.Clone(i.addrs)
}

// AddAddress gives the interface an address and, unless the prefix is a single
// address, a route to its prefix. It is usable at once (no duplicate address
// detection).
func (i *Interface) AddAddress(p netip.Prefix) error {
	if !p.IsValid() || p.Addr().IsMulticast() || p.Addr().IsUnspecified() || p.Addr().Is4In6() {
		return fmt.Errorf("host %s interface %s: address %v: want a unicast address with prefix length", i.host.name, i.name, p)
	}
	i.host.lock()
	defer i.host.unlock()
	if slices.ContainsFunc(i.addrs, func(o netip.Prefix) bool { return o.Addr() == p.Addr() }) {
		return fmt.Errorf("host %s interface %s: address %v is there already", i.host.name, i.name, p.Addr())
	}
	i.addAddress(p)
	return nil
}

func (i *Interface) addAddress(p netip.Prefix) {
	i.addrs = append(i.addrs, p)
	if !p.IsSingleIP() {
		i.host.addRoute(route{Route: Route{Dst: p.Masked(), Interface: i.name, Src: p.Addr()}, iface: i, connected: true})
	}
}

// RemoveAddress takes an address away with the route to its prefix.
func (i *Interface) RemoveAddress(a netip.Addr) error {
	i.host.lock()
	defer i.host.unlock()
	for n, p := range i.addrs {
		if p.Addr() == a {
			i.addrs = slices.Delete(i.addrs, n, n+1)
			i.host.routes = slices.DeleteFunc(i.host.routes, func(r route) bool {
				return r.iface == i && r.connected && r.Src == a
			})
			return nil
		}
	}
	return fmt.Errorf("host %s interface %s: no address %v to remove", i.host.name, i.name, a)
}

// JoinGroup makes the interface accept a multicast group's packets, until left
// as often as joined.
func (i *Interface) JoinGroup(group netip.Addr) error {
	if !group.IsMulticast() {
		return fmt.Errorf("host %s interface %s: join %v: want a multicast address", i.host.name, i.name, group)
	}
	i.host.lock()
	defer i.host.unlock()
	i.groups[group]++
	return nil
}

// LeaveGroup undoes one JoinGroup.
func (i *Interface) LeaveGroup(group netip.Addr) {
	i.host.lock()
	defer i.host.unlock()
	if i.groups[group]--; i.groups[group] <= 0 {
		delete(i.groups, group)
	}
}

// Close removes the interface with its addresses and routes, and its NIC from
// the world. Closing twice is harmless.
func (i *Interface) Close() error {
	h := i.host
	h.lock()
	i.up = false
	i.addrs = nil
	i.forgetNeighbors()
	h.interfaces = slices.DeleteFunc(h.interfaces, func(o *Interface) bool { return o == i })
	h.routes = slices.DeleteFunc(h.routes, func(r route) bool { return r.iface == i })
	h.unlock()
	return i.nic.Close()
}

// address gives the first address of the family that satisfies ok.
func (i *Interface) address(v4 bool, ok func(netip.Prefix) bool) netip.Addr {
	for _, p := range i.addrs {
		if p.Addr().Is4() == v4 && ok(p) {
			return p.Addr()
		}
	}
	return netip.Addr{}
}
