package backend

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDescribeFrame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, frame string
		l3          bool
		want        string
		class       class
	}{
		{"UDP", "4500001c0001000040110000c0a80001c0a80002" + "04d210e100080000", true,
			"192.168.0.1:1234 -> 192.168.0.2:4321 udp ttl 64 len 28", classPacket},
		{"echo request behind Ethernet", "02aa0000000202bb000000020800" + "4500001c0001000040010000c0a80001c0a80002" + "0800000000010001", false,
			"192.168.0.1 -> 192.168.0.2 icmp ttl 64 len 28", classPacket},
		{"echo reply", "4500001c0001000040010000c0a80001c0a80002" + "0000000000010001", true,
			"192.168.0.1 -> 192.168.0.2 icmp ttl 64 len 28", classEchoReply},
		{"time exceeded", "4500001c0001000040010000c0a80001c0a80002" + "0b00000000000000", true,
			"192.168.0.1 -> 192.168.0.2 icmp ttl 64 len 28", classError},
		{"neighbour solicitation", "6000000000183afffe800000000000000000000000000001ff0200000000000000000001ff000002" +
			"87000000" + "00000000" + "fd000000000000000000000000000002", true,
			"fe80::1 -> ff02::1:ff00:2 icmp6 ttl 255 len 64", classResolution},
		{"later fragment", "4500001c00010002" + "40110000c0a80001c0a80002" + "0000000000000000", true,
			"192.168.0.1 -> 192.168.0.2 udp ttl 64 len 28 frag 16", classPacket},
		{"VXLAN", "4500004000000000fd110000c0a80001c0a80002" + "bb7612b5002c0000" + "0800000000003800" +
			"4500001c00010000400100000a0000010a000002" + "0800000000010001", true,
			"10.0.0.1 -> 10.0.0.2 icmp ttl 64 len 28 in vxlan vni 56 192.168.0.1:47990 -> 192.168.0.2:4789 ttl 253 len 64", classPacket},
		{"ARP", "ffffffffffff02bb000000020806" + "0001080006040001", false, "", classOther},
		{"nothing", "", true, "", classPacket},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			frame, err := hex.DecodeString(c.frame)
			require.NoError(t, err)
			info, class := describeFrame(frame, c.l3)
			if c.want != "" {
				require.Equal(t, c.want, info.String())
			}
			require.Equal(t, c.class, class)
		})
	}
}

// FuzzDescribeFrame: whatever crosses a card can be described.
func FuzzDescribeFrame(f *testing.F) {
	f.Add([]byte{0x45, 0, 0, 28}, true)
	f.Add([]byte("\x02\xaa\x00\x00\x00\x02\x02\xbb\x00\x00\x00\x02\x86\xdd\x60"), false)
	f.Fuzz(func(t *testing.T, frame []byte, l3 bool) {
		info, _ := describeFrame(frame, l3)
		_ = info.String()
	})
}
