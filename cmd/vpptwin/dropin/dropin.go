// Package dropin is `vpptwin vpp`: the double in place of the vpp executable.
// A program that is called vpp does the same.
//
// It runs while the packages of the program are being initialised, before those
// of Kubernetes have their turn: they take several times as long as starting a
// VPP, and need as much memory, neither of which a VPP has use for. The Go
// specification sorts packages that are ready by import path, so that this one,
// below github.com, comes before those of k8s.io. Importing the package is
// therefore all that package main has to do.
package dropin

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/vpptwin/vpptwin/fakevpp/daemon"
	"github.com/vpptwin/vpptwin/fakevpp/startup"
)

func init() {
	if words, ok := words(os.Args); ok {
		os.Exit(run(words))
	}
}

// words returns VPP's command line: what stands behind `vpptwin vpp`, or behind
// the name of a process that is called vpp.
func words(args []string) ([]string, bool) {
	switch {
	case len(args) > 0 && filepath.Base(args[0]) == "vpp":
		return args[1:], true
	case len(args) > 1 && args[1] == "vpp":
		return args[2:], true
	}
	return nil, false
}

// run runs a VPP to its end and returns the exit code.
func run(words []string) int {
	line, err := parseLine(words)
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "vpp: %v\n", err)
		help(os.Stderr)
		return 1
	}
	switch {
	case line.help:
		help(os.Stdout)
		return 0
	case line.version:
		version(os.Stdout)
		return 0
	}
	config, err := line.config()
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "vpp: %v\n", err)
		return 1
	}
	return serve(config, &line)
}

// serve runs the VPP until something ends it.
func serve(config *startup.Config, line *commandLine) int {
	if background(config) {
		if err := detach(); err != nil {
			_, _ = fmt.Fprintf(os.Stderr, "vpp: %v\n", err)
			return 1
		}
		return 0
	}
	signals := watchSignals()
	settings := daemon.Settings{Config: config, Stdout: os.Stdout, Stderr: os.Stderr, Stdin: os.Stdin, UID: os.Geteuid(), ChangeDir: true,
		APIDir: line.apiDir, Inject: line.inject, Control: line.control}
	if settings.APIDir == "" {
		settings.APIDir = os.Getenv("VPPTWIN_API_DIR")
	}
	collector := debug.SetGCPercent(-1) // nothing is garbage before the first client
	d, err := daemon.Start(settings)
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "vpp: %v\n", err)
		return 1
	}
	debug.SetGCPercent(collector)
	code := wait(d, config, signals)
	if err := d.Close(); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "vpp: %v\n", err)
		return 1
	}
	return code
}
