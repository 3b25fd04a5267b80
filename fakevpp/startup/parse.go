package startup

import "fmt"

// ReadFile reads a configuration file.
func ReadFile(name string) (*Config, error) {
	in, err := readFile(name)
	if err != nil {
		return nil, err
	}
	return parse(in)
}

// Parse reads the text of a configuration file; name is for messages.
func Parse(name, text string) (*Config, error) { return parse(fileInput(name, text)) }

// ParseWords reads the configuration from the words of a command line, which
// VPP joins with blanks: a word may be empty, or hold blanks and braces.
func ParseWords(words []string) (*Config, error) { return parse(wordsInput(words)) }

// parse reads stanzas; one that is given several times is read as one
// (vlib_call_all_config_functions in src/vlib/init.c).
func parse(in *input) (*Config, error) {
	if len(in.text) > maxConfig {
		return nil, fmt.Errorf("startup config is too large: %d bytes, at most %d are read", len(in.text), maxConfig)
	}
	c := defaults()
	for !in.done() {
		at := *in
		name, ok := in.word()
		read := stanzas[name]
		body, given := in.str()
		if !ok || !given || read == nil {
			return nil, at.errorf("unknown input `%s %s'", name, body.text)
		}
		if len(body.text) == 0 {
			body.at = append(body.at[:0:0], at.at[min(at.pos, len(at.at)-1)])
		}
		if err := read(c, body); err != nil {
			return nil, inStanza(name, err)
		}
	}
	if c.CPU.CoreList != nil && c.CPU.MainCore < 0 {
		return nil, fmt.Errorf("cpu: main-core must be specified when using corelist-* or coremask-* attribute")
	}
	return c, nil
}

// inStanza names the stanza of an error.
func inStanza(name string, err error) error {
	if e, ok := err.(*Error); ok && e.Stanza == "" {
		e.Stanza = name
	}
	return err
}

// option is a form of a stanza's words: the words it starts with and the
// argument behind them; arg is nil if there is none.
type option struct {
	words string
	arg   func(in *input) (bool, error)
}

// options reads a stanza by its options; the first form that fits is taken.
func (in *input) options(list ...option) error {
	for !in.done() {
		taken, err := in.option(list)
		if err != nil {
			return err
		}
		if !taken {
			return in.unknown()
		}
	}
	return nil
}

// option prefers whole words, but VPP's parser does not look at what follows a
// word: "onupdate-interval 5" is "on" and "update-interval 5" (va_unformat in
// src/vppinfra/unformat.c).
func (in *input) option(list []option) (bool, error) {
	if taken, err := in.optionBy(in.match, list); taken || err != nil {
		return taken, err
	}
	return in.optionBy(in.matchStart, list)
}

func (in *input) optionBy(match func(words string) bool, list []option) (bool, error) {
	start := in.pos
	for _, o := range list {
		if !match(o.words) {
			continue
		}
		if o.arg == nil {
			return true, nil
		}
		ok, err := o.arg(in)
		if ok || err != nil {
			return ok, err
		}
		in.pos = start
	}
	return false, nil
}

// The kinds of arguments.

func flag(words string, b *bool) option {
	return option{words, func(*input) (bool, error) { *b = true; return true, nil }}
}

func text(words string, s *string) option {
	return option{words, func(in *input) (bool, error) {
		w, ok := in.word()
		if ok {
			*s = w
		}
		return ok, nil
	}}
}

func number(words string, n *int) option {
	return option{words, func(in *input) (bool, error) { return in.number(n), nil }}
}

func float(words string, f *float64) option {
	return option{words, func(in *input) (bool, error) { return in.float(f), nil }}
}

func size(words string, n *uint64) option {
	return option{words, func(in *input) (bool, error) { return in.size(n), nil }}
}

func pageSize(words string, n *uint64) option {
	return option{words, func(in *input) (bool, error) { return in.pageSize(n), nil }}
}

// oneOf takes one of the words as argument.
func oneOf(words string, s *string, choices ...string) option {
	return option{words, func(in *input) (bool, error) {
		for _, choice := range choices {
			if in.match(choice) {
				*s = choice
				return true, nil
			}
		}
		return false, nil
	}}
}

// noted makes options ones that have no meaning for the double: they are read,
// and noted as unused.
func (c *Config) noted(stanza string, list ...option) []option {
	for i, o := range list {
		list[i] = option{o.words, func(in *input) (bool, error) {
			at := *in
			if o.arg != nil {
				if ok, err := o.arg(in); !ok || err != nil {
					return ok, err
				}
			}
			arg := string(in.text[at.pos:in.pos])
			c.Unused = append(c.Unused, Unused{Place: at.here(), Stanza: stanza, Text: o.words + arg})
			return true, nil
		}}
	}
	return list
}
