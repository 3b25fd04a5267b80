package vnet

import (
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of ip6-input (ip6_input_next_t in src/vnet/ip/ip6_input.h).
const (
	ip6InputNextDrop uint16 = iota
	ip6InputNextLookup
	ip6InputNextMulticast
	ip6InputNextICMPError
)

func (m *Main) addIP6InputNodes() {
	m.ip6Input = m.Graph.MustAdd(vlib.Registration{Name: "ip6-input", Errors: ip6Errors, Func: m.ip6InputNode,
		Nexts: []string{"error-drop", "ip6-lookup", "ip6-mfib-forward-lookup", "ip6-icmp-error"}})
}

// ip6InputNode validates packets and starts the unicast or multicast feature
// arc (src/vnet/ip/ip6_input.c).
func (m *Main) ip6InputNode(n *vlib.Node, bufs []*vlib.Buffer) {
	rx := vlib.InvalidIndex
	var i *Interface
	var unicast, multicast []uint32
	for _, b := range bufs {
		if b.RxSwIf != rx {
			rx = b.RxSwIf
			i = m.sw[rx]
			unicast, multicast = m.featureStart(arcIP6Unicast, rx), m.featureStart(arcIP6Multicast, rx)
		}
		*i.Counters.IP6++
		if b.Trace != nil {
			b.Trace.Add(n, newIP6HeaderTrace(b))
		}
		p := b.Bytes()
		if code := ip6Check(p); code != ip6ErrNone {
			m.ip6InputError(n, b, code)
			continue
		}
		features, next := unicast, ip6InputNextLookup
		if p[24] == 0xff {
			features, next = multicast, ip6InputNextMulticast
		}
		if features == nil {
			n.Enqueue(b, next)
			continue
		}
		b.Features = features
		n.SendFeature(b)
	}
}

// ip6Check returns what is wrong with a packet; the payload length is not
// looked at (ip6_input_check_x1 in src/vnet/ip/ip6_input.h).
func ip6Check(p []byte) uint16 {
	if len(p) < packet.IPv6Len {
		return ip6ErrTooShort
	}
	if p[7] < 1 {
		return ip6ErrTimeExpired
	}
	if p[0]>>4 != 6 {
		return ip6ErrVersion
	}
	return ip6ErrNone
}

func (m *Main) ip6InputError(n *vlib.Node, b *vlib.Buffer, code uint16) {
	m.ip6Input.SetError(b, code)
	if code == ip6ErrTimeExpired {
		setICMPError(b, packet.ICMPv6TimeExceeded, 0, 0)
		n.Enqueue(b, ip6InputNextICMPError)
		return
	}
	n.Enqueue(b, ip6InputNextDrop)
}
