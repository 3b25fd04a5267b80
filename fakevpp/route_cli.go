package fakevpp

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// routeCommands configure tables and routes (src/vnet/ip/lookup.c,
// src/vnet/ip/ip4_forward.c, src/vnet/ip/ip6_forward.c).
func routeCommands() []cliCommand {
	return []cliCommand{
		command("ip table", "ip table [add|del] <table-id>", cliTable(fib.IP4)),
		command("ip6 table", "ip6 table [add|del] <table-id>", cliTable(fib.IP6)),
		command("ip route", "ip route [add|del] [count <n>] <dst-ip-addr>/<width> [table <table-id>] via [next-hop-address] "+
			"[next-hop-interface] [next-hop-table <value>] [weight <value>] [preference <value>] [udp-encap-id <value>] "+
			"[ip4-lookup-in-table <value>] [ip6-lookup-in-table <value>] [resolve-via-host] [resolve-via-connected] "+
			"[rx-ip4|rx-ip6 <interface>] [drop]", cliRoute),
		command("ip mroute", "ip mroute [add|del] <dst-ip-addr>/<width> [table <table-id>] [rpf-id <ID>] "+
			"[via <next-hop-ip-addr> [<interface>],", cliMroute),
		command("set ip flow-hash", "set ip flow-hash table <table-id> [src] [dst] [sport] [dport] [proto] [reverse] [gtpv1teid]",
			cliFlowHash(fib.IP4)),
		command("set ip6 flow-hash", "set ip6 flow-hash table <table-id> [src] [dst] [sport] [dport] [proto] [reverse] [flowlabel]",
			cliFlowHash(fib.IP6)),
	}
}

// addr takes an address of any family.
func (a *cliArgs) addr(to *netip.Addr) bool {
	if !a.more() {
		return false
	}
	addr, err := netip.ParseAddr(a.words[0])
	if err != nil {
		return false
	}
	*to = addr
	a.words = a.words[1:]
	return true
}

// net takes an address with a prefix length.
func (a *cliArgs) net(to *netip.Prefix) bool {
	if !a.more() {
		return false
	}
	p, err := netip.ParsePrefix(a.words[0])
	if err != nil {
		return false
	}
	*to = p
	a.words = a.words[1:]
	return true
}

// badInput complains of what is left as unformat_parse_error does.
func (a *cliArgs) badInput() error { return fmt.Errorf("parse error `%s'", a.rest()) }

// cliTable is vnet_ip_table_cmd.
func cliTable(p fib.Proto) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		id, name, del, multicast := invalidIndex, "", false, true
		for a.more() {
			n, ok := a.uint()
			switch {
			case ok:
				id = n
			case a.is("del"):
				del = true
			case a.is("add"):
				del = false
			case a.text("name", &name):
			case a.is("no-mfib"):
				multicast = false
			default:
				return "", a.badInput()
			}
		}
		switch {
		case id == 0:
			return "", cliText("Can't change the default table")
		case id == invalidIndex && del:
			return "", cliText("No table id")
		case del:
			v.cliUnlockTable(p, id)
			return "", nil
		}
		return v.cliLockTable(p, id, name, multicast)
	}
}

// cliLockTable makes a table, one with a free number for ~0, which is the
// output.
func (v *VPP) cliLockTable(p fib.Proto, id uint32, name string, multicast bool) (out string, err error) {
	if id == invalidIndex {
		if id, err = v.dp.AllocateTable(p, id, name); err != nil {
			return "", err
		}
		out = fmt.Sprintf("%d\n", id)
	}
	v.dp.FIB.LockTable(p, id, v.cliSource(), name)
	if multicast {
		v.dp.FIB.LockMTable(p, id, v.cliMSource(), name)
	}
	return out, nil
}

func (v *VPP) cliUnlockTable(p fib.Proto, id uint32) {
	if index, ok := v.dp.FIB.FindTable(p, id); ok {
		v.dp.FIB.Unlock(p, index, v.cliSource())
	}
	if index, ok := v.dp.FIB.FindMTable(p, id); ok {
		v.dp.FIB.MUnlock(p, index, v.cliMSource())
	}
}

// cliRoute is vnet_ip_route_cmd for one prefix.
func cliRoute(v *VPP, a *cliArgs) (string, error) {
	var pfx netip.Prefix
	var paths []fib.Path
	table, del := uint32(0), false
	for a.more() {
		switch {
		case a.number("table", &table), a.net(&pfx):
		case a.is("del"):
			del = true
		case a.is("add"):
			del = false
		case a.is("via"):
			path, err := a.path(fib.ProtoOf(pfx.Addr()))
			if err != nil {
				return "", err
			}
			paths = append(paths, path)
		default:
			return "", a.badInput()
		}
	}
	switch {
	case !pfx.IsValid():
		return "", cliText("expected ip4/ip6 destination address/length.")
	case !del && len(paths) == 0:
		return "", cliText("expected paths.")
	}
	index, ok := v.dp.FIB.FindTable(fib.ProtoOf(pfx.Addr()), table)
	if !ok {
		return "", cliText(fmt.Sprintf("Nonexistent table id %d", table))
	}
	switch {
	case !del:
		v.cliAddRoute(index, pfx, paths)
	case len(paths) == 0:
		v.dp.FIB.Delete(index, pfx, v.cliSource())
	default:
		v.dp.FIB.RemovePaths(index, pfx, v.cliSource(), paths)
	}
	return "", nil
}

