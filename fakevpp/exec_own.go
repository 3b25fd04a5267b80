package fakevpp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// ownCommands are the commands of own lines, for what VPP's CLI cannot express.
// They hide VPP's commands of the same words.
func ownCommands() []cliCommand {
	return []cliCommand{
		command("source", "source API|CLI", ownSource),
		command("set interface all-mtus", "set interface all-mtus packet <n> ip4 <n> ip6 <n> mpls <n> <interface>", ownMTU),
		command("enable ip6 interface again", "enable ip6 interface again <interface>", ownEnableIP6Again),
		command("ip6 nd suppress-link-layer", "ip6 nd suppress-link-layer <interface>", ownSuppressLinkLayer),
		command("ip table name", "ip table name <table> <name>", ownTableName(fib.IP4)),
		command("ip6 table name", "ip6 table name <table> <name>", ownTableName(fib.IP6)),
	}
}

// ownSource says for whom the following commands act.
func ownSource(v *VPP, a *cliArgs) (string, error) {
	args := a.take()
	if len(args) != 1 || args[0] != "API" && args[0] != "CLI" {
		return "", fmt.Errorf("source `%s': want API or CLI", strings.Join(args, " "))
	}
	v.fam.exec.api = args[0] == "API"
	return "", nil
}

// ownMTU sets all four MTUs of an interface.
func ownMTU(v *VPP, a *cliArgs) (string, error) {
	kinds := [4]string{"packet", "ip4", "ip6", "mpls"}
	args := a.take()
	if len(args) != 9 {
		return "", fmt.Errorf("want four MTUs and an interface, got %d words", len(args))
	}
	var mtu [4]uint32
	for k, kind := range kinds {
		n, err := strconv.ParseUint(args[2*k+1], 10, 32)
		if args[2*k] != kind || err != nil {
			return "", fmt.Errorf("`%s %s': want %s and a number of bytes", args[2*k], args[2*k+1], kind)
		}
		mtu[k] = uint32(n)
	}
	i, err := v.ownInterface(args[8])
	if err != nil {
		return "", err
	}
	return "", v.dp.SetMTU(i.SwIfIndex, mtu)
}

// ownInterface finds an interface by name.
func (v *VPP) ownInterface(name string) (*vnet.Interface, error) {
	if i := v.dp.InterfaceByName(name); i != nil {
		return i, nil
	}
	return nil, fmt.Errorf("`%s': want the name of an interface", name)
}

// ownEnableIP6Again counts one more user of IPv6 on an interface that has it,
// which VPP's command does as well but calls an error.
func ownEnableIP6Again(v *VPP, a *cliArgs) (string, error) {
	args := a.take()
	if len(args) != 1 {
		return "", fmt.Errorf("want an interface, got %d words", len(args))
	}
	i, err := v.ownInterface(args[0])
	if err != nil {
		return "", err
	}
	if err := v.dp.EnableIP6(i.SwIfIndex); !errors.Is(err, vnet.ErrValueExist) {
		return "", fmt.Errorf("enable IPv6 on %s again: want it enabled: %w", i.Name, err)
	}
	return "", nil
}

// ownSuppressLinkLayer leaves the MAC address out of router advertisements.
func ownSuppressLinkLayer(v *VPP, a *cliArgs) (string, error) {
	args := a.take()
	if len(args) != 1 {
		return "", fmt.Errorf("want an interface, got %d words", len(args))
	}
	i, err := v.ownInterface(args[0])
	if err != nil {
		return "", err
	}
	ra := v.dp.RouterAdvertisements(i.SwIfIndex)
	if ra == nil {
		return "", fmt.Errorf("suppress link layer on %s: want an Ethernet interface with IPv6", i.Name)
	}
	ra.LinkLayerOption = false
	return "", nil
}

// ownTableName names a table that exists, unicast and multicast.
func ownTableName(p fib.Proto) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		args := a.take()
		if len(args) != 2 {
			return "", fmt.Errorf("want a table and a name, got %d words", len(args))
		}
		id, err := strconv.ParseUint(args[0], 10, 32)
		if err != nil {
			return "", fmt.Errorf("`%s': want the number of a table", args[0])
		}
		index, ok := v.dp.FIB.FindTable(p, uint32(id))
		if !ok {
			return "", fmt.Errorf("want a table with the number %d", id)
		}
		v.dp.FIB.Table(p, index).Name = args[1]
		if mindex, ok := v.dp.FIB.FindMTable(p, uint32(id)); ok {
			v.dp.FIB.MTable(p, mindex).Name = args[1]
		}
		return "", nil
	}
}

// ownRoot is the tree of the own commands.
var ownRoot = sync.OnceValue(func() *cliNode { return cliTree(ownCommands()) })
