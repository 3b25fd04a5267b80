package world

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/packet"
)

var (
	_ net.Conn     = (*TCPConn)(nil)
	_ net.Listener = (*TCPListener)(nil)
	_ net.Error    = (*OpError)(nil)
	_ net.Error    = (*TimeoutError)(nil)
)

// connect gives both ends of a connection from a to b.
func connect(t *testing.T, a, b *Host, to string) (client, server *TCPConn) {
	t.Helper()
	l, err := b.ListenTCP(netip.AddrPortFrom(netip.IPv6Unspecified(), addrPort(to).Port()), SocketOptions{})
	require.NoError(t, err)
	client, err = a.DialTCP(t.Context(), addrPort(to), SocketOptions{})
	require.NoError(t, err)
	server, err = l.AcceptTCP(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return client, server
}

// randomBytes is the same each time.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}

// TestTCPTransfer: a megabyte each way arrives whole and in order over links of
// every kind.
func TestTCPTransfer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		imp  Impairment
		mtu  int
	}{
		{"perfect", Impairment{}, 0},
		{"slow", Impairment{Delay: 50 * time.Millisecond}, 0},
		{"loss", Impairment{Delay: time.Millisecond, Loss: 0.03}, 0},
		{"duplicates", Impairment{Delay: time.Millisecond, Duplicate: 0.3}, 0},
		{"reordering", Impairment{Delay: time.Millisecond, Reorder: 0.3}, 0},
		{"everything", Impairment{Delay: 2 * time.Millisecond, Jitter: time.Millisecond, Loss: 0.02, Duplicate: 0.05, Reorder: 0.1}, 0},
		{"small mtu behind the router", Impairment{}, 1280},
	} {
		for _, to := range []string{"10.0.2.1:80", "[fd00:2::1]:80"} {
			bubbleT(t, tt.name+" "+to, func(t *testing.T, w *World) {
				a, r, b := routed(t, w)
				link := r.Interface("eth1").NIC().Link()
				require.NoError(t, link.SetImpairment(AToB, tt.imp))
				require.NoError(t, link.SetImpairment(BToA, tt.imp))
				if tt.mtu != 0 {
					require.NoError(t, r.Interface("eth1").SetMTU(tt.mtu))
				}
				client, server := connect(t, a, b, to)
				data := randomBytes(1 << 20)
				var sides sync.WaitGroup
				for _, c := range []*TCPConn{client, server} {
					sides.Go(func() {
						_, err := c.Write(data)
						assert.NoError(t, err)
						assert.NoError(t, c.CloseWrite())
					})
					sides.Go(func() {
						all, err := io.ReadAll(c)
						assert.NoError(t, err)
						assert.True(t, bytes.Equal(data, all), "%d bytes of %d", len(all), len(data))
					})
				}
				sides.Wait()
				require.NoError(t, client.Close())
				require.NoError(t, server.Close())
				time.Sleep(10 * time.Minute)
				require.Equal(t, "CLOSED CLOSED", client.State()+" "+server.State())
				require.Empty(t, a.tcp)
				require.Empty(t, b.tcp)
				frames, timers := w.Pending()
				require.Equal(t, [2]int{0, 0}, [2]int{frames, timers})
			})
		}
	}
}

// TestTCPAcknowledgementsLost: both sides have sent several segments, all arrive
// and neither learns it. Each repeats from what it knows acknowledged; the
// answers must count all the same.
func TestTCPAcknowledgementsLost(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"10.0.2.1:80", "[fd00:2::1]:80"} {
		bubbleT(t, to, func(t *testing.T, w *World) {
			a, r, b := routed(t, w)
			link := r.Interface("eth1").NIC().Link()
			impair := func(imp Impairment) {
				require.NoError(t, link.SetImpairment(AToB, imp))
				require.NoError(t, link.SetImpairment(BToA, imp))
			}
			impair(Impairment{Delay: time.Millisecond})
			client, server := connect(t, a, b, to)
			data := randomBytes(5000)
			for _, part := range [][]byte{data[:1], data[1:]} { // the first byte measures the round trip
				time.Sleep(time.Second)
				for _, c := range []*TCPConn{client, server} {
					_, err := c.Write(part)
					require.NoError(t, err)
				}
			}
			time.Sleep(time.Millisecond / 2)
			impair(Impairment{Delay: time.Millisecond, Loss: 1})
			time.Sleep(10 * time.Millisecond)
			impair(Impairment{Delay: time.Millisecond})
			time.Sleep(10 * time.Second)
			for _, c := range []*TCPConn{client, server} {
				require.NoError(t, c.CloseWrite())
			}
			for _, c := range []*TCPConn{client, server} {
				all, err := io.ReadAll(c)
				require.NoError(t, err)
				require.True(t, bytes.Equal(data, all), "%d bytes of %d", len(all), len(data))
				require.NoError(t, c.Close())
			}
		})
	}
}

