package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// PatchTrace is what l2-patch records.
type PatchTrace struct{ Rx, Tx uint32 }

// Format renders as format_l2_patch_trace does.
func (t PatchTrace) Format() string {
	return fmt.Sprintf("L2_PATCH: rx %d tx %d", int32(t.Rx), int32(t.Tx))
}

func (m *Main) addL2PatchNode() {
	m.Graph.MustAdd(vlib.Registration{Name: "l2-patch", Func: m.l2Patch, Nexts: []string{"error-drop"},
		Errors: plainErrors("L2 patch packets", "L2 patch misconfigured drops")})
}

// l2Patch sends what a device receives out of another, whatever it is
// (src/vnet/l2/l2_patch.c).
func (m *Main) l2Patch(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		tx := m.l2PatchPeer(b.RxSwIf)
		if b.Trace != nil {
			b.Trace.Add(n, PatchTrace{b.RxSwIf, tx})
		}
		i := m.Interface(tx)
		if i == nil {
			n.Drop(b, 1)
			continue
		}
		b.TxSwIf = tx
		n.Send(b, i.Hw.OutputNode.Index)
	}
	n.Count(0, uint64(len(bufs)))
}

func (m *Main) l2PatchPeer(rx uint32) uint32 {
	if uint64(rx) < uint64(len(m.l2.patches)) {
		return m.l2.patches[rx]
	}
	return vlib.InvalidIndex
}

// SetL2Patch makes all frames that the device rx receives leave by tx, or no
// longer. ErrInvalidSwIfIndex and ErrInvalidSwIfIndex2 say that one is a
// sub-interface or missing (vnet_l2_patch_add_del).
func (m *Main) SetL2Patch(rx, tx uint32, add bool) error {
	in, out := m.Interface(rx), m.Interface(tx)
	switch {
	case in == nil || in.IsSub():
		return ErrInvalidSwIfIndex
	case out == nil || out.IsSub():
		return ErrInvalidSwIfIndex2
	}
	for uint32(len(m.l2.patches)) <= rx {
		m.l2.patches = append(m.l2.patches, vlib.InvalidIndex)
	}
	m.l2.patches[rx] = vlib.InvalidIndex
	if add {
		m.l2.patches[rx] = tx
		m.Graph.AddNext(m.Graph.Node("l2-patch"), out.Hw.OutputNode.Name)
	}
	if in.Hw.Class.Ethernet {
		m.l2Promisc(in.Hw, add)
	}
	for _, id := range []arcID{arcDeviceInput, arcPortRxEth} {
		if err := m.enableFeature(id, "l2-patch", rx, add); err != nil {
			return err
		}
	}
	return nil
}

// L2Patches returns the patches as pairs of sw_if_index, by the first.
func (m *Main) L2Patches() [][2]uint32 {
	var out [][2]uint32
	for rx, tx := range m.l2.patches {
		if tx != vlib.InvalidIndex {
			out = append(out, [2]uint32{uint32(rx), tx})
		}
	}
	return out
}
