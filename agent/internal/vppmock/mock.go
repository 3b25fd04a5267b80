// Package vppmock is a stand-in for a connection to VPP in the agent's unit tests: it takes the messages that the agent sends, keeps what they say as plain records, and
// answers dumps from those. It judges almost nothing (that is the double's and VPP's task); it counts, and fails on request.
package vppmock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"go.fd.io/govpp/api"
)

// VPP is the state behind connections. It survives them.
type VPP struct {
	mu         sync.Mutex
	nextIndex  uint32
	interfaces map[uint32]*netIf
	tables     map[string]string // "ip4 ID" to name
	routes     map[string]route
	mroutes    map[string]mroute
	neighbours map[string]neighbour
	redirects  map[string]redirect
	proxyARP   map[uint32]bool
	limits     map[string]limits
	sockets    map[uint32]string
	calls      []string
	fail       map[string][]failure
}

// failure makes one call of a message fail.
type failure struct {
	nth    int // counted from 1, from the moment it was asked for
	retval int32
}

// New returns a VPP as after its start.
func New() *VPP {
	v := &VPP{fail: map[string][]failure{}}
	v.Restart()
	return v
}

// Restart forgets everything but the record of calls.
func (v *VPP) Restart() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.nextIndex = 1
	v.interfaces, v.tables, v.routes = map[uint32]*netIf{}, map[string]string{}, map[string]route{}
	v.mroutes, v.neighbours = map[string]mroute{}, map[string]neighbour{}
	v.redirects, v.proxyARP, v.limits, v.sockets = map[string]redirect{}, map[uint32]bool{}, map[string]limits{}, map[uint32]string{}
}

// Fail makes the nth call of a message from now on (1 is the next) answer with a retval, without effect.
func (v *VPP) Fail(message string, nth int, retval int32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fail[message] = append(v.fail[message], failure{nth, retval})
}

// failing says whether this call of a message is to fail.
func (v *VPP) failing(message string) (retval int32) {
	list := v.fail[message]
	for i := range list {
		if list[i].nth--; list[i].nth == 0 {
			retval = list[i].retval
		}
	}
	v.fail[message] = slices.DeleteFunc(list, func(f failure) bool { return f.nth <= 0 })
	return retval
}

// Changes returns the messages received, and forgets them, without those that only read.
func (v *VPP) Changes() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var changes []string
	for _, c := range v.calls {
		if !strings.HasSuffix(c, "_dump") && !strings.Contains(c, "_get") && c != "control_ping" {
			changes = append(changes, c)
		}
	}
	v.calls = nil
	return changes
}

// Connect returns a connection. Requests on it fail when ctx is done.
func (v *VPP) Connect(ctx context.Context) api.Connection { return &connection{ctx: ctx, vpp: v} }

type connection struct {
	ctx context.Context
	vpp *VPP
}

func (c *connection) NewStream(ctx context.Context, _ ...api.StreamOption) (api.Stream, error) {
	return &stream{ctx: ctx, conn: c}, nil
}

func (c *connection) Invoke(context.Context, api.Message, api.Message) error {
	return errors.ErrUnsupported
}

func (c *connection) WatchEvent(context.Context, api.Message) (api.Watcher, error) {
	return nil, errors.ErrUnsupported
}

type stream struct {
	ctx     context.Context
	conn    *connection
	replies []api.Message
}

func (s *stream) Context() context.Context { return s.ctx }
func (s *stream) Close() error             { return nil }

func (s *stream) SendMsg(m api.Message) error {
	if err := s.err(); err != nil {
		return err
	}
	s.replies = append(s.replies, s.conn.vpp.handle(m)...)
	return nil
}

func (s *stream) RecvMsg() (api.Message, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	if len(s.replies) == 0 {
		return nil, errors.New("vppmock: nothing to receive")
	}
	m := s.replies[0]
	s.replies = s.replies[1:]
	return m, nil
}

func (s *stream) err() error { return errors.Join(s.ctx.Err(), s.conn.ctx.Err()) }

// String returns the whole state as sorted text.
func (v *VPP) String() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, i := range v.interfaces {
		add("interface %s", v.describe(i))
	}
	for k, name := range v.tables {
		add("table %s %s", k, name)
	}
	for k, r := range v.routes {
		add("route %s via%s", k, v.paths(r.paths))
	}
	for k, r := range v.mroutes {
		text := ""
		for _, p := range r.paths {
			text += fmt.Sprintf(" %s(%d)", v.name(p.Path.SwIfIndex), p.ItfFlags)
		}
		add("mroute %s via%s", k, text)
	}
	for _, n := range v.neighbours {
		add("neighbour %s on %s at %s", n.IPAddress, v.name(uint32(n.SwIfIndex)), n.MacAddress)
	}
	for k, r := range v.redirects {
		add("punt redirect %s via%s", k, v.paths(r.paths))
	}
	for t := range v.proxyARP {
		add("proxy arp table %d", t)
	}
	for k, l := range v.limits {
		add("neighbour limits %s %d %d", k, l.number, l.age)
	}
	for _, name := range v.sockets {
		add("memif socket %s", name)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n") + "\n"
}
