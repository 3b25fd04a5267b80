package world

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// HostConfig describes a host.
type HostConfig struct {
	// Name identifies the host in the world: "pod-a", "node1-linux".
	Name string
	// ID numbers it in its MACs and trace ids. Zero takes the next free
	// number; give one where hosts are made concurrently and runs must repeat.
	ID uint16
	// Forwarding makes it a router: it forwards IPv4 and IPv6 between its
	// interfaces and sends ICMP errors for what it cannot forward.
	Forwarding bool
}

// Host is a machine with a small network stack, as Linux behaves where the two
// differ: it answers ARP for any of its addresses on any interface, accepts
// packets for any of them on any interface, answers echo requests, and tells
// unreachable ports.
type Host struct {
	world *World
	name  string
	id    uint16

	mu         sync.Mutex // guards what follows, interfaces included
	callbacks  []func()   // run when the lock is given back
	onWorld    bool       // the lock's holder is the world's goroutine
	forwarding bool
	closed     bool
	origin     origin // guarded by the world's queue
	serial     uint32
	ipID       uint16
	port       uint16
	pingID     uint16
	isn        uint32
	interfaces []*Interface
	routes     []route
	pathMTUs   map[netip.Addr]pathMTU
	fragments  map[fragmentKey]*reassembly
	pings      map[uint16]*pinger
	udp        map[uint16][]*UDPConn
	listeners  map[uint16][]*TCPListener
	tcp        map[tcpKey]*TCPConn
	done       chan struct{} // closed with the host
}

// NewHost makes a host without interfaces. The error tells that its name or
// number is taken.
func (w *World) NewHost(cfg HostConfig) (*Host, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return nil, fmt.Errorf("host %s: world: %w", cfg.Name, ErrClosed)
	case cfg.Name == "":
		return nil, fmt.Errorf("host without a name")
	case w.things.hosts[cfg.Name] != nil:
		return nil, fmt.Errorf("host %s: the name is taken", cfg.Name)
	}
	id := uint32(cfg.ID)
	if id == 0 {
		if id = w.freeHostIDLocked(); id == 0 {
			return nil, fmt.Errorf("host %s: all 65535 numbers are taken", cfg.Name)
		}
	}
	if o := w.things.hostIDs[id]; o != nil {
		return nil, fmt.Errorf("host %s: number %d is that of host %s", cfg.Name, id, o.name)
	}
	h := newHost(w, cfg, uint16(id))
	w.things.hosts[cfg.Name], w.things.hostIDs[id] = h, h
	return h, nil
}

func newHost(w *World, cfg HostConfig, id uint16) *Host {
	h := &Host{
		world: w, name: cfg.Name, id: id, forwarding: cfg.Forwarding,
		origin:    newOrigin("host " + cfg.Name),
		port:      firstPort,
		isn:       uint32(id) << 16,
		pathMTUs:  map[netip.Addr]pathMTU{},
		fragments: map[fragmentKey]*reassembly{},
		pings:     map[uint16]*pinger{},
		udp:       map[uint16][]*UDPConn{},
		listeners: map[uint16][]*TCPListener{},
		tcp:       map[tcpKey]*TCPConn{},
		done:      make(chan struct{}),
	}
	return h
}

// freeHostIDLocked gives the next number nobody has, zero when there is none.
func (w *World) freeHostIDLocked() uint32 {
	for range 0xffff {
		w.things.nextHost = w.things.nextHost%0xffff + 1
		if w.things.hostIDs[w.things.nextHost] == nil {
			return w.things.nextHost
		}
	}
	return 0
}

// Host finds a host by name, nil when there is none.
func (w *World) Host(name string) *Host {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.things.hosts[name]
}

// Hosts lists the hosts by name.
func (w *World) Hosts() []*Host {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hostsLocked()
}

func (w *World) hostsLocked() []*Host {
	var list []*Host
	for _, name := range slices.Sorted(maps.Keys(w.things.hosts)) {
		list = append(list, w.things.hosts[name])
	}
	return list
}

