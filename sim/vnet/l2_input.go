package vnet

import (
	"encoding/binary"
	"math/bits"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of l2-input.
const (
	l2InputNextLearn uint16 = iota
	l2InputNextFwd
	l2InputNextDrop
)

// withFeatures lists a node's own next nodes and those of the features.
func withFeatures(features []string, own ...string) []string {
	for _, f := range features {
		found := false
		for _, o := range own {
			found = found || o == f
		}
		if !found {
			own = append(own, f)
		}
	}
	return own
}

func (m *Main) addL2InputNode() {
	m.Graph.MustAdd(vlib.Registration{Name: "l2-input", Func: m.l2InputNode,
		Nexts:  withFeatures(l2InNodes[:], "l2-learn", "l2-fwd", "error-drop"),
		Errors: plainErrors("L2 input packets", "L2 input drops")})
}

// l2InputNode finds the features of a packet: the interface's, masked by the
// bridge domain's and by what the destination is, and starts with the first
// (src/vnet/l2/l2_input_node.c).
func (m *Main) l2InputNode(n *vlib.Node, bufs []*vlib.Buffer) {
	rx := vlib.InvalidIndex
	var in *l2Input
	for _, b := range bufs {
		if b.RxSwIf != rx {
			rx = b.RxSwIf
			in = m.l2In(rx)
		}
		p := b.Bytes()
		mask := ^L2Feature(0)
		b.L2.SHG = in.shg
		if p[0]&1 != 0 {
			mask = m.l2GroupMask(b, p)
		} else if b.TxSwIf == l2BVIMark {
			b.L2.SHG = 0
		}
		switch {
		case in.flags&l2Bridge != 0:
			b.L2.BD, b.L2.Age = in.domain, in.age
			b.L2.Seq = uint16(in.domainSeq)<<8 | uint16(in.seq)
			mask &= in.domainFeatures
		case in.flags&l2XConnect != 0:
			b.TxSwIf = in.peer
		default:
			m.traceL2Input(n, b)
			n.Enqueue(b, l2InputNextDrop)
			continue
		}
		features := uint32(in.features & mask)
		b.L2.Features = features
		if b.Trace != nil {
			m.traceL2Input(n, b)
		}
		if features == 0 {
			n.Enqueue(b, l2InputNextDrop)
			continue
		}
		n.Send(b, m.l2.inNext[(31-bits.LeadingZeros32(features))&31])
	}
	n.Count(0, uint64(len(bufs)))
}

func (m *Main) traceL2Input(n *vlib.Node, b *vlib.Buffer) {
	if b.Trace != nil {
		b.Trace.Add(n, newL2Trace("l2-input:", b.RxSwIf, b, " ["+FormatL2Input(L2Feature(b.L2.Features), false)+"]"))
	}
}

// l2GroupMask is what a packet for a group of stations may visit: it is flooded
// unless it is ARP or neighbour discovery that the domain answers. What asks for
// a neighbour and comes from the BVI goes to its own split horizon group, too.
func (m *Main) l2GroupMask(b *vlib.Buffer, p []byte) L2Feature {
	mask := ^(L2InFwd | L2InUUFlood | L2InUUFwd)
	l3 := p[min(int(b.L2Len), len(p)):]
	etherType := binary.BigEndian.Uint16(b.Bytes()[max(int(b.L2Len)-2, 0):][:2])
	if etherType != packet.EtherTypeARP {
		mask &^= L2InARPUFwd
	}
	nd := etherType == packet.EtherTypeIPv6 && packet.Uint8(l3, 6) == packet.ProtoICMPv6
	switch {
	case etherType != packet.EtherTypeARP && !nd:
		mask &^= L2InARPTerm
	case b.TxSwIf != l2BVIMark:
	case nd && packet.Uint8(l3, packet.IPv6Len) == packet.ICMPv6NeighborSol,
		!nd && packet.Uint16(l3, 6) == packet.ARPRequest:
		b.L2.SHG = 0
	}
	return mask
}

// updateL2Len measures the layer 2 header of a frame, up to two tags
// (vnet_update_l2_len).
func updateL2Len(b *vlib.Buffer) {
	p := b.Bytes()
	b.L2Len = packet.EthernetLen
	if isTagged(packet.Uint16(p, 12)) {
		b.L2Len += packet.VLANLen
		if packet.Uint16(p, 16) == packet.EtherTypeVLAN {
			b.L2Len += packet.VLANLen
		}
	}
}
