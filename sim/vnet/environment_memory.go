package vnet

import (
	"fmt"
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// MemoryEnvironment surrounds any number of instances with nothing but memory:
// memifs of the same socket and id meet, taps and host interfaces hand what
// they send to the test. It may be used from any goroutine. The zero value is
// ready.
//
// Peers of a memif learn of each other on timers that fire at once, as VPP's
// connect in a process of their own.
type MemoryEnvironment struct {
	mu    sync.Mutex
	macs  uint32
	taps  map[string]*MemoryDevice
	hosts map[string]*MemoryDevice
	links map[memifKey]*memifLink
}

// NewMemoryEnvironment returns an environment without devices.
func NewMemoryEnvironment() *MemoryEnvironment { return &MemoryEnvironment{} }

// MemoryDevice is the Linux side of a tap or host interface in a
// MemoryEnvironment. What the instance sends is kept; Receiver takes what the
// Linux side sends.
type MemoryDevice struct {
	TestPort
	// Spec is what a tap was opened with, zero for a host interface.
	Spec TapSpec
	// Name is the Linux device's.
	Name string
	// Receiver takes packets for the instance.
	Receiver Receiver

	env *MemoryEnvironment
	key string
}

// HostName is the Linux device's name.
func (d *MemoryDevice) HostName() string { return d.Name }

// Close removes a tap's device unless it is to persist.
func (d *MemoryDevice) Close() error {
	_ = d.TestPort.Close()
	d.env.mu.Lock()
	defer d.env.mu.Unlock()
	if d.env.taps[d.key] == d && !d.Spec.Persist {
		delete(d.env.taps, d.key)
	}
	return nil
}

// NewMAC returns 02:fe:00:00:00:01 and so on.
func (e *MemoryEnvironment) NewMAC() packet.MAC {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.macs++
	n := e.macs
	return packet.MAC{0x02, 0xfe, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

// AddHostDevice makes a Linux network device exist, which OpenAFPacket then
// opens.
func (e *MemoryEnvironment) AddHostDevice(name string) *MemoryDevice {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.hosts == nil {
		e.hosts = map[string]*MemoryDevice{}
	}
	d := &MemoryDevice{Name: name, env: e}
	e.hosts[name] = d
	return d
}

// Tap returns the Linux side of the tap with the given Linux name in a
// namespace, nil if there is none.
func (e *MemoryEnvironment) Tap(namespace, name string) *MemoryDevice {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.taps[namespace+"/"+name]
}

// OpenTap creates a device, or takes one over that was left behind with
// Persist; attaching to one that does not exist creates it, as Linux does. A
// name that is in use is ErrSyscall3, as for the ioctl that VPP makes.
func (e *MemoryEnvironment) OpenTap(spec TapSpec, rx Receiver) (Port, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if spec.HostMTU != nil && *spec.HostMTU < 68 {
		return nil, fmt.Errorf("set mtu %d: %w", *spec.HostMTU, ErrNetlinkError)
	}
	name := spec.HostIfName
	for n := 0; name == ""; n++ {
		try := fmt.Sprintf("tap%d", n)
		if spec.Tun {
			try = fmt.Sprintf("tun%d", n)
		}
		if e.taps[spec.HostNamespace+"/"+try] == nil {
			name = try
		}
	}
	key := spec.HostNamespace + "/" + name
	old := e.taps[key]
	if old != nil && !old.Closed() {
		return nil, fmt.Errorf("open device %q: %w", key, ErrSyscall3)
	}
	d := &MemoryDevice{Spec: spec, Name: name, Receiver: rx, env: e, key: key}
	if e.taps == nil {
		e.taps = map[string]*MemoryDevice{}
	}
	e.taps[key] = d
	return d, nil
}

// OpenAFPacket opens a device made with AddHostDevice; another is
// ErrInvalidInterface.
func (e *MemoryEnvironment) OpenAFPacket(hostIf string, rx Receiver) (Port, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.hosts[hostIf]
	if d == nil {
		return nil, fmt.Errorf("open device %q: %w", hostIf, ErrInvalidInterface)
	}
	d.Receiver = rx
	return d, nil
}

// memifKey is where two ends of a memif meet.
type memifKey struct {
	socket string
	id     uint32
}

// memifLink joins a master and a slave.
type memifLink struct {
	ends [2]*memifEnd // master, slave; nil while missing
}

// memifEnd is one end of a memif.
type memifEnd struct {
	env  *MemoryEnvironment
	key  memifKey
	spec MemifSpec
	rx   Receiver
	line *MemoryLine // to the peer, nil while there is none
}

// ListenMemif opens an end; when the other exists, with the same mode and
// secret, both learn of their peer. An end that is there already is
// ErrSyscall4.
func (e *MemoryEnvironment) ListenMemif(spec MemifSpec, rx Receiver) (Port, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := memifKey{spec.Socket, spec.ID}
	if e.links == nil {
		e.links = map[memifKey]*memifLink{}
	}
	link := e.links[key]
	if link == nil {
		link = &memifLink{}
		e.links[key] = link
	}
	side := 0
	if !spec.Master {
		side = 1
	}
	if link.ends[side] != nil {
		return nil, fmt.Errorf("listen on %s for memif %d: %w", spec.Socket, spec.ID, ErrSyscall4)
	}
	end := &memifEnd{env: e, key: key, spec: spec, rx: rx}
	link.ends[side] = end
	link.join()
	return end, nil
}

// join connects the ends if both are there and agree.
func (l *memifLink) join() {
	a, b := l.ends[0], l.ends[1]
	if a == nil || b == nil || a.spec.Mode != b.spec.Mode || a.spec.Secret != "" && a.spec.Secret != b.spec.Secret {
		return
	}
	for _, p := range [][2]*memifEnd{{a, b}, {b, a}} {
		self, peer := p[0], p[1]
		self.line = &MemoryLine{to: peer.rx}
		time.AfterFunc(0, func() {
			if r, ok := self.rx.(MemifPeerReceiver); ok {
				r.SetPeer(peer.spec)
			}
			self.rx.SetLink(true)
		})
	}
}

// Transmit hands frames to the peer; without one they are lost.
func (m *memifEnd) Transmit(frames []packet.Frame) {
	m.env.mu.Lock()
	line := m.line
	m.env.mu.Unlock()
	if line != nil {
		line.Transmit(frames)
	}
}

// Close takes the end away; the peer sees its link go down.
func (m *memifEnd) Close() error {
	m.env.mu.Lock()
	defer m.env.mu.Unlock()
	link := m.env.links[m.key]
	for side, end := range link.ends {
		if end == m {
			link.ends[side] = nil
			continue
		}
		if end != nil && end.line != nil {
			end.line = nil
			time.AfterFunc(0, func() { end.rx.SetLink(false) })
		}
	}
	m.line = nil
	return nil
}

// MemoryLine carries frames to a receiver. Frames that arrive while others are
// under way, also as an answer to those, wait their turn, so that the call
// never recurses.
type MemoryLine struct {
	to Receiver

	mu      sync.Mutex
	busy    bool
	queue   []packet.Frame
	store   [][]byte // spare room for the queue's data
	serving []packet.Frame
}

// NewMemoryLine returns a line to the receiver.
func NewMemoryLine(to Receiver) *MemoryLine { return &MemoryLine{to: to} }

// Transmit delivers copies of the frames, at once or by the call under way.
func (l *MemoryLine) Transmit(frames []packet.Frame) {
	l.mu.Lock()
	for _, f := range frames {
		l.queue = append(l.queue, packet.Frame{Data: append(l.room(), f.Data...), Trace: f.Trace})
	}
	if l.busy {
		l.mu.Unlock()
		return
	}
	l.busy = true
	for len(l.queue) > 0 {
		l.queue, l.serving = l.serving[:0], l.queue
		l.mu.Unlock()
		l.to.Receive(l.serving...)
		l.mu.Lock()
		for _, f := range l.serving {
			l.store = append(l.store, f.Data[:0])
		}
	}
	l.busy = false
	l.mu.Unlock()
}

// room takes a spare slice.
func (l *MemoryLine) room() []byte {
	n := len(l.store)
	if n == 0 {
		return make([]byte, 0, 2048)
	}
	s := l.store[n-1]
	l.store = l.store[:n-1]
	return s
}

// Close does nothing: the receiver stays.
func (l *MemoryLine) Close() error { return nil }