// TestTCPBlackHole: a link that swallows long packets without a word lets the
// handshake through and stalls the data, as on Linux without MTU probing.
func TestTCPBlackHole(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, r, b := routed(t, w)
		r.Interface("eth1").NIC().Link().SetMTU(1400)
		client, server := connect(t, a, b, "10.0.2.1:80")
		_, err := client.Write(randomBytes(5000))
		require.NoError(t, err)
		require.NoError(t, server.SetReadDeadline(time.Now().Add(time.Minute)))
		_, err = server.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		_, err = client.Read(make([]byte, 1))
		require.EqualError(t, err, "read tcp on host a from 10.0.1.1:32768 to 10.0.2.1:80: acknowledgement from 10.0.2.1:80: timed out")
		small, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.2.1"), Size: 1372})
		require.NoError(t, err, small)
		_, err = a.Ping(t.Context(), PingOptions{Dst: addr("10.0.2.1"), Size: 1373})
		require.ErrorContains(t, err, "timed out")
	})
}

func TestTCPErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, to, want string }{
		{"refused", "10.0.2.1:81", "dial tcp on host a from 10.0.1.1:32768 to 10.0.2.1:81: connection refused"},
		{"refused 6", "[fd00:2::1]:81", "dial tcp on host a from [fd00:1::1]:32768 to [fd00:2::1]:81: connection refused"},
		{"no host", "10.0.2.9:80", "dial tcp on host a from 10.0.1.1:32768 to 10.0.2.9:80: host unreachable from 10.0.1.254"},
		{"no neighbor", "10.0.1.9:80", "dial tcp on host a from 10.0.1.1:32768 to 10.0.1.9:80: neighbor 10.0.1.9 unresolved on host a interface eth0 after 3 tries"},
		{"no route", "192.0.2.1:80", "dial tcp on host a from 10.0.1.1:32768 to 192.0.2.1:80: network unreachable from 10.0.1.254"},
	} {
		bubbleT(t, tt.name, func(t *testing.T, w *World) {
			a, _, _ := routed(t, w)
			_, err := a.DialTCP(t.Context(), addrPort(tt.to), SocketOptions{})
			require.EqualError(t, err, tt.want)
			require.Empty(t, a.tcp)
		})
	}
	bubbleT(t, "silence", func(t *testing.T, w *World) {
		a, _, b := routed(t, w)
		b.Interface("eth0").NIC().Link().SetMTU(20)
		require.NoError(t, w.Host("r").Interface("eth1").AddNeighbor(addr("10.0.2.1"), b.Interface("eth0").MAC()))
		start := time.Now()
		_, err := a.DialTCP(t.Context(), addrPort("10.0.2.1:80"), SocketOptions{})
		require.EqualError(t, err, "dial tcp on host a from 10.0.1.1:32768 to 10.0.2.1:80: acknowledgement from 10.0.2.1:80: timed out")
		require.Equal(t, 127*time.Second, time.Since(start).Truncate(time.Second), "six retries as on Linux")
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err = a.DialTCP(ctx, addrPort("10.0.2.1:80"), SocketOptions{})
		require.EqualError(t, err, "dial tcp on host a from 10.0.1.1:32769 to 10.0.2.1:80: syn-ack from 10.0.2.1:80: timed out after 5s (context deadline exceeded)")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// TestTCPClose: every way a connection ends, told by the states on both sides.
func TestTCPClose(t *testing.T) {
	t.Parallel()
	step := func(w *World) { time.Sleep(time.Millisecond); synctest.Wait() }
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, w *World, c, s *TCPConn)
		want string
	}{
		{"client first", func(t *testing.T, w *World, c, s *TCPConn) {
			require.NoError(t, c.Close())
			step(w)
			require.Equal(t, "FIN_WAIT_2 CLOSE_WAIT", c.State()+" "+s.State())
			require.NoError(t, s.Close())
			step(w)
		}, "TIME_WAIT CLOSED"},
		{"both at once", func(t *testing.T, w *World, c, s *TCPConn) {
			require.NoError(t, c.Close())
			require.NoError(t, s.Close())
			step(w)
		}, "TIME_WAIT TIME_WAIT"},
		{"reset", func(t *testing.T, w *World, c, s *TCPConn) {
			c.Abort()
			step(w)
			_, err := s.Read(make([]byte, 1))
			require.ErrorIs(t, err, ErrReset)
		}, "CLOSED CLOSED"},
		{"unread data", func(t *testing.T, w *World, c, s *TCPConn) {
			_, err := s.Write([]byte("hello"))
			require.NoError(t, err)
			step(w)
			require.NoError(t, c.Close())
			step(w)
			_, err = s.Write([]byte("again"))
			require.ErrorIs(t, err, ErrReset)
		}, "CLOSED CLOSED"},
		{"data after close", func(t *testing.T, w *World, c, s *TCPConn) {
			require.NoError(t, c.Close())
			step(w)
			_, err := s.Write([]byte("hello"))
			require.NoError(t, err)
			step(w)
			_, err = s.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF, "the fin came before the reset")
		}, "CLOSED CLOSED"},
		{"half", func(t *testing.T, w *World, c, s *TCPConn) {
			require.NoError(t, c.CloseWrite())
			step(w)
			_, err := s.Write([]byte("answer"))
			require.NoError(t, err)
			require.NoError(t, s.Close())
			all, err := io.ReadAll(c)
			require.NoError(t, err)
			require.Equal(t, "answer", string(all))
			step(w)
		}, "TIME_WAIT CLOSED"},
		{"peer gone", func(t *testing.T, w *World, c, s *TCPConn) {
			require.NoError(t, w.Host("b").Close())
			_, err := c.Write([]byte("x"))
			require.NoError(t, err)
			_, err = c.Read(make([]byte, 1))
			require.ErrorContains(t, err, "timed out (host unreachable from 10.0.1.254)")
		}, "CLOSED CLOSED"},
	} {
		bubbleT(t, tt.name, func(t *testing.T, w *World) {
			a, _, b := routed(t, w)
			c, s := connect(t, a, b, "10.0.2.1:80")
			tt.do(t, w, c, s)
			require.Equal(t, tt.want, c.State()+" "+s.State())
		})
	}
}

