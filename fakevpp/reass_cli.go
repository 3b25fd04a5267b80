package fakevpp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// reassCommands are the commands about reassembly of src/vnet/ip/reass and
// src/vnet/ip/ip46_cli.c.
func reassCommands() []cliCommand {
	var out []cliCommand
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		for t, kind := range []string{"full", "sv"} {
			path := fmt.Sprintf("show %s-%s-reassembly", p, kind)
			out = append(out, command(path, path+" [details]", func(v *VPP, a *cliArgs) (string, error) {
				return v.showReassembly(p, vnet.ReassType(t), a.is("details")), nil
			}))
		}
	}
	return append(out,
		command("set interface reassembly", "set interface reassembly <interface-name> [on|off|ip4|ip6]",
			cliSetReassembly),
		command("set ip reassembly extended", "set ip reassembly extended [ip4|ip6] [on|off]", cliExtendedReassembly))
}

// showReassembly renders as show_ip4_reass and its like do.
func (v *VPP) showReassembly(p fib.Proto, t vnet.ReassType, details bool) string {
	const line = "---------------------\n"
	up, kind := strings.ToUpper(p.String()), "full"
	if t == vnet.ReassShallow {
		kind = "shallow virtual"
	}
	var b strings.Builder
	b.WriteString(line + up + " reassembly status\n" + line)
	if details {
		for _, s := range v.dp.FormatReassemblies(p, t) {
			b.WriteString(strings.TrimSuffix(s, "\n") + "\n")
		}
	}
	b.WriteString(line)
	name := up
	if t == vnet.ReassFull && p == fib.IP4 {
		name = "full " + up
	}
	params := v.dp.ReassParams(p, t)
	fmt.Fprintf(&b, "Current %s reassemblies count: %d\n", name, v.dp.Reassemblies(p, t))
	fmt.Fprintf(&b, "Maximum configured concurrent %s %s reassemblies per worker-thread: %d\n", kind, up, params.MaxReassemblies)
	fmt.Fprintf(&b, "Maximum configured amount of fragments per %s %s reassembly: %d\n", kind, up, params.MaxLength)
	fmt.Fprintf(&b, "Maximum configured %s %s reassembly timeout: %dms\n", kind, up, params.TimeoutMS)
	fmt.Fprintf(&b, "Maximum configured %s %s reassembly expire walk interval: %dms\n", kind, up, params.WalkMS)
	if p == fib.IP6 {
		b.WriteString("Buffers in use: 0\n")
	}
	return b.String()
}

func cliSetReassembly(v *VPP, a *cliArgs) (string, error) {
	if !a.more() {
		return "", nil
	}
	var i *vnet.Interface
	if !a.iface(&i) {
		a.words = nil
		return "", cliText("Invalid interface name")
	}
	var on [2]bool
	switch {
	case a.is("on"):
		on = [2]bool{true, true}
	case a.is("off"):
	case a.is("ip4"):
		on[fib.IP4] = true
	case a.is("ip6"):
		on[fib.IP6] = true
	default:
		return "", cliText("Unknown input `" + a.rest() + "'")
	}
	a.words = nil
	return "", errors.Join(v.dp.EnableReassembly(fib.IP4, vnet.ReassFull, i.SwIfIndex, on[fib.IP4]),
		v.dp.EnableReassembly(fib.IP6, vnet.ReassFull, i.SwIfIndex, on[fib.IP6]))
}

func cliExtendedReassembly(v *VPP, a *cliArgs) (string, error) {
	if !a.more() {
		return "", cliText("Missing parameters")
	}
	var set [2]bool
	enable := true
	for a.more() {
		switch {
		case a.is("ip4"):
			set[fib.IP4] = true
		case a.is("ip6"):
			set[fib.IP6] = true
		case a.is("on"):
			enable = true
		case a.is("off"):
			enable = false
		default:
			return "", cliText("Unknown input `" + a.rest() + "'")
		}
	}
	if !set[fib.IP4] && !set[fib.IP6] {
		set = [2]bool{true, true}
	}
	for p, on := range set {
		if on {
			v.dp.SetExtendedReassembly(fib.Proto(p), enable)
		}
	}
	return "", nil
}
