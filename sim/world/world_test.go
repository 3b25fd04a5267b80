package world

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/vpptwin/vpptwin/sim/packet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bubble runs f with a world in virtual time and closes the world.
func bubble(t *testing.T, f func(t *testing.T, w *World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := New(1)
		defer func() { require.NoError(t, w.Close()) }()
		f(t, w)
	})
}

func addr(s string) netip.Addr         { return netip.MustParseAddr(s) }
func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// lanHost makes a host with one Ethernet interface eth0 on a segment.
func lanHost(t *testing.T, w *World, s *Segment, name string, prefixes ...string) *Host {
	t.Helper()
	h, err := w.NewHost(HostConfig{Name: name})
	require.NoError(t, err)
	plug(t, s, h, "eth0", prefixes...)
	return h
}

// plug gives a host an interface on a segment.
func plug(t *testing.T, s *Segment, h *Host, name string, prefixes ...string) *Interface {
	t.Helper()
	i, err := h.AddInterface(InterfaceConfig{Name: name})
	require.NoError(t, err)
	for _, p := range prefixes {
		require.NoError(t, i.AddAddress(netip.MustParsePrefix(p)))
	}
	if s != nil {
		_, err = s.Attach(i.NIC(), LinkConfig{})
		require.NoError(t, err)
	}
	return i
}

func newSegmentT(t *testing.T, w *World, name string) *Segment {
	t.Helper()
	s, err := w.NewSegment(name, 0)
	require.NoError(t, err)
	return s
}

// pair is two hosts a and b on one segment, with both families.
func pair(t *testing.T, w *World) (a, b *Host) {
	t.Helper()
	s := newSegmentT(t, w, "lan")
	return lanHost(t, w, s, "a", "10.0.0.1/24", "fd00::1/64"), lanHost(t, w, s, "b", "10.0.0.2/24", "fd00::2/64")
}

// routed is a -- r -- b, each side its own segment, with both families.
func routed(t *testing.T, w *World) (a, r, b *Host) {
	t.Helper()
	s1, s2 := newSegmentT(t, w, "s1"), newSegmentT(t, w, "s2")
	a = lanHost(t, w, s1, "a", "10.0.1.1/24", "fd00:1::1/64")
	b = lanHost(t, w, s2, "b", "10.0.2.1/24", "fd00:2::1/64")
	r, err := w.NewHost(HostConfig{Name: "r", Forwarding: true})
	require.NoError(t, err)
	plug(t, s1, r, "eth0", "10.0.1.254/24", "fd00:1::fe/64")
	plug(t, s2, r, "eth1", "10.0.2.254/24", "fd00:2::fe/64")
	for _, gw := range []string{"10.0.1.254", "fd00:1::fe"} {
		require.NoError(t, a.AddDefault(addr(gw), ""))
	}
	for _, gw := range []string{"10.0.2.254", "fd00:2::fe"} {
		require.NoError(t, b.AddDefault(addr(gw), ""))
	}
	return a, r, b
}

// recorder keeps what observers are told, one line per event.
type recorder struct {
	w     *World
	mu    sync.Mutex
	lines []string
	keep  func(Event) bool
}

func record(w *World, keep func(Event) bool) *recorder {
	r := &recorder{w: w, keep: keep}
	w.AddObserver(r)
	return r
}

func (r *recorder) Observe(e Event) {
	if r.keep != nil && !r.keep(e) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	line := fmt.Sprintf("%v %s/%s %v %s", e.Time.Sub(r.w.epoch), e.Node, e.Interface, e.Verdict, r.w.TraceName(e.Frame.Trace))
	if e.Cause != 0 {
		line += " because of " + r.w.TraceName(e.Cause)
	}
	if e.Reason != "" {
		line += ": " + string(e.Reason)
	}
	r.lines = append(r.lines, line)
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

// TestIdleDay: a day without traffic runs no timer and takes no real time.
func TestIdleDay(t *testing.T) {
	t.Parallel()
	start := time.Now()
	bubble(t, func(t *testing.T, w *World) {
		a, _ := pair(t, w)
		_, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2")})
		require.NoError(t, err)
		require.NoError(t, w.Settle(t.Context()))
		frames, timers := w.Pending()
		require.Equal(t, [2]int{0, 0}, [2]int{frames, timers})
		time.Sleep(24 * time.Hour)
		r, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2")})
		require.NoError(t, err, r)
	})
	require.Less(t, time.Since(start), 5*time.Second)
}

func TestSegmentLearnsAndFloods(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		s := newSegmentT(t, w, "lan")
		a := lanHost(t, w, s, "a", "10.0.0.1/24")
		lanHost(t, w, s, "b", "10.0.0.2/24")
		lanHost(t, w, s, "c", "10.0.0.3/24")
		seen := record(w, func(e Event) bool { return e.Node == "c" && e.Verdict == Received })
		_, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2"), Count: 3})
		require.NoError(t, err)
		require.Equal(t, "3ns c/eth0 received a#2", seen.text(), "c sees the broadcast request and nothing else")
	})
}

