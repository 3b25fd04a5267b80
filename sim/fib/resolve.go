package fib

import (
	"net/netip"
)

// resolve creates what a path depends on (fib_path_resolve).
func (f *FIB) resolve(i uint32) {
	p := f.paths.At(i)
	p.dpo, p.resolved = f.Drop(p.proto), true
	if p.permanentDrop() {
		p.resolved = false
		return
	}
	switch p.typ {
	case pathAttachedNextHop:
		f.holdAdjacency(i, f.neighborAdjacency(p, p.proto.Link()))
	case pathAttached:
		if adj := f.attachedAdjacency(p, p.proto.Link()); adj != InvalidIndex {
			f.holdAdjacency(i, adj)
		}
	case pathRecursive:
		f.resolveRecursive(i)
	case pathSpecial:
		p.dpo = f.specialDPO(p)
	case pathDeag:
		p.dpo = f.lookupDPO(Lookup{FibIndex: p.table, Proto: p.proto, Source: p.flags&PathSourceLookup != 0,
			Multicast: p.flags&PathRPFID != 0})
	case pathReceive:
		p.dpo = f.receiveDPO(p.proto, p.swIf, p.receiveAddr())
	case pathInterfaceRx:
		p.dpo = f.dpo(DPOInterfaceRx, p.proto, p.swIf)
	case pathDVR:
		p.dpo = f.dpo(DPODVR, p.proto, p.swIf)
	case pathExclusive:
		p.dpo = p.pathKey.dpo
	}
}

func (p *path) receiveAddr() netip.Addr {
	if p.nextHop == [16]byte{} {
		return netip.Addr{}
	}
	return p.addr(&p.nextHop)
}

// neighborAdjacency returns the adjacency of an attached next hop with a lock:
// the interface's one adjacency on point-to-point links.
func (f *FIB) neighborAdjacency(p *path, link LinkType) uint32 {
	if f.itf.Kind(p.swIf) == PointToPoint {
		return f.lockNeighbor(p.proto, link, unspecified(p.proto), p.swIf)
	}
	return f.lockNeighbor(p.proto, link, p.addr(&p.nextHop), p.swIf)
}

// attachedAdjacency returns the adjacency of an attached path with a lock,
// InvalidIndex on interfaces that have none.
func (f *FIB) attachedAdjacency(p *path, link LinkType) uint32 {
	switch f.itf.Kind(p.swIf) {
	case PointToPoint:
		return f.lockNeighbor(p.proto, link, unspecified(p.proto), p.swIf)
	case NBMA:
		return InvalidIndex
	default:
		return f.lockGlean(p.proto, link, p.swIf, p.connectedPrefix())
	}
}

