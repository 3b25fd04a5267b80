package fakevpp_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/adapter"
	"go.fd.io/govpp/adapter/socketclient"
	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/memclnt"
	"go.fd.io/govpp/binapi/vlib"
	"go.fd.io/govpp/binapi/vpe"
	"go.fd.io/govpp/codec"
	"go.fd.io/govpp/core"

	"github.com/vpptwin/vpptwin/fakevpp"
)

// transports are the two ways a client reaches the double.
var transports = []struct {
	name    string
	connect func(t testing.TB, v *fakevpp.VPP) *core.Connection
}{
	{"inprocess", connectInProcess},
	{"socket", connectSocket},
}

// onBoth runs the test over either transport.
func onBoth(t *testing.T, test func(t *testing.T, connect func(testing.TB, *fakevpp.VPP) *core.Connection)) {
	for _, tr := range transports {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			test(t, tr.connect)
		})
	}
}

// start runs a VPP for the test.
func start(t testing.TB, opts ...fakevpp.Option) *fakevpp.VPP {
	t.Helper()
	v, err := fakevpp.New(opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	return v
}

func connectInProcess(t testing.TB, v *fakevpp.VPP) *core.Connection {
	t.Helper()
	conn, err := v.Connect()
	require.NoError(t, err)
	t.Cleanup(conn.Disconnect)
	return conn
}

// listen returns the path of a socket that v serves.
func listen(t testing.TB, v *fakevpp.VPP) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "api.sock")
	require.NoError(t, v.Listen(path))
	return path
}

func connectSocket(t testing.TB, v *fakevpp.VPP) *core.Connection {
	t.Helper()
	return dial(t, listen(t, v), "govpp")
}

func dial(t testing.TB, path, name string) *core.Connection {
	t.Helper()
	client := socketclient.NewVppClient(path)
	client.SetClientName(name)
	conn, err := core.Connect(client)
	require.NoError(t, err)
	t.Cleanup(conn.Disconnect)
	return conn
}

// channel opens an API channel for the test.
func channel(t testing.TB, conn *core.Connection) api.Channel {
	t.Helper()
	ch, err := conn.NewAPIChannel()
	require.NoError(t, err)
	ch.SetReplyTimeout(20 * time.Second)
	t.Cleanup(ch.Close)
	return ch
}

// version asks for the version and returns it.
func version(t testing.TB, ch api.Channel) string {
	t.Helper()
	rep := new(vpe.ShowVersionReply)
	require.NoError(t, ch.SendRequest(new(vpe.ShowVersion)).ReceiveReply(rep))
	return rep.Version
}

// logLines dumps the log.
func logLines(t testing.TB, ch api.Channel) []string {
	t.Helper()
	var lines []string
	req := ch.SendMultiRequest(new(vpe.LogDump))
	for {
		d := new(vpe.LogDetails)
		last, err := req.ReceiveReply(d)
		require.NoError(t, err)
		if last {
			return lines
		}
		lines = append(lines, d.Message)
	}
}

func TestFirstRequests(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(testing.TB, *fakevpp.VPP) *core.Connection) {
		v := start(t, fakevpp.Workers(2), fakevpp.WithVersion(fakevpp.Version{Version: "26.06"}))
		ch := channel(t, connect(t, v))
		require.Equal(t, "26.06", version(t, ch))

		threads := new(vlib.ShowThreadsReply)
		require.NoError(t, ch.SendRequest(new(vlib.ShowThreads)).ReceiveReply(threads))
		require.Len(t, threads.ThreadData, 3)
		require.Equal(t, "vpp_wk_1", threads.ThreadData[2].Name)

		versions := new(memclnt.APIVersionsReply)
		require.NoError(t, ch.SendRequest(new(memclnt.APIVersions)).ReceiveReply(versions))
		require.Empty(t, versions.APIVersions, "VPP keeps no list any more")

		ping := new(memclnt.ControlPingReply)
		require.NoError(t, ch.SendRequest(new(memclnt.ControlPing)).ReceiveReply(ping))
		require.NotZero(t, ping.VpePID)
	})
}

