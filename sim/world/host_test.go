package world

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPingPath: a ping over a router, hop by hop, in both families.
func TestPingPath(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, _, _ := routed(t, w)
		_, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.2.1")})
		require.NoError(t, err)
		seen := record(w, nil)
		r, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.2.1")})
		require.NoError(t, err)
		require.Equal(t, uint8(63), r.Results[0].TTL)
		require.Equal(t, addr("10.0.1.1"), r.Src)
		require.Equal(t, `18ns a/eth0 sent a#3
20ns r/eth0 received a#3
20ns r/eth1 sent a#3
22ns b/eth0 received a#3
22ns b/eth0 sent b#3 because of a#3
22ns b/eth0 delivered a#3
24ns r/eth1 received b#3
24ns r/eth0 sent b#3
26ns a/eth0 received b#3
26ns a/eth0 delivered b#3`, seen.text())
	})
}

func TestPingFamilies(t *testing.T) {
	t.Parallel()
	for _, dst := range []string{"10.0.2.1", "fd00:2::1"} {
		t.Run(dst, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, w *World) {
				a, _, _ := routed(t, w)
				r, err := a.Ping(t.Context(), PingOptions{Dst: addr(dst), Count: 3, Size: 3000})
				require.NoError(t, err)
				require.Equal(t, 3, r.Received())
				for _, p := range r.Results {
					require.Equal(t, addr(dst), p.From)
					require.Equal(t, uint8(63), p.TTL)
					require.Equal(t, 3000, p.Size)
				}
			})
		})
	}
}

func TestPingErrors(t *testing.T) {
	t.Parallel()
	type test struct {
		name string
		opts PingOptions
		want string
	}
	for _, tt := range []test{
		{"no answer for arp", PingOptions{Dst: addr("10.0.1.9"), Timeout: time.Minute},
			"ping on host a to 10.0.1.9: neighbor 10.0.1.9 unresolved on host a interface eth0 after 3 tries"},
		{"no answer for nd", PingOptions{Dst: addr("fd00:1::9"), Timeout: time.Minute},
			"ping on host a to fd00:1::9: neighbor fd00:1::9 unresolved on host a interface eth0 after 3 tries"},
		{"router cannot resolve", PingOptions{Dst: addr("10.0.2.9"), Timeout: time.Minute},
			"ping on host a to 10.0.2.9: host unreachable from 10.0.1.254"},
		{"router cannot resolve 6", PingOptions{Dst: addr("fd00:2::9"), Timeout: time.Minute},
			"ping on host a to fd00:2::9: address unreachable from fd00:1::fe"},
		{"router has no route", PingOptions{Dst: addr("192.0.2.1")},
			"ping on host a to 192.0.2.1: network unreachable from 10.0.1.254"},
		{"router has no route 6", PingOptions{Dst: addr("2001:db8::1")},
			"ping on host a to 2001:db8::1: no route from fd00:1::fe"},
		{"ttl", PingOptions{Dst: addr("10.0.2.1"), TTL: 1}, "ping on host a to 10.0.2.1: ttl exceeded from 10.0.1.254"},
		{"hop limit", PingOptions{Dst: addr("fd00:2::1"), TTL: 1}, "ping on host a to fd00:2::1: hop limit exceeded from fd00:1::fe"},
		{"df", PingOptions{Dst: addr("10.0.2.1"), Size: 1473, DontFragment: true},
			"ping on host a to 10.0.2.1: packet of 1501 bytes to 10.0.2.1 exceeds the path mtu 1500 known to host a"},
		{"no such source", PingOptions{Dst: addr("10.0.2.1"), Src: addr("10.9.9.9")},
			"ping on host a from 10.9.9.9 to 10.0.2.1: no route to 10.0.2.1 from host a source 10.9.9.9: the source is not an address of the host"},
		{"no such interface", PingOptions{Dst: addr("10.0.2.1"), Interface: "net1"},
			`ping on host a to 10.0.2.1: host a has no interface "net1"`},
		{"no route by interface", PingOptions{Dst: addr("fd00:2::1"), Interface: "lonely"},
			"ping on host a to fd00:2::1: no route to fd00:2::1 from host a interface lonely"},
		{"no route", PingOptions{Dst: addr("10.0.2.1"), Interface: "nowhere", Timeout: time.Minute},
			"ping on host a to 10.0.2.1: neighbor 10.0.2.1 unresolved on host a interface nowhere after 3 tries"},
		{"nonsense", PingOptions{}, "ping on host a: destination invalid IP, source invalid IP: want addresses of one family"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, w *World) {
				a, _, _ := routed(t, w)
				_, err := a.AddInterface(InterfaceConfig{Name: "lonely", L3: true})
				require.NoError(t, err)
				plug(t, newSegmentT(t, w, "empty"), a, "nowhere")
				_, err = a.Ping(t.Context(), tt.opts)
				require.EqualError(t, err, tt.want)
			})
		})
	}
}

