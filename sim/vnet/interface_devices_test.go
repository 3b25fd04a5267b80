package vnet

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// TestTapPersist follows a device through the death of its instance: it stays
// only when asked to, and the next instance takes it over.
func TestTapPersist(t *testing.T) {
	t.Parallel()
	env := NewMemoryEnvironment()
	open := func(flags TapFlags) (*Main, error) {
		m, err := New(env)
		require.NoError(t, err)
		_, err = m.AddTap(TapConfig{HostIfName: "eth0", HostNamespace: "pod", Flags: flags})
		return m, err
	}
	a, err := open(TapPersist | TapAttach)
	require.NoError(t, err)
	_, err = open(TapPersist | TapAttach)
	require.ErrorIs(t, err, ErrSyscall3, "in use")
	require.NoError(t, a.Close())
	require.NotNil(t, env.Tap("pod", "eth0"))
	b, err := open(TapAttach)
	require.NoError(t, err)
	require.NoError(t, b.Close())
	require.Nil(t, env.Tap("pod", "eth0"))
}

// TestTapDefaults shows what an instance with two workers makes of a bare
// request, and which numbers it hands out.
func TestTapDefaults(t *testing.T) {
	t.Parallel()
	m, env := newTestMain(t)
	m.SetWorkers(2)
	two := uint32(2)
	_, err := m.AddTap(TapConfig{ID: &two})
	require.NoError(t, err)
	for _, want := range []string{"tun0", "tun1", "tun3"} {
		tun, err := m.AddTap(TapConfig{Flags: TapTun, RxQueues: 3})
		require.NoError(t, err)
		require.Equal(t, want, tun.Interface.Name)
	}
	tun := m.InterfaceByName("tun3")
	var threads []uint32
	for _, q := range tun.Hw.RxQueues {
		threads = append(threads, q.Thread)
	}
	require.Equal(t, []uint32{2, 1, 2}, threads, "workers in turn over all interfaces")
	require.Equal(t, []TxQueue{{ID: 0, Threads: []uint32{0}}, {ID: 1, Threads: []uint32{1}}, {ID: 2, Threads: []uint32{2}}},
		tun.Hw.TxQueues, "as many as threads")
	spec := env.Tap("", "tun2").Spec
	require.Equal(t, TapSpec{ID: 3, Tun: true, RxQueues: 3, TxQueues: 3, RxRing: 256, TxRing: 256}, spec)
	require.NoError(t, m.DeleteTap(m.InterfaceByName("tun1").SwIfIndex))
	tap, err := m.AddTap(TapConfig{})
	require.NoError(t, err)
	require.Equal(t, "tap1", tap.Interface.Name)
}

// TestLoopbackEcho sends a frame out of a loopback: it comes back in and is
// counted as sent twice, as by VPP.
func TestLoopbackEcho(t *testing.T) {
	t.Parallel()
	m, _ := newTestMain(t)
	i, err := m.AddLoopback(packet.MAC{}, nil)
	require.NoError(t, err)
	require.NoError(t, m.SetAdminUp(i.SwIfIndex, true))
	before := m.Graph.Node("ethernet-input").Vectors
	send(m, i, make([]byte, 64), 0)
	require.Equal(t, before+1, m.Graph.Node("ethernet-input").Vectors)
	require.Equal(t, Counter{Packets: 2, Bytes: 128}, *i.Counters.TX)
	require.Zero(t, m.Graph.BuffersInUse())
}

