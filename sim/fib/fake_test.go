package fib

import (
	"fmt"
	"net/netip"
)

// fakeInterfaces is a set of interfaces for tests: those in up exist and are
// up or down; p2p ones are point to point.
type fakeInterfaces struct {
	fib   *FIB
	up    map[uint32]bool
	p2p   map[uint32]bool
	owner map[uint32]uint32
	macs  map[netip.Addr][6]byte
}

func newFake() (*FIB, *fakeInterfaces) {
	i := &fakeInterfaces{up: map[uint32]bool{}, p2p: map[uint32]bool{}, owner: map[uint32]uint32{}, macs: map[netip.Addr][6]byte{}}
	node := uint32(0)
	i.fib = New(Config{Interfaces: i, Node: func(string) uint32 { node++; return node }})
	return i.fib, i
}

func (i *fakeInterfaces) Exists(s uint32) bool { _, ok := i.up[s]; return ok }
func (i *fakeInterfaces) Name(s uint32) string { return fmt.Sprintf("eth%d", s) }
func (i *fakeInterfaces) Up(s uint32) bool     { return i.up[s] }
func (i *fakeInterfaces) Kind(s uint32) InterfaceKind {
	if i.p2p[s] {
		return PointToPoint
	}
	return Broadcast
}
func (i *fakeInterfaces) MTU(uint32, LinkType) uint16                   { return 9000 }
func (i *fakeInterfaces) OutputNode(s uint32, _ LinkType) (_, _ uint32) { return 1000 + s, s }
func (i *fakeInterfaces) OutputFeatures(uint32, LinkType) bool          { return false }
func (i *fakeInterfaces) Table(uint32, Proto) uint32                    { return 0 }
func (i *fakeInterfaces) UnnumberedOwner(s uint32) uint32 {
	if o, ok := i.owner[s]; ok {
		return o
	}
	return InvalidIndex
}
func (i *fakeInterfaces) BuildRewrite(s uint32, l LinkType, dst []byte, out *[MaxRewrite]byte) int {
	if i.p2p[s] {
		return 0
	}
	if dst == nil {
		dst = []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	copy(out[:], dst)
	return 14
}
func (i *fakeInterfaces) UpdateAdjacency(s, adj uint32) {
	a := i.fib.Adjacency(adj)
	if i.p2p[s] {
		i.fib.SetRewrite(adj, true, nil)
		return
	}
	mac, ok := i.macs[a.NextHop]
	i.fib.SetRewrite(adj, ok, mac[:])
}

// resolve makes a neighbour known, as ARP would.
func (i *fakeInterfaces) resolve(s uint32, addr string) {
	a := netip.MustParseAddr(addr)
	i.macs[a] = [6]byte{2, 0, 0, 0, 0, 1}
	i.fib.NeighborAdjacencies(ProtoOf(a), a, s, func(adj uint32) { i.UpdateAdjacency(s, adj) })
}

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func via(swIf uint32, nh string) Path {
	p := Path{SwIf: swIf, FibIndex: InvalidIndex, RPFID: InvalidIndex}
	if nh != "" {
		p.NextHop = netip.MustParseAddr(nh)
		p.Proto = ProtoOf(p.NextHop)
	}
	return p
}

func through(nh string) Path {
	p := via(InvalidIndex, nh)
	p.FibIndex = 0
	return p
}
