package fib

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// outcome says in one line what a packet to addr meets in table 0.
func outcome(f *FIB, addr string) string {
	a := netip.MustParseAddr(addr)
	lb := lookup(f, 0, a)
	return dpoText(f, f.dpo(DPOLoadBalance, ProtoOf(a), lb), 0)
}

func lookup(f *FIB, fibIndex uint32, a netip.Addr) uint32 {
	if a.Is4() {
		b := a.As4()
		return f.Lookup4(fibIndex, uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8|uint32(b[3]))
	}
	b := a.As16()
	return f.Lookup6(fibIndex, &b)
}

func dpoText(f *FIB, d DPO, depth int) string {
	switch {
	case depth > maxDepth:
		return "loop!"
	case d.Type == DPOLoadBalance:
		var parts []string
		for _, b := range f.LoadBalance(d.Index).Buckets {
			parts = append(parts, dpoText(f, b, depth+1))
		}
		if len(parts) == 1 {
			return parts[0]
		}
		return "[" + strings.Join(parts, " ") + "]"
	case d.Type == DPODrop:
		return "drop"
	case d.Type == DPOReceive:
		return "receive"
	case d.Type == DPOLookup:
		return fmt.Sprintf("lookup %d", f.LookupDPO(d.Index).FibIndex)
	case d.Type == DPOAdjacencyGlean:
		return fmt.Sprintf("glean %d", f.Adjacency(d.Index).SwIf)
	case d.Type.IsAdjacency():
		a := f.Adjacency(d.Index)
		s := fmt.Sprintf("%s@%d", a.NextHop, a.SwIf)
		if d.Type == DPOAdjacencyIncomplete {
			s += "?"
		}
		return s
	}
	return fmt.Sprint(d)
}

func TestDefaultEntries(t *testing.T) {
	t.Parallel()
	f, _ := newFake()
	var got []string
	for p := range numProtos {
		f.Routes(f.Table(p, 0), func(r Route) bool {
			got = append(got, fmt.Sprintf("%s %s", r.Prefix, builtinSources[r.Source].name))
			return true
		})
	}
	require.Equal(t, []string{"0.0.0.0/0 default-route", "224.0.0.0/4 special", "240.0.0.0/4 special",
		"0.0.0.0/32 default-route", "255.255.255.255/32 default-route", "::/0 default-route", "fe80::/10 special"}, got)
	require.Equal(t, "drop", outcome(f, "1.2.3.4"))
}

// connect gives eth1 the address 10.0.0.1/24 as sw_interface_add_del_address does.
func connect(f *FIB, i *fakeInterfaces) {
	i.up[1] = true
	f.Update(0, pfx("10.0.0.0/24"), SourceInterface, EntryConnected|EntryAttached, []Path{via(1, "")})
	p := via(1, "10.0.0.1")
	f.Update(0, pfx("10.0.0.1/32"), SourceInterface, EntryConnected|EntryLocal, []Path{p})
}

func neighbor(f *FIB, addr string, swIf uint32) {
	f.AddPaths(0, pfx(addr+"/32"), SourceAdj, EntryAttached, []Path{via(swIf, addr)})
}

