package fib

import (
	"net/netip"
	"slices"
)

// An attached route by an interface of another table takes over what that table
// knows below the same prefix, its neighbours above all: they are exported from
// the interface's table and imported into the route's
// (src/vnet/fib/fib_attached_export.c).

// importer is an entry that imports.
type importer struct {
	key      exportKey
	imported map[netip.Prefix]imported
	queued   bool
}

// exportKey names the prefix whose covered entries are imported.
type exportKey struct {
	proto  Proto
	table  uint32
	prefix netip.Prefix
}

// imported is what an imported entry looks like.
type imported struct {
	dpo   DPO
	flags EntryFlags
}

// updateImport decides if an entry imports, after its paths or the table of its
// interface changed.
func (f *FIB) updateImport(index uint32, e *entry) {
	from := f.importsFrom(e)
	was := f.importers[index]
	switch {
	case was == nil && from == InvalidIndex:
		return
	case was != nil && was.key.table == from:
		return
	case was != nil:
		f.endImport(index, was)
	}
	if from == InvalidIndex {
		return
	}
	if f.importers == nil {
		f.importers, f.exports = map[uint32]*importer{}, map[exportKey][]uint32{}
	}
	im := &importer{key: exportKey{e.table.Proto, from, e.prefix}}
	f.importers[index] = im
	f.exports[im.key] = append(f.exports[im.key], index)
	f.enqueueImport(index, im)
}

// importsFrom returns the table that an entry imports from, InvalidIndex for
// none: that of the interface of its last path, if the path is attached
// (fib_route_attached_cross_table in src/vnet/fib/fib_entry_src.c).
func (f *FIB) importsFrom(e *entry) uint32 {
	if len(e.srcs) == 0 || e.parent == InvalidIndex || e.srcs[0].flags&EntryNoAttachedExport != 0 {
		return InvalidIndex
	}
	paths := f.pathLists.At(e.parent).paths
	if len(paths) == 0 {
		return InvalidIndex
	}
	p := f.paths.At(paths[len(paths)-1])
	attached := p.typ == pathAttached || p.typ == pathAttachedNextHop && p.flags&PathAttached != 0
	if !attached || p.swIf == f.leaving || !f.itf.Exists(p.swIf) {
		return InvalidIndex
	}
	if table := f.itf.Table(p.swIf, e.table.Proto); table != e.table.Index && f.Table(e.table.Proto, table) != nil {
		return table
	}
	return InvalidIndex
}

// endImport takes back what an entry imported.
func (f *FIB) endImport(index uint32, im *importer) {
	delete(f.importers, index)
	if rest := slices.DeleteFunc(f.exports[im.key], func(i uint32) bool { return i == index }); len(rest) > 0 {
		f.exports[im.key] = rest
	} else {
		delete(f.exports, im.key)
	}
	table := f.importTable(index)
	for pfx := range im.imported {
		f.dropImported(im.key.proto, table, pfx)
	}
}

// importTable is the table an importing entry is in.
func (f *FIB) importTable(index uint32) *Table { return f.entries.At(index).table }

func (f *FIB) dropImported(p Proto, t *Table, pfx netip.Prefix) {
	if f.Table(p, t.Index) != t {
		return
	}
	if i, ok := t.find(pfx); ok {
		if es := f.entries.At(i).source(SourceAE); es != nil {
			es.refs = 1
			f.removeSource(i, SourceAE)
		}
	}
}

func (f *FIB) enqueueImport(index uint32, im *importer) {
	if !im.queued {
		im.queued = true
		f.pendingImports = append(f.pendingImports, index)
	}
}

// exportChanged asks those who import what is below an entry to look again.
func (f *FIB) exportChanged(e *entry) {
	if len(f.exports) == 0 {
		return
	}
	for _, i := range f.exports[exportKey{e.table.Proto, e.table.Index, e.prefix}] {
		f.enqueueImport(i, f.importers[i])
	}
}

// settleImports brings what is imported up to date.
func (f *FIB) settleImports() {
	queue := f.pendingImports
	f.pendingImports = nil
	for _, i := range queue {
		if im := f.importers[i]; im != nil && im.queued {
			im.queued = false
			f.reimport(i, im)
		}
	}
}

// reimport makes the importing table have what the exporting one has.
func (f *FIB) reimport(index uint32, im *importer) {
	want := f.exported(im.key)
	table := f.importTable(index)
	for pfx := range im.imported {
		if _, ok := want[pfx]; !ok {
			delete(im.imported, pfx)
			f.dropImported(im.key.proto, table, pfx)
		}
	}
	for pfx, w := range want {
		if had, ok := im.imported[pfx]; ok && had == w {
			continue
		}
		if im.imported == nil {
			im.imported = map[netip.Prefix]imported{}
		}
		im.imported[pfx] = w
		if i, ok := table.find(pfx); ok {
			if es := f.entries.At(i).source(SourceAE); es != nil {
				es.refs = 0
			}
		}
		f.addSpecial(table.Index, pfx, SourceAE, w.flags, w.dpo)
	}
}

// exported collects what is below an attached prefix of a table and forwards.
func (f *FIB) exported(k exportKey) map[netip.Prefix]imported {
	t := f.Table(k.proto, k.table)
	if t == nil {
		return nil
	}
	i, ok := t.find(k.prefix)
	if !ok || f.entries.At(i).flags()&EntryAttached == 0 {
		return nil
	}
	want := map[netip.Prefix]imported{}
	for _, c := range f.entries.At(i).covered {
		e := f.entries.At(c)
		if e.prefix == k.prefix || e.lb == InvalidIndex || f.isDropLB(e.lb) || len(e.srcs) == 0 {
			continue
		}
		want[e.prefix] = imported{f.LoadBalances.At(e.lb).Buckets[0], e.flags() | EntryExclusive}
	}
	return want
}

// InterfaceBound tells the FIB that an interface was bound to another table.
func (f *FIB) InterfaceBound(swIf uint32) {
	f.InterfaceAdjacencies(swIf, func(adj uint32) {
		for _, d := range slices.Clone(f.Adjacencies.At(adj).children) {
			if d.kind != depPath || !f.paths.InUse(d.index) {
				continue
			}
			for _, e := range slices.Clone(f.pathLists.At(f.paths.At(d.index).pl).entries) {
				f.updateImport(e, f.entries.At(e))
			}
		}
	})
	f.settle()
}
