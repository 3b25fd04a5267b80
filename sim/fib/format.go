package fib

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// What VPP's show commands print of a FIB. The number in "[@5]" is the slot of
// the node that a load-balance sends to; these are the slots of a VPP with its
// usual plugins.
var dpoSlots = [numDPOTypes][numProtos]int{
	DPODrop:                {0, 0},
	DPOPunt:                {1, 1},
	DPOAdjacencyIncomplete: {3, 3},
	DPOAdjacencyGlean:      {4, 4},
	DPOAdjacency:           {5, 5},
	DPOAdjacencyMidchain:   {6, 6},
	DPOAdjacencyMcast:      {8, 8},
	DPOAdjacencyMcastMid:   {10, 10},
	DPOReceive:             {11, 15},
	DPOIPNull:              {12, 16},
	DPOIP6LinkLocal:        {0, 14},
	DPOLookup:              {12, 16},
	DPOLookupSource:        {15, 15},
	DPOLookupMulticast:     {2, 2},
	DPOLoadBalance:         {13, 17},
	DPOInterfaceRx:         {17, 17},
	DPODVR:                 {17, 17},
}

// FormatDPO renders an object as VPP's format_dpo_id does, without its slot.
// Lines after the first are indented by indent.
func (f *FIB) FormatDPO(d DPO, indent int) string {
	switch {
	case d.Type == DPODrop:
		return "dpo-drop " + d.Proto.String()
	case d.Type == DPOPunt:
		return "dpo-punt"
	case d.Type == DPOLoadBalance:
		return f.FormatLoadBalance(d.Index, indent)
	case d.Type == DPOReplicate:
		return f.formatReplicate(d.Index, indent)
	case d.Type == DPOReceive:
		if r := f.Receives.At(d.Index); r.SwIf != InvalidIndex {
			addr := r.Addr
			if !addr.IsValid() {
				addr = netip.IPv4Unspecified()
			}
			return fmt.Sprintf("dpo-receive: %s on %s", addr, f.itf.Name(r.SwIf))
		}
		return "dpo-receive"
	case d.Type.IsAdjacency():
		return f.FormatAdjacency(d.Index, indent)
	case d.Type == DPOIP6LinkLocal:
		return "ip6-link-local"
	case d.Type == DPOIPNull:
		action := [...]string{"discard", "send-unreachable", "send-prohibited"}[min(d.Index, 2)]
		return fmt.Sprintf("%s-null action:%s", d.Proto, action)
	case d.Type >= DPOLookup && d.Type <= DPOLookupInterface:
		return f.formatLookup(f.Lookups.At(d.Index))
	case d.Type == DPOInterfaceRx:
		return fmt.Sprintf("%s-rx-dpo: %s", f.itf.Name(d.Index), d.Proto)
	case d.Type == DPODVR:
		return fmt.Sprintf("%s-dvr-%s-dpo l3", d.Proto, f.itf.Name(d.Index))
	}
	return fmt.Sprintf("dpo-%d:%d", d.Type, d.Index)
}

func (f *FIB) formatLookup(l *Lookup) string {
	input, cast := "dst-address", "unicast"
	if l.Source {
		input = "src-address"
	}
	if l.Multicast {
		cast = "multicast"
	}
	switch {
	case l.Interface:
		return fmt.Sprintf("%s,%s lookup in interface's %s table", input, cast, l.Proto)
	case l.Multicast:
		return fmt.Sprintf("%s,%s lookup in %s", input, cast, f.mtables[l.Proto][l.FibIndex].Name)
	}
	return fmt.Sprintf("%s,%s lookup in %s", input, cast, f.tables[l.Proto][l.FibIndex].Name)
}

