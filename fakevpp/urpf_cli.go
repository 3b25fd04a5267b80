package fakevpp

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// urpfCommands are the commands of src/plugins/urpf/urpf.c.
func urpfCommands() []cliCommand {
	return []cliCommand{
		command("set urpf", "set urpf [ip4|ip6] [rx|tx] [off|strict|loose] <INTERFACE> [table <table>]", cliSetURPF),
	}
}

// cliSetURPF reads its words in any order; strict is the default.
func cliSetURPF(v *VPP, a *cliArgs) (string, error) {
	req := urpfUpdateV2{IsInput: true, Mode: uint8(vnet.URPFStrict), TableID: vlib.InvalidIndex}
	var i *vnet.Interface
	for a.more() {
		switch {
		case a.iface(&i), a.number("table", &req.TableID):
		case a.is("off"):
			req.Mode = uint8(vnet.URPFOff)
		case a.is("loose"):
			req.Mode = uint8(vnet.URPFLoose)
		case a.is("strict"):
			req.Mode = uint8(vnet.URPFStrict)
		case a.is("ip4"):
			req.AF = uint8(fib.IP4)
		case a.is("ip6"):
			req.AF = uint8(fib.IP6)
		case a.is("rx"):
			req.IsInput = true
		case a.is("tx"):
			req.IsInput = false
		default:
			return "", fmt.Errorf("parse error `%s'", a.rest())
		}
	}
	if i == nil {
		return "", fmt.Errorf("unknown interface `%s'", a.rest())
	}
	req.SwIfIndex = i.SwIfIndex
	if err := v.setURPF(req); err != nil {
		return "", cliText("unknown table id")
	}
	return "", nil
}
