package scenarios

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const docFile = "../docs/scenarios.md"

// TestDocsReference keeps the reference part of the documentation equal to the types.
func TestDocsReference(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(docFile)
	require.NoError(t, err)
	want := replaceBetween(string(text), "<!-- reference -->", reference())
	for _, c := range AllCapabilities() {
		require.Contains(t, want, "| `"+string(c)+"` |")
	}
	if *update {
		require.NoError(t, os.WriteFile(docFile, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(text), "run: go test ./scenarios -run TestDocs -update")
}

// TestDocsExamples parses every example of the documentation.
func TestDocsExamples(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(docFile)
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(blocks), 5)
	for _, b := range blocks {
		_, err := Parse(Library(), "example.yaml", []byte(b[1]))
		require.NoError(t, err, "%s", b[1])
	}
}

func replaceBetween(text, marker, content string) string {
	start := strings.Index(text, marker) + len(marker)
	end := start + strings.Index(text[start:], "<!-- end -->")
	return text[:start] + "\n" + content + text[end:]
}

// reference renders a table for each type that a scenario file is made of.
func reference() string {
	var b strings.Builder
	var queue []reflect.Type
	seen := map[reflect.Type]bool{}
	add := func(t reflect.Type) {
		if !seen[t] {
			seen[t] = true
			queue = append(queue, t)
		}
	}
	add(reflect.TypeFor[Scenario]())
	for i := 0; i < len(queue); i++ {
		fmt.Fprintf(&b, "\n### %s fields\n\n| field | value | |\n|---|---|---|\n", title(queue[i]))
		for _, f := range fieldsOf(queue[i]) {
			doc := strings.ReplaceAll(f.doc, "|", `\|`)
			if f.required {
				doc += " **Required.**"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.name, valueText(f.typ, add), doc)
		}
	}
	return b.String()
}

// title names a type in the reference: "ProbeSpec" is "probe".
func title(t reflect.Type) string {
	name := strings.TrimSuffix(t.Name(), "Spec")
	return strings.ToLower(name[:1]) + name[1:]
}

// valueText describes a field's values, and adds struct types to what is described.
func valueText(t reflect.Type, add func(reflect.Type)) string {
	link := func(t reflect.Type) string {
		add(t)
		return fmt.Sprintf("[%s](#%s-fields)", title(t), strings.ToLower(title(t)))
	}
	if e, ok := reflect.Zero(t).Interface().(enumerated); ok && t.Kind() == reflect.String {
		return "`" + strings.Join(e.values(), "`, `") + "`"
	}
	switch t {
	case reflect.TypeFor[Duration]():
		return "duration"
	case reflect.TypeFor[Ratio]():
		return "share"
	case reflect.TypeFor[RatioRange](), reflect.TypeFor[TimeRange](), reflect.TypeFor[IntRange]():
		return map[string]string{"RatioRange": "share or range", "TimeRange": "duration or range", "IntRange": "number or range"}[t.Name()]
	case reflect.TypeFor[NodesSpec]():
		return "number, or list of " + link(reflect.TypeFor[NodeSpec]())
	case reflect.TypeFor[ExpectSpec]():
		return "word or " + link(t)
	case reflect.TypeFor[WaitSpec]():
		return "duration, `settled` or " + link(t)
	case addrType:
		return "address"
	case prefixType:
		return "prefix"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return valueText(t.Elem(), add)
	case reflect.Slice:
		return "list of " + valueText(t.Elem(), add)
	case reflect.Struct:
		return link(t)
	case reflect.Bool:
		return "true, false"
	case reflect.Int, reflect.Uint64:
		return "number"
	}
	return "text"
}

// Every field is documented, and no two types have one name in the reference.
func TestEveryFieldIsDocumented(t *testing.T) {
	t.Parallel()
	headings := regexp.MustCompile(`(?m)^### (.*)$`).FindAllString(reference(), -1)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(headings))), len(headings))
	require.NotContains(t, reference(), "|  |\n")
}
