package fakevpp_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/adapter"
	"go.fd.io/govpp/adapter/statsclient"
	"go.fd.io/govpp/api"
	"go.fd.io/govpp/core"
	"go.uber.org/goleak"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/sim/packet"
)

// statsSocket starts a VPP that offers its stats segment.
func statsSocket(t testing.TB, c fakevpp.StatsConfig) (v *fakevpp.VPP, path string) {
	t.Helper()
	v = start(t, fakevpp.Stats(c))
	path = filepath.Join(t.TempDir(), "stats.sock")
	require.NoError(t, v.ListenStats(path))
	return v, path
}

// statsClient connects govpp's own client.
func statsClient(t testing.TB, path string) *statsclient.StatsClient {
	t.Helper()
	c := statsclient.NewStatsClient(path)
	require.NoError(t, c.Connect())
	t.Cleanup(func() { _ = c.Disconnect() })
	return c
}

// dumpStats reads counters by pattern as text.
func dumpStats(t testing.TB, c *statsclient.StatsClient, patterns ...string) map[string]string {
	t.Helper()
	entries, err := c.DumpStats(patterns...)
	require.NoError(t, err)
	out := map[string]string{}
	for _, e := range entries {
		out[string(e.Name)] = fmt.Sprint(e.Data)
	}
	return out
}

// cli runs commands that must succeed and returns the last one's output.
func cli(t testing.TB, v *fakevpp.VPP, commands ...string) (out string) {
	t.Helper()
	for _, c := range commands {
		var err error
		out, err = v.CLI(c)
		require.NoError(t, err, c)
	}
	return out
}

// receive gives an interface frames.
func receive(t testing.TB, v *fakevpp.VPP, name string, frames ...packet.Frame) {
	t.Helper()
	dp := v.DataPlane()
	dp.Lock()
	i := dp.InterfaceByName(name)
	dp.Unlock()
	require.NotNil(t, i)
	i.Receive(frames...)
}

// udpPacket is an IPv4 packet with a UDP header.
func udpPacket(src, dst string) packet.Frame {
	p := make([]byte, 60)
	packet.IPv4Fields{TTL: 64, Protocol: packet.ProtoUDP, TotalLen: len(p), Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst)}.Encode(p)
	return packet.Frame{Data: p}
}

// TestStatsWithGovpp reads what govpp's stats API offers after packets were
// forwarded and dropped.
func TestStatsWithGovpp(t *testing.T) {
	t.Parallel()
	v, path := statsSocket(t, fakevpp.StatsConfig{PerNodeCounters: true, UpdateInterval: time.Millisecond})
	cli(t, v, "create packet-generator interface pg0 mode ip4", "create packet-generator interface pg1 mode ip4",
		"set interface state pg0 up", "set interface state pg1 up", "set interface ip address pg0 10.0.0.1/24",
		"set interface ip address pg1 10.0.1.1/24", "ip route add 10.9.0.0/16 via 10.0.1.2 pg1")
	receive(t, v, "pg0", udpPacket("10.0.0.2", "10.9.0.1"), udpPacket("10.0.0.2", "10.9.0.2"), udpPacket("10.0.0.2", "99.0.0.1"))

	conn, err := core.ConnectStats(statsclient.NewStatsClient(path))
	require.NoError(t, err)
	defer conn.Disconnect()
	ifs := new(api.InterfaceStats)
	require.NoError(t, conn.GetInterfaceStats(ifs))
	byName := map[string]api.InterfaceCounters{}
	for _, i := range ifs.Interfaces {
		i.InterfaceIndex = 0
		byName[i.InterfaceName] = i
	}
	require.Equal(t, map[string]api.InterfaceCounters{
		"local0": {InterfaceName: "local0"},
		"pg0":    {InterfaceName: "pg0", Rx: api.InterfaceCounterCombined{Packets: 3, Bytes: 180}, IP4: 3, Drops: 1},
		"pg1":    {InterfaceName: "pg1", Tx: api.InterfaceCounterCombined{Packets: 2, Bytes: 120}},
	}, byName)

	errs := new(api.ErrorStats)
	require.NoError(t, conn.GetErrorStats(errs))
	counted := map[string][]uint64{}
	for _, e := range errs.Errors {
		if !slices.Equal(e.Values, []uint64{0}) {
			counted[e.CounterName] = e.Values
		}
	}
	require.Equal(t, map[string][]uint64{"/err/null-node/blackholed packets": {1}}, counted)

	sys := new(api.SystemStats)
	require.NoError(t, conn.GetSystemStats(sys))
	require.NotZero(t, sys.Heartbeat)
	require.Zero(t, sys.NumWorkerThreads)
	buffers := new(api.BufferStats)
	require.NoError(t, conn.GetBufferStats(buffers))
	// govpp 0.13 does not know gauges, with VPP neither.
	require.Equal(t, map[string]api.BufferPool{"default-numa-0": {PoolName: "default-numa-0"}}, buffers.Buffer)
	require.Contains(t, cli(t, v, "show statistics segment"), fmt.Sprintf("%-74s %-10s %10d", "/buffer-pools/default-numa-0/available", "Gauge", 16384))
	memory := new(api.MemoryStats)
	require.NoError(t, conn.GetMemoryStats(memory))
	require.EqualValues(t, 1<<30, memory.Main[0].Total)

	require.Eventually(t, func() bool { // the collector's next round
		nodes := new(api.NodeStats)
		return conn.GetNodeStats(nodes) == nil && slices.ContainsFunc(nodes.Nodes, func(n api.NodeCounters) bool {
			return n.NodeName == "pg1-tx" && n.Vectors == 2 && n.Calls == 1
		})
	}, 10*time.Second, time.Millisecond)
}