// TestTCPSlowReader: the window closes and opens again, even when the update is
// lost.
func TestTCPSlowReader(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, b := pair(t, w)
		c, s := connect(t, a, b, "10.0.0.2:80")
		data := randomBytes(300 << 10)
		go func() {
			_, err := c.Write(data)
			require.NoError(t, err)
			require.NoError(t, c.Close())
		}()
		time.Sleep(time.Hour) // the window stays closed far longer than any timeout
		require.Equal(t, "FIN_WAIT_1", c.State(), "all is written, most of it waits for the window")
		link := b.Interface("eth0").NIC().Link()
		require.NoError(t, link.SetImpairment(AToB, Impairment{Loss: 1}))
		got := make([]byte, 50<<10)
		_, err := io.ReadFull(s, got) // its window update is lost
		require.NoError(t, err)
		require.NoError(t, link.SetImpairment(AToB, Impairment{}))
		rest, err := io.ReadAll(s)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, append(got, rest...)))
	})
}

// TestTCPTraces: the segments of a handshake name what they answer.
func TestTCPTraces(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, b := pair(t, w)
		connect(t, a, b, "10.0.0.2:80")
		seen := record(w, func(e Event) bool { return e.Verdict == Sent })
		c, s := connect(t, a, b, "10.0.0.2:81")
		time.Sleep(time.Millisecond)
		require.Equal(t, fmt.Sprintf("12ns a/eth0 sent %s\n14ns b/eth0 sent %s because of %[1]s\n16ns a/eth0 sent a#5 because of %[2]s",
			w.TraceName(c.Trace()), w.TraceName(s.Trace())), seen.text())
	})
}

// TestTCPManyAtOnce: connections do not mix.
func TestTCPManyAtOnce(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, b := pair(t, w)
		l, err := b.ListenTCP(addrPort("[::]:80"), SocketOptions{})
		require.NoError(t, err)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
			}
		}()
		done := make(chan error)
		for n := range 50 {
			go func() {
				c, err := a.DialTCP(t.Context(), addrPort("[fd00::2]:80"), SocketOptions{})
				if err != nil {
					done <- err
					return
				}
				text := bytes.Repeat([]byte(fmt.Sprint(n, " ")), 5000)
				go func() { _, _ = c.Write(text); _ = c.CloseWrite() }()
				all, err := io.ReadAll(c)
				if err == nil && !bytes.Equal(text, all) {
					err = fmt.Errorf("connection %d: %d bytes of %d", n, len(all), len(text))
				}
				_ = c.Close()
				done <- err
			}()
		}
		for range 50 {
			require.NoError(t, <-done)
		}
		require.NoError(t, l.Close())
	})
}

// TestTCPForged: an ICMP error about no segment under way changes nothing.
func TestTCPForged(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, b := pair(t, w)
		c, _ := connect(t, a, b, "10.0.0.2:80")
		q := quote{src: c.Local().Addr(), dst: c.Remote().Addr(), head: make([]byte, 8)}
		packet.PutUint16(q.head, 0, c.Local().Port())
		packet.PutUint16(q.head, 2, c.Remote().Port())
		packet.PutUint32(q.head, 4, c.next+12345)
		a.lock()
		told := a.errorTCP(q, &ICMPError{From: addr("10.0.0.2"), Type: 3, Code: 3})
		a.unlock()
		require.False(t, told)
		require.Equal(t, "ESTABLISHED", c.State())
	})
}