// FormatLoadBalance renders a load-balance and its buckets; those stand two
// columns right of indent.
func (f *FIB) FormatLoadBalance(i uint32, indent int) string {
	lb := f.LoadBalances.At(i)
	var b strings.Builder
	fmt.Fprintf(&b, "dpo-load-balance: [proto:%s index:%d buckets:%d uRPF:%d to:[%d:%d]", lb.Proto, i, len(lb.Buckets),
		int32(lb.URPF), f.Counters.To.At(i).Packets, f.Counters.To.At(i).Bytes)
	if via := f.Counters.Via.At(i); via.Packets != 0 {
		fmt.Fprintf(&b, " via:[%d:%d]", via.Packets, via.Bytes)
	}
	b.WriteByte(']')
	f.formatBuckets(&b, lb.Buckets, indent)
	return b.String()
}

// formatBuckets writes a line for each run of equal buckets.
func (f *FIB) formatBuckets(b *strings.Builder, buckets []DPO, indent int) {
	for first := 0; first < len(buckets); {
		last := first
		for last+1 < len(buckets) && buckets[last+1] == buckets[first] {
			last++
		}
		d, which := buckets[first], fmt.Sprint(first)
		if last > first {
			which = fmt.Sprintf("%d-%d", first, last)
		}
		fmt.Fprintf(b, "\n%*s[%s] [@%d]: %s", indent+2, "", which, dpoSlots[d.Type][d.Proto], f.FormatDPO(d, indent+6))
		first = last + 1
	}
}

func (f *FIB) formatReplicate(i uint32, indent int) string {
	r := f.Replicates.At(i)
	flags := "none"
	if r.HasLocal {
		flags = "has-local "
	}
	to := f.Counters.Replicated.At(i)
	var b strings.Builder
	fmt.Fprintf(&b, "dpo-replicate: [index:%d buckets:%d flags:[%s] to:[%d:%d]]", i, len(r.Buckets), flags, to.Packets, to.Bytes)
	for k, d := range r.Buckets {
		slot := 1
		if d.Type.IsAdjacency() {
			slot = 3
		} else if d.Type >= DPOLookup && d.Type <= DPOLookupInterface {
			slot = 2
		}
		fmt.Fprintf(&b, "\n%*s[%d] [@%d]: %s", indent+2, "", k, slot, f.FormatDPO(d, indent+6))
	}
	return b.String()
}

// FormatAdjacency renders an adjacency as `show adj` does
// (src/vnet/adj/adj_nbr.c, adj_glean.c, adj_mcast.c, adj_midchain.c).
func (f *FIB) FormatAdjacency(i uint32, indent int) string {
	a := f.Adjacencies.At(i)
	switch a.Type {
	case AdjIncomplete:
		return fmt.Sprintf("arp-%s: via %s %s", a.Link, a.NextHop, f.itf.Name(a.SwIf))
	case AdjGlean:
		pfx := "0.0.0.0/0"
		if a.Prefix.IsValid() {
			pfx = a.Prefix.Masked().String()
		}
		return fmt.Sprintf("%s-glean: [src:%s] %s", a.Link, pfx, f.formatRewrite(a))
	case AdjMcast:
		return fmt.Sprintf("%s-mcast: %s", a.Link, f.formatRewrite(a))
	case AdjMidchain:
		return fmt.Sprintf("%s via %s %s\n%*sstacked-on:\n%*s[@%d]: %s", a.Link, a.NextHop, f.formatRewrite(a),
			indent, "", indent+2, "", dpoSlots[a.Stacked.Type][a.Stacked.Proto], f.FormatDPO(a.Stacked, indent+2))
	}
	return fmt.Sprintf("%s via %s %s", a.Link, a.NextHop, f.formatRewrite(a))
}

// formatRewrite is format_vnet_rewrite (src/vnet/adj/rewrite.c).
func (f *FIB) formatRewrite(a *Adjacency) string {
	flags := ""
	if a.OutputFeatures {
		flags = "features "
	}
	if a.IP4In4 {
		flags += "fixup-ip4o4 "
	}
	if a.HashInner {
		flags += "fixup-flow-hash "
	}
	s := fmt.Sprintf("%s: mtu:%d next:%d flags:[%s]", f.itf.Name(a.SwIf), a.MTU, a.nextSlot, flags)
	if a.RewriteLen > 0 {
		s += fmt.Sprintf(" %x", a.Rewrite[:a.RewriteLen])
	}
	return s
}

