package stats

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// page is aligned memory for a segment.
func page(size int) []byte {
	words := make([]uint64, size/8+8)
	b := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
	skip := -uintptr(unsafe.Pointer(&b[0])) % lineSize
	return b[skip:][:size]
}

// reader is an independent reading of the layout, with the checks that VPP's
// clients make.
type reader struct {
	mem  memory
	base uint64
}

func (r reader) offset(pointer uint64) (uint64, error) {
	off := pointer - r.base
	if off == 0 || off+8 >= uint64(len(r.mem)) {
		return 0, fmt.Errorf("pointer %#x leaves the segment", pointer)
	}
	return off, nil
}

func (r reader) vector(pointer, element uint64) (off uint64, n uint64, err error) {
	if off, err = r.offset(pointer); err != nil {
		return 0, 0, err
	}
	n = r.mem.get(off-8) & 0xffffffff
	if off+n*element >= uint64(len(r.mem)) {
		return 0, 0, fmt.Errorf("vector of %d elements at %#x leaves the segment", n, off)
	}
	return off, n, nil
}

// snapshot reads everything; ok is false when the directory changed meanwhile.
func (r reader) snapshot() (state map[string]string, ok bool, err error) {
	epoch := r.mem.get(offEpoch)
	if r.mem.get(offInProgress) != 0 {
		return nil, false, nil
	}
	state, err = r.read()
	if r.mem.get(offInProgress) != 0 || r.mem.get(offEpoch) != epoch {
		return nil, false, nil
	}
	return state, true, err
}

