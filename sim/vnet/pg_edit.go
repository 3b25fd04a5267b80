package vnet

import (
	"fmt"
	"math/rand/v2"
)

// PGEditType is how a value of a stream changes from packet to packet
// (pg_edit_type_t in src/vnet/pg/edit.h).
type PGEditType uint8

// Types of edits.
const (
	PGEditFixed PGEditType = iota
	PGEditIncrement
	PGEditRandom
	pgEditUnspecified // filled in by the header's function
)

// pgValue is a number of up to 128 bits.
type pgValue struct{ hi, lo uint64 }

// pgEdit is a field of a header: its first bit in the header, highest bit first,
// its width in bits, and its value or the ends of its range.
type pgEdit struct {
	at, bits int
	kind     PGEditType
	from, to pgValue
	last     uint64 // of an increment
}

// set makes the field a fixed number.
func (e *pgEdit) set(v uint64) { e.kind, e.from = PGEditFixed, pgValue{lo: v} }

// put writes a number into the field of a header that starts at p[0].
func (e *pgEdit) put(p []byte, v pgValue) {
	for k := range e.bits {
		bit := v.lo >> k
		if k >= 64 {
			bit = v.hi >> (k - 64)
		}
		pos := e.at + e.bits - 1 - k
		if pos/8 >= len(p) {
			continue
		}
		mask := byte(0x80) >> (pos % 8)
		p[pos/8] &^= mask
		if bit&1 != 0 {
			p[pos/8] |= mask
		}
	}
}

// pgGroup is one header or the payload (pg_edit_group_t).
type pgGroup struct {
	n        int // bytes
	at       int // offset in the packet
	edits    []*pgEdit
	data     []byte // of a payload
	function string // name of what fix stands for
	// fix completes the header at p[at]; before is where the header in front of
	// it starts.
	fix func(p []byte, at, before int)
}

// field adds a field to the group.
func (g *pgGroup) field(at, bits int) *pgEdit {
	e := &pgEdit{at: at, bits: bits}
	g.edits = append(g.edits, e)
	return e
}

// fixed adds a field with a number.
func (g *pgGroup) fixed(at, bits int, v uint64) *pgEdit {
	e := g.field(at, bits)
	e.set(v)
	return e
}

// open adds a field that the header's function fills in unless the description
// names a value.
func (g *pgGroup) open(at, bits int) *pgEdit {
	e := g.field(at, bits)
	e.kind = pgEditUnspecified
	return e
}

// render writes the fixed fields into p.
func (g *pgGroup) render(p []byte) {
	copy(p, g.data)
	for _, e := range g.edits {
		if e.kind == PGEditFixed {
			e.put(p, e.from)
		}
	}
}

// PGEdits makes packets from a description: headers and payload with all that is
// fixed, and what changes.
type PGEdits struct {
	// Data is the packet with the fixed fields, at its full length.
	Data   []byte
	groups []*pgGroup
	packet []byte
	rand   *rand.Rand
}

// finish lays the groups out once all are there.
func (e *PGEdits) finish() {
	at := 0
	for _, g := range e.groups {
		g.at = at
		at += g.n
		for _, f := range g.edits {
			f.last = f.from.lo
		}
	}
	e.Data = make([]byte, at)
	for _, g := range e.groups {
		g.render(e.Data[g.at : g.at+g.n])
	}
	e.rand = rand.New(rand.NewPCG(1, 2)) // the same packets in each run
}

// HeaderLen is the length in bytes of all headers and the payload.
func (e *PGEdits) HeaderLen() int { return e.length(0) }

// length is the length of the groups from one on (pg_edit_group_n_bytes).
func (e *PGEdits) length(from int) int {
	n := 0
	for _, g := range e.groups[min(from, len(e.groups)):] {
		n += g.n
	}
	return n
}

// Groups describes the headers, as `show packet-generator verbose` does.
func (e *PGEdits) Groups() []string {
	var out []string
	for _, g := range e.groups {
		s := fmt.Sprintf("hdr-size %d, offset %d, ", g.n, g.at)
		if g.fix != nil {
			s += "edit-function " + g.function + ", "
		}
		out = append(out, s)
	}
	return out
}

// next makes the stream's next packet (pg_generate_edit in
// src/vnet/pg/input.c): its length, the fields that change, then what headers
// compute, from the last to the first.
func (e *PGEdits) next(s *PGStream) []byte {
	size := e.size(s)
	if len(e.packet) < max(size, len(e.Data)) {
		e.packet = make([]byte, max(size, len(e.Data)))
	}
	p := e.packet
	clear(p[copy(p, e.Data):])
	for _, g := range e.groups {
		for _, f := range g.edits {
			if f.kind == PGEditIncrement || f.kind == PGEditRandom {
				f.put(p[g.at:], pgValue{lo: e.change(f), hi: f.from.hi})
			}
		}
	}
	p = p[:size]
	for k := len(e.groups) - 1; k >= 0; k-- {
		g := e.groups[k]
		if g.fix != nil && g.at+g.n <= len(p) {
			g.fix(p, g.at, e.groups[max(k-1, 0)].at)
		}
	}
	return p
}

// change is the next value of a field.
func (e *PGEdits) change(f *pgEdit) uint64 {
	low, high := f.from.lo, max(f.to.lo, f.from.lo)
	if f.kind == PGEditRandom {
		return low + e.below(high-low)
	}
	v := f.last
	if f.last++; f.last > high || f.last == 0 {
		f.last = low
	}
	return v
}

// below draws a number up to n.
func (e *PGEdits) below(n uint64) uint64 {
	if n == ^uint64(0) {
		return e.rand.Uint64()
	}
	return e.rand.Uint64N(n + 1)
}

// size is the next packet's length.
func (e *PGEdits) size(s *PGStream) int {
	switch s.SizeEdit {
	case PGEditRandom:
		return int(s.MinBytes) + int(e.below(uint64(s.MaxBytes-s.MinBytes)))
	case PGEditIncrement:
		n := s.lastSize
		if s.lastSize++; s.lastSize > s.MaxBytes {
			s.lastSize = s.MinBytes
		}
		return int(n)
	}
	return int(s.MaxBytes)
}
