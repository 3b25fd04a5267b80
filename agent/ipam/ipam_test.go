package ipam

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/k8snetworkplumbingwg/whereabouts/pkg/allocate"
	whereabouts "github.com/k8snetworkplumbingwg/whereabouts/pkg/types"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	dynamicfake "k8s.io/client-go/dynamic/fake"
)

func client() dynamic.Interface {
	return dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{Resource: Kind + "List"})
}

func owner(pod, node string) Owner {
	return Owner{Pod: "default/" + pod, Interface: "eth1", Container: "sandbox-" + pod, Node: node}
}

func reserve(t *testing.T, a *Allocator, network, r string, o Owner) string {
	t.Helper()
	address, err := a.Reserve(t.Context(), network, netip.MustParsePrefix(r), o)
	require.NoError(t, err)
	return address.String()
}

func TestReserve(t *testing.T) {
	t.Parallel()
	a := New(client())
	require.Equal(t, "10.0.0.1", reserve(t, a, "blue", "10.0.0.0/29", owner("a", "n1")))
	require.Equal(t, "10.0.0.2", reserve(t, a, "blue", "10.0.0.0/29", owner("b", "n1")))
	require.Equal(t, "10.0.0.1", reserve(t, a, "red", "10.0.0.0/29", owner("a", "n1")), "networks overlap")
	require.Equal(t, "fd00::1", reserve(t, a, "blue", "fd00::/64", owner("a", "n1")), "one pod has addresses of both families")
	require.Equal(t, "10.0.0.1", reserve(t, a, "blue", "10.0.0.0/29", owner("a", "n1")), "asked again")
	require.NoError(t, a.Release(t.Context(), "blue", netip.MustParseAddr("10.0.0.1"), "another sandbox"))
	require.Equal(t, "10.0.0.3", reserve(t, a, "blue", "10.0.0.0/29", owner("c", "n1")), "released by one that had it not")
	require.NoError(t, a.Release(t.Context(), "blue", netip.MustParseAddr("10.0.0.1"), "sandbox-a"))
	require.NoError(t, a.Release(t.Context(), "blue", netip.MustParseAddr("10.0.0.1"), "sandbox-a"), "released again")
	require.Equal(t, "10.0.0.1", reserve(t, a, "blue", "10.0.0.0/29", owner("d", "n1")), "the lowest free one")
	for _, want := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		require.Equal(t, want, reserve(t, a, "blue", "10.0.0.0/29", owner("pod-"+want, "n1")))
	}
	_, err := a.Reserve(t.Context(), "blue", netip.MustParsePrefix("10.0.0.0/29"), owner("e", "n1"))
	require.ErrorIs(t, err, ErrExhausted)
	require.ErrorContains(t, err, "network blue: no free address in 10.0.0.0/29")
}

// TestSeveralAllocators has agents in different processes, which see each other's reservations late or never.
func TestSeveralAllocators(t *testing.T) {
	t.Parallel()
	c := client()
	var agents []*Allocator
	for range 4 {
		agents = append(agents, New(c))
	}
	seen := map[string]bool{}
	for i := range 12 {
		got := reserve(t, agents[i%4], "blue", "10.0.0.0/28", owner(fmt.Sprint(i), "n"))
		require.Equal(t, fmt.Sprintf("10.0.0.%d", i+1), got)
		require.False(t, seen[got])
		seen[got] = true
	}
	require.Equal(t, "10.0.0.13", reserve(t, agents[0], "blue", "10.0.0.0/28", owner("x", "n")))
	require.Equal(t, "10.0.0.14", reserve(t, agents[0], "blue", "10.0.0.0/28", owner("y", "n")))
	require.NoError(t, agents[0].Release(t.Context(), "blue", netip.MustParseAddr("10.0.0.5"), "sandbox-4"), "reserved by another agent")
	require.Equal(t, "10.0.0.5", reserve(t, agents[1], "blue", "10.0.0.0/28", owner("z", "n")), "found by asking the API server when all seem taken")
}

