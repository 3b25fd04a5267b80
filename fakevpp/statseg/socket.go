package statseg

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Server hands a segment to everyone who connects to its socket.
type Server struct {
	memory *Memory
	l      *net.UnixListener
	wait   sync.WaitGroup
}

// Serve listens on a unix socket of type SOCK_SEQPACKET, writable for the
// group, and sends each client the memory's descriptor. A socket file that
// nobody listens on is replaced. failed is told what goes wrong with a client,
// from another goroutine; nil ignores it.
func Serve(path string, m *Memory, failed func(error)) (*Server, error) {
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("stats socket %s: %w", path, err)
	}
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
	if err != nil {
		return nil, fmt.Errorf("stats socket %s: %w", path, err)
	}
	l.SetUnlinkOnClose(false)
	if info, err := os.Stat(path); err == nil {
		_ = os.Chmod(path, info.Mode().Perm()|0o020) // the owner can always use it
	}
	if failed == nil {
		failed = func(error) {}
	}
	s := &Server{memory: m, l: l}
	s.wait.Go(func() { s.accept(failed) })
	return s, nil
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
	if conn, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: path, Net: "unixpacket"}); err == nil {
		_ = conn.Close()
		return errors.New("another process listens there")
	}
	return os.Remove(path)
}

func (s *Server) accept(failed func(error)) {
	for {
		conn, err := s.l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			failed(fmt.Errorf("stats socket: accept: %w", err))
			if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
				continue
			}
			return
		}
		_, _, err = conn.WriteMsgUnix(nil, unix.UnixRights(s.memory.fd), nil)
		if err != nil && !errors.Is(err, unix.EPIPE) {
			failed(fmt.Errorf("stats socket: send the segment: %w", err))
		}
		_ = conn.Close()
	}
}

// Close ends listening; the socket file stays, as after a crash. It does not
// close the memory.
func (s *Server) Close() {
	_ = s.l.Close()
	s.wait.Wait()
}
