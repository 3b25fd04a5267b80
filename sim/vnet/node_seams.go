package vnet

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

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

func (m *Main) sourceAddress4(swIf uint32, dst netip.Addr) (netip.Addr, bool) {
	return netip.Addr{}, false
}
func (m *Main) sourceAddress6(swIf uint32, dst netip.Addr) (netip.Addr, bool) {
	return netip.Addr{}, false
}
func (m *Main) linkLocal(swIf uint32) netip.Addr   { return netip.Addr{} }
func (m *Main) ip6LinkEnabled(swIf uint32) bool    { return false }
func (m *Main) ip6LinkMcastAdj(swIf uint32) uint32 { return 0 }
func (m *Main) ip6RAEnabled(swIf uint32) bool      { return false }
func (m *Main) puntRedirectDPO(p fib.Proto, swIf uint32) (fib.DPO, uint32, bool) {
	return fib.DPO{}, vlib.InvalidIndex, false
}

func (m *Main) linkLocalFIB(swIf uint32) uint32 { return fib.InvalidIndex }
