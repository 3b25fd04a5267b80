package vnet

import (
	"encoding/binary"
	"fmt"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of vxlan4-input and vxlan6-input (vxlan_input_next_t in
// src/plugins/vxlan/vxlan.h).
const (
	vxlanNextDrop uint16 = iota
	vxlanNextL2Input
)

// Error counters of the tunnel nodes (src/plugins/vxlan/vxlan_error.def and
// encap.c).
const (
	vxlanErrDecapsulated uint16 = iota
	vxlanErrNoSuchTunnel
	vxlanErrBadFlags

	vxlanErrEncapsulated uint16 = 0
)

func (m *Main) addVXLANNodes() {
	v := &m.vxlan
	v.instances = map[uint32]bool{}
	v.v4, v.v6 = map[vxlan4Key]*VXLANTunnel{}, map[vxlan6Key]*VXLANTunnel{}
	v.groups, v.vteps = map[vtep]*vxlanGroup{}, map[vtep]int{}
	inputErrors := plainErrors("good packets decapsulated", "no such tunnel packets",
		"packets with bad flags field in vxlan header")
	for p, name := range []string{"vxlan4", "vxlan6"} {
		p := fib.Proto(p)
		v.input[p] = m.Graph.MustAdd(vlib.Registration{Name: name + "-input", Nexts: []string{"error-drop", "l2-input"},
			Errors: inputErrors, Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.vxlanInput(n, bufs, p) }})
		m.addVXLANBypass(p)
		v.encap[p] = m.Graph.MustAdd(vlib.Registration{Name: name + "-encap", Nexts: []string{"error-drop"},
			Errors: plainErrors("good packets encapsulated"),
			Func:   func(n *vlib.Node, bufs []*vlib.Buffer) { m.vxlanEncap(n, bufs, p) }})
	}
}

// vxlanEncap is the output node of tunnels: it puts the outer headers in front
// and follows the route to the far end (vxlan_encap_inline in
// src/plugins/vxlan/encap.c). The UDP source port is the packet's hash.
func (m *Main) vxlanEncap(n *vlib.Node, bufs []*vlib.Buffer, p fib.Proto) {
	swIf := vlib.InvalidIndex
	var t *VXLANTunnel
	good := uint64(0)
	for _, b := range bufs {
		if b.TxSwIf != swIf || t == nil {
			swIf = b.TxSwIf
			t = m.VXLAN(swIf)
		}
		if t == nil { // deleted while the packet was on its way
			n.Enqueue(b, 0)
			continue
		}
		inner := b.Bytes()
		// VPP keeps the length of the layer 2 header where the flow hash of
		// a routed packet is.
		hash := flowHashL2(b.Before(2), inner, int(b.FlowHash&0xff), m.FlowHashRouterID)
		full := b.Prepend(len(t.rewrite))
		if full == nil {
			n.Enqueue(b, 0)
			continue
		}
		if p == fib.IP4 {
			finishVXLAN4(full, t.rewrite, hash)
		} else {
			finishVXLAN6(full, t.rewrite, hash)
		}
		b.FlowHash, b.Adj = hash, t.next.Index
		t.itf.Counters.TX.Add(len(full))
		good++
		if b.Trace != nil {
			b.Trace.Add(n, VXLANEncapTrace{Tunnel: t.Index, VNI: t.VNI})
		}
		n.Send(b, t.next.Node)
	}
	n.Count(vxlanErrEncapsulated, good)
}

// putHash writes the low half of the hash as the machine has it in memory.
func putHash(udp []byte, hash uint32) { binary.LittleEndian.PutUint16(udp, uint16(hash)) }

// finishVXLAN4 writes the headers and what depends on the packet; the outer UDP
// checksum stays 0.
func finishVXLAN4(full, rewrite []byte, hash uint32) {
	*(*[vxlan4HeaderLen]byte)(full) = *(*[vxlan4HeaderLen]byte)(rewrite)
	size := uint16(len(full))
	binary.BigEndian.PutUint16(full[2:], size)
	binary.BigEndian.PutUint16(full[10:], ^foldSum(uint32(^binary.BigEndian.Uint16(full[10:]))+uint32(size)))
	udp := full[packet.IPv4Len:]
	putHash(udp, hash)
	binary.BigEndian.PutUint16(udp[4:], size-packet.IPv4Len)
}

// foldSum folds a ones' complement sum of two halves to 16 bits.
func foldSum(sum uint32) uint16 {
	sum = sum>>16 + sum&0xffff
	return uint16(sum>>16 + sum)
}

// finishVXLAN6 writes the headers with the UDP checksum that IPv6 demands.
func finishVXLAN6(full, rewrite []byte, hash uint32) {
	*(*[vxlan6HeaderLen]byte)(full) = *(*[vxlan6HeaderLen]byte)(rewrite)
	size := uint16(len(full) - packet.IPv6Len)
	binary.BigEndian.PutUint16(full[4:], size)
	udp := full[packet.IPv6Len:]
	putHash(udp, hash)
	binary.BigEndian.PutUint16(udp[4:], size)
	sum := ^packet.Fold(packet.Sum(udp, packet.PseudoSum(full[8:24], full[24:40], packet.ProtoUDP, len(udp))))
	if sum == 0 {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(udp[6:], sum)
}

// VXLANEncapTrace is what vxlan4-encap and vxlan6-encap record.
type VXLANEncapTrace struct{ Tunnel, VNI uint32 }

// Format renders as format_vxlan_encap_trace does.
func (t VXLANEncapTrace) Format() string {
	return fmt.Sprintf("VXLAN encap to vxlan_tunnel%d vni %d", t.Tunnel, t.VNI)
}

// vxlanInput takes the outer headers of packets of known tunnels off
// (vxlan_input in src/plugins/vxlan/decap.c). The packet starts at the VXLAN
// header; the IP header without options and the UDP header are in front.
func (m *Main) vxlanInput(n *vlib.Node, bufs []*vlib.Buffer, p fib.Proto) {
	cache := vxlanCache{}
	good := uint64(0)
	for _, b := range bufs {
		raw := b.Bytes()
		vni := packet.Uint32(raw, 4)
		code := vxlanErrBadFlags
		var t, counted *VXLANTunnel
		if packet.Uint8(raw, 0) == vxlanFlagI && len(raw) >= packet.VXLANLen {
			t, counted = m.vxlanTunnel(b.Before(vxlanHeads[p]), m.lookupTable(b, p), p, vni, &cache)
			if t == nil {
				code = vxlanErrNoSuchTunnel
			}
		}
		b.Advance(min(packet.VXLANLen, len(raw)))
		if t == nil {
			if b.Trace != nil {
				b.Trace.Add(n, VXLANDecapTrace{Tunnel: vlib.InvalidIndex, VNI: vni >> 8, Error: code})
			}
			n.SetError(b, code)
			n.Enqueue(b, vxlanNextDrop)
			continue
		}
		b.RxSwIf = t.SwIfIndex
		b.L2Len = packet.EthernetLen
		counted.itf.Counters.RX.Add(b.Len())
		good++
		if b.Trace != nil {
			b.Trace.Add(n, VXLANDecapTrace{Tunnel: t.Index, VNI: vni >> 8, Next: uint16(t.DecapNext)})
		}
		n.Enqueue(b, uint16(t.DecapNext))
	}
	n.Count(vxlanErrDecapsulated, good)
}

// vxlanCache remembers the last tunnel found: packets come in bursts.
type vxlanCache struct {
	t  *VXLANTunnel
	k4 vxlan4Key
	k6 vxlan6Key
}

// vxlanHeads is how long the headers in front of VXLAN's are by protocol.
var vxlanHeads = [2]int{packet.IPv4Len + packet.UDPLen, packet.IPv6Len + packet.UDPLen}

// vxlanTunnel finds the tunnel of a packet by its IP and UDP headers h: by both
// addresses, the port it came to, the table it came in by and the VNI. A packet
// to a group belongs to the unicast tunnel from its sender and counts on the
// group's; otherwise both are the same (vxlan4_find_tunnel, vxlan6_find_tunnel).
func (m *Main) vxlanTunnel(h []byte, table uint32, p fib.Proto, vni uint32, c *vxlanCache) (t, counted *VXLANTunnel) {
	if p == fib.IP4 {
		k := vxlan4Key{dst: [4]byte(h[12:16]), src: [4]byte(h[16:20]), fib: table, vni: vni,
			port: binary.BigEndian.Uint16(h[22:])}
		if c.t == nil || c.k4 != k {
			t := m.vxlan.v4[k]
			if t == nil && h[16]>>4 == 0xe {
				return m.vxlanGroup4(k)
			}
			c.t, c.k4 = t, k
		}
		return c.t, c.t
	}
	k := vxlan6Key{dst: [16]byte(h[8:24]), fib: table, vni: vni, port: binary.BigEndian.Uint16(h[42:])}
	if c.t == nil || c.k6 != k {
		c.t, c.k6 = m.vxlan.v6[k], k
	}
	if dst := [16]byte(h[24:40]); c.t != nil && c.t.Src.As16() != dst {
		if dst[0] != 0xff {
			return nil, nil
		}
		k.dst = dst
		if group := m.vxlan.v6[k]; group != nil {
			return c.t, group
		}
		return nil, nil
	}
	return c.t, c.t
}

// VXLANDecapTrace is what vxlan4-input and vxlan6-input record.
type VXLANDecapTrace struct {
	// Tunnel is the tunnel's index, vlib.InvalidIndex when there is none.
	Tunnel, VNI uint32
	Next, Error uint16
}

// Format renders as format_vxlan_rx_trace does.
func (t VXLANDecapTrace) Format() string {
	if t.Tunnel == vlib.InvalidIndex {
		return fmt.Sprintf("VXLAN decap error - tunnel for vni %d does not exist", t.VNI)
	}
	return fmt.Sprintf("VXLAN decap from vxlan_tunnel%d vni %d next %d error %d", t.Tunnel, t.VNI, t.Next, t.Error)
}
