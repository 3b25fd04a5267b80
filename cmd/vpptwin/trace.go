package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vpptwin/vpptwin/scenarios"
)

// traceFlags are the flags of `vpptwin trace`.
type traceFlags struct {
	backend, kind, family string
	request               scenarios.TraceRequest
	graph                 bool
}

func (a *app) traceCommand() *cobra.Command {
	var f traceFlags
	c := &cobra.Command{
		Use:   "trace SCENARIO --from POD/INTERFACE --to ADDRESS",
		Short: "Send one packet and explain each hop of its way",
		Long: `Build a scenario's cluster, send one packet and walk its way: what the sender did, what each VPP decided, what crossed
the wire, and who received it or where and why it ended.

--from and --to take what probes in scenarios take: POD, POD/INTERFACE, NAMESPACE/POD/INTERFACE, a node or a host; --to an address, too.
Without --after the packet is sent before the first step.`,
		Example: `  vpptwin trace vxlan-on-the-wire-ipv4 --from a/eth1 --to b/eth1
  vpptwin trace host-reachability --from outside --to 10.244.1.1 --kind tcp
  vpptwin trace isolation-same-range --after "a further pod in red" --from blue1/eth1 --to red3/eth1 --graph`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeScenarios,
		RunE: func(c *cobra.Command, args []string) error {
			return a.trace(c.Context(), f, args)
		},
	}
	a.backendFlag(c, &f.backend)
	c.Flags().StringVar(&f.request.From, "from", "", "who sends")
	c.Flags().StringVar(&f.request.To, "to", "", "who is meant to receive, or an address")
	c.Flags().StringVar(&f.kind, "kind", "ping", "ping, udp or tcp")
	c.Flags().StringVar(&f.family, "family", "", "ipv4 or ipv6 (default: each that both ends have)")
	c.Flags().StringVar(&f.request.After, "after", "", "send after the step of this `NAME`; changes of steps before it are made, checks are left out")
	c.Flags().BoolVar(&f.graph, "graph", false, "show what each node of VPP's graph did, as VPP's \"show trace\" has it")
	_ = c.MarkFlagRequired("from") // they exist
	_ = c.MarkFlagRequired("to")
	return c
}

func (a *app) trace(ctx context.Context, f traceFlags, args []string) error {
	b, err := a.backend(f.backend)
	if err != nil {
		return err
	}
	switch f.kind {
	case "ping", "udp", "tcp":
		f.request.Kind = scenarios.ProbeKind(f.kind)
	default:
		return fmt.Errorf("--kind is %q; expected ping, udp or tcp", f.kind)
	}
	switch f.family {
	case "", "ipv4", "ipv6":
		f.request.Family = scenarios.Families(f.family)
	default:
		return fmt.Errorf("--family is %q; expected ipv4 or ipv6", f.family)
	}
	list, err := load(args)
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return fmt.Errorf("%q means %d scenarios; expected one", args[0], len(list))
	}
	observed, err := scenarios.Trace(ctx, b, list[0], f.request)
	switch {
	case errors.Is(err, scenarios.ErrRequest):
		return err
	case err != nil:
		a.complain(err)
		return errFailed
	}
	for _, o := range observed {
		a.walk(o, f.graph)
	}
	return nil
}

// walk explains the way of each packet of an observation, and of its answer.
func (a *app) walk(o scenarios.Observation, graph bool) {
	for _, p := range o.Result.Packets {
		a.printf("%s\n", o.Name)
		if p.SendError != "" {
			a.printf("  It was not sent: %s.\n", p.SendError)
			continue
		}
		a.hops(p.Path, graph)
		for _, e := range p.Errors {
			a.printf("  The sender gets an ICMP error, %s, from %s.\n", e.Name(), e.From)
		}
		if len(p.ReplyPath) > 0 {
			a.printf("and the answer\n")
			a.hops(p.ReplyPath, graph)
		}
	}
}

func (a *app) hops(path scenarios.Path, graph bool) {
	for i, h := range path {
		a.printf("  %d. %s\n", i+1, h.Explain())
		if !graph {
			continue
		}
		for _, g := range h.Graph {
			a.printf("       %s\n", g.Name)
			for line := range strings.Lines(strings.TrimRight(g.Trace(), "\n")) {
				a.printf("         %s\n", strings.TrimRight(line, "\n"))
			}
		}
	}
}

// printf writes to standard output; nobody is left to be told that it is gone.
func (a *app) printf(format string, args ...any) { _, _ = fmt.Fprintf(a.out, format, args...) }