// cliAddRoute adds paths to those that the route has (fib_table_entry_path_add2,
// which takes the paths of a new entry as they are).
func (v *VPP) cliAddRoute(table uint32, pfx netip.Prefix, paths []fib.Path) {
	f, src := v.dp.FIB, v.cliSource()
	if r, ok := f.Find(table, pfx); ok {
		if _, has := f.HasSource(r.Index, src); has {
			f.AddPaths(table, pfx, src, localFlags(paths), paths)
			return
		}
	}
	f.Update(table, pfx, src, localFlags(paths), paths)
}

// path takes a path as unformat_fib_route_path does (src/vnet/fib/fib_types.c):
// everything up to the next "via".
func (a *cliArgs) path(payload fib.Proto) (fib.Path, error) {
	p := fib.Path{Proto: payload, SwIf: fib.InvalidIndex, FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex, Weight: 1}
	for a.more() && a.words[0] != "via" {
		if !a.pathWord(&p, payload) {
			return p, a.badInput()
		}
	}
	return p, nil
}

// pathWord takes one part of a path.
func (a *cliArgs) pathWord(p *fib.Path, payload fib.Proto) bool {
	var n uint32
	switch {
	case a.pathHop(p), a.pathLookup(p), a.pathInterface(p, payload), a.v.fam.exec.own && a.ownPath(p):
	case a.number("weight", &n):
		p.Weight = uint8(n)
	case a.number("preference", &n):
		p.Preference = uint8(n)
	case a.is("resolve-via-host"):
		p.Flags |= fib.PathResolveViaHost
	case a.is("resolve-via-attached"):
		p.Flags |= fib.PathResolveViaAttached
	case a.is("src-lookup"):
		p.Flags |= fib.PathSourceLookup
	case a.is("drop"):
		p.Flags = fib.PathDrop
	case a.is("local"):
		p.NextHop, p.SwIf, p.Weight = netip.Addr{}, fib.InvalidIndex, 1
		p.Flags |= fib.PathLocal
	case a.is("ip4"):
		p.Proto = fib.IP4
	case a.is("ip6"):
		p.Proto = fib.IP6
	default:
		return a.itfFlag(p)
	}
	return true
}

// pathHop takes a next hop with its interface or table; alone it is looked up
// in the default table.
func (a *cliArgs) pathHop(p *fib.Path) bool {
	before := a.words
	if !a.addr(&p.NextHop) {
		return false
	}
	p.Proto = fib.ProtoOf(p.NextHop)
	p.SwIf, p.FibIndex = fib.InvalidIndex, 0
	if a.swIf(&p.SwIf) {
		p.FibIndex = fib.InvalidIndex
		return true
	}
	var id uint32
	if a.number("next-hop-table", &id) {
		var ok bool
		if p.FibIndex, ok = a.v.dp.FIB.FindTable(p.Proto, id); !ok {
			a.words = before
			return false
		}
	}
	return true
}

// swIf takes an interface's name as its index.
func (a *cliArgs) swIf(to *uint32) bool {
	if !a.more() {
		return false
	}
	i := a.v.dp.InterfaceByName(a.words[0])
	if i == nil {
		return false
	}
	*to = i.SwIfIndex
	a.words = a.words[1:]
	return true
}

// pathLookup takes a second lookup. The number behind "lookup in table" is a
// fib_index, as in VPP.
func (a *cliArgs) pathLookup(p *fib.Path) bool {
	before := a.words
	if a.is("lookup", "in") {
		if a.number("table", &p.FibIndex) {
			p.Flags |= fib.PathDeag
			return true
		}
		a.words = before
		return false
	}
	for _, proto := range []fib.Proto{fib.IP4, fib.IP6} {
		var id uint32
		if !a.number(proto.String()+"-lookup-in-table", &id) {
			continue
		}
		index, ok := a.v.dp.FIB.FindTable(proto, id)
		if !ok {
			a.words = before
			return false
		}
		p.Proto, p.FibIndex = proto, index
		return true
	}
	return false
}

// pathInterface takes an interface: to receive on, or to send on.
func (a *cliArgs) pathInterface(p *fib.Path, payload fib.Proto) bool {
	before := a.words
	for _, proto := range []fib.Proto{fib.IP4, fib.IP6} {
		if a.is("rx-"+proto.String()) && a.swIf(&p.SwIf) {
			p.Proto, p.Flags = proto, fib.PathInterfaceRx
			return true
		}
		a.words = before
	}
	if !a.swIf(&p.SwIf) {
		return false
	}
	if p.Flags&fib.PathLocal == 0 {
		p.Proto = payload
	}
	return true
}

