package daemon

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/fakevpp/console"
)

// defaultPrompt is VPP's, of a release build.
const defaultPrompt = "vpp# "

// consoleSettings are those of all terminals.
func (d *Daemon) consoleSettings() *console.Settings {
	u := &d.config.Unix
	prompt := u.CLIPrompt
	switch {
	case prompt == "":
		prompt = defaultPrompt
	case !strings.HasSuffix(prompt, " "):
		prompt += " "
	}
	return &console.Settings{Run: d.runCLI, Complete: d.vpp.Complete, Log: d.logLine, Prompt: prompt,
		Banner: !u.CLINoBanner && !u.NoBanner, Color: !u.NoColor, Pager: !u.CLINoPager,
		PagerLimit: u.CLIPagerLimit, HistoryLimit: u.CLIHistoryLimit, LineMode: u.CLILineMode}
}

// runCLI executes a line and returns what VPP prints: output, then error.
func (d *Daemon) runCLI(line string) string {
	out, err := d.vpp.CLI(line)
	if err == nil {
		return out
	}
	if out != "" && !strings.HasSuffix(out, "\n") {
		out += "\n"
	}
	return out + err.Error() + "\n"
}

// script executes the start-up script, and prints on standard output what it
// prints. VPP does so two seconds after the start; here it is done before the
// first client can connect. A line that fails ends it, as in VPP.
func (d *Daemon) script() {
	name := d.config.Unix.StartupConfig
	if name == "" {
		return
	}
	text, err := os.ReadFile(d.path(name))
	if err != nil {
		_, _ = fmt.Fprintf(d.settings.Stdout, "exec: failed to open `%s': %v\n", name, err)
		return
	}
	out, err := d.vpp.ExecOutput(string(text))
	_, _ = fmt.Fprint(d.settings.Stdout, out)
	if err != nil {
		_, _ = fmt.Fprintf(d.settings.Stdout, "exec: %s: %v\n", name, err)
	}
}

// timestamp is the form of times in the log (format_timeval in
// src/vppinfra/unix-formats.c).
const timestamp = "2006/01/02 15:04:05"

// openLog opens the log of commands ("unix { log }").
func (d *Daemon) openLog() error {
	name := d.config.Unix.Log
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(d.path(name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		_, _ = fmt.Fprintf(d.settings.Stderr, "couldn't open log '%s'\n", name) // VPP goes on, too
		return nil
	}
	d.log = f
	return d.logText(fmt.Sprintf(": ***** Start: PID %d *****", os.Getpid()))
}

// logLine writes a command of a session to the log.
func (d *Daemon) logLine(session int, line string) {
	if d.log != nil {
		_ = d.logText(fmt.Sprintf("[%d]: %s", session, line)) // a full disk does not stop VPP
	}
}

func (d *Daemon) logText(text string) error {
	now := time.Now()
	_, err := fmt.Fprintf(d.log, "%s:%03d%s\n", now.Format(timestamp), now.Nanosecond()/1e6, text)
	return err
}
