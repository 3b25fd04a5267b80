package schema

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"
)

// op is one step of a plan.
type op uint8

const (
	opSkip      op = iota // size bytes without Go field; zeros when encoding
	opBool                // 1 byte
	opUint                // size bytes to a Go integer of width bytes
	opInt                 // the same, sign-extended
	opFloat               // 8 bytes
	opText                // size bytes to a string, up to the first NUL
	opVarText             // u32 length and bytes to a string
	opBytes               // size bytes to an array of bytes
	opByteSlice           // size bytes to a []byte
	opByteVec             // as many bytes as the register says to a []byte
	opCount               // size bytes to the register; when encoding the length of a slice
	opVec                 // as many elements as the register says to a slice
	opArray               // n elements to an array
	opArrSlice            // n elements to a slice
	opSkipVec             // as many elements as the register says, without Go field
	opSkipArray           // n elements of variable size, without Go field
	opSkipText            // u32 length and bytes, without Go field
	opAddr                // address family of size bytes and 16 bytes to a netip.Addr
	opIP                  // size bytes (4 or 16) to a netip.Addr
	opPrefix              // opAddr and u8 length to a netip.Prefix
	opIPPrefix            // opIP and u8 length to a netip.Prefix
	opRetval              // size bytes from the call's result; only when encoding
)

// maxRegs is how many vector lengths one struct can have under way.
const maxRegs = 8

// instr is one step: where in the Go struct and what on the wire. Fields that
// an op does not name are zero.
type instr struct {
	op     op
	width  uint8   // Go width of integers
	signed bool    // Go integer with sign
	reg    uint8   // register with a vector's length
	size   int     // wire bytes
	n      int     // elements of arrays
	off    uintptr // in the Go struct
	stride uintptr // between elements in Go
	sub    *program
	typ    reflect.Type // of slices
	path   string       // for errors
}

// program is a plan: steps in wire order. A nested struct's steps are part of
// the outer's; only elements of arrays and vectors have programs of their own.
type program struct {
	code []instr
	min  int // wire bytes with everything variable empty
}

// slot is a Go field that waits for its wire field.
type slot struct {
	name string
	typ  reflect.Type // nil for the inner part of a tag path
	off  uintptr
	used bool
	sub  scope
}

// scope finds slots by folded wire name.
type scope map[string]*slot

// add enters the fields of a Go struct at offset base.
func (s scope) add(t reflect.Type, base uintptr) error {
	for i := range t.NumField() {
		f := t.Field(i)
		off := base + f.Offset
		path, tagged := f.Tag.Lookup("api")
		if f.Anonymous && !tagged && f.Type.Kind() == reflect.Struct {
			if err := s.add(f.Type, off); err != nil {
				return err
			}
			continue
		}
		if !f.IsExported() {
			continue
		}
		if !tagged {
			path = f.Name
		}
		if err := s.put(strings.Split(path, "."), f, off); err != nil {
			return fmt.Errorf("go type %s: %w", t, err)
		}
	}
	return nil
}

// put enters a field under its path.
func (s scope) put(path []string, f reflect.StructField, off uintptr) error {
	key := fold(path[0])
	sl := s[key]
	if sl == nil {
		sl = &slot{name: f.Name}
		s[key] = sl
	}
	if len(path) > 1 {
		if sl.sub == nil {
			sl.sub = scope{}
		}
		return sl.sub.put(path[1:], f, off)
	}
	if sl.typ != nil {
		return fmt.Errorf("fields %s and %s stand for the same field of the message", sl.name, f.Name)
	}
	sl.name, sl.typ, sl.off = f.Name, f.Type, off
	return nil
}

// unmatched lists the Go fields that found no wire field.
func (s scope) unmatched() []string {
	var names []string
	for _, sl := range s {
		if sl.typ != nil && !sl.used {
			names = append(names, sl.name)
		}
		names = append(names, sl.sub.unmatched()...)
	}
	return names
}

// at returns the address of a field.
func at(base unsafe.Pointer, off uintptr) unsafe.Pointer { return unsafe.Add(base, off) }
