package fakevpp

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file stops at its first bad line, which is shown from where it was not
// understood; what the lines before did stays.
func TestExecCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, tt := range []struct{ name, text, want string }{
		{"fine", "# a comment\n#! source API\ncreate loopback interface\\\n instance 7\nset interface state loop7 up\n", ""},
		{"words.cli", "show version\nshow foo bar\ncreate loopback interface instance 8", "exec: CLI line error: foo bar"},
		{"interface", "set interface state loop99 up", "exec: CLI line error: loop99 up"},
		{"empty", "", "exec: empty file `" + filepath.Join(dir, "empty") + "'"},
		{"self", "exec " + filepath.Join(dir, "self"), "exec: CLI line error: "},
	} {
		v := startDouble(t)
		require.NoError(t, os.WriteFile(filepath.Join(dir, tt.name), []byte(tt.text), 0o600))
		out, err := v.CLI("exec " + filepath.Join(dir, tt.name))
		require.Empty(t, out, tt.name)
		require.Nil(t, v.DataPlane().InterfaceByName("loop8"))
		if tt.want != "" {
			require.EqualError(t, err, tt.want, tt.name)
			continue
		}
		require.NoError(t, err)
		require.True(t, v.DataPlane().InterfaceByName("loop7").AdminUp)
	}
	v := startDouble(t)
	for line, want := range map[string]string{
		"exec":              "exec: expecting file name, got `'",
		"exec " + dir:       "exec: not a regular file `" + dir + "'",
		"exec " + dir + "0": "exec: failed to open `" + dir + "0': No such file or directory",
		"history":           "history: invalid for non-interactive sessions",
		"exec fine extra":   "exec: failed to open `fine': No such file or directory",
	} {
		_, err := v.CLI(line)
		require.EqualError(t, err, want)
	}
}

// What VPP 26.06 prints of state that no packet changes.
func TestCommandsOfState(t *testing.T) {
	t.Parallel()
	v := startDouble(t)
	for _, tt := range []struct{ line, want string }{
		{"show event-logger 5", "0 of 131072 events in buffer, logger running\n"},
		{"event-logger resize 10", "Resized ring and restarted the event logger...\n"},
		{"event-logger stop", "Stopped the event logger...\n"},
		{"show event-logger all", "0 of 16 events in buffer, logger stopped\n"},
		{"event-logger clear", ""},
		{"show event-logger", "0 of 16 events in buffer, logger running\n"},
		{"event-logger trace api circuit-node ip4-input nonsense", "Current status:\n    Event log API message trace: on\n" +
			"    CLI command trace: off\n    Barrier sync trace: off\n    Graph Dispatch: off\n    Timing Wheel: off\n" +
			"    Graph Circuit: on\n                   node ip4-input\n"},
		{"event-logger trace circuit-node ip4-input off", "Current status:\n    Event log API message trace: on\n" +
			"    CLI command trace: off\n    Barrier sync trace: off\n    Graph Dispatch: off\n    Timing Wheel: off\n    Graph Circuit: off\n"},
		{"show physmem x", " used-pages 32 reserved-pages 8192 default-page-size 2M lookup-page-size 4K\n" +
			"   arena 'buffers-numa-0' pages 32 subpage-size 4K numa-node 0 shared fd 6\n"},
		{"show cli clear-hit", "\nhit counters cleared...\n"},
		{"echo  hi   there", "hi there\n"},
		{"show cli hit", "\necho: 1\nshow cli: 1\n"},
		{"show cli mp-safe hit", "\nshow cli: 2\n"},
		{"show unix errors 3", "no Unix errors so far\n"},
		{"show vlib graph drop", "           Name                      Next                    Previous         \n" +
			"drop                                                        error-drop        \n" +
			"                                                           punt-dispatch      \n"},
	} {
		out, err := v.CLI(tt.line)
		require.NoError(t, err, tt.line)
		require.Equal(t, tt.want, out, tt.line)
	}
	for line, want := range map[string]string{
		"event-logger resize x":              "event-logger resize: Must specify how many events in the ring",
		"show event-logger x":                "show event-logger: parse error `x'",
		"show memory foo":                    "show memory: unknown input `foo'",
		"show vlib graphviz file a/b":        "show vlib graphviz: unknown input `'",
		"show unix errors x":                 "show unix errors: expecting integer number of errors to show, got `x'",
		"test interface link-state loop9 up": "test interface link-state: unknown interface `loop9 up'",
	} {
		_, err := v.CLI(line)
		require.EqualError(t, err, want)
	}
}

func TestMemoryAsVPPShowsIt(t *testing.T) {
	t.Parallel()
	require.Equal(t, "  base 0x7f0000000000, size 1g, locked, unmap-on-destroy, name 'main heap'\n"+
		"    page stats: page-size 4K, total 262144, populated 17511, not-populated 244633\n"+
		"      numa 0: 17511 pages, 68.40m bytes\n    total: 1.00G, used: 68.40M, free: 955.60M, trimmable: 955.60M\n",
		heap{name: "main heap", flags: "locked, unmap-on-destroy, ", base: mainHeapBase, size: 1 << 30, used: 17511 * 4096}.format("  ", false))
	v := startDouble(t)
	for _, words := range []string{"", " verbose", " api-segment", " stats-segment", " main-heap verbose", " map"} {
		out, err := v.CLI("show memory" + words)
		require.NoError(t, err)
		require.Contains(t, out, "4K")
	}
}

func TestGraphviz(t *testing.T) {
	t.Parallel()
	v := startDouble(t)
	all, err := v.CLI("show vlib graphviz")
	require.NoError(t, err)
	require.Contains(t, all, "  \"ip4-lookup\" -> \"ip4-drop\"\n")
	idle, err := v.CLI("show vlib graphviz filter calls vectors")
	require.NoError(t, err)
	require.NotContains(t, idle, "->  \"")
	require.Contains(t, idle, "      d[label=\"1000\",fixedsize=true shape=circle width=4 fontsize=23]\n")
}

func TestLinkStateOfAnInterface(t *testing.T) {
	t.Parallel()
	v := startDouble(t)
	require.NoError(t, v.Exec("create packet-generator interface pg0\nset interface state pg0 up"))
	i := v.DataPlane().InterfaceByName("pg0")
	for _, tt := range []struct {
		words string
		up    bool
	}{{"down", false}, {"up", true}, {"", false}} {
		require.NoError(t, v.Exec("test interface link-state pg0 "+tt.words))
		require.Equal(t, tt.up, i.Hw.LinkUp)
	}
}
