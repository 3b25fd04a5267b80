package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/fakevpp/record"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	on, apiDir string
	ignore     []string
	timeout    time.Duration
	show       bool
}

func (a *app) replayCommand() *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use:   "replay FILE",
		Short: "Send a recording to a VPP again and compare what it answers",
		Long: `replay sends the requests of a recording, or of a file of VPP's api trace, to a double that it starts or to the VPP
behind a socket, and compares answers and events field by field. Interface indexes, counter indexes, allocated table and
socket ids and MAC addresses may be others, as long as they are others everywhere.

The exit code is 0 if nothing differs, 1 if something does, 2 if the file or the VPP cannot be used.`,
		Example: `  vpptwin replay node.rec --on double
  vpptwin replay node.rec --on /run/vpp/api.sock --ignore sw_interface_details.link_speed
  vpptwin replay api.trace --show          # an api trace as text`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.replay(args[0], f) },
	}
	c.Flags().StringVar(&f.on, "on", "double", `"double", or the API socket of a VPP`)
	c.Flags().StringVar(&f.apiDir, "api-dir", "", "directory of the VPP's *.api.json files (default: those of VPP 26.06)")
	c.Flags().StringSliceVar(&f.ignore, "ignore", nil, "fields that may differ, as message.field or field")
	c.Flags().DurationVar(&f.timeout, "timeout", 10*time.Second, "how long an answer may take")
	c.Flags().BoolVar(&f.show, "show", false, "print the file as a recording, and send nothing")
	return c
}

func (a *app) replay(name string, flags replayFlags) error {
	api, err := catalog(flags.apiDir)
	if err != nil {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	rec, err := record.Read(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if flags.show {
		record.NewCatalogue(api).Explain(rec)
		return rec.Write(a.out)
	}
	socket := flags.on
	if socket == "double" {
		var stop func()
		if socket, stop, err = startDouble(flags.apiDir); err != nil {
			return err
		}
		defer stop()
	}
	result, err := record.Replay(rec, socket, api, record.Options{Ignore: flags.ignore, Timeout: flags.timeout})
	if result != nil {
		for _, d := range result.Differences {
			a.printf("%s\n", d)
		}
		a.printf("%d requests, %d answers, %d events, %d differences\n",
			result.Requests, result.Answers, result.Events, len(result.Differences))
		if result.Failed > 0 {
			a.printf("%d answers with a retval other than 0\n", result.Failed)
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case len(result.Differences) > 0:
		return errFailed
	}
	return nil
}

// startDouble starts a double with the API.
func startDouble(apiDir string) (socket string, stop func(), err error) {
	if apiDir != "" {
		return record.Double(fakevpp.APIFiles(apiDir))
	}
	return record.Double(fakevpp.API2606())
}