func TestSegmentMTU(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, _ := pair(t, w)
		w.Segment("lan").SetMTU(1000)
		_, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2"), Size: 972})
		require.NoError(t, err)
		_, err = a.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2"), Size: 973})
		require.EqualError(t, err, "ping on host a to 10.0.0.2: echo reply from 10.0.0.2: timed out after 1s")
		require.Equal(t, uint64(1), w.Segment("lan").Oversize())
	})
}

func TestCutAndRestore(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, b := pair(t, w)
		link := b.Interface("eth0").NIC().Link()
		ping := func() error {
			_, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2")})
			return err
		}
		require.NoError(t, ping())
		link.Cut()
		require.False(t, b.Interface("eth0").NIC().Carrier())
		require.ErrorContains(t, ping(), "timed out after 1s")
		require.Empty(t, b.Interface("eth0").Neighbors(), "learned neighbors go with the carrier")
		link.Restore()
		require.NoError(t, ping())
		require.True(t, b.Interface("eth0").NIC().Carrier())
	})
}

// TestLinkState: a receiver learns the state of its link, on both ends.
func TestLinkState(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		var log []string
		end := func(name string) *NIC {
			n, err := w.NewNIC(NICConfig{Node: name, Name: "x"})
			require.NoError(t, err)
			n.SetReceiver(receiver{link: func(up bool) { log = append(log, fmt.Sprint(name, " ", up)) }})
			return n
		}
		a, b := end("a"), end("b")
		settle := func() { time.Sleep(time.Millisecond); synctest.Wait() }
		settle()
		l, err := w.Connect(a, b, LinkConfig{})
		require.NoError(t, err)
		settle()
		l.Cut()
		settle()
		l.Restore()
		settle()
		require.NoError(t, b.Close())
		settle()
		for _, want := range [][]string{{"a false", "b false"}, {"a true", "b true"}, {"a false", "b false"}, {"a true", "b true"}, {"a false"}} {
			require.ElementsMatch(t, want, log[:len(want)])
			log = log[len(want):]
		}
		require.Empty(t, log)
		_, err = w.Connect(a, b, LinkConfig{})
		require.EqualError(t, err, "attach b/x: closed")
	})
}

type receiver struct {
	frames func(packet.Frame)
	link   func(bool)
}

func (r receiver) Receive(frames ...packet.Frame) {
	for _, f := range frames {
		if r.frames != nil {
			r.frames(f)
		}
	}
}

func (r receiver) SetLink(up bool) {
	if r.link != nil {
		r.link(up)
	}
}

// TestNeverRecursive: a receiver that transmits at once is not called again
// before it returns.
func TestNeverRecursive(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, err := w.NewNIC(NICConfig{Node: "a", Name: "x", L3: true})
		require.NoError(t, err)
		b, err := w.NewNIC(NICConfig{Node: "b", Name: "x", L3: true})
		require.NoError(t, err)
		depth, count := 0, 0
		bounce := func(n *NIC) receiver {
			return receiver{frames: func(f packet.Frame) {
				depth++
				require.Equal(t, 1, depth)
				if count++; count < 1000 {
					n.Transmit([]packet.Frame{f})
				}
				depth--
			}}
		}
		a.SetReceiver(bounce(a))
		b.SetReceiver(bounce(b))
		_, err = w.Connect(a, b, LinkConfig{})
		require.NoError(t, err)
		a.Transmit([]packet.Frame{{Data: []byte{1}}})
		require.NoError(t, w.Settle(t.Context()))
		require.Equal(t, 1000, count)
	})
}

// TestSameSeedSameResult: an impaired network behaves the same each time, to
// the nanosecond, with several goroutines sending; another seed differs.
func TestSameSeedSameResult(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (text string) {
		synctest.Test(t, func(t *testing.T) {
			w := New(seed)
			defer w.Close()
			s := newSegmentT(t, w, "lan")
			imp := Impairment{Delay: time.Millisecond, Jitter: time.Millisecond, Loss: 0.1, Duplicate: 0.1, Reorder: 0.2}
			var hosts []*Host
			for n := range 6 {
				h, err := w.NewHost(HostConfig{Name: fmt.Sprint("h", n)})
				require.NoError(t, err)
				i := plug(t, nil, h, "eth0", fmt.Sprintf("10.0.0.%d/24", n+1))
				_, err = s.Attach(i.NIC(), LinkConfig{Impairment: imp})
				require.NoError(t, err)
				hosts = append(hosts, h)
			}
			seen := record(w, nil)
			var wg sync.WaitGroup
			for n, h := range hosts {
				wg.Go(func() {
					_, _ = h.Ping(t.Context(), PingOptions{Dst: addr(fmt.Sprintf("10.0.0.%d", (n+1)%6+1)), Count: 50, Interval: 10 * time.Millisecond})
				})
			}
			wg.Wait()
			text = seen.text()
		})
		return text
	}
	first := run(7)
	require.Greater(t, strings.Count(first, "\n"), 1000)
	for range 3 {
		requireSameText(t, first, run(7))
	}
	require.NotEqual(t, hashName(first), hashName(run(8)))
}

