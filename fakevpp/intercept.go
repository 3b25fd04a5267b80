package fakevpp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// Message is an API message that a hook or a call record shows: its fields by
// VPP's names, or decoded to the govpp binding.
type Message = schema.View

// Exchange is a request under interception.
type Exchange struct {
	// Client is the name of the client that sent the request.
	Client string
	// Request may be changed by Before hooks; the handler sees the change.
	Request *Message
	// Replies are the answers, empty in Before hooks: the reply, or the details
	// of a dump. After hooks may change, remove and reorder them; the client
	// sees the change.
	Replies []*Message
}

// InterceptOption is part of an interception: a condition that picks messages, or what happens to
// them. Conditions are joined by "and". Actions of one interception happen in
// the order Delay, Before, the failure or the effect, After, DelayReply, the
// reply, the cut.
type InterceptOption interface{ apply(*Interception) }

type interceptFunc func(*Interception)

func (f interceptFunc) apply(i *Interception) { f(i) }

// Interception is an installed rule. Its methods may be called from any
// goroutine.
type Interception struct {
	v       *VPP
	message string

	when []func(cl string, m *Message) bool
	nth  int // only this match; 0 = all
	from int // not before this match

	delay, delayReply time.Duration
	before            []func(*Exchange)
	after             []func(*Exchange)
	fail              *int32 // instead of the effect
	failAfter         *int32 // after it
	drop, dropReply   bool
	cut, crash        bool
	cutAt             int // bytes of the answers that a cut lets through
	short             int // bytes written at a time, 0 for all

	mu            sync.Mutex
	matched, hits int
}

// AnyMessage as the message of Intercept stands for all.
const AnyMessage = "*"

// Intercept installs a rule for the message of that name, in all its versions.
// Rules apply in the order of installation; the first failure decides. Without
// any rule messages take a shorter way, so remove rules with Remove when done.
//
//	v.Intercept("ip_route_add_del", fakevpp.Nth(3), fakevpp.Fail(vnet.ErrUnspecified))
//
// While rules are installed an in-process SendMsg does not wait for the effect
// of the message.
func (v *VPP) Intercept(message string, opts ...InterceptOption) *Interception {
	i := &Interception{v: v, message: message}
	for _, opt := range opts {
		opt.apply(i)
	}
	v.rules.update(func(list []*Interception) []*Interception { return append(list, i) })
	return i
}

// Remove takes the rule away; messages under way are not affected.
func (i *Interception) Remove() {
	i.v.rules.update(func(list []*Interception) []*Interception {
		return slices.DeleteFunc(list, func(o *Interception) bool { return o == i })
	})
}

// Hits returns how many messages the rule acted on.
func (i *Interception) Hits() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.hits
}

// Nth picks only the n-th message, from 1, among those that meet the other
// conditions.
func Nth(n int) InterceptOption { return interceptFunc(func(i *Interception) { i.nth = n }) }

// From picks the n-th message, from 1, and all that follow.
func From(n int) InterceptOption { return interceptFunc(func(i *Interception) { i.from = n }) }

// ByClient picks messages of clients with the name.
func ByClient(name string) InterceptOption {
	return interceptFunc(func(i *Interception) {
		i.when = append(i.when, func(cl string, _ *Message) bool { return cl == name })
	})
}

// Where picks messages that the function accepts, for example by a field.
func Where(accept func(m *Message) bool) InterceptOption {
	return interceptFunc(func(i *Interception) {
		i.when = append(i.when, func(_ string, m *Message) bool { return accept(m) })
	})
}

// Fail answers the error instead of giving the message effect. A dump, which
// has no way to say an error, answers nothing before its control_ping.
func Fail(code vnet.APIError) InterceptOption {
	return interceptFunc(func(i *Interception) { c := int32(code); i.fail = &c })
}

// FailAfter gives the message effect and then answers the error.
func FailAfter(code vnet.APIError) InterceptOption {
	return interceptFunc(func(i *Interception) { c := int32(code); i.failAfter = &c })
}

// Drop loses the message: no effect and no answer.
func Drop() InterceptOption { return interceptFunc(func(i *Interception) { i.drop = true }) }

// DropReply loses the answers; the effect happens.
func DropReply() InterceptOption { return interceptFunc(func(i *Interception) { i.dropReply = true }) }

// Delay holds the message back for d before it takes effect, and with it what
// the same client sends behind it.
func Delay(d time.Duration) InterceptOption {
	return interceptFunc(func(i *Interception) { i.delay += d })
}

// DelayReply holds the answers back for d after the effect.
func DelayReply(d time.Duration) InterceptOption {
	return interceptFunc(func(i *Interception) { i.delayReply += d })
}

// Before calls hook before the message takes effect. It may read and change the
// request, and call any method of the VPP but Close.
func Before(hook func(*Exchange)) InterceptOption {
	return interceptFunc(func(i *Interception) { i.before = append(i.before, hook) })
}

// After calls hook when the message has taken effect, before the answers leave.
func After(hook func(*Exchange)) InterceptOption {
	return interceptFunc(func(i *Interception) { i.after = append(i.after, hook) })
}

// Cut ends the client's connection after the effect; the answers are lost. With
// Drop there is no effect either.
func Cut() InterceptOption { return interceptFunc(func(i *Interception) { i.cut = true }) }

