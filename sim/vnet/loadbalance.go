package vnet

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ip4LoadBalance chooses a bucket of a load-balance that another one led to
// (ip4_load_balance_node in src/vnet/ip/ip4_forward.c).
func (m *Main) ip4LoadBalance(n *vlib.Node, bufs []*vlib.Buffer) { m.loadBalance(n, bufs, fib.IP4) }

func (m *Main) ip6LoadBalance(n *vlib.Node, bufs []*vlib.Buffer) { m.loadBalance(n, bufs, fib.IP6) }

// loadBalance uses the hash of the level before, shifted by a bit: the same
// bits at each level would send a flow's packets to the same bucket everywhere.
func (m *Main) loadBalance(n *vlib.Node, bufs []*vlib.Buffer, proto fib.Proto) {
	for _, b := range bufs {
		lbi := b.Adj
		lb := m.FIB.LoadBalance(lbi)
		hash := uint32(0)
		if len(lb.Buckets) > 1 {
			if b.FlowHash != 0 {
				b.FlowHash >>= 1
			} else {
				b.FlowHash = m.flowHash(b.Bytes(), proto, lb.FlowHash)
			}
			hash = b.FlowHash
		}
		d := lb.Buckets[int(hash)&(len(lb.Buckets)-1)]
		b.Adj = d.Index
		m.FIB.Counters.Via.Add(lbi, b.Len())
		if b.Trace != nil {
			m.traceLookup(n, b, proto)
		}
		n.Send(b, d.Node)
	}
}
