package fib

import (
	"encoding/binary"
	"slices"
)

// path is a configured path and what it resolved to.
type path struct {
	pathKey
	pl  uint32
	pos uint32 // in the dependents of its adjacency or via entry
	// via is the entry a recursive path resolves through, adj the adjacency of
	// an attached one; InvalidIndex for none.
	via, adj uint32
	// other is the adjacency for packets of the other protocol, for IPv4 by an
	// IPv6 next hop and the reverse; InvalidIndex until asked for.
	other    uint32
	dpo      DPO
	resolved bool
	looped   bool
	// seen is the version of via that the path was evaluated with.
	seen uint32
	// dead is set once its interface is gone: only a new route heals that.
	dead bool
}

// usable says if the path contributes to forwarding (fib_path_is_resolved).
func (p *path) usable() bool { return p.resolved && !p.looped && !p.permanentDrop() }

func (p *path) permanentDrop() bool { return p.dead || p.flags&PathDrop != 0 && p.typ != pathReceive }

// pathList is a set of paths that entries with the same paths share
// (src/vnet/fib/fib_path_list.c).
type pathList struct {
	paths   []uint32
	entries []uint32 // that forward by it; an entry knows its position
	locks   uint32
	urpf    uint32
	shared  bool
	queued  bool
	// multicast is the multicast entry that has the list, plus one.
	multicast uint32
	// forward is the forward that has the list, plus one.
	forward uint32
}

// listOf returns the path-list of a source with a lock on it: one that it shares
// with entries that have the same paths, except for neighbours and interfaces,
// whose paths are their own in VPP.
func (f *FIB) listOf(s Source, keys []pathKey) uint32 {
	if b := f.sources[s].behave; b == behaveAdj || b == behaveInterface {
		return f.newPathList(keys, false)
	}
	return f.pathListFor(keys)
}

// pathListFor returns a path-list with the given paths and a lock on it. Keys
// are sorted in place.
func (f *FIB) pathListFor(keys []pathKey) uint32 {
	if len(keys) > 1 {
		slices.SortStableFunc(keys, func(a, b pathKey) int { return a.compare(&b) })
	}
	shared := true
	for i := range keys {
		if keys[i].flags&(PathDrop|PathExclusive) != 0 {
			shared = false
		}
	}
	if shared {
		if pl, ok := f.findPathList(keys); ok {
			f.pathLists.At(pl).locks++
			return pl
		}
	}
	return f.newPathList(keys, shared)
}

func (f *FIB) newPathList(keys []pathKey, shared bool) uint32 {
	pl, p := f.pathLists.alloc()
	p.locks, p.shared, p.urpf = 1, shared, InvalidIndex
	for _, k := range keys {
		i, path := f.paths.alloc()
		path.pathKey, path.pl, path.via, path.adj, path.other = k, pl, InvalidIndex, InvalidIndex, InvalidIndex
		p.paths = append(p.paths, i)
	}
	if shared {
		f.storePathList(keys, pl)
	}
	for _, i := range p.paths {
		f.resolve(i)
	}
	f.evaluate(pl)
	return pl
}

// The database of shared path-lists: by key for one path, by the keys' bytes
// for several.

func (f *FIB) keysBytes(keys []pathKey) []byte {
	b := f.scratchKey[:0]
	for i := range keys {
		k := &keys[i]
		b = append(b, uint8(k.typ), uint8(k.proto), k.weight, k.preference, k.connLen, uint8(k.dpo.Type), uint8(k.dpo.Proto))
		for _, v := range [...]uint32{uint32(k.flags), k.swIf, k.table, k.rpf, k.dpo.Node, k.dpo.Index} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		b = append(append(b, k.nextHop[:]...), k.connected[:]...)
	}
	f.scratchKey = b
	return b
}

func (f *FIB) findPathList(keys []pathKey) (uint32, bool) {
	if len(keys) == 1 {
		pl, ok := f.listByPath[keys[0]]
		return pl, ok
	}
	pl, ok := f.listByPaths[string(f.keysBytes(keys))]
	return pl, ok
}

func (f *FIB) storePathList(keys []pathKey, pl uint32) {
	if len(keys) == 1 {
		f.listByPath[keys[0]] = pl
		return
	}
	f.listByPaths[string(f.keysBytes(keys))] = pl
}

// keysOf returns the configuration of a path-list's paths.
func (f *FIB) keysOf(pl uint32) []pathKey {
	var keys []pathKey
	for _, i := range f.pathLists.At(pl).paths {
		keys = append(keys, f.paths.At(i).pathKey)
	}
	return keys
}

// unlockPathList gives up a lock; with the last one the list goes.
func (f *FIB) unlockPathList(pl uint32) {
	if pl == InvalidIndex {
		return
	}
	p := f.pathLists.At(pl)
	if p.locks--; p.locks > 0 {
		return
	}
	if p.shared {
		keys := f.keysOf(pl)
		if len(keys) == 1 {
			delete(f.listByPath, keys[0])
		} else {
			delete(f.listByPaths, string(f.keysBytes(keys)))
		}
	}
	for _, i := range p.paths {
		f.unresolve(i)
		f.paths.release(i)
	}
	f.unlockURPF(p.urpf)
	f.pathLists.release(pl)
}

// evaluate brings a path-list's paths up to date and says if anything that
// entries use of them changed.
func (f *FIB) evaluate(pl uint32) bool {
	p := f.pathLists.At(pl)
	changed := false
	for _, i := range p.paths {
		if f.evaluatePath(i) {
			changed = true
		}
	}
	if f.updateURPF(p) {
		changed = true
	}
	return changed
}

// link makes an entry forward by a path-list.
func (f *FIB) link(e *entry, index, pl uint32) {
	p := f.pathLists.At(pl)
	p.locks++
	e.parent, e.pos = pl, uint32(len(p.entries))
	p.entries = append(p.entries, index)
}

// unlink undoes link.
func (f *FIB) unlink(e *entry) {
	if e.parent == InvalidIndex {
		return
	}
	p := f.pathLists.At(e.parent)
	last := len(p.entries) - 1
	p.entries[e.pos] = p.entries[last]
	f.entries.At(p.entries[e.pos]).pos = e.pos
	p.entries = p.entries[:last]
	pl := e.parent
	e.parent = InvalidIndex
	f.unlockPathList(pl)
}

// reaches says if following recursive paths from a path-list leads to the
// path-list target.
func (f *FIB) reaches(from, target uint32, depth int) bool {
	if from == InvalidIndex || depth > maxDepth {
		return false
	}
	if from == target {
		return true
	}
	for _, i := range f.pathLists.At(from).paths {
		p := f.paths.At(i)
		if p.via != InvalidIndex && f.reaches(f.entries.At(p.via).parent, target, depth+1) {
			return true
		}
	}
	return false
}

// maxDepth bounds chains of recursion (FIB_NODE_GRAPH_MAX_DEPTH in
// src/vnet/fib/fib_node.h).
const maxDepth = 32
