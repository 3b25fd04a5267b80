package fakevpp

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// subscription is a client's registration for a stream of events.
type subscription struct {
	client *client
	pid    uint32 // as the client gave it, repeated in events
	source string // set of definitions the client speaks
}

// subscriptions holds the registrations by stream, in order of registration.
// The slices are replaced, never changed, so that notify reads them unlocked.
type subscriptions struct {
	mu       sync.Mutex
	byStream map[string][]subscription
}

// of returns the registrations for a stream.
func (s *subscriptions) of(stream string) []subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byStream[stream]
}

// anyWith says if anybody listens to a stream whose name begins with prefix.
func (s *subscriptions) anyWith(prefix string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for stream, subs := range s.byStream {
		if len(subs) > 0 && strings.HasPrefix(stream, prefix) {
			return true
		}
	}
	return false
}

// add registers a client, or returns false if it is registered.
func (s *subscriptions) add(stream string, sub subscription) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	subs := s.byStream[stream]
	if slices.ContainsFunc(subs, func(o subscription) bool { return o.client == sub.client }) {
		return false
	}
	if s.byStream == nil {
		s.byStream = make(map[string][]subscription)
	}
	s.byStream[stream] = append(slices.Clip(subs), sub)
	return true
}

// remove ends a client's registration, or returns false if there is none.
func (s *subscriptions) remove(stream string, cl *client) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	subs := s.byStream[stream]
	i := slices.IndexFunc(subs, func(o subscription) bool { return o.client == cl })
	if i < 0 {
		return false
	}
	s.byStream[stream] = slices.Concat(subs[:i], subs[i+1:])
	return true
}

// forget ends all registrations of a client that is gone.
func (s *subscriptions) forget(cl *client) {
	s.mu.Lock()
	streams := make([]string, 0, len(s.byStream))
	for stream := range s.byStream {
		streams = append(streams, stream)
	}
	s.mu.Unlock()
	for _, stream := range streams {
		s.remove(stream, cl)
	}
}

// subscribe registers or removes the caller for the events of a stream, such
// as "interface_events", with VPP's answers: registering twice and removing
// what is not there are ErrInvalidRegistration (pub_sub_handler in
// src/vlibapi/api_helper_macros.h). Handlers of want_ messages return its
// result.
func (v *VPP) subscribe(c *call, stream string, enable bool, pid uint32) error {
	ok := false
	if enable {
		ok = v.subs.add(stream, subscription{client: c.client, pid: pid, source: c.entry.Source})
	} else {
		ok = v.subs.remove(stream, c.client)
	}
	if !ok {
		return vnet.ErrInvalidRegistration
	}
	return nil
}

// subscribed says if anybody listens to the stream.
func (v *VPP) subscribed(stream string) bool { return len(v.subs.of(stream)) > 0 }

// notify sends the message event, made by fill for the pid of each registration,
// to the clients registered for the stream. The caller owns the data plane. What
// a handler causes reaches its own client after the handler's reply, as in VPP,
// where a process node sends events later.
func notify[E any](v *VPP, stream, event string, fill func(pid uint32) *E) {
	for _, s := range v.subs.of(stream) {
		tell(v, s, event, fill(s.pid))
	}
}

// tell sends an event to one client, of which only client and source count. The
// caller owns the data plane.
func tell[E any](v *VPP, s subscription, event string, body *E) {
	e := v.table.bySet[setKey{s.source, event}]
	if e == nil {
		return
	}
	enc, err := eventEncoder[E](v.table, e)
	if err != nil {
		v.logf(levelError, "api", "event %s: %v", event, err)
		return
	}
	frame, err := enc.Append(appendHeader(nil, e, s.client.index, 0), body, 0)
	if err != nil {
		v.logf(levelError, "api", "event %s: %v", event, err)
		return
	}
	closeFrame(frame)
	v.post(s.client, frame)
}

// posted is an event that waits for the end of the call that caused it.
type posted struct {
	client *client
	frame  []byte
}

// post sends an event, at once or after the reply of the call under way.
func (v *VPP) post(cl *client, frame []byte) {
	if v.inCall {
		v.posted = append(v.posted, posted{cl, frame})
		return
	}
	cl.enqueue(frame)
	cl.transport.flush(cl)
}

// encoderKey finds the compiled plan of an event.
type encoderKey struct {
	entry *entry
	typ   reflect.Type
}

// eventEncoder returns the plan from E to e, compiled at the first use.
func eventEncoder[E any](t *table, e *entry) (*schema.Encoder[E], error) {
	key := encoderKey{e, reflect.TypeFor[E]()}
	if enc, ok := t.encoders.Load(key); ok {
		return enc.(*schema.Encoder[E]), nil
	}
	enc, err := schema.NewEncoder[E](e.Message)
	if err != nil {
		return nil, fmt.Errorf("compile plan: %w", err)
	}
	t.encoders.Store(key, enc)
	return enc, nil
}
