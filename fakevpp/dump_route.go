package fakevpp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// dumpProtos are the two protocols with the words that VPP's commands have for
// them.
var dumpProtos = [...]struct {
	proto fib.Proto
	ip    string // "ip table", "ip6 table"
	name  string // "ip4", "ip6"
}{{fib.IP4, "ip", "ip4"}, {fib.IP6, "ip6", "ip6"}}

// eachTable calls fn for each table that has a number, 0 included.
func (d *dumper) eachTable(fn func(p fib.Proto, t *fib.Table)) {
	for _, proto := range dumpProtos {
		d.m.FIB.Tables(proto.proto, func(t *fib.Table) bool {
			if t.ID != fib.InvalidIndex {
				fn(proto.proto, t)
			}
			return true
		})
	}
}

// tableID is a table's number, ~0 for a table that went although something
// refers to it.
func (d *dumper) tableID(p fib.Proto, fibIndex uint32) uint32 {
	if t := d.m.FIB.Table(p, fibIndex); t != nil {
		return t.ID
	}
	return fib.InvalidIndex
}

// tables creates tables, for whoever keeps them, with their names.
func (d *dumper) tables() {
	d.eachTable(func(p fib.Proto, t *fib.Table) {
		ip, key := dumpProtos[p].ip, dumpProtos[p].name+" "+decimal(t.ID)
		if t.ID != 0 {
			api, cli := t.Locked(fib.SourceAPI), t.Locked(fib.SourceCLI)
			named := t.Name != dumpTableName(p, t.ID)
			text, args := withOptions(ip+" table add "+decimal(t.ID), []dumpOption{
				{named && plainWord(t.Name), "name", []string{t.Name}},
				{!d.hasMTable(p, t.ID), "no-mfib", nil},
			})
			if cli || !api {
				d.add(key, text, args...)
			}
			if api {
				d.addFor(true, key, text, args...)
			}
			if named && !plainWord(t.Name) {
				d.lines = append(d.lines, dumpLine{key: key, api: api, text: ownLine(ip+" table name "+decimal(t.ID), []string{t.Name})})
			}
		}
	})
}

// flowHashes sets what tables hash on where it is not the default.
func (d *dumper) flowHashes() {
	d.eachTable(func(p fib.Proto, t *fib.Table) {
		if t.FlowHash != fib.FlowHashDefault {
			d.add(dumpProtos[p].name+" "+decimal(t.ID),
				"set "+dumpProtos[p].ip+" flow-hash table "+decimal(t.ID)+dumpFlowHashWords(t.FlowHash))
		}
	})
}

func (d *dumper) hasMTable(p fib.Proto, id uint32) bool {
	_, ok := d.m.FIB.FindMTable(p, id)
	return ok
}

// dumpTableName is the name that VPP gives a table without one.
func dumpTableName(p fib.Proto, id uint32) string {
	return fmt.Sprintf("%s-VRF:%d", p.Link(), int32(id))
}

// dumpFlowHash are VPP's words for the bits of a flow hash
// (foreach_flow_hash_bit in src/vnet/ip/ip_flow_hash.h).
var dumpFlowHash = []string{"src", "dst", "sport", "dport", "proto", "reverse", "symmetric", "flowlabel", "gtpv1teid"}

func dumpFlowHashWords(h fib.FlowHash) string {
	var b strings.Builder
	for bit, word := range dumpFlowHash {
		if h&(1<<bit) != 0 {
			b.WriteString(" " + word)
		}
	}
	return b.String()
}

// looseTables gives up the lock on tables that nobody asked for any more and
// that stay only while something is in them.
func (d *dumper) looseTables() {
	d.eachTable(func(p fib.Proto, t *fib.Table) {
		if t.ID != 0 && !t.Locked(fib.SourceAPI) && !t.Locked(fib.SourceCLI) {
			d.add(dumpProtos[p].name+" "+decimal(t.ID), dumpProtos[p].ip+" table del "+decimal(t.ID))
		}
	})
}

