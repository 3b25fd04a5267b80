package startup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFileAndWordsMeanTheSame(t *testing.T) {
	t.Parallel()
	file := `# VPP of a node
unix { # the process
  nodaemon	nosyslog cli-listen /run/vpp/cli.sock
  cli-prompt {node 1} log /tmp/vpp.log full-coredump coredump-size unlimited
  cli-pager-buffer-limit 10 pidfile vpp.pid exec /etc/boot.vpp
}
socksvr { default socket-name /run/api.sock }
api-trace { on nitems 100 }  api-segment { prefix p1 gid vpp }
statseg { size 64M per-node-counters on update-interval 0.5 }
cpu { main-core 0 corelist-workers 2-3,5 }
plugins { add-path /x plugin default { disable } plugin ping_plugin.so { enable } plugin dpdk_plugin.so { disable } }
buffers { buffers-per-numa 1000 page-size 4K numa 0 { buffers 5 } } physmem { max-size 32m }
node { default { variant icl } } logging { default-log-level debug class a/b { level info } }
memory { anything goes } unix { nobanner }`
	want := defaults()
	want.Unix = Unix{NoDaemon: true, NoSyslog: true, NoBanner: true, CLIListen: []string{"/run/vpp/cli.sock"}, CLIPrompt: "node 1",
		CLIPagerLimit: 10, CLIHistoryLimit: 50, Log: "/tmp/vpp.log", PIDFile: "vpp.pid", StartupConfig: "/etc/boot.vpp",
		CoredumpSize: " unlimited", FullCoredump: true}
	want.SockSvr.SocketName = "/run/api.sock"
	want.APITrace = APITrace{On: true, NItems: 100}
	want.APISegment = APISegment{Prefix: "p1", GID: "vpp"}
	want.StatSeg = StatSeg{Size: 64 << 20, PerNodeCounters: true, UpdateInterval: 0.5}
	want.CPU = CPU{MainCore: 0, Workers: 3, CoreList: []int{2, 3, 5}, ThreadPrefix: "vpp"}
	want.Plugins = Plugins{AddPath: "/x", DefaultDisable: true,
		Plugin: map[string]Plugin{"ping_plugin.so": {Enable: true}, "dpdk_plugin.so": {Disable: true}}}
	want.Buffers.PerNUMA = 1000
	want.Logging.Level = "debug"

	fromFile, err := Parse("f", file)
	require.NoError(t, err)
	var unused []string
	for _, u := range fromFile.Unused {
		unused = append(unused, u.Place+" "+u.Stanza+" "+strings.Join(strings.Fields(u.Text), " "))
	}
	require.Equal(t, []string{"f:12 buffers page-size 4K", "f:12 buffers numa 0 { buffers 5 }", "f:12 physmem max-size 32m",
		"f:13 node default { variant icl }", "f:13 logging class a/b { level info }", "f:14 memory "}, unused)
	fromFile.Unused = nil
	require.Equal(t, want, fromFile)

	words := strings.Split(strings.ReplaceAll(strings.ReplaceAll(file, "# VPP of a node\n", ""), "# the process", ""), "\n")
	fromWords, err := ParseWords(append([]string{"", " "}, words...))
	require.NoError(t, err)
	fromWords.Unused = nil
	require.Equal(t, want, fromWords)
}

