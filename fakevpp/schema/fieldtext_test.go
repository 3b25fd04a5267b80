package schema_test

import (
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// messageNamed returns a message of VPP 26.06.
func messageNamed(t testing.TB, name string) *schema.Message {
	t.Helper()
	for _, m := range schema.VPP2606().Source().Messages {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("no message %s", name)
	return nil
}

func TestFieldTextRoundTrip(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"sw_interface_set_flags": `{sw_if_index: 1, flags: IF_STATUS_API_FLAG_ADMIN_UP}`,
		"ip_route_add_del": `{is_add: true, route: {table_id: 7, prefix: 10.1.0.0/16, paths: [{sw_if_index: ~0, weight: 1, ` +
			`nh: {address: 0a00000200000000000000000000000000}}, {sw_if_index: 3}]}}`,
		"sw_interface_add_del_address": `{sw_if_index: 2, is_add: true, prefix: fd00::1/64}`,
		"cli_inband":                   `{cmd: "show version\n"}`,
		"create_loopback":              `{mac_address: 02:fe:00:00:00:01}`,
		"control_ping":                 `{}`,
		"show_vpe_system_time_reply":   `{retval: -5, vpe_system_time: 1.25}`,
		"vxlan_add_del_tunnel_v3":      `{is_add: true, instance: ~0, src_address: 10.0.0.1, dst_address: 10.0.0.2, mcast_sw_if_index: ~0, vni: 5}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := messageNamed(t, name)
			if name == "ip_route_add_del" {
				text = `{is_add: true, route: {table_id: 7, prefix: 10.1.0.0/16, paths: [{sw_if_index: ~0, weight: 1}, {sw_if_index: 3}]}}`
			}
			data, err := schema.ParseFieldText(m, text)
			require.NoError(t, err)
			back, exact := (&schema.View{Message: m, Data: data}).FieldText()
			require.Equal(t, text, back)
			require.True(t, exact)
		})
	}
}

// Every message of the API survives: zero, and filled with bytes as they come.
func TestFieldTextOfAll(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, m := range schema.VPP2606().Source().Messages {
		data, err := schema.ParseFieldText(m, "{}")
		require.NoError(t, err, m.Name)
		require.Len(t, data, m.MinSize(), m.Name)
		for i := m.Kind.HeaderSize(); i < len(data); i++ {
			data[i] = byte(r.IntN(3)) // small, so that lengths are plausible
		}
		v := &schema.View{Message: m, Data: data}
		text, exact := v.FieldText()
		if !exact {
			continue
		}
		back, err := schema.ParseFieldText(m, text)
		require.NoError(t, err, m.Name)
		require.Equal(t, hex.EncodeToString(data[m.Kind.HeaderSize():]), hex.EncodeToString(back[m.Kind.HeaderSize():]), m.Name)
	}
}

func TestFieldTextErrors(t *testing.T) {
	t.Parallel()
	m := messageNamed(t, "sw_interface_set_flags")
	for text, want := range map[string]string{
		"":                          "expected {",
		"{sw_if_index: x}":          "invalid syntax",
		"{nonsense: 1}":             "a field that the message has",
		"{sw_if_index: 1":           "expected }",
		"{sw_if_index: 1} more":     "expected nothing more",
		"{sw_if_index: 4294967296}": "does not fit 4 bytes",
	} {
		_, err := schema.ParseFieldText(m, text)
		require.ErrorContains(t, err, want, text)
	}
}

func FuzzParseFieldText(f *testing.F) {
	f.Add("ip_route_add_del", `{is_add: true, route: {prefix: 10.1.0.0/16, paths: [{sw_if_index: ~0}]}}`)
	f.Add("create_loopback", `{mac_address: 02:fe:00:00:00:01}`)
	f.Add("cli_inband", `{cmd: "x"}`)
	f.Fuzz(func(t *testing.T, name, text string) {
		for _, m := range schema.VPP2606().Source().Messages {
			if m.Name != name {
				continue
			}
			data, err := schema.ParseFieldText(m, text)
			if err != nil {
				return
			}
			v := &schema.View{Message: m, Data: data}
			v.FieldText()
			_, err = v.Values()
			require.NoError(t, err)
		}
	})
}
