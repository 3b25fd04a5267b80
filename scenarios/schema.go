package scenarios

import (
	_ "embed"
	"encoding/json"
	"reflect"
	"strconv"
)

// Schema is the JSON schema (draft 2020-12) of scenario files, for editors. It is GenerateSchema's output.
//
//go:embed schema.json
var Schema []byte

// SchemaID identifies the schema.
const SchemaID = "https://vpptwin.dev/scenario.schema.json"

// GenerateSchema makes the JSON schema from the Go types that the parser fills.
func GenerateSchema() ([]byte, error) {
	g := schemaGenerator{defs: map[string]any{}}
	g.ref(reflect.TypeFor[Scenario]())
	root := map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     SchemaID,
		"title":   "vpptwin scenario",
		"$ref":    "#/$defs/Scenario",
		"$defs":   g.defs,
	}
	out, err := json.MarshalIndent(root, "", "  ")
	return append(out, '\n'), err
}

type schemaGenerator struct{ defs map[string]any }

// text patterns of types that are written as text.
const (
	durationPattern = `^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$|^0$`
	ratioPattern    = `^[0-9]+(\.[0-9]*)?\s*%?$`
)

func textSchema(pattern string) map[string]any {
	return map[string]any{"type": "string", "pattern": pattern}
}

// schema returns the schema of a type's values.
func (g *schemaGenerator) schema(t reflect.Type) map[string]any {
	switch t {
	case reflect.TypeFor[Duration]():
		return either(textSchema(durationPattern), map[string]any{"const": 0})
	case reflect.TypeFor[Ratio]():
		return either(textSchema(ratioPattern), map[string]any{"type": "number", "minimum": 0, "maximum": 1})
	case reflect.TypeFor[RatioRange]():
		return either(g.schema(reflect.TypeFor[Ratio]()), g.ref(t))
	case reflect.TypeFor[TimeRange]():
		return either(g.schema(reflect.TypeFor[Duration]()), g.ref(t))
	case reflect.TypeFor[IntRange]():
		return either(map[string]any{"type": "integer"}, g.ref(t))
	case reflect.TypeFor[ExpectSpec]():
		return either(g.schema(reflect.TypeFor[Result]()), g.ref(t))
	case reflect.TypeFor[WaitSpec]():
		return either(textSchema("^settled$"), textSchema(durationPattern), g.ref(t))
	case reflect.TypeFor[NodesSpec]():
		return either(map[string]any{"type": "integer", "minimum": 1, "maximum": maxClusterNodes}, map[string]any{"type": "array", "items": g.ref(reflect.TypeFor[NodeSpec]())})
	case addrType, prefixType:
		return map[string]any{"type": "string"}
	}
	return g.byKind(t)
}

func either(schemas ...map[string]any) map[string]any { return map[string]any{"anyOf": schemas} }

func (g *schemaGenerator) byKind(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return g.schema(t.Elem())
	case reflect.Struct:
		return g.ref(t)
	case reflect.Slice:
		list := map[string]any{"type": "array", "items": g.schema(t.Elem())}
		if t.Elem().Kind() == reflect.String {
			return either(g.schema(t.Elem()), list)
		}
		return list
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Uint64:
		return map[string]any{"type": "integer"}
	}
	out := map[string]any{"type": []string{"string", "number", "boolean"}} // any scalar is taken as text
	if e, ok := reflect.Zero(t).Interface().(enumerated); ok {
		out = map[string]any{"enum": e.values()}
	}
	return out
}

// ref defines a struct type once and returns a reference to it.
func (g *schemaGenerator) ref(t reflect.Type) map[string]any {
	ref := map[string]any{"$ref": "#/$defs/" + t.Name()}
	if g.defs[t.Name()] != nil {
		return ref
	}
	def := map[string]any{"type": "object", "additionalProperties": false}
	g.defs[t.Name()] = def
	props := map[string]any{}
	var required []string
	for _, f := range fieldsOf(t) {
		s := g.schema(f.typ)
		if s["$ref"] != nil {
			s = map[string]any{"allOf": []any{s}}
		}
		s["description"] = f.doc
		if n, err := strconv.Atoi(f.min); err == nil {
			s["minimum"] = n
		}
		if n, err := strconv.Atoi(f.max); err == nil {
			s["maximum"] = n
		}
		props[f.name] = s
		if f.required {
			required = append(required, f.name)
		}
	}
	def["properties"] = props
	if required != nil {
		def["required"] = required
	}
	return ref
}
