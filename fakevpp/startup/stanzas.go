package startup

import "slices"

// stanza reads the contents of one stanza.
type stanza func(c *Config, in *input) error

// stanzas are the ones that VPP knows: the core's (VLIB_CONFIG_FUNCTION and
// VLIB_EARLY_CONFIG_FUNCTION in src) and its plugins'. VPP knows a plugin's only
// with the plugin loaded.
var stanzas = map[string]stanza{
	"unix": (*Config).readUnix,
	"socksvr": func(c *Config, in *input) error {
		return in.options(text("socket-name", &c.SockSvr.SocketName), option{words: "default"})
	},
	"statseg":     (*Config).readStatSeg,
	"api-segment": (*Config).readAPISegment,
	"api-trace":   (*Config).readAPITrace,
	"api-queue":   (*Config).readAPIQueue,
	"api-fuzz":    (*Config).readAPIFuzz,
	"plugins":     (*Config).readPlugins,
	"cpu":         (*Config).readCPU,
	"buffers":     (*Config).readBuffers,
	"physmem":     (*Config).readPhysmem,
	"node":        (*Config).readNode,
	"logging":     (*Config).readLogging,
	"vlib":        (*Config).readVlib,
	"ip":          func(c *Config, in *input) error { return in.options(c.tableName("ip")) },
	"ip6":         (*Config).readIP6,
	"mpls":        func(c *Config, in *input) error { return in.options(c.tableName("mpls")) },
	"l3fib":       (*Config).readL3FIB,
	"l2fib":       (*Config).readL2FIB,
	"l2learn":     func(c *Config, in *input) error { return in.options(number("limit", &c.LearnLimit)) },
	"ethernet":    (*Config).readEthernet,
	"interface":   (*Config).readInterface,
	"punt":        func(c *Config, in *input) error { return in.options(text("socket", &c.PuntSocket)) },
	"trace": func(c *Config, in *input) error {
		return in.options(oneOf("timestamp-format", &c.TraceTimestamps, "relative", "unix", "datetime"))
	},
	"tuntap":           (*Config).readTuntap,
	"plugin_path":      func(c *Config, in *input) error { c.PluginPath = string(in.text); return nil },
	"test_plugin_path": whole("test_plugin_path"),
	"memory":           whole("memory"), // its function takes anything
	"unix-cli":         whole("unix-cli"),

	// The core's that are of no use to the double.
	"tcp": whole("tcp"), "udp": whole("udp"), "session": whole("session"), "tls": whole("tls"), "devices": whole("devices"),
	"crypto-engines": whole("crypto-engines"), "sfdp": whole("sfdp"), "ipsec": whole("ipsec"),
	// Plugins'.
	"dslite": whole("dslite"), "dpdk": whole("dpdk"), "pvti": whole("pvti"), "cnat": whole("cnat"),
	"crypto_sw_scheduler": whole("crypto_sw_scheduler"), "fateshare": whole("fateshare"), "http": whole("http"),
	"test-proxy": whole("test-proxy"), "vhost-user": whole("vhost-user"), "linux-cp": whole("linux-cp"), "linux-nl": whole("linux-nl"),
	"calico-policy-plugin": whole("calico-policy-plugin"), "dns": whole("dns"), "acl-plugin": whole("acl-plugin"), "nsim": whole("nsim"),
	"mactime": whole("mactime"), "l2tp": whole("l2tp"), "selog": whole("selog"), "ct6": whole("ct6"), "quic": whole("quic"), "dsa": whole("dsa"),
	"nat": whole("nat"), "nat44": whole("nat44"), "deterministic-nat": whole("deterministic-nat"), "nat64": whole("nat64"),
}

