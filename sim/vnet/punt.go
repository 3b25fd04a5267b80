package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// addPuntNodes registers the ends of a packet's way that a feature arc can
// turn: ip4-drop, ip4-not-enabled, ip4-punt and their redirection, and the same
// for IPv6 (src/vnet/ip/ip4_punt_drop.c, ip6_punt_drop.c).
func (m *Main) addPuntNodes() {
	type end struct {
		name string
		arc  arcID
		last string
		fwd  func(*vlib.Buffer) vlib.TraceData
	}
	fwd4 := func(b *vlib.Buffer) vlib.TraceData { return m.newForwardTrace4(b) }
	fwd6 := func(b *vlib.Buffer) vlib.TraceData { return m.newForwardTrace6(b) }
	for _, e := range []end{
		{"ip4-drop", arcIP4Drop, "error-drop", fwd4},
		{"ip4-not-enabled", arcIP4Drop, "error-drop", fwd4},
		{"ip4-punt", arcIP4Punt, "error-punt", fwd4},
		{"ip6-drop", arcIP6Drop, "error-drop", fwd6},
		{"ip6-not-enabled", arcIP6Drop, "error-drop", fwd6},
		{"ip6-punt", arcIP6Punt, "error-punt", fwd6},
	} {
		m.Graph.MustAdd(vlib.Registration{Name: e.name, Nexts: []string{e.last},
			Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.dropOrPunt(n, bufs, e.arc, e.fwd) }})
	}
	for p, name := range []string{"ip4-punt-redirect", "ip6-punt-redirect"} {
		proto := fib.Proto(p)
		m.Graph.MustAdd(vlib.Registration{Name: name, Nexts: []string{proto.String() + "-drop",
			proto.String() + "-rewrite", map[fib.Proto]string{fib.IP4: "ip4-arp", fib.IP6: "ip6-discover-neighbor"}[proto]},
			Errors: []vlib.ErrorDesc{{Name: "drop", Desc: proto.String() + " punt redirect drop"}},
			Func:   func(n *vlib.Node, bufs []*vlib.Buffer) { m.puntRedirect(n, bufs, proto) }})
	}
}

// dropOrPunt starts the drop or punt feature arc, whose features belong to no
// interface: VPP keeps them under index 0 (ip_drop_or_punt in
// src/vnet/ip/ip_punt_drop.h).
func (m *Main) dropOrPunt(n *vlib.Node, bufs []*vlib.Buffer, arc arcID, fwd func(*vlib.Buffer) vlib.TraceData) {
	features := m.featureStart(arc, 0)
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, fwd(b))
		}
		if features == nil {
			n.Enqueue(b, 0)
			continue
		}
		b.Features = features
		n.SendFeature(b)
	}
}

// PuntRedirectTrace is what ip4-punt-redirect and ip6-punt-redirect record.
type PuntRedirectTrace struct {
	// Redirect is the index of the redirection, vlib.InvalidIndex for none.
	Redirect uint32
}

// Format renders as format_ip_punt_redirect_trace (src/vnet/ip/ip_punt_drop.c).
func (t PuntRedirectTrace) Format() string {
	if t.Redirect == vlib.InvalidIndex {
		return "ignore"
	}
	return fmt.Sprintf("via redirect:%d", t.Redirect)
}

// puntRedirect sends punted packets where the redirection of their interface,
// or the one for all interfaces, leads. Their TTL stays as it is.
func (m *Main) puntRedirect(n *vlib.Node, bufs []*vlib.Buffer, proto fib.Proto) {
	for _, b := range bufs {
		dpo, index, ok := m.puntRedirectDPO(proto, b.RxSwIf)
		if b.Trace != nil {
			b.Trace.Add(n, PuntRedirectTrace{Redirect: index})
		}
		if !ok {
			n.SendFeature(b)
			continue
		}
		b.Flags |= vlib.FlagLocallyOriginated
		b.Adj = dpo.Index
		n.Send(b, dpo.Node)
	}
}
