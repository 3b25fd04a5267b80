package schema

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"unsafe"
)

// Decoder decodes one version of a message into a T. It may be used from
// several goroutines.
type Decoder[T any] struct {
	m    *Message
	prog *program
	// Missing lists the fields of T that this version does not have; they are
	// left as they are.
	Missing []string
}

// NewDecoder compiles the plan from m to the fields of T, a struct. A field of T
// takes the message's field of the same name (SwIfIndex and sw_if_index are the
// same) or of the path in its tag `api:"route.table_id"`. Fields of T that the
// message does not have, and the other way round, are passed over; types that
// cannot hold the value are an error. What holds what:
//
//	numbers and enumerations   Go integers of any width, out of range is a decoding error
//	bool, f64, string          bool, float64, string
//	address, ip4/ip6_address   netip.Addr; invalid for an unknown family
//	prefix and its relatives   netip.Prefix, host bits kept; invalid for an unknown family or length
//	u8[n], u8[count], unions   [n]byte or []byte; string for text in u8[n]
//	arrays, vectors            arrays of the same length, slices
//	other structs              structs
func NewDecoder[T any](m *Message) (*Decoder[T], error) {
	c := compiler{}
	prog, err := c.compile(m.Fields(), reflect.TypeFor[T](), "")
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", m.Key(), err)
	}
	return &Decoder[T]{m: m, prog: prog, Missing: c.missing}, nil
}

// Decode reads msg, which starts with the message id, into dst. Bytes behind the
// last field are ignored, as VPP does. An error is an *Error. Slices and strings
// of dst are new; they do not share msg.
func (d *Decoder[T]) Decode(msg []byte, dst *T) error {
	r := run{msg: msg, pos: d.m.Kind.HeaderSize()}
	if r.decode(d.prog, unsafe.Pointer(dst)) {
		if r.badFamily {
			return ErrAddressFamily
		}
		return nil
	}
	return &Error{Message: d.m.Name, Field: r.path, Offset: r.pos, Problem: r.problem}
}

// ErrAddressFamily is what Decode returns for a message that is whole but has
// an address of a family that is neither IPv4 nor IPv6.
var ErrAddressFamily = errors.New("unknown address family")

// run is one decoding under way.
type run struct {
	msg           []byte
	pos           int
	path, problem string
	badFamily     bool
}

func (r *run) fail(in *instr, format string, args ...any) bool {
	r.path, r.problem = in.path, fmt.Sprintf(format, args...)
	return false
}

// short reports that n bytes were expected.
func (r *run) short(in *instr, n int) bool {
	return r.fail(in, "truncated: %d bytes expected, %d left", n, max(len(r.msg)-r.pos, 0))
}

// decode executes a program with its Go struct at base.
func (r *run) decode(p *program, base unsafe.Pointer) bool {
	var regs [maxRegs]int
	for i := range p.code {
		in := &p.code[i]
		if len(r.msg)-r.pos < in.size && in.op != opSkipVec {
			return r.short(in, in.size)
		}
		switch in.op {
		case opSkip:
			r.pos += in.size
		case opBool:
			*(*bool)(at(base, in.off)) = r.msg[r.pos] != 0
			r.pos++
		case opUint:
			v := loadUint(r.msg[r.pos:], in.size)
			if !storeUint(at(base, in.off), in.width, v) {
				return r.fail(in, "%d is too large for %d bytes", v, in.width)
			}
			r.pos += in.size
		case opInt:
			v := loadInt(r.msg[r.pos:], in.size)
			if !storeInt(at(base, in.off), in.width, v) {
				return r.fail(in, "%d does not fit %d bytes", v, in.width)
			}
			r.pos += in.size
		case opFloat:
			*(*float64)(at(base, in.off)) = math.Float64frombits(binary.LittleEndian.Uint64(r.msg[r.pos:]))
			r.pos += 8
		case opText:
			*(*string)(at(base, in.off)) = cString(r.msg[r.pos : r.pos+in.size])
			r.pos += in.size
		case opBytes:
			copy(unsafe.Slice((*byte)(at(base, in.off)), in.size), r.msg[r.pos:])
			r.pos += in.size
		case opByteSlice:
			*(*[]byte)(at(base, in.off)) = bytes.Clone(r.msg[r.pos : r.pos+in.size])
			r.pos += in.size
		case opCount:
			n := loadUint(r.msg[r.pos:], in.size)
			if n > uint64(len(r.msg)) { // elements have a byte at least
				return r.fail(in, "%d elements in a message of %d bytes", n, len(r.msg))
			}
			regs[in.reg] = int(n)
			if in.off != noField && !storeUint(at(base, in.off), in.width, n) {
				return r.fail(in, "%d is too large for %d bytes", n, in.width)
			}
			r.pos += in.size
		case opAddr, opIP, opPrefix, opIPPrefix:
			if !r.address(in, base) {
				return false
			}
		default:
			if !r.variable(in, base, regs[in.reg]) {
				return false
			}
		}
	}
	return true
}

