package classify

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
)

// Tables is the pool of an instance's tables; the zero value is empty.
type Tables struct {
	pool []*Table
	free []uint32
}

// Get returns a table, nil for an index that is free.
func (ts *Tables) Get(index uint32) *Table {
	if uint64(index) >= uint64(len(ts.pool)) {
		return nil
	}
	return ts.pool[index]
}

// Add makes a table; the caller has checked that the configuration matches 1 to
// MaxMatch vectors and has a bucket. Freed numbers are used again, the last one
// first.
func (ts *Tables) Add(c Config) *Table {
	index := uint32(len(ts.pool))
	if n := len(ts.free); n > 0 {
		index = ts.free[n-1]
		ts.free = ts.free[:n-1]
	} else {
		ts.pool = append(ts.pool, nil)
	}
	t := newTable(index, c)
	ts.pool[index] = t
	return t
}

// Delete frees a table and, if asked, those that follow it, the last one first;
// an index that is free is left alone.
func (ts *Tables) Delete(index uint32, chain bool) {
	list := []uint32{index}
	if chain {
		list = ts.Chain(index)
	}
	for _, i := range slices.Backward(list) {
		if ts.Get(i) != nil {
			ts.pool[i] = nil
			ts.free = append(ts.free, i)
		}
	}
}

// Each calls fn for every table by number.
func (ts *Tables) Each(fn func(*Table)) {
	for _, t := range ts.pool {
		if t != nil {
			fn(t)
		}
	}
}

// Next returns the table after t, nil at the end of the chain.
func (ts *Tables) Next(t *Table) *Table { return ts.Get(t.Next) }

// Len is the number of tables there is room for; no chain is longer.
func (ts *Tables) Len() int { return len(ts.pool) }

// Chain lists a table and those that follow it. A chain that runs into itself,
// on which VPP would hang, ends there.
func (ts *Tables) Chain(index uint32) []uint32 {
	var out []uint32
	for t := ts.Get(index); t != nil && len(out) < len(ts.pool); t = ts.Get(t.Next) {
		out = append(out, t.Index)
	}
	return out
}

// Sort reorders a chain from the mask with the most bits to the one with the
// fewest and returns its new head (classify_sort_table_chain).
func (ts *Tables) Sort(index uint32) uint32 {
	chain := ts.Chain(index)
	if len(chain) == 0 {
		return InvalidIndex
	}
	slices.SortStableFunc(chain, func(a, b uint32) int {
		return cmp.Compare(ts.pool[b].maskBits(), ts.pool[a].maskBits())
	})
	for i, at := range chain {
		ts.pool[at].Next = InvalidIndex
		if i+1 < len(chain) {
			ts.pool[at].Next = chain[i+1]
		}
	}
	return chain[0]
}

func (t *Table) maskBits() int {
	n := 0
	for _, w := range t.mask {
		n += bits.OnesCount64(w)
	}
	return n
}

// LookupMask finds the table of a chain that has just this mask, InvalidIndex
// for none (classify_lookup_chain).
func (ts *Tables) LookupMask(index uint32, mask []byte, skip, match uint32) uint32 {
	for _, i := range ts.Chain(index) {
		if t := ts.pool[i]; t.Match == match && t.Skip == skip && bytes.Equal(t.Mask, mask) {
			return i
		}
	}
	return InvalidIndex
}
