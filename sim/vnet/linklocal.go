package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// addLinkLocalNodes registers what fe80::/10 leads to in every table
// (src/vnet/dpo/ip6_ll_dpo.c).
func (m *Main) addLinkLocalNodes() {
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-link-local", Func: m.ip6LinkLocal,
		Nexts: []string{"ip6-drop", "ip6-lookup"}, Errors: plainErrors("Interface is not mapped to an IP6-LL table")})
}

// ip6LinkLocal has the packet looked up again, in the link-local table of the
// interface it is seen as received on.
func (m *Main) ip6LinkLocal(n *vlib.Node, bufs []*vlib.Buffer) {
	const drop, lookup = 0, 1
	for _, b := range bufs {
		table := fib.InvalidIndex
		if l := m.linkRecord(b.RxSwIf); l != nil {
			table = l.table
		}
		if b.Trace != nil {
			b.Trace.Add(n, &IndexTrace{fmt.Sprintf("sw_if_index:%d fib_index:%d", b.RxSwIf, int32(table))})
		}
		b.Lookups++
		if table == fib.InvalidIndex || b.Lookups > maxLookups {
			n.SetError(b, 0)
			n.Enqueue(b, drop)
			continue
		}
		b.TxSwIf = table
		n.Enqueue(b, lookup)
	}
}