func (r reader) read() (map[string]string, error) {
	state := map[string]string{}
	dir, n, err := r.vector(r.mem.get(offDirectory), entrySize)
	if err != nil {
		return nil, err
	}
	for i := range n {
		off := dir + i*entrySize
		typ, value := Type(r.mem.get(off)&0xffffffff), r.mem.get(off+entryValue)
		name := string(r.mem[off+entryName:][:maxName])
		for k, c := range name {
			if c == 0 {
				name = name[:k]
				break
			}
		}
		if typ == TypeEmpty {
			continue
		}
		if _, twice := state[name]; twice {
			return nil, fmt.Errorf("%q stands twice in the directory", name)
		}
		if typ == TypeSymlink {
			state[name] = fmt.Sprintf("-> %d[%d]", value&0xffffffff, value>>32)
			continue
		}
		if state[name], err = r.value(typ, value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return state, nil
}

func (r reader) value(t Type, value uint64) (string, error) {
	switch {
	case t == TypeScalar || t == TypeGauge:
		return fmt.Sprint(value), nil
	case value == 0:
		return "none", nil
	}
	off, rows, err := r.vector(value, 8)
	if err != nil {
		return "", err
	}
	out := ""
	for k := range rows {
		p := r.mem.get(off + k*8)
		if p == 0 && t == TypeNames {
			out += "[]"
			continue
		}
		element := map[Type]uint64{TypeSimple: 8, TypeCombined: 16, TypeNames: 1}[t]
		at, n, err := r.vector(p, element)
		if err != nil {
			return "", err
		}
		if t == TypeNames {
			out += fmt.Sprintf("[%s]", r.mem[at:at+n-1])
			continue
		}
		row := []uint64{}
		for w := range n * element / 8 {
			row = append(row, r.mem.get(at+w*8))
		}
		out += fmt.Sprint(row)
	}
	return out, nil
}

func attach(t *testing.T, d *Directory, size, threads int) reader {
	t.Helper()
	mem := page(size)
	require.NoError(t, d.Attach(mem, 0x7f0000000000, threads))
	return reader{mem: mem, base: 0x7f0000000000}
}

func (r reader) must(t *testing.T) map[string]string {
	t.Helper()
	state, ok, err := r.snapshot()
	require.NoError(t, err)
	require.True(t, ok)
	return state
}

// TestReaderSeesCounters compares all that a reader sees: what was counted
// before somebody read, what is counted now, what grows, goes and comes again.
func TestReaderSeesCounters(t *testing.T) {
	t.Parallel()
	d := New()
	rx, drops, names := d.Combined("/if/rx"), d.Simple("/if/drops"), d.Names("/if/names")
	spare, unused := d.SpareSimple("/sys/spare"), d.Simple("/unused")
	require.Zero(t, unused.Len())
	rate := d.Gauge("/sys/rate")
	d.OnAttach(func() { d.Symlink("/interfaces/a/rx", rx.Index(), 1) })
	rx.Validate(1)
	rx.Add(1, 60)
	names.Set(1, "a")
	spare.Validate(0)
	require.Equal(t, None, d.Symlink("/nobody/reads", rx.Index(), 0))

	r := attach(t, d, 1<<20, 2)
	rx.Add(1, 40)
	drops.Validate(2)
	drops.Inc(2, 5)
	spare.Set(0, 9)
	rate.Set(3)
	names.Set(0, "local0")
	want := map[string]string{
		"/sys/heartbeat": "0", "/sys/last_stats_clear": "0", "/sys/boottime": "0",
		"/if/rx": "[0 0 2 100][0 0 0 0]", "/if/drops": "[0 0 5][0 0 0]", "/if/names": "[local0][a]",
		"/sys/spare": "[9][0][0]", "/unused": "none", "/sys/rate": "3", "/interfaces/a/rx": "-> 3[1]",
	}
	require.Equal(t, want, r.must(t))

	link := d.Symlink("/interfaces/b/rx", rx.Index(), 0)
	require.Equal(t, None, d.Symlink("/interfaces/b/rx", rx.Index(), 1), "the name is taken")
	d.Remove(link)
	d.Remove(drops.Index())
	names.Set(0, "")
	again := d.Simple("/again")
	require.Equal(t, drops.Index(), again.Index(), "the entry freed last")
	d.Collect()
	delete(want, "/if/drops")
	want["/if/names"], want["/again"], want["/sys/heartbeat"] = "[][a]", "none", "1"
	require.Equal(t, want, r.must(t))

	d.Detach()
	rx.Add(1, 1)
	require.Equal(t, want, r.must(t), "readers keep what they saw last")
	require.Equal(t, Pair{Packets: 3, Bytes: 101}, rx.Get(1))
	require.Zero(t, d.Symlinks())

	r = attach(t, d, 1<<20, 1)
	want["/if/rx"], want["/sys/spare"] = "[0 0 3 101]", "[9][0]"
	require.Equal(t, want, r.must(t))
}

// TestFullSegment checks that counters without room go on, that it is told, and
// that what readers see stays whole.
func TestFullSegment(t *testing.T) {
	t.Parallel()
	d := New()
	lost := map[string]int{}
	d.OnFull = func(name string) { lost[name]++ }
	r := attach(t, d, minSize, 1)
	c := d.Combined("/net/route/to")
	for i := range uint32(10_000) {
		c.Validate(i)
		c.Add(i, 100)
	}
	for i := range uint32(1000) {
		d.Symlink(fmt.Sprintf("/link/%d", i), c.Index(), i)
	}
	for i := range uint32(10_000) {
		require.Equal(t, Pair{Packets: 1, Bytes: 100}, c.Get(i))
	}
	require.Equal(t, 1, lost["/net/route/to"])
	require.Len(t, lost, 2, "one vector, one link")
	state := r.must(t)
	require.Contains(t, state, "/link/1")
	require.NotContains(t, state, "/link/999")
	d.Detach()
	c.Add(9999, 100)
	require.Equal(t, Pair{Packets: 2, Bytes: 200}, c.Get(9999))
}

// TestAttachErrors checks what Attach refuses.
func TestAttachErrors(t *testing.T) {
	t.Parallel()
	d := New()
	require.ErrorContains(t, d.Attach(page(4096), 1, 1), "want at least 65536")
	require.ErrorContains(t, d.Attach(page(minSize + 64)[8:], 1, 1), "aligned to 64")
	require.NoError(t, d.Attach(page(minSize), 1, 1))
	require.ErrorContains(t, d.Attach(page(minSize), 1, 1), "attached already")
	d.Simple("/a")
	require.Panics(t, func() { d.Gauge("/a") })
}

// TestMovers checks that who keeps pointers learns of every move, once.
func TestMovers(t *testing.T) {
	t.Parallel()
	d := New()
	a, b := d.Simple("/a"), d.Simple("/b")
	var slot *uint64
	moves := 0
	m := d.OnMove(func() {
		moves++
		if a.Len() > 0 {
			slot = a.At(0)
		}
	})
	a.SetMover(m)
	b.SetMover(m)
	check := func(want int) {
		t.Helper()
		*slot++
		require.Equal(t, *slot, a.Get(0))
		require.Equal(t, want, moves)
	}
	d.Lock()
	a.Validate(0)
	b.Validate(0)
	d.Unlock()
	check(1)
	require.NoError(t, d.Attach(page(1<<20), 1, 1))
	check(2)
	a.Validate(100)
	check(3)
	d.Detach()
	check(4)
}

// TestLongNames checks that a name is cut where VPP's entry ends.
func TestLongNames(t *testing.T) {
	t.Parallel()
	d := New()
	r := attach(t, d, minSize, 1)
	long := fmt.Sprintf("/%0200d", 0)
	d.Gauge(long).Set(7)
	require.Equal(t, "7", r.must(t)[long[:maxName]])
}

// TestAllocator takes and frees pieces at random and checks that none overlap
// and that all memory comes back in one piece.
func TestAllocator(t *testing.T) {
	t.Parallel()
	const start, end = 4096, 1 << 20
	a := newAllocator(start, end)
	owner := map[uint64]int{} // by line
	random := rand.New(rand.NewPCG(1, 2))
	var pieces []extent
	for step := range 5_000 {
		if len(pieces) > 0 && random.IntN(2) == 0 {
			k := random.IntN(len(pieces))
			p := pieces[k]
			for line := p.off; line < p.off+p.size; line += lineSize {
				delete(owner, line)
			}
			a.release(p.off, p.size)
			pieces[k] = pieces[len(pieces)-1]
			pieces = pieces[:len(pieces)-1]
			continue
		}
		size := uint64(1 + random.IntN(20_000))
		off, ok := a.alloc(size)
		if !ok {
			continue
		}
		require.Zero(t, off%lineSize)
		require.GreaterOrEqual(t, off, uint64(start))
		require.LessOrEqual(t, off+roundLine(size), uint64(end))
		for line := off; line < off+size; line += lineSize {
			other, taken := owner[line]
			require.False(t, taken, "step %d overlaps step %d", step, other)
			owner[line] = step
		}
		pieces = append(pieces, extent{off, size})
	}
	for _, p := range pieces {
		a.release(p.off, p.size)
	}
	a.settle(0)
	require.Zero(t, a.used)
	require.Equal(t, []extent{{start, end - start}}, a.free)
}
