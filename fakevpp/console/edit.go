package console

import (
	"fmt"
	"strings"
)

// editor is the line that is being typed.
type editor struct {
	line      []byte
	cursor    int
	backwards bool // the cursor went left last
}

// editLine takes keys from the input until a line is complete.
func (c *Session) editLine() (line string, complete bool) {
	i := 0
	defer func() { c.input = c.input[i:] }()
	for i < len(c.input) && !c.quit {
		keys := lineKeys
		if c.pager.shown() {
			keys = pagerKeys
		}
		act, length := findKey(keys, string(c.input[i:min(len(c.input), i+8)]))
		switch {
		case act == actPartial:
			return "", false
		case act == actTelnet:
			if length = c.telnet(c.input[i:]); length < 0 {
				return "", false
			}
			if c.lineMode { // the client is a program
				i += length
				return "", false
			}
		default:
			if c.key(act, c.input[i]) {
				i += length
				line = string(c.edit.line)
				c.edit = editor{}
				return line, true
			}
		}
		i += length
	}
	return "", false
}

// key does what a key is for and says if the line is complete.
func (c *Session) key(act action, char byte) bool {
	e := &c.edit
	switch act {
	case actEnter:
		c.enter()
		return true
	case actTab:
		c.tab()
	case actClear:
		c.clear()
	case actUp, actDown:
		c.recall(act)
	case actRevSearch, actFwdSearch:
		return c.search(act)
	case actNone:
		if c.pager.shown() || char < ' ' || char > '~' {
			return false
		}
		if c.history.searching != 0 {
			return c.searchFor(char)
		}
		if len(e.line) < maxLine {
			c.insert(char)
		}
	case actPagerQuit, actPagerNext, actPagerLine, actPagerDown, actPagerUp, actPagerTop, actPagerBottom, actPagerPgDown, actPagerPgUp, actPagerRedraw:
		c.pagerKey(act)
	default:
		c.editKey(act, char)
	}
	return false
}

// editKey moves the cursor or erases. All of these end a search.
func (c *Session) editKey(act action, char byte) {
	e := &c.edit
	switch act {
	case actLeft:
		c.left(min(1, e.cursor))
	case actRight:
		c.right(min(1, len(e.line)-e.cursor))
	case actHome:
		c.left(e.cursor)
	case actEnd:
		c.right(len(e.line) - e.cursor)
	case actWordLeft:
		c.left(e.cursor - wordLeft(e.line, e.cursor))
	case actWordRight:
		c.right(wordRight(e.line, e.cursor) - e.cursor)
	case actErase:
		c.erase(min(1, e.cursor))
	case actEraseRight:
		c.eraseRight(char)
	case actEraseLineLeft:
		c.erase(e.cursor)
		c.left(e.cursor)
	case actEraseLineRight:
		c.replace(e.line[:e.cursor:e.cursor], e.cursor)
	case actEraseWordLeft:
		c.erase(e.cursor - wordLeft(e.line, e.cursor))
	default:
		return
	}
	c.history.searching = 0
}

// insert puts a character at the cursor.
func (c *Session) insert(char byte) {
	e := &c.edit
	rest := string(e.line[e.cursor:])
	e.line = append(append(e.line[:e.cursor:e.cursor], char), rest...)
	c.right(len(e.line) - e.cursor)
	c.left(len(rest))
}

// erase takes n characters left of the cursor away.
func (c *Session) erase(n int) {
	e := &c.edit
	line := append(e.line[:e.cursor-n:e.cursor-n], e.line[e.cursor:]...)
	at := e.cursor - n
	c.replace(line, at)
}

// eraseRight takes the character under the cursor away; on an empty line ^D
// ends the session.
func (c *Session) eraseRight(char byte) {
	e := &c.edit
	switch {
	case len(e.line) == 0 && char == 'D'-'@':
		c.print("quit\n")
		c.quit = true
	case e.cursor < len(e.line):
		c.replace(append(e.line[:e.cursor:e.cursor], e.line[e.cursor+1:]...), e.cursor)
	}
}

// replace shows another line, of which the first characters up to the cursor or
// its new place are the same, with the cursor at a place of it.
func (c *Session) replace(line []byte, at int) {
	e := &c.edit
	old := len(e.line)
	c.left(max(e.cursor-at, 0))
	e.line = line
	c.right(len(line) - e.cursor)
	if gone := old - len(line); gone > 0 {
		e.line = append(line[:len(line):len(line)], strings.Repeat(" ", gone)...)
		c.right(gone)
		c.left(gone)
		e.line = line
	}
	c.left(e.cursor - at)
}

// setLine replaces the line by another, the cursor behind it.
func (c *Session) setLine(line []byte) {
	c.left(c.edit.cursor)
	c.replace(append([]byte(nil), line...), 0)
	c.right(len(line))
}

// right moves the cursor over characters, which are sent again.
func (c *Session) right(n int) {
	e := &c.edit
	c.print(string(e.line[e.cursor : e.cursor+n]))
	e.cursor += n
}

// left moves the cursor back. At the left edge a terminal does not go to the
// line above by itself (unix_vlib_cli_output_cursor_left).
func (c *Session) left(n int) {
	e := &c.edit
	for ; n > 0; n-- {
		switch {
		case !c.ansi || c.width == 0 || (len(c.settings.Prompt)+e.cursor)%c.width != 0:
			c.print("\b")
		default:
			if !e.backwards {
				under := " "
				if e.cursor < len(e.line) {
					under = string(e.line[e.cursor : e.cursor+1])
				}
				c.print(under + "\r")
			}
			c.print(fmt.Sprintf("\x1b[A\x1b[%dC", c.width-1))
			e.backwards = true
		}
		e.cursor--
	}
}

// enter ends the line.
func (c *Session) enter() {
	e := &c.edit
	c.right(len(e.line) - e.cursor)
	c.print("\n")
	c.history.add(string(e.line))
}

// clear clears the terminal and shows the line again.
func (c *Session) clear() {
	if c.ansi {
		c.print("\x1b[2J\x1b[1;1H")
	} else {
		c.print("\n")
	}
	c.prompt()
	e := &c.edit
	at := e.cursor
	e.cursor = 0
	c.right(len(e.line))
	c.left(e.cursor - at)
}

// bell says that a key had nothing to do.
func (c *Session) bell() { c.raw([]byte("\a")) }

func isSpace(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }

// wordLeft finds the start of the word left of the cursor.
func wordLeft(line []byte, at int) int {
	for at > 0 && isSpace(line[at-1]) {
		at--
	}
	for at > 0 && !isSpace(line[at-1]) {
		at--
	}
	return at
}

// wordRight finds the start of the next word.
func wordRight(line []byte, at int) int {
	for at < len(line) && !isSpace(line[at]) {
		at++
	}
	for at < len(line) && isSpace(line[at]) {
		at++
	}
	return at
}
