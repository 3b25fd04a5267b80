package vnet

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ipFixture is an instance with two Ethernet interfaces of indexes 1, up, and
// 2, down.
func ipFixture(t *testing.T) *Main {
	t.Helper()
	m, err := New(nil)
	require.NoError(t, err)
	for _, name := range []string{"eth1", "eth2"} {
		_, err := m.AddInterface(InterfaceSpec{Name: name, Device: &DeviceClass{Name: "test"}, Class: ClassEthernet,
			MAC: packet.MAC{2, 0, 0, 0, 0, name[3]}})
		require.NoError(t, err)
	}
	require.NoError(t, m.SetAdminUp(1, true))
	return m
}

// TestAddressAnswers holds the answers that VPP 26.06 gave to the same calls.
func TestAddressAnswers(t *testing.T) {
	t.Parallel()
	m := ipFixture(t)
	for _, c := range []struct {
		swIf   uint32
		add    bool
		prefix string
		want   error
	}{
		{999, true, "10.0.0.1/24", ErrInvalidSwIfIndex},
		{0, true, "10.66.0.1/24", ErrUnsupported},
		{1, true, "10.0.0.1/24", nil},
		{1, true, "10.0.0.1/24", ErrAddressInUse},
		{1, true, "10.0.0.1/25", ErrAddressInUse},
		{1, true, "10.0.0.2/24", nil},
		{1, true, "10.0.0.3/32", ErrAddressInUse},
		{2, true, "10.0.0.9/24", ErrAddressInUse},
		{2, true, "10.0.0.9/16", ErrAddressInUse},
		{1, false, "10.9.9.9/24", ErrAddressNotFoundForInterface},
		{2, false, "10.0.0.1/24", ErrAddressNotFoundForInterface},
		{1, false, "10.0.0.1/25", nil},
		{1, false, "10.0.0.1/24", ErrAddressNotFoundForInterface},
		{1, true, "fd00::1/64", nil},
		{1, true, "fd00::1/64", ErrDuplicateIfAddress},
		{2, true, "fd00::2/64", ErrDuplicateIfAddress},
		{1, true, "fe80::1/64", ErrAddressLengthMismatch},
		{1, true, "fe80::1/128", nil},
		{1, false, "fe80::1/128", ErrAddressNotDeletable},
		{1, false, "fd99::1/64", ErrAddressNotFoundForInterface},
	} {
		pfx, err := netip.MustParsePrefix(c.prefix), error(nil)
		if c.add {
			err = m.AddAddress(c.swIf, pfx)
		} else {
			err = m.DeleteAddress(c.swIf, pfx)
		}
		require.ErrorIs(t, err, c.want, "add %v %s on %d", c.add, c.prefix, c.swIf)
	}
}

// TestNothingIsLeft configures much on an interface and deletes it.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	m := ipFixture(t)
	fresh := m.FIB.Usage()
	m.AddTable(fib.IP4, 10, "", true)
	m.AddTable(fib.IP6, 10, "", true)
	require.NoError(t, m.SetTable(fib.IP4, 1, 10))
	require.NoError(t, m.SetTable(fib.IP6, 1, 10))
	require.NoError(t, m.AddAddress(1, netip.MustParsePrefix("10.0.0.1/24")))
	require.NoError(t, m.AddAddress(1, netip.MustParsePrefix("fd00::1/64")))
	require.ErrorIs(t, m.SetTable(fib.IP4, 1, 0), ErrAddressFoundForInterface)
	require.ErrorIs(t, m.SetUnnumbered(2, 1, true), ErrUnexpectedIntfState)
	require.NoError(t, m.SetTable(fib.IP4, 2, 10))
	require.NoError(t, m.SetTable(fib.IP6, 2, 10))
	require.NoError(t, m.SetUnnumbered(2, 1, true))
	require.ErrorIs(t, m.EnableIP6(1), ErrValueExist)
	for _, a := range []string{"10.0.0.2", "fd00::2", "fe80::2"} {
		require.NoError(t, m.AddNeighbor(1, netip.MustParseAddr(a), packet.MAC{2, 0, 0, 0, 0, 9}, NeighborStatic))
	}
	m.DeleteTable(fib.IP4, 10)
	m.DeleteTable(fib.IP6, 10)
	_, there := m.FIB.FindTable(fib.IP4, 10)
	require.True(t, there, "interfaces keep the table")
	require.NoError(t, m.DeleteInterface(1))
	require.NoError(t, m.DeleteInterface(2))
	_, there = m.FIB.FindTable(fib.IP4, 10)
	require.False(t, there)
	require.Equal(t, fresh, m.FIB.Usage())
}

// TestTableNumbers are the first that VPP gives after a start.
func TestTableNumbers(t *testing.T) {
	t.Parallel()
	m := ipFixture(t)
	var got []uint32
	for _, p := range []fib.Proto{fib.IP4, fib.IP4, fib.IP4, fib.IP6, fib.IP6} {
		id, err := m.AllocateTable(p, vlib.InvalidIndex, "")
		require.NoError(t, err)
		got = append(got, id)
	}
	require.Equal(t, []uint32{1013904223, 1196435762, 3519870697, 2868466484, 1649599747}, got)
}

