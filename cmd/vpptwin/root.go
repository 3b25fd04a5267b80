package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/vpptwin/vpptwin/scenarios"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // a step failed
	exitInput  = 2 // wrong flags, or a scenario that is wrong
)

// app is the command line's surroundings.
type app struct {
	in       io.Reader
	out, err io.Writer
	backends []scenarios.Backend
}

// errFailed ends a command whose report has been written already.
var errFailed = errors.New("a step failed")

// execute runs one command line and returns the exit code.
func (a *app) execute(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	switch err := root.ExecuteContext(ctx); {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		return exitFailed
	default:
		a.complain(err)
		return exitInput
	}
}

// complain writes an error, each problem of a scenario file on its own line so that editors can jump to it.
func (a *app) complain(err error) {
	if scenarios.IsProblem(err) {
		_, _ = fmt.Fprintln(a.err, err)
		return
	}
	_, _ = fmt.Fprintf(a.err, "vpptwin: %v\n", err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "vpptwin",
		Short: "Run multi-network Kubernetes scenarios on an emulated VPP cluster",
		Long: `vpptwin runs scenarios: ordinary Kubernetes manifests, and steps that say what is expected of packets.
The built-in backend "sim" needs no root, no network and no Kubernetes: agents program emulated VPPs, and
packets cross an emulated fabric in virtual time.`,
		Example: `  vpptwin list                                  # the built-in scenarios
  vpptwin run isolation-same-range              # run one of them
  vpptwin run library                           # run them all
  vpptwin run my.yaml --pcap captures           # run your own, and look at the packets in Wireshark
  vpptwin trace vxlan-on-the-wire-ipv4 --from a/eth1 --to b/eth1`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.AddCommand(a.runCommand(), a.traceCommand(), a.listCommand(), a.validateCommand(), a.recordCommand(), a.replayCommand(), a.vppCommand(), a.injectCommand())
	return root
}

// backendFlag adds --backend to a command.
func (a *app) backendFlag(c *cobra.Command, name *string) {
	c.Flags().StringVar(name, "backend", a.backends[0].Name(), "where to run: "+a.backendNames())
	_ = c.RegisterFlagCompletionFunc("backend", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return strings.Split(a.backendNames(), ", "), cobra.ShellCompDirectiveNoFileComp
	}) // the flag exists: it was made above
}

func (a *app) backendNames() string {
	var names []string
	for _, b := range a.backends {
		names = append(names, b.Name())
	}
	return strings.Join(names, ", ")
}

func (a *app) backend(name string) (scenarios.Backend, error) {
	for _, b := range a.backends {
		if b.Name() == name {
			return b, nil
		}
	}
	return nil, fmt.Errorf("unknown backend %q; expected one of %s", name, a.backendNames())
}

// terminal returns whether w is a terminal that takes colours, and its width in columns; 0 for no limit. NO_COLOR (no-color.org) and COLUMNS are heeded.
func terminal(w io.Writer) (colour bool, width int) {
	f, ok := w.(*os.File)
	if !ok {
		return false, 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return false, 0
	}
	width = int(size.Col)
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		width = n
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb", width
}
