package vnet

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ifAddress is an address of an interface with its prefix length; host bits are
// kept.
type ifAddress struct {
	prefix netip.Prefix
	stale  bool
}

// ifPrefix is a connected prefix of an interface.
type ifPrefix struct {
	swIf   uint32
	prefix netip.Prefix
}

// Addresses returns an interface's own addresses of a protocol in the order
// they were added; an unnumbered interface has none (ip_address_dump).
func (m *Main) Addresses(p fib.Proto, swIf uint32) []netip.Prefix {
	if i := m.Interface(swIf); i == nil || i.UnnumberedOwner != vlib.InvalidIndex {
		return nil
	}
	return m.OwnAddresses(p, swIf)
}

// OwnAddresses returns the addresses that were given to the interface itself,
// also those that it does not use while it borrows another's.
func (m *Main) OwnAddresses(p fib.Proto, swIf uint32) []netip.Prefix {
	if m.Interface(swIf) == nil {
		return nil
	}
	var out []netip.Prefix
	for _, a := range *at(&m.subsystems.ip.addresses[p], swIf) {
		out = append(out, a.prefix)
	}
	return out
}

// AddAddress gives an interface an address; its routes exist while the
// interface is admin up. The errors are VPP's: ErrInvalidSwIfIndex;
// ErrAddressInUse (IPv4) or ErrDuplicateIfAddress (IPv6) for an overlap with
// another interface of the table or with the same address; an IPv6 link-local
// address must be a /128 (ErrAddressLengthMismatch) and replaces the
// interface's (ip4_add_del_interface_address, ip6_add_del_interface_address).
func (m *Main) AddAddress(swIf uint32, prefix netip.Prefix) error {
	i, err := m.addressable(swIf)
	if err != nil {
		return err
	}
	p := fib.ProtoOf(prefix.Addr())
	if prefix.Addr().IsLinkLocalUnicast() && p == fib.IP6 {
		return m.setLinkLocal(i, prefix)
	}
	if err := m.checkOverlap(i, p, prefix); err != nil {
		return err
	}
	list := at(&m.subsystems.ip.addresses[p], swIf)
	if k := slices.IndexFunc(*list, func(a ifAddress) bool { return a.prefix == prefix }); k >= 0 {
		(*list)[k].stale = false // it was, or it would have overlapped
		return nil
	}
	m.moveStale(i, p, prefix)
	*list = append(*list, ifAddress{prefix: prefix})
	m.ipEnable(p, swIf, true)
	if p == fib.IP4 {
		m.mfibEnable(p, swIf, true)
	} else {
		_ = m.enableLink(swIf, netip.Addr{})
	}
	if i.AdminUp {
		m.addRoutes(i, p, prefix)
	}
	if p == fib.IP6 {
		m.linkAddressAdded(swIf, prefix)
	}
	return nil
}

// moveStale takes an address away from the interface of the table that had it
// before a replacement began: it moves to another.
func (m *Main) moveStale(i *Interface, p fib.Proto, prefix netip.Prefix) {
	var from uint32 = vlib.InvalidIndex
	m.Interfaces(func(o *Interface) bool {
		if o.FibIndex[p] == i.FibIndex[p] && slices.Contains(*at(&m.subsystems.ip.addresses[p], o.SwIfIndex), ifAddress{prefix, true}) {
			from = o.SwIfIndex
		}
		return from == vlib.InvalidIndex
	})
	if from != vlib.InvalidIndex {
		_ = m.DeleteAddress(from, prefix)
	}
}

// checkOverlap refuses an address that overlaps one of an interface in the same
// table; several of one subnet on one interface are fine.
func (m *Main) checkOverlap(i *Interface, p fib.Proto, prefix netip.Prefix) error {
	conflict := [2]APIError{ErrAddressInUse, ErrDuplicateIfAddress}[p]
	var err error
	m.Interfaces(func(o *Interface) bool {
		if o.FibIndex[p] != i.FibIndex[p] || o.UnnumberedOwner != vlib.InvalidIndex {
			return true
		}
		for _, a := range *at(&m.subsystems.ip.addresses[p], o.SwIfIndex) {
			if !a.prefix.Contains(prefix.Addr()) && !prefix.Contains(a.prefix.Addr()) || a.stale {
				continue
			}
			if o == i && a.prefix.Bits() == prefix.Bits() && a.prefix.Addr() != prefix.Addr() {
				continue
			}
			err = fmt.Errorf("failed to add %v on %s which conflicts with %v for interface %s: %w",
				prefix, i.Name, a.prefix, o.Name, conflict)
			return false
		}
		return true
	})
	return err
}

