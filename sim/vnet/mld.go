package vnet

import (
	"net/netip"
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// mldLink is what an Ethernet interface with IPv6 listens to
// (src/vnet/ip6-nd/ip6_mld.c). The zero value listens to nothing.
type mldLink struct {
	groups []mldGroup // a group without addresses is a free place
	free   []int
	// own is the group of the link-local address.
	own      netip.Addr
	reported bool
	timer    *Timer
}

// mldGroup is a group with the number of addresses that make it be joined.
type mldGroup struct {
	addr      netip.Addr
	addresses int
}

// mldPeriod is how often VPP looks which interfaces have yet to report.
const mldPeriod = time.Second

// mldRouters is the group that hears reports (RFC 3810 section 5.2.14).
var mldRouters = netip.MustParseAddr("ff02::16")

// ReportListeners makes interfaces that come up tell the link's routers what
// groups they listen to, as VPP's do within a second. A new instance does not,
// so that nothing is sent that nobody asked for.
func (m *Main) ReportListeners() {
	m.mldReports = true
	for swIf := range m.subsystems.ip.links {
		m.scheduleMLD(uint32(swIf))
	}
}

// MulticastGroups returns the groups that an interface has joined.
func (m *Main) MulticastGroups(swIf uint32) []netip.Addr {
	l := m.link(swIf)
	if l == nil {
		return nil
	}
	return l.mld.joined()
}

func (l *mldLink) joined() (groups []netip.Addr) {
	for _, g := range l.groups {
		if g.addresses > 0 {
			groups = append(groups, g.addr)
		}
	}
	return groups
}

// start joins the groups of every router and that of the link-local address.
func (l *mldLink) start(linkLocal netip.Addr) {
	for _, a := range []netip.Addr{netip.IPv6LinkLocalAllNodes(), netip.IPv6LinkLocalAllRouters(), mldRouters} {
		l.join(a)
	}
	l.own = packet.SolicitedNode(linkLocal)
	l.join(l.own)
}

// moved follows a change of the link-local address.
func (l *mldLink) moved(linkLocal netip.Addr) {
	if group := packet.SolicitedNode(linkLocal); group != l.own {
		l.leave(l.own)
		l.join(group)
		l.own = group
	}
}

// join counts one more address that needs a group.
func (l *mldLink) join(a netip.Addr) {
	for k := range l.groups {
		if g := &l.groups[k]; g.addr == a && g.addresses > 0 {
			g.addresses++
			return
		}
	}
	if n := len(l.free); n > 0 {
		l.groups[l.free[n-1]] = mldGroup{a, 1}
		l.free = l.free[:n-1]
		return
	}
	l.groups = append(l.groups, mldGroup{a, 1})
}

// leave undoes join.
func (l *mldLink) leave(a netip.Addr) {
	for k := range l.groups {
		g := &l.groups[k]
		if g.addr != a || g.addresses == 0 {
			continue
		}
		if g.addresses--; g.addresses == 0 {
			l.free = append(l.free, k)
		}
		return
	}
}

// scheduleMLD reports at the next tick if the interface has yet to.
func (m *Main) scheduleMLD(swIf uint32) {
	l, i := m.link(swIf), m.Interface(swIf)
	if !m.mldReports || l == nil || l.mcast == fib.InvalidIndex || l.mld.reported || !i.AdminUp {
		return
	}
	l.mld.timer.Stop()
	l.mld.timer = m.AfterFunc(m.untilTick(mldPeriod), func() {
		if m.link(swIf) == l && i.AdminUp && !l.mld.reported {
			l.mld.reported = true
			m.sendMLDReport(i, l)
		}
	})
}

// mldAdmin follows an interface's admin state: it reports each time it comes
// up.
func (m *Main) mldAdmin(i *Interface) {
	l := m.link(i.SwIfIndex)
	if l == nil {
		return
	}
	if !i.AdminUp {
		l.mld.reported = false
		l.mld.timer.Stop()
		return
	}
	m.scheduleMLD(i.SwIfIndex)
}

// Parts of a version 2 report (RFC 3810 section 5.2).
const (
	mldReport       = 143
	mldChangeToExcl = 4
	mldHopByHop     = 8
	mldHead         = 8
	mldRecord       = 20
)

// sendMLDReport sends a report of all groups.
func (m *Main) sendMLDReport(i *Interface, l *ip6Link) {
	groups := l.mld.joined()
	size := mldHopByHop + mldHead + mldRecord*len(groups)
	b := m.Graph.AllocSize(packet.IPv6Len + size)
	p := b.Bytes()
	clear(p)
	packet.IPv6Fields{PayloadLen: size, NextHeader: packet.ProtoHopByHop, HopLimit: 1, Src: l.linkLocal, Dst: mldRouters}.Encode(p)
	// A router alert (RFC 2711) and a padding option without data.
	copy(p[packet.IPv6Len:], []byte{packet.ProtoICMPv6, 0, 5, 2, 0, 0, 1, 0})
	msg := p[packet.IPv6Len+mldHopByHop:]
	msg[0] = mldReport
	packet.PutUint16(msg, 6, uint16(len(groups)))
	for k, g := range groups {
		record := msg[mldHead+k*mldRecord:]
		record[0] = mldChangeToExcl
		a := g.As16()
		copy(record[4:], a[:])
	}
	packet.SetTransportChecksum(msg, p[8:24], p[24:40], packet.ProtoICMPv6)
	b.RxSwIf, b.TxSwIf, b.Adj = 0, i.SwIfIndex, l.mcast
	b.Flags |= vlib.FlagLocallyOriginated
	m.Graph.Inject(m.Graph.Node("ip6-rewrite-mcast"), b)
}

// GroupMACs returns the Ethernet addresses of the solicited-node groups that a
// device listens to for its interfaces, which VPP adds to it as secondary
// addresses.
func (m *Main) GroupMACs(hw *HwInterface) (macs []packet.MAC) {
	for swIf, l := range m.subsystems.ip.links {
		i := m.Interface(uint32(swIf))
		if l == nil || i == nil || i.Hw != hw {
			continue
		}
		for _, a := range l.mld.joined() {
			g := a.As16()
			mac := packet.MAC{0x33, 0x33, g[12], g[13], g[14], g[15]}
			if g[12] == 0xff && !slices.Contains(macs, mac) {
				macs = append(macs, mac)
			}
		}
	}
	return macs
}
