package vnet

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// TestFlowHashVectors compares with hashes that VPP 26.06 printed in its traces
// for the same packets. Packets start at the layer 3 header, before is what
// stood in front.
func TestFlowHashVectors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, before, packet string
		want                 uint32
	}{
		{"IPv4 UDP 10.0.0.2:1234 to 192.168.50.7:4321", "0800",
			"4500005c000100003f117edf0a000002c0a8320704d210e10048891b", 0x67b91bd6},
		{"IPv6 UDP fd00::2:1234 to fd50::7:4321", "86dd", "600000000048113ffd000000000000000000000000000002" +
			"fd50000000000000000000000000000704d210e100488b72", 0x5b9af3af},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, flowHashL2(unhex(t, tt.before), unhex(t, tt.packet), 0, 0))
		})
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// TestFlowHashFields checks that each field counts exactly when the
// configuration has it, and that a symmetric hash is the same both ways.
func TestFlowHashFields(t *testing.T) {
	t.Parallel()
	there := unhex(t, "4500005c000100003f117edf0a000002c0a8320704d210e10048891b")
	back := unhex(t, "4500005c000100003f117edfc0a832070a00000210e104d20048891b")
	const ports = fib.FlowHashSrcPort | fib.FlowHashDstPort
	all := fib.FlowHashDefault
	require.NotEqual(t, flowHash4(there, all, 0), flowHash4(back, all, 0))
	require.Equal(t, flowHash4(there, all|fib.FlowHashSymmetric, 0), flowHash4(back, all|fib.FlowHashSymmetric, 0))
	require.Equal(t, flowHash4(there, all, 0), flowHash4(back, all|fib.FlowHashReverse, 0))
	require.NotEqual(t, flowHash4(there, all, 0), flowHash4(there, all, 1))
	fields := []struct {
		name string
		bit  fib.FlowHash
		off  int
	}{{"source", fib.FlowHashSrc, 12}, {"destination", fib.FlowHashDst, 16}, {"source port", fib.FlowHashSrcPort, 20},
		{"destination port", fib.FlowHashDstPort, 22}}
	for _, f := range fields {
		other := append([]byte(nil), there...)
		other[f.off] ^= 1
		require.NotEqual(t, flowHash4(there, all, 0), flowHash4(other, all, 0), f.name)
		require.Equal(t, flowHash4(there, all&^f.bit, 0), flowHash4(other, all&^f.bit, 0), f.name)
	}
	require.NotZero(t, ports)
}
