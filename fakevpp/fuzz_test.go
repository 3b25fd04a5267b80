package fakevpp_test

import (
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/ip"
	"go.fd.io/govpp/binapi/memclnt"
	"go.fd.io/govpp/binapi/vlib"
	"go.fd.io/govpp/binapi/vpe"
	"go.fd.io/govpp/codec"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// startQuick starts a double that answers at once: the series of arping end, as
// on VPP, when the client asked for, which may be in a hundred years.
func startQuick(f *testing.F) *fakevpp.VPP {
	v := start(f)
	for _, name := range []string{"arping", "arping_acd"} {
		v.Intercept(name, fakevpp.Fail(vnet.ErrUnimplemented))
	}
	return v
}

// Whatever bytes a client sends, the double neither panics nor hangs: it ends
// the connection or answers, and serves others on.
func FuzzFrames(f *testing.F) {
	ping := make([]byte, 10)
	ping[1] = 23
	hello, err := codec.EncodeMsg(&memclnt.SockclntCreate{Name: "x"}, 15)
	require.NoError(f, err)
	f.Add(frame(ping))
	f.Add(append(frame(hello), frame(ping)...))
	f.Add(frame(ping)[:20])
	f.Add(make([]byte, 64))
	v := startQuick(f)
	path := filepath.Join(f.TempDir(), "api.sock")
	require.NoError(f, v.Listen(path))
	f.Fuzz(func(t *testing.T, data []byte) {
		conn, err := net.Dial("unix", path)
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		if _, err := conn.Write(data); err != nil {
			return // it hung up before the end
		}
		_ = conn.(*net.UnixConn).CloseWrite()
		_, err = io.Copy(io.Discard, conn)
		var timeout net.Error
		if ne, ok := err.(net.Error); ok {
			timeout = ne
		}
		require.False(t, timeout != nil && timeout.Timeout(), "the connection hangs")
	})
}

// The same for one message of each name: its id is put in front of the bytes.
func FuzzMessages(f *testing.F) {
	for i, m := range []api.Message{new(vpe.LogDump), &vlib.CliInband{Cmd: "show version"},
		&ip.IPTableAddDel{IsAdd: true}, &ip.IPRouteAddDel{IsAdd: true, Route: ip.IPRoute{Paths: nil}}} {
		data, err := codec.EncodeMsg(m, 0)
		require.NoError(f, err)
		f.Add(uint16(i*97), data[2:])
	}
	v := start(f, fakevpp.KeepCalls(100))
	f.Fuzz(func(t *testing.T, id uint16, body []byte) {
		a := v.Adapter()
		require.NoError(t, a.Connect())
		defer func() { require.NoError(t, a.Disconnect()) }()
		msg := binary.BigEndian.AppendUint16(nil, id%2000)
		msg = append(msg, body...)
		if len(msg) < 10 {
			msg = append(msg, make([]byte, 10-len(msg))...)
		}
		if err := a.SendMsg(1, msg); err != nil {
			require.ErrorContains(t, err, "send message to vpp")
		}
		for _, c := range v.Calls() {
			_ = c.String()
		}
	})
}
