package startup

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// input is text that is read as VPP reads it (src/vppinfra/unformat.c), with
// the place each byte came from. The contents of braces become an input of
// their own, so that words lose a backslash at each level, as in VPP.
type input struct {
	from *source
	text []byte
	at   []int32 // where in the source, for each byte
	pos  int
}

// source is where a text came from, for messages.
type source struct {
	file  string   // empty for command lines
	text  string   // the file
	words []string // the command line
}

// place names the line or word that holds a byte.
func (s *source) place(at int32) string {
	if s.file != "" {
		return fmt.Sprintf("%s:%d", s.file, 1+strings.Count(s.text[:min(int(at), len(s.text))], "\n"))
	}
	for i, w := range s.words {
		if at -= int32(len(w)); at <= 0 {
			return fmt.Sprintf("word %d", i+1)
		}
		at-- // the blank between words
	}
	return fmt.Sprintf("word %d", len(s.words))
}

// fileInput reads a configuration file: '#' comments to the end of the line,
// wherever it stands, and line ends are blanks (main in src/vpp/vnet/main.c).
func fileInput(name, text string) *input {
	in := &input{from: &source{file: name, text: text}}
	comment := false
	for i := range len(text) {
		c := text[i]
		switch c {
		case '#':
			comment = true
		case '\n', '\r':
			comment = false
			c = ' '
		case '\t':
			c = ' '
		}
		if !comment {
			in.text, in.at = append(in.text, c), append(in.at, int32(i))
		}
	}
	return in
}

// wordsInput reads a command line: the words joined by blanks. There are no
// comments in it.
func wordsInput(words []string) *input {
	in := &input{from: &source{words: words}, text: []byte(strings.Join(words, " "))}
	for i := range in.text {
		in.at = append(in.at, int32(i))
	}
	return in
}

func isBlank(c byte) bool { return strings.IndexByte(" \t\n\r\f\v", c) >= 0 }

// done skips blanks and says if nothing is left.
func (in *input) done() bool {
	for in.pos < len(in.text) && isBlank(in.text[in.pos]) {
		in.pos++
	}
	return in.pos >= len(in.text)
}

// match takes the words if they come next, each whole.
func (in *input) match(words string) bool {
	start := in.pos
	if in.matchStart(words) && (in.pos == len(in.text) || isBlank(in.text[in.pos]) || in.text[in.pos] == '{' || in.text[in.pos] == '}') {
		return true
	}
	in.pos = start
	return false
}

// matchStart takes the words if they come next, whatever follows the last.
func (in *input) matchStart(words string) bool {
	start := in.pos
	for i, w := range strings.Fields(words) {
		apart := i == 0 || in.pos < len(in.text) && isBlank(in.text[in.pos])
		if !apart || in.done() || !bytes.HasPrefix(in.text[in.pos:], []byte(w)) {
			in.pos = start
			return false
		}
		in.pos += len(w)
	}
	return true
}

// str takes a string: up to a blank, or what is between braces; a backslash
// takes its meaning from the next byte. It returns false at the end.
func (in *input) str() (*input, bool) {
	in.done()
	out := &input{from: in.from}
	depth, braced, escaped := 0, false, false
	for ; in.pos < len(in.text); in.pos++ {
		c := in.text[in.pos]
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
			continue
		case c == '{':
			depth++
			if depth == 1 && len(out.text) == 0 {
				braced = true
				continue
			}
		case c == '}':
			depth--
			if braced && depth == 0 {
				in.pos++
				return out, true
			}
		case isBlank(c) && !braced:
			return out, true
		}
		out.text, out.at = append(out.text, c), append(out.at, in.at[in.pos])
	}
	if len(out.text) == 0 && depth == 1 {
		out.text, out.at = []byte{'{'}, []int32{in.at[len(in.at)-1]}
	}
	return out, len(out.text) > 0
}

// word takes a string as text.
func (in *input) word() (string, bool) {
	s, ok := in.str()
	return string(s.text), ok
}

