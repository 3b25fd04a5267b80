package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// MTUKind selects one of an interface's four MTUs (vnet_mtu_t).
type MTUKind uint8

// Kinds of MTU. A protocol's own MTU of 0 means that the L3 one counts.
const (
	MTUL3 MTUKind = iota
	MTUIP4
	MTUIP6
	MTUMPLS
	numMTU
)

// Interface is a software interface (vnet_sw_interface_t). The instance's owner
// reads fields freely; methods of Main change them.
type Interface struct {
	// SwIfIndex is the interface's index, its identity in the API. An index is
	// used again after the interface is deleted.
	SwIfIndex uint32
	// SupSwIfIndex is the interface it belongs to: itself, or the one that a
	// sub-interface is part of.
	SupSwIfIndex uint32
	// Sub says which frames a sub-interface takes, nil for other interfaces.
	Sub *SubSpec
	// Name is unique in the instance.
	Name string
	// Hw is the device under the interface, which sub-interfaces share.
	Hw *HwInterface
	// AdminUp is the configured state. The interface sends when Hw.LinkUp, too.
	AdminUp bool
	// MTU holds the configured MTUs in bytes by kind, 0 where unset.
	MTU [numMTU]uint32
	// Tag is the client's mark, empty for none.
	Tag string
	// FibIndex and MFibIndex are the tables by protocol (fib.IP4, fib.IP6) that
	// its packets are looked up in.
	FibIndex, MFibIndex [2]uint32
	// UnnumberedOwner is the interface whose addresses this one borrows,
	// vlib.InvalidIndex for none.
	UnnumberedOwner uint32
	// DirectedBroadcast lets packets for a subnet's broadcast address leave.
	DirectedBroadcast bool
	// Counters are where the interface's packets are counted; Stats has the
	// values.
	Counters InterfaceSlots

	main       *Main
	deleted    bool
	floodClass floodClass
}

// IsUp tells whether the interface can send: admin up and link up.
func (i *Interface) IsUp() bool { return i.AdminUp && i.Hw.LinkUp }

// MTUOf is the MTU in bytes that counts for a kind: its own, or the L3 one when
// that is 0, or 9000 when neither is set (vnet_sw_interface_get_mtu).
func (i *Interface) MTUOf(kind MTUKind) uint32 {
	if mtu := i.MTU[kind]; mtu != 0 {
		return mtu
	}
	if mtu := i.MTU[MTUL3]; mtu != 0 {
		return mtu
	}
	return defaultMTU
}

// InterfaceSpec describes an interface to add.
type InterfaceSpec struct {
	// Name must be free.
	Name string
	// Device and Class are the driver's and the link layer's kind.
	Device   *DeviceClass
	Class    *HwClass
	Instance uint32
	// MAC is the Ethernet address of an Ethernet class.
	MAC packet.MAC
	// MTU is the L3 MTU in bytes; 0 means 9000 for Ethernet, as VPP's default,
	// and none for other classes.
	MTU uint32
	// MaxFrame and Overhead are in bytes; 0 means Ethernet's defaults.
	MaxFrame, Overhead uint32
	// Driver may be nil for BaseDriver.
	Driver Driver
	// Tx replaces the function of the node "<name>-tx", for devices whose
	// packets go on in this graph; nil hands packets to the port.
	Tx vlib.Func
	// TxErrors are the error counters of that node.
	TxErrors []vlib.ErrorDesc
}

// Interface returns the interface with the given sw_if_index, nil if there is
// none.
func (m *Main) Interface(swIfIndex uint32) *Interface {
	if uint64(swIfIndex) >= uint64(len(m.sw)) {
		return nil
	}
	return m.sw[swIfIndex]
}

// InterfaceByName returns the interface with the given name, nil if there is
// none.
func (m *Main) InterfaceByName(name string) *Interface { return m.byName[name] }

// Interfaces calls fn for each interface by sw_if_index until fn returns false.
func (m *Main) Interfaces(fn func(*Interface) bool) {
	for _, i := range m.sw {
		if i != nil && !fn(i) {
			return
		}
	}
}

// HwInterface returns the device with the given hw_if_index, nil if there is
// none.
func (m *Main) HwInterface(hwIfIndex uint32) *HwInterface {
	if uint64(hwIfIndex) >= uint64(len(m.hw)) {
		return nil
	}
	return m.hw[hwIfIndex]
}

// mustInterface is Interface with the API's answer for an index without one.
func (m *Main) mustInterface(swIfIndex uint32) (*Interface, error) {
	if i := m.Interface(swIfIndex); i != nil {
		return i, nil
	}
	return nil, ErrInvalidSwIfIndex
}

// AddInterface creates an interface, admin and link down, and tells the
// watchers. The error names a name that is taken.
func (m *Main) AddInterface(spec InterfaceSpec) (*Interface, error) {
	if m.byName[spec.Name] != nil {
		return nil, fmt.Errorf("add interface %q: the name is taken: %w", spec.Name, ErrIfAlreadyExists)
	}
	hw := &HwInterface{HwIfIndex: m.allocHw(), Name: spec.Name, DeviceName: spec.Name, Device: spec.Device, Class: spec.Class,
		Instance: spec.Instance, MAC: spec.MAC, RxMode: RxModePolling, Driver: spec.Driver}
	if hw.Driver == nil {
		hw.Driver = BaseDriver{}
	}
	if spec.Device.Input != "" {
		hw.input = m.Graph.Node(spec.Device.Input)
	}
	m.hw[hw.HwIfIndex] = hw
	i := &Interface{SwIfIndex: m.allocSw(), Name: spec.Name, Hw: hw, UnnumberedOwner: vlib.InvalidIndex, main: m}
	i.SupSwIfIndex, hw.SwIfIndex = i.SwIfIndex, i.SwIfIndex
	hw.vlans.untagged = subConfig{flags: subValid | subMatch0, swIf: vlib.InvalidIndex}
	m.sw[i.SwIfIndex] = i
	m.byName[i.Name] = i
	m.addInterfaceStats(i)
	m.addInterfaceNodes(hw, spec)
	m.interfaceEvent(InterfaceAdded, i)
	m.setFrameSizes(i, spec)
	return i, nil
}

