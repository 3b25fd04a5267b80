package vnet

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// GREType is what a tunnel carries, with the API's numbers (gre_tunnel_type_t
// in src/plugins/gre/gre.h).
type GREType uint8

// Types of tunnels.
const (
	GREL3 GREType = iota
	GRETEB
	GREERSPAN
)

func (t GREType) String() string { return [...]string{"L3", "TEB", "ERSPAN"}[t] }

// GRESpec describes a GRE tunnel.
type GRESpec struct {
	// Src and Dst are its ends, of one family; Dst is unspecified for a
	// multipoint tunnel.
	Src, Dst netip.Addr
	// Fib is the fib_index of the table that the far end is looked up in.
	Fib   uint32
	Type  GREType
	Flags TunnelFlags
	// Multipoint asks for a tunnel whose far ends are TEIB entries.
	Multipoint bool
	// Session is ERSPAN's, Key that of the GRE header, 0 for none.
	Session uint16
	Key     uint32
	// Instance asks for the number in the interface's name, vlib.InvalidIndex
	// takes the tunnel's own.
	Instance uint32
}

// GRETunnel is a GRE tunnel of an instance.
type GRETunnel struct {
	GRESpec
	// Index is the tunnel's own number (dev_instance).
	Index uint32
	// SwIfIndex is its interface.
	SwIfIndex uint32
	// Adj is the adjacency of a tunnel for frames, vlib.InvalidIndex for others.
	Adj uint32

	itf      *Interface
	sequence *uint32 // of ERSPAN, shared by the sessions between two ends
}

// greKey finds the tunnel of a received packet.
type greKey struct {
	src, dst   netip.Addr
	fib, key   uint32
	session    uint16
	typ        GREType
	multipoint bool
}

// greSequenceKey finds the sequence number of ERSPAN sessions.
type greSequenceKey struct {
	src, dst netip.Addr
	fib      uint32
}

// greMain holds the tunnels.
type greMain struct {
	tunnels   slots[*GRETunnel]
	bySwIf    map[uint32]*GRETunnel
	byKey     map[greKey]*GRETunnel
	instances map[uint32]bool
	sequences map[greSequenceKey]*uint32
}

// Device and link layer classes of tunnels.
var (
	DeviceGRE = &DeviceClass{Name: "GRE tunnel device"}
	classGRE  = &HwClass{Name: "GRE", P2P: true}
	classMGRE = &HwClass{Name: "mGRE"}
)

// Protocol of GRE, its types and flags (src/vnet/gre/packet.h).
const (
	protoGRE      = 47
	greLen        = 4
	greTEB        = 0x6558
	greERSPAN     = 0x88be
	greFlagKey    = 0x2000
	greFlagSeq    = 0x1000
	greVersion    = 7
	greMaxSession = 0x3ff
)

func (t *GRETunnel) proto() fib.Proto { return fib.ProtoOf(t.Src) }

func (s *GRESpec) key() greKey {
	return greKey{src: s.Src, dst: s.Dst, fib: s.Fib, key: s.Key, session: s.Session, typ: s.Type, multipoint: s.Multipoint}
}

// peerKey finds the tunnel of packets that come from a TEIB entry's next hop.
func (t *GRETunnel) peerKey(e *TEIBEntry) greKey {
	return greKey{src: t.Src, dst: e.NextHop, fib: e.Fib, key: t.Key, typ: t.Type}
}

// greDriver makes the link follow the admin state and completes adjacencies.
type greDriver struct {
	BaseDriver
	m *Main
	t *GRETunnel
}

// AdminUpDown makes the link follow the admin state
// (gre_interface_admin_up_down).
func (d greDriver) AdminUpDown(hw *HwInterface, up bool) error {
	d.m.setLink(hw, up)
	d.m.FIB.InterfaceAdjacencies(hw.SwIfIndex, func(adj uint32) { d.m.greAdjacency(d.t, adj) })
	return nil
}

// UpdateAdjacency encapsulates the adjacency's packets; those of IP on a tunnel
// for frames are Ethernet's.
func (d greDriver) UpdateAdjacency(_ *HwInterface, adj uint32) bool {
	if d.t.Type != GREL3 && d.m.FIB.Adjacency(adj).Link != fib.LinkEthernet {
		return false
	}
	d.m.greAdjacency(d.t, adj)
	return true
}

// check is the part of vnet_gre_tunnel_add_del that both have in common.
func (s *GRESpec) check() error {
	switch {
	case s.Session > greMaxSession:
		return ErrInvalidSessionID
	case s.Multipoint && !s.Dst.IsUnspecified():
		return ErrInvalidDstAddress
	}
	return nil
}

