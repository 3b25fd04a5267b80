package fakevpp

import (
	"fmt"
	"strconv"
	"strings"
)

// logCommands are the commands of the log (src/vlib/log.c).
func logCommands() []cliCommand {
	return []cliCommand{
		command("show logging", "show logging", cliShowLogging),
		command("show logging configuration", "show logging configuration", cliShowLoggingConfiguration),
		command("clear logging", "clear logging", func(v *VPP, _ *cliArgs) (string, error) {
			v.log.clear()
			v.logf(levelInfo, "log", "log cleared")
			return "", nil
		}),
		command("set logging class", "set logging class <class> [rate-limit <int>] "+
			"[level <level>] [syslog-level <level>] [kmsg-level <level>]", cliSetLoggingClass),
		command("set logging unthrottle-time", "set logging unthrottle-time <int>", cliSetLoggingNumber(nil)),
		command("set logging size", "set logging size <int>", cliSetLoggingNumber((*logBook).resize)),
	}
}

// logTime is the form of times in the log, microseconds cut to milliseconds
// (format_timeval in src/vppinfra/unix-formats.c).
const logTime = "2006/01/02 15:04:05:"

func cliShowLogging(v *VPP, _ *cliArgs) (string, error) {
	var b strings.Builder
	for _, l := range v.log.all() {
		t := l.time.UTC()
		fmt.Fprintf(&b, "%s%03d %-10s %-14s %s\n", t.Format(logTime), t.Nanosecond()/1e6, l.level, l.class, l.message)
	}
	return b.String(), nil
}

func cliShowLoggingConfiguration(v *VPP, _ *cliArgs) (string, error) {
	var b strings.Builder
	size, classes := v.log.settings()
	fmt.Fprintf(&b, "%-20s %d entries\nDefaults:\n", "Buffer Size:", size)
	for _, l := range [...][2]string{{"  Log Level:", "info"}, {"  Syslog Log Level:", "disabled"},
		{"  Kmsg Log Level:", "disabled"}, {"  Rate Limit:", "50 msgs/sec"}} {
		fmt.Fprintf(&b, "%-20s %s\n", l[0], l[1])
	}
	fmt.Fprintf(&b, "\n%-22s %-14s %-14s %-14s %s\n", "Class/Subclass", "Level", "Syslog Level", "Kmsg Log Level", "Rate Limit")
	for _, c := range classes {
		fmt.Fprintf(&b, "%s\n  %-20s %-14s %-14s %-14s %d\n", c.name, "default", c.level, c.syslog, c.kmsg, c.rate)
	}
	return b.String(), nil
}

// logLevelArg takes a level behind the keyword.
func (a *cliArgs) logLevelArg(keyword string, to **logLevel) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	for l, name := range logLevels {
		if name == a.words[1] {
			level := logLevel(l)
			*to, a.words = &level, a.words[2:]
			return true
		}
	}
	return false
}

func cliSetLoggingClass(v *VPP, a *cliArgs) (string, error) {
	if !a.more() || !v.log.known(a.words[0]) {
		return "", fmt.Errorf("unknown log class `%s'", a.rest())
	}
	class := a.word()
	var level, syslog, kmsg *logLevel
	rate, haveRate := uint32(0), false
	for a.more() {
		switch {
		case a.number("rate-limit", &rate):
			haveRate = true
		case a.logLevelArg("level", &level), a.logLevelArg("syslog-level", &syslog), a.logLevelArg("kmsg-level", &kmsg):
		default:
			return "", a.unknown()
		}
	}
	v.log.configure(class, func(c *logClass) {
		for _, f := range []struct{ from, to *logLevel }{{level, &c.level}, {syslog, &c.syslog}, {kmsg, &c.kmsg}} {
			if f.from != nil {
				*f.to = *f.from
			}
		}
		if haveRate {
			c.rate = rate
		}
	})
	return "", nil
}

// cliSetLoggingNumber reads numbers to the end of the line; nil takes them
// without effect.
func cliSetLoggingNumber(set func(*logBook, int)) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		for a.more() {
			n, err := strconv.ParseUint(a.words[0], 10, 16)
			if err != nil {
				return "", a.unknown()
			}
			a.word()
			if set != nil {
				set(&v.log, int(n))
			}
		}
		return "", nil
	}
}
