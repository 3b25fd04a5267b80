package console

import (
	"fmt"
	"strings"
)

// pager holds output of which only a page is shown.
type pager struct {
	text  string
	lines []string // as the terminal breaks them, with their line ends
	start int      // first line on the page
}

// shown says if the pager waits for keys.
func (p *pager) shown() bool { return len(p.lines) > 0 }

func (p *pager) active() bool { return p.shown() }

// reindex breaks the text for another terminal.
func (p *pager) reindex(width, height int) {
	p.lines = breakLines(p.text, width)
	p.start = max(0, min(p.start, len(p.lines)-(height-1)))
}

// breakLines cuts text at its line ends and at the terminal's width.
func breakLines(text string, width int) []string {
	var lines []string
	for text != "" {
		n := strings.IndexByte(text[:min(len(text), width)], '\n') + 1
		if n == 0 {
			n = min(len(text), width)
			if n < len(text) && text[n] == '\n' {
				n++
			}
		}
		lines = append(lines, text[:n])
		text = text[n:]
	}
	return lines
}

// page shows the first page of a command's output, and the rest on demand.
func (c *Session) page(text string) {
	p := &c.pager
	*p = pager{text: text, lines: breakLines(text, c.width)}
	switch {
	case len(p.lines) > c.settings.PagerLimit:
		c.print(text)
		c.message("pager buffer overflowed")
		*p = pager{}
	case len(p.lines) < c.height:
		c.print(text)
		*p = pager{}
	default:
		c.printLines(0, c.height-1)
	}
}

// printLines shows lines of the pager, the last one with a line end.
func (c *Session) printLines(from, to int) {
	last := ""
	for _, line := range c.pager.lines[from:min(to, len(c.pager.lines))] {
		c.print(line)
		last = line
	}
	if last != "" && !strings.HasSuffix(last, "\n") {
		c.print("\n")
	}
}

// bold marks what is not output, on terminals that can.
func (c *Session) bold(text string) string {
	if c.ansi {
		return "\x1b[1m" + text + "\x1b[0m"
	}
	return text
}

func (c *Session) pagerPrompt() {
	p := &c.pager
	end := min(p.start+c.height-1, len(p.lines))
	c.print("\r" + c.bold(fmt.Sprintf("-- more -- (%d-%d/%d)", p.start+1, end, len(p.lines))))
}

func (c *Session) message(text string) { c.print("\r" + c.bold("-- "+text+" --") + "\n") }

func (c *Session) erasePrompt() {
	if c.ansi {
		c.print("\r\x1b[2K")
		return
	}
	c.print("\r" + strings.Repeat(" ", max(c.width-1, 0)) + "\r")
}

// redraw shows the page again.
func (c *Session) redraw() {
	if !c.pager.shown() {
		return
	}
	if c.ansi {
		c.print("\x1b[2J\x1b[1;1H")
	} else {
		c.erasePrompt()
	}
	c.printLines(c.pager.start, c.pager.start+c.height-1)
	c.pagerPrompt()
}

// leavePager forgets the rest.
func (c *Session) leavePager() {
	c.erasePrompt()
	c.pager = pager{}
	c.prompt()
}

// pagerKey moves the page.
func (c *Session) pagerKey(act action) {
	p := &c.pager
	page := c.height - 1
	more := c.height+p.start <= len(p.lines)
	switch act {
	case actPagerQuit:
		c.leavePager()
	case actPagerNext, actPagerLine:
		if !more {
			c.leavePager()
			return
		}
		c.forward(act == actPagerNext)
	case actPagerPgDown, actPagerDown:
		if more {
			c.forward(act == actPagerPgDown)
		}
	case actPagerUp:
		c.backward(1)
	case actPagerPgUp:
		c.backward(page)
	case actPagerTop:
		c.backward(p.start)
	case actPagerBottom:
		if p.start < len(p.lines)-page {
			p.start = len(p.lines) - page
			c.erasePrompt()
			c.message("skipping")
			c.printLines(p.start, len(p.lines))
			c.pagerPrompt()
		}
	case actPagerRedraw:
		c.redraw()
	}
}

// forward shows the next page, or the next line.
func (c *Session) forward(page bool) {
	p := &c.pager
	from := p.start + c.height - 1
	to := from + 1
	if page {
		to = min(from+c.height-1, len(p.lines))
	}
	c.erasePrompt()
	c.printLines(from, to)
	p.start += to - from
	c.pagerPrompt()
}

// backward shows the page that starts n lines before.
func (c *Session) backward(n int) {
	p := &c.pager
	if p.start == 0 {
		return
	}
	p.start = max(0, p.start-n)
	c.erasePrompt()
	if n == 1 && c.ansi { // scroll, and write the first line
		c.print("\x1b[1T\x1b[s\x1b[1;1H\x1b[2K")
		c.print(p.lines[p.start] + "\x1b[u")
		c.erasePrompt()
	} else {
		c.printLines(p.start, p.start+c.height-1)
	}
	c.pagerPrompt()
}
