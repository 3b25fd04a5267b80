package vnet

import (
	"fmt"
	"slices"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// SetMTU sets an interface's MTUs in bytes by kind; 0 for a protocol's own means
// that the L3 one counts (vnet_sw_interface_set_protocol_mtu).
func (m *Main) SetMTU(swIfIndex uint32, mtu [4]uint32) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil || i.MTU == mtu {
		return err
	}
	i.MTU = mtu
	m.interfaceEvent(InterfaceMTU, i)
	return nil
}

// SetHwMTU sets the largest packet in bytes that a device takes, and with it the
// interface's L3 MTU. ErrFeatureDisabled says that the interface is not
// Ethernet, ErrUnsupported that the driver has a fixed size
// (vnet_hw_interface_set_mtu).
func (m *Main) SetHwMTU(swIfIndex, mtu uint32) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil {
		return err
	}
	hw := i.Hw
	if !hw.Class.Ethernet {
		return ErrFeatureDisabled
	}
	size := mtu + hw.Overhead
	if size == hw.MaxFrame {
		return nil
	}
	if err := hw.Driver.SetMaxFrame(hw, size); err != nil {
		return err
	}
	hw.MaxFrame = size
	for _, s := range append([]*Interface{i.Sup()}, hw.subs...) {
		if s.MTU[MTUL3] != mtu {
			s.MTU[MTUL3] = mtu
			m.interfaceEvent(InterfaceMTU, s)
		}
	}
	return nil
}

// LinkMTU is the MTU in bytes that the device's largest frame allows.
func (hw *HwInterface) LinkMTU() uint32 { return hw.MaxFrame - hw.Overhead }

// SetTag marks an interface for its client; an empty tag removes the mark.
func (m *Main) SetTag(swIfIndex uint32, tag string) error {
	i, err := m.mustInterface(swIfIndex)
	if err == nil {
		i.Tag = tag
	}
	return err
}

// SetMAC changes an interface's Ethernet address. ErrUnimplemented says that it
// has none (vnet_hw_interface_change_mac_address).
func (m *Main) SetMAC(swIfIndex uint32, mac packet.MAC) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil {
		return err
	}
	if !i.Hw.Class.Ethernet {
		return ErrUnimplemented
	}
	if err := i.Hw.Driver.SetMAC(i.Hw, mac); err != nil {
		return ErrUnimplemented
	}
	i.Hw.MAC = mac
	m.interfaceEvent(InterfaceMAC, i.Sup())
	for _, s := range i.Hw.subs {
		m.interfaceEvent(InterfaceMAC, s)
	}
	return nil
}

// ChangeMAC adds or removes a secondary address that the interface accepts
// frames for (vnet_hw_interface_add_del_mac_address).
func (m *Main) ChangeMAC(swIfIndex uint32, mac packet.MAC, add bool) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil {
		return err
	}
	hw := i.Hw
	if !hw.Class.Ethernet {
		return ErrUnimplemented
	}
	k := slices.Index(hw.ExtraMACs, mac)
	switch {
	case add && k < 0:
		hw.ExtraMACs = append(hw.ExtraMACs, mac)
	case !add && k >= 0:
		hw.ExtraMACs = slices.Delete(hw.ExtraMACs, k, k+1)
	}
	return nil
}

// SetPromisc makes an Ethernet interface accept frames for every destination,
// or no longer. ErrInvalidValue says that it is not Ethernet, ErrUnspecified
// that its driver does not know the mode (ethernet_set_flags).
func (m *Main) SetPromisc(swIfIndex uint32, on bool) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil {
		return err
	}
	if !i.Hw.Class.Ethernet {
		return ErrInvalidValue
	}
	if err := i.Hw.Driver.SetPromisc(i.Hw, on); err != nil {
		return err
	}
	i.Hw.Promisc = on
	return nil
}

// Rename gives an interface and its nodes another name
// (vnet_rename_interface). A name that is taken is allowed, as in VPP: the
// latest interface is found by it.
func (m *Main) Rename(swIfIndex uint32, name string) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil {
		return err
	}
	if name == "" {
		return ErrInvalidValue
	}
	i = i.Sup()
	m.rename(i, name)
	i.Hw.Name = name
	for _, s := range i.Hw.subs {
		m.rename(s, fmt.Sprintf("%s.%d", name, s.Sub.ID))
	}
	if m.Graph.Node(name+"-output") == nil && m.Graph.Node(name+"-tx") == nil {
		mustRename(m.Graph, i.Hw.OutputNode, name+"-output")
		mustRename(m.Graph, i.Hw.TxNode, name+"-tx")
	}
	return nil
}

func (m *Main) rename(i *Interface, name string) {
	if m.byName[i.Name] == i {
		delete(m.byName, i.Name)
	}
	i.Name = name
	m.byName[name] = i
}

// ClearStats zeroes an interface's counters.
func (m *Main) ClearStats(swIfIndex uint32) error {
	_, err := m.mustInterface(swIfIndex)
	if err == nil {
		m.ifStats.zero(swIfIndex)
	}
	return err
}

// CollectDetailed makes an Ethernet interface count unicast, multicast and
// broadcast apart, or no longer; like all features it counts how often it was
// asked for. ErrFeatureDisabled says that the interface does not exist or is
// not Ethernet (src/vnet/interface_stats.c).
func (m *Main) CollectDetailed(swIfIndex uint32, on bool) error {
	i := m.Interface(swIfIndex)
	if i == nil || !i.Hw.Class.Ethernet {
		return ErrFeatureDisabled
	}
	if err := m.enableFeature(arcDeviceInput, "stats-collect-rx", swIfIndex, on); err != nil {
		return err
	}
	return m.enableFeature(arcInterfaceOutput, "stats-collect-tx", swIfIndex, on)
}
