package fakevpp

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// ipConfigCommands configure addresses, neighbours, punt and proxies (src/vnet/ip,
// src/vnet/ip-neighbor, src/vnet/ip6-nd, src/vnet/arp).
func ipConfigCommands() []cliCommand {
	return []cliCommand{
		command("set interface ip address", "set interface ip address [del] <interface> <ip-addr>/<mask> | [all]", cliSetAddress),
		command("set interface ip table", "set interface ip table <interface> <table-id>", cliSetTable(fib.IP4)),
		command("set interface ip6 table", "set interface ip6 table <interface> <table-id>", cliSetTable(fib.IP6)),
		command("set interface unnumbered", "set interface unnumbered [<interface> use <interface> | del <interface>]",
			cliSetUnnumbered),
		command("set interface ip directed-broadcast", "set interface enable <interface> <enable|disable>",
			cliEnableOn((*vnet.Main).SetDirectedBroadcast)),
		command("enable ip6 interface", "enable ip6 interface <interface>", cliEnableIP6(true)),
		command("disable ip6 interface", "disable ip6 interface <interface>", cliEnableIP6(false)),
		command("set ip neighbor", "set ip neighbor [del] <intfc> <ip-address> <mac-address> [static] [no-fib-entry] "+
			"[count <count>]", cliSetNeighbor),
		command("set ip neighbor-config", "set ip neighbor-config ip4|ip6 [limit <limit>] [age <age>] [recycle|norecycle]",
			cliSetNeighborConfig),
		command("ip punt redirect", "ip punt redirect [add|del] rx [<interface>|all] via [<nh>] <tx_interface>",
			cliPuntRedirect(fib.IP4)),
		command("ip6 punt redirect", "ip6 punt redirect [add|del] rx [<interface>|all] via [<nh>] <tx_interface>",
			cliPuntRedirect(fib.IP6)),
		command("set arp proxy", "set arp proxy [del] table-id <table-id> start <start-address> end <end-addres>", cliSetARPProxy),
		command("set interface proxy-arp", "set interface proxy-arp <intfc> [enable|disable]",
			cliEnableOn((*vnet.Main).SetProxyARP)),
		command("set ip6 nd proxy", "set ip6 nd proxy <interface> [del] <host-ip>", cliSetNDProxy),
		command("set interface ip6-nd proxy", "set interface ip6-nd proxy <intfc> [enable|disable]",
			cliEnableOn((*vnet.Main).SetNDMirror)),
		command("ip6 nd", "ip6 nd <interface> ...", cliIP6ND),
	}
}

func cliSetAddress(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	var p netip.Prefix
	del := a.is("del")
	switch {
	case !a.iface(&i):
		return "", fmt.Errorf("unknown interface `%s'", a.rest())
	case del && a.is("all"):
		return "", v.dp.DeleteAllAddresses(i.SwIfIndex)
	case !a.net(&p):
		return "", fmt.Errorf("expected IP4/IP6 address/length `%s'", a.rest())
	case del:
		return "", v.dp.DeleteAddress(i.SwIfIndex, p)
	}
	return "", v.dp.AddAddress(i.SwIfIndex, p)
}

// cliSetTable is ip_table_bind_cmd.
func cliSetTable(p fib.Proto) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		var i *vnet.Interface
		if !a.iface(&i) {
			return "", fmt.Errorf("unknown interface `%s'", a.rest())
		}
		id, ok := a.uint()
		if !ok {
			return "", fmt.Errorf("expected table id `%s'", a.rest())
		}
		err := v.dp.SetTable(p, i.SwIfIndex, id)
		switch {
		case errors.Is(err, vnet.ErrAddressFoundForInterface):
			return "", fmt.Errorf("IP addresses are still present on %s", i.Name)
		case errors.Is(err, vnet.ErrNoSuchFIB):
			return "", fmt.Errorf("no such table %d", id)
		case err != nil:
			return "", cliText("unknown error")
		}
		return "", nil
	}
}

func cliSetUnnumbered(v *VPP, a *cliArgs) (string, error) {
	var i, owner *vnet.Interface
	all := *a
	switch {
	case a.is("del"):
		if !a.iface(&i) {
			return "", all.unknown()
		}
		return "", v.dp.SetUnnumbered(i.SwIfIndex, vlib.InvalidIndex, false)
	case !a.iface(&i) || !a.is("use") || !a.iface(&owner):
		return "", all.unknown()
	}
	if errors.Is(v.dp.SetUnnumbered(i.SwIfIndex, owner.SwIfIndex, true), vnet.ErrUnexpectedIntfState) {
		return "", cliText("When enabling unnumbered both interfaces must be in the same tables")
	}
	return "", nil
}

