package vnet

import (
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// recorded is what a running VPP 26.06 received, sent, counted and traced
// (testdata/recorded).
type recorded struct {
	in, out map[string][]string // hex frames by interface
	errors  []string
	trace   []string
}

func readRecorded(t testing.TB, name string) recorded {
	t.Helper()
	text, err := os.ReadFile("testdata/recorded/" + name + ".txt")
	require.NoError(t, err)
	r := recorded{in: map[string][]string{}, out: map[string][]string{}, errors: []string{}}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	for k, line := range lines {
		kind, rest, _ := strings.Cut(line, " ")
		itf, frame, _ := strings.Cut(rest, " ")
		switch kind {
		case "in":
			r.in[itf] = append(r.in[itf], frame)
		case "out":
			r.out[itf] = append(r.out[itf], frame)
		case "error":
			r.errors = append(r.errors, rest)
		case "trace":
			r.trace = lines[k+1:]
			return r
		}
	}
	return r
}

// shown gives the error counters as `show errors` cuts their texts, sorted.
func (d *bed) shown() []string {
	out := []string{}
	for _, n := range d.Graph.Nodes() {
		for code, e := range n.Errors() {
			if c := n.ErrorShown(uint16(code)); c > 0 {
				out = append(out, fmt.Sprintf("%s: %.35s %d", n.Name, e.Desc, c))
			}
		}
	}
	slices.Sort(out)
	return out
}

// indexes are numbers that depend on what else the instance created before.
var indexes = regexp.MustCompile(`((?:dpo-idx|adj-idx|next:|adj:|uRPF:|load-balance:|fib-index:) ?)\d+`)

func withoutIndexes(lines []string) []string {
	out := make([]string, len(lines))
	for k, l := range lines {
		out[k] = indexes.ReplaceAllString(strings.TrimRight(l, " "), "${1}N")
	}
	return out
}

// traceLines gives the traces in the form of the recorded ones: without device
// nodes.
func (d *bed) traceLines() []string {
	var out []string
	for _, t := range d.Graph.Traces() {
		out = append(out, "packet")
		for _, e := range t.Entries {
			device := strings.HasPrefix(e.Node, "pg")
			if e.Data == nil || device {
				continue
			}
			out = append(out, e.Node)
			for _, l := range strings.Split(strings.TrimRight(e.Data.Format(), "\n "), "\n") {
				out = append(out, "  "+l)
			}
		}
	}
	return out
}

// TestRecorded replays packets that VPP was given and compares everything that
// came out: packets, error counters and traces.
func TestRecorded(t *testing.T) {
	t.Parallel()
	tunnel := func(src, dst, next string) func(*bed) {
		return func(d *bed) {
			s := netip.MustParseAddr(src)
			v, err := d.AddVXLAN(VXLANSpec{Src: s, Dst: netip.MustParseAddr(dst), VNI: 4096, L3: true,
				DecapNext: d.VXLANDecapNext(fib.ProtoOf(s), next), Instance: vlib.InvalidIndex})
			require.NoError(d, err)
			require.Equal(d, "vxlan_tunnel0", d.Interface(v.SwIfIndex).Name)
			d.address("vxlan_tunnel0", "192.168.99.1/32")
			require.NoError(d, d.EnableIP6(v.SwIfIndex))
			d.sent("pg1")
			d.route("192.168.50.0/24", "192.168.50.1 vxlan_tunnel0")
			d.route("fd50::/64", "fd50::1 vxlan_tunnel0")
		}
	}
	urpf := func(mode URPFMode) func(*bed) {
		return func(d *bed) {
			require.NoError(d, d.SetURPF(d.itf("pg0").SwIfIndex, fib.IP4, true, mode, 0, false))
			require.NoError(d, d.SetURPF(d.itf("pg0").SwIfIndex, fib.IP6, true, mode, 0, false))
		}
	}
	tests := []struct {
		name  string
		setup func(*bed)
	}{
		{"a1_ip4_forward", func(*bed) {}},
		{"a2_ip6_forward", func(*bed) {}},
		{"a4_vrf", lookupElsewhere},
		{"c1_no_route", func(*bed) {}},
		{"c2_ttl", func(*bed) {}},
		{"c3_bad", func(*bed) {}},
		{"c4_down", func(d *bed) { require.NoError(d, d.SetAdminUp(d.itf("pg1").SwIfIndex, false)) }},
		{"h1_local_nolistener", func(*bed) {}},
		{"e1_vxlan4_l3", tunnel("10.0.1.1", "10.0.1.2", "ip4-input")},
		{"e2_vxlan6_l3", tunnel("fd00:1::1", "fd00:1::2", "ip6-input")},
		{"f1_frag4", func(d *bed) { d.setMTU("pg1", 600) }},
		{"f3_frag_vxlan", func(d *bed) {
			tunnel("10.0.1.1", "10.0.1.2", "ip4-input")(d)
			d.setMTU("pg1", 1200)
		}},
		{"f2_frag6", func(d *bed) { d.setMTU("pg1", 1280) }},
		{"f4_frag_vxlan_mtu", func(d *bed) {
			tunnel("10.0.1.1", "10.0.1.2", "ip4-input")(d)
			d.setMTU("vxlan_tunnel0", 1150)
		}},
		{"f5_frag_local", func(d *bed) { d.setMTU("pg0", 600) }},
		{"k1_icmp_error_mtu", func(*bed) {}},
		{"g1_urpf_loose", urpf(URPFLoose)},
		{"g2_urpf_strict", urpf(URPFStrict)},
		{"g3_urpf_loose_table", func(d *bed) {
			table := d.FIB.LockTable(fib.IP4, 10, fib.SourceAPI, "")
			d.routeIn(table, "88.0.0.0/8", "10.0.0.2 pg0")
			require.NoError(d, d.SetURPF(d.itf("pg0").SwIfIndex, fib.IP4, true, URPFLoose, table, true))
		}},
		{"k2_ecmp", func(d *bed) {
			d.neighbor("pg1", "10.0.1.3", "02:aa:00:00:01:03")
			d.neighbor("pg1", "fd00:1::3", "02:aa:00:00:01:03")
			d.route("20.1.0.0/24", "10.0.1.2 pg1", "10.0.1.3 pg1")
			d.route("fd20::/64", "fd00:1::2 pg1", "fd00:1::3 pg1")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { compareRecorded(t, tt.name, tt.setup) })
		})
	}
}

