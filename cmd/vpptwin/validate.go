package main

import (
	"github.com/spf13/cobra"

	"github.com/vpptwin/vpptwin/scenarios"
)

func (a *app) validateCommand() *cobra.Command {
	var schema bool
	c := &cobra.Command{
		Use:   "validate PATH...",
		Short: "Check scenario files without running them",
		Long: `Check scenario files and the manifests they name: every mistake is reported with file, line and field. What is accepted in
manifests but has no effect is named, too.

The exit code is 0 if all is well, 2 if there are mistakes.`,
		Example: `  vpptwin validate my.yaml
  vpptwin validate --schema > scenario.schema.json   # for completion in editors`,
		ValidArgsFunction: completeScenarios,
		RunE: func(_ *cobra.Command, args []string) error {
			if schema {
				_, err := a.out.Write(scenarios.Schema)
				return err
			}
			return a.validate(args)
		},
	}
	c.Flags().BoolVar(&schema, "schema", false, "print the JSON schema of scenario files")
	return c
}

func (a *app) validate(args []string) error {
	list, err := load(args)
	if err != nil {
		return err
	}
	for _, s := range list {
		for _, n := range s.Notices() {
			a.printf("%s\n", n)
		}
		a.printf("%s: %d nodes, %d objects, %d steps\n", s.File, len(s.TestBed().Nodes), len(s.Objects()), len(s.Steps))
	}
	return nil
}
