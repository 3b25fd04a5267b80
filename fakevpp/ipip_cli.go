package fakevpp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// ipipCommands are the commands of src/vnet/ipip/ipip_cli.c,
// src/vnet/teib/teib_cli.c and src/vnet/adj/adj_nbr.c.
func ipipCommands() []cliCommand {
	return []cliCommand{
		command("create ipip tunnel", "create ipip tunnel src <addr> dst <addr> [instance <n>] [outer-table-id <ID>] [p2mp]",
			cliCreateIPIP),
		command("delete ipip tunnel", "delete ipip tunnel sw_if_index <sw_if_index>", cliDeleteIPIP),
		command("show ipip tunnel", "show ipip tunnel", cliShowIPIP),
		command("show ipip tunnel-hash", "show ipip tunnel-hash", cliShowIPIPHash),
		command("create teib", "create teib <interface> peer <addr> nh <addr> [nh-table-id <ID>]", cliCreateTEIB),
		command("delete teib", "delete teib <interface> peer <addr>", cliDeleteTEIB),
		command("show adj nbr", "show adj nbr [<adj_index>] [interface]", cliShowAdjNbr),
		command("show teib", "show teib", cliShowTEIB),
	}
}

// ipipWords are the words of "create ipip tunnel".
type ipipWords struct {
	src, dst        netip.Addr
	instance, table uint32
	multipoint      bool
	flags           vnet.TunnelFlags
	given           int
}

func (w *ipipWords) read(a *cliArgs) error {
	w.instance = vlib.InvalidIndex
	for a.more() {
		switch {
		case a.number("instance", &w.instance), a.number("outer-table-id", &w.table):
		case a.addrAfter("src", &w.src), a.addrAfter("dst", &w.dst), a.is("p2p"):
			w.given++
		case a.is("p2mp"), a.is("mp"):
			w.multipoint = true
			w.given++
		case w.flag(a):
		default:
			return a.unknown()
		}
	}
	return nil
}

// flag takes one flag behind its keyword.
func (w *ipipWords) flag(a *cliArgs) bool {
	if a.is("flags", "none") {
		return true
	}
	for bit, name := range vnet.TunnelFlagNames {
		if a.is("flags", name) {
			w.flags |= 1 << bit
			return true
		}
	}
	return false
}

func cliCreateIPIP(v *VPP, a *cliArgs) (string, error) {
	if !a.more() {
		return "", nil
	}
	var w ipipWords
	if err := w.read(a); err != nil {
		return "", err
	}
	ip6 := w.src.Is6() || w.dst.Is6()
	switch {
	case w.given < 2:
		return "", cliText("mandatory argument(s) missing")
	case ip6 && (w.src.Is4() || w.dst.Is4()):
		return "", cliText("source and destination must be of same address family")
	}
	zero := netip.IPv4Unspecified()
	if ip6 {
		zero = netip.IPv6Unspecified()
	}
	for _, addr := range []*netip.Addr{&w.src, &w.dst} {
		if !addr.IsValid() {
			*addr = zero
		}
	}
	table, ok := v.dp.FIB.FindTable(fib.ProtoOf(w.src), w.table)
	if !ok {
		return "", cliText("outer fib ID -1 doesn't exist\n")
	}
	t, err := v.dp.AddIPIP(vnet.IPIPSpec{Src: w.src, Dst: w.dst, Fib: table, Flags: w.flags, Multipoint: w.multipoint,
		Instance: w.instance})
	if err != nil {
		return "", ipipError(err)
	}
	return v.dp.Interface(t.SwIfIndex).Name + "\n", nil
}

func ipipError(err error) error {
	var api vnet.APIError
	switch {
	case errors.Is(err, vnet.ErrIfAlreadyExists):
		return cliText("IPIP tunnel already exists...")
	case errors.Is(err, vnet.ErrInstanceInUse):
		return cliText("Instance is in use")
	case errors.Is(err, vnet.ErrInvalidDstAddress):
		return cliText("destination IP address when mode is multi-point")
	case errors.As(err, &api):
		return fmt.Errorf("vnet_ipip_add_del_tunnel returned %d", int32(api))
	}
	return err
}

// cliDeleteIPIP says nothing of a tunnel that does not exist, as VPP.
func cliDeleteIPIP(v *VPP, a *cliArgs) (string, error) {
	if !a.more() {
		return "", nil
	}
	swIfIndex, given := vlib.InvalidIndex, false
	for a.more() {
		if !a.number("sw_if_index", &swIfIndex) {
			return "", a.unknown()
		}
		given = true
	}
	if !given {
		return "", cliText("mandatory argument(s) missing")
	}
	_ = v.dp.DeleteIPIP(swIfIndex)
	return "", nil
}

