package console

import (
	"bytes"
	"fmt"
	"strings"
)

// Limits and defaults of terminals, in characters (src/vlib/unix/cli.c).
const (
	maxTerminal   = 512
	defaultWidth  = 80
	defaultHeight = 24
)

// maxLine bounds a line that is edited, and input that waits for its end, in
// bytes. VPP has no limit; a peer that never ends its line must not take the
// memory.
const maxLine = 1 << 20

// Settings are the same for all sessions of a VPP; the session's own commands
// change PagerLimit.
type Settings struct {
	// Run executes a command line and returns what VPP prints.
	Run func(line string) string
	// Complete returns the words that a line's last word may be; nil for none.
	Complete func(line string) []string
	// Log receives each line with the number of its session; nil for no log.
	Log func(session int, line string)

	Prompt       string // "vpp# "
	Banner       bool   // show the banner to interactive sessions
	Color        bool   // in colours, to terminals that have them
	Pager        bool   // new sessions start with the pager on
	PagerLimit   int    // lines it holds; 0 turns it off
	HistoryLimit int    // lines; 0 turns it off
	LineMode     bool   // no telnet negotiation, no editing
}

// Session is one terminal.
type Session struct {
	settings *Settings
	number   int
	name     string // "unix-cli-local:3"
	out      bytes.Buffer

	started, interactive bool
	lineMode, crlf, ansi bool
	pagerOn              bool
	width, height        int
	input                []byte // not yet understood
	quit                 bool

	edit    editor
	history history
	pager   pager
}

// NewSession returns the session of a connection. What it has to send first is
// in Output: telnet options for a session that edits lines.
func NewSession(s *Settings, number int, name string) *Session {
	c := &Session{settings: s, number: number, name: name}
	if s.LineMode {
		c.lineMode = true
		return c
	}
	c.interactive, c.crlf, c.pagerOn = true, true, s.Pager
	c.width, c.height = defaultWidth, defaultHeight
	c.history.on, c.history.limit = s.HistoryLimit != 0, s.HistoryLimit
	c.raw(telnetOptions)
	return c
}

// NewTerminal returns the session of a local terminal, which needs no telnet; a
// width of 0 says that it is none, such as a pipe.
func NewTerminal(s *Settings, width, height int, term string) *Session {
	c := &Session{settings: s, name: "unix-cli-stdin"}
	if width == 0 || s.LineMode || nonInteractive(term) {
		c.nonInteractive()
	} else {
		c.interactive, c.pagerOn, c.ansi = true, s.Pager, ansiCapable(term)
		c.history.on, c.history.limit = s.HistoryLimit != 0, s.HistoryLimit
		c.Resize(width, height)
	}
	c.Welcome()
	return c
}

// nonInteractive makes the session one of a program: no prompt, no echo.
func (c *Session) nonInteractive() {
	c.interactive, c.pagerOn, c.lineMode = false, false, true
	c.history = history{}
}

// Started says if the session has shown its first prompt, or needs none.
func (c *Session) Started() bool { return c.started }

// Welcome shows banner and prompt, once. A session that tells its terminal type
// gets them by itself; for others the server calls it after a second.
func (c *Session) Welcome() {
	if c.started {
		return
	}
	c.started = true
	if !c.interactive {
		return
	}
	c.raw([]byte("\r"))
	if c.settings.Banner {
		for _, line := range banner {
			c.print(line.text(c.ansi && c.settings.Color))
		}
	}
	c.prompt()
}

// bannerLine is a line of the banner: its first part is red on terminals with
// colours.
type bannerLine struct{ red, plain string }

var banner = []bannerLine{
	{"    _______    _     ", "   _   _____  ___ \n"},
	{" __/ __/ _ \\  (_)__ ", "   | | / / _ \\/ _ \\\n"},
	{" _/ _// // / / / _ \\", "   | |/ / ___/ ___/\n"},
	{" /_/ /____(_)_/\\___/", "   |___/_/  /_/    \n"},
	{"", "\n"},
}

func (l bannerLine) text(color bool) string {
	if color && l.red != "" {
		return "\x1b[1;31m" + l.red + "\x1b[0m" + l.plain
	}
	return l.red + l.plain
}

// Output returns what is to be sent, and forgets it.
func (c *Session) Output() []byte {
	b := bytes.Clone(c.out.Bytes())
	c.out.Reset()
	return b
}

// Quit says if the session has ended.
func (c *Session) Quit() bool { return c.quit }

