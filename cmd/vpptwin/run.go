package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/vpptwin/vpptwin/scenarios"
)

// runFlags are the flags of `vpptwin run`.
type runFlags struct {
	backend string
	junit   string
	pcap    string
	trace   bool
	json    bool
	verbose bool
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [flags] PATH...",
		Short: "Run scenarios and tell which steps passed",
		Long: `Run scenarios. PATH is a scenario file, a directory of them, the name of a built-in scenario, or "library" for
all built-in ones. Each step gets one line; for a failed one the packet's path follows, up to where it ended.

The exit code is 0 if every step passed or the scenario was skipped, 1 if a step failed, 2 if the input is wrong.`,
		Example: `  vpptwin run my.yaml
  vpptwin run scenarios/ --junit report.xml    # for CI
  vpptwin run library --json | jq .status
  vpptwin run mtu-fragmentation --trace        # every packet, node by node of VPP's graph
  vpptwin run lossy-fabric --pcap captures     # captures/lossy-fabric/node1-eth0.pcapng, ...`,
		ValidArgsFunction: completeScenarios,
		RunE: func(c *cobra.Command, args []string) error {
			return a.run(c.Context(), f, args)
		},
	}
	a.backendFlag(c, &f.backend)
	c.Flags().StringVar(&f.junit, "junit", "", "write a JUnit XML report to `FILE`")
	c.Flags().StringVar(&f.pcap, "pcap", "", "write what each interface saw to `DIR`/SCENARIO/NODE-INTERFACE.pcapng")
	c.Flags().BoolVar(&f.trace, "trace", false, "show the path of every packet, not only of failed ones")
	c.Flags().BoolVar(&f.json, "json", false, "write verdicts as JSON, one object per line, instead of text")
	c.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "also name the objects in manifests that have no effect on packets")
	c.MarkFlagsMutuallyExclusive("json", "trace")
	return c
}

func (a *app) run(ctx context.Context, f runFlags, args []string) error {
	b, err := a.backend(f.backend)
	if err != nil {
		return err
	}
	list, err := load(args)
	if err != nil {
		return err
	}
	var rep scenarios.Reporter = a.terminal(f)
	if f.json {
		rep = scenarios.Quiet{}
	}
	var verdicts []scenarios.Verdict
	for _, s := range list {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("interrupted before %s: %w", s.Name, err)
		}
		dir, err := captureDir(f.pcap, s)
		if err != nil {
			return err
		}
		v := scenarios.Execute(ctx, b, s, scenarios.Options{CaptureDir: dir}, rep)
		verdicts = append(verdicts, v)
		if f.json {
			if err := scenarios.WriteJSON(a.out, v); err != nil {
				return err
			}
		}
	}
	if err := writeJUnit(f.junit, verdicts); err != nil {
		return err
	}
	return a.conclude(f, verdicts)
}

func (a *app) terminal(f runFlags) *scenarios.Terminal {
	colour, width := terminal(a.out)
	return &scenarios.Terminal{Out: a.out, Color: colour, Width: width, Trace: f.trace, Verbose: f.verbose}
}

// captureDir makes the directory for a scenario's captures below base; "" if none are wanted.
func captureDir(base string, s *scenarios.Scenario) (string, error) {
	if base == "" {
		return "", nil
	}
	dir := filepath.Join(base, filepath.Base(s.Name))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making the directory for captures: %w", err)
	}
	return dir, nil
}

func writeJUnit(file string, verdicts []scenarios.Verdict) error {
	if file == "" {
		return nil
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("writing the JUnit report: %w", err)
	}
	if err := scenarios.WriteJUnit(f, verdicts...); err != nil {
		_ = f.Close() // the first error is the one to tell
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing the JUnit report: %w", err)
	}
	return nil
}

// conclude writes the total of several scenarios and returns errFailed if one failed.
func (a *app) conclude(f runFlags, verdicts []scenarios.Verdict) error {
	count := map[scenarios.Status]int{}
	for _, v := range verdicts {
		count[v.Status]++
	}
	if len(verdicts) > 1 && !f.json {
		_, _ = fmt.Fprintf(a.out, "\n%d scenarios: %d passed, %d failed, %d skipped\n", len(verdicts),
			count[scenarios.Passed], count[scenarios.Failed], count[scenarios.Skipped])
	}
	if count[scenarios.Failed] > 0 {
		return errFailed
	}
	return nil
}
