package dropin

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/vpptwin/vpptwin/fakevpp/daemon"
	"github.com/vpptwin/vpptwin/fakevpp/startup"
)

// watchSignals takes the signals that VPP handles
// (unix_signal_handler in src/vlib/unix/main.c): those that end it, and SIGPIPE
// and SIGCHLD, which it ignores. SIGUSR1 and SIGUSR2 end the process, as they do
// without a handler.
func watchSignals() <-chan os.Signal {
	signal.Ignore(syscall.SIGPIPE, syscall.SIGCHLD)
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGALRM,
		syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGUSR1, syscall.SIGUSR2)
	return c
}

// aborted is the exit code of a process that SIGABRT ended, as a shell gives it.
const aborted = 128 + int(syscall.SIGABRT)

// wait returns the exit code once a signal or the console ends the VPP: 0 for
// SIGTERM, SIGINT, SIGHUP and "quit" at the console, SIGABRT's for signals that
// make VPP abort. Other signals are only reported.
func wait(d *daemon.Daemon, config *startup.Config, signals <-chan os.Signal) int {
	for {
		var s os.Signal
		select {
		case s = <-signals:
		case <-d.Quit():
			return 0
		}
		if s == syscall.SIGUSR1 || s == syscall.SIGUSR2 {
			return 128 + int(s.(syscall.Signal)) // as a shell gives it
		}
		if config.Unix.NoSyslog || config.Unix.Interactive {
			_, _ = fmt.Fprintln(os.Stderr, signalText(s, config))
		}
		switch s {
		case syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP:
			return 0
		case syscall.SIGQUIT, syscall.SIGABRT:
			return aborted
		}
	}
}

// signalText is VPP's line about a signal, without the program counter, which
// says nothing here.
func signalText(s os.Signal, config *startup.Config) string {
	name := map[os.Signal]string{syscall.SIGTERM: "SIGTERM", syscall.SIGINT: "SIGINT", syscall.SIGHUP: "SIGHUP", syscall.SIGQUIT: "SIGQUIT",
		syscall.SIGABRT: "SIGABRT", syscall.SIGALRM: "SIGALRM", syscall.SIGTTIN: "SIGTTIN", syscall.SIGTTOU: "SIGTTOU"}[s]
	text := "received signal " + name
	if !config.Unix.NoColor {
		text = "\x1b[91m" + text + "\x1b[39m"
	}
	if s == syscall.SIGTERM {
		text += "\nreceived SIGTERM, exiting..."
	}
	return text
}
