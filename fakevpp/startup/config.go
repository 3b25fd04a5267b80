// Package startup reads VPP's start-up configuration, from a file (`-c FILE`)
// or from the words of VPP's command line, as VPP 26.06 reads it: the same
// grammar, the same defaults, and an error with line or word for what VPP does
// not know. Stanzas that VPP knows and the double has no use for are returned in
// Config.Unused.
//
// The package only reads. Package daemon runs a VPP from a Config.
package startup

import (
	"path/filepath"
	"strconv"
)

// Config is a start-up configuration.
type Config struct {
	Unix       Unix
	SockSvr    SockSvr
	StatSeg    StatSeg
	APISegment APISegment
	APITrace   APITrace
	Plugins    Plugins
	CPU        CPU
	Buffers    Buffers
	Logging    Logging
	// TraceTimestamps is "trace { timestamp-format }": relative, unix or
	// datetime; empty if not given.
	TraceTimestamps string
	// TableNames are the names of the default tables ("ip", "ip6" and "mpls {
	// default-table-name }"), by stanza.
	TableNames map[string]string
	// DefaultMTU is "ethernet { default-mtu }", 0 if not given.
	DefaultMTU int
	// PuntSocket is "punt { socket }".
	PuntSocket string
	// LearnLimit is "l2learn { limit }", 0 if not given.
	LearnLimit int
	// APIFuzz is "api-fuzz { on }".
	APIFuzz bool
	// PluginPath is "plugin_path".
	PluginPath string
	// Unused are the options that have no meaning for the double, as they were
	// given, in order.
	Unused []Unused
}

// Unused is an option that VPP knows and the double has no use for.
type Unused struct {
	Place  string // "FILE:LINE" or "word N"
	Stanza string
	Text   string // the option with its arguments; empty for a whole stanza
}

// Unix is the stanza "unix" (src/vlib/unix/main.c).
type Unix struct {
	Interactive, NoDaemon, NoSyslog, NoColor, NoBanner bool

	CLIListen       []string // the last one counts in VPP; here too
	CLIPrompt       string
	CLILineMode     bool
	CLINoBanner     bool
	CLINoPager      bool
	CLIPagerLimit   int // lines; default 100000, 0 for no pager
	CLIHistoryLimit int // lines; default 50

	RuntimeDir    string
	UseCurrentDir bool
	PIDFile       string
	Log           string
	StartupConfig string // "exec" or "startup-config"

	CoredumpSize  string // as given, empty if not
	FullCoredump  bool
	GID           string // number or name, empty if not given
	PollSleepUsec int
}

// SockSvr is the stanza "socksvr" (src/vlibmemory/socket_api.c).
type SockSvr struct{ SocketName string }

// StatSeg is the stanza "statseg" (src/vlib/stats/init.c).
type StatSeg struct {
	SocketName      string
	Size            uint64  // bytes, 0 for VPP's default
	PageSize        uint64  // bytes, 0 for the default
	PerNodeCounters bool    // "per-node-counters on"
	UpdateInterval  float64 // seconds; default 10
}

// APISegment is the stanza "api-segment" (src/vpp/api/api.c).
type APISegment struct{ Prefix, UID, GID string }

// APITrace is the stanza "api-trace" (src/vlibmemory/vlib_api_cli.c).
type APITrace struct {
	On        bool
	NItems    int    // size of the ring, default 262144
	SaveTable string // file name below /tmp that gets the message table
}

// Plugins is the stanza "plugins" (src/vlib/unix/plugin.c).
type Plugins struct {
	Path, AddPath, NameFilter string
	// DefaultDisable is "plugin default { disable }".
	DefaultDisable bool
	// Plugin is what is said of single plugins, by name such as
	// "ping_plugin.so".
	Plugin map[string]Plugin
}

// Plugin is "plugin NAME { ... }".
type Plugin struct{ Enable, Disable, SkipVersionCheck bool }

// Disabled says if the plugin is not to be loaded.
func (p *Plugins) Disabled(name string) bool {
	one, ok := p.Plugin[name]
	if ok && (one.Enable || one.Disable) {
		return one.Disable
	}
	return p.DefaultDisable
}

// CPU is the stanza "cpu" (src/vlib/threads.c).
type CPU struct {
	MainCore int // -1 if not given
	// Workers is the number of worker threads.
	Workers int
	// CoreList are the cores of the workers, nil if not given.
	CoreList     []int
	SkipCores    int
	ThreadPrefix string
}

// Buffers is the stanza "buffers" (src/vlib/buffer.c).
type Buffers struct{ PerNUMA, DataSize int } // 0 if not given

// Logging is the stanza "logging" (src/vlib/log.c).
type Logging struct {
	Size               int    // entries, 0 if not given
	Level, SyslogLevel string // default-log-level and default-syslog-log-level, empty if not given
}

// RuntimeDir returns the directory of the run-time files: what "runtime-dir"
// says, else /run/vpp for root and /run/user/UID/vpp for others.
func (c *Config) RuntimeDir(uid int) string {
	switch {
	case c.Unix.RuntimeDir != "":
		return c.Unix.RuntimeDir
	case uid == 0:
		return "/run/vpp"
	}
	return filepath.Join("/run/user", strconv.Itoa(uid), "vpp")
}

// defaults returns what VPP takes without being told.
func defaults() *Config {
	return &Config{
		Unix:       Unix{CLIPagerLimit: 100000, CLIHistoryLimit: 50},
		StatSeg:    StatSeg{UpdateInterval: 10},
		APITrace:   APITrace{NItems: 256 << 10},
		CPU:        CPU{MainCore: -1, ThreadPrefix: "vpp"},
		Plugins:    Plugins{Plugin: make(map[string]Plugin)},
		TableNames: make(map[string]string),
	}
}
