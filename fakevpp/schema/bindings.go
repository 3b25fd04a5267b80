package schema

import (
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"

	"go.fd.io/govpp/api"
)

// Source is one set of message definitions that belong together.
type Source struct {
	// Name tells sources apart: for bindings the import path of their parent.
	Name string
	// Messages are sorted by name and CRC, or in the order of their ids if there
	// are Modules.
	Messages []*Message
	// Modules are the API files, in the order of ids, if the source knows them.
	Modules []*Module
}

// lastSource sorts last: bindings that a client brings itself say more about the
// VPP it expects than those that govpp ships.
const lastSource = "go.fd.io/govpp/binapi"

// bindings caches the sources by the number of messages they had, because
// packages may register messages while the program runs.
var bindings struct {
	mu     sync.Mutex
	byName map[string]Source
}

// Bindings returns the messages of the govpp bindings that are linked into the
// program, as registered with api.RegisterMessage: one source per binding set,
// that is per parent of the generated packages. With paths only those sets, in
// that order; a path that nothing was registered under is an error. Sources are
// shared and must not be changed.
func Bindings(paths ...string) ([]Source, error) {
	registered := api.GetRegisteredMessages()
	if len(paths) == 0 {
		for p := range registered {
			paths = append(paths, p)
		}
		slices.SortFunc(paths, compareSources)
	}
	bindings.mu.Lock()
	defer bindings.mu.Unlock()
	var sources []Source
	for _, p := range paths {
		messages, ok := registered[p]
		if !ok {
			return nil, fmt.Errorf("bindings %q: no messages registered", p)
		}
		s, err := cachedSource(p, messages)
		if err != nil {
			return nil, fmt.Errorf("bindings %q: %w", p, err)
		}
		sources = append(sources, s)
	}
	return sources, nil
}

// compareSources orders sets by path, govpp's own last.
func compareSources(a, b string) int {
	switch {
	case a == lastSource && b != lastSource:
		return 1
	case b == lastSource && a != lastSource:
		return -1
	}
	return strings.Compare(a, b)
}

// cachedSource returns the set, converted if it is new or has grown.
func cachedSource(name string, messages map[string]api.Message) (Source, error) {
	if s, ok := bindings.byName[name]; ok && len(s.Messages) == len(messages) {
		return s, nil
	}
	s := Source{Name: name}
	r := reader{types: make(map[reflect.Type]*Type)}
	for _, m := range messages {
		msg, err := r.message(m)
		if err != nil {
			return Source{}, err
		}
		msg.Source = name
		s.Messages = append(s.Messages, msg)
	}
	slices.SortFunc(s.Messages, func(a, b *Message) int { return strings.Compare(a.Key(), b.Key()) })
	if bindings.byName == nil {
		bindings.byName = make(map[string]Source)
	}
	bindings.byName[name] = s
	return s, nil
}

// FromBinding describes the message of one generated type.
func FromBinding(m api.Message) (*Message, error) {
	r := reader{types: make(map[reflect.Type]*Type)}
	msg, err := r.message(m)
	if err != nil {
		return nil, err
	}
	msg.Source = path.Dir(reflect.TypeOf(m).Elem().PkgPath())
	return msg, nil
}

// reader converts Go types of bindings.
type reader struct{ types map[reflect.Type]*Type }

func (r *reader) message(m api.Message) (*Message, error) {
	t := reflect.TypeOf(m).Elem()
	msg := &Message{Name: m.GetMessageName(), CRC: m.GetCrcString(), Module: path.Base(t.PkgPath())}
	switch m.GetMessageType() {
	case api.RequestMessage:
		msg.Kind = Request
	case api.ReplyMessage:
		msg.Kind = Reply
	case api.EventMessage:
		msg.Kind = Event
	default:
		msg.Kind = Other
	}
	fields, err := r.fields(t)
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", msg.Key(), err)
	}
	msg.fields = fields
	return msg, nil
}

// fields converts the fields of a struct. Their layout stands in the tag
// `binapi:"TYPE[LENGTH],name=NAME"`.
func (r *reader) fields(t reflect.Type) ([]Field, error) {
	fields := make([]Field, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("binapi")
		if !ok {
			return nil, fmt.Errorf("field %s.%s: no binapi tag", t.Name(), f.Name)
		}
		decl, options, _ := strings.Cut(tag, ",")
		name := option(options, "name")
		typ, err := r.declared(f.Type, decl)
		if err != nil {
			return nil, fmt.Errorf("field %s.%s: %w", t.Name(), f.Name, err)
		}
		if typ.Class == Vector && !hasField(fields, typ.Count) {
			return nil, fmt.Errorf("field %s.%s: no field %q before it holds its length", t.Name(), f.Name, typ.Count)
		}
		fields = append(fields, Field{Name: name, Type: typ})
	}
	return fields, nil
}

