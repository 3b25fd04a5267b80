package fakevpp_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/fib_types"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/interface_types"
	"go.fd.io/govpp/binapi/ip"
	"go.fd.io/govpp/binapi/ip_types"
	"go.fd.io/govpp/binapi/vpe"
	"go.fd.io/govpp/codec"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/internal/benchcpu"
)

// BenchmarkAPISync is request and reply one after the other through govpp's
// channels.
func BenchmarkAPISync(b *testing.B) {
	for _, tr := range transports {
		b.Run(tr.name, func(b *testing.B) {
			ch := channel(b, tr.connect(b, start(b)))
			req, rep := new(vpe.ShowVersion), new(vpe.ShowVersionReply)
			b.ReportAllocs()
			cpu := benchcpu.Start()
			for b.Loop() {
				if err := ch.SendRequest(req).ReceiveReply(rep); err != nil {
					b.Fatal(err)
				}
			}
			cpu.ReportRate(b, float64(b.N), "req/s")
		})
	}
}

// BenchmarkRouteAddPipelined adds routes over the socket without waiting for
// each answer; encoding and sending by the client, with govpp's codec, and its
// reading of the answers are part of the time.
func BenchmarkRouteAddPipelined(b *testing.B) {
	v := start(b)
	path := listen(b, v)
	loop := upLoopback(b, channel(b, dial(b, path, "setup")))
	conn := handshake(b, path)
	id, err := v.Adapter().GetMsgID("ip_route_add_del", new(ip.IPRouteAddDel).GetCrcString())
	require.NoError(b, err)

	failed := make(chan int, 1)
	b.ReportAllocs()
	b.ResetTimer()
	cpu := benchcpu.Start()
	go func() { failed <- countFailures(conn, b.N) }()
	w := bufio.NewWriterSize(conn, 64<<10)
	for i := range b.N {
		msg, err := codec.EncodeMsg(benchRoute(i, loop), id)
		if err != nil {
			b.Fatal(err)
		}
		var header [16]byte
		binary.BigEndian.PutUint32(header[8:], uint32(len(msg)))
		_, _ = w.Write(header[:]) // a failed write shows in Flush
		_, _ = w.Write(msg)
	}
	require.NoError(b, w.Flush())
	require.Zero(b, <-failed)
	cpu.ReportRate(b, float64(b.N), "req/s")
}

// countFailures reads n answers and returns how many did not say success.
func countFailures(conn net.Conn, n int) int {
	r := bufio.NewReaderSize(conn, 64<<10)
	var header [16]byte
	msg := make([]byte, 1024)
	for i := range n {
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return n - i
		}
		size := binary.BigEndian.Uint32(header[8:])
		if _, err := io.ReadFull(r, msg[:size]); err != nil || binary.BigEndian.Uint32(msg[6:]) != 0 {
			return n - i
		}
	}
	return 0
}

// benchRoute is one of 65536 host routes via the interface; later ones replace
// earlier ones.
func benchRoute(i int, swIfIndex uint32) *ip.IPRouteAddDel {
	m := &ip.IPRouteAddDel{IsAdd: true, Route: ip.IPRoute{NPaths: 1, Paths: []fib_types.FibPath{{SwIfIndex: swIfIndex, Weight: 1}}}}
	m.Route.Paths[0].Nh.Address.SetIP4(ip_types.IP4Address{10, 0, 0, 2})
	m.Route.Prefix = ip_types.Prefix{Len: 32}
	m.Route.Prefix.Address.Un.SetIP4(netip.AddrFrom4([4]byte{11, 0, byte(i >> 8), byte(i)}).As4())
	return m
}

// upLoopback makes a loopback with an address and returns its index.
func upLoopback(b *testing.B, ch api.Channel) uint32 {
	rep := new(interfaces.CreateLoopbackReply)
	require.NoError(b, ch.SendRequest(new(interfaces.CreateLoopback)).ReceiveReply(rep))
	addr := ip_types.AddressWithPrefix{Len: 24}
	addr.Address.Un.SetIP4(ip_types.IP4Address{10, 0, 0, 1})
	require.NoError(b, ch.SendRequest(&interfaces.SwInterfaceAddDelAddress{
		SwIfIndex: rep.SwIfIndex, IsAdd: true, Prefix: addr}).ReceiveReply(new(interfaces.SwInterfaceAddDelAddressReply)))
	require.NoError(b, ch.SendRequest(&interfaces.SwInterfaceSetFlags{
		SwIfIndex: rep.SwIfIndex, Flags: 1}).ReceiveReply(new(interfaces.SwInterfaceSetFlagsReply)))
	return uint32(rep.SwIfIndex)
}

// BenchmarkDumpInterfaces dumps 1,000 interfaces over the socket through
// govpp's generated client. (Its older channels make a timer for each message,
// which costs half as much again as everything else.)
func BenchmarkDumpInterfaces(b *testing.B) {
	conn := connectSocket(b, start(b))
	ch := channel(b, conn)
	for range 999 {
		require.NoError(b, ch.SendRequest(new(interfaces.CreateLoopback)).ReceiveReply(new(interfaces.CreateLoopbackReply)))
	}
	client := interfaces.NewServiceClient(conn)
	b.ReportAllocs()
	cpu := benchcpu.Start()
	for b.Loop() {
		if n := countInterfaces(b, client); n != 1000 {
			b.Fatalf("%d interfaces", n)
		}
	}
	cpu.ReportMillis(b, float64(b.N))
}

func countInterfaces(b *testing.B, client interfaces.RPCService) (n int) {
	stream, err := client.SwInterfaceDump(b.Context(), &interfaces.SwInterfaceDump{SwIfIndex: ^interface_types.InterfaceIndex(0)})
	if err != nil {
		b.Fatal(err)
	}
	for {
		_, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			b.Fatal(err)
		}
		n++
	}
}

// BenchmarkStart is a new VPP up to the first reply in process, and its end.
func BenchmarkStart(b *testing.B) {
	b.ReportAllocs()
	cpu := benchcpu.Start()
	for b.Loop() {
		v, err := fakevpp.New()
		if err != nil {
			b.Fatal(err)
		}
		a := v.Adapter()
		done := make(chan struct{})
		a.SetMsgCallback(func(uint16, []byte) { close(done) })
		if err := a.Connect(); err != nil {
			b.Fatal(err)
		}
		id, err := a.GetMsgID("show_version", new(vpe.ShowVersion).GetCrcString())
		if err != nil {
			b.Fatal(err)
		}
		msg, err := codec.EncodeMsg(new(vpe.ShowVersion), id)
		if err != nil {
			b.Fatal(err)
		}
		if err := a.SendMsg(1, msg); err != nil {
			b.Fatal(err)
		}
		<-done
		if err := v.Close(); err != nil {
			b.Fatal(err)
		}
	}
	cpu.ReportMillis(b, float64(b.N))
}
