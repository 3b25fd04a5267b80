package fib

import (
	"bytes"
	"net/netip"
	"slices"
)

// adjKey identifies an adjacency: kind, protocol of the next hop, type of the
// packets, interface and next hop, or the connected prefix of a glean.
type adjKey struct {
	kind    AdjacencyType // AdjIncomplete for every neighbour
	proto   Proto
	link    LinkType
	swIf    uint32
	nextHop netip.Addr
	prefix  netip.Prefix
}

// BroadcastNextHop makes a neighbour adjacency a broadcast: all ones
// (ADJ_BCAST_ADDR in src/vnet/adj/adj.h).
var BroadcastNextHop = netip.AddrFrom16([16]byte(bytes.Repeat([]byte{0xff}, 16)))

// lockNeighbor returns the adjacency of a neighbour with a lock
// (adj_nbr_add_or_lock).
func (f *FIB) lockNeighbor(p Proto, link LinkType, nextHop netip.Addr, swIf uint32) uint32 {
	key := adjKey{kind: AdjIncomplete, proto: p, link: link, swIf: swIf, nextHop: nextHop}
	i, a, fresh := f.lockAdj(key)
	if !fresh {
		return i
	}
	a.NextHop = nextHop
	if nextHop == BroadcastNextHop {
		a.Type = AdjBroadcast
		a.RewriteLen = uint8(f.itf.BuildRewrite(swIf, link, nil, &a.Rewrite))
		return i
	}
	f.hold(func() { f.itf.UpdateAdjacency(swIf, i) })
	return i
}

// lockGlean returns the adjacency that resolves the packets' own destinations,
// with a lock (adj_glean_add_or_lock).
func (f *FIB) lockGlean(p Proto, link LinkType, swIf uint32, connected netip.Prefix) uint32 {
	i, a, fresh := f.lockAdj(adjKey{kind: AdjGlean, proto: p, link: link, swIf: swIf, prefix: connected.Masked()})
	if fresh {
		a.setConnected(connected)
		a.RewriteLen = uint8(f.itf.BuildRewrite(swIf, gleanLink(p), nil, &a.Rewrite))
	}
	return i
}

// setConnected gives a glean the address that its requests are sent from.
func (a *Adjacency) setConnected(p netip.Prefix) {
	a.Prefix, a.NextHop = p, p.Addr()
}

// gleanLink is the type of the requests a glean sends.
func gleanLink(p Proto) LinkType {
	if p == IP4 {
		return LinkARP
	}
	return LinkIP6
}

// lockMcast returns the adjacency for multicast packets on an interface, with
// a lock (adj_mcast_add_or_lock).
func (f *FIB) lockMcast(p Proto, link LinkType, swIf uint32) uint32 {
	i, a, fresh := f.lockAdj(adjKey{kind: AdjMcast, proto: p, link: link, swIf: swIf})
	if fresh {
		f.buildMcast(a)
	}
	return i
}

// multicastMAC starts the Ethernet addresses of groups (RFC 1112 section 6.4,
// RFC 2464 section 7); the rest are the group's last bits.
var multicastMAC = [numProtos][]byte{IP4: {0x01, 0, 0x5e, 0, 0, 0}, IP6: {0x33, 0x33, 0, 0, 0, 0}}

func (f *FIB) buildMcast(a *Adjacency) {
	a.RewriteLen = uint8(f.itf.BuildRewrite(a.SwIf, a.Link, multicastMAC[a.Proto], &a.Rewrite))
	a.MulticastMask, a.MulticastOffset = 0, 0
	if a.RewriteLen > 0 {
		a.MulticastMask, a.MulticastOffset = 0x7fffff, 2
		if a.Proto == IP6 {
			a.MulticastMask = 0xffffffff
		}
	}
}

