package daemon

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/vpptwin/vpptwin/fakevpp/console"
)

// terminal is the console on standard input ("unix { interactive }").
type terminal struct {
	in    *os.File
	saved *unix.Termios // nil if it is no terminal
}

// openTerminal starts the console if the configuration asks for it. A terminal
// is switched to characters without echo (unix_cli_config in
// src/vlib/unix/cli.c). Leaving the console ends the VPP.
func (d *Daemon) openTerminal() error {
	if !d.config.Unix.Interactive || d.settings.Stdin == nil {
		return nil
	}
	t := &terminal{in: d.settings.Stdin}
	d.terminal = t
	width, height, err := t.raw(d.config.Unix.CLILineMode)
	if err != nil {
		return fmt.Errorf("console: %w", err)
	}
	session := console.NewTerminal(d.console, width, height, os.Getenv("TERM"))
	_, _ = d.settings.Stdout.Write(session.Output())
	go d.serveTerminal(session) // reads of standard input end with the process
	return nil
}

func (d *Daemon) serveTerminal(session *console.Session) {
	defer close(d.quit)
	buf := make([]byte, 4096)
	for !session.Quit() {
		n, err := d.terminal.in.Read(buf)
		if n == 0 || err != nil {
			return
		}
		session.Input(buf[:n])
		if _, err := d.settings.Stdout.Write(session.Output()); err != nil {
			return
		}
	}
}

// raw switches a terminal and returns its size; 0 if it is none.
func (t *terminal) raw(lineMode bool) (width, height int, err error) {
	fd := int(t.in.Fd())
	saved, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil || lineMode {
		return 0, 0, nil // a file or a pipe
	}
	mode := *saved
	mode.Lflag &^= unix.ECHO | unix.ICANON | unix.IEXTEN
	mode.Iflag &^= unix.IXON | unix.IXOFF
	mode.Cc[unix.VMIN], mode.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETSF, &mode); err != nil {
		return 0, 0, err
	}
	t.saved = saved
	width, height = 80, 24
	if size, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ); err == nil && size.Col > 0 && size.Row > 0 {
		width, height = int(size.Col), int(size.Row)
	}
	return width, height, nil
}

// restore gives the terminal back as it was.
func (t *terminal) restore() {
	if t.saved != nil {
		_ = unix.IoctlSetTermios(int(t.in.Fd()), unix.TCSETSF, t.saved) // it may be gone
	}
}