// AddGRE creates a tunnel and its interface. The errors are
// ErrInvalidSessionID, ErrInvalidDstAddress, ErrIfAlreadyExists and
// ErrInstanceInUse (vnet_gre_tunnel_add in src/plugins/gre/interface.c).
func (m *Main) AddGRE(s GRESpec) (*GRETunnel, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if m.gre.byKey[s.key()] != nil {
		return nil, ErrIfAlreadyExists
	}
	t := &GRETunnel{GRESpec: s, Adj: vlib.InvalidIndex}
	if err := m.addGREInterface(t); err != nil {
		return nil, err
	}
	m.gre.byKey[s.key()] = t
	if t.Multipoint {
		m.teib.walk(t.SwIfIndex, func(e *TEIBEntry) { m.gre.byKey[t.peerKey(e)] = t })
	}
	if t.Type == GREERSPAN {
		k := greSequenceKey{t.Src, t.Dst, t.Fib}
		if m.gre.sequences[k] == nil {
			m.gre.sequences[k] = new(uint32)
		}
		t.sequence = m.gre.sequences[k]
	} else {
		t.Session = 0
	}
	if t.Type != GREL3 {
		zero := netip.IPv4Unspecified()
		if t.proto() == fib.IP6 {
			zero = netip.IPv6Unspecified()
		}
		t.Adj = m.FIB.LockNeighbor(t.proto(), fib.LinkEthernet, zero, t.SwIfIndex)
		m.greAdjacency(t, t.Adj)
	}
	m.registerProtocol(fib.IP4, protoGRE, "gre4-input")
	m.registerProtocol(fib.IP6, protoGRE, "gre6-input")
	return t, nil
}

// addGREInterface gives a tunnel its number, name and interface.
func (m *Main) addGREInterface(t *GRETunnel) error {
	t.Index = m.gre.tunnels.add(t)
	if t.Instance == vlib.InvalidIndex {
		t.Instance = t.Index
	}
	if m.gre.instances[t.Instance] {
		m.gre.tunnels.remove(t.Index)
		return ErrInstanceInUse
	}
	spec := InterfaceSpec{Name: fmt.Sprintf("gre%d", t.Instance), Device: DeviceGRE, Class: classGRE, Instance: t.Index,
		MTU: ipMTUTunnel, Driver: greDriver{m: m, t: t}}
	switch {
	case t.Type != GREL3:
		spec.Class, spec.MAC = ClassEthernet, packet.MAC{0xd0, 0x0b, 0xee, 0xd0, byte(t.Index >> 8), byte(t.Index)}
	case t.Multipoint:
		spec.Class = classMGRE
	}
	i, err := m.AddInterface(spec)
	if err != nil {
		m.gre.tunnels.remove(t.Index)
		return err
	}
	m.gre.instances[t.Instance] = true
	overhead := uint32(packet.IPv4Len + greLen)
	if t.proto() == fib.IP6 {
		overhead = packet.IPv6Len + greLen
	}
	i.Hw.Overhead, i.Hw.MinFrame = overhead, overhead+64
	switch t.Type {
	case GREL3:
		i.Hw.OutputNode = m.Graph.Node("tunnel-output")
		i.Hw.l3Output = i.Hw.OutputNode
	case GRETEB:
		i.Hw.OutputNode = m.Graph.Node("gre-teb-encap")
	case GREERSPAN:
		i.Hw.OutputNode = m.Graph.Node("gre-erspan-encap")
	}
	t.itf, t.SwIfIndex = i, i.SwIfIndex
	m.gre.bySwIf[t.SwIfIndex] = t
	return nil
}

// DeleteGRE removes the tunnel that s describes; its error is ErrNoSuchEntry
// or one of AddGRE's (vnet_gre_tunnel_delete).
func (m *Main) DeleteGRE(s GRESpec) (swIfIndex uint32, err error) {
	if err := s.check(); err != nil {
		return vlib.InvalidIndex, err
	}
	t := m.gre.byKey[s.key()]
	if t == nil {
		return vlib.InvalidIndex, ErrNoSuchEntry
	}
	if t.Multipoint {
		m.teib.walk(t.SwIfIndex, func(e *TEIBEntry) { delete(m.gre.byKey, t.peerKey(e)) })
	}
	if err := m.SetAdminUp(t.SwIfIndex, false); err != nil {
		return vlib.InvalidIndex, err
	}
	if t.Type != GREL3 {
		if err := m.SetL3Mode(t.SwIfIndex); err != nil {
			return vlib.InvalidIndex, err
		}
		m.FIB.UnlockAdjacency(t.Adj)
	}
	delete(m.gre.bySwIf, t.SwIfIndex)
	delete(m.gre.instances, t.Instance)
	delete(m.gre.byKey, s.key())
	m.gre.tunnels.remove(t.Index)
	return t.SwIfIndex, m.DeleteInterface(t.SwIfIndex)
}