// Stanzas returns the names of the stanzas that VPP knows, sorted.
func Stanzas() []string {
	var names []string
	for name := range stanzas {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// whole accepts a stanza with any contents that nothing in the double depends
// on.
func whole(name string) stanza {
	return func(c *Config, in *input) error {
		c.Unused = append(c.Unused, Unused{Place: in.here(), Stanza: name})
		return nil
	}
}

func (c *Config) tableName(stanza string) option {
	return option{"default-table-name", func(in *input) (bool, error) {
		w, ok := in.word()
		if ok {
			c.TableNames[stanza] = w
		}
		return ok, nil
	}}
}

func (c *Config) readUnix(in *input) error {
	u := &c.Unix
	coredump := option{"coredump-size", func(in *input) (bool, error) {
		var n uint64
		at := in.pos
		if !in.match("unlimited") && !in.size(&n) {
			in.done()
			return false, in.errorf("invalid coredump-size parameter `%s'", in.rest())
		}
		u.CoredumpSize = string(in.text[at:in.pos])
		return true, nil
	}}
	listen := option{"cli-listen", func(in *input) (bool, error) {
		w, ok := in.word()
		if ok {
			u.CLIListen = append(u.CLIListen, w)
		}
		return ok, nil
	}}
	return in.options(flag("interactive", &u.Interactive), flag("nodaemon", &u.NoDaemon), flag("nosyslog", &u.NoSyslog),
		flag("nocolor", &u.NoColor), flag("nobanner", &u.NoBanner), text("cli-prompt", &u.CLIPrompt), listen,
		flag("use-current-dir", &u.UseCurrentDir), text("runtime-dir", &u.RuntimeDir), flag("cli-line-mode", &u.CLILineMode),
		flag("cli-no-banner", &u.CLINoBanner), flag("cli-no-pager", &u.CLINoPager), number("poll-sleep-usec", &u.PollSleepUsec),
		number("cli-pager-buffer-limit", &u.CLIPagerLimit), number("cli-history-limit", &u.CLIHistoryLimit), coredump,
		flag("full-coredump", &u.FullCoredump), text("startup-config", &u.StartupConfig), text("exec", &u.StartupConfig),
		text("log", &u.Log), text("gid", &u.GID), text("pidfile", &u.PIDFile))
}

func (c *Config) readStatSeg(in *input) error {
	s := &c.StatSeg
	off := option{"per-node-counters off", func(*input) (bool, error) { s.PerNodeCounters = false; return true, nil }}
	return in.options(text("socket-name", &s.SocketName), option{words: "default"}, size("size", &s.Size),
		pageSize("page-size", &s.PageSize), flag("per-node-counters on", &s.PerNodeCounters), off,
		float("update-interval", &s.UpdateInterval))
}

func (c *Config) readAPISegment(in *input) error {
	var unused string
	s := &c.APISegment
	list := []option{text("prefix", &s.Prefix), text("uid", &s.UID), text("gid", &s.GID)}
	for _, words := range []string{"baseva", "global-size", "global-pvt-heap-size size", "global-pvt-heap-size", "api-pvt-heap-size size", "api-pvt-heap-size", "api-size"} {
		list = append(list, c.noted("api-segment", text(words, &unused))...)
	}
	return in.options(list...)
}

func (c *Config) readAPITrace(in *input) error {
	t := &c.APITrace
	on := func(in *input) (bool, error) {
		t.On = true
		if in.match("nitems") && !in.number(&t.NItems) {
			return false, in.unknown()
		}
		return true, nil
	}
	return in.options(option{"on", on}, option{"enable", on}, text("save-api-table", &t.SaveTable))
}

func (c *Config) readAPIQueue(in *input) error {
	var n int
	return in.options(c.noted("api-queue", number("length", &n), number("len", &n))...)
}

func (c *Config) readAPIFuzz(in *input) error {
	return in.options(option{words: "off"}, option{words: "disable"}, option{words: "no"},
		flag("on", &c.APIFuzz), flag("enable", &c.APIFuzz), flag("yes", &c.APIFuzz))
}

func (c *Config) readBuffers(in *input) error {
	var page uint64
	list := []option{number("buffers-per-numa", &c.Buffers.PerNUMA), number("default data-size", &c.Buffers.DataSize)}
	list = append(list, c.noted("buffers", pageSize("page-size", &page), option{"numa", func(in *input) (bool, error) {
		var node, n int
		if !in.number(&node) {
			return false, nil
		}
		sub, ok := in.braces()
		if !ok {
			return false, nil
		}
		return true, sub.options(number("buffers", &n))
	}})...)
	return in.options(list...)
}

func (c *Config) readPhysmem(in *input) error {
	var base string
	var n uint64
	return in.options(c.noted("physmem", text("base-addr", &base), size("max-size", &n))...)
}

// readNode takes what it understands; VPP leaves the rest alone
// (src/vlib/node_init.c).
func (c *Config) readNode(in *input) error {
	for !in.done() {
		at := *in
		if _, ok := in.word(); !ok {
			return nil
		}
		if _, ok := in.braces(); !ok {
			return nil
		}
		c.Unused = append(c.Unused, Unused{Place: at.here(), Stanza: "node", Text: string(in.text[at.pos:in.pos])})
	}
	return nil
}

func (c *Config) readVlib(in *input) error {
	var n int
	var f float64
	return in.options(c.noted("vlib", option{words: "memory-trace"}, number("elog-events", &n), option{words: "elog-post-mortem-dump"},
		float("buffer-alloc-success-rate", &f), number("buffer-alloc-success-seed", &n))...)
}

func (c *Config) readIP6(in *input) error {
	var n int
	var b uint64
	return in.options(append(c.noted("ip6", number("hash-buckets", &n), size("heap-size", &b)), c.tableName("ip6"))...)
}

func (c *Config) readL3FIB(in *input) error {
	var b uint64
	return in.options(c.noted("l3fib", size("load-balance-pool-size", &b), size("fib-entry-pool-size", &b), size("ip4-mtrie-pool-size", &b))...)
}

func (c *Config) readL2FIB(in *input) error {
	var b uint64
	var n int
	buckets := option{"num-buckets", func(in *input) (bool, error) {
		if !in.number(&n) {
			return false, nil
		}
		if n <= 0 || n&(n-1) != 0 {
			return false, in.errorf("num-buckets must be power of 2")
		}
		return true, nil
	}}
	return in.options(c.noted("l2fib", size("table-size", &b), buckets)...)
}

func (c *Config) readEthernet(in *input) error {
	return in.options(option{"default-mtu", func(in *input) (bool, error) {
		if !in.number(&c.DefaultMTU) {
			return false, nil
		}
		if c.DefaultMTU < 64 || c.DefaultMTU > 9000 {
			return false, in.errorf("default MTU must be >=64, <=9000")
		}
		return true, nil
	}})
}

func (c *Config) readInterface(in *input) error {
	var mode string
	return in.options(c.noted("interface", oneOf("default-rx-mode", &mode, "polling", "interrupt", "adaptive"))...)
}

func (c *Config) readTuntap(in *input) error {
	var n int
	var s string
	return in.options(c.noted("tuntap", number("mtu", &n), option{words: "enable"}, option{words: "disable"}, option{words: "ethernet"},
		option{words: "ether"}, option{words: "have-normal-interface"}, option{words: "have-normal"}, text("name", &s))...)
}