// routes adds the routes of the API's clients and of the CLI. Those of
// addresses, neighbours and tunnels come with them.
func (d *dumper) routes() {
	d.eachTable(func(p fib.Proto, t *fib.Table) {
		d.m.FIB.Routes(t, func(r fib.Route) bool {
			for _, src := range []fib.Source{fib.SourceCLI, fib.SourceAPI} {
				if paths, flags, ok := d.m.FIB.SourcePaths(r.Index, src); ok {
					d.route(r, src == fib.SourceAPI, flags, paths)
				}
			}
			return true
		})
	})
}

// route adds a source's paths of a prefix in one command, those to this instance
// in a second one: together with them VPP takes all paths for such.
func (d *dumper) route(r fib.Route, api bool, flags fib.EntryFlags, paths []fib.Path) {
	target := pathPrefix{prefix: r.Prefix, proto: r.Table.Proto}
	var sets [2][]fib.Path
	for _, p := range paths {
		target.mixed = target.mixed || p.Proto != r.Table.Proto
		if p.Flags&fib.PathLocal == 0 {
			sets[0] = append(sets[0], p)
		} else {
			sets[1] = append(sets[1], p)
		}
	}
	for _, set := range sets {
		if len(set) > 0 {
			l := d.routeLine(r, flags, set, target)
			l.api = api
			d.lines = append(d.lines, l)
		}
	}
}

func (d *dumper) routeLine(r fib.Route, flags fib.EntryFlags, paths []fib.Path, target pathPrefix) dumpLine {
	l := dumpLine{key: tableKey(r.Table.Proto, r.Table.ID, r.Prefix)}
	text, args := tableRoute("ip route add", r.Table.ID, r.Prefix.String()), []string(nil)
	plain, lost := flags&(fib.EntryDrop|fib.EntryExclusive|fib.EntryInterpose) == 0, false
	list := make([][]string, 0, len(paths))
	for k := range paths {
		words, ok := d.path(&paths[k], target)
		plain = plain && ok
		lost = lost || paths[k].SwIf != fib.InvalidIndex && d.m.Interface(paths[k].SwIf) == nil
		list = append(list, words)
	}
	// VPP sorts paths by what they are; here by how they read.
	slices.SortFunc(list, func(a, b []string) int { return naturalCompare(strings.Join(a, " "), strings.Join(b, " ")) })
	for _, words := range list {
		args = append(append(args, "via"), words...)
	}
	switch {
	case lost:
		l.text = "# lost its interface: " + text + " " + strings.Join(args, " ")
	case plain:
		l.text = d.line(text, args)
	default:
		l.text = ownLine(text, args)
	}
	return l
}

// tableKey orders prefixes by table and address.
func tableKey(p fib.Proto, table uint32, pfx netip.Prefix) string {
	return fmt.Sprintf("%s %d %x %d", dumpProtos[p].name, table, pfx.Addr().AsSlice(), pfx.Bits())
}

// tableRoute is the start of a command about a route: VPP takes table 0 when
// none is named.
func tableRoute(command string, table uint32, prefix string) string {
	if table == 0 {
		return command + " " + prefix
	}
	return command + " " + prefix + " table " + decimal(table)
}

// pathPrefix is what a path is for: a prefix, invalid for none, and packets of a
// protocol. Mixed says that not all paths of the command are of that protocol:
// VPP then takes the last one told for paths that are only an interface.
type pathPrefix struct {
	prefix netip.Prefix
	proto  fib.Proto
	mixed  bool
}

