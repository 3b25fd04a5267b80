package fakevpp

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// ipShowCommands are the commands of src/vnet/ip, src/vnet/fib, src/vnet/mfib,
// src/vnet/adj and src/vnet/ip-neighbor that show something.
func ipShowCommands() []cliCommand {
	return []cliCommand{
		command("show ip table", "show ip table <table-id>", showTables(fib.IP4)),
		command("show ip6 table", "show ip6 table <table-id>", showTables(fib.IP6)),
		command("show ip fib", "show ip fib [summary] [table <table-id>] [index <fib-id>] [<ip4-addr>[/<mask>]] [mtrie] [detail]", showFIB(fib.IP4)),
		command("show ip6 fib", "show ip6 fib [summary] [table <table-id>] [index <fib-id>] [<ip6-addr>[/<width>]] [detail]", showFIB(fib.IP6)),
		command("show ip mfib", "show ip mfib [summary] [table <table-id>] [index <fib-id>] [<grp-addr>[/<mask>]] [<grp-addr>] [<src-addr> <grp-addr>]", showMFIB(fib.IP4)),
		command("show ip6 mfib", "show ip mfib [summary] [table <table-id>] [index <fib-id>] [<grp-addr>[/<width>]] [<grp-addr>] [<src-addr> <grp-addr>]", showMFIB(fib.IP6)),
		command("show ip neighbors", "show ip neighbors [interface]", showNeighbors(fib.IP4, fib.IP6)),
		command("show ip4 neighbors", "show ip4 neighbors [interface]", showNeighbors(fib.IP4)),
		command("show ip6 neighbors", "show ip6 neighbors [interface]", showNeighbors(fib.IP6)),
		command("show adj", "show adj [<adj_index>] [interface] [summary]", showAdjacencies),
		command("show ip neighbor", "show ip neighbor [interface]", showNeighbors(fib.IP4, fib.IP6)),
		command("show ip4 neighbor", "show ip4 neighbor [interface]", showNeighbors(fib.IP4)),
		command("show ip6 neighbor", "show ip6 neighbor [interface]", showNeighbors(fib.IP6)),
		command("show ip neighbor-config", "show ip neighbor-config", cliShowNeighborConfig),
		command("show ip neighbor-stats", "show ip neighbor-stats [interface]", cliShowNeighborStats),
		command("show ip neighbor-watcher", "show ip neighbors-watcher", cliShowNeighborWatchers),
		command("show ip6 interface", "show ip6 interface <iface name>", cliShowIP6Interface),
		command("show interface secondary-mac-address", "show interface secondary-mac-address [<interface>]", cliShowSecondaryMACs),
		command("adjacency counters", "adjacency counters [enable|disable]", cliAdjacencyCounters),
		command("show load-balance", "show load-balance [<index>]", showLoadBalances),
		command("show ip punt redirect", "show ip punt redirect", showPuntRedirects(fib.IP4)),
		command("show ip6 punt redirect", "show ip6 punt redirect", showPuntRedirects(fib.IP6)),
	}
}

func showTables(p fib.Proto) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, _ *cliArgs) (string, error) {
		var b strings.Builder
		v.dp.FIB.Tables(p, func(t *fib.Table) bool {
			fmt.Fprintf(&b, "[%d] table_id:%d %s\n", t.Index, t.ID, t.Name)
			return true
		})
		return b.String(), nil
	}
}

// fibArgs are the arguments of "show ip fib".
type fibArgs struct {
	pfx                        netip.Prefix
	table, index               uint32
	summary, detail, haveTable bool
	mtrie                      bool
}

func (x *fibArgs) read(a *cliArgs) error {
	x.index = vlib.InvalidIndex
	for a.more() {
		var addr netip.Addr
		switch {
		case a.is("summary"), a.is("sum"):
			x.summary = true
		case a.is("detail"), a.is("det"):
			x.detail = true
		case a.is("brief"):
			x.summary = true
		case a.is("mtrie"):
			x.mtrie = true
		case a.is("verbose"):
		case a.number("table", &x.table):
			x.haveTable = true
		case a.number("index", &x.index), a.net(&x.pfx):
		case a.addr(&addr):
			x.pfx = netip.PrefixFrom(addr, addr.BitLen())
		default:
			return a.unknown()
		}
	}
	return nil
}

// showFIB is ip4_show_fib and ip6_show_fib (src/vnet/fib/ip4_fib.c, ip6_fib.c).
// Link-local tables are shown by another command.
func showFIB(p fib.Proto) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		var x fibArgs
		if err := x.read(a); err != nil {
			return "", err
		}
		var b strings.Builder
		f := v.dp.FIB
		f.Tables(p, func(t *fib.Table) bool {
			skip := x.haveTable && t.ID != x.table || x.index != vlib.InvalidIndex && t.Index != x.index
			if t.LinkLocal || skip {
				return true
			}
			b.WriteString(f.FormatTable(t) + "\n")
			switch {
			case x.mtrie && p == fib.IP4:
				showMtrie(&b, f)
			case x.summary:
				showFIBSummary(&b, f, t)
			case x.pfx.IsValid():
				if r, ok := f.Match(t.Index, x.pfx); ok && fib.ProtoOf(x.pfx.Addr()) == p {
					b.WriteString(f.FormatRouteDetail(r, x.detail) + "\n")
				}
			default:
				for _, r := range f.Shown(t) {
					b.WriteString(f.FormatRoute(r) + "\n")
				}
			}
			return true
		})
		return b.String(), nil
	}
}

// Sizes of VPP's IPv4 lookup in bytes (src/vnet/ip/ip4_mtrie.h).
const (
	mtrieRoot = 5<<16 + 64
	mtriePly  = 5<<8 + 64
)

