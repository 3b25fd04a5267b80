package fakevpp

import (
	"fmt"
	"slices"
	"sync"
)

// cliCommand is one command of VPP's CLI.
type cliCommand struct {
	// path is the command's words, such as "show interface address".
	path string
	// help is VPP's short help.
	help string
	// run executes the command with the words behind path. It returns what VPP
	// prints; the caller owns the data plane. Nil for a path that only has help.
	run func(v *VPP, a *cliArgs) (string, error)
}

// command makes a CLI command of a function that reads its arguments. Words that
// the function leaves are the line's next command; one that owns its whole line
// (unformat_line_input) reads or clears them.
func command(path, help string, run func(v *VPP, a *cliArgs) (string, error)) cliCommand {
	return cliCommand{path: path, help: help, run: run}
}

// CLI runs one line as vppctl would and returns its output. An error is what
// VPP prints behind the output for a command that fails or does not exist; its
// text is VPP's.
func (v *VPP) CLI(command string) (string, error) {
	v.gate.RLock()
	dp := v.dp
	if dp == nil {
		v.gate.RUnlock()
		return "", fmt.Errorf("cli %q: %w", command, ErrDown)
	}
	dp.Lock()
	out, err := v.runCLI(command)
	v.gate.RUnlock()
	dp.Unlock()
	return out, err
}

// runCLI is CLI for callers that own the data plane. What a command leaves of
// the text is the next command (vlib_cli_input in src/vlib/cli.c).
func (v *VPP) runCLI(command string) (string, error) { return v.runTree(cliRoot(), command) }

func (v *VPP) runTree(root *cliNode, text string) (string, error) {
	d := &cliDispatch{v: v, root: root}
	_, err := d.all(text)
	return d.out.String(), err
}

// cliRoot is the tree of all commands.
var cliRoot = sync.OnceValue(func() *cliNode { return cliTree(cliCommands()) })

// cliCommands lists all commands: the core's and the families'.
func cliCommands() []cliCommand { return slices.Concat(coreCommands(), familyCommands()) }