func cliEnableIP6(on bool) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		var i *vnet.Interface
		if !a.iface(&i) {
			return "", cliText("unknown interface\n'")
		}
		change := v.dp.DisableIP6
		if on {
			change = v.dp.EnableIP6
		}
		if change(i.SwIfIndex) != nil {
			return "", cliText("Failed\n")
		}
		return "", nil
	}
}

// cliSetNeighbor is ip_neighbor_cmd.
func cliSetNeighbor(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	var addr netip.Addr
	var mac packet.MAC
	var flags vnet.NeighborFlags
	del, known := false, true
	for known && a.more() {
		before := *a
		switch {
		case a.is("del"), a.is("delete"):
			del = true
		case a.is("static"):
			flags |= vnet.NeighborStatic
		case a.is("no-fib-entry"):
			flags |= vnet.NeighborNoFIBEntry
		case a.iface(&i) && a.addr(&addr) && a.more():
			var err error
			if mac, err = packet.ParseMAC(a.words[0]); err == nil {
				a.words = a.words[1:]
				continue
			}
			fallthrough
		default:
			*a, known = before, false
		}
	}
	if i == nil || !addr.IsValid() || addr.IsUnspecified() || mac.IsZero() {
		return "", fmt.Errorf("specify interface, IP address and MAC: `%s'", a.rest())
	}
	if del {
		_ = v.dp.DeleteNeighbor(i.SwIfIndex, addr) // VPP's command does not look at the result
	} else {
		_ = v.dp.AddNeighbor(i.SwIfIndex, addr, mac, flags)
	}
	return "", nil
}

// cliSetNeighborConfig is ip_neighbor_config_set.
func cliSetNeighborConfig(v *VPP, a *cliArgs) (string, error) {
	p := fib.IP4
	switch {
	case a.is("ip4"):
	case a.is("ip6"):
		p = fib.IP6
	default:
		return "", a.badInput()
	}
	c := v.dp.NeighborConfig(p)
	for a.more() {
		switch {
		case a.number("limit", &c.Limit), a.number("age", &c.Age):
		case a.is("recycle"):
			c.Recycle = true
		case a.is("norecycle"):
			c.Recycle = false
		default:
			return "", a.badInput()
		}
	}
	v.dp.SetNeighborConfig(p, c)
	return "", nil
}

// cliPuntRedirect is ip4_punt_redirect_cmd and ip6_punt_redirect_cmd.
func cliPuntRedirect(p fib.Proto) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		rx, del := invalidIndex, false
		var paths []fib.Path
		for a.more() {
			switch {
			case a.is("del"):
				del = true
			case a.is("add"):
				del = false
			case a.is("rx", "all"):
				rx = 0
			case a.is("rx"):
				if !a.swIf(&rx) {
					return "", a.badInput()
				}
			case a.is("via"):
				path, err := a.path(p)
				if err != nil {
					return "", err
				}
				paths = append(paths, path)
			default:
				return "", a.badInput()
			}
		}
		switch {
		case rx == invalidIndex:
			return "", a.badInput()
		case del:
			v.dp.DeletePuntRedirect(p, rx)
		case len(paths) > 0:
			v.dp.AddPuntRedirect(p, rx, paths)
		}
		return "", nil
	}
}

func cliSetARPProxy(v *VPP, a *cliArgs) (string, error) {
	last := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	table, del, r := uint32(0), false, vnet.ProxyARP{Low: last, Hi: last}
	for a.number("table-id", &table) || a.addrBehind("start", &r.Low) || a.addrBehind("end", &r.Hi) || a.flag(&del, "del", "delete") {
	}
	index, ok := v.dp.FIB.FindTable(fib.IP4, table)
	if !ok {
		return "", fmt.Errorf("no such table: %d", table)
	}
	r.FibIndex = index
	if del {
		_ = v.dp.DeleteProxyARP(r) // VPP's command does not look at the result
	} else {
		v.dp.AddProxyARP(r)
	}
	return "", nil
}

// flag takes one of the words and sets a flag for it.
func (a *cliArgs) flag(to *bool, words ...string) bool {
	for _, w := range words {
		if a.is(w) {
			*to = true
			return true
		}
	}
	return false
}

