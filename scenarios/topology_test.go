package scenarios

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bedText lists a test bed's machines, addresses and routes.
func bedText(bed TestBed) string {
	var b strings.Builder
	links := func(kind, name string, links []Attachment, routes []Route) {
		fmt.Fprintf(&b, "%s %s", kind, name)
		for _, l := range links {
			fmt.Fprintf(&b, " %s=%s%v mtu %d", l.Interface, l.Segment, l.Addresses, l.MTU)
		}
		for _, r := range routes {
			fmt.Fprintf(&b, " route %s via %s", r.To, r.Via)
		}
		b.WriteString("\n")
	}
	for _, s := range bed.Segments {
		fmt.Fprintf(&b, "segment %s %v mtu %d\n", s.Name, s.Subnets, s.MTU)
	}
	for _, r := range bed.Routers {
		links("router", r.Name, r.Links, r.Routes)
	}
	for _, n := range bed.Nodes {
		links("node", n.Name, n.Uplinks, n.Routes)
		fmt.Fprintf(&b, "  pods %v\n", n.PodSubnets)
	}
	for _, h := range bed.Hosts {
		links("host", h.Name, h.Links, h.Routes)
	}
	return b.String()
}

// What a file leaves out is filled in so that a reader can tell from an address whose it is.
func TestTopologyDefaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"nothing given", "", `segment fabric [192.168.0.0/24 fd00:192:168::/64] mtu 1500
node node1 eth0=fabric[192.168.0.1/24 fd00:192:168::1/64] mtu 1500
  pods [10.244.1.0/24 fd00:10:244:1::/64]
node node2 eth0=fabric[192.168.0.2/24 fd00:192:168::2/64] mtu 1500
  pods [10.244.2.0/24 fd00:10:244:2::/64]
`},
		{"everything", `topology:
  families: ipv4
  segments: [{name: left, mtu: 9000}, {name: right}]
  nodes:
  - {name: n, addresses: [192.168.0.7/24], mtu: 1400, routes: [{to: default, via: r}]}
  - {name: m, uplinks: [{segment: right}, {segment: left, physicalNetwork: phys}]}
  routers: [{name: r, links: [{segment: left}, {segment: right}], routes: [{to: n, via: n}, {to: 10.0.0.0/8, via: 192.168.1.2}]}]
  hosts: [{name: h}, {name: i, segment: right, routes: [{to: m, via: m}]}]
  podSubnets: [10.1.0.0/16]
`, `segment left [192.168.0.0/24] mtu 9000
segment right [192.168.1.0/24] mtu 1500
router r eth0=left[192.168.0.254/24] mtu 9000 eth1=right[192.168.1.254/24] mtu 1500 route 10.1.1.0/24 via 192.168.0.7 route 10.0.0.0/8 via 192.168.1.2
node n eth0=left[192.168.0.7/24] mtu 1400 route 0.0.0.0/0 via 192.168.0.254
  pods [10.1.1.0/24]
node m eth0=right[192.168.1.2/24] mtu 1500 eth1=left[192.168.0.2/24] mtu 9000
  pods [10.1.2.0/24]
host h eth0=left[192.168.0.201/24] mtu 9000
host i eth0=right[192.168.1.202/24] mtu 1500 route 10.1.2.0/24 via 192.168.1.2
`},
		{"small subnet", "topology: {nodes: 2, segments: [{name: s, subnets: [10.0.0.8/29, 'fd00::/125']}], hosts: [{name: h}]}", `segment s [10.0.0.8/29 fd00::/125] mtu 1500
node node1 eth0=s[10.0.0.9/29 fd00::1/125] mtu 1500
  pods [10.244.1.0/24 fd00:10:244:1::/64]
node node2 eth0=s[10.0.0.10/29 fd00::2/125] mtu 1500
  pods [10.244.2.0/24 fd00:10:244:2::/64]
host h eth0=s[10.0.0.11/29 fd00::3/125] mtu 1500
`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, err := Parse(nil, "x.yaml", []byte("steps: [{name: w, wait: 1s}]\n"+tc.text))
			require.NoError(t, err)
			require.Equal(t, tc.want, bedText(s.TestBed()))
		})
	}
}

func TestTwelveNodesReadAlike(t *testing.T) {
	t.Parallel()
	s, err := Parse(nil, "x.yaml", []byte("topology: {nodes: 12}\nsteps: [{name: w, wait: 1s}]\n"))
	require.NoError(t, err)
	n := s.TestBed().Nodes[11]
	require.Equal(t, "[192.168.0.12/24 fd00:192:168::12/64] [10.244.12.0/24 fd00:10:244:12::/64]", fmt.Sprint(n.Uplinks[0].Addresses, n.PodSubnets))
}