// TestMemifDisagreement keeps ends apart that differ in mode or secret.
func TestMemifDisagreement(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		master, slave MemifConfig
		up            bool
	}{
		{"alike", MemifConfig{}, MemifConfig{}, true},
		{"mode", MemifConfig{Mode: MemifIP}, MemifConfig{}, false},
		{"id", MemifConfig{ID: 1}, MemifConfig{}, false},
		{"secret", MemifConfig{Secret: "a"}, MemifConfig{Secret: "b"}, false},
		{"no secret", MemifConfig{Secret: "a"}, MemifConfig{}, false},
		{"a secret nobody asks for", MemifConfig{}, MemifConfig{Secret: "b"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m, _ := newTestMain(t)
				m.Lock()
				defer m.Unlock()
				require.NoError(t, m.AddMemifSocket(1, "/run/vpp/memif.sock")) // one file under two numbers
				tt.slave.Slave, tt.slave.SocketID = true, 1
				a, err := m.AddMemif(tt.master)
				require.NoError(t, err)
				b, err := m.AddMemif(tt.slave)
				require.NoError(t, err)
				require.NoError(t, m.SetAdminUp(a.Interface.SwIfIndex, true))
				require.NoError(t, m.SetAdminUp(b.Interface.SwIfIndex, true))
				sleepUnlocked(m, 0)
				require.Equal(t, tt.up, a.Interface.IsUp() && b.Interface.IsUp())
			})
		})
	}
}

// TestMemifSlaveRetries lets a slave find the end it needs once another slave
// has left it.
func TestMemifSlaveRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := newTestMain(t)
		m.Lock()
		defer m.Unlock()
		require.NoError(t, m.AddMemifSocket(1, "/run/vpp/memif.sock"))
		require.NoError(t, m.AddMemifSocket(2, "/run/vpp/memif.sock"))
		master, err := m.AddMemif(MemifConfig{})
		require.NoError(t, err)
		var slaves []*Memif
		for _, socket := range []uint32{1, 2} {
			s, err := m.AddMemif(MemifConfig{Slave: true, SocketID: socket})
			require.NoError(t, err)
			require.NoError(t, m.SetAdminUp(s.Interface.SwIfIndex, true))
			slaves = append(slaves, s)
		}
		sleepUnlocked(m, 0)
		require.True(t, master.Connected && slaves[0].Connected)
		require.False(t, slaves[1].Connected)
		require.NoError(t, m.DeleteMemif(slaves[0].Interface.SwIfIndex))
		sleepUnlocked(m, 0)
		require.False(t, master.Connected)
		sleepUnlocked(m, 2*memifRetry)
		require.True(t, master.Connected && slaves[1].Connected)
	})
}

// tcpFrame is an Ethernet frame with a TCP segment over IPv4 or IPv6, all
// checksums right.
func tcpFrame(v6 bool, payload []byte) []byte {
	tcp := make([]byte, packet.TCPLen+len(payload))
	packet.TCPFields{SrcPort: 1, DstPort: 2, Seq: 1000, Flags: packet.TCPPsh | packet.TCPAck | packet.TCPFin}.Encode(tcp)
	copy(tcp[packet.TCPLen:], payload)
	eth := make([]byte, packet.EthernetLen)
	if v6 {
		packet.PutUint16(eth, 12, packet.EtherTypeIPv6)
		ip := make([]byte, packet.IPv6Len)
		ip[0], ip[6], ip[7], ip[23], ip[39] = 0x60, packet.ProtoTCP, 64, 1, 2
		packet.PutUint16(ip, 4, uint16(len(tcp)))
		packet.SetTransportChecksum(tcp, ip[8:24], ip[24:40], packet.ProtoTCP)
		return append(append(eth, ip...), tcp...)
	}
	packet.PutUint16(eth, 12, packet.EtherTypeIPv4)
	ip := make([]byte, packet.IPv4Len)
	ip[0], ip[8], ip[9], ip[15], ip[19] = 0x45, 64, packet.ProtoTCP, 1, 2
	packet.PutUint16(ip, 2, uint16(len(ip)+len(tcp)))
	packet.PutUint16(ip, 4, 77)
	packet.IPv4(ip).UpdateChecksum()
	packet.SetTransportChecksum(tcp, ip[12:16], ip[16:20], packet.ProtoTCP)
	return append(append(eth, ip...), tcp...)
}

