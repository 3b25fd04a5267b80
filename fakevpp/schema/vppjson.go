package schema

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// AppendJSON appends the message as VPP's own JSON (class ToJSON in
// src/tools/vppapigen/vppapigen_c.py, laid out as by cJSON_Print).
func (v *View) AppendJSON(b []byte) []byte {
	w := jsonWriter{b: b}
	w.open()
	w.key("_msgname")
	w.text(v.Message.Name)
	w.key("_crc")
	w.text(v.Message.CRC)
	if len(v.Data) >= v.Message.Kind.HeaderSize() {
		w.fields(v.Message.Fields(), v.Data, v.Message.Kind.HeaderSize())
	}
	w.close()
	return w.b
}

// jsonWriter lays out objects over several lines, arrays on one.
type jsonWriter struct {
	b     []byte
	depth int
	count []int // members of the open objects
}

func (w *jsonWriter) open() {
	w.b = append(w.b, "{\n"...)
	w.depth++
	w.count = append(w.count, 0)
}

func (w *jsonWriter) close() {
	last := len(w.count) - 1
	if w.count[last] > 0 {
		w.b = append(w.b, '\n')
	}
	w.count = w.count[:last]
	w.depth--
	w.b = append(append(w.b, strings.Repeat("\t", w.depth)...), '}')
}

func (w *jsonWriter) key(name string) {
	last := len(w.count) - 1
	if w.count[last] > 0 {
		w.b = append(w.b, ",\n"...)
	}
	w.count[last]++
	w.b = append(w.b, strings.Repeat("\t", w.depth)...)
	w.b = append(strconv.AppendQuote(w.b, name), ":\t"...)
}

// text quotes as cJSON does: control characters escaped, bytes of other scripts
// left.
func (w *jsonWriter) text(s string) {
	w.b = append(w.b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			w.b = append(w.b, '\\', c)
		case c == '\n':
			w.b = append(w.b, `\n`...)
		case c == '\r':
			w.b = append(w.b, `\r`...)
		case c == '\t':
			w.b = append(w.b, `\t`...)
		case c < ' ':
			w.b = fmt.Appendf(w.b, `\u%04x`, c)
		default:
			w.b = append(w.b, c)
		}
	}
	w.b = append(w.b, '"')
}

func (w *jsonWriter) fields(fields []Field, data []byte, pos int) {
	_ = walk(fields, data, pos, func(f *Field, at, n int) (bool, error) { // what is cut off is not shown
		size, err := sizeAt(f.Type, data, at, n)
		if err != nil {
			return false, err
		}
		w.key(f.Name)
		t := f.Type
		if t.Class == Array {
			n = t.Len
		}
		if _, byHand := vppAddress(t, data[at:at+size]); byHand || t.Class != Vector && (t.Class != Array || t.Name != "") {
			w.value(t, data[at:at+size])
			return true, nil
		}
		if t.Elem.isByte() {
			w.text(fmt.Sprintf("0x%x", data[at:at+size]))
			return true, nil
		}
		return true, w.array(t.Elem, data, at, n)
	})
}

func (w *jsonWriter) array(t *Type, data []byte, pos, n int) error {
	w.b = append(w.b, '[')
	w.depth++ // counts for what is inside, though an array has no lines of its own
	defer func() { w.depth-- }()
	for i := range n {
		if i > 0 {
			w.b = append(w.b, ", "...)
		}
		size, err := sizeAt(t, data, pos, 0)
		if err != nil {
			return err
		}
		w.value(t, data[pos:pos+size])
		pos += size
	}
	w.b = append(w.b, ']')
	return nil
}

// value appends one value; raw are its bytes.
func (w *jsonWriter) value(t *Type, raw []byte) {
	if text, ok := vppAddress(t, raw); ok {
		w.text(text)
		return
	}
	switch t.Class {
	case Bool:
		w.b = strconv.AppendBool(w.b, raw[0] != 0)
	case Uint, Int:
		w.number(t, raw)
	case Float:
		w.b = strconv.AppendFloat(w.b, math.Float64frombits(binary.LittleEndian.Uint64(raw)), 'g', -1, 64)
	case Text:
		if t.Size == 0 {
			raw = raw[4:]
		}
		w.text(cString(raw))
	case Struct:
		w.open()
		w.fields(t.Fields, raw, 0)
		w.close()
	case Union:
		w.open()
		for _, f := range t.Fields {
			if n, ok := f.Type.fixed(); ok && n <= len(raw) {
				w.fields([]Field{f}, raw[:n], 0)
			}
		}
		w.close()
	default:
		w.text(string(appendHexBytes(nil, raw)))
	}
}

// number appends a number; an enumeration's value by its name, flags as the list
// of those set.
func (w *jsonWriter) number(t *Type, raw []byte) {
	value := loadUint(raw, t.Size)
	switch {
	case t.enum != nil && t.enum.declaredFlags:
		w.b = append(w.b, '[')
		sep := ""
		for i, v := range t.enum.values {
			if v != 0 && value&v != 0 {
				w.b = append(w.b, sep...)
				w.text(t.enum.names[i])
				sep = ", "
			}
		}
		w.b = append(w.b, ']')
	case t.enum != nil:
		name, ok := t.enum.exactly(value)
		if !ok {
			name = "Invalid ENUM"
		}
		w.text(name)
	case t.Class == Int:
		w.b = strconv.AppendInt(w.b, loadInt(raw, t.Size), 10)
	default:
		w.b = strconv.AppendUint(w.b, value, 10)
	}
}