// ownPath takes the paths of own lines.
func (a *cliArgs) ownPath(p *fib.Path) bool {
	switch {
	case a.is("unreachable"):
		p.Flags |= fib.PathUnreachable
	case a.is("prohibit"):
		p.Flags |= fib.PathProhibit
	case a.is("dvr") && a.swIf(&p.SwIf):
		p.Flags |= fib.PathDVR
	default:
		return a.ownMulticastLookup(p)
	}
	return true
}

// ownMulticastLookup takes a lookup in a multicast table with an RPF id.
func (a *cliArgs) ownMulticastLookup(p *fib.Path) bool {
	for _, proto := range []fib.Proto{fib.IP4, fib.IP6} {
		var id uint32
		if !a.number(proto.String()+"-mcast-lookup-in-table", &id) {
			continue
		}
		index, ok := a.v.dp.FIB.FindMTable(proto, id)
		if !ok || !a.number("rpf-id", &p.RPFID) {
			return false
		}
		p.Proto, p.FibIndex = proto, index
		p.Flags |= fib.PathRPFID
		return true
	}
	return false
}

// itfFlag takes a flag of a multicast path's interface, by its long or short
// name.
func (a *cliArgs) itfFlag(p *fib.Path) bool {
	short := []string{"NS", "A", "F", "SP", "DP"}
	long := []string{"Negate-Signal", "Accept", "Forward", "Signal-Present", "Don't-Preserve"}
	for bit := range long {
		if a.is(long[bit]) || a.is(short[bit]) {
			p.Itf |= 1 << bit
			return true
		}
	}
	return false
}

// cliMroute is vnet_ip_mroute_cmd for one entry: with flags or an RPF id the
// paths do not count.
func cliMroute(v *VPP, a *cliArgs) (string, error) {
	var pfx fib.MPrefix
	var paths []fib.Path
	table, rpf, del, flags := uint32(0), uint32(0), false, fib.MEntryFlags(0)
	for a.more() {
		switch {
		case a.number("table", &table), a.number("rpf-id", &rpf), a.mprefix(&pfx), a.entryFlag(&flags):
		case a.is("del"):
			del = true
		case a.is("add"):
			del = false
		case a.is("via"):
			path, err := a.path(fib.ProtoOf(pfx.Group))
			if err != nil {
				return "", err
			}
			paths = append(paths, path)
		default:
			return "", a.badInput()
		}
	}
	if !pfx.Group.IsValid() {
		return "", cliText("expected a group")
	}
	index, ok := v.dp.FIB.FindMTable(fib.ProtoOf(pfx.Group), table)
	if !ok {
		return "", cliText(fmt.Sprintf("Nonexistent table id %d", table))
	}
	src := v.cliMSource()
	switch {
	case del && len(paths) == 0:
		v.dp.FIB.MUpdate(index, pfx, src, 0, 0)
	case flags != 0 || rpf != 0:
		v.dp.FIB.MUpdate(index, pfx, src, rpf, flags)
	case del:
		v.dp.FIB.MRemovePaths(index, pfx, src, paths)
	default:
		v.dp.FIB.MAddPaths(index, pfx, src, 0, paths)
	}
	return "", nil
}

// mprefix takes "source group", "group/length" or "group".
func (a *cliArgs) mprefix(to *fib.MPrefix) bool {
	var first netip.Addr
	var p netip.Prefix
	switch {
	case a.net(&p):
		*to = fib.MPrefix{Group: p.Addr(), Source: unspecifiedLike(p.Addr()), Len: uint16(p.Bits())}
	case !a.addr(&first):
		return false
	case a.addr(&to.Group):
		to.Source, to.Len = first, uint16(2*first.BitLen())
	default:
		*to = fib.MPrefix{Group: first, Source: unspecifiedLike(first), Len: uint16(first.BitLen())}
	}
	return true
}

func unspecifiedLike(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// entryFlag takes a flag of a multicast entry, by its long or short name.
func (a *cliArgs) entryFlag(to *fib.MEntryFlags) bool {
	short := []string{"S", "D", "C", "AA", "E", "IA"}
	for bit, long := range mentryFlagWords {
		if a.is(long) || a.is(short[bit]) {
			*to |= 1 << bit
			return true
		}
	}
	return false
}

// cliFlowHash is set_ip_flow_hash_command_fn.
func cliFlowHash(p fib.Proto) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		table, hash, matched := uint32(0), fib.FlowHash(0), false
		for a.more() {
			bit := slices.Index(dumpFlowHash, a.words[0])
			if !a.number("table", &table) {
				if bit < 0 {
					break
				}
				hash |= 1 << bit
				a.words = a.words[1:]
			}
			matched = true
		}
		if !matched {
			return "", a.unknown()
		}
		if v.dp.SetFlowHash(p, table, hash) != nil {
			return "", cliText("no such FIB table " + strconv.FormatUint(uint64(table), 10))
		}
		return "", nil
	}
}