// path describes a path in the words of unformat_fib_route_path
// (src/vnet/fib/fib_types.c); ok says if VPP has words for it.
func (d *dumper) path(p *fib.Path, of pathPrefix) (words []string, ok bool) {
	words, ok = d.pathTarget(p, of)
	if p.Weight > 1 {
		words = append(words, "weight", decimal(p.Weight))
	}
	if p.Preference > 0 {
		words = append(words, "preference", decimal(p.Preference))
	}
	if p.Flags&fib.PathResolveViaHost != 0 {
		words = append(words, "resolve-via-host")
	}
	if p.Flags&fib.PathResolveViaAttached != 0 {
		words = append(words, "resolve-via-attached")
	}
	return words, ok
}

// localRefusal adds what else a local path says: an entry flagged local makes
// all its paths local, also those that refuse.
func localRefusal(p *fib.Path, words []string, ok bool) ([]string, bool) {
	switch {
	case p.Flags&fib.PathUnreachable != 0:
		return append(words, "unreachable"), false
	case p.Flags&fib.PathProhibit != 0:
		return append(words, "prohibit"), false
	}
	return words, ok
}

// pathTarget says where a path leads.
func (d *dumper) pathTarget(p *fib.Path, of pathPrefix) (words []string, ok bool) {
	hop := p.NextHop.IsValid() && !p.NextHop.IsUnspecified()
	itf := p.SwIf != fib.InvalidIndex
	ok = !itf || d.m.Interface(p.SwIf) != nil
	name := dumpProtos[p.Proto].name
	self := of.prefix.IsSingleIP() && p.NextHop == of.prefix.Addr()
	switch {
	case p.Flags&fib.PathLocal != 0:
		words = []string{"local"}
		if hop {
			words = append(words, p.NextHop.String())
		}
		if itf {
			words = append(words, d.ifName(p.SwIf))
		}
		// VPP takes IPv4 for the protocol of a path without address.
		return localRefusal(p, append(words, name), ok)
	case p.Flags&fib.PathInterfaceRx != 0:
		return []string{"rx-" + name, d.ifName(p.SwIf)}, ok
	case p.Flags&fib.PathDVR != 0:
		return []string{"dvr", d.ifName(p.SwIf)}, false
	case p.Flags&fib.PathClassify != 0:
		return []string{"classify", decimal(p.Classify)}, false
	case p.Flags&fib.PathExclusive != 0:
		return []string{"exclusive"}, false
	case p.Flags&fib.PathUnreachable != 0:
		return []string{"unreachable", name}, false
	case p.Flags&fib.PathProhibit != 0:
		return []string{"prohibit", name}, false
	case p.Flags&fib.PathDrop != 0 && !itf && !hop:
		return []string{"drop", name}, true
	case itf && hop && (p.Flags&fib.PathAttached == 0 || !self):
		return []string{p.NextHop.String(), d.ifName(p.SwIf)}, ok
	case itf:
		// Of a host prefix, an interface alone means the neighbour itself.
		words = []string{d.ifName(p.SwIf)}
		if of.mixed || p.Proto != of.proto {
			words = append(words, name)
		}
		return words, ok
	case hop:
		return d.recursive(p)
	}
	return d.lookupIn(p)
}

// recursive is a next hop that is looked up in a table.
func (d *dumper) recursive(p *fib.Path) (words []string, ok bool) {
	words = []string{p.NextHop.String()}
	if t := d.m.FIB.Table(p.Proto, p.FibIndex); t == nil {
		return words, false
	} else if t.ID != 0 {
		words = append(words, "next-hop-table", decimal(t.ID))
	}
	return words, true
}

// lookupIn is a second lookup. VPP's "lookup in table" takes a fib_index, its
// "ip4-lookup-in-table" the table's number.
func (d *dumper) lookupIn(p *fib.Path) (words []string, ok bool) {
	if p.Flags&fib.PathRPFID != 0 {
		t := d.m.FIB.MTable(p.Proto, p.FibIndex)
		if t == nil {
			return []string{"drop", dumpProtos[p.Proto].name}, true
		}
		return []string{dumpProtos[p.Proto].name + "-mcast-lookup-in-table", decimal(t.ID), "rpf-id", decimal(p.RPFID)}, false
	}
	t := d.m.FIB.Table(p.Proto, p.FibIndex)
	if t == nil {
		return []string{"drop", dumpProtos[p.Proto].name}, true
	}
	words = []string{dumpProtos[p.Proto].name + "-lookup-in-table", decimal(t.ID)}
	if p.Flags&fib.PathSourceLookup != 0 {
		words = append(words, "src-lookup")
	}
	return words, true
}

