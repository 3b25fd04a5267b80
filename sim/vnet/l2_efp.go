package vnet

import (
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

func (m *Main) addEFPNode() {
	m.Graph.MustAdd(vlib.Registration{Name: "l2-efp-filter", Func: m.l2EFPFilter,
		Nexts:  withFeatures(l2OutNodes[:], "error-drop"),
		Errors: plainErrors("L2 EFP filter packets", "L2 EFP filter post-rewrite drops")})
}

// l2EFPFilter drops a frame whose tags would not come in by the sub-interface
// that it leaves by (src/vnet/l2/l2_efp_filter.c).
func (m *Main) l2EFPFilter(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		ok := m.efpMatches(b)
		if b.Trace != nil {
			b.Trace.Add(n, newL2Trace("l2-output-vtr:", b.TxSwIf, b, l2Raw(b)))
		}
		if !ok {
			n.Drop(b, 1)
			continue
		}
		m.l2OutNext(n, b, L2OutEFPFilter)
	}
	n.Count(0, uint64(len(bufs)))
}

func (m *Main) efpMatches(b *vlib.Buffer) bool {
	i := m.Interface(b.TxSwIf)
	if i == nil {
		return false
	}
	p := b.Bytes()
	table := i.Hw.vlans.dot1q
	if packet.Uint16(p, 12) == packet.EtherTypeQinQ {
		table = i.Hw.vlans.dot1ad
	}
	t := frameTags{outer: packet.Uint16(p, 14) & 0xfff, inner: packet.Uint16(p, 18) & 0xfff,
		match: subMatch0 << min((max(int(b.L2Len), packet.EthernetLen)-packet.EthernetLen)/packet.VLANLen, 3)}
	c := i.Hw.vlans.find(table, t)
	return c != nil && c.swIf == b.TxSwIf
}
