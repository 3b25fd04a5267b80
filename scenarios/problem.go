package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// A Problem is one thing wrong with a scenario file.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // from 1; 0 if it is about the file as a whole
	Column  int    `json:"column"` // from 1; 0 likewise
	Field   string `json:"field"`  // path of the field, e.g. "steps[2].ping.from"; "" for the file as a whole
	Message string `json:"message"`
}

// String returns "file:line:column: field: message", as editors and compilers have it.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	return b.String() + p.Message
}

// Problems is everything found wrong with a scenario file, in the file's order. It is never empty when returned as an error.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// position is a place in the scenario file.
type position struct{ line, column int }

// positions maps a field's path to its place.
type positions map[string]position

// collector gathers problems about one file.
type collector struct {
	file      string
	positions positions
	problems  Problems
}

func (c *collector) at(pos position, field, format string, args ...any) {
	c.problems = append(c.problems, Problem{c.file, pos.line, pos.column, field, fmt.Sprintf(format, args...)})
}

// field reports a problem of the field with the given path, or, if the file does not have the field, of the nearest one around it.
func (c *collector) field(path, format string, args ...any) {
	c.at(c.positions.of(path), path, format, args...)
}

// of returns the place of a path or of the nearest path around it.
func (ps positions) of(path string) position {
	for p := path; ; {
		if pos, ok := ps[p]; ok {
			return pos
		}
		i := strings.LastIndexAny(p, ".[")
		if i < 0 {
			return ps[""]
		}
		p = p[:i]
	}
}

// err returns the problems sorted by place, or nil.
func (c *collector) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(c.problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return c.problems
}