func TestNodes(t *testing.T) {
	t.Parallel()
	v := start(t)
	ch := channel(t, connectInProcess(t, v))
	add := func(node, next string) (uint32, error) {
		rep := new(vlib.AddNodeNextReply)
		err := ch.SendRequest(&vlib.AddNodeNext{NodeName: node, NextName: next}).ReceiveReply(rep)
		return rep.NextIndex, err
	}
	first, err := add("error-drop", "error-punt")
	require.NoError(t, err)
	again, err := add("error-drop", "error-punt")
	require.NoError(t, err)
	require.Equal(t, first, again)
	get := new(vlib.GetNextIndexReply)
	require.NoError(t, ch.SendRequest(&vlib.GetNextIndex{NodeName: "error-drop", NextName: "error-punt"}).ReceiveReply(get))
	require.Equal(t, first, get.NextIndex)

	none, err := add("no-such", "error-punt")
	require.ErrorIs(t, err, api.NO_SUCH_NODE)
	require.Equal(t, ^uint32(0), none)
	_, err = add("error-drop", "no-such")
	require.ErrorIs(t, err, api.NO_SUCH_NODE2)
	node := new(vlib.GetNodeIndexReply)
	require.NoError(t, ch.SendRequest(&vlib.GetNodeIndex{NodeName: "error-drop"}).ReceiveReply(node))
	require.NotEqual(t, ^uint32(0), node.NodeIndex)
}

// Both versions of show_version are served at once, each answered in its own
// layout.
func TestTwoVersionsSideBySide(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(testing.TB, *fakevpp.VPP) *core.Connection) {
		v := start(t, fakevpp.WithVersion(fakevpp.Version{Version: "26.06-long-name"}))
		ch := channel(t, connect(t, v))
		require.Equal(t, "26.06-long-name", version(t, ch))
		other := new(ShowVersionReply)
		require.NoError(t, ch.SendRequest(new(ShowVersion)).ReceiveReply(other))
		require.Equal(t, &ShowVersionReply{Version: "26.06-l"}, other)
	})
}

func TestUnknownVersionIsAbsent(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(testing.TB, *fakevpp.VPP) *core.Connection) {
		v := start(t, fakevpp.Bindings("go.fd.io/govpp/binapi"))
		ch := channel(t, connect(t, v))
		err := ch.SendRequest(new(ShowVersion)).ReceiveReply(new(ShowVersionReply))
		var unknown *adapter.UnknownMsgError
		require.ErrorAs(t, err, &unknown)
		require.Equal(t, "show_version", unknown.MsgName)
		version(t, ch) // the connection still works
	})
}

func TestUnimplemented(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(testing.TB, *fakevpp.VPP) *core.Connection) {
		v := start(t)
		ch := channel(t, connect(t, v))
		rep := new(PrivateOpReply)
		err := ch.SendRequest(&PrivateOp{Level: 3}).ReceiveReply(rep)
		require.ErrorIs(t, err, api.UNIMPLEMENTED)
		require.Equal(t, &PrivateOpReply{Retval: -9, Values: []uint32{}}, rep)
		version(t, ch)
		require.Equal(t, []string{"private_op"}, v.Coverage().Unhandled())
	})
}

func TestClientsComeAndGo(t *testing.T) {
	t.Parallel()
	v := start(t)
	path := listen(t, v)
	dial(t, path, "first")
	second := dial(t, path, "second")
	require.Equal(t, []string{"first", "second"}, v.Clients())
	second.Disconnect()
	require.Eventually(t, func() bool { return len(v.Clients()) == 1 }, 5*time.Second, time.Millisecond)
	require.Equal(t, 1, v.Disconnect("first"))
	require.Empty(t, v.Clients())
}

func TestCrashAndRestart(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(testing.TB, *fakevpp.VPP) *core.Connection) {
		v := start(t)
		ch := channel(t, connect(t, v))
		version(t, ch)
		old := v.DataPlane()
		v.Crash()
		require.Nil(t, v.DataPlane())
		require.Empty(t, v.Clients())
		ch.SetReplyTimeout(time.Second)
		require.Error(t, ch.SendRequest(new(vpe.ShowVersion)).ReceiveReply(new(vpe.ShowVersionReply)))
		_, err := v.Connect()
		require.ErrorIs(t, err, fakevpp.ErrDown)
		require.NoError(t, v.Restart())
		require.NotSame(t, old, v.DataPlane())
		version(t, channel(t, connectInProcess(t, v)))
	})
}

// The listener comes back on the path it had.
func TestRestartListensAgain(t *testing.T) {
	t.Parallel()
	v := start(t)
	path := listen(t, v)
	v.Crash()
	_, err := core.Connect(socketclient.NewVppClient(path))
	require.Error(t, err)
	require.NoError(t, v.Restart())
	version(t, channel(t, dial(t, path, "again")))
}

