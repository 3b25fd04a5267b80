package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/fakevpp/console"
)

// cliServer serves the CLI to terminals on sockets.
type cliServer struct {
	settings *console.Settings
	listener net.Listener
	wait     sync.WaitGroup

	mu       sync.Mutex // one session at a time has its turn, as on VPP's main thread
	sessions map[net.Conn]int
	accepted int
	closed   bool
}

// welcomeAfter is how long a client may take to tell its terminal type before
// it gets its prompt (unix_cli_new_session_process in src/vlib/unix/cli.c).
const welcomeAfter = time.Second

// serveCLI listens as `cli-listen` says.
func serveCLI(network, address string, settings *console.Settings) (*cliServer, error) {
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, fmt.Errorf("cli-listen: %w", err)
	}
	s := &cliServer{settings: settings, listener: l, sessions: make(map[net.Conn]int)}
	s.wait.Go(s.accept)
	return s, nil
}

func (s *cliServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		session, number := s.open(conn)
		if session == nil {
			_ = conn.Close()
			return
		}
		s.wait.Go(func() {
			s.serve(conn, session)
			s.release(conn, number)
		})
	}
}

// open makes the session of a connection; nil if the server has been closed.
func (s *cliServer) open(conn net.Conn) (*console.Session, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, 0
	}
	number := s.freeNumber()
	s.sessions[conn] = number
	peer := "local:" + strconv.Itoa(s.accepted)
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		peer = a.String()
	}
	s.accepted++
	return console.NewSession(s.settings, number, "unix-cli-"+peer), number
}

// freeNumber returns the lowest number that no session has.
func (s *cliServer) freeNumber() int {
	used := make(map[int]bool)
	for _, n := range s.sessions {
		used[n] = true
	}
	n := 0
	for used[n] {
		n++
	}
	return n
}

func (s *cliServer) release(conn net.Conn, _ int) {
	_ = conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, conn)
}

// serve runs a session until one of both sides ends it.
func (s *cliServer) serve(conn net.Conn, session *console.Session) {
	var sending sync.Mutex // keeps what is sent in order
	turn := func(take func()) (quit bool) {
		sending.Lock()
		defer sending.Unlock()
		s.mu.Lock()
		take()
		out, quit := session.Output(), session.Quit()
		s.mu.Unlock()
		if _, err := conn.Write(out); err != nil {
			return true
		}
		return quit
	}
	welcome := time.AfterFunc(welcomeAfter, func() { turn(session.Welcome) })
	defer welcome.Stop()
	if turn(func() {}) {
		return
	}
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if n > 0 && turn(func() { session.Input(buf[:n]) }) || err != nil {
			return
		}
	}
}

// close ends all sessions and waits for them.
func (s *cliServer) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for conn := range s.sessions {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.wait.Wait()
}

// listenCLI opens the CLI socket if the configuration asks for one.
func (d *Daemon) listenCLI() error {
	list := d.config.Unix.CLIListen
	if len(list) == 0 {
		return nil
	}
	where := list[len(list)-1]
	network, address, err := d.cliAddress(where)
	if err != nil {
		return err
	}
	if network == "unix" && address[0] != '@' {
		if strings.HasPrefix(address, "/run") {
			if err := os.MkdirAll(filepath.Dir(address), 0o755); err != nil {
				return fmt.Errorf("cli-listen: %w", err)
			}
		}
		if err := replaceStale(address); err != nil {
			return fmt.Errorf("cli-listen: %w", err)
		}
	}
	if d.cli, err = serveCLI(network, address, d.console); err != nil {
		return err
	}
	if network == "unix" && address[0] != '@' {
		return allowGroup(address)
	}
	return nil
}

// cliAddress takes what clib_socket_init does (src/vppinfra/socket.c): a path,
// an abstract socket "abstract:NAME" or "@NAME", or an address with an optional
// name in front of its port. A port alone is one of the loopback address.
func (d *Daemon) cliAddress(where string) (network, address string, err error) {
	if name, ok := strings.CutPrefix(where, "abstract:"); ok {
		return "unix", "@" + name, nil
	}
	switch {
	case where == "":
		return "", "", errors.New("cli-listen: expected a path or an address")
	case where[0] == '/' || where[0] == '@':
		return "unix", where, nil
	}
	host, port, ok := strings.Cut(where, ":")
	if !ok {
		return "unix", d.path(where), nil
	}
	if n, err := strconv.ParseUint(port, 0, 16); err != nil || n == 0 {
		return "", "", fmt.Errorf("cli-listen %s: expected a port from 1 to 65535", where)
	}
	if host == "" || host == "localhost" {
		host = "127.0.0.1"
	}
	return "tcp", net.JoinHostPort(host, port), nil
}

// replaceStale removes the socket file of a process that has ended.
func replaceStale(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSocket == 0:
		return fmt.Errorf("file '%s' already exists", path)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		return fmt.Errorf("active listener on '%s'", path)
	}
	return os.Remove(path)
}

// allowGroup gives a socket the mode that VPP gives it: writable for the group
// (CLIB_SOCKET_F_ALLOW_GROUP_WRITE).
func allowGroup(path string) error { return os.Chmod(path, 0o775) }