func (f *FIB) lockAdj(key adjKey) (index uint32, a *Adjacency, fresh bool) {
	if i, ok := f.adjByKey[key]; ok {
		a = f.Adjacencies.At(i)
		a.locks++
		return i, a, false
	}
	i, a := f.Adjacencies.alloc()
	freshCounter(f.Counters.Adjacent, i)
	a.Type, a.Proto, a.Link, a.SwIf, a.locks = key.kind, key.proto, key.link, key.swIf, 1
	a.key = key
	f.adjByKey[key] = i
	f.setLinkFields(a)
	f.adjByItf = growTo(f.adjByItf, key.swIf)
	a.itfPos = uint32(len(f.adjByItf[key.swIf]))
	f.adjByItf[key.swIf] = append(f.adjByItf[key.swIf], i)
	return i, a, true
}

// setLinkFields reads what an adjacency copies of its interface.
func (f *FIB) setLinkFields(a *Adjacency) {
	a.MTU = f.itf.MTU(a.SwIf, a.Link)
	if f.PathMTU != nil && a.key.kind == AdjIncomplete {
		if mtu := f.PathMTU(a.Proto, a.key.nextHop, a.SwIf); mtu != 0 {
			a.MTU = min(a.MTU, mtu)
		}
	}
	a.NextNode, a.nextSlot = f.itf.OutputNode(a.SwIf, a.Link)
	a.OutputFeatures = f.itf.OutputFeatures(a.SwIf, a.Link)
}

func (f *FIB) unlockAdjacency(i uint32) {
	a := f.Adjacencies.At(i)
	if a.locks--; a.locks > 0 {
		return
	}
	delete(f.adjByKey, a.key)
	list := f.adjByItf[a.SwIf]
	last := len(list) - 1
	list[a.itfPos] = list[last]
	f.Adjacencies.At(list[a.itfPos]).itfPos = a.itfPos
	f.adjByItf[a.SwIf] = list[:last]
	if released := a.Released; released != nil {
		a.Released = nil
		f.hold(released)
	}
	f.Adjacencies.release(i)
}

// LockNeighbor returns the index of the adjacency of a neighbour and keeps it
// until UnlockAdjacency, for users outside of routes.
func (f *FIB) LockNeighbor(p Proto, link LinkType, nextHop netip.Addr, swIf uint32) uint32 {
	i := f.lockNeighbor(p, link, nextHop, swIf)
	f.settle()
	return i
}

// UnlockAdjacency gives back what LockNeighbor returned.
func (f *FIB) UnlockAdjacency(i uint32) {
	f.unlockAdjacency(i)
	f.settle()
}

// RefreshMTU reads the path MTU of a neighbour anew, on all interfaces.
func (f *FIB) RefreshMTU(nextHop netip.Addr) {
	f.Adjacencies.Each(func(_ uint32, a *Adjacency) bool {
		if a.key.kind == AdjIncomplete && a.key.nextHop == nextHop {
			f.setLinkFields(a)
		}
		return true
	})
}

// FindNeighbor returns the adjacency of a neighbour if a route or another user
// made one.
func (f *FIB) FindNeighbor(p Proto, link LinkType, nextHop netip.Addr, swIf uint32) (index uint32, ok bool) {
	index, ok = f.adjByKey[adjKey{kind: AdjIncomplete, proto: p, link: link, swIf: swIf, nextHop: nextHop}]
	return index, ok
}

// NeighborAdjacencies calls fn for each adjacency of a neighbour, of all types
// of packets (adj_nbr_walk_nh).
func (f *FIB) NeighborAdjacencies(p Proto, nextHop netip.Addr, swIf uint32, fn func(adj uint32)) {
	for link := LinkIP4; link <= LinkNSH; link++ {
		if i, ok := f.FindNeighbor(p, link, nextHop, swIf); ok {
			fn(i)
		}
	}
}

// InterfaceAdjacencies calls fn for each adjacency on an interface.
func (f *FIB) InterfaceAdjacencies(swIf uint32, fn func(adj uint32)) {
	if uint64(swIf) >= uint64(len(f.adjByItf)) {
		return
	}
	for _, i := range slices.Clone(f.adjByItf[swIf]) {
		if f.Adjacencies.InUse(i) {
			fn(i)
		}
	}
}

