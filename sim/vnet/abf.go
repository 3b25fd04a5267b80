package vnet

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vpptwin/vpptwin/sim/acl"
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ACLs are the access lists of the ACL plugin.
func (m *Main) ACLs() *acl.Lists { return &m.acls }

// abfMain is the state of ACL-based forwarding (src/plugins/abf).
type abfMain struct {
	policies []*ABFPolicy // by index; nil where free
	freePol  []int
	attached []*ABFAttachment // likewise
	freeAtt  []int
	itf      [2][]abfInterface // by protocol and sw_if_index
}

// abfInterface is what is attached to an interface: the policies by priority and
// the context with their lists.
type abfInterface struct {
	list    []*ABFAttachment
	context *acl.Context
}

// ABFPolicy forwards by paths what an access list permits.
type ABFPolicy struct {
	// Index is the policy's place, ID its user's number, ACL the list's.
	Index   int
	ID, ACL uint32
	// Paths are what packets are forwarded by; empty for a policy that was
	// deleted but is attached.
	Paths []fib.Path

	forward  [2]uint32 // by protocol, plus one; 0 for none
	attached int
}

// ABFAttachment is a policy on an interface.
type ABFAttachment struct {
	Policy    *ABFPolicy
	SwIfIndex uint32
	Priority  uint32
	Proto     fib.Proto

	index int
}

// take finds a free place in a pool, the one freed last.
func takeIndex(free *[]int, size int) int {
	if n := len(*free); n > 0 {
		i := (*free)[n-1]
		*free = (*free)[:n-1]
		return i
	}
	return size
}

// ABFPolicy finds a policy by its user's number, nil for none.
func (m *Main) ABFPolicy(id uint32) *ABFPolicy {
	i := slices.IndexFunc(m.abf.policies, func(p *ABFPolicy) bool { return p != nil && p.ID == id })
	if i < 0 {
		return nil
	}
	return m.abf.policies[i]
}

// ABFPolicies calls fn for every policy by index.
func (m *Main) ABFPolicies(fn func(*ABFPolicy)) {
	for _, p := range m.abf.policies {
		if p != nil {
			fn(p)
		}
	}
}

// UpdateABFPolicy makes a policy or adds paths to one, whose list must stay the
// same: else ErrInvalidValue (abf_policy_update in src/plugins/abf/abf_policy.c).
func (m *Main) UpdateABFPolicy(id, list uint32, paths []fib.Path) error {
	p := m.ABFPolicy(id)
	if p == nil {
		p = &ABFPolicy{ID: id, ACL: list, Index: takeIndex(&m.abf.freePol, len(m.abf.policies))}
		if p.Index == len(m.abf.policies) {
			m.abf.policies = append(m.abf.policies, nil)
		}
		m.abf.policies[p.Index] = p
	}
	if p.ACL != list {
		return fmt.Errorf("ABF policy %d: ACL %d, not %d: %w", id, p.ACL, list, ErrInvalidValue)
	}
	for _, path := range paths {
		if !slices.ContainsFunc(p.Paths, func(o fib.Path) bool { return samePath(&o, &path) }) {
			p.Paths = append(p.Paths, path)
		}
	}
	if first := p.Paths[0].Proto; p.forward[first] == 0 {
		p.forward[first] = m.FIB.AddForward(first, p.Paths) + 1
		return nil
	}
	m.restackABF(p)
	return nil
}

// samePath says if two paths lead the same way, whatever their weights.
func samePath(a, b *fib.Path) bool {
	return a.Proto == b.Proto && a.NextHop == b.NextHop && a.SwIf == b.SwIf && a.FibIndex == b.FibIndex && a.Flags == b.Flags &&
		a.Classify == b.Classify
}

// DeleteABFPolicyPaths takes paths away, and the policy with its last: what is
// attached to it goes on as it did until it is detached. ErrInvalidValue says
// that there is no such policy (abf_policy_delete).
func (m *Main) DeleteABFPolicyPaths(id uint32, paths []fib.Path) error {
	p := m.ABFPolicy(id)
	if p == nil {
		return fmt.Errorf("ABF policy %d: no such policy: %w", id, ErrInvalidValue)
	}
	for _, path := range paths {
		if i := slices.IndexFunc(p.Paths, func(o fib.Path) bool { return samePath(&o, &path) }); i >= 0 {
			p.Paths = slices.Delete(slices.Clone(p.Paths), i, i+1)
		}
	}
	if len(p.Paths) > 0 {
		m.restackABF(p)
		return nil
	}
	m.freeABFPolicy(p)
	return nil
}

