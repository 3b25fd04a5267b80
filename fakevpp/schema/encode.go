package schema

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"unsafe"
)

// Encoder encodes a T as one version of a message. It may be used from several
// goroutines.
type Encoder[T any] struct {
	m    *Message
	prog *program
	// Missing lists the fields of T that this version does not have; they are
	// not sent.
	Missing []string
}

// NewEncoder compiles the plan from T, a struct, to m with the rules of
// NewDecoder. Fields of the message that T does not have are sent as zero;
// lengths of vectors come from the slices.
func NewEncoder[T any](m *Message) (*Encoder[T], error) {
	c := compiler{encode: true}
	prog, err := c.compile(m.Fields(), reflect.TypeFor[T](), "")
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", m.Key(), err)
	}
	markRetval(m, prog)
	return &Encoder[T]{m: m, prog: prog, Missing: c.missing}, nil
}

// markRetval makes the message's retval, if T has none, the call's result. It is
// the first field of a reply, where VPP has it in all messages.
func markRetval(m *Message, p *program) {
	if len(m.Fields()) == 0 || m.Fields()[0].Name != "retval" || m.Fields()[0].Type.Size != 4 {
		return
	}
	if len(p.code) == 0 || p.code[0].op != opSkip {
		return
	}
	rest := p.code[0]
	rest.size -= 4
	code := append([]instr{{op: opRetval, size: 4, path: "retval"}}, rest)
	p.code = append(code, p.code[1:]...)
}

// Append appends the fields of src to b, which holds the header, and returns the
// extended slice. retval goes to the reply's field of that name if there is one.
// An error is an *Error, for a value that the message cannot hold.
func (e *Encoder[T]) Append(b []byte, src *T, retval int32) ([]byte, error) {
	w := writer{b: b, start: len(b), retval: retval}
	if w.encode(e.prog, unsafe.Pointer(src)) {
		return w.b, nil
	}
	return b, &Error{Message: e.m.Name, Field: w.path, Offset: e.m.Kind.HeaderSize() + len(w.b) - w.start, Problem: w.problem}
}

// writer is one encoding under way.
type writer struct {
	b             []byte
	start         int
	retval        int32
	path, problem string
}

func (w *writer) fail(in *instr, format string, args ...any) bool {
	w.path, w.problem = in.path, fmt.Sprintf(format, args...)
	return false
}

// zero appends n zero bytes.
func (w *writer) zero(n int) {
	const chunk = 64
	var zeros [chunk]byte
	for ; n > chunk; n -= chunk {
		w.b = append(w.b, zeros[:]...)
	}
	w.b = append(w.b, zeros[:n]...)
}

// encode executes a program with its Go struct at base.
func (w *writer) encode(p *program, base unsafe.Pointer) bool {
	var regs [maxRegs]int
	for i := range p.code {
		in := &p.code[i]
		switch in.op {
		case opSkip:
			w.zero(in.size)
		case opRetval:
			w.b = binary.BigEndian.AppendUint32(w.b, uint32(w.retval))
		case opBool:
			w.b = append(w.b, *(*byte)(at(base, in.off))&1)
		case opUint, opInt:
			v := fetch(at(base, in.off), in.width, in.signed)
			if !w.integer(in.size, in.width, v) {
				return w.fail(in, "%d does not fit %d bytes", v, in.size)
			}
		case opFloat:
			w.b = binary.LittleEndian.AppendUint64(w.b, math.Float64bits(*(*float64)(at(base, in.off))))
		case opText:
			w.text(*(*string)(at(base, in.off)), in.size)
		case opBytes:
			w.b = append(w.b, unsafe.Slice((*byte)(at(base, in.off)), in.size)...)
		case opByteSlice:
			s := *(*[]byte)(at(base, in.off))
			if len(s) > in.size {
				return w.fail(in, "%d bytes, at most %d fit", len(s), in.size)
			}
			w.b = append(w.b, s...)
			w.zero(in.size - len(s))
		case opCount:
			n := 0
			if in.off != noField {
				n = (*sliceHeader)(at(base, in.off)).n
			}
			regs[in.reg] = n
			if !w.integer(in.size, 8, uint64(n)) {
				return w.fail(in, "%d elements, too many for %d bytes of length", n, in.size)
			}
		case opAddr, opIP, opPrefix, opIPPrefix:
			if !w.address(in, base) {
				return false
			}
		default:
			if !w.variable(in, base, regs[in.reg]) {
				return false
			}
		}
	}
	return true
}

// sliceHeader is the layout of a slice of any type.
type sliceHeader struct {
	first  unsafe.Pointer
	n, cap int
}

