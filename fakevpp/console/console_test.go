package console

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testSettings run "echo" and "lines N", and complete a few words.
func testSettings() *Settings {
	return &Settings{Prompt: "vpp# ", PagerLimit: 1000, HistoryLimit: 3, Pager: true,
		Run: func(line string) string {
			words := strings.Fields(line)
			if words[0] != "lines" {
				return "did " + line
			}
			n, _ := strconv.Atoi(words[1])
			var b strings.Builder
			for i := range n {
				b.WriteString("line " + strconv.Itoa(i+1) + "\n")
			}
			return b.String()
		},
		Complete: func(line string) []string {
			var out []string
			for _, w := range []string{"shell", "show", "shower"} {
				if strings.HasPrefix(w, line) {
					out = append(out, w)
				}
			}
			return out
		}}
}

const (
	ttypeXterm  = "\xff\xfa\x18\x00xterm\xff\xf0"
	ttypeDumb   = "\xff\xfa\x18\x00dumb\xff\xf0"
	ttypeVppctl = "\xff\xfa\x18\x00vppctl\xff\xf0"
	naws10x5    = "\xff\xfa\x1f\x00\x0a\x00\x05\xff\xf0"
)

// talk opens a session of a terminal type, forgets what it says and gives it
// the keys one by one; it returns what it says to them.
func talk(t *testing.T, c *Session, input ...string) string {
	t.Helper()
	for _, in := range input {
		for i := range len(in) {
			c.Input([]byte{in[i]})
		}
	}
	return string(c.Output())
}

func dumb(t *testing.T) *Session {
	t.Helper()
	c := NewSession(testSettings(), 0, "unix-cli-local:0")
	require.Equal(t, string(telnetOptions)+"\rvpp# ", talk(t, c, ttypeDumb))
	return c
}

func TestLineEditing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, keys, want string }{
		{"plain", "abc", "abc"},
		{"erase", "abx\x7fc", "abc"},
		{"erase in the middle", "axbc\x1b[D\x1b[D\bZ", "aZbc"},
		{"insert", "ac\x02b", "abc"},
		{"home and end", "bc\x01a\x05d", "abcd"},
		{"delete right", "xabc\x01\x04", "abc"},
		{"delete to the left", "one two\x15three", "three"},
		{"delete to the right", "one two\x02\x02\x02\x0b", "one "},
		{"delete word", "one two  \x17x", "one x"},
		{"words", "one two\x1bb\x1bbx\x1bfy", "xone ytwo"},
		{"ctrl arrows", "one two\x1b[1;5DX", "one Xtwo"},
		{"delete key", "abx\x02\x1b[3~", "ab"},
		{"unknown keys", "a\x1b[9x\x19\xc3b", "a[9xb"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := dumb(t)
			require.Contains(t, talk(t, c, tt.keys, "\r"), "did "+tt.want+"\r\nvpp# ")
			require.Equal(t, tt.want, strings.Join(c.history.lines, "|"))
		})
	}
}

