package fakevpp

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// cliInput is what is left to read of a text (unformat_input_t).
type cliInput struct{ text string }

// skip takes white space off the front.
func (in *cliInput) skip() { in.text = strings.TrimLeftFunc(in.text, unicode.IsSpace) }

// end says that nothing is left but white space.
func (in *cliInput) end() bool {
	in.skip()
	return in.text == ""
}

// is takes the literal off the front, whatever follows.
func (in *cliInput) is(literal string) bool {
	in.skip()
	rest, ok := strings.CutPrefix(in.text, literal)
	if ok {
		in.text = rest
	}
	return ok
}

// word takes the next word, or what stands in braces, without them
// (unformat_string in src/vppinfra/unformat.c).
func (in *cliInput) word() (string, bool) {
	if sub, ok := in.braces(); ok {
		return sub, true
	}
	in.skip()
	end := strings.IndexFunc(in.text, unicode.IsSpace)
	if end < 0 {
		end = len(in.text)
	}
	w := in.text[:end]
	in.text = in.text[end:]
	return w, w != ""
}

// braces takes what stands in braces, if that is what comes next
// (unformat_vlib_cli_sub_input).
func (in *cliInput) braces() (string, bool) {
	text := strings.TrimLeftFunc(in.text, unicode.IsSpace)
	if !strings.HasPrefix(text, "{") {
		return "", false
	}
	depth := 0
	for k, c := range text {
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				in.text = text[k+1:]
				return text[1:k], true
			}
		}
	}
	return "", false
}

// special takes one of the words that VPP has at every level, with its
// argument: a word, or what stands in braces.
func (in *cliInput) special() (keyword, arg string, ok bool) {
	before := in.text
	for _, keyword := range [...]string{"comment", "vpplog", "uncomment", "leak-check"} {
		if !in.is(keyword) {
			continue
		}
		arg, ok := in.braces()
		if !ok && (keyword == "comment" || keyword == "vpplog") {
			arg, ok = in.word()
		}
		if ok {
			return keyword, arg, true
		}
		in.text = before
	}
	return "", "", false
}

// line takes the words up to the end of the line.
func (in *cliInput) line() []string {
	in.skip()
	first, rest, _ := strings.Cut(in.text, "\n")
	in.text = rest
	return strings.Fields(first)
}

// shownError is how much of the input VPP repeats when it does not understand.
const shownError = 30

// shownInput is input in a complaint (format_unformat_error in
// src/vppinfra/unformat.c).
func shownInput(text string) string {
	more := ""
	if len(text) > shownError {
		text, more = text[:shownError], "..."
	} else {
		text = strings.TrimRightFunc(text, unicode.IsSpace)
	}
	return strings.NewReplacer("\r", `\r`, "\n", `\n`, "\t", `\t`).Replace(text) + more
}

// cliNode is a word of the command tree.
type cliNode struct {
	word string
	path string     // all words down to here
	help string     // VPP's short help, empty for none
	subs []*cliNode // by word
	run  func(v *VPP, a *cliArgs) (string, error)
}

