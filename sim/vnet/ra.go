package vnet

import (
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// raPeriod is how often VPP looks which interfaces are due to advertise
// (ip6_ra_event_process in src/vnet/ip6-nd/ip6_ra.c), raMinDelay the least time
// between two answers to solicitations.
const (
	raPeriod   = time.Second
	raMinDelay = 3 * time.Second
)

// raState is what an interface that may advertise itself keeps besides its
// configuration.
type raState struct {
	// initialLeft counts the quick advertisements that are still to be sent.
	initialLeft uint32
	// nextMulticast and lastMulticast are when unasked advertisements go out,
	// lastSolicited when the last answer did.
	nextMulticast, lastMulticast, lastSolicited time.Time
	timer                                       *Timer
}

// restartRA makes an interface begin with its quick advertisements again.
func (m *Main) restartRA(swIf uint32, ra *RouterAdvertisements) {
	now := m.Now()
	ra.state.initialLeft = ra.InitialCount - 1
	ra.state.nextMulticast, ra.state.lastMulticast, ra.state.lastSolicited = now, now, time.Time{}
	m.scheduleRA(swIf, ra)
}

// scheduleRA sets the timer for the next unasked advertisement, if there is to
// be one.
func (m *Main) scheduleRA(swIf uint32, ra *RouterAdvertisements) {
	ra.state.timer.Stop()
	if i := m.Interface(swIf); !ra.Send || i == nil || !i.AdminUp {
		return
	}
	wait := ra.state.nextMulticast.Sub(m.Now())
	if tick := m.untilTick(raPeriod); wait <= tick {
		wait = tick
	} else {
		wait = tick + (wait-tick+raPeriod-1)/raPeriod*raPeriod
	}
	ra.state.timer = m.AfterFunc(wait, func() { m.advertiseRouter(swIf, ra) })
}

// raAdmin follows an interface's admin state: one that comes up begins anew.
func (m *Main) raAdmin(i *Interface) {
	ra := m.RouterAdvertisements(i.SwIfIndex)
	switch {
	case ra == nil:
	case i.AdminUp:
		m.restartRA(i.SwIfIndex, ra)
	default:
		ra.state.timer.Stop()
	}
}

// advertiseRouter sends an unasked advertisement: like VPP it lets a
// solicitation without addresses run through the node that answers them
// (ip6_ra_process_timer_event).
func (m *Main) advertiseRouter(swIf uint32, ra *RouterAdvertisements) {
	if m.RouterAdvertisements(swIf) != ra || !ra.Send {
		return
	}
	spread := float64(ra.MaxInterval) - float64(ra.MinInterval)
	next := float64(ra.MinInterval) + spread*m.random()
	if ra.state.initialLeft > 0 {
		ra.state.initialLeft--
		next = min(next, float64(ra.InitialInterval))
		if ra.state.initialLeft == 0 && ra.Cease {
			ra.Send = false
		}
	}
	now := m.Now()
	ra.state.nextMulticast, ra.state.lastMulticast = now.Add(seconds(next)), now
	const size = packet.ICMPLen + 8
	b := m.Graph.AllocSize(packet.IPv6Len + size)
	p := b.Bytes()
	clear(p)
	p[0], p[5], p[6], p[7] = 6<<4, size, packet.ProtoICMPv6, 255
	p[packet.IPv6Len] = packet.ICMPv6RouterSol
	b.RxSwIf = swIf
	m.Graph.Inject(m.Graph.Node("icmp6-router-solicitation"), b)
	m.scheduleRA(swIf, ra)
}

// random is the next of a sequence of numbers from 0 to 1 that is the same in
// every instance.
func (m *Main) random() float64 {
	m.randoms++
	return float64(mix(m.randoms)>>11) / (1 << 53)
}

// Next nodes of icmp6-router-solicitation.
const (
	rsNextDrop uint16 = iota
	rsNextRewrite
	rsNextOutput
	rsNextPunt
)

// routerSolicitation answers solicitations on interfaces that advertise
// themselves and turns the packets of advertiseRouter into unasked
// advertisements; it punts what asks for a router that is not advertised.
func (m *Main) routerSolicitation(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newIP6HeaderTrace(b))
		}
		ip := packet.IPv6(b.Bytes())
		next, code := m.routerSolicited(b, ip)
		b.ErrorNode, b.ErrorCode = m.icmp6.input.Index, code
		switch code {
		case icmp6ErrNone:
		case icmp6ErrRSNotConfigured:
			// VPP hands on the whole packet, for a host stack.
			next = rsNextPunt
			b.Advance(-int(b.L2Len))
		default:
			m.icmp6.input.Count(code, 1) // and once more where it is dropped
		}
		n.Enqueue(b, next)
	}
}

// routerSolicited does what one solicitation asks for.
func (m *Main) routerSolicited(b *vlib.Buffer, ip packet.IPv6) (next, code uint16) {
	src, swIf := ip.SrcAddr(), b.RxSwIf
	onLink := src.IsUnspecified() || src.IsLinkLocalUnicast()
	if !onLink && !m.ndSourceOnLink(b, ip) {
		return rsNextDrop, icmp6ErrRSSourceNotOnLink
	}
	if opt := rsOption(ip); opt != nil && !onLink {
		m.neighborLearn(swIf, src, packet.MAC(opt[2:8]))
	}
	i, ra := m.Interface(swIf), m.RouterAdvertisements(swIf)
	switch {
	case !i.Hw.Class.Ethernet:
		return rsNextDrop, icmp6ErrRSUnsupportedInterface
	case ra == nil || !ra.Send && !ip.DstAddr().IsUnspecified():
		return rsNextDrop, icmp6ErrRSNotConfigured
	}
	solicited, now := !ip.DstAddr().IsUnspecified(), m.Now()
	dropped := false
	if solicited {
		ra.SolicitationsReceived++
		if dropped = !ra.state.lastSolicited.IsZero() && now.Sub(ra.state.lastSolicited) < raMinDelay; dropped {
			ra.SolicitationsDropped++
			return rsNextDrop, icmp6ErrNone
		}
		ra.state.lastSolicited = now
	}
	m.buildRA(b, i, ra, src)
	ra.Sent++
	m.icmp6.input.Count(icmp6ErrRATx, 1)
	b.RxSwIf = 0
	b.Flags |= vlib.FlagLocallyOriginated
	if !solicited {
		b.Adj = m.ip6LinkMcastAdj(swIf)
		return rsNextRewrite, icmp6ErrNone
	}
	to := ethernetSource(b)
	b.Advance(-int(b.L2Len))
	eth := packet.Ethernet(b.Bytes())
	eth.SetDst(to)
	eth.SetSrc(i.Hw.MAC)
	b.TxSwIf = swIf
	return rsNextOutput, icmp6ErrNone
}

// rsOption returns the link-layer address option of a router solicitation, nil
// when its options are anything but that one.
func rsOption(ip packet.IPv6) []byte {
	opt := ip[min(packet.IPv6Len+packet.ICMPLen, len(ip)):]
	if ip.PayloadLen()-packet.ICMPLen != 8 || len(opt) < 8 || opt[0] != packet.NDOptSourceLinkAddr || opt[1] != 1 {
		return nil
	}
	return opt[:8]
}
