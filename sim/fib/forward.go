package fib

// forward is a set of paths outside of tables.
type forward struct {
	pl, lb uint32
	proto  Proto
}

// AddForward resolves paths for a user outside of tables, such as a punt
// redirection; packets are of protocol p. It returns an index for ForwardDPO
// and the rest.
func (f *FIB) AddForward(p Proto, paths []Path) uint32 {
	i, fw := f.forwards.alloc()
	fw.proto = p
	fw.lb = f.newLoadBalance(p, FlowHashDefault)
	fw.pl = f.newPathList(f.keys(paths), false)
	f.pathLists.At(fw.pl).forward = i + 1
	f.refreshForward(i)
	f.settle()
	return i
}

// ForwardDPO returns where the packets go: the path's object when there is one
// path, else a load-balance.
func (f *FIB) ForwardDPO(i uint32) DPO {
	fw := f.forwards.At(i)
	if lb := f.LoadBalances.At(fw.lb); len(lb.Buckets) == 1 {
		return lb.Buckets[0]
	}
	return f.dpo(DPOLoadBalance, fw.proto, fw.lb)
}

// ForwardPaths returns the paths as they were given.
func (f *FIB) ForwardPaths(i uint32) []Path {
	var paths []Path
	for _, k := range f.keysOf(f.forwards.At(i).pl) {
		paths = append(paths, k.encode())
	}
	return paths
}

// DeleteForward gives the paths up.
func (f *FIB) DeleteForward(i uint32) {
	fw := *f.forwards.At(i)
	f.forwards.release(i)
	f.unlockPathList(fw.pl)
	f.LoadBalances.release(fw.lb)
	f.settle()
}

func (f *FIB) refreshForward(i uint32) {
	fw := f.forwards.At(i)
	choices := f.scratchChoices[:0]
	for _, p := range f.pathLists.At(fw.pl).paths {
		if path := f.paths.At(p); path.usable() {
			choices = append(choices, choice{dpo: f.contribution(p, fw.proto), weight: int(path.weight)})
		}
	}
	f.scratchChoices = choices
	f.fill(f.LoadBalances.At(fw.lb), choices)
}