// TraceName says which host sent a packet first: "pod-a#17"; "#17" when the
// host is gone or none of this world, "" for a packet that is not followed.
func (w *World) TraceName(t packet.TraceID) string {
	if t == 0 {
		return ""
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	name := ""
	if h := w.things.hostIDs[t.Origin()]; h != nil {
		name = h.name
	}
	return fmt.Sprintf("%s#%d", name, t.Serial())
}

// Name identifies the host in the world.
func (h *Host) Name() string { return h.name }

// ID is the host's number, the origin of its packets' trace ids.
func (h *Host) ID() uint16 { return h.id }

// SetForwarding turns routing between the host's interfaces on or off.
func (h *Host) SetForwarding(on bool) {
	h.lock()
	defer h.unlock()
	h.forwarding = on
}

// Close takes the host out of the world with its interfaces; blocked calls
// return ErrClosed. Closing twice is harmless.
func (h *Host) Close() error {
	h.shutdown()
	for _, i := range h.Interfaces() {
		_ = i.Close()
	}
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	if h.world.things.hosts[h.name] == h {
		delete(h.world.things.hosts, h.name)
		delete(h.world.things.hostIDs, uint32(h.id))
	}
	return nil
}

// shutdown ends sockets, probes and timers.
func (h *Host) shutdown() {
	h.lock()
	defer h.unlock()
	if h.closed {
		return
	}
	h.closed = true
	close(h.done)
	for _, r := range h.fragments {
		r.timer.stop()
	}
	h.closeSockets()
	for _, i := range h.interfaces {
		i.forgetNeighbors()
	}
}

// lock takes the host's mutex.
func (h *Host) lock() { h.mu.Lock() }

// enter takes the host's mutex on the world's goroutine.
func (h *Host) enter() {
	h.mu.Lock()
	h.onWorld = true
}

// unlock gives the host's mutex back and runs what users asked to be told.
func (h *Host) unlock() {
	calls := h.callbacks
	h.callbacks, h.onWorld = nil, false
	h.mu.Unlock()
	for _, call := range calls {
		call()
	}
}

// newTrace numbers a packet the host sends; zero when packets are not followed.
func (h *Host) newTrace() packet.TraceID {
	if !h.world.follow.Load() {
		return 0
	}
	h.serial++
	return packet.NewTraceID(uint32(h.id), h.serial)
}

// observe reports what became of an IP packet inside the host.
func (h *Host) observe(iface string, v Verdict, why Reason, ip []byte, trace, cause packet.TraceID) {
	if h.world.observers.Load() == nil {
		return
	}
	h.world.observe(Event{Kind: KindHost, Node: h.name, Interface: iface, Verdict: v, Reason: why,
		Frame: packet.Frame{Data: ip, Trace: trace}, L3: true, Cause: cause})
}

// hostTimer is a timer whose function runs with the host's lock held. All its
// methods assume that the caller holds it.
type hostTimer struct {
	host *Host
	fn   func()
	ev   *event
}

// arm starts the timer anew.
func (t *hostTimer) arm(h *Host, d time.Duration, fn func()) {
	t.stop()
	if h.closed {
		return
	}
	t.host, t.fn = h, fn
	var ev *event
	ev = h.world.after(&h.origin, d, func() {
		h.enter()
		defer h.unlock()
		if t.ev != ev { // stopped or started anew since
			return
		}
		t.ev = nil
		t.fn()
	})
	t.ev = ev
}

// stop ends the timer if it runs.
func (t *hostTimer) stop() {
	if t.ev != nil {
		t.host.world.cancel(t.ev)
		t.ev = nil
	}
}

// running tells whether the timer will fire.
func (t *hostTimer) running() bool { return t.ev != nil }

// departure sends a frame on the world's goroutine, a tick after some other
// goroutine asked for it, so that the order of what several goroutines send at
// one instant is always the same.
type departure struct {
	host  *Host
	nic   *NIC // nil for the host itself
	cause packet.TraceID
}

func (d *departure) deliver(f packet.Frame, _ uint32) {
	if d.nic != nil {
		d.nic.send(f, d.cause)
		return
	}
	h := d.host
	h.enter()
	defer h.unlock()
	if !h.closed {
		h.observe("", Sent, "", f.Data, f.Trace, d.cause)
		h.inputIP(nil, f.Data, f.Trace, false)
	}
}

// depart sends a frame from one of the host's interfaces, nil for the host
// itself.
func (h *Host) depart(i *Interface, f packet.Frame, cause packet.TraceID) {
	d := &departure{host: h, cause: cause}
	if i != nil {
		if h.onWorld {
			i.nic.send(f, cause)
			return
		}
		d.nic = i.nic
	}
	h.world.sendAt(&h.origin, h.world.now()+int64(tick), d, f, 0)
}
