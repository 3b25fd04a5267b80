package fakevpp

import (
	"encoding/binary"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/codec"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

type testEvent struct{ PID, SwIfIndex uint32 }

// listenRaw connects a client that nobody reads for.
func listenRaw(t *testing.T, v *VPP) (net.Conn, *client) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "api.sock")
	require.NoError(t, v.Listen(path))
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.Eventually(t, func() bool { return len(v.clients.all()) == 1 }, 5*time.Second, time.Millisecond)
	return conn, v.clients.all()[0]
}

// wantEvents registers the client as a want_ handler does.
func wantEvents(v *VPP, cl *client, enable bool) error {
	e := v.table.bySet[setKey{"go.fd.io/govpp/binapi", "want_interface_events"}]
	return v.subscribe(&call{client: cl, entry: e}, "interface_events", enable, 77)
}

func sendEvent(v *VPP, swIfIndex uint32) {
	dp := v.DataPlane()
	dp.Lock()
	defer dp.Unlock()
	notify(v, "interface_events", "sw_interface_event", func(pid uint32) *testEvent {
		return &testEvent{PID: pid, SwIfIndex: swIfIndex}
	})
}

func TestEvents(t *testing.T) {
	t.Parallel()
	v, err := New()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	conn, cl := listenRaw(t, v)
	require.Equal(t, vnet.ErrInvalidRegistration, wantEvents(v, cl, false))
	require.NoError(t, wantEvents(v, cl, true))
	require.Equal(t, vnet.ErrInvalidRegistration, wantEvents(v, cl, true))
	require.True(t, v.subscribed("interface_events"))

	sendEvent(v, 5)
	b := make([]byte, 512)
	n, err := conn.Read(b)
	require.NoError(t, err)
	msg := b[frameHeader:n]
	require.Equal(t, cl.index, binary.BigEndian.Uint32(msg[2:]))
	got := new(interfaces.SwInterfaceEvent)
	require.NoError(t, codec.DecodeMsg(msg, got))
	require.Equal(t, &interfaces.SwInterfaceEvent{PID: 77, SwIfIndex: 5}, got)

	require.NoError(t, conn.Close())
	require.Eventually(t, func() bool { return !v.subscribed("interface_events") }, 5*time.Second, time.Millisecond,
		"a client's death releases its registrations")
}

// A client that does not read is dropped; whoever sends never waits for it.
func TestSlowClientIsDropped(t *testing.T) {
	t.Parallel()
	v, err := New()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	_, cl := listenRaw(t, v)
	require.NoError(t, wantEvents(v, cl, true))
	chunk := make([]byte, 1<<20)
	for range maxQueued/len(chunk) + 2 {
		cl.enqueue(chunk)
		cl.transport.flush(cl)
	}
	require.True(t, cl.closed.Load())
	sendEvent(v, 1)
	require.False(t, v.subscribed("interface_events"))
}
