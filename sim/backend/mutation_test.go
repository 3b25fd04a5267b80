package backend_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/backend"
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// TestMutations breaks the network in one way at a time and requires that the
// library notices, in the scenario and step that are there for it.
func TestMutations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		mutation func() backend.Mutation
		scenario string
		step     string // part of the name of a step that must fail
		reason   string // part of what it must say
	}{
		{"wrong VNI on one node", wrongVNI, "vxlan-on-the-wire-ipv4",
			"blue travels in VNI 56, from node to node", "vxlan4-input: no such tunnel packets"},
		{"networks share a table", sharedTable, "isolation-same-range",
			"nothing crosses between blue and red", "crossed from network red to blue"},
		{"no route to a remote pod", missingRoute, "isolation-same-range",
			"blue reaches blue", "dropped at node1: ip4-lookup: no route"},
		{"VNI not checked on decapsulation", anyVNI, "isolation-same-range",
			"red reaches red", "received by pod blue2/eth1, which nobody expected"},
		{"TTL not decremented", keepTTL, "vxlan-on-the-wire-ipv4",
			"blue travels in VNI 56, from node to node", "received with TTL 64; expected 62"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := scenarios.Load(scenarios.Library(), c.scenario+".yaml")
			require.NoError(t, err)
			v := scenarios.Execute(t.Context(), backend.NewMutated(c.mutation()), s, scenarios.Options{T: t}, scenarios.Quiet{})
			require.Equal(t, scenarios.Failed, v.Status, "the library did not notice")
			var failed []string
			for _, step := range v.Steps {
				if step.Status == scenarios.Failed {
					for _, f := range step.Failures {
						failed = append(failed, step.Name+": "+f.Reason)
					}
				}
			}
			t.Logf("noticed by:\n%s", strings.Join(failed, "\n"))
			require.Contains(t, strings.Join(failed, "\n"), c.step)
			require.Contains(t, strings.Join(failed, "\n"), c.reason)
		})
	}
}

// change installs a hook that edits every message of a name before it takes
// effect.
func change(v *fakevpp.VPP, message string, edit func(m *fakevpp.Message) error) {
	v.Intercept(message, fakevpp.Before(func(e *fakevpp.Exchange) {
		if err := edit(e.Request); err != nil {
			panic(err) // the message has no such field: the mutation is wrong, not the network
		}
	}))
}

// wrongVNI makes node1 build its tunnels with other VNIs.
func wrongVNI() backend.Mutation {
	return backend.Mutation{API: func(node string, v *fakevpp.VPP) {
		if node != "node1" {
			return
		}
		change(v, "vxlan_add_del_tunnel_v3", func(m *fakevpp.Message) error {
			vni, err := m.Uint("vni")
			return errors.Join(err, m.SetUint("vni", vni+1000))
		})
	}}
}

// Of the library's networks: table ids are 100,000,000 plus the VNI on every
// node.
const (
	blueVNI   = 56
	blueTable = 100_000_000 + blueVNI
	redTable  = 100_000_088
)

// sharedTable makes every node look red's packets up in blue's tables.
func sharedTable() backend.Mutation {
	return backend.Mutation{DataPlane: func(_ string, dp *vnet.Main) {
		for p, name := range []string{"ip4-lookup", "ip6-lookup"} {
			proto := fib.Proto(p)
			dp.Graph.Node(name).Wrap(func(next vlib.Func) vlib.Func {
				return func(n *vlib.Node, bufs []*vlib.Buffer) {
					red, ok := dp.FIB.FindTable(proto, redTable)
					blue, ok2 := dp.FIB.FindTable(proto, blueTable)
					for _, b := range bufs {
						if i := dp.Interface(b.RxSwIf); ok && ok2 && i.FibIndex[proto] == red {
							b.TxSwIf = blue
						}
					}
					next(n, bufs)
				}
			})
		}
	}}
}

// missingRoute makes node1 route one remote pod's address elsewhere.
func missingRoute() backend.Mutation {
	return backend.Mutation{API: func(node string, v *fakevpp.VPP) {
		if node != "node1" {
			return
		}
		change(v, "ip_route_add_del", func(m *fakevpp.Message) error {
			prefix, err := m.Prefix("route.prefix")
			if err != nil || !prefix.IsSingleIP() || prefix.Addr().String() != "172.19.0.2" {
				return err
			}
			return m.SetBytes("route.prefix.address.un", append(netip.MustParseAddr("198.18.0.1").AsSlice(), make([]byte, 12)...))
		})
	}}
}

// anyVNI makes every node take whatever arrives for its tunnel to blue.
func anyVNI() backend.Mutation {
	return backend.Mutation{DataPlane: func(_ string, dp *vnet.Main) {
		dp.Graph.Node("vxlan4-input").Wrap(func(next vlib.Func) vlib.Func {
			return func(n *vlib.Node, bufs []*vlib.Buffer) {
				for _, b := range bufs {
					if vni := packet.Uint32(b.Bytes(), 4); vni>>8 != 4096 {
						packet.PutUint32(b.Bytes(), 4, blueVNI<<8)
					}
				}
				next(n, bufs)
			}
		})
	}}
}

// keepTTL makes every node forward packets with the TTL they came with.
func keepTTL() backend.Mutation {
	return backend.Mutation{DataPlane: func(_ string, dp *vnet.Main) {
		for _, name := range []string{"ip4-rewrite", "ip4-midchain"} {
			dp.Graph.Node(name).Wrap(func(next vlib.Func) vlib.Func {
				return func(n *vlib.Node, bufs []*vlib.Buffer) {
					for _, b := range bufs {
						if b.Flags&vlib.FlagLocallyOriginated == 0 {
							ip := packet.IPv4(b.Bytes())
							ip.SetTTL(ip.TTL() + 1)
						}
					}
					next(n, bufs)
				}
			})
		}
	}}
}
