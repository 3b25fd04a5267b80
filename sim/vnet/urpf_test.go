package vnet

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// TestURPFFollowsTable checks that a check without a table of its own is done
// in the table the interface is bound to, and one with a table stays there.
func TestURPFFollowsTable(t *testing.T) {
	t.Parallel()
	d := newEmptyBed(t)
	i := d.pg(0, PGEthernet)
	d.AddTable(fib.IP4, 10, "", true)
	ten, ok := d.FIB.FindTable(fib.IP4, 10)
	require.True(t, ok)
	require.NoError(t, d.SetURPF(i.SwIfIndex, fib.IP4, true, URPFLoose, 0, false))
	require.NoError(t, d.SetURPF(i.SwIfIndex, fib.IP4, false, URPFStrict, 0, true))
	require.NoError(t, d.SetTable(fib.IP4, i.SwIfIndex, 10))
	require.Equal(t, []URPF{
		{SwIfIndex: i.SwIfIndex, Proto: fib.IP4, Input: true, Mode: URPFLoose, FibIndex: ten},
		{SwIfIndex: i.SwIfIndex, Proto: fib.IP4, Mode: URPFStrict, Custom: true},
	}, d.URPFConfigs(i.SwIfIndex))
	require.NoError(t, d.SetURPF(i.SwIfIndex, fib.IP4, true, URPFOff, 0, false))
	on, err := d.FeatureEnabled("ip4-unicast", "ip4-rx-urpf-loose", i.SwIfIndex)
	require.NoError(t, err)
	require.False(t, on)
}
