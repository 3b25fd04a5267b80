package fib

import "slices"

// depKind says what depends on an object.
type depKind uint8

const (
	depPath depKind = iota
	depTracker
)

// dep is one dependent of an entry or adjacency.
type dep struct {
	kind  depKind
	index uint32
}

// depList lists the dependents that a change is told to (src/vnet/fib/fib_node.h).
// A dependent remembers its position, so that it leaves in constant time.
type depList []dep

// join adds a dependent and returns its position.
func (l *depList) join(kind depKind, index uint32) uint32 {
	*l = append(*l, dep{kind, index})
	return uint32(len(*l) - 1)
}

// leave removes the dependent at pos; the last one takes its place.
func (f *FIB) leave(l *depList, pos uint32) {
	last := len(*l) - 1
	moved := (*l)[last]
	(*l)[pos] = moved
	*l = (*l)[:last]
	if int(pos) == last {
		return
	}
	switch moved.kind {
	case depPath:
		f.paths.At(moved.index).pos = pos
	case depTracker:
		f.trackers.At(moved.index).pos = pos
	}
}

// enqueue asks for a path-list to be evaluated again before the change in
// progress ends.
func (f *FIB) enqueue(pl uint32) {
	if p := f.pathLists.At(pl); !p.queued {
		p.queued = true
		f.pending = append(f.pending, pl)
	}
}

// enqueueTracker asks for a tracker's user to be told before the change in
// progress ends.
func (f *FIB) enqueueTracker(i uint32) {
	if t := f.trackers.At(i); !t.queued {
		t.queued = true
		f.pendingTrackers = append(f.pendingTrackers, i)
	}
}

// tell passes a change of an object on to its dependents.
func (f *FIB) tell(l depList) {
	for _, d := range l {
		switch d.kind {
		case depPath:
			f.enqueue(f.paths.At(d.index).pl)
		case depTracker:
			f.enqueueTracker(d.index)
		}
	}
}

// tellTrackers tells those who stacked on what lies behind an entry's
// load-balance, however many recursive routes lie between.
func (f *FIB) tellTrackers(e *entry, depth int) {
	if depth > maxDepth {
		return
	}
	for _, d := range e.children {
		if d.kind == depTracker {
			f.enqueueTracker(d.index)
			continue
		}
		for _, c := range f.pathLists.At(f.paths.At(d.index).pl).entries {
			f.tellTrackers(f.entries.At(c), depth+1)
		}
	}
}

// settle carries a change through to everything that depends on it. Every
// exported method that changes forwarding ends with it.
func (f *FIB) settle() {
	if f.settling {
		return
	}
	f.settling = true
	for len(f.pending) > 0 || len(f.pendingTrackers) > 0 || len(f.pendingImports) > 0 {
		f.settleLists()
		f.settleTrackers()
		f.settleImports()
	}
	f.settling = false
}

// hold runs a callback in the middle of a change: what it changes is settled
// with the rest, once entries and path-lists are whole again.
func (f *FIB) hold(fn func()) {
	before := f.settling
	f.settling = true
	fn()
	f.settling = before
}

func (f *FIB) settleLists() {
	for i := 0; i < len(f.pending); i++ {
		pl := f.pending[i]
		if !f.pathLists.InUse(pl) || !f.pathLists.At(pl).queued {
			continue
		}
		f.pathLists.At(pl).queued = false
		if !f.evaluate(pl) {
			continue
		}
		p := f.pathLists.At(pl)
		// Refreshing may move entries to other lists.
		for _, e := range slices.Clone(p.entries) {
			if f.entries.InUse(e) {
				f.refresh(e)
			}
		}
		if p.multicast != 0 {
			f.mrefresh(p.multicast - 1)
		}
		if p.forward != 0 {
			f.refreshForward(p.forward - 1)
		}
	}
	f.pending = f.pending[:0]
}

func (f *FIB) settleTrackers() {
	queue := f.pendingTrackers
	f.pendingTrackers = nil
	for _, i := range queue {
		if f.trackers.InUse(i) {
			t := f.trackers.At(i)
			t.queued = false
			t.changed(t.DPO())
		}
	}
}
