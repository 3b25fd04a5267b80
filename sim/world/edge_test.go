package world

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// frameFor is an Ethernet frame with a valid UDP datagram from a stranger.
func frameFor(dst string, ttl uint8, port uint16) []byte {
	a, src := addr(dst), addr("10.0.0.9")
	if a.Is6() {
		src = addr("fd00::9")
	}
	buf, seg := newSegment(a, 20)
	packet.UDP(seg).Encode(999, port, 20)
	packet.SetTransportChecksum(seg, src.AsSlice(), a.AsSlice(), packet.ProtoUDP)
	(&Host{}).header(&outPacket{src: src, dst: a, proto: packet.ProtoUDP, ttl: ttl}, buf[packet.EthernetLen:], 20)
	eth := packet.Ethernet(buf)
	eth.SetDst(MACFor(1, 1))
	eth.SetSrc(packet.MAC{2, 0, 0, 0, 0, 9})
	eth.SetType(packet.EtherTypeIPv4)
	if a.Is6() {
		eth.SetType(packet.EtherTypeIPv6)
	}
	return buf
}

// TestDropReasons: whatever a host does not take, it says why.
func TestDropReasons(t *testing.T) {
	t.Parallel()
	change := func(frame []byte, at int, v byte) []byte { frame[at] = v; return frame }
	const ip = packet.EthernetLen
	for _, tt := range []struct {
		name  string
		frame []byte
		want  string
	}{
		{"delivered", frameFor("10.0.0.1", 9, 53), "h/eth0 delivered"},
		{"delivered 6", frameFor("fd00::1", 9, 53), "h/eth0 delivered"},
		{"cut ethernet", []byte{1, 2, 3}, "lan/fuzz/eth dropped: malformed"},
		{"ethertype", change(frameFor("10.0.0.1", 9, 53), 12, 0x88), "h/eth0 dropped: unknown ethertype"},
		{"version", change(frameFor("10.0.0.1", 9, 53), ip, 0x55), "h/eth0 dropped: malformed"},
		{"length", change(frameFor("10.0.0.1", 9, 53), ip+3, 200), "h/eth0 dropped: malformed"},
		{"ip checksum", change(frameFor("10.0.0.1", 9, 53), ip+11, 1), "h/eth0 dropped: bad checksum"},
		{"udp checksum", change(frameFor("10.0.0.1", 9, 53), ip+30, 1), "h/eth0 dropped: bad checksum"},
		{"udp checksum 6", change(frameFor("fd00::1", 9, 53), ip+50, 1), "h/eth0 dropped: bad checksum"},
		{"not local", frameFor("10.0.0.77", 9, 53), "h/eth0 dropped: destination is not an address of this host"},
		{"not local 6", frameFor("fd00::77", 9, 53), "h/eth0 dropped: destination is not an address of this host"},
		{"no listener", frameFor("10.0.0.1", 9, 54), "h/eth0 dropped: no listener on the port"},
		{"group nobody joined", frameFor("239.0.0.1", 9, 53), "h/eth0 dropped: destination is not an address of this host"},
		{"subnet broadcast", frameFor("10.0.0.255", 9, 53), "h/eth0 delivered"},
		{"short arp", append(frameFor("10.0.0.1", 9, 53)[:12], 8, 6, 1, 2), "h/eth0 dropped: malformed"},
	} {
		bubbleT(t, tt.name, func(t *testing.T, w *World) {
			in, _ := arena(t, w)
			var lines []string
			w.AddObserver(ObserverFunc(func(e Event) {
				if e.Node != "r" && (e.Verdict == Dropped || e.Verdict == Delivered) {
					lines = append(lines, strings.TrimSuffix(fmt.Sprintf("%s/%s %v: %s", e.Node, e.Interface, e.Verdict, e.Reason), ": "))
				}
			}))
			in.Transmit([]packet.Frame{{Data: tt.frame}})
			require.NoError(t, w.Settle(t.Context()))
			require.NotEmpty(t, lines)
			require.Equal(t, tt.want, lines[0])
		})
	}
	bubbleT(t, "not for this station", func(t *testing.T, w *World) {
		in, _ := arena(t, w)
		seen := record(w, func(e Event) bool { return e.Node == "r" && e.Verdict == Dropped })
		in.Transmit([]packet.Frame{{Data: frameFor("10.0.0.1", 9, 53)}}) // flooded: the segment does not know h
		require.NoError(t, w.Settle(t.Context()))
		require.Contains(t, seen.text(), "r/eth0 dropped : ethernet destination is another station")
	})
}