// braces takes what is between braces, if they come next.
func (in *input) braces() (*input, bool) {
	if in.done() || in.text[in.pos] != '{' {
		return nil, false
	}
	return in.str()
}

// take takes the word that comes next if the function accepts it.
func (in *input) take(accept func(word string) bool) bool {
	start := in.pos
	if w, ok := in.word(); ok && accept(w) {
		return true
	}
	in.pos = start
	return false
}

// number takes a decimal number.
func (in *input) number(n *int) bool {
	return in.take(func(w string) bool {
		v, err := strconv.ParseInt(w, 10, 64)
		if err == nil {
			*n = int(v)
		}
		return err == nil
	})
}

// float takes a number with a fraction.
func (in *input) float(f *float64) bool {
	return in.take(func(w string) bool {
		v, err := strconv.ParseFloat(w, 64)
		if err == nil {
			*f = v
		}
		return err == nil
	})
}

// size takes a number of bytes with an optional k, m or g
// (unformat_memory_size in src/vppinfra/std-formats.c).
func (in *input) size(n *uint64) bool {
	return in.take(func(w string) bool {
		v, ok := parseSize(w)
		if ok {
			*n = v
		}
		return ok
	})
}

func parseSize(w string) (uint64, bool) {
	shift := 0
	if i := strings.IndexAny(w, "kKmMgG"); i >= 0 && i == len(w)-1 {
		shift = map[byte]int{'k': 10, 'm': 20, 'g': 30}[w[i]|0x20]
		w = w[:i]
	}
	v, err := strconv.ParseUint(w, 10, 64)
	if err != nil || v > ^uint64(0)>>shift {
		return 0, false
	}
	return v << shift, true
}

// pageSize takes a page size; 0 stands for the default ones
// (unformat_log2_page_size in src/vppinfra/std-formats.c).
func (in *input) pageSize(n *uint64) bool {
	return in.take(func(w string) bool {
		if w == "default" || w == "default-hugepage" {
			*n = 0
			return true
		}
		v, ok := parseSize(w)
		if ok && strings.ContainsAny(w[len(w)-1:], "kKmMgG") {
			*n = v
			return true
		}
		return false
	})
}

// maxShown is how much of what was not understood an error shows
// (format_unformat_error in src/vppinfra/unformat.c).
const maxShown = 30

// rest renders what comes next, as VPP's errors do.
func (in *input) rest() string {
	text := string(in.text[in.pos:])
	if len(text) > maxShown {
		text = text[:maxShown] + "..."
	} else {
		text = strings.TrimRight(text, " \t\n\r\f\v")
	}
	return strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text)
}

// here names the line or word of what comes next.
func (in *input) here() string {
	if len(in.at) == 0 {
		return in.from.place(0)
	}
	return in.from.place(in.at[min(in.pos, len(in.at)-1)])
}

// unknown is the error for what comes next.
func (in *input) unknown() error {
	in.done()
	return in.errorf("unknown input `%s'", in.rest())
}

// errorf is an error about the place that comes next.
func (in *input) errorf(format string, args ...any) error {
	return &Error{Place: in.here(), Text: fmt.Sprintf(format, args...)}
}

// Error says what VPP's parser would not take, and where.
type Error struct {
	// Place is "FILE:LINE", or "word N" of a command line, from 1.
	Place string
	// Stanza is the stanza it stands in, empty outside of one.
	Stanza string
	// Text is what is wrong, in VPP's words.
	Text string
}

// Error returns place, stanza and text.
func (e *Error) Error() string {
	if e.Stanza == "" {
		return e.Place + ": " + e.Text
	}
	return e.Place + ": " + e.Stanza + ": " + e.Text
}

// readFile reads a configuration file of at most maxConfig bytes.
func readFile(name string) (*input, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("failed to open configuration file '%s': %w", name, err)
	}
	if len(text) > maxConfig {
		return nil, fmt.Errorf("startup config file is too large: %s has %d bytes, at most %d are read", name, len(text), maxConfig)
	}
	return fileInput(name, string(text)), nil
}

// maxConfig is how long a configuration may be (main in src/vpp/vnet/main.c).
const maxConfig = 1 << 18