func TestResolution(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(f *FIB, i *fakeInterfaces)
		want map[string]string
	}{
		{"connected", func(*FIB, *fakeInterfaces) {}, map[string]string{"10.0.0.9": "glean 1", "10.0.0.1": "receive"}},
		{"neighbour on the link", func(f *FIB, i *fakeInterfaces) {
			i.resolve(1, "10.0.0.9")
			neighbor(f, "10.0.0.9", 1)
		}, map[string]string{"10.0.0.9": "10.0.0.9@1", "10.0.0.8": "glean 1"}},
		{"neighbour off the link does not forward", func(f *FIB, i *fakeInterfaces) {
			i.up[2] = true
			i.resolve(2, "10.0.0.9")
			neighbor(f, "10.0.0.9", 2)
			neighbor(f, "172.16.0.1", 1)
		}, map[string]string{"10.0.0.9": "glean 1", "172.16.0.1": "drop"}},
		{"neighbour on an unnumbered link forwards", func(f *FIB, i *fakeInterfaces) {
			i.up[2], i.owner[2] = true, 1
			neighbor(f, "10.0.0.9", 2)
		}, map[string]string{"10.0.0.9": "10.0.0.9@2?"}},
		{"attached next hop, unknown then known", func(f *FIB, i *fakeInterfaces) {
			f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{via(1, "10.0.0.9")})
			f.Update(0, pfx("30.0.0.0/8"), SourceAPI, 0, []Path{via(1, "10.0.0.8")})
			i.resolve(1, "10.0.0.9")
		}, map[string]string{"20.1.1.1": "10.0.0.9@1", "30.1.1.1": "10.0.0.8@1?"}},
		{"recursive through a neighbour", func(f *FIB, i *fakeInterfaces) {
			f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{through("10.0.0.9")})
		}, map[string]string{"20.1.1.1": "10.0.0.9@1?", "10.0.0.9": "10.0.0.9@1?"}},
		{"recursive, the route to the next hop comes later", func(f *FIB, i *fakeInterfaces) {
			f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{through("30.0.0.1")})
			f.Update(0, pfx("40.0.0.0/8"), SourceAPI, 0, []Path{through("20.0.0.1")})
			f.Update(0, pfx("30.0.0.0/24"), SourceAPI, 0, []Path{via(1, "10.0.0.9")})
		}, map[string]string{"20.1.1.1": "10.0.0.9@1?", "40.1.1.1": "10.0.0.9@1?"}},
		{"recursive, a more specific route takes over and goes", func(f *FIB, i *fakeInterfaces) {
			f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{through("30.0.0.1")})
			f.Update(0, pfx("30.0.0.0/8"), SourceAPI, 0, []Path{via(1, "10.0.0.9")})
			f.Update(0, pfx("30.0.0.0/24"), SourceAPI, 0, []Path{via(1, "10.0.0.8")})
			f.Update(0, pfx("30.0.0.0/25"), SourceAPI, 0, []Path{via(1, "10.0.0.7")})
			f.Delete(0, pfx("30.0.0.0/25"), SourceAPI)
		}, map[string]string{"20.1.1.1": "10.0.0.8@1?"}},
		{"recursive loop drops, and heals", func(f *FIB, i *fakeInterfaces) {
			f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{through("30.0.0.1")})
			f.Update(0, pfx("30.0.0.0/8"), SourceAPI, 0, []Path{through("40.0.0.1")})
			f.Update(0, pfx("40.0.0.0/8"), SourceAPI, 0, []Path{through("20.0.0.1")})
			f.Update(0, pfx("50.0.0.0/8"), SourceAPI, 0, []Path{through("60.0.0.1")})
			f.Update(0, pfx("60.0.0.0/8"), SourceAPI, 0, []Path{through("50.0.0.1")})
			f.Update(0, pfx("60.0.0.0/8"), SourceAPI, 0, []Path{via(1, "10.0.0.9")})
		}, map[string]string{"20.1.1.1": "drop", "30.1.1.1": "drop", "40.1.1.1": "drop", "50.1.1.1": "10.0.0.9@1?"}},
		{"a prefix through itself drops", func(f *FIB, i *fakeInterfaces) {
			f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{through("20.0.0.1")})
			f.Update(0, pfx("30.0.0.1/32"), SourceAPI, 0, []Path{through("30.0.0.1")})
		}, map[string]string{"20.1.1.1": "drop", "30.0.0.1": "drop"}},
		{"multipath with weights", func(f *FIB, i *fakeInterfaces) {
			a, b := via(1, "10.0.0.8"), via(1, "10.0.0.9")
			b.Weight = 3
			f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{a, b})
		}, map[string]string{"20.1.1.1": "[10.0.0.9@1? 10.0.0.9@1? 10.0.0.9@1? 10.0.0.8@1?]"}},
		{"paths added one by one and removed", func(f *FIB, i *fakeInterfaces) {
			f.AddPaths(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{via(1, "10.0.0.9")})
			f.AddPaths(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{via(1, "10.0.0.8")})
			f.AddPaths(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{via(1, "10.0.0.7")})
			f.RemovePaths(0, pfx("20.0.0.0/8"), SourceAPI, []Path{via(1, "10.0.0.8")})
		}, map[string]string{"20.1.1.1": "[10.0.0.7@1? 10.0.0.9@1?]"}},
		{"preference: the backup forwards when the first is down", func(f *FIB, i *fakeInterfaces) {
			i.up[2] = true
			backup := via(1, "10.0.0.9")
			backup.Preference = 1
			f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{via(2, "10.1.0.9"), backup})
			i.up[2] = false
			f.InterfaceChanged(2)
		}, map[string]string{"20.1.1.1": "10.0.0.9@1?"}},
		{"interface down and up", func(f *FIB, i *fakeInterfaces) {
			f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{via(1, "10.0.0.9")})
			i.up[1] = false
			f.InterfaceChanged(1)
			i.up[1] = true
			f.InterfaceChanged(1)
			i.up[2] = false
			f.Update(0, pfx("30.0.0.0/8"), SourceAPI, 0, []Path{via(2, "10.0.0.9")})
		}, map[string]string{"20.1.1.1": "10.0.0.9@1?", "30.1.1.1": "drop", "10.0.0.4": "glean 1"}},
		{"deleted interface stays dead under its old routes", func(f *FIB, i *fakeInterfaces) {
			i.up[2] = true
			f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{via(2, "10.0.0.9")})
			delete(i.up, 2)
			f.InterfaceDeleted(2)
			i.up[2] = true
			f.InterfaceChanged(2)
		}, map[string]string{"20.1.1.1": "drop"}},
		{"point to point", func(f *FIB, i *fakeInterfaces) {
			i.up[3], i.p2p[3] = true, true
			f.Update(0, pfx("20.0.0.1/32"), SourceAPI, 0, []Path{via(3, "")})
			f.Update(0, pfx("30.0.0.0/8"), SourceAPI, 0, []Path{via(3, "9.9.9.9")})
		}, map[string]string{"20.0.0.1": "0.0.0.0@3", "30.0.0.1": "0.0.0.0@3"}},
		{"lookup, sources by priority", func(f *FIB, i *fakeInterfaces) {
			f.Update(0, pfx("0.0.0.0/0"), SourceAPI, 0, []Path{{SwIf: InvalidIndex, FibIndex: 0}})
			f.Update(0, pfx("20.0.0.0/8"), SourceCLI, 0, []Path{via(1, "10.0.0.9")})
			f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{via(1, "10.0.0.8")})
			f.Update(0, pfx("30.0.0.0/8"), SourceAPI, 0, []Path{via(1, "10.0.0.8")})
			f.Update(0, pfx("30.0.0.0/8"), SourceCLI, 0, []Path{via(1, "10.0.0.9")})
			f.Delete(0, pfx("30.0.0.0/8"), SourceAPI)
		}, map[string]string{"1.1.1.1": "lookup 0", "20.1.1.1": "10.0.0.8@1?", "30.1.1.1": "10.0.0.9@1?"}},
		{"resolve via host", func(f *FIB, i *fakeInterfaces) {
			p := through("30.0.0.1")
			p.Flags = PathResolveViaHost
			f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{p})
			q := through("10.0.0.9")
			q.Flags = PathResolveViaAttached
			f.Update(0, pfx("40.0.0.0/8"), SourceAPI, 0, []Path{q})
			f.Update(0, pfx("30.0.0.0/8"), SourceAPI, 0, []Path{via(1, "10.0.0.9")})
		}, map[string]string{"20.1.1.1": "drop", "40.1.1.1": "10.0.0.9@1?"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, i := newFake()
			connect(f, i)
			c.do(f, i)
			for addr, want := range c.want {
				require.Equal(t, want, outcome(f, addr), "to %s", addr)
			}
		})
	}
}

