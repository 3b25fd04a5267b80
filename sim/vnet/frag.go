package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of the fragmentation nodes (ip_frag_next_t in
// src/vnet/ip/ip_frag.h).
const (
	fragNextRewrite uint16 = iota
	fragNextMidchain
	fragNextIP4Lookup
	fragNextIP6Lookup
	fragNextICMPError
	fragNextDrop
)

// Error counters of the fragmentation nodes (counters ip_frag in
// src/vnet/ip/ip.api).
const (
	fragErrNone uint16 = iota
	fragErrSmallPacket
	fragErrFragmentSent
	fragErrCantFragmentHeader
	fragErrDontFragmentSet
	fragErrMalformed
)

var fragErrors = []vlib.ErrorDesc{
	{Name: "none", Desc: "packet fragmented", Severity: vlib.SeverityInfo},
	{Name: "small_packet", Desc: "packet smaller than MTU"},
	{Name: "fragment_sent", Desc: "number of sent fragments", Severity: vlib.SeverityInfo},
	{Name: "cant_fragment_header", Desc: "can't fragment header"},
	{Name: "dont_fragment_set", Desc: "can't fragment this packet"},
	{Name: "malformed", Desc: "malformed packet"},
	{Name: "memory", Desc: "could not allocate buffer"},
	{Name: "unknown", Desc: "unknown error"},
}

// fragMaxData is the most bytes of one fragment: VPP's fragments fit in one
// buffer of its default size.
const fragMaxData = 2048

func (m *Main) addFragmentNodes() {
	m.Graph.MustAdd(vlib.Registration{Name: "ip4-frag", Func: m.ip4Fragment, Errors: fragErrors,
		Nexts: []string{"ip4-rewrite", "ip4-midchain", "ip4-lookup", "ip6-lookup", "ip4-icmp-error", "ip4-drop"}})
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-frag", Func: m.ip6Fragment, Errors: fragErrors,
		Nexts: []string{"ip6-rewrite", "ip6-midchain", "ip4-lookup", "ip6-lookup", "error-drop", "ip6-drop"}})
}

// ip4Fragment cuts packets into fragments of at most FragMTU bytes
// (ip4_frag_do_fragment in src/vnet/ip/ip_frag.c; RFC 791 section 3.2).
func (m *Main) ip4Fragment(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		code := ip4FragmentCheck(b)
		if code != fragErrNone {
			m.fragmentError(n, b, code)
			continue
		}
		m.ip4Cut(n, b)
	}
}

func ip4FragmentCheck(b *vlib.Buffer) uint16 {
	p := packet.IPv4(b.Bytes())
	switch {
	case p.TotalLen() > b.Len() || p.TotalLen() < packet.IPv4Len:
		return fragErrMalformed
	case b.FragMTU < packet.IPv4Len+8:
		return fragErrCantFragmentHeader
	case p.DontFragment():
		return fragErrDontFragmentSet
	}
	return fragErrNone
}

// ip4Cut sends the fragments of b and frees it. The first 20 bytes are
// repeated: VPP takes options for payload.
func (m *Main) ip4Cut(n *vlib.Node, b *vlib.Buffer) {
	p := packet.IPv4(b.Bytes())
	room := (min(int(b.FragMTU), fragMaxData) - packet.IPv4Len) &^ 7
	id, offset, more := p.ID(), p.FragmentOffset(), false
	if p.IsFragment() {
		more = p.MoreFragments()
	} else {
		id = uint16(m.fragmentID)
		m.fragmentID++
	}
	data := p[packet.IPv4Len:p.TotalLen()]
	fragmentBegin(n, b, len(data), room)
	for len(data) > 0 {
		size := min(room, len(data))
		f := m.newFragment(b, packet.IPv4Len+size)
		h := packet.IPv4(f.Bytes())
		copy(h, p[:packet.IPv4Len])
		copy(h[packet.IPv4Len:], data[:size])
		field := uint16(offset / 8)
		if size < len(data) || more {
			field |= packet.IPv4MoreFragments
		}
		packet.PutUint16(h, 2, uint16(packet.IPv4Len+size))
		packet.PutUint16(h, 4, id)
		packet.PutUint16(h, 6, field)
		packet.PutUint16(h, 10, 0)
		h.SetChecksum(packet.Checksum(h[:min(h.HeaderLen(), len(h))]))
		offset += size
		data = data[size:]
		n.SetError(f, fragErrNone)
		n.Enqueue(f, b.FragNext)
	}
	m.Graph.Free(b)
}

