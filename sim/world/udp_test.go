package world

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// whoami answers with the source address seen.
func whoami(d Datagram) []byte { return []byte(d.From.Addr().String() + " on " + d.Interface) }

func TestUDP(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, listen, dst, want string }{
		{"ipv4", "0.0.0.0:53", "10.0.2.1:53", "10.0.1.1 on eth0"},
		{"ipv6", "[::]:53", "[fd00:2::1]:53", "fd00:1::1 on eth0"},
		{"both on one socket", "[::]:53", "10.0.2.1:53", "10.0.1.1 on eth0"},
		{"its address", "10.0.2.1:53", "10.0.2.1:53", "10.0.1.1 on eth0"},
	} {
		bubbleT(t, tt.name, func(t *testing.T, w *World) {
			a, _, b := routed(t, w)
			_, err := b.HandleUDP(addrPort(tt.listen), SocketOptions{}, whoami)
			require.NoError(t, err)
			reply, trace, err := a.ExchangeUDP(t.Context(), addrPort(tt.dst), make([]byte, 4000), 0, SocketOptions{})
			require.NoError(t, err)
			require.Equal(t, tt.want, string(reply.Data))
			require.Equal(t, addrPort(tt.dst), reply.From)
			require.Equal(t, uint8(63), reply.TTL)
			require.Equal(t, "a", w.TraceName(trace)[:1])
		})
	}
}

func TestUDPErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, dst string
		opts      SocketOptions
		want      string
		refused   bool
	}{
		{"no listener", "10.0.2.1:9", SocketOptions{}, "receive udp on host a from 10.0.1.1:32768 to 10.0.2.1:9: port unreachable from 10.0.2.1", true},
		{"no listener 6", "[fd00:2::1]:9", SocketOptions{}, "receive udp on host a from [fd00:1::1]:32768 to [fd00:2::1]:9: port unreachable from fd00:2::1", true},
		{"silence", "10.0.2.1:7", SocketOptions{}, "receive udp on host a from 10.0.1.1:32768 to 10.0.2.1:7: datagram from 10.0.2.1:7: timed out after 10s", false},
		{"no neighbor", "10.0.1.7:7", SocketOptions{}, "receive udp on host a from 10.0.1.1:32768 to 10.0.1.7:7: neighbor 10.0.1.7 unresolved on host a interface eth0 after 3 tries", false},
		{"source", "10.0.2.1:7", SocketOptions{Src: addr("9.9.9.9")}, "dial udp on host a from 9.9.9.9 to 10.0.2.1:7: no route to 10.0.2.1 from host a source 9.9.9.9: the source is not an address of the host", false},
		{"too long", "10.0.2.1:7", SocketOptions{DontFragment: true}, "send udp on host a from 10.0.1.1:32768 to 10.0.2.1:7: packet of 2028 bytes to 10.0.2.1 exceeds the path mtu 1500 known to host a", false},
		{"no interface", "10.0.2.1:7", SocketOptions{Interface: "x"}, `dial udp on host a to 10.0.2.1:7: host a has no interface "x"`, false},
	} {
		bubbleT(t, tt.name, func(t *testing.T, w *World) {
			a, _, b := routed(t, w)
			_, err := b.ListenUDP(addrPort("[::]:7"), SocketOptions{})
			require.NoError(t, err)
			_, _, err = a.ExchangeUDP(t.Context(), addrPort(tt.dst), make([]byte, 2000), 10*time.Second, tt.opts)
			require.EqualError(t, err, tt.want)
			if tt.refused {
				require.ErrorIs(t, err, ErrRefused)
			}
		})
	}
}

func TestUDPSockets(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, b := pair(t, w)
		any, err := b.ListenUDP(addrPort("0.0.0.0:53"), SocketOptions{})
		require.NoError(t, err)
		_, err = b.ListenUDP(addrPort("0.0.0.0:53"), SocketOptions{})
		require.EqualError(t, err, "listen udp on host b from 0.0.0.0:53: udp port 53 is in use")
		own, err := b.ListenUDP(addrPort("10.0.0.2:53"), SocketOptions{})
		require.NoError(t, err)
		_, err = b.ListenUDP(addrPort("10.0.0.7:53"), SocketOptions{})
		require.EqualError(t, err, "listen udp on host b from 10.0.0.7:53: 10.0.0.7 is not an address of host b")
		c, err := a.ListenUDP(netip.AddrPort{}, SocketOptions{})
		require.NoError(t, err)
		_, err = c.SendTo([]byte("x"), addrPort("10.0.0.2:53"))
		require.NoError(t, err)
		d, err := own.Receive(t.Context())
		require.NoError(t, err)
		require.Equal(t, "10.0.0.1:32768 10.0.0.2:53", d.From.String()+" "+d.To.String())
		require.NoError(t, own.Close())
		_, err = c.SendTo([]byte("x"), addrPort("10.0.0.2:53"))
		require.NoError(t, err)
		d, err = any.Receive(t.Context())
		require.NoError(t, err)
		_, err = any.Reply(d, []byte("y"))
		require.NoError(t, err)
		d, err = c.Receive(t.Context())
		require.NoError(t, err)
		require.Equal(t, "y", string(d.Data))
		_, err = own.Receive(t.Context())
		require.ErrorIs(t, err, ErrClosed)
	})
}

func TestUDPMulticast(t *testing.T) {
	t.Parallel()
	for _, group := range []string{"239.1.2.3", "ff02::1234"} {
		bubbleT(t, group, func(t *testing.T, w *World) {
			a, b := pair(t, w)
			u, err := b.ListenUDP(addrPort("[::]:99"), SocketOptions{})
			require.NoError(t, err)
			c, err := a.ListenUDP(netip.AddrPort{}, SocketOptions{Interface: "eth0"})
			require.NoError(t, err)
			to := netip.AddrPortFrom(addr(group), 99)
			_, err = c.SendTo([]byte("early"), to)
			require.NoError(t, err)
			require.NoError(t, w.Settle(t.Context()))
			require.NoError(t, b.Interface("eth0").JoinGroup(addr(group)))
			_, err = c.SendTo([]byte("late"), to)
			require.NoError(t, err)
			d, err := u.Receive(t.Context())
			require.NoError(t, err)
			require.Equal(t, "late", string(d.Data))
			require.Equal(t, to, d.To)
			require.Equal(t, uint8(1), d.TTL)
		})
	}
}

// TestSelf: a host reaches its own addresses without any wire.
func TestSelf(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		h := lanHost(t, w, nil, "h", "10.0.0.1/24", "fd00::1/64")
		_, err := h.HandleUDP(addrPort("[::]:53"), SocketOptions{}, whoami)
		require.NoError(t, err)
		for _, dst := range []string{"10.0.0.1", "fd00::1", "127.0.0.1", "::1"} {
			_, err := h.Ping(t.Context(), PingOptions{Dst: addr(dst)})
			require.NoError(t, err)
			reply, _, err := h.ExchangeUDP(t.Context(), netip.AddrPortFrom(addr(dst), 53), nil, 0, SocketOptions{})
			require.NoError(t, err)
			require.Equal(t, dst+" on ", string(reply.Data))
		}
	})
}
