package vnet

import (
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// BridgePort is the part an interface plays in a bridge domain.
type BridgePort uint32

// Parts, with the API's numbers (l2_port_type).
const (
	PortNormal BridgePort = iota
	PortBVI
	PortUUFwd
)

// badOutput in l2Output.next says that the interface is no longer in layer 2
// mode.
const badOutput = vlib.InvalidIndex

// L2Mode is what an interface does with packets.
type L2Mode struct {
	// Domain is the bridge domain it is in, nil for none; SHG and BVI belong to
	// that.
	Domain *BridgeDomain
	SHG    uint8
	BVI    bool
	// XConnect says that packets go to Peer.
	XConnect bool
	Peer     uint32
	// Seq is the interface's sequence number.
	Seq uint8
}

// L2Mode returns an interface's mode; neither a domain nor XConnect means layer
// 3.
func (m *Main) L2Mode(swIf uint32) L2Mode {
	if uint64(swIf) >= uint64(len(m.l2.inputs)) {
		return L2Mode{}
	}
	in := &m.l2.inputs[swIf]
	mode := L2Mode{Seq: in.seq}
	switch {
	case in.flags&l2Bridge != 0:
		mode.Domain, mode.SHG, mode.BVI = m.l2.domains[in.domain], in.shg, in.flags&l2BVI != 0
	case in.flags&l2XConnect != 0:
		mode.XConnect, mode.Peer = true, in.peer
	}
	return mode
}

// XConnects returns the cross-connects as pairs of sw_if_index, by the first.
func (m *Main) XConnects() [][2]uint32 {
	var out [][2]uint32
	for k := range m.l2.inputs {
		if in := &m.l2.inputs[k]; in.flags&l2XConnect != 0 {
			out = append(out, [2]uint32{uint32(k), in.peer})
		}
	}
	return out
}

// SetBridgeMode puts an interface into a bridge domain, out of what it was in
// before. ErrBDAlreadyHasBvi says that the domain has another BVI (MODE_L2_BRIDGE
// of set_int_l2_mode in src/vnet/l2/l2_input.c).
func (m *Main) SetBridgeMode(swIf uint32, d *BridgeDomain, port BridgePort, shg uint8) error {
	i, err := m.mustInterface(swIf)
	if err != nil {
		return err
	}
	delta := m.leaveL2(i)
	m.mapL2Output(i)
	in := m.l2In(swIf)
	in.flags, in.domain = l2Bridge, d.Index
	in.seq++
	in.features |= L2InFwd | L2InUUFlood | L2InUUFwd | L2InFlood | L2InLearn | L2InARPUFwd | L2InARPTerm | L2InDrop
	in.features &^= L2InXConnect
	d.validate()
	switch port {
	case PortBVI:
		if d.BVI != vlib.InvalidIndex {
			i.Hw.l2Count += delta
			return ErrBDAlreadyHasBvi
		}
		d.BVI = swIf
		in.flags |= l2BVI
		in.features &^= L2InLearn
		m.AddL2Entry(L2Entry{MAC: i.Hw.MAC, Domain: d.Index, SwIf: swIf, Static: true, BVI: true})
		i.floodClass = floodBVI
	case PortUUFwd:
		d.UUFwd = swIf
		d.Features |= L2InUUFwd
	}
	if port != PortUUFwd {
		d.addMember(BridgeMember{SwIf: swIf, SHG: shg, BVI: port == PortBVI}, i.flood())
	}
	m.enterL2(i, shg, delta)
	m.recache(d)
	in = m.l2In(swIf) // an interface for unknown destinations is no member
	in.age, in.domainSeq, in.domainFeatures = d.Age, d.Seq, d.Features
	return nil
}

// SetXConnectMode makes all packets of an interface go to a peer (MODE_L2_XC).
func (m *Main) SetXConnectMode(swIf, peer uint32) error {
	i, err := m.mustInterface(swIf)
	if err != nil {
		return err
	}
	if m.Interface(peer) == nil {
		return ErrInvalidSwIfIndex2
	}
	delta := m.leaveL2(i)
	m.mapL2Output(i)
	in := m.l2In(swIf)
	in.flags, in.peer = l2XConnect, peer
	in.features |= L2InDrop | L2InXConnect
	in.features &^= L2InLearn | L2InFwd | L2InFlood
	m.enterL2(i, 0, delta)
	return nil
}

// SetL3Mode takes an interface out of layer 2 mode (MODE_L3).
func (m *Main) SetL3Mode(swIf uint32) error {
	i, err := m.mustInterface(swIf)
	if err != nil {
		return err
	}
	delta := m.leaveL2(i)
	in := m.l2In(swIf)
	in.flags, in.shg, in.domain, in.features = 0, 0, 0, L2InDrop
	*m.l2Out(swIf) = l2Output{next: badOutput}
	m.countL2(i, delta)
	m.setEthernetL2(i, false)
	return nil
}

// leaveL2 undoes what an interface is in and returns the change of the device's
// count of interfaces in layer 2 mode.
func (m *Main) leaveL2(i *Interface) (delta int) {
	in := m.l2In(i.SwIfIndex)
	if in.flags&l2Bridge == 0 {
		if in.flags&l2XConnect != 0 {
			return -1
		}
		return 0
	}
	d := m.l2.domains[in.domain]
	d.removeMember(i.SwIfIndex, i.flood())
	if d.BVI == i.SwIfIndex {
		d.BVI = vlib.InvalidIndex
		in.flags &^= l2BVI
		_ = m.DeleteL2Entry(i.Hw.MAC, d.Index, i.SwIfIndex)
		i.floodClass = floodNone
	}
	if d.UUFwd == i.SwIfIndex {
		d.UUFwd = vlib.InvalidIndex
		d.Features &^= L2InUUFwd
	}
	if (in.features|d.Features)&L2InLearn != 0 {
		m.FlushL2Interface(i.SwIfIndex)
	}
	m.recache(d)
	return -1
}

// mapL2Output notes where l2-output sends packets for the interface
// (l2output_create_output_node_mapping).
func (m *Main) mapL2Output(i *Interface) {
	m.l2Out(i.SwIfIndex).next = i.Hw.OutputNode.Index
	m.Graph.AddNext(m.Graph.Node("l2-output"), i.Hw.OutputNode.Name)
}

func (m *Main) enterL2(i *Interface, shg uint8, delta int) {
	m.l2In(i.SwIfIndex).shg = shg
	out := m.l2Out(i.SwIfIndex)
	out.shg = shg
	out.features |= L2OutOutput
	m.countL2(i, delta+1)
	m.setEthernetL2(i, true)
}

// countL2 counts interfaces of a device in layer 2 mode; with the first the
// device takes frames for every address.
func (m *Main) countL2(i *Interface, delta int) {
	hw := i.Hw
	hw.l2Count += delta
	switch {
	case !hw.Class.Ethernet:
	case hw.l2Count == 1 && delta == 1:
		m.l2Promisc(hw, true)
	case hw.l2Count == 0 && delta == -1:
		m.l2Promisc(hw, false)
	}
}

func (m *Main) l2Promisc(hw *HwInterface, on bool) {
	_ = hw.Driver.SetPromisc(hw, on) // a driver that does not know it is not asked in VPP
	hw.Promisc = on
}

// setEthernetL2 tells ethernet-input about the mode. An interface in layer 2 mode
// takes all tagged frames that are no sub-interface's
// (ethernet_sw_interface_set_l2_mode).
func (m *Main) setEthernetL2(i *Interface, l2 bool) {
	c := &i.Hw.vlans.untagged
	if i.IsSub() {
		if c = i.Hw.subConfig(i.Sub, false); c == nil {
			return
		}
	} else if !i.Hw.Class.Ethernet {
		return
	}
	c.flags &^= subL2
	if !i.IsSub() {
		c.flags &^= subMatch1 | subMatch2 | subMatch3
	}
	if l2 {
		c.flags |= subL2
		if !i.IsSub() {
			c.flags |= subMatch0 | subMatch1 | subMatch2 | subMatch3
		}
	}
}