// TestRouterReasons: what a router does not forward.
func TestRouterReasons(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, dst string
		ttl       uint8
		want      Reason
	}{
		{"ttl", "10.0.2.1", 1, ReasonTTL},
		{"hop limit", "fd00:2::1", 1, ReasonTTL},
		{"no route", "192.0.2.1", 9, ReasonNoRoute},
		{"link-local", "fe80::1234", 9, ReasonNotLocal},
		{"directed broadcast", "10.0.2.255", 9, ReasonNotLocal},
	} {
		bubbleT(t, tt.name, func(t *testing.T, w *World) {
			_, r, _ := routed(t, w)
			var got []Reason
			w.AddObserver(ObserverFunc(func(e Event) {
				if e.Verdict == Dropped && e.Node == "r" {
					got = append(got, e.Reason)
				}
			}))
			frame := frameFor(tt.dst, tt.ttl, 53)
			packet.Ethernet(frame).SetDst(r.Interface("eth0").MAC())
			nic, err := w.NewNIC(NICConfig{Node: "x", Name: "y"})
			require.NoError(t, err)
			_, err = w.Segment("s1").Attach(nic, LinkConfig{})
			require.NoError(t, err)
			nic.Transmit([]packet.Frame{{Data: frame}})
			require.NoError(t, w.Settle(t.Context()))
			require.NotEmpty(t, got)
			require.Equal(t, tt.want, got[0])
		})
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		h := lanHost(t, w, nil, "h", "10.0.0.1/24", "fd00::1/64")
		prefix := netip.MustParsePrefix
		for _, r := range []Route{
			{Dst: prefix("0.0.0.0/0"), Via: addr("10.0.0.254")},
			{Dst: prefix("10.1.0.0/16"), Via: addr("10.0.0.253"), Metric: 5, Src: addr("10.0.0.1")},
			{Dst: prefix("10.1.2.3/16"), Via: addr("10.0.0.252")},
			{Dst: prefix("0.0.0.0/0"), From: prefix("10.0.0.1/32"), Interface: "eth0"},
			{Dst: prefix("10.2.0.0/16"), Via: addr("fd00::2")},
		} {
			require.NoError(t, h.AddRoute(r))
		}
		text := func() string {
			var lines []string
			for _, r := range h.Routes() {
				lines = append(lines, r.String())
			}
			return strings.Join(lines, "\n")
		}
		require.Equal(t, `default from 10.0.0.1/32 dev eth0
fe80::/64 dev eth0 src fe80::fe:ff:fe00:101
fd00::/64 dev eth0 src fd00::1
10.0.0.0/24 dev eth0 src 10.0.0.1
10.1.0.0/16 via 10.0.0.252 dev eth0
10.2.0.0/16 via fd00::2 dev eth0
10.1.0.0/16 via 10.0.0.253 dev eth0 src 10.0.0.1 metric 5
default via 10.0.0.254 dev eth0`, text())
		require.NoError(t, h.DeleteRoute(Route{Dst: prefix("10.1.0.0/16")}))
		require.EqualError(t, h.DeleteRoute(Route{Dst: prefix("10.1.0.0/16")}), "host h: delete route 10.1.0.0/16 dev : there is none")
		require.NoError(t, h.DeleteRoute(Route{Dst: prefix("0.0.0.0/0"), From: prefix("10.0.0.1/32")}))
		require.NoError(t, h.Interface("eth0").RemoveAddress(addr("10.0.0.1")))
		require.Error(t, h.Interface("eth0").RemoveAddress(addr("10.0.0.1")))
		require.NotContains(t, text(), "10.0.0.0/24")
		require.EqualError(t, h.AddRoute(Route{Dst: prefix("1.0.0.0/8"), Via: addr("10.0.0.9")}),
			"host h: add route 1.0.0.0/8 via 10.0.0.9 dev : next hop 10.0.0.9 is on no interface's prefix")
		require.EqualError(t, h.AddRoute(Route{Dst: prefix("1.0.0.0/8"), Interface: "x"}), `host h: add route 1.0.0.0/8 dev x: no interface "x"`)
		require.NoError(t, h.Interface("eth0").Close())
		require.Empty(t, h.Routes())
	})
}

