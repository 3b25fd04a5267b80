package fakevpp

import (
	"errors"
	"reflect"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// handlerKind is the shape of a request's answer.
type handlerKind uint8

const (
	// kindReply: one reply, named after the request with "_reply".
	kindReply handlerKind = iota
	// kindDump: any number of details and no reply; a control_ping that the
	// client sends behind the dump marks the end.
	kindDump
	// kindGet: any number of details, then a reply with a cursor.
	kindGet
)

// handler ties a message's name to the function that gives it effect. It does
// not depend on a version of the API: Req and Rep are Go structs with just the
// fields that the function wants, and package schema maps each version's layout
// to them by field name.
//
// The function runs with ownership of the data plane. The error it returns
// becomes the reply's retval: a vnet.APIError its number, any other error
// UNSPECIFIED with a line in the log. It may keep req and what hangs on it.
type handler struct {
	name     string       // of the request
	details  string       // of the details message of a dump or get
	kind     handlerKind  // shape of the answer
	req, rep reflect.Type // the function's structs; rep is the reply's or the details'
	bind     func(binding) (runner, error)
}

// binding is one version of a request with the messages that answer it; what
// the schema lacks is nil.
type binding struct {
	req, rep, details *entry
}

// runner decodes, runs and answers one message, with ownership of the data
// plane. Its error is the one whose number the reply carries; a *schema.Error
// says that the message could not be decoded and nothing was done.
type runner func(v *VPP, c *call) error

// empty is the reply struct of handlers whose reply has only a retval.
type empty struct{}

// cursorReply is the end of a cursor dump.
type cursorReply struct{ Cursor uint32 }

// reply makes the handler of a request whose reply has only a retval.
func reply[Req any](name string, fn func(v *VPP, c *call, req *Req) error) handler {
	return replyWith(name, func(v *VPP, c *call, req *Req, _ *empty) error { return fn(v, c, req) })
}

// replyWith makes the handler of a request whose reply carries more than a
// retval. What fn leaves in rep is sent with an error, too, as VPP's
// REPLY_MACRO2 does.
func replyWith[Req, Rep any](name string, fn func(v *VPP, c *call, req *Req, rep *Rep) error) handler {
	bind := func(b binding) (runner, error) {
		dec, enc, err := plans[Req, Rep](b.req, b.rep)
		if err != nil {
			return nil, err
		}
		return func(v *VPP, c *call) error {
			req, rep := new(Req), new(Rep)
			err := dec.Decode(c.msg, req)
			switch {
			case err == nil:
				err = fn(v, c, req, rep)
			case errors.Is(err, schema.ErrAddressFamily):
				err = vnet.ErrInvalidAddressFamily
			default:
				return err
			}
			retval := v.retval(c, err)
			c.begin(b.rep)
			c.end(enc.Append(c.out, rep, retval))
			return err
		}, nil
	}
	return handler{name: name, kind: kindReply, bind: bind,
		req: reflect.TypeFor[Req](), rep: reflect.TypeFor[Rep]()}
}

// dump makes the handler of a dump request: fn calls emit once per details
// message, in VPP's order; emit does not keep its argument. VPP's dumps have no
// way to answer an error, so that fn's only ends the dump.
func dump[Req, Det any](name, details string, fn func(v *VPP, c *call, req *Req, emit func(*Det)) error) handler {
	bind := func(b binding) (runner, error) {
		dec, enc, err := plans[Req, Det](b.req, b.details)
		if err != nil {
			return nil, err
		}
		return func(v *VPP, c *call) error { return runDump(v, c, b, dec, enc, fn) }, nil
	}
	return handler{name: name, details: details, kind: kindDump, bind: bind,
		req: reflect.TypeFor[Req](), rep: reflect.TypeFor[Det]()}
}

// get makes the handler of a cursor request ("x_get", answered by "x_details"
// and closed by "x_get_reply"). All details go out at once: the double never
// answers EAGAIN, and the reply's cursor is ~0 as on VPP's last page.
func get[Req, Det any](name, details string, fn func(v *VPP, c *call, req *Req, emit func(*Det)) error) handler {
	bind := func(b binding) (runner, error) {
		dec, enc, err := plans[Req, Det](b.req, b.details)
		if err != nil {
			return nil, err
		}
		last, err := schema.NewEncoder[cursorReply](b.rep.Message)
		if err != nil {
			return nil, err
		}
		return func(v *VPP, c *call) error {
			err := runDump(v, c, b, dec, enc, fn)
			if schema.IsError(err) {
				return err
			}
			c.begin(b.rep)
			c.end(last.Append(c.out, &cursorReply{Cursor: ^uint32(0)}, v.retval(c, err)))
			return err
		}, nil
	}
	return handler{name: name, details: details, kind: kindGet, bind: bind,
		req: reflect.TypeFor[Req](), rep: reflect.TypeFor[Det]()}
}

// getWith is get for a reply with more than a cursor. What fn leaves in rep is
// sent with an error, too.
func getWith[Req, Det, Rep any](name, details string,
	fn func(v *VPP, c *call, req *Req, emit func(*Det), rep *Rep) error) handler {
	bind := func(b binding) (runner, error) {
		dec, enc, err := plans[Req, Det](b.req, b.details)
		if err != nil {
			return nil, err
		}
		last, err := schema.NewEncoder[Rep](b.rep.Message)
		if err != nil {
			return nil, err
		}
		return func(v *VPP, c *call) error {
			rep := new(Rep)
			err := runDump(v, c, b, dec, enc, func(v *VPP, c *call, req *Req, emit func(*Det)) error {
				return fn(v, c, req, emit, rep)
			})
			if schema.IsError(err) {
				return err
			}
			c.begin(b.rep)
			c.end(last.Append(c.out, rep, v.retval(c, err)))
			return err
		}, nil
	}
	return handler{name: name, details: details, kind: kindGet, bind: bind,
		req: reflect.TypeFor[Req](), rep: reflect.TypeFor[Det]()}
}

// runDump decodes the request and sends a details message for each emit.
func runDump[Req, Det any](v *VPP, c *call, b binding, dec *schema.Decoder[Req], enc *schema.Encoder[Det],
	fn func(*VPP, *call, *Req, func(*Det)) error) error {
	req := new(Req)
	if err := dec.Decode(c.msg, req); err != nil {
		if errors.Is(err, schema.ErrAddressFamily) {
			return nil // there is nothing of such a family
		}
		return err
	}
	return fn(v, c, req, func(d *Det) {
		c.begin(b.details)
		c.end(enc.Append(c.out, d, 0))
	})
}

// plans compiles the two plans of a handler.
func plans[Req, Rep any](req, rep *entry) (*schema.Decoder[Req], *schema.Encoder[Rep], error) {
	dec, err := schema.NewDecoder[Req](req.Message)
	if err != nil {
		return nil, nil, err
	}
	enc, err := schema.NewEncoder[Rep](rep.Message)
	return dec, enc, err
}
