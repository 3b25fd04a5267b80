package fakevpp_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/memclnt"
	"go.fd.io/govpp/binapi/vlib"
	"go.fd.io/govpp/binapi/vpe"
	"go.fd.io/govpp/core"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// addNext is a request with an effect that getNext sees.
func addNext(ch api.Channel, next string) error {
	return ch.SendRequest(&vlib.AddNodeNext{NodeName: "error-drop", NextName: next}).ReceiveReply(new(vlib.AddNodeNextReply))
}

func hasNext(t testing.TB, ch api.Channel, next string) bool {
	t.Helper()
	err := ch.SendRequest(&vlib.GetNextIndex{NodeName: "error-drop", NextName: next}).ReceiveReply(new(vlib.GetNextIndexReply))
	if err == nil {
		return true
	}
	require.ErrorIs(t, err, api.NO_SUCH_ENTRY)
	return false
}

func TestInterceptFailures(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		opts   []fakevpp.InterceptOption
		want   []error // of three calls; nil is success
		effect bool    // of the failing call
	}{
		{"third fails", []fakevpp.InterceptOption{fakevpp.Nth(3), fakevpp.Fail(vnet.ErrUnspecified)},
			[]error{nil, nil, api.UNSPECIFIED}, false},
		{"from the second on", []fakevpp.InterceptOption{fakevpp.From(2), fakevpp.Fail(vnet.ErrInvalidValue)},
			[]error{nil, api.INVALID_VALUE, api.INVALID_VALUE}, false},
		{"after the effect", []fakevpp.InterceptOption{fakevpp.Nth(3), fakevpp.FailAfter(vnet.ErrSyscall1)},
			[]error{nil, nil, api.SYSCALL_ERROR_1}, true},
		{"by field", []fakevpp.InterceptOption{fakevpp.Fail(vnet.ErrUnspecified), fakevpp.Where(func(m *fakevpp.Message) bool {
			next, err := m.Text("next_name")
			return err == nil && next == "punt"
		})}, []error{nil, nil, api.UNSPECIFIED}, false},
		{"another client's", []fakevpp.InterceptOption{fakevpp.ByClient("somebody"), fakevpp.Fail(vnet.ErrUnspecified)},
			[]error{nil, nil, nil}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, connect func(testing.TB, *fakevpp.VPP) *core.Connection) {
				v := start(t)
				ch := channel(t, connect(t, v))
				rule := v.Intercept("add_node_next", tc.opts...)
				for i, next := range []string{"null-node", "error-punt", "punt"} {
					err := addNext(ch, next)
					if tc.want[i] == nil {
						require.NoError(t, err)
					} else {
						require.ErrorIs(t, err, tc.want[i])
					}
				}
				rule.Remove()
				require.Equal(t, tc.effect, hasNext(t, ch, "punt"))
			})
		})
	}
}

// What a hook changes, handler and client see.
func TestInterceptHooks(t *testing.T) {
	t.Parallel()
	v := start(t)
	ch := channel(t, connectInProcess(t, v))
	var seen []string
	rule := v.Intercept("add_node_next",
		fakevpp.Before(func(x *fakevpp.Exchange) {
			seen = append(seen, x.Client+" "+x.Request.String())
			require.NoError(t, x.Request.SetText("next_name", "punt"))
		}),
		fakevpp.After(func(x *fakevpp.Exchange) {
			require.Len(t, x.Replies, 1)
			require.NoError(t, x.Replies[0].SetUint("next_index", 42))
		}))
	rep := new(vlib.AddNodeNextReply)
	require.NoError(t, ch.SendRequest(&vlib.AddNodeNext{NodeName: "error-drop", NextName: "null-node"}).ReceiveReply(rep))
	require.EqualValues(t, 42, rep.NextIndex)
	require.Equal(t, 1, rule.Hits())
	rule.Remove()
	require.Equal(t, []string{`govpp add_node_next{node_name: "error-drop", next_name: "null-node"}`}, seen)
	require.True(t, hasNext(t, ch, "punt"))
	require.False(t, hasNext(t, ch, "null-node"))
}

// A reply can be replaced by a govpp binding, a dump's details removed.
func TestInterceptReplaces(t *testing.T) {
	t.Parallel()
	v := start(t)
	ch := channel(t, connectInProcess(t, v))
	v.Intercept("show_version", fakevpp.After(func(x *fakevpp.Exchange) {
		require.NoError(t, x.Replies[0].Replace(&vpe.ShowVersionReply{Version: "v0"}))
	}))
	require.Equal(t, "v0", version(t, ch))

	bad := v.AdapterNamed("bad")
	require.NoError(t, bad.Connect())
	require.NoError(t, bad.Disconnect())
	require.NotEmpty(t, logLines(t, ch))
	v.Intercept("log_dump", fakevpp.After(func(x *fakevpp.Exchange) { x.Replies = nil }))
	require.Empty(t, logLines(t, ch))
}