// TestIPv4ViaIPv6: a next hop of the other family is resolved by its own means.
func TestIPv4ViaIPv6(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, r, _ := routed(t, w)
		require.NoError(t, a.DeleteRoute(Route{Dst: netip.MustParsePrefix("0.0.0.0/0")}))
		via := r.Interface("eth0").Addresses()[0].Addr()
		require.NoError(t, a.AddRoute(Route{Dst: netip.MustParsePrefix("10.0.2.0/24"), Via: via, Interface: "eth0"}))
		_, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.2.1")})
		require.NoError(t, err)
	})
}

// TestOnLinkGateway: a pod with a single address and a gateway outside of it.
func TestOnLinkGateway(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		s := newSegmentT(t, w, "lan")
		pod, gw := lanHost(t, w, s, "pod", "10.9.0.1/32"), lanHost(t, w, s, "gw", "169.254.1.1/32", "10.8.0.1/32")
		require.NoError(t, pod.AddRoute(Route{Dst: netip.MustParsePrefix("169.254.1.1/32"), Interface: "eth0"}))
		require.NoError(t, pod.AddDefault(addr("169.254.1.1"), "eth0"))
		require.NoError(t, gw.AddRoute(Route{Dst: netip.MustParsePrefix("10.9.0.1/32"), Interface: "eth0"}))
		r, err := pod.Ping(t.Context(), PingOptions{Dst: addr("10.8.0.1")})
		require.NoError(t, err)
		require.Equal(t, addr("10.9.0.1"), r.Src)
		require.Equal(t, "10.9.0.1 02:fe:00:00:01:01 reachable", gw.Interface("eth0").Neighbors()[0])
	})
}

func TestJoinedSegments(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		s1, s2 := newSegmentT(t, w, "s1"), newSegmentT(t, w, "s2")
		trunk, err := s1.Join(s2, LinkConfig{MTU: 1000, Impairment: Impairment{Delay: time.Millisecond}})
		require.NoError(t, err)
		a, _ := lanHost(t, w, s1, "a", "10.0.0.1/24"), lanHost(t, w, s2, "b", "10.0.0.2/24")
		r, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2"), Count: 2})
		require.NoError(t, err)
		require.Equal(t, 2*time.Millisecond, r.Results[1].RTT.Truncate(time.Millisecond))
		_, err = a.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2"), Size: 1000})
		require.Error(t, err)
		require.Equal(t, LinkStats{Sent: 4, Delivered: 3, Oversize: 1}, trunk.Stats(AToB))
		require.Equal(t, LinkStats{Sent: 3, Delivered: 3}, trunk.Stats(BToA))
	})
}

func TestLinkRefuses(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		nic := func(name string, l3 bool) *NIC {
			n, err := w.NewNIC(NICConfig{Node: "n", Name: name, L3: l3})
			require.NoError(t, err)
			return n
		}
		a, b, c := nic("a", false), nic("b", true), nic("c", false)
		_, err := w.Connect(a, b, LinkConfig{})
		require.EqualError(t, err, "connect n/a to n/b: one is ethernet, the other layer 3")
		_, err = newSegmentT(t, w, "s").Attach(b, LinkConfig{})
		require.EqualError(t, err, "attach n/b to segment s: it carries bare ip packets, want ethernet")
		_, err = w.Connect(a, c, LinkConfig{Impairment: Impairment{Loss: 2}})
		require.EqualError(t, err, "link n/a--n/c: loss 2: want a probability between 0 and 1")
		l, err := w.Connect(a, c, LinkConfig{})
		require.NoError(t, err)
		_, err = w.Segment("s").Attach(a, LinkConfig{})
		require.EqualError(t, err, "attach n/a to n/a--s: it is attached to n/a--n/c")
		l.Remove()
		require.False(t, l.Up())
		l.Restore()
		require.False(t, l.Up(), "removed for good")
		_, err = w.Segment("s").Attach(a, LinkConfig{})
		require.NoError(t, err)
	})
}

