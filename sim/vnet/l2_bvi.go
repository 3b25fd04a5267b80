package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// DeviceBVI is the class of bridged virtual interfaces, a bridge domain's own
// (src/vnet/l2/l2_bvi.c).
var DeviceBVI = &DeviceClass{Name: "BVI"}

// maxBVIs bounds instance numbers (BVI_MAX_INSTANCE).
const maxBVIs = 16 * 1024

// AddBVI creates the interface bvi<instance>; vlib.InvalidIndex takes the lowest
// free number. A zero MAC means b0:b0:00:00:00:<instance>.
// ErrInvalidRegistration says that the number is taken or above 16383
// (l2_bvi_create).
func (m *Main) AddBVI(mac packet.MAC, instance uint32) (*Interface, error) {
	n := instance
	if n == vlib.InvalidIndex {
		n = firstFree(m.l2.bvis)
	}
	if n >= maxBVIs || m.l2.bvis[n] {
		return nil, fmt.Errorf("add BVI %d: %w", n, ErrInvalidRegistration)
	}
	if mac.IsZero() {
		mac = packet.MAC{0xb0, 0xb0, 0, 0, 0, byte(n)}
	}
	i, err := m.AddInterface(InterfaceSpec{Name: fmt.Sprintf("bvi%d", n), Device: DeviceBVI, Class: ClassEthernet,
		Instance: n, MAC: mac, Driver: loopbackDriver{m: m}, Tx: m.bviTx})
	if err != nil {
		return nil, err
	}
	m.l2.bvis[n] = true
	return i, nil
}

// DeleteBVI deletes a bridged virtual interface; ErrInvalidSwIfIndex says that
// the index is not one's.
func (m *Main) DeleteBVI(swIfIndex uint32) error {
	i := m.Interface(swIfIndex)
	if i == nil || i.Hw.Device != DeviceBVI {
		return ErrInvalidSwIfIndex
	}
	delete(m.l2.bvis, i.Hw.Instance)
	return m.DeleteInterface(i.Hw.SwIfIndex)
}

// bviTx gives what layer 3 sends to the bridge domain, as received on the
// interface (src/vnet/l2/l2_bvi_node.c).
func (m *Main) bviTx(n *vlib.Node, bufs []*vlib.Buffer) {
	next := m.Graph.AddNext(n, "l2-input")
	for _, b := range bufs {
		b.RxSwIf, b.TxSwIf = b.TxSwIf, l2BVIMark
		updateL2Len(b)
		n.Enqueue(b, next)
	}
}

// moveBVI follows a change of a BVI's address in the MAC table
// (l2input_interface_mac_change).
func (m *Main) moveBVI(hw *HwInterface, mac packet.MAC) {
	in := m.l2In(hw.SwIfIndex)
	if in.flags&(l2Bridge|l2BVI) != l2Bridge|l2BVI {
		return
	}
	domain := in.domain
	_ = m.DeleteL2Entry(hw.MAC, domain, hw.SwIfIndex)
	m.AddL2Entry(L2Entry{MAC: mac, Domain: domain, SwIf: hw.SwIfIndex, Static: true, BVI: true})
}
