package vnet

import (
	"net/netip"
	"slices"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// RouterReport is what another router advertised on one of this instance's
// interfaces (ip6_ra_report_t in src/vnet/ip6-nd/ip6_ra.h).
type RouterReport struct {
	SwIf     uint32
	Router   netip.Addr
	HopLimit uint8
	// Flags are those of the advertisement, Lifetime the router's in seconds.
	Flags    uint8
	Lifetime uint16
	// Reachable and Retransmit are in milliseconds.
	Reachable, Retransmit uint32
	Prefixes              []ReportedPrefix
}

// ReportedPrefix is a prefix that another router advertised; host bits are kept.
type ReportedPrefix struct {
	Prefix           netip.Prefix
	Flags            uint8
	Valid, Preferred uint32
}

// raMain holds who is told of advertisements.
type raMain struct{ watchers []*func(RouterReport) }

// WatchRouters calls fn for each router advertisement received until stop is
// called.
func (m *Main) WatchRouters(fn func(RouterReport)) (stop func()) {
	m.ra.watchers = append(m.ra.watchers, &fn)
	return func() {
		m.ra.watchers = slices.DeleteFunc(slices.Clone(m.ra.watchers), func(w *func(RouterReport)) bool { return w == &fn })
	}
}

// routerAdvertisement reads advertisements of others and drops them.
func (m *Main) routerAdvertisement(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if b.Trace != nil {
			b.Trace.Add(n, newIP6HeaderTrace(b))
		}
		code := m.routerAdvertised(b)
		b.ErrorNode, b.ErrorCode = m.icmp6.input.Index, code
		if code != icmp6ErrNone {
			m.icmp6.input.Count(code, 1) // and once more where it is dropped
		}
		n.Enqueue(b, 0)
	}
	m.icmp6.input.Count(icmp6ErrRARx, uint64(len(bufs)))
}

func (m *Main) routerAdvertised(b *vlib.Buffer) uint16 {
	ip := packet.IPv6(b.Bytes())
	l := m.link(b.RxSwIf)
	switch {
	case !ip.SrcAddr().IsLinkLocalUnicast():
		return icmp6ErrRASourceNotLinkLocal
	case !m.Interface(b.RxSwIf).Hw.Class.Ethernet:
		return icmp6ErrRSUnsupportedInterface
	case l == nil || l.ra == nil:
		return icmp6ErrRSNotConfigured
	}
	l.rs.stop()
	r := readRA(ip)
	r.SwIf = b.RxSwIf
	m.autoconfigure(&r)
	for _, w := range m.ra.watchers {
		(*w)(r)
	}
	return icmp6ErrNone
}

// readRA reads an advertisement, whose length ip6-icmp-input has checked.
func readRA(ip packet.IPv6) RouterReport {
	msg := ip[packet.IPv6Len:min(packet.IPv6Len+ip.PayloadLen(), len(ip))]
	r := RouterReport{Router: ip.SrcAddr(), HopLimit: packet.Uint8(msg, 4), Flags: packet.Uint8(msg, 5),
		Lifetime: packet.Uint16(msg, 6), Reachable: packet.Uint32(msg, 8), Retransmit: packet.Uint32(msg, 12)}
	for opts := msg[min(raLen, len(msg)):]; len(opts) >= 2; {
		size := int(opts[1]) * 8
		if size == 0 || size > len(opts) {
			break
		}
		if opts[0] == raOptPrefix && size >= 32 {
			r.Prefixes = append(r.Prefixes, readRAPrefix(opts[:size]))
		}
		opts = opts[size:]
	}
	return r
}

func readRAPrefix(opt []byte) ReportedPrefix {
	a := netip.AddrFrom16([16]byte(opt[16:32]))
	return ReportedPrefix{Prefix: netip.PrefixFrom(a, min(int(opt[2]), 128)), Flags: opt[3] & (raOnLink | raAutonomic),
		Valid: packet.Uint32(opt, 4), Preferred: packet.Uint32(opt, 8)}
}
