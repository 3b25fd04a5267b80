// Package daemon runs a double as the process that VPP is: run-time directory,
// pid file, API socket, CLI socket and start-up script, as the start-up
// configuration (package startup) says, until it is told to end.
//
// It is the work of `vpptwin vpp`, which adds command line and signals.
package daemon

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/fakevpp/console"
	"github.com/vpptwin/vpptwin/fakevpp/inject"
	"github.com/vpptwin/vpptwin/fakevpp/startup"
)

// The names of the sockets in the run-time directory, unless the configuration
// gives others.
const (
	apiSocket   = "api.sock"
	statsSocket = "stats.sock"
)

// Settings are what a daemon needs beside the configuration.
type Settings struct {
	Config *startup.Config
	// Options are given to the double behind those of the configuration.
	Options []fakevpp.Option
	// Stdout and Stderr receive what VPP writes there; nil discards it.
	Stdout, Stderr io.Writer
	// Stdin is the console of "interactive", nil for none.
	Stdin *os.File
	// ChangeDir makes the run-time directory the process's, as VPP does.
	ChangeDir bool
	// UID decides on the default run-time directory.
	UID int
	// APIDir is a directory of *.api.json files to speak instead of VPP 26.06's
	// API; empty for none.
	APIDir string
	// Inject are faults to start with, as package inject reads them.
	Inject []string
	// Control is the path of the control socket for faults; empty for none.
	Control string
	// Die ends the process when a fault says so; nil kills it.
	Die func()
}

// Version is what the double says it is.
var Version = fakevpp.Version{Version: "26.06-release", BuildDate: "2026-06-24T00:00:00", BuildDirectory: "/vpptwin"}

// Daemon is a running double with its sockets and files.
type Daemon struct {
	settings Settings
	config   *startup.Config
	dir      string // run-time directory, absolute
	vpp      *fakevpp.VPP
	console  *console.Settings
	cli      *cliServer
	log      *os.File   // "unix { log }", nil for none
	stderr   sync.Mutex // one line of the log at a time
	faults   *inject.Process
	remove   []string // files to remove at the end
	control  *inject.Control
	quit     chan struct{}
	terminal *terminal
}

// Start brings a VPP up; nil error means that its sockets accept clients.
func Start(s Settings) (*Daemon, error) {
	if s.Stderr == nil {
		s.Stderr = io.Discard
	}
	if s.Stdout == nil {
		s.Stdout = io.Discard
	}
	d := &Daemon{settings: s, config: s.Config, quit: make(chan struct{})}
	if err := d.start(); err != nil {
		_ = d.Close() // the first error is the one to tell
		return nil, err
	}
	return d, nil
}

func (d *Daemon) start() error {
	if err := d.runtimeDir(); err != nil {
		return err
	}
	if err := d.openLog(); err != nil {
		return err
	}
	if err := d.pidFile(); err != nil {
		return err
	}
	v, err := fakevpp.New(append(d.options(), d.settings.Options...)...)
	if err != nil {
		return err
	}
	d.vpp = v
	if err := d.listenStats(); err != nil {
		return err
	}
	if path := d.config.PuntSocket; path != "" {
		if err := v.PuntSocket(path); err != nil {
			return err
		}
		d.remove = append(d.remove, path)
	}
	d.noteUnused()
	d.console = d.consoleSettings()
	d.script()
	if err := d.startFaults(); err != nil {
		return err
	}
	if err := d.listenCLI(); err != nil {
		return err
	}
	if err := d.listenAPI(); err != nil { // late: clients wait for it
		return err
	}
	return d.openTerminal()
}

// startFaults installs the faults to start with, and opens the control socket.
func (d *Daemon) startFaults() error {
	die := d.settings.Die
	if die == nil {
		die = kill
	}
	d.faults = inject.NewProcess(d.vpp, die)
	for _, text := range d.settings.Inject {
		if _, err := d.faults.Add(text); err != nil {
			return fmt.Errorf("inject %q: %w", text, err)
		}
	}
	if d.settings.Control == "" {
		return nil
	}
	if err := replaceStale(d.settings.Control); err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	var err error
	d.control, err = inject.Listen(d.settings.Control, d.faults)
	return err
}

// kill ends the process without a word, as a crash does; sockets stay.
func kill() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // there is no way to fail
	select {}
}

// Quit is closed when the user has left the console ("unix { interactive }").
func (d *Daemon) Quit() <-chan struct{} { return d.quit }

