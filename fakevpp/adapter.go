package fakevpp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.fd.io/govpp/adapter"
	"go.fd.io/govpp/core"
)

// waitReady is how long WaitReady waits for a VPP that is down, as govpp's
// socketclient does (MaxWaitReady).
const waitReady = 10 * time.Second

// Adapter is a govpp connection to a VPP in the same process, without sockets;
// it implements adapter.VppAPI. A message takes effect during SendMsg; answers
// and events reach the callback from a goroutine that ends with Disconnect, or
// when the VPP crashes or is closed. It waits durably, so that a testing/synctest
// bubble with an idle adapter is idle. After a crash of the VPP SendMsg fails, as on a closed socket,
// and Connect works again once the VPP is back.
type Adapter struct {
	v    *VPP
	name string

	mu       sync.Mutex
	cl       *client // nil while disconnected
	callback adapter.MsgCallback

	// Messages under an interception wait here, so that a delay does not block
	// the sender.
	backlog []waiting
	working bool
}

var _ adapter.VppAPI = (*Adapter)(nil)

// Adapter returns a new unconnected adapter; the client's name is "govpp".
func (v *VPP) Adapter() *Adapter { return v.AdapterNamed("govpp") }

// AdapterNamed is Adapter with the name under which the client appears in
// Clients, Calls and interceptions.
func (v *VPP) AdapterNamed(name string) *Adapter { return &Adapter{v: v, name: name} }

// Connect returns a govpp connection without sockets. The caller ends it with
// Disconnect.
func (v *VPP) Connect() (*core.Connection, error) {
	conn, err := core.Connect(v.Adapter())
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", v.opts.name, err)
	}
	return conn, nil
}

// Connect registers the client.
func (a *Adapter) Connect() error {
	if a.v.DataPlane() == nil {
		return fmt.Errorf("connect to %s: %w", a.v.opts.name, ErrDown)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cl != nil && !a.cl.closed.Load() {
		return errors.New("connect: already connected")
	}
	t := &inProcess{a: a, wake: make(chan struct{}, 1)}
	cl := a.v.newClient(t)
	a.v.clients.setName(cl, a.name)
	a.cl, a.backlog = cl, nil
	go t.run(cl)
	return nil
}

// Disconnect releases the client; it may be called when not connected.
func (a *Adapter) Disconnect() error {
	a.mu.Lock()
	cl := a.cl
	a.cl, a.backlog = nil, nil
	a.mu.Unlock()
	if cl != nil {
		a.v.drop(cl, "it disconnected")
	}
	return nil
}

// GetMsgID returns the message's id, or an *adapter.UnknownMsgError if the VPP
// does not have that version of it.
func (a *Adapter) GetMsgID(name, crc string) (uint16, error) {
	if e := a.v.table.byKey[messageKey{name, crc}]; e != nil {
		return e.id, nil
	}
	return 0, &adapter.UnknownMsgError{MsgName: name, MsgCrc: crc}
}

// SetMsgCallback sets the receiver of answers and events.
func (a *Adapter) SetMsgCallback(callback adapter.MsgCallback) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.callback = callback
}

// WaitReady waits until the VPP runs, at most ten seconds.
func (a *Adapter) WaitReady() error {
	a.v.gate.RLock()
	up := a.v.up
	a.v.gate.RUnlock()
	select {
	case <-up:
		return nil
	default:
	}
	timeout := time.NewTimer(waitReady)
	defer timeout.Stop()
	select {
	case <-up:
		return nil
	case <-timeout.C:
		return fmt.Errorf("wait for %s: still down after %v", a.v.opts.name, waitReady)
	}
}

// SendMsg sends a message that starts with its id and has room for a request's
// header.
func (a *Adapter) SendMsg(context uint32, data []byte) error {
	if len(data) < 10 {
		return fmt.Errorf("send message: %d bytes, at least 10 expected", len(data))
	}
	a.mu.Lock()
	cl := a.cl
	if cl == nil || cl.closed.Load() {
		a.mu.Unlock()
		return fmt.Errorf("send message to %s: not connected", a.v.opts.name)
	}
	binary.BigEndian.PutUint32(data[2:], cl.index)
	binary.BigEndian.PutUint32(data[6:], context)
	if a.working || len(a.v.rules.load()) > 0 {
		a.queue(cl, data)
		a.mu.Unlock()
		return nil
	}
	a.mu.Unlock()
	return a.serve(cl, data)
}

// serve dispatches a message and starts the delivery of its answers.
func (a *Adapter) serve(cl *client, msg []byte) error {
	bye, err := a.v.dispatch(cl, msg)
	cl.transport.flush(cl)
	if err != nil {
		a.v.drop(cl, "malformed message: %v", err)
		return fmt.Errorf("send message to %s: %w", a.v.opts.name, err)
	}
	if bye {
		a.v.drop(cl, "it said goodbye")
	}
	return nil
}

// waiting is a message in the backlog.
type waiting struct {
	cl  *client
	msg []byte
}

// queue hands the message to a worker, behind those that wait. The caller has
// the lock.
func (a *Adapter) queue(cl *client, msg []byte) {
	a.backlog = append(a.backlog, waiting{cl, append([]byte(nil), msg...)})
	if !a.working {
		a.working = true
		go a.work()
	}
}

// work serves the backlog until it is empty.
func (a *Adapter) work() {
	for {
		a.mu.Lock()
		if len(a.backlog) == 0 {
			a.working = false
			a.mu.Unlock()
			return
		}
		w := a.backlog[0]
		a.backlog = a.backlog[1:]
		a.mu.Unlock()
		if !w.cl.closed.Load() {
			_ = a.serve(w.cl, w.msg) // a failure drops the connection, as on a socket
		}
	}
}

// inProcess delivers to an adapter's callback from one goroutine, which lives
// from Connect until the client is dropped: govpp's callback may block until its
// caller reads, so that it must not run in SendMsg. (A goroutine per delivery
// would cost a sixth of a request for growing its stack.)
type inProcess struct {
	a    *Adapter
	wake chan struct{} // has room for one
}

func (t *inProcess) hangUp() {}

func (t *inProcess) flush(*client) {
	select {
	case t.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// run calls back for each queued frame until the client is gone.
func (t *inProcess) run(cl *client) {
	for {
		select {
		case <-t.wake:
			t.deliver(cl)
		case <-cl.gone:
			return
		}
	}
}

// deliver empties the queue.
func (t *inProcess) deliver(cl *client) {
	t.a.mu.Lock()
	callback := t.a.callback
	t.a.mu.Unlock()
	for batch := cl.take(nil); batch != nil; batch = cl.take(batch) {
		if callback == nil {
			continue
		}
		for rest := batch; len(rest) > 0; {
			end := frameHeader + int(binary.BigEndian.Uint32(rest[8:]))
			msg := rest[frameHeader:end]
			callback(binary.BigEndian.Uint16(msg), msg)
			rest = rest[end:]
		}
	}
}
