package fakevpp

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// As VPP 26.06 sorts these interfaces.
func TestInterfacesInTheOrderOfVPP(t *testing.T) {
	t.Parallel()
	v := startDouble(t)
	cli(t, v, "create packet-generator interface pg1", "create packet-generator interface pg10",
		"create packet-generator interface pg2", "create sub-interfaces pg10 20", "create sub-interfaces pg1 100",
		"create sub-interfaces pg1 7")
	want := "local0 (dn):\npg1.100 (dn):\npg1.7 (dn):\npg10 (dn):\npg10.20 (dn):\npg1 (dn):\npg2 (dn):\n"
	require.Equal(t, want, cli(t, v, "show interface address"))
	require.Equal(t, want, cli(t, v, "show interface secondary-mac-address"))
	var names strings.Builder
	for _, line := range strings.Split(cli(t, v, "show interface"), "\n")[1:] {
		if f := strings.Fields(line); len(f) > 0 {
			names.WriteString(f[0] + " (dn):\n")
		}
	}
	require.Equal(t, want, names.String())
}

func TestVecSort(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ from, want string }{
		{"", ""}, {"a", "a"}, {"b a", "a b"}, {"a ab", "ab a"}, {"ab a", "a ab"}, {"c b a", "a b c"}, {"d a c b a", "a a b c d"},
	} {
		list := strings.Fields(tt.from)
		sortByName(list, func(s string) string { return s })
		require.Equal(t, strings.Fields(tt.want), list)
	}
}