// Input takes bytes received.
func (c *Session) Input(b []byte) {
	c.input = append(c.input, b...)
	for !c.quit && len(c.input) > 0 {
		if c.lineMode {
			c.runAll()
			return
		}
		line, complete := c.editLine()
		if !complete && c.lineMode {
			continue // the client turned out to be a program
		}
		if !complete {
			if len(c.input) > maxLine {
				c.quit = true
			}
			return
		}
		c.runLine(line)
		c.afterCommand()
	}
}

// runAll takes what was received as whole lines and executes them; VPP takes it
// as one command. A NUL byte behind the output tells vppctl that it is all.
func (c *Session) runAll() {
	text := string(bytes.Trim(c.input, "\x00"))
	c.input = nil
	for line := range strings.Lines(text) {
		if c.runLine(strings.TrimRight(line, "\r\n")); c.quit {
			return
		}
	}
	c.raw([]byte{0})
}

// runLine executes a line and prints what it says.
func (c *Session) runLine(line string) {
	if c.settings.Log != nil {
		c.settings.Log(c.number, line)
	}
	if strings.TrimSpace(line) == "" {
		return
	}
	text, own := c.ownCommand(strings.Fields(line))
	if !own {
		text = c.settings.Run(line)
	}
	if text == "" || c.quit {
		return
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if !c.pagerOn || c.settings.PagerLimit == 0 || c.height == 0 {
		c.print(text)
		return
	}
	c.page(text)
}

// afterCommand shows the prompt, or the pager's if there is more to see.
func (c *Session) afterCommand() {
	switch {
	case c.quit:
	case c.pager.active():
		c.pagerPrompt()
	default:
		c.prompt()
	}
}

func (c *Session) prompt() {
	if c.interactive {
		c.raw([]byte(c.settings.Prompt))
	}
}

// raw sends bytes as they are.
func (c *Session) raw(b []byte) { c.out.Write(b) }

// print sends text, with the line ends the terminal wants.
func (c *Session) print(text string) {
	if c.crlf {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	c.out.WriteString(text)
	if text != "" {
		c.edit.backwards = strings.HasSuffix(text, "\b")
	}
}

// Resize tells the terminal's new size; a page on show is drawn again.
func (c *Session) Resize(width, height int) {
	c.width, c.height = size(width, defaultWidth), size(height, defaultHeight)
	if c.pager.shown() {
		c.pager.reindex(c.width, c.height)
		c.redraw()
	}
}

func size(n, none int) int {
	if n <= 0 {
		return none
	}
	return min(n, maxTerminal)
}

// ansiCapable says if a terminal type is one of those known to understand ANSI
// sequences; as in VPP, their starts do as well.
func ansiCapable(term string) bool {
	for _, t := range []string{"xterm", "xterm-color", "xterm-256color", "screen", "screen-256color", "ansi"} {
		if len(term) <= len(t) && strings.EqualFold(t[:len(term)], term) {
			return true
		}
	}
	return false
}

// nonInteractive says if a terminal type is vppctl's for programs.
func nonInteractive(term string) bool {
	return term != "" && len(term) <= len("vppctl") && strings.EqualFold("vppctl"[:len(term)], term)
}

// yesNo renders as "show terminal" does.
func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// show is "show terminal" (unix_cli_show_terminal).
func (c *Session) show() string {
	mode, crlf := "char-by-char", "LF"
	if c.lineMode {
		mode = "line-by-line"
	}
	if c.crlf {
		crlf = "CR+LF"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Terminal name:   %s\nTerminal node:   unix-cli-process-%d\nTerminal mode:   %s\n", c.name, c.number, mode)
	fmt.Fprintf(&b, "Terminal width:  %d\nTerminal height: %d\n", c.width, c.height)
	fmt.Fprintf(&b, "ANSI capable:    %s\nInteractive:     %s\n", yesNo(c.ansi), yesNo(c.interactive))
	note := ""
	if c.history.on && c.history.limit == 0 {
		note = " (disabled by history limit)"
	}
	fmt.Fprintf(&b, "History enabled: %s%s\n", yesNo(c.history.on), note)
	if c.history.on {
		fmt.Fprintf(&b, "History limit:   %d\n", c.history.limit)
	}
	note = ""
	if c.pagerOn && c.height == 0 {
		note = " (disabled by terminal height)"
	}
	if c.pagerOn && c.settings.PagerLimit == 0 {
		note += " (disabled by buffer limit)"
	}
	fmt.Fprintf(&b, "Pager enabled:   %s%s\n", yesNo(c.pagerOn), note)
	if c.pagerOn {
		fmt.Fprintf(&b, "Pager limit:     %d\n", c.settings.PagerLimit)
	}
	fmt.Fprintf(&b, "CRLF mode:       %s\n", crlf)
	return b.String()
}
