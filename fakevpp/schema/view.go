package schema

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"go.fd.io/govpp/api"
	"go.fd.io/govpp/codec"
)

// View reads and writes a message on the wire, field by field. A field is named
// by its path in VPP's names: "sw_if_index", "route.table_id",
// "route.paths[0].sw_if_index".
type View struct {
	// Message is the layout.
	Message *Message
	// Data is the message from its id on.
	Data []byte
}

// Name returns the message's name.
func (v *View) Name() string { return v.Message.Name }

// find returns the type and place of a field; n is a Vector's length.
func (v *View) find(path string) (t *Type, pos, n int, err error) {
	t, pos = &Type{Class: Struct, Fields: v.Message.Fields()}, v.Message.Kind.HeaderSize()
	if len(v.Data) < pos {
		return nil, 0, 0, fmt.Errorf("%s: %d bytes, the header alone has %d", v.Message.Name, len(v.Data), pos)
	}
	for rest := path; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(rest, ".")
		t, pos, n, err = v.step(t, pos, name)
		if err != nil {
			return nil, 0, 0, fmt.Errorf("%s: field %q: %w", v.Message.Name, path, err)
		}
	}
	return t, pos, n, nil
}

// step goes from a struct to its field "name" or "name[index]".
func (v *View) step(t *Type, pos int, name string) (*Type, int, int, error) {
	name, index, indexed := strings.Cut(strings.TrimSuffix(name, "]"), "[")
	var found *Field
	var at, n int
	err := walk(t.Fields, v.Data, pos, func(f *Field, p, count int) (bool, error) {
		if f.Name == name {
			found, at, n = f, p, count
			return false, nil
		}
		return true, nil
	})
	if err != nil {
		return nil, 0, 0, err
	}
	if found == nil {
		return nil, 0, 0, fmt.Errorf("%s has no field %q", t, name)
	}
	if !indexed {
		return found.Type, at, n, nil
	}
	return v.element(found.Type, at, n, index)
}