func TestAnotherSandboxAndNode(t *testing.T) {
	t.Parallel()
	c := client()
	a := New(c)
	require.Equal(t, "10.0.0.1", reserve(t, a, "blue", "10.0.0.0/28", owner("a", "n1")))
	moved := owner("a", "n2")
	moved.Container = "second"
	require.Equal(t, "10.0.0.1", reserve(t, a, "blue", "10.0.0.0/28", moved))
	o, err := c.Resource(Resource).Namespace(Namespace).Get(t.Context(), "blue-10.0.0.1", metav1.GetOptions{})
	require.NoError(t, err)
	r, ok := parse(o)
	require.True(t, ok)
	require.Equal(t, Reservation{"blue", netip.MustParseAddr("10.0.0.1"), moved}, r)
	require.NoError(t, a.Release(t.Context(), "blue", netip.MustParseAddr("10.0.0.1"), "sandbox-a"))
	all, err := a.All(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1, "the first sandbox has no say any more")
}

func TestObserve(t *testing.T) {
	t.Parallel()
	a := New(client())
	r := Reservation{"blue", netip.MustParseAddr("fd00::1"), owner("a", "n1")}
	a.Observe(object(r))
	require.Equal(t, "fd00::2", reserve(t, a, "blue", "fd00::/64", owner("b", "n1")))
	require.Equal(t, "fd00::1", reserve2(t, a, r.Owner), "what a former process reserved")
	a.Forget(object(r))
	all, err := a.All(t.Context())
	require.NoError(t, err)
	require.Equal(t, []Reservation{{"blue", netip.MustParseAddr("fd00::2"), owner("b", "n1")}}, all)
}

func reserve2(t *testing.T, a *Allocator, o Owner) string {
	return reserve(t, a, "blue", "fd00::/64", o)
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	a := New(client())
	<-a.lock // somebody is at it
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.Reserve(ctx, "blue", netip.MustParsePrefix("10.0.0.0/28"), owner("a", "n1"))
	require.ErrorIs(t, err, context.Canceled)
}

func TestObjectNames(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"10.0.0.1": "blue-10.0.0.1", "fd00::1": "blue-fd00--1", "::1": "blue-0--1", "fd00::": "blue-fd00--0"} {
		r := Reservation{"blue", netip.MustParseAddr(address), owner("a", "n1")}
		o := object(r)
		require.Equal(t, want, o.GetName())
		back, ok := parse(o)
		require.True(t, ok)
		require.Equal(t, r, back)
	}
	o := object(Reservation{"blue", netip.MustParseAddr("10.0.0.1"), Owner{}})
	o.SetAnnotations(nil)
	_, ok := parse(o)
	require.False(t, ok, "whereabouts' own")
}

// FuzzLowest compares the choice of addresses with whereabouts'.
func FuzzLowest(f *testing.F) {
	f.Add([]byte{10, 0, 0, 0}, 29, uint16(0b101))
	f.Add([]byte(net.ParseIP("fd00::")), 124, uint16(0xffff))
	f.Add([]byte{10, 0, 0, 200}, 30, uint16(0b11))
	f.Fuzz(func(t *testing.T, ip []byte, bits int, taken uint16) {
		address, ok := netip.AddrFromSlice(ip)
		if !ok || address.Is4In6() || bits < 8 || bits > address.BitLen()-2 {
			t.Skip()
		}
		r := netip.PrefixFrom(address, bits).Masked()
		reserved := map[netip.Addr]bool{}
		var list []whereabouts.IPReservation
		next := r.Addr()
		for i := range 16 {
			if taken&(1<<i) != 0 {
				reserved[next] = true
				list = append(list, whereabouts.IPReservation{IP: next.AsSlice()})
			}
			next = next.Next()
		}
		want, _, err := allocate.IterateForAssignment(net.IPNet{IP: r.Addr().AsSlice(), Mask: net.CIDRMask(bits, address.BitLen())}, nil, nil, list, nil, "", "", "")
		got, ok := Lowest(r, func(a netip.Addr) bool { return reserved[a] })
		require.Equal(t, err == nil, ok)
		if ok {
			require.Equal(t, want.String(), got.String())
		}
	})
}
