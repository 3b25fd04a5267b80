package vpp

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"go.fd.io/govpp/adapter"
	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/memclnt"
	"go.fd.io/govpp/core"
)

// ErrUnsupported is wrapped by errors about messages that this VPP does not have.
var ErrUnsupported = errors.New("VPP does not have this message")

// window is how many requests are under way at once. govpp holds 100 unread replies per stream (core.ReplyChanBufSize) and drops more.
const window = 64

// dumpBuffer is how many details of a dump govpp may hold for us.
const dumpBuffer = 1024

// client sends requests to one VPP over one stream, in order.
type client struct {
	conn    api.Connection
	ctx     context.Context // ends with the connection
	stream  api.Stream
	missing map[string]bool // names of messages that VPP does not have
}

func newClient(ctx context.Context, conn api.Connection) *client {
	return &client{conn: conn, ctx: ctx, missing: map[string]bool{}}
}

// open returns the stream, making it when there is none.
func (c *client) open() (api.Stream, error) {
	if c.stream != nil {
		return c.stream, nil
	}
	var options []api.StreamOption
	if _, ok := c.conn.(*core.Connection); ok {
		options = append(options, core.WithReplySize(dumpBuffer))
	}
	stream, err := c.conn.NewStream(c.ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("open a stream to VPP: %w", err)
	}
	c.stream = stream
	return stream, nil
}

// drop gives up a stream on which replies are outstanding that nobody will read.
func (c *client) drop() {
	if c.stream != nil {
		_ = c.stream.Close() // it only fails when closed already
		c.stream = nil
	}
}

// request is one message and what comes of it.
type request struct {
	what string      // what it is meant to do, for errors
	to   string      // the name of the interface it is about, where what does not have it
	key  *RouteKey   // the route it is about, which what does not name; there are too many to form texts that nobody reads
	msg  api.Message // the request
	ok   []int32     // retvals that are as good as 0
	// optional requests succeed without effect where VPP does not have the message, or does not implement it.
	optional bool
	done     func(reply api.Message)
	err      error // set by do
}

// do sends requests, many at a time, and calls done for each that succeeded, in order. It sets err of those that failed. The error returned is one of the
// connection: then nothing is known of the requests without an outcome.
func (c *client) do(requests []*request) error {
	stream, err := c.open()
	if err != nil {
		return err
	}
	sent := 0
	pending := make([]*request, 0, window)
	for sent < len(requests) || len(pending) > 0 {
		for sent < len(requests) && len(pending) < window {
			r := requests[sent]
			sent++
			if r.err = c.send(stream, r.msg); r.err == nil {
				pending = append(pending, r)
			} else if r.optional && errors.Is(r.err, ErrUnsupported) {
				r.succeed(nil)
			} else if !errors.Is(r.err, ErrUnsupported) {
				c.drop()
				return fmt.Errorf("%s: %w", r.title(), r.err)
			}
		}
		if len(pending) == 0 {
			break
		}
		reply, err := stream.RecvMsg()
		if err != nil {
			c.drop()
			return fmt.Errorf("%s: %w", pending[0].title(), err)
		}
		pending[0].finish(reply)
		pending = append(pending[:0], pending[1:]...)
	}
	return nil
}

// send sends one message; ErrUnsupported tells of one that VPP does not have.
func (c *client) send(stream api.Stream, msg api.Message) error {
	name := msg.GetMessageName()
	if c.missing[name] {
		return fmt.Errorf("%s: %w", name, ErrUnsupported)
	}
	err := stream.SendMsg(msg)
	if err == nil {
		return nil
	}
	var unknown *adapter.UnknownMsgError
	if errors.As(err, &unknown) {
		c.missing[name] = true
		return fmt.Errorf("%s_%s: %w", name, msg.GetCrcString(), ErrUnsupported)
	}
	return err
}

// title says what the request is meant to do.
func (r *request) title() string {
	if r.key == nil && r.to == "" {
		return r.what
	}
	if r.key == nil {
		return r.what + " " + r.to
	}
	return fmt.Sprintf("%s %s in table %d", r.what, r.key.Prefix, r.key.Table)
}

// finish judges a reply.
func (r *request) finish(reply api.Message) {
	retval := retvalOf(reply)
	for _, ok := range r.ok {
		if retval == ok {
			retval = 0
		}
	}
	if r.optional && retval == int32(api.UNIMPLEMENTED) {
		retval = 0
	}
	if retval != 0 {
		r.err = fmt.Errorf("%s: %w", r.msg.GetMessageName(), api.RetvalToVPPApiError(retval))
		return
	}
	r.succeed(reply)
}

func (r *request) succeed(reply api.Message) {
	r.err = nil
	if r.done != nil {
		r.done(reply)
	}
}

// retvalOf returns the retval of a reply, the first field of those that have one.
func retvalOf(reply api.Message) int32 {
	v := reflect.ValueOf(reply).Elem()
	if v.NumField() == 0 || v.Type().Field(0).Name != "Retval" {
		return 0
	}
	return int32(v.Field(0).Int())
}

// dump sends a dump request and calls each for every message that comes before the end.
func (c *client) dump(msg api.Message, each func(details api.Message)) error {
	stream, err := c.open()
	if err != nil {
		return err
	}
	if err := c.send(stream, msg); err != nil {
		if !errors.Is(err, ErrUnsupported) {
			c.drop()
		}
		return err
	}
	if err := c.send(stream, &memclnt.ControlPing{}); err != nil {
		c.drop()
		return err
	}
	for {
		m, err := stream.RecvMsg()
		if err != nil {
			c.drop()
			return fmt.Errorf("%s: %w", msg.GetMessageName(), err)
		}
		if _, end := m.(*memclnt.ControlPingReply); end {
			return nil
		}
		each(m)
	}
}

// call sends one request and returns its reply.
func (c *client) call(what string, msg api.Message) (reply api.Message, err error) {
	r := &request{what: what, msg: msg, done: func(m api.Message) { reply = m }}
	if err := c.do([]*request{r}); err != nil {
		return nil, err
	}
	if r.err != nil {
		return nil, fmt.Errorf("%s: %w", what, r.err)
	}
	return reply, nil
}
