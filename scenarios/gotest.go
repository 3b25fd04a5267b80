package scenarios

import (
	"io/fs"
	"strings"
	"testing"
)

// Run runs scenario files of fsys as parallel subtests of t, named by file: those that the patterns (see Find) select, or all. A failed step is an
// error of its subtest, with the packet's path; a skipped scenario is a skipped test. It fails if no file is selected.
func Run(t *testing.T, b Backend, fsys fs.FS, patterns ...string) {
	t.Helper()
	files, err := Find(fsys, patterns...)
	if err != nil {
		t.Fatalf("looking for scenarios: %v", err)
	}
	if len(files) == 0 {
		t.Fatalf("no scenario file matches %q", patterns)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(strings.TrimSuffix(file, ".yaml"), ".yml"), func(t *testing.T) {
			t.Parallel()
			s, err := Load(fsys, file)
			if err != nil {
				t.Fatal(err)
			}
			RunScenario(t, b, s)
		})
	}
}

// RunScenario runs one scenario and fails, or skips, the test t by its verdict, which it returns.
func RunScenario(t *testing.T, b Backend, s *Scenario) Verdict {
	t.Helper()
	v := Execute(t.Context(), b, s, Options{T: t}, Quiet{})
	switch v.Status {
	case Skipped:
		t.Skip(v.Reason)
	case Failed:
		t.Error("\n" + v.Text())
	default:
		t.Logf("%d steps passed in %s", len(v.Steps), v.Wall)
	}
	return v
}
