package scenarios

import (
	"reflect"
	"strings"
	"sync"
)

// specField is one field of the format, from a Go field's tags.
type specField struct {
	name     string
	doc      string
	required bool
	min, max string
	index    []int // for reflect.Value.FieldByIndex
	typ      reflect.Type
}

// fieldCache holds fieldsOf's results by reflect.Type: they never change.
var fieldCache sync.Map

// fieldsOf lists the fields that a mapping for struct type t may have, in the order of the type; those of inlined structs at their place.
func fieldsOf(t reflect.Type) []specField {
	if fs, ok := fieldCache.Load(t); ok {
		return fs.([]specField)
	}
	var fields []specField
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("yaml")
		switch {
		case !ok:
			continue
		case strings.HasSuffix(tag, ",inline"):
			for _, sub := range fieldsOf(f.Type) {
				sub.index = append([]int{i}, sub.index...)
				fields = append(fields, sub)
			}
		default:
			fields = append(fields, specField{
				name: tag, doc: f.Tag.Get("doc"), required: f.Tag.Get("req") == "true",
				min: f.Tag.Get("min"), max: f.Tag.Get("max"), index: []int{i}, typ: f.Type,
			})
		}
	}
	fieldCache.Store(t, fields)
	return fields
}

func fieldNames(t reflect.Type) string {
	var names []string
	for _, f := range fieldsOf(t) {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ")
}

// suggest returns a hint when a field's name is nearly the one given.
func suggest(name string, fields []specField) string {
	best, bestDist := "", 3
	for _, f := range fields {
		if dist := editDistance(strings.ToLower(name), strings.ToLower(f.name)); dist < bestDist {
			best, bestDist = f.name, dist
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// editDistance counts the single-letter changes between two short words; words of very different length count as far apart.
func editDistance(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return 40
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
