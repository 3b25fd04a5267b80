package backend_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/backend"
)

// Calico/VPP's sample manifests work as they are published. They are no part of the project: the test is skipped where they do not lie beside the
// repository.
func TestUpstreamManifests(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "..", "shared", "upstream-manifests")
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skipf("upstream's sample manifests are not at %s", dir)
	}
	fsys := fstest.MapFS{}
	for _, f := range append(files, filepath.Join("..", "..", "scenarios", "testdata", "upstream.yaml")) {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		fsys[filepath.Base(f)] = &fstest.MapFile{Data: text}
	}
	s, err := scenarios.Load(fsys, "upstream.yaml")
	require.NoError(t, err)
	scenarios.RunScenario(t, backend.New(), s)
}
