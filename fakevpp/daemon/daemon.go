// Package daemon runs a double as the process that VPP is: run-time directory,
// pid file, API socket, CLI socket and start-up script, as the start-up
// configuration (package startup) says, until it is told to end.
//
// It is the work of `vpptwin vpp`, which adds command line and signals.
package daemon

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/fakevpp"
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
	// Stderr receives what VPP writes there; nil discards it.
	Stderr io.Writer
	// UID decides on the default run-time directory.
	UID int
}

// Daemon is a running double with its sockets and files.
type Daemon struct {
	settings Settings
	config   *startup.Config
	dir      string // run-time directory, absolute
	vpp      *fakevpp.VPP
	remove   []string // files to remove at the end
}

// Start brings a VPP up; nil error means that its sockets accept clients.
func Start(s Settings) (*Daemon, error) {
	if s.Stderr == nil {
		s.Stderr = io.Discard
	}
	d := &Daemon{settings: s, config: s.Config}
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
	if err := d.script(); err != nil {
		return err
	}
	return d.listenAPI()
}

// Wait returns when the context is done.
func (d *Daemon) Wait(ctx context.Context) { <-ctx.Done() }

// VPP returns the double.
func (d *Daemon) VPP() *fakevpp.VPP { return d.vpp }

// Close ends the VPP and removes its sockets and files.
func (d *Daemon) Close() error {
	var err error
	if d.vpp != nil {
		err = d.vpp.Close()
	}
	for _, name := range d.remove {
		_ = os.Remove(name) // someone may have been faster
	}
	return err
}

// options turns the configuration into the double's.
func (d *Daemon) options() []fakevpp.Option {
	stats := fakevpp.StatsConfig{Size: d.config.StatSeg.Size, PageSize: d.config.StatSeg.PageSize,
		PerNodeCounters: d.config.StatSeg.PerNodeCounters,
		UpdateInterval:  time.Duration(d.config.StatSeg.UpdateInterval * float64(time.Second))}
	list := []fakevpp.Option{fakevpp.Workers(d.config.CPU.Workers), fakevpp.API2606(), fakevpp.LoadPlugins(d.loads),
		fakevpp.SaveAPITable(d.config.APITrace.SaveTable), fakevpp.Stats(stats)}
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

// script executes the start-up script. VPP does so two seconds after the start;
// here it is done before the first client can connect.
func (d *Daemon) script() error {
	name := d.config.Unix.StartupConfig
	if name == "" {
		return nil
	}
	out, err := d.vpp.CLI("exec " + d.path(name))
	if err != nil {
		_, _ = fmt.Fprintln(d.settings.Stderr, strings.TrimSpace(out+err.Error()))
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
	return d.vpp.Listen(d.path(name))
}
