package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/vpptwin/vpptwin/fakevpp/daemon"
	"github.com/vpptwin/vpptwin/fakevpp/startup"
)

// vppWords returns the command line behind `vpptwin vpp`, or of a process that is called vpp.
func vppWords(args []string) ([]string, bool) {
	switch {
	case len(args) > 0 && filepath.Base(args[0]) == "vpp":
		return args[1:], true
	case len(args) > 1 && args[1] == "vpp":
		return args[2:], true
	}
	return nil, false
}

// vppMain takes the place of the vpp executable.
func vppMain(words []string) int {
	line, err := parseVPPLine(words)
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "vpp: %v\n", err)
		vppHelp(os.Stderr)
		return 1
	}
	switch {
	case line.help:
		vppHelp(os.Stdout)
		return 0
	case line.version:
		vppVersion(os.Stdout)
		return 0
	}
	config, err := line.config()
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "vpp: %v\n", err)
		return 1
	}
	return runVPP(config, line)
}

func runVPP(config *startup.Config, line vppLine) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt, syscall.SIGHUP)
	defer stop()
	d, err := daemon.Start(daemon.Settings{Config: config, Stderr: os.Stderr, UID: os.Geteuid()})
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "vpp: %v\n", err)
		return 1
	}
	d.Wait(ctx)
	if err := d.Close(); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "vpp: %v\n", err)
		return 1
	}
	return 0
}

// vppLine is a command line: VPP's options, and the words of the configuration.
type vppLine struct {
	file                       string
	interactive, help, version bool
	words                      []string
}

// parseVPPLine takes VPP's options from wherever they stand between the words, as getopt_long does for VPP.
func parseVPPLine(words []string) (vppLine, error) {
	var line vppLine
	for i := 0; i < len(words); i++ {
		w := words[i]
		name, value, given := strings.Cut(w, "=")
		switch {
		case w == "--":
			line.words = append(line.words, words[i+1:]...)
			return line, nil
		case len(w) < 2 || w[0] != '-':
			line.words = append(line.words, w)
		case w == "-h" || w == "--help":
			line.help = true
		case w == "-v" || w == "--version":
			line.version = true
		case w == "-i" || w == "--interactive":
			line.interactive = true
		case w == "--no-alloc-intercept":
		case strings.HasPrefix(w, "-c") && len(w) > 2 && w[1] != '-':
			line.file = w[2:]
		case name == "--config" && given:
			line.file = value
		case w == "-c" || w == "--config":
			if i++; i == len(words) {
				return line, fmt.Errorf("option '%s' requires an argument", w)
			}
			line.file = words[i]
		default:
			return line, fmt.Errorf("unrecognized option '%s'", w)
		}
	}
	return line, nil
}

// config reads the configuration that the line means.
func (l vppLine) config() (*startup.Config, error) {
	c, err := startup.ParseWords(l.words)
	if l.file != "" {
		c, err = startup.ReadFile(l.file)
	}
	if err == nil && l.interactive {
		c.Unix.Interactive = true
	}
	return c, err
}

func vppHelp(w io.Writer) {
	_, _ = fmt.Fprint(w, `Usage: vpptwin vpp [options] [startup configuration]
  -c, --config <file>         Read startup configuration from file
  -i, --interactive           Run in interactive mode
      --no-alloc-intercept    Accepted, without effect
  -v, --version               Print version information and exit
  -h, --help                  Show this help message and exit
`)
}

func vppVersion(w io.Writer) {
	_, _ = fmt.Fprintln(w, "vpp v26.06 built by vpptwin")
}
