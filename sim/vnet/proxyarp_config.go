package vnet

import (
	"net/netip"
	"slices"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// ProxyARP is a range of IPv4 addresses that a table answers ARP requests for.
type ProxyARP struct {
	FibIndex uint32
	Low, Hi  netip.Addr
}

// proxyARPMain holds the ranges and the interfaces that answer
// (src/vnet/arp/arp_proxy.c).
type proxyARPMain struct {
	ranges  []ProxyARP
	enabled []bool // by sw_if_index
}

// AddProxyARP adds a range; one that exists is no error.
func (m *Main) AddProxyARP(r ProxyARP) {
	if !slices.Contains(m.subsystems.ip.arp.ranges, r) {
		m.subsystems.ip.arp.ranges = append(m.subsystems.ip.arp.ranges, r)
	}
}

// DeleteProxyARP removes a range: ErrNoSuchEntry when it does not exist.
func (m *Main) DeleteProxyARP(r ProxyARP) error {
	k := slices.Index(m.subsystems.ip.arp.ranges, r)
	if k < 0 {
		return ErrNoSuchEntry
	}
	m.subsystems.ip.arp.ranges = slices.Delete(m.subsystems.ip.arp.ranges, k, k+1)
	return nil
}

// ProxyARPs returns the ranges in the order they were added.
func (m *Main) ProxyARPs() []ProxyARP { return m.subsystems.ip.arp.ranges }

// SetProxyARP makes an interface answer for the ranges of its table, or stop.
func (m *Main) SetProxyARP(swIf uint32, on bool) error {
	if _, err := m.mustInterface(swIf); err != nil {
		return err
	}
	was := at(&m.subsystems.ip.arp.enabled, swIf)
	if *was == on {
		return nil
	}
	*was = on
	return m.EnableFeature("arp", "arp-proxy", swIf, on)
}

// ProxyARPEnabled says if the interface answers for others.
func (m *Main) ProxyARPEnabled(swIf uint32) bool { return m.proxyARPEnabled(swIf) }

func (m *Main) proxyARPEnabled(swIf uint32) bool { return *at(&m.subsystems.ip.arp.enabled, swIf) }

// proxyARPs says if the IPv4 table answers requests for addr on behalf of
// others.
func (m *Main) proxyARPs(fibIndex uint32, addr netip.Addr) bool {
	return slices.ContainsFunc(m.subsystems.ip.arp.ranges, func(r ProxyARP) bool {
		return r.FibIndex == fibIndex && r.Low.Compare(addr) <= 0 && addr.Compare(r.Hi) <= 0
	})
}

// SetNDProxy makes an interface answer neighbour solicitations for an address,
// or stop (ip6_nd_proxy_add_del in src/vnet/ip6-nd/ip6_nd_proxy.c).
func (m *Main) SetNDProxy(swIf uint32, addr netip.Addr, on bool) error {
	i, err := m.mustInterface(swIf)
	if err != nil {
		return err
	}
	host := netip.PrefixFrom(addr, 128)
	path := []fib.Path{{Proto: fib.IP6, NextHop: addr, SwIf: swIf, FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex}}
	if on {
		m.FIB.AddPaths(i.FibIndex[fib.IP6], host, fib.SourceIP6NDProxy, 0, path)
		return nil
	}
	m.FIB.RemovePaths(i.FibIndex[fib.IP6], host, fib.SourceIP6NDProxy, path)
	_ = m.DeleteNeighbor(swIf, addr)
	return nil
}
