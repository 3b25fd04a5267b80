package stats

import (
	"fmt"
	"slices"
)

// None is the index of no entry.
const None = ^uint32(0)

// Entries that every segment has, in this order (stat_segment_counter_t in
// src/vlib/stats/stats.h).
const (
	entryHeartbeat uint32 = iota
	entryLastStatsClear
	entryBootTime
)

// content is what an entry points to.
type content interface {
	attach()
	detach()
	remove()
}

type entry struct {
	name  string
	typ   Type
	value uint64 // of a scalar or gauge; of a symlink both indexes
	data  content
}

// Mover is a part that keeps pointers to slots; see [Directory.OnMove].
type Mover struct {
	fn      func()
	pending bool
}

// Directory names the counters of an instance.
type Directory struct {
	// OnFull is called for each vector that the segment has no room for, and for
	// the first entry that the directory has none for.
	OnFull func(name string)

	entries    []entry
	byName     map[string]uint32
	free       []uint32 // freed entries, last first
	seg        *segment
	locks      int
	moving     []*Mover
	attachers  []func()
	collectors []func()
}

// New returns a directory with the entries that VPP creates first.
func New() *Directory {
	d := &Directory{byName: map[string]uint32{}}
	for _, name := range []string{"/sys/heartbeat", "/sys/last_stats_clear", "/sys/boottime"} {
		d.add(entry{name: name, typ: TypeScalar})
	}
	return d
}

// Simple registers a vector of numbers. Like all registrations it panics when
// the name is taken: names are known when the program is written or contain
// the object's unique number.
func (d *Directory) Simple(name string) *Simple {
	s := &Simple{}
	d.register(name, TypeSimple, &s.vector, func(i uint32) { s.vector.init(d, i, 0) })
	return s
}

// SpareSimple is Simple with a row that no thread counts in: VPP makes room for
// one thread too many in some vectors.
func (d *Directory) SpareSimple(name string) *Simple {
	s := &Simple{}
	d.register(name, TypeSimple, &s.vector, func(i uint32) { s.vector.init(d, i, 1) })
	return s
}

// Combined registers a vector of packets and bytes.
func (d *Directory) Combined(name string) *Combined {
	c := &Combined{}
	d.register(name, TypeCombined, &c.vector, func(i uint32) { c.vector.init(d, i, 0) })
	return c
}

// Names registers a vector of strings.
func (d *Directory) Names(name string) *Names {
	n := &Names{dir: d}
	d.register(name, TypeNames, n, func(i uint32) { n.index = i })
	return n
}

func (v *vector[T]) init(d *Directory, index uint32, spare int) {
	v.dir, v.index, v.spare = d, index, spare
}

func (d *Directory) register(name string, t Type, data content, init func(uint32)) {
	d.Lock()
	defer d.Unlock()
	i := d.mustAdd(entry{name: name, typ: t, data: data})
	init(i)
	if d.seg != nil {
		data.attach()
	}
}

// Number is a scalar or gauge.
type Number struct {
	dir   *Directory
	index uint32
}

// Set changes the number.
func (n Number) Set(v uint64) { n.dir.setValue(n.index, v) }

// Get returns the number.
func (n Number) Get() uint64 { return n.dir.entries[n.index].value }

// Index returns the number's place in the directory.
func (n Number) Index() uint32 { return n.index }

// Gauge registers a number that goes up and down.
func (d *Directory) Gauge(name string) Number {
	return Number{d, d.mustAdd(entry{name: name, typ: TypeGauge})}
}

// Timestamp registers a point in time in seconds.
func (d *Directory) Timestamp(name string) Number {
	return Number{d, d.mustAdd(entry{name: name, typ: TypeScalar})}
}

// Heartbeat counts the collector's rounds, LastStatsClear is when `clear
// runtime` ran, in seconds since the start, BootTime the start in seconds of
// the Unix epoch.
func (d *Directory) Heartbeat() Number      { return Number{d, entryHeartbeat} }
func (d *Directory) LastStatsClear() Number { return Number{d, entryLastStatsClear} }
func (d *Directory) BootTime() Number       { return Number{d, entryBootTime} }

// Symlink names slot i of the vector with the given index. It returns the
// name's place in the directory, None when nobody reads or the name is taken.
func (d *Directory) Symlink(name string, index, i uint32) uint32 {
	if d.seg == nil {
		return None
	}
	if _, taken := d.byName[name]; taken {
		return None
	}
	return d.add(entry{name: name, typ: TypeSymlink, value: uint64(index) | uint64(i)<<32})
}

// Remove takes an entry away and frees its slots; None is allowed
// (vlib_stats_remove_entry).
func (d *Directory) Remove(index uint32) {
	if index == None {
		return
	}
	d.Lock()
	e := &d.entries[index]
	if e.data != nil {
		e.data.remove()
	}
	delete(d.byName, e.name)
	// VPP links free entries by their value.
	next := None
	if n := len(d.free); n > 0 {
		next = d.free[n-1]
	}
	*e = entry{typ: TypeEmpty, value: uint64(next)}
	d.free = append(d.free, index)
	d.show(index)
	d.Unlock()
}