// TestInFlightCut: frames that are under way when a link is cut are lost, even
// if it is restored before they would have arrived.
func TestInFlightCut(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, b := pair(t, w)
		_, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2")})
		require.NoError(t, err)
		link := b.Interface("eth0").NIC().Link()
		require.NoError(t, link.SetImpairment(BToA, Impairment{Delay: time.Second}))
		time.AfterFunc(100*time.Millisecond, link.Cut)
		time.AfterFunc(200*time.Millisecond, link.Restore)
		_, err = a.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2"), Timeout: 5 * time.Second})
		require.ErrorContains(t, err, "timed out after 5s")
		require.Equal(t, uint64(1), link.Stats(BToA).Cut)
	})
}

// TestDuplicateAddressProbe: a host defends its addresses.
func TestDuplicateAddressProbe(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, b := pair(t, w)
		seen := record(w, func(e Event) bool { return e.Node == "b" && e.Verdict == Sent })
		i := a.Interface("eth0")
		a.lock()
		i.sendND(packet.NDFields{Type: packet.ICMPv6NeighborSol, Target: addr("fd00::2")},
			netip.IPv6Unspecified(), packet.SolicitedNode(addr("fd00::2")), nil, 0)
		i.sendARP(packet.ARPFields{Op: packet.ARPRequest, SenderMAC: i.mac, SenderIP: netip.IPv4Unspecified(), TargetIP: addr("10.0.0.2")},
			packet.BroadcastMAC, 0)
		a.unlock()
		require.NoError(t, w.Settle(t.Context()))
		require.Equal(t, "3ns b/eth0 sent b#1 because of a#1\n3ns b/eth0 sent b#2 because of a#2", seen.text())
		require.Empty(t, b.Interface("eth0").Neighbors(), "nothing is learned from nobody")
	})
}

// TestOverlappingFragments: fragments that contradict each other end the packet.
func TestOverlappingFragments(t *testing.T) {
	t.Parallel()
	in := func(off, n int, more bool) *inPacket {
		return &inPacket{frag: true, fragOff: off, fragMore: more, payload: make([]byte, n), ip: make([]byte, 20+n)}
	}
	for _, tt := range []struct {
		name  string
		parts []*inPacket
		want  []bool
		whole bool
	}{
		{"in order", []*inPacket{in(0, 8, true), in(8, 8, true), in(16, 3, false)}, []bool{true, true, true}, true},
		{"backwards", []*inPacket{in(16, 3, false), in(8, 8, true), in(0, 8, true)}, []bool{true, true, true}, true},
		{"duplicate", []*inPacket{in(0, 8, true), in(0, 8, true), in(8, 3, false)}, []bool{true, true, true}, true},
		{"gap", []*inPacket{in(0, 8, true), in(16, 3, false)}, []bool{true, true}, false},
		{"overlap behind", []*inPacket{in(0, 16, true), in(8, 8, false)}, []bool{true, false}, false},
		{"overlap before", []*inPacket{in(8, 8, false), in(0, 16, true)}, []bool{true, false}, false},
		{"two ends", []*inPacket{in(8, 8, false), in(16, 8, false)}, []bool{true, false}, false},
		{"odd middle", []*inPacket{in(0, 7, true)}, []bool{false}, false},
		{"too long", []*inPacket{in(65528, 100, false)}, []bool{false}, false},
		{"beyond the end", []*inPacket{in(8, 8, false), in(16, 8, true), in(0, 8, true)}, []bool{true, true, true}, false},
	} {
		r := &reassembly{total: -1}
		var got []bool
		for _, p := range tt.parts {
			got = append(got, r.add(p))
		}
		require.Equal(t, tt.want, got, tt.name)
		refused := slices.Contains(got, false) // then all is forgotten
		require.Equal(t, tt.whole, !refused && r.whole() != nil, tt.name)
	}
}

// TestUnfollowed: without trace ids packets go the same way.
func TestUnfollowed(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		w.SetFollow(false)
		a, _ := pair(t, w)
		r, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2")})
		require.NoError(t, err)
		require.Zero(t, r.Results[0].Trace)
		require.Equal(t, "seq 1: 56 bytes from 10.0.0.2 ttl 64 time 9ns\n1 sent, 1 received", r.String())
	})
}

