package fakevpp

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// Call is a message that the VPP served.
type Call struct {
	// Seq numbers the calls of all clients from 1 in order of their effect.
	Seq uint64
	// Time is when it was served.
	Time time.Time
	// Client is the name of the sender.
	Client string
	// Request is the message as the handler saw it.
	Request *Message
	// Retval is the answer's result, as changed by interceptions; 0 for dumps.
	Retval int32
	// Intercepted says that an interception acted on it.
	Intercepted bool
}

// String renders the call for logs:
// "ip_table_add_del{is_add: true, table: {table_id: 7}} = -3".
func (c Call) String() string { return fmt.Sprintf("%s = %d", c.Request, c.Retval) }

// history counts all calls and keeps the latest.
type history struct {
	mu    sync.Mutex
	ring  []record // grows to keep
	keep  int
	total uint64
	stats []*messageStats // by message id
}

// record is a kept call; its bytes are used again.
type record struct {
	seq         uint64
	at          time.Time
	client      string
	entry       *entry
	msg         []byte
	retval      int32
	intercepted bool
}

// messageStats is the coverage of one version of a message.
type messageStats struct {
	calls   uint64
	leaves  *schema.Leaves
	seen    []uint64 // bits of leaves
	results []resultCount
}

// resultCount is how often a retval was answered.
type resultCount struct {
	retval int32
	n      uint64
}

func (h *history) init(keep, messages int) {
	h.keep = keep
	h.stats = make([]*messageStats, messages)
}

// record enters a served call.
func (v *VPP) record(c *call) {
	h := &v.history
	name := v.clients.nameOf(c.client)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.total++
	h.count(c)
	if h.keep <= 0 {
		return
	}
	var r *record
	if len(h.ring) < h.keep {
		h.ring = append(h.ring, record{})
		r = &h.ring[len(h.ring)-1]
	} else {
		r = &h.ring[(h.total-1)%uint64(h.keep)]
	}
	*r = record{seq: h.total, at: time.Now(), client: name, entry: c.entry,
		msg: append(r.msg[:0], c.msg...), retval: c.retval, intercepted: c.intercepted}
}

// count updates the coverage.
func (h *history) count(c *call) {
	s := h.stats[c.entry.id]
	if s == nil {
		leaves := schema.NewLeaves(c.entry.Message)
		s = &messageStats{leaves: leaves, seen: make([]uint64, len(leaves.Paths)/64+1)}
		h.stats[c.entry.id] = s
	}
	s.calls++
	s.leaves.Mark(c.msg, s.seen)
	for i := range s.results {
		if s.results[i].retval == c.retval {
			s.results[i].n++
			return
		}
	}
	s.results = append(s.results, resultCount{c.retval, 1})
}

// Calls returns the latest calls, oldest first; the option KeepCalls says how
// many are kept. They survive crashes.
func (v *VPP) Calls() []Call {
	h := &v.history
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]Call, 0, len(h.ring))
	for _, r := range h.ring {
		list = append(list, Call{Seq: r.seq, Time: r.at, Client: r.client, Retval: r.retval, Intercepted: r.intercepted,
			Request: &Message{Message: r.entry.Message, Data: slices.Clone(r.msg)}})
	}
	slices.SortFunc(list, func(a, b Call) int { return int(a.Seq) - int(b.Seq) })
	return list
}

// Coverage says what of the API was used.
type Coverage struct {
	// Messages are those that were called, by name and CRC.
	Messages []MessageCoverage
}

// MessageCoverage says how one version of a request was used.
type MessageCoverage struct {
	Name, CRC string
	// Handled is false if the double has no handler: calls were answered with
	// UNIMPLEMENTED, dumps with nothing.
	Handled bool
	// Calls counts the messages served.
	Calls uint64
	// Set lists the fields that were not zero at least once, Unset the others,
	// in wire order.
	Set, Unset []string
	// Results counts the answers by retval; 0 is success.
	Results map[int32]uint64
}

// Coverage returns what clients have called since New.
func (v *VPP) Coverage() Coverage {
	h := &v.history
	h.mu.Lock()
	defer h.mu.Unlock()
	var c Coverage
	for id, s := range h.stats {
		if s != nil {
			c.Messages = append(c.Messages, s.coverage(v.table.entries[id]))
		}
	}
	slices.SortFunc(c.Messages, func(a, b MessageCoverage) int {
		return strings.Compare(a.Name+a.CRC, b.Name+b.CRC)
	})
	return c
}

func (s *messageStats) coverage(e *entry) MessageCoverage {
	m := MessageCoverage{Name: e.Name, CRC: e.CRC, Handled: e.handled, Calls: s.calls, Results: make(map[int32]uint64)}
	for i, path := range s.leaves.Paths {
		if s.seen[i>>6]>>(i&63)&1 != 0 {
			m.Set = append(m.Set, path)
		} else {
			m.Unset = append(m.Unset, path)
		}
	}
	for _, r := range s.results {
		m.Results[r.retval] = r.n
	}
	return m
}

// Unhandled returns the messages that were called and have no handler.
func (c Coverage) Unhandled() []string {
	var names []string
	for _, m := range c.Messages {
		if !m.Handled {
			names = append(names, m.Name)
		}
	}
	return slices.Compact(names)
}

// String renders the coverage as a table of messages, each with its results and
// the fields that were never set.
func (c Coverage) String() string {
	var b strings.Builder
	for _, m := range c.Messages {
		fmt.Fprintf(&b, "%s_%s: %d calls, %d of %d fields", m.Name, m.CRC, m.Calls, len(m.Set), len(m.Set)+len(m.Unset))
		if !m.Handled {
			b.WriteString(", no handler")
		}
		b.WriteByte('\n')
		codes := make([]int32, 0, len(m.Results))
		for code := range m.Results {
			codes = append(codes, code)
		}
		slices.Sort(codes)
		slices.Reverse(codes)
		for _, code := range codes {
			text := "ok"
			if code != 0 {
				text = vnet.APIError(code).Error()
			}
			fmt.Fprintf(&b, "  %6d x %s\n", m.Results[code], text)
		}
		if len(m.Unset) > 0 {
			fmt.Fprintf(&b, "  never set: %s\n", strings.Join(m.Unset, " "))
		}
	}
	return b.String()
}
