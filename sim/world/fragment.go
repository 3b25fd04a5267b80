package world

import (
	"net/netip"
	"slices"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// Limits of reassembly: Linux keeps IPv4 fragments for 30 s, RFC 8200 says 60 s
// for IPv6.
const (
	reassemblyTime4 = 30 * time.Second
	reassemblyTime6 = 60 * time.Second
	reassemblyMost  = 256 // packets at a time
)

// fragment cuts an IP packet with its Ethernet room into parts that fit mtu.
// All parts carry the packet's trace.
func (h *Host) fragment(o outgoing, mtu int) []outgoing {
	if o.ip()[0]>>4 == 6 {
		return h.fragment6(o, mtu)
	}
	ip := packet.IPv4(o.ip())
	head := ip.HeaderLen()
	room := (mtu - head) &^ 7
	payload := ip.Payload()
	first := packet.Uint16(ip, 6)
	var parts []outgoing
	for off := 0; off < len(payload) && room > 0; off += room {
		n := min(room, len(payload)-off)
		part := o
		part.buf = make([]byte, packet.EthernetLen+head+n)
		p := packet.IPv4(part.ip())
		copy(p, ip[:head])
		copy(p[head:], payload[off:off+n])
		field := first + uint16(off/8)
		if off+n < len(payload) {
			field |= packet.IPv4MoreFragments
		}
		packet.PutUint16(p, 2, uint16(head+n))
		packet.PutUint16(p, 6, field)
		p.UpdateChecksum()
		parts = append(parts, part)
	}
	return parts
}

// fragment6 cuts a packet of the host's own, which has no extension headers.
func (h *Host) fragment6(o outgoing, mtu int) []outgoing {
	ip := packet.IPv6(o.ip())
	payload := ip.Payload()
	const head = packet.IPv6Len + packet.IPv6FragmentLen
	room := (max(mtu, packet.IPv6MinMTU) - head) &^ 7
	h.isn += 0x10001
	var parts []outgoing
	for off := 0; off < len(payload); off += room {
		n := min(room, len(payload)-off)
		part := o
		part.buf = make([]byte, packet.EthernetLen+head+n)
		p := packet.IPv6(part.ip())
		copy(p, ip[:packet.IPv6Len])
		copy(p[head:], payload[off:off+n])
		p.SetPayloadLen(packet.IPv6FragmentLen + n)
		field := uint16(off)
		if off+n < len(payload) {
			field |= 1
		}
		p[6], p[packet.IPv6Len] = packet.ProtoFragment, ip.NextHeader()
		packet.PutUint16(p, packet.IPv6Len+2, field)
		packet.PutUint32(p, packet.IPv6Len+4, h.isn)
		parts = append(parts, part)
	}
	return parts
}

// fragmentKey tells whose fragments belong together (RFC 791, RFC 8200 section
// 4.5).
type fragmentKey struct {
	src, dst netip.Addr
	id       uint32
	proto    uint8
}

// reassembly gathers the fragments of one packet.
type reassembly struct {
	parts []part
	total int // bytes of payload, -1 while the last fragment is missing
	first *inPacket
	timer hostTimer
}

// part is one fragment's payload.
type part struct {
	off  int
	data []byte
}

// reassemble passes whole packets up, fragments when their last one is there.
func (h *Host) reassemble(in *inPacket) {
	if !in.frag {
		h.deliver(in)
		return
	}
	key := fragmentKey{src: in.src, dst: in.dst, id: in.fragID}
	if !in.v6 {
		key.proto = in.proto
	}
	r := h.fragments[key]
	if r == nil {
		if len(h.fragments) >= reassemblyMost {
			h.drop(in, ReasonQueueFull)
			return
		}
		r = &reassembly{total: -1}
		h.fragments[key] = r
		r.timer.arm(h, reassemblyTime(in.v6), func() { h.giveUp(key, r) })
	}
	if !r.add(in) {
		h.drop(in, ReasonMalformed)
		h.forgetFragments(key, r)
		return
	}
	if whole := r.whole(); whole != nil {
		h.forgetFragments(key, r)
		h.deliver(whole)
	}
}

func reassemblyTime(v6 bool) time.Duration {
	if v6 {
		return reassemblyTime6
	}
	return reassemblyTime4
}

func (h *Host) forgetFragments(key fragmentKey, r *reassembly) {
	r.timer.stop()
	delete(h.fragments, key)
}

// add notes a fragment; false if it contradicts the others. An exact duplicate
// is ignored, any other overlap refused (RFC 5722).
func (r *reassembly) add(in *inPacket) bool {
	end := in.fragOff + len(in.payload)
	if end > 65535 || in.fragMore && (len(in.payload)%8 != 0 || len(in.payload) == 0) {
		return false
	}
	if !in.fragMore {
		if r.total >= 0 && r.total != end {
			return false
		}
		r.total = end
	}
	at, found := slices.BinarySearchFunc(r.parts, in.fragOff, func(p part, off int) int { return p.off - off })
	if found {
		return len(r.parts[at].data) == len(in.payload)
	}
	if at > 0 && r.parts[at-1].off+len(r.parts[at-1].data) > in.fragOff || at < len(r.parts) && end > r.parts[at].off {
		return false
	}
	r.parts = slices.Insert(r.parts, at, part{in.fragOff, slices.Clone(in.payload)})
	if in.fragOff == 0 {
		first := *in
		first.ip = slices.Clone(in.ip)
		r.first = &first
	}
	return true
}

// whole is the packet once nothing is missing, else nil. Its ip bytes are the
// unfragmented packet's, without extension headers.
func (r *reassembly) whole() *inPacket {
	if r.total < 0 || r.first == nil {
		return nil
	}
	head := ipLen(!r.first.v6)
	ip := make([]byte, head, head+r.total)
	for _, p := range r.parts {
		if p.off != len(ip)-head {
			return nil
		}
		ip = append(ip, p.data...)
	}
	if len(ip)-head != r.total || len(ip) > 65535 {
		return nil
	}
	in := *r.first
	copy(ip[:head], in.ip)
	if in.v6 {
		ip[6] = in.proto
		packet.IPv6(ip).SetPayloadLen(r.total)
	} else {
		ip[0] = 0x45
		packet.PutUint16(ip, 2, uint16(len(ip)))
		packet.PutUint16(ip, 6, 0)
		packet.IPv4(ip).UpdateChecksum()
	}
	in.ip, in.payload, in.frag = ip, ip[head:], false
	return &in
}

// giveUp forgets fragments whose rest did not come, and tells the sender if the
// first one did (RFC 792, RFC 4443 section 3.3).
func (h *Host) giveUp(key fragmentKey, r *reassembly) {
	delete(h.fragments, key)
	if r.first == nil {
		return
	}
	h.drop(r.first, ReasonReassembly)
	h.timeExceeded(r.first, packet.ICMPReassemblyTime)
}
