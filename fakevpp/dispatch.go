package fakevpp

import (
	"encoding/binary"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// dispatch serves one message of a client: it finds its handler by the id, runs
// it in turn with all other messages and packets, and queues the answers. An
// error says that the message is malformed or the VPP down; then nothing was
// done. bye says that the client's connection ends with this message.
//
// An id that is not in the table, or a message that is not a request, is
// ignored with a line in the log, as by VPP (msg_handler_internal in
// src/vlibapi/api_shared.c).
func (v *VPP) dispatch(cl *client, msg []byte) (bye bool, err error) {
	if len(msg) < 2 {
		return false, &schema.Error{Message: "message", Problem: "shorter than its id"}
	}
	id := binary.BigEndian.Uint16(msg)
	e := v.table.lookup(id)
	if e != nil {
		e = v.table.bound(e)
	}
	if e == nil || e.run == nil {
		v.logf(levelWarning, "api", "no handler for msg id %d", id)
		return false, nil
	}
	if v.traces.on.Load() {
		v.traceMessage(msg)
	}
	if size := e.Kind.HeaderSize(); len(msg) < size {
		return false, &schema.Error{Message: e.Name, Offset: len(msg), Problem: "shorter than its header"}
	}
	c := newCall(cl, e, msg)
	defer c.free()
	if rules := v.rules.load(); len(rules) > 0 {
		err = v.intercepted(c, rules)
	} else {
		err = v.execute(c)
	}
	return c.bye, err
}

// execute gives the message effect, queues the answers and then the events it
// caused.
func (v *VPP) execute(c *call) error {
	posted, err := v.effect(c, true)
	if err != nil {
		return err
	}
	v.send(posted)
	v.record(c)
	return nil
}

// effect runs the handler with ownership of the data plane. Answers are queued
// while it is held if deliver is set, so that clients see effects in order. It
// returns the events to send behind the answers.
func (v *VPP) effect(c *call, deliver bool) ([]posted, error) {
	v.gate.RLock()
	dp := v.dp
	if dp == nil {
		v.gate.RUnlock()
		return nil, ErrDown
	}
	dp.Lock()
	v.inCall = true
	err := c.entry.run(v, c)
	v.flushInterfaceEvents()
	v.inCall = false
	posted := v.posted
	v.posted = nil
	if deliver {
		c.client.enqueue(c.out)
	}
	v.gate.RUnlock()
	dp.Unlock()
	if schema.IsError(err) {
		return nil, err
	}
	if c.err != nil {
		v.logf(levelError, "api", "answer to %s: %v", c.entry.Name, c.err)
	}
	return posted, nil
}

// send queues events and flushes their receivers.
func (v *VPP) send(events []posted) {
	for _, p := range events {
		p.client.enqueue(p.frame)
	}
	for _, p := range events {
		p.client.transport.flush(p.client)
	}
}
