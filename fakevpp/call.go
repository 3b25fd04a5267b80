package fakevpp

import (
	"encoding/binary"
	"errors"
	"sync"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// frameHeader is the size of the header before each message on the socket:
// 8 unused bytes, u32 big-endian length of the message, 4 unused bytes
// (msgbuf_t in src/vlibapi/api_common.h).
const frameHeader = 16

// call is one message under way: who sent it, its bytes and where its answers
// go. Handlers read client and entry; the rest is the dispatcher's.
type call struct {
	client  *client // who sent it, to whom event registrations belong
	entry   *entry  // the version of the message
	context uint32  // the sender's, repeated in every answer
	msg     []byte  // from the message id on; valid during the call
	out     []byte  // frames for the client
	start   int     // of the frame being written in out
	retval  int32   // the answer's
	err     error   // first failure to encode an answer
	bye     bool    // the client ends its connection with this call

	intercepted bool
}

// calls recycles calls with the room of their answers.
var calls = sync.Pool{New: func() any { return new(call) }}

// newCall prepares the call of a message that cl sent.
func newCall(cl *client, e *entry, msg []byte) *call {
	c := calls.Get().(*call)
	*c = call{client: cl, entry: e, msg: msg, out: c.out[:0]}
	switch {
	case e.Kind == schema.Request && len(msg) >= 10:
		c.context = binary.BigEndian.Uint32(msg[6:])
	case e.Kind == schema.Reply && len(msg) >= 6:
		c.context = binary.BigEndian.Uint32(msg[2:])
	}
	return c
}

// free gives the call back.
func (c *call) free() {
	if cap(c.out) > 1<<20 {
		c.out = nil
	}
	c.client, c.entry, c.msg, c.err = nil, nil, nil, nil
	calls.Put(c)
}

// begin starts a frame with the message e.
func (c *call) begin(e *entry) {
	c.start = len(c.out)
	c.out = appendHeader(c.out, e, 0, c.context)
}

// end completes the frame with the encoder's result; a message that cannot be
// encoded is left out.
func (c *call) end(b []byte, err error) {
	if err != nil {
		c.out = c.out[:c.start]
		if c.err == nil {
			c.err = err
		}
		return
	}
	c.out = b
	closeFrame(c.out[c.start:])
}

// appendHeader appends the headers of frame and message. The client's index is
// only in events: VPP leaves it zero in answers that have the field.
func appendHeader(b []byte, e *entry, index, context uint32) []byte {
	b = append(b, make([]byte, frameHeader)...)
	b = binary.BigEndian.AppendUint16(b, e.id)
	switch e.Kind {
	case schema.Request: // answers with a client_index, such as ip_mtable_details
		b = binary.BigEndian.AppendUint32(b, index)
		b = binary.BigEndian.AppendUint32(b, context)
	case schema.Reply:
		b = binary.BigEndian.AppendUint32(b, context)
	case schema.Event:
		b = binary.BigEndian.AppendUint32(b, index)
	}
	return b
}

// closeFrame writes the length into the header of a complete frame.
func closeFrame(frame []byte) {
	binary.BigEndian.PutUint32(frame[8:], uint32(len(frame)-frameHeader))
}

// retval turns a handler's error into the number that the reply carries.
func (v *VPP) retval(c *call, err error) int32 {
	if err == nil {
		return 0
	}
	c.retval = int32(vnet.ErrUnspecified)
	var code vnet.APIError
	if errors.As(err, &code) {
		c.retval = int32(code)
	} else {
		v.logf(levelError, "api", "%s: %v", c.entry.Name, err)
	}
	return c.retval
}

// unimplemented answers a request that has no handler.
func unimplemented(b binding) runner {
	if b.rep == nil {
		return func(v *VPP, c *call) error {
			v.retval(c, vnet.ErrUnimplemented)
			return vnet.ErrUnimplemented
		}
	}
	enc, err := schema.NewEncoder[empty](b.rep.Message)
	return func(v *VPP, c *call) error {
		v.retval(c, vnet.ErrUnimplemented)
		if err != nil {
			return err
		}
		c.begin(b.rep)
		c.end(enc.Append(c.out, new(empty), c.retval))
		return vnet.ErrUnimplemented
	}
}

// unfit answers a request whose handler cannot work with this version of the
// message; the log says why.
func unfit(b binding, why error) runner {
	answer := unimplemented(b)
	return func(v *VPP, c *call) error {
		v.logf(levelError, "api", "%s: handler does not fit: %v", b.req.Key(), why)
		return answer(v, c)
	}
}