// TestNeighborsAge: a dynamic neighbour that nobody confirms is asked three
// times and goes; a static one stays.
func TestNeighborsAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ipFixture(t)
		m.Lock()
		require.NoError(t, m.AddAddress(1, netip.MustParsePrefix("10.0.0.1/24")))
		m.SetNeighborConfig(fib.IP4, NeighborConfig{Limit: 10, Age: 30})
		mac, learned, static := packet.MAC{2, 0, 0, 0, 0, 9}, netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.3")
		require.NoError(t, m.AddNeighbor(1, learned, mac, 0))
		require.NoError(t, m.AddNeighbor(1, static, mac, NeighborStatic))
		sleepUnlocked(m, 32*time.Second)
		require.NotNil(t, m.Neighbor(1, learned), "it is still being asked")
		sleepUnlocked(m, 10*time.Second)
		require.Nil(t, m.Neighbor(1, learned))
		require.NotNil(t, m.Neighbor(1, static))
		_, there := m.FIB.Find(0, netip.PrefixFrom(learned, 32))
		require.False(t, there)
		m.Unlock()
		require.NoError(t, m.Close())
	})
}

// sleepUnlocked lets a caller who owns the instance wait while its timers take
// their turn.
func sleepUnlocked(m *Main, d time.Duration) {
	m.Unlock()
	time.Sleep(d)
	synctest.Wait()
	m.Lock()
}

// TestIP6Answers holds the answers that VPP 26.06 gave to the same calls.
func TestIP6Answers(t *testing.T) {
	t.Parallel()
	m := ipFixture(t)
	addr, pfx := netip.MustParseAddr, netip.MustParsePrefix
	prefix := func(p string, valid, preferred uint32, remove bool) error {
		return m.SetRAPrefix(1, RAPrefix{Prefix: pfx(p), Valid: valid, Preferred: preferred}, false, remove)
	}
	require.NoError(t, m.EnableIP6(1))
	for _, c := range []struct {
		name      string
		got, want error
	}{
		{"prefix preferred longer than valid", prefix("fd33::/64", 10, 20, false), nil},
		{"the same address, another length", prefix("fd33::/63", 10, 20, false), ErrInvalidValue2},
		{"remove another length", prefix("fd33::/63", 0, 0, true), ErrInvalidValue2},
		{"remove", prefix("fd33::/64", 0, 0, true), nil},
		{"remove again", prefix("fd33::/64", 0, 0, true), ErrInvalidValue},
		{"link-local address", m.SetLinkLocal(1, addr("fe80::77")), nil},
		{"link-local address of no interface", m.SetLinkLocal(999, addr("fe80::77")), ErrInvalidSwIfIndex},
		{"link-local address that is not", m.SetLinkLocal(1, addr("fd00::1")), nil},
		{"link-local address where IPv6 is off", m.SetLinkLocal(2, addr("fe80::1")), nil},
	} {
		require.ErrorIs(t, c.got, c.want, c.name)
	}
	require.Equal(t, addr("fd00::1"), m.LinkLocal(1))
	require.Equal(t, addr("fe80::1"), m.LinkLocal(2))
}

// TestFlushTakesStatic: ip_neighbor_flush removes static neighbours too, those
// of the other protocol stay.
func TestFlushTakesStatic(t *testing.T) {
	t.Parallel()
	m := ipFixture(t)
	for _, a := range []string{"10.0.0.2", "10.0.0.3", "fd00::2"} {
		require.NoError(t, m.AddNeighbor(1, netip.MustParseAddr(a), packet.MAC{2, 0, 0, 0, 0, 9}, NeighborStatic))
	}
	m.FlushNeighbors(fib.IP4, vlib.InvalidIndex)
	require.Nil(t, m.Neighbor(1, netip.MustParseAddr("10.0.0.2")))
	require.Nil(t, m.Neighbor(1, netip.MustParseAddr("10.0.0.3")))
	require.NotNil(t, m.Neighbor(1, netip.MustParseAddr("fd00::2")))
}

// TestErrorSource: which address ICMP errors come from.
func TestErrorSource(t *testing.T) {
	t.Parallel()
	m := ipFixture(t)
	require.NoError(t, m.EnableIP6(1))
	source := func(dst string) string {
		a, _ := m.errorSource(1, netip.MustParseAddr(dst))
		return a.String()
	}
	require.Equal(t, []string{"invalid IP", "invalid IP", m.LinkLocal(1).String()},
		[]string{source("10.0.0.2"), source("fd00::2"), source("fe80::2")}, "no address but the link-local one")
	for _, p := range []string{"10.0.0.1/24", "10.1.0.1/24", "fd00::1/64", "fd00:1::1/64"} {
		require.NoError(t, m.AddAddress(1, netip.MustParsePrefix(p)))
	}
	require.Equal(t, []string{"10.0.0.1", "10.1.0.1", "10.1.0.1", "fd00::1", "fd00:1::1", "fd00::1"},
		[]string{source("10.0.9.9"), source("10.1.0.9"), source("10.1.9.9"), source("fd00::9"), source("fd00:1:2::9"), source("2001:db8::1")})
}

// TestARPOff: an interface that had IPv4 refuses ARP, one that never had has no
// feature for it.
func TestARPOff(t *testing.T) {
	t.Parallel()
	m := ipFixture(t)
	is := func(feature string) bool {
		on, err := m.FeatureEnabled("arp", feature, 1)
		require.True(t, err == nil || !m.HasFeatures("arp", 1), "%v", err)
		return on && err == nil
	}
	a := netip.MustParsePrefix("10.0.0.1/24")
	require.Equal(t, []bool{false, false}, []bool{is("arp-reply"), is("arp-disabled")})
	require.NoError(t, m.AddAddress(1, a))
	require.Equal(t, []bool{true, false}, []bool{is("arp-reply"), is("arp-disabled")})
	require.NoError(t, m.DeleteAddress(1, a))
	require.Equal(t, []bool{false, true}, []bool{is("arp-reply"), is("arp-disabled")})
}
