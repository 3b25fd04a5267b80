package fakevpp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// maxMessage is the longest message a client may send; a frame that announces
// more is malformed. VPP allocates what the header says.
const maxMessage = 16 << 20

// readBuffer holds what one read of a socket can return: many pipelined
// requests.
const readBuffer = 64 << 10

// sockets holds the listening sockets and their goroutines.
type sockets struct {
	mu        sync.Mutex
	listening []*net.UnixListener
	kept      []string // kept over a crash
	wait      sync.WaitGroup
}

// paths returns where the VPP listens, or listened when it crashed.
func (s *sockets) paths() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.kept)
}

// close ends listening; the socket files stay, as after a crash.
func (s *sockets) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.listening {
		_ = l.Close()
	}
	s.listening = nil
}

// forget leaves the socket files where they are.
func (s *sockets) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = nil
}

// remove deletes the socket files.
func (s *sockets) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, path := range s.kept {
		_ = os.Remove(path)
	}
	s.kept = nil
}

// Listen serves VPP's API on a unix socket (start-up option "socksvr {
// socket-name path }"). A socket file that nobody listens on is replaced. After
// a crash the path refuses connections; Restart serves it again.
//
// Nothing waits for a client that does not read: its answers and events are
// queued, and beyond 64 MiB the connection is dropped. So is one that sends a
// malformed frame; a message that is shorter than its layout is ignored, as by
// VPP, which leaves its sender waiting. The log says why.
func (v *VPP) Listen(path string) error {
	if err := v.listen(path); err != nil {
		return err
	}
	v.sockets.mu.Lock()
	defer v.sockets.mu.Unlock()
	v.sockets.kept = append(v.sockets.kept, path)
	return nil
}

// KeepSockets makes Close leave the socket files behind, as the process vpp
// does. Restart does not listen on them again.
func (v *VPP) KeepSockets() { v.sockets.forget() }

func (v *VPP) listen(path string) error {
	if v.DataPlane() == nil {
		return fmt.Errorf("listen on %s: %w", path, ErrDown)
	}
	if err := removeStale(path); err != nil {
		return fmt.Errorf("listen on %s: %w", path, err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return fmt.Errorf("listen on %s: %w", path, err)
	}
	l.SetUnlinkOnClose(false)
	v.sockets.mu.Lock()
	v.sockets.listening = append(v.sockets.listening, l)
	v.sockets.mu.Unlock()
	v.sockets.wait.Go(func() { v.accept(l) })
	return nil
}

// removeStale removes a socket file that a dead process left.
func removeStale(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSocket == 0 {
		return errors.New("the file exists and is no socket")
	}
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		return errors.New("another process listens there")
	}
	return os.Remove(path)
}

// accept serves connections until the listener is closed.
func (v *VPP) accept(l *net.UnixListener) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				v.logf(levelError, "api", "accept on %s: %v", l.Addr(), err)
			}
			return
		}
		cl := v.newClient(&socketTransport{v: v, conn: conn})
		if v.DataPlane() == nil { // crashed between accept and registration
			v.drop(cl, "vpp is down")
			return
		}
		v.sockets.wait.Go(func() { v.serve(cl, conn) })
	}
}

// serve reads the client's frames until it leaves or sends something
// malformed. Answers are written when no complete request waits, so that
// pipelined requests cost one write for many.
func (v *VPP) serve(cl *client, conn *net.UnixConn) {
	r := bufio.NewReaderSize(conn, readBuffer)
	for {
		bye, err := v.serveFrame(cl, r)
		if !nextFrameReady(r) || bye || err != nil {
			cl.transport.flush(cl)
		}
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET):
			v.drop(cl, "it left")
			return
		case err != nil:
			v.drop(cl, "%v", err)
			return
		case bye:
			v.drop(cl, "it said goodbye")
			return
		}
	}
}