// addressable returns an interface that can have addresses: ErrUnsupported for
// local0 (vnet_sw_interface_supports_addressing).
func (m *Main) addressable(swIf uint32) (*Interface, error) {
	i, err := m.mustInterface(swIf)
	if err == nil && i.Hw.Class == ClassLocal {
		return nil, ErrUnsupported
	}
	return i, err
}

// DeleteAddress takes an address away, whatever the prefix length is given as:
// ErrAddressNotFoundForInterface when the interface does not have it,
// ErrAddressNotDeletable for its link-local address.
func (m *Main) DeleteAddress(swIf uint32, prefix netip.Prefix) error {
	i, err := m.addressable(swIf)
	if err != nil {
		return err
	}
	p := fib.ProtoOf(prefix.Addr())
	if prefix.Addr().IsLinkLocalUnicast() && p == fib.IP6 {
		switch {
		case prefix.Bits() != 128:
			return ErrAddressLengthMismatch
		case m.linkLocal(swIf) == prefix.Addr():
			return ErrAddressNotDeletable
		}
		return ErrAddressNotFoundForInterface
	}
	list := at(&m.subsystems.ip.addresses[p], swIf)
	k := slices.IndexFunc(*list, func(a ifAddress) bool { return a.prefix.Addr() == prefix.Addr() })
	if k < 0 {
		return fmt.Errorf("%v not found for interface %s: %w", prefix, i.Name, ErrAddressNotFoundForInterface)
	}
	prefix = (*list)[k].prefix
	*list = slices.Delete(*list, k, k+1)
	m.ipEnable(p, swIf, false)
	if p == fib.IP4 {
		m.mfibEnable(p, swIf, false)
	}
	if i.AdminUp {
		m.deleteRoutes(i, p, prefix)
	}
	m.flushCovered(p, swIf, prefix)
	if p == fib.IP6 {
		m.linkAddressGone(swIf, prefix.Addr())
		_ = m.disableLink(swIf)
	}
	return nil
}

// DeleteAllAddresses takes all addresses of an interface away (del_all of
// sw_interface_add_del_address).
func (m *Main) DeleteAllAddresses(swIf uint32) error {
	if _, err := m.mustInterface(swIf); err != nil {
		return err
	}
	m.deleteAllAddresses(swIf)
	return nil
}

func (m *Main) deleteAllAddresses(swIf uint32) {
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		for _, a := range m.Addresses(p, swIf) {
			_ = m.DeleteAddress(swIf, a)
		}
	}
}

// interfaceRoutesUpDown adds or removes the routes of an interface's addresses.
func (m *Main) interfaceRoutesUpDown(i *Interface) {
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		for _, a := range m.Addresses(p, i.SwIfIndex) {
			if i.AdminUp {
				m.addRoutes(i, p, a)
			} else {
				m.deleteRoutes(i, p, a)
			}
		}
	}
}

// addRoutes installs an address's receive route and, for the first address of a
// subnet, the subnet's routes (ip4_add_interface_routes,
// ip6_add_interface_routes).
func (m *Main) addRoutes(i *Interface, p fib.Proto, prefix netip.Prefix) {
	host := netip.PrefixFrom(prefix.Addr(), prefix.Addr().BitLen())
	path := fib.Path{Proto: p, NextHop: prefix.Addr(), SwIf: i.SwIfIndex, FibIndex: fib.InvalidIndex}
	m.classifyAddress(i, host)
	m.FIB.Update(i.FibIndex[p], host, fib.SourceInterface, fib.EntryConnected|fib.EntryLocal, []fib.Path{path})
	if prefix.IsSingleIP() {
		return
	}
	if m.subsystems.ip.prefixes == nil {
		m.subsystems.ip.prefixes = map[ifPrefix]int{}
	}
	key := ifPrefix{i.SwIfIndex, prefix.Masked()}
	m.subsystems.ip.prefixes[key]++
	if m.subsystems.ip.prefixes[key] == 1 {
		m.addSubnetRoutes(i, p, prefix)
	}
}

// addSubnetRoutes installs the glean of a subnet; in IPv4 also drops for its
// first and last address, or the other end of a /31.
func (m *Main) addSubnetRoutes(i *Interface, p fib.Proto, prefix netip.Prefix) {
	table := i.FibIndex[p]
	glean := fib.Path{Proto: p, SwIf: i.SwIfIndex, FibIndex: fib.InvalidIndex}
	m.FIB.Update(table, prefix, fib.SourceInterface, fib.EntryConnected|fib.EntryAttached, []fib.Path{glean})
	switch {
	case p == fib.IP6:
	case prefix.Bits() == 31:
		peer := otherEnd(prefix)
		path := fib.Path{Proto: p, NextHop: peer.Addr(), SwIf: i.SwIfIndex, FibIndex: fib.InvalidIndex}
		m.FIB.Update(table, peer, fib.SourceInterface, fib.EntryAttached, []fib.Path{path})
	default:
		first, last := subnetEnds(prefix)
		if first.Addr() != prefix.Addr() {
			m.FIB.AddSpecial(table, first, fib.SourceInterface, fib.EntryDrop|fib.EntryURPFExempt)
		}
		if last.Addr() != prefix.Addr() {
			m.addBroadcastRoute(i, last)
		}
	}
}

