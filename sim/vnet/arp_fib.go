package vnet

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// arpEntry is what the ARP nodes read of the FIB entry that covers an address.
type arpEntry struct {
	prefix netip.Prefix
	// address is the entry's, the one to answer with when it is local.
	address netip.Addr
	// swIf is the interface the entry resolves by.
	swIf uint32
	// isAdj says that the entry is a known neighbour; connected that it belongs
	// to a connected prefix, and then local that it is our own address.
	isAdj, connected, local bool
	// anyLocal, attached and isDefault say so of any of the entry's sources.
	anyLocal, attached, isDefault bool
}

// arpLookup returns the entry that covers a, at most bits long
// (arp_dst_fib_check and the loop over sources in src/vnet/arp/arp.c).
func (m *Main) arpLookup(table uint32, a netip.Addr, bits int) arpEntry {
	r, ok := m.FIB.Match(table, netip.PrefixFrom(a, bits))
	if !ok {
		return arpEntry{isDefault: true}
	}
	e := arpEntry{prefix: r.Prefix, address: r.Prefix.Addr(), swIf: m.FIB.Interface(r.Index)}
	_, e.isDefault = m.FIB.HasSource(r.Index, fib.SourceDefaultRoute)
	_, e.isAdj = m.FIB.HasSource(r.Index, fib.SourceAdj)
	for s := range m.FIB.Sources() {
		flags, ok := m.FIB.HasSource(r.Index, fib.Source(s))
		if !ok {
			continue
		}
		e.anyLocal = e.anyLocal || flags&fib.EntryLocal != 0
		e.attached = e.attached || flags&(fib.EntryAttached|fib.EntryConnected) != 0
		if flags&fib.EntryConnected != 0 && !e.connected {
			e.connected, e.local = true, flags&fib.EntryLocal != 0
		}
	}
	return e
}

// ndTargetIsOurs says if a solicitation's target is an address of ours, a
// link-local one included, or one we are a proxy for
// (icmp6_neighbor_solicitation_or_advertisement in src/vnet/ip6-nd/ip6_nd.c).
func (m *Main) ndTargetIsOurs(swIf uint32, a netip.Addr) bool {
	table := m.ip6FibIndex(swIf)
	if a.IsLinkLocalUnicast() {
		table = m.linkLocalFIB(swIf)
	}
	if table == fib.InvalidIndex {
		return false
	}
	r, ok := m.FIB.Find(table, netip.PrefixFrom(a, a.BitLen()))
	if !ok {
		return false
	}
	for _, s := range []fib.Source{fib.SourceInterface, fib.SourceIP6ND} {
		if flags, ok := m.FIB.HasSource(r.Index, s); ok && flags&fib.EntryLocal != 0 {
			return true
		}
	}
	_, proxied := m.FIB.HasSource(r.Index, fib.SourceIP6NDProxy)
	return proxied
}

// ip4FibIndex and ip6FibIndex are the tables an interface is bound to,
// vlib.InvalidIndex for an interface that does not exist.
func (m *Main) ip4FibIndex(swIf uint32) uint32 { return m.fibIndexOf(fib.IP4, swIf) }
func (m *Main) ip6FibIndex(swIf uint32) uint32 { return m.fibIndexOf(fib.IP6, swIf) }

func (m *Main) fibIndexOf(p fib.Proto, swIf uint32) uint32 {
	if i := m.Interface(swIf); i != nil {
		return i.FibIndex[p]
	}
	return vlib.InvalidIndex
}
