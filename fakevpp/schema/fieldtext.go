package schema

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// FieldText returns the fields that are not zero as text, without the message's
// name: "{sw_if_index: 1, flags: IF_STATUS_API_FLAG_ADMIN_UP}". ParseFieldText
// reads it back. exact is false if that would lose something, such as bytes
// behind the end of a string.
func (v *View) FieldText() (text string, exact bool) {
	text = strings.TrimPrefix(v.String(), v.Message.Name)
	back, err := ParseFieldText(v.Message, text)
	size := v.Message.Kind.HeaderSize()
	return text, err == nil && len(v.Data) >= size && bytes.Equal(back[size:], v.Data[size:])
}

// ParseFieldText makes a message of the text of its fields; its header is zero.
// Fields that are left out are zero, lengths of vectors follow from the vectors.
func ParseFieldText(m *Message, text string) ([]byte, error) {
	p := &fieldParser{rest: text}
	b, err := p.fields(make([]byte, m.Kind.HeaderSize()), m.Fields())
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = p.fail("nothing more")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	return b, nil
}

// fieldParser reads text from the left.
type fieldParser struct {
	rest  string
	depth int
}

func (p *fieldParser) fail(want string) error {
	return fmt.Errorf("%q: expected %s", p.rest[:min(len(p.rest), 30)], want)
}

// take takes a token off the text.
func (p *fieldParser) take(token string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " "), token)
	if ok {
		p.rest = rest
	}
	return ok
}

// word takes what stands before a comma, a closing bracket or the end.
func (p *fieldParser) word() string {
	s := strings.TrimLeft(p.rest, " ")
	n := strings.IndexAny(s, ",]}")
	if n < 0 {
		n = len(s)
	}
	p.rest = s[n:]
	return strings.TrimSpace(s[:n])
}

// fields reads "{name: value, name: value}" in the order of the message.
func (p *fieldParser) fields(b []byte, fields []Field) ([]byte, error) {
	if p.depth++; p.depth > 32 {
		return nil, p.fail("fewer structs in each other")
	}
	defer func() { p.depth-- }()
	if !p.take("{") {
		return nil, p.fail("{")
	}
	counts := make(map[string]int) // where the lengths are
	first := true
	for i := range fields {
		f := &fields[i]
		if isLength(fields, i) {
			counts[f.Name] = len(b)
			b = append(b, make([]byte, f.Type.Size)...)
			continue
		}
		given := p.name(f.Name, first)
		first = first && !given
		var err error
		if b, err = p.field(b, f, given, counts, fields); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	if !p.take("}") {
		return nil, p.fail("} or a field that the message has, in its order")
	}
	return b, nil
}

// name takes "name:" if it comes next.
func (p *fieldParser) name(name string, first bool) bool {
	before := p.rest
	if (first || p.take(",")) && p.take(name+":") {
		return true
	}
	p.rest = before
	return false
}

func (p *fieldParser) field(b []byte, f *Field, given bool, counts map[string]int, fields []Field) ([]byte, error) {
	if f.Type.Class != Vector {
		if !given {
			return append(b, make([]byte, f.Type.minSize())...), nil
		}
		return p.value(b, f.Type)
	}
	if !given {
		return b, nil
	}
	start := len(b)
	b, n, err := p.elements(b, f.Type.Elem)
	if err != nil {
		return nil, err
	}
	at, ok := counts[f.Type.Count]
	size := lengthSize(fields, f.Type.Count)
	if !ok || size < 8 && uint64(n)>>(8*size) != 0 {
		return nil, fmt.Errorf("%d elements at %d do not fit the length %s", n, start, f.Type.Count)
	}
	putUint(b[at:at+size], uint64(n))
	return b, nil
}

func lengthSize(fields []Field, name string) int {
	for i := range fields {
		if fields[i].Name == name {
			return fields[i].Type.Size
		}
	}
	return 0
}

func putUint(b []byte, v uint64) {
	for i := range b {
		b[len(b)-1-i] = byte(v >> (8 * i))
	}
}

// elements reads a vector's elements: hexadecimal bytes or "[a, b]".
func (p *fieldParser) elements(b []byte, t *Type) ([]byte, int, error) {
	if t.isByte() {
		raw, err := hex.DecodeString(p.word())
		return append(b, raw...), len(raw), err
	}
	if !p.take("[") {
		return nil, 0, p.fail("[")
	}
	n := 0
	for ; !p.take("]"); n++ {
		if n > 0 && !p.take(",") {
			return nil, 0, p.fail(", or ]")
		}
		before := len(b)
		var err error
		if b, err = p.value(b, t); err != nil {
			return nil, 0, err
		}
		if len(b) == before {
			return nil, 0, p.fail("elements with a size")
		}
	}
	return b, n, nil
}

// value reads one value.
func (p *fieldParser) value(b []byte, t *Type) ([]byte, error) {
	if size, ok := t.fixed(); ok {
		if _, isPrefix := prefixIn(t, make([]byte, size)); isPrefix {
			return p.prefix(b, t)
		}
		if _, _, isAddr := addressIn(t, make([]byte, size)); isAddr {
			return p.addr(b, t)
		}
	}
	switch t.Class {
	case Bool:
		v, err := strconv.ParseBool(p.word())
		if err != nil {
			return nil, err
		}
		return append(b, map[bool]byte{true: 1}[v]), nil
	case Uint, Int:
		return p.number(b, t)
	case Float:
		v, err := strconv.ParseFloat(p.word(), 64)
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v)), err
	case Text:
		return p.text(b, t)
	case Struct:
		return p.fields(b, t.Fields)
	case Union:
		return p.bytes(b, t.Size)
	}
	return p.array(b, t)
}

