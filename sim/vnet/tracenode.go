package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// TracenodeTrace is what trace-filtering records.
type TracenodeTrace struct{ Interface string }

// Format renders as format_tracenode_trace (src/plugins/tracenode/node.c).
func (t TracenodeTrace) Format() string {
	return fmt.Sprintf("Packet traced from interface %s added", t.Interface)
}

// addTracenodeNodes adds the features that begin a trace or a capture inside the
// graph (src/plugins/tracenode/node.c).
func (m *Main) addTracenodeNodes() {
	m.Graph.MustAdd(vlib.Registration{Name: "trace-filtering", Func: m.traceFiltering})
	m.Graph.MustAdd(vlib.Registration{Name: "pcap-filtering", Func: m.pcapFiltering})
}

func (m *Main) traceFiltering(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if b.Trace == nil && m.Graph.TraceSelected(b) {
			b.Trace.Add(n, TracenodeTrace{Interface: m.interfaceName(b.RxSwIf)})
		}
		n.SendFeature(b)
	}
}

func (m *Main) pcapFiltering(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if m.pcap.on && m.pcap.wants(m, b, b.RxSwIf) {
			m.pcap.add(m, b.Bytes())
		}
		n.SendFeature(b)
	}
}

// EnableTracenode traces or captures the packets that an interface receives, as
// far as the filter wants them. As in VPP, one note serves both kinds: what
// does not change it does nothing.
func (m *Main) EnableTracenode(swIfIndex uint32, capture, on bool) error {
	if _, err := m.mustInterface(swIfIndex); err != nil {
		return err
	}
	if m.tracenode[swIfIndex] == on {
		return nil
	}
	node := "trace-filtering"
	if capture {
		node = "pcap-filtering"
	}
	for _, arc := range []string{"ip4-unicast", "ip6-unicast"} {
		if err := m.EnableFeature(arc, node, swIfIndex, on); err != nil {
			return err
		}
	}
	if m.tracenode == nil {
		m.tracenode = map[uint32]bool{}
	}
	m.tracenode[swIfIndex] = on
	return nil
}
