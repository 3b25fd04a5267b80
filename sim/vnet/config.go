package vnet

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// IP6Locks counts what keeps IPv6 enabled on an interface: its addresses and the
// calls of EnableIP6 that were not taken back; 0 when it is not enabled.
func (m *Main) IP6Locks(swIf uint32) int {
	if l := m.link(swIf); l != nil {
		return l.locks
	}
	return 0
}

// DefaultLinkLocal says if an interface has the link-local address that VPP
// made, not one that it was given.
func (m *Main) DefaultLinkLocal(swIf uint32) bool {
	i := m.Interface(swIf)
	return i != nil && m.linkLocal(swIf) == defaultLinkLocal(i)
}

// ConfiguredAddresses is Addresses with those of an unnumbered interface, which
// are out of use.
func (m *Main) ConfiguredAddresses(p fib.Proto, swIf uint32) []netip.Prefix {
	var out []netip.Prefix
	for _, a := range *at(&m.subsystems.ip.addresses[p], swIf) {
		out = append(out, a.prefix)
	}
	return out
}

// UDPPuntUnknown says what SetUDPPuntUnknown set.
func (m *Main) UDPPuntUnknown(p fib.Proto) bool { return m.udp.puntUnknown[p] }

// DefaultRouterAdvertisements is the configuration of an interface that got
// IPv6.
func DefaultRouterAdvertisements() RouterAdvertisements { return *newRouterAdvertisements() }
