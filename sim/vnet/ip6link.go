package vnet

import (
	"encoding/binary"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
)

// ip6Link is an interface with IPv6 enabled (src/vnet/ip/ip6_link.c).
type ip6Link struct {
	linkLocal netip.Addr
	// mcast is the adjacency for multicast packets, fib.InvalidIndex on links
	// that are not Ethernet.
	mcast uint32
	locks int
	// table is the interface's link-local table, fib.InvalidIndex for none.
	table uint32
	ra    *RouterAdvertisements
	rs    solicitor
	mld   mldLink
}

// link returns an interface's IPv6 state, nil when IPv6 is not enabled there.
func (m *Main) link(swIf uint32) *ip6Link {
	if l := m.linkRecord(swIf); l != nil && l.linkLocal.IsValid() {
		return l
	}
	return nil
}

// linkRecord is link for records that only hold a link-local table.
func (m *Main) linkRecord(swIf uint32) *ip6Link {
	if uint64(swIf) >= uint64(len(m.subsystems.ip.links)) {
		return nil
	}
	return m.subsystems.ip.links[swIf]
}

// EnableIP6 enables IPv6 on an interface and gives it a link-local address:
// ErrValueExist when it was (sw_interface_ip6_enable_disable).
func (m *Main) EnableIP6(swIf uint32) error {
	if _, err := m.mustInterface(swIf); err != nil {
		return err
	}
	return m.enableLink(swIf, netip.Addr{})
}

// DisableIP6 takes back what EnableIP6 or an address did: ErrIP6NotEnabled when
// nothing did.
func (m *Main) DisableIP6(swIf uint32) error {
	if _, err := m.mustInterface(swIf); err != nil {
		return err
	}
	return m.disableLink(swIf)
}

// enableLink counts a user of IPv6 on a link; the first makes the link-local
// address from the MAC address, or from the interface's index where there is
// none (VPP takes a random one, which no test could name).
func (m *Main) enableLink(swIf uint32, linkLocal netip.Addr) error {
	if l := m.link(swIf); l != nil {
		l.locks++
		return ErrValueExist
	}
	i, given := m.Interface(swIf), linkLocal.IsValid()
	if !given {
		linkLocal = defaultLinkLocal(i)
	}
	l := m.linkRecord(swIf)
	if l == nil {
		l = &ip6Link{table: fib.InvalidIndex}
		*at(&m.subsystems.ip.links, swIf) = l
	}
	l.linkLocal, l.locks, l.mcast = linkLocal, 1, fib.InvalidIndex
	m.updateLinkLocalEntry(swIf, linkLocal, fib.PathLocal)
	m.mfibEnable(fib.IP6, swIf, true)
	m.ipEnable(fib.IP6, swIf, true)
	if i.Hw.Class.Ethernet {
		l.mcast = m.FIB.LockMcast(fib.IP6, fib.LinkIP6, swIf)
		l.ra = newRouterAdvertisements()
		l.ra.LinkMTU = i.MTUOf(MTUIP6)
		l.mld.start(linkLocal)
		m.scheduleMLD(swIf)
	}
	if given {
		m.startDAD(swIf, netip.PrefixFrom(linkLocal, 128))
	}
	return nil
}

func (m *Main) disableLink(swIf uint32) error {
	l := m.link(swIf)
	if l == nil {
		return ErrIP6NotEnabled
	}
	if l.locks--; l.locks == 0 {
		m.lastLink(swIf, l)
	}
	return nil
}

func (m *Main) lastLink(swIf uint32, l *ip6Link) {
	if l.ra != nil {
		l.ra.state.timer.Stop()
		l.rs.stop()
		l.ra = nil
	}
	l.mld.timer.Stop()
	l.mld = mldLink{}
	m.dadLinkDown(swIf)
	m.deleteLinkLocalEntry(swIf, l.linkLocal)
	m.mfibEnable(fib.IP6, swIf, false)
	m.ipEnable(fib.IP6, swIf, false)
	l.linkLocal = netip.Addr{}
	if l.mcast != fib.InvalidIndex {
		m.FIB.UnlockAdjacency(l.mcast)
		l.mcast = fib.InvalidIndex
	}
}

// forgetLink cleans up for an interface that goes.
func (m *Main) forgetLink(swIf uint32) {
	if l := m.link(swIf); l != nil {
		l.locks = 0
		m.lastLink(swIf, l)
	}
	if l := m.linkRecord(swIf); l != nil {
		if l.table != fib.InvalidIndex {
			m.FIB.Unlock(fib.IP6, l.table, fib.SourceIP6ND)
		}
		m.subsystems.ip.links[swIf] = nil
	}
}

// setLinkLocal is SetLinkLocal for an address that is added with its length.
func (m *Main) setLinkLocal(i *Interface, prefix netip.Prefix) error {
	if prefix.Bits() != 128 {
		return ErrAddressLengthMismatch
	}
	return m.SetLinkLocal(i.SwIfIndex, prefix.Addr())
}

