package fakevpp

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// fuzzState is what the fuzzed commands find.
const fuzzState = `create packet-generator interface pg0 hw-addr 02:00:00:00:00:01
set interface state pg0 up
set interface ip address pg0 10.0.0.1/24
create packet-generator interface pg1 mode ip4
create sub-interfaces pg0 7
create loopback interface
create bridge-domain 5
set interface l2 bridge loop0 5 bvi
ip route add 10.1.0.0/16 via 10.0.0.2 pg0
create vxlan tunnel src 10.0.0.1 dst 10.0.0.2 vni 9
classify table mask l3 ip4 src buckets 2
set ip neighbor pg0 10.0.0.2 02:00:00:00:00:02`

// harmful are words of commands that reach for the machine's files, or take
// their time by intention.
var harmful = []string{"file", "pcap", "save", "exec", "api trace", "adjust", "tap", "host-", "memif", "socket"}

// FuzzCLI executes any line on a VPP with some state: it must not panic, take
// long, or leave what cannot be dumped.
func FuzzCLI(f *testing.F) {
	for _, c := range cliCommands() {
		f.Add(c.path)
		f.Add(c.path + " pg0 10.0.0.1/24 1")
	}
	for _, line := range []string{"show interface pg0", "{ show version }", "show { version }", "comment { x", "leak-check { show vlib graph }",
		"classify session table-index 0 match l3 ip4 src 10.0.0.9 hit-next 0", "trace add pg-input 4294967295",
		"classify table mask hex ffff0000ffff skip 1 match 1 buckets 16 memory-size 1M",
		"classify filter trace mask l3 ip6 dst match l3 ip6 dst 2001::1",
		"ip mroute add 232.1.1.1 via pg0 Accept", "show cli hit", "set interface tx-queue pg0 queue 0 threads 0-9,65535"} {
		f.Add(line)
	}
	v := fuzzDouble(f)
	f.Fuzz(func(t *testing.T, line string) {
		for _, word := range harmful {
			if strings.Contains(line, word) {
				return
			}
		}
		timed(t, v, line)
	})
}

// FuzzPacketGenerator sends a packet of any description.
func FuzzPacketGenerator(f *testing.F) {
	for _, data := range []string{
		"IP4: 02:00:00:00:00:02 -> 02:00:00:00:00:01\nUDP: 10.0.0.2 -> 10.1.1.2\nUDP: 1234 -> 4321\nincrementing 100",
		"IP6: 1.2.3 -> 4.5.6\nICMP6: 2001::1 -> 2001::2\nICMP echo_request",
		"hex 0x0200000000010200000000020800", "TCP: 10.0.0.2 -> 10.1.1.2\nttl 1 checksum 0xffff\nTCP: 1 -> 2\nlength 65535",
		"ARP: 1.2.3 -> 4.5.6\nhex 0x", "MPLS 100 ttl 64\nincrementing 1", "IP4: 1.2.3+1 -> 4.5.6-1\nUDP: 10.0.0.2+10.0.0.9 -> 1.1.1.1",
	} {
		f.Add(data, "64-128", "")
		f.Add(data, "9000+9000", "rate 1e9 maxframe 1")
	}
	v := fuzzDouble(f)
	f.Fuzz(func(t *testing.T, data, size, more string) {
		if strings.Contains(more, "pcap") || strings.Contains(data, "}") {
			return
		}
		timed(t, v, "packet-generator new {\nname x\nlimit 3\nsource pg0\nnode ethernet-input\nsize "+size+"\n"+more+"\ndata {\n"+data+"\n}\n}\n")
		timed(t, v, "packet-generator enable")
		timed(t, v, "packet-generator delete x")
	})
}

// fuzzDouble is a VPP for one process of the fuzzer.
func fuzzDouble(f *testing.F) *VPP {
	v := startDouble(f)
	require.NoError(f, v.Exec(fuzzState))
	require.NotEqual(f, packet.MAC{}, v.DataPlane().InterfaceByName("pg0").Hw.MAC)
	return v
}

// timed executes a line, which must not take long.
func timed(t *testing.T, v *VPP, line string) {
	start := time.Now()
	_, err := v.CLI(line)
	if err != nil {
		require.NotEmpty(t, err.Error())
	}
	require.Less(t, time.Since(start), 10*time.Second, "%q", line)
}
