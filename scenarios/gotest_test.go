package scenarios_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/internal/fakebackend"
	"github.com/vpptwin/vpptwin/scenarios"
)

// Run runs library scenarios as subtests; on a backend that lacks something they are skipped.
func TestRun(t *testing.T) {
	scenarios.Run(t, fakebackend.New(), scenarios.Library(), "agent-restart.yaml", "isolation-same-*.yaml")
	limited := fakebackend.New()
	limited.Can = []scenarios.Capability{scenarios.CapIPv6}
	t.Run("limited", func(t *testing.T) {
		scenarios.Run(t, limited, scenarios.Library(), "agent-restart.yaml")
	})
}

func TestFindPatterns(t *testing.T) {
	t.Parallel()
	files, err := scenarios.Find(scenarios.Library(), "vxlan*", "*stack.yaml", "dual*")
	require.NoError(t, err)
	require.Equal(t, []string{"dual-stack.yaml", "vxlan-on-the-wire-ipv4.yaml", "vxlan-on-the-wire-ipv6.yaml"}, files)
	_, err = scenarios.Find(scenarios.Library(), "[")
	require.Error(t, err)
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	s := parse(t, "- {name: a step with a rather long name that does not fit, ping: {from: a/eth1, to: c/eth1, family: ipv4}}\n")
	var out bytes.Buffer
	scenarios.Execute(t.Context(), fakebackend.New(), s, scenarios.Options{}, &scenarios.Terminal{Out: &out, Width: 40, Color: true, Trace: true})
	require.Contains(t, out.String(), "  \x1b[32mok  \x1b[0m a step with a rather long name...\n")
	require.Contains(t, out.String(), "ip4-lookup\n               fib 3 dpo-idx 7\n")
	require.Contains(t, out.String(), "and its answer")
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, "a step") {
			require.LessOrEqual(t, len(strings.NewReplacer("\x1b[32m", "", "\x1b[0m", "").Replace(line)), 41)
		}
	}
}

func TestTraceAndExplain(t *testing.T) {
	t.Parallel()
	s := parse(t, `
- {name: later, apply: [{inline: "{apiVersion: v1, kind: Pod, metadata: {name: late}, spec: {nodeName: node2}}"}]}
- {name: never looked at, ping: {from: a, to: b, expect: {ttl: 1}}}
`)
	req := scenarios.TraceRequest{From: "a", To: "late", After: "later", Family: scenarios.FamiliesIPv4}
	seen, err := scenarios.Trace(t.Context(), fakebackend.New(), s, req)
	require.NoError(t, err)
	require.Len(t, seen, 1)
	require.Equal(t, "pod late/eth0 receives it on eth0, with TTL 64.", seen[0].Result.Packets[0].Path[4].Explain())

	req.After = ""
	_, err = scenarios.Trace(t.Context(), fakebackend.New(), s, req)
	require.EqualError(t, err, "pod late/eth0 does not exist now")
	req.From = "nobody"
	_, err = scenarios.Trace(t.Context(), fakebackend.New(), s, req)
	require.ErrorIs(t, err, scenarios.ErrRequest)

	for want, hop := range map[string]scenarios.Hop{
		"It ends at node2: vxlan4-input: no such tunnel.":      {Kind: scenarios.HopDropped, Where: "node2", Reason: "vxlan4-input: no such tunnel"},
		"Router r takes it from eth0 and forwards it to eth1.": {Kind: scenarios.HopRouted, Where: "r", Interface: "eth0", Out: "eth1"},
		"VPP of n takes it from tun1, looks up the destination in FIB 4, puts it into VXLAN with VNI 56, and sends it out of host-eth0.": {Kind: scenarios.HopVPP, Where: "n", Interface: "tun1",
			Out: "host-eth0", Graph: []scenarios.GraphNode{{Name: "ip6-lookup", Text: "fib 4 dpo-idx 1"}, {Name: "vxlan6-encap", Text: "VXLAN encap to vxlan_tunnel0 vni 56"}, {Name: "host-eth0-tx"}}},
	} {
		require.Equal(t, want, hop.Explain())
	}
}
