package vnet

import (
	"fmt"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// DeviceTap is the class of tap and tun interfaces (src/plugins/tap).
var DeviceTap = &DeviceClass{Name: "tap", Input: "tap-input"}

// ClassTun is the link layer of tun interfaces: bare IP packets to one peer.
var ClassTun = &HwClass{Name: "tun", P2P: true, TxHash: txHashIP}

// TapFlags are options of a tap, with the API's numbers (tap_flags in
// src/plugins/tap/tapv2.api).
type TapFlags uint32

// Tap flags.
const (
	TapGSO TapFlags = 1 << iota
	TapChecksumOffload
	TapPersist
	TapAttach
	TapTun
	TapGROCoalesce
	TapPacked
	TapInOrder
	TapConsistentQP
)

// TapConfig asks for a tap or tun interface, as tap_create_v3 does.
type TapConfig struct {
	// ID is the number in the name, nil for the lowest free one. Taps and tuns
	// share the numbers.
	ID *uint32
	// MAC is the address of this side, nil for a generated one.
	MAC *packet.MAC
	// RxQueues and TxQueues count queues; at least one each, and as many to
	// send as there are threads. RxRing and TxRing are their slots: a power of
	// two of at most 32768, 0 for 256.
	RxQueues, TxQueues, RxRing, TxRing int
	// Flags are the options.
	Flags TapFlags
	// Tag marks the interface for its client.
	Tag string
	// HostIfName, HostNamespace, HostBridge, HostMAC describe the Linux side;
	// empty or zero leaves it to the environment.
	HostIfName, HostNamespace, HostBridge string
	HostMAC                               packet.MAC
	// HostMTU is the Linux side's MTU in bytes, nil to leave it.
	HostMTU *uint32
	// HostIP4, HostIP6, HostIP4Gw and HostIP6Gw are addresses with prefix
	// length and default gateways of the Linux side; invalid ones are not set.
	HostIP4, HostIP6     netip.Prefix
	HostIP4Gw, HostIP6Gw netip.Addr
}

// Tap is a tap or tun interface.
type Tap struct {
	BaseDriver
	// Config is what was asked for, with the defaults filled in.
	Config TapConfig
	// ID and Instance are the number in the name and the driver's.
	ID, Instance uint32
	// Interface is the interface.
	Interface *Interface

	m *Main
}

// hostNamer is implemented by ports that know the name Linux gave their device.
type hostNamer interface{ HostName() string }

const (
	maxTapID       = 8 << 10 // TAP_MAX_INSTANCE, the largest number allowed
	maxTapRing     = 32768
	defaultTapRing = 256
	ifNameSize     = 16 // IFNAMSIZ with the NUL
)

// AddTap creates a tap or tun interface with its Linux side, link up and admin
// down. ErrInvalidInterface says that the number is taken, ErrUnspecified that
// it is too large, ErrInitFailed that a ring size is not allowed; failures of
// the Linux side are the environment's, ErrSyscall1 to 3 and ErrNetlinkError
// (tap_create_if in src/plugins/tap/tap.c).
func (m *Main) AddTap(c TapConfig) (*Tap, error) {
	d := &m.devices
	if d.tapIDs == nil {
		d.tapIDs = map[uint32]bool{}
	}
	id := firstFree(d.tapIDs)
	if c.ID != nil {
		id = *c.ID
	}
	switch {
	case d.tapIDs[id]:
		return nil, fmt.Errorf("add tap %d: the number is taken: %w", id, ErrInvalidInterface)
	case id > maxTapID:
		return nil, fmt.Errorf("add tap %d: want at most %d: %w", id, maxTapID, ErrUnspecified)
	case c.Flags&TapAttach != 0 && c.HostIfName == "":
		return nil, fmt.Errorf("add tap %d: attach to a device without a name: %w", id, ErrSyscall3)
	}
	t := &Tap{Config: c, ID: id, m: m}
	t.setDefaults()
	for _, ring := range []int{t.Config.RxRing, t.Config.TxRing} {
		if ring&(ring-1) != 0 || ring > maxTapRing {
			return nil, fmt.Errorf("add tap %d: ring of %d slots, want a power of two up to %d: %w", id, ring, maxTapRing,
				ErrInitFailed)
		}
	}
	if m.env == nil {
		return nil, fmt.Errorf("add tap %d: the instance has no environment: %w", id, errNoEnvironment)
	}
	return t, t.open()
}

// setDefaults fills in what the caller left open.
func (t *Tap) setDefaults() {
	c := &t.Config
	c.RxQueues, c.TxQueues = max(c.RxQueues, 1), max(c.TxQueues, t.m.devices.workers+1)
	if c.RxRing == 0 {
		c.RxRing = defaultTapRing
	}
	if c.TxRing == 0 {
		c.TxRing = defaultTapRing
	}
	if len(c.HostIfName) >= ifNameSize {
		c.HostIfName = c.HostIfName[:ifNameSize-1]
	}
	if !t.isTun() && c.HostMAC.IsZero() {
		c.HostMAC = t.m.newMAC()
	}
}

func (t *Tap) isTun() bool { return t.Config.Flags&TapTun != 0 }

// open creates the interface and its Linux side, or neither.
func (t *Tap) open() error {
	m, c := t.m, &t.Config
	spec := InterfaceSpec{Name: fmt.Sprintf("tap%d", t.ID), Device: DeviceTap, Class: ClassEthernet, Driver: t}
	if t.isTun() {
		spec.Name, spec.Class = fmt.Sprintf("tun%d", t.ID), ClassTun
	}
	rx := &lateReceiver{}
	port, err := m.env.OpenTap(t.spec(), rx)
	if err != nil {
		return fmt.Errorf("add %s: %w", spec.Name, err)
	}
	if n, ok := port.(hostNamer); ok {
		c.HostIfName = n.HostName()
	} else if c.HostIfName == "" {
		c.HostIfName = spec.Name
	}
	if !t.isTun() {
		spec.MAC = m.macOr(c.MAC)
	}
	spec.Instance = m.devices.taps.add(t)
	i, err := m.AddInterface(spec)
	if err != nil {
		m.devices.taps.remove(spec.Instance)
		_ = port.Close()
		return err
	}
	t.Instance, t.Interface = spec.Instance, i
	m.devices.tapIDs[t.ID] = true
	hw := i.Hw
	hw.Port = port
	hw.GSO = c.Flags&TapGSO != 0
	hw.Checksum = hw.GSO || c.Flags&TapChecksumOffload != 0
	if c.HostMTU != nil {
		hw.PeerMTU = *c.HostMTU
	}
	i.Tag = c.Tag
	m.addQueues(hw, c.RxQueues, c.TxQueues)
	m.setLink(hw, true)
	rx.attach(i)
	return nil
}

// macOr is the given address or a generated one.
func (m *Main) macOr(mac *packet.MAC) packet.MAC {
	if mac != nil {
		return *mac
	}
	return m.newMAC()
}

// spec is what the environment needs.
func (t *Tap) spec() TapSpec {
	c := &t.Config
	s := TapSpec{ID: t.ID, Tun: t.isTun(), Persist: c.Flags&TapPersist != 0, Attach: c.Flags&TapAttach != 0,
		GSO: c.Flags&TapGSO != 0, Checksum: c.Flags&(TapGSO|TapChecksumOffload) != 0,
		HostIfName: c.HostIfName, HostNamespace: c.HostNamespace, HostMAC: c.HostMAC, HostMTU: c.HostMTU,
		HostBridge: c.HostBridge, HostIP4: c.HostIP4, HostIP6: c.HostIP6, HostIP4Gw: c.HostIP4Gw, HostIP6Gw: c.HostIP6Gw,
		RxQueues: c.RxQueues, TxQueues: c.TxQueues, RxRing: c.RxRing, TxRing: c.TxRing}
	return s
}

// DeleteTap deletes a tap or tun interface and its Linux side;
// ErrInvalidSwIfIndex says that the index is not one's (tap_delete_if).
func (m *Main) DeleteTap(swIfIndex uint32) error {
	i := m.Interface(swIfIndex)
	if i == nil || i.Hw.Device != DeviceTap {
		return ErrInvalidSwIfIndex
	}
	t := m.devices.taps.all[i.Hw.Instance]
	m.devices.taps.remove(t.Instance)
	delete(m.devices.tapIDs, t.ID)
	return m.DeleteInterface(swIfIndex)
}

// Taps returns the tap and tun interfaces by device instance.
func (m *Main) Taps() []*Tap { return m.devices.taps.used() }

// AdminUpDown makes the link follow the admin state.
func (t *Tap) AdminUpDown(hw *HwInterface, up bool) error {
	t.m.setLink(hw, up)
	return nil
}

// SetMaxFrame accepts every size: the device has none of its own.
func (t *Tap) SetMaxFrame(*HwInterface, uint32) error { return nil }

// SetPromisc accepts.
func (t *Tap) SetPromisc(*HwInterface, bool) error { return nil }

// Show counts packets by queue (format_tap_device in
// src/plugins/tap/format.c).
func (t *Tap) Show(hw *HwInterface) []string {
	lines := []string{"VIRTIO interface", fmt.Sprintf("   instance %d", t.Instance), "     RX QUEUE : Total Packets"}
	for _, q := range hw.RxQueues {
		lines = append(lines, fmt.Sprintf("     %8d : %d", q.ID, q.Packets))
	}
	lines = append(lines, "     TX QUEUE : Total Packets")
	for _, q := range hw.TxQueues {
		lines = append(lines, fmt.Sprintf("     %8d : %d", q.ID, q.Packets))
	}
	return lines
}