// showMtrie tells the size of VPP's lookup: a ply for each 16 bits of an address
// that have longer prefixes, and one for each 24. VPP goes on to list them.
func showMtrie(b *strings.Builder, f *fib.FIB) {
	plies := map[netip.Prefix]bool{}
	own := 0
	f.Tables(fib.IP4, func(t *fib.Table) bool {
		clear(plies)
		f.Routes(t, func(r fib.Route) bool {
			for _, bits := range []int{16, 24} {
				if r.Prefix.Bits() > bits && r.LoadBalance != fib.InvalidIndex {
					plies[netip.PrefixFrom(r.Prefix.Addr(), bits).Masked()] = true
				}
			}
			return true
		})
		own += len(plies)
		return true
	})
	fmt.Fprintf(b, "16-8-8: %d plies, memory usage %.2fk\n", own, float64(mtrieRoot+own*mtriePly)/1024)
}

// cliAdjacencyCounters is adj_cli_counters_set.
func cliAdjacencyCounters(v *VPP, a *cliArgs) (string, error) {
	switch {
	case a.is("enable"):
		v.dp.FIB.Counters.PerAdjacency = true
	case a.is("disable"):
		v.dp.FIB.Counters.PerAdjacency = false
	default:
		return "", cliText("specify 'enable' or 'disable'")
	}
	return "", nil
}

// showFIBSummary counts the entries by length.
func showFIBSummary(b *strings.Builder, f *fib.FIB, t *fib.Table) {
	b.WriteString(center("Prefix length", 20) + center("Count", 16) + "\n")
	var counts [129]int
	f.Routes(t, func(r fib.Route) bool { counts[r.Prefix.Bits()]++; return true })
	for n, c := range counts {
		if c > 0 {
			fmt.Fprintf(b, "%20d%16d\n", n, c)
		}
	}
}

func showMFIB(p fib.Proto) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		var x fibArgs
		if err := x.read(a); err != nil {
			return "", err
		}
		var b strings.Builder
		v.dp.FIB.MTables(p, func(t *fib.MTable) bool {
			if x.haveTable && t.ID != x.table {
				return true
			}
			if p == fib.IP4 {
				fmt.Fprintf(&b, "%s, fib_index:%d flags:none\n", t.Name, t.Index)
			} else {
				fmt.Fprintf(&b, "%s, fib_index %d\n", t.Name, t.Index)
			}
			for _, e := range v.dp.FIB.MEntriesShown(t) {
				b.WriteString(v.dp.FIB.FormatMEntry(e) + "\n")
			}
			return true
		})
		return b.String(), nil
	}
}

// showNeighbors is ip_neighbor_show_i (src/vnet/ip-neighbor/ip_neighbor.c);
// protocols are mixed, by interface and address.
func showNeighbors(protos ...fib.Proto) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		only := uint32(vlib.InvalidIndex)
		var i *vnet.Interface
		if a.iface(&i) {
			only = i.SwIfIndex
		}
		var b strings.Builder
		v.dp.Interfaces(func(i *vnet.Interface) bool {
			for _, p := range protos {
				if only != vlib.InvalidIndex && only != i.SwIfIndex {
					break
				}
				v.dp.Neighbors(p, i.SwIfIndex, func(n *vnet.Neighbor) bool {
					if b.Len() == 0 {
						b.WriteString(center("Age", 12) + center("IP", 40) + center("Flags", 6) + center("Ethernet", 20) + center("Interface", 24) + "\n")
					}
					fmt.Fprintf(&b, "%12s%s%s%s%s\n", v.age(n),
						center(n.Addr.String(), 40), center(n.FlagText(), 6), center(n.MAC.String(), 20), i.Name)
					return true
				})
			}
			return true
		})
		return b.String(), nil
	}
}

func showAdjacencies(v *VPP, a *cliArgs) (string, error) {
	var b strings.Builder
	var only *vnet.Interface
	a.iface(&only)
	var index uint32
	one := a.plainNumber(&index)
	v.dp.FIB.Adjacencies.Each(func(i uint32, adj *fib.Adjacency) bool {
		if (only == nil || only.SwIfIndex == adj.SwIf) && (!one || i == index) {
			fmt.Fprintf(&b, "[@%d] %s\n", i, v.dp.FIB.FormatAdjacency(i, 2))
		}
		return true
	})
	return b.String(), nil
}

func showLoadBalances(v *VPP, a *cliArgs) (string, error) {
	var b strings.Builder
	var index uint32
	one := a.plainNumber(&index)
	v.dp.FIB.LoadBalances.Each(func(i uint32, _ *fib.LoadBalance) bool {
		if !one || i == index {
			b.WriteString(v.dp.FIB.FormatLoadBalance(i, 0) + "\n")
		}
		return true
	})
	return b.String(), nil
}

func showPuntRedirects(p fib.Proto) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, _ *cliArgs) (string, error) {
		var b strings.Builder
		v.dp.PuntRedirects(p, func(rx, forward uint32) {
			if rx == vlib.InvalidIndex {
				rx = 0
			}
			fmt.Fprintf(&b, " rx %s via:\n%s\n", (&dumper{m: v.dp}).ifName(rx), v.dp.FIB.FormatForward(forward))
		})
		return b.String(), nil
	}
}

// plainNumber takes a number without keyword.
func (a *cliArgs) plainNumber(to *uint32) bool {
	b := cliArgs{v: a.v, words: append([]string{""}, a.words...)}
	if !b.number("", to) {
		return false
	}
	a.words = b.words
	return true
}

// age is how long ago a neighbour was confirmed, as VPP's format writes a number:
// without a zero in front of the point.
func (v *VPP) age(n *vnet.Neighbor) string {
	return strings.TrimPrefix(fmt.Sprintf("%.4f", v.dp.Since(n.Updated).Seconds()), "0")
}
