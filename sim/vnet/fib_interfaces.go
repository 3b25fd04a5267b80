package vnet

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
)

// fibInterfaces is what the FIB sees of the instance's interfaces.
type fibInterfaces struct{ m *Main }

// Exists says if the interface exists.
func (f fibInterfaces) Exists(swIf uint32) bool { return f.m.Interface(swIf) != nil }

// Name is the interface's name.
func (f fibInterfaces) Name(swIf uint32) string { return f.m.interfaceName(swIf) }

// Up says if the interface is administratively up.
func (f fibInterfaces) Up(swIf uint32) bool {
	i := f.m.Interface(swIf)
	return i != nil && i.AdminUp
}

// Kind follows the link layer's class.
func (f fibInterfaces) Kind(swIf uint32) fib.InterfaceKind {
	i := f.m.Interface(swIf)
	switch {
	case i == nil || i.Hw.Class.Ethernet:
		return fib.Broadcast
	case i.Hw.Class.P2P:
		return fib.PointToPoint
	}
	return fib.NBMA
}

// mtuKinds gives the MTU that counts for an adjacency's packets.
var mtuKinds = [...]MTUKind{fib.LinkIP4: MTUIP4, fib.LinkIP6: MTUIP6, fib.LinkMPLS: MTUMPLS,
	fib.LinkEthernet: MTUL3, fib.LinkARP: MTUL3, fib.LinkNSH: MTUL3}

// MTU is the interface's MTU for the packets' protocol.
func (f fibInterfaces) MTU(swIf uint32, link fib.LinkType) uint16 {
	i := f.m.Interface(swIf)
	if i == nil {
		return 0
	}
	return uint16(min(i.MTUOf(mtuKinds[link]), 0xffff))
}

// OutputNode is the interface's output node and its slot at the rewrite node.
func (f fibInterfaces) OutputNode(swIf uint32, link fib.LinkType) (node, slot uint32) {
	i := f.m.Interface(swIf)
	if i == nil {
		return f.m.Graph.MustIndex("error-drop"), 0
	}
	return i.Hw.OutputNode.Index, f.rewriteSlot(i, link)
}

// rewriteSlot is where the rewrite node of the protocol finds the output node.
func (f fibInterfaces) rewriteSlot(i *Interface, link fib.LinkType) uint32 {
	name := "ip4-rewrite"
	if link == fib.LinkIP6 {
		name = "ip6-rewrite"
	}
	n := f.m.Graph.Node(name)
	if n == nil {
		return 0
	}
	return uint32(f.m.Graph.AddNext(n, i.Hw.OutputNode.Name))
}

// OutputFeatures says if the protocol's output arc has features.
func (f fibInterfaces) OutputFeatures(swIf uint32, link fib.LinkType) bool {
	switch link {
	case fib.LinkIP4:
		return f.m.featureStart(arcIP4Output, swIf) != nil
	case fib.LinkIP6:
		return f.m.featureStart(arcIP6Output, swIf) != nil
	}
	return false
}

// Table is the table the interface is bound to.
func (f fibInterfaces) Table(swIf uint32, proto fib.Proto) uint32 {
	if i := f.m.Interface(swIf); i != nil {
		return i.FibIndex[proto]
	}
	return 0
}

// BuildRewrite writes an Ethernet header from the interface's address to dst,
// broadcast when dst is nil, with the tags of a sub-interface
// (ethernet_build_rewrite in src/vnet/ethernet/interface.c).
func (f fibInterfaces) BuildRewrite(swIf uint32, link fib.LinkType, dst []byte, out *[fib.MaxRewrite]byte) int {
	i := f.m.Interface(swIf)
	if i == nil || !i.Hw.Class.Ethernet {
		return 0
	}
	etherType, ok := linkEtherType(link)
	if !ok {
		return 0
	}
	e := packet.Ethernet(out[:packet.EthernetLen])
	e.SetDst(packet.BroadcastMAC)
	if dst != nil {
		copy(out[:6], dst)
	}
	e.SetSrc(i.Hw.MAC)
	return i.putTags(out[:], etherType)
}

func linkEtherType(link fib.LinkType) (uint16, bool) {
	switch link {
	case fib.LinkIP4:
		return packet.EtherTypeIPv4, true
	case fib.LinkIP6:
		return packet.EtherTypeIPv6, true
	case fib.LinkARP:
		return packet.EtherTypeARP, true
	case fib.LinkMPLS:
		return 0x8847, true
	}
	return 0, false
}

// UpdateAdjacency completes a neighbour adjacency of an interface that needs no
// resolution and asks the neighbour tables about others.
func (f fibInterfaces) UpdateAdjacency(swIf, adj uint32) {
	i := f.m.Interface(swIf)
	switch {
	case i == nil:
	case i.Hw.Driver.UpdateAdjacency(i.Hw, adj):
	case i.Hw.Class.Ethernet:
		f.m.updateNeighborAdjacency(swIf, adj)
	case i.Hw.Class.P2P:
		f.m.FIB.SetRewrite(adj, true, nil)
	}
}

// fibWatchInterface keeps the FIB's adjacencies and paths in step with
// interfaces.
func (m *Main) fibWatchInterface(ev InterfaceEvent, i *Interface) {
	if m.FIB == nil {
		return
	}
	switch ev {
	case InterfaceAdmin, InterfaceMTU, InterfaceMAC:
		m.FIB.InterfaceChanged(i.SwIfIndex)
	case InterfaceDeleted:
		m.FIB.InterfaceDeleted(i.SwIfIndex)
	}
}

// fibWatchFeatures tells the FIB that rewrites must start the output arc or no
// longer.
func (m *Main) fibWatchFeatures(id arcID, swIfIndex uint32, _ bool) {
	if m.FIB != nil && (id == arcIP4Output || id == arcIP6Output) {
		m.FIB.InterfaceChanged(swIfIndex)
	}
}

// updateNeighborAdjacency completes an adjacency on an Ethernet interface whose
// neighbour is known.
func (m *Main) updateNeighborAdjacency(swIf, adj uint32) {
	a := m.FIB.Adjacency(adj)
	if n := m.Neighbor(swIf, a.NextHop); n != nil {
		m.completeAdjacency(adj, n.MAC)
		return
	}
	if a.Type == fib.AdjIncomplete {
		m.probeNeighbor(swIf, a.NextHop)
	}
}

// UnnumberedOwner returns the interface that swIf borrows its addresses from,
// fib.InvalidIndex when it has its own.
func (f fibInterfaces) UnnumberedOwner(swIf uint32) uint32 {
	if i := f.m.Interface(swIf); i != nil {
		return i.UnnumberedOwner
	}
	return fib.InvalidIndex
}
