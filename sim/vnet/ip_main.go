package vnet

import (
	"math/bits"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ipMain is the IP configuration of an instance: what VPP keeps in ip4_main,
// ip6_main and the neighbour modules. The zero value is that of a new instance.
type ipMain struct {
	// addresses of each interface in the order they were added.
	addresses [2][][]ifAddress
	// prefixes counts the addresses an interface has in a connected prefix.
	prefixes map[ifPrefix]int
	// enabled counts what wants the protocol on an interface.
	enabled [2][]int
	// links holds interfaces with IPv6 enabled by sw_if_index, nil for others.
	links []*ip6Link
	// ids is the state of the generator of table numbers.
	ids uint32

	neighbors neighborMain
	punt      [2]map[uint32]*puntRedirect
	arp       proxyARPMain
}

// at returns s[i], grown if needed.
func at[T any](s *[]T, i uint32) *T {
	for uint32(len(*s)) <= i {
		*s = append(*s, *new(T))
	}
	return &(*s)[i]
}

// ipWatchInterface gives interfaces tables and takes along what hangs on one
// that goes (ip4_sw_interface_add_del, ip4_sw_interface_admin_up_down and their
// like in src/vnet/ip).
func (m *Main) ipWatchInterface(ev InterfaceEvent, i *Interface) {
	switch ev {
	case InterfaceAdded:
		i.FibIndex, i.MFibIndex = [2]uint32{}, [2]uint32{}
		m.resetNeighborCounters(i.SwIfIndex)
		m.setNotEnabled(fib.IP4, i.SwIfIndex, true)
		m.setNotEnabled(fib.IP6, i.SwIfIndex, true)
	case InterfaceAdmin:
		m.interfaceRoutesUpDown(i)
		m.neighborsAdmin(i)
		m.raAdmin(i)
		m.mldAdmin(i)
	case InterfaceDeleted:
		m.forgetInterface(i)
	}
}

// setNotEnabled turns the feature on that drops packets of a protocol that the
// interface has no address of.
func (m *Main) setNotEnabled(p fib.Proto, swIf uint32, on bool) {
	arcs := [2][2]string{{"ip4-unicast", "ip4-multicast"}, {"ip6-unicast", "ip6-multicast"}}
	node := [2]string{"ip4-not-enabled", "ip6-not-enabled"}
	for _, arc := range arcs[p] {
		// An instance without the node drops such packets for want of a route.
		_ = m.EnableFeature(arc, node[p], swIf, on)
	}
}

// ipEnable counts what wants a protocol on an interface
// (ip4_sw_interface_enable_disable); a count of 0 stays.
func (m *Main) ipEnable(p fib.Proto, swIf uint32, on bool) {
	n := at(&m.subsystems.ip.enabled[p], swIf)
	if on {
		if *n++; *n == 1 {
			m.setNotEnabled(p, swIf, false)
			m.setARP(p, swIf, true)
		}
		return
	}
	if *n == 0 {
		return
	}
	if *n--; *n == 0 {
		m.setNotEnabled(p, swIf, true)
		m.setARP(p, swIf, false)
	}
}

// setARP makes an interface with IPv4 answer ARP (arp_enable and arp_disable in
// src/vnet/arp/arp.c); one that never had IPv4 has neither feature.
func (m *Main) setARP(p fib.Proto, swIf uint32, on bool) {
	if p != fib.IP4 {
		return
	}
	_ = m.EnableFeature("arp", "arp-reply", swIf, on)
	_ = m.EnableFeature("arp", "arp-disabled", swIf, !on)
}

// IPEnabled says if the interface takes packets of the protocol.
func (m *Main) IPEnabled(p fib.Proto, swIf uint32) bool {
	return *at(&m.subsystems.ip.enabled[p], swIf) > 0
}

// forgetInterface removes what an interface had.
func (m *Main) forgetInterface(i *Interface) {
	swIf := i.SwIfIndex
	m.flushNeighbors(fib.IP4, swIf, true)
	m.flushNeighbors(fib.IP6, swIf, true)
	_ = m.SetUnnumbered(swIf, vlib.InvalidIndex, false)
	m.deleteAllAddresses(swIf)
	m.forgetLink(swIf)
	m.forgetAutoconf(swIf)
	m.mfibEnable(fib.IP4, swIf, false)
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		m.bindTable(p, i, 0)
		m.bindMTable(p, i, 0)
		*at(&m.subsystems.ip.enabled[p], swIf) = 0
		delete(m.subsystems.ip.punt[p], swIf)
	}
	m.Interfaces(func(o *Interface) bool {
		if o.UnnumberedOwner == swIf {
			_ = m.SetUnnumbered(o.SwIfIndex, vlib.InvalidIndex, false)
		}
		return true
	})
	*at(&m.subsystems.ip.arp.enabled, swIf) = false
}

