package vnet

import (
	"fmt"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Lengths in bytes of what a tunnel puts in front of a packet.
const (
	vxlan4HeaderLen = packet.IPv4Len + packet.UDPLen + packet.VXLANLen
	vxlan6HeaderLen = packet.IPv6Len + packet.UDPLen + packet.VXLANLen
)

// VXLANSpec describes a tunnel (vnet_vxlan_add_del_tunnel_args_t in
// src/plugins/vxlan/vxlan.h).
type VXLANSpec struct {
	// Src is the local end, Dst the far one; both of one family.
	Src, Dst netip.Addr
	// SrcPort is the UDP port listened on and DstPort the one sent to; 0 means
	// 4789. The source port of packets is their flow hash.
	SrcPort, DstPort uint16
	// VNI is the network, 24 bits.
	VNI uint32
	// EncapFib is the fib_index of the table that the far end is looked up in
	// and in which encapsulated packets must arrive.
	EncapFib uint32
	// DecapNext is the slot of vxlan4-input or vxlan6-input that packets go to;
	// vlib.InvalidIndex means l2-input.
	DecapNext uint32
	// McastSwIf is the interface of a multicast Dst.
	McastSwIf uint32
	// Instance asks for the number in the interface's name, vlib.InvalidIndex
	// takes the tunnel's own.
	Instance uint32
	// L3 asks for an interface without Ethernet headers.
	L3 bool
}

// VXLANTunnel is a tunnel of an instance.
type VXLANTunnel struct {
	VXLANSpec
	// Index is the tunnel's own number (dev_instance).
	Index uint32
	// SwIfIndex is its interface.
	SwIfIndex uint32

	itf     *Interface
	rewrite []byte
	next    fib.DPO
	tracker *fib.Tracker
}

// EncapDPO is what encapsulated packets meet next.
func (t *VXLANTunnel) EncapDPO() fib.DPO { return t.next }

// vxlan4Key and vxlan6Key find the tunnel of a received packet: addresses as in
// the tunnel's own packets, the local port, the table and the VNI as it lies in
// the header, with the reserved byte.
type vxlan4Key struct {
	dst, src [4]byte
	fib      uint32
	vni      uint32
	port     uint16
}

// vxlan6Key lacks the local address, which VPP compares afterwards.
type vxlan6Key struct {
	dst  [16]byte
	fib  uint32
	vni  uint32
	port uint16
}

// vxlanMain holds the tunnels.
type vxlanMain struct {
	input, encap [2]*vlib.Node   // by protocol of the outer header
	tunnels      []*VXLANTunnel  // by index, nil where free
	free         []uint32        // freed indexes, reused last in first out
	instances    map[uint32]bool // numbers in names
	bySwIf       []*VXLANTunnel
	v4           map[vxlan4Key]*VXLANTunnel
	v6           map[vxlan6Key]*VXLANTunnel
	// groups are the multicast groups that tunnels send to, vteps the local
	// addresses of tunnels with their table.
	groups map[vtep]*vxlanGroup
	vteps  map[vtep]int
}

// Device and link layer classes of tunnels.
var (
	DeviceVXLAN = &DeviceClass{Name: "VXLAN"}
	classVXLAN  = &HwClass{Name: "VXLAN"}
)

// vxlanDriver makes the link follow the admin state and completes the
// adjacencies of a layer 3 tunnel, which need no neighbour.
type vxlanDriver struct {
	BaseDriver
	m  *Main
	l3 bool
}

// AdminUpDown makes the link follow the admin state
// (vxlan_interface_admin_up_down).
func (d vxlanDriver) AdminUpDown(hw *HwInterface, up bool) error {
	d.m.setLink(hw, up)
	return nil
}

// UpdateAdjacency completes an adjacency with an empty rewrite: the output
// node encapsulates.
func (d vxlanDriver) UpdateAdjacency(_ *HwInterface, adj uint32) bool {
	if d.l3 {
		d.m.FIB.SetRewrite(adj, true, nil)
	}
	return d.l3
}

// key4 and key6 are the tunnel's keys.
func (s *VXLANSpec) key4() vxlan4Key {
	k := vxlan4Key{dst: s.Dst.As4(), fib: s.EncapFib, vni: s.VNI << 8, port: s.SrcPort}
	if !s.Dst.IsMulticast() {
		k.src = s.Src.As4()
	}
	return k
}

func (s *VXLANSpec) key6() vxlan6Key {
	return vxlan6Key{dst: s.Dst.As16(), fib: s.EncapFib, vni: s.VNI << 8, port: s.SrcPort}
}

func (s *VXLANSpec) proto() fib.Proto { return fib.ProtoOf(s.Src) }

// defaults fills in the ports.
func (s *VXLANSpec) defaults() {
	if s.SrcPort == 0 {
		s.SrcPort = packet.VXLANPort
	}
	if s.DstPort == 0 {
		s.DstPort = packet.VXLANPort
	}
}

// find returns the tunnel with the same key, nil if there is none.
func (v *vxlanMain) find(s *VXLANSpec) *VXLANTunnel {
	if s.proto() == fib.IP4 {
		return v.v4[s.key4()]
	}
	return v.v6[s.key6()]
}

// AddVXLAN creates a tunnel and its interface, admin up. Errors are
// ErrTunnelExist, ErrInvalidDecapNext and ErrInstanceInUse.
func (m *Main) AddVXLAN(s VXLANSpec) (*VXLANTunnel, error) {
	s.defaults()
	v := &m.vxlan
	if v.find(&s) != nil {
		return nil, ErrTunnelExist
	}
	if s.DecapNext == vlib.InvalidIndex {
		s.DecapNext = uint32(vxlanNextL2Input)
	}
	if s.DecapNext >= uint32(len(v.input[s.proto()].Nexts())) {
		return nil, ErrInvalidDecapNext
	}
	t := &VXLANTunnel{VXLANSpec: s, Index: v.nextIndex()}
	if t.Instance == vlib.InvalidIndex {
		t.Instance = t.Index
	}
	if v.instances[t.Instance] {
		return nil, ErrInstanceInUse
	}
	t.rewrite = t.buildRewrite()
	if err := m.addVXLANInterface(t); err != nil {
		return nil, err
	}
	v.insert(t)
	if err := m.SetAdminUp(t.SwIfIndex, true); err != nil {
		return nil, fmt.Errorf("add %s: %w", t.itf.Name, err)
	}
	if s.Dst.IsMulticast() {
		m.joinVXLANGroup(t)
	} else {
		v.vteps[vtep{s.Src, s.EncapFib}]++
		t.tracker = m.FIB.Track(s.EncapFib, s.Dst, func(d fib.DPO) { m.restackVXLAN(t, d) })
		m.restackVXLAN(t, t.tracker.DPO())
	}
	if !m.udpRegistered(t.SrcPort, s.proto()) {
		m.udpRegister(t.SrcPort, s.proto(), v.input[s.proto()].Name)
	}
	return t, nil
}

// addVXLANInterface creates the tunnel's interface, whose output node
// encapsulates.
func (m *Main) addVXLANInterface(t *VXLANTunnel) error {
	spec := InterfaceSpec{Name: fmt.Sprintf("vxlan_tunnel%d", t.Instance), Device: DeviceVXLAN, Class: classVXLAN,
		Instance: t.Index, Driver: vxlanDriver{m: m, l3: t.L3}}
	if !t.L3 {
		spec.Class = ClassEthernet
		spec.MAC = m.newMAC()
	}
	i, err := m.AddInterface(spec)
	if err != nil {
		return err
	}
	i.Hw.OutputNode = m.vxlan.encap[t.proto()]
	t.itf, t.SwIfIndex = i, i.SwIfIndex
	return nil
}

// DeleteVXLAN removes the tunnel with the key of s; its error is
// ErrNoSuchEntry. The UDP port stays registered, as in VPP.
func (m *Main) DeleteVXLAN(s VXLANSpec) (swIfIndex uint32, err error) {
	s.defaults()
	t := m.vxlan.find(&s)
	if t == nil {
		return vlib.InvalidIndex, ErrNoSuchEntry
	}
	if err := m.SetAdminUp(t.SwIfIndex, false); err != nil {
		return t.SwIfIndex, err
	}
	m.vxlan.remove(t)
	if t.tracker != nil {
		t.tracker.Release()
		m.vxlan.forgetVTEP(vtep{t.Src, t.EncapFib})
	} else {
		m.leaveVXLANGroup(t)
	}
	return t.SwIfIndex, m.DeleteInterface(t.SwIfIndex)
}

// VXLAN returns the tunnel of an interface, nil if it is not one.
func (m *Main) VXLAN(swIfIndex uint32) *VXLANTunnel {
	if uint64(swIfIndex) >= uint64(len(m.vxlan.bySwIf)) {
		return nil
	}
	return m.vxlan.bySwIf[swIfIndex]
}

// VXLANs calls fn for each tunnel by index until fn returns false.
func (m *Main) VXLANs(fn func(*VXLANTunnel) bool) {
	for _, t := range m.vxlan.tunnels {
		if t != nil && !fn(t) {
			return
		}
	}
}

// VXLANDecapNext returns the slot of the decapsulating node for a protocol that
// leads to the named node, added if it is new.
func (m *Main) VXLANDecapNext(p fib.Proto, node string) uint32 {
	return uint32(m.Graph.AddNext(m.vxlan.input[p], node))
}

func (v *vxlanMain) nextIndex() uint32 {
	if n := len(v.free); n > 0 {
		return v.free[n-1]
	}
	return uint32(len(v.tunnels))
}

// insert takes the index that nextIndex gave.
func (v *vxlanMain) insert(t *VXLANTunnel) {
	if n := len(v.free); n > 0 {
		v.free = v.free[:n-1]
		v.tunnels[t.Index] = t
	} else {
		v.tunnels = append(v.tunnels, t)
	}
	v.instances[t.Instance] = true
	for uint32(len(v.bySwIf)) <= t.SwIfIndex {
		v.bySwIf = append(v.bySwIf, nil)
	}
	v.bySwIf[t.SwIfIndex] = t
	if t.proto() == fib.IP4 {
		v.v4[t.key4()] = t
	} else {
		v.v6[t.key6()] = t
	}
}

func (v *vxlanMain) remove(t *VXLANTunnel) {
	v.tunnels[t.Index], v.bySwIf[t.SwIfIndex] = nil, nil
	v.free = append(v.free, t.Index)
	delete(v.instances, t.Instance)
	if t.proto() == fib.IP4 {
		delete(v.v4, t.key4())
	} else {
		delete(v.v6, t.key6())
	}
}

// restackVXLAN follows the route to the far end. Load-balances with one bucket
// are skipped, because the packet's hash is not that of the outer header; a
// tunnel to the instance itself drops (vxlan_tunnel_restack_dpo).
func (m *Main) restackVXLAN(t *VXLANTunnel, d fib.DPO) {
	for d.Type == fib.DPOLoadBalance {
		lb := m.FIB.LoadBalance(d.Index)
		if len(lb.Buckets) > 1 {
			break
		}
		d = lb.Buckets[0]
		if d.Type == fib.DPOReceive {
			d = m.FIB.Drop(t.proto())
		}
	}
	t.next = d
	m.Graph.AddNext(m.vxlan.encap[t.proto()], m.Graph.NodeAt(d.Node).Name)
}

// buildRewrite makes the fixed part of the headers: an IPv4 header's checksum
// is that of a header with length 0.
func (t *VXLANTunnel) buildRewrite() []byte {
	var h []byte
	var udp []byte
	if t.proto() == fib.IP4 {
		h = make([]byte, vxlan4HeaderLen)
		packet.IPv4Fields{TTL: 254, Protocol: packet.ProtoUDP, Src: t.Src, Dst: t.Dst}.Encode(h)
		udp = h[packet.IPv4Len:]
	} else {
		h = make([]byte, vxlan6HeaderLen)
		packet.IPv6Fields{HopLimit: 255, NextHeader: packet.ProtoUDP, Src: t.Src, Dst: t.Dst}.Encode(h)
		udp = h[packet.IPv6Len:]
	}
	packet.PutUint16(udp, 0, t.SrcPort)
	packet.PutUint16(udp, 2, t.DstPort)
	packet.PutUint32(udp, packet.UDPLen, vxlanFlagI<<24)
	packet.PutUint32(udp, packet.UDPLen+4, t.VNI<<8)
	return h
}

// vxlanFlagI says that the VNI is valid (RFC 7348 section 5).
const vxlanFlagI = 0x08
