package vnet

import (
	"encoding/binary"
	"fmt"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of ethernet-input (ethernet_input_next_t in
// src/vnet/ethernet/ethernet.h; the first four keep VPP's numbers).
const (
	ethernetNextPunt uint16 = iota
	ethernetNextDrop
	ethernetNextIP4
	ethernetNextIP6
	ethernetNextARP
	ethernetNextL2
)

// Error counters of ethernet-input (src/vnet/ethernet/error.def).
const (
	ethernetErrNone uint16 = iota
	ethernetErrBadLLCLength
	ethernetErrUnknownType
	ethernetErrUnknownVLAN
	ethernetErrL3MACMismatch
	ethernetErrDown
)

func (m *Main) addEthernetNodes() {
	m.Graph.MustAdd(vlib.Registration{Name: "ethernet-input", Func: m.ethernetInput,
		Nexts: []string{"error-punt", "error-drop", "ip4-input", "ip6-input", "arp-input", "l2-input"},
		Errors: plainErrors("no error", "llc length > packet length", "unknown ethernet type", "unknown vlan",
			"l3 mac mismatch", "subinterface down")})
}

// EthernetInputTrace is what ethernet-input records.
type EthernetInputTrace struct {
	// HwIfIndex and SwIfIndex are the interface that the vector came from, when
	// Single says that all of the vector came from one device.
	HwIfIndex, SwIfIndex uint32
	Single               bool
	// Data is the start of the frame, zeros past its end.
	Data [32]byte
}

// Format renders as format_ethernet_input_trace does
// (src/vnet/ethernet/node.c).
func (t *EthernetInputTrace) Format() string {
	if !t.Single {
		return formatEthernet(t.Data[:])
	}
	return fmt.Sprintf("frame: flags 0x1, hw-if-index %d, sw-if-index %d\n%s", t.HwIfIndex, t.SwIfIndex,
		formatEthernet(t.Data[:]))
}

// ethernetInput takes the Ethernet header off and dispatches by type, or passes
// the whole frame to l2-input for an interface in layer 2 mode. Frames to another
// station's address go no further in layer 3 mode: VPP checks the address in
// software whatever the device filters (eth_input_process_frame in
// src/vnet/ethernet/node.c).
func (m *Main) ethernetInput(n *vlib.Node, bufs []*vlib.Buffer) {
	var i *Interface
	var mac uint64
	var l2 bool
	rx := vlib.InvalidIndex
	for _, b := range bufs {
		if b.RxSwIf != rx {
			rx = b.RxSwIf
			i = m.sw[rx]
			mac = macBits(i.Hw.MAC[:])
			l2 = i.Hw.vlans.untagged.flags&subL2 != 0
		}
		if b.Trace != nil {
			t := &EthernetInputTrace{HwIfIndex: i.Hw.HwIfIndex, SwIfIndex: i.SwIfIndex, Single: i.Hw.singleFrames()}
			copy(t.Data[:], b.Bytes())
			b.Trace.Add(n, t)
		}
		e := b.Bytes()
		if len(e) < packet.EthernetLen {
			n.Drop(b, ethernetErrBadLLCLength)
			continue
		}
		etherType := binary.BigEndian.Uint16(e[12:])
		if l2 {
			m.ethernetL2(n, b, i, etherType)
			continue
		}
		b.Advance(packet.EthernetLen)
		b.L2Len = packet.EthernetLen
		if e[0]&1 == 0 && binary.BigEndian.Uint64(e)>>16 != mac && !isTagged(etherType) && m.foreignFrame(i, e) {
			ethernetForeign(n, b, i.Hw)
			continue
		}
		switch etherType {
		case packet.EtherTypeIPv4:
			n.Enqueue(b, ethernetNextIP4)
		case packet.EtherTypeIPv6:
			n.Enqueue(b, ethernetNextIP6)
		case packet.EtherTypeVLAN, packet.EtherTypeQinQ:
			m.ethernetTagged(n, b, i, etherType)
		default:
			ethernetByType(n, b, i.Hw, etherType, false)
		}
	}
}

// macBits packs an address into the low 48 bits.
func macBits(a []byte) uint64 {
	return uint64(binary.BigEndian.Uint16(a))<<32 | uint64(binary.BigEndian.Uint32(a[2:]))
}

// foreignFrame tells whether a unicast frame that is not for the interface's
// first address is for nobody here. VPP does not look while all that a device is
// used for is layer 2.
func (m *Main) foreignFrame(i *Interface, e []byte) bool {
	return !i.hasExtraMAC(e) && (i.Hw.l2Count == 0 || m.ipEnabledOn(i.Hw))
}

// isForeign is the whole of the check of the destination address.
func (m *Main) isForeign(i *Interface, e []byte) bool {
	return e[0]&1 == 0 && packet.MAC(e[:6]) != i.Hw.MAC && m.foreignFrame(i, e)
}

// ethernetForeign ends a frame for another station. VPP punts it when its vector
// is one device's and drops it otherwise.
func ethernetForeign(n *vlib.Node, b *vlib.Buffer, hw *HwInterface) {
	if hw.singleFrames() {
		n.Punt(b, ethernetErrL3MACMismatch)
		return
	}
	n.Drop(b, ethernetErrL3MACMismatch)
}

func (i *Interface) hasExtraMAC(e []byte) bool {
	for _, extra := range i.Hw.ExtraMACs {
		if extra == packet.MAC(e[:6]) {
			return true
		}
	}
	return false
}

// singleFrames tells whether the driver gives ethernet-input vectors that are
// marked as one device's.
func (hw *HwInterface) singleFrames() bool { return hw.Device.Input != "" }

// isTagged tells whether a VLAN tag follows the type.
func isTagged(etherType uint16) bool {
	return etherType == packet.EtherTypeVLAN || etherType == packet.EtherTypeQinQ
}

// ethernetL2 passes an untagged frame of an interface in layer 2 mode on.
func (m *Main) ethernetL2(n *vlib.Node, b *vlib.Buffer, i *Interface, etherType uint16) {
	b.L2Len = packet.EthernetLen
	if isTagged(etherType) {
		b.Advance(packet.EthernetLen)
		m.ethernetTagged(n, b, i, etherType)
		return
	}
	n.Enqueue(b, ethernetNextL2)
}

// readTags takes the VLAN tags off a frame whose Ethernet header is off already
// and returns them with the type of what follows. A vector of one device has at
// most two tags read, others three (eth_input_tag_lookup and parse_header).
func readTags(b *vlib.Buffer, single bool) (t frameTags, etherType uint16, count int) {
	p := b.Bytes()
	t.outer, etherType = packet.Uint16(p, 0)&0xfff, packet.Uint16(p, 2)
	t.match, count = subMatch1, 1
	if etherType == packet.EtherTypeVLAN {
		t.inner, etherType = packet.Uint16(p, 4)&0xfff, packet.Uint16(p, 6)
		t.match, count = subMatch2, 2
		if etherType == packet.EtherTypeVLAN && !single {
			t.match, count = subMatch3, 3
		}
	} else if t.outer == 0 {
		t.match = 0
	}
	return t, etherType, count
}

// ethernetTagged finds the sub-interface of a tagged frame, whose Ethernet header
// is off, counts it there and passes it on by the interface's mode.
func (m *Main) ethernetTagged(n *vlib.Node, b *vlib.Buffer, i *Interface, outerType uint16) {
	hw, single := i.Hw, i.Hw.singleFrames()
	table := hw.vlans.dot1q
	if outerType == packet.EtherTypeQinQ {
		table = hw.vlans.dot1ad
	}
	t, etherType, count := readTags(b, single)
	length := packet.EthernetLen + count*packet.VLANLen
	size := b.Len() + packet.EthernetLen
	if size < length {
		n.Drop(b, ethernetErrUnknownVLAN)
		return
	}
	swIf, l2, err := hw.SwIfIndex, hw.vlans.untagged.flags&subL2 != 0, ethernetErrNone
	if !single || t.match != 0 {
		swIf, l2, err = hw.vlans.lookup(table, t)
	}
	if swIf != vlib.InvalidIndex && (single || swIf != i.SwIfIndex) {
		m.sw[swIf].Counters.RX.Add(size)
	}
	b.L2Len = uint8(length)
	switch {
	case err != ethernetErrNone:
		n.Drop(b, err)
	case l2:
		b.RxSwIf = swIf
		b.Advance(-packet.EthernetLen)
		n.Enqueue(b, ethernetNextL2)
	case m.isForeign(i, b.Before(packet.EthernetLen)):
		ethernetForeign(n, b, hw)
	default:
		b.RxSwIf = swIf
		b.Advance(count * packet.VLANLen)
		ethernetByType(n, b, hw, etherType, true)
	}
}

// lookup returns the interface of a tagged frame, its mode and the error when
// there is none or it is down.
func (v *portVLANs) lookup(table *[4096]*vlanConfig, t frameTags) (swIf uint32, l2 bool, err uint16) {
	c := v.find(table, t)
	switch {
	case c == nil:
		return vlib.InvalidIndex, false, ethernetErrUnknownVLAN
	case c.swIf == vlib.InvalidIndex:
		return vlib.InvalidIndex, false, ethernetErrDown
	}
	return c.swIf, c.flags&subL2 != 0, ethernetErrNone
}

// ethernetByType dispatches by type. Types that nobody handles are punted, for
// untagged frames of vectors of one device without a reason, as in VPP.
func ethernetByType(n *vlib.Node, b *vlib.Buffer, hw *HwInterface, etherType uint16, tagged bool) {
	switch etherType {
	case packet.EtherTypeIPv4:
		n.Enqueue(b, ethernetNextIP4)
	case packet.EtherTypeIPv6:
		n.Enqueue(b, ethernetNextIP6)
	case packet.EtherTypeARP:
		n.Enqueue(b, ethernetNextARP)
	default:
		if tagged || !hw.singleFrames() {
			n.Punt(b, ethernetErrUnknownType)
			return
		}
		n.Enqueue(b, ethernetNextPunt)
	}
}