func (p *fieldParser) bytes(b []byte, size int) ([]byte, error) {
	raw, err := hex.DecodeString(p.word())
	if err == nil && len(raw) != size {
		err = fmt.Errorf("%d bytes, expected %d", len(raw), size)
	}
	return append(b, raw...), err
}

func (p *fieldParser) array(b []byte, t *Type) ([]byte, error) {
	if t.Name == "mac_address" && t.Len == 6 {
		raw, err := hex.DecodeString(strings.ReplaceAll(p.word(), ":", ""))
		if err == nil && len(raw) != 6 {
			err = fmt.Errorf("%d bytes, expected 6", len(raw))
		}
		return append(b, raw...), err
	}
	if t.Elem.isByte() {
		return p.bytes(b, t.Len)
	}
	b, n, err := p.elements(b, t.Elem)
	if err == nil && n != t.Len {
		err = fmt.Errorf("%d elements, expected %d", n, t.Len)
	}
	return b, err
}

// number reads a number, "~0", or an enumeration's names joined by "|".
func (p *fieldParser) number(b []byte, t *Type) ([]byte, error) {
	var value uint64
	for _, word := range strings.Split(p.word(), "|") {
		v, err := numberOf(t, strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		value |= v
	}
	if high := int64(value) >> (8*t.Size - 1); t.Size < 8 && value>>(8*t.Size) != 0 && (t.Class == Uint || high != -1) {
		return nil, fmt.Errorf("%d does not fit %d bytes", value, t.Size)
	}
	b = append(b, make([]byte, t.Size)...)
	putUint(b[len(b)-t.Size:], value)
	return b, nil
}

func numberOf(t *Type, word string) (uint64, error) {
	if t.enum != nil {
		for i, name := range t.enum.names {
			if name == word {
				return t.enum.values[i], nil
			}
		}
		if inner, ok := strings.CutPrefix(word, t.enum.typ+"("); ok {
			word = strings.TrimSuffix(inner, ")")
		}
	}
	if word == "~0" {
		return 1<<(8*t.Size) - 1, nil
	}
	if t.Class == Int {
		v, err := strconv.ParseInt(word, 10, 64)
		return uint64(v), err
	}
	return strconv.ParseUint(word, 10, 64)
}

// text reads a quoted string.
func (p *fieldParser) text(b []byte, t *Type) ([]byte, error) {
	p.rest = strings.TrimLeft(p.rest, " ")
	quoted, err := strconv.QuotedPrefix(p.rest)
	if err != nil {
		return nil, p.fail("a quoted string")
	}
	p.rest = p.rest[len(quoted):]
	s, err := strconv.Unquote(quoted)
	if err != nil {
		return nil, err
	}
	if t.Size == 0 {
		return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...), nil
	}
	if len(s) > t.Size {
		return nil, fmt.Errorf("%d bytes of text, at most %d fit", len(s), t.Size)
	}
	return append(append(b, s...), make([]byte, t.Size-len(s))...), nil
}

