package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// primitives are the types that API files do not declare.
var primitives = map[string]*Type{
	"bool": {Class: Bool, Size: 1},
	"u8":   {Class: Uint, Size: 1}, "u16": {Class: Uint, Size: 2}, "u32": {Class: Uint, Size: 4}, "u64": {Class: Uint, Size: 8},
	"i8": {Class: Int, Size: 1}, "i16": {Class: Int, Size: 2}, "i32": {Class: Int, Size: 4}, "i64": {Class: Int, Size: 8},
	"f64": {Class: Float, Size: 8},
}

// fields reads "TYPE NAME; TYPE NAME". The caller has the lock.
func (c *Catalog) fields(module, body string) ([]Field, error) {
	var fields []Field
	for rest := strings.TrimSpace(body); rest != ""; {
		var text string
		text, rest, _ = strings.Cut(rest, "; ")
		typ, name, ok := strings.Cut(text, " ")
		if !ok {
			return nil, fmt.Errorf("field %q: a type and a name expected", text)
		}
		name, _, _ = strings.Cut(name, " ") // options
		t, err := c.declared(module, typ)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		if t.Class == Vector && !hasField(fields, t.Count) {
			return nil, fmt.Errorf("field %s: no field %q before it holds its length", name, t.Count)
		}
		fields = append(fields, Field{Name: name, Type: t})
	}
	return fields, nil
}

// declared reads a type with its dimension: u32, u8[16], fib_path[n_paths],
// string[64], string[].
func (c *Catalog) declared(module, text string) (*Type, error) {
	name, dim, dimensioned := strings.Cut(strings.TrimSuffix(text, "]"), "[")
	length, err := strconv.Atoi(dim)
	fixed := err == nil
	if name == "string" {
		if dimensioned && !fixed && dim != "" {
			return nil, fmt.Errorf("string of length %q", dim)
		}
		return &Type{Class: Text, Size: length}, nil
	}
	elem, err := c.named(module, name)
	switch {
	case err != nil || !dimensioned:
		return elem, err
	case fixed || dim == "":
		if length < 0 {
			return nil, fmt.Errorf("array of %d elements", length)
		}
		return &Type{Class: Array, Elem: elem, Len: length}, nil
	}
	return &Type{Class: Vector, Elem: elem, Count: dim}, nil
}

// underway marks a type whose definition is being read, so that one that
// contains itself is found.
var underway = new(Type)

// named returns the type of that name as the module sees it.
func (c *Catalog) named(module, name string) (*Type, error) {
	if t := primitives[name]; t != nil {
		return t, nil
	}
	scope := c.scopes[module]
	if scope == nil || scope.lines[name] == "" {
		scope = c.scopes[""]
	}
	t := scope.types[name]
	line := scope.lines[name]
	switch {
	case t == underway:
		return nil, fmt.Errorf("type %s contains itself", name)
	case t != nil:
		return t, nil
	case line == "":
		return nil, fmt.Errorf("type %s is not declared", name)
	}
	scope.types[name] = underway
	t, err := c.define(module, name, line)
	if err != nil {
		delete(scope.types, name)
		return nil, fmt.Errorf("type %s: %w", name, err)
	}
	scope.types[name] = t
	return t, nil
}

// define reads a declaration.
func (c *Catalog) define(module, name, line string) (*Type, error) {
	keyword, _, _ := strings.Cut(line, " ")
	body := strings.TrimSpace(strings.TrimPrefix(line[len(keyword)+1:], name))
	switch keyword {
	case "alias":
		t, err := c.declared(module, body)
		if err != nil {
			return nil, err
		}
		named := *t
		named.Name = name
		return &named, nil
	case "enum", "flags":
		return c.enumeration(name, keyword == "flags", strings.Fields(body))
	}
	fields, err := c.fields(module, body)
	if err != nil {
		return nil, err
	}
	if keyword == "struct" {
		return &Type{Class: Struct, Name: name, Fields: fields}, nil
	}
	size := 0
	for _, f := range fields {
		n, ok := f.Type.fixed()
		if !ok {
			return nil, fmt.Errorf("member %s of a union has no fixed size", f.Name)
		}
		size = max(size, n)
	}
	return &Type{Class: Union, Name: name, Size: size, Fields: fields}, nil
}

// enumeration reads "u32 NAME=1 NAME=2".
func (c *Catalog) enumeration(name string, flags bool, words []string) (*Type, error) {
	if len(words) == 0 || primitives[words[0]] == nil {
		return nil, fmt.Errorf("an enumeration of %q", words)
	}
	t := *primitives[words[0]]
	t.Name = name
	e := &enumeration{typ: name}
	single := true
	for _, w := range words[1:] {
		key, text, _ := strings.Cut(w, "=")
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("value %s: %w", w, err)
		}
		e.names = append(e.names, key)
		v := uint64(value)
		if t.Size < 8 {
			v &= 1<<(8*t.Size) - 1
		}
		e.values = append(e.values, v)
		single = single && v&(v-1) == 0
	}
	e.flags = flags || single && strings.Contains(name, "flags")
	e.declaredFlags = flags
	t.Enum, t.enum = e.render, e
	return &t, nil
}

// enumeration names values.
type enumeration struct {
	typ    string
	names  []string
	values []uint64
	// flags says that values may be combined, declaredFlags that the file says so.
	flags, declaredFlags bool
}

// exactly returns the name of one value.
func (e *enumeration) exactly(value uint64) (string, bool) {
	for i, v := range e.values {
		if v == value {
			return e.names[i], true
		}
	}
	return "", false
}

// render names a value, a combination of flags as A|B; what has no name is a
// number.
func (e *enumeration) render(value uint64) string {
	if name, ok := e.exactly(value); ok {
		return name
	}
	if !e.flags {
		return fmt.Sprintf("%s(%d)", e.typ, value)
	}
	text := ""
	add := func(s string) {
		if text != "" {
			text += "|"
		}
		text += s
	}
	for i, v := range e.values {
		if v != 0 && v&(v-1) == 0 && value&v != 0 {
			add(e.names[i])
			value &^= v
		}
	}
	if value != 0 || text == "" {
		add(strconv.FormatUint(value, 10))
	}
	return text
}
