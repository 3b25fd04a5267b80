package inject

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Control is the socket that takes commands for a process: one line for each
// connection, "add FAULT", "list", "remove ID" or "remove all". The answer is
// text; one that starts with "error: " says what is wrong.
type Control struct {
	process  *Process
	listener net.Listener
	wait     sync.WaitGroup
}

// controlTimeout is how long a client may take for its line.
const controlTimeout = 10 * time.Second

// maxCommand bounds a command, in bytes.
const maxCommand = 64 << 10

// Listen serves commands on a unix socket.
func Listen(path string, p *Process) (*Control, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	c := &Control{process: p, listener: l}
	c.wait.Go(c.accept)
	return c, nil
}

// Close ends listening, removes the socket and waits for commands under way.
func (c *Control) Close() {
	_ = c.listener.Close() // it ends in any case
	c.wait.Wait()
}

func (c *Control) accept() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			return // closed
		}
		c.wait.Go(func() { c.serve(conn) })
	}
}

func (c *Control) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(controlTimeout)) // a unix socket has deadlines
	line, err := bufio.NewReader(io.LimitReader(conn, maxCommand)).ReadString('\n')
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, c.process.command(strings.TrimSpace(line))) // it may have left
}

// command executes a line and returns the answer.
func (p *Process) command(line string) string {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case word == "add":
		i, err := p.Add(rest)
		if err != nil {
			return fmt.Sprintf("error: %v\n", err)
		}
		return fmt.Sprintf("%d\n", i.ID)
	case word == "list" && rest == "":
		var b strings.Builder
		for _, i := range p.List() {
			fmt.Fprintf(&b, "%d %s hits=%d\n", i.ID, i.Text, i.Hits())
		}
		return b.String()
	case word == "remove":
		return p.removeCommand(rest)
	}
	return fmt.Sprintf("error: %q: expected add FAULT, list, remove ID or remove all\n", line)
}

func (p *Process) removeCommand(which string) string {
	id, err := strconv.Atoi(which)
	if which != "all" && (err != nil || id < 1) {
		return fmt.Sprintf("error: remove %q: expected the number of a fault, or all\n", which)
	}
	if n := p.Remove(id); n > 0 || which == "all" {
		return fmt.Sprintf("removed %d\n", n)
	}
	return fmt.Sprintf("error: remove %d: no such fault\n", id)
}

// Send sends a command to a control socket and returns the answer; an answer
// that says an error is one.
func Send(path, command string) (string, error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return "", fmt.Errorf("control socket: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, command+"\n"); err != nil {
		return "", fmt.Errorf("control socket: %w", err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return "", fmt.Errorf("control socket: %w", err)
	}
	if text, bad := strings.CutPrefix(string(answer), "error: "); bad {
		return "", errors.New(strings.TrimSpace(text))
	}
	return string(answer), nil
}
