package vnet

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Why an echo request could not be sent, in VPP's words
// (foreach_ip46_ping_result in src/plugins/ping/ping.h).
var (
	ErrPingNoInterface = errors.New("no egress interface")
	ErrPingNoTable     = errors.New("no FIB table for lookup")
	ErrPingNoSource    = errors.New("no source address for egress interface")
)

// Ping is a series of echo requests (src/plugins/ping/ping.c). Its hooks run
// with ownership of the instance; those that are nil are not called.
type Ping struct {
	// Targets are asked in this order in every round, usually one.
	Targets []netip.Addr
	// Table is the number of the table that the way is looked up in, when SwIf
	// is vlib.InvalidIndex; else the interface's table is used.
	Table, SwIf uint32
	// Size is the number of data bytes behind the time stamp, Burst how many
	// copies a round sends.
	Size, Burst int
	// Repeat is the number of rounds, Interval the time from one to the next
	// and from the last to the end.
	Repeat   uint32
	Interval time.Duration
	// HurryOnError starts the next round at once when a request could not be
	// sent, as the API does and the CLI does not.
	HurryOnError bool

	// OnSent is told of each request's source, or why it was not sent; OnReply
	// of each reply; OnEnd once, also when the instance closes.
	OnSent  func(src netip.Addr, err error)
	OnReply func(EchoReply)
	OnEnd   func(requests, replies uint32)
}

// EchoReply is an answer to a ping.
type EchoReply struct {
	From netip.Addr
	Seq  uint16
	TTL  uint8
	// Bytes is the payload's length as VPP shows it: with the IPv4 header
	// counted twice, without the IPv6 header.
	Bytes int
	// RTT is the time since the request was made.
	RTT time.Duration
}

// pingMain holds the pings under way by ICMP identifier.
type pingMain struct {
	runs  map[uint16]*pingRun
	count uint64
}

// pingRun is a ping under way.
type pingRun struct {
	*Ping
	main              *Main
	id, round         uint16
	requests, replies uint32
	timer             *Timer
}

// StartPing sends a ping's first round and the others when they are due.
func (m *Main) StartPing(p *Ping) {
	r := &pingRun{Ping: p, main: m, id: m.newPingID()}
	if m.ping.runs == nil {
		m.ping.runs = map[uint16]*pingRun{}
	}
	m.ping.runs[r.id] = r
	r.step()
}

// newPingID draws an identifier that no ping under way has.
func (m *Main) newPingID() uint16 {
	m.ping.count++
	id := uint16(mix(m.ping.count))
	for m.ping.runs[id] != nil {
		id++
	}
	return id
}

// step sends the next round and waits, or ends the ping.
func (r *pingRun) step() {
	for sent := uint32(r.round); sent < r.Repeat; sent++ {
		r.round++
		if r.sendRound() || !r.HurryOnError {
			r.timer = r.main.AfterFunc(r.Interval, r.step)
			return
		}
	}
	r.end()
}

// sendRound sends one request to each target and tells if any was sent.
func (r *pingRun) sendRound() (sent bool) {
	for _, dst := range r.Targets {
		src, err := r.main.sendEcho(r.Ping, dst, r.id, r.round)
		if err == nil {
			r.requests += uint32(r.Burst)
			sent = true
		}
		if r.OnSent != nil {
			r.OnSent(src, err)
		}
	}
	return sent
}

func (r *pingRun) end() {
	if r.main.ping.runs[r.id] != r {
		return
	}
	delete(r.main.ping.runs, r.id)
	r.timer.Stop()
	if r.OnEnd != nil {
		r.OnEnd(r.requests, r.replies)
	}
}

// stopPings ends all pings of an instance that closes.
func (m *Main) stopPings() {
	for _, r := range m.ping.runs {
		r.end()
	}
}

// sendEcho sends a burst of one echo request and returns its source
// (send_ip46_ping).
func (m *Main) sendEcho(p *Ping, dst netip.Addr, id, seq uint16) (src netip.Addr, err error) {
	swIf, table := m.echoWay(p, dst)
	switch {
	case table == fib.InvalidIndex:
		return src, ErrPingNoTable
	case m.Interface(swIf) == nil:
		return src, ErrPingNoInterface
	}
	src, ok := m.errorSource(swIf, dst)
	if !ok {
		return src, ErrPingNoSource
	}
	node, adj := m.echoNode(swIf, dst)
	if node == nil {
		return src, ErrPingNoInterface
	}
	for range p.Burst {
		b := m.newEcho(src, dst, id, seq, p.Size)
		b.RxSwIf, b.TxSwIf, b.Adj = swIf, table, adj
		b.Flags |= vlib.FlagLocallyOriginated
		m.Graph.Inject(node, b)
	}
	return src, nil
}

