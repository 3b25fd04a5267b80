package vnet

import (
	"container/heap"
	"time"
)

// clock is the instance's time: the machine's, moved forward by what `set clock
// adjust` asked for. All timers of an instance stand in one heap, so that they
// fire in order however time advances (src/vlib/time.c).
type clock struct {
	offset time.Duration
	timers timerHeap
	seq    uint64
	real   *time.Timer // for the first of timers
	// cleared is when `clear runtime` was called last.
	cleared time.Time
}

// Timer is a function that the instance calls later.
type Timer struct {
	m     *Main
	when  time.Time
	seq   uint64 // orders timers of the same time
	index int    // in the heap, -1 when not set
	fn    func()
}

// Now is the instance's time. The caller owns the instance.
func (m *Main) Now() time.Time { return time.Now().Add(m.clock.offset) }

func (m *Main) now() time.Time { return m.Now() }

// Since is how long ago t was by the instance's time.
func (m *Main) Since(t time.Time) time.Duration { return m.Now().Sub(t) }

// AfterFunc calls fn once d has passed by the instance's time. The caller owns
// the instance, and so does fn when it runs. A closed instance calls nothing.
func (m *Main) AfterFunc(d time.Duration, fn func()) *Timer {
	t := &Timer{m: m, index: -1, fn: fn}
	t.Reset(d)
	return t
}

// Reset makes the timer fire once d has passed from now.
func (t *Timer) Reset(d time.Duration) {
	m := t.m
	t.Stop()
	if m.closed {
		return
	}
	c := &m.clock
	c.seq++
	t.when, t.seq = m.now().Add(max(d, 0)), c.seq
	heap.Push(&c.timers, t)
	if t.index == 0 {
		m.armClock()
	}
}

// Stop keeps the timer from firing; false says that it was not set.
func (t *Timer) Stop() bool {
	if t == nil || t.index < 0 {
		return false
	}
	heap.Remove(&t.m.clock.timers, t.index)
	return true
}

// armClock sets the machine's timer for the first of the instance's.
func (m *Main) armClock() {
	c := &m.clock
	if m.closed || len(c.timers) == 0 {
		return
	}
	wait := max(c.timers[0].when.Sub(m.now()), 0)
	if c.real == nil {
		c.real = time.AfterFunc(wait, m.tick)
		return
	}
	c.real.Reset(wait)
}

// tick fires the timers that are due.
func (m *Main) tick() {
	m.Lock()
	defer m.Unlock()
	m.fireUntil(m.now())
	m.armClock()
}

// fireUntil fires the timers that are due at t, in order. Those that they set
// fire too if they are due.
func (m *Main) fireUntil(t time.Time) {
	c := &m.clock
	for !m.closed && len(c.timers) > 0 && !c.timers[0].when.After(t) {
		first := c.timers[0]
		heap.Pop(&c.timers)
		first.fn()
		m.Graph.Run()
	}
}

// AdjustClock moves the instance's time forward by d, from timer to timer, so
// that each finds the time it was set for (`set clock adjust`,
// src/vlib/time.c).
func (m *Main) AdjustClock(d time.Duration) {
	c := &m.clock
	stop := m.now().Add(d)
	for !m.closed && len(c.timers) > 0 && !c.timers[0].when.After(stop) {
		when := c.timers[0].when
		c.offset += max(when.Sub(m.now()), 0)
		m.fireUntil(when)
	}
	c.offset += max(stop.Sub(m.now()), 0)
	m.armClock()
	m.statsClockAdjusted(d)
}

// stopClock ends the timers of an instance that is closed.
func (m *Main) stopClock() {
	for _, t := range m.clock.timers {
		t.index = -1
	}
	m.clock.timers = nil
	if m.clock.real != nil {
		m.clock.real.Stop()
	}
}

// timerHeap orders timers by time, then by when they were set.
type timerHeap []*Timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if h[i].when.Equal(h[j].when) {
		return h[i].seq < h[j].seq
	}
	return h[i].when.Before(h[j].when)
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push adds a timer at the end.
func (h *timerHeap) Push(x any) {
	t := x.(*Timer)
	t.index = len(*h)
	*h = append(*h, t)
}

// Pop takes the last timer off.
func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = -1
	return t
}

// ClockOffset is how far `set clock adjust` moved the time.
func (m *Main) ClockOffset() time.Duration { return m.clock.offset }

// ClearRuntime makes the counts of dispatches start from zero (`clear
// runtime`).
func (m *Main) ClearRuntime() {
	m.clock.cleared = m.now()
	m.Graph.ClearRuntime()
}

// RuntimeCleared is when ClearRuntime was called last, or the start.
func (m *Main) RuntimeCleared() time.Time {
	if m.clock.cleared.IsZero() {
		return m.Start
	}
	return m.clock.cleared
}
