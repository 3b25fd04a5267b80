package vnet

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// L2Feature is a set of features that a packet visits on its way through a
// bridge domain or a cross-connect, one bit each. A packet visits them from the
// highest bit to the lowest (src/vnet/l2/feat_bitmap.h).
type L2Feature uint32

// Input features, with VPP's bits (foreach_l2input_feat in
// src/vnet/l2/l2_input.h).
const (
	L2InDrop L2Feature = 1 << iota
	L2InXConnect
	L2InFlood
	L2InARPUFwd
	L2InARPTerm
	L2InUUFlood
	L2InUUFwd
	L2InFwd
	L2InRewrite
	L2InLearn
	L2InSRv6
	L2InVTR
	L2InQoSRecord
	L2InVPath
	L2InACL
	L2InPolicer
	L2InPolicerClassify
	L2InFeatureArc
	L2InClassify
	L2InSpan
)

// Output features (foreach_l2output_feat in src/vnet/l2/l2_output.h).
const (
	L2OutOutput L2Feature = 1 << iota
	L2OutSpan
	L2OutCFM
	L2OutQoS
	L2OutACL
	L2OutL2PT
	L2OutEFPFilter
	L2OutIPIW
	L2OutSTPBlocked
	L2OutLineDown
	L2OutClassify
	L2OutFeatureArc
	L2OutPolicer
	L2OutXCRW
)

// l2InNames and l2OutNames are VPP's names of the features and the nodes that
// carry them out, by bit.
var (
	l2InNames = [...]string{"DROP", "XCONNECT", "FLOOD", "ARP_UFWD", "ARP_TERM", "UU_FLOOD", "UU_FWD", "FWD", "RW", "LEARN",
		"SRV6", "VTR", "L2_IP_QOS_RECORD", "VPATH", "ACL", "POLICER", "POLICER_CLAS", "INPUT_FEAT_ARC", "INPUT_CLASSIFY", "SPAN"}
	l2InNodes = [...]string{"feature-bitmap-drop", "l2-output", "l2-flood", "l2-uu-fwd", "arp-term-l2bd", "l2-flood",
		"l2-uu-fwd", "l2-fwd", "l2-rw", "l2-learn", "sr-pl-rewrite-encaps-l2", "l2-input-vtr", "l2-ip-qos-record",
		"vpath-input-l2", "l2-input-acl", "l2-policer-input", "l2-policer-classify", "l2-input-feat-arc", "l2-input-classify",
		"span-l2-input"}
	l2OutNames = [...]string{"OUTPUT", "SPAN", "CFM", "QOS", "ACL", "L2PT", "EFP_FILTER", "IPIW", "STP_BLOCKED",
		"LINESTATUS_DOWN", "OUTPUT_CLASSIFY", "OUTPUT_FEAT_ARC", "POLICER", "XCRW"}
	l2OutNodes = [...]string{"interface-output", "span-l2-output", "feature-bitmap-drop", "feature-bitmap-drop",
		"l2-output-acl", "feature-bitmap-drop", "l2-efp-filter", "feature-bitmap-drop", "feature-bitmap-drop",
		"feature-bitmap-drop", "l2-output-classify", "l2-output-feat-arc", "l2-policer-output", "l2-xcrw"}
)

// l2BVIMark in TxSwIf says that a packet comes from a bridge domain's own
// interface (L2INPUT_BVI).
const l2BVIMark = vlib.InvalidIndex - 1

// l2Main is the state of bridging.
type l2Main struct {
	inputs  []l2Input  // by sw_if_index
	outputs []l2Output // by sw_if_index
	// domains are the bridge domains by index, freed ones as they were left; the
	// first is where packets of interfaces in no domain are dropped.
	domains []*BridgeDomain
	byID    map[uint32]*BridgeDomain
	fib     l2FIB
	patches []uint32 // tx sw_if_index by rx sw_if_index
	bvis    map[uint32]bool
	unused  uint32 // the last id that UnusedBridgeDomain gave

	// inNext and outNext are the nodes of the features.
	inNext  [32]uint32
	outNext [32]uint32

	arpTerm func(L2Neighbor)
}

// Modes of an interface (l2_input_flags_t).
type l2Flags uint8

