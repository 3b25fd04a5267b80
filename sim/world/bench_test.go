package world

import (
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// cpu is the processor time this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCluster builds 60 routers with 10 pods each on one segment and pings
// once from every pod to a pod of the next node, on the real clock.
func BenchmarkCluster(b *testing.B) {
	before := cpu(b)
	for b.Loop() {
		w := New(1)
		if err := clusterPings(b, w); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
}

// clusterOf builds nodes with pods behind layer-3 links.
func clusterOf(w *World, nodes, pods int) (list []*Host, err error) {
	lan, err := w.NewSegment("fabric", 0)
	if err != nil {
		return nil, err
	}
	for n := range nodes {
		node, err := w.NewHost(HostConfig{Name: fmt.Sprint("node", n), Forwarding: true})
		if err != nil {
			return nil, err
		}
		up, err := node.AddInterface(InterfaceConfig{Name: "eth0"})
		if err != nil {
			return nil, err
		}
		if err := up.AddAddress(netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, 0, byte(n + 1)}), 24)); err != nil {
			return nil, err
		}
		if _, err := lan.Attach(up.NIC(), LinkConfig{}); err != nil {
			return nil, err
		}
		for o := range nodes {
			if o != n {
				_ = node.AddRoute(Route{Dst: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(o), 0, 0}), 16),
					Via: netip.AddrFrom4([4]byte{192, 168, 0, byte(o + 1)})})
			}
		}
		for p := range pods {
			pod, err := podOf(w, node, n, p)
			if err != nil {
				return nil, err
			}
			list = append(list, pod)
		}
	}
	return list, nil
}

func podOf(w *World, node *Host, n, p int) (*Host, error) {
	pod, err := w.NewHost(HostConfig{Name: fmt.Sprintf("pod%d-%d", n, p)})
	if err != nil {
		return nil, err
	}
	in, err := pod.AddInterface(InterfaceConfig{Name: "eth0", L3: true})
	if err != nil {
		return nil, err
	}
	a := netip.AddrFrom4([4]byte{10, byte(n), 0, byte(p + 1)})
	if err := in.AddAddress(netip.PrefixFrom(a, 32)); err != nil {
		return nil, err
	}
	tun, err := node.AddInterface(InterfaceConfig{Name: fmt.Sprint("tun", p), L3: true})
	if err != nil {
		return nil, err
	}
	if _, err := w.Connect(in.NIC(), tun.NIC(), LinkConfig{}); err != nil {
		return nil, err
	}
	if err := pod.AddRoute(Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Interface: "eth0"}); err != nil {
		return nil, err
	}
	return pod, node.AddRoute(Route{Dst: netip.PrefixFrom(a, 32), Interface: tun.Name()})
}

// TestCluster: 60 nodes with 10 pods each, one ping from every pod to the next
// node's, all answered.
func TestCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := New(1)
		defer w.Close()
		if err := clusterPings(t, w); err != nil {
			t.Fatal(err)
		}
	})
}

func clusterPings(t testing.TB, w *World) error {
	const nodes, pods = 60, 10
	list, err := clusterOf(w, nodes, pods)
	if err != nil {
		return err
	}
	errs := make(chan error)
	for n, pod := range list {
		dst := netip.AddrFrom4([4]byte{10, byte((n/pods + 1) % nodes), 0, byte(n%pods + 1)})
		go func() {
			_, err := pod.Ping(t.Context(), PingOptions{Dst: dst})
			errs <- err
		}()
	}
	for range list {
		err = joinFirst(err, <-errs)
	}
	return err
}

func joinFirst(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