// CrashVPP crashes the VPP (see VPP.Crash) after the effect; the answers are
// lost.
func CrashVPP() InterceptOption { return interceptFunc(func(i *Interception) { i.crash = true }) }

// rules are the installed interceptions. The list is replaced, never changed.
type rules struct {
	mu   sync.Mutex
	list []*Interception
}

func (r *rules) load() []*Interception {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list
}

func (r *rules) update(change func([]*Interception) []*Interception) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = change(slices.Clone(r.list))
}

// picks says if the rule acts on a message, and counts it.
func (i *Interception) picks(cl string, m *Message) bool {
	if i.message != AnyMessage && i.message != m.Name() {
		return false
	}
	for _, ok := range i.when {
		if !ok(cl, m) {
			return false
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.matched++
	if i.nth > 0 && i.matched != i.nth || i.matched < i.from {
		return false
	}
	i.hits++
	return true
}

// intercepted serves a message under the rules that pick it.
func (v *VPP) intercepted(c *call, list []*Interception) error {
	x := &Exchange{Client: v.clients.nameOf(c.client), Request: &Message{Message: c.entry.Message, Data: slices.Clone(c.msg)}}
	list = slices.DeleteFunc(slices.Clone(list), func(i *Interception) bool { return !i.picks(x.Client, x.Request) })
	if len(list) == 0 {
		return v.execute(c)
	}
	c.intercepted = true
	for _, i := range list {
		if !v.pause(c.client, i.delay) {
			return nil
		}
		for _, hook := range i.before {
			hook(x)
		}
	}
	c.msg = x.Request.Data
	events, err := v.effectUnder(c, list)
	if err != nil {
		return err
	}
	if err := v.answerUnder(c, x, list); err != nil {
		return err
	}
	v.send(events)
	v.record(c)
	return v.endUnder(c, list)
}

// pause waits, and returns false if the client left meanwhile.
func (v *VPP) pause(cl *client, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-cl.gone:
		return false
	}
}

// effectUnder gives the message its effect unless a rule prevents it.
func (v *VPP) effectUnder(c *call, list []*Interception) ([]posted, error) {
	for _, i := range list {
		if i.drop {
			return nil, nil
		}
		if i.fail != nil {
			c.retval = *i.fail
			c.appendFailure()
			return nil, nil
		}
	}
	events, err := v.effect(c, false)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		if i.failAfter != nil {
			c.retval = *i.failAfter
			c.setRetval()
			break
		}
	}
	return events, nil
}

// appendFailure answers the retval in a reply that is zero otherwise; a dump is
// not answered.
func (c *call) appendFailure() {
	if c.entry.rep == nil || c.entry.kind == kindDump {
		return
	}
	c.begin(c.entry.rep)
	c.end(append(c.out, make([]byte, c.entry.rep.MinSize()-c.entry.rep.Kind.HeaderSize())...), nil)
	c.setRetval()
}

// setRetval writes the retval into the last answer, if it has one.
func (c *call) setRetval() {
	if c.start >= len(c.out) || c.entry.rep == nil {
		return
	}
	m := &Message{Message: c.entry.rep.Message, Data: c.out[c.start+frameHeader:]}
	for _, name := range []string{"retval", "response"} {
		if m.Message.Field(name) != nil && m.SetInt(name, int64(c.retval)) == nil {
			return
		}
	}
}

// answerUnder shows the answers to the rules and sends what is left of them.
func (v *VPP) answerUnder(c *call, x *Exchange, list []*Interception) error {
	replies, err := v.replies(c.out)
	if err != nil {
		return err
	}
	x.Replies = replies
	for _, i := range list {
		for _, hook := range i.after {
			hook(x)
		}
		if !v.pause(c.client, i.delayReply) {
			return nil
		}
		if i.dropReply || i.cut && i.cutAt == 0 || i.crash {
			x.Replies = nil
		}
	}
	c.out = c.out[:0]
	for _, m := range x.Replies {
		start := len(c.out)
		c.out = append(append(c.out, make([]byte, frameHeader)...), m.Data...)
		closeFrame(c.out[start:])
		if retval, err := m.Int("retval"); err == nil {
			c.retval = int32(retval)
		}
	}
	c.truncate(list)
	c.shorten(list)
	c.client.enqueue(c.out)
	return nil
}

// replies takes frames apart; the messages are copies.
func (v *VPP) replies(frames []byte) ([]*Message, error) {
	var list []*Message
	for len(frames) > 0 {
		end := frameHeader + int(binary.BigEndian.Uint32(frames[8:]))
		data := slices.Clone(frames[frameHeader:end])
		e := v.table.lookup(binary.BigEndian.Uint16(data))
		if e == nil {
			return nil, fmt.Errorf("answer with unknown message id %d", binary.BigEndian.Uint16(data))
		}
		list = append(list, &Message{Message: e.Message, Data: data})
		frames = frames[end:]
	}
	return list, nil
}

// endUnder ends the connection or the VPP if a rule says so.
func (v *VPP) endUnder(c *call, list []*Interception) error {
	for _, i := range list {
		switch {
		case i.crash:
			v.Crash()
			return nil
		case i.cut:
			c.client.transport.flush(c.client)
			v.drop(c.client, "cut by an interception")
			return nil
		}
	}
	return nil
}
