package startup

// LogLevels are VPP's, the most urgent first (foreach_vlib_log_level in
// src/vlib/log.h).
var LogLevels = []string{"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug", "disabled"}

// readLogging reads "logging" (log_config in src/vlib/log.c).
func (c *Config) readLogging(in *input) error {
	l := &c.Logging
	var n int
	var s string
	list := []option{number("size", &l.Size), oneOf("default-log-level", &l.Level, LogLevels...),
		oneOf("default-syslog-log-level", &l.SyslogLevel, LogLevels...)}
	return in.options(append(list, c.noted("logging", number("unthrottle-time", &n), oneOf("default-kmsg-log-level", &s, LogLevels...),
		option{words: "add-to-elog"}, option{"class", readLogClass})...)...)
}

func readLogClass(in *input) (bool, error) {
	var s string
	var n int
	if _, ok := in.word(); !ok {
		return false, nil
	}
	sub, ok := in.braces()
	if !ok {
		return false, nil
	}
	return true, sub.options(oneOf("level", &s, LogLevels...), oneOf("syslog-level", &s, LogLevels...),
		oneOf("kmsg-level", &s, LogLevels...), number("rate-limit", &n))
}
