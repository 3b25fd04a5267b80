package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/vpptwin/vpptwin/fakevpp/startup"
)

// logHandler writes VPP's log to standard error where VPP would not take syslog
// (`nosyslog` or `interactive`): lines of default-syslog-log-level and above,
// which is "warn" unless the configuration says otherwise. Without these words
// VPP writes to syslog, which the double does not.
func (d *Daemon) logHandler() slog.Handler {
	u := &d.config.Unix
	if !u.NoSyslog && !u.Interactive {
		return slog.DiscardHandler
	}
	return stderrHandler{d}
}

// stderrHandler writes "CLASS: MESSAGE" as VPP's log does.
type stderrHandler struct{ d *Daemon }

// Enabled compares with the configured level.
func (h stderrHandler) Enabled(_ context.Context, level slog.Level) bool {
	limit := h.d.config.Logging.SyslogLevel
	if limit == "" {
		limit = "warn"
	}
	if limit == "disabled" {
		return false
	}
	name := map[slog.Level]string{slog.LevelError: "error", slog.LevelWarn: "warn", slog.LevelInfo: "info"}[level]
	return slices.Index(startup.LogLevels, name) <= slices.Index(startup.LogLevels, limit)
}

// Handle writes a line.
func (h stderrHandler) Handle(_ context.Context, r slog.Record) error {
	class := "vpp"
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "class" {
			class = a.Value.String()
		}
		return true
	})
	h.d.stderr.Lock()
	defer h.d.stderr.Unlock()
	_, err := fmt.Fprintf(h.d.settings.Stderr, "%s: %s\n", class, r.Message)
	return err
}

// WithAttrs returns the same handler: VPP's log has no attributes.
func (h stderrHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup returns the same handler.
func (h stderrHandler) WithGroup(string) slog.Handler { return h }

// noteUnused says which parts of the configuration have no meaning here.
func (d *Daemon) noteUnused() {
	if !(stderrHandler{d}).Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	for _, u := range d.config.Unused {
		_, _ = fmt.Fprintf(d.settings.Stderr, "startup: %s: %s %s: accepted, of no use to the double\n", u.Place, u.Stanza, u.Text)
	}
}