const (
	l2XConnect l2Flags = 1 << iota
	l2Bridge
	l2BVI
)

// l2Input is an interface's input configuration (l2_input_config_t). It stays
// when the interface goes, with its sequence number.
type l2Input struct {
	domain   uint16
	flags    l2Flags
	shg      uint8
	features L2Feature
	// The next three are the domain's.
	domainFeatures L2Feature
	domainSeq, age uint8
	// seq is part of what learned entries belong to; raising it makes them stale.
	seq uint8
	// peer is where a cross-connect leads.
	peer uint32
}

// l2Output is an interface's output configuration (l2_output_config_t).
type l2Output struct {
	features L2Feature
	shg      uint8
	// next is the interface's output node: 0 before the interface was in layer 2
	// mode, badOutput when it is no longer.
	next   uint32
	vtr    bool
	in     tagRewrite
	out    tagRewrite
	pbbIn  pbbRewrite
	pbbOut pbbRewrite
}

// addL2Nodes registers the nodes of src/vnet/l2.
func (m *Main) addL2Nodes() {
	m.initL2()
	m.addFeatureDropNode()
	m.addL2InputNode()
	m.addL2LearnNode()
	m.addL2FwdNode()
	m.addL2FloodNodes()
	m.addL2OutputNodes()
	m.addVTRNode()
	m.addEFPNode()
	m.addARPTermNode()
	m.addL2PatchNode()
	m.addSpanNodes()
}

func (m *Main) initL2() {
	l := &m.l2
	l.byID = map[uint32]*BridgeDomain{}
	l.bvis = map[uint32]bool{}
	l.fib.init()
	d := m.newBridgeDomain(0)
	d.Features = L2InDrop
}

// startL2 finds the nodes of the features. One that this data plane has not
// drops, as VPP's feature-bitmap-drop says.
func (m *Main) startL2() {
	find := func(to *[32]uint32, names []string) {
		for k := range to {
			name := "feature-bitmap-drop"
			if k < len(names) && m.Graph.Node(names[k]) != nil {
				name = names[k]
			}
			to[k] = m.Graph.MustIndex(name)
		}
	}
	find(&m.l2.inNext, l2InNodes[:])
	find(&m.l2.outNext, l2OutNodes[:])
}

// l2Watch takes an interface that goes out of its domain and forgets what was
// learned on one that goes down (l2_input_interface_add_del in
// src/vnet/l2/l2_input.c, l2fib_sw_interface_up_down in src/vnet/l2/l2_fib.c).
func (m *Main) l2Watch(ev InterfaceEvent, i *Interface) {
	if uint64(i.SwIfIndex) >= uint64(len(m.l2.inputs)) {
		return
	}
	in := &m.l2.inputs[i.SwIfIndex]
	switch {
	case ev == InterfaceAdmin && !i.AdminUp && in.flags&l2Bridge != 0:
		m.FlushL2Interface(i.SwIfIndex)
	case ev == InterfaceDeleted:
		if in.flags&l2XConnect != 0 && m.Interface(in.peer) != nil {
			_ = m.SetL3Mode(in.peer)
		}
		if in.flags&(l2XConnect|l2Bridge) != 0 {
			_ = m.SetL3Mode(i.SwIfIndex)
		}
		if uint64(i.SwIfIndex) < uint64(len(m.l2.patches)) {
			m.l2.patches[i.SwIfIndex] = vlib.InvalidIndex
		}
	}
}

// l2In and l2Out return an interface's configuration, made if there is none. The
// pointer is good until the next call.
func (m *Main) l2In(swIf uint32) *l2Input { return at(&m.l2.inputs, swIf) }

func (m *Main) l2Out(swIf uint32) *l2Output { return at(&m.l2.outputs, swIf) }

// l2Next sends a packet to its next input feature, having done the given one
// (vnet_l2_feature_next).
func (m *Main) l2Next(n *vlib.Node, b *vlib.Buffer, done L2Feature) {
	b.L2.Features &^= uint32(done)
	n.Send(b, m.l2.inNext[(31-bits.LeadingZeros32(b.L2.Features))&31])
}

