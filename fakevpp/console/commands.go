package console

import (
	"fmt"
	"strconv"
	"strings"
)

// ownCommand executes the commands that concern the session alone, and says if
// it was one.
func (c *Session) ownCommand(words []string) (out string, own bool) {
	switch {
	case is(words, "quit", 1) || is(words, "q", 1) || is(words, "exit", 3):
		c.quit = true
		return "", true
	case is(words, "history", 2):
		if !c.interactive {
			return "history: invalid for non-interactive sessions\n", true
		}
		return c.history.list(), true
	case len(words) == 2 && is(words[:1], "show", 2) && is(words[1:], "terminal", 3):
		return c.show(), true
	case len(words) > 2 && words[0] == "set" && is(words[1:2], "terminal", 3) && is(words[2:3], "pager", 1):
		return c.setTerminal("set terminal pager", words[3:], c.setPager), true
	case len(words) > 2 && words[0] == "set" && is(words[1:2], "terminal", 3) && is(words[2:3], "history", 1):
		return c.setTerminal("set terminal history", words[3:], c.setHistory), true
	}
	return "", false
}

// is says if the words are one, which may be cut short.
func is(words []string, name string, least int) bool {
	return len(words) == 1 && len(words[0]) >= least && strings.HasPrefix(name, words[0])
}

// setTerminal reads "on", "off" and "limit N".
func (c *Session) setTerminal(path string, words []string, set func(on *bool, limit int) string) string {
	if !c.interactive {
		return path + ": invalid for non-interactive sessions\n"
	}
	out := ""
	for len(words) > 0 {
		on := words[0] == "on"
		if on || words[0] == "off" {
			out += set(&on, 0)
			words = words[1:]
			continue
		}
		if words[0] == "limit" && len(words) > 1 {
			if n, err := strconv.ParseUint(words[1], 10, 31); err == nil {
				out += set(nil, int(n))
				words = words[2:]
				continue
			}
		}
		return out + fmt.Sprintf("%s: unknown parameter: `%s`\n", path, strings.Join(words, " "))
	}
	return out
}

func (c *Session) setPager(on *bool, limit int) string {
	if on != nil {
		c.pagerOn = *on
		return ""
	}
	c.settings.PagerLimit = limit
	return fmt.Sprintf("Pager limit set to %d lines; note, this is global.\n", limit)
}

func (c *Session) setHistory(on *bool, limit int) string {
	if on != nil {
		c.history.on = *on
	} else {
		c.history.limit = limit
	}
	c.history.setLimit()
	return ""
}
