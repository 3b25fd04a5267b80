package schema

import (
	"fmt"
	"net/netip"
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

// compiler builds programs in one direction.
type compiler struct {
	encode bool
	// missing collects Go fields without wire field.
	missing []string
}

// compile builds the program between fields and a Go struct type.
func (c *compiler) compile(fields []Field, t reflect.Type, path string) (*program, error) {
	s := scope{}
	if t != nil {
		if t.Kind() != reflect.Struct {
			return nil, fmt.Errorf("%s: go type %s, expected a struct", path, t)
		}
		if err := s.add(t, 0); err != nil {
			return nil, err
		}
	}
	p := &program{min: minSize(fields)}
	b := &builder{c: c, p: p}
	if err := b.fields(fields, s, path); err != nil {
		return nil, err
	}
	for _, name := range s.unmatched() {
		c.missing = append(c.missing, join(path, name))
	}
	b.mergeSkips()
	return p, nil
}

// builder fills one program.
type builder struct {
	c    *compiler
	p    *program
	regs int
}

func (b *builder) emit(i instr) { b.p.code = append(b.p.code, i) }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// fields emits the steps of a struct's fields.
func (b *builder) fields(fields []Field, s scope, path string) error {
	counts := make(map[string]uint8)
	for i := range fields {
		f := &fields[i]
		at := join(path, f.Name)
		sl := s[fold(f.Name)]
		if isCount(fields[i+1:], f.Name) {
			reg := uint8(b.regs)
			if b.regs++; b.regs > maxRegs {
				return fmt.Errorf("%s: more than %d vectors in one struct", at, maxRegs)
			}
			counts[f.Name] = reg
			b.count(f, fields[i+1:], s, reg, at)
			continue
		}
		var err error
		if f.Type.Class == Vector {
			err = b.vector(f.Type, sl, counts[f.Type.Count], at)
		} else {
			err = b.value(f.Type, sl, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isCount says if one of the fields is a vector whose length is in name.
func isCount(fields []Field, name string) bool {
	for i := range fields {
		if fields[i].Type.Class == Vector && fields[i].Type.Count == name {
			return true
		}
	}
	return false
}

// count emits the length of a vector. When encoding it comes from the slice, so
// that Go structs need no field for it; one that they have is filled when
// decoding.
func (b *builder) count(f *Field, rest []Field, s scope, reg uint8, path string) {
	in := instr{op: opCount, size: f.Type.Size, reg: reg, path: path, off: noField}
	if sl := s[fold(f.Name)]; sl != nil && sl.typ != nil {
		sl.used = true
		if w := intWidth(sl.typ); w > 0 && !b.c.encode {
			in.off, in.width = sl.off, w
		}
	}
	if b.c.encode {
		for i := range rest {
			t := rest[i].Type
			sl := s[fold(rest[i].Name)]
			if t.Class == Vector && t.Count == f.Name && sl != nil && sl.typ != nil && sl.typ.Kind() == reflect.Slice {
				in.off = sl.off
				break
			}
		}
	}
	b.emit(in)
}

// noField marks a step without place in the Go struct.
const noField = ^uintptr(0)

// intWidth returns the width of a Go integer in bytes, 0 for other types.
func intWidth(t reflect.Type) uint8 {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return uint8(t.Size())
	}
	return 0
}

// mergeSkips joins neighbouring steps that have no Go field.
func (b *builder) mergeSkips() {
	code := b.p.code[:0]
	for _, in := range b.p.code {
		if n := len(code); in.op == opSkip && n > 0 && code[n-1].op == opSkip {
			code[n-1].size += in.size
			continue
		}
		code = append(code, in)
	}
	b.p.code = code
}

// skip emits the step over a value that the Go struct does not want.
func (b *builder) skip(t *Type, path string) error {
	if n, ok := t.fixed(); ok {
		b.emit(instr{op: opSkip, size: n, path: path})
		return nil
	}
	switch t.Class {
	case Text:
		b.emit(instr{op: opSkipText, path: path})
		return nil
	case Struct:
		return b.fields(t.Fields, scope{}, path)
	case Array:
		sub, err := b.c.element(t.Elem, nil, path)
		if err != nil {
			return err
		}
		b.emit(instr{op: opSkipArray, n: t.Len, sub: sub, path: path})
		return nil
	}
	return fmt.Errorf("%s: cannot skip a value of class %d", path, t.Class)
}

var (
	addrType   = reflect.TypeFor[netip.Addr]()
	prefixType = reflect.TypeFor[netip.Prefix]()
)

// value emits the step of a value that is no vector.
func (b *builder) value(t *Type, sl *slot, path string) error {
	if sl == nil || sl.typ == nil && sl.sub == nil {
		return b.skip(t, path)
	}
	if sl.typ == nil {
		if t.Class != Struct {
			return fmt.Errorf("%s: a tag names a field inside, but it has none", path)
		}
		return b.fields(t.Fields, sl.sub, path)
	}
	sl.used = true
	in := instr{off: sl.off, path: path}
	switch sl.typ {
	case addrType, prefixType:
		return b.address(t, sl.typ, in)
	}
	switch t.Class {
	case Bool:
		return b.scalar(in, opBool, sl.typ.Kind() == reflect.Bool, t, sl.typ)
	case Uint, Int:
		return b.integer(in, t, sl.typ)
	case Float:
		return b.scalar(in, opFloat, sl.typ.Kind() == reflect.Float64, t, sl.typ)
	case Text:
		in.size = t.Size
		if t.Size == 0 {
			return b.scalar(in, opVarText, sl.typ.Kind() == reflect.String, t, sl.typ)
		}
		return b.scalar(in, opText, sl.typ.Kind() == reflect.String, t, sl.typ)
	case Union:
		return b.bytes(in, t.Size, sl.typ)
	case Array:
		return b.array(in, t, sl.typ)
	case Struct:
		return b.nested(t, sl, path)
	}
	return fmt.Errorf("%s: unexpected class %d", path, t.Class)
}

// mismatch is the error for Go types that cannot hold a value.
func mismatch(path string, t *Type, g reflect.Type) error {
	return fmt.Errorf("%s: a go %s cannot hold a %s", path, g, t)
}

func (b *builder) scalar(in instr, o op, ok bool, t *Type, g reflect.Type) error {
	if !ok {
		return mismatch(in.path, t, g)
	}
	in.op = o
	if in.size == 0 {
		in.size = t.Size
	}
	b.emit(in)
	return nil
}

func (b *builder) integer(in instr, t *Type, g reflect.Type) error {
	if g.Kind() == reflect.Bool && t.Size == 1 {
		in.op, in.size = opBool, 1
		b.emit(in)
		return nil
	}
	in.op, in.size, in.width, in.signed = opUint, t.Size, intWidth(g), g.Kind() <= reflect.Int64
	if t.Class == Int {
		in.op = opInt
	}
	if in.width == 0 {
		return mismatch(in.path, t, g)
	}
	b.emit(in)
	return nil
}

// bytes emits n opaque bytes to [n]byte, []byte or, for text in u8[n], string.
func (b *builder) bytes(in instr, n int, g reflect.Type) error {
	in.size = n
	switch {
	case g.Kind() == reflect.Array && g.Elem().Kind() == reflect.Uint8 && g.Len() == n:
		in.op = opBytes
	case g.Kind() == reflect.Slice && g.Elem().Kind() == reflect.Uint8:
		in.op = opByteSlice
	case g.Kind() == reflect.String:
		in.op = opText
	default:
		return fmt.Errorf("%s: a go %s cannot hold %d bytes", in.path, g, n)
	}
	b.emit(in)
	return nil
}

func (b *builder) array(in instr, t *Type, g reflect.Type) error {
	if t.Elem.isByte() {
		return b.bytes(in, t.Len, g)
	}
	switch {
	case g.Kind() == reflect.Array && g.Len() == t.Len:
		in.op = opArray
	case g.Kind() == reflect.Slice:
		in.op = opArrSlice
	default:
		return mismatch(in.path, t, g)
	}
	sub, err := b.c.element(t.Elem, g.Elem(), in.path)
	if err != nil {
		return err
	}
	in.n, in.sub, in.typ, in.stride = t.Len, sub, g, g.Elem().Size()
	b.emit(in)
	return nil
}

// nested emits a struct's fields in place.
func (b *builder) nested(t *Type, sl *slot, path string) error {
	if sl.typ.Kind() != reflect.Struct {
		return mismatch(path, t, sl.typ)
	}
	inner := scope{}
	if sl.sub != nil {
		inner = sl.sub
	}
	if err := inner.add(sl.typ, sl.off); err != nil {
		return err
	}
	if err := b.fields(t.Fields, inner, path); err != nil {
		return err
	}
	if sl.sub == nil {
		for _, name := range inner.unmatched() {
			b.c.missing = append(b.c.missing, join(path, name))
		}
	}
	return nil
}

// vector emits a vector whose length is in a register.
func (b *builder) vector(t *Type, sl *slot, reg uint8, path string) error {
	in := instr{reg: reg, path: path}
	if sl == nil || sl.typ == nil {
		sub, err := b.c.element(t.Elem, nil, path)
		if err != nil {
			return err
		}
		in.op, in.sub, in.size = opSkipVec, sub, t.Elem.minSize()
		b.emit(in)
		return nil
	}
	sl.used = true
	in.off = sl.off
	if sl.typ.Kind() != reflect.Slice {
		return mismatch(path, t, sl.typ)
	}
	if t.Elem.isByte() && sl.typ.Elem().Kind() == reflect.Uint8 {
		in.op = opByteVec
		b.emit(in)
		return nil
	}
	sub, err := b.c.element(t.Elem, sl.typ.Elem(), path)
	if err != nil {
		return err
	}
	in.op, in.sub, in.typ, in.stride = opVec, sub, sl.typ, sl.typ.Elem().Size()
	b.emit(in)
	return nil
}

// element compiles the program of one element; a nil Go type skips it.
func (c *compiler) element(t *Type, g reflect.Type, path string) (*program, error) {
	p := &program{min: t.minSize()}
	b := &builder{c: c, p: p}
	var sl *slot
	if g != nil {
		sl = &slot{typ: g}
	}
	if err := b.value(t, sl, path+"[]"); err != nil {
		return nil, err
	}
	b.mergeSkips()
	return p, nil
}

// address emits an address or prefix to its netip type.
func (b *builder) address(t *Type, g reflect.Type, in instr) error {
	host := t
	if g == prefixType {
		if t.Class != Struct || len(t.Fields) != 2 || t.Fields[1].Type.Class != Uint || t.Fields[1].Type.Size != 1 {
			return mismatch(in.path, t, g)
		}
		host = t.Fields[0].Type
	}
	family, size := addressLayout(host)
	switch {
	case size == 0:
		return mismatch(in.path, t, g)
	case family > 0:
		in.op, in.size = opAddr, family
	default:
		in.op, in.size = opIP, size
	}
	if g == prefixType {
		in.op += opPrefix - opAddr
	}
	b.emit(in)
	return nil
}

// addressLayout recognises an address: bytes of the family (0 for a plain IPv4
// or IPv6 address) and of the address. Size 0 is no address.
func addressLayout(t *Type) (family, size int) {
	switch {
	case t.Class == Array && t.Elem.isByte() && (t.Len == 4 || t.Len == 16):
		return 0, t.Len
	case t.Class == Struct && len(t.Fields) == 2 && t.Fields[0].Type.Class == Uint:
		if n, ok := t.Fields[1].Type.fixed(); ok && n == 16 {
			return t.Fields[0].Type.Size, 16
		}
	}
	return 0, 0
}

// String describes the type for errors.
func (t *Type) String() string {
	name := [...]string{"bool", "u", "i", "f64", "string", "struct", "union", "array", "vector"}[t.Class]
	switch {
	case t.Name != "":
		return t.Name
	case t.Class == Uint || t.Class == Int:
		return fmt.Sprintf("%s%d", name, 8*t.Size)
	case t.Class == Array:
		return fmt.Sprintf("%s[%d]", t.Elem, t.Len)
	case t.Class == Vector:
		return fmt.Sprintf("%s[%s]", t.Elem, t.Count)
	}
	return name
}

// at returns the address of a field.
func at(base unsafe.Pointer, off uintptr) unsafe.Pointer { return unsafe.Add(base, off) }