// cliTree arranges commands by their words.
func cliTree(commands []cliCommand) *cliNode {
	root := new(cliNode)
	for _, c := range commands {
		n := root
		for _, word := range strings.Fields(c.path) {
			n = n.sub(word)
		}
		n.help, n.run = c.help, c.run
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

// match takes a word that is a child's, or the start of only one's
// (vlib_cli_sub_command_match in src/vlib/cli.c). A word ends at what is neither
// letter, digit, '-' nor '_'; one that no white space follows is never taken for
// complete.
func (n *cliNode) match(in *cliInput) *cliNode {
	text := strings.TrimLeftFunc(in.text, unicode.IsSpace)
	end := 0
	for end < len(text) && isCommandByte(text[end]) {
		end++
	}
	whole := end == len(text) || isSpaceByte(text[end])
	var found *cliNode
	for _, s := range n.subs {
		switch {
		case end == 0 || !strings.HasPrefix(s.word, text[:end]):
		case whole && len(s.word) == end:
			in.text = text[end:]
			return s
		case found != nil:
			return n.exact(text[:end], whole, in, text[end:])
		default:
			found = s
		}
	}
	if found != nil {
		in.text = text[end:]
	}
	return found
}

// exact is the child whose word it is, of several that start with it.
func (n *cliNode) exact(word string, whole bool, in *cliInput, rest string) *cliNode {
	for _, s := range n.subs {
		if whole && s.word == word {
			in.text = rest
			return s
		}
	}
	return nil
}

func isCommandByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

func isSpaceByte(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// cliDispatch runs a text's commands and collects their output.
type cliDispatch struct {
	v    *VPP
	root *cliNode
	out  strings.Builder
	left string // what a command that failed did not read
}

// errUnknownInput marks errors of words that name no command.
var errUnknownInput = errors.New("unknown input")

// unknownInput is VPP's complaint about words that name no command.
type unknownInput struct{ text string }

// Is says that errors.Is finds errUnknownInput.
func (e *unknownInput) Is(target error) bool { return target == errUnknownInput }

func (e *unknownInput) Error() string { return e.text }

// unknown complains of what is left, the path of what was understood in front.
func (n *cliNode) unknown(in *cliInput) error {
	text := "unknown input `" + shownInput(in.text) + "'"
	if n.path != "" {
		text = n.path + ": " + text
	}
	return &unknownInput{text: text}
}

// dispatch reads one command below n and executes it
// (vlib_cli_dispatch_sub_commands). VPP has some words everywhere.
func (d *cliDispatch) dispatch(n *cliNode, in *cliInput) error {
	in.skip()
	switch {
	case in.is("help"):
		return d.help(n, in)
	case in.is("choices"), in.is("?"):
		d.choices(n)
		return nil
	}
	if keyword, arg, ok := in.special(); ok {
		switch keyword {
		case "vpplog":
			d.v.logf(levelNotice, "cli", "CLI: %s", strings.TrimLeft(arg, " "))
		case "uncomment", "leak-check":
			return d.dispatch(n, &cliInput{text: arg})
		}
		return nil
	}
	c := n.match(in)
	if c == nil {
		return n.unknown(in)
	}
	return d.descend(c, in)
}

// descend executes what follows of the command c. As in VPP, a sub-command that
// fails leaves the rest of the input to c itself, if that is a command.
func (d *cliDispatch) descend(c *cliNode, in *cliInput) error {
	si := in
	if sub, ok := in.braces(); ok {
		si = &cliInput{text: strings.Join(strings.Fields(sub), " ")}
	}
	var err error
	if len(c.subs) > 0 {
		if err = d.dispatch(c, si); err == nil {
			return nil
		}
	}
	if c.run == nil {
		if err == nil {
			err = fmt.Errorf("%s: no sub-commands", c.path)
		}
		return err
	}
	return d.call(c, si)
}

// call executes a command.
func (d *cliDispatch) call(c *cliNode, in *cliInput) error {
	if in.is("?") {
		fmt.Fprintf(&d.out, "  %-40s %s\n", c.path, c.shortHelp())
		return nil
	}
	d.v.fam.hit(c.path)
	a := &cliArgs{v: d.v, root: d.root, words: in.line()}
	text, err := c.run(d.v, a)
	d.out.WriteString(text)
	if text != "" && text[len(text)-1] != '\n' {
		d.out.WriteByte('\n')
	}
	if err != nil {
		d.left = strings.Join(a.words, " ")
		return fmt.Errorf("%s: %w", c.path, err)
	}
	if len(a.words) > 0 {
		in.text = strings.Join(a.words, " ") + "\n" + in.text
	}
	return nil
}

// help is "help" and "help COMMAND".
func (d *cliDispatch) help(n *cliNode, in *cliInput) error {
	all := in.end()
	for {
		c := n.match(in)
		if c == nil {
			break
		}
		n = c
	}
	switch {
	case !in.end():
		return n.unknown(in)
	case !all:
		fmt.Fprintln(&d.out, n.shortHelp())
	case len(n.subs) == 0:
		fmt.Fprintf(&d.out, "%s: no sub-commands\n", n.path)
	default:
		for _, s := range n.subs {
			fmt.Fprintf(&d.out, "  %-30s %s\n", s.word, s.shortHelp())
		}
	}
	return nil
}

// choices lists all commands from n on, by path.
func (d *cliDispatch) choices(n *cliNode) {
	for _, c := range n.all(nil) {
		fmt.Fprintf(&d.out, "  %-40s %s\n", c.path, c.shortHelp())
	}
}

// all appends the commands from n on.
func (n *cliNode) all(to []*cliNode) []*cliNode {
	if n.run != nil {
		to = append(to, n)
	}
	for _, s := range n.subs {
		to = s.all(to)
	}
	return to
}

// shortHelp is format_vlib_cli_command_help.
func (n *cliNode) shortHelp() string {
	if n.help != "" {
		return n.help
	}
	return n.path + " commands"
}

// find returns the command that the words name, as far down as they do, and the
// words behind it; nil if there is none.
func (n *cliNode) find(words []string) (*cliNode, []string) {
	if len(words) > 0 {
		in := &cliInput{text: words[0]}
		if s := n.match(in); s != nil && in.text == "" {
			if c, rest := s.find(words[1:]); c != nil {
				return c, rest
			}
		}
	}
	if n.run == nil {
		return nil, nil
	}
	return n, words
}