// compareRecorded replays one run. Time stands still meanwhile, so that ICMP
// errors are limited as in one dispatch of VPP.
func compareRecorded(t *testing.T, name string, setup func(*bed)) {
	table := uint32(0)
	if name == "a4_vrf" {
		table = 10
	}
	d, r := newBedIn(t, table), readRecorded(t, name)
	setup(d)
	d.Graph.ClearErrors()
	replay(d, r)
	for _, itf := range []string{"pg0", "pg1"} {
		require.Equal(t, strings.Join(r.out[itf], "\n"), strings.Join(d.sent(itf), "\n"), "sent by "+itf)
	}
	slices.Sort(r.errors)
	require.Equal(t, r.errors, d.shown())
	if r.trace != nil {
		require.Equal(t, strings.Join(withoutIndexes(r.trace), "\n"),
			strings.Join(withoutIndexes(d.traceLines()), "\n"))
	}
}

// replay gives each interface its packets in one vector.
func replay(d *bed, r recorded) {
	d.Graph.TraceAdd(d.Graph.Node("pg-input"), 100)
	for _, itf := range []string{"pg0", "pg1"} {
		var frames []packet.Frame
		for _, f := range r.in[itf] {
			frames = append(frames, packet.Frame{Data: unhex(d, f)})
		}
		d.itf(itf).Receive(frames...)
	}
	require.Zero(d, d.Graph.BuffersInUse())
}

func (d *bed) setMTU(itf string, mtu uint32) {
	i := d.itf(itf)
	i.MTU[MTUL3] = mtu
	d.interfaceEvent(InterfaceMTU, i)
}

// lookupElsewhere adds a route in table 10 that looks up in table 20.
func lookupElsewhere(d *bed) {
	t10, _ := d.FIB.FindTable(fib.IP4, 10)
	t20 := d.FIB.LockTable(fib.IP4, 20, fib.SourceAPI, "")
	d.FIB.Update(t10, netip.MustParsePrefix("30.0.0.0/8"), fib.SourceAPI, 0, []fib.Path{{Proto: fib.IP4,
		SwIf: fib.InvalidIndex, FibIndex: t20, Weight: 1}})
	d.routeIn(t20, "30.0.0.1/32", "10.0.1.2 pg1")
}