// TestStatsOfRoutesAndAdjacencies counts where route and adjacency say that
// their counters are.
func TestStatsOfRoutesAndAdjacencies(t *testing.T) {
	t.Parallel()
	v, path := statsSocket(t, fakevpp.StatsConfig{})
	cli(t, v, "create packet-generator interface pg0 mode ip4", "set interface state pg0 up",
		"set interface ip address pg0 10.0.0.1/24", "ip route add 10.9.0.0/16 via 10.0.0.2 pg0", "adjacency counters enable")
	c := statsClient(t, path)
	receive(t, v, "pg0", udpPacket("10.0.0.2", "10.9.0.1"))
	fib := cli(t, v, "show ip fib 10.9.0.0/16")
	require.Contains(t, fib, "to:[1:60]")
	var lb int
	_, err := fmt.Sscanf(fib[strings.Index(fib, "[proto:ip4 index:"):], "[proto:ip4 index:%d", &lb)
	require.NoError(t, err)
	entries, err := c.DumpStats("/net/route/to", "/net/adjacency")
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.Equal(t, adapter.CombinedCounter{1, 60}, entries[0].Data.(adapter.CombinedCounterStat)[0][lb])
	require.Contains(t, fmt.Sprint(entries[1].Data), "[1 60]")
}

// TestStatsFollowInterfaces checks names and counters of interfaces that are
// created, renamed, deleted and created again.
func TestStatsFollowInterfaces(t *testing.T) {
	t.Parallel()
	v, path := statsSocket(t, fakevpp.StatsConfig{})
	c := statsClient(t, path)
	names := func() string { return dumpStats(t, c, "^/if/names$")["/if/names"] }
	cli(t, v, "create loopback interface instance 0", "create loopback interface instance 1")
	require.Equal(t, "[local0 loop0 loop1]", names())
	require.Len(t, dumpStats(t, c, "^/interfaces/loop1/"), 17)
	require.Equal(t, "[[0]]", dumpStats(t, c, "^/err/loop1-output/")["/err/loop1-output/interface is down"])

	cli(t, v, "delete loopback interface intfc loop1")
	require.Equal(t, "[local0 loop0 deleted]", names())
	require.Empty(t, dumpStats(t, c, "loop1"))
	cli(t, v, "create loopback interface instance 5")
	require.Equal(t, "[local0 loop0 loop5]", names())
	require.Len(t, dumpStats(t, c, "^/interfaces/loop5/"), 17)
	require.Empty(t, dumpStats(t, c, "/interfaces/loop1"))
}

// TestStatsSocket checks who may listen where, what a crash leaves and what a
// restart brings.
func TestStatsSocket(t *testing.T) {
	t.Parallel()
	v, path := statsSocket(t, fakevpp.StatsConfig{Size: 1 << 20})
	require.ErrorContains(t, v.ListenStats(path+"2"), "the stats socket is "+path)
	other := start(t)
	require.ErrorContains(t, other.ListenStats(path), "another process listens there")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.ErrorContains(t, other.ListenStats(file), "no socket")
	require.NoError(t, other.ListenStats(file+"2"), "a failure leaves no trace")
	require.NoError(t, other.Close())
	require.NoFileExists(t, file+"2")
	small := start(t, fakevpp.Stats(fakevpp.StatsConfig{Size: 4096}))
	require.ErrorContains(t, small.ListenStats(file+"3"), "want at least")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o20), info.Mode().Perm()&0o20, "the group may write")

	cli(t, v, "create loopback interface")
	before := statsClient(t, path)
	v.Crash()
	_, err = net.Dial("unixpacket", path)
	require.Error(t, err)
	require.Equal(t, "[local0 loop0]", dumpStats(t, before, "^/if/names$")["/if/names"], "what was mapped stays")
	require.NoError(t, v.Restart())
	require.Equal(t, "[local0]", dumpStats(t, statsClient(t, path), "^/if/names$")["/if/names"])
	require.NoError(t, v.Close())
	require.NoFileExists(t, path)
	require.ErrorIs(t, v.ListenStats(path), fakevpp.ErrDown)
}