func TestTrack(t *testing.T) {
	t.Parallel()
	f, i := newFake()
	connect(f, i)
	var seen []string
	tr := f.Track(0, netip.MustParseAddr("30.0.0.1"), func(d DPO) { seen = append(seen, dpoText(f, d, 0)) })
	require.Equal(t, "drop", dpoText(f, tr.DPO(), 0))
	f.Update(0, pfx("30.0.0.0/24"), SourceAPI, 0, []Path{via(1, "10.0.0.9")})
	f.Delete(0, pfx("30.0.0.0/24"), SourceAPI)
	require.Equal(t, []string{"10.0.0.9@1?", "drop"}, seen)
	before := f.Usage()
	tr.Release()
	_, there := f.Find(0, pfx("30.0.0.1/32"))
	require.False(t, there)
	require.Equal(t, before.Trackers-1, f.Usage().Trackers)
}

// A tunnel stacks on what the route's load-balance holds, so it is told when a
// gateway's address is resolved, also behind recursive routes.
func TestTrackGateway(t *testing.T) {
	t.Parallel()
	f, i := newFake()
	connect(f, i)
	f.Update(0, pfx("0.0.0.0/0"), SourceAPI, 0, []Path{via(1, "10.0.0.9")})
	f.Update(0, pfx("30.0.0.0/8"), SourceAPI, 0, []Path{{SwIf: InvalidIndex, NextHop: netip.MustParseAddr("20.0.0.1")}})
	var seen []string
	for _, addr := range []string{"40.0.0.1", "30.0.0.1"} {
		f.Track(0, netip.MustParseAddr(addr), func(d DPO) { seen = append(seen, addr+" "+dpoText(f, d, 0)) })
	}
	i.resolve(1, "10.0.0.9")
	slices.Sort(seen)
	require.Equal(t, []string{"30.0.0.1 10.0.0.9@1", "40.0.0.1 10.0.0.9@1"}, seen)
}

