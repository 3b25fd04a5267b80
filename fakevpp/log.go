package fakevpp

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// logLevel is VPP's (vl_api_log_level_t in src/vpp/api/vpe_types.api).
type logLevel uint32

const (
	levelError   logLevel = 3
	levelWarning logLevel = 4
	levelNotice  logLevel = 5
	levelInfo    logLevel = 6
)

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

// logBook is VPP's log: the latest lines, for log_dump, and the user's logger.
type logBook struct {
	mu    sync.Mutex
	out   *slog.Logger
	lines []logLine
}

// start empties the log.
func (b *logBook) start(out *slog.Logger) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out, b.lines = out, nil
}

// all returns the lines, oldest first.
func (b *logBook) all() []logLine {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]logLine(nil), b.lines...)
}

// logf writes a line to VPP's log.
func (v *VPP) logf(level logLevel, class, format string, args ...any) {
	line := logLine{time: time.Now(), level: level, class: class, message: fmt.Sprintf(format, args...)}
	b := &v.log
	b.mu.Lock()
	if len(b.lines) == logSize {
		b.lines = append(b.lines[:0], b.lines[1:]...)
	}
	b.lines = append(b.lines, line)
	out := b.out
	b.mu.Unlock()
	if out != nil {
		out.Log(context.Background(), level.slog(), line.message, "vpp", v.opts.name, "class", class)
	}
}
