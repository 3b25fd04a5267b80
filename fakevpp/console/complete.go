package console

import (
	"slices"
	"strings"
)

// tab completes the word left of the cursor.
func (c *Session) tab() {
	e := &c.edit
	rest := string(e.line[e.cursor:])
	if rest != "" && !isSpace(rest[0]) || c.settings.Complete == nil {
		c.bell()
		return
	}
	head := string(e.line[:e.cursor])
	words := c.settings.Complete(head)
	start := strings.LastIndexFunc(head, func(r rune) bool { return r < 0x80 && isSpace(byte(r)) }) + 1
	switch len(words) {
	case 0:
		c.bell()
		return
	case 1:
		head = head[:start] + words[0]
		if rest == "" {
			head += " "
		}
	default:
		c.listWords(words)
		head += commonAfter(words, len(head)-start)
	}
	e.line = append([]byte(head), rest...)
	if len(words) > 1 {
		e.cursor = 0
	} else {
		c.left(e.cursor - start)
	}
	c.right(len(e.line) - e.cursor)
	c.left(len(rest))
}

// listWords shows the choices in columns, and the prompt below them.
func (c *Session) listWords(words []string) {
	longest := len(slices.MaxFunc(words, func(a, b string) int { return len(a) - len(b) }))
	c.print("\n")
	column := 0
	for _, w := range words {
		if column+longest >= c.width {
			c.print("\n")
			column = 0
		}
		c.print(w + strings.Repeat(" ", longest+2-len(w)))
		column += longest + 2
	}
	c.print("\n")
	c.prompt()
}

// commonAfter returns what all words have in common behind their first n
// characters.
func commonAfter(words []string, n int) string {
	common := words[0]
	for _, w := range words[1:] {
		for !strings.HasPrefix(w, common) {
			common = common[:len(common)-1]
		}
	}
	return common[min(n, len(common)):]
}
