package vnet

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// newTestMain returns an instance in a memory environment, owned by the test.
func newTestMain(t *testing.T) (*Main, *MemoryEnvironment) {
	t.Helper()
	env := NewMemoryEnvironment()
	m, err := New(env)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m, env
}

// send injects a packet at the interface's output node and runs the graph.
func send(m *Main, i *Interface, data []byte, flags vlib.Flag) {
	m.Lock()
	b := m.Graph.Alloc(data)
	b.TxSwIf, b.RxSwIf, b.Flags = i.SwIfIndex, 0, flags
	m.Graph.Inject(i.Hw.OutputNode, b)
	m.Unlock()
}

// describe lists interfaces by index: name, nodes, MTU and state.
func describe(m *Main) string {
	var s strings.Builder
	m.Interfaces(func(i *Interface) bool {
		fmt.Fprintf(&s, "%d %s %s %s %s mtu %v admin %v link %v tag %q\n", i.SwIfIndex, i.Name, i.Hw.Device.Name,
			i.Hw.Class.Name, i.Hw.OutputNode.Name, i.MTU, i.AdminUp, i.Hw.LinkUp, i.Tag)
		return true
	})
	return s.String()
}

// TestInterfaceIndexes follows indexes, names and nodes through creation and
// deletion; indexes are reused last in, first out, and nodes go to the next
// interface under new names.
func TestInterfaceIndexes(t *testing.T) {
	t.Parallel()
	m, _ := newTestMain(t)
	for range 3 {
		_, err := m.AddLoopback(packet.MAC{}, nil)
		require.NoError(t, err)
	}
	require.Equal(t, `0 local0 local local local0-output mtu [0 0 0 0] admin false link false tag ""
1 loop0 Loopback Ethernet loop0-output mtu [9000 0 0 0] admin false link false tag ""
2 loop1 Loopback Ethernet loop1-output mtu [9000 0 0 0] admin false link false tag ""
3 loop2 Loopback Ethernet loop2-output mtu [9000 0 0 0] admin false link false tag ""
`, describe(m))
	require.NoError(t, m.SetTag(1, "old"))
	node := m.Interface(1).Hw.OutputNode
	require.NoError(t, m.DeleteLoopback(2))
	require.NoError(t, m.DeleteLoopback(1))
	require.Equal(t, "interface-1-output-deleted", node.Name)
	pg, _, err := m.CreatePG(7, PGIP4)
	require.NoError(t, err)
	require.Same(t, node, pg.Hw.OutputNode)
	_, err = m.AddLoopback(packet.MAC{2, 0, 0, 0, 0, 9}, nil)
	require.NoError(t, err)
	require.Equal(t, `0 local0 local local local0-output mtu [0 0 0 0] admin false link false tag ""
1 pg7 pg PG-tun pg7-output mtu [0 0 0 0] admin true link true tag ""
2 loop0 Loopback Ethernet loop0-output mtu [9000 0 0 0] admin false link false tag ""
3 loop2 Loopback Ethernet loop2-output mtu [9000 0 0 0] admin false link false tag ""
`, describe(m))
	require.NotNil(t, m.Graph.Node("pg7-tx"))
	require.Nil(t, m.Graph.Node("loop1-output"))
}

// TestInterfaceEvents compares what watchers are told with VPP's callbacks.
func TestInterfaceEvents(t *testing.T) {
	t.Parallel()
	m, _ := newTestMain(t)
	var log []string
	stop := m.WatchInterfaces(func(ev InterfaceEvent, i *Interface) {
		name := [...]string{"added", "deleted", "admin", "link", "mtu", "mac"}[ev]
		log = append(log, fmt.Sprintf("%s %s up=%v link=%v", i.Name, name, i.AdminUp, i.Hw.LinkUp))
	})
	i, err := m.AddLoopback(packet.MAC{}, nil)
	require.NoError(t, err)
	require.NoError(t, m.SetAdminUp(i.SwIfIndex, true))
	require.NoError(t, m.SetAdminUp(i.SwIfIndex, true))
	require.NoError(t, m.SetMTU(i.SwIfIndex, [4]uint32{1500}))
	require.NoError(t, m.SetMTU(i.SwIfIndex, [4]uint32{1500}))
	require.NoError(t, m.SetMAC(i.SwIfIndex, packet.MAC{2, 0, 0, 0, 0, 1}))
	require.NoError(t, m.DeleteLoopback(i.SwIfIndex))
	stop()
	_, err = m.AddLoopback(packet.MAC{}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{
		"loop0 added up=false link=false",
		"loop0 mtu up=false link=false",
		"loop0 admin up=true link=false",
		"loop0 link up=true link=true",
		"loop0 mtu up=true link=true",
		"loop0 mac up=true link=true",
		"loop0 link up=true link=false",
		"loop0 admin up=false link=false",
		"loop0 deleted up=false link=false",
	}, log)
}

