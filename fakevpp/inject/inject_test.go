package inject_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/adapter/socketclient"
	"go.fd.io/govpp/api"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/ip"
	"go.fd.io/govpp/binapi/memclnt"
	"go.fd.io/govpp/core"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/fakevpp/inject"
)

// process is a double with a socket, a client on it, and a control socket.
type process struct {
	*inject.Process
	v             *fakevpp.VPP
	path, control string
	died          chan struct{}
}

func start(t *testing.T) *process {
	t.Helper()
	v, err := fakevpp.New()
	require.NoError(t, err)
	dir, err := os.MkdirTemp("", "inject") // a socket's path is short
	require.NoError(t, err)
	p := &process{v: v, path: filepath.Join(dir, "api.sock"), control: filepath.Join(dir, "control.sock"), died: make(chan struct{}, 9)}
	p.Process = inject.NewProcess(v, func() { p.died <- struct{}{} })
	require.NoError(t, v.Listen(p.path))
	c, err := inject.Listen(p.control, p.Process)
	require.NoError(t, err)
	t.Cleanup(func() {
		c.Close()
		p.Process.Close()
		require.NoError(t, v.Close())
		require.NoError(t, os.RemoveAll(dir))
	})
	return p
}

// connect returns a channel of a client on the socket.
func (p *process) connect(t *testing.T) api.Channel {
	t.Helper()
	conn, err := core.Connect(socketclient.NewVppClient(p.path))
	require.NoError(t, err)
	t.Cleanup(conn.Disconnect)
	ch, err := conn.NewAPIChannel()
	require.NoError(t, err)
	t.Cleanup(ch.Close)
	ch.SetReplyTimeout(2 * time.Second)
	return ch
}

func (p *process) add(t *testing.T, fault string) {
	t.Helper()
	_, err := inject.Send(p.control, "add "+fault)
	require.NoError(t, err)
}

func table(ch api.Channel, id uint32, add bool) error {
	return ch.SendRequest(&ip.IPTableAddDel{IsAdd: add, Table: ip.IPTable{TableID: id}}).ReceiveReply(&ip.IPTableAddDelReply{})
}

func loopback(ch api.Channel) error {
	return ch.SendRequest(&interfaces.CreateLoopback{}).ReceiveReply(&interfaces.CreateLoopbackReply{})
}

func TestErrors(t *testing.T) {
	t.Parallel()
	p := start(t)
	ch := p.connect(t)
	p.add(t, "ip_table_add_del:retval=-7:after=1:times=1")
	require.NoError(t, table(ch, 1, true))
	require.Equal(t, api.VPPApiError(-7), table(ch, 2, true))
	require.NoError(t, table(ch, 2, true))

	p.add(t, "create_loopback:late-retval=-8:nth=2")
	require.NoError(t, loopback(ch))
	require.Equal(t, api.VPPApiError(-8), loopback(ch))
	require.NotNil(t, p.v.DataPlane().InterfaceByName("loop1"), "the effect of a late error")

	list, err := inject.Send(p.control, "list")
	require.NoError(t, err)
	require.Equal(t, "1 ip_table_add_del:retval=-7:after=1:times=1 hits=1\n2 create_loopback:late-retval=-8:nth=2 hits=1\n", list)
	removed, err := inject.Send(p.control, "remove all")
	require.NoError(t, err)
	require.Equal(t, "removed 2\n", removed)
}

func TestFullTable(t *testing.T) {
	t.Parallel()
	p := start(t)
	ch := p.connect(t)
	p.add(t, "ip_table_add_del:full=2")
	require.NoError(t, table(ch, 1, true))
	require.NoError(t, table(ch, 2, true))
	require.Equal(t, api.VPPApiError(-99), table(ch, 3, true))
	require.NoError(t, table(ch, 1, false))
	require.NoError(t, table(ch, 3, true))
}

func TestDelay(t *testing.T) {
	t.Parallel()
	p := start(t)
	ch := p.connect(t)
	p.add(t, "create_loopback:delay=60ms")
	began := time.Now()
	require.NoError(t, loopback(ch))
	require.GreaterOrEqual(t, time.Since(began), 60*time.Millisecond)
}

func TestHangHoldsAllClients(t *testing.T) {
	t.Parallel()
	p := start(t)
	first, second := p.connect(t), p.connect(t)
	p.add(t, "create_loopback:hang")
	done := make(chan error, 2)
	go func() { done <- loopback(first) }()
	require.Eventually(t, func() bool { return p.List()[0].Hits() == 1 }, 5*time.Second, time.Millisecond)
	second.SetReplyTimeout(100 * time.Millisecond)
	require.Error(t, table(second, 1, true), "another client is answered")
	_, err := inject.Send(p.control, "remove 1")
	require.NoError(t, err)
	require.NoError(t, <-done)
}

