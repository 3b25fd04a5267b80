// Package world is what surrounds the data planes of a run: layer-2 segments,
// links with delay, loss and cuts, routers, and hosts with a small network
// stack (pods, the Linux side of nodes, machines outside the cluster).
//
// A scenario backend builds a world, joins data-plane interfaces to it through
// NICs, and runs probes on its hosts. The world knows frames only (package
// packet); it knows neither VPP nor Kubernetes.
//
// Time is package time: inside a testing/synctest bubble everything is virtual.
// One goroutine per world delivers all frames and runs all timers, ordered by
// (time, who scheduled it, that one's count). Every frame takes at least a
// nanosecond to cross anything. Together these make a run repeat itself
// exactly: whatever several goroutines send at one virtual instant is in the
// queue before the first of it is delivered, and its order does not depend on
// which goroutine came first. An idle world has no timer running.
//
// Traces: every packet that a host sends has a trace id of its own, numbered by
// host (SetFollow turns it off), which probes and sockets give back. It stays
// the same through segments, links and routers, and for all fragments. An
// answer has an id of its own, too; the event that tells of its sending names
// as its Cause the packet it answers: echo replies, ICMP errors, ARP and ND
// (the packet that waits for the neighbour, or the solicitation), TCP segments
// sent in response to one, and datagrams sent by HandleUDP or Reply. What a
// program writes to a socket by itself, and retransmissions, have no cause.
//
// Observers hear of all this in the same order in each run, except for frames
// that a data plane sends from goroutines of its own at the same instant.
//
// Locks: a host's mutex, then a link's or segment's, then the world's queue.
// Receivers of NICs are called from the world's goroutine with no lock held.
package world

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// ErrClosed tells that the world, or the thing asked, was closed. It counts as
// net.ErrClosed.
var ErrClosed error = closedError{}

type closedError struct{}

func (closedError) Error() string        { return "closed" }
func (closedError) Is(target error) bool { return target == net.ErrClosed }

// tick is the least time a frame takes to cross anything.
const tick = time.Nanosecond

// World is one universe of hosts, links and segments. Its methods may be called
// from any goroutine.
type World struct {
	seed  uint64
	epoch time.Time
	wake  chan struct{}
	stop  chan struct{}
	done  chan struct{}

	follow    atomic.Bool
	observers atomic.Pointer[[]Observer]

	mu       sync.Mutex // guards what follows
	queue    eventQueue
	sleeping int64 // when the goroutine wakes by itself; noWake when it does not
	frames   int   // frames queued or being delivered
	settled  []chan struct{}
	closed   bool
	free     *event
	things   things
}

// things are the world's inhabitants by name.
type things struct {
	hosts    map[string]*Host
	hostIDs  map[uint32]*Host
	nics     map[string]*NIC
	links    map[string]*Link
	segments map[string]*Segment
	nextHost uint32
}

// New makes an empty world whose random draws derive from seed, and starts its
// goroutine; Close ends it.
func New(seed uint64) *World {
	w := &World{
		seed:     seed,
		epoch:    time.Now(),
		wake:     make(chan struct{}, 1),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
		sleeping: noWake,
		things: things{
			hosts:    map[string]*Host{},
			hostIDs:  map[uint32]*Host{},
			nics:     map[string]*NIC{},
			links:    map[string]*Link{},
			segments: map[string]*Segment{},
		},
	}
	w.follow.Store(true)
	go w.run()
	return w
}

// Close ends the world: frames under way are lost, blocked calls on hosts
// return ErrClosed. It waits for the world's goroutine, so a Receiver or an
// Observer must not call it. Closing twice is harmless.
func (w *World) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		<-w.done
		return nil
	}
	w.closed = true
	hosts := w.hostsLocked()
	w.mu.Unlock()
	for _, h := range hosts {
		h.shutdown()
	}
	close(w.stop)
	<-w.done
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = nil
	w.frames = 0
	w.wakeSettledLocked()
	return nil
}

// SetFollow says whether packets that hosts send from now on carry trace ids;
// a new world's do. Large runs without interest in paths save time by turning
// it off.
func (w *World) SetFollow(on bool) { w.follow.Store(on) }

// Settle waits until no frame is under way between the world's inhabitants. It
// says nothing about timers (retransmissions, probes to come) nor about other
// goroutines that are about to send.
func (w *World) Settle(ctx context.Context) error {
	w.mu.Lock()
	if w.frames == 0 {
		w.mu.Unlock()
		return nil
	}
	ch := make(chan struct{})
	w.settled = append(w.settled, ch)
	w.mu.Unlock()
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for frames to settle: %w", ctx.Err())
	}
}

// Pending gives the number of frames under way and of timers running.
func (w *World) Pending() (frames, timers int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ev := range w.queue {
		if ev.sink == nil {
			timers++
		}
	}
	return w.frames, timers
}

// MACFor gives the readable address of a station: 02:fe:00:<node>:<node>:<n>.
func MACFor(node uint16, n uint8) packet.MAC {
	return packet.MAC{0x02, 0xfe, 0, byte(node >> 8), byte(node), n}
}

// random gives the stream of draws that belongs to a name, whatever others
// draw.
func (w *World) random(name string) *rand.Rand {
	return rand.New(rand.NewPCG(w.seed, hashName(name)))
}

// newOrigin numbers something that schedules events by its name, so that the
// order of creation does not matter.
func newOrigin(name string) origin { return origin{id: hashName(name)} }

func hashName(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return h.Sum64()
}
