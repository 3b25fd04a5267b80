package schema

import (
	"fmt"
	"reflect"
)

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