// addBroadcastRoute installs the route of a subnet's last address: a drop, or
// the link's broadcast where the interface takes directed broadcasts
// (ip4_add_subnet_bcast_route).
func (m *Main) addBroadcastRoute(i *Interface, last netip.Prefix) {
	table := i.FibIndex[fib.IP4]
	m.FIB.RemoveSpecial(table, last, fib.SourceInterface)
	if !i.DirectedBroadcast {
		m.FIB.AddSpecial(table, last, fib.SourceInterface, fib.EntryDrop|fib.EntryURPFExempt)
		return
	}
	m.FIB.Update(table, last, fib.SourceInterface, 0,
		[]fib.Path{{Proto: fib.IP4, NextHop: fib.BroadcastNextHop, SwIf: i.SwIfIndex, FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex}})
}

// SetDirectedBroadcast makes an interface send packets to its subnets' broadcast
// addresses to everybody there, or drop them (ip4_directed_broadcast).
func (m *Main) SetDirectedBroadcast(swIf uint32, on bool) error {
	i, err := m.mustInterface(swIf)
	if err != nil {
		return err
	}
	i.DirectedBroadcast = on
	for _, a := range m.Addresses(fib.IP4, swIf) {
		if a.Bits() <= 30 {
			_, last := subnetEnds(a)
			m.addBroadcastRoute(i, last)
		}
	}
	return nil
}

// deleteRoutes undoes addRoutes.
func (m *Main) deleteRoutes(i *Interface, p fib.Proto, prefix netip.Prefix) {
	table := i.FibIndex[p]
	if !prefix.IsSingleIP() {
		key := ifPrefix{i.SwIfIndex, prefix.Masked()}
		if m.subsystems.ip.prefixes[key]--; m.subsystems.ip.prefixes[key] <= 0 {
			delete(m.subsystems.ip.prefixes, key)
			m.deleteSubnetRoutes(i, p, prefix)
		}
	}
	m.FIB.Delete(table, netip.PrefixFrom(prefix.Addr(), prefix.Addr().BitLen()), fib.SourceInterface)
}

func (m *Main) deleteSubnetRoutes(i *Interface, p fib.Proto, prefix netip.Prefix) {
	table := i.FibIndex[p]
	switch {
	case p == fib.IP6:
	case prefix.Bits() == 31:
		m.FIB.Delete(table, otherEnd(prefix), fib.SourceInterface)
	default:
		first, last := subnetEnds(prefix)
		for _, end := range []netip.Prefix{first, last} {
			if end.Addr() != prefix.Addr() {
				m.FIB.Delete(table, end, fib.SourceInterface)
			}
		}
	}
	m.FIB.Delete(table, prefix, fib.SourceInterface)
}

// subnetEnds returns the host prefixes of a subnet's first and last address.
func subnetEnds(prefix netip.Prefix) (first, last netip.Prefix) {
	a := prefix.Masked().Addr().As4()
	b := a
	for bit := prefix.Bits(); bit < 32; bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.PrefixFrom(netip.AddrFrom4(a), 32), netip.PrefixFrom(netip.AddrFrom4(b), 32)
}

// otherEnd returns the host prefix of the other address of a /31.
func otherEnd(prefix netip.Prefix) netip.Prefix {
	a := prefix.Addr().As4()
	a[3] ^= 1
	return netip.PrefixFrom(netip.AddrFrom4(a), 32)
}

// MarkAddresses and SweepAddresses bracket a replacement of all addresses: those
// not added again in between go (sw_interface_address_replace_begin and _end).
func (m *Main) MarkAddresses() {
	for p := range m.subsystems.ip.addresses {
		for _, list := range m.subsystems.ip.addresses[p] {
			for k := range list {
				list[k].stale = true
			}
		}
	}
}

// SweepAddresses removes what MarkAddresses marked and nobody added since.
func (m *Main) SweepAddresses() {
	for p := range m.subsystems.ip.addresses {
		for swIf := range m.subsystems.ip.addresses[p] {
			for _, a := range slices.Clone(m.subsystems.ip.addresses[p][swIf]) {
				if a.stale {
					_ = m.DeleteAddress(uint32(swIf), a.prefix)
				}
			}
		}
	}
}
