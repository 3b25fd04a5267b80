package fakevpp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// interfaceShowCommands are the commands that show interfaces
// (src/vnet/interface_cli.c, src/vnet/interface_format.c).
func interfaceShowCommands() []cliCommand {
	return []cliCommand{
		command("show interface",
			"show interface [address|addr|features|feat|vtr|tag] [<interface> [<interface> [..]]] [verbose]", cliShowInterface),
		command("show interface rx-placement", "show interface rx-placement", cliShowRxPlacement),
		command("show hardware-interfaces",
			"show hardware-interfaces [brief|verbose|detail] [bond] [<interface> [<interface> [..]]] [<sw_idx> [<sw_idx> [..]]]",
			cliShowHardwareInterfaces),
		command("show features", "show features [verbose]", cliShowFeatures),
	}
}

// center puts s in the middle of width columns, one more space to its left
// where they are odd (format_justify in src/vppinfra/format.c).
func center(s string, width int) string {
	pad := max(width-len(s), 0)
	left := (pad + 1) / 2
	return strings.Repeat(" ", left) + s + strings.Repeat(" ", pad-left)
}

// sortInterfaces orders interfaces by their devices' names, those of one device
// by age (vnet_sw_interface_compare in src/vnet/interface.c).
func sortInterfaces(list []*vnet.Interface) {
	vecSort(list, func(a, b *vnet.Interface) int {
		if a.Hw == b.Hw {
			return 0
		}
		return vecCompare(a.Hw.Name, b.Hw.Name)
	})
}

// sortedInterfaces returns all interfaces by name.
func (v *VPP) sortedInterfaces() []*vnet.Interface {
	var all []*vnet.Interface
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		all = append(all, i)
		return true
	})
	sortInterfaces(all)
	return all
}

func cliShowInterface(v *VPP, a *cliArgs) (string, error) {
	var list []*vnet.Interface
	show := ""
	verbose := false
	for a.more() {
		var i *vnet.Interface
		switch {
		case a.iface(&i):
			list = append(list, i)
		case a.is("address"), a.is("addr"):
			show = "address"
		case a.is("features"), a.is("feat"):
			show = "features"
		case a.is("tag"):
			show = "tag"
		case a.is("verbose"):
			verbose = true
		default:
			index, ok := a.uint()
			if !ok {
				return "", a.unknown()
			}
			if i = v.dp.Interface(index); i == nil {
				return "", fmt.Errorf("unknown interface index `%d'", index)
			}
			list = append(list, i)
		}
	}
	if (show == "features" || show == "tag") && len(list) == 0 {
		return "", cliText("Interface not specified...")
	}
	switch show {
	case "features":
		return v.showFeatures(list[len(list)-1], verbose), nil
	case "tag":
		return tagOf(list[len(list)-1]), nil
	}
	if len(list) == 0 {
		list = v.sortedInterfaces()
	}
	if show == "address" {
		return v.showAddresses(list), nil
	}
	return showInterfaces(list), nil
}

func tagOf(i *vnet.Interface) string {
	if i.Tag == "" {
		return i.Name + ": (none)\n"
	}
	return i.Name + ": " + i.Tag + "\n"
}

// counterIndent is the column of the counters.
const counterIndent = 32 + 5 + 10 + 21

func showInterfaces(list []*vnet.Interface) string {
	var b strings.Builder
	b.WriteString(center("Name", 32) + center("Idx", 5) + center("State", 10) + center("MTU (L3/IP4/IP6/MPLS)", 21) +
		center("Counter", 16) + center("Count", 16) + "\n")
	for _, i := range list {
		state := "down"
		if i.AdminUp {
			state = "up"
		}
		mtu := fmt.Sprintf("%d/%d/%d/%d", i.MTU[0], i.MTU[1], i.MTU[2], i.MTU[3])
		fmt.Fprintf(&b, "%-32s%s%s%s", i.Name, center(strconv.Itoa(int(i.SwIfIndex)), 5), center(state, 10), center(mtu, 21))
		b.WriteString(strings.Join(interfaceCounters(i.Stats()), "\n"+strings.Repeat(" ", counterIndent)))
		b.WriteByte('\n')
	}
	return b.String()
}

// interfaceCounters lists the counters that are not zero.
func interfaceCounters(c vnet.InterfaceCounters) []string {
	var lines []string
	for _, n := range []struct {
		name string
		c    vnet.Counter
	}{{"rx", c.RX}, {"rx-unicast", c.RXUnicast}, {"rx-multicast", c.RXMulticast}, {"rx-broadcast", c.RXBroadcast},
		{"tx", c.TX}, {"tx-unicast", c.TXUnicast}, {"tx-multicast", c.TXMulticast}, {"tx-broadcast", c.TXBroadcast}} {
		if n.c.Packets > 0 {
			lines = append(lines, fmt.Sprintf("%-16s%16d", n.name+" packets", n.c.Packets),
				fmt.Sprintf("%-16s%16d", n.name+" bytes", n.c.Bytes))
		}
	}
	for _, n := range []struct {
		name string
		n    uint64
	}{{"drops", c.Drops}, {"punt", c.Punt}, {"ip4", c.IP4}, {"ip6", c.IP6}, {"rx-no-buf", c.RXNoBuf},
		{"rx-miss", c.RXMiss}, {"rx-error", c.RXError}, {"tx-error", c.TXError}, {"mpls", c.MPLS}} {
		if n.n > 0 {
			lines = append(lines, fmt.Sprintf("%-16s%16d", n.name, n.n))
		}
	}
	return lines
}

// showFeatures is vnet_interface_features_show (src/vnet/feature/feature.c) with
// the layer 2 features, of which there are none, behind.
func (v *VPP) showFeatures(i *vnet.Interface, verbose bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Feature paths configured on %s...\n", i.Name)
	for _, arc := range v.dp.InterfaceFeatures(i.SwIfIndex) {
		fmt.Fprintf(&b, "\n%s:\n", arc.Name)
		if len(arc.Features) == 0 {
			b.WriteString("  none configured\n")
			continue
		}
		order := v.dp.ArcFeatures(arc.Name)
		for _, f := range arc.Features {
			if verbose {
				fmt.Fprintf(&b, "  [%2d] %s\n", slices.Index(order, f), f)
			} else {
				fmt.Fprintf(&b, "  %s\n", f)
			}
		}
		if verbose {
			fmt.Fprintf(&b, "  [end] %s\n", order[len(order)-1])
		}
	}
	b.WriteString("\nl2-input:\n  none configured\n\nl2-output:\n  none configured\n")
	return b.String()
}

// cliShowFeatures lists every arc's features in order.
func cliShowFeatures(v *VPP, a *cliArgs) (string, error) {
	verbose := a.is("verbose")
	var b strings.Builder
	b.WriteString("Available feature paths\n")
	for _, arc := range v.dp.Arcs() {
		fmt.Fprintf(&b, "%s:\n", arc)
		for k, f := range v.dp.ArcFeatures(arc) {
			if verbose {
				fmt.Fprintf(&b, "  [%2d]: %s\n", k, f)
			} else {
				fmt.Fprintf(&b, "  %s\n", f)
			}
		}
	}
	return b.String(), nil
}