// Find returns the index of the entry with a name, None if there is none.
func (d *Directory) Find(name string) uint32 {
	if i, ok := d.byName[name]; ok {
		return i
	}
	return None
}

// OnAttach calls fn whenever somebody starts to read, to add symlinks.
func (d *Directory) OnAttach(fn func()) { d.attachers = append(d.attachers, fn) }

// OnCollect calls fn each time the collector runs, while somebody reads.
func (d *Directory) OnCollect(fn func()) { d.collectors = append(d.collectors, fn) }

// OnMove calls fn after vectors that carry the returned Mover moved, before any
// packet is counted.
func (d *Directory) OnMove(fn func()) *Mover { return &Mover{fn: fn} }

// SetMover makes m learn when the vector moves.
func (v *vector[T]) SetMover(m *Mover) { v.mover = m }

func (d *Directory) move(m *Mover) {
	if !m.pending {
		m.pending = true
		d.moving = append(d.moving, m)
	}
	if d.locks == 0 {
		d.runMovers()
	}
}

func (d *Directory) runMovers() {
	for i := 0; i < len(d.moving); i++ {
		d.moving[i].pending = false
		d.moving[i].fn()
	}
	d.moving = d.moving[:0]
}

// Collect runs what OnCollect registered and the heartbeat.
func (d *Directory) Collect() {
	for _, fn := range d.collectors {
		fn()
	}
	d.Heartbeat().Set(d.Heartbeat().Get() + 1)
}

// Lock marks the start of a change of the directory; readers wait for the
// Unlock that ends the outermost.
func (d *Directory) Lock() {
	d.locks++
	if d.locks == 1 && d.seg != nil {
		d.seg.mem.put(offInProgress, 1)
	}
}

// Unlock ends a change: readers that began before it start again.
func (d *Directory) Unlock() {
	if d.locks > 1 {
		d.locks--
		return
	}
	d.runMovers()
	d.locks = 0
	if d.seg != nil {
		d.seg.mem.put(offEpoch, d.seg.mem.get(offEpoch)+1)
		d.seg.mem.put(offInProgress, 0)
	}
}

func (d *Directory) mustAdd(e entry) uint32 {
	if _, taken := d.byName[e.name]; taken {
		panic(fmt.Sprintf("stats: register %q: the name is taken", e.name))
	}
	return d.add(e)
}

func (d *Directory) add(e entry) uint32 {
	d.Lock()
	defer d.Unlock()
	var index uint32
	if n := len(d.free); n > 0 {
		index = d.free[n-1]
		d.free = d.free[:n-1]
		d.entries[index] = e
	} else {
		index = uint32(len(d.entries))
		d.entries = append(d.entries, e)
	}
	d.byName[e.name] = index
	d.show(index)
	return index
}

func (d *Directory) setValue(index uint32, v uint64) {
	d.entries[index].value = v
	if d.seg != nil {
		d.seg.setValue(index, v)
	}
}

// show writes an entry to the segment.
func (d *Directory) show(index uint32) {
	if d.seg == nil {
		return
	}
	if before := d.seg.full; !d.seg.show(d.entries, index) && !before {
		d.full(d.entries[index].name)
	}
}

func (d *Directory) full(name string) {
	if d.OnFull != nil {
		d.OnFull(name)
	}
}

// EntryInfo is an entry as `show statistics segment` lists it.
type EntryInfo struct {
	Name  string
	Type  Type
	Value uint64
}

// Entries returns the directory by index, empty entries included.
func (d *Directory) Entries() []EntryInfo {
	out := make([]EntryInfo, 0, len(d.entries))
	for _, e := range d.entries {
		out = append(out, EntryInfo{e.name, e.typ, e.value})
	}
	return out
}

// Symlinks returns how many entries are symlinks, for tests that nothing leaks.
func (d *Directory) Symlinks() int {
	n := 0
	for _, e := range d.entries {
		if e.typ == TypeSymlink {
			n++
		}
	}
	return n
}

// dropSymlinks forgets what is only for readers.
func (d *Directory) dropSymlinks() {
	for i := range d.entries {
		if d.entries[i].typ == TypeSymlink {
			delete(d.byName, d.entries[i].name)
			d.entries[i] = entry{typ: TypeEmpty}
		}
	}
	for n := len(d.entries); n > 0 && d.entries[n-1].typ == TypeEmpty; n = len(d.entries) {
		d.entries = d.entries[:n-1]
	}
	d.free = d.free[:0]
	for i, e := range slices.Backward(d.entries) {
		if e.typ == TypeEmpty {
			d.free = append(d.free, uint32(i))
		}
	}
}
