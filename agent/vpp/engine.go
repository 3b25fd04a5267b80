package vpp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.fd.io/govpp/api"
)

// Engine drives one VPP towards what is wanted of it. What is wanted comes in groups, named sets that are replaced as a whole (Apply); a thing belongs to at
// most one group. An Engine is used by one goroutine at a time.
//
// After a failure the Engine still knows what VPP has, since every reply is accounted for, and Repair tries again what is missing. After the loss of the
// connection nothing is known: Sync with a new one starts afresh.
type Engine struct {
	client *client
	groups map[string]*State
	order  []string // of groups, as they came

	actual   State             // what VPP has, of the kinds of things that are ours
	index    map[string]uint32 // sw_if_index by interface name
	complete map[string]bool   // interfaces that have their Settings
	created  map[string]bool   // interfaces that this Engine created, so that their Device is known in full
	sockets  map[string]uint32 // memif socket ids by interface name
	decap    [2]uint32         // decap_next_index of tunnels with IPv4, IPv6 inside IPv4
	decap6   [2]uint32         // the same inside IPv6
	disorder bool              // something was removed that a group may want
}

// NewEngine returns an Engine without a connection: Apply only takes note until Sync.
func NewEngine() *Engine { return &Engine{groups: map[string]*State{}} }

// Connected says whether Sync has succeeded and Disconnect has not been called since.
func (e *Engine) Connected() bool { return e.client != nil }

// Disconnect forgets the connection and what VPP had. What is wanted is kept.
func (e *Engine) Disconnect() {
	if e.client != nil {
		e.client.drop()
	}
	e.client = nil
}

// Sync reads what VPP has through a new connection, removes what no group wants any more, and sends what is missing. A VPP that is as wanted receives no message
// that changes anything. ctx ends with the connection. An error of the state of single things leaves the Engine connected; it is for Repair then.
func (e *Engine) Sync(ctx context.Context, conn api.Connection) error {
	c := newClient(ctx, conn)
	e.actual, e.index, e.sockets = State{}, map[string]uint32{}, map[string]uint32{}
	e.complete, e.created = map[string]bool{}, map[string]bool{}
	e.decap, e.decap6 = [2]uint32{}, [2]uint32{}
	if err := e.read(c); err != nil {
		c.drop()
		return fmt.Errorf("read what VPP has: %w", err)
	}
	e.client = c
	return e.Repair()
}

// Repair removes what no group wants and sends what is missing, of all groups.
func (e *Engine) Repair() error {
	if e.client == nil {
		return nil
	}
	e.disorder = false
	err := e.remove(e.orphans())
	for _, name := range e.order {
		err = errors.Join(err, e.add(e.groups[name]))
	}
	return err
}

// Apply replaces what a group wants; nil drops the group. The error tells of every thing that VPP refused; what did not depend on it is done.
func (e *Engine) Apply(name string, want *State) error {
	old := e.groups[name]
	switch {
	case want == nil:
		delete(e.groups, name)
		e.order = slices.DeleteFunc(e.order, func(n string) bool { return n == name })
	default:
		if old == nil {
			e.order = append(e.order, name)
		}
		e.groups[name] = want
	}
	if e.client == nil {
		return nil
	}
	var err error
	if old != nil {
		err = e.remove(e.minus(old, want))
	}
	if want != nil {
		err = errors.Join(err, e.add(want))
	}
	if e.disorder {
		err = errors.Join(err, e.Repair())
	}
	return err
}

// Group returns what a group wants, nil if there is no such group.
func (e *Engine) Group(name string) *State { return e.groups[name] }

// Index returns an interface's sw_if_index.
func (e *Engine) Index(interfaceName string) (uint32, bool) {
	i, ok := e.index[interfaceName]
	return i, ok
}

// Check says what of a group VPP does not have, as far as the Engine knows; nil if it is all there.
func (e *Engine) Check(name string) error {
	want := e.groups[name]
	if want == nil {
		return fmt.Errorf("nothing is wanted of %s", name)
	}
	var err error
	for n, i := range want.Interfaces {
		if a := e.actual.Interfaces[n]; a == nil || a.Up != i.Up || a.Table != i.Table {
			err = errors.Join(err, fmt.Errorf("interface %s is not as it should be", n))
		}
	}
	for k, paths := range want.Routes {
		if !slices.Equal(e.actual.Routes[k], paths) {
			err = errors.Join(err, fmt.Errorf("route %s in table %d is missing", k.Prefix, k.Table))
		}
	}
	return err
}