func (m *Main) l2OutNext(n *vlib.Node, b *vlib.Buffer, done L2Feature) {
	b.L2.Features &^= uint32(done)
	n.Send(b, m.l2.outNext[(31-bits.LeadingZeros32(b.L2.Features))&31])
}

// EnableL2Input and EnableL2Output turn features of an interface on or off and
// return what is on (l2input_intf_bitmap_enable, l2output_intf_bitmap_enable).
func (m *Main) EnableL2Input(swIf uint32, f L2Feature, on bool) L2Feature {
	in := m.l2In(swIf)
	in.features = in.features.with(f, on)
	return in.features
}

// EnableL2Output is EnableL2Input for output features.
func (m *Main) EnableL2Output(swIf uint32, f L2Feature, on bool) L2Feature {
	out := m.l2Out(swIf)
	out.features = out.features.with(f, on)
	return out.features
}

func (f L2Feature) with(mask L2Feature, on bool) L2Feature {
	if on {
		return f | mask
	}
	return f &^ mask
}

// L2Features returns an interface's input and output features.
func (m *Main) L2Features(swIf uint32) (in, out L2Feature) {
	return m.l2In(swIf).features, m.l2Out(swIf).features
}

// FormatL2Input renders input features as format_l2_input_feature_bitmap does:
// the nodes in the order of visits, or with names a line each.
func FormatL2Input(f L2Feature, verbose bool) string {
	return formatL2Features(f, f&^L2InDrop, l2InNames[:], l2InNodes[:], verbose)
}

// FormatL2Output renders output features.
func FormatL2Output(f L2Feature, verbose bool) string {
	return formatL2Features(f, f, l2OutNames[:], l2OutNodes[:], verbose)
}

func formatL2Features(all, shown L2Feature, names, nodes []string, verbose bool) string {
	if all == 0 {
		return "  none configured"
	}
	var s strings.Builder
	for k := len(nodes) - 1; k >= 0; k-- {
		switch {
		case shown&(1<<k) == 0:
		case verbose:
			s.WriteString(strings.Repeat(" ", max(17-len(names[k]), 0)) + names[k] + " (" + nodes[k] + ")\n")
		default:
			s.WriteString(nodes[k] + " ")
		}
	}
	return s.String()
}

// L2Trace is what most bridging nodes record: the interface, both addresses and
// what the node adds.
type L2Trace struct {
	// Node is the word in front, SwIf the interface in question.
	Node     string
	SwIf     uint32
	Dst, Src packet.MAC
	// Rest is what follows.
	Rest string
}

// Format renders as the nodes' own functions do.
func (t *L2Trace) Format() string {
	return t.Node + " sw_if_index " + strconv.FormatInt(int64(int32(t.SwIf)), 10) + " dst " + t.Dst.String() + " src " + t.Src.String() + t.Rest
}

func newL2Trace(node string, swIf uint32, b *vlib.Buffer, rest string) *L2Trace {
	t := &L2Trace{Node: node, SwIf: swIf, Rest: rest}
	p := b.Bytes()
	copy(t.Dst[:], p)
	if len(p) > 6 {
		copy(t.Src[:], p[6:])
	}
	return t
}

// FeatureDropTrace is what feature-bitmap-drop records.
type FeatureDropTrace struct{ Features uint32 }

// Format renders as format_feat_bitmap_drop_trace does.
func (t FeatureDropTrace) Format() string {
	return fmt.Sprintf("feat_bitmap_drop: feature bitmap 0x%08x", t.Features)
}

// Errors of feature-bitmap-drop.
const (
	featureDropNoForward uint16 = iota
	featureDropNotYet
)

func (m *Main) addFeatureDropNode() {
	m.Graph.MustAdd(vlib.Registration{Name: "feature-bitmap-drop", Nexts: []string{"error-drop"},
		Errors: plainErrors("L2 feature forwarding disabled", "L2 feature not implemented"),
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) {
			for _, b := range bufs {
				if b.Trace != nil {
					b.Trace.Add(n, FeatureDropTrace{b.L2.Features})
				}
				if b.L2.Features == uint32(L2InDrop) {
					n.Drop(b, featureDropNoForward)
				} else {
					n.Drop(b, featureDropNotYet)
				}
			}
		}})
}
