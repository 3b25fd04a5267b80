package fakevpp

import (
	"fmt"
	"strconv"
	"strings"
)

// ownMark starts a line that VPP's exec takes for a comment and the double's
// executes.
const ownMark = "#!"

// plainWord says if a word can stand in a line that VPP's exec reads: it would
// cut lines at '#', join them at '\\', expand '$' and give braces and quotes a
// meaning of their own.
func plainWord(w string) bool {
	for i := range len(w) {
		c := w[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte("_-./:@,=+~%*()[]<>", c) < 0 {
			return false
		}
	}
	return w != ""
}

// quoteWord writes a word for an own line: as it is, or in Go's quotes.
func quoteWord(w string) string {
	if plainWord(w) {
		return w
	}
	return strconv.Quote(w)
}

// splitWords takes an own line apart.
func splitWords(line string) ([]string, error) {
	var words []string
	for {
		line = strings.TrimLeft(line, " \t\r")
		if line == "" {
			return words, nil
		}
		if line[0] != '"' {
			end := strings.IndexAny(line, " \t\r")
			if end < 0 {
				end = len(line)
			}
			words, line = append(words, line[:end]), line[end:]
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, fmt.Errorf("word %d: want a string in double quotes that ends on the line", len(words)+1)
		}
		word, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, fmt.Errorf("word %d: %s: %w", len(words)+1, quoted, err)
		}
		words, line = append(words, word), line[len(quoted):]
	}
}
