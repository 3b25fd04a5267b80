package vnet

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// addNullNodes registers the ends of null routes (src/vnet/dpo/ip_null_dpo.c).
func (m *Main) addNullNodes() {
	m.null.period = 100 * time.Millisecond
	m.Graph.MustAdd(vlib.Registration{Name: "ip4-null", Nexts: []string{"ip4-drop", "ip4-icmp-error"},
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.nullRoute(n, bufs, fib.IP4) }})
	m.Graph.MustAdd(vlib.Registration{Name: "ip6-null", Nexts: []string{"ip6-drop", "ip6-icmp-error"},
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.nullRoute(n, bufs, fib.IP6) }})
}

// nullAnswers gives ICMP type and code for each action and protocol.
var nullAnswers = map[fib.NullAction][2][2]uint8{
	fib.NullUnreachable: {{packet.ICMPUnreachable, 1}, {packet.ICMPv6Unreachable, 0}},
	fib.NullProhibit:    {{packet.ICMPUnreachable, 10}, {packet.ICMPv6Unreachable, 1}},
}

// nullRoute drops packets, or answers the first between two addresses in each
// tenth of a second.
func (m *Main) nullRoute(n *vlib.Node, bufs []*vlib.Buffer, proto fib.Proto) {
	const drop, icmp = 0, 1
	for _, b := range bufs {
		action := fib.NullAction(b.Adj)
		if b.Trace != nil {
			b.Trace.Add(n, &IndexTrace{fmt.Sprintf("%s-null action:%s", proto, nullActionNames[action])})
		}
		answer, ok := nullAnswers[action]
		if !ok || m.null.hit(m.now(), addressKey(b.Bytes(), proto)) {
			n.Enqueue(b, drop)
			continue
		}
		setICMPError(b, answer[proto][0], answer[proto][1], 0)
		n.Enqueue(b, icmp)
	}
}

var nullActionNames = map[fib.NullAction]string{fib.NullNone: "discard", fib.NullUnreachable: "send-unreachable",
	fib.NullProhibit: "send-prohibited"}

// addressKey mixes both addresses of a packet into one word.
func addressKey(p []byte, proto fib.Proto) uint64 {
	if proto == fib.IP4 {
		return binary.BigEndian.Uint64(p[12:20])
	}
	k := uint64(0)
	for off := 8; off < 40; off += 8 {
		k = mix(k ^ binary.BigEndian.Uint64(p[off:off+8]))
	}
	return k
}
