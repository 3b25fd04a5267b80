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
		Nexts: []string{"error-punt", "error-drop", "ip4-input", "ip6-input", "arp-input"},
		Errors: plainErrors("no error", "llc length > packet length", "unknown ethernet type", "unknown vlan",
			"l3 mac mismatch", "subinterface down")})
}

// EthernetInputTrace is what ethernet-input records.
type EthernetInputTrace struct {
	// HwIfIndex and SwIfIndex are the interface that the vector came from.
	HwIfIndex, SwIfIndex uint32
	// Data is the start of the frame, zeros past its end.
	Data [32]byte
}

// Format renders as format_ethernet_input_trace does
// (src/vnet/ethernet/node.c).
func (t *EthernetInputTrace) Format() string {
	return fmt.Sprintf("frame: flags 0x1, hw-if-index %d, sw-if-index %d\n%s", t.HwIfIndex, t.SwIfIndex,
		formatEthernet(t.Data[:]))
}

// ethernetInput takes the Ethernet header off and dispatches by type. Frames to
// another station's address go no further: VPP checks the address in software
// whatever the device filters (eth_input_process_frame in
// src/vnet/ethernet/node.c).
func (m *Main) ethernetInput(n *vlib.Node, bufs []*vlib.Buffer) {
	var i *Interface
	var mac uint64
	rx := vlib.InvalidIndex
	for _, b := range bufs {
		if b.RxSwIf != rx {
			rx = b.RxSwIf
			i = m.sw[rx]
			mac = macBits(i.Hw.MAC[:])
		}
		if b.Trace != nil {
			t := &EthernetInputTrace{HwIfIndex: i.Hw.HwIfIndex, SwIfIndex: i.SwIfIndex}
			copy(t.Data[:], b.Bytes())
			b.Trace.Add(n, t)
		}
		e := b.Bytes()
		if len(e) < packet.EthernetLen {
			n.Drop(b, ethernetErrBadLLCLength)
			continue
		}
		b.Advance(packet.EthernetLen)
		b.L2Len = packet.EthernetLen
		etherType := binary.BigEndian.Uint16(e[12:])
		if e[0]&1 == 0 && binary.BigEndian.Uint64(e)>>16 != mac && !i.hasExtraMAC(e) {
			n.Punt(b, ethernetErrL3MACMismatch)
			continue
		}
		switch etherType {
		case packet.EtherTypeIPv4:
			n.Enqueue(b, ethernetNextIP4)
		case packet.EtherTypeIPv6:
			n.Enqueue(b, ethernetNextIP6)
		default:
			ethernetSlow(n, b, etherType)
		}
	}
}

// macBits packs an address into the low 48 bits.
func macBits(a []byte) uint64 {
	return uint64(binary.BigEndian.Uint16(a))<<32 | uint64(binary.BigEndian.Uint32(a[2:]))
}

func (i *Interface) hasExtraMAC(e []byte) bool {
	for _, extra := range i.Hw.ExtraMACs {
		if extra == packet.MAC(e[:6]) {
			return true
		}
	}
	return false
}

// ethernetSlow handles what is neither IPv4 nor IPv6. A tag with VLAN id 0 only
// has a priority and is the main interface's. Types that nobody handles are
// punted without a reason, as VPP does for vectors of one interface.
func ethernetSlow(n *vlib.Node, b *vlib.Buffer, etherType uint16) {
	if etherType == packet.EtherTypeVLAN || etherType == packet.EtherTypeQinQ {
		tag := b.Bytes()
		if len(tag) < packet.VLANLen || packet.Uint16(tag, 0)&0xfff != 0 {
			n.Drop(b, ethernetErrUnknownVLAN)
			return
		}
		etherType = packet.Uint16(tag, 2)
		b.Advance(packet.VLANLen)
		b.L2Len += packet.VLANLen
	}
	switch etherType {
	case packet.EtherTypeIPv4:
		n.Enqueue(b, ethernetNextIP4)
	case packet.EtherTypeIPv6:
		n.Enqueue(b, ethernetNextIP6)
	case packet.EtherTypeARP:
		n.Enqueue(b, ethernetNextARP)
	default:
		n.Enqueue(b, ethernetNextPunt)
	}
}
