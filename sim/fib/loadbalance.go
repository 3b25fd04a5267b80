package fib

import (
	"encoding/binary"
	"math"
	"slices"
)

// maxBuckets and bucketTolerance bound unequal load balancing: VPP takes the
// smallest power of two of buckets that is within 0.1 of the weights
// (LB_MAX_BUCKETS in src/vnet/dpo/load_balance.h; multipath_next_hop_error_tolerance
// in src/vnet/dpo/load_balance.c).
const (
	maxBuckets      = 8192
	bucketTolerance = 0.1
)

// choice is a path's part in a load-balance.
type choice struct {
	dpo    DPO
	weight int
}

// install compiles the entry's load-balance in place, and puts it into the
// lookup when it is new (fib_entry_src_mk_lb).
func (f *FIB) install(e *entry) {
	es := &e.srcs[0]
	pl := f.pathLists.At(e.parent)
	choices := f.choices(e, es, pl)
	if es.flags&EntryExclusive != 0 && len(choices) == 1 && choices[0].dpo.Type == DPOLoadBalance {
		f.installForeign(e, choices[0].dpo.Index)
		return
	}
	if e.foreign {
		f.uninstall(e)
	}
	fresh := e.lb == InvalidIndex
	if fresh {
		e.lb = f.newLoadBalance(e.table.Proto, e.table.FlowHash)
	}
	lb := f.LoadBalances.At(e.lb)
	f.fill(lb, choices)
	f.setURPF(lb, f.entryURPF(e, pl))
	if fresh {
		f.setForwarding(e)
	}
}

func (f *FIB) installForeign(e *entry, lb uint32) {
	if e.lb == lb {
		return
	}
	f.uninstall(e)
	e.lb, e.foreign = lb, true
	f.setForwarding(e)
}

// choices collects the usable paths of the best preference. The slice is the
// FIB's scratch.
func (f *FIB) choices(e *entry, es *entrySource, pl *pathList) []choice {
	out := f.scratchChoices[:0]
	preference := -1
	for k, i := range pl.paths {
		p := f.paths.At(i)
		if !p.usable() {
			continue
		}
		if preference < 0 {
			preference = int(p.preference)
		} else if preference != int(p.preference) {
			break
		}
		if f.sources[es.source].behave == behaveAdj && es.refines&(1<<(k&63)) == 0 {
			continue
		}
		if p.typ == pathRecursive && p.proto != e.table.Proto {
			out = f.crossChoices(out, p, e.table.Proto, 0)
			continue
		}
		out = append(out, choice{dpo: f.contribution(i, e.table.Proto), weight: int(p.weight)})
	}
	f.scratchChoices = out
	return out
}

// crossChoices appends what a recursive path by the other protocol leads to for
// packets of a protocol: the entry it resolves through forwards them by paths of
// its own. VPP makes a load-balance of that protocol for the entry, with the
// same result.
func (f *FIB) crossChoices(out []choice, p *path, proto Proto, depth int) []choice {
	if p.via == InvalidIndex || depth > maxDepth {
		return out
	}
	via := f.entries.At(p.via)
	via.crossed = true
	if via.parent == InvalidIndex || via.lb == InvalidIndex {
		return out
	}
	for _, i := range f.pathLists.At(via.parent).paths {
		q := f.paths.At(i)
		switch {
		case !q.usable():
		case q.typ == pathRecursive && q.proto != proto:
			out = f.crossChoices(out, q, proto, depth+1)
		default:
			out = append(out, choice{dpo: f.contribution(i, proto), weight: int(q.weight)})
		}
	}
	return out
}

// entryURPF returns the entry's list with a lock of its own: the path-list's,
// or one that passes loose checks for exempted prefixes.
func (f *FIB) entryURPF(e *entry, pl *pathList) uint32 {
	exempt := e.flags()&EntryURPFExempt != 0 || e.source(SourceURPFExempt) != nil
	if exempt && len(f.urpf.At(pl.urpf).itfs) == 0 {
		return f.newURPF([]uint32{0})
	}
	f.urpf.At(pl.urpf).locks++
	return pl.urpf
}

func (f *FIB) setURPF(lb *LoadBalance, urpf uint32) {
	f.unlockURPF(lb.URPF)
	lb.URPF = urpf
}

