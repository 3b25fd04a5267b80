package vnet

import (
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// svReassembly is shallow virtual reassembly of one protocol: fragments are kept
// until the first one told the ports, then all go on as they are
// (src/vnet/ip/reass/ip4_sv_reass.c, ip6_sv_reass.c).
type svReassembly struct {
	params ReassParams
	pool   slots[*svReass]
	byKey  map[reassKey]*svReass
	count  uint32
	ids    uint64
	// oldest and newest end the list in which the first goes when there are too
	// many.
	oldest, newest *svReass
	timer          *Timer
	// extended counts who wants fragments kept until the last one came, too.
	extended int
	// users count by interface who wants the feature.
	users, outputUsers, mcastUsers map[uint32]int
}

// svReass is one fragmented packet.
type svReass struct {
	index     uint32
	key       reassKey
	heard     time.Time
	id        uint64
	ops       uint32
	cached    []*vlib.Buffer // in the order in which they came
	firstSeen bool
	lastSeen  bool
	l4        vlib.L4Info
	// older and newer are the neighbours in the list.
	older, newer *svReass
	// first is a copy of the first fragment that extended reassembly keeps.
	first *vlib.Buffer
}

// find returns the reassembly of a fragment, made if it is new. freed is told
// of one that went for it: it was past its time, or the oldest of too many.
func (s *svReassembly) find(m *Main, k reassKey, freed func(svTraceOp)) *svReass {
	now := m.Now()
	if r := s.byKey[k]; r != nil {
		if now.Sub(r.heard) <= s.params.timeout() {
			r.heard = now
			return r
		}
		freed(svTraceTimeout)
		s.free(m, r)
	}
	if s.count >= s.params.MaxReassemblies && s.params.MaxReassemblies > 0 && s.oldest != nil {
		freed(svTraceLRU)
		s.free(m, s.oldest)
	}
	r := &svReass{key: k, heard: now, id: s.ids}
	s.ids++
	s.count++
	r.index = s.pool.add(r)
	s.byKey[k] = r
	r.older = s.newest
	if s.newest != nil {
		s.newest.newer = r
	} else {
		s.oldest = r
	}
	s.newest = r
	return r
}

// free forgets a reassembly and frees what it keeps.
func (s *svReassembly) free(m *Main, r *svReass) {
	for _, b := range r.cached {
		m.Graph.Free(b)
	}
	if r.first != nil {
		m.Graph.Free(r.first)
	}
	if r.older != nil {
		r.older.newer = r.newer
	} else {
		s.oldest = r.newer
	}
	if r.newer != nil {
		r.newer.older = r.older
	} else {
		s.newest = r.older
	}
	delete(s.byKey, r.key)
	s.pool.remove(r.index)
	s.count--
}

// complete tells whether fragments can go on.
func (s *svReassembly) complete(r *svReass, extended bool) bool {
	return r.firstSeen && (r.lastSeen || !extended)
}

// keepFirst keeps a copy of the first fragment for extended reassembly.
func (m *Main) keepFirst(r *svReass, b *vlib.Buffer) {
	if r.first != nil {
		m.Graph.Free(r.first)
	}
	trace := b.Trace
	b.Trace = nil // the copy goes nowhere
	r.first = m.Graph.Clone(b)
	b.Trace = trace
}

// SetExtendedReassembly keeps fragments until the first and the last one came,
// for one more user or one less (ip4_sv_reass_enable_disable_extended).
func (m *Main) SetExtendedReassembly(p fib.Proto, on bool) {
	if on {
		m.reass.sv[p].extended++
	} else {
		m.reass.sv[p].extended--
	}
}

// armShallow starts the walk for reassemblies past their time.
func (m *Main) armShallow(p fib.Proto) {
	s := &m.reass.sv[p]
	if s.timer == nil && s.count > 0 {
		s.timer = m.AfterFunc(s.params.walkEvery(), func() { m.walkShallow(p) })
	}
}

// walkShallow gives up the reassemblies that are past their time.
func (m *Main) walkShallow(p fib.Proto) {
	s := &m.reass.sv[p]
	s.timer.Stop()
	s.timer = nil
	now := m.Now()
	for _, r := range s.pool.used() {
		if now.Sub(r.heard) > s.params.timeout() {
			s.free(m, r)
		}
	}
	m.armShallow(p)
}

// dropShallowOf gives up the reassemblies with packets of an interface.
func (m *Main) dropShallowOf(p fib.Proto, swIfIndex uint32) {
	s := &m.reass.sv[p]
	for _, r := range s.pool.used() {
		if slices.ContainsFunc(r.cached, func(b *vlib.Buffer) bool { return holds(b, swIfIndex) }) {
			s.free(m, r)
		}
	}
	delete(s.users, swIfIndex)
	delete(s.outputUsers, swIfIndex)
	delete(s.mcastUsers, swIfIndex)
}

// addShallowReassemblyNodes registers the nodes of shallow reassembly.
func (m *Main) addShallowReassemblyNodes() {
	for p := range m.reass.sv {
		m.reass.sv[p].params, m.reass.sv[p].byKey = svReassDefaults, map[reassKey]*svReass{}
	}
	nodes := []struct {
		name  string
		place reassPlace
	}{{"sv-reassembly", reassPlain}, {"sv-reassembly-feature", reassFeature},
		{"sv-reassembly-mcast-feature", reassFeature}, {"sv-reassembly-output-feature", reassOutput},
		{"sv-reassembly-custom-next", reassCustom}}
	for _, node := range nodes {
		m.Graph.MustAdd(vlib.Registration{Name: "ip4-" + node.name, Errors: ip4Errors,
			Nexts: []string{"ip4-input", "ip4-drop"},
			Func:  func(n *vlib.Node, bufs []*vlib.Buffer) { m.ip4Shallow(n, bufs, node.place) }})
		m.Graph.MustAdd(vlib.Registration{Name: "ip6-" + node.name, Errors: ip6Errors,
			Nexts: []string{"ip6-input", "ip6-drop", "ip6-icmp-error"},
			Func:  func(n *vlib.Node, bufs []*vlib.Buffer) { m.ip6Shallow(n, bufs, node.place) }})
	}
	for p, errors := range [][]vlib.ErrorDesc{ip4Errors, ip6Errors} {
		m.Graph.MustAdd(vlib.Registration{Name: fib.Proto(p).String() + "-sv-reassembly-expire-walk",
			Type: vlib.NodeProcess, Errors: errors, Func: func(*vlib.Node, []*vlib.Buffer) {}})
	}
}

// ipAt gives a packet's IP header: on the output arc it stands behind the
// rewrite.
func ipAt(b *vlib.Buffer, place reassPlace) []byte {
	p := b.Bytes()
	if place == reassOutput {
		return p[min(int(b.SaveRewriteLength), len(p)):]
	}
	return p
}

// releaseShallow sends the fragments on with what is known of their packet.
func (m *Main) releaseShallow(n *vlib.Node, p fib.Proto, r *svReass, place reassPlace) {
	cached := r.cached
	r.cached = nil
	for _, b := range cached {
		r.forward(m, n, p, b, place)
	}
}

// forward sends a fragment of a packet whose ports are known on.
func (r *svReass) forward(m *Main, n *vlib.Node, p fib.Proto, b *vlib.Buffer, place reassPlace) {
	nonFirst := b.L4.NonFirst
	b.L4 = r.l4
	b.L4.NonFirst = nonFirst
	m.traceShallow(n, p, r, b, svTraceForward)
	reassForward(n, b, place)
}