// What the terminal shows agrees with the line after every key.
func TestScreenShowsTheLine(t *testing.T) {
	t.Parallel()
	c := dumb(t)
	screen, cursor := []byte{}, 0
	for _, k := range []string{"a", "b", "c", "d", "\x02", "\x02", "X", "\b", "\x01", "\x04", "\x05", "e", " ", "f", "\x17", "\x02", "\x0b", "y", "\x15", "z"} {
		for _, b := range []byte(talk(t, c, k)) {
			switch {
			case b == '\b':
				cursor--
			case cursor == len(screen):
				screen, cursor = append(screen, b), cursor+1
			default:
				screen[cursor] = b
				cursor++
			}
		}
		require.Equal(t, string(c.edit.line), strings.TrimRight(string(screen), " ")+strings.Repeat(" ", len(c.edit.line)-len(strings.TrimRight(string(c.edit.line), " "))), "%q", k)
		require.Equal(t, c.edit.cursor, cursor, "%q", k)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	c := dumb(t)
	talk(t, c, "one\rtwo\rtwo\r\rthree\rfour\r")
	require.Equal(t, "history\r\n3  three\r\n4  four\r\n5  history\r\nvpp# ", talk(t, c, "history\r"))
	talk(t, c, "\x1b[A\x1b[A")
	require.Equal(t, "four", string(c.edit.line))
	talk(t, c, "\x1b[B\x1b[B")
	require.Empty(t, c.edit.line)
	talk(t, c, "\x12th")
	require.Equal(t, "three", string(c.edit.line))
	require.Contains(t, talk(t, c, "zz"), "No match...")
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	c := dumb(t)
	require.Equal(t, "she\b\b\bshell ", talk(t, c, "she\t"))
	require.Contains(t, talk(t, c, "\x15sh\t"), "\r\nshell   show    shower  \r\nvpp# sh")
	require.Contains(t, talk(t, c, "o\t"), "\r\nvpp# show")
	require.Equal(t, "show", string(c.edit.line))
	require.Equal(t, "zz\a", talk(t, c, "\x15", "zz\t")[4*2+4:])
}

func TestPager(t *testing.T) {
	t.Parallel()
	c := dumb(t)
	talk(t, c, naws10x5)
	require.Equal(t, "lines 4\r\nline 1\r\nline 2\r\nline 3\r\nline 4\r\nvpp# ", talk(t, c, "lines 4\r"))
	require.Equal(t, "lines 10\r\nline 1\r\nline 2\r\nline 3\r\nline 4\r\n\r-- more -- (1-4/10)", talk(t, c, "lines 10\r"))
	erase := "\r" + strings.Repeat(" ", 9) + "\r"
	require.Equal(t, erase+"line 5\r\n\r-- more -- (2-5/10)", talk(t, c, "\r"))
	require.Equal(t, erase+"line 6\r\nline 7\r\nline 8\r\nline 9\r\n\r-- more -- (6-9/10)", talk(t, c, " "))
	require.Equal(t, erase+"line 1\r\nline 2\r\nline 3\r\nline 4\r\n\r-- more -- (1-4/10)", talk(t, c, "\x1b[H"))
	require.Contains(t, talk(t, c, "\x1b[F"), "line 10\r\n\r-- more -- (7-10/10)")
	require.Equal(t, erase+"vpp# ", talk(t, c, "q"))
	talk(t, c, "set terminal pager off\r")
	require.NotContains(t, talk(t, c, "lines 10\r"), "more")
}

func TestPrograms(t *testing.T) {
	t.Parallel()
	c := NewSession(testSettings(), 0, "unix-cli-local:0")
	c.Output()
	c.Input([]byte(ttypeVppctl + "show x\n\x00"))
	require.Equal(t, "did show x\r\n\x00", string(c.Output()))
	c.Input([]byte("history\n"))
	require.Equal(t, "history: invalid for non-interactive sessions\r\n\x00", string(c.Output()))
	c.Input([]byte("quit\n"))
	require.True(t, c.Quit())
	require.Empty(t, c.Output())
}

func TestBannerAndTerminal(t *testing.T) {
	t.Parallel()
	s := testSettings()
	s.Banner, s.Color = true, true
	c := NewSession(s, 2, "unix-cli-local:7")
	c.Output()
	out := talk(t, c, ttypeXterm)
	require.Contains(t, out, "\x1b[1;31m    _______    _     \x1b[0m   _   _____  ___ \r\n")
	require.True(t, strings.HasSuffix(out, "\r\n\r\nvpp# "))
	require.Equal(t, "show terminal\r\nTerminal name:   unix-cli-local:7\r\nTerminal node:   unix-cli-process-2\r\nTerminal mode:   char-by-char\r\n"+
		"Terminal width:  80\r\nTerminal height: 24\r\nANSI capable:    yes\r\nInteractive:     yes\r\nHistory enabled: yes\r\nHistory limit:   3\r\n"+
		"Pager enabled:   yes\r\nPager limit:     1000\r\nCRLF mode:       CR+LF\r\nvpp# ", talk(t, c, "show terminal\r"))
	require.Contains(t, talk(t, c, "\xff\xf6"), "fd.io VPP\r\n")
	require.Equal(t, "quit\r\n", talk(t, c, "\x04"))
	require.True(t, c.Quit())
}

// FuzzSession gives a session any bytes, in two parts.
func FuzzSession(f *testing.F) {
	f.Add([]byte(ttypeXterm+naws10x5+"lines 30\r \x1b[H\x1b[Fq"), 5)
	f.Add([]byte(ttypeVppctl+"show x\nquit\n"), 3)
	f.Add([]byte("a\x01b\x15\tsh\t\x12a\x12\x1b[A\r\xff\xfa\x1f\x00\x00\x00\x00\xff\xf0"), 1)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		s := testSettings()
		s.Run = func(string) string { return strings.Repeat("0123456789abc\n", 40) }
		c := NewSession(s, 0, "x")
		cut = max(0, min(cut, len(b)))
		c.Input(b[:cut])
		c.Input(b[cut:])
		if c.edit.cursor < 0 || c.edit.cursor > len(c.edit.line) {
			t.Fatalf("cursor %d of %d", c.edit.cursor, len(c.edit.line))
		}
	})
}