// minus returns what VPP has of old that want does not want.
func (e *Engine) minus(old, want *State) *State {
	if want == nil {
		want = &State{}
	}
	gone := &State{}
	lost(&gone.Tables, e.actual.Tables, old.Tables, want.Tables)
	lost(&gone.Interfaces, e.actual.Interfaces, old.Interfaces, want.Interfaces)
	lost(&gone.Routes, e.actual.Routes, old.Routes, want.Routes)
	lost(&gone.MRoutes, e.actual.MRoutes, old.MRoutes, want.MRoutes)
	lost(&gone.Neighbours, e.actual.Neighbours, old.Neighbours, want.Neighbours)
	lost(&gone.PuntRedirects, e.actual.PuntRedirects, old.PuntRedirects, want.PuntRedirects)
	lost(&gone.ProxyARP, e.actual.ProxyARP, old.ProxyARP, want.ProxyARP)
	return gone
}

// lost copies those entries of actual to gone that are in old and not in want.
func lost[K comparable, V any](gone *map[K]V, actual, old, want map[K]V) {
	for k := range old {
		if _, wanted := want[k]; wanted {
			continue
		}
		if v, there := actual[k]; there {
			put(gone, k, v)
		}
	}
}

// orphans returns what VPP has of ours that no group wants.
func (e *Engine) orphans() *State {
	gone := &State{}
	var wanted []*State
	for _, name := range e.order {
		wanted = append(wanted, e.groups[name])
	}
	orphaned(&gone.Tables, e.actual.Tables, wanted, func(s *State) map[Table]string { return s.Tables })
	orphaned(&gone.Interfaces, e.actual.Interfaces, wanted, func(s *State) map[string]*Interface { return s.Interfaces })
	orphaned(&gone.Routes, e.actual.Routes, wanted, func(s *State) map[RouteKey][]Path { return s.Routes })
	orphaned(&gone.MRoutes, e.actual.MRoutes, wanted, func(s *State) map[RouteKey][]MPath { return s.MRoutes })
	orphaned(&gone.Neighbours, e.actual.Neighbours, wanted, func(s *State) map[NeighbourKey]MAC { return s.Neighbours })
	orphaned(&gone.PuntRedirects, e.actual.PuntRedirects, wanted, func(s *State) map[bool]uint32 { return s.PuntRedirects })
	orphaned(&gone.ProxyARP, e.actual.ProxyARP, wanted, func(s *State) map[uint32]bool { return s.ProxyARP })
	return gone
}

func orphaned[K comparable, V any](gone *map[K]V, actual map[K]V, wanted []*State, part func(*State) map[K]V) {
	for k, v := range actual {
		has := func(s *State) bool { _, ok := part(s)[k]; return ok }
		if !slices.ContainsFunc(wanted, has) {
			put(gone, k, v)
		}
	}
}

// sortedKeys returns a map's keys in a fixed order, so that the same change always sends the same messages in the same order.
func sortedKeys[K comparable, V any](m map[K]V, compare func(a, b K) int) []K {
	if len(m) == 0 {
		return nil
	}
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compare)
	return keys
}

func compareRoutes(a, b RouteKey) int {
	return cmp.Or(cmp.Compare(a.Table, b.Table), a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
}

func compareTables(a, b Table) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), compareBools(a.IP6, b.IP6))
}

func compareNeighbours(a, b NeighbourKey) int {
	return cmp.Or(cmp.Compare(a.Interface, b.Interface), a.Address.Compare(b.Address))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// run sends requests and returns the errors of those that failed.
func (e *Engine) run(requests []*request) error {
	if len(requests) == 0 {
		return nil
	}
	if err := e.client.do(requests); err != nil {
		return err
	}
	var errs []error
	for _, r := range requests {
		if r.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.title(), r.err))
		}
	}
	return errors.Join(errs...)
}
