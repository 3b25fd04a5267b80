package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// DeviceLoopback is the class of loopback interfaces
// (ethernet_simulated_device_class in src/vnet/ethernet/interface.c).
var DeviceLoopback = &DeviceClass{Name: "Loopback"}

// maxLoopbacks bounds instance numbers (LOOPBACK_MAX_INSTANCE).
const maxLoopbacks = 16 * 1024

// AddLoopback creates the interface loop<instance>; a nil instance takes the
// lowest free one. A zero MAC means de:ad:00:00:00:<instance>.
// ErrInvalidRegistration says that the instance is taken or above 16383
// (vnet_create_loopback_interface).
func (m *Main) AddLoopback(mac packet.MAC, instance *uint32) (*Interface, error) {
	d := &m.devices
	if d.loopbacks == nil {
		d.loopbacks = map[uint32]bool{}
	}
	n := firstFree(d.loopbacks)
	if instance != nil {
		n = *instance
	}
	if n >= maxLoopbacks || d.loopbacks[n] {
		return nil, fmt.Errorf("add loopback %d: %w", n, ErrInvalidRegistration)
	}
	if mac.IsZero() {
		mac = packet.MAC{0xde, 0xad, 0, 0, 0, byte(n)}
	}
	i, err := m.AddInterface(InterfaceSpec{Name: fmt.Sprintf("loop%d", n), Device: DeviceLoopback, Class: ClassEthernet,
		Instance: n, MAC: mac, Driver: loopbackDriver{m: m}, Tx: m.loopbackTx})
	if err != nil {
		return nil, err
	}
	d.loopbacks[n] = true
	return i, nil
}

// DeleteLoopback deletes a loopback interface; ErrInvalidSwIfIndex says that
// the index is not one's.
func (m *Main) DeleteLoopback(swIfIndex uint32) error {
	i := m.Interface(swIfIndex)
	if i == nil || i.Hw.Device != DeviceLoopback {
		return ErrInvalidSwIfIndex
	}
	delete(m.devices.loopbacks, i.Hw.Instance)
	return m.DeleteInterface(swIfIndex)
}

// loopbackTx echoes packets back in, as received on the loopback, to the bridge
// domain of a loopback that is in one (simulated_ethernet_interface_tx). They are
// counted as sent a second time.
func (m *Main) loopbackTx(n *vlib.Node, bufs []*vlib.Buffer) {
	toEthernet, toBridge := m.Graph.AddNext(n, "ethernet-input"), m.Graph.AddNext(n, "l2-input")
	for _, b := range bufs {
		m.sw[b.TxSwIf].Counters.TX.Add(b.Len())
		flags := m.l2In(b.TxSwIf).flags
		b.RxSwIf, b.TxSwIf = b.TxSwIf, vlib.InvalidIndex
		if flags&l2BVI != 0 {
			b.TxSwIf = l2BVIMark
		}
		if flags&l2Bridge != 0 {
			updateL2Len(b)
			n.Enqueue(b, toBridge)
			continue
		}
		n.Enqueue(b, toEthernet)
	}
}

// SetMAC takes the address along in the MAC table of a bridge domain.
func (d loopbackDriver) SetMAC(hw *HwInterface, mac packet.MAC) error {
	d.m.moveBVI(hw, mac)
	return nil
}

// loopbackDriver makes the link follow the admin state.
type loopbackDriver struct {
	BaseDriver
	m *Main
}

func (d loopbackDriver) AdminUpDown(hw *HwInterface, up bool) error {
	d.m.setLink(hw, up)
	return nil
}