func (v *VPP) formatIPIP(t *vnet.IPIPTunnel) string {
	s := fmt.Sprintf("[%d] instance %d src %s dst %s ", t.Index, t.Instance, t.Src, t.Dst)
	if t.Mode == vnet.IPIPP2MP {
		s = fmt.Sprintf("[%d] instance %d p2mp src %s ", t.Index, t.Instance, t.Src)
	}
	return s + fmt.Sprintf("table-ID %d sw-if-idx %d flags [%s] dscp %s\n",
		v.dp.FIB.Table(fib.ProtoOf(t.Src), t.Fib).ID, t.SwIfIndex, t.Flags.Format(), vnet.DSCPName(t.DSCP))
}

func cliShowIPIP(v *VPP, a *cliArgs) (string, error) {
	all := v.dp.IPIPs()
	s := ""
	if len(all) == 0 {
		s = "No IPIP tunnels configured...\n"
	}
	index, one := a.uint()
	for _, t := range all {
		if !one || t.Index == index {
			s += v.formatIPIP(t)
			if one {
				return s, nil
			}
		}
	}
	if one {
		return s, fmt.Errorf("unknown index:%d", index)
	}
	return s, nil
}

func cliShowIPIPHash(v *VPP, _ *cliArgs) (string, error) {
	keys := v.dp.IPIPKeys()
	slices.SortFunc(keys, func(a, b vnet.IPIPKey) int {
		if a.Tunnel != b.Tunnel {
			return int(a.Tunnel) - int(b.Tunnel)
		}
		return a.Dst.Compare(b.Dst)
	})
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, " src:%s dst:%s fib:%d transport:%d mode:%d -> %d\n", k.Src, k.Dst, k.Fib, fib.ProtoOf(k.Src), k.Mode,
			k.Tunnel)
	}
	return b.String(), nil
}

// teibWords reads the words of both commands about TEIB entries.
func (v *VPP) teibWords(a *cliArgs, add bool) (e teibEntry, err error) {
	var i *vnet.Interface
	for a.more() {
		if !a.iface(&i) && !a.addrAfter("peer", &e.Peer) &&
			(!add || !a.number("nh-table-id", &e.NHTableID) && !a.addrAfter("nh", &e.NH)) {
			return e, a.unknown()
		}
	}
	switch {
	case i == nil:
		return e, cliText("interface required'")
	case !e.Peer.IsValid() || e.Peer.IsUnspecified():
		return e, cliText("peer required'")
	case add && (!e.NH.IsValid() || e.NH.IsUnspecified()):
		return e, cliText("next-hop required'")
	}
	e.SwIfIndex = i.SwIfIndex
	return e, nil
}

func cliCreateTEIB(v *VPP, a *cliArgs) (string, error) {
	if !a.more() {
		return "", nil
	}
	e, err := v.teibWords(a, true)
	if err == nil && v.addTEIB(&e) != nil {
		err = cliText("TEIB error")
	}
	return "", err
}

func cliDeleteTEIB(v *VPP, a *cliArgs) (string, error) {
	if !a.more() {
		return "", nil
	}
	e, err := v.teibWords(a, false)
	if err == nil && v.dp.DeleteTEIB(e.SwIfIndex, e.Peer) != nil {
		err = cliText("TEIB error")
	}
	return "", err
}

func cliShowTEIB(v *VPP, _ *cliArgs) (string, error) {
	var b strings.Builder
	for _, e := range v.dp.TEIB() {
		fmt.Fprintf(&b, "[%d] %s:%s via [%d]:%s/%d\n", e.Index, v.dp.Interface(e.SwIfIndex).Name, e.Peer,
			v.dp.FIB.Table(fib.ProtoOf(e.NextHop), e.Fib).ID, e.NextHop, e.NextHop.BitLen())
	}
	return b.String(), nil
}

// cliShowAdjNbr shows the adjacencies of neighbours: all, one, those of an
// interface or of one neighbour on it (adj_nbr_show).
func cliShowAdjNbr(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	var nh netip.Addr
	var index uint32
	one := false
	for a.more() {
		if a.iface(&i) {
			continue
		}
		if addr, err := netip.ParseAddr(a.words[0]); err == nil {
			nh = addr
			a.word()
			continue
		}
		if !a.plainNumber(&index) {
			break
		}
		one = true
	}
	var b strings.Builder
	v.dp.FIB.Adjacencies.Each(func(k uint32, adj *fib.Adjacency) bool {
		switch {
		case one && k != index, i != nil && !one && adj.SwIf != i.SwIfIndex, !one && i != nil && nh.IsValid() && adj.NextHop != nh,
			adj.Type == fib.AdjGlean || adj.Type == fib.AdjMcast || adj.Type == fib.AdjMcastMidchain:
			return true
		}
		fmt.Fprintf(&b, "[@%d] %s\n", k, v.dp.FIB.FormatAdjacency(k, 2))
		return true
	})
	return b.String(), nil
}
