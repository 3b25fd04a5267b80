package scenarios

import (
	"context"
	"fmt"
	"strings"
)

// text judges a text of one node or of each.
func (r *run) text(ctx context.Context, node string, t *TextSpec, get func(ctx context.Context, node string) (string, error)) (o outcome) {
	for _, n := range r.nodes(node) {
		got, err := get(ctx, n)
		if err != nil {
			o.fail(fmt.Sprintf("%s: %v", n, err))
			continue
		}
		for _, why := range t.judge(got) {
			o.fail(n + ": " + why)
		}
		if t.Save != "" {
			r.texts[t.Save+" "+n] = got
		}
		for _, why := range t.compare(r.texts, n, got) {
			o.fail(n + ": " + why)
		}
		o.summary = fmt.Sprintf("%d lines", strings.Count(got, "\n"))
	}
	return o
}

// compare judges got against texts saved for the node.
func (t *TextSpec) compare(saved map[string]string, node, got string) []string {
	var out []string
	if t.Same != "" {
		before, ok := saved[t.Same+" "+node]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("nothing was saved as %q for this node", t.Same))
		case before != got:
			out = append(out, fmt.Sprintf("differs from %q:\n%s", t.Same, lineDiff(before, got)))
		}
	}
	if before, ok := saved[t.Differs+" "+node]; t.Differs != "" && (!ok || before == got) {
		out = append(out, fmt.Sprintf("is the same as %q; expected another", t.Differs))
	}
	return out
}

// judge returns what is wrong with a text.
func (t *TextSpec) judge(got string) []string {
	var out []string
	flat := squeeze(got)
	for _, want := range t.Contains {
		if !strings.Contains(flat, squeeze(want)) {
			out = append(out, fmt.Sprintf("does not contain %q; it is:\n%s", want, excerpt(got)))
		}
	}
	for _, not := range t.Excludes {
		if strings.Contains(flat, squeeze(not)) {
			out = append(out, fmt.Sprintf("contains %q", not))
		}
	}
	for i, re := range t.compiled {
		if !re.MatchString(got) {
			out = append(out, fmt.Sprintf("does not match %q; it is:\n%s", t.Matches[i], excerpt(got)))
		}
	}
	if t.Equals != nil && trimLines(got) != trimLines(*t.Equals) {
		out = append(out, "is not as expected:\n"+lineDiff(trimLines(*t.Equals), trimLines(got)))
	}
	if t.Count != nil {
		n := 0
		for line := range strings.Lines(got) {
			if strings.Contains(squeeze(line), squeeze(t.Count.Of)) {
				n++
			}
		}
		if !t.Count.Lines.has(n) {
			out = append(out, fmt.Sprintf("has %d lines with %q; expected %s", n, t.Count.Of, t.Count.Lines))
		}
	}
	return out
}

// squeeze makes each run of blanks one blank, line by line, and drops those at line ends.
func squeeze(s string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func trimLines(s string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(s, " \t\n"), "\n") {
		lines = append(lines, strings.TrimRight(line, " \t\r"))
	}
	return strings.Join(lines, "\n")
}

// maxExcerpt is how many lines of a text a failure shows.
const maxExcerpt = 60

func excerpt(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	if len(lines) > maxExcerpt {
		lines = append(lines[:maxExcerpt], fmt.Sprintf("... %d more lines", len(lines)-maxExcerpt))
	}
	return strings.Join(lines, "\n")
}

// lineDiff lists the lines that only one of two texts has, "-" before those of the first, in their order.
func lineDiff(before, after string) string {
	count := map[string]int{}
	for line := range strings.Lines(after) {
		count[strings.TrimSuffix(line, "\n")]++
	}
	var out []string
	kept := map[string]int{}
	for line := range strings.Lines(before) {
		line = strings.TrimSuffix(line, "\n")
		if count[line] > 0 {
			count[line]--
			kept[line]++
			continue
		}
		out = append(out, "- "+line)
	}
	for line := range strings.Lines(after) {
		line = strings.TrimSuffix(line, "\n")
		if kept[line] > 0 {
			kept[line]--
			continue
		}
		out = append(out, "+ "+line)
	}
	if len(out) == 0 {
		return "the same lines in another order"
	}
	return excerpt(strings.Join(out, "\n"))
}
