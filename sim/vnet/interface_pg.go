package vnet

import (
	"fmt"
	"sync"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// DevicePG is the class of packet generator interfaces (src/vnet/pg), which
// tests and captures use.
var DevicePG = &DeviceClass{Name: "pg", Input: "pg-input"}

// ClassPGTun is the link layer of packet generator interfaces in IP mode.
var ClassPGTun = &HwClass{Name: "PG-tun", P2P: true, TxHash: txHashIP}

// PGMode says what a packet generator interface carries.
type PGMode uint8

// Modes of a packet generator interface, with the API's numbers.
const (
	PGEthernet PGMode = iota
	PGIP4
	PGIP6
)

// AddPG creates the interface pg<id> on the given port, admin and link down; a
// nil port keeps nothing of what is sent. A zero MAC stands for a generated one.
// Unlike VPP, where asking again returns the interface, an id that is taken is
// ErrIfAlreadyExists.
func (m *Main) AddPG(id uint32, mode PGMode, mac packet.MAC, port Port) (*Interface, error) {
	spec := InterfaceSpec{Name: fmt.Sprintf("pg%d", id), Device: DevicePG, Class: ClassEthernet, Instance: id,
		Driver: pgDriver{m: m, mode: mode}}
	if mode != PGEthernet {
		spec.Class = ClassPGTun
	} else if spec.MAC = mac; mac.IsZero() {
		spec.MAC = m.newMAC()
	}
	i, err := m.AddInterface(spec)
	if err != nil {
		return nil, err
	}
	i.Hw.Port = port
	return i, nil
}

// DeletePG deletes a packet generator interface; ErrInvalidSwIfIndex says that
// the index is not one's.
func (m *Main) DeletePG(swIfIndex uint32) error {
	i := m.Interface(swIfIndex)
	if i == nil || i.Hw.Device != DevicePG {
		return ErrInvalidSwIfIndex
	}
	return m.DeleteInterface(swIfIndex)
}

// PGMode returns what a packet generator interface carries; PGEthernet for
// interfaces of other kinds.
func (i *Interface) PGMode() PGMode {
	d, _ := i.Hw.Driver.(pgDriver)
	return d.mode
}

// CreatePG creates the interface pg<id> for a test, sets it up and returns it
// with the port that keeps what it sends.
func (m *Main) CreatePG(id uint32, mode PGMode) (*Interface, *TestPort, error) {
	port := &TestPort{}
	i, err := m.AddPG(id, mode, packet.MAC{}, port)
	if err != nil {
		return nil, nil, err
	}
	return i, port, m.SetAdminUp(i.SwIfIndex, true)
}

// pgDriver makes the link follow the admin state.
type pgDriver struct {
	BaseDriver
	m    *Main
	mode PGMode
}

func (d pgDriver) AdminUpDown(hw *HwInterface, up bool) error {
	d.m.setLink(hw, up)
	return nil
}

func (pgDriver) SetPromisc(*HwInterface, bool) error { return nil }

// TestPort is a port that keeps copies of what it is sent. It may be used from
// any goroutine.
type TestPort struct {
	mu     sync.Mutex
	frames []packet.Frame
	closed bool
}

// Transmit keeps copies of the frames.
func (p *TestPort) Transmit(frames []packet.Frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range frames {
		p.frames = append(p.frames, packet.Frame{Data: append([]byte(nil), f.Data...), Trace: f.Trace})
	}
}

// Close notes that the interface is gone.
func (p *TestPort) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

// Take returns the frames kept since the last call.
func (p *TestPort) Take() []packet.Frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.frames
	p.frames = nil
	return out
}

// Closed tells whether the interface closed the port.
func (p *TestPort) Closed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}
