package fidelity

import (
	"strings"
)

// lists holds the differences, a list per area.
var lists = [][]Difference{processDifferences}

// processDifferences are those of the process as a whole.
var processDifferences = []Difference{
	{
		Kind: Command, On: "show version", Since: "26.06",
		What: "The double names itself as the builder.",
		Why:  "a log must tell a double from a VPP",
		VPP:  "built by root on",
		Observe: func(t *Twin) (string, error) {
			_, rest, _ := strings.Cut(t.CLI("show version"), "built by")
			words := strings.Fields(rest)
			return "built by " + strings.Join(words[:min(2, len(words))], " "), nil
		},
	},
}
