package dropin

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/vpptwin/vpptwin/fakevpp/startup"
)

// detached marks the process that goes on in the background.
const detached = "VPPTWIN_DETACHED"

// background says if the VPP is to leave the foreground: VPP does so without
// "nodaemon", and stays with "interactive" or "nosyslog" (unix_config in
// src/vlib/unix/main.c).
func background(config *startup.Config) bool {
	u := &config.Unix
	return !u.NoDaemon && !u.Interactive && !u.NoSyslog && os.Getenv(detached) == ""
}

// detach starts the same command line again in a session of its own without
// terminal, in place of a fork, which a Go program cannot do.
func detach() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("go to the background: %w", err)
	}
	c := &exec.Cmd{Path: self, Args: os.Args, Env: append(os.Environ(), detached+"=1"), SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	if err := c.Start(); err != nil { // without files it gets /dev/null
		return fmt.Errorf("go to the background: %w", err)
	}
	return c.Process.Release()
}
