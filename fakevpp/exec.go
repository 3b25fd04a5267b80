package fakevpp

import (
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// ExecError is a line of Exec's text that failed.
type ExecError struct {
	// Line counts from 1.
	Line int
	// Text is the line, Err what is wrong with it: VPP's message, or what was
	// expected of an own line.
	Text string
	Err  error
}

func (e *ExecError) Error() string { return fmt.Sprintf("line %d: %q: %v", e.Line, e.Text, e.Err) }

// Unwrap returns what is wrong with the line.
func (e *ExecError) Unwrap() error { return e.Err }

// Exec executes a file of CLI commands, one per line, as vppctl exec does: empty
// lines and what follows a '#' are skipped, a '\' at the end of a line joins it
// with the next. Unlike VPP, it executes lines that start with "#! ", which
// Dump writes for what VPP's CLI cannot express, and does not expand macros.
//
// Like VPP it stops at the first command that fails, with an *ExecError, or
// with ErrDown; what was done before stays. Into a fresh double, Exec reads
// back what Dump wrote.
func (v *VPP) Exec(text string) error {
	_, err := v.ExecOutput(text)
	return err
}

// ExecOutput is Exec that also returns what the commands print, in order.
func (v *VPP) ExecOutput(text string) (string, error) {
	v.gate.RLock()
	dp := v.dp
	if dp == nil {
		v.gate.RUnlock()
		return "", fmt.Errorf("exec on %s: %w", v.opts.name, ErrDown)
	}
	var out strings.Builder
	dp.Lock()
	defer dp.Unlock() // transmits, when the gate is free
	defer v.gate.RUnlock()
	defer func() { v.fam.exec = execState{} }()
	for _, l := range execLines(text) {
		printed, err := v.execLine(l.text)
		out.WriteString(printed)
		if err != nil {
			return out.String(), &ExecError{Line: l.number, Text: l.text, Err: err}
		}
	}
	return out.String(), nil
}

// execState is how commands act while a file is executed.
type execState struct {
	api bool // for the API's clients
	own bool // with the words of own lines
	// depth counts the files under way of the command exec.
	depth int
}

// cliSource is the source of unicast routes and tables that CLI commands add:
// CLI, except where a dump says that they are the API's clients'.
func (v *VPP) cliSource() fib.Source {
	if v.fam.exec.api {
		return fib.SourceAPI
	}
	return fib.SourceCLI
}

// cliMSource is cliSource for multicast routes.
func (v *VPP) cliMSource() fib.MSource {
	if v.fam.exec.api {
		return fib.MSourceAPI
	}
	return fib.MSourceCLI
}

// execCommand is a command with the number of its first line.
type execCommand struct {
	number int
	text   string
}

// execLines takes a text apart as unformat_vlib_cli_line does
// (src/vlib/cli.c).
func execLines(text string) []execCommand {
	var out []execCommand
	number := 0
	for text != "" {
		number++
		var line string
		line, text, _ = strings.Cut(text, "\n")
		line = strings.TrimLeft(line, " \t\r")
		c := execCommand{number: number}
		if !isOwnLine(line) {
			for joins(line) {
				var next string
				next, text, _ = strings.Cut(text, "\n")
				number++
				line = uncomment(line[:len(line)-1]) + " " + next
			}
			line = uncomment(line)
		}
		c.text = strings.TrimSpace(line)
		if c.text != "" {
			out = append(out, c)
		}
	}
	return out
}

func isOwnLine(line string) bool {
	return line == ownMark || strings.HasPrefix(line, ownMark+" ")
}

// joins says if a line ends in a '\' that is not itself behind one.
func joins(line string) bool {
	n := len(line) - len(strings.TrimRight(line, `\`))
	return n%2 == 1
}

// uncomment cuts the comments of a command's lines.
func uncomment(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i], _, _ = strings.Cut(l, "#")
	}
	return strings.Join(lines, "\n")
}

// execLine executes one command.
func (v *VPP) execLine(line string) (string, error) {
	if !isOwnLine(line) {
		return v.runCLI(line)
	}
	words, err := splitWords(strings.TrimPrefix(line, ownMark))
	if err != nil {
		return "", err
	}
	if len(words) == 0 {
		return "", fmt.Errorf("want a command behind %s", ownMark)
	}
	v.fam.exec.own = true
	defer func() { v.fam.exec.own = false }()
	for _, root := range [...]*cliNode{ownRoot(), cliRoot()} {
		if c, rest := root.find(words); c != nil {
			out, err := c.run(v, &cliArgs{v: v, root: cliRoot(), words: rest})
			if err != nil {
				return out, fmt.Errorf("%s: %w", c.path, err)
			}
			return out, nil
		}
	}
	return "", cliRoot().unknown(&cliInput{text: strings.Join(words, " ")})
}
