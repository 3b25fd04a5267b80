package fakevpp

import (
	"sync"
	"sync/atomic"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// maxQueued is how many bytes of answers and events may wait for a client that
// does not read; then its connection is dropped. VPP queues without limit
// (output_vector in src/vlibmemory/socket_api.c); a limit keeps a forgotten
// client from taking the test's memory.
const maxQueued = 64 << 20

// transport carries frames to one client.
type transport interface {
	// flush sends what the client's queue holds without blocking. It is called
	// after frames were queued, never with the queue's lock.
	flush(c *client)
	// hangUp ends the transport; it does not wait and may be called twice.
	hangUp()
}

// client is one connection: VPP's vl_api_registration_t.
type client struct {
	v         *VPP
	transport transport
	index     uint32 // registration handle, the client_index of the client's messages
	name      string // given in sockclnt_create; guarded by clients.mu

	closed atomic.Bool
	gone   chan struct{} // closed with closed

	// traces are those that trace_dump goes through, guarded by the ownership of
	// the data plane.
	traces []*vlib.PacketTrace

	mu      sync.Mutex
	queue   []byte // frames to send
	spare   []byte
	sending bool // someone drains queue
}

// newClient registers a connection.
func (v *VPP) newClient(t transport) *client {
	cl := &client{v: v, transport: t, gone: make(chan struct{})}
	v.clients.add(cl)
	return cl
}

// enqueue appends frames to the queue.
func (c *client) enqueue(frames []byte) {
	if len(frames) == 0 {
		return
	}
	c.mu.Lock()
	full := len(c.queue)+len(frames) > maxQueued
	if !full && !c.closed.Load() {
		c.queue = append(c.queue, frames...)
	}
	c.mu.Unlock()
	if full {
		c.v.drop(c, "it left %d bytes unread", maxQueued)
	}
}

// take returns the queued frames for sending, or nil if there are none; then
// the caller has stopped sending. done gives the last batch back.
func (c *client) take(done []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if done != nil && cap(done) <= 1<<20 {
		c.spare = done[:0]
	}
	if len(c.queue) == 0 || c.closed.Load() {
		c.sending = false
		if cap(c.queue) < cap(c.spare) {
			c.queue, c.spare = c.spare, nil
		}
		return nil
	}
	batch := c.queue
	c.queue, c.spare = c.spare[:0], nil
	return batch
}

// start says if the caller shall drain the queue: frames wait and nobody sends.
func (c *client) start() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sending || len(c.queue) == 0 {
		return false
	}
	c.sending = true
	return true
}