// mroutes adds the multicast routes of the API's clients and of the CLI: an
// entry's own properties in one command, its paths in another.
func (d *dumper) mroutes() {
	for _, proto := range dumpProtos {
		d.m.FIB.MTables(proto.proto, func(t *fib.MTable) bool {
			for _, i := range d.m.FIB.MEntries(t) {
				for _, src := range []fib.MSource{fib.MSourceCLI, fib.MSourceAPI} {
					if c, ok := d.m.FIB.MSourceConfig(i, src); ok {
						d.mroute(t, d.m.FIB.MEntry(i).Prefix, src == fib.MSourceAPI, c)
					}
				}
			}
			return true
		})
	}
}

func (d *dumper) mroute(t *fib.MTable, pfx fib.MPrefix, api bool, c fib.MSourceConfig) {
	key := fmt.Sprintf("%s %d %x %d %x", dumpProtos[t.Proto].name, t.ID, pfx.Group.AsSlice(), pfx.Len, pfx.Source.AsSlice())
	text := tableRoute("ip mroute add", t.ID, mprefixText(pfx))
	if c.Flags != 0 || c.RPFID != 0 {
		args := entryFlagWords(c.Flags)
		if c.RPFID != 0 {
			args = append(args, "rpf-id", decimal(c.RPFID))
		}
		d.addFor(api, key, text, args...)
	}
	list := make([]string, 0, len(c.Paths))
	for k := range c.Paths {
		words, ok := d.mpath(&c.Paths[k], t.Proto)
		line := d.line(text+" via", words)
		if !ok {
			line = ownLine(text+" via", words)
		}
		list = append(list, line)
	}
	slices.SortFunc(list, naturalCompare)
	for _, line := range list {
		d.lines = append(d.lines, dumpLine{key: key, text: line, api: api})
	}
}

// mpath is path with the flags of the path's interface.
func (d *dumper) mpath(p *fib.Path, proto fib.Proto) (words []string, ok bool) {
	if p.Flags&fib.PathLocal != 0 && p.SwIf == fib.InvalidIndex && p.Itf == fib.MItfForward {
		return []string{"local", "Forward"}, true
	}
	words, ok = d.path(p, pathPrefix{proto: proto})
	return append(words, itfFlagWords(p.Itf)...), ok
}

// mprefixText writes what a multicast entry matches: "source group", "group/m".
func mprefixText(p fib.MPrefix) string {
	if int(p.Len) > p.Group.BitLen() {
		return p.Source.String() + " " + p.Group.String()
	}
	return fmt.Sprintf("%s/%d", p.Group, p.Len)
}

// VPP's words for the flags of multicast entries and their interfaces
// (MFIB_ENTRY_NAMES_LONG, MFIB_ITF_NAMES_LONG in src/vnet/mfib/mfib_types.h).
var (
	mentryFlagWords = []string{"Signal", "Drop", "Connected", "Accept-all-itf", "Exclusive", "Inherit-Accept"}
	mitfFlagWords   = []string{"Negate-Signal", "Accept", "Forward", "Signal-Present", "DP"}
)

func entryFlagWords(f fib.MEntryFlags) []string { return flagWords(uint32(f), mentryFlagWords) }
func itfFlagWords(f fib.MItfFlags) []string     { return flagWords(uint32(f), mitfFlagWords) }

func flagWords(f uint32, names []string) (words []string) {
	for bit, name := range names {
		if f&(1<<bit) != 0 {
			words = append(words, name)
		}
	}
	return words
}
