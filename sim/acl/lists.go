package acl

import (
	"errors"
	"net/netip"
	"slices"
)

// InvalidIndex is VPP's ~0: a new list.
const InvalidIndex = ^uint32(0)

// Errors of changes to lists and contexts.
var (
	ErrNoSuchList   = errors.New("no such access list")
	ErrListInUse    = errors.New("the access list is used by a lookup context")
	ErrSource       = errors.New("invalid source prefix")
	ErrDestination  = errors.New("invalid destination prefix")
	ErrPortRange    = errors.New("a port range ends before it begins")
	ErrAppliedTwice = errors.New("an access list is named twice")
)

// Action is what a rule says about a packet that it matches
// (acl_action in src/plugins/acl/acl_types.api).
type Action uint8

// Actions.
const (
	Deny Action = iota
	Permit
	PermitReflect
)

// Rule matches packets of the family of its prefixes. A Proto of 0 matches any
// protocol and ignores ports and flags; for ICMP the ports are type and code.
type Rule struct {
	Action            Action
	Src, Dst          netip.Prefix
	Proto             uint8
	SrcFirst, SrcLast uint16
	DstFirst, DstLast uint16
	TCPMask, TCPValue uint8
}

// check returns what is wrong with a rule (acl_add_list in src/plugins/acl/acl.c).
func (r *Rule) check() error {
	switch {
	case !r.Src.IsValid():
		return ErrSource
	case !r.Dst.IsValid():
		return ErrDestination
	case r.Src.Addr().Is4() != r.Dst.Addr().Is4():
		return ErrSource
	case r.SrcFirst > r.SrcLast, r.DstFirst > r.DstLast:
		return ErrPortRange
	}
	return nil
}

// List is one access list.
type List struct {
	// Index is the list's number, Tag its user's name for it.
	Index uint32
	Tag   string
	Rules []Rule

	compiled [2][]rule // by family, in the order of Rules
	users    []*Context
}

// Contexts returns the contexts that use the list.
func (l *List) Contexts() []*Context { return l.users }

// Lists is the pool of an instance's lists; the zero value is empty.
type Lists struct {
	pool     []*List
	free     []uint32
	contexts []*Context
	freeCtx  []uint32
}

// Get returns a list, nil for an index that is free.
func (ls *Lists) Get(index uint32) *List {
	if uint64(index) >= uint64(len(ls.pool)) {
		return nil
	}
	return ls.pool[index]
}

// Each calls fn for every list by number.
func (ls *Lists) Each(fn func(*List)) {
	for _, l := range ls.pool {
		if l != nil {
			fn(l)
		}
	}
}

// Set makes a list, for InvalidIndex, or replaces the rules of one. The errors
// say what is wrong with a rule, or that there is no such list.
func (ls *Lists) Set(index uint32, tag string, rules []Rule) (*List, error) {
	for i := range rules {
		if err := rules[i].check(); err != nil {
			return nil, err
		}
	}
	l := ls.Get(index)
	switch {
	case index == InvalidIndex:
		l = ls.alloc()
	case l == nil:
		return nil, ErrNoSuchList
	}
	l.Tag, l.Rules = tag, slices.Clone(rules)
	l.compile()
	return l, nil
}

func (ls *Lists) alloc() *List {
	l := &List{Index: uint32(len(ls.pool))}
	if n := len(ls.free); n > 0 {
		l.Index, ls.free = ls.free[n-1], ls.free[:n-1]
		ls.pool[l.Index] = l
		return l
	}
	ls.pool = append(ls.pool, l)
	return l
}

// Delete frees a list; ErrListInUse while a context has it.
func (ls *Lists) Delete(index uint32) error {
	l := ls.Get(index)
	switch {
	case l == nil:
		return ErrNoSuchList
	case len(l.users) > 0:
		return ErrListInUse
	}
	ls.pool[index] = nil
	ls.free = append(ls.free, index)
	return nil
}

// Context is what one user looks packets up in.
type Context struct {
	// Index is the context's number, User says whose it is and Value1 and
	// Value2 are the user's numbers for it.
	Index          uint32
	User           string
	Value1, Value2 uint32

	lists []*List
}

// Lists returns the numbers of the context's lists in order.
func (c *Context) Lists() []uint32 {
	out := make([]uint32, len(c.lists))
	for i, l := range c.lists {
		out[i] = l.Index
	}
	return out
}

// NewContext makes a context without lists.
func (ls *Lists) NewContext(user string, value1, value2 uint32) *Context {
	c := &Context{Index: uint32(len(ls.contexts)), User: user, Value1: value1, Value2: value2}
	if n := len(ls.freeCtx); n > 0 {
		c.Index, ls.freeCtx = ls.freeCtx[n-1], ls.freeCtx[:n-1]
		ls.contexts[c.Index] = c
		return c
	}
	ls.contexts = append(ls.contexts, c)
	return c
}

// DeleteContext gives a context up.
func (ls *Lists) DeleteContext(c *Context) {
	c.leave()
	ls.contexts[c.Index] = nil
	ls.freeCtx = append(ls.freeCtx, c.Index)
}

// Contexts calls fn for every context by number.
func (ls *Lists) Contexts(fn func(*Context)) {
	for _, c := range ls.contexts {
		if c != nil {
			fn(c)
		}
	}
}

func (c *Context) leave() {
	for _, l := range c.lists {
		l.users = slices.DeleteFunc(l.users, func(o *Context) bool { return o == c })
	}
	c.lists = nil
}

// SetLists gives a context the lists to try in order. A list that does not exist
// or comes twice is an error, and the context keeps those that it had
// (acl_plugin_set_acl_vec_for_context in src/plugins/acl/lookup_context.c).
func (ls *Lists) SetLists(c *Context, indices []uint32) error {
	lists := make([]*List, len(indices))
	for i, index := range indices {
		l := ls.Get(index)
		switch {
		case l == nil:
			return ErrNoSuchList
		case slices.Contains(lists[:i], l):
			return ErrAppliedTwice
		}
		lists[i] = l
	}
	c.leave()
	c.lists = lists
	for _, l := range lists {
		l.users = append(l.users, c)
	}
	return nil
}
