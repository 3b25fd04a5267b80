package world

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// macAge is how long a segment remembers where a station was (802.1D default).
const macAge = 5 * time.Minute

// Segment is a layer-2 switch: it learns where stations are, floods what it
// does not know, and knows nothing of VLANs.
type Segment struct {
	world *World
	name  string

	mu       sync.Mutex
	mtu      int
	ports    []*switchPort
	stations map[packet.MAC]station
	oversize uint64
}

// station is where a MAC was last seen.
type station struct {
	port *switchPort
	seen int64
}

// switchPort is the segment's end of a link.
type switchPort struct {
	segment *Segment
	peer    string
	out     *lane // guarded by segment.mu
}

// NewSegment makes a switch without ports. mtu is the largest IP packet in
// bytes, zero for no limit. The error tells that the name is taken.
func (w *World) NewSegment(name string, mtu int) (*Segment, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.things.segments[name] != nil {
		return nil, fmt.Errorf("segment %s: the name is taken", name)
	}
	s := &Segment{world: w, name: name, mtu: mtu, stations: map[packet.MAC]station{}}
	w.things.segments[name] = s
	return s, nil
}

// Segment finds a segment by name, nil when there is none.
func (w *World) Segment(name string) *Segment {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.things.segments[name]
}

// Name identifies the segment in the world.
func (s *Segment) Name() string { return s.name }

// Attach joins an Ethernet NIC to the segment by a link of its own, whose end a
// is the NIC.
func (s *Segment) Attach(n *NIC, cfg LinkConfig) (*Link, error) {
	if n.cfg.L3 {
		return nil, fmt.Errorf("attach %s to segment %s: it carries bare ip packets, want ethernet", n, s.name)
	}
	return s.world.newLink(n, &switchPort{segment: s, peer: n.label()}, cfg, false)
}

// Join connects two segments by a link, whose end a is s. A ring of segments
// floods for ever: there is no spanning tree.
func (s *Segment) Join(o *Segment, cfg LinkConfig) (*Link, error) {
	return s.world.newLink(&switchPort{segment: s, peer: o.name}, &switchPort{segment: o, peer: s.name}, cfg, false)
}

// SetMTU changes the largest IP packet in bytes; zero means no limit.
func (s *Segment) SetMTU(mtu int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mtu = mtu
}

// Oversize counts the frames dropped because of the segment's MTU.
func (s *Segment) Oversize() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oversize
}

func (p *switchPort) label() string { return p.segment.name }

func (p *switchPort) attach(out *lane) error {
	p.segment.mu.Lock()
	defer p.segment.mu.Unlock()
	p.out = out
	p.segment.ports = append(p.segment.ports, p)
	return nil
}

func (p *switchPort) detach() {
	s := p.segment
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ports = slices.DeleteFunc(s.ports, func(o *switchPort) bool { return o == p })
}

// setCarrier forgets the stations behind a port that lost its carrier.
func (p *switchPort) setCarrier(up bool) {
	if up {
		return
	}
	s := p.segment
	s.mu.Lock()
	defer s.mu.Unlock()
	for mac, at := range s.stations {
		if at.port == p {
			delete(s.stations, mac)
		}
	}
}

// arrive switches a frame.
func (p *switchPort) arrive(f packet.Frame) {
	eth := packet.Ethernet(f.Data)
	s := p.segment
	if !eth.Valid() {
		s.drop(p, f, ReasonMalformed)
		return
	}
	now := s.world.now()
	s.mu.Lock()
	if oversize(len(f.Data), s.mtu, false) {
		s.oversize++
		s.mu.Unlock()
		s.drop(p, f, ReasonMTU)
		return
	}
	if src := eth.Src(); !src.IsMulticast() {
		s.stations[src] = station{p, now}
	}
	outs := s.outputs(p, eth.Dst(), now)
	s.mu.Unlock()
	for _, out := range outs {
		out.send(f)
	}
}

// outputs finds the lanes a frame leaves by: none when the station is where the
// frame came from.
func (s *Segment) outputs(in *switchPort, dst packet.MAC, now int64) []*lane {
	if at, ok := s.stations[dst]; ok && !dst.IsMulticast() && now-at.seen < int64(macAge) {
		if at.port == in {
			return nil
		}
		return []*lane{at.port.out}
	}
	outs := make([]*lane, 0, len(s.ports))
	for _, p := range s.ports {
		if p != in {
			outs = append(outs, p.out)
		}
	}
	return outs
}

func (s *Segment) drop(p *switchPort, f packet.Frame, why Reason) {
	s.world.observe(Event{Kind: KindSegment, Node: s.name, Interface: p.peer, Verdict: Dropped, Reason: why, Frame: f})
}