func TestTableGoesWithItsLastLock(t *testing.T) {
	t.Parallel()
	f, i := newFake()
	connect(f, i)
	fresh := f.Usage()
	idx := f.LockTable(IP4, 7, SourceAPI, "seven")
	f.LockTable(IP4, 7, SourceAPI, "seven")
	f.Update(0, pfx("20.0.0.0/8"), SourceAPI, 0, []Path{{SwIf: InvalidIndex, FibIndex: idx}})
	f.Update(idx, pfx("30.0.0.0/8"), SourceAPI, 0, []Path{via(1, "10.0.0.9")})
	f.Unlock(IP4, idx, SourceAPI)
	require.NotNil(t, f.Table(IP4, idx), "the lookup from table 0 keeps it")
	f.Delete(0, pfx("20.0.0.0/8"), SourceAPI)
	require.Nil(t, f.Table(IP4, idx))
	require.Equal(t, fresh, f.Usage())
}

func TestMulticast(t *testing.T) {
	t.Parallel()
	f, i := newFake()
	i.up[1], i.up[2], i.p2p[2] = true, true, true
	fresh := f.Usage()
	all := MPrefix{Group: netip.MustParseAddr("224.0.0.0"), Len: 4}
	sg := MPrefix{Group: netip.MustParseAddr("232.1.1.1"), Source: netip.MustParseAddr("10.0.0.1"), Len: 64}
	accept, forward := via(1, ""), via(2, "")
	accept.Itf, forward.Itf = MItfAccept, MItfForward
	f.MAddPaths(0, all, MSourceAPI, MEntryAcceptAllItf, []Path{accept, forward})
	f.MAddPaths(0, sg, MSourceAPI, 0, []Path{accept})
	group, source := uint32(232<<24|1<<16|1<<8|1), uint32(10<<24|1)
	e := f.MEntry(f.LookupMulticast4(0, group, source))
	require.Equal(t, uint16(64), e.Prefix.Len)
	require.Equal(t, DPODrop, e.Forward.Type)
	e = f.MEntry(f.LookupMulticast4(0, group, source+1))
	require.Equal(t, uint16(4), e.Prefix.Len)
	require.Equal(t, MItfAccept, e.Interface(1))
	require.Equal(t, MItfForward, e.Interface(2))
	require.Equal(t, "0.0.0.0@2", dpoText(f, f.Replicate(e.Forward.Index).Buckets[0], 0))
	require.Equal(t, uint16(32), f.MEntry(f.LookupMulticast4(0, 0xe0000001, 0)).Prefix.Len)
	i.up[2] = false
	f.InterfaceChanged(2)
	require.Equal(t, DPODrop, e.Forward.Type)
	f.MRemovePaths(0, sg, MSourceAPI, []Path{accept})
	f.MRemovePaths(0, all, MSourceAPI, []Path{accept, forward})
	require.Equal(t, fresh.Multicast+1, f.Usage().Multicast, "its flags keep the entry")
	f.MUpdate(0, all, MSourceAPI, 0, 0)
	require.Equal(t, fresh, f.Usage())
}