// TestBoundSockets: a socket bound to an interface hears of its own errors and
// of nothing from elsewhere.
func TestBoundSockets(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		s1, s2 := newSegmentT(t, w, "s1"), newSegmentT(t, w, "s2")
		pod := lanHost(t, w, s1, "pod", "10.0.1.1/24")
		plug(t, s2, pod, "net1", "10.0.2.1/24")
		x, y := lanHost(t, w, s1, "x", "10.0.1.2/24"), lanHost(t, w, s2, "y", "10.0.2.2/24")
		_, _, err := pod.ExchangeUDP(t.Context(), addrPort("10.0.2.2:9"), nil, 0, SocketOptions{Interface: "net1"})
		require.ErrorIs(t, err, ErrRefused)
		_, err = pod.HandleUDP(addrPort("[::]:53"), SocketOptions{Interface: "net1"}, whoami)
		require.NoError(t, err)
		reply, _, err := y.ExchangeUDP(t.Context(), addrPort("10.0.2.1:53"), nil, 0, SocketOptions{})
		require.NoError(t, err)
		require.Equal(t, "10.0.2.2 on net1", string(reply.Data))
		_, _, err = x.ExchangeUDP(t.Context(), addrPort("10.0.1.1:53"), nil, 0, SocketOptions{})
		require.ErrorIs(t, err, ErrRefused)
		l, err := pod.ListenTCP(addrPort("[::]:80"), SocketOptions{Interface: "net1"})
		require.NoError(t, err)
		_, err = x.DialTCP(t.Context(), addrPort("10.0.1.1:80"), SocketOptions{})
		require.ErrorIs(t, err, ErrRefused)
		c, err := y.DialTCP(t.Context(), addrPort("10.0.2.1:80"), SocketOptions{SrcPort: 4444})
		require.NoError(t, err)
		server, err := l.AcceptTCP(t.Context())
		require.NoError(t, err)
		require.Equal(t, "10.0.2.2:4444", server.RemoteAddr().String())
		require.Equal(t, uint8(64), c.PeerTTL())
		require.NoError(t, c.SetDeadline(time.Now().Add(time.Second)))
		_, err = c.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
}

// TestUnknownProtocol: the sender of what nobody speaks is told.
func TestUnknownProtocol(t *testing.T) {
	t.Parallel()
	for _, dst := range []string{"10.0.0.1", "fd00::1"} {
		bubbleT(t, dst, func(t *testing.T, w *World) {
			in, _ := arena(t, w)
			var got []string
			in.SetReceiver(receiver{frames: func(f packet.Frame) {
				eth := packet.Ethernet(f.Data)
				switch eth.Type() {
				case packet.EtherTypeIPv4:
					if p := packet.IPv4(eth.Payload()); p.Protocol() == packet.ProtoICMP {
						got = append(got, fmt.Sprint(p.Payload()[:2]))
					}
				case packet.EtherTypeIPv6:
					if p := packet.IPv6(eth.Payload()); p.Payload()[0] < 128 {
						got = append(got, fmt.Sprint(p.Payload()[:2], packet.Uint32(p.Payload(), 4)))
					}
				}
			}})
			h := w.Host("h")
			mac := packet.MAC{2, 0, 0, 0, 0, 9}
			require.NoError(t, h.Interface("eth0").AddNeighbor(addr("10.0.0.9"), mac))
			require.NoError(t, h.Interface("eth0").AddNeighbor(addr("fd00::9"), mac))
			frame := frameFor(dst, 9, 53)
			if addr(dst).Is4() {
				frame[packet.EthernetLen+9] = 99
				packet.IPv4(frame[packet.EthernetLen:]).UpdateChecksum()
			} else {
				frame[packet.EthernetLen+6] = 99
			}
			in.Transmit([]packet.Frame{{Data: frame}})
			require.NoError(t, w.Settle(t.Context()))
			require.Equal(t, map[string][]string{"10.0.0.1": {"[3 2]"}, "fd00::1": {"[4 1] 6"}}[dst], got)
		})
	}
}
