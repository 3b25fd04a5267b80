package fakevpp_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/adapter/socketclient"
	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/vlib"
	"go.fd.io/govpp/binapi/vpe"
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
	return dial(t, listen(t, v))
}

func dial(t testing.TB, path string) *core.Connection {
	t.Helper()
	conn, err := core.Connect(socketclient.NewVppClient(path))
	require.NoError(t, err)
	t.Cleanup(conn.Disconnect)
	return conn
}

// channel opens an API channel for the test.
func channel(t testing.TB, conn *core.Connection) api.Channel {
	t.Helper()
	ch, err := conn.NewAPIChannel()
	require.NoError(t, err)
	t.Cleanup(ch.Close)
	return ch
}

func TestFirstRequests(t *testing.T) {
	t.Parallel()
	for _, tr := range transports {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			v := start(t, fakevpp.Workers(2))
			ch := channel(t, tr.connect(t, v))

			version := new(vpe.ShowVersionReply)
			require.NoError(t, ch.SendRequest(new(vpe.ShowVersion)).ReceiveReply(version))
			require.Equal(t, "vpe", version.Program)

			threads := new(vlib.ShowThreadsReply)
			require.NoError(t, ch.SendRequest(new(vlib.ShowThreads)).ReceiveReply(threads))
			require.Len(t, threads.ThreadData, 3)
			require.Equal(t, "vpp_wk_1", threads.ThreadData[2].Name)
		})
	}
}