// model is a reference: a list of routes, searched and resolved from scratch.
type model struct {
	itf    *fakeInterfaces
	routes map[netip.Prefix]map[Source][]Path
}

func (m *model) best(p netip.Prefix) ([]Path, Source) {
	var at Source
	for s := range m.routes[p] {
		if at == 0 || builtinSources[s].priority < builtinSources[at].priority {
			at = s
		}
	}
	return m.routes[p][at], at
}

// outcome resolves an address; seen are the next hops on the way, for loops.
func (m *model) outcome(a netip.Addr, seen []netip.Addr) string {
	for n := a.BitLen(); n >= 0; n-- {
		p := netip.PrefixFrom(a, n).Masked()
		if len(m.routes[p]) == 0 {
			continue
		}
		paths, _ := m.best(p)
		var out []string
		for _, path := range paths {
			if s := m.path(a, p, path, seen); s != "drop" {
				out = append(out, s)
			}
		}
		slices.Sort(out)
		out = slices.Compact(out)
		if len(out) == 0 {
			return "drop"
		}
		return strings.Join(out, " ")
	}
	return "drop"
}

func (m *model) path(a netip.Addr, p netip.Prefix, path Path, seen []netip.Addr) string {
	switch {
	case path.SwIf != InvalidIndex && !m.itf.up[path.SwIf]:
		return "drop"
	case path.SwIf != InvalidIndex && path.NextHop.IsValid():
		return fmt.Sprintf("%s@%d?", path.NextHop, path.SwIf)
	case path.SwIf != InvalidIndex:
		return fmt.Sprintf("glean %d", path.SwIf)
	case path.NextHop == p.Addr() || slices.Contains(seen, path.NextHop):
		return "drop"
	}
	return m.outcome(path.NextHop, append(slices.Clone(seen), path.NextHop))
}

// flat gives the set of what a lookup leads to.
func flat(s string) string {
	parts := strings.Fields(strings.NewReplacer("[", " ", "]", " ", "glean ", "glean_").Replace(s))
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "drop" })
	slices.Sort(parts)
	parts = slices.Compact(parts)
	if len(parts) == 0 {
		return "drop"
	}
	return strings.ReplaceAll(strings.Join(parts, " "), "_", " ")
}

// TestAgainstModel adds and removes random routes, attached and recursive, and
// compares every lookup with a search through the list of routes. At the end
// nothing may be left.
func TestAgainstModel(t *testing.T) {
	t.Parallel()
	for _, family := range []struct {
		name     string
		addrs    []string
		prefixes []string
	}{
		{"ip4", []string{"20.0.0.1", "20.0.1.1", "20.1.0.1", "30.0.0.1", "30.0.0.2", "40.9.9.9"},
			[]string{"20.0.0.0/8", "20.0.0.0/16", "20.0.0.0/24", "20.0.0.1/32", "30.0.0.0/8", "30.0.0.0/30", "30.0.0.2/32", "40.0.0.0/8", "0.0.0.0/0"}},
		{"ip6", []string{"2001:1::1", "2001:1:1::1", "2001:2::1", "2001:3::1", "2001:3::2"},
			[]string{"2001:1::/32", "2001:1::/48", "2001:1::1/128", "2001:2::/32", "2001:3::/32", "2001:3::/127", "2001::/16", "::/0"}},
	} {
		t.Run(family.name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) { compareModel(t, family.addrs, family.prefixes) })
		})
	}
}

