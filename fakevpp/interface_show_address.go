package fakevpp

import (
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// showAddresses lists addresses, those of an unnumbered interface's owner under
// its own table.
func (v *VPP) showAddresses(list []*vnet.Interface) string {
	var b strings.Builder
	for _, i := range list {
		state := "dn"
		if i.AdminUp {
			state = "up"
		}
		owner := i
		if o := v.dp.Interface(i.UnnumberedOwner); o != nil {
			owner = o
			fmt.Fprintf(&b, "%s (%s): \n  unnumbered, use %s\n", i.Name, state, o.Name)
		} else {
			fmt.Fprintf(&b, "%s (%s):\n", i.Name, state)
		}
		b.WriteString(v.l2Line(i))
		for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
			table, _ := v.dp.GetTable(p, i.SwIfIndex)
			for _, prefix := range v.dp.OwnAddresses(p, owner.SwIfIndex) {
				fmt.Fprintf(&b, "  L3 %s", prefix)
				switch {
				case table == 0:
				case p == fib.IP4:
					fmt.Fprintf(&b, " ip4 table-id %d fib-idx %d", table, i.FibIndex[p])
				default: // VPP shows the number with a sign
					fmt.Fprintf(&b, " ip6 table-id %d fib-idx %d", int32(table), i.FibIndex[p])
				}
				b.WriteByte('\n')
			}
		}
	}
	return b.String()
}
