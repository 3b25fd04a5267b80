package vnet

import (
	"fmt"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// IPIPMode is the kind of a tunnel (ipip_mode_t in src/vnet/ipip/ipip.h).
type IPIPMode uint8

// Kinds of tunnels.
const (
	IPIPP2P IPIPMode = iota
	IPIPP2MP
)

// IPIPSpec describes a tunnel of IP in IP.
type IPIPSpec struct {
	// Src and Dst are its ends, of one family; Dst is unspecified for a
	// multipoint tunnel.
	Src, Dst netip.Addr
	// Fib is the fib_index of the table that the far end is looked up in.
	Fib   uint32
	Flags TunnelFlags
	// DSCP is that of the outer header, unless the flags copy the inner one's.
	DSCP uint8
	// Multipoint asks for a tunnel whose far ends are TEIB entries.
	Multipoint bool
	// Instance asks for the number in the interface's name, vlib.InvalidIndex
	// takes the tunnel's own.
	Instance uint32
}

// IPIPTunnel is a tunnel of an instance.
type IPIPTunnel struct {
	IPIPSpec
	// Index is the tunnel's own number (dev_instance).
	Index uint32
	// SwIfIndex is its interface.
	SwIfIndex uint32
	Mode      IPIPMode

	itf *Interface
}

// ipipKey finds the tunnel of a received packet: local and far end, the table
// and the kind.
type ipipKey struct {
	src, dst netip.Addr
	fib      uint32
	mode     IPIPMode
}

// ipipMain holds the tunnels.
type ipipMain struct {
	tunnels    slots[*IPIPTunnel]
	bySwIf     map[uint32]*IPIPTunnel
	byKey      map[ipipKey]*IPIPTunnel
	instances  map[uint32]bool
	registered [2]bool
}

// Device and link layer classes of tunnels.
var (
	DeviceIPIP = &DeviceClass{Name: "IPIP tunnel device"}
	classIPIP  = &HwClass{Name: "IPIP", P2P: true}
	classMIPIP = &HwClass{Name: "mIPIP"}
)

// Protocols of packets in tunnels.
const (
	protoIPInIP = 4
	protoIPv6   = 41
	protoMPLS   = 137
)

// ipMTUTunnel is the MTU in bytes of a new tunnel.
const ipMTUTunnel = 9000

func (t *IPIPTunnel) proto() fib.Proto { return fib.ProtoOf(t.Src) }

func (t *IPIPTunnel) key() ipipKey { return ipipKey{src: t.Src, dst: t.Dst, fib: t.Fib, mode: t.Mode} }

// ipipDriver makes the link follow the admin state and completes adjacencies.
type ipipDriver struct {
	BaseDriver
	m *Main
	t *IPIPTunnel
}

// AdminUpDown makes the link follow the admin state
// (ipip_interface_admin_up_down).
func (d ipipDriver) AdminUpDown(hw *HwInterface, up bool) error {
	d.m.setLink(hw, up)
	d.m.FIB.InterfaceAdjacencies(hw.SwIfIndex, func(adj uint32) { d.m.ipipAdjacency(d.t, adj) })
	return nil
}

// UpdateAdjacency encapsulates the adjacency's packets.
func (d ipipDriver) UpdateAdjacency(_ *HwInterface, adj uint32) bool {
	d.m.ipipAdjacency(d.t, adj)
	return true
}

// AddIPIP creates a tunnel and its interface (ipip_add_tunnel). The errors are
// ErrInvalidDstAddress, ErrIfAlreadyExists, then with the tunnel that exists,
// and ErrInstanceInUse.
func (m *Main) AddIPIP(s IPIPSpec) (*IPIPTunnel, error) {
	if s.Multipoint && !s.Dst.IsUnspecified() {
		return nil, ErrInvalidDstAddress
	}
	t := &IPIPTunnel{IPIPSpec: s}
	if s.Multipoint {
		t.Mode = IPIPP2MP
	}
	if old := m.ipip.byKey[t.key()]; old != nil {
		return old, ErrIfAlreadyExists
	}
	class := classIPIP
	if s.Multipoint {
		class = classMIPIP
	}
	if err := m.addIPIPInterface(t, class); err != nil {
		return nil, err
	}
	m.ipip.byKey[t.key()] = t
	if t.Mode == IPIPP2MP {
		m.teib.walk(t.SwIfIndex, func(e *TEIBEntry) { m.ipip.byKey[t.peerKey(e)] = t })
	}
	m.registerIPIP(t.proto())
	return t, nil
}

// addIPIPInterface gives a tunnel its number, name and interface.
func (m *Main) addIPIPInterface(t *IPIPTunnel, class *HwClass) error {
	t.Index = m.ipip.tunnels.add(t)
	if t.Instance == vlib.InvalidIndex {
		t.Instance = t.Index
	}
	if m.ipip.instances[t.Instance] {
		m.ipip.tunnels.remove(t.Index)
		return ErrInstanceInUse
	}
	i, err := m.AddInterface(InterfaceSpec{Name: fmt.Sprintf("ipip%d", t.Instance), Device: DeviceIPIP, Class: class,
		Instance: t.Index, MTU: ipMTUTunnel, Driver: ipipDriver{m: m, t: t}})
	if err != nil {
		m.ipip.tunnels.remove(t.Index)
		return err
	}
	m.ipip.instances[t.Instance] = true
	overhead := uint32(packet.IPv4Len)
	if t.proto() == fib.IP6 {
		overhead = packet.IPv6Len
	}
	i.Hw.Overhead, i.Hw.MinFrame = overhead, overhead+64
	i.Hw.OutputNode = m.Graph.Node("tunnel-output")
	i.Hw.l3Output = i.Hw.OutputNode
	t.itf, t.SwIfIndex = i, i.SwIfIndex
	m.ipip.bySwIf[t.SwIfIndex] = t
	return nil
}

// registerIPIP makes the instance take tunnelled packets of its own addresses.
func (m *Main) registerIPIP(p fib.Proto) {
	if m.ipip.registered[p] {
		return
	}
	m.ipip.registered[p] = true
	node := [2]string{"ipip4-input", "ipip6-input"}[p]
	for _, proto := range []uint8{protoIPInIP, protoMPLS, protoIPv6} {
		m.registerProtocol(p, proto, node)
	}
}

// DeleteIPIP removes a tunnel; its error is ErrNoSuchEntry (ipip_del_tunnel).
func (m *Main) DeleteIPIP(swIfIndex uint32) error {
	t := m.ipip.bySwIf[swIfIndex]
	if t == nil {
		return ErrNoSuchEntry
	}
	if t.Mode == IPIPP2MP {
		m.teib.walk(swIfIndex, func(e *TEIBEntry) { delete(m.ipip.byKey, t.peerKey(e)) })
	}
	if err := m.SetAdminUp(swIfIndex, false); err != nil {
		return err
	}
	delete(m.ipip.bySwIf, swIfIndex)
	delete(m.ipip.instances, t.Instance)
	delete(m.ipip.byKey, t.key())
	m.ipip.tunnels.remove(t.Index)
	return m.DeleteInterface(swIfIndex)
}

// IPIP returns the tunnel of an interface, nil if it is not one.
func (m *Main) IPIP(swIfIndex uint32) *IPIPTunnel { return m.ipip.bySwIf[swIfIndex] }

// IPIPs returns the tunnels by index.
func (m *Main) IPIPs() []*IPIPTunnel { return m.ipip.tunnels.used() }

// ipipAdjacency encapsulates an adjacency's packets: to the tunnel's far end, or
// to that of the TEIB entry of the next hop (ipip_update_adj, mipip_update_adj).
func (m *Main) ipipAdjacency(t *IPIPTunnel, adj uint32) {
	if t.itf == nil { // while the interface is made
		return
	}
	a := m.FIB.Adjacency(adj)
	spec := midchainSpec{down: !t.itf.Hw.LinkUp, fibIndex: t.Fib, innerHash: t.Flags&TunnelEncapInnerHash != 0,
		originate: t.proto() == fib.IP6}
	spec.dst = t.Dst
	if t.Mode == IPIPP2MP {
		e := m.teib.find(a.SwIf, a.NextHop)
		if e == nil {
			m.setMidchain(adj, midchainSpec{down: true})
			return
		}
		spec.dst, spec.fibIndex = e.NextHop, e.Fib
	}
	spec.header, spec.fixup = t.header(a.Link, spec.dst), t.fixup(a.Link)
	m.setMidchain(adj, spec)
}

// header is the outer header for a kind of packets (ipip_build_rewrite).
func (t *IPIPTunnel) header(link fib.LinkType, dst netip.Addr) []byte {
	proto := uint8(protoIPInIP)
	switch link {
	case fib.LinkIP6:
		proto = protoIPv6
	case fib.LinkMPLS:
		proto = protoMPLS
	}
	tos := t.DSCP << 2
	if t.Flags&TunnelEncapCopyDSCP != 0 {
		tos = 0
	}
	if t.proto() == fib.IP6 {
		h := make([]byte, packet.IPv6Len)
		packet.IPv6Fields{TrafficClass: tos, HopLimit: 64, NextHeader: proto, Src: t.Src, Dst: dst}.Encode(h)
		return h
	}
	h := make([]byte, packet.IPv4Len)
	f := packet.IPv4Fields{TOS: tos, TTL: 64, Protocol: proto, Src: t.Src, Dst: dst}
	if t.Flags&TunnelEncapSetDF != 0 {
		f.Fragment = packet.IPv4DontFragment
	}
	f.Encode(h)
	return h
}

// fixup finishes the outer header of each packet.
func (t *IPIPTunnel) fixup(link fib.LinkType) fib.Fixup {
	flags := t.Flags & (TunnelEncapCopyDF | TunnelEncapCopyDSCP | TunnelEncapCopyECN | TunnelEncapCopyHopLimit |
		TunnelEncapCopyFlowLabel)
	inner := linkProto(link)
	if t.proto() == fib.IP6 {
		return func(pkt []byte, _ int, hash uint32) { flags.encap6(pkt, inner, hash) }
	}
	return func(pkt []byte, _ int, hash uint32) { flags.encap4(pkt, inner, hash) }
}

// peerKey finds the tunnel of packets that come from a TEIB entry's next hop.
func (t *IPIPTunnel) peerKey(e *TEIBEntry) ipipKey {
	return ipipKey{src: t.Src, dst: e.NextHop, fib: e.Fib, mode: IPIPP2P}
}

// ipipTEIBChanged follows the TEIB entries of multipoint tunnels
// (ipip_teib_entry_added, ipip_teib_entry_deleted).
func (m *Main) ipipTEIBChanged(e *TEIBEntry, added bool) {
	t := m.ipip.bySwIf[e.SwIfIndex]
	if t == nil {
		return
	}
	if added {
		m.ipip.byKey[t.peerKey(e)] = t
	} else {
		delete(m.ipip.byKey, t.peerKey(e))
	}
	m.FIB.NeighborAdjacencies(fib.ProtoOf(e.Peer), e.Peer, e.SwIfIndex, func(adj uint32) { m.ipipAdjacency(t, adj) })
}

// IPIPKey is one entry of the table that finds tunnels (`show ipip tunnel-hash`).
type IPIPKey struct {
	Src, Dst netip.Addr
	Fib      uint32
	Mode     IPIPMode
	Tunnel   uint32
}

// IPIPKeys returns the entries of the table that finds tunnels, in no order.
func (m *Main) IPIPKeys() []IPIPKey {
	out := make([]IPIPKey, 0, len(m.ipip.byKey))
	for k, t := range m.ipip.byKey {
		out = append(out, IPIPKey{Src: k.src, Dst: k.dst, Fib: k.fib, Mode: k.mode, Tunnel: t.Index})
	}
	return out
}