// drawPaths draws one path anywhere, loops included, or several of which
// recursive ones lead to the last address, whose own route never recurses. That
// leaves out what depends on the order of changes in VPP, too: an address that
// one of several paths of its cover recurses through.
func drawPaths(t *rapid.T, p netip.Prefix, addrs []string) []Path {
	last := addrs[len(addrs)-1]
	draw := func(recursive []string) Path {
		if len(recursive) > 0 && rapid.Bool().Draw(t, "recursive") {
			return through(rapid.SampledFrom(recursive).Draw(t, "next hop"))
		}
		return via(uint32(rapid.IntRange(1, 2).Draw(t, "interface")), rapid.SampledFrom(addrs).Draw(t, "next hop"))
	}
	if p.Contains(netip.MustParseAddr(last)) {
		if p.Bits() > 0 {
			return []Path{draw(nil)}
		}
		return []Path{draw(addrs)}
	}
	if rapid.Bool().Draw(t, "single") {
		return []Path{draw(addrs)}
	}
	paths := []Path{draw([]string{last}), draw([]string{last})}
	return paths
}

func compareModel(t *rapid.T, addrs, prefixes []string) {
	f, itf := newFake()
	itf.up[1], itf.up[2] = true, true
	fresh := f.Usage()
	last := netip.MustParseAddr(addrs[len(addrs)-1])
	home := netip.PrefixFrom(last, last.BitLen()-1).Masked()
	m := &model{itf: itf, routes: map[netip.Prefix]map[Source][]Path{home: {SourceAPI: {via(1, last.Next().String())}}}}
	f.Update(0, home, SourceAPI, 0, []Path{via(1, last.Next().String())})
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		p := pfx(rapid.SampledFrom(prefixes).Draw(t, "prefix"))
		s := rapid.SampledFrom([]Source{SourceAPI, SourceCLI}).Draw(t, "source")
		switch op := rapid.IntRange(0, 9).Draw(t, "op"); {
		case op < 6:
			paths := drawPaths(t, p, addrs)
			if m.routes[p] == nil {
				m.routes[p] = map[Source][]Path{}
			}
			m.routes[p][s] = slices.Clone(paths)
			f.Update(0, p, s, 0, paths)
		case op < 9:
			delete(m.routes[p], s)
			f.Delete(0, p, s)
		default:
			itf.up[2] = !itf.up[2]
			f.InterfaceChanged(2)
		}
		for _, a := range addrs {
			got, want := flat(outcome(f, a)), flat(m.outcome(netip.MustParseAddr(a), nil))
			if got != want {
				t.Fatalf("lookup of %s gives %q, expected %q", a, got, want)
			}
		}
	}
	for p, srcs := range m.routes {
		for s := range srcs {
			f.Delete(0, p, s)
		}
	}
	if left := f.Usage(); left != fresh {
		t.Fatalf("after deleting all: %+v, at the start: %+v", left, fresh)
	}
}

// BenchmarkRouteAdd adds 100,000 routes by one next hop: consecutive /24 and
// prefixes strewn over 10/8, where each needs tables of the trie of its own.
func BenchmarkRouteAdd(b *testing.B) {
	strewn, consecutive := make([]netip.Prefix, 100000), make([]netip.Prefix, 100000)
	addrs, plens := random4(len(strewn))
	for k, a := range addrs {
		strewn[k] = netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)}), int(plens[k]))
		consecutive[k] = netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(20 + k>>16), byte(k >> 8), byte(k), 0}), 24)
	}
	for _, c := range []struct {
		name     string
		prefixes []netip.Prefix
		path     Path
	}{
		{"consecutive", consecutive, via(1, "10.0.0.9")},
		{"consecutive-recursive", consecutive, through("10.0.0.9")},
		{"strewn", strewn, via(1, "10.0.0.9")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			paths := make([]Path, 1)
			for range b.N {
				f, i := newFake()
				connect(f, i)
				for _, p := range c.prefixes {
					paths[0] = c.path
					f.Update(0, p, SourceAPI, 0, paths)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(c.prefixes)), "ns/route")
		})
	}
}
