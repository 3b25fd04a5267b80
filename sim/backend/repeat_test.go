package backend_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/backend"
)

// TestRunsRepeat: two runs of a scenario agree in everything but the real time
// they took: addresses, paths, times, which frames were lost.
func TestRunsRepeat(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"isolation-same-range", "lossy-fabric", "vpp-restart"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := scenarios.Load(scenarios.Library(), name+".yaml")
			require.NoError(t, err)
			require.Equal(t, runOnce(t, s), runOnce(t, s))
		})
	}
}

func runOnce(t *testing.T, s *scenarios.Scenario) string {
	t.Helper()
	v := scenarios.Execute(t.Context(), backend.New(), s, scenarios.Options{T: t}, scenarios.Quiet{})
	require.Equal(t, scenarios.Passed, v.Status, v.Reason)
	v.Wall = 0
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