// variable encodes the steps that depend on a length; n is the register's.
func (w *writer) variable(in *instr, base unsafe.Pointer, n int) bool {
	switch in.op {
	case opVarText:
		s := *(*string)(at(base, in.off))
		w.b = binary.BigEndian.AppendUint32(w.b, uint32(len(s)))
		w.b = append(w.b, s...)
		return true
	case opSkipText:
		w.zero(4)
		return true
	case opByteVec:
		s := *(*[]byte)(at(base, in.off))
		if len(s) != n {
			return w.fail(in, "%d bytes, but the vector of the same length has %d", len(s), n)
		}
		w.b = append(w.b, s...)
		return true
	case opVec:
		s := (*sliceHeader)(at(base, in.off))
		if s.n != n {
			return w.fail(in, "%d elements, but the vector of the same length has %d", s.n, n)
		}
		return w.elements(in, s.first, n)
	case opArray:
		return w.elements(in, at(base, in.off), in.n)
	case opArrSlice:
		s := (*sliceHeader)(at(base, in.off))
		if s.n > in.n {
			return w.fail(in, "%d elements, at most %d fit", s.n, in.n)
		}
		if !w.elements(in, s.first, s.n) {
			return false
		}
		w.zero((in.n - s.n) * in.sub.min)
		return true
	case opSkipArray:
		w.zero(in.n * in.sub.min)
		return true
	case opSkipVec:
		w.zero(n * in.sub.min)
		return true
	}
	return w.fail(in, "no such step in an encoding plan: %d", in.op)
}

func (w *writer) elements(in *instr, first unsafe.Pointer, n int) bool {
	for i := range n {
		if !w.encode(in.sub, unsafe.Add(first, uintptr(i)*in.stride)) {
			return false
		}
	}
	return true
}

// text appends s NUL-padded; VPP's strncpy leaves room for one NUL.
func (w *writer) text(s string, size int) {
	if len(s) > size-1 {
		s = s[:size-1]
	}
	w.b = append(w.b, s...)
	w.zero(size - len(s))
}

// integer appends the low size bytes of v, a Go integer of width bytes; false
// if that loses something.
func (w *writer) integer(size int, width uint8, v uint64) bool {
	switch size {
	case 1:
		w.b = append(w.b, byte(v))
	case 2:
		w.b = binary.BigEndian.AppendUint16(w.b, uint16(v))
	case 4:
		w.b = binary.BigEndian.AppendUint32(w.b, uint32(v))
	default:
		w.b = binary.BigEndian.AppendUint64(w.b, v)
	}
	if int(width) <= size {
		return true
	}
	high := int64(v) >> (8*size - 1)
	return v>>(8*size) == 0 || high == -1
}

// fetch reads a Go integer, extended to 64 bits by its sign if it has one.
func fetch(p unsafe.Pointer, width uint8, signed bool) uint64 {
	var v uint64
	switch width {
	case 1:
		v = uint64(*(*uint8)(p))
	case 2:
		v = uint64(*(*uint16)(p))
	case 4:
		v = uint64(*(*uint32)(p))
	default:
		return *(*uint64)(p)
	}
	if shift := 64 - 8*width; signed {
		return uint64(int64(v<<shift) >> shift)
	}
	return v
}

// address encodes addresses and prefixes; the invalid ones are zeros.
func (w *writer) address(in *instr, base unsafe.Pointer) bool {
	var a netip.Addr
	bits := 0
	prefix := in.op == opPrefix || in.op == opIPPrefix
	if prefix {
		p := *(*netip.Prefix)(at(base, in.off))
		a, bits = p.Addr(), max(p.Bits(), 0)
	} else {
		a = *(*netip.Addr)(at(base, in.off))
	}
	if in.op == opAddr || in.op == opPrefix {
		family := uint64(familyIP4)
		if a.Is6() {
			family = familyIP6
		}
		w.integer(in.size, 8, family)
		w.ip(a, 16)
	} else {
		if a.IsValid() && a.BitLen() != 8*in.size {
			return w.fail(in, "%v, expected an address of %d bytes", a, in.size)
		}
		w.ip(a, in.size)
	}
	if prefix {
		w.b = append(w.b, byte(bits))
	}
	return true
}

// ip appends the address in size bytes.
func (w *writer) ip(a netip.Addr, size int) {
	switch {
	case a.Is4():
		b := a.As4()
		w.b = append(w.b, b[:]...)
		w.zero(size - 4)
	case a.Is6():
		b := a.As16()
		w.b = append(w.b, b[:]...)
	default:
		w.zero(size)
	}
}