// element goes from an array or vector to one of its elements.
func (v *View) element(t *Type, pos, n int, index string) (*Type, int, int, error) {
	if t.Class == Array {
		n = t.Len
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= n {
		return nil, 0, 0, fmt.Errorf("index %q of %d elements", index, n)
	}
	size, err := sizeOfMany(t.Elem, v.Data, pos, i)
	return t.Elem, pos + size, 0, err
}

// scalar is find for a field of one of the classes.
func (v *View) scalar(path string, classes ...Class) (*Type, int, error) {
	t, pos, _, err := v.find(path)
	if err != nil {
		return nil, 0, err
	}
	for _, c := range classes {
		if t.Class == c {
			return t, pos, nil
		}
	}
	return nil, 0, fmt.Errorf("%s: field %q is a %s", v.Message.Name, path, t)
}

// Uint returns a number, enumeration or bool.
func (v *View) Uint(path string) (uint64, error) {
	t, pos, err := v.scalar(path, Uint, Int, Bool)
	if err != nil {
		return 0, err
	}
	return loadUint(v.Data[pos:], t.Size), nil
}

// Int returns a number with its sign, such as "retval".
func (v *View) Int(path string) (int64, error) {
	t, pos, err := v.scalar(path, Uint, Int, Bool)
	if err != nil {
		return 0, err
	}
	return loadInt(v.Data[pos:], t.Size), nil
}

// Text returns a string up to its NUL.
func (v *View) Text(path string) (string, error) {
	t, pos, err := v.scalar(path, Text)
	if err != nil {
		return "", err
	}
	size, err := sizeAt(t, v.Data, pos, 0)
	if err != nil {
		return "", err
	}
	if t.Size == 0 {
		return string(v.Data[pos+4 : pos+size]), nil
	}
	return cString(v.Data[pos : pos+size]), nil
}

// Bytes returns the wire form of any field; it shares the message.
func (v *View) Bytes(path string) ([]byte, error) {
	t, pos, n, err := v.find(path)
	if err != nil {
		return nil, err
	}
	size, err := sizeAt(t, v.Data, pos, n)
	if err != nil {
		return nil, fmt.Errorf("%s: field %q: %w", v.Message.Name, path, err)
	}
	return v.Data[pos : pos+size], nil
}

// Addr returns an address.
func (v *View) Addr(path string) (netip.Addr, error) {
	t, _, _, err := v.find(path)
	if err != nil {
		return netip.Addr{}, err
	}
	b, err := v.Bytes(path)
	if err != nil {
		return netip.Addr{}, err
	}
	a, _, ok := addressIn(t, b)
	if !ok {
		return netip.Addr{}, fmt.Errorf("%s: field %q is a %s, no address", v.Message.Name, path, t)
	}
	return a, nil
}

// Prefix returns a prefix with its host bits.
func (v *View) Prefix(path string) (netip.Prefix, error) {
	t, _, _, err := v.find(path)
	if err != nil {
		return netip.Prefix{}, err
	}
	b, err := v.Bytes(path)
	if err != nil {
		return netip.Prefix{}, err
	}
	p, ok := prefixIn(t, b)
	if !ok {
		return netip.Prefix{}, fmt.Errorf("%s: field %q is a %s, no prefix", v.Message.Name, path, t)
	}
	return p, nil
}

// SetUint changes a number, enumeration or bool; the length of a vector cannot
// be changed this way (see Replace).
func (v *View) SetUint(path string, value uint64) error {
	t, pos, err := v.scalar(path, Uint, Int, Bool)
	if err != nil {
		return err
	}
	if t.Size < 8 && value>>(8*t.Size) != 0 && int64(value)>>(8*t.Size-1) != -1 {
		return fmt.Errorf("%s: field %q: %d does not fit %d bytes", v.Message.Name, path, value, t.Size)
	}
	switch t.Size {
	case 1:
		v.Data[pos] = byte(value)
	case 2:
		binary.BigEndian.PutUint16(v.Data[pos:], uint16(value))
	case 4:
		binary.BigEndian.PutUint32(v.Data[pos:], uint32(value))
	default:
		binary.BigEndian.PutUint64(v.Data[pos:], value)
	}
	return nil
}

// SetInt is SetUint with sign.
func (v *View) SetInt(path string, value int64) error { return v.SetUint(path, uint64(value)) }

// SetText changes a string of fixed size; one byte stays NUL.
func (v *View) SetText(path, value string) error {
	t, pos, err := v.scalar(path, Text)
	if err != nil {
		return err
	}
	if len(value) >= t.Size {
		return fmt.Errorf("%s: field %q: %d bytes of text, at most %d fit", v.Message.Name, path, len(value), t.Size-1)
	}
	clear(v.Data[pos : pos+t.Size])
	copy(v.Data[pos:], value)
	return nil
}

// SetBytes changes the wire form of any field to one of the same size.
func (v *View) SetBytes(path string, value []byte) error {
	b, err := v.Bytes(path)
	if err != nil {
		return err
	}
	if len(b) != len(value) {
		return fmt.Errorf("%s: field %q: %d bytes, expected %d", v.Message.Name, path, len(value), len(b))
	}
	copy(b, value)
	return nil
}

// Decode fills the message's govpp binding.
func (v *View) Decode(dst api.Message) error {
	if err := v.matches(dst); err != nil {
		return err
	}
	if err := codec.DecodeMsg(v.Data, dst); err != nil {
		return fmt.Errorf("decode %s: %w", v.Message.Name, err)
	}
	return nil
}

// Replace changes the whole message to src, a govpp binding of the same name
// and CRC; the header stays.
func (v *View) Replace(src api.Message) error {
	if err := v.matches(src); err != nil {
		return err
	}
	data, err := codec.EncodeMsg(src, 0)
	if err != nil {
		return fmt.Errorf("encode %s: %w", v.Message.Name, err)
	}
	v.Data = append(v.Data[:v.Message.Kind.HeaderSize():v.Message.Kind.HeaderSize()], data[v.Message.Kind.HeaderSize():]...)
	return nil
}

// matches checks that m is a binding of the view's message.
func (v *View) matches(m api.Message) error {
	if m.GetMessageName() != v.Message.Name || m.GetCrcString() != v.Message.CRC {
		return fmt.Errorf("binding of %s_%s, expected %s", m.GetMessageName(), m.GetCrcString(), v.Message.Key())
	}
	return nil
}

// addressIn decodes an address; withFamily says if it carried its family.
func addressIn(t *Type, b []byte) (a netip.Addr, withFamily, ok bool) {
	family, size := addressLayout(t)
	switch {
	case size == 0:
		return netip.Addr{}, false, false
	case family > 0:
		return familyAddr(loadUint(b, family), b[family:]), true, true
	}
	a, ok = netip.AddrFromSlice(b)
	return a, false, ok
}

// prefixIn decodes a prefix.
func prefixIn(t *Type, b []byte) (netip.Prefix, bool) {
	if t.Class != Struct || len(t.Fields) != 2 || t.Fields[1].Type.Class != Uint || t.Fields[1].Type.Size != 1 {
		return netip.Prefix{}, false
	}
	a, _, ok := addressIn(t.Fields[0].Type, b[:len(b)-1])
	return netip.PrefixFrom(a, int(b[len(b)-1])), ok
}

// String renders the message with the fields that are not zero, for logs:
// "sw_interface_set_flags{sw_if_index: 1, flags: IF_STATUS_API_FLAG_ADMIN_UP}".
func (v *View) String() string {
	b := append([]byte(v.Message.Name), '{')
	if len(v.Data) < v.Message.Kind.HeaderSize() {
		return string(append(b, "truncated}"...))
	}
	b, err := appendFields(b, v.Message.Fields(), v.Data, v.Message.Kind.HeaderSize())
	if err != nil {
		b = append(b, " ("...)
		b = append(b, err.Error()...)
		b = append(b, ')')
	}
	return string(append(b, '}'))
}

func appendFields(b []byte, fields []Field, data []byte, pos int) ([]byte, error) {
	first := true
	i := -1
	err := walk(fields, data, pos, func(f *Field, at, n int) (bool, error) {
		i++
		size, err := sizeAt(f.Type, data, at, n)
		if err != nil || isZero(data[at:at+size]) || isLength(fields, i) {
			return true, err
		}
		if !first {
			b = append(b, ", "...)
		}
		first = false
		b = append(append(b, f.Name...), ": "...)
		b, err = appendValue(b, f.Type, data, at, n)
		return true, err
	})
	return b, err
}

func appendValue(b []byte, t *Type, data []byte, pos, n int) ([]byte, error) {
	size, err := sizeAt(t, data, pos, n)
	if err != nil {
		return b, err
	}
	raw := data[pos : pos+size]
	if p, ok := prefixIn(t, raw); ok {
		return append(b, p.String()...), nil
	}
	if a, _, ok := addressIn(t, raw); ok {
		return append(b, a.String()...), nil
	}
	switch t.Class {
	case Bool:
		return strconv.AppendBool(b, raw[0] != 0), nil
	case Uint, Int:
		return appendNumber(b, t, raw), nil
	case Float:
		return strconv.AppendFloat(b, math.Float64frombits(binary.LittleEndian.Uint64(raw)), 'g', -1, 64), nil
	case Text:
		if t.Size == 0 {
			raw = raw[4:]
		}
		return strconv.AppendQuote(b, cString(raw)), nil
	case Struct:
		b, err = appendFields(append(b, '{'), t.Fields, data, pos)
		return append(b, '}'), err
	case Union:
		return fmt.Appendf(b, "%x", raw), nil
	case Array:
		return appendElements(b, t, data, pos, t.Len)
	}
	return appendElements(b, t, data, pos, n)
}

func appendNumber(b []byte, t *Type, raw []byte) []byte {
	value := loadUint(raw, t.Size)
	switch {
	case t.Enum != nil:
		return append(b, t.Enum(value)...)
	case t.Class == Int:
		return strconv.AppendInt(b, loadInt(raw, t.Size), 10)
	case t.Size == 4 && value == math.MaxUint32:
		return append(b, "~0"...)
	}
	return strconv.AppendUint(b, value, 10)
}

func appendElements(b []byte, t *Type, data []byte, pos, n int) ([]byte, error) {
	if t.Name == "mac_address" && n == 6 {
		m := data[pos : pos+6]
		return fmt.Appendf(b, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]), nil
	}
	if t.Elem.isByte() {
		return fmt.Appendf(b, "%x", data[pos:pos+n]), nil
	}
	b = append(b, '[')
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		var err error
		if b, err = appendValue(b, t.Elem, data, pos, 0); err != nil {
			return b, err
		}
		size, err := sizeAt(t.Elem, data, pos, 0)
		if err != nil {
			return b, err
		}
		pos += size
	}
	return append(b, ']'), nil
}

// isZero says if all bytes are zero.
func isZero(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.NativeEndian.Uint64(b) != 0 {
			return false
		}
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
