package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSummary feeds event streams as the go command writes them (times left
// out) and compares the whole of what is printed.
func TestSummary(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		events, want string
		passed       bool
	}{
		"passed": {
			events: `
{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestA"}
{"Action":"output","Package":"m/a","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"m/a","Test":"TestA","Output":"--- PASS: TestA (0.00s)\n"}
{"Action":"pass","Package":"m/a","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"m/a","Output":"PASS\n"}
{"Action":"pass","Package":"m/a","Elapsed":1.5}
{"Action":"start","Package":"m/none"}
{"Action":"output","Package":"m/none","Output":"?   \tm/none\t[no test files]\n"}
{"Action":"skip","Package":"m/none","Elapsed":0}
`,
			want: `
ok    m/a                                                             1.5s

1 passed, 0 failed, 0 skipped; 0 failed packages
`,
			passed: true,
		},
		"nothing ran": {
			want: `

0 passed, 0 failed, 0 skipped; 0 failed packages
`,
		},
		"skipped tests with their reasons": {
			events: `
{"Action":"start","Package":"m/a"}
{"Action":"output","Package":"m/a","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"m/a","Test":"TestB","Output":"    b_test.go:3: tried\n"}
{"Action":"output","Package":"m/a","Test":"TestB","Output":"    b_test.go:4: needs root\n"}
{"Action":"output","Package":"m/a","Test":"TestB","Output":"        and a kernel\n"}
{"Action":"output","Package":"m/a","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"m/a","Test":"TestB","Elapsed":0}
{"Action":"output","Package":"m/a","Test":"TestA/sub","Output":"=== RUN   TestA/sub\n"}
{"Action":"skip","Package":"m/a","Test":"TestA/sub","Elapsed":0}
{"Action":"pass","Package":"m/a","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"m/a","Elapsed":0}
`,
			want: `
ok    m/a                                                             0.0s

Skipped:
  m/a TestA/sub: no reason given
  m/a TestB: b_test.go:4: needs root and a kernel

1 passed, 0 failed, 2 skipped; 0 failed packages
`,
			passed: true,
		},
		"a failed test shows its output and nobody else's": {
			events: `
{"Action":"start","Package":"m/a"}
{"Action":"output","Package":"m/a","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"m/a","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"m/a","Test":"TestB","Output":"    b_test.go:5: want 1, got 2\n"}
{"Action":"output","Package":"m/a","Test":"TestB","Output":"--- FAIL: TestB (0.00s)\n"}
{"Action":"fail","Package":"m/a","Test":"TestB","Elapsed":0}
{"Action":"pass","Package":"m/a","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"m/a","Output":"FAIL\tm/a\t0.023s\n"}
{"Action":"fail","Package":"m/a","Elapsed":0.024}
`,
			want: `
--- FAIL m/a TestB
=== RUN   TestB
    b_test.go:5: want 1, got 2
--- FAIL: TestB (0.00s)
FAIL  m/a                                                             0.0s
FAIL	m/a	0.023s

1 passed, 1 failed, 0 skipped; 1 failed packages
`,
		},
		"a binary that dies shows the output of the tests it took along": {
			events: `
{"Action":"start","Package":"m/a"}
{"Action":"pass","Package":"m/a","Test":"TestDone","Elapsed":0}
{"Action":"output","Package":"m/a","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"m/a","Test":"TestC","Output":"=== RUN   TestC\n"}
{"Action":"output","Package":"m/a","Test":"TestC","Output":"=== PAUSE TestC\n"}
{"Action":"output","Package":"m/a","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"m/a","Test":"TestA","Output":"panic: test timed out after 2s\n"}
{"Action":"output","Package":"m/a","Test":"TestA","Output":"\trunning tests:\n"}
{"Action":"output","Package":"m/a","Output":"FAIL\tm/a\t2.017s\n"}
{"Action":"fail","Package":"m/a","Elapsed":2.022}
`,
			want: `
FAIL  m/a                                                             2.0s
--- NEVER ENDED m/a TestA
=== RUN   TestA
panic: test timed out after 2s
	running tests:
--- NEVER ENDED m/a TestB
=== RUN   TestB
1 tests never got their turn
FAIL	m/a	2.017s

1 passed, 0 failed, 0 skipped; 1 failed packages
`,
		},
		"a stream that breaks off": {
			events: `
{"Action":"start","Package":"m/a"}
{"Action":"pass","Package":"m/a","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"m/a","Test":"TestB","Output":"=== RUN   TestB\n"}
`,
			want: `
FAIL  m/a                                                          never ended
--- NEVER ENDED m/a TestB
=== RUN   TestB

1 passed, 0 failed, 0 skipped; 1 failed packages
`,
		},
		"each build's errors once": {
			events: `
{"ImportPath":"m/a [m/a.test]","Action":"build-output","Output":"# m/a [m/a.test]\n"}
{"ImportPath":"m/b","Action":"build-output","Output":"# m/b\n"}
{"ImportPath":"m/a [m/a.test]","Action":"build-output","Output":"a/a.go:2:13: cannot use\n"}
{"ImportPath":"m/a [m/a.test]","Action":"build-fail"}
{"ImportPath":"m/b","Action":"build-output","Output":"b/b.go:1:1: syntax error\n"}
{"ImportPath":"m/b","Action":"build-fail"}
{"Action":"start","Package":"m/a"}
{"Action":"output","Package":"m/a","Output":"FAIL\tm/a [build failed]\n"}
{"Action":"fail","Package":"m/a","Elapsed":0,"FailedBuild":"m/a [m/a.test]"}
{"Action":"start","Package":"m/c"}
{"Action":"pass","Package":"m/c","Test":"TestC","Elapsed":0}
{"Action":"pass","Package":"m/c","Elapsed":0}
`,
			want: `
BUILD FAILED m/a [m/a.test]
# m/a [m/a.test]
a/a.go:2:13: cannot use
BUILD FAILED m/b
# m/b
b/b.go:1:1: syntax error
FAIL  m/a                                                             0.0s
FAIL	m/a [build failed]
ok    m/c                                                             0.0s

1 passed, 0 failed, 0 skipped; 1 failed packages
`,
		},
		"words of the go command itself": {
			events: `
go: cannot find main module
`,
			want: `
go: cannot find main module

0 passed, 0 failed, 0 skipped; 0 failed packages
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			s := newSummary(&out)
			require.NoError(t, s.read(strings.NewReader(strings.TrimPrefix(tc.events, "\n"))))
			passed := s.report()
			require.Equal(t, tc.want, "\n"+out.String())
			require.Equal(t, tc.passed, passed)
		})
	}
}