// GRE returns the tunnel of an interface, nil if it is not one.
func (m *Main) GRE(swIfIndex uint32) *GRETunnel { return m.gre.bySwIf[swIfIndex] }

// GREs returns the tunnels by index.
func (m *Main) GREs() []*GRETunnel { return m.gre.tunnels.used() }

// greAdjacency encapsulates an adjacency's packets: to the tunnel's far end, or
// to that of the TEIB entry of the next hop (gre_update_adj, mgre_update_adj).
func (m *Main) greAdjacency(t *GRETunnel, adj uint32) {
	if t.itf == nil { // while the interface is made
		return
	}
	a := m.FIB.Adjacency(adj)
	spec := midchainSpec{down: !t.itf.Hw.LinkUp, fibIndex: t.Fib, dst: t.Dst, innerHash: t.Flags&TunnelEncapInnerHash != 0,
		originate: t.proto() == fib.IP6}
	if t.Multipoint {
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

// greProtocols are the protocol types by kind of packets.
var greProtocols = [...]uint16{fib.LinkIP4: packet.EtherTypeIPv4, fib.LinkIP6: packet.EtherTypeIPv6, fib.LinkMPLS: 0x8847,
	fib.LinkEthernet: greTEB, fib.LinkARP: 0x0806, fib.LinkNSH: packet.EtherTypeIPv4}

// header is the outer header for a kind of packets (gre_build_rewrite).
func (t *GRETunnel) header(link fib.LinkType, dst netip.Addr) []byte {
	var h []byte
	if t.proto() == fib.IP6 {
		h = make([]byte, packet.IPv6Len, packet.IPv6Len+2*greLen)
		packet.IPv6Fields{HopLimit: 255, NextHeader: protoGRE, Src: t.Src, Dst: dst}.Encode(h)
	} else {
		h = make([]byte, packet.IPv4Len, packet.IPv4Len+2*greLen)
		packet.IPv4Fields{TTL: 254, Protocol: protoGRE, Src: t.Src, Dst: dst}.Encode(h)
	}
	switch {
	case t.Type == GREERSPAN:
		return binary.BigEndian.AppendUint32(h, greFlagSeq<<16|greERSPAN)
	case t.Key != 0:
		h = binary.BigEndian.AppendUint32(h, greFlagKey<<16|uint32(greProtocols[link]))
		return binary.BigEndian.AppendUint32(h, t.Key)
	}
	return binary.BigEndian.AppendUint32(h, uint32(greProtocols[link]))
}

// fixup finishes the outer header of each packet (gre_get_fixup). What flags
// copy, VPP reads behind four bytes of GRE even where a key follows.
func (t *GRETunnel) fixup(link fib.LinkType) fib.Fixup {
	flags := t.Flags & (TunnelEncapCopyDF | TunnelEncapCopyDSCP | TunnelEncapCopyECN | TunnelEncapCopyHopLimit |
		TunnelEncapCopyFlowLabel)
	if link != fib.LinkIP4 && link != fib.LinkIP6 {
		flags = 0
	}
	inner := linkProto(link)
	if t.proto() == fib.IP6 {
		return func(pkt []byte, _ int, hash uint32) { flags.encap6Behind(pkt, greLen, inner, hash) }
	}
	return func(pkt []byte, _ int, hash uint32) { flags.encap4Behind(pkt, greLen, inner, hash) }
}

// greTEIBChanged follows the TEIB entries of multipoint tunnels
// (gre_teib_entry_added, gre_teib_entry_deleted).
func (m *Main) greTEIBChanged(e *TEIBEntry, added bool) {
	t := m.gre.bySwIf[e.SwIfIndex]
	if t == nil {
		return
	}
	if added {
		if !t.Multipoint {
			return
		}
		m.gre.byKey[t.peerKey(e)] = t
	} else if t.Multipoint {
		delete(m.gre.byKey, t.peerKey(e))
	}
	m.FIB.NeighborAdjacencies(fib.ProtoOf(e.Peer), e.Peer, e.SwIfIndex, func(adj uint32) { m.greAdjacency(t, adj) })
}
