package fakevpp_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/binapi/fib_types"
	"go.fd.io/govpp/binapi/ip"
)

// TestShowFIB runs the CLI script in front of each recorded file and compares
// what the show commands in it print with what VPP 26.06 printed. Numbers of
// load-balances and uRPF lists, and counters, are left out: they tell the order
// of internal allocations.
func TestShowFIB(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/fib/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			v := start(t)
			var want, got strings.Builder
			for _, part := range strings.Split(string(text), "vpp# ")[1:] {
				command, output, _ := strings.Cut(part, "\n")
				out, err := v.CLI(command)
				require.NoError(t, err, command)
				want.WriteString(command + "\n" + comparable(output))
				got.WriteString(command + "\n" + comparable(out))
			}
			require.Equal(t, want.String(), got.String())
		})
	}
}

// comparable leaves out what numbers internal objects, and counters and ages.
func comparable(s string) string {
	for _, r := range uncompared {
		s = r.pattern.ReplaceAllString(s, r.with)
	}
	// VPP lists interfaces of multicast entries and neighbours in the order of
	// its hash tables.
	lines := strings.Split(s, "\n")
	for first := 0; first < len(lines); first++ {
		last := first
		for last < len(lines) && hashed.MatchString(lines[last]) {
			last++
		}
		slices.Sort(lines[first:last])
		first = max(first, last-1)
	}
	return strings.Join(lines, "\n")
}

var hashed = regexp.MustCompile(`^(   \S+: .*,|AGE .*)$`)

var uncompared = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`\bindex:\d+`), "index:N"},
	{regexp.MustCompile(`((?:path|uPRF)-list:\[?|path:\[)\d+`), "${1}N"},
	{regexp.MustCompile(`locks:\d+ flags:shared`), "locks:N flags:shared"},
	{regexp.MustCompile(`uRPF:-?\d+ `), "uRPF:N "},
	{regexp.MustCompile(`to:\[\d+:\d+\]`), "to:[N]"},
	{regexp.MustCompile(`(?m)^ +\d*\.\d+ +`), "AGE "},
	{regexp.MustCompile(`(?m)^\[@\d+\]`), "[@N]"},
	// Slots of rarer nodes are given out in the order of their first use.
	{regexp.MustCompile(`\[@1[1-9]\]`), "[@1N]"},
	{regexp.MustCompile(`next:\d+ `), "next:N "},
}

// TestPuntRedirectOfNoInterface: VPP takes a redirection of packets from an
// interface that does not exist, and shows it.
func TestPuntRedirectOfNoInterface(t *testing.T) {
	t.Parallel()
	v := start(t)
	conn := connectInProcess(t, v)
	path := fib_types.FibPath{SwIfIndex: ^uint32(0), Type: fib_types.FIB_API_PATH_TYPE_DROP, Weight: 1}
	do[ip.AddDelIPPuntRedirectV2Reply](t, conn, &ip.AddDelIPPuntRedirectV2{IsAdd: true,
		Punt: ip.PuntRedirectV2{RxSwIfIndex: 999, Paths: []fib_types.FibPath{path}}})
	out, err := v.CLI("show ip punt redirect")
	require.NoError(t, err)
	require.Contains(t, out, " rx DELETED (999) via:\n   path-list:[")
}
