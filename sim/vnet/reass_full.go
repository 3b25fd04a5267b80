package vnet

import (
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// noOctet is VPP's ~0 where the end of a packet is not known yet.
const noOctet = ^uint32(0)

// fullReassembly is full reassembly of one protocol: fragments are kept until
// the packet is whole (src/vnet/ip/reass/ip4_full_reass.c, ip6_full_reass.c).
type fullReassembly struct {
	params ReassParams
	pool   slots[*fullReass]
	byKey  map[reassKey]*fullReass
	count  uint32
	ids    uint64
	seen   uint32 // fragments so far, their numbers in traces
	last   int    // where the next walk starts
	timer  *Timer
	walk   *vlib.Node
}

// fullReass is one packet in the making.
type fullReass struct {
	index  uint32
	key    reassKey
	atomic bool // not in the table: a packet of one fragment
	heard  time.Time
	id     uint64
	ops    uint32
	ranges []reassRange // in order
	// lastOctet is the packet's last octet, noOctet until its last fragment came.
	lastOctet uint32
	dataLen   uint32
	fragments uint32
}

// reassRange is a fragment with the part of it that counts.
type reassRange struct {
	b  *vlib.Buffer
	bi uint32
	// fragFirst and fragLast are the octets it brought, first and last those
	// that are taken of it.
	fragFirst, fragLast, first, last uint32
	// head is the length in bytes of what stands in front of the data.
	head int
}

func (r *reassRange) size() uint32 { return min(r.last, r.fragLast) - r.first + 1 }

// data is the part of the fragment that counts, nil when the packet is shorter
// than it says.
func (r *reassRange) data() []byte {
	from := r.head + int(r.first-r.fragFirst)
	to := from + int(r.size())
	if p := r.b.Bytes(); to <= len(p) {
		return p[from:to]
	}
	return nil
}

// reassResult is what became of a fragment.
type reassResult uint8

const (
	reassKept reassResult = iota
	reassWhole
	reassDuplicate
	reassTooMany
	reassBroken
	reassOverlap
	reassBadLen
)

// find returns the reassembly of a fragment, made if it is new; nil when there
// are too many. One that is past its time is given to expired first.
func (f *fullReassembly) find(k reassKey, atomic bool, now time.Time, expired func(*fullReass)) *fullReass {
	if !atomic {
		if r := f.byKey[k]; r != nil {
			if now.Sub(r.heard) <= f.params.timeout() {
				r.heard = now
				return r
			}
			expired(r)
			f.remove(r)
		}
	}
	if f.count >= f.params.MaxReassemblies {
		return nil
	}
	r := &fullReass{key: k, atomic: atomic, heard: now, id: f.ids, lastOctet: noOctet}
	f.ids++
	f.count++
	r.index = f.pool.add(r)
	if !atomic {
		f.byKey[k] = r
	}
	return r
}

// remove forgets a reassembly; its fragments are somebody else's by now.
func (f *fullReassembly) remove(r *fullReass) {
	if !r.atomic {
		delete(f.byKey, r.key)
	}
	f.pool.remove(r.index)
	f.count--
}

func (r *fullReass) insert(at int, f reassRange) {
	r.dataLen += f.size()
	r.ranges = slices.Insert(r.ranges, at, f)
}

// complete tells whether nothing is missing.
func (r *fullReass) complete() bool { return r.lastOctet != noOctet && r.dataLen == r.lastOctet+1 }

// dropAll frees the fragments.
func (m *Main) dropAll(r *fullReass) {
	for i := range r.ranges {
		m.Graph.Free(r.ranges[i].b)
	}
	r.ranges = nil
}

// join puts the data of all fragments behind the first one's headers and frees
// the others; nil when a fragment is shorter than it says.
func (m *Main) join(r *fullReass) *vlib.Buffer {
	first := &r.ranges[0]
	for i := range r.ranges {
		if r.ranges[i].data() == nil {
			return nil
		}
	}
	if first.first != first.fragFirst {
		return nil
	}
	b := first.b
	b.Truncate(first.head + int(first.size()))
	for i := range r.ranges[1:] {
		next := &r.ranges[1+i]
		data := next.data()
		at := b.Len()
		copy(b.Grow(len(data))[at:], data)
		m.Graph.Free(next.b)
	}
	r.ranges = r.ranges[:1]
	return b
}

// armFull starts the walk for reassemblies past their time.
func (m *Main) armFull(p fib.Proto) {
	f := &m.reass.full[p]
	if f.timer == nil && f.count > 0 {
		f.timer = m.AfterFunc(f.params.walkEvery(), func() { m.walkFull(p) })
	}
}

// walkFull gives up the reassemblies that are past their time: as many slots per
// walk as makes for a round in a second.
func (m *Main) walkFull(p fib.Proto) {
	f := &m.reass.full[p]
	f.timer.Stop()
	f.timer = nil
	begin := f.last
	end := begin + int(uint64(f.params.MaxReassemblies)*uint64(f.params.WalkMS)/1000) + 1
	f.last = end
	if end > len(f.pool.all) {
		end, f.last = len(f.pool.all), 0
	}
	now := m.Now()
	var icmp []*vlib.Buffer
	for i := begin; i < end; i++ {
		r := f.pool.all[i]
		if r == nil || now.Sub(r.heard) <= f.params.timeout() {
			continue
		}
		if p == fib.IP4 {
			f.walk.Count(ip4ErrReassTimeout, 1)
		} else {
			f.walk.Count(ip6ErrReassTimeout, uint64(r.fragments))
			if b := m.expireFirst6(f.walk, r); b != nil {
				icmp = append(icmp, b)
			}
		}
		m.dropAll(r)
		f.remove(r)
	}
	for _, b := range slices.Backward(icmp) {
		m.Graph.Inject(m.Graph.Node("ip6-icmp-error"), b)
	}
	m.armFull(p)
}

// dropFullOf gives up the reassemblies with packets of an interface.
func (m *Main) dropFullOf(p fib.Proto, swIfIndex uint32) {
	f := &m.reass.full[p]
	for _, r := range f.pool.used() {
		if slices.ContainsFunc(r.ranges, func(g reassRange) bool { return holds(g.b, swIfIndex) }) {
			m.dropAll(r)
			f.remove(r)
		}
	}
}

// addFullReassemblyNodes registers the nodes of full reassembly.
func (m *Main) addFullReassemblyNodes() {
	for p := range m.reass.full {
		m.reass.full[p].params, m.reass.full[p].byKey = fullReassDefaults, map[reassKey]*fullReass{}
	}
	for place, name := range []string{"full-reassembly", "local-full-reassembly", "full-reassembly-feature"} {
		place := reassPlace(place)
		m.Graph.MustAdd(vlib.Registration{Name: "ip4-" + name, Errors: ip4Errors, Nexts: []string{"ip4-input", "ip4-drop"},
			Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.ip4FullReass(n, bufs, place) }})
		m.Graph.MustAdd(vlib.Registration{Name: "ip6-" + name, Errors: ip6Errors,
			Nexts: []string{"ip6-input", "ip6-drop", "ip6-icmp-error"},
			Func:  func(n *vlib.Node, bufs []*vlib.Buffer) { m.ip6FullReass(n, bufs, place) }})
	}
	idle := func(*vlib.Node, []*vlib.Buffer) {}
	m.reass.full[fib.IP4].walk = m.Graph.MustAdd(vlib.Registration{Name: "ip4-full-reassembly-expire-walk",
		Type: vlib.NodeProcess, Errors: ip4Errors, Func: idle})
	m.reass.full[fib.IP6].walk = m.Graph.MustAdd(vlib.Registration{Name: "ip6-full-reassembly-expire-walk",
		Type: vlib.NodeProcess, Errors: ip6Errors, Func: idle})
}
