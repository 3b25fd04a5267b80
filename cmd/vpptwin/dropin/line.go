package dropin

import (
	"fmt"
	"io"
	"strings"

	"github.com/vpptwin/vpptwin/fakevpp/startup"
)

// commandLine is a command line: VPP's options, and the words of the configuration.
type commandLine struct {
	file                       string
	interactive, help, version bool
	words                      []string
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
	_, _ = fmt.Fprint(w, `Usage: vpptwin vpp [options] [startup configuration]
  -c, --config <file>         Read startup configuration from file
  -i, --interactive           Run in interactive mode
      --no-alloc-intercept    Accepted, without effect
  -v, --version               Print version information and exit
  -h, --help                  Show this help message and exit
`)
}

func version(w io.Writer) {
	_, _ = fmt.Fprintln(w, "vpp v26.06 built by vpptwin")
}