// A client that uses govpp's health check notices a crash and reconnects, all
// in virtual time; the bubble ends only if no goroutine is left.
func TestReconnectInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, err := fakevpp.New()
		require.NoError(t, err)
		conn, events, err := core.AsyncConnect(v.Adapter(), 100, time.Second)
		require.NoError(t, err)
		require.Equal(t, core.Connected, (<-events).State)
		v.Crash()
		require.Equal(t, core.Disconnected, (<-events).State)
		require.NoError(t, v.Restart())
		require.Equal(t, core.Connected, (<-events).State)
		ch, err := conn.NewAPIChannel()
		require.NoError(t, err)
		version(t, ch)
		ch.Close()
		conn.Disconnect()
		require.NoError(t, v.Close())
		synctest.Wait()
	})
}

// An idle connection keeps a bubble neither busy nor open.
func TestBubbleBecomesIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, err := fakevpp.New()
		require.NoError(t, err)
		defer func() { require.NoError(t, v.Close()) }()
		conn, err := v.Connect()
		require.NoError(t, err)
		defer conn.Disconnect()
		ch, err := conn.NewAPIChannel()
		require.NoError(t, err)
		defer ch.Close()
		v.Intercept("show_version", fakevpp.Delay(time.Hour))
		begin := time.Now()
		version(t, ch)
		require.Equal(t, time.Hour, time.Since(begin))
		time.Sleep(24 * time.Hour)
		require.Equal(t, 25*time.Hour, time.Since(begin))
	})
}

// Replies beyond what govpp buffers must not stall a stream, whose sender is
// also its receiver.
func TestStreamLongerThanItsBuffer(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(testing.TB, *fakevpp.VPP) *core.Connection) {
		conn := connect(t, start(t))
		stream, err := conn.NewStream(context.Background(), core.WithReplyTimeout(20*time.Second))
		require.NoError(t, err)
		const n = 150 // govpp buffers 100 and gives up on the next after a second
		for range n {
			require.NoError(t, stream.SendMsg(new(vpe.ShowVersion)))
		}
		for range n {
			m, err := stream.RecvMsg()
			require.NoError(t, err)
			require.IsType(t, new(vpe.ShowVersionReply), m)
		}
		require.NoError(t, stream.Close())
	})
}

func TestManyClients(t *testing.T) {
	t.Parallel()
	v := start(t, fakevpp.KeepCalls(10))
	path := listen(t, v)
	const clients, requests = 50, 40
	var wg sync.WaitGroup
	for i := range clients {
		conn := connectInProcess
		if i%2 == 0 {
			conn = func(t testing.TB, _ *fakevpp.VPP) *core.Connection { return dial(t, path, fmt.Sprintf("client-%d", i)) }
		}
		ch := channel(t, conn(t, v))
		wg.Go(func() {
			for range requests {
				rep := new(vpe.ShowVersionReply)
				if err := ch.SendRequest(new(vpe.ShowVersion)).ReceiveReply(rep); err != nil || rep.Program != "vpe" {
					t.Errorf("client %d: %v, %v", i, rep, err)
					return
				}
			}
		})
	}
	wg.Wait()
	for _, m := range v.Coverage().Messages {
		if m.Name == "show_version" {
			require.EqualValues(t, clients*requests, m.Calls)
		}
	}
	calls := v.Calls()
	require.Len(t, calls, 10)
	require.Equal(t, calls[0].Seq+9, calls[9].Seq)
}

// frame is a message in the socket's framing.
func frame(msg []byte) []byte {
	b := make([]byte, 16, 16+len(msg))
	binary.BigEndian.PutUint32(b[8:], uint32(len(msg)))
	return append(b, msg...)
}

// handshake connects without govpp, with a table of one request.
func handshake(t testing.TB, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	hello, err := codec.EncodeMsg(&memclnt.SockclntCreate{Name: "raw"}, 15)
	require.NoError(t, err)
	_, err = conn.Write(frame(hello))
	require.NoError(t, err)
	readFrame(t, conn)
	return conn
}

func readFrame(t testing.TB, r io.Reader) []byte {
	t.Helper()
	header := make([]byte, 16)
	_, err := io.ReadFull(r, header)
	require.NoError(t, err)
	msg := make([]byte, binary.BigEndian.Uint32(header[8:]))
	_, err = io.ReadFull(r, msg)
	require.NoError(t, err)
	return msg
}

