package backend_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/backend"
)

// TestScenarios runs the scenarios in testdata: too particular for the library, whose manifests they use.
func TestScenarios(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{}
	add := func(from fs.FS, pattern string) {
		names, err := fs.Glob(from, pattern)
		require.NoError(t, err)
		require.NotEmpty(t, names)
		for _, name := range names {
			text, err := fs.ReadFile(from, name)
			require.NoError(t, err)
			files[filepath.ToSlash(name)] = &fstest.MapFile{Data: text}
		}
	}
	add(scenarios.Library(), "manifests/*.yaml")
	add(os.DirFS("testdata"), "*.yaml")
	scenarios.Run(t, backend.New(), files)
}
