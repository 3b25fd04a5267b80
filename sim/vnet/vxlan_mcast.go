package vnet

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// vtep is an address of a tunnel's end in a table.
type vtep struct {
	addr netip.Addr
	fib  uint32
}

// vxlanGroup is a multicast group that tunnels share, whatever their VNI
// (mcast_shared_t in src/plugins/vxlan/vxlan.h).
type vxlanGroup struct {
	tunnels int
	adj     uint32
}

// groupPaths accept the group's packets from an interface and receive them.
func groupPaths(p fib.Proto, swIf uint32) []fib.Path {
	return []fib.Path{
		{Proto: p, SwIf: fib.InvalidIndex, FibIndex: fib.InvalidIndex, Weight: 1, Flags: fib.PathLocal, Itf: fib.MItfForward},
		{Proto: p, SwIf: swIf, FibIndex: fib.InvalidIndex, Weight: 1, Itf: fib.MItfAccept},
	}
}

func groupPrefix(group netip.Addr) fib.MPrefix {
	return fib.MPrefix{Group: group, Len: uint16(group.BitLen())}
}

// joinVXLANGroup makes a tunnel send to its group: the first tunnel of a group
// has the instance receive it, too.
func (m *Main) joinVXLANGroup(t *VXLANTunnel) {
	p, k := t.proto(), vtep{t.Dst, t.EncapFib}
	g := m.vxlan.groups[k]
	if g == nil {
		for _, path := range groupPaths(p, t.McastSwIf) {
			m.FIB.MAddPaths(t.EncapFib, groupPrefix(t.Dst), fib.MSourceVXLAN, 0, []fib.Path{path})
		}
		g = &vxlanGroup{adj: m.FIB.LockMcast(p, fib.LinkType(p), t.McastSwIf)}
		m.vxlan.groups[k] = g
	}
	g.tunnels++
	t.itf.floodClass = floodTunnelMaster // one packet reaches all ends
	t.next = m.FIB.AdjacencyDPO(p, g.adj)
	m.Graph.AddNext(m.vxlan.encap[p], m.Graph.NodeAt(t.next.Node).Name)
}

// leaveVXLANGroup takes back what joinVXLANGroup did.
func (m *Main) leaveVXLANGroup(t *VXLANTunnel) {
	k := vtep{t.Dst, t.EncapFib}
	g := m.vxlan.groups[k]
	if g.tunnels--; g.tunnels > 0 {
		return
	}
	delete(m.vxlan.groups, k)
	m.FIB.UnlockAdjacency(g.adj)
	m.FIB.MRemovePaths(t.EncapFib, groupPrefix(t.Dst), fib.MSourceVXLAN, groupPaths(t.proto(), t.McastSwIf))
}

// vxlanGroup4 finds the tunnel of a packet to a group: the group's tunnel says
// which local address the unicast tunnel from the sender has.
func (m *Main) vxlanGroup4(k vxlan4Key) (t, counted *VXLANTunnel) {
	group := k
	group.dst, group.src = k.src, [4]byte{}
	counted = m.vxlan.v4[group]
	if counted == nil || !counted.Dst.IsMulticast() {
		return nil, nil
	}
	k.src = counted.Src.As4()
	if t = m.vxlan.v4[k]; t == nil {
		return nil, nil
	}
	return t, counted
}

// forgetVTEP drops one use of a local address.
func (v *vxlanMain) forgetVTEP(k vtep) {
	if v.vteps[k]--; v.vteps[k] == 0 {
		delete(v.vteps, k)
	}
}
