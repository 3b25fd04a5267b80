package vnet

import (
	"fmt"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// DeviceMemif is the class of memif interfaces (src/plugins/memif).
var DeviceMemif = &DeviceClass{Name: "memif", Input: "memif-input"}

// ClassMemifIP is the link layer of memif interfaces in IP mode.
var ClassMemifIP = &HwClass{Name: "memif-ip", P2P: true, TxHash: txHashIP}

// MemifConfig asks for a memif interface, as memif_create does.
type MemifConfig struct {
	// ID tells the interfaces of one socket apart, SocketID is the socket's
	// number.
	ID, SocketID uint32
	// Slave connects to the peer's socket; a master listens on its own.
	Slave bool
	// Mode says what the interface carries.
	Mode MemifMode
	// Secret must be the same at both ends, empty for none.
	Secret string
	// RxQueues and TxQueues count a slave's queues, 0 for 1; a master takes
	// what its peer offers.
	RxQueues, TxQueues int
	// RingSize is in slots, a power of two, 0 for 1024; BufferSize in bytes, 0
	// for 2048.
	RingSize   uint32
	BufferSize uint16
	// NoZeroCopy makes a slave copy packets into the shared memory; DMA asks
	// for an accelerator.
	NoZeroCopy, DMA bool
	// MAC is the address of an Ethernet mode interface, zero for a generated
	// one.
	MAC packet.MAC
}

// Memif is a memif interface.
type Memif struct {
	BaseDriver
	// Config is what was asked for, with the defaults filled in.
	Config MemifConfig
	// Instance is the driver's number for it, Interface the interface.
	Instance  uint32
	Interface *Interface
	// Connected says that the peer is there.
	Connected bool
	// RingSize and BufferSize are what both ends agreed on, 1 and 0 before.
	RingSize   uint32
	BufferSize uint16

	m      *Main
	socket *MemifSocket
	peer   MemifSpec
}

// MemifPeerReceiver is what ListenMemif gets as its receiver; an environment
// that knows the peer tells it before it reports the link.
type MemifPeerReceiver interface {
	Receiver
	// SetPeer describes the other end.
	SetPeer(peer MemifSpec)
}

const (
	defaultMemifRing   = 1024
	defaultMemifBuffer = 2048
)

// AddMemif creates the interface memif<socket>/<id>, admin and link down. A
// master's listens at once; a slave connects when it is set up.
// ErrInvalidArgument says that there is no such socket or that the ring size is
// not a power of two, ErrSubifAlreadyExists that the id is taken or the socket
// used in the other role, ErrSyscall2 that the mode is not supported; failures
// to listen are the environment's, ErrSyscall4 (memif_create_if in
// src/plugins/memif/memif.c).
func (m *Main) AddMemif(c MemifConfig) (*Memif, error) {
	mif := &Memif{Config: c, RingSize: 1, m: m, socket: m.MemifSocket(c.SocketID)}
	mif.setDefaults()
	if err := mif.check(); err != nil {
		return nil, fmt.Errorf("add memif%d/%d: %w", c.SocketID, c.ID, err)
	}
	spec := InterfaceSpec{Name: fmt.Sprintf("memif%d/%d", c.SocketID, c.ID), Device: DeviceMemif, Class: ClassEthernet,
		Driver: mif}
	if c.Mode == MemifIP {
		spec.Class = ClassMemifIP
	} else if spec.MAC = c.MAC; c.MAC.IsZero() {
		spec.MAC = m.newMAC()
	}
	spec.Instance = m.devices.memifs.add(mif)
	i, err := m.AddInterface(spec)
	if err != nil {
		m.devices.memifs.remove(spec.Instance)
		return nil, err
	}
	mif.Instance, mif.Interface = spec.Instance, i
	mif.socket.Users++
	mif.socket.Master = !c.Slave
	if !c.Slave {
		if err := mif.open(); err != nil {
			_ = m.DeleteMemif(i.SwIfIndex)
			return nil, err
		}
	}
	return mif, nil
}

func (mif *Memif) setDefaults() {
	c := &mif.Config
	if c.RingSize == 0 {
		c.RingSize = defaultMemifRing
	}
	if c.BufferSize == 0 {
		c.BufferSize = defaultMemifBuffer
	}
	if !c.Slave {
		c.RxQueues, c.TxQueues = 0, 0
		return
	}
	c.RxQueues, c.TxQueues = max(c.RxQueues, 1), max(c.TxQueues, 1)
}

// check answers for what the API refuses.
func (mif *Memif) check() error {
	c := &mif.Config
	switch {
	case c.RingSize&(c.RingSize-1) != 0:
		return fmt.Errorf("ring of %d slots, want a power of two: %w", c.RingSize, ErrInvalidArgument)
	case mif.socket == nil:
		return fmt.Errorf("no socket %d: %w", c.SocketID, ErrInvalidArgument)
	case mif.socket.Users > 0 && mif.socket.Master == c.Slave:
		return fmt.Errorf("socket %d has interfaces of the other role: %w", c.SocketID, ErrSubifAlreadyExists)
	case c.Mode > MemifIP:
		return fmt.Errorf("mode %s: %w", c.Mode, ErrSyscall2)
	case mif.m.env == nil && !c.Slave:
		return fmt.Errorf("the instance has no environment: %w", ErrSyscall4)
	}
	for _, o := range mif.m.devices.memifs.used() {
		if o.socket == mif.socket && o.Config.ID == c.ID {
			return fmt.Errorf("the id is taken: %w", ErrSubifAlreadyExists)
		}
	}
	return nil
}

// open lets the environment listen or connect.
func (mif *Memif) open() error {
	c := &mif.Config
	port, err := mif.m.env.ListenMemif(MemifSpec{Socket: mif.socket.Filename, ID: c.ID, Master: !c.Slave, Mode: c.Mode,
		Secret: c.Secret, RxQueues: c.RxQueues, TxQueues: c.TxQueues, RingSize: c.RingSize, BufferSize: c.BufferSize},
		memifReceiver{mif})
	if err != nil {
		return fmt.Errorf("open %s on %s: %w", mif.Interface.Name, mif.socket.Filename, err)
	}
	mif.Interface.Hw.Port = port
	return nil
}

// DeleteMemif deletes a memif interface; ErrInvalidSwIfIndex says that the index
// is not one's.
func (m *Main) DeleteMemif(swIfIndex uint32) error {
	i := m.Interface(swIfIndex)
	if i == nil || i.Hw.Device != DeviceMemif {
		return ErrInvalidSwIfIndex
	}
	mif := m.devices.memifs.all[i.Hw.Instance]
	mif.Connected = false
	m.devices.memifs.remove(mif.Instance)
	if mif.socket.Users--; mif.socket.Users == 0 {
		mif.socket.Master = false
	}
	return m.DeleteInterface(swIfIndex)
}

// Memifs returns the memif interfaces by device instance.
func (m *Main) Memifs() []*Memif { return m.devices.memifs.used() }

// Socket is the control socket the interface uses.
func (mif *Memif) Socket() *MemifSocket { return mif.socket }

// AdminUpDown brings the link back if the peer is there. A slave that is set up
// starts to look for its master.
func (mif *Memif) AdminUpDown(hw *HwInterface, up bool) error {
	switch {
	case up && mif.Connected:
		mif.m.setLink(hw, true)
	case up && mif.Config.Slave:
		mif.seek()
	}
	return nil
}

// memifRetry is how often a slave looks for its master (memif_process).
const memifRetry = 3 * time.Second

// seek opens a slave's end; if the environment cannot, it tries again later.
func (mif *Memif) seek() {
	i := mif.Interface
	if i.deleted || !i.AdminUp || i.Hw.Port != nil || mif.m.env == nil || mif.open() == nil {
		return
	}
	mif.m.AfterFunc(memifRetry, mif.seek)
}

// SetMaxFrame accepts every size: the device has none of its own.
func (mif *Memif) SetMaxFrame(*HwInterface, uint32) error { return nil }

// SetPromisc accepts.
func (mif *Memif) SetPromisc(*HwInterface, bool) error { return nil }

// Show is format_memif_device (src/plugins/memif/device.c).
func (mif *Memif) Show(*HwInterface) []string {
	return []string{"MEMIF interface", fmt.Sprintf("   instance %d", mif.Instance)}
}

// connect gives the interface the queues that both ends agreed on; a master
// receives on what its peer sends on.
func (mif *Memif) connect() {
	c, hw := &mif.Config, mif.Interface.Hw
	rx, tx := c.RxQueues, c.TxQueues
	if !c.Slave {
		rx, tx = max(mif.peer.TxQueues, 1), max(mif.peer.RxQueues, 1)
	} else {
		mif.RingSize, mif.BufferSize = c.RingSize, c.BufferSize
	}
	mif.Connected = true
	mif.m.addQueues(hw, rx, tx)
	mif.m.setLink(hw, true)
}

// disconnect takes link and queues away.
func (mif *Memif) disconnect() {
	hw := mif.Interface.Hw
	mif.Connected = false
	mif.m.setLink(hw, false)
	hw.RxQueues, hw.TxQueues = nil, nil
}

// memifReceiver is what the environment holds of a memif.
type memifReceiver struct{ mif *Memif }

// Receive passes on to the interface.
func (r memifReceiver) Receive(frames ...packet.Frame) { r.mif.Interface.Receive(frames...) }

// SetPeer notes what the other end offers; it takes ownership of the instance.
func (r memifReceiver) SetPeer(peer MemifSpec) {
	m := r.mif.m
	m.Lock()
	defer m.Unlock()
	r.mif.peer = peer
}

// SetLink reports that the peer connected or went; it takes ownership of the
// instance.
func (r memifReceiver) SetLink(up bool) {
	m := r.mif.m
	m.Lock()
	defer m.Unlock()
	switch {
	case r.mif.Interface.deleted:
	case up && !r.mif.Connected:
		r.mif.connect()
	case !up && r.mif.Connected:
		r.mif.disconnect()
	}
}
