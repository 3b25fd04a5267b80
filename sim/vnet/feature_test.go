package vnet

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// vppFeatureOrder is the output of `show features` of VPP 26.06 with the
// plugins that Calico/VPP loads.
//
//go:embed testdata/feature-order.txt
var vppFeatureOrder string

// TestFeatureOrder compares each arc's computed order with VPP's.
func TestFeatureOrder(t *testing.T) {
	t.Parallel()
	m, _ := newTestMain(t)
	var have strings.Builder
	for _, arc := range m.Arcs() {
		have.WriteString(arc + ":\n")
		for _, f := range m.ArcFeatures(arc) {
			have.WriteString("  " + f + "\n")
		}
	}
	require.Equal(t, strings.TrimSpace(vppFeatureOrder), strings.TrimSpace(have.String()))
}

func TestOrderFeaturesContradiction(t *testing.T) {
	t.Parallel()
	_, err := orderFeatures("", []featureDecl{{node: "a", before: names("b")}, {node: "b", before: names("a")}, {node: "c"}})
	require.ErrorContains(t, err, "2 features contradict")
}

// addPassNodes adds nodes for features that this test enables and that no part
// of the instance provides.
func addPassNodes(m *Main, names ...string) {
	for _, name := range names {
		if m.Graph.Node(name) == nil {
			m.Graph.MustAdd(vlib.Registration{Name: name, Func: featureNext})
		}
	}
}

// TestFeatureEnable follows a pod interface's features: the order in which they
// are enabled does not matter, they count, and the arc's end closes the list.
func TestFeatureEnable(t *testing.T) {
	t.Parallel()
	m, _ := newTestMain(t)
	addPassNodes(m, "cnat-lookup-ip4", "cnat-input-ip4", "acl-plugin-in-ip4-fa", "ip4-rx-urpf-loose", "ip4-lookup",
		"cnat-output-ip4", "cnat-writeback-ip4", "acl-plugin-out-ip4-fa")
	i, _, err := m.CreatePG(0, PGIP4)
	require.NoError(t, err)
	before := enabled(m, "ip4-unicast", i.SwIfIndex)
	enable := func(on bool, arc string, features ...string) {
		for _, f := range features {
			require.NoError(t, m.EnableFeature(arc, f, i.SwIfIndex, on))
		}
	}
	enable(true, "ip4-unicast", "cnat-input-ip4", "acl-plugin-in-ip4-fa", "ip4-rx-urpf-loose", "cnat-lookup-ip4")
	require.Equal(t, []string{"ip4-rx-urpf-loose", "cnat-lookup-ip4", "cnat-input-ip4", "acl-plugin-in-ip4-fa"},
		enabled(m, "ip4-unicast", i.SwIfIndex)[:4])
	nodes := m.featureStart(arcIP4Unicast, i.SwIfIndex)
	require.Equal(t, m.Graph.MustIndex("ip4-lookup"), nodes[len(nodes)-1])
	require.Equal(t, m.Graph.MustIndex("ip4-rx-urpf-loose"), nodes[0])

	enable(true, "ip4-output", "gso-ip4", "cnat-writeback-ip4", "cnat-output-ip4", "acl-plugin-out-ip4-fa")
	require.Equal(t, []string{"acl-plugin-out-ip4-fa", "cnat-output-ip4", "cnat-writeback-ip4", "gso-ip4"},
		enabled(m, "ip4-output", i.SwIfIndex))

	enable(true, "ip4-unicast", "ip4-rx-urpf-loose")
	enable(false, "ip4-unicast", "ip4-rx-urpf-loose")
	require.Contains(t, enabled(m, "ip4-unicast", i.SwIfIndex), "ip4-rx-urpf-loose", "enabled twice, disabled once")
	enable(false, "ip4-unicast", "ip4-rx-urpf-loose", "ip4-rx-urpf-loose", "cnat-input-ip4", "acl-plugin-in-ip4-fa",
		"cnat-lookup-ip4")
	require.Equal(t, before, enabled(m, "ip4-unicast", i.SwIfIndex))
}

func enabled(m *Main, arc string, swIf uint32) []string {
	for _, a := range m.InterfaceFeatures(swIf) {
		if a.Name == arc {
			return a.Features
		}
	}
	return nil
}

func TestFeatureErrors(t *testing.T) {
	t.Parallel()
	m, _ := newTestMain(t)
	require.ErrorIs(t, m.EnableFeature("ip4-output", "gso-ip4", 99, true), ErrInvalidSwIfIndex)
	require.ErrorIs(t, m.EnableFeature("nosuch", "gso-ip4", 0, true), ErrInvalidValue)
	require.ErrorIs(t, m.EnableFeature("ip4-output", "nosuch", 0, true), ErrInvalidValue2)
	require.ErrorIs(t, m.EnableFeature("ip4-output", "ip4-dvr-reinject", 0, true), ErrUnimplemented)
	_, err := m.FeatureEnabled("ip4-output", "gso-ip4", 50)
	require.ErrorIs(t, err, ErrInvalidSwIfIndex)
	require.NoError(t, m.EnableFeature("ip4-output", "gso-ip4", 0, true))
	on, err := m.FeatureEnabled("ip4-output", "gso-ip4", 0)
	require.NoError(t, err)
	require.True(t, on)
	require.Nil(t, m.ArcFeatures("nosuch"))
	require.False(t, m.HasFeatures("nosuch", 0))
	require.True(t, m.HasFeatures("ip4-output", 0))
}

// TestFeaturesGoWithInterface checks that the next interface with an index
// starts without the features of the last.
func TestFeaturesGoWithInterface(t *testing.T) {
	t.Parallel()
	m, _ := newTestMain(t)
	i, _, err := m.CreatePG(0, PGEthernet)
	require.NoError(t, err)
	fresh := m.InterfaceFeatures(i.SwIfIndex)
	require.NoError(t, m.EnableGSO(i.SwIfIndex, true))
	require.NotEqual(t, fresh, m.InterfaceFeatures(i.SwIfIndex))
	require.NoError(t, m.DeletePG(i.SwIfIndex))
	j, _, err := m.CreatePG(1, PGEthernet)
	require.NoError(t, err)
	require.Equal(t, i.SwIfIndex, j.SwIfIndex)
	require.Equal(t, fresh, m.InterfaceFeatures(j.SwIfIndex))
}

// featureNext only passes on.
func featureNext(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		n.SendFeature(b)
	}
}
