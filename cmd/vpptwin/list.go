package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) listCommand() *cobra.Command {
	var needs bool
	c := &cobra.Command{
		Use:   "list [PATH...]",
		Short: "List scenarios, by default the built-in ones",
		Example: `  vpptwin list
  vpptwin list my-scenarios/ --needs`,
		ValidArgsFunction: completeScenarios,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.list(args, needs)
		},
	}
	c.Flags().BoolVar(&needs, "needs", false, "show what each asks of a backend")
	return c
}

func (a *app) list(args []string, needs bool) error {
	if len(args) == 0 {
		args = []string{libraryName}
	}
	list, err := load(args)
	if err != nil {
		return err
	}
	width := 0
	for _, s := range list {
		width = max(width, len(s.Name))
	}
	for _, s := range list {
		description, _, _ := strings.Cut(s.Description, "\n")
		a.printf("%s\n", strings.TrimRight(fmt.Sprintf("%-*s  %s", width, s.Name, description), " "))
		if needs {
			var names []string
			for _, c := range s.Needs() {
				names = append(names, string(c))
			}
			a.printf("%-*s  needs: %s\n", width, "", strings.Join(names, ", "))
		}
	}
	return nil
}
