package fakevpp_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/binapi/gso"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/ip"
	"go.fd.io/govpp/binapi/ip_types"
	"go.fd.io/govpp/binapi/tapv2"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// TestDeletedInterfaceTakesAlong deletes a tap with addresses, table, features
// and tag: the double is as before, and the next interface with its index starts
// clean.
func TestDeletedInterfaceTakesAlong(t *testing.T) {
	t.Parallel()
	v := start(t, fakevpp.Environment(vnet.NewMemoryEnvironment()))
	conn := connectInProcess(t, v)
	show := func() (s string) {
		for _, cmd := range []string{"show interface", "show interface address", "show ip fib", "show ip6 fib"} {
			out, err := v.CLI(cmd)
			require.NoError(t, err)
			s += out
		}
		return s
	}
	for _, v6 := range []bool{false, true} {
		do[ip.IPTableAddDelReply](t, conn, &ip.IPTableAddDel{IsAdd: true, Table: ip.IPTable{TableID: 7, IsIP6: v6}})
	}
	empty := show()
	createTap := func() {
		rep := do[tapv2.TapCreateV3Reply](t, conn, &tapv2.TapCreateV3{ID: ^uint32(0), MacAddress: [6]byte{2, 1}, HostMacAddrSet: true})
		require.EqualValues(t, 1, rep.SwIfIndex)
	}
	createTap()
	fresh := show()
	features := v.DataPlane().InterfaceFeatures(1)
	for _, v6 := range []bool{false, true} {
		do[interfaces.SwInterfaceSetTableReply](t, conn, &interfaces.SwInterfaceSetTable{SwIfIndex: 1, IsIPv6: v6, VrfID: 7})
	}
	for _, a := range []string{"10.0.0.1/24", "fd00::1/64"} {
		prefix, err := ip_types.ParseAddressWithPrefix(a)
		require.NoError(t, err)
		do[interfaces.SwInterfaceAddDelAddressReply](t, conn, &interfaces.SwInterfaceAddDelAddress{SwIfIndex: 1, IsAdd: true, Prefix: prefix})
	}
	do[interfaces.SwInterfaceSetFlagsReply](t, conn, &interfaces.SwInterfaceSetFlags{SwIfIndex: 1, Flags: 1})
	do[interfaces.SwInterfaceTagAddDelReply](t, conn, &interfaces.SwInterfaceTagAddDel{SwIfIndex: 1, IsAdd: true, Tag: "t"})
	do[gso.FeatureGsoEnableDisableReply](t, conn, &gso.FeatureGsoEnableDisable{SwIfIndex: 1, EnableDisable: true})
	require.Contains(t, show(), "10.0.0.1/24 ip4 table-id 7")

	do[tapv2.TapDeleteV2Reply](t, conn, &tapv2.TapDeleteV2{SwIfIndex: 1})
	require.Equal(t, empty, withoutIndexes(show(), empty))
	createTap()
	require.Equal(t, features, v.DataPlane().InterfaceFeatures(1))
	require.Empty(t, v.DataPlane().Interface(1).Tag)
	require.Equal(t, fresh, withoutIndexes(show(), fresh))
}

// withoutIndexes returns want if got differs from it in nothing but object
// numbers, which depend on what existed before; else got.
func withoutIndexes(got, want string) string {
	if objectNumbers.ReplaceAllString(got, "N") == objectNumbers.ReplaceAllString(want, "N") {
		return want
	}
	return got
}

var objectNumbers = regexp.MustCompile(`\b(index|uRPF|epoch|fib_index):\d+`)