func TestPingContext(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, _ := pair(t, w)
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		r, err := a.Ping(ctx, PingOptions{Dst: addr("10.0.0.2"), Count: 100})
		require.NoError(t, err)
		require.Equal(t, 3, r.Received())
		require.Len(t, r.Results, 3)
		frames, timers := w.Pending()
		require.Equal(t, [2]int{0, 0}, [2]int{frames, timers}, "nothing is left behind")
	})
}

// TestPathMTU: a smaller link behind the router is found by ICMP and believed.
func TestPathMTU(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ dst, want string }{
		{"10.0.2.1", "fragmentation needed (mtu 1400) from 10.0.1.254"},
		{"fd00:2::1", "packet too big (mtu 1400) from fd00:1::fe"},
	} {
		t.Run(tt.dst, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, w *World) {
				a, r, b := routed(t, w)
				require.NoError(t, r.Interface("eth1").SetMTU(1400))
				require.NoError(t, b.Interface("eth0").SetMTU(1400))
				ping := PingOptions{Dst: addr(tt.dst), Size: 1440, DontFragment: true}
				_, err := a.Ping(t.Context(), ping)
				require.EqualError(t, err, "ping on host a to "+tt.dst+": "+tt.want)
				_, err = a.Ping(t.Context(), ping)
				require.ErrorContains(t, err, "exceeds the path mtu 1400 known to host a")
				ping.DontFragment = false
				_, err = a.Ping(t.Context(), ping)
				require.NoError(t, err, "the host fragments to the path's mtu")
				mtu, err := a.PathMTU(addr(tt.dst))
				require.NoError(t, err)
				require.Equal(t, 1400, mtu)
				time.Sleep(pathMTUAge)
				mtu, err = a.PathMTU(addr(tt.dst))
				require.NoError(t, err)
				require.Equal(t, 1500, mtu)
			})
		})
	}
}

// TestFragmentsLost: a packet whose fragments do not all come is given up, and
// the sender told if the first one came.
func TestFragmentsLost(t *testing.T) {
	t.Parallel()
	for _, dst := range []string{"10.0.0.2", "fd00::2"} {
		bubbleT(t, dst, func(t *testing.T, w *World) {
			a, b := pair(t, w)
			_, err := a.Ping(t.Context(), PingOptions{Dst: addr(dst)})
			require.NoError(t, err)
			link := b.Interface("eth0").NIC().Link()
			first := 0
			w.AddObserver(ObserverFunc(func(e Event) { // lose all but the first fragment
				if e.Node == "b" && e.Verdict == Received && len(e.Frame.Data) > 1000 {
					if first++; first == 1 {
						link.Cut()
						time.AfterFunc(time.Second, link.Restore)
					}
				}
			}))
			_, err = a.Ping(t.Context(), PingOptions{Dst: addr(dst), Size: 2800, Timeout: 2 * time.Minute})
			require.EqualError(t, err, "ping on host a to "+dst+": reassembly time exceeded from "+dst)
		})
	}
}

func TestTraceroute(t *testing.T) {
	t.Parallel()
	for _, method := range []TracerouteMethod{TracerouteUDP, TracerouteICMP} {
		for _, tt := range []struct{ dst, want string }{
			{"10.0.2.1", "1 10.0.1.254\n2 10.0.2.1"},
			{"fd00:2::1", "1 fd00:1::fe\n2 fd00:2::1"},
		} {
			bubbleT(t, tt.dst, func(t *testing.T, w *World) {
				a, _, _ := routed(t, w)
				r, err := a.Traceroute(t.Context(), TracerouteOptions{Dst: addr(tt.dst), Method: method})
				require.NoError(t, err)
				require.Equal(t, tt.want, r.String())
				require.True(t, r.Reached)
				require.NotZero(t, r.Hops[0].Trace)
			})
		}
	}
	bubbleT(t, "black hole", func(t *testing.T, w *World) {
		a, _, b := routed(t, w)
		b.Interface("eth0").SetUp(false)
		r, err := a.Traceroute(t.Context(), TracerouteOptions{Dst: addr("10.0.2.1"), MaxHops: 3, Timeout: 5 * time.Second})
		require.EqualError(t, err, "traceroute on host a to 10.0.2.1: hop 2: host unreachable from 10.0.1.254")
		require.Equal(t, "1 10.0.1.254\n2 host unreachable from 10.0.1.254", r.String())
	})
}

func bubbleT(t *testing.T, name string, f func(t *testing.T, w *World)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		bubble(t, f)
	})
}