// SetLinkLocal sets an interface's link-local address; IPv6 is enabled by it.
// Any address will do (ip6_link_set_local_address in src/vnet/ip/ip6_link.c)
// but the unspecified one, ErrInvalidValue, with which VPP would forget that
// IPv6 is enabled.
func (m *Main) SetLinkLocal(swIf uint32, a netip.Addr) error {
	if _, err := m.mustInterface(swIf); err != nil {
		return err
	}
	if !a.Is6() || a.IsUnspecified() {
		return ErrInvalidValue
	}
	l := m.link(swIf)
	if l == nil {
		return m.enableLink(swIf, a)
	}
	m.deleteLinkLocalEntry(swIf, l.linkLocal)
	l.linkLocal = a
	m.updateLinkLocalEntry(swIf, a, fib.PathLocal)
	if l.mcast != fib.InvalidIndex {
		l.mld.moved(a)
	}
	m.startDAD(swIf, netip.PrefixFrom(a, 128))
	return nil
}

// defaultLinkLocal makes the address of RFC 4291 section 2.5.6 and appendix A.
func defaultLinkLocal(i *Interface) netip.Addr {
	a := [16]byte{0: 0xfe, 1: 0x80}
	if i.Hw.Class.Ethernet && i.Hw.MAC != (packet.MAC{}) {
		mac := i.Hw.MAC
		copy(a[8:], []byte{mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]})
	} else {
		binary.BigEndian.PutUint32(a[12:], i.SwIfIndex)
		a[8] = 0x10
	}
	return netip.AddrFrom16(a)
}

// updateLinkLocalEntry sets a host route in the interface's link-local table,
// which is made with its first one (src/vnet/ip/ip6_ll_table.c).
func (m *Main) updateLinkLocalEntry(swIf uint32, a netip.Addr, flags fib.PathFlags) {
	l := m.linkRecord(swIf)
	if l == nil {
		l = &ip6Link{table: fib.InvalidIndex, mcast: fib.InvalidIndex}
		*at(&m.subsystems.ip.links, swIf) = l
	}
	if l.table == fib.InvalidIndex {
		l.table = m.FIB.CreateTable(fib.IP6, fib.SourceIP6ND, "IP6-link-local:"+m.interfaceName(swIf), true)
		m.FIB.Update(l.table, netip.MustParsePrefix("fe80::/10"), fib.SourceSpecial,
			fib.EntryAttached|fib.EntryNoAttachedExport,
			[]fib.Path{{Proto: fib.IP6, SwIf: swIf, FibIndex: fib.InvalidIndex}})
	}
	path := fib.Path{Proto: fib.IP6, SwIf: swIf, FibIndex: fib.InvalidIndex, Flags: flags}
	var entry fib.EntryFlags
	if flags&fib.PathLocal != 0 {
		path.NextHop, entry = a, fib.EntryLocal
	}
	m.FIB.Update(l.table, netip.PrefixFrom(a, 128), fib.SourceIP6ND, entry, []fib.Path{path})
}

// deleteLinkLocalEntry removes a host route, and with the last one the table.
func (m *Main) deleteLinkLocalEntry(swIf uint32, a netip.Addr) {
	l := m.linkRecord(swIf)
	if l == nil || l.table == fib.InvalidIndex {
		return
	}
	m.FIB.Delete(l.table, netip.PrefixFrom(a, 128), fib.SourceIP6ND)
	if m.FIB.Table(fib.IP6, l.table).Sourced(fib.SourceIP6ND) == 0 {
		m.FIB.Unlock(fib.IP6, l.table, fib.SourceIP6ND)
		l.table = fib.InvalidIndex
	}
}

// LinkLocal returns an interface's link-local address, invalid when IPv6 is not
// enabled there.
func (m *Main) LinkLocal(swIf uint32) netip.Addr { return m.linkLocal(swIf) }

func (m *Main) linkLocal(swIf uint32) netip.Addr {
	if l := m.link(swIf); l != nil {
		return l.linkLocal
	}
	return netip.Addr{}
}

// IP6Enabled says if IPv6 is enabled on the interface.
func (m *Main) IP6Enabled(swIf uint32) bool { return m.link(swIf) != nil }

func (m *Main) ip6LinkEnabled(swIf uint32) bool { return m.link(swIf) != nil }

// ip6LinkMcastAdj returns the adjacency for multicast packets on a link with
// IPv6, fib.InvalidIndex for none.
func (m *Main) ip6LinkMcastAdj(swIf uint32) uint32 {
	if l := m.link(swIf); l != nil {
		return l.mcast
	}
	return fib.InvalidIndex
}

// linkLocalFIB returns the fib_index of an interface's link-local table,
// fib.InvalidIndex for none.
func (m *Main) linkLocalFIB(swIf uint32) uint32 {
	if l := m.linkRecord(swIf); l != nil {
		return l.table
	}
	return fib.InvalidIndex
}

// linkAddressAdded and linkAddressGone tell what hangs on a link with IPv6 of
// its addresses (ip6_link_add_del_address).
func (m *Main) linkAddressAdded(swIf uint32, prefix netip.Prefix) {
	if l := m.link(swIf); l != nil && l.mcast != fib.InvalidIndex {
		l.mld.join(packet.SolicitedNode(prefix.Addr()))
	}
	m.startDAD(swIf, prefix)
}

func (m *Main) linkAddressGone(swIf uint32, a netip.Addr) {
	if l := m.link(swIf); l != nil && l.mcast != fib.InvalidIndex {
		l.mld.leave(packet.SolicitedNode(a))
	}
	m.stopDAD(swIf, a)
}
