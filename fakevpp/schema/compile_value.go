package schema

import (
	"fmt"
	"net/netip"
	"reflect"
)

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
