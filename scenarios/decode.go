package scenarios

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Limits against files made to exhaust the reader: aliases can make a small file describe a huge tree.
const (
	maxDepth = 64
	maxNodes = 1 << 20
)

// decoder fills Go values from YAML nodes by the fields' tags. Unlike yaml.Node.Decode it goes on after an error,
// and says for each where it is and what was expected there.
type decoder struct {
	collector
	depth, nodes int
}

// nodeDecoder is implemented by types that a file may write in more than one way.
type nodeDecoder interface {
	decodeNode(d *decoder, n *yaml.Node, path string)
}

// enumerated is implemented by string types with a fixed set of values.
type enumerated interface{ values() []string }

var (
	addrType   = reflect.TypeFor[netip.Addr]()
	prefixType = reflect.TypeFor[netip.Prefix]()
)

// parseYAML returns the root node of a one-document file.
func (d *decoder) parseYAML(data []byte) *yaml.Node {
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		d.syntax(err)
		return nil
	}
	if dec.Decode(&more) == nil {
		d.at(position{more.Line, more.Column}, "", "a second YAML document starts here; expected one scenario per file")
		return nil
	}
	if len(doc.Content) != 1 {
		d.at(position{1, 1}, "", "the file is empty; expected a scenario")
		return nil
	}
	return doc.Content[0]
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// syntax reports an error of the YAML parser, whose messages carry the line as text.
func (d *decoder) syntax(err error) {
	pos := position{1, 1}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		pos.line, _ = strconv.Atoi(m[1])
	}
	msg := yamlLine.ReplaceAllString(strings.TrimPrefix(err.Error(), "yaml: "), "")
	msg = strings.TrimPrefix(msg, ": ")
	if msg == "EOF" {
		msg = "the file is empty; expected a scenario"
	}
	if strings.HasPrefix(msg, "did not find expected '") { // a list or mapping does not go on: the parser tells where it began
		msg += " in what begins here or in the next line"
	}
	d.at(pos, "", "not valid YAML: %s", msg)
}

// value decodes n into v, which must be settable.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	d.depth++
	d.nodes++
	defer func() { d.depth-- }()
	if d.depth > maxDepth || d.nodes > maxNodes {
		if d.nodes <= maxNodes+1 || d.depth == maxDepth+1 {
			d.wrong(n, path, "nested or repeated too deeply")
		}
		return
	}
	if n.Kind == yaml.AliasNode {
		d.value(n.Alias, v, path)
		return
	}
	d.positions[path] = position{n.Line, n.Column}
	if nd, ok := v.Addr().Interface().(nodeDecoder); ok {
		nd.decodeNode(d, n, path)
		return
	}
	d.plain(n, v, path)
}

// plain decodes n into v by v's kind.
func (d *decoder) plain(n *yaml.Node, v reflect.Value, path string) {
	switch {
	case v.Type() == addrType || v.Type() == prefixType:
		d.address(n, v, path)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), path)
	case v.Kind() == reflect.Struct:
		d.structure(n, v, path)
	case v.Kind() == reflect.Slice:
		d.list(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

func (d *decoder) wrong(n *yaml.Node, path, format string, args ...any) {
	d.at(position{n.Line, n.Column}, path, format, args...)
}

// structure decodes a mapping into a struct, strictly.
func (d *decoder) structure(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, path, "is %s; expected a mapping with the fields %s", describe(n), fieldNames(v.Type()))
		return
	}
	fields := fieldsOf(v.Type())
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		name := key.Value
		idx := slices.IndexFunc(fields, func(f specField) bool { return f.name == name })
		sub := join(path, name)
		switch {
		case idx < 0:
			d.wrong(key, sub, "unknown field; expected one of %s%s", fieldNames(v.Type()), suggest(name, fields))
		case seen[name]:
			d.wrong(key, sub, "the field is there twice")
		default:
			seen[name] = true
			d.field1(val, v, fields[idx], sub)
		}
	}
	for _, f := range fields {
		if f.required && !seen[f.name] {
			d.wrong(n, join(path, f.name), "the field is missing")
		}
	}
}

// field1 decodes one field's value and checks its range.
func (d *decoder) field1(n *yaml.Node, v reflect.Value, f specField, path string) {
	fv := v.FieldByIndex(f.index)
	before := len(d.problems)
	d.value(n, fv, path)
	if len(d.problems) > before {
		return
	}
	if f.required && fv.IsZero() && fv.Kind() != reflect.Int {
		d.wrong(n, path, "is empty")
	}
	if fv.Kind() == reflect.Pointer && !fv.IsNil() {
		fv = fv.Elem()
	}
	if fv.Kind() == reflect.Int && (f.min != "" || f.max != "") {
		d.inRange(n, int(fv.Int()), f, path)
	}
}

func (d *decoder) inRange(n *yaml.Node, got int, f specField, path string) {
	low, _ := strconv.Atoi(f.min)
	high, _ := strconv.Atoi(f.max)
	if got < low || got > high {
		d.wrong(n, path, "is %d; expected a number from %s to %s", got, f.min, f.max)
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.ScalarNode && v.Type().Elem().Kind() == reflect.String && n.Tag != "!!null" {
		v.Set(reflect.MakeSlice(v.Type(), 1, 1)) // one string stands for a list of one
		d.value(n, v.Index(0), path+"[0]")
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, path, "is %s; expected a list", describe(n))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		d.value(item, out.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(out)
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.wrong(n, path, "is %s; expected %s", describe(n), kindName(v))
		return
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
		if e, ok := v.Interface().(enumerated); ok && !slices.Contains(e.values(), n.Value) {
			d.wrong(n, path, "is %q; expected one of %s", n.Value, strings.Join(e.values(), ", "))
		}
		return
	case reflect.Bool:
		var b bool
		err = n.Decode(&b)
		v.SetBool(b)
	case reflect.Int:
		var i int
		err = n.Decode(&i)
		if n.Tag != "!!int" {
			err = errors.New("not an integer")
		}
		v.SetInt(int64(i))
	case reflect.Uint64:
		var u uint64
		err = n.Decode(&u)
		v.SetUint(u)
	default:
		err = fmt.Errorf("no decoder for %s", v.Type())
	}
	if err != nil {
		d.wrong(n, path, "is %s; expected %s", describe(n), kindName(v))
	}
}

func (d *decoder) address(n *yaml.Node, v reflect.Value, path string) {
	var err error
	switch p := v.Addr().Interface().(type) {
	case *netip.Addr:
		if *p, err = netip.ParseAddr(n.Value); err == nil && p.Zone() != "" {
			err = errors.New("zone")
		}
		if err != nil || n.Kind != yaml.ScalarNode {
			d.wrong(n, path, "is %s; expected an IP address such as 10.0.0.1 or fd00::1", describe(n))
		}
	case *netip.Prefix:
		if *p, err = netip.ParsePrefix(n.Value); err != nil || n.Kind != yaml.ScalarNode {
			d.wrong(n, path, "is %s; expected an address with prefix length such as 10.0.0.1/24 or fd00::1/64", describe(n))
		}
	}
}

// describe names what is at a node, for messages.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "empty"
	case n.Tag == "!!str" && len(n.Value) > 40:
		return "a text"
	default:
		return strconv.Quote(n.Value)
	}
}

func kindName(v reflect.Value) string {
	if e, ok := v.Interface().(enumerated); ok {
		return "one of " + strings.Join(e.values(), ", ")
	}
	switch v.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Uint64:
		return "a whole number"
	default:
		return "a text"
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