// mfibEnable makes an interface accept the groups that every table delivers to
// this instance (ip4_mfib_interface_enable_disable, ip6_mfib_...).
func (m *Main) mfibEnable(p fib.Proto, swIf uint32, on bool) {
	i := m.Interface(swIf)
	path := []fib.Path{{Proto: p, SwIf: swIf, FibIndex: fib.InvalidIndex, Itf: fib.MItfAccept}}
	for _, g := range fib.MulticastSpecials(p) {
		if on {
			m.FIB.MAddPaths(i.MFibIndex[p], g, fib.MSourceSpecial, 0, path)
		} else {
			m.FIB.MRemovePaths(i.MFibIndex[p], g, fib.MSourceSpecial, path)
		}
	}
}

// sourceAddress4 returns the address that packets to dst are sent from on an
// interface: one in dst's subnet, else the first; unnumbered interfaces use
// their owner's (fib_sas4_get in src/vnet/fib/fib_sas.c).
func (m *Main) sourceAddress4(swIf uint32, dst netip.Addr) (netip.Addr, bool) {
	return m.sourceAddress(fib.IP4, swIf, dst)
}

// errorSource returns the address that ICMP errors to dst are sent from: the one
// of the interface, or of its owner when unnumbered, with the longest part in
// common with dst. Link-local IPv6 destinations are answered from the link-local
// address, others never (src/vnet/ip/ip_sas.c).
func (m *Main) errorSource(swIf uint32, dst netip.Addr) (netip.Addr, bool) {
	if dst.Is6() && (dst.IsLinkLocalUnicast() || dst.IsLinkLocalMulticast()) {
		ll := m.linkLocal(swIf)
		return ll, ll.IsValid()
	}
	best, most := netip.Addr{}, -1
	for _, a := range m.addressesOf(fib.ProtoOf(dst), swIf) {
		if n := commonBits(a.prefix.Addr(), dst); n > most {
			best, most = a.prefix.Addr(), n
		}
	}
	return best, best.IsValid()
}

// commonBits is how many leading bits two addresses share, IPv4 ones taken as
// mapped.
func commonBits(a, b netip.Addr) int {
	x, y := a.As16(), b.As16()
	for k := range x {
		if d := x[k] ^ y[k]; d != 0 {
			return 8*k + bits.LeadingZeros8(d)
		}
	}
	return 128
}

func (m *Main) sourceAddress(p fib.Proto, swIf uint32, dst netip.Addr) (netip.Addr, bool) {
	list := m.addressesOf(p, swIf)
	for _, a := range list {
		if a.prefix.Contains(dst) {
			return a.prefix.Addr(), true
		}
	}
	if len(list) == 0 {
		return netip.Addr{}, false
	}
	return list[0].prefix.Addr(), true
}

// addressesOf returns an interface's addresses, those of the owner for an
// unnumbered one.
func (m *Main) addressesOf(p fib.Proto, swIf uint32) []ifAddress {
	if i := m.Interface(swIf); i != nil && i.UnnumberedOwner != vlib.InvalidIndex {
		swIf = i.UnnumberedOwner
	}
	return *at(&m.subsystems.ip.addresses[p], swIf)
}
