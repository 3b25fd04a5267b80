package vnet

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What local0 has enabled stays enabled when plugins add features to an arc, in
// the new order.
func TestAddFeatureKeepsEnabled(t *testing.T) {
	t.Parallel()
	m, _ := newTestMain(t)
	m.Lock()
	defer m.Unlock()
	before := m.InterfaceFeatures(0)
	m.AddUnitTestNodes()
	require.Equal(t, before, m.InterfaceFeatures(0))
	for _, name := range []string{"punt-test-feat-ip4", "ip4-rx-urpf-loose"} {
		require.NoError(t, m.EnableFeature("ip4-unicast", name, 0, true))
	}
	require.Equal(t, []string{"punt-test-feat-ip4", "ip4-rx-urpf-loose", "ip4-not-enabled"}, featuresOf(m, "ip4-unicast"))
	require.Equal(t, []string{"ip6-not-enabled"}, featuresOf(m, "ip6-unicast"))
}

// featuresOf returns what is enabled on local0.
func featuresOf(m *Main, arc string) []string {
	for _, a := range m.InterfaceFeatures(0) {
		if a.Name == arc {
			return a.Features
		}
	}
	return nil
}
