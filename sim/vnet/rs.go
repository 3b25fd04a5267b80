package vnet

import (
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Solicitation says how to ask a link for its routers; the names are those of
// RFC 3315 section 14, times are in seconds.
type Solicitation struct {
	// IRT and MRT are the first and the longest time between two packets.
	IRT, MRT uint32
	// MRC is the most packets and MRD the most time, 0 for no end.
	MRC, MRD uint32
}

// solicitor asks for routers until one answers (send_rs_process in
// src/vnet/ip6-nd/ip6_ra.c).
type solicitor struct {
	params Solicitation
	left   uint32
	since  time.Time
	pause  float64
	timer  *Timer
}

// stop ends the asking.
func (s *solicitor) stop() { s.timer.Stop() }

// SolicitRouters begins to ask for routers on an interface; one without IPv6
// is left alone (icmp6_send_router_solicitation).
func (m *Main) SolicitRouters(swIf uint32, p Solicitation) error {
	if _, err := m.mustInterface(swIf); err != nil {
		return err
	}
	l := m.link(swIf)
	if l == nil || l.ra == nil {
		return nil
	}
	l.rs.stop()
	l.rs = solicitor{params: p, left: p.MRC, since: m.Now(), pause: m.blur() * float64(p.IRT)}
	m.solicit(swIf, l)
	return nil
}

// StopSoliciting ends SolicitRouters.
func (m *Main) StopSoliciting(swIf uint32) error {
	_, err := m.mustInterface(swIf)
	if l := m.link(swIf); l != nil {
		l.rs.stop()
	}
	return err
}

// blur is 1 with a random part of a tenth.
func (m *Main) blur() float64 { return 0.9 + 0.2*m.random() }

// solicit sends one packet and sets the timer for the next.
func (m *Main) solicit(swIf uint32, l *ip6Link) {
	if m.link(swIf) != l {
		return
	}
	m.sendRouterSolicitation(swIf)
	s := &l.rs
	if s.left--; s.params.MRC != 0 && s.left == 0 {
		return
	}
	s.pause *= 1 + m.blur()
	if longest := float64(s.params.MRT); s.pause > longest {
		s.pause = m.blur() * longest
	}
	if s.params.MRD != 0 && m.Since(s.since) > time.Duration(s.params.MRD)*time.Second {
		return
	}
	s.timer = m.AfterFunc(seconds(s.pause), func() { m.solicit(swIf, l) })
}

// sendRouterSolicitation multicasts a solicitation to the link's routers.
func (m *Main) sendRouterSolicitation(swIf uint32) {
	i, adj := m.Interface(swIf), m.ip6LinkMcastAdj(swIf)
	if adj == fib.InvalidIndex {
		return
	}
	const size = packet.ICMPLen + 8
	b := m.Graph.AllocSize(packet.IPv6Len + size)
	p := b.Bytes()
	packet.IPv6Fields{PayloadLen: size, NextHeader: packet.ProtoICMPv6, HopLimit: 255, Src: m.linkLocal(swIf),
		Dst: netip.IPv6LinkLocalAllRouters()}.Encode(p)
	rs := packet.ICMP(p[packet.IPv6Len:])
	rs.Encode(packet.ICMPv6RouterSol, 0, 0)
	rs[8], rs[9] = packet.NDOptSourceLinkAddr, 1
	copy(rs[10:16], i.Hw.MAC[:])
	setICMP6Checksum(p)
	b.RxSwIf, b.TxSwIf, b.Adj = swIf, swIf, adj
	b.Flags |= vlib.FlagLocallyOriginated
	m.Graph.Inject(m.Graph.Node("ip6-rewrite-mcast"), b)
}
