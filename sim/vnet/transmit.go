package vnet

import (
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// outbox collects what leaves during one ownership of the instance: runs of
// packets by port, in the order in which the tx nodes sent them. Outboxes and
// what hangs on them are reused, so that sending allocates nothing.
type outbox struct {
	runs   []txRun
	frames []packet.Frame
}

// txRun is a run of packets for one port.
type txRun struct {
	port Port
	bufs []*vlib.Buffer
}

// transmit hands bufs to port once the instance is no longer owned; the tx node
// of an interface calls it. The buffers are freed afterwards; the slice is
// copied.
func (m *Main) transmit(port Port, bufs ...*vlib.Buffer) {
	if m.tx == nil {
		m.tx = m.newOutbox()
	}
	m.tx.add(port, bufs)
}

func (m *Main) newOutbox() *outbox {
	if n := len(m.outboxes); n > 0 {
		o := m.outboxes[n-1]
		m.outboxes = m.outboxes[:n-1]
		return o
	}
	return &outbox{}
}

func (o *outbox) add(port Port, bufs []*vlib.Buffer) {
	n := len(o.runs)
	if n == 0 || o.runs[n-1].port != port {
		if n < cap(o.runs) {
			o.runs = o.runs[:n+1]
		} else {
			o.runs = append(o.runs, txRun{})
		}
		o.runs[n].port = port
		n++
	}
	run := &o.runs[n-1]
	run.bufs = append(run.bufs, bufs...)
}

// flush hands o to the ports and gives the buffers back. The instance is not
// owned while the ports have the frames.
func (m *Main) flush(o *outbox) {
	for _, run := range o.runs {
		o.frames = o.frames[:0]
		for _, b := range run.bufs {
			o.frames = append(o.frames, packet.Frame{Data: b.Bytes(), Trace: b.TraceID})
		}
		run.port.Transmit(o.frames)
	}
	m.mu.Lock()
	for i := range o.runs {
		run := &o.runs[i]
		for _, b := range run.bufs {
			m.Graph.Free(b)
		}
		run.bufs, run.port = run.bufs[:0], nil
	}
	o.runs = o.runs[:0]
	m.outboxes = append(m.outboxes, o)
	m.mu.Unlock()
}
