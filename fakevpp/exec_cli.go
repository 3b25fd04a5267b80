package fakevpp

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// unixCommands are the commands of src/vlib/unix/cli.c that are no session's own,
// and those that only sessions with a terminal have.
func unixCommands() []cliCommand {
	deaf := func(*VPP, *cliArgs) (string, error) {
		return "", cliText("invalid for non-interactive sessions")
	}
	return []cliCommand{
		command("exec", "exec <filename>", cliExec),
		command("echo", "echo <rest-of-line>", func(_ *VPP, a *cliArgs) (string, error) {
			return strings.Join(a.take(), " ") + "\n", nil
		}),
		command("history", "Show current session command history", deaf),
		command("set terminal pager", "set terminal pager [on|off] [limit <lines>]", deaf),
		command("set terminal history", "set terminal history [on|off] [limit <lines>]", deaf),
		command("set terminal ansi", "set terminal ansi [on|off]", deaf),
		command("show unix errors", "Show Unix system call error history", cliShowUnixErrors),
		command("show cli", "show cli [mp-safe][not-mp-safe][hit][clear-hit]", cliShowCLI),
		command("test interface link-state", "test interface link-state <interface> [up] [down]", cliTestLinkState),
	}
}

// cliShowUnixErrors: system calls that fail in the double are answered, not
// kept.
func cliShowUnixErrors(_ *VPP, a *cliArgs) (string, error) {
	if a.more() {
		if _, err := strconv.ParseInt(a.words[0], 10, 32); err != nil {
			return "", fmt.Errorf("expecting integer number of errors to show, got `%s'", a.rest())
		}
		a.word()
	}
	return "no Unix errors so far", nil
}

// maxExecDepth is how deep files may execute files. VPP has no bound and runs
// out of stack.
const maxExecDepth = 16

// cliExec executes a file (unix_cli_exec). Of what its commands print VPP shows
// nothing, for it goes to its standard output, as does why one failed; the
// error shows what that one did not read.
func cliExec(v *VPP, a *cliArgs) (string, error) {
	if !a.more() {
		return "", cliText("expecting file name, got `'")
	}
	text, err := execFile(a.word())
	if err != nil {
		return "", err
	}
	if v.fam.exec.depth >= maxExecDepth {
		return "", fmt.Errorf("files execute files more than %d deep", maxExecDepth)
	}
	v.fam.exec.depth++
	defer func() { v.fam.exec.depth-- }()
	for _, l := range execLines(text) {
		if isOwnLine(l.text) {
			continue // a comment to VPP
		}
		d := &cliDispatch{v: v, root: a.root}
		if left, err := d.all(l.text); err != nil {
			return "", fmt.Errorf("CLI line error: %s", shownInput(left))
		}
	}
	return "", nil
}

// execFile reads a file of commands, which must be a regular one and not empty.
func execFile(name string) (string, error) {
	s, err := os.Stat(name)
	switch {
	case err != nil:
		return "", openError(name, err)
	case !s.Mode().IsRegular():
		return "", fmt.Errorf("not a regular file `%s'", name)
	case s.Size() == 0:
		return "", fmt.Errorf("empty file `%s'", name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", openError(name, err)
	}
	return string(text), nil
}

// openError is the system's complaint with the text of C's library, which
// begins with a capital letter.
func openError(name string, err error) error {
	text := err.Error()
	var code syscall.Errno
	if errors.As(err, &code) {
		text = code.Error()
	}
	return fmt.Errorf("failed to open `%s': %s", name, strings.ToUpper(text[:1])+text[1:])
}

// all executes a text's commands and returns, for one that fails, what it did
// not read.
func (d *cliDispatch) all(text string) (left string, err error) {
	in := &cliInput{text: text}
	for {
		d.left = ""
		if err := d.dispatch(d.root, in); err != nil || in.end() {
			if d.left != "" {
				return d.left, err
			}
			return strings.TrimLeft(in.text, " "), err
		}
	}
}

// cliShowCLI lists the commands, or with "hit" those that were executed
// (show_cli_command_fn in src/vlib/cli.c).
func cliShowCLI(v *VPP, a *cliArgs) (string, error) {
	var safe, unsafe, hit, clear bool
	for read := true; read; {
		switch {
		case a.is("mp-safe"):
			safe = true
		case a.is("not-mp-safe"):
			unsafe = true
		case a.is("hit"):
			hit = true
		case a.is("clear-hit"):
			clear = true
		default:
			read = false
		}
	}
	if !clear && !safe && !unsafe {
		safe, unsafe = true, true
	}
	var b strings.Builder
	for _, c := range a.root.all(nil) {
		hits := v.fam.hits[c.path]
		isSafe := slices.Contains(mpSafeCommands[:], c.path)
		switch {
		case isSafe && !safe || !isSafe && !unsafe || hit && hits == 0:
		case hit:
			fmt.Fprintf(&b, "\n%s: %d", c.path, hits)
		default:
			b.WriteString("\n" + c.path)
		}
	}
	if clear {
		v.fam.hits = nil
		return b.String() + "\nhit counters cleared...", nil
	}
	return b.String(), nil
}

// mpSafeCommands are the commands that VPP executes without stopping its
// workers (is_mp_safe of their registrations).
var mpSafeCommands = [...]string{
	"abf policy", "api trace", "arping", "exec", "ip mroute", "ip route", "ping", "punt socket deregister",
	"punt socket register", "set interface name", "set interface rx-placement", "set interface tx-queue",
	"show abf attach", "show abf policy", "show cli", "show interface", "show ip punt redirect", "show ip6 punt redirect",
	"show punt socket registrations", "show runtime", "show version", "show vlib graphviz",
}

// cliTestLinkState sets the carrier of an interface, down unless told up
// (src/plugins/unittest/interface_test.c).
func cliTestLinkState(v *VPP, a *cliArgs) (string, error) {
	var i = v.dp.Interface(invalidIndex)
	up := false
	for read := true; read; {
		switch {
		case a.iface(&i), a.is("down"):
		case a.is("up"):
			up = true
		default:
			read = false
		}
	}
	if i == nil {
		return "", fmt.Errorf("unknown interface `%s'", a.rest())
	}
	v.dp.SetCarrier(i.SwIfIndex, up)
	return "", nil
}