// freeABFPolicy forgets a policy that has no paths and is attached nowhere.
func (m *Main) freeABFPolicy(p *ABFPolicy) {
	if len(p.Paths) > 0 || p.attached > 0 {
		return
	}
	m.unstackABF(p)
	m.abf.policies[p.Index] = nil
	m.abf.freePol = append(m.abf.freePol, p.Index)
}

func (m *Main) unstackABF(p *ABFPolicy) {
	for proto, f := range p.forward {
		if f != 0 {
			m.FIB.DeleteForward(f - 1)
			p.forward[proto] = 0
		}
	}
}

// restackABF makes what is attached follow a policy's new paths.
func (m *Main) restackABF(p *ABFPolicy) {
	for proto, old := range p.forward {
		if old == 0 {
			continue
		}
		p.forward[proto] = m.FIB.AddForward(fib.Proto(proto), p.Paths) + 1
		m.FIB.DeleteForward(old - 1)
	}
}

// AttachABF attaches a policy to what an interface receives; of several the one
// with the lowest number for priority comes first. Lists that two of an
// interface's policies share are looked up only as they were before the second
// one came, as in VPP. The errors are ErrNoSuchEntry for an unknown policy, on
// which VPP crashes, and ErrEntryAlreadyExists (abf_itf_attach in
// src/plugins/abf/abf_itf_attach.c).
func (m *Main) AttachABF(proto fib.Proto, id, priority, swIfIndex uint32) error {
	p := m.ABFPolicy(id)
	switch {
	case p == nil || len(p.Paths) == 0:
		return fmt.Errorf("attach ABF policy %d: no such policy: %w", id, ErrNoSuchEntry)
	case m.findABF(id, swIfIndex) != nil:
		return fmt.Errorf("attach ABF policy %d to interface %d: %w", id, swIfIndex, ErrEntryAlreadyExists)
	}
	if _, err := m.mustInterface(swIfIndex); err != nil {
		return err
	}
	a := &ABFAttachment{Policy: p, SwIfIndex: swIfIndex, Priority: priority, Proto: proto,
		index: takeIndex(&m.abf.freeAtt, len(m.abf.attached))}
	if a.index == len(m.abf.attached) {
		m.abf.attached = append(m.abf.attached, nil)
	}
	m.abf.attached[a.index] = a
	p.attached++
	if p.forward[proto] == 0 {
		p.forward[proto] = m.FIB.AddForward(proto, p.Paths) + 1
	}
	m.abfNodeSlot(a)
	for uint32(len(m.abf.itf[proto])) <= swIfIndex {
		m.abf.itf[proto] = append(m.abf.itf[proto], abfInterface{})
	}
	i := &m.abf.itf[proto][swIfIndex]
	i.list = append(i.list, a)
	if len(i.list) == 1 {
		i.context = m.acls.NewContext("ABF plugin", swIfIndex, 0)
		if err := m.EnableFeature(proto.String()+"-unicast", "abf-input-"+proto.String(), swIfIndex, true); err != nil {
			return err
		}
	}
	m.setABFLists(i)
	return nil
}

// abfNodeSlot makes a slot of the node lead where an attachment does, for
// traces.
func (m *Main) abfNodeSlot(a *ABFAttachment) {
	d := m.FIB.ForwardDPO(a.Policy.forward[a.Proto] - 1)
	m.Graph.AddNext(m.Graph.Node("abf-input-"+a.Proto.String()), m.Graph.NodeAt(d.Node).Name)
}

// setABFLists sorts the attachments and hands their lists to the context.
func (m *Main) setABFLists(i *abfInterface) {
	slices.SortStableFunc(i.list, func(a, b *ABFAttachment) int { return cmp.Compare(a.Priority, b.Priority) })
	lists := make([]uint32, len(i.list))
	for k, a := range i.list {
		lists[k] = a.Policy.ACL
	}
	_ = m.acls.SetLists(i.context, lists) // VPP does not look at the result
}

func (m *Main) findABF(id, swIfIndex uint32) *ABFAttachment {
	for _, a := range m.abf.attached {
		if a != nil && a.Policy.ID == id && a.SwIfIndex == swIfIndex {
			return a
		}
	}
	return nil
}

// ABFAttachments calls fn for every attachment in the order of VPP's dump.
func (m *Main) ABFAttachments(fn func(*ABFAttachment)) {
	for _, a := range m.abf.attached {
		if a != nil {
			fn(a)
		}
	}
}

