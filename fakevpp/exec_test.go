package fakevpp

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

func TestExecReadsLinesAsVPP(t *testing.T) {
	t.Parallel()
	v := startDouble(t)
	require.NoError(t, v.Exec("\n  # comment\ncreate packet-generator interface pg0 # behind a command\n"+
		"set interface tag \\\n pg0 two-lines\n#!\tnot own\n#! set interface tag pg0 \"a b\"\ncomment { set interface tag pg0 no }"))
	require.Equal(t, "a b", v.DataPlane().InterfaceByName("pg0").Tag)
}

func TestExecErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"unknown command", "# one\nshow version\nno such", "line 3: \"no such\": "},
		{"vpp's words", "set interface state pg7 up", `line 1: "set interface state pg7 up": set interface state: unknown interface` + " `pg7 up'"},
		{"own source", "#! source cli", "line 1: \"#! source cli\": source: source `cli': want API or CLI"},
		{"own nothing", "#! ", `line 1: "#!": want a command behind #!`},
		{"own string", `#! set interface tag pg0 "open`, "want a string in double quotes that ends on the line"},
		{"own mtu", "#! set interface all-mtus packet x ip4 0 ip6 0 mpls 0 pg0", "`packet x': want packet and a number of bytes"},
		{"own interface", "#! set interface all-mtus packet 1 ip4 0 ip6 0 mpls 0 pg0", "`pg0': want the name of an interface"},
		{"own words elsewhere", "ip route add 10.0.0.0/8 via unreachable ip4", "parse error `unreachable ip4'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := startDouble(t).Exec(tt.text)
			var at *ExecError
			require.ErrorAs(t, err, &at)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestExecOnAVPPThatIsDown(t *testing.T) {
	t.Parallel()
	v, err := New(Environment(vnet.NewMemoryEnvironment()))
	require.NoError(t, err)
	require.NoError(t, v.Close())
	require.ErrorIs(t, v.Exec("show version"), ErrDown)
	_, err = v.Dump()
	require.ErrorIs(t, err, ErrDown)
}

// FuzzExec executes any text: it must not panic, name the line that is wrong,
// and leave a configuration that can be dumped.
func FuzzExec(f *testing.F) {
	for _, name := range []string{"interfaces", "tunnels", "ip"} {
		text, err := os.ReadFile("testdata/dump/" + name + ".vpp")
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Add("#! set interface tag local0 \"\\\"\"\n#! source API\\\nip route add ::/0 via drop")
	f.Fuzz(func(t *testing.T, text string) {
		v := startDouble(t)
		if err := v.Exec(text); err != nil {
			var at *ExecError
			require.True(t, errors.As(err, &at), "%v", err)
			require.Positive(t, at.Line)
		}
		_, err := v.Dump()
		require.NoError(t, err)
	})
}