// uninstall takes the entry out of the lookup and frees its load-balance.
func (f *FIB) uninstall(e *entry) {
	if e.lb == InvalidIndex {
		return
	}
	f.unsetForwarding(e)
	if !e.foreign {
		f.setURPF(f.LoadBalances.At(e.lb), InvalidIndex)
		f.LoadBalances.release(e.lb)
	}
	e.lb, e.foreign = InvalidIndex, false
}

// setForwarding makes lookups find the entry.
func (f *FIB) setForwarding(e *entry) {
	if e.table.Proto == IP4 {
		a := e.prefix.Addr().As4()
		e.table.trie.insert(binary.BigEndian.Uint32(a[:]), uint8(e.prefix.Bits()), e.lb)
		return
	}
	e.table.hash.find(key6(e.prefix)).lb = e.lb
}

// unsetForwarding makes lookups find what covers the entry.
func (f *FIB) unsetForwarding(e *entry) {
	if e.table.Proto == IP6 {
		e.table.hash.find(key6(e.prefix)).lb = InvalidIndex
		return
	}
	cover := e.table.longest(e.prefix.Addr(), e.prefix.Bits(), func(i uint32) bool { return f.entries.At(i).lb != InvalidIndex })
	a := e.prefix.Addr().As4()
	addr, plen := binary.BigEndian.Uint32(a[:]), uint8(e.prefix.Bits())
	if cover == InvalidIndex {
		e.table.trie.remove(addr, plen, InvalidIndex>>1, 0)
		return
	}
	c := f.entries.At(cover)
	e.table.trie.remove(addr, plen, c.lb, uint8(c.prefix.Bits()))
}

func (f *FIB) newLoadBalance(p Proto, hash FlowHash) uint32 {
	i, lb := f.LoadBalances.alloc()
	lb.Proto, lb.FlowHash, lb.URPF = p, hash, InvalidIndex
	f.Counters.loadBalance(i)
	return i
}

// fill writes the buckets (load_balance_multipath_update).
func (f *FIB) fill(lb *LoadBalance, choices []choice) {
	if len(choices) <= 1 {
		lb.one[0] = f.Drop(lb.Proto)
		if len(choices) == 1 {
			lb.one[0] = choices[0].dpo
		}
		lb.Buckets = lb.one[:]
		return
	}
	norm, n := normalize(choices)
	buckets := make([]DPO, 0, n)
	for _, c := range norm {
		for range c.weight {
			buckets = append(buckets, c.dpo)
		}
	}
	lb.Buckets = buckets
}

// normalize returns the choices with their number of buckets
// and how many there are: a power of two
// (ip_multipath_normalize_next_hops in src/vnet/dpo/load_balance.c).
func normalize(choices []choice) ([]choice, int) {
	norm := slices.Clone(choices)
	if len(norm) == 2 && norm[0].weight == norm[1].weight {
		norm[0].weight, norm[1].weight = 1, 1
		return norm, 2
	}
	if len(norm) == 2 {
		// VPP's sort of two puts the heavier first, its sort of more the lightest.
		slices.SortStableFunc(norm, func(a, b choice) int { return b.weight - a.weight })
	} else {
		slices.SortStableFunc(norm, func(a, b choice) int { return a.weight - b.weight })
	}
	total := 0
	weights := make([]float64, len(norm))
	for i, c := range norm {
		total += c.weight
		weights[i] = float64(c.weight)
	}
	for n := min(pow2(len(norm)), maxBuckets); ; n *= 2 {
		left, off := n, 0.0
		used := 0
		for i := range norm {
			exact := weights[i] * float64(n) / float64(total)
			k := min(int(math.Floor(exact+0.5)), left)
			left -= k
			off += math.Abs(exact - float64(k))
			norm[i].weight = k
			if k == 0 {
				// A light path would not be represented.
				off = float64(n)
				break
			}
			used++
		}
		norm[0].weight += left
		if off <= bucketTolerance*float64(n) || n >= maxBuckets {
			return norm[:used], n
		}
	}
}

// pow2 returns the smallest power of two that is not less than n.
func pow2(n int) int {
	p := 1
	for p < n {
		p *= 2
	}
	return p
}

// isDropLB says if a load-balance only drops (load_balance_is_drop).
func (f *FIB) isDropLB(i uint32) bool {
	lb := f.LoadBalances.At(i)
	return len(lb.Buckets) == 1 && lb.Buckets[0].Type == DPODrop
}

// dpo returns the object of a type by index.
func (f *FIB) dpo(t DPOType, p Proto, index uint32) DPO {
	return DPO{Type: t, Proto: p, Node: f.nodes[t][p], Index: index}
}
