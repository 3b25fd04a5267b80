package vnet

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of gre4-input and gre6-input (foreach_gre_input_next in
// src/plugins/gre/gre.h).
const (
	greNextPunt uint16 = iota
	greNextDrop
	greNextEthernet
	greNextIP4
	greNextIP6
	greNextMPLS
)

// Error counters of the nodes (src/plugins/gre/error.def).
const (
	greErrNone uint16 = iota
	greErrProtocol
	greErrVersion
	greErrDecap
	greErrEncap
	greErrNoTunnel
)

func (m *Main) addGRENodes() {
	m.gre.bySwIf, m.gre.byKey = map[uint32]*GRETunnel{}, map[greKey]*GRETunnel{}
	m.gre.instances, m.gre.sequences = map[uint32]bool{}, map[greSequenceKey]*uint32{}
	errs := plainErrors("no error", "unknown protocol", "unsupported version", "GRE input packets decapsulated",
		"GRE output packets encapsulated", "GRE input packets dropped due to missing tunnel")
	for p, name := range []string{"gre4-input", "gre6-input"} {
		m.Graph.MustAdd(vlib.Registration{Name: name, Errors: errs,
			Nexts: []string{"error-punt", "error-drop", "ethernet-input", "ip4-input", "ip6-input", "mpls-input"},
			Func:  func(n *vlib.Node, bufs []*vlib.Buffer) { m.greInput(n, bufs, fib.Proto(p)) }})
	}
	for _, name := range []string{"gre-teb-encap", "gre-erspan-encap"} {
		m.Graph.MustAdd(vlib.Registration{Name: name, Nexts: []string{"adj-l2-midchain"}, Errors: errs, Func: m.greEncap})
	}
	m.Graph.MustAdd(vlib.Registration{Name: "adj-l2-midchain", Nexts: []string{"error-drop", "tunnel-output-no-count"},
		Func: m.l2Midchain})
}

// greInput takes the headers of tunnelled packets off (gre_input in
// src/plugins/gre/node.c). VPP's counter of decapsulated packets stays zero.
func (m *Main) greInput(n *vlib.Node, bufs []*vlib.Buffer, p fib.Proto) {
	for _, b := range bufs {
		o := readIPIPOuter(b.Bytes(), p)
		head := b.Bytes()[o.size:]
		word := packet.Uint32(head, 0)
		size, key := o.size+greLen, uint32(0)
		if word>>16&greFlagKey != 0 {
			size, key = size+4, packet.Uint32(head, greLen)
		}
		b.Advance(min(size, b.Len()))
		next, typ := greNext(uint16(word))
		n.SetError(b, greErrNone)
		if next == greNextPunt {
			n.SetError(b, greErrProtocol)
		}
		if word>>16&greVersion != 0 {
			n.SetError(b, greErrVersion)
			next = greNextDrop
		}
		swIf := vlib.InvalidIndex
		if t := m.gre.byKey[greKey{src: o.dst, dst: o.src, fib: b.FibIndex, key: key, typ: typ}]; t == nil {
			n.SetError(b, greErrNoTunnel)
			next = greNextDrop
		} else {
			swIf = t.SwIfIndex
			if next > greNextDrop {
				t.itf.Counters.RX.Add(b.Len())
				b.RxSwIf = swIf
			}
		}
		b.TxSwIf = vlib.InvalidIndex
		if b.Trace != nil {
			b.Trace.Add(n, &GRETrace{Tunnel: swIf, Length: o.length, Src: o.src, Dst: o.dst})
		}
		n.Enqueue(b, next)
	}
}

// greNext is where packets of a protocol type go, and the type of tunnel that
// they come from.
func greNext(proto uint16) (uint16, GREType) {
	switch proto {
	case packet.EtherTypeIPv4:
		return greNextIP4, GREL3
	case packet.EtherTypeIPv6:
		return greNextIP6, GREL3
	case 0x8847:
		return greNextMPLS, GREL3
	case greTEB:
		return greNextEthernet, GRETEB
	}
	return greNextPunt, GREL3
}

// erspanHeader is that of type II before the session is filled in
// (src/vnet/gre/packet.h), erspanLen with the sequence number in front of it.
const (
	erspanHeader = 0x1000180000000000
	erspanLen    = 12
)

// greEncap sends frames into tunnels; the midchain writes most of the header
// (gre_encap_inline in src/plugins/gre/gre.c).
func (m *Main) greEncap(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		t := m.gre.bySwIf[m.sw[b.TxSwIf].Hw.SwIfIndex]
		b.Adj = t.Adj
		if t.Type == GREERSPAN {
			h := b.Prepend(erspanLen)
			if h == nil {
				n.Drop(b, greErrNone)
				continue
			}
			binary.BigEndian.PutUint32(h, *t.sequence)
			*t.sequence++
			binary.BigEndian.PutUint64(h[4:], erspanHeader|uint64(t.Session)<<32)
		}
		if b.Trace != nil {
			b.Trace.Add(n, &GRETrace{Tunnel: t.Index, Length: b.Len(), Src: t.Src, Dst: t.Dst})
		}
		n.Enqueue(b, 0)
	}
	n.Count(greErrEncap, uint64(len(bufs)))
}

// l2Midchain puts the header of a tunnel in front of frames
// (src/vnet/adj/adj_l2.c).
func (m *Main) l2Midchain(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		adj := m.FIB.Adjacency(b.Adj)
		size, inner := int(adj.RewriteLen), b.Len()
		full := b.Prepend(size)
		if full == nil || inner > int(adj.MTU)+packet.EthernetLen+erspanLen {
			n.Enqueue(b, 0)
			continue
		}
		copy(full[:size], adj.Rewrite[:size])
		if m.FIB.Counters.PerAdjacency {
			m.FIB.Counters.Adjacent.Add(b.Adj, len(full))
		}
		b.TxSwIf = adj.SwIf
		if adj.Originate {
			b.Flags |= vlib.FlagLocallyOriginated
		}
		if adj.Fixup != nil {
			adj.Fixup(full, inner, b.FlowHash)
		}
		if b.Trace != nil {
			m.traceRewrite(n, b)
		}
		n.Enqueue(b, 1)
	}
}

// GRETrace is what the GRE nodes record.
type GRETrace struct {
	// Tunnel is the tunnel's interface or, on the way out, its index.
	Tunnel   uint32
	Length   int
	Src, Dst netip.Addr
}

// Format renders as format_gre_rx_trace and format_gre_tx_trace do.
func (t *GRETrace) Format() string {
	return fmt.Sprintf("GRE: tunnel %d len %d src %s dst %s", int32(t.Tunnel), t.Length, t.Src, t.Dst)
}
