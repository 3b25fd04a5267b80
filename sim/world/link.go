package world

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// Impairment is what a link does to the frames of one direction. The zero value
// is a perfect link. Probabilities are between 0 and 1.
type Impairment struct {
	Delay  time.Duration // of every frame
	Jitter time.Duration // drawn evenly from [0, Jitter) and added; keeps the order
	Loss   float64       // probability that a frame is lost
	// Duplicate is the probability that a frame arrives twice.
	Duplicate float64
	// Reorder is the probability that a frame is held back for another time
	// drawn from (0, ReorderDelay], so that later ones overtake it.
	// ReorderDelay zero means 1 ms.
	Reorder      float64
	ReorderDelay time.Duration
}

// check tells what is out of range.
func (i Impairment) check() error {
	for _, p := range []struct {
		name string
		v    float64
	}{{"loss", i.Loss}, {"duplicate", i.Duplicate}, {"reorder", i.Reorder}} {
		if !(p.v >= 0 && p.v <= 1) {
			return fmt.Errorf("%s %v: want a probability between 0 and 1", p.name, p.v)
		}
	}
	if i.Delay < 0 || i.Jitter < 0 || i.ReorderDelay < 0 {
		return fmt.Errorf("delay %v, jitter %v, reorder delay %v: want none below zero", i.Delay, i.Jitter, i.ReorderDelay)
	}
	return nil
}

// LinkConfig describes a link.
type LinkConfig struct {
	// Name identifies the link, uniquely in the world, and selects its random
	// draws. Empty means "<end a>--<end b>".
	Name string
	// Impairment is that of both directions; SetImpairment tells them apart.
	Impairment
	// MTU is the largest IP packet in bytes that crosses; larger frames are
	// dropped without a word, as by a switch. Zero means no limit. On an
	// Ethernet link the frame may have 14 bytes more; VLAN tags count as
	// payload.
	MTU int
}

// Direction is that of a link as its two ends are given: a, then b. Of a link
// made by Segment.Attach the NIC is a and the segment b.
type Direction uint8

// Directions of a link.
const (
	AToB Direction = iota
	BToA
)

// LinkStats counts the frames of one direction.
type LinkStats struct {
	Sent, Delivered, Lost, Oversize, Cut, Duplicated, Reordered uint64
}

// endpoint is what a link ends at: a NIC or a port of a segment.
type endpoint interface {
	label() string
	attach(out *lane) error
	detach()
	arrive(f packet.Frame) // on the world's goroutine
	setCarrier(up bool)
}

// Link joins two ends.
type Link struct {
	world *World
	name  string
	l3    bool
	lanes [2]*lane

	mu      sync.Mutex
	up      bool
	removed bool
	mtu     int
	epoch   uint32 // counts cuts: frames of an earlier epoch are lost
}

// lane is one direction of a link.
type lane struct {
	link     *Link
	from, to endpoint
	origin   origin // guarded by the world's queue
	draws    *rand.Rand
	imp      Impairment // guarded by link.mu, as all below
	last     int64      // when the last frame in order arrives
	stats    LinkStats
}

// Connect joins two NICs of one kind (Ethernet or layer 3) by a link.
func (w *World) Connect(a, b *NIC, cfg LinkConfig) (*Link, error) {
	if a.cfg.L3 != b.cfg.L3 {
		return nil, fmt.Errorf("connect %s to %s: one is ethernet, the other layer 3", a, b)
	}
	return w.newLink(a, b, cfg, a.cfg.L3)
}

func (w *World) newLink(a, b endpoint, cfg LinkConfig, l3 bool) (*Link, error) {
	name := cfg.Name
	if name == "" {
		name = a.label() + "--" + b.label()
	}
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("link %s: %w", name, err)
	}
	l := &Link{world: w, name: name, l3: l3, mtu: cfg.MTU, up: true}
	l.lanes[AToB] = l.newLane(a, b, cfg.Impairment, "a")
	l.lanes[BToA] = l.newLane(b, a, cfg.Impairment, "b")
	if err := l.register(); err != nil {
		return nil, err
	}
	if err := l.attachBoth(); err != nil {
		l.unregister()
		return nil, err
	}
	a.setCarrier(true)
	b.setCarrier(true)
	return l, nil
}

func (l *Link) newLane(from, to endpoint, imp Impairment, end string) *lane {
	id := l.name + "/" + end
	return &lane{link: l, from: from, to: to, origin: newOrigin(id), imp: imp, draws: l.world.random(id)}
}

func (l *Link) register() error {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	if l.world.things.links[l.name] != nil {
		return fmt.Errorf("link %s: the name is taken", l.name)
	}
	l.world.things.links[l.name] = l
	return nil
}

func (l *Link) unregister() {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	delete(l.world.things.links, l.name)
}

func (l *Link) attachBoth() error {
	if err := l.lanes[AToB].from.attach(l.lanes[AToB]); err != nil {
		return err
	}
	if err := l.lanes[BToA].from.attach(l.lanes[BToA]); err != nil {
		l.lanes[AToB].from.detach()
		return err
	}
	return nil
}