// TestSourceSelection: routes by source, by interface, preferred sources.
func TestSourceSelection(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		s1, s2 := newSegmentT(t, w, "net1"), newSegmentT(t, w, "net2")
		pod := lanHost(t, w, s1, "pod", "10.0.0.1/24")
		plug(t, s2, pod, "net2", "10.0.0.1/32", "10.2.0.1/24") // overlapping: the same address twice
		lanHost(t, w, s1, "x", "10.0.0.2/24")
		lanHost(t, w, s2, "y", "10.0.0.2/24")
		require.NoError(t, pod.AddRoute(Route{Dst: netip.MustParsePrefix("10.0.0.0/24"), Interface: "net2", Metric: 10}))
		r, err := pod.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2"), Interface: "net2"})
		require.NoError(t, err)
		require.Equal(t, "net2", r.Results[0].Interface)
		r, err = pod.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2")})
		require.NoError(t, err)
		require.Equal(t, "eth0", r.Results[0].Interface)
		require.NoError(t, pod.AddRoute(Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), From: netip.MustParsePrefix("10.2.0.0/24"), Interface: "net2"}))
		_, err = pod.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2"), Src: addr("10.2.0.1")})
		require.ErrorContains(t, err, "timed out", "y has no way back to 10.2.0.1")
		require.NoError(t, w.Host("y").AddRoute(Route{Dst: netip.MustParsePrefix("10.2.0.0/24"), Interface: "eth0"}))
		r, err = pod.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2"), Src: addr("10.2.0.1")})
		require.NoError(t, err)
		require.Equal(t, "net2", r.Results[0].Interface)
	})
}

func TestLinkLocalAndMulticast(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, b := pair(t, w)
		ll := b.Interface("eth0").Addresses()[0].Addr()
		r, err := a.Ping(t.Context(), PingOptions{Dst: ll.WithZone("eth0")})
		require.NoError(t, err)
		require.Equal(t, ll, r.Results[0].From)
		require.True(t, r.Src.IsLinkLocalUnicast())
		r, err = a.Ping(t.Context(), PingOptions{Dst: addr("ff02::1"), Interface: "eth0"})
		require.NoError(t, err)
		require.Equal(t, ll, r.Results[0].From)
	})
}

// TestNeighborConfirmedAnew: an entry in use is asked again after a minute, and
// a station that moved is found.
func TestNeighborConfirmedAnew(t *testing.T) {
	t.Parallel()
	for _, dst := range []string{"10.0.0.2", "fd00::2"} {
		bubbleT(t, dst, func(t *testing.T, w *World) {
			a, b := pair(t, w)
			ping := func() error {
				_, err := a.Ping(t.Context(), PingOptions{Dst: addr(dst)})
				return err
			}
			require.NoError(t, ping())
			require.NoError(t, b.Close())
			lanHost(t, w, w.Segment("lan"), "c", dst+"/24")
			time.Sleep(2 * time.Minute)
			require.ErrorContains(t, ping(), "timed out", "the old station is gone")
			time.Sleep(5 * time.Second)
			require.NoError(t, ping(), "the new one is asked for")
		})
	}
}

func TestAnnounce(t *testing.T) {
	t.Parallel()
	for _, dst := range []string{"10.0.0.2", "fd00::2"} {
		bubbleT(t, dst, func(t *testing.T, w *World) {
			a, b := pair(t, w)
			_, err := a.Ping(t.Context(), PingOptions{Dst: addr(dst)})
			require.NoError(t, err)
			require.NoError(t, b.Close())
			c := lanHost(t, w, w.Segment("lan"), "c", dst+"/24")
			require.NoError(t, c.Interface("eth0").Announce(addr(dst)))
			require.NoError(t, w.Settle(t.Context()))
			_, err = a.Ping(t.Context(), PingOptions{Dst: addr(dst)})
			require.NoError(t, err)
		})
	}
}

// TestEqualRoutes: equal routes share flows, one flow stays on one of them.
func TestEqualRoutes(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		h, err := w.NewHost(HostConfig{Name: "h"})
		require.NoError(t, err)
		plug(t, nil, h, "eth0", "10.0.0.1/24")
		for _, gw := range []string{"10.0.0.2", "10.0.0.3", "10.0.0.4"} {
			require.NoError(t, h.AddDefault(addr(gw), ""))
		}
		require.Error(t, h.AddDefault(addr("10.0.0.4"), ""))
		count := map[netip.Addr]int{}
		for n := range uint16(300) {
			flow := flowHash(addr("10.0.0.1"), addr("192.0.2.1"), 17, 1000+n, 53)
			for range 2 {
				to, err := h.lookup(addr("192.0.2.1"), netip.Addr{}, nil, flow)
				require.NoError(t, err)
				count[to.next]++
			}
		}
		require.Len(t, count, 3)
		for gw, n := range count {
			require.Greater(t, n, 100, gw)
			require.Zero(t, n%2, gw)
		}
	})
}