// option returns the value of a key in "a=1,b=2".
func option(options, key string) string {
	for _, o := range strings.Split(options, ",") {
		if k, value, _ := strings.Cut(o, "="); k == key {
			return value
		}
	}
	return ""
}

func hasField(fields []Field, name string) bool {
	return slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name })
}

// declared converts a field's type with its declaration in the tag.
func (r *reader) declared(t reflect.Type, decl string) (*Type, error) {
	base, length, dimensioned := strings.Cut(strings.TrimSuffix(decl, "]"), "[")
	if base == "string" {
		return textType(t, length)
	}
	if !dimensioned {
		return r.named(t, base)
	}
	if t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
		return nil, fmt.Errorf("go type %s for %q: expected an array or slice", t, decl)
	}
	elem, err := r.named(t.Elem(), base)
	if err != nil {
		return nil, err
	}
	var n int
	if _, err := fmt.Sscanf(length, "%d", &n); err == nil {
		return &Type{Class: Array, Elem: elem, Len: n}, nil
	}
	return &Type{Class: Vector, Elem: elem, Count: length}, nil
}

// textType is string[n], or string[] of variable length.
func textType(t reflect.Type, length string) (*Type, error) {
	if t.Kind() != reflect.String {
		return nil, fmt.Errorf("go type %s for a string", t)
	}
	typ := &Type{Class: Text}
	if length == "" {
		return typ, nil
	}
	if _, err := fmt.Sscanf(length, "%d", &typ.Size); err != nil {
		return nil, fmt.Errorf("string length %q: %w", length, err)
	}
	return typ, nil
}

// named converts a type without dimension: a primitive, or a struct, union,
// enumeration or alias of the API.
func (r *reader) named(t reflect.Type, name string) (*Type, error) {
	if typ := r.types[t]; typ != nil {
		return typ, nil
	}
	typ, err := r.convert(t, name)
	if err != nil {
		return nil, err
	}
	r.types[t] = typ
	return typ, nil
}

func (r *reader) convert(t reflect.Type, name string) (*Type, error) {
	switch t.Kind() {
	case reflect.Bool:
		return &Type{Class: Bool, Size: 1, Name: apiName(t, name)}, nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &Type{Class: Uint, Size: int(t.Size()), Name: apiName(t, name), Enum: enumOf(t)}, nil
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &Type{Class: Int, Size: int(t.Size()), Name: apiName(t, name), Enum: enumOf(t)}, nil
	case reflect.Float64:
		return &Type{Class: Float, Size: 8, Name: apiName(t, name)}, nil
	case reflect.Array:
		elem, err := r.named(t.Elem(), "")
		if err != nil {
			return nil, err
		}
		return &Type{Class: Array, Name: apiName(t, name), Elem: elem, Len: t.Len()}, nil
	case reflect.Struct:
		if u, ok := t.FieldByName("XXX_UnionData"); ok {
			return &Type{Class: Union, Name: apiName(t, name), Size: int(u.Type.Size())}, nil
		}
		fields, err := r.fields(t)
		if err != nil {
			return nil, err
		}
		return &Type{Class: Struct, Name: apiName(t, name), Fields: fields}, nil
	}
	return nil, fmt.Errorf("go type %s: expected a number, bool, array or struct", t)
}

// apiName returns the VPP name of a type that has one: primitives have none.
func apiName(t reflect.Type, name string) string {
	if t.PkgPath() == "" {
		return ""
	}
	return name
}

// enumOf returns a function that names values of an enumeration: generated
// enumerations, unlike aliases, have a String method.
func enumOf(t reflect.Type) func(uint64) string {
	if !t.Implements(reflect.TypeFor[fmt.Stringer]()) {
		return nil
	}
	return func(value uint64) string {
		v := reflect.New(t).Elem()
		if v.CanInt() {
			v.SetInt(int64(value))
		} else {
			v.SetUint(value)
		}
		return v.Interface().(fmt.Stringer).String()
	}
}
