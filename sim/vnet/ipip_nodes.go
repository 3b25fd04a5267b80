package vnet

import (
	"fmt"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of ipip4-input and ipip6-input (foreach_ipip_input_next in
// src/vnet/ipip/ipip.h).
const (
	ipipNextDrop uint16 = iota
	ipipNextIP4
	ipipNextIP6
	ipipNextMPLS
)

// Error counters of the input nodes.
const (
	ipipErrDecap uint16 = iota
	ipipErrBadProtocol
	ipipErrNoTunnel
	ipipErrFragment
)

func (m *Main) addIPIPNodes() {
	m.ipip.bySwIf, m.ipip.byKey = map[uint32]*IPIPTunnel{}, map[ipipKey]*IPIPTunnel{}
	m.ipip.instances = map[uint32]bool{}
	for p, name := range []string{"ipip4-input", "ipip6-input"} {
		m.Graph.MustAdd(vlib.Registration{Name: name,
			Nexts:  []string{"error-drop", "ip4-input", "ip6-input", "mpls-input"},
			Errors: plainErrors("packets decapsulated", "bad protocol", "no tunnel", "fragmented outer packet"),
			Func:   func(n *vlib.Node, bufs []*vlib.Buffer) { m.ipipInput(n, bufs, fib.Proto(p)) }})
	}
}

// ipipOuter is what the input nodes read of the outer header.
type ipipOuter struct {
	src, dst   netip.Addr
	proto, tos uint8
	size       int // of the header in bytes
	length     int // as the header has it
	fragment   bool
}

func readIPIPOuter(p []byte, proto fib.Proto) ipipOuter {
	if proto == fib.IP4 {
		ip := packet.IPv4(p)
		return ipipOuter{src: ip.SrcAddr(), dst: ip.DstAddr(), proto: ip.Protocol(), tos: ip.TOS(), size: packet.IPv4Len,
			length: ip.TotalLen(), fragment: ip.MoreFragments()}
	}
	ip := packet.IPv6(p)
	return ipipOuter{src: ip.SrcAddr(), dst: ip.DstAddr(), proto: ip.NextHeader(), tos: ip.TrafficClass(),
		size: packet.IPv6Len, length: ip.PayloadLen(), fragment: ip.NextHeader() == packet.ProtoFragment}
}

// ipipInput takes the outer header of tunnelled packets off (ipip_input in
// src/vnet/ipip/node.c). What it cannot take counts as decapsulated, too.
func (m *Main) ipipInput(n *vlib.Node, bufs []*vlib.Buffer, p fib.Proto) {
	last := vlib.InvalidIndex
	for _, b := range bufs {
		o := readIPIPOuter(b.Bytes(), p)
		next := ipipNextDrop
		if o.fragment {
			n.SetError(b, ipipErrFragment)
		} else {
			b.Advance(o.size)
			if t := m.ipipFind(o, b.FibIndex); t == nil {
				n.SetError(b, ipipErrNoTunnel)
			} else {
				last = t.SwIfIndex
				next = t.decap(b, &o)
			}
		}
		if b.Trace != nil {
			b.Trace.Add(n, &IPIPTrace{Tunnel: last, Length: o.length, Src: o.src, Dst: o.dst})
		}
		n.Enqueue(b, next)
	}
	n.Count(ipipErrDecap, uint64(len(bufs)))
}

// ipipFind finds the tunnel of a packet by both ends.
func (m *Main) ipipFind(o ipipOuter, table uint32) *IPIPTunnel {
	return m.ipip.byKey[ipipKey{src: o.dst, dst: o.src, fib: table, mode: IPIPP2P}]
}

// decap makes a packet one that came in by the tunnel's interface.
func (t *IPIPTunnel) decap(b *vlib.Buffer, o *ipipOuter) uint16 {
	b.RxSwIf = t.SwIfIndex
	next := ipipNextDrop
	switch o.proto {
	case protoIPv6:
		next = ipipNextIP6
		t.Flags.decap(b.Bytes(), fib.IP6, o.tos)
	case protoIPInIP:
		next = ipipNextIP4
		t.Flags.decap(b.Bytes(), fib.IP4, o.tos)
	case protoMPLS:
		next = ipipNextMPLS
	}
	t.itf.Counters.RX.Add(b.Len())
	return next
}

// IPIPTrace is what ipip4-input and ipip6-input record.
type IPIPTrace struct {
	// Tunnel is the tunnel's interface, Length that of the outer header.
	Tunnel   uint32
	Length   int
	Src, Dst netip.Addr
}

// Format renders as format_ipip_rx_trace does.
func (t *IPIPTrace) Format() string {
	return fmt.Sprintf("IPIP: tunnel %d len %d src %s dst %s", int32(t.Tunnel), t.Length, t.Src, t.Dst)
}
