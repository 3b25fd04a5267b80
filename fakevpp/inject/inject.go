// Package inject reads and installs faults that are described in text, for
// programs that are not in the same process as the double: the flag --inject and
// the control socket of `vpptwin vpp`. A fault is
//
//	MESSAGE[:CONDITION]...:ACTION[:ACTION]...
//
// such as
//
//	ip_route_add_del:retval=-1:after=3
//	sw_interface_dump:delay=200ms:client=agent
//	*:crash:nth=100
//
// MESSAGE is a message's name, or * for all. Conditions are joined by "and":
//
//	after=N        not the first N
//	nth=N          only the N-th, from 1
//	times=N        no more than N times
//	client=NAME    of clients that call themselves NAME
//	where=FIELD=N  with this number in a field
//
// Actions:
//
//	retval=N       answer the error N instead of doing what is asked
//	late-retval=N  do it, and answer the error N
//	full=N         once N were added (is_add), answer TABLE_TOO_BIG (-99) until one
//	               is deleted
//	delay=TIME     wait before the effect
//	delay-reply=TIME  wait before the answer
//	drop           no effect, no answer
//	drop-reply     no answer
//	cut[=N]        close the connection instead of answering, or in the middle of the answer,
//	               behind N bytes of it
//	short=N        from here on write to this client N bytes at a time
//	hang[=TIME]    VPP does nothing any more for anyone, or for that time
//	crash[=TIME]   VPP dies without a word; with a time it is back, empty, after that
package inject

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Fault is a fault as it was described.
type Fault struct {
	Message string
	Client  string // empty for all
	After   int
	Nth     int
	Times   int // 0 for always
	Where   []Field

	Retval, LateRetval *int32
	Full               *int
	Delay, DelayReply  time.Duration
	Drop, DropReply    bool
	Cut                *int // bytes let through
	Short              int
	Hang, Crash        *time.Duration // 0 for ever
}

// Field is a condition on a number in a message.
type Field struct {
	Name  string
	Value int64
}

// Error says what is wrong with a description, and where.
type Error struct {
	// Position is the byte, from 1, where the part begins that is not understood.
	Position int
	Text     string
}

// Error returns position and text.
func (e *Error) Error() string { return fmt.Sprintf("position %d: %s", e.Position, e.Text) }

// Parse reads a fault. The error is an *Error.
func Parse(text string) (*Fault, error) {
	parts := strings.Split(text, ":")
	f := &Fault{Message: parts[0]}
	if !isName(f.Message) && f.Message != "*" {
		return nil, &Error{1, fmt.Sprintf("%q: expected the name of a message or *", f.Message)}
	}
	at := len(parts[0]) + 2
	for _, part := range parts[1:] {
		if err := f.part(part); err != nil {
			return nil, &Error{at, err.Error()}
		}
		at += len(part) + 1
	}
	if !f.acts() {
		return nil, &Error{len(text) + 1, "expected an action, such as retval=-1, delay=100ms, cut, hang or crash"}
	}
	return f, nil
}

func isName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// acts says if the fault does something.
func (f *Fault) acts() bool {
	return f.Retval != nil || f.LateRetval != nil || f.Full != nil || f.Delay > 0 || f.DelayReply > 0 ||
		f.Drop || f.DropReply || f.Cut != nil || f.Short > 0 || f.Hang != nil || f.Crash != nil
}

// part reads a condition or an action.
func (f *Fault) part(part string) error {
	key, value, given := strings.Cut(part, "=")
	read, ok := parts[key]
	switch {
	case !ok:
		return fmt.Errorf("%q: expected a condition (after, nth, times, client, where) or an action (retval, late-retval, full, delay, delay-reply, drop, drop-reply, cut, short, hang, crash)", key)
	case given && read.value == never:
		return fmt.Errorf("%s takes no value", key)
	case !given && read.value == always:
		return fmt.Errorf("%s: expected a value, %s", key, read.want)
	}
	if !read.set(f, value) {
		return fmt.Errorf("%s: %q: expected %s", key, value, read.want)
	}
	return nil
}

// Whether a part takes a value.
type valued uint8

const (
	always valued = iota
	sometimes
	never
)

// partReader reads the value of a condition or an action.
type partReader struct {
	value valued
	want  string
	set   func(f *Fault, value string) bool
}

const (
	wantCount  = "a number from 1"
	wantBytes  = "a number of bytes from 1"
	wantRetval = "a number such as -1"
	wantTime   = "a time such as 100ms or 2s"
)

var parts = map[string]partReader{
	"after":       {always, "a number", func(f *Fault, v string) bool { return count(v, 0, &f.After) }},
	"nth":         {always, wantCount, func(f *Fault, v string) bool { return count(v, 1, &f.Nth) }},
	"times":       {always, wantCount, func(f *Fault, v string) bool { return count(v, 1, &f.Times) }},
	"client":      {always, "a name", func(f *Fault, v string) bool { f.Client = v; return v != "" }},
	"where":       {always, "FIELD=NUMBER", (*Fault).where},
	"retval":      {always, wantRetval, func(f *Fault, v string) bool { return retval(v, &f.Retval) }},
	"late-retval": {always, wantRetval, func(f *Fault, v string) bool { return retval(v, &f.LateRetval) }},
	"full":        {always, "a number", func(f *Fault, v string) bool { f.Full = new(int); return count(v, 0, f.Full) }},
	"delay":       {always, wantTime, func(f *Fault, v string) bool { return duration(v, &f.Delay) }},
	"delay-reply": {always, wantTime, func(f *Fault, v string) bool { return duration(v, &f.DelayReply) }},
	"drop":        {never, "", func(f *Fault, _ string) bool { f.Drop = true; return true }},
	"drop-reply":  {never, "", func(f *Fault, _ string) bool { f.DropReply = true; return true }},
	"cut":         {sometimes, wantBytes, func(f *Fault, v string) bool { f.Cut = new(int); return v == "" || count(v, 1, f.Cut) }},
	"short":       {always, wantBytes, func(f *Fault, v string) bool { return count(v, 1, &f.Short) }},
	"hang":        {sometimes, wantTime, func(f *Fault, v string) bool { f.Hang = new(time.Duration); return v == "" || duration(v, f.Hang) }},
	"crash":       {sometimes, wantTime, func(f *Fault, v string) bool { f.Crash = new(time.Duration); return v == "" || duration(v, f.Crash) }},
}

// maxCount bounds numbers of messages and bytes.
const maxCount = 1 << 30

func count(v string, least int, n *int) bool {
	i, err := strconv.Atoi(v)
	*n = i
	return err == nil && i >= least && i <= maxCount
}

func retval(v string, n **int32) bool {
	i, err := strconv.ParseInt(v, 10, 32)
	code := int32(i)
	*n = &code
	return err == nil
}

func duration(v string, d *time.Duration) bool {
	t, err := time.ParseDuration(v)
	*d = t
	return err == nil && t > 0
}

func (f *Fault) where(v string) bool {
	name, value, _ := strings.Cut(v, "=")
	n, err := strconv.ParseInt(value, 0, 64)
	f.Where = append(f.Where, Field{name, n})
	return isName(name) && err == nil
}
