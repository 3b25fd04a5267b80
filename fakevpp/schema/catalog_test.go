package schema_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	_ "go.fd.io/govpp/binapi/interface"
	_ "go.fd.io/govpp/binapi/ip"
	_ "go.fd.io/govpp/binapi/memif"
	_ "go.fd.io/govpp/binapi/vxlan"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// shape is a layout without names of types, which bindings and API files keep
// differently.
func shape(t *schema.Type) any {
	switch t.Class {
	case schema.Struct:
		return shapes(t.Fields)
	case schema.Array, schema.Vector:
		return []any{t.Class, t.Len, t.Count, shape(t.Elem)}
	}
	return []any{t.Class, t.Size}
}

func shapes(fields []schema.Field) []any {
	var list []any
	for _, f := range fields {
		list = append(list, f.Name, shape(f.Type))
	}
	return list
}

// Where bindings and the embedded API have the same message, they have the same
// layout: the two readers check each other.
func TestCatalogueIsAsBindings(t *testing.T) {
	t.Parallel()
	sources, err := schema.Bindings()
	require.NoError(t, err)
	byKey := make(map[string]*schema.Message)
	for _, m := range schema.VPP2606().Source().Messages {
		byKey[m.Key()] = m
	}
	compared := 0
	for _, s := range sources {
		for _, m := range s.Messages {
			if o := byKey[m.Key()]; o != nil {
				require.Equal(t, m.Kind, o.Kind, m.Key())
				require.Equal(t, shapes(m.Fields()), shapes(o.Fields()), m.Key())
				compared++
			}
		}
	}
	require.Greater(t, compared, 100)
}

const tinyAPI = `{
 "types": [["pair", ["u32", "a"], ["vl_api_color_t", "c"]]],
 "unions": [], "enums": [["color", ["RED", 1], ["BLUE", 2], {"enumtype": "u8"}]], "enumflags": [],
 "aliases": {"key": {"type": "u8", "length": 4}},
 "messages": [
  ["tiny_op", ["u16", "_vl_msg_id"], ["u32", "client_index"], ["u32", "context"], ["u8", "n"],
   ["vl_api_pair_t", "pairs", 0, "n"], ["vl_api_key_t", "key"], ["string", "tag", 8], {"crc": "0x0badcafe", "options": {"deprecated": null}}],
  ["tiny_op_reply", ["u16", "_vl_msg_id"], ["u32", "context"], ["i32", "retval"], {"crc": "0xe8d4e804", "options": {}}]],
 "services": {"tiny_op": {"reply": "tiny_op_reply"}},
 "options": {"version": "1.2.3"}, "vl_api_version": "0xabc"
}`

func TestAPIFiles(t *testing.T) {
	t.Parallel()
	c, err := schema.APIFiles("tiny", fstest.MapFS{"plugins/tiny.api.json": {Data: []byte(tinyAPI)}, "README": {Data: []byte("x")}})
	require.NoError(t, err)
	require.Len(t, c.Modules, 1)
	m := c.Modules[0]
	require.Equal(t, []string{"tiny", "1.2.3", "00000abc", "tiny_plugin.so"}, []string{m.Name, m.Version, m.CRC, m.Plugin})
	msg := m.Messages[0]
	require.Equal(t, "tiny_op_0badcafe", msg.Key())
	require.Equal(t, "deprecated", msg.Options)
	text := `{pairs: [{a: 1, c: BLUE}, {a: 2}], key: 1.2.3.4, tag: "x"}`
	data, err := schema.ParseFieldText(msg, text)
	require.NoError(t, err)
	require.Len(t, data, 10+1+2*5+4+8)
	back, exact := (&schema.View{Message: msg, Data: data}).FieldText()
	require.Equal(t, text, back)
	require.True(t, exact)
}

func TestAPIFilesErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`x`: "not an api.json file",
		`{"messages": [["m", ["u16", "_vl_msg_id"], ["vl_api_gone_t", "f"], {"crc": "0x1"}]]}`:                                     "type gone is not declared",
		`{"messages": [["m", ["u16", "_vl_msg_id"], ["u8", "f", 0, "n"], {"crc": "0x1"}]]}`:                                        `no field "n" before it`,
		`{"types": [["a", ["vl_api_a_t", "x"]]], "messages": [["m", ["u16", "_vl_msg_id"], ["vl_api_a_t", "f"], {"crc": "0x1"}]]}`: "contains itself",
		`{"messages": [["m", ["u16", "_vl_msg_id"]]]}`:                                                                             "no crc",
	} {
		_, err := schema.APIFiles("x", fstest.MapFS{"x.api.json": {Data: []byte(text)}})
		require.ErrorContains(t, err, want, text)
	}
	_, err := schema.APIFiles("x", fstest.MapFS{})
	require.ErrorContains(t, err, "no *.api.json")
}

func FuzzAPIFiles(f *testing.F) {
	f.Add([]byte(tinyAPI))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = schema.APIFiles("x", fstest.MapFS{"x.api.json": {Data: data}}) // must not panic or hang
	})
}