// TestShowStatistics checks the CLI against the directory.
func TestShowStatistics(t *testing.T) {
	t.Parallel()
	v, _ := statsSocket(t, fakevpp.StatsConfig{})
	cli(t, v, "clear runtime")
	out := cli(t, v, "show statistics segment")
	require.Contains(t, out, fmt.Sprintf("%-74s %10s %10s", "Name", "Type", "Value"))
	require.Contains(t, out, fmt.Sprintf("%-74s %-10s %10d", "/sys/heartbeat", "ScalarPtr", 1))
	require.Contains(t, out, fmt.Sprintf("%-74s %-10s ", "/interfaces/local0/rx", "Symlink"))
	require.Equal(t, "Entry: /if/rx (type 3)\n", cli(t, v, "show statistics segment /if/rx"))
	require.Equal(t, "Counter '/no' not found.\n", cli(t, v, "show statistics segment /no"))
}

// TestStatsUnderLoad reads all the time while packets are forwarded as fast as
// they can and interfaces come and go. What the epoch declares good must be
// whole: counters never go back and bytes are a multiple of the packets' size,
// every name is one that an interface has or had, and no pointer leaves the
// segment.
func TestStatsUnderLoad(t *testing.T) {
	t.Parallel()
	v, path := statsSocket(t, fakevpp.StatsConfig{PerNodeCounters: true, UpdateInterval: time.Millisecond})
	cli(t, v, "create packet-generator interface pg0 mode ip4", "set interface state pg0 up",
		"set interface ip address pg0 10.0.0.1/24", "ip route add 10.9.0.0/16 via 10.0.0.2 pg0")
	stop := make(chan struct{})
	var writers sync.WaitGroup
	writers.Go(func() {
		frames := slices.Repeat([]packet.Frame{udpPacket("10.0.0.2", "10.9.0.1")}, 256)
		for running(stop) {
			receive(t, v, "pg0", frames...)
		}
	})
	writers.Go(func() {
		for i := 0; running(stop); i++ {
			name := fmt.Sprintf("loop%d", i%50)
			if _, err := v.CLI(fmt.Sprintf("create loopback interface instance %d", i%50)); err != nil {
				_, _ = v.CLI("delete loopback interface intfc " + name) // one in fifty fails to exist
			}
		}
	})
	c := statsClient(t, path)
	known := regexp.MustCompile(`^(local0|pg0|loop[0-9]+|deleted|)$`)
	var last adapter.CombinedCounter
	good := 0
	for end := time.Now().Add(500 * time.Millisecond); good < 20 || time.Now().Before(end); {
		entries, err := c.DumpStats()
		if errors.Is(err, adapter.ErrStatsDataBusy) || errors.Is(err, adapter.ErrStatsAccessFailed) {
			continue
		}
		require.NoError(t, err)
		good++
		for _, e := range entries {
			switch string(e.Name) {
			case "/if/names":
				for _, name := range e.Data.(adapter.NameStat) {
					require.Regexp(t, known, string(name))
				}
			case "/if/rx":
				now := e.Data.(adapter.CombinedCounterStat)[0][1]
				require.GreaterOrEqual(t, now[0], last[0])
				require.GreaterOrEqual(t, now[1], max(last[1], 60*(now[0]-min(now[0], 1))))
				require.Zero(t, now[1]%60)
				last = now
			}
		}
	}
	close(stop)
	writers.Wait()
	require.NotZero(t, last[0])
}

func running(stop chan struct{}) bool {
	select {
	case <-stop:
		return false
	default:
		return true
	}
}

// Close leaves neither goroutine nor timer. Not parallel: goleak sees the
// goroutines of all tests.
func TestCloseEndsStats(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	v, err := fakevpp.New(fakevpp.Stats(fakevpp.StatsConfig{UpdateInterval: time.Millisecond}))
	require.NoError(t, err)
	require.NoError(t, v.ListenStats(filepath.Join(t.TempDir(), "stats.sock")))
	require.NoError(t, v.Close())
	goleak.VerifyNone(t, ignore)
}
