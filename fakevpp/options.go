package fakevpp

import (
	"log/slog"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// Option sets one property of a VPP at construction.
type Option interface{ apply(*options) }

type options struct {
	name    string
	env     vnet.Environment
	workers int
	log     *slog.Logger
	version Version
	sources []string
	// catalog gives the API instead of the bindings, if set.
	catalog func() (*schema.Catalog, error)
	// disabled names plugins to start without.
	disabled []string
	load     func(name string, byDefault bool) bool
	// traceItems is the size of the API trace, 0 for none.
	traceItems int
	saveTable  string
	calls      int
	stats      StatsConfig
	runtimeDir string
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// Name names the instance in logs; the default is "vpp".
func Name(name string) Option { return optionFunc(func(o *options) { o.name = name }) }

// Environment supplies what surrounds the VPP process: Linux devices and memif
// peers. Without it, creating an interface that needs one fails as VPP's system
// call would.
func Environment(env vnet.Environment) Option { return optionFunc(func(o *options) { o.env = env }) }

// RuntimeDir says where VPP keeps the sockets of its interfaces (start-up option
// "unix { runtime-dir d }"); the default is /run/vpp.
func RuntimeDir(dir string) Option { return optionFunc(func(o *options) { o.runtimeDir = dir }) }

// Workers sets the number of worker threads that show_threads reports and that
// queues can be placed on (VPP's start-up option "cpu { workers n }"). The
// default is 0: only the main thread.
func Workers(n int) Option { return optionFunc(func(o *options) { o.workers = n }) }

// DisablePlugin starts the VPP without a plugin, named as in the start-up
// configuration (`plugins { plugin NAME { disable } }`). New refuses a plugin
// that the double has no such choice for; "ping_plugin.so" is the one it has:
// without it echo requests are punted, as on Calico/VPP's nodes.
func DisablePlugin(name string) Option {
	return optionFunc(func(o *options) { o.disabled = append(o.disabled, name) })
}

// Logger receives what VPP would write to its log, and connections dropped with
// the reason. The default discards it; log_dump shows the same lines.
func Logger(log *slog.Logger) Option { return optionFunc(func(o *options) { o.log = log }) }

// Version is what show_version answers.
type Version struct {
	Version, BuildDate, BuildDirectory string
}

// WithVersion sets the answer to show_version.
func WithVersion(version Version) Option {
	return optionFunc(func(o *options) { o.version = version })
}

// Bindings limits the API to the messages of the named sets of bindings, given
// as the import path of their parent, such as "go.fd.io/govpp/binapi"; earlier
// ones win where two sets answer the same request differently. By default all
// sets linked into the program are spoken, govpp's own last.
func Bindings(paths ...string) Option {
	return optionFunc(func(o *options) { o.sources = paths })
}

// KeepCalls sets how many of the latest calls Calls remembers; the default is
// 4096. Coverage counts all.
func KeepCalls(n int) Option { return optionFunc(func(o *options) { o.calls = n }) }