// echoWay returns the interface that a request is seen to belong to, by which
// its source is chosen, and the table it is looked up in.
func (m *Main) echoWay(p *Ping, dst netip.Addr) (swIf, table uint32) {
	proto := fib.ProtoOf(dst)
	if p.SwIf != fib.InvalidIndex {
		if dst.Is6() && dst.IsLinkLocalUnicast() {
			return p.SwIf, m.linkLocalFIB(p.SwIf)
		}
		return p.SwIf, m.fibIndexOf(proto, p.SwIf)
	}
	table, ok := m.FIB.FindTable(proto, p.Table)
	if !ok {
		return fib.InvalidIndex, fib.InvalidIndex
	}
	r, ok := m.FIB.Match(table, netip.PrefixFrom(dst, dst.BitLen()))
	if !ok {
		return fib.InvalidIndex, table
	}
	return m.FIB.Interface(r.Index), table
}

// echoNode is where a request starts: the lookup, or for a link's multicast
// group the link's adjacency; nil where the link has none.
func (m *Main) echoNode(swIf uint32, dst netip.Addr) (*vlib.Node, uint32) {
	switch {
	case dst.Is4():
		return m.Graph.Node("ip4-lookup"), 0
	case !dst.IsLinkLocalMulticast():
		return m.Graph.Node("ip6-lookup"), 0
	}
	adj := m.ip6LinkMcastAdj(swIf)
	if adj == fib.InvalidIndex {
		return nil, adj
	}
	return m.Graph.Node("ip6-rewrite-mcast"), adj
}

// echoStamp is the length of the time stamp in front of a request's data.
const echoStamp = 8

// newEcho makes an echo request: a time stamp and data that counts up.
func (m *Main) newEcho(src, dst netip.Addr, id, seq uint16, size int) *vlib.Buffer {
	head, typ := packet.IPv4Len, packet.ICMPEcho
	if dst.Is6() {
		head, typ = packet.IPv6Len, packet.ICMPv6Echo
	}
	b := m.Graph.AllocSize(head + packet.ICMPLen + echoStamp + size)
	p := b.Bytes()
	icmp := packet.ICMP(p[head:])
	icmp.Encode(typ, 0, uint32(id)<<16|uint32(seq))
	binary.LittleEndian.PutUint64(icmp.Payload(), uint64(m.Since(m.Start)))
	data := icmp[packet.ICMPLen+echoStamp:]
	for k := range data {
		data[k] = byte(k)
	}
	if dst.Is4() {
		packet.PutUint16(icmp, 2, packet.Checksum(icmp))
		packet.IPv4Fields{TTL: 255, Protocol: packet.ProtoICMP, TotalLen: len(p), Src: src, Dst: dst}.Encode(p)
		return b
	}
	packet.IPv6Fields{PayloadLen: len(icmp), NextHeader: packet.ProtoICMPv6, HopLimit: 255, Src: src, Dst: dst}.Encode(p)
	setICMP6Checksum(p)
	return b
}

// icmpEchoReply hands replies to the pings that wait for them; others are
// punted to whoever owns the host stack.
func (m *Main) icmpEchoReply(n *vlib.Node, bufs []*vlib.Buffer) {
	const punt = 1
	for _, b := range bufs {
		t := newEchoReplyTrace(b)
		r := m.ping.runs[t.ID]
		if b.Trace != nil {
			t.Waited = r != nil
			b.Trace.Add(n, t)
		}
		if r == nil {
			n.Enqueue(b, punt)
			continue
		}
		r.received(b.Bytes(), t)
		m.Graph.Free(b)
	}
}

// received counts a reply and tells of it.
func (r *pingRun) received(p []byte, t EchoReplyTrace) {
	ip, reply := packet.IPv4(p), EchoReply{Seq: t.Seq}
	head := ip.HeaderLen()
	if t.IP6 {
		ip := packet.IPv6(p)
		head = packet.IPv6Len
		reply.From, reply.TTL, reply.Bytes = ip.SrcAddr(), ip.HopLimit(), ip.PayloadLen()
	} else {
		reply.From, reply.TTL, reply.Bytes = ip.SrcAddr(), ip.TTL(), ip.TotalLen()+head
	}
	if stamp := packet.ICMP(p[min(head, len(p)):]).Payload(); len(stamp) >= echoStamp {
		reply.RTT = r.main.Since(r.main.Start) - time.Duration(binary.LittleEndian.Uint64(stamp))
	}
	r.replies++
	if r.OnReply != nil {
		r.OnReply(reply)
	}
}