// ABFOnInterface returns what is attached to an interface, by priority.
func (m *Main) ABFOnInterface(proto fib.Proto, swIfIndex uint32) []*ABFAttachment {
	if uint64(swIfIndex) >= uint64(len(m.abf.itf[proto])) {
		return nil
	}
	return m.abf.itf[proto][swIfIndex].list
}

// DetachABF takes an attachment away; ErrNoSuchEntry for one that there is not
// (abf_itf_detach). VPP reads the interface's list of the given protocol, which
// another protocol's attachment is not on.
func (m *Main) DetachABF(proto fib.Proto, id, swIfIndex uint32) error {
	a := m.findABF(id, swIfIndex)
	if a == nil || a.Proto != proto {
		return fmt.Errorf("detach ABF policy %d from interface %d: %w", id, swIfIndex, ErrNoSuchEntry)
	}
	i := &m.abf.itf[proto][swIfIndex]
	i.list = slices.DeleteFunc(slices.Clone(i.list), func(o *ABFAttachment) bool { return o == a })
	if len(i.list) == 0 {
		_ = m.EnableFeature(proto.String()+"-unicast", "abf-input-"+proto.String(), swIfIndex, false) // the interface may be gone
		m.acls.DeleteContext(i.context)
		i.context = nil
	} else {
		m.setABFLists(i)
	}
	m.abf.attached[a.index] = nil
	m.abf.freeAtt = append(m.abf.freeAtt, a.index)
	a.Policy.attached--
	m.freeABFPolicy(a.Policy)
	return nil
}

// Error counters of abf-input-ip4 (src/plugins/abf/abf_error.def). VPP declares
// none for abf-input-ip6.
const (
	abfMatched uint16 = 1
	abfMissed  uint16 = 2
)

func (m *Main) addABFNodes() {
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		r := vlib.Registration{Name: "abf-input-" + p.String(), Nexts: []string{"error-drop"},
			Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.abfInput(n, bufs, p) }}
		if p == fib.IP4 {
			r.Errors = plainErrors("no match", "matched", "missed")
		}
		m.Graph.MustAdd(r)
	}
}

// abfInput forwards what a policy's list permits by the policy's paths
// (abf_input_inline).
func (m *Main) abfInput(n *vlib.Node, bufs []*vlib.Buffer, p fib.Proto) {
	var pkt acl.Packet
	matched := uint64(0)
	for _, b := range bufs {
		var i abfInterface // the feature may be on without a policy
		if uint64(b.RxSwIf) < uint64(len(m.abf.itf[p])) {
			i = m.abf.itf[p][b.RxSwIf]
		}
		var to uint32
		pkt.Parse(b.Bytes(), p == fib.IP6)
		match, ok := acl.Match{}, false
		if i.context != nil {
			match, ok = i.context.Match(&pkt)
		}
		if ok && match.Action != acl.Deny && match.Pos < len(i.list) {
			d := m.FIB.ForwardDPO(i.list[match.Pos].Policy.forward[p] - 1)
			to, b.Adj = d.Node, d.Index
			matched++
		} else {
			to = b.NextFeature()
		}
		if b.Trace != nil {
			b.Trace.Add(n, &IndexTrace{fmt.Sprintf(" next %d index %d", n.SlotOf(to), b.Adj)})
		}
		n.Send(b, to)
	}
	if p == fib.IP4 {
		n.Count(abfMatched, matched)
		n.Count(abfMissed, uint64(len(bufs))-matched)
	}
}

// FormatABFAttachment renders as format_abf_intf_attach does.
func (m *Main) FormatABFAttachment(a *ABFAttachment) string {
	d := m.FIB.ForwardDPO(a.Policy.forward[a.Proto] - 1)
	n := m.Graph.Node("abf-input-" + a.Proto.String())
	return fmt.Sprintf("abf-interface-attach: policy:%d priority:%d\n  [@%d]: %s", a.Policy.ID, a.Priority,
		n.SlotOf(d.Node), m.FIB.FormatDPO(d, 4))
}

// FormatABFPolicy renders as format_abf does, with a line's end.
func (m *Main) FormatABFPolicy(p *ABFPolicy) string {
	s := fmt.Sprintf("abf:[%d]: policy:%d acl:%d", p.Index, p.ID, p.ACL)
	if len(p.Paths) == 0 {
		return s + "\n no forwarding\n"
	}
	for _, f := range p.forward {
		if f != 0 {
			return s + "\n " + m.FIB.FormatForwardPaths(f-1) + "\n"
		}
	}
	return s + "\n"
}
