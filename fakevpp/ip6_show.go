package fakevpp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// cliShowIP6Interface is ip6_link_show (src/vnet/ip/ip6_link.c).
func cliShowIP6Interface(v *VPP, a *cliArgs) (string, error) {
	var only *vnet.Interface
	if a.iface(&only) && !v.dp.IP6Enabled(only.SwIfIndex) {
		return "IP6 disabled\n", nil
	}
	var b strings.Builder
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		if v.dp.IP6Enabled(i.SwIfIndex) && (only == nil || only == i) {
			v.formatIP6Link(&b, i)
		}
		return true
	})
	return b.String(), nil
}

// addressScopes are the headings under which VPP lists an interface's addresses,
// in its order, with what belongs there.
var addressScopes = []struct {
	title string
	has   func(a netip.Addr) bool
}{
	{"Link-local", netip.Addr.IsLinkLocalUnicast},
	{"Local unicast", netip.Addr.IsPrivate},
	{"Global unicast", func(a netip.Addr) bool { return a.As16()[0]&0xe0 == 0x20 }},
	{"Other-scope", func(a netip.Addr) bool {
		return !a.IsLinkLocalUnicast() && !a.IsPrivate() && a.As16()[0]&0xe0 != 0x20
	}},
}

func (v *VPP) formatIP6Link(b *strings.Builder, i *vnet.Interface) {
	state := "down"
	if i.AdminUp {
		state = "up"
	}
	fmt.Fprintf(b, "%s is admin %s\n", i.Name, state)
	addresses := v.dp.ConfiguredAddresses(fib.IP6, i.SwIfIndex)
	for _, scope := range addressScopes {
		title := "  " + scope.title + " address(es):\n"
		for _, p := range addresses {
			if scope.has(p.Addr()) {
				fmt.Fprintf(b, "%s    %v\n", title, p)
				title = ""
			}
		}
	}
	fmt.Fprintf(b, "  Link-local address(es):\n    %v\n", v.dp.LinkLocal(i.SwIfIndex))
	if ra := v.dp.RouterAdvertisements(i.SwIfIndex); ra != nil {
		fmt.Fprint(b, "  Joined group address(es):\n")
		for _, g := range v.dp.MulticastGroups(i.SwIfIndex) {
			fmt.Fprintf(b, "    %v\n", g)
		}
		formatRA(b, ra)
	}
	v.formatLinkDAD(b, i.SwIfIndex)
}

// formatRA is format_ip6_ra.
func formatRA(b *strings.Builder, ra *vnet.RouterAdvertisements) {
	b.WriteString("  Advertised Prefixes:\n")
	for _, p := range ra.Prefixes {
		fmt.Fprintf(b, "      prefix %v, length %d\n", p.Prefix.Addr(), p.Prefix.Bits())
	}
	use := " don't use"
	if ra.Managed {
		use = "use"
	}
	for _, line := range []string{
		fmt.Sprintf("MTU is %d", ra.LinkMTU),
		"ICMP error messages are unlimited", "ICMP redirects are disabled", "ICMP unreachables are not sent", "ND DAD is disabled",
		"ND advertised reachable time is 0", "ND advertised retransmit interval is 0 (msec)",
		fmt.Sprintf("ND router advertisements are sent every %.1f seconds (min interval is %.1f)", float64(ra.MaxInterval), float64(ra.MinInterval)),
		fmt.Sprintf("ND router advertisements live for %d seconds", ra.Lifetime),
		fmt.Sprintf("Hosts %s stateless autoconfig for addresses", use),
		fmt.Sprintf("ND router advertisements sent %d", ra.Sent),
		fmt.Sprintf("ND router solicitations received %d", ra.SolicitationsReceived),
		fmt.Sprintf("ND router solicitations dropped %d", ra.SolicitationsDropped),
	} {
		b.WriteString("    " + line + "\n")
	}
}

// formatLinkDAD is ip6_dad_delegate_format.
func (v *VPP) formatLinkDAD(b *strings.Builder, swIf uint32) {
	checks := slices.DeleteFunc(slices.Clone(v.dp.DADChecks()), func(c *vnet.DADCheck) bool { return c.SwIf != swIf })
	enabled := v.dp.DADConfig().Enabled
	switch {
	case enabled:
		b.WriteString("  DAD: enabled\n")
	case len(checks) > 0:
		b.WriteString("  DAD: disabled\n")
	}
	for _, c := range checks {
		fmt.Fprintf(b, "    %v (transmits: %d/%d)\n", c.Prefix.Addr(), c.Count, c.Transmits)
	}
}

