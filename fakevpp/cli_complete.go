package fakevpp

import "strings"

// Complete returns what the last word of a CLI line may be, sorted: the tab key
// at vppctl. A line that ends in a blank asks for the words that may follow
// (vlib_cli_get_possible_completions in src/vlib/cli.c).
func (v *VPP) Complete(line string) []string {
	n := cliRoot()
	words := strings.Fields(line)
	last := ""
	if len(words) > 0 && !strings.HasSuffix(line, " ") {
		last, words = words[len(words)-1], words[:len(words)-1]
	}
	for _, w := range words {
		in := &cliInput{text: w}
		if n = n.match(in); n == nil || in.text != "" {
			return nil
		}
	}
	var out []string
	for _, s := range n.subs {
		if strings.HasPrefix(s.word, last) {
			out = append(out, s.word)
		}
	}
	return out
}
