package fakevpp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vpptwin/vpptwin/sim/stats"
)

// statsCommands are the commands about the stats segment (src/vlib/stats/cli.c).
func statsCommands() []cliCommand {
	return []cliCommand{
		command("show statistics segment", "show statistics segment [counter-name] [verbose]", cliShowStatistics),
	}
}

// cliShowStatistics lists the directory by name, or says what one entry is.
func cliShowStatistics(v *VPP, a *cliArgs) (string, error) {
	var b strings.Builder
	name, verbose := "", false
	for a.more() {
		if a.is("verbose") {
			verbose = true
			continue
		}
		name, a.words = a.words[0], a.words[1:]
	}
	entries := v.dp.Stats.Entries()
	if name != "" {
		i := slices.IndexFunc(entries, func(e stats.EntryInfo) bool { return e.Name == name })
		if i < 0 {
			return fmt.Sprintf("Counter '%s' not found.", name), nil
		}
		fmt.Fprintf(&b, "Entry: %s (type %d)\n", name, entries[i].Type)
	} else {
		slices.SortStableFunc(entries, func(x, y stats.EntryInfo) int { return strings.Compare(x.Name, y.Name) })
		fmt.Fprintf(&b, "%-74s %10s %10s\n", "Name", "Type", "Value")
		for _, e := range entries {
			if e.Type != stats.TypeEmpty {
				fmt.Fprintf(&b, "%-100s\n", fmt.Sprintf("%-74s %-10s %10d", e.Name, e.Type, int64(e.Value)))
			}
		}
	}
	if verbose {
		u := v.dp.Stats.Usage()
		fmt.Fprintf(&b, "total: %d, used: %d, free: %d\n", u.Total, u.Used, u.Total-u.Used)
	}
	return b.String(), nil
}