func TestCrash(t *testing.T) {
	t.Parallel()
	p := start(t)
	ch := p.connect(t)
	p.add(t, "create_loopback:crash")
	go func() { _ = loopback(ch) }() // nobody answers for sure
	select {
	case <-p.died:
	case <-time.After(5 * time.Second):
		t.Fatal("the process lives")
	}
}

func TestCrashAndBack(t *testing.T) {
	t.Parallel()
	p := start(t)
	ch := p.connect(t)
	require.NoError(t, loopback(ch))
	p.add(t, "ip_table_add_del:crash=50ms")
	require.Error(t, table(ch, 1, true))
	require.Eventually(t, func() bool { dp := p.v.DataPlane(); return dp != nil && dp.InterfaceByName("loop0") == nil }, 5*time.Second, time.Millisecond)
	require.Eventually(t, func() bool {
		conn, err := net.Dial("unix", p.path)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 5*time.Second, time.Millisecond)
}

// raw talks to the socket without a library. It returns what was read of the
// answer to sockclnt_create, and the sizes of the reads.
func raw(t *testing.T, path string) (got []byte, reads []int, err error) {
	t.Helper()
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	frame := make([]byte, 16+2+4+64)
	binary.BigEndian.PutUint32(frame[8:], uint32(len(frame)-16))
	binary.BigEndian.PutUint16(frame[16:], sockclntCreateID)
	_, err = conn.Write(frame)
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
	buf := make([]byte, 1<<20)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return got, reads, err
		}
		got, reads = append(got, buf[:n]...), append(reads, n)
		if len(got) >= 16 && len(got) == 16+int(binary.BigEndian.Uint32(got[8:])) || len(reads) > 20 {
			return got, reads, nil
		}
	}
}

// sockclntCreateID is the message's fixed id.
const sockclntCreateID = 15

func TestCutInTheMiddleOfAMessage(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.add(t, "sockclnt_create:cut=21")
	got, _, err := raw(t, p.path)
	require.True(t, errors.Is(err, io.EOF), "%v", err)
	require.Len(t, got, 21)
}

func TestShortWrites(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.add(t, "sockclnt_create:short=10")
	got, reads, err := raw(t, p.path)
	require.NoError(t, err)
	require.Greater(t, len(got), 100)
	require.Greater(t, len(reads), 20)
}

func TestConditions(t *testing.T) {
	t.Parallel()
	p := start(t)
	ch := p.connect(t)
	p.add(t, "ip_table_add_del:retval=-1:where=is_add=0")
	p.add(t, "create_loopback:retval=-1:client=other")
	require.NoError(t, table(ch, 1, true))
	require.Equal(t, api.VPPApiError(-1), table(ch, 1, false))
	require.NoError(t, loopback(ch))
	require.NoError(t, ch.SendRequest(&memclnt.ControlPing{}).ReceiveReply(&memclnt.ControlPingReply{}))
}

func TestErrorsNameThePosition(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       `position 1: "": expected the name of a message or *`,
		"Foo:cut":                `position 1: "Foo": expected the name of a message or *`,
		"x":                      `position 2: expected an action, such as retval=-1, delay=100ms, cut, hang or crash`,
		"x:after=1":              `position 10: expected an action, such as retval=-1, delay=100ms, cut, hang or crash`,
		"x:retval=a":             `position 3: retval: "a": expected a number such as -1`,
		"x:cut:nth=0":            `position 7: nth: "0": expected a number from 1`,
		"x:delay":                `position 3: delay: expected a value, a time such as 100ms or 2s`,
		"x:delay=-1s":            `position 3: delay: "-1s": expected a time such as 100ms or 2s`,
		"x:drop=1":               `position 3: drop takes no value`,
		"x:cut:where=y":          `position 7: where: "y": expected FIELD=NUMBER`,
		"x:retval=-1:client=":    `position 13: client: "": expected a name`,
		"x:retval=99999999999:a": `position 3: retval: "99999999999": expected a number such as -1`,
	} {
		_, err := inject.Parse(text)
		require.EqualError(t, err, want, text)
	}
}

func TestControlAnswersErrors(t *testing.T) {
	t.Parallel()
	p := start(t)
	for command, want := range map[string]string{
		"add x":      "position 2: expected an action, such as retval=-1, delay=100ms, cut, hang or crash",
		"remove 7":   "remove 7: no such fault",
		"remove one": `remove "one": expected the number of a fault, or all`,
		"what":       `"what": expected add FAULT, list, remove ID or remove all`,
	} {
		_, err := inject.Send(p.control, command)
		require.EqualError(t, err, want)
	}
}

// FuzzParse reads any description: it is a fault or an error with a position in
// the text.
func FuzzParse(f *testing.F) {
	f.Add("ip_route_add_del:retval=-1:after=3")
	f.Add("*:hang=5s:client=agent:where=is_add=1:cut=3")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := inject.Parse(text)
		var at *inject.Error
		if err != nil && (!errors.As(err, &at) || at.Position < 1 || at.Position > len(text)+1) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