// cliShowSecondaryMACs is show_interface_sec_mac_addr_fn
// (src/vnet/interface_cli.c).
func cliShowSecondaryMACs(v *VPP, a *cliArgs) (string, error) {
	var only *vnet.Interface
	a.iface(&only)
	var list []*vnet.Interface
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		if only == nil || only == i {
			list = append(list, i)
		}
		return true
	})
	sortInterfaces(list)
	var b strings.Builder
	for _, i := range list {
		state := "dn"
		if i.AdminUp {
			state = "up"
		}
		fmt.Fprintf(&b, "%s (%s):\n", i.Name, state)
		for _, mac := range slices.Concat(i.Hw.ExtraMACs, v.dp.GroupMACs(i.Hw)) {
			fmt.Fprintf(&b, "  %v\n", mac)
		}
	}
	return b.String(), nil
}

// cliShowNeighborWatchers is ip_neighbor_watchers_show
// (src/vnet/ip-neighbor/ip_neighbor_watch.c).
func cliShowNeighborWatchers(v *VPP, _ *cliArgs) (string, error) {
	var b strings.Builder
	for _, w := range v.neighborWatchers() {
		name := (&dumper{m: v.dp}).ifName(w.swIf)
		if w.swIf == invalidIndex {
			name = "DELETED (4294967295)"
		}
		addr := netip.IPv4Unspecified()
		if w.addr.IsValid() {
			addr = w.addr
		}
		fmt.Fprintf(&b, "Key: [%s, %v]\n", name, addr)
		for _, s := range w.subs {
			fmt.Fprintf(&b, "  [pid:%d, client:%d]\n", s.pid, s.client.index)
		}
	}
	return b.String(), nil
}

// neighborWatcher is what clients asked for of one address of an interface.
type neighborWatcher struct {
	swIf uint32
	addr netip.Addr
	subs []subscription
}

// neighborWatchers lists the registrations for neighbour events.
func (v *VPP) neighborWatchers() (list []neighborWatcher) {
	v.subs.mu.Lock()
	defer v.subs.mu.Unlock()
	for stream, subs := range v.subs.byStream {
		if !strings.HasPrefix(stream, neighborStreams) || len(subs) == 0 {
			continue
		}
		var version, swIf int64
		var text string
		if _, err := fmt.Sscanf(stream, neighborStreams+"%d %d %s", &version, &swIf, &text); err != nil {
			continue
		}
		addr, _ := netip.ParseAddr(text)
		list = append(list, neighborWatcher{uint32(swIf), addr, subs})
	}
	slices.SortFunc(list, func(a, b neighborWatcher) int {
		if a.swIf != b.swIf {
			return int(int64(a.swIf) - int64(b.swIf))
		}
		return a.addr.Compare(b.addr)
	})
	return list
}

// cliShowNeighborConfig is ip_neighbor_config_show.
func cliShowNeighborConfig(v *VPP, _ *cliArgs) (string, error) {
	var b strings.Builder
	for p, name := range []string{"ip4", "ip6"} {
		c := v.dp.NeighborConfig(fib.Proto(p))
		recycle := 0
		if c.Recycle {
			recycle = 1
		}
		fmt.Fprintf(&b, "%s:\n  limit:%d, age:%d, recycle:%d\n", name, c.Limit, c.Age, recycle)
	}
	return b.String(), nil
}

// cliShowNeighborStats is ip_neighbor_stats_show.
func cliShowNeighborStats(v *VPP, a *cliArgs) (string, error) {
	var only *vnet.Interface
	a.iface(&only)
	var b strings.Builder
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		if only == nil || only == i {
			arp, nd := v.dp.NeighborCounters(fib.IP4, i.SwIfIndex), v.dp.NeighborCounters(fib.IP6, i.SwIfIndex)
			fmt.Fprintf(&b, "  %s\n    arp:%s\n    nd: %s\n", i.Name, formatNeighborCounters(arp), formatNeighborCounters(nd))
		}
		return true
	})
	return b.String(), nil
}

func formatNeighborCounters(c vnet.NeighborCounters) string {
	var b strings.Builder
	for k, dir := range []string{"rx", "tx"} {
		counts := c.RX
		if k == 1 {
			counts = c.TX
		}
		fmt.Fprintf(&b, " %s:[", dir)
		for kind, n := range counts {
			fmt.Fprintf(&b, "%v:%d ", vnet.NeighborMessage(kind), n)
		}
		b.WriteString("]")
	}
	return b.String()
}
