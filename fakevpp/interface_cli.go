package fakevpp

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// interfaceCommands are the commands of src/vnet/interface_cli.c and of
// src/vnet/feature and src/vnet/gso that set properties of interfaces.
func interfaceCommands() []cliCommand {
	return []cliCommand{
		command("set interface state", "set interface state <interface> [up|down|punt|enable]", cliSetInterfaceState),
		command("set interface mtu", "set interface mtu [packet|ip4|ip6|mpls] <value> <interface>", cliSetInterfaceMTU),
		command("set interface mac address", "set interface mac address <interface> <mac-address>", cliSetInterfaceMAC),
		command("set interface secondary-mac-address",
			"set interface secondary-mac-address <interface> <mac-address> [(add|del)]", cliSetInterfaceSecondaryMAC),
		command("set interface tag", "set interface tag <interface> <tag>", cliSetInterfaceTag),
		command("clear interface tag", "clear interface tag <interface>", cliClearInterfaceTag),
		command("set interface name", "set interface name <interface-name> <new-interface-name>", cliSetInterfaceName),
		command("set interface promiscuous", "set interface promiscuous [on|off] <interface>", cliSetInterfacePromiscuous),
		command("set interface rx-mode", "set interface rx-mode <interface> [queue <n>] [polling | interrupt | adaptive]",
			cliSetInterfaceRxMode),
		command("set interface rx-placement", "set interface rx-placement <interface> [queue <n>] [worker <n> | main]",
			cliSetInterfaceRxPlacement),
		command("set interface tx-queue", "set interface tx-queue <interface> queue <n> [threads <list>]",
			cliSetInterfaceTxQueue),
		command("set interface feature", "set interface feature <intfc> <feature_name> arc <arc_name> [disable]",
			cliSetInterfaceFeature),
		command("set interface feature gso", "set interface feature gso <intfc> [enable | disable]",
			cliSetInterfaceFeatureGSO),
		command("clear interfaces", "clear interfaces", cliClearInterfaces),
	}
}

// cliSetInterfaceState knows up and down; punt, which VPP has too, is refused.
func cliSetInterfaceState(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	switch {
	case !a.iface(&i):
		return "", fmt.Errorf("unknown interface `%s'", a.rest())
	case a.is("up"):
		return "", v.dp.SetAdminUp(i.SwIfIndex, true)
	case a.is("down"), a.is("enable"):
		return "", v.dp.SetAdminUp(i.SwIfIndex, false)
	}
	return "", fmt.Errorf("unknown flags `%s'", a.rest())
}

// cliSetInterfaceMTU sets the device's MTU, or with a protocol that one and the
// others to 0.
func cliSetInterfaceMTU(v *VPP, a *cliArgs) (string, error) {
	kinds := map[string]vnet.MTUKind{"packet": vnet.MTUL3, "ip4": vnet.MTUIP4, "ip6": vnet.MTUIP6, "mpls": vnet.MTUMPLS}
	all := *a
	kind, known := vnet.MTUL3, false
	if a.more() {
		if kind, known = kinds[a.words[0]]; known {
			a.words = a.words[1:]
		}
	}
	var i *vnet.Interface
	mtu, ok := a.uint()
	if !ok || !a.iface(&i) {
		return "", all.unknown()
	}
	if known {
		var mtus [4]uint32
		mtus[kind] = mtu
		return "", v.dp.SetMTU(i.SwIfIndex, mtus)
	}
	err := v.dp.SetHwMTU(i.SwIfIndex, mtu)
	switch {
	case errors.Is(err, vnet.ErrFeatureDisabled):
		return "", cliText("not supported")
	case errors.Is(err, vnet.ErrUnsupported):
		return "", detailed(err, "underlying driver doesn't support changing Max Frame Size")
	}
	return "", err
}