// Link finds a link by name, nil when there is none.
func (w *World) Link(name string) *Link {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.things.links[name]
}

// Name identifies the link in the world.
func (l *Link) Name() string { return l.name }

// Cut interrupts the link: frames under way are lost and both ends lose their
// carrier. Cutting twice is harmless.
func (l *Link) Cut() { l.setUp(false) }

// Restore ends a cut.
func (l *Link) Restore() { l.setUp(true) }

// Up tells whether the link is neither cut nor removed.
func (l *Link) Up() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up
}

func (l *Link) setUp(up bool) {
	l.mu.Lock()
	if l.up == up || l.removed {
		l.mu.Unlock()
		return
	}
	l.up = up
	if !up {
		l.epoch++
	}
	l.mu.Unlock()
	for _, dir := range l.lanes {
		dir.to.setCarrier(up)
	}
}

// Remove takes the link away for good; its ends can be attached anew.
func (l *Link) Remove() {
	l.Cut()
	l.mu.Lock()
	removed := l.removed
	l.removed = true
	l.mu.Unlock()
	if removed {
		return
	}
	for _, dir := range l.lanes {
		dir.from.detach()
	}
	l.unregister()
}

// SetImpairment changes what happens to frames sent in a direction from now on.
func (l *Link) SetImpairment(d Direction, imp Impairment) error {
	if err := imp.check(); err != nil {
		return fmt.Errorf("link %s: %w", l.name, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lanes[d&1].imp = imp
	return nil
}

// SetMTU changes the largest IP packet in bytes; zero means no limit.
func (l *Link) SetMTU(mtu int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mtu = mtu
}

// Stats gives the counters of a direction.
func (l *Link) Stats(d Direction) LinkStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lanes[d&1].stats
}

// send puts a frame on its way. The data is the world's from now on.
func (d *lane) send(f packet.Frame) {
	now := d.link.world.now()
	d.link.mu.Lock()
	at, copies, why := d.fate(len(f.Data), now)
	epoch := d.link.epoch
	d.link.mu.Unlock()
	if why != "" {
		d.drop(f, why)
		return
	}
	for range copies {
		d.link.world.sendAt(&d.origin, at, d, f, epoch)
		at += int64(tick)
	}
}

// fate decides when and how often a frame arrives, or why it does not. It
// always makes the same number of draws, so that one frame's luck does not
// shift another's.
func (d *lane) fate(size int, now int64) (at int64, copies int, why Reason) {
	d.stats.Sent++
	if !d.link.up {
		d.stats.Cut++
		return 0, 0, ReasonCut
	}
	if oversize(size, d.link.mtu, d.link.l3) {
		d.stats.Oversize++
		return 0, 0, ReasonMTU
	}
	copies = 1
	at = now + int64(max(d.imp.Delay, tick))
	if d.imp == (Impairment{}) {
		return d.inOrder(at), copies, ""
	}
	loss, dup, reorder, jitter := d.draws.Float64(), d.draws.Float64(), d.draws.Float64(), d.draws.Float64()
	if loss < d.imp.Loss {
		d.stats.Lost++
		return 0, 0, ReasonLoss
	}
	if dup < d.imp.Duplicate {
		d.stats.Duplicated++
		copies = 2
	}
	at += int64(jitter * float64(d.imp.Jitter))
	if reorder < d.imp.Reorder {
		d.stats.Reordered++
		return at + d.hold(reorder/d.imp.Reorder), copies, ""
	}
	return d.inOrder(at), copies, ""
}

// hold is the extra time of a frame that is overtaken; part is in [0, 1).
func (d *lane) hold(part float64) int64 {
	most := d.imp.ReorderDelay
	if most == 0 {
		most = time.Millisecond
	}
	return int64(float64(most) * (1 - part))
}

// inOrder keeps frames from overtaking each other.
func (d *lane) inOrder(at int64) int64 {
	d.last = max(d.last, at)
	return d.last
}

// oversize tells whether a frame does not fit a link.
func oversize(size, mtu int, l3 bool) bool {
	if !l3 {
		size -= packet.EthernetLen
	}
	return mtu > 0 && size > mtu
}

// deliver ends a frame's way over the link.
func (d *lane) deliver(f packet.Frame, epoch uint32) {
	d.link.mu.Lock()
	ok := d.link.up && d.link.epoch == epoch
	if ok {
		d.stats.Delivered++
	} else {
		d.stats.Cut++
	}
	d.link.mu.Unlock()
	if !ok {
		d.drop(f, ReasonCut)
		return
	}
	d.to.arrive(f)
}

func (d *lane) drop(f packet.Frame, why Reason) {
	d.link.world.observe(Event{Kind: KindLink, Node: d.link.name, Interface: d.from.label(),
		Verdict: Dropped, Reason: why, Frame: f, L3: d.link.l3})
}
