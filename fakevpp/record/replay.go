package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// Difference is something that the VPP in the replay did otherwise than the one
// in the recording.
type Difference struct {
	// Request is the message that was sent, with its fields; for events "".
	Request string
	// Message is the answer or event that differs.
	Message string
	// Path is the field, "" if the whole message is missing or too much.
	Path string
	// Recorded and Replayed are the field's values, or the whole messages.
	Recorded, Replayed string
}

// String explains the difference in one line.
func (d Difference) String() string {
	where := d.Message
	if d.Path != "" {
		where += "." + d.Path
	}
	text := fmt.Sprintf("%s: recorded %s, replayed %s", where, orNothing(d.Recorded), orNothing(d.Replayed))
	if d.Request != "" {
		text += "\n  on " + d.Request
	}
	return text
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// Result says what a replay did.
type Result struct {
	Requests, Answers, Events int
	// Failed counts answers with a retval other than 0, where the recording has no
	// answers to compare with (an api trace).
	Failed      int
	Differences []Difference
}

// Options of a replay.
type Options struct {
	// Ignore are fields that may differ, as "message.field" or "field", without
	// indexes: "sw_interface_details.link_speed". The name of an answer, such as
	// "fib_source_details", leaves such answers out altogether.
	Ignore []string
	// Timeout is how long an answer may take; 0 is ten seconds.
	Timeout time.Duration
}

// Replay sends the requests of a recording to the VPP that listens on socket, one
// after the other in the recorded order, and compares answers and events.
func Replay(rec *Recording, socket string, catalog *schema.Catalog, o Options) (*Result, error) {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	p := &player{socket: socket, catalogue: NewCatalogue(catalog), options: o, links: make(map[int]*link),
		mapping: newMapping(), waiting: answersOf(rec), result: new(Result), events: make(map[int][]*schema.View),
		hasAnswers: slices.ContainsFunc(rec.Entries, func(e Entry) bool { return e.Kind == Reply })}
	defer p.close()
	for i := range rec.Entries {
		if err := p.entry(&rec.Entries[i]); err != nil {
			return p.result, fmt.Errorf("entry %d, %s: %w", i+1, rec.Entries[i].Key, err)
		}
	}
	return p.result, p.compareEvents(rec)
}

// conversation is what a client said with one context.
type conversation struct {
	client  int
	context uint32
}

// answersOf groups the recorded answers by request. A client may use a context
// again, and some send a dump and the ping behind it with the same.
func answersOf(rec *Recording) map[int][]*Entry {
	open := make(map[conversation][]int) // requests without their reply
	list := make(map[int][]*Entry)
	for i := range rec.Entries {
		e := &rec.Entries[i]
		key := conversation{e.Client, e.Context}
		switch e.Kind {
		case Request:
			open[key] = append(open[key], i)
		case Reply:
			if len(open[key]) == 0 {
				continue
			}
			at, final := requestOf(rec, open[key], e)
			list[open[key][at]] = append(list[open[key][at]], e)
			if final {
				open[key] = open[key][at+1:]
			}
		}
	}
	return list
}

// requestOf picks the request that an answer belongs to: the one that the reply
// is named after, which ends it and those before it, else the first.
func requestOf(rec *Recording, requests []int, e *Entry) (at int, final bool) {
	name, _, _ := schema.CutKey(e.Key)
	for i, r := range requests {
		if request, _, _ := schema.CutKey(rec.Entries[r].Key); name == request+"_reply" {
			return i, true
		}
	}
	if strings.HasSuffix(name, "_details") {
		return 0, false
	}
	return len(requests) - 1, false
}

// player is one replay under way.
type player struct {
	socket     string
	catalogue  *Catalogue
	options    Options
	links      map[int]*link // by recorded client
	mapping    *mapping
	waiting    map[int][]*Entry // recorded answers by request
	events     map[int][]*schema.View
	result     *Result
	hasAnswers bool
	at         int // entries played
}

func (p *player) close() {
	for _, l := range p.links {
		_ = l.conn.Close()
	}
}

// entry plays one line.
func (p *player) entry(e *Entry) error {
	at := p.at
	p.at++
	name, _, _ := schema.CutKey(e.Key)
	switch {
	case e.Kind == Close:
		if l := p.links[e.Client]; l != nil {
			_ = l.conn.Close()
			delete(p.links, e.Client)
		}
		return nil
	case e.Kind != Request:
		return nil
	case name == "sockclnt_create", name == "sockclnt_delete", strings.HasPrefix(name, "memclnt_"):
		return nil // connections are the player's own
	}
	l, err := p.link(e.Client)
	if err != nil {
		return err
	}
	return p.request(l, e, p.waiting[at])
}

func (p *player) link(client int) (*link, error) {
	if l := p.links[client]; l != nil {
		return l, nil
	}
	l, err := dial(p.socket, fmt.Sprintf("replay-%d", client))
	if err != nil {
		return nil, err
	}
	p.links[client] = l
	return l, nil
}

// request sends a request, with indexes as the replay has them, and compares the
// answers.
func (p *player) request(l *link, e *Entry, recorded []*Entry) error {
	body := e.Raw
	view, err := p.catalogue.view(e)
	if err != nil {
		return err
	}
	shown := e.Key + " " + e.Text
	if view != nil {
		if err := p.mapping.toReplay(view); err != nil {
			return err
		}
		body = view.Data[view.Message.Kind.HeaderSize():]
		shown = view.String()
	}
	id, ok := l.table.ids[e.Key]
	if !ok {
		p.differ(Difference{Request: shown, Message: e.Key, Recorded: "known", Replayed: "unknown to this VPP"})
		return nil
	}
	msg := make([]byte, requestHeader, requestHeader+len(body))
	binary.BigEndian.PutUint16(msg, id)
	binary.BigEndian.PutUint32(msg[2:], l.index)
	binary.BigEndian.PutUint32(msg[6:], e.Context)
	p.result.Requests++
	answers, err := l.exchange(append(msg, body...), p.options.Timeout)
	if err != nil {
		p.differ(Difference{Request: shown, Message: e.Key, Recorded: fmt.Sprintf("%d answers", len(recorded)),
			Replayed: fmt.Sprintf("the connection fails: %v", err)})
		return errors.New("the VPP in the replay does not answer any more")
	}
	return p.compare(shown, recorded, p.sort(l, e.Client, answers))
}

// sort takes events out of what came.
func (p *player) sort(l *link, client int, messages [][]byte) []*schema.View {
	var answers []*schema.View
	for _, msg := range messages {
		key := l.table.keys[binary.BigEndian.Uint16(msg)]
		m := p.catalogue.byKey[key]
		if m == nil {
			m = &schema.Message{Name: key, Kind: schema.Reply}
		}
		v := &schema.View{Message: m, Data: msg}
		if m.Kind == schema.Event {
			p.events[client] = append(p.events[client], v)
			continue
		}
		answers = append(answers, v)
	}
	return answers
}

func (p *player) differ(d Difference) { p.result.Differences = append(p.result.Differences, d) }

// compare compares the answers to one request.
func (p *player) compare(request string, recorded []*Entry, replayed []*schema.View) error {
	p.result.Answers += len(replayed)
	recorded = slices.DeleteFunc(slices.Clone(recorded), func(e *Entry) bool {
		name, _, _ := schema.CutKey(e.Key)
		return slices.Contains(p.options.Ignore, name)
	})
	replayed = slices.DeleteFunc(replayed, func(v *schema.View) bool {
		return slices.Contains(p.options.Ignore, v.Message.Name)
	})
	if !p.hasAnswers {
		for _, v := range replayed {
			if retval, err := v.Int("retval"); err == nil && retval != 0 {
				p.result.Failed++
			}
		}
		return nil
	}
	wanted := make([]answer, len(recorded))
	for i, e := range recorded {
		view, err := p.catalogue.view(e)
		if err != nil {
			return err
		}
		wanted[i] = answer{e, view}
	}
	slices.SortStableFunc(wanted, func(a, b answer) int { return strings.Compare(orderOf(a.view), orderOf(b.view)) })
	slices.SortStableFunc(replayed, func(a, b *schema.View) int { return strings.Compare(orderOf(a), orderOf(b)) })
	for i := range max(len(wanted), len(replayed)) {
		switch {
		case i >= len(wanted):
			p.differ(Difference{Request: request, Message: replayed[i].Message.Name, Replayed: replayed[i].String()})
		case i >= len(replayed):
			name, _, _ := schema.CutKey(wanted[i].Key)
			p.differ(Difference{Request: request, Message: name, Recorded: wanted[i].Text})
		default:
			p.compareMessage(request, wanted[i].Entry, wanted[i].view, replayed[i])
		}
	}
	return nil
}

// answer is a recorded answer with its fields, nil if the catalogue does not have
// the message.
type answer struct {
	*Entry
	view *schema.View
}

// compareMessage compares one answer field by field.
func (p *player) compareMessage(request string, e *Entry, want, got *schema.View) {
	if want == nil {
		if body := got.Data[min(replyHeader, len(got.Data)):]; !slices.Equal(e.Raw, body) {
			p.differ(Difference{Request: request, Message: e.Key, Recorded: fmt.Sprintf("%x", e.Raw), Replayed: fmt.Sprintf("%x", body)})
		}
		return
	}
	if want.Message.Key() != got.Message.Key() {
		p.differ(Difference{Request: request, Message: want.Message.Name, Recorded: want.String(), Replayed: got.String()})
		return
	}
	for _, d := range p.fieldsThatDiffer(want, got) {
		d.Request = request
		p.differ(d)
	}
}

// fieldsThatDiffer compares the values of two messages of the same layout.
func (p *player) fieldsThatDiffer(want, got *schema.View) []Difference {
	name := want.Message.Name
	a, errA := want.Values()
	b, errB := got.Values()
	if errA != nil || errB != nil {
		return []Difference{{Message: name, Recorded: want.String(), Replayed: got.String()}}
	}
	byPath := make(map[string]schema.Leaf, len(b))
	for _, l := range b {
		byPath[l.Path] = l
	}
	var list []Difference
	for _, l := range a {
		other, ok := byPath[l.Path]
		delete(byPath, l.Path)
		switch {
		case p.ignored(name, l.Path):
		case !ok:
			list = append(list, Difference{Message: name, Path: l.Path, Recorded: l.Text()})
		case !p.mapping.same(l, other):
			list = append(list, Difference{Message: name, Path: l.Path, Recorded: l.Text(), Replayed: other.Text()})
		}
	}
	for _, l := range b {
		if _, left := byPath[l.Path]; left && !p.ignored(name, l.Path) {
			list = append(list, Difference{Message: name, Path: l.Path, Replayed: l.Text()})
		}
	}
	return list
}

// compareEvents compares events of each client in their order, when all has been
// played.
func (p *player) compareEvents(rec *Recording) error {
	for client, l := range p.links {
		messages, err := l.exchange(nil, p.options.Timeout)
		if err != nil {
			return err
		}
		p.sort(l, client, messages)
	}
	for client, got := range p.events {
		p.result.Events += len(got)
		slices.SortStableFunc(p.events[client], func(a, b *schema.View) int { return strings.Compare(a.Message.Name, b.Message.Name) })
	}
	recorded := make(map[int][]*schema.View)
	for i := range rec.Entries {
		e := &rec.Entries[i]
		if e.Kind != Event {
			continue
		}
		v, err := p.catalogue.view(e)
		if err != nil {
			return err
		}
		if v != nil {
			recorded[e.Client] = append(recorded[e.Client], v)
		}
	}
	clients := make(map[int]bool)
	for c := range recorded {
		clients[c] = true
	}
	for c := range p.events {
		clients[c] = true
	}
	for c := range clients {
		slices.SortStableFunc(recorded[c], func(a, b *schema.View) int { return strings.Compare(a.Message.Name, b.Message.Name) })
		p.compareEventLists(recorded[c], p.events[c])
	}
	return nil
}

func (p *player) compareEventLists(want, got []*schema.View) {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(want):
			p.differ(Difference{Message: got[i].Message.Name, Replayed: got[i].String()})
		case i >= len(got):
			p.differ(Difference{Message: want[i].Message.Name, Recorded: want[i].String()})
		case want[i].Message.Key() != got[i].Message.Key():
			p.differ(Difference{Message: want[i].Message.Name, Recorded: want[i].String(), Replayed: got[i].String()})
		default:
			p.result.Differences = append(p.result.Differences, p.fieldsThatDiffer(want[i], got[i])...)
		}
	}
}