// cliEnableOn enables or disables something on an interface.
func cliEnableOn(set func(m *vnet.Main, swIf uint32, on bool) error) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		var i *vnet.Interface
		on, off := false, false
		for a.iface(&i) || a.flag(&on, "enable", "on") || a.flag(&off, "disable", "off") {
		}
		if i == nil {
			return "", fmt.Errorf("unknown input '%s'", a.rest())
		}
		if err := set(v.dp, i.SwIfIndex, on && !off); err != nil {
			return "", err
		}
		return "", nil
	}
}

func cliSetNDProxy(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	var addr netip.Addr
	if !a.iface(&i) {
		return "", nil // VPP says nothing
	}
	del := false
	for a.flag(&del, "del", "delete") {
	}
	if !a.addr(&addr) {
		return "", a.badInput()
	}
	if err := v.dp.SetNDProxy(i.SwIfIndex, addr, !del); err != nil {
		return "", err
	}
	return "", nil
}

// cliIP6ND is ip6_ra_cmd. VPP takes "ra-suppress-link-layer" for "ra-suppress"
// and does not read on.
func cliIP6ND(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	switch {
	case !a.iface(&i):
		return "", fmt.Errorf("invalid interface name %s'", a.rest())
	case !i.Hw.Class.Ethernet:
		return "", cliText("Interface must be of ethernet type")
	case v.dp.RouterAdvertisements(i.SwIfIndex) == nil:
		return "", fmt.Errorf("IP6 nt enabler interface %s'", a.rest())
	}
	var c vnet.RAConfig
	var p netip.Prefix
	for a.flag(&c.No, "no") || a.flag(&c.Managed, "ra-managed-config-flag") || a.flag(&c.Other, "ra-other-config-flag") ||
		a.flag(&c.Suppress, "ra-suppress", "ra-surpress") || a.flag(&c.SendUnicast, "ra-send-unicast") ||
		a.flag(&c.Cease, "ra-cease") || a.number("ra-lifetime", &c.Lifetime) && setTrue(&c.UseLifetime) ||
		a.numbers("ra-initial", &c.InitialCount, &c.InitialInterval) ||
		a.numbers("ra-interval", &c.MaxInterval, &c.MinInterval) || a.number("ra-interval", &c.MaxInterval) ||
		a.netBehind("prefix", &p) {
	}
	if p.IsValid() {
		return "", v.cliRAPrefix(i, a, p, c.No)
	}
	if a.more() {
		c.Suppress = c.Suppress || a.is("ra-suppress-link-layer")
		a.words = nil
	}
	_ = v.dp.ConfigureRA(i.SwIfIndex, c) // VPP's command does not look at the result
	return "", nil
}

func setTrue(b *bool) bool {
	*b = true
	return true
}

// numbers takes two numbers behind the keyword.
func (a *cliArgs) numbers(keyword string, first, second *uint32) bool {
	before := *a
	var x, y uint32
	if a.number(keyword, &x) {
		var ok bool
		if y, ok = a.uint(); ok {
			*first, *second = x, y
			return true
		}
	}
	*a = before
	return false
}

// cliRAPrefix is the part of ip6_ra_cmd behind a prefix.
func (v *VPP) cliRAPrefix(i *vnet.Interface, a *cliArgs, pfx netip.Prefix, remove bool) error {
	p := vnet.RAPrefix{Prefix: pfx}
	usual := a.is("default")
	var ok bool
	if !usual {
		if a.is("infinite") {
			p.Valid, p.Preferred = ^uint32(0), ^uint32(0)
		} else if p.Valid, ok = a.uint(); ok {
			p.Preferred, _ = a.uint()
		}
	}
	var off, noAutoconfig, noOnLink bool
	for a.flag(&p.NoAdvertisement, "no-advertise") || a.flag(&off, "off-link") || a.flag(&noAutoconfig, "no-autoconfig") ||
		a.flag(&noOnLink, "no-onlink") {
	}
	if a.more() && !usual {
		return a.badInput()
	}
	p.OnLink, p.Autonomous = !off && !noOnLink, !noAutoconfig
	_ = v.dp.SetRAPrefix(i.SwIfIndex, p, usual, remove) // VPP's command does not look at the result
	return nil
}

// addrBehind takes an address behind the keyword, netBehind one with a prefix
// length.
func (a *cliArgs) addrBehind(keyword string, to *netip.Addr) bool {
	before := a.words
	if a.is(keyword) && a.addr(to) {
		return true
	}
	a.words = before
	return false
}

func (a *cliArgs) netBehind(keyword string, to *netip.Prefix) bool {
	before := a.words
	if a.is(keyword) && a.net(to) {
		return true
	}
	a.words = before
	return false
}
