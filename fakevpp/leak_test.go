package fakevpp_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/adapter/socketclient"
	"go.fd.io/govpp/core"
	"go.uber.org/goleak"

	"github.com/vpptwin/vpptwin/fakevpp"
)

// Close leaves no goroutine, even of clients that never disconnected. Not
// parallel: goleak sees the goroutines of all tests.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	v, err := fakevpp.New()
	require.NoError(t, err)
	path := listen(t, v)
	for range 3 {
		require.NoError(t, v.Adapter().Connect()) // forgotten
		client := socketclient.NewVppClient(path)
		conn, err := core.Connect(client)
		require.NoError(t, err)
		ch, err := conn.NewAPIChannel()
		require.NoError(t, err)
		version(t, ch)
		ch.Close()
	}
	require.NoError(t, v.Restart())
	require.NoError(t, v.Adapter().Connect())
	require.NoError(t, v.Close())
	require.Empty(t, v.Clients())
	goleak.VerifyNone(t, ignore)
}