// flowHashWords are in the order that VPP prints them.
var flowHashWords = []struct {
	bit  FlowHash
	name string
}{{FlowHashSrc, "src"}, {FlowHashDst, "dst"}, {FlowHashSrcPort, "sport"}, {FlowHashDstPort, "dport"}, {FlowHashProto, "proto"},
	{FlowHashReverse, "reverse"}, {FlowHashSymmetric, "symmetric"}, {FlowHashFlowLabel, "flowlabel"}, {FlowHashGTPv1TEID, "gtpv1teid"}}

// FormatTable renders the first line that `show ip fib` has for a table.
func (f *FIB) FormatTable(t *Table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, fib_index:%d, flow hash:[", t.Name, t.Index)
	for _, w := range flowHashWords {
		if t.FlowHash&w.bit != 0 {
			b.WriteString(w.name + " ")
		}
	}
	flags := "none"
	switch {
	case t.LinkLocal:
		flags = "ip6-ll"
	case t.resync:
		flags = "resync"
	}
	fmt.Fprintf(&b, "] epoch:%d flags:%s locks:[", t.Epoch, flags)
	t.Locks(func(s Source, n int) { fmt.Fprintf(&b, "%s:%d, ", f.sources[s].name, n) })
	b.WriteByte(']')
	return b.String()
}

// FormatRoute renders an entry as `show ip fib` does.
func (f *FIB) FormatRoute(r Route) string {
	if r.LoadBalance == InvalidIndex {
		return fmt.Sprintf("%s\n  UNRESOLVED", r.Prefix)
	}
	return fmt.Sprintf("%s\n  unicast-%s-chain\n  [@0]: %s", r.Prefix, r.Table.Proto, f.FormatLoadBalance(r.LoadBalance, 2))
}

// Shown returns the table's entries in the order of `show ip fib`: by address as
// it was given, then length.
func (f *FIB) Shown(t *Table) []Route {
	routes := make([]Route, 0, t.Len())
	t.each(func(i uint32) { routes = append(routes, f.Route(i)) })
	slices.SortFunc(routes, func(a, b Route) int {
		return cmp.Or(a.Given.Compare(b.Given), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
	})
	return routes
}

// FormatMEntry renders a multicast entry as `show ip mfib` does.
func (f *FIB) FormatMEntry(i uint32) string {
	e := f.Multicast.At(i)
	source := "*"
	n := e.Prefix.Len
	if bits := uint16(e.Prefix.Group.BitLen()); n > bits {
		source, n = e.Prefix.Source.String(), bits
	}
	var b strings.Builder
	fmt.Fprintf(&b, "(%s, %s/%d): ", source, e.Prefix.Group, n)
	if e.Flags != 0 {
		b.WriteString(" flags:")
		for k, name := range [...]string{"Signal", "Drop", "Connected", "Accept-all-itf", "Exclusive", "Inherit-Accept"} {
			if e.Flags&(1<<k) != 0 {
				b.WriteString(name + ",")
			}
		}
	}
	b.WriteString("\n  Interfaces:")
	for _, itf := range e.Interfaces {
		fmt.Fprintf(&b, "\n   %s: ", f.itf.Name(itf.SwIf))
		for k, name := range [...]string{"Negate-Signal", "Accept", "Forward", "Signal-Present", "Don't-Preserve"} {
			if itf.Flags&(1<<k) != 0 {
				b.WriteString(name + ",")
			}
		}
	}
	if e.RPFID != 0 {
		fmt.Fprintf(&b, "\n  RPF-ID:%d", e.RPFID)
	}
	slot := 0
	if e.Forward.Type == DPOReplicate {
		slot = 1
	}
	fmt.Fprintf(&b, "\n  multicast-%s-chain\n  [@%d]: %s", e.table.Proto, slot, f.FormatDPO(e.Forward, 2))
	return b.String()
}

// MEntriesShown returns a multicast table's entries in the order of
// `show ip mfib`: by group, length and source.
func (f *FIB) MEntriesShown(t *MTable) []uint32 {
	list := f.MEntries(t)
	slices.SortFunc(list, func(a, b uint32) int {
		pa, pb := f.Multicast.At(a).Prefix, f.Multicast.At(b).Prefix
		return cmp.Or(pa.Group.Compare(pb.Group), cmp.Compare(pa.Len, pb.Len), pa.Source.Compare(pb.Source))
	})
	return list
}

// FormatRouteDetail renders an entry with its sources and paths, as
// `show ip fib PREFIX` does (format_fib_entry in src/vnet/fib/fib_entry.c);
// detail adds what depends on it.
func (f *FIB) FormatRouteDetail(r Route, detail bool) string {
	e := f.entries.At(r.Index)
	var b strings.Builder
	fmt.Fprintf(&b, "%s fib:%d index:%d locks:%d", r.Prefix, r.Table.Index, r.Index, len(e.srcs)+len(e.children)+1)
	for k := range e.srcs {
		f.formatSource(&b, e, k)
	}
	fmt.Fprintf(&b, "\n\n forwarding: ")
	if r.LoadBalance == InvalidIndex {
		b.WriteString("  UNRESOLVED")
	} else {
		fmt.Fprintf(&b, "  unicast-%s-chain\n  [@0]: %s", r.Table.Proto, f.FormatLoadBalance(r.LoadBalance, 2))
	}
	if detail {
		b.WriteString("\n Delegates:\n Children:")
		for _, d := range e.children {
			fmt.Fprintf(&b, "{path:%d}", d.index)
		}
	}
	return b.String()
}

func (f *FIB) formatSource(b *strings.Builder, e *entry, k int) {
	s := &e.srcs[k]
	fmt.Fprintf(b, "\n  %s refs:%d ", f.sources[s.source].name, max(s.refs, 1))
	if s.flags != 0 {
		b.WriteString("entry-flags:")
		for bit, name := range entryFlagNames {
			if s.flags&(1<<bit) != 0 {
				b.WriteString(name + ",")
			}
		}
		b.WriteByte(' ')
	}
	b.WriteString("src-flags:added,")
	if k == 0 {
		b.WriteString("contributing,active,")
	}
	if k == 0 && e.cover != InvalidIndex {
		fmt.Fprintf(b, " cover:%d", e.cover)
	}
	pl := s.pl
	if pl == InvalidIndex && k == 0 {
		pl = e.parent
	}
	if pl != InvalidIndex {
		f.formatPathList(b, pl, s.flags, 4)
	}
}

// Names of flags in the order that VPP prints them (fib_path.h).
var pathFlagNames = []struct {
	flag PathFlags
	name string
}{
	{PathDrop, "drop"}, {PathExclusive, "exclusive"}, {PathResolveViaHost, "resolve-host"},
	{PathResolveViaAttached, "resolve-attached"}, {PathAttached, "attached"}, {PathInterfaceRx, "interface-rx"},
	{PathRPFID, "rpf-id"}, {PathLocal, "local"}, {PathUnreachable, "icmp-unreach"}, {PathProhibit, "icmp-prohibit"},
	{PathClassify, "classify"}, {PathSourceLookup, "deag-src"}, {PathGlean, "glean"},
}

// listFlags names the flags that a path-list has from its entry's; lists outside
// of unicast entries have no list of interfaces for the reverse-path check
// (fib_path_list.h).
func (f *FIB) listFlags(p *pathList, entry EntryFlags) (names string, noURPF bool) {
	noURPF = p.multicast != 0 || p.forward != 0
	shared := p.shared
	for _, i := range p.paths { // VPP also shares what drops, unless it is the entry that says so
		shared = shared || !noURPF && f.paths.At(i).flags&PathDrop != 0 && entry&EntryDrop == 0
	}
	for _, x := range []struct {
		on   bool
		name string
	}{
		{shared, "shared"}, {entry&EntryDrop != 0, "drop"}, {entry&EntryLocal != 0, "local"},
		{entry&EntryExclusive != 0, "exclusive"}, {noURPF, "no-uRPF"},
	} {
		if x.on {
			names += x.name + ","
		}
	}
	return names, noURPF
}

// formatPathList is format_fib_path_list (src/vnet/fib/fib_path_list.c).
func (f *FIB) formatPathList(b *strings.Builder, i uint32, entry EntryFlags, indent int) {
	p := f.pathLists.At(i)
	fmt.Fprintf(b, "\n%*spath-list:[%d] locks:%d", indent, "", i, p.locks)
	names, noURPF := f.listFlags(p, entry)
	if names != "" {
		b.WriteString(" flags:" + names)
	}
	if noURPF || p.urpf == InvalidIndex {
		b.WriteString(" uRPF-list: None")
	} else {
		itfs := f.urpf.At(p.urpf).itfs
		fmt.Fprintf(b, " uPRF-list:%d len:%d itfs:[", p.urpf, len(itfs))
		for _, itf := range itfs {
			fmt.Fprintf(b, "%d, ", itf)
		}
		b.WriteByte(']')
	}
	for _, k := range p.paths {
		f.formatPath(b, i, k, indent+2)
	}
}

// formatPath is format_fib_path (src/vnet/fib/fib_path.c).
func (f *FIB) formatPath(b *strings.Builder, pl, i uint32, indent int) {
	p := f.paths.At(i)
	fmt.Fprintf(b, "\n%*spath:[%d] pl-index:%d %s weight=%d pref=%d %s: ", indent, "", i, pl, p.proto, p.weight, p.preference, pathTypeNames[p.typ])
	if p.looped || p.resolved {
		b.WriteString(" oper-flags:")
		if p.looped {
			b.WriteString("recursive-loop,")
		}
		if p.resolved {
			b.WriteString("resolved,")
		}
	}
	label := " cfg-flags:"
	for _, x := range pathFlagNames {
		if p.flags&x.flag != 0 {
			b.WriteString(label + x.name + ",")
			label = ""
		}
	}
	fmt.Fprintf(b, "\n%*s", indent+2, "")
	switch p.typ {
	case pathAttachedNextHop:
		fmt.Fprintf(b, "%s %s\n%*s[@0]: %s", p.addr(&p.nextHop), f.itf.Name(p.swIf), indent, "", f.FormatDPO(p.dpo, 13))
	case pathAttached, pathDVR:
		b.WriteString(" " + f.itf.Name(p.swIf))
	case pathRecursive:
		fmt.Fprintf(b, "via %s in fib:%d via-fib:%d via-dpo:[dpo-load-balance:%d]", p.addr(&p.nextHop), p.table, p.via, p.dpo.Index)
	case pathDeag:
		multicast := ""
		if p.flags&PathRPFID != 0 {
			multicast = "m"
		}
		fmt.Fprintf(b, " %sfib-index:%d", multicast, p.table)
	default:
		fmt.Fprintf(b, "[@0]: %s", f.FormatDPO(p.dpo, indent+2))
	}
}

// FormatForwardPaths renders the paths of a forward as fib_path_list_format does
// without a line's end.
func (f *FIB) FormatForwardPaths(i uint32) string {
	var b strings.Builder
	f.formatPathList(&b, f.forwards.At(i).pl, 0, 2)
	return strings.TrimPrefix(b.String(), "\n")
}

// FormatForward renders the paths and the object of a forward, as
// format_ip_punt_redirect does (src/vnet/ip/ip_punt_drop.c).
func (f *FIB) FormatForward(i uint32) string {
	var b strings.Builder
	f.formatPathList(&b, f.forwards.At(i).pl, 0, 2)
	d := f.ForwardDPO(i)
	slot := 0
	if d.Type.IsAdjacency() {
		slot = 2
	}
	fmt.Fprintf(&b, "\n forwarding\n  [@%d]: %s", slot, f.FormatDPO(d, 0))
	return " " + strings.TrimPrefix(b.String(), "\n")
}