func TestErrorsNameLineAndWord(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"unknown stanza", "unix { }\nunxi { nodaemon }", "f:2: unknown input `unxi  nodaemon '"},
		{"unknown word", "unix {\n nodaemon\n  foo bar }", "f:3: unix: unknown input `foo bar'"},
		{"long rest", "unix { " + strings.Repeat("x", 40) + " }", "f:1: unix: unknown input `" + strings.Repeat("x", 30) + "...'"},
		{"stanza without contents", "unix { }\nsocksvr", "f:2: unknown input `socksvr '"},
		{"socksvr", "socksvr { socket foo }", "f:1: socksvr: unknown input `socket foo'"},
		{"number", "unix { poll-sleep-usec x }", "f:1: unix: unknown input `poll-sleep-usec x'"},
		{"coredump", "unix { coredump-size x }", "f:1: unix: invalid coredump-size parameter `x'"},
		{"plugin twice", "plugins { plugin a { } \n plugin a { } }", "f:2: plugins: plugin 'a' already configured"},
		{"plugin both", "plugins { plugin a { enable disable } }", "f:1: plugins: please specify either enable or disable for plugin 'a'"},
		{"plugin word", "plugins { plugin a { enble } }", "f:1: plugins: unknown input `enble'"},
		{"cpu", "cpu { wrokers 2 }", "f:1: cpu: unknown input `wrokers 2'"},
		{"core list", "cpu { main-core 0 corelist-workers 5-2 }", "f:1: cpu: unknown input `corelist-workers 5-2'"},
		{"no main core", "cpu { corelist-workers 2 }", "cpu: main-core must be specified when using corelist-* or coremask-* attribute"},
		{"workers twice", "cpu { workers 1 workers 2 }", "f:1: cpu: number of 'workers' threads is already configured"},
		{"mtu", "ethernet { default-mtu 9001 }", "f:1: ethernet: default MTU must be >=64, <=9000"},
		{"power of two", "l2fib { num-buckets 3 }", "f:1: l2fib: num-buckets must be power of 2"},
		{"log level", "logging { default-log-level loud }", "f:1: logging: unknown input `default-log-level loud'"},
		{"text outside", "}", "f:1: unknown input `} '"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("f", tt.text)
			require.EqualError(t, err, tt.want)
		})
	}
	_, err := ParseWords([]string{"unix", "{", "nodaemon", "", "foo", "}"})
	require.EqualError(t, err, "word 5: unix: unknown input `foo'")
	_, err = ReadFile(filepath.Join(t.TempDir(), "none"))
	require.ErrorContains(t, err, "failed to open configuration file")
	big := filepath.Join(t.TempDir(), "big")
	require.NoError(t, os.WriteFile(big, make([]byte, maxConfig+1), 0o600))
	_, err = ReadFile(big)
	require.ErrorContains(t, err, "startup config file is too large")
}

func TestEveryStanzaIsRead(t *testing.T) {
	t.Parallel()
	require.Greater(t, len(Stanzas()), 55)
	for _, name := range Stanzas() {
		_, err := Parse("f", name+" { }")
		require.NoError(t, err, name)
	}
}

func TestPluginsLoaded(t *testing.T) {
	t.Parallel()
	c, err := Parse("f", "plugins { plugin default { disable } plugin a { enable } plugin b { } }")
	require.NoError(t, err)
	require.False(t, c.Plugins.Disabled("a"))
	require.True(t, c.Plugins.Disabled("b"))
	require.True(t, c.Plugins.Disabled("c"))
}

func TestRuntimeDir(t *testing.T) {
	t.Parallel()
	c := defaults()
	require.Equal(t, "/run/vpp", c.RuntimeDir(0))
	require.Equal(t, "/run/user/7/vpp", c.RuntimeDir(7))
	c.Unix.RuntimeDir = "/x"
	require.Equal(t, "/x", c.RuntimeDir(7))
}

func TestCoreMask(t *testing.T) {
	t.Parallel()
	c, err := Parse("f", "cpu { main-core 1 coremask-workers 0x1c }")
	require.NoError(t, err)
	require.Equal(t, []int{2, 3, 4}, c.CPU.CoreList)
}

// FuzzParse reads any text: it ends with a configuration or an error that has a
// place.
func FuzzParse(f *testing.F) {
	f.Add("unix { nodaemon cli-prompt {a b} } cpu { workers 2 }")
	f.Add("unix { coredump-size 5G cli-listen \\{ } plugins { plugin x { enable } } # end")
	f.Add("socksvr { socket-name {")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("f", text)
		require.Equal(t, err == nil, c != nil)
		c, err = ParseWords(strings.Split(text, " "))
		require.Equal(t, err == nil, c != nil)
	})
}