// variable decodes the steps that depend on a length; n is the register's.
func (r *run) variable(in *instr, base unsafe.Pointer, n int) bool {
	switch in.op {
	case opVarText, opSkipText:
		if len(r.msg)-r.pos < 4 {
			return r.short(in, 4)
		}
		size := uint64(binary.BigEndian.Uint32(r.msg[r.pos:]))
		if size > uint64(len(r.msg)-r.pos-4) {
			return r.fail(in, "truncated: a string of %d bytes, %d left", size, len(r.msg)-r.pos-4)
		}
		if in.op == opVarText {
			*(*string)(at(base, in.off)) = string(r.msg[r.pos+4 : r.pos+4+int(size)])
		}
		r.pos += 4 + int(size)
		return true
	case opByteVec:
		if len(r.msg)-r.pos < n {
			return r.short(in, n)
		}
		*(*[]byte)(at(base, in.off)) = bytes.Clone(r.msg[r.pos : r.pos+n])
		r.pos += n
		return true
	case opVec:
		return r.slice(in, base, n)
	case opArrSlice:
		return r.slice(in, base, in.n)
	case opArray:
		return r.elements(in, at(base, in.off), in.n)
	case opSkipVec:
		return r.elements(in, nil, n)
	case opSkipArray:
		return r.elements(in, nil, in.n)
	}
	return r.fail(in, "no such step in a decoding plan: %d", in.op)
}

// slice decodes n elements into a new slice.
func (r *run) slice(in *instr, base unsafe.Pointer, n int) bool {
	if need := n * in.sub.min; len(r.msg)-r.pos < need {
		return r.short(in, need)
	}
	dst := reflect.NewAt(in.typ, at(base, in.off)).Elem()
	if n == 0 {
		dst.SetZero()
		return true
	}
	dst.Set(reflect.MakeSlice(in.typ, n, n))
	return r.elements(in, dst.UnsafePointer(), n)
}

// elements decodes n elements from first on; nil skips them.
func (r *run) elements(in *instr, first unsafe.Pointer, n int) bool {
	if need := n * in.sub.min; len(r.msg)-r.pos < need {
		return r.short(in, need)
	}
	for i := range n {
		p := first
		if first != nil {
			p = unsafe.Add(first, uintptr(i)*in.stride)
		}
		if !r.decode(in.sub, p) {
			return false
		}
	}
	return true
}

// address decodes addresses and prefixes; size is that of the family for those
// that have one, else of the address.
func (r *run) address(in *instr, base unsafe.Pointer) bool {
	need, withLen := in.size, in.op == opPrefix || in.op == opIPPrefix
	if in.op == opAddr || in.op == opPrefix {
		need += 16
	}
	if withLen {
		need++
	}
	if len(r.msg)-r.pos < need {
		return r.short(in, need)
	}
	b := r.msg[r.pos : r.pos+need]
	r.pos += need
	var a netip.Addr
	if in.op == opAddr || in.op == opPrefix {
		a = familyAddr(loadUint(b, in.size), b[in.size:])
		r.badFamily = r.badFamily || !a.IsValid()
	} else {
		a, _ = netip.AddrFromSlice(b[:in.size])
	}
	if withLen {
		*(*netip.Prefix)(at(base, in.off)) = netip.PrefixFrom(a, int(b[need-1]))
	} else {
		*(*netip.Addr)(at(base, in.off)) = a
	}
	return true
}

// Address families on the wire (src/vnet/ip/ip_types.api).
const (
	familyIP4 = 0
	familyIP6 = 1
)

func familyAddr(family uint64, b []byte) netip.Addr {
	switch family {
	case familyIP4:
		return netip.AddrFrom4([4]byte(b[:4]))
	case familyIP6:
		return netip.AddrFrom16([16]byte(b[:16]))
	}
	return netip.Addr{}
}

// cString returns text up to its NUL, or all of it.
func cString(b []byte) string {
	if n := bytes.IndexByte(b, 0); n >= 0 {
		b = b[:n]
	}
	return string(b)
}

func loadUint(b []byte, size int) uint64 {
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	}
	return binary.BigEndian.Uint64(b)
}

func loadInt(b []byte, size int) int64 {
	shift := 64 - 8*size
	return int64(loadUint(b, size)<<shift) >> shift
}

// storeUint stores v in a Go integer; false if it is too narrow.
func storeUint(p unsafe.Pointer, width uint8, v uint64) bool {
	switch width {
	case 1:
		*(*uint8)(p) = uint8(v)
		return v <= math.MaxUint8
	case 2:
		*(*uint16)(p) = uint16(v)
		return v <= math.MaxUint16
	case 4:
		*(*uint32)(p) = uint32(v)
		return v <= math.MaxUint32
	}
	*(*uint64)(p) = v
	return true
}

// storeInt is storeUint with sign; an unsigned Go integer of the same width
// takes the bits.
func storeInt(p unsafe.Pointer, width uint8, v int64) bool {
	switch width {
	case 1:
		*(*int8)(p) = int8(v)
		return v == int64(int8(v))
	case 2:
		*(*int16)(p) = int16(v)
		return v == int64(int16(v))
	case 4:
		*(*int32)(p) = int32(v)
		return v == int64(int32(v))
	}
	*(*int64)(p) = v
	return true
}

// Missing returns the fields of the struct type t that m does not have, by their
// path in t, and an error if a field cannot hold its value. Tests of handlers use
// it to find misspelt fields.
func Missing(m *Message, t reflect.Type, encode bool) ([]string, error) {
	c := compiler{encode: encode}
	if _, err := c.compile(m.Fields(), t, ""); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Key(), err)
	}
	return c.missing, nil
}