// Malformed input ends the connection with a reason in the log, and nothing
// else.
func TestMalformed(t *testing.T) {
	t.Parallel()
	ping := func(id uint16) []byte {
		msg := make([]byte, 10)
		binary.BigEndian.PutUint16(msg, id)
		return msg
	}
	huge := make([]byte, 16)
	binary.BigEndian.PutUint32(huge[8:], 1<<30)
	for _, tc := range []struct {
		name, want string
		bytes      []byte
	}{
		{"empty message", "malformed frame: message of 0 bytes, expected 2 to 16777216", make([]byte, 16)},
		{"enormous message", "malformed frame: message of 1073741824 bytes, expected 2 to 16777216", huge},
		{"half a header", "malformed frame: connection ended after 7 bytes of it", make([]byte, 7)},
		{"half a message", "malformed frame: connection ended after 20 bytes of it", frame(ping(23))[:20]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := start(t)
			conn := handshake(t, listen(t, v))
			_, err := conn.Write(tc.bytes)
			require.NoError(t, err)
			require.NoError(t, conn.(*net.UnixConn).CloseWrite())
			_, err = conn.Read(make([]byte, 1))
			require.Error(t, err)
			require.Eventually(t, func() bool { return len(v.Clients()) == 0 }, 5*time.Second, time.Millisecond)
			require.Contains(t, logLines(t, channel(t, connectInProcess(t, v))), fmt.Sprintf("client %q dropped: %s", "raw", tc.want))
		})
	}
}

// VPP drops messages that are shorter than their layout; the connection goes on.
func TestTruncatedMessage(t *testing.T) {
	t.Parallel()
	ping := make([]byte, 10)
	ping[1] = 23
	create := make([]byte, 10)
	create[1] = 15
	for name, tc := range map[string]struct {
		msg  []byte
		want string
	}{
		"no room for the header": {ping[:4], "control_ping: offset 4: shorter than its header"},
		"truncated field":        {create, "sockclnt_create.name: offset 6: truncated: 64 bytes expected, 4 left"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := start(t)
			conn := handshake(t, listen(t, v))
			_, err := conn.Write(append(frame(tc.msg), frame(ping)...))
			require.NoError(t, err)
			require.EqualValues(t, 24, binary.BigEndian.Uint16(readFrame(t, conn)))
			require.Contains(t, logLines(t, channel(t, connectInProcess(t, v))), "truncated message received, message dropped: "+tc.want)
		})
	}
}

// VPP ignores ids that it does not know; the connection goes on.
func TestUnknownID(t *testing.T) {
	t.Parallel()
	v := start(t)
	conn := handshake(t, listen(t, v))
	bad := make([]byte, 10)
	bad[0] = 0xff
	ping := make([]byte, 10)
	ping[1] = 23
	_, err := conn.Write(append(frame(bad), frame(ping)...))
	require.NoError(t, err)
	require.EqualValues(t, 24, binary.BigEndian.Uint16(readFrame(t, conn)))
	require.Contains(t, logLines(t, channel(t, connectInProcess(t, v))), "no handler for msg id 65280")
}

func TestSockclntDelete(t *testing.T) {
	t.Parallel()
	v := start(t)
	conn := handshake(t, listen(t, v))
	index := func(index uint32) int32 {
		msg, err := codec.EncodeMsg(&memclnt.SockclntDelete{Index: index}, 17)
		require.NoError(t, err)
		_, err = conn.Write(frame(msg))
		require.NoError(t, err)
		rep := new(memclnt.SockclntDeleteReply)
		require.NoError(t, codec.DecodeMsg(readFrame(t, conn), rep))
		return rep.Response
	}
	require.EqualValues(t, -1, index(77))
	require.EqualValues(t, 1, index(1|1<<31))
	_, err := conn.Read(make([]byte, 1))
	require.True(t, errors.Is(err, io.EOF), "%v", err)
}

func TestListenErrors(t *testing.T) {
	t.Parallel()
	v := start(t)
	path := listen(t, v)
	require.ErrorContains(t, start(t).Listen(path), "another process listens there")
	require.ErrorContains(t, v.Listen(t.TempDir()), "no socket")
	v.Crash()
	require.ErrorIs(t, v.Listen(filepath.Join(t.TempDir(), "x")), fakevpp.ErrDown)
}
