package vnet

import (
	"encoding/binary"
	"fmt"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of ip4-input (ip4_input_next_t in src/vnet/ip/ip4_input.h).
const (
	ip4InputNextDrop uint16 = iota
	ip4InputNextPunt
	ip4InputNextOptions
	ip4InputNextLookup
	ip4InputNextMulticast
	ip4InputNextICMPError
)

func (m *Main) addIP4InputNodes() {
	m.ip4Input = m.Graph.MustAdd(vlib.Registration{Name: "ip4-input", Errors: ip4Errors,
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.ip4InputNode(n, bufs, true) },
		Nexts: []string{"error-drop", "error-punt", "ip4-options", "ip4-lookup", "ip4-mfib-forward-lookup",
			"ip4-icmp-error"}})
	m.Graph.MustAdd(vlib.Registration{Name: "ip4-input-no-checksum", SiblingOf: "ip4-input",
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.ip4InputNode(n, bufs, false) }})
	m.Graph.MustAdd(vlib.Registration{Name: "ip4-options", Func: m.ip4Options, Nexts: []string{"ip4-punt", "ip4-local"}})
}

// ip4InputNode validates packets and starts the unicast or multicast feature
// arc (ip4_input_inline in src/vnet/ip/ip4_input.c).
func (m *Main) ip4InputNode(n *vlib.Node, bufs []*vlib.Buffer, verify bool) {
	rx := vlib.InvalidIndex
	var i *Interface
	var unicast, multicast []uint32
	for _, b := range bufs {
		if b.RxSwIf != rx {
			rx = b.RxSwIf
			i = m.sw[rx]
			unicast, multicast = m.featureStart(arcIP4Unicast, rx), m.featureStart(arcIP4Multicast, rx)
		}
		*i.Counters.IP4++
		if b.Trace != nil {
			b.Trace.Add(n, newIP4HeaderTrace(b))
		}
		p := b.Bytes()
		if code := ip4Check(p, verify); code != ip4ErrNone {
			m.ip4InputError(n, b, code)
			continue
		}
		features, next := unicast, ip4InputNextLookup
		if p[16]&0xf0 == 0xe0 {
			features, next = multicast, ip4InputNextMulticast
		}
		if features == nil {
			n.Enqueue(b, next)
			continue
		}
		b.Features = features
		n.SendFeature(b)
	}
}

// ip4InputError sends a packet that failed a check where VPP does. A packet
// that goes to a feature arc is not checked again.
func (m *Main) ip4InputError(n *vlib.Node, b *vlib.Buffer, code uint16) {
	m.ip4Input.SetError(b, code)
	switch code {
	case ip4ErrTimeExpired:
		setICMPError(b, packet.ICMPTimeExceeded, 0, 0)
		n.Enqueue(b, ip4InputNextICMPError)
	case ip4ErrOptions:
		n.Enqueue(b, ip4InputNextOptions)
	default:
		n.Enqueue(b, ip4InputNextDrop)
	}
}

// setICMPError tells the ICMP error node what to send. VPP keeps this where the
// flow hash was, which traces of later nodes show.
func setICMPError(b *vlib.Buffer, typ, code uint8, data uint32) {
	b.ICMPType, b.ICMPCode, b.ICMPData = typ, code, data
	b.FlowHash = uint32(typ) | uint32(code)<<8
}

// ip4Check returns the first thing wrong with a packet in VPP's order of
// checks, of which later ones overrule earlier ones (ip4_input_check_x1 in
// src/vnet/ip/ip4_input.h). Bytes that a short packet lacks count as zero.
func ip4Check(p []byte, verify bool) uint16 {
	if len(p) < packet.IPv4Len {
		var whole [packet.IPv4Len]byte
		copy(whole[:], p)
		return ip4CheckLen(whole[:], len(p), verify)
	}
	return ip4CheckLen(p, len(p), verify)
}

func ip4CheckLen(p []byte, have int, verify bool) uint16 {
	_ = p[19]
	code := ip4ErrNone
	if p[0] != 0x45 {
		code = ip4CheckOdd(p, verify)
	} else if verify && !ip4ChecksumOK(p) {
		code = ip4ErrBadChecksum
	}
	if p[8] < 1 {
		code = ip4ErrTimeExpired
	}
	if binary.BigEndian.Uint16(p[6:])&0x1fff == 1 {
		code = ip4ErrFragmentOffsetOne
	}
	size := int(binary.BigEndian.Uint16(p[2:]))
	if size < packet.IPv4Len {
		code = ip4ErrTooShort
	}
	if have < size {
		code = ip4ErrBadLength
	}
	return code
}

// ip4ChecksumOK sums a header without options.
func ip4ChecksumOK(p []byte) bool {
	le := binary.LittleEndian
	sum := uint64(le.Uint32(p)) + uint64(le.Uint32(p[4:])) + uint64(le.Uint32(p[8:])) +
		uint64(le.Uint32(p[12:])) + uint64(le.Uint32(p[16:]))
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return sum == 0xffff
}

// ip4CheckOdd handles headers that are not version 4 with 20 bytes.
func ip4CheckOdd(p []byte, verify bool) uint16 {
	switch {
	case p[0]>>4 != 4:
		return ip4ErrVersion
	case p[0]&0xf < 5:
		return ip4ErrHdrTooShort
	case verify && !packet.IPv4(p).ChecksumOK():
		return ip4ErrBadChecksum
	}
	return ip4ErrOptions
}

// ip4Options hands IGMP with a router alert to the local stack and punts other
// packets with options (src/vnet/ip/ip4_options.c).
func (m *Main) ip4Options(n *vlib.Node, bufs []*vlib.Buffer) {
	const (
		nextPunt, nextLocal = 0, 1
		routerAlert         = 20
		igmp                = 2
	)
	for _, b := range bufs {
		p := b.Bytes()
		if b.Trace != nil {
			o := make([]byte, 4)
			copy(o, p[min(packet.IPv4Len, len(p)):])
			b.Trace.Add(n, &IndexTrace{fmt.Sprintf("  option:[0x%x,0x%x,0x%x,0x%x]", o[0], o[1], o[2], o[3])})
		}
		if packet.Uint8(p, 20)&0x7f == routerAlert && packet.Uint8(p, 21) == 4 && packet.Uint8(p, 9) == igmp {
			b.FibIndex = m.lookupTable4(b)
			n.Enqueue(b, nextLocal)
			continue
		}
		n.Enqueue(b, nextPunt)
	}
}
