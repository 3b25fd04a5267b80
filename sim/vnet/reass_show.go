package vnet

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
)

// Reassemblies counts the packets in the making.
func (m *Main) Reassemblies(p fib.Proto, t ReassType) int {
	if t == ReassShallow {
		return int(m.reass.sv[p].count)
	}
	return int(m.reass.full[p].count)
}

// FormatReassemblies describes each packet in the making as the details of `show
// ip4-full-reassembly` and its like have it. Buffer numbers are those of traces.
func (m *Main) FormatReassemblies(p fib.Proto, t ReassType) []string {
	var out []string
	if t == ReassShallow {
		for _, r := range m.reass.sv[p].pool.used() {
			out = append(out, r.format(p))
		}
		return out
	}
	for _, r := range m.reass.full[p].pool.used() {
		out = append(out, r.format(p))
	}
	return out
}

// format renders a key as VPP does, which for IPv6 takes the table's index for
// the packet's number.
func (k *reassKey) format(p fib.Proto) string {
	src, dst := k.addrs(p)
	if p == fib.IP4 {
		return fmt.Sprintf("fib_index: %d, src: %s, dst: %s, frag_id: %d, proto: %d", k.fib, src, dst, k.id, k.proto)
	}
	return fmt.Sprintf("xx_id: %d, src: %s, dst: %s, frag_id: %d, proto: 0", bits.ReverseBytes32(k.id), src, dst,
		bits.ReverseBytes16(uint16(k.fib)))
}

// format shows the first fragment only, as VPP does while fragments are not
// chained.
func (r *fullReass) format(p fib.Proto) string {
	first := noOctet
	if len(r.ranges) > 0 {
		first = r.ranges[0].bi
	}
	s := fmt.Sprintf("ID: %d, key: %s\n  first_bi: %d, data_len: %d, last_packet_octet: %d, trace_op_counter: %d\n", r.id,
		r.key.format(p), first, r.dataLen, r.lastOctet, r.ops)
	if len(r.ranges) > 0 {
		g := &r.ranges[0]
		s += fmt.Sprintf("  #000: range: [%d, %d], bi: %d, off: %d, len: %d, fragment[%d, %d]\n", g.first, g.last, g.bi,
			g.first-g.fragFirst, g.size(), g.fragFirst, g.fragLast)
	}
	return s
}

func (r *svReass) format(p fib.Proto) string {
	comma, end := "", ", "
	if p == fib.IP6 {
		comma, end = ",", "\n"
	}
	var s strings.Builder
	fmt.Fprintf(&s, "ID: %d, key: %s%s trace_op_counter: %d\n", r.id, r.key.format(p), comma, r.ops)
	for i := range r.cached {
		fmt.Fprintf(&s, "  #%03d: bi: %d%s", i, i, end)
	}
	return s.String()
}