// TestInterfaceErrors checks the API's answers, as recorded from VPP 26.06.
func TestInterfaceErrors(t *testing.T) {
	t.Parallel()
	m, env := newTestMain(t)
	env.AddHostDevice("eth0")
	loop, err := m.AddLoopback(packet.MAC{}, nil)
	require.NoError(t, err)
	pg, _, err := m.CreatePG(0, PGEthernet)
	require.NoError(t, err)
	ip, _, err := m.CreatePG(1, PGIP4)
	require.NoError(t, err)
	host, err := m.AddHostInterface(HostInterfaceConfig{HostIfName: "eth0"})
	require.NoError(t, err)
	tap, err := m.AddTap(TapConfig{})
	require.NoError(t, err)
	const none = 999
	seven, queue5 := uint32(7), uint32(5)
	_, err = m.AddLoopback(packet.MAC{}, &seven)
	require.NoError(t, err)
	mac := packet.MAC{2, 0, 0, 0, 0, 1}
	big := uint32(maxLoopbacks)
	for _, tt := range []struct {
		name string
		err  error
		want error
	}{
		{"state of nothing", m.SetAdminUp(none, true), ErrInvalidSwIfIndex},
		{"state of ~0", m.SetAdminUp(vlib.InvalidIndex, true), ErrInvalidSwIfIndex},
		{"state of local0", m.SetAdminUp(0, true), nil},
		{"hw mtu of a loopback", m.SetHwMTU(loop.SwIfIndex, 1500), ErrUnsupported},
		{"hw mtu of a loopback, unchanged", m.SetHwMTU(loop.SwIfIndex, 9000), nil},
		{"hw mtu of an ip interface", m.SetHwMTU(ip.SwIfIndex, 1400), ErrFeatureDisabled},
		{"hw mtu of local0", m.SetHwMTU(0, 1500), ErrFeatureDisabled},
		{"hw mtu of nothing", m.SetHwMTU(none, 1500), ErrInvalidSwIfIndex},
		{"hw mtu of a tap", m.SetHwMTU(tap.Interface.SwIfIndex, 1400), nil},
		{"mtu of nothing", m.SetMTU(none, [4]uint32{1}), ErrInvalidSwIfIndex},
		{"promisc on a loopback", m.SetPromisc(loop.SwIfIndex, true), ErrUnspecified},
		{"promisc on ip", m.SetPromisc(ip.SwIfIndex, true), ErrInvalidValue},
		{"promisc on pg", m.SetPromisc(pg.SwIfIndex, true), nil},
		{"promisc on a host interface", m.SetPromisc(host.Interface.SwIfIndex, true), ErrUnspecified},
		{"mac of local0", m.SetMAC(0, mac), ErrUnimplemented},
		{"mac of an ip interface", m.SetMAC(ip.SwIfIndex, mac), ErrUnimplemented},
		{"mac of a loopback", m.SetMAC(loop.SwIfIndex, mac), nil},
		{"second mac of local0", m.ChangeMAC(0, mac, true), ErrUnimplemented},
		{"second mac of a loopback", m.ChangeMAC(loop.SwIfIndex, mac, true), nil},
		{"rx mode without queues", m.SetRxMode(loop.SwIfIndex, nil, RxModePolling), nil},
		{"rx mode of an unknown queue", m.SetRxMode(pg.SwIfIndex, &queue5, RxModePolling), ErrUnimplemented},
		{"adaptive on a host interface", m.SetRxMode(host.Interface.SwIfIndex, nil, RxModeAdaptive), ErrUnimplemented},
		{"interrupt on a host interface", m.SetRxMode(host.Interface.SwIfIndex, nil, RxModeInterrupt), nil},
		{"rx placement without queues", m.SetRxPlacement(pg.SwIfIndex, 0, 0, true), ErrUnimplemented},
		{"rx placement on worker 0 without workers", m.SetRxPlacement(tap.Interface.SwIfIndex, 0, 0, false), nil},
		{"rx placement on worker 3", m.SetRxPlacement(tap.Interface.SwIfIndex, 0, 3, false), ErrUnimplemented},
		{"tx placement on thread 1", m.SetTxPlacement(tap.Interface.SwIfIndex, 0, []uint32{1}), ErrInvalidValue},
		{"tx placement on queue 1", m.SetTxPlacement(tap.Interface.SwIfIndex, 1, []uint32{0}), ErrInvalidQueue},
		{"tx placement", m.SetTxPlacement(tap.Interface.SwIfIndex, 0, []uint32{0}), nil},
		{"empty name", m.Rename(loop.SwIfIndex, ""), ErrInvalidValue},
		{"details of nothing", m.CollectDetailed(none, true), ErrFeatureDisabled},
		{"details of ip", m.CollectDetailed(ip.SwIfIndex, true), ErrFeatureDisabled},
		{"details", m.CollectDetailed(loop.SwIfIndex, true), nil},
		{"loopback instance taken", errOf(m.AddLoopback(packet.MAC{}, &seven)), ErrInvalidRegistration},
		{"loopback instance too large", errOf(m.AddLoopback(packet.MAC{}, &big)), ErrInvalidRegistration},
		{"delete local0 as loopback", m.DeleteLoopback(0), ErrInvalidSwIfIndex},
		{"delete pg as loopback", m.DeleteLoopback(pg.SwIfIndex), ErrInvalidSwIfIndex},
		{"delete loopback as tap", m.DeleteTap(loop.SwIfIndex), ErrInvalidSwIfIndex},
		{"delete tap as memif", m.DeleteMemif(tap.Interface.SwIfIndex), ErrInvalidSwIfIndex},
		{"host interface again", errOf(m.AddHostInterface(HostInterfaceConfig{HostIfName: "eth0"})), ErrIfAlreadyExists},
		{"host interface of nothing", errOf(m.AddHostInterface(HostInterfaceConfig{HostIfName: "x"})), ErrInvalidInterface},
		{"delete unknown host interface", m.DeleteHostInterface("x"), ErrSyscall1},
		{"checksum of a tap", m.SetHostChecksumOffload(tap.Interface.SwIfIndex, true), ErrInvalidInterface},
		{"gso of nothing", m.EnableGSO(none, true), ErrInvalidSwIfIndex},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == nil {
				require.NoError(t, tt.err)
				return
			}
			require.ErrorIs(t, tt.err, tt.want)
		})
	}
}