func TestInterceptDropsAndCuts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		opt       fakevpp.InterceptOption
		effect    bool
		connected bool
	}{
		{"drop", fakevpp.Drop(), false, true},
		{"drop reply", fakevpp.DropReply(), true, true},
		{"cut", fakevpp.Cut(), true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, connect func(testing.TB, *fakevpp.VPP) *core.Connection) {
				v := start(t)
				ch := channel(t, connect(t, v))
				ch.SetReplyTimeout(200 * time.Millisecond)
				rule := v.Intercept("add_node_next", tc.opt)
				require.Error(t, addNext(ch, "punt"))
				require.Eventually(t, func() bool { return rule.Hits() == 1 && (len(v.Clients()) == 1) == tc.connected },
					5*time.Second, time.Millisecond)
				rule.Remove()
				watch := channel(t, connectInProcess(t, v))
				require.Equal(t, tc.effect, hasNext(t, watch, "punt"))
			})
		})
	}
}

func TestInterceptCrash(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(testing.TB, *fakevpp.VPP) *core.Connection) {
		v := start(t)
		ch := channel(t, connect(t, v))
		ch.SetReplyTimeout(200 * time.Millisecond)
		v.Intercept("add_node_next", fakevpp.Nth(1), fakevpp.CrashVPP())
		require.Error(t, addNext(ch, "punt"))
		require.Eventually(t, func() bool { return v.DataPlane() == nil }, 5*time.Second, time.Millisecond)
		require.NoError(t, v.Restart())
		require.False(t, hasNext(t, channel(t, connectInProcess(t, v)), "punt"), "state is gone")
	})
}

// Delays keep the order of one client's messages and do not hold up others.
func TestInterceptDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, err := fakevpp.New()
		require.NoError(t, err)
		defer func() { require.NoError(t, v.Close()) }()
		slow, err := v.Connect()
		require.NoError(t, err)
		defer slow.Disconnect()
		other, err := v.Connect()
		require.NoError(t, err)
		defer other.Disconnect()
		v.Intercept("show_version", fakevpp.Nth(1), fakevpp.Delay(time.Second), fakevpp.DelayReply(2*time.Second))

		begin := time.Now()
		stream, err := slow.NewStream(t.Context())
		require.NoError(t, err)
		require.NoError(t, stream.SendMsg(new(vpe.ShowVersion)))
		require.NoError(t, stream.SendMsg(new(memclnt.ControlPing)))
		synctest.Wait() // now the first one is being held back
		ch, err := other.NewAPIChannel()
		require.NoError(t, err)
		defer ch.Close()
		version(t, ch)
		require.Zero(t, time.Since(begin), "another client is not held up")
		for _, want := range []api.Message{new(vpe.ShowVersionReply), new(memclnt.ControlPingReply)} {
			m, err := stream.RecvMsg()
			require.NoError(t, err)
			require.IsType(t, want, m)
		}
		require.Equal(t, 3*time.Second, time.Since(begin))
		require.NoError(t, stream.Close())
	})
}

func TestCallsAndCoverage(t *testing.T) {
	t.Parallel()
	v := start(t, fakevpp.Bindings("go.fd.io/govpp/binapi"), fakevpp.KeepCalls(3))
	ch := channel(t, connectInProcess(t, v))
	version(t, ch)
	require.NoError(t, addNext(ch, "punt"))
	require.ErrorIs(t, ch.SendRequest(&vlib.GetNodeIndex{NodeName: "none"}).ReceiveReply(new(vlib.GetNodeIndexReply)), api.NO_SUCH_NODE)
	require.ErrorIs(t, ch.SendRequest(&vlib.AddNodeNext{NextName: "x"}).ReceiveReply(new(vlib.AddNodeNextReply)), api.NO_SUCH_NODE)
	require.Error(t, ch.SendRequest(new(vlib.GetNodeGraph)).ReceiveReply(new(vlib.GetNodeGraphReply)))

	var calls []string
	for _, c := range v.Calls() {
		calls = append(calls, c.String())
	}
	require.Equal(t, []string{
		`get_node_index{node_name: "none"} = -63`,
		`add_node_next{next_name: "x"} = -63`,
		`get_node_graph{} = -9`,
	}, calls)
	require.Equal(t, strings.TrimPrefix(`
add_node_next_2457116d: 2 calls, 2 of 2 fields
       1 x ok
       1 x No such graph node (-63)
get_node_graph_51077d14: 1 calls, 0 of 0 fields, no handler
       1 x Unimplemented (-9)
get_node_index_f1984c64: 1 calls, 1 of 1 fields
       1 x No such graph node (-63)
show_version_51077d14: 1 calls, 0 of 0 fields
       1 x ok
`, "\n"), v.Coverage().String())
}