// SetRewrite completes a neighbour adjacency with the header to put in front,
// empty on links without one, or makes it incomplete again
// (adj_nbr_update_rewrite).
func (f *FIB) SetRewrite(adj uint32, complete bool, header []byte) {
	a := f.Adjacencies.At(adj)
	old := a.Type
	a.Type = AdjIncomplete
	if complete {
		a.Type = AdjRewrite
	}
	a.RewriteLen = uint8(copy(a.Rewrite[:], header))
	a.Fixup, a.Stacked, a.Originate, a.HashInner, a.IP4In4 = nil, DPO{}, false, false, false
	if old != a.Type {
		f.tell(a.children)
		f.settle()
	}
}

// SetMidchain makes an adjacency a midchain: header is put in front, fixup
// finishes it, and the packet goes to stacked (adj_nbr_midchain_update_rewrite
// and _stack). Call it again when stacked changes.
func (f *FIB) SetMidchain(adj uint32, header []byte, fixup Fixup, stacked DPO) {
	a := f.Adjacencies.At(adj)
	old := a.Type
	a.Type = AdjMidchain
	a.RewriteLen = uint8(copy(a.Rewrite[:], header))
	a.Fixup, a.Stacked = fixup, stacked
	if old != a.Type {
		f.tell(a.children)
		f.settle()
	}
}

// adjacencyDPO returns the object of an adjacency: its type follows the
// adjacency's state.
func (f *FIB) adjacencyDPO(p Proto, i uint32) DPO {
	t := DPOAdjacency
	switch f.Adjacencies.At(i).Type {
	case AdjIncomplete:
		t = DPOAdjacencyIncomplete
	case AdjGlean:
		t = DPOAdjacencyGlean
	case AdjMcast:
		t = DPOAdjacencyMcast
	case AdjMidchain:
		t = DPOAdjacencyMidchain
	case AdjMcastMidchain:
		t = DPOAdjacencyMcastMid
	}
	return f.dpo(t, p, i)
}

// AdjacencyDPO returns the object that sends packets of a protocol through an
// adjacency.
func (f *FIB) AdjacencyDPO(p Proto, adj uint32) DPO { return f.adjacencyDPO(p, adj) }

// InterfaceChanged tells the FIB that the interface's admin state, MTU, link
// address, output node, output features or kind may have changed.
func (f *FIB) InterfaceChanged(swIf uint32) {
	f.InterfaceAdjacencies(swIf, func(i uint32) {
		a := f.Adjacencies.At(i)
		mtu := a.MTU
		f.setLinkFields(a)
		switch a.Type {
		case AdjGlean: // keeps the MTU it was made with
			a.MTU = mtu
			a.RewriteLen = uint8(f.itf.BuildRewrite(swIf, gleanLink(a.Proto), nil, &a.Rewrite))
		case AdjMcast:
			f.buildMcast(a)
		case AdjBroadcast:
			a.RewriteLen = uint8(f.itf.BuildRewrite(swIf, a.Link, nil, &a.Rewrite))
		default:
			f.itf.UpdateAdjacency(swIf, i)
		}
		if f.Adjacencies.InUse(i) {
			f.tell(f.Adjacencies.At(i).children)
		}
	})
	f.settle()
}

// InterfaceDeleted tells the FIB that the interface is going: paths that leave
// by it drop until their routes are set again, and its adjacencies go with
// their users.
func (f *FIB) InterfaceDeleted(swIf uint32) {
	f.leaving = swIf
	f.InterfaceAdjacencies(swIf, func(i uint32) {
		if f.Adjacencies.InUse(i) {
			f.tell(f.Adjacencies.At(i).children)
		}
	})
	f.settle()
	f.leaving = InvalidIndex
}

// LockMcast returns the adjacency for multicast packets on an interface and
// keeps it until UnlockAdjacency.
func (f *FIB) LockMcast(p Proto, link LinkType, swIf uint32) uint32 {
	return f.lockMcast(p, link, swIf)
}