// uint takes an unsigned number.
func (a *cliArgs) uint() (uint32, bool) {
	if !a.more() {
		return 0, false
	}
	n, err := strconv.ParseUint(a.words[0], 10, 32)
	if err != nil {
		return 0, false
	}
	a.words = a.words[1:]
	return uint32(n), true
}

func cliSetInterfaceMAC(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	all := *a
	if !a.iface(&i) || !a.more() {
		return "", all.unknown()
	}
	mac, err := packet.ParseMAC(a.word())
	if err != nil {
		return "", all.unknown()
	}
	if v.dp.SetMAC(i.SwIfIndex, mac) != nil {
		return "", fmt.Errorf("mac address change is not supported for interface index %d", i.Hw.HwIfIndex)
	}
	return "", nil
}

func cliSetInterfaceSecondaryMAC(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	all := *a
	if !a.iface(&i) || !a.more() {
		return "", all.unknown()
	}
	mac, err := packet.ParseMAC(a.word())
	if err != nil {
		return "", all.unknown()
	}
	del := a.is("del")
	_ = del || a.is("add") // the default
	if v.dp.ChangeMAC(i.SwIfIndex, mac, !del) != nil {
		return "", cliText(fmt.Sprintf("Secondary MAC Addresses not supported for interface index %d", i.Hw.HwIfIndex))
	}
	return "", nil
}

func cliSetInterfaceTag(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	all := *a
	if !a.iface(&i) || !a.more() {
		return "", all.unknown()
	}
	return "", v.dp.SetTag(i.SwIfIndex, a.word())
}

func cliClearInterfaceTag(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	if !a.iface(&i) {
		return "", a.unknown()
	}
	return "", v.dp.SetTag(i.SwIfIndex, "")
}

func cliSetInterfaceName(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	all := *a
	if !a.iface(&i) || !a.more() {
		return "", all.unknown()
	}
	return "", v.dp.Rename(i.SwIfIndex, a.word())
}

func cliSetInterfacePromiscuous(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	all := *a
	on := a.is("on")
	if !on && !a.is("off") || !a.iface(&i) {
		return "", all.unknown()
	}
	if errors.Is(v.dp.SetPromisc(i.SwIfIndex, on), vnet.ErrInvalidValue) {
		return "", cliText("not supported")
	}
	return "", nil // a driver that refuses goes unnoticed, as in VPP
}

func cliSetInterfaceFeature(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	var feature, arc string
	enable := true
	for a.more() {
		switch {
		case a.is("disable"):
			enable = false
		case len(a.words) >= 4 && a.words[2] == "arc" && a.iface(&i):
			feature, arc = a.words[0], a.words[2]
			a.words = a.words[3:]
		default:
			return "", fmt.Errorf("parse error `%s'", a.rest())
		}
	}
	if feature == "" {
		return "", cliText("Both feature name and arc required...")
	}
	switch err := v.dp.EnableFeature(arc, feature, i.SwIfIndex, enable); {
	case errors.Is(err, vnet.ErrInvalidValue):
		return "", cliText(fmt.Sprintf("Unknown arc name (%s)... ", arc))
	case errors.Is(err, vnet.ErrInvalidValue2):
		return "", cliText(fmt.Sprintf("Feature (%s) not registered to arc (%s)... See 'show features verbose' for valid "+
			"feature/arc combinations. ", feature, arc))
	default:
		return "", err
	}
}

// cliSetInterfaceFeatureGSO disables unless told to enable.
func cliSetInterfaceFeatureGSO(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	enable := false
	for a.more() {
		switch {
		case a.iface(&i):
		case a.is("enable"):
			enable = true
		case a.is("disable"):
			enable = false
		default:
			return "", a.parseError()
		}
	}
	if i == nil {
		return "", cliText("Interface not specified...")
	}
	return "", v.dp.EnableGSO(i.SwIfIndex, enable)
}

func cliClearInterfaces(v *VPP, _ *cliArgs) (string, error) {
	return "", v.swInterfaceClearStats(nil, &swIfIndexOnly{SwIfIndex: invalidIndex})
}
