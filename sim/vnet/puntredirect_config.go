package vnet

import (
	"cmp"
	"slices"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// puntRedirect sends punted packets of one interface elsewhere; that of
// interface 0 counts for all that have none (src/vnet/ip/ip_punt_drop.c).
type puntRedirect struct{ forward uint32 }

var puntRedirectFeature = [2][2]string{{"ip4-punt", "ip4-punt-redirect"}, {"ip6-punt", "ip6-punt-redirect"}}

// AddPuntRedirect redirects punted packets received on an interface, on any for
// vlib.InvalidIndex, by paths.
func (m *Main) AddPuntRedirect(p fib.Proto, rx uint32, paths []fib.Path) {
	if rx == vlib.InvalidIndex {
		rx = 0
	}
	t := &m.subsystems.ip.punt[p]
	if *t == nil {
		*t = map[uint32]*puntRedirect{}
	}
	if old := (*t)[rx]; old != nil {
		m.FIB.DeleteForward(old.forward)
	}
	(*t)[rx] = &puntRedirect{forward: m.FIB.AddForward(p, paths)}
	_ = m.EnableFeature(puntRedirectFeature[p][0], puntRedirectFeature[p][1], 0, true)
}

// DeletePuntRedirect takes a redirection back; that there is none is no error.
func (m *Main) DeletePuntRedirect(p fib.Proto, rx uint32) {
	if rx == vlib.InvalidIndex {
		rx = 0
	}
	_ = m.EnableFeature(puntRedirectFeature[p][0], puntRedirectFeature[p][1], 0, false)
	if old := m.subsystems.ip.punt[p][rx]; old != nil {
		m.FIB.DeleteForward(old.forward)
		delete(m.subsystems.ip.punt[p], rx)
	}
}

// PuntRedirects calls fn for each redirection by interface; rx is
// vlib.InvalidIndex for the one of all interfaces, forward the index of its
// paths in the FIB.
func (m *Main) PuntRedirects(p fib.Proto, fn func(rx uint32, forward uint32)) {
	var keys []uint32
	for rx := range m.subsystems.ip.punt[p] {
		keys = append(keys, rx)
	}
	slices.SortFunc(keys, cmp.Compare[uint32])
	for _, rx := range keys {
		fw := m.subsystems.ip.punt[p][rx].forward
		if rx == 0 {
			rx = vlib.InvalidIndex
		}
		fn(rx, fw)
	}
}

// puntRedirectDPO returns where punted packets of an interface go, and the
// redirection's number for traces.
func (m *Main) puntRedirectDPO(p fib.Proto, swIf uint32) (fib.DPO, uint32, bool) {
	r := m.subsystems.ip.punt[p][swIf]
	if r == nil {
		r = m.subsystems.ip.punt[p][0]
	}
	if r == nil {
		return fib.DPO{}, vlib.InvalidIndex, false
	}
	return m.FIB.ForwardDPO(r.forward), r.forward, true
}
