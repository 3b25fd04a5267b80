// Package record keeps what passes between API clients and a VPP in a text file
// that a person can read and diff, plays such a file to another VPP, and compares
// what that one answers. It works on any VPP with a socket, real or double; the
// layout of messages comes from a catalogue of package schema. It must not know
// what a message does.
package record

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/fakevpp/apitrace"
	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// firstLine begins every recording.
const firstLine = "# vpptwin recording 1"

// Kind says what a line of a recording is about.
type Kind byte

// Kinds, as they stand in the file.
const (
	Open    Kind = '+' // a client connected
	Close   Kind = '-' // it left
	Request Kind = '>' // it sent a message
	Reply   Kind = '<' // it was sent an answer
	Event   Kind = '*' // it was sent an event
)

// Entry is one line of a recording.
type Entry struct {
	// Time is since the recording began.
	Time time.Duration
	// Client numbers connections from 1.
	Client int
	Kind   Kind
	// Context ties a reply to its request; events have none.
	Context uint32
	// Key is the message, "ip_route_add_del_b8ecfe0d", or "id:123" if the VPP's
	// message table does not name it.
	Key string
	// Text are the fields, "{sw_if_index: 1}".
	Text string
	// Raw are the bytes behind the header, where the message is not in the
	// catalogue or Text does not say everything; else nil.
	Raw []byte
}

// Recording is a whole file.
type Recording struct{ Entries []Entry }

// String renders the line.
func (e Entry) String() string {
	b := fmt.Appendf(nil, "%.6f %d %c", e.Time.Seconds(), e.Client, e.Kind)
	if e.Kind == Open || e.Kind == Close {
		return string(b)
	}
	if e.Kind != Event {
		b = fmt.Appendf(b, " %d", e.Context)
	}
	b = append(append(b, ' '), e.Key...)
	if e.Text != "" {
		b = append(append(b, ' '), e.Text...)
	}
	if e.Raw != nil {
		b = fmt.Appendf(b, " !%x", e.Raw)
	}
	return string(b)
}

// Read reads a recording, or a file of VPP's api-trace, which has requests of one
// client and no answers.
func Read(r io.Reader) (*Recording, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	if !bytes.HasPrefix(data, []byte(firstLine)) {
		trace, err := apitrace.Read(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("neither a recording nor an api trace: %w", err)
		}
		return fromTrace(trace), nil
	}
	rec := new(Recording)
	s := bufio.NewScanner(bytes.NewReader(data))
	s.Buffer(nil, 64<<20)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		e, err := parseEntry(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		rec.Entries = append(rec.Entries, e)
	}
	return rec, s.Err()
}

// parseEntry reads "TIME CLIENT KIND [CONTEXT] KEY TEXT [!RAW]".
func parseEntry(line string) (Entry, error) {
	var e Entry
	at, rest, _ := strings.Cut(line, " ")
	client, rest, _ := strings.Cut(rest, " ")
	kind, rest, _ := strings.Cut(rest, " ")
	seconds, err := strconv.ParseFloat(at, 64)
	if err != nil || seconds < 0 || seconds > 1e9 {
		return e, fmt.Errorf("time %q: expected seconds", at)
	}
	e.Time = time.Duration(seconds*1e6+0.5) * time.Microsecond
	if e.Client, err = strconv.Atoi(client); err != nil || e.Client < 1 {
		return e, fmt.Errorf("client %q: expected a number from 1", client)
	}
	if len(kind) != 1 || !strings.Contains("+-><*", kind) {
		return e, fmt.Errorf("%q: expected one of + - > < *", kind)
	}
	e.Kind = Kind(kind[0])
	if e.Kind == Open || e.Kind == Close {
		return e, nil
	}
	if e.Kind != Event {
		var context string
		context, rest, _ = strings.Cut(rest, " ")
		n, err := strconv.ParseUint(context, 10, 32)
		if err != nil {
			return e, fmt.Errorf("context %q: expected a number", context)
		}
		e.Context = uint32(n)
	}
	e.Key, rest, _ = strings.Cut(rest, " ")
	if e.Key == "" {
		return e, fmt.Errorf("no message")
	}
	return e, e.parseFields(rest)
}

func (e *Entry) parseFields(rest string) error {
	e.Text = strings.TrimSpace(rest)
	i := strings.LastIndexByte(rest, '!')
	if i < 0 || strings.ContainsAny(rest[i:], `"}`) { // it is inside a field
		return nil
	}
	raw, err := hex.DecodeString(strings.TrimSpace(rest[i+1:]))
	if err != nil {
		return fmt.Errorf("bytes of %s: %w", e.Key, err)
	}
	e.Text, e.Raw = strings.TrimSpace(rest[:i]), raw
	return nil
}

// Write writes the recording as text.
func (r *Recording) Write(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintln(&b, firstLine)
	for _, e := range r.Entries {
		fmt.Fprintln(&b, e.String())
	}
	_, err := w.Write(b.Bytes())
	return err
}

// fromTrace makes a recording of an api trace: the requests, with contexts of
// their own.
func fromTrace(trace *apitrace.File) *Recording {
	keys := make(map[uint16]string, len(trace.Table))
	for _, e := range trace.Table {
		keys[e.ID] = e.Key
	}
	r := &Recording{Entries: []Entry{{Client: 1, Kind: Open}}}
	for i, msg := range trace.Messages {
		key := keys[binary.BigEndian.Uint16(msg)]
		name, _, _ := schema.CutKey(key)
		if len(msg) < requestHeader || name == "trace_plugin_msg_ids" {
			continue // what VPP sends itself
		}
		r.Entries = append(r.Entries, Entry{Client: 1, Kind: Request, Context: uint32(i + 1), Key: key, Raw: msg[requestHeader:]})
	}
	return r
}

// Headers of messages: id, client_index and context.
const (
	requestHeader = 10
	replyHeader   = 6
)

// Catalogue finds messages by key.
type Catalogue struct{ byKey map[string]*schema.Message }

// NewCatalogue prepares the messages of an API.
func NewCatalogue(c *schema.Catalog) *Catalogue {
	list := make(map[string]*schema.Message)
	for _, m := range c.Source().Messages {
		list[m.Key()] = m
	}
	return &Catalogue{list}
}

// view returns the entry's message with a zero header, or nil if the catalogue
// does not have it; then only Raw says what it was.
func (c *Catalogue) view(e *Entry) (*schema.View, error) {
	m := c.byKey[e.Key]
	if m == nil {
		return nil, nil
	}
	if e.Raw != nil {
		return &schema.View{Message: m, Data: append(make([]byte, m.Kind.HeaderSize()), e.Raw...)}, nil
	}
	data, err := schema.ParseFieldText(m, e.Text)
	if err != nil {
		return nil, err
	}
	return &schema.View{Message: m, Data: data}, nil
}

// describe fills Text and Raw from the bytes behind the header.
func (c *Catalogue) describe(e *Entry, body []byte) {
	m := c.byKey[e.Key]
	if m == nil {
		e.Raw = append([]byte{}, body...)
		return
	}
	v := &schema.View{Message: m, Data: append(make([]byte, m.Kind.HeaderSize()), body...)}
	text, exact := v.FieldText()
	e.Text = text
	if !exact {
		e.Raw = append([]byte{}, body...)
	}
}

// Explain fills the text of messages that have bytes only, such as those of an
// api trace.
func (c *Catalogue) Explain(r *Recording) {
	for i := range r.Entries {
		e := &r.Entries[i]
		if e.Raw == nil || e.Text != "" {
			continue
		}
		raw := e.Raw
		e.Raw = nil
		c.describe(e, raw)
	}
}
