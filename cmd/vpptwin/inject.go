package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/vpptwin/vpptwin/fakevpp/inject"
)

func (a *app) injectCommand() *cobra.Command {
	var control string
	c := &cobra.Command{
		Use:   "inject --control SOCKET add FAULT | list | remove ID | remove all",
		Short: "Make a running \"vpptwin vpp\" fail",
		Long: `Add faults to a VPP that was started with "vpptwin vpp --control SOCKET", list and remove them.

A fault is MESSAGE:CONDITION...:ACTION..., MESSAGE the name of an API message or * for all.
Conditions: after=N, nth=N, times=N, client=NAME, where=FIELD=N.
Actions:    retval=N, late-retval=N, full=N (table full), delay=TIME, delay-reply=TIME, drop, drop-reply,
            cut[=BYTES] (connection closed, also in the middle of a message), short=BYTES (short writes),
            hang[=TIME], crash[=TIME] (with a time VPP is back after it).`,
		Example: `  vpptwin inject --control /run/vpp/control.sock add ip_route_add_del:retval=-1:after=3
  vpptwin inject --control /run/vpp/control.sock add '*:hang=5s:client=agent:nth=10'
  vpptwin inject --control /run/vpp/control.sock list
  vpptwin inject --control /run/vpp/control.sock remove all`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			answer, err := inject.Send(control, strings.Join(args, " "))
			if err != nil {
				return err
			}
			a.printf("%s", answer)
			return nil
		},
	}
	c.Flags().StringVar(&control, "control", "", "the control `SOCKET` of the VPP")
	_ = c.MarkFlagRequired("control") // it exists
	return c
}

// vppCommand only shows the command in the help: the process is another one by the time the command line is read (package dropin).
func (a *app) vppCommand() *cobra.Command {
	return &cobra.Command{Use: "vpp [VPP's command line]", Short: "Run the double in place of the vpp executable", DisableFlagParsing: true, Run: func(*cobra.Command, []string) {}}
}