func (p *fieldParser) addr(b []byte, t *Type) ([]byte, error) {
	a, err := netip.ParseAddr(p.word())
	if err != nil {
		return nil, err
	}
	return appendAddr(b, t, a)
}

func (p *fieldParser) prefix(b []byte, t *Type) ([]byte, error) {
	text := p.word()
	host, bits, _ := strings.Cut(text, "/")
	a, err := netip.ParseAddr(host)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(bits, 10, 8)
	if err != nil {
		return nil, err
	}
	b, err = appendAddr(b, t.Fields[0].Type, a)
	return append(b, byte(n)), err
}

// appendAddr appends an address in the layout of its type.
func appendAddr(b []byte, t *Type, a netip.Addr) ([]byte, error) {
	family, size := addressLayout(t)
	raw := a.AsSlice()
	if len(raw) > size || family == 0 && len(raw) != size {
		return nil, fmt.Errorf("%v, expected an address of %d bytes", a, size)
	}
	if family > 0 {
		b = append(b, make([]byte, family)...)
		if a.Is6() {
			b[len(b)-1] = familyIP6
		}
	}
	return append(append(b, raw...), make([]byte, size-len(raw))...), nil
}

// Leaf is a value inside a message.
type Leaf struct {
	// Path names it, "paths[0].sw_if_index".
	Path string
	Type *Type
	// Raw is its wire form and shares the message.
	Raw []byte
}

// Text renders the value as in FieldText.
func (l Leaf) Text() string {
	n := len(l.Raw)
	b, err := appendValue(nil, l.Type, l.Raw, 0, n)
	if err != nil {
		return hex.EncodeToString(l.Raw)
	}
	return string(b)
}

// Values lists the values of a message in wire order, with structs and vectors
// taken apart; addresses, prefixes and strings of bytes are one value each. An
// error says where the message ends early; what comes before is returned.
func (v *View) Values() ([]Leaf, error) {
	if len(v.Data) < v.Message.Kind.HeaderSize() {
		return nil, &Error{Message: v.Message.Name, Offset: len(v.Data), Problem: "shorter than its header"}
	}
	w := leafWalker{data: v.Data}
	err := w.fields(v.Message.Fields(), v.Message.Kind.HeaderSize(), "")
	return w.list, err
}

type leafWalker struct {
	data []byte
	list []Leaf
}

func (w *leafWalker) fields(fields []Field, pos int, path string) error {
	return walk(fields, w.data, pos, func(f *Field, at, n int) (bool, error) {
		return true, w.value(f.Type, at, n, join(path, f.Name))
	})
}

func (w *leafWalker) value(t *Type, pos, n int, path string) error {
	size, err := sizeAt(t, w.data, pos, n)
	if err != nil {
		return err
	}
	raw := w.data[pos : pos+size : pos+size]
	_, isPrefix := prefixIn(t, raw)
	_, addr := addressLayout(t)
	switch {
	case isPrefix || addr > 0:
	case t.Class == Struct:
		return w.fields(t.Fields, pos, path)
	case (t.Class == Array || t.Class == Vector) && !t.Elem.isByte():
		if t.Class == Array {
			n = t.Len
		}
		for i := range n {
			size, err := sizeAt(t.Elem, w.data, pos, 0)
			if err != nil {
				return err
			}
			if err := w.value(t.Elem, pos, 0, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
			pos += size
		}
		return nil
	}
	w.list = append(w.list, Leaf{Path: path, Type: t, Raw: raw})
	return nil
}
