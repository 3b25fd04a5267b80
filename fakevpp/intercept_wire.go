package fakevpp

import "time"

// shortPause is what passes between the parts of an answer that is written in
// parts, so that the client reads them one by one.
const shortPause = time.Millisecond

// CutAt gives the message effect, sends the first n bytes of what goes on the
// socket for its answers (16 bytes of header in front of each message), and
// closes the connection: the client is left in the middle of a message. n of 0
// is Cut.
func CutAt(n int) InterceptOption {
	return interceptFunc(func(i *Interception) { i.cut, i.cutAt = true, n })
}

// ShortWrites makes the connection's answers and events, from this message's on,
// reach the client n bytes at a time, as from a slow peer. In-process clients,
// which have no bytes, see no difference.
func ShortWrites(n int) InterceptOption {
	return interceptFunc(func(i *Interception) { i.short = n })
}

// shorten makes the connections of the rules write in parts.
func (c *call) shorten(list []*Interception) {
	t, ok := c.client.transport.(*socketTransport)
	if !ok {
		return
	}
	for _, i := range list {
		if i.short > 0 {
			t.chunk.Store(int32(i.short))
		}
	}
}

// truncate leaves of the answers what a rule that cuts lets through.
func (c *call) truncate(list []*Interception) {
	for _, i := range list {
		if i.cut && i.cutAt > 0 && i.cutAt < len(c.out) {
			c.out = c.out[:i.cutAt]
		}
	}
}
