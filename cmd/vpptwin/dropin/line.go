package dropin

import (
	"fmt"
	"io"
	"strings"

	"github.com/vpptwin/vpptwin/fakevpp/daemon"
	"github.com/vpptwin/vpptwin/fakevpp/startup"
)

// commandLine is a command line: VPP's options, and the words of the configuration.
type commandLine struct {
	file                       string
	interactive, help, version bool
	words                      []string

	// The double's own.
	apiDir, control string
	inject          []string
}

// parseLine takes VPP's options from wherever they stand between the words, as getopt_long does for VPP.
func parseLine(words []string) (commandLine, error) {
	var line commandLine
	for i := 0; i < len(words); i++ {
		w := words[i]
		name, value, given := strings.Cut(w, "=")
		switch {
		case w == "--":
			line.words = append(line.words, words[i+1:]...)
			return line, nil
		case len(w) < 2 || w[0] != '-':
			line.words = append(line.words, w)
		case name == "--api-dir" || name == "--inject" || name == "--control":
			if len(line.words) > 0 {
				return line, fmt.Errorf("option '%s' has to stand before the words of the configuration", name)
			}
			if !given {
				if i++; i == len(words) {
					return line, fmt.Errorf("option '%s' requires an argument", name)
				}
				value = words[i]
			}
			line.own(name, value)
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

// own sets one of the double's own options.
func (l *commandLine) own(name, value string) {
	switch name {
	case "--api-dir":
		l.apiDir = value
	case "--control":
		l.control = value
	case "--inject":
		l.inject = append(l.inject, value)
	}
}

// config reads the configuration that the line means.
func (l commandLine) config() (*startup.Config, error) {
	c, err := startup.ParseWords(l.words)
	if l.file != "" {
		c, err = startup.ReadFile(l.file)
	}
	if err == nil && l.interactive {
		c.Unix.Interactive = true
	}
	return c, err
}

func help(w io.Writer) {
	_, _ = fmt.Fprint(w, `Usage: vpptwin vpp [options of vpptwin] [options of VPP] [startup configuration]

Takes the place of the vpp executable: the same command line, start-up configuration, sockets, files and signals.
A program that is called vpp does the same without the word vpp.

Options of VPP, anywhere on the line:
  -c, --config <file>         Read startup configuration from file
  -i, --interactive           Run in interactive mode
      --no-alloc-intercept    Accepted, without effect
  -v, --version               Print version information and exit
  -h, --help                  Show this help message and exit

Options of vpptwin, before the words of the configuration:
      --api-dir <directory>   Speak the API of the *.api.json files below the directory instead of VPP 26.06's
                              (default: $VPPTWIN_API_DIR)
      --inject <fault>        Start with a fault, such as 'ip_route_add_del:retval=-1:after=3'; may be repeated
      --control <socket>      Take faults from "vpptwin inject --control <socket>" while running

Examples:
  vpptwin vpp unix { nodaemon cli-listen /run/vpp/cli.sock } socksvr { socket-name /run/vpp/api.sock }
  vpptwin vpp -c /etc/vpp/startup.conf
  vpptwin vpp --inject '*:crash:nth=100' -c /etc/vpp/startup.conf
`)
}

func version(w io.Writer) {
	v := daemon.Version
	_, _ = fmt.Fprintf(w, "vpp %s built by vpptwin on vpptwin at %s\n", v.Version, v.BuildDate)
}
