package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// DeviceAFPacket is the class of host interfaces (src/plugins/af_packet).
var DeviceAFPacket = &DeviceClass{Name: "af-packet", Input: "af-packet-input"}

// ClassAFPacketIP is the link layer of host interfaces in IP mode.
var ClassAFPacketIP = &HwClass{Name: "IP", P2P: true, TxHash: txHashIP}

// HostInterfaceFlags are options of a host interface, with the API's numbers
// (af_packet_flags in src/plugins/af_packet/af_packet.api).
type HostInterfaceFlags uint32

// Host interface flags.
const (
	HostQdiscBypass HostInterfaceFlags = 1 << iota
	HostChecksumGSO
	_
	HostVersion2
)

// HostInterfaceConfig asks for an interface on a Linux network device, as
// af_packet_create_v3 does.
type HostInterfaceConfig struct {
	// HostIfName is the Linux device's name.
	HostIfName string
	// MAC is the address of this side, nil for a generated one.
	MAC *packet.MAC
	// IP carries bare IP packets.
	IP bool
	// RxQueues and TxQueues count queues, at least one each.
	RxQueues, TxQueues int
	// Flags are the options.
	Flags HostInterfaceFlags
}

// HostInterface is an interface on a Linux network device.
type HostInterface struct {
	BaseDriver
	// Config is what was asked for.
	Config HostInterfaceConfig
	// Instance is the driver's number for it, Interface the interface.
	Instance  uint32
	Interface *Interface

	m *Main
}

// HostDevice is implemented by ports of Linux devices that tell their MTU in
// bytes and carry out changes of it.
type HostDevice interface {
	// SetMTU changes the Linux device's MTU.
	SetMTU(mtu uint32) error
}

// AddHostInterface creates the interface host-<device>, link up and admin down.
// For a device that has an interface it returns that with ErrIfAlreadyExists;
// failures of the Linux side are the environment's, ErrInvalidInterface for a
// device that does not exist (af_packet_create_if).
func (m *Main) AddHostInterface(c HostInterfaceConfig) (*HostInterface, error) {
	if h := m.hostInterface(c.HostIfName); h != nil {
		return h, fmt.Errorf("add host interface %q: %w", c.HostIfName, ErrIfAlreadyExists)
	}
	if m.env == nil {
		return nil, fmt.Errorf("add host interface %q: the instance has no environment: %w", c.HostIfName,
			ErrInvalidInterface)
	}
	rx := &lateReceiver{}
	port, err := m.env.OpenAFPacket(c.HostIfName, rx)
	if err != nil {
		return nil, fmt.Errorf("add host interface %q: %w", c.HostIfName, err)
	}
	h := &HostInterface{Config: c, m: m}
	spec := InterfaceSpec{Name: "host-" + c.HostIfName, Device: DeviceAFPacket, Class: ClassEthernet, Driver: h}
	if c.IP {
		spec.Class = ClassAFPacketIP
	} else {
		spec.MAC = m.macOr(c.MAC)
	}
	spec.Instance = m.devices.hosts.add(h)
	i, err := m.AddInterface(spec)
	if err != nil {
		m.devices.hosts.remove(spec.Instance)
		_ = port.Close()
		return nil, err
	}
	h.Instance, h.Interface = spec.Instance, i
	i.Hw.Port = port
	m.addQueues(i.Hw, max(c.RxQueues, 1), max(c.TxQueues, 1))
	i.Hw.GSO = c.Flags&HostChecksumGSO != 0
	i.Hw.Checksum = i.Hw.GSO
	m.setLink(i.Hw, true)
	rx.attach(i)
	return h, nil
}

func (m *Main) hostInterface(hostIf string) *HostInterface {
	for _, h := range m.devices.hosts.used() {
		if h.Config.HostIfName == hostIf {
			return h
		}
	}
	return nil
}

// DeleteHostInterface deletes the interface of a Linux device; ErrSyscall1 says
// that it has none (af_packet_delete_if).
func (m *Main) DeleteHostInterface(hostIf string) error {
	h := m.hostInterface(hostIf)
	if h == nil {
		return fmt.Errorf("delete host interface %q: %w", hostIf, ErrSyscall1)
	}
	m.devices.hosts.remove(h.Instance)
	return m.DeleteInterface(h.Interface.SwIfIndex)
}

// SetHostChecksumOffload lets the Linux device fill in layer 4 checksums, or
// computes them here. ErrInvalidSwIfIndex and ErrInvalidInterface say that the
// index is not a host interface's (af_packet_set_l4_cksum_offload).
func (m *Main) SetHostChecksumOffload(swIfIndex uint32, on bool) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil {
		return err
	}
	if i.Hw.Device != DeviceAFPacket {
		return ErrInvalidInterface
	}
	i.Hw.Checksum = on
	return nil
}

// HostInterfaces returns the host interfaces by device instance.
func (m *Main) HostInterfaces() []*HostInterface { return m.devices.hosts.used() }

// AdminUpDown makes the link follow the admin state.
func (h *HostInterface) AdminUpDown(hw *HwInterface, up bool) error {
	h.m.setLink(hw, up)
	return nil
}

// SetMaxFrame changes the Linux device's MTU if its port can.
func (h *HostInterface) SetMaxFrame(hw *HwInterface, size uint32) error {
	d, ok := hw.Port.(HostDevice)
	if !ok {
		return nil
	}
	if err := d.SetMTU(size - hw.Overhead); err != nil {
		return fmt.Errorf("set mtu of %s: %w: %w", h.Config.HostIfName, err, ErrSyscall1)
	}
	return nil
}

// SetRxMode refuses the adaptive mode.
func (h *HostInterface) SetRxMode(_ *HwInterface, _ uint32, mode RxMode) error {
	if mode == RxModeAdaptive {
		return ErrUnsupported
	}
	return nil
}

// Show names the Linux device and counts its queues' packets.
func (h *HostInterface) Show(hw *HwInterface) []string {
	return []string{"Linux PACKET socket interface", fmt.Sprintf("  instance %d", h.Instance)}
}