func errOf[T any](_ T, err error) error { return err }

// TestInterfaceOutput counts what an interface sends and loses.
func TestInterfaceOutput(t *testing.T) {
	t.Parallel()
	m, _ := newTestMain(t)
	i, port, err := m.CreatePG(0, PGIP4)
	require.NoError(t, err)
	send(m, i, make([]byte, 60), 0)
	send(m, i, make([]byte, 40), 0)
	require.Equal(t, Counter{Packets: 2, Bytes: 100}, *i.Counters.TX)
	require.Len(t, port.Take(), 2)

	require.NoError(t, m.SetAdminUp(i.SwIfIndex, false))
	send(m, i, make([]byte, 60), 0)
	require.Empty(t, port.Take())
	require.Equal(t, uint64(1), *i.Counters.TXError)
	require.Equal(t, uint64(1), i.Hw.OutputNode.ErrorCount(outputErrorDown))
	require.Equal(t, uint64(1), *m.Interface(0).Counters.Drops, "the packet came from local0")

	node := i.Hw.OutputNode
	require.NoError(t, m.DeletePG(i.SwIfIndex))
	require.True(t, port.Closed())
	m.Lock()
	m.Graph.Inject(node, m.Graph.Alloc([]byte{1}))
	m.Unlock()
	require.Equal(t, uint64(1), node.ErrorCount(outputErrorDeleted))
	require.Zero(t, m.Graph.BuffersInUse())
}

// TestDetailedStats counts frames by destination once asked to.
func TestDetailedStats(t *testing.T) {
	t.Parallel()
	m, _ := newTestMain(t)
	i, _, err := m.CreatePG(0, PGEthernet)
	require.NoError(t, err)
	frame := func(dst packet.MAC) []byte {
		f := make([]byte, 64)
		copy(f, dst[:])
		return f
	}
	send(m, i, frame(packet.BroadcastMAC), 0)
	require.NoError(t, m.CollectDetailed(i.SwIfIndex, true))
	send(m, i, frame(packet.BroadcastMAC), 0)
	send(m, i, frame(packet.MAC{1, 0, 0x5e}), 0)
	send(m, i, frame(packet.MAC{2}), 0)
	require.Equal(t, InterfaceCounters{TX: Counter{Packets: 4, Bytes: 256}, TXBroadcast: Counter{Packets: 1, Bytes: 64}, TXMulticast: Counter{Packets: 1, Bytes: 64},
		TXUnicast: Counter{Packets: 1, Bytes: 64}}, i.Stats())
	require.NoError(t, m.ClearStats(i.SwIfIndex))
	require.Zero(t, i.Stats())
	require.NoError(t, m.CollectDetailed(i.SwIfIndex, false))
	send(m, i, frame(packet.MAC{2}), 0)
	require.Equal(t, InterfaceCounters{TX: Counter{Packets: 1, Bytes: 64}}, i.Stats())
}

// TestOutputNotAllocating holds the fast path to its rule.
func TestOutputNotAllocating(t *testing.T) {
	m, _ := newTestMain(t)
	i, _, err := m.CreatePG(0, PGIP4)
	require.NoError(t, err)
	i.Hw.Port = discard{}
	data := make([]byte, 64)
	require.Zero(t, testing.AllocsPerRun(200, func() { send(m, i, data, 0) }))
}

type discard struct{}

func (discard) Transmit([]packet.Frame) {}
func (discard) Close() error            { return nil }
