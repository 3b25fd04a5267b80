package fakevpp

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"
)

// writePcap writes Ethernet frames into a file of the test's own.
func writePcap(t *testing.T, frames ...[]byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "in.pcap")
	f, err := os.Create(name)
	require.NoError(t, err)
	w := pcapgo.NewWriter(f)
	require.NoError(t, w.WriteFileHeader(65535, layers.LinkTypeEthernet))
	for _, p := range frames {
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{CaptureLength: len(p), Length: len(p)}, p))
	}
	require.NoError(t, f.Close())
	return name
}

// readPcap returns the packets of a capture and its link type.
func readPcap(t *testing.T, name string) (packets [][]byte, link int) {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	require.NoError(t, err)
	for {
		data, _, err := r.ReadPacketData()
		if err != nil {
			return packets, int(r.LinkType())
		}
		packets = append(packets, data)
	}
}

// cli runs commands that must not fail and returns the last one's output.
func cli(t *testing.T, v *VPP, lines ...string) (out string) {
	t.Helper()
	for _, line := range lines {
		var err error
		out, err = v.CLI(line)
		require.NoError(t, err, line)
	}
	return out
}

// arpRequest asks for 10.0.0.1.
var arpRequest = []byte{
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 8, 6,
	0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1,
}

// TestPGReplay sends packets from a file and captures the answers, in the order
// of VPP's test framework.
func TestPGReplay(t *testing.T) {
	t.Parallel()
	v := startDouble(t)
	in, out := writePcap(t, arpRequest, arpRequest), filepath.Join(t.TempDir(), "out.pcap")
	cli(t, v, "create packet-generator interface pg0", "set interface state pg0 up", "set interface ip address pg0 10.0.0.1/24",
		"packet-generator capture pg0 pcap "+out+" disable", "packet-generator capture pg0 pcap "+out,
		"packet-generator new pcap "+in+" source pg0 name pcap0-sw_if_index-1")
	require.Equal(t, `Name               Enabled        Count     Parameters
pcap0-sw_if_inde     No             0       limit 2, rate 0.00e0 pps, size 42-42, buffer-size 2048, worker 0, `+"\n",
		cli(t, v, "show packet-generator"))
	require.NoFileExists(t, out)
	cli(t, v, "trace add pg-input 1000", "packet-generator enable")
	require.NotContains(t, cli(t, v, "show packet-generator"), "Yes")
	packets, link := readPcap(t, out)
	require.Len(t, packets, 2)
	require.Equal(t, 1, link)
	require.Equal(t, []byte{0, 2}, packets[0][20:22], "an ARP reply")
	require.Contains(t, cli(t, v, "show trace"), "stream pcap0-sw_if_index-1, 42 bytes, sw_if_index 1, next_node ethernet-input")
	_, err := v.CLI("packet-generator capture pg0 pcap " + out)
	require.EqualError(t, err, "packet-generator capture: pcap file '"+out+"' already exists.")
	cli(t, v, "packet-generator delete pcap0-sw_if_index-1")
	require.Equal(t, "no streams currently defined\n", cli(t, v, "show packet-generator"))
}