func unspecified(p Proto) netip.Addr {
	if p == IP4 {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// holdAdjacency makes a path depend on an adjacency it has a lock on.
func (f *FIB) holdAdjacency(i, adj uint32) {
	p := f.paths.At(i)
	p.adj = adj
	p.pos = f.Adjacencies.At(adj).children.join(depPath, i)
}

// resolveRecursive sources the next hop's host prefix, so that there is an
// entry to depend on.
func (f *FIB) resolveRecursive(i uint32) {
	p := f.paths.At(i)
	pfx := hostPrefix(p.addr(&p.nextHop))
	f.Lock(p.proto, p.table, SourceRR)
	e := f.addSpecial(p.table, pfx, SourceRR, 0, DPO{})
	p.via = e
	p.pos = f.entries.At(e).children.join(depPath, i)
}

func hostPrefix(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// unresolve gives up what a path depends on (fib_path_unresolve).
func (f *FIB) unresolve(i uint32) {
	p := f.paths.At(i)
	if p.via != InvalidIndex {
		via := p.via
		p.via = InvalidIndex
		e := f.entries.At(via)
		f.leave(&e.children, p.pos)
		f.removeSource(via, SourceRR)
		f.Unlock(p.proto, p.table, SourceRR)
	}
	if p.adj != InvalidIndex {
		adj := p.adj
		p.adj = InvalidIndex
		f.leave(&f.Adjacencies.At(adj).children, p.pos)
		f.unlockAdjacency(adj)
	}
	if p.other != InvalidIndex {
		f.unlockAdjacency(p.other)
		p.other = InvalidIndex
	}
	f.releaseDPO(p.dpo, p.typ)
	p.dpo, p.resolved = f.Drop(p.proto), false
}

// releaseDPO frees the object of a path's own.
func (f *FIB) releaseDPO(d DPO, typ pathType) {
	switch {
	case typ == pathDeag && d.Type != DPODrop:
		f.unlockLookup(d.Index)
	case typ == pathReceive && d.Type == DPOReceive:
		f.Receives.release(d.Index)
	}
}

// evaluatePath brings dpo, resolved and looped up to date and says if they
// changed.
func (f *FIB) evaluatePath(i uint32) bool {
	p := f.paths.At(i)
	dpo, resolved, looped, seen := p.dpo, p.resolved, p.looped, p.seen
	switch {
	case p.permanentDrop():
	case p.typ == pathRecursive:
		f.evaluateRecursive(p)
	case p.typ == pathAttachedNextHop || p.typ == pathAttached:
		f.evaluateAttached(i, p)
	}
	return p.dpo != dpo || p.resolved != resolved || p.looped != looped || p.seen != seen
}

func (f *FIB) evaluateAttached(i uint32, p *path) {
	if p.swIf == f.leaving || !f.itf.Exists(p.swIf) {
		f.unresolve(i)
		p.dead = true
		return
	}
	p.resolved = f.itf.Up(p.swIf)
	if p.adj != InvalidIndex {
		p.dpo = f.adjacencyDPO(p.proto, p.adj)
	}
}

// evaluateRecursive is fib_path_recursive_adj_update.
func (f *FIB) evaluateRecursive(p *path) {
	via := f.entries.At(p.via)
	p.dpo, p.resolved, p.seen = f.Drop(p.proto), false, via.version
	p.looped = f.reaches(via.parent, p.pl, 0)
	switch {
	case p.looped || via.lb == InvalidIndex:
		return
	case p.flags&PathResolveViaHost != 0 && f.isRR(via):
		return
	case p.flags&PathResolveViaAttached != 0 && via.flags()&EntryAttached == 0:
		return
	}
	p.dpo = f.dpo(DPOLoadBalance, p.proto, via.lb)
	p.resolved = !f.isDropLB(via.lb)
}

// isRR says that nothing but recursion put the entry there.
func (f *FIB) isRR(e *entry) bool {
	return len(e.srcs) == 0 || f.sources[e.srcs[0].source].priority >= builtinSources[SourceRR].priority
}

// contribution returns what a path gives a load-balance for packets of a
// protocol (fib_path_contribute_forwarding).
func (f *FIB) contribution(i uint32, proto Proto) DPO {
	p := f.paths.At(i)
	if proto == p.proto || p.adj == InvalidIndex {
		return p.dpo
	}
	if p.other == InvalidIndex {
		if p.typ == pathAttachedNextHop {
			p.other = f.neighborAdjacency(p, proto.Link())
		} else {
			p.other = f.attachedAdjacency(p, proto.Link())
		}
		if p.other == InvalidIndex {
			return f.Drop(proto)
		}
	}
	return f.adjacencyDPO(proto, p.other)
}

// resolvingInterface returns the interface a path leaves by, InvalidIndex when
// there is none (fib_path_get_resolving_interface). A loop that a change has
// just closed has no interface.
func (f *FIB) resolvingInterface(i uint32, depth int) uint32 {
	p := f.paths.At(i)
	switch p.typ {
	case pathAttachedNextHop, pathAttached, pathReceive, pathDVR:
		return p.swIf
	case pathRecursive:
		if p.usable() && p.via != InvalidIndex && depth < maxDepth {
			return f.listInterface(f.entries.At(p.via).parent, depth+1)
		}
	case pathExclusive:
		return f.dpoInterface(p.dpo)
	}
	return InvalidIndex
}

func (f *FIB) entryInterface(e *entry) uint32 { return f.listInterface(e.parent, 0) }

func (f *FIB) listInterface(pl uint32, depth int) uint32 {
	if pl == InvalidIndex {
		return InvalidIndex
	}
	for _, i := range f.pathLists.At(pl).paths {
		if swIf := f.resolvingInterface(i, depth); swIf != InvalidIndex {
			return swIf
		}
	}
	return InvalidIndex
}

// dpoInterface returns the interface of an adjacency or of a load-balance's
// first one (dpo_get_urpf).
func (f *FIB) dpoInterface(d DPO) uint32 {
	switch {
	case d.Type.IsAdjacency():
		return f.Adjacencies.At(d.Index).SwIf
	case d.Type == DPOInterfaceTx:
		return d.Index
	}
	return InvalidIndex
}