// newFragment makes a buffer that goes the way that b would have gone.
func (m *Main) newFragment(b *vlib.Buffer, size int) *vlib.Buffer {
	f := m.Graph.AllocSize(size)
	f.RxSwIf, f.TxSwIf, f.Adj = b.RxSwIf, b.TxSwIf, b.Adj
	f.TraceID = b.TraceID
	m.Graph.ForkTrace(f, b)
	return f
}

// ip6Fragment cuts this instance's own packets into fragments (RFC 8200
// section 4.5). A packet with a fragment header is not cut again.
func (m *Main) ip6Fragment(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		p := packet.IPv6(b.Bytes())
		if packet.IPv6Len+p.PayloadLen() > b.Len() || p.NextHeader() == packet.ProtoFragment ||
			b.FragMTU < packet.IPv6Len+packet.IPv6FragmentLen+8 {
			m.fragmentError(n, b, fragErrMalformed)
			continue
		}
		m.ip6Cut(n, b)
	}
}

// ip6Cut sends the fragments of b and frees it. VPP puts the fragment header behind the
// fixed header, before other extension headers. It also leaves out whether the
// packet is this instance's own, so that the rewrite takes a hop off.
func (m *Main) ip6Cut(n *vlib.Node, b *vlib.Buffer) {
	const head = packet.IPv6Len + packet.IPv6FragmentLen
	p := packet.IPv6(b.Bytes())
	room := (min(int(b.FragMTU), fragMaxData) - head) &^ 7
	id, offset := m.fragmentID, 0
	m.fragmentID++
	data := p.Payload()
	fragmentBegin(n, b, len(data), room)
	for len(data) > 0 {
		size := min(room, len(data))
		f := m.newFragment(b, head+size)
		h := f.Bytes()
		copy(h, p[:packet.IPv6Len])
		packet.PutUint16(h, 4, uint16(packet.IPv6FragmentLen+size))
		h[6] = packet.ProtoFragment
		h[40], h[41] = p.NextHeader(), 0
		field := uint16(offset)
		if size < len(data) {
			field |= 1
		}
		packet.PutUint16(h, 42, field)
		packet.PutUint32(h, 44, id)
		copy(h[head:], data[:size])
		offset += size
		data = data[size:]
		n.SetError(f, fragErrNone)
		n.Enqueue(f, b.FragNext)
	}
	m.Graph.Free(b)
}

// fragmentBegin counts and records the fragments to come of a payload of size
// bytes, room in each.
func fragmentBegin(n *vlib.Node, b *vlib.Buffer, size, room int) {
	count := (size + room - 1) / room
	n.Count(fragErrFragmentSent, uint64(count))
	if count == 1 {
		n.Count(fragErrSmallPacket, 1)
	}
	traceFragment(n, b, count)
}

// fragmentError counts twice, as VPP does: here, and where the packet ends.
func (m *Main) fragmentError(n *vlib.Node, b *vlib.Buffer, code uint16) {
	traceFragment(n, b, 0)
	n.Count(code, 1)
	n.SetError(b, code)
	if code == fragErrDontFragmentSet {
		setICMPError(b, packet.ICMPUnreachable, packet.ICMPFragNeeded, uint32(b.FragMTU))
		n.Enqueue(b, fragNextICMPError)
		return
	}
	n.Enqueue(b, fragNextDrop)
}

// FragmentTrace is what ip4-frag and ip6-frag record.
type FragmentTrace struct {
	// MTU and Size are in bytes, Fragments is how many there are, Next their
	// slot.
	MTU, Next       uint16
	Size, Fragments int
}

func traceFragment(n *vlib.Node, b *vlib.Buffer, count int) {
	if b.Trace != nil {
		b.Trace.Add(n, &FragmentTrace{MTU: b.FragMTU, Next: b.FragNext, Size: b.Len(), Fragments: count})
	}
}

// Format renders as format_ip_frag_trace does.
func (t *FragmentTrace) Format() string {
	return fmt.Sprintf("mtu: %d pkt-size: %d fragments: %d next: %d", t.MTU, t.Size, t.Fragments, t.Next)
}
