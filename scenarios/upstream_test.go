package scenarios_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/internal/fakebackend"
	"github.com/vpptwin/vpptwin/scenarios"
)

// upstream returns Calico/VPP's sample manifests, unmodified, with a scenario that uses them. They are no part of the project: the test is skipped where they
// do not lie beside the repository.
func upstream(t *testing.T) fstest.MapFS {
	t.Helper()
	dir := filepath.Join("..", "..", "shared", "upstream-manifests")
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skipf("upstream's sample manifests are not at %s", dir)
	}
	out := fstest.MapFS{}
	for _, f := range append(files, filepath.Join("testdata", "upstream.yaml")) {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		out[filepath.Base(f)] = &fstest.MapFile{Data: text}
	}
	return out
}

// The samples are understood as they are: names, networks and annotations.
func TestUpstreamManifests(t *testing.T) {
	t.Parallel()
	s, err := scenarios.Load(upstream(t), "upstream.yaml")
	require.NoError(t, err)
	var notices []string
	for _, n := range s.Notices() {
		notices = append(notices, n.String())
	}
	require.Equal(t, []string{"projectcalico.org_networks.yaml:3: CustomResourceDefinition networks.projectcalico.org: ignored: " +
		"objects of this kind are stored and have no effect on packets"}, notices)
	v := scenarios.Execute(t.Context(), fakebackend.New(), s, scenarios.Options{}, scenarios.Quiet{})
	for _, st := range v.Steps {
		if st.Action != "tcp" { // the fake backend knows one VNI only
			require.Equal(t, scenarios.Passed, st.Status, v.Text())
		}
	}
}
