package fakevpp

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// logLevel is VPP's (vl_api_log_level_t in src/vpp/api/vpe_types.api).
type logLevel uint32

const (
	levelError    logLevel = 3
	levelWarning  logLevel = 4
	levelNotice   logLevel = 5
	levelInfo     logLevel = 6
	levelDebug    logLevel = 7
	levelDisabled logLevel = 8
)

// logLevels are the names of the levels (foreach_vlib_log_level in
// src/vlib/log.h).
var logLevels = [...]string{"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug", "disabled"}

func (l logLevel) String() string {
	if int(l) < len(logLevels) {
		return logLevels[l]
	}
	return "unknown"
}

// slog returns the level of log/slog.
func (l logLevel) slog() slog.Level {
	switch l {
	case levelError:
		return slog.LevelError
	case levelWarning:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// logSize is how many lines the log keeps (VPP's default, src/vlib/log.c).
const logSize = 512

// logLine is one entry of the log.
type logLine struct {
	time    time.Time
	level   logLevel
	class   string
	message string
}

// logClass is how lines of a class are kept.
type logClass struct {
	name                string
	level, syslog, kmsg logLevel
	rate                uint32
}

// logBook is VPP's log: the latest lines, for log_dump, and the user's logger.
type logBook struct {
	mu      sync.Mutex
	out     *slog.Logger
	lines   []logLine
	size    int
	classes []*logClass
}

// start empties the log.
func (b *logBook) start(out *slog.Logger) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out, b.lines, b.size, b.classes = out, nil, logSize, nil
	for _, name := range logClasses {
		b.class(name)
	}
}

// logClasses are the classes that exist from the start.
var logClasses = strings.Fields("plugin log api cli interface ip ip6 ip-neighbor punt arp memif tap af_packet vxlan urpf fib adj")

// class returns the class, made if it does not exist.
func (b *logBook) class(name string) *logClass {
	for _, c := range b.classes {
		if c.name == name {
			return c
		}
	}
	c := &logClass{name: name, level: levelInfo, syslog: levelDisabled, kmsg: levelDisabled, rate: 50}
	b.classes = append(b.classes, c)
	return c
}

// all returns the lines, oldest first.
func (b *logBook) all() []logLine {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.lines)
}

func (b *logBook) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = nil
}

// resize keeps the latest n lines.
func (b *logBook) resize(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.size = max(n, 1)
	b.lines = b.lines[max(len(b.lines)-b.size, 0):]
}

// settings returns how many lines are kept, and the classes.
func (b *logBook) settings() (size int, classes []logClass) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.classes {
		classes = append(classes, *c)
	}
	return b.size, classes
}

func (b *logBook) known(class string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.classes, func(c *logClass) bool { return c.name == class })
}

func (b *logBook) configure(class string, change func(*logClass)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b.class(class))
}

// keep adds a line unless its class is not to log it; it returns the user's
// logger.
func (b *logBook) keep(line logLine) *slog.Logger {
	b.mu.Lock()
	defer b.mu.Unlock()
	name, _, _ := strings.Cut(line.class, "/")
	if level := b.class(name).level; line.level > level || level == levelDisabled {
		return b.out
	}
	if len(b.lines) >= b.size {
		b.lines = append(b.lines[:0], b.lines[len(b.lines)-b.size+1:]...)
	}
	b.lines = append(b.lines, line)
	return b.out
}

// logf writes a line to VPP's log.
func (v *VPP) logf(level logLevel, class, format string, args ...any) {
	line := logLine{time: time.Now(), level: level, class: class, message: fmt.Sprintf(format, args...)}
	if out := v.log.keep(line); out != nil {
		out.Log(context.Background(), level.slog(), line.message, "vpp", v.opts.name, "class", class)
	}
}