// requireSameText shows the first differing line, not pages of them.
func requireSameText(t *testing.T, want, have string) {
	t.Helper()
	w, h := strings.Split(want, "\n"), strings.Split(have, "\n")
	for n := range min(len(w), len(h)) {
		require.Equal(t, w[n], h[n], "line %d", n)
	}
	require.Len(t, h, len(w))
}

// TestLinkDrawsAreItsOwn: one link's luck does not depend on another's traffic.
func TestLinkDrawsAreItsOwn(t *testing.T) {
	t.Parallel()
	run := func(other bool) (text string) {
		bubble(t, func(t *testing.T, w *World) {
			s := newSegmentT(t, w, "lan")
			a, b, c := lanHost(t, w, s, "a", "10.0.0.1/24"), lanHost(t, w, s, "b", "10.0.0.2/24"), lanHost(t, w, s, "c", "10.0.0.3/24")
			for n, h := range []*Host{a, b, c} { // so that nothing is flooded later
				require.NoError(t, h.Interface("eth0").Announce(addr(fmt.Sprintf("10.0.0.%d", n+1))))
				for m, o := range []*Host{a, b, c} {
					require.NoError(t, h.Interface("eth0").AddNeighbor(addr(fmt.Sprintf("10.0.0.%d", m+1)), o.Interface("eth0").MAC()))
				}
			}
			require.NoError(t, w.Settle(t.Context()))
			for _, h := range []*Host{b, c} {
				require.NoError(t, h.Interface("eth0").NIC().Link().SetImpairment(BToA, Impairment{Loss: 0.5}))
			}
			if other {
				_, _ = c.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.1"), Count: 20})
			}
			r, err := a.Ping(t.Context(), PingOptions{Dst: addr("10.0.0.2"), Count: 40})
			require.NoError(t, err)
			for _, p := range r.Results {
				text += fmt.Sprint(p.Err == nil, " ")
			}
		})
		return text
	}
	require.Contains(t, run(false), "false")
	require.Equal(t, run(false), run(true))
}

func TestNames(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, _ := pair(t, w)
		_, err := w.NewHost(HostConfig{Name: "a"})
		require.EqualError(t, err, "host a: the name is taken")
		_, err = w.NewHost(HostConfig{Name: "c", ID: 1})
		require.EqualError(t, err, "host c: number 1 is that of host a")
		_, err = a.AddInterface(InterfaceConfig{Name: "eth0"})
		require.EqualError(t, err, "host a: nic a/eth0: the name is taken")
		_, err = w.NewSegment("lan", 0)
		require.EqualError(t, err, "segment lan: the name is taken")
		require.Equal(t, "02:fe:00:00:01:01", a.Interface("eth0").MAC().String())
		require.NotNil(t, w.Link("a/eth0--lan"))
		require.Nil(t, w.Link("nowhere"))
		require.NoError(t, a.Close())
		require.Nil(t, w.Host("a"))
		require.Nil(t, w.Link("a/eth0--lan"))
		_, err = w.NewHost(HostConfig{Name: "a", ID: 1})
		require.NoError(t, err)
	})
}

// TestCloseEndsCalls: whoever waits is told when the world ends.
func TestCloseEndsCalls(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		a, b := pair(t, w)
		l, err := b.ListenTCP(addrPort("[::]:80"), SocketOptions{})
		require.NoError(t, err)
		u, err := b.ListenUDP(addrPort("[::]:53"), SocketOptions{})
		require.NoError(t, err)
		c, err := a.DialTCP(t.Context(), addrPort("10.0.0.2:80"), SocketOptions{})
		require.NoError(t, err)
		_, err = l.Accept()
		require.NoError(t, err)
		ctx := context.Background()
		errs := make(chan error, 5)
		go func() { _, err := l.Accept(); errs <- err }()
		go func() { _, err := u.Receive(ctx); errs <- err }()
		go func() { _, err := c.Read(make([]byte, 1)); errs <- err }()
		go func() { _, err := a.Ping(ctx, PingOptions{Dst: addr("10.0.0.99"), Timeout: time.Hour}); errs <- err }()
		go func() { _, err := a.DialTCP(ctx, addrPort("10.0.0.98:1"), SocketOptions{}); errs <- err }()
		synctest.Wait()
		require.NoError(t, w.Close())
		for range 5 {
			require.ErrorIs(t, <-errs, ErrClosed)
		}
	})
}
