package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Error counters of mpls-input that this data plane raises.
const (
	mplsErrorPktsDecap = iota
	mplsErrorTTLExpired
	mplsErrorNotEnabled
)

// mplsErrors are counters of src/vnet/mpls/mpls.api.
var mplsErrors = []vlib.ErrorDesc{
	{Name: "pkts_decap", Desc: "MPLS input packets decapsulated", Severity: vlib.SeverityInfo},
	{Name: "ttl_expired", Desc: "MPLS ttl expired"},
	{Name: "not_enabled", Desc: "MPLS not enabled"},
}

// MPLSInputTrace is what mpls-input records: the first label stack entry.
type MPLSInputTrace struct{ Label uint32 }

// Format renders as format_mpls_input_trace (src/vnet/mpls/mpls_input.c).
func (t MPLSInputTrace) Format() string {
	return fmt.Sprintf("MPLS: next mpls-lookup[1]  label %d ttl %d exp %d", t.Label>>12, t.Label&0xff, t.Label>>9&7)
}

// addMPLSNodes adds mpls-input and mpls-not-enabled, where labelled packets
// end: MPLS is not enabled on any interface of this data plane.
func (m *Main) addMPLSNodes() {
	m.Graph.MustAdd(vlib.Registration{Name: "mpls-input", Func: m.mplsInput, Nexts: []string{"error-drop"},
		Errors: mplsErrors})
	m.Graph.MustAdd(vlib.Registration{Name: "mpls-not-enabled", Func: m.mplsNotEnabled, Nexts: []string{"error-drop"}})
}

func (m *Main) mplsInput(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		label := packet.Uint32(b.Bytes(), 0)
		*m.sw[b.RxSwIf].Counters.MPLS++
		if b.Trace != nil {
			b.Trace.Add(n, MPLSInputTrace{Label: label})
		}
		features := m.featureStart(arcMPLSInput, b.RxSwIf)
		switch {
		case label&0xff == 0:
			n.Drop(b, mplsErrorTTLExpired)
		case features == nil:
			n.Drop(b, mplsErrorNotEnabled)
		default:
			b.Features = features
			n.SendFeature(b)
		}
	}
	n.Count(mplsErrorPktsDecap, uint64(len(bufs)))
}

// mplsNotEnabled counts on mpls-input, as mpls_terminate does.
func (m *Main) mplsNotEnabled(n *vlib.Node, bufs []*vlib.Buffer) {
	input := m.Graph.MustIndex("mpls-input")
	drop := m.Graph.MustIndex("error-drop")
	for _, b := range bufs {
		b.ErrorNode, b.ErrorCode = input, mplsErrorNotEnabled
		n.Send(b, drop)
	}
}

// mplsWatchInterface keeps labelled packets off a new interface
// (mpls_sw_interface_add_del in src/vnet/mpls/mpls.c).
func (m *Main) mplsWatchInterface(ev InterfaceEvent, i *Interface) {
	if ev == InterfaceAdded {
		_ = m.enableFeature(arcMPLSInput, "mpls-not-enabled", i.SwIfIndex, true)
	}
}
