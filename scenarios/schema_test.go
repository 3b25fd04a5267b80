package scenarios

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write schema.json anew")

func TestSchemaIsCurrent(t *testing.T) {
	t.Parallel()
	want, err := GenerateSchema()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("schema.json", want, 0o644))
		return
	}
	require.Equal(t, string(want), string(Schema), "run: go test ./scenarios -run TestSchemaIsCurrent -update")
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource(SchemaID, doc))
	s, err := c.Compile(SchemaID)
	require.NoError(t, err)
	return s
}

// asJSON turns a YAML text into what a JSON schema judges.
func asJSON(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	require.NoError(t, yaml.Unmarshal(text, &v))
	js, err := json.Marshal(v)
	require.NoError(t, err)
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(js))
	require.NoError(t, err)
	return out
}

func TestSchemaAcceptsTheLibrary(t *testing.T) {
	t.Parallel()
	schema := compiledSchema(t)
	files, err := Find(Library())
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		text, err := fs.ReadFile(Library(), f)
		require.NoError(t, err)
		require.NoError(t, schema.Validate(asJSON(t, text)), f)
	}
}

func TestSchemaRejectsWhatTheParserRejects(t *testing.T) {
	t.Parallel()
	schema := compiledSchema(t)
	for name, text := range map[string]string{
		"unknown field":   "steps: [{name: a, pong: {from: a, to: b}}]",
		"missing name":    "steps: [{wait: 1s}]",
		"bad duration":    "steps: [{name: a, wait: soon}]",
		"bad enumeration": "steps: [{name: a, level: fatal, wait: 1s}]",
		"out of range":    "steps: [{name: a, ping: {from: a, to: b, ttl: 300}}]",
		"wrong type":      "steps: [{name: a, ping: {from: a, to: b, df: maybe}}]",
		"bad share":       "steps: [{name: a, ping: {from: a, to: b, expect: {loss: 2}}}]",
		"bad word":        "steps: [{name: a, ping: {from: a, to: b, expect: fine}}]",
		"no steps":        "name: a",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Error(t, schema.Validate(asJSON(t, []byte(text))))
			_, err := Parse(nil, "x.yaml", []byte(text))
			require.Error(t, err)
		})
	}
}
