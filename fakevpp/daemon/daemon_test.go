package daemon_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/adapter/socketclient"
	"go.fd.io/govpp/binapi/memclnt"
	"go.fd.io/govpp/core"
	"go.uber.org/goleak"

	"github.com/vpptwin/vpptwin/fakevpp/daemon"
	"github.com/vpptwin/vpptwin/fakevpp/startup"
)

// dir returns a directory with a name short enough for sockets.
func dir(t *testing.T) string {
	t.Helper()
	d, err := os.MkdirTemp("", "vpp")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(d)) })
	return d
}

// run starts a VPP with its files in a directory.
func run(t *testing.T, dir, config string) (d *daemon.Daemon, out *bytes.Buffer) {
	t.Helper()
	c, err := startup.Parse("test", strings.ReplaceAll(config, "DIR", dir))
	require.NoError(t, err)
	out = new(bytes.Buffer)
	d, err = daemon.Start(daemon.Settings{Config: c, Stdout: out, Stderr: out})
	require.NoError(t, err)
	return d, out
}

const minimal = "unix { nodaemon nosyslog runtime-dir DIR/run cli-listen DIR/cli.sock } "

func TestFiles(t *testing.T) {
	t.Parallel()
	base := dir(t)
	script := filepath.Join(base, "boot.vpp")
	require.NoError(t, os.WriteFile(script, []byte("# boot\ncreate packet-generator interface pg0\nshow version\nno such\nset interface state pg0 up\n"), 0o600))
	d, out := run(t, base, minimal+"unix { pidfile vpp.pid log vpp.log exec "+script+" }")
	require.NotNil(t, d.VPP().DataPlane().InterfaceByName("pg0"))
	require.Contains(t, out.String(), "vpp v26.06-release built by vpptwin")
	require.Contains(t, out.String(), "no such")
	pid, err := os.ReadFile(filepath.Join(base, "run/vpp.pid"))
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(os.Getpid()), string(pid))
	for _, name := range []string{"run/api.sock", "cli.sock"} {
		info, err := os.Stat(filepath.Join(base, name))
		require.NoError(t, err)
		require.Equal(t, os.ModeSocket|0o775, info.Mode(), name)
	}
	require.NoError(t, d.Close())
	// As with VPP, sockets stay behind, and the next start takes them over.
	require.FileExists(t, filepath.Join(base, "run/api.sock"))
	d, _ = run(t, base, minimal)
	require.NoError(t, d.Close())
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		"unix { runtime-dir DIR/run pidfile /elsewhere.pid }":         "pidfile: file /elsewhere.pid is not in runtime directory",
		"unix { runtime-dir DIR/run pidfile ../x.pid }":               "'..' not allowed in runtime path",
		"unix { runtime-dir DIR/run cli-listen localhost:99999 }":     "expected a port from 1 to 65535",
		"unix { runtime-dir DIR/run cli-listen DIR/file }":            "already exists",
		"unix { runtime-dir DIR/run } socksvr { socket-name DIR/up }": "another process listens there",
	} {
		base := dir(t)
		require.NoError(t, os.WriteFile(filepath.Join(base, "file"), nil, 0o600))
		l, err := net.Listen("unix", filepath.Join(base, "up"))
		require.NoError(t, err)
		c, err := startup.Parse("test", strings.ReplaceAll(config, "DIR", base))
		require.NoError(t, err)
		_, err = daemon.Start(daemon.Settings{Config: c})
		require.ErrorContains(t, err, want)
		require.NoError(t, l.Close())
	}
}

// program talks to the CLI socket as vppctl with a command does.
func program(t *testing.T, path, command string) string {
	t.Helper()
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, "\xff\xfa\x18\x00vppctl\xff\xf0"+command+"\n\x00")
	require.NoError(t, err)
	var got []byte
	for b := make([]byte, 1); len(got) == 0 || b[0] != 0 || bytes.HasSuffix(got, []byte{0xff, 0xfd, 24}); {
		n, err := conn.Read(b)
		require.NoError(t, err)
		got = append(got, b[:n]...)
		if b[0] == 0 {
			break
		}
	}
	_, text, _ := strings.Cut(string(got), "\xff\xfa\x1f\x01\xff\xf0")
	return strings.Trim(text, "\x00")
}

func TestCLISocket(t *testing.T) {
	t.Parallel()
	base := dir(t)
	d, _ := run(t, base, minimal)
	path := filepath.Join(base, "cli.sock")
	require.Contains(t, program(t, path, "show version"), "vpp v26.06-release built by vpptwin")
	require.Equal(t, "show: unknown input `nothing'\r\n", program(t, path, "show nothing"))
	// The process is a new one if those before are not yet seen to have left.
	require.Regexp(t, "^Terminal name:   unix-cli-local:2\r\nTerminal node:   unix-cli-process-[0-2]\r\n", program(t, path, "show terminal"))
	require.NoError(t, d.Close())
}

// A hundred clients at once, on both sockets; nothing is left when VPP has
// ended. Not parallel: goleak sees the goroutines of all tests.
func TestHundredClients(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	base := dir(t)
	d, _ := run(t, base, minimal)
	var all sync.WaitGroup
	errs := make(chan error, 100)
	for range 100 {
		all.Go(func() { errs <- client(filepath.Join(base, "run/api.sock")) })
	}
	for range 20 {
		require.Contains(t, program(t, filepath.Join(base, "cli.sock"), "show version"), "vpptwin")
	}
	all.Wait()
	for range 100 {
		require.NoError(t, <-errs)
	}
	require.Eventually(t, func() bool { return len(d.VPP().Clients()) == 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, d.Close())
	goleak.VerifyNone(t, ignore)
}

// client connects, asks ten times and leaves.
func client(path string) error {
	vpp := socketclient.NewVppClient(path)
	vpp.SetConnectTimeout(time.Minute) // a busy machine keeps a hundred waiting
	conn, err := core.Connect(vpp)
	if err != nil {
		return err
	}
	defer conn.Disconnect()
	ch, err := conn.NewAPIChannel()
	if err != nil {
		return err
	}
	defer ch.Close()
	ch.SetReplyTimeout(time.Minute)
	for range 10 {
		if err := ch.SendRequest(&memclnt.ControlPing{}).ReceiveReply(&memclnt.ControlPingReply{}); err != nil {
			return err
		}
	}
	return nil
}
