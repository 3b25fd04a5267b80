package fakevpp

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// cliCommand is one command of VPP's CLI.
type cliCommand struct {
	// path is the command's words, such as "show interface address".
	path string
	// help is VPP's short help.
	help string
	// run executes the command with the words behind path. It returns what VPP
	// prints; the caller owns the data plane.
	run func(v *VPP, args []string) (string, error)
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

// runCLI is CLI for callers that own the data plane. Each word of a command may
// be cut short as long as it stays unique among its siblings
// (vlib_cli_dispatch_sub_commands in src/vlib/cli.c). What a command leaves of
// its line is the next command.
func (v *VPP) runCLI(command string) (string, error) {
	root := cliTree(cliCommands())
	words := strings.Fields(command)
	var out strings.Builder
	for {
		text, err := root.line(v, words)
		out.WriteString(text)
		var more moreInput
		if !errors.As(err, &more) {
			return out.String(), err
		}
		words = more
	}
}

// line executes one command of the root.
func (n *cliNode) line(v *VPP, words []string) (string, error) {
	if len(words) > 0 {
		switch words[0] {
		case "comment":
			return "", nil
		case "help", "?":
			return n.help(words[1:])
		}
	}
	return n.run(v, words)
}

// moreInput is what a command returns that has done its work and leaves words
// of the line: VPP takes them as the next command.
type moreInput []string

func (m moreInput) Error() string { return "unknown input `" + strings.Join(m, " ") + "'" }

// leave returns the error for words that a command did not take, nil for none.
func leave(words []string) error {
	if len(words) == 0 {
		return nil
	}
	return moreInput(words)
}

// cliCommands lists all commands: the core's and the families'.
func cliCommands() []cliCommand { return slices.Concat(coreCommands(), familyCommands()) }

// coreCommands are the commands about the API itself.
func coreCommands() []cliCommand {
	return []cliCommand{
		{path: "show version", help: "show version", run: cliShowVersion},
		{path: "show threads", help: "Show threads", run: cliShowThreads},
		{path: "show api clients", help: "Client information", run: func(v *VPP, args []string) (string, error) {
			return cliShowAPIClients(v), leave(args)
		}},
	}
}

// cliShowVersion is "show version" without its options
// (show_vpe_version_command_fn in src/vpp/app/version.c).
func cliShowVersion(v *VPP, args []string) (string, error) {
	o := v.opts.version
	return fmt.Sprintf("vpp %s built by vpptwin on vpptwin at %s\n", o.Version, o.BuildDate), leave(args)
}

// cliShowThreads is "show threads" (show_threads_fn in src/vlib/threads_cli.c).
func cliShowThreads(v *VPP, args []string) (string, error) {
	rep := new(showThreadsReply)
	if err := v.showThreads(nil, nil, rep); err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-7s%-20s%-12s%-8s%-25s%-7s%-7s%-7s%-10s\n",
		"ID", "Name", "Type", "LWP", "Sched Policy (Priority)", "lcore", "Core", "Socket", "State")
	for _, t := range rep.ThreadData {
		fmt.Fprintf(&b, "%-7d%-20s%-12s%-8d%-25s%-7d%-7d%-7d%-10s\n",
			t.ID, t.Name, t.Type, t.PID, "other (0)", t.CPUID, t.Core, t.CPUSocket, "")
	}
	return b.String(), leave(args)
}

// cliShowAPIClients is the socket part of "show api clients"
// (vl_sock_api_dump_clients in src/vlibmemory/socket_api.c).
func cliShowAPIClients(v *VPP) string {
	names := v.Clients()
	if len(names) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Socket clients\n%20s %8s\n", "Name", "Fildesc")
	for i, name := range names {
		fmt.Fprintf(&b, "%20s %8d\n", name, i+1)
	}
	return b.String()
}

// cliNode is a word of the command tree.
type cliNode struct {
	word    string
	path    string     // all words down to here
	subs    []*cliNode // by word
	command *cliCommand
}

// cliTree arranges commands by their words.
func cliTree(commands []cliCommand) *cliNode {
	root := new(cliNode)
	for i := range commands {
		n := root
		for _, word := range strings.Fields(commands[i].path) {
			n = n.sub(word)
		}
		n.command = &commands[i]
	}
	return root
}

// sub returns the child with the word, made if there is none.
func (n *cliNode) sub(word string) *cliNode {
	i, found := slices.BinarySearchFunc(n.subs, word, func(s *cliNode, w string) int { return cmp.Compare(s.word, w) })
	if !found {
		n.subs = slices.Insert(n.subs, i, &cliNode{word: word, path: strings.TrimPrefix(n.path+" "+word, " ")})
	}
	return n.subs[i]
}

// match returns the only child that word is a prefix of, or the one it names;
// nil if there is none or several.
func (n *cliNode) match(word string) *cliNode {
	var found *cliNode
	for _, s := range n.subs {
		if s.word == word {
			return s
		}
		if strings.HasPrefix(s.word, word) {
			if found != nil {
				return nil
			}
			found = s
		}
	}
	return found
}

// errNoCommand says that the words lead to no command.
var errNoCommand = errors.New("no such command")

// run executes the longest path that the words name. A command that also has
// sub-commands takes the words that name none of them as arguments.
func (n *cliNode) run(v *VPP, rest []string) (string, error) {
	if len(rest) > 0 {
		if s := n.match(rest[0]); s != nil {
			out, err := s.run(v, rest[1:])
			if !errors.Is(err, errNoCommand) || n.command == nil {
				return out, err
			}
		}
	}
	if n.command != nil {
		return n.command.run(v, rest)
	}
	return "", &unknownInput{path: n.path, rest: rest}
}

// unknownInput is VPP's complaint about words that name no command.
type unknownInput struct {
	path string
	rest []string
}

func (e *unknownInput) Is(target error) bool { return target == errNoCommand }

// Error is VPP's text: the command's path if part of the input was understood,
// then what was not.
func (e *unknownInput) Error() string {
	text := "unknown input `" + strings.Join(e.rest, " ") + "'"
	if e.path != "" {
		return e.path + ": " + text
	}
	return text
}

// help lists the commands below the words.
func (n *cliNode) help(words []string) (string, error) {
	for i, word := range words {
		s := n.match(word)
		if s == nil {
			return "", &unknownInput{path: n.path, rest: words[i:]}
		}
		n = s
	}
	if len(n.subs) == 0 && n.command != nil {
		return n.command.help + "\n", nil
	}
	var b strings.Builder
	for _, s := range n.subs {
		help := s.word + " commands"
		if s.command != nil {
			help = s.command.help
		}
		fmt.Fprintf(&b, "  %-30s %s\n", s.word, help)
	}
	return b.String(), nil
}
