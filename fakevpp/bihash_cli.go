package fakevpp

import (
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// bihashCommands are the commands of VPP's hash tables
// (src/vppinfra/bihash_template.c through src/vnet/hash).
func bihashCommands() []cliCommand {
	return []cliCommand{
		command("show bihash", "show bihash", cliShowBihash),
	}
}

// cliShowBihash names hash tables of VPP that the double has no use for, all but
// the one of IPv6 routes as unused, as VPP shows a table before its first entry.
func cliShowBihash(v *VPP, _ *cliArgs) (string, error) {
	var b strings.Builder
	for _, t := range []struct {
		name string
		used int
	}{
		{"ip6 FIB fwding table", v.routes6()}, {"ip6 mFIB table", 0}, {"ip4-dr", 0}, {"ip6-full-reass", 0}, {"ip6-sv-reass", 0},
		{"vxlan4", 0}, {"vxlan6", 0},
	} {
		fmt.Fprintf(&b, "\nHash table '%s'\n", t.name)
		if t.used == 0 {
			b.WriteString("    empty, uninitialized\n")
			continue
		}
		fmt.Fprintf(&b, "    %d active elements %d active buckets\n    0 free lists\n    0 linear search buckets\n", t.used, t.used)
	}
	return b.String(), nil
}

// routes6 counts the IPv6 routes of all tables.
func (v *VPP) routes6() int {
	n := 0
	v.dp.FIB.Tables(fib.IP6, func(t *fib.Table) bool {
		n += t.Len()
		return true
	})
	return n
}
