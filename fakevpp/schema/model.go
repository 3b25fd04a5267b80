// Package schema knows the layout of VPP's API messages and moves values
// between the wire and Go structs.
//
// A Message is a neutral description of one version of a message: its name,
// CRC, header and fields. Bindings makes them from the govpp bindings that are
// linked into the program, of whichever VPP versions those were generated, and
// APIFiles from the *.api.json files that a VPP installs; several versions of one
// message stand side by side. A Decoder or Encoder is a
// plan between one Message and one Go struct, compiled once; View reads and
// writes single fields of a message on the wire by their VPP names.
//
// fakevpp uses the package for everything it receives and sends. The package
// must not know what any message means.
package schema

import (
	"fmt"
	"strings"
	"sync"
)

// Kind says which header a message has on the wire, as govpp's MessageType
// does. Every header starts with the u16 message id.
type Kind uint8

const (
	// Request: u16 id, u32 client_index, u32 context.
	Request Kind = iota
	// Reply: u16 id, u32 context. Details messages are replies, too.
	Reply
	// Event: u16 id, u32 client_index.
	Event
	// Other: u16 id.
	Other
)

// HeaderSize returns the number of bytes before the first field.
func (k Kind) HeaderSize() int { return [...]int{10, 6, 6, 2}[k] }

// String returns the kind in lower case.
func (k Kind) String() string { return [...]string{"request", "reply", "event", "other"}[k] }

// Message describes one version of one message.
type Message struct {
	// Name is VPP's name, such as "ip_route_add_del".
	Name string
	// CRC is the layout's checksum as in the message table, 8 hex digits.
	CRC string
	// Kind is the message's header.
	Kind Kind
	// Module is the API file that defines the message, without ".api".
	Module string
	// Source names the set of definitions the message belongs to: one VPP
	// version's bindings. A request is answered with messages of its own set.
	Source string
	// Options are the message's options in the API file, such as "deprecated";
	// bindings do not carry them.
	Options string

	read   sync.Once // fills fields from body
	fields []Field
	// Of messages of a catalogue, whose layout waits for its first use.
	catalog *Catalog
	body    string
}

// Fields lists what follows the header, in wire order. The slice must not be
// changed.
func (m *Message) Fields() []Field {
	if m.catalog != nil {
		m.read.Do(func() { m.fields, _ = m.catalog.layout(m) }) // checked when the catalogue was made
	}
	return m.fields
}

// Key returns the message's name in VPP's message table, "name_crc".
func (m *Message) Key() string { return m.Name + "_" + m.CRC }

// MinSize returns the wire size in bytes, header included, with every vector
// and variable string empty.
func (m *Message) MinSize() int { return m.Kind.HeaderSize() + minSize(m.Fields()) }

// Field returns the top-level field of that name, or nil.
func (m *Message) Field(name string) *Field {
	fields := m.Fields()
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

// Field is a named part of a message or struct.
type Field struct {
	Name string
	Type *Type
}

// Class is the sort of a Type.
type Class uint8

// Classes.
const (
	Bool   Class = iota // one byte, 0 or 1
	Uint                // big-endian, Size 1, 2, 4 or 8
	Int                 // the same, two's complement
	Float               // little-endian IEEE 754, Size 8
	Text                // NUL-padded text of Size bytes; Size 0: u32 length and bytes
	Struct              // Fields in order
	Union               // Size opaque bytes
	Array               // Len elements
	Vector              // as many elements as the field Count of the same struct says
)

// Type describes a value on the wire.
type Type struct {
	Class Class
	// Name is VPP's name where the type has one, such as "address" or
	// "if_status_flags".
	Name string
	// Size is the wire size in bytes of scalars, fixed text and unions.
	Size int
	// Len is an Array's number of elements.
	Len int
	// Count is the field, earlier in the same struct, that holds a Vector's
	// number of elements.
	Count string
	// Elem is the type of an Array's or Vector's elements.
	Elem *Type
	// Fields are a Struct's, or the members of a Union where they are known.
	Fields []Field
	// Enum renders a value of an enumeration by its name; nil for plain numbers.
	Enum func(value uint64) string

	enum *enumeration // of types from API files
}

// fixed returns the type's wire size, and false if it depends on the value.
func (t *Type) fixed() (int, bool) {
	switch t.Class {
	case Text:
		return t.Size, t.Size > 0
	case Vector:
		return 0, false
	case Array:
		n, ok := t.Elem.fixed()
		return n * t.Len, ok
	case Struct:
		total := 0
		for i := range t.Fields {
			n, ok := t.Fields[i].Type.fixed()
			if !ok {
				return 0, false
			}
			total += n
		}
		return total, true
	}
	return t.Size, true
}

// minSize returns the size of fields with everything variable empty.
func minSize(fields []Field) int {
	total := 0
	for i := range fields {
		total += fields[i].Type.minSize()
	}
	return total
}

func (t *Type) minSize() int {
	switch t.Class {
	case Text:
		if t.Size == 0 {
			return 4
		}
		return t.Size
	case Vector:
		return 0
	case Array:
		return t.Len * t.Elem.minSize()
	case Struct:
		return minSize(t.Fields)
	}
	return t.Size
}

// isByte says if elements of the type are plain bytes.
func (t *Type) isByte() bool { return t.Class == Uint && t.Size == 1 && t.Enum == nil }

// fold reduces a VPP name and a Go name to the same text: SwIfIndex and
// sw_if_index, TableID and table_id.
func fold(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

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
