package backend_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/internal/benchcpu"
	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/backend"
)

// BenchmarkScenario takes the two-node isolation scenario from its file to the
// verdict. Target: 20 ms of processor time.
func BenchmarkScenario(b *testing.B) {
	const file = "isolation-same-range.yaml"
	data, err := fs.ReadFile(scenarios.Library(), file)
	require.NoError(b, err)
	collectLikeCommand(b)
	cpu := benchcpu.Start()
	for b.Loop() {
		s, err := scenarios.Parse(scenarios.Library(), file, data)
		require.NoError(b, err)
		requirePassed(b, s)
	}
	cpu.ReportMillis(b, float64(b.N))
}

// BenchmarkCluster brings up 60 nodes, 600 pods and 3 networks and sends one
// probe from every pod. Target: 3 s of processor time and 1 GiB.
func BenchmarkCluster(b *testing.B) {
	s, err := scenarios.Parse(clusterFS(b), "cluster.yaml", []byte(clusterFile()))
	require.NoError(b, err)
	collectLikeCommand(b)
	cpu := benchcpu.Start()
	for b.Loop() {
		requirePassed(b, s)
	}
	cpu.ReportMillis(b, float64(b.N))
	benchcpu.ReportMemory(b)
}

// collectLikeCommand sets the garbage collector as the command does, unless
// GOGC says otherwise.
func collectLikeCommand(b *testing.B) {
	if os.Getenv("GOGC") == "" {
		old := debug.SetGCPercent(400)
		b.Cleanup(func() { debug.SetGCPercent(old) })
	}
}

func requirePassed(b *testing.B, s *scenarios.Scenario) {
	b.Helper()
	v := scenarios.Execute(context.Background(), backend.New(), s, scenarios.Options{}, scenarios.Quiet{})
	for _, step := range v.Steps {
		for _, f := range step.Failures {
			b.Errorf("%s: %s", step.Name, f.Reason)
		}
	}
	require.Equal(b, scenarios.Passed, v.Status, v.Reason)
}

// clusterFS holds the library's manifests beside the benchmark's scenario.
func clusterFS(b *testing.B) fs.FS {
	b.Helper()
	out := fstest.MapFS{}
	for _, name := range []string{"manifests/networks.yaml", "manifests/attachments.yaml"} {
		data, err := fs.ReadFile(scenarios.Library(), name)
		require.NoError(b, err)
		out[name] = &fstest.MapFile{Data: data}
	}
	return out
}

// clusterFile is a scenario with 600 pods: 200 in each network, spread over 60
// nodes, and a ring of probes through each network.
func clusterFile() string {
	var s strings.Builder
	s.WriteString("description: Sixty nodes, 600 pods, three networks.\ntopology:\n  nodes: 60\n" +
		"manifests:\n  - file: manifests/networks.yaml\n  - file: manifests/attachments.yaml\n  - inline: |\n")
	for i, network := range []string{"blue", "red", "green"} {
		if i > 0 {
			s.WriteString("      ---\n")
		}
		fmt.Fprintf(&s, `      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: %[1]s}
      spec:
        replicas: 200
        selector: {matchLabels: {app: %[1]s}}
        template:
          metadata:
            labels: {app: %[1]s}
            annotations: {k8s.v1.cni.cncf.io/networks: network-%[1]s-conf@eth1}
          spec:
            containers: [{name: main, image: nicolaka/netshoot}]
`, network)
	}
	s.WriteString("steps:\n")
	for _, network := range []string{"blue", "red", "green"} {
		fmt.Fprintf(&s, "  - name: a ring through %[1]s\n    matrix: {networks: [%[1]s], pairs: ring, expect: reachable}\n", network)
	}
	return s.String()
}
