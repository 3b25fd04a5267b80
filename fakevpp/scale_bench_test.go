package fakevpp_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/binapi/memclnt"
	"go.fd.io/govpp/codec"

	"github.com/vpptwin/vpptwin/fakevpp"
)

// BenchmarkMillionRoutes adds a million routes over the socket, as fast as they
// are taken, to a VPP with a stats segment, while another client asks for a
// sign of life every millisecond. It reports the longest wait for one, the
// routes per second and the memory of the process.
func BenchmarkMillionRoutes(b *testing.B) {
	for b.Loop() {
		v := start(b, fakevpp.Stats(fakevpp.StatsConfig{Size: 256 << 20}))
		path := listen(b, v)
		require.NoError(b, v.ListenStats(filepath.Join(b.TempDir(), "stats.sock")))
		loop := upLoopback(b, channel(b, dial(b, path, "setup")))
		stop, worst := pingUntil(b, v, path)
		begin := time.Now()
		addRoutes(b, v, path, loop, 1_000_000)
		rate := 1e6 / time.Since(begin).Seconds()
		close(stop)
		b.ReportMetric(rate, "routes/s")
		b.ReportMetric(float64((<-worst).Microseconds())/1000, "max-ms")
		b.ReportMetric(residentMB(b), "RSS-MB")
	}
}

// addRoutes adds n host routes via an interface, without waiting for answers.
func addRoutes(b *testing.B, v *fakevpp.VPP, path string, swIfIndex uint32, n int) {
	conn := handshake(b, path)
	route := benchRoute(0, swIfIndex)
	id, err := v.Adapter().GetMsgID(route.GetMessageName(), route.GetCrcString())
	require.NoError(b, err)
	msg, err := codec.EncodeMsg(route, id)
	require.NoError(b, err)
	at := strings.Index(string(msg), string([]byte{11, 0, 0, 0}))
	require.Positive(b, at)
	failed := make(chan int, 1)
	go func() { failed <- countFailures(conn, n) }()
	w := bufio.NewWriterSize(conn, 64<<10)
	var header [16]byte
	binary.BigEndian.PutUint32(header[8:], uint32(len(msg)))
	for i := range n {
		binary.BigEndian.PutUint32(msg[at:], 0x20000000+uint32(i)*7)
		_, _ = w.Write(header[:]) // a failed write shows in Flush
		_, _ = w.Write(msg)
	}
	require.NoError(b, w.Flush())
	require.Zero(b, <-failed)
}

// pingUntil asks for a sign of life until stop is closed and then sends the
// longest time that one took.
func pingUntil(b *testing.B, v *fakevpp.VPP, path string) (stop chan struct{}, worst chan time.Duration) {
	ping := new(memclnt.ControlPing)
	id, err := v.Adapter().GetMsgID(ping.GetMessageName(), ping.GetCrcString())
	require.NoError(b, err)
	msg, err := codec.EncodeMsg(ping, id)
	require.NoError(b, err)
	conn := handshake(b, path)
	stop, worst = make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		var longest time.Duration
		defer func() { worst <- longest }()
		for tick := time.NewTicker(time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
			}
			begin := time.Now()
			if err := exchange(conn, msg); err != nil {
				b.Errorf("ping: %v", err)
				return
			}
			longest = max(longest, time.Since(begin))
		}
	}()
	return stop, worst
}

// exchange sends a message and reads the next frame.
func exchange(conn net.Conn, msg []byte) error {
	frame := make([]byte, 16, 16+len(msg))
	binary.BigEndian.PutUint32(frame[8:], uint32(len(msg)))
	if _, err := conn.Write(append(frame, msg...)); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, frame[:16]); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(frame[8:])))
	return err
}

// residentMB is the memory of this process in megabytes.
func residentMB(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(b, err)
	for line := range strings.Lines(string(status)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	b.Fatal("no VmHWM")
	return 0
}
