package world

import (
	"math"
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// noWake is a time that never comes.
const noWake = math.MaxInt64

// origin is something that schedules events. Its number and count order events
// of one instant.
type origin struct {
	id  uint64
	seq uint64
	// last is the frame it queued last, while that waits and nothing else of the
	// origin came after; lastAt its time.
	last   *event
	lastAt int64
}

// sink takes frames off the queue; called from the world's goroutine without
// locks. The data belongs to the world and must not be changed.
type sink interface {
	deliver(f packet.Frame, tag uint32)
}

// event is a frame for a sink, or a function to run.
type event struct {
	index int32 // position in the queue, -1 when not in it
	sink  sink
	frame packet.Frame
	tag   uint32
	fn    func()
	from  *origin
	next  *event // frame of the same origin and time that follows this one; free list
}

// queued is an event in the queue, its order beside it: comparing follows no
// pointers.
type queued struct {
	at  int64
	id  uint64
	seq uint64
	*event
}

func (e *queued) before(o *queued) bool {
	if e.at != o.at {
		return e.at < o.at
	}
	if e.id != o.id {
		return e.id < o.id
	}
	return e.seq < o.seq
}

// eventQueue is a heap of four children to a parent, ordered by queued.before.
type eventQueue []queued

func (q *eventQueue) push(e *event, at int64, id, seq uint64) {
	if len(*q) == cap(*q) {
		*q = slices.Grow(*q, len(*q)+64) // a flood makes it long at once
	}
	*q = append(*q, queued{at, id, seq, e})
	q.up(len(*q) - 1)
}

// first takes the first event out. A frame's follower takes its place: nothing
// can be between them.
func (q *eventQueue) first() *event {
	e := (*q)[0].event
	if next := e.next; next != nil {
		(*q)[0].event = next
		next.index, e.index, e.next = 0, -1, nil
		return e
	}
	q.remove(0)
	if e.from != nil && e.from.last == e {
		e.from.last = nil
	}
	return e
}

// remove takes the event at position i out.
func (q *eventQueue) remove(i int) *event {
	h := *q
	e, last := h[i].event, len(h)-1
	moved := h[last]
	h[last] = queued{}
	*q = h[:last]
	if i < last {
		h[i] = moved
		q.down(i)
		q.up(int(moved.index))
	}
	e.index = -1
	return e
}

func (q eventQueue) up(i int) {
	e := q[i]
	for i > 0 {
		parent := (i - 1) / 4
		if !e.before(&q[parent]) {
			break
		}
		q.place(i, q[parent])
		i = parent
	}
	q.place(i, e)
}

func (q eventQueue) down(i int) {
	e := q[i]
	for {
		first := 4*i + 1
		if first >= len(q) {
			break
		}
		least := first
		for child := first + 1; child < min(first+4, len(q)); child++ {
			if q[child].before(&q[least]) {
				least = child
			}
		}
		if !q[least].before(&e) {
			break
		}
		q.place(i, q[least])
		i = least
	}
	q.place(i, e)
}

func (q eventQueue) place(i int, e queued) {
	q[i] = e
	e.index = int32(i)
}

// now is the time since the world began, in nanoseconds.
func (w *World) now() int64 { return int64(time.Since(w.epoch)) }

// sendAt queues a frame for a sink at a time, at the earliest a tick from now.
func (w *World) sendAt(o *origin, at int64, to sink, f packet.Frame, tag uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	ev := w.free
	if ev == nil {
		ev = &event{}
	} else {
		w.free, ev.next = ev.next, nil
	}
	ev.sink, ev.frame, ev.tag = to, f, tag
	w.frames++
	if o.last != nil && o.lastAt == at {
		// A flood puts thousands of frames on a lane at one time: one place in the
		// queue does for all.
		o.seq++
		ev.index, ev.from = -1, o
		o.last.next, o.last = ev, ev
		return
	}
	w.pushLocked(o, ev, at)
	ev.from, o.last, o.lastAt = o, ev, at
}

// after runs fn on the world's goroutine when d has passed, at the earliest a
// tick from now. The event can be cancelled.
func (w *World) after(o *origin, d time.Duration, fn func()) *event {
	ev := &event{fn: fn, index: -1}
	at := w.now() + int64(max(d, tick))
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.pushLocked(o, ev, at)
	}
	return ev
}

// cancel takes a function's event out of the queue; one that is already running
// runs on.
func (w *World) cancel(ev *event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := int(ev.index); i >= 0 && i < len(w.queue) && w.queue[i].event == ev {
		w.queue.remove(i)
		w.pokeLocked() // so that no timer runs for nothing
	}
}

func (w *World) pushLocked(o *origin, ev *event, at int64) {
	o.seq++
	o.last = nil
	w.queue.push(ev, at, o.id, o.seq)
	if at < w.sleeping {
		w.pokeLocked()
	}
}

// pokeLocked makes the goroutine look at the queue again.
func (w *World) pokeLocked() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run is the world's goroutine.
func (w *World) run() {
	defer close(w.done)
	var timer *time.Timer
	for {
		ev, wait := w.pop()
		if ev != nil {
			w.handle(ev)
			continue
		}
		var fire <-chan time.Time
		if wait >= 0 {
			if timer == nil {
				timer = time.NewTimer(wait)
			} else {
				timer.Reset(wait)
			}
			fire = timer.C
		}
		select {
		case <-fire:
		case <-w.wake:
			if wait >= 0 {
				timer.Stop()
			}
		case <-w.stop:
			if timer != nil {
				timer.Stop()
			}
			return
		}
	}
}

// pop takes the next event that is due, or tells how long it takes until one
// is: negative when there is none at all.
func (w *World) pop() (*event, time.Duration) {
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.queue) == 0 {
		w.sleeping = noWake
		return nil, -1
	}
	if at := w.queue[0].at; at > now {
		w.sleeping = at
		return nil, time.Duration(at - now)
	}
	w.sleeping = 0 // awake: nobody needs to poke
	return w.queue.first(), 0
}

// handle runs one event and recycles it if nobody can hold it.
func (w *World) handle(ev *event) {
	if ev.fn != nil {
		ev.fn()
		return
	}
	ev.sink.deliver(ev.frame, ev.tag)
	w.mu.Lock()
	defer w.mu.Unlock()
	*ev = event{next: w.free}
	w.free = ev
	w.frames--
	if w.frames == 0 {
		w.wakeSettledLocked()
	}
}

func (w *World) wakeSettledLocked() {
	for _, ch := range w.settled {
		close(ch)
	}
	w.settled = nil
}
