package vnet

import "github.com/vpptwin/vpptwin/sim/vlib"

// addStatsNodes adds the features that count frames by destination.
func (m *Main) addStatsNodes() {
	m.Graph.MustAdd(vlib.Registration{Name: "stats-collect-rx", Func: func(n *vlib.Node, bufs []*vlib.Buffer) {
		for _, b := range bufs {
			m.sw[b.RxSwIf].countRXCast(b)
			n.SendFeature(b)
		}
	}})
	m.Graph.MustAdd(vlib.Registration{Name: "stats-collect-tx", Func: func(n *vlib.Node, bufs []*vlib.Buffer) {
		for _, b := range bufs {
			m.sw[b.TxSwIf].countTXCast(b)
			n.SendFeature(b)
		}
	}})
}
