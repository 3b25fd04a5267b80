package fib

// SourcePaths returns what a source asked for of an entry: its flags and its
// paths with all that was configured, unlike Paths, which shows what forwards.
// A source that takes its cover's paths has none. ok says if the entry has the
// source.
func (f *FIB) SourcePaths(i uint32, s Source) (paths []Path, flags EntryFlags, ok bool) {
	es := f.entries.At(i).source(s)
	if es == nil {
		return nil, 0, false
	}
	if es.pl != InvalidIndex {
		for _, k := range f.keysOf(es.pl) {
			paths = append(paths, k.configured())
		}
	}
	return paths, es.flags, true
}

// configured is encode with the flags and fields that the API does not show.
func (k *pathKey) configured() Path {
	p := k.encode()
	p.Flags |= k.flags
	p.FibIndex, p.RPFID = k.table, k.rpf
	p.Connected = k.connectedPrefix()
	return p
}

// MSourceConfig is what a source asked for of a multicast entry.
type MSourceConfig struct {
	Flags MEntryFlags
	RPFID uint32
	Paths []Path
}

// MSourceConfig returns what a source asked for of a multicast entry; ok says if
// the entry has the source.
func (f *FIB) MSourceConfig(i uint32, s MSource) (c MSourceConfig, ok bool) {
	for _, ms := range f.Multicast.At(i).srcs {
		if ms.source != s {
			continue
		}
		c.Flags, c.RPFID = ms.flags, ms.rpf
		for k := range ms.paths {
			p := ms.paths[k].key.configured()
			p.Itf = ms.paths[k].itf
			c.Paths = append(c.Paths, p)
		}
		return c, true
	}
	return c, false
}

// Locked says if a source holds a lock on the table.
func (t *Table) Locked(s Source) bool { return int(s) < len(t.locks) && t.locks[s] > 0 }

// Locked says if a source holds a lock on the table.
func (t *MTable) Locked(s MSource) bool { return t.locks[s] > 0 }

// ForwardConfig is ForwardPaths with all that was configured.
func (f *FIB) ForwardConfig(i uint32) []Path {
	var paths []Path
	for _, k := range f.keysOf(f.forwards.At(i).pl) {
		paths = append(paths, k.configured())
	}
	return paths
}
