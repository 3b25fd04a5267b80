package vnet

import (
	"fmt"
	"sync"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
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

func (m PGMode) String() string {
	return [...]string{"ethernet", "ip4", "ip6"}[min(m, PGIP6)]
}

// inputNode is where a stream without a node enters
// (pg_interface_get_input_node in src/vnet/pg/cli.c).
func (m PGMode) inputNode() string {
	return [...]string{"ethernet-input", "ip4-input", "ip6-input"}[min(m, PGIP6)]
}

// PGConfig describes a packet generator interface (pg_interface_args_t in
// src/vnet/pg/pg.h).
type PGConfig struct {
	// ID is the number in the interface's name.
	ID uint32
	// Mode is what it carries.
	Mode PGMode
	// MAC is its Ethernet address; zero stands for a generated one.
	MAC packet.MAC
	// GSO makes it take super-packets, and give TCP packets larger than a
	// buffer as ones with segments of GSOSize bytes.
	GSO     bool
	GSOSize uint32
	// Checksum makes it take packets whose layer 4 checksum is not filled in,
	// and give its own as such. VPP ignores it beside GSO.
	Checksum bool
	// Coalesce merges packets of one TCP stream that it sends. Only with GSO.
	Coalesce bool
}

// pgTxErrors are the error counters of "<pg>-tx"
// (foreach_pg_tx_func_error in src/vnet/pg/pg.h).
var pgTxErrors = plainErrors("gso disabled on itf  -- gso packet drop",
	"checksum offload disabled on itf -- csum offload packet drop")

const (
	pgErrorGSODrop uint16 = iota
	pgErrorChecksumDrop
)

// AddOrGetPG creates the interface pg<ID>, admin and link down. One that exists
// is returned as it is, whatever else the configuration says
// (pg_interface_add_or_get in src/vnet/pg/stream.c).
func (m *Main) AddOrGetPG(c PGConfig) (*Interface, error) {
	if i := m.pg.byID[c.ID]; i != nil {
		return i, nil
	}
	d := &pgDriver{m: m, config: c}
	spec := InterfaceSpec{Name: fmt.Sprintf("pg%d", int32(c.ID)), Device: DevicePG, Class: ClassEthernet,
		Instance: firstFree(m.pg.instances), Driver: d, Tx: d.tx, TxErrors: pgTxErrors}
	if c.Mode != PGEthernet {
		spec.Class = ClassPGTun
	} else if spec.MAC = c.MAC; c.MAC.IsZero() {
		spec.MAC = m.newMAC()
	}
	i, err := m.AddInterface(spec)
	if err != nil {
		return nil, err
	}
	d.i = i
	i.Hw.GSO, i.Hw.Checksum = c.GSO, c.GSO || c.Checksum
	d.config.Checksum = c.Checksum && !c.GSO
	d.config.Coalesce = c.GSO && c.Coalesce
	m.pg.add(c.ID, i)
	return i, nil
}

// AddPG is AddOrGetPG for callers that want an interface of their own, on the
// given port; a nil port keeps nothing of what is sent. An id that is taken is
// ErrIfAlreadyExists.
func (m *Main) AddPG(id uint32, mode PGMode, mac packet.MAC, port Port) (*Interface, error) {
	if m.pg.byID[id] != nil {
		return nil, fmt.Errorf("add pg%d: %w", id, ErrIfAlreadyExists)
	}
	i, err := m.AddOrGetPG(PGConfig{ID: id, Mode: mode, MAC: mac})
	if err != nil {
		return nil, err
	}
	i.Hw.Port = port
	return i, nil
}

// PG returns the packet generator interface with the given id, nil if there is
// none.
func (m *Main) PG(id uint32) *Interface { return m.pg.byID[id] }

// DeletePG deletes a packet generator interface; ErrInvalidSwIfIndex says that
// the index is not one's. Its streams stay, without effect.
func (m *Main) DeletePG(swIfIndex uint32) error {
	i := m.Interface(swIfIndex)
	d := i.pgDriver()
	if d == nil {
		return ErrInvalidSwIfIndex
	}
	d.capture.close()
	m.pg.remove(d.config.ID, i)
	return m.DeleteInterface(swIfIndex)
}

// PGConfig returns how a packet generator interface was created, with what has
// changed since; false says that the interface is of another kind.
func (i *Interface) PGConfig() (PGConfig, bool) {
	d := i.pgDriver()
	if d == nil {
		return PGConfig{}, false
	}
	c := d.config
	c.MAC = i.Hw.MAC
	return c, true
}

// PGMode returns what a packet generator interface carries; PGEthernet for
// interfaces of other kinds.
func (i *Interface) PGMode() PGMode {
	c, _ := i.PGConfig()
	return c.Mode
}

// SetPGCoalesce turns the merging of TCP packets on or off.
// ErrCannotEnableDisableFeature says that the interface takes no super-packets,
// ErrInvalidSwIfIndex that it is of another kind.
func (m *Main) SetPGCoalesce(swIfIndex uint32, on bool) error {
	d := m.Interface(swIfIndex).pgDriver()
	switch {
	case d == nil:
		return ErrInvalidSwIfIndex
	case !d.config.GSO:
		return ErrCannotEnableDisableFeature
	}
	d.config.Coalesce = on
	return nil
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

// pgMain is what the packet generator keeps (pg_main_t in src/vnet/pg/pg.h).
type pgMain struct {
	byID      map[uint32]*Interface
	instances map[uint32]bool
	input     *vlib.Node
	streams   []*PGStream // by index; nil where free
	free      []uint32
	byName    map[string]*PGStream
}

func (p *pgMain) add(id uint32, i *Interface) {
	if p.byID == nil {
		p.byID, p.instances = map[uint32]*Interface{}, map[uint32]bool{}
	}
	p.byID[id], p.instances[i.Hw.Instance] = i, true
}

func (p *pgMain) remove(id uint32, i *Interface) {
	delete(p.byID, id)
	delete(p.instances, i.Hw.Instance)
}

// pgDriver is the device of a packet generator interface: the link follows the
// admin state, what is sent is captured.
type pgDriver struct {
	BaseDriver
	m       *Main
	i       *Interface
	config  PGConfig
	capture PcapWriter
}

// pgDriver returns the interface's packet generator, nil if it has none.
func (i *Interface) pgDriver() *pgDriver {
	if i == nil {
		return nil
	}
	d, _ := i.Hw.Driver.(*pgDriver)
	return d
}

// AdminUpDown sets the link.
func (d *pgDriver) AdminUpDown(hw *HwInterface, up bool) error {
	d.m.setLink(hw, up)
	return nil
}

// SetPromisc accepts: there is no filter.
func (*pgDriver) SetPromisc(*HwInterface, bool) error { return nil }

// tx is the node "<pg>-tx" (pg_output in src/vnet/pg/output.c). Packets that
// the interface cannot take are counted as drops and captured all the same.
func (d *pgDriver) tx(n *vlib.Node, bufs []*vlib.Buffer) {
	capturing := d.capture.capturing()
	for _, b := range bufs {
		switch {
		case b.Flags&vlib.FlagGSO != 0:
			if !d.config.GSO {
				n.Count(pgErrorGSODrop, 1)
				*d.i.Counters.Drops++
			}
		case b.Flags&vlib.FlagOffloadL4Checksum != 0 && !d.config.Checksum && !d.config.GSO:
			n.Count(pgErrorChecksumDrop, 1)
			*d.i.Counters.Drops++
		}
		if b.Trace != nil {
			b.Trace.Add(n, newPGTxTrace(d.config.Mode, b))
		}
		if capturing {
			d.capture.add(d.m.now(), b.Bytes())
		}
	}
	d.capture.flush()
	if d.i.Hw.Port != nil {
		d.m.transmit(d.i.Hw.Port, bufs...)
		return
	}
	for _, b := range bufs {
		d.m.Graph.Free(b)
	}
}

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
