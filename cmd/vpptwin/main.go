// Command vpptwin runs multi-network Kubernetes scenarios on an emulated VPP cluster. Its work is done by package scenarios and the backends; each
// subcommand has a file here that turns flags into calls and results into text.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/sirupsen/logrus"
	"go.fd.io/govpp/core"

	_ "github.com/vpptwin/vpptwin/cmd/vpptwin/dropin" // the process ends there if it stands in for vpp
)

// gcPercent lets the heap grow to five times what is alive before it is collected, unless the environment says otherwise: a scenario makes and drops clusters, and
// at the usual 100 a third of its processor time is the collector's.
const gcPercent = 400

func main() { os.Exit(mainCode()) }

// mainCode runs the command line of the process and returns its exit code.
func mainCode() int {
	// govpp logs every connection it loses; scenarios break them on purpose, and say so themselves.
	core.SetLogLevel(logrus.PanicLevel)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the first signal ends the run after the scenario at hand, a second one ends the process
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, backends: backends()}
	return a.execute(ctx, os.Args[1:])
}
