package fakevpp

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPGDescription sends packets described on the command line and looks at
// what the trace says about them.
func TestPGDescription(t *testing.T) {
	t.Parallel()
	v := startDouble(t)
	cli(t, v, "create packet-generator interface pg0 hw-addr 02:00:00:00:00:01", "set interface state pg0 up",
		"set interface ip address pg0 10.0.0.1/24", "create packet-generator interface pg1 mode ip4", "set interface state pg1 up",
		"set interface ip address pg1 10.0.1.1/24", "trace add pg-input 10",
		"packet-generator new {\n  name s\n  limit 3\n  node ethernet-input\n  source pg0\n  size 64+64\n"+
			"  buffer-flags ip4 offload\n  buffer-offload-flags offload-ip-cksum offload-udp-cksum\n  data {\n"+
			"    IP4: 02:00:00:00:00:02 -> 02:00:00:00:00:01\n    UDP: 10.0.0.2 -> 10.0.1.2\n    UDP: 1234 -> 4321\n"+
			"    incrementing 100\n  }\n}\n", "packet-generator enable")
	require.Contains(t, cli(t, v, "show packet-generator"),
		"s                    No             3       limit 3, rate 0.00e0 pps, size 64-64, buffer-size 2048, worker 0, \n")
	trace := cli(t, v, "show trace")
	require.Contains(t, trace, "  ip4 offload-ip-cksum offload-udp-cksum  l2-hdr-offset 0 l3-hdr-offset 14 l4-hdr-offset 34 \n"+
		"  IP4: 02:00:00:00:00:02 -> 02:00:00:00:00:01\n  UDP: 10.0.0.2 -> 10.0.1.2\n"+
		"    tos 0x00, ttl 64, length 50, checksum 0x65b8 dscp CS0 ecn NON_ECN\n")
	require.Contains(t, trace, "ip4 l2-hdr-offset 0 l3-hdr-offset 14 l4-hdr-offset 34")
}