// setFrameSizes fills in MTU and frame sizes as vnet_eth_register_interface
// does (src/vnet/ethernet/interface.c).
func (m *Main) setFrameSizes(i *Interface, spec InterfaceSpec) {
	hw, mtu := i.Hw, spec.MTU
	if spec.Class.Ethernet {
		hw.MinFrame, hw.Overhead, hw.MaxFrame = 64, spec.Overhead, spec.MaxFrame
		if hw.Overhead == 0 {
			hw.Overhead = packet.EthernetLen + 2*4
		}
		if mtu == 0 {
			mtu = defaultMTU
		}
		if hw.MaxFrame == 0 {
			hw.MaxFrame = defaultMTU + hw.Overhead
		}
	}
	if mtu != 0 {
		i.MTU[MTUL3] = mtu
		m.interfaceEvent(InterfaceMTU, i)
	}
}

// defaultMTU is VPP's default MTU of Ethernet interfaces in bytes.
const defaultMTU = 9000

// DeleteInterface removes an interface: it goes link and admin down, the
// watchers take along what hangs on it, its port is closed and its index and
// graph nodes are free for the next one (vnet_delete_hw_interface).
func (m *Main) DeleteInterface(swIfIndex uint32) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil {
		return err
	}
	if i.IsSub() {
		return m.DeleteSubInterface(swIfIndex)
	}
	m.setLink(i.Hw, false)
	for len(i.Hw.subs) > 0 {
		if err := m.DeleteSubInterface(i.Hw.subs[0].SwIfIndex); err != nil {
			return err
		}
	}
	i.Tag = ""
	if i.AdminUp {
		m.adminState(i, false)
		m.interfaceEvent(InterfaceAdmin, i)
		_ = i.Hw.Driver.AdminUpDown(i.Hw, false)
	}
	m.interfaceEvent(InterfaceDeleted, i)
	m.clearFeatures(i.SwIfIndex)
	i.deleted = true
	m.deleteInterfaceStats(i)
	m.deleteInterfaceNodes(i.Hw)
	delete(m.byName, i.Name)
	m.sw[i.SwIfIndex], m.hw[i.Hw.HwIfIndex] = nil, nil
	m.freeSw = append(m.freeSw, i.SwIfIndex)
	m.freeHw = append(m.freeHw, i.Hw.HwIfIndex)
	if i.Hw.Port != nil {
		return i.Hw.Port.Close()
	}
	return nil
}

// SetAdminUp sets the admin state. Admin down takes the link down, as in VPP;
// when a device is set up, its driver decides about the link.
func (m *Main) SetAdminUp(swIfIndex uint32, up bool) error {
	i, err := m.mustInterface(swIfIndex)
	if err == nil && i.IsSub() {
		return m.setSubAdmin(i, up)
	}
	if err != nil || i.AdminUp == up {
		return err
	}
	m.adminState(i, up)
	m.interfaceEvent(InterfaceAdmin, i)
	if err := i.Hw.Driver.AdminUpDown(i.Hw, up); err != nil {
		m.adminState(i, !up)
		return err
	}
	if !up {
		m.setLink(i.Hw, false)
	}
	return nil
}

// adminState notes an interface's admin state and tells ethernet-input.
func (m *Main) adminState(i *Interface, up bool) {
	i.AdminUp, i.Hw.vlans.untagged.swIf = up, vlib.InvalidIndex
	if up {
		i.Hw.vlans.untagged.swIf = i.SwIfIndex
	}
}

// setLink changes the carrier and tells the watchers.
func (m *Main) setLink(hw *HwInterface, up bool) {
	if hw.LinkUp == up {
		return
	}
	hw.LinkUp = up
	m.interfaceEvent(InterfaceLink, m.sw[hw.SwIfIndex])
}

// SetCarrier sets the carrier of the device under an interface, as a test may
// (`test interface link-state`); it does nothing for one that does not exist.
func (m *Main) SetCarrier(swIf uint32, up bool) {
	if i := m.Interface(swIf); i != nil {
		m.setLink(i.Hw, up)
	}
}

// allocSw takes the sw_if_index that was freed last, or a new one.
func (m *Main) allocSw() uint32 {
	if n := len(m.freeSw); n > 0 {
		index := m.freeSw[n-1]
		m.freeSw = m.freeSw[:n-1]
		return index
	}
	m.sw = append(m.sw, nil)
	return uint32(len(m.sw) - 1)
}

func (m *Main) allocHw() uint32 {
	if n := len(m.freeHw); n > 0 {
		index := m.freeHw[n-1]
		m.freeHw = m.freeHw[:n-1]
		return index
	}
	m.hw = append(m.hw, nil)
	return uint32(len(m.hw) - 1)
}
