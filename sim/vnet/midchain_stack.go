package vnet

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
)

// A midchain is an adjacency of a tunnel: its packets are encapsulated and follow
// the route to the tunnel's far end (src/vnet/adj/adj_midchain.c,
// adj_midchain_delegate.c).

// midchainSpec says how the packets of an adjacency are encapsulated.
type midchainSpec struct {
	// header is put in front, fixup finishes it.
	header []byte
	fixup  fib.Fixup
	// originate makes encapsulated packets the instance's own.
	originate bool
	// innerHash lets the inner packet's flow choose among several paths to the
	// far end, instead of the header.
	innerHash bool
	// fibIndex and dst are the far end; dst is invalid where it is not known.
	fibIndex uint32
	dst      netip.Addr
	// down says that packets are dropped.
	down bool
}

// midchain is what an instance keeps of one adjacency.
type midchain struct {
	spec    midchainSpec
	tracker *fib.Tracker
}

// linkProto is the protocol of an adjacency's packets.
func linkProto(l fib.LinkType) fib.Proto {
	if l == fib.LinkIP6 {
		return fib.IP6
	}
	return fib.IP4
}

// setMidchain completes an adjacency, or changes how it is completed.
func (m *Main) setMidchain(adj uint32, spec midchainSpec) {
	mc := m.midchains[adj]
	if mc == nil {
		mc = &midchain{}
		m.midchains[adj] = mc
		m.FIB.Adjacency(adj).Released = func() { m.dropMidchain(adj) }
	}
	if mc.tracker != nil && (mc.spec.dst != spec.dst || mc.spec.fibIndex != spec.fibIndex) {
		mc.tracker.Release()
		mc.tracker = nil
	}
	mc.spec = spec
	if mc.tracker == nil && spec.dst.IsValid() && !spec.down {
		mc.tracker = m.FIB.Track(spec.fibIndex, spec.dst, func(fib.DPO) { m.stackMidchain(adj, mc) })
	}
	m.stackMidchain(adj, mc)
}

// dropMidchain forgets an adjacency that goes.
func (m *Main) dropMidchain(adj uint32) {
	if mc := m.midchains[adj]; mc != nil {
		delete(m.midchains, adj)
		if mc.tracker != nil {
			mc.tracker.Release()
		}
	}
}

// stackMidchain sends an adjacency's packets where the route to the far end
// leads: to the path that the header's flow chooses, or to all of them
// (adj_nbr_midchain_stack_on_fib_entry).
func (m *Main) stackMidchain(adj uint32, mc *midchain) {
	if m.midchains[adj] != mc {
		return
	}
	a := m.FIB.Adjacency(adj)
	d, hashInner := m.FIB.Drop(linkProto(a.Link)), false
	if mc.tracker != nil && !mc.spec.down {
		d, hashInner = m.midchainNext(mc)
		if m.leadsToAdjacency(d, adj, 0) {
			d = m.FIB.Drop(fib.ProtoOf(mc.spec.dst))
		}
	}
	m.FIB.SetMidchain(adj, mc.spec.header, mc.spec.fixup, d)
	a = m.FIB.Adjacency(adj)
	a.Originate, a.HashInner = mc.spec.originate, hashInner
	a.IP4In4 = a.Link == fib.LinkIP4 && len(mc.spec.header) == packet.IPv4Len
	m.Graph.AddNext(m.midchainTx, m.Graph.NodeAt(d.Node).Name)
}

// midchainNext is the object that the route to the far end gives.
func (m *Main) midchainNext(mc *midchain) (d fib.DPO, hashInner bool) {
	d = mc.tracker.DPO()
	if d.Type != fib.DPOLoadBalance {
		return d, false
	}
	lb := m.FIB.LoadBalance(d.Index)
	switch {
	case len(lb.Buckets) == 1:
		return lb.Buckets[0], false
	case mc.spec.innerHash:
		return d, true
	}
	hash := m.flowHash(mc.spec.header, fib.ProtoOf(mc.spec.dst), lb.FlowHash)
	return lb.Buckets[int(hash)&(len(lb.Buckets)-1)], false
}

// maxMidchains is how many tunnels in tunnels are followed in search of a loop.
const maxMidchains = 16

// leadsToAdjacency tells whether packets that go on at d come back to an
// adjacency, as those of a tunnel do that is the way to its own far end.
func (m *Main) leadsToAdjacency(d fib.DPO, adj uint32, depth int) bool {
	if depth > maxMidchains {
		return true
	}
	switch d.Type {
	case fib.DPOLoadBalance:
		for _, b := range m.FIB.LoadBalance(d.Index).Buckets {
			if m.leadsToAdjacency(b, adj, depth+1) {
				return true
			}
		}
	case fib.DPOAdjacencyMidchain:
		if d.Index == adj {
			return true
		}
		return m.leadsToAdjacency(m.FIB.Adjacency(d.Index).Stacked, adj, depth+1)
	}
	return false
}