// TestGSO cuts a super-packet in front of a device that cannot: the segments put
// together are the payload, each with right lengths, numbers and checksums.
func TestGSO(t *testing.T) {
	t.Parallel()
	for _, v6 := range []bool{false, true} {
		m, _ := newTestMain(t)
		i, port, err := m.CreatePG(0, PGEthernet)
		require.NoError(t, err)
		payload := make([]byte, 5000)
		for k := range payload {
			payload[k] = byte(k * 7)
		}
		frame := tcpFrame(v6, payload)
		node, l3 := "gso-ip4", packet.IPv4Len
		if v6 {
			node, l3 = "gso-ip6", packet.IPv6Len
		}
		inject := func() []packet.Frame {
			m.Lock()
			b := m.Graph.Alloc(frame)
			b.TxSwIf = i.SwIfIndex
			b.Features = []uint32{m.Graph.MustIndex("interface-output")}
			markSuperPacket(b, true, 1500)
			require.NotZero(t, b.Flags&vlib.FlagGSO)
			m.Graph.Inject(m.Graph.Node(node), b)
			m.Unlock()
			return port.Take()
		}
		out := inject()
		var joined []byte
		for k, f := range out {
			ip, tcp := f.Data[packet.EthernetLen:], packet.TCP(f.Data[packet.EthernetLen+l3:])
			require.LessOrEqual(t, len(ip), 1500)
			require.Equal(t, uint32(1000+len(joined)), tcp.Seq())
			last := k == len(out)-1
			require.Equal(t, last, tcp.Flags()&packet.TCPFin != 0)
			if !v6 {
				require.True(t, packet.IPv4(ip).ChecksumOK())
				require.Equal(t, uint16(77+k), packet.Uint16(ip, 4))
			}
			src, dst := addressesOf(ip)
			require.True(t, packet.TransportChecksumOK(tcp, src, dst, packet.ProtoTCP))
			joined = append(joined, tcp.Payload()...)
		}
		require.Equal(t, payload, joined)
		require.Equal(t, uint64(len(out)), i.Counters.TX.Packets)

		i.Hw.GSO = true
		require.Len(t, inject(), 1, "the device takes it whole")
		require.Zero(t, m.Graph.BuffersInUse())
	}
}

// TestChecksumOffload fills in a checksum that was left to the device, unless
// the device does.
func TestChecksumOffload(t *testing.T) {
	t.Parallel()
	m, _ := newTestMain(t)
	i, port, err := m.CreatePG(0, PGEthernet)
	require.NoError(t, err)
	want := tcpFrame(false, []byte("hello"))
	partial := append([]byte(nil), want...)
	packet.PutUint16(partial, packet.EthernetLen+packet.IPv4Len+16, 0)
	send(m, i, partial, vlib.FlagOffloadL4Checksum)
	require.Equal(t, want, port.Take()[0].Data)
	i.Hw.Checksum = true
	send(m, i, partial, vlib.FlagOffloadL4Checksum)
	require.Equal(t, partial, port.Take()[0].Data)
}

// FuzzTCPLayout finds no layout outside the packet.
func FuzzTCPLayout(f *testing.F) {
	f.Add(tcpFrame(false, []byte("x")), true)
	f.Add(tcpFrame(true, []byte("x")), true)
	f.Add([]byte{0x45}, false)
	f.Fuzz(func(t *testing.T, data []byte, ethernet bool) {
		l3, l4, payload, ok := tcpLayout(data, ethernet)
		if ok && !(0 <= l3 && l3 < l4 && l4 < payload && payload <= len(data)) {
			t.Fatalf("layout %d %d %d of %d bytes", l3, l4, payload, len(data))
		}
		b := vlib.NewGraph().Alloc(data)
		finishChecksum(b, ethernet)
		markSuperPacket(b, ethernet, 1500)
	})
}