// serveFrame reads and dispatches one frame.
func (v *VPP) serveFrame(cl *client, r *bufio.Reader) (bye bool, err error) {
	header, err := r.Peek(frameHeader)
	if err != nil {
		return false, frameError(err, len(header))
	}
	size := int64(binary.BigEndian.Uint32(header[8:]))
	if size < 2 || size > maxMessage {
		return false, fmt.Errorf("malformed frame: message of %d bytes, expected 2 to %d", size, maxMessage)
	}
	total := frameHeader + int(size)
	if total <= r.Size() {
		frame, err := r.Peek(total)
		if err != nil {
			return false, frameError(err, len(frame))
		}
		bye, err = v.dispatchSocket(cl, frame[frameHeader:])
		if err == nil {
			_, err = r.Discard(total)
		}
		return bye, err
	}
	frame := make([]byte, total)
	if n, err := io.ReadFull(r, frame); err != nil {
		return false, frameError(err, n)
	}
	return v.dispatchSocket(cl, frame[frameHeader:])
}

// dispatchSocket drops a truncated message with a line in the log, and keeps its
// connection (msg_handler_internal in src/vlibapi/api_shared.c).
func (v *VPP) dispatchSocket(cl *client, msg []byte) (bool, error) {
	bye, err := v.dispatch(cl, msg)
	if schema.IsError(err) {
		v.logf(levelWarning, "api", "truncated message received, message dropped: %v", err)
		return false, nil
	}
	return bye, err
}

// frameError tells a client that left between frames from one that left in
// the middle of one.
func frameError(err error, got int) error {
	if got > 0 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		return fmt.Errorf("malformed frame: connection ended after %d bytes of it", got)
	}
	return err
}

// nextFrameReady says if a complete frame is buffered.
func nextFrameReady(r *bufio.Reader) bool {
	if r.Buffered() < frameHeader {
		return false
	}
	header, err := r.Peek(frameHeader)
	if err != nil {
		return false
	}
	return r.Buffered() >= frameHeader+int(binary.BigEndian.Uint32(header[8:]))
}

// socketTransport writes to a unix socket: at once as far as the kernel takes
// it, the rest from a goroutine that lives as long as there is some, so that
// neither data plane nor requests wait for a slow reader.
type socketTransport struct {
	v     *VPP
	conn  *net.UnixConn
	chunk atomic.Int32 // bytes to write at a time, 0 for all (ShortWrites)
}

func (t *socketTransport) hangUp() { _ = t.conn.Close() }

func (t *socketTransport) flush(cl *client) {
	if !cl.start() {
		return
	}
	for batch := cl.take(nil); batch != nil; batch = cl.take(batch) {
		n, err := t.tryWrite(batch)
		if err != nil {
			t.fail(cl, err)
			return
		}
		if n < len(batch) {
			go t.drain(cl, batch[n:])
			return
		}
	}
}

// tryWrite writes what the socket takes without blocking.
func (t *socketTransport) tryWrite(b []byte) (int, error) {
	if t.chunk.Load() > 0 {
		return 0, nil // in parts, from another goroutine
	}
	raw, err := t.conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var n int
	var werr error
	err = raw.Write(func(fd uintptr) bool {
		n, werr = syscall.Write(int(fd), b)
		return true
	})
	if err != nil {
		return 0, err
	}
	if errors.Is(werr, syscall.EAGAIN) || errors.Is(werr, syscall.EINTR) {
		return 0, nil
	}
	return max(n, 0), werr
}

// drain writes until the queue is empty.
func (t *socketTransport) drain(cl *client, batch []byte) {
	for ; batch != nil; batch = cl.take(nil) {
		if err := t.write(cl, batch); err != nil {
			t.fail(cl, err)
			return
		}
	}
}

// write writes all, in parts if the client is to get it so.
func (t *socketTransport) write(cl *client, batch []byte) error {
	for len(batch) > 0 {
		n := len(batch)
		if chunk := int(t.chunk.Load()); chunk > 0 {
			n = min(n, chunk)
		}
		if _, err := t.conn.Write(batch[:n]); err != nil {
			return err
		}
		if batch = batch[n:]; len(batch) > 0 && t.chunk.Load() > 0 && !t.v.pause(cl, shortPause) {
			return net.ErrClosed
		}
	}
	return nil
}

// fail ends the sending and the connection.
func (t *socketTransport) fail(cl *client, err error) {
	t.v.drop(cl, "write: %v", err)
	cl.take(nil) // nobody sends any more
}
