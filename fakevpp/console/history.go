package console

import (
	"fmt"
	"strings"
)

// history holds the lines of a session.
type history struct {
	on     bool
	limit  int
	lines  []string
	number int // lines ever kept
	at     int // where the user looks, len(lines) for a new line

	searching int // -1 backwards, 1 forwards, 0 not
	key       string
}

func (h *history) active() bool { return h.on && h.limit > 0 }

// add keeps a line that is neither empty nor the one before.
func (h *history) add(line string) {
	h.searching, h.key = 0, ""
	if !h.active() {
		return
	}
	if len(h.lines) >= h.limit {
		h.lines = h.lines[len(h.lines)-h.limit+1:]
	}
	if line != "" && (len(h.lines) == 0 || h.lines[len(h.lines)-1] != line) {
		h.lines = append(h.lines, line)
		h.number++
	}
	h.at = len(h.lines)
}

// setLimit keeps the latest n lines.
func (h *history) setLimit() {
	limit := 0
	if h.on {
		limit = max(h.limit, 0)
	}
	if limit < len(h.lines) {
		h.lines = h.lines[len(h.lines)-limit:]
	}
	h.at = len(h.lines)
}

// list is "history".
func (h *history) list() string {
	if !h.active() {
		return "History not enabled.\n"
	}
	var b strings.Builder
	for i, line := range h.lines {
		fmt.Fprintf(&b, "%d  %s\n", 1+h.number-len(h.lines)+i, line)
	}
	return b.String()
}

// recall shows the line before or after; beyond both ends is an empty one.
func (c *Session) recall(act action) {
	h := &c.history
	if !h.active() {
		return
	}
	h.searching = 0
	line := ""
	if len(h.lines) > 0 {
		if act == actUp {
			h.at--
		} else {
			h.at++
		}
		switch {
		case h.at == len(h.lines):
		case h.at < 0:
			h.at = len(h.lines)
		default:
			if h.at > len(h.lines)-1 {
				h.at = 0
			}
			line = h.lines[h.at]
		}
	}
	c.setLine([]byte(line))
}

// search starts a search in the history, or goes on with it.
func (c *Session) search(act action) bool {
	h := &c.history
	if !h.active() {
		return false
	}
	direction := 1
	if act == actRevSearch {
		direction = -1
	}
	if h.searching == 0 {
		c.setLine(nil)
		h.searching, h.key = direction, ""
		return false
	}
	h.searching = direction
	h.at += direction
	return c.find()
}

// searchFor looks for one character more.
func (c *Session) searchFor(char byte) bool {
	if len(c.history.key) < maxTerminal {
		c.history.key += string(rune(char))
	}
	return c.find()
}

// find shows the next line with the key; if there is none, the line ends empty.
func (c *Session) find() bool {
	h := &c.history
	for range h.lines {
		if h.at > len(h.lines)-1 {
			h.at = 0
		} else if h.at < 0 {
			h.at = len(h.lines) - 1
		}
		if strings.Contains(h.lines[h.at], h.key) {
			c.setLine([]byte(h.lines[h.at]))
			return false
		}
		h.at += h.searching
	}
	c.print("\nNo match...")
	c.edit = editor{}
	c.enter()
	return true
}
