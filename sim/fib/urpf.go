package fib

import "slices"

// urpfList is a list of interfaces shared by the load-balances of a path-list
// (src/vnet/fib/fib_urpf_list.c).
type urpfList struct {
	itfs  []uint32
	locks uint32
}

// updateURPF builds the path-list's list anew and says if it changed. Paths
// count whether they are resolved or not.
func (f *FIB) updateURPF(p *pathList) bool {
	list := f.scratchURPF[:0]
	for _, i := range p.paths {
		list = f.appendURPF(list, f.paths.At(i))
	}
	if len(list) > 1 {
		slices.Sort(list)
		list = slices.Compact(list)
	}
	f.scratchURPF = list
	if p.urpf != InvalidIndex && slices.Equal(list, f.urpf.At(p.urpf).itfs) {
		return false
	}
	f.unlockURPF(p.urpf)
	p.urpf = f.newURPF(list)
	return true
}

// appendURPF is fib_path_contribute_urpf.
func (f *FIB) appendURPF(list []uint32, p *path) []uint32 {
	switch p.typ {
	case pathAttachedNextHop, pathAttached, pathDVR:
		return append(list, p.swIf)
	case pathRecursive:
		if p.via != InvalidIndex && !p.looped {
			if via := f.entries.At(p.via); via.lb != InvalidIndex {
				return append(list, f.RPFInterfaces(f.LoadBalances.At(via.lb))...)
			}
		}
	case pathExclusive, pathSpecial:
		if swIf := f.dpoInterface(p.dpo); swIf != InvalidIndex {
			return append(list, swIf)
		}
	}
	return list
}

func (f *FIB) newURPF(itfs []uint32) uint32 {
	i, u := f.urpf.alloc()
	u.locks = 1
	if len(itfs) > 0 {
		u.itfs = slices.Clone(itfs)
	}
	return i
}

func (f *FIB) unlockURPF(i uint32) {
	if i == InvalidIndex {
		return
	}
	u := f.urpf.At(i)
	if u.locks--; u.locks == 0 {
		f.urpf.release(i)
	}
}