// VPP returns the double.
func (d *Daemon) VPP() *fakevpp.VPP { return d.vpp }

// Close ends the VPP. Its sockets for API and CLI and the pid file stay behind,
// as VPP leaves them.
func (d *Daemon) Close() error {
	var err error
	if d.terminal != nil {
		d.terminal.restore()
	}
	if d.control != nil {
		d.control.Close()
	}
	if d.faults != nil {
		d.faults.Close()
	}
	if d.cli != nil {
		d.cli.close()
	}
	if d.vpp != nil {
		d.vpp.KeepSockets()
		err = d.vpp.Close()
	}
	for _, name := range d.remove {
		_ = os.Remove(name) // someone may have been faster
	}
	if d.log != nil {
		_ = d.log.Close() // written through
	}
	return err
}

// options turns the configuration into the double's.
func (d *Daemon) options() []fakevpp.Option {
	api := fakevpp.API2606()
	if d.settings.APIDir != "" {
		api = fakevpp.APIFiles(d.settings.APIDir)
	}
	stats := fakevpp.StatsConfig{Size: d.config.StatSeg.Size, PageSize: d.config.StatSeg.PageSize,
		PerNodeCounters: d.config.StatSeg.PerNodeCounters,
		UpdateInterval:  time.Duration(d.config.StatSeg.UpdateInterval * float64(time.Second))}
	list := []fakevpp.Option{fakevpp.Workers(d.config.CPU.Workers), api, fakevpp.LoadPlugins(d.loads), fakevpp.WithVersion(Version), fakevpp.RuntimeDir(d.dir),
		fakevpp.Logger(slog.New(d.logHandler())), fakevpp.SaveAPITable(d.config.APITrace.SaveTable), fakevpp.Stats(stats)}
	if d.config.APITrace.On {
		list = append(list, fakevpp.APITrace(d.config.APITrace.NItems))
	}
	return list
}

// loads says if the configuration has the VPP load a plugin.
func (d *Daemon) loads(plugin string, byDefault bool) bool {
	return !d.config.Plugins.Disabled(plugin) && (byDefault || d.config.Plugins.Plugin[plugin].Enable)
}

// runtimeDir makes the run-time directory (vlib_unix_recursive_mkdir in
// src/vlib/unix/util.c).
func (d *Daemon) runtimeDir() error {
	dir := d.config.RuntimeDir(d.settings.UID)
	if d.config.Unix.UseCurrentDir {
		dir = "."
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("runtime-dir: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("runtime-dir: %w", err)
	}
	d.dir = dir
	if !d.settings.ChangeDir {
		return nil
	}
	if err := os.Chdir(dir); err != nil {
		return fmt.Errorf("runtime-dir: %w", err)
	}
	return nil
}

// path returns a file's name, relative ones below the run-time directory, to
// which VPP changes.
func (d *Daemon) path(name string) string {
	if filepath.IsAbs(name) || strings.HasPrefix(name, "@") {
		return name
	}
	return filepath.Join(d.dir, name)
}

// pidFile writes the process id. The file has to be in the run-time directory
// (vlib_unix_validate_runtime_file in src/vlib/unix/util.c).
func (d *Daemon) pidFile() error {
	name := d.config.Unix.PIDFile
	if name == "" {
		return nil
	}
	switch {
	case strings.HasPrefix(name, "../") || strings.Contains(name, "/../"):
		return fmt.Errorf("pidfile %s: '..' not allowed in runtime path", name)
	case filepath.IsAbs(name) && !strings.HasPrefix(name, d.dir):
		return fmt.Errorf("pidfile: file %s is not in runtime directory %s", name, d.dir)
	}
	name = d.path(name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("pidfile: %w", err)
	}
	if err := os.WriteFile(name, fmt.Appendf(nil, "%d", os.Getpid()), 0o644); err != nil {
		return fmt.Errorf("pidfile: %w", err)
	}
	return nil
}

// listenStats offers the stats segment.
func (d *Daemon) listenStats() error {
	name := d.config.StatSeg.SocketName
	if name == "" {
		name = statsSocket
	}
	return d.vpp.ListenStats(d.path(name))
}

// listenAPI opens the API socket.
func (d *Daemon) listenAPI() error {
	name := d.config.SockSvr.SocketName
	if name == "" {
		name = apiSocket
	}
	name = d.path(name)
	if err := d.vpp.Listen(name); err != nil {
		return err
	}
	if name[0] == '@' {
		return nil
	}
	return allowGroup(name)
}
