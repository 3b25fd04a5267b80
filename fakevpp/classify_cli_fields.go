package fakevpp

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/classify"
	"github.com/vpptwin/vpptwin/sim/packet"
)

// classifyField is a header field that masks and matches name: width bits,
// shift bits left of the last bit of the size bytes at off.
type classifyField struct {
	word             string
	off, size, shift int
	width            int
}

// Fields in the order in which VPP tries their words.
var (
	classifyIP4 = []classifyField{{"version", 0, 1, 4, 4}, {"hdr_length", 0, 1, 0, 4}, {"src", 12, 4, 0, 32}, {"dst", 16, 4, 0, 32},
		{"proto", 9, 1, 0, 8}, {"src_address", 12, 4, 0, 32}, {"dst_address", 16, 4, 0, 32}, {"tos", 1, 1, 0, 8},
		{"length", 2, 2, 0, 16}, {"fragment_id", 4, 2, 0, 16}, {"ttl", 8, 1, 0, 8}, {"protocol", 9, 1, 0, 8},
		{"checksum", 10, 2, 0, 16}}
	classifyIP6 = []classifyField{{"version", 0, 4, 28, 4}, {"traffic-class", 0, 4, 20, 8}, {"traffic_class", 0, 4, 20, 8},
		{"flow-label", 0, 4, 0, 20}, {"flow_label", 0, 4, 0, 20}, {"src", 8, 16, 0, 128}, {"dst", 24, 16, 0, 128},
		{"proto", 6, 1, 0, 8}, {"src_address", 8, 16, 0, 128}, {"dst_address", 24, 16, 0, 128}, {"payload_length", 4, 2, 0, 16},
		{"hop_limit", 7, 1, 0, 8}, {"protocol", 6, 1, 0, 8}}
)

// header sizes of the layers.
const (
	classifyTCPLen = 20
	classifyUDPLen = 8
	classifyL4Len  = 4
)

func fieldOf(fields []classifyField, word string) *classifyField {
	for i := range fields {
		if fields[i].word == word {
			return &fields[i]
		}
	}
	return nil
}

// set puts the low bits of value into a header.
func (f *classifyField) set(h []byte, value uint32) {
	v := uint64(value) & (1<<f.width - 1) << f.shift
	for i := range f.size {
		h[f.off+i] |= byte(v >> (8 * (f.size - 1 - i)))
	}
}

func (f *classifyField) fill(h []byte) {
	if f.width >= 32 {
		for i := range f.size {
			h[f.off+i] = 0xff
		}
		return
	}
	f.set(h, ^uint32(0))
}

// classifyL3Mask reads "ip4 FIELD…" or "ip6 FIELD…" (unformat_l3_mask).
func classifyL3Mask(a *cliArgs) []byte {
	fields, size := classifyIP4, packet.IPv4Len
	switch {
	case a.is("ip4"):
	case a.is("ip6"):
		fields, size = classifyIP6, packet.IPv6Len
	default:
		return nil
	}
	h := make([]byte, size)
	found := false
	for a.more() {
		word, plen, prefixed := strings.Cut(a.words[0], "/")
		f := fieldOf(fields, word)
		n, err := strconv.ParseUint(plen, 10, 8)
		if f == nil || prefixed && (err != nil || f.width != 32 || n > 32) {
			break
		}
		a.word()
		found = true
		if prefixed {
			binary.BigEndian.PutUint32(h[f.off:], uint32(^uint64(0)<<(32-n)))
			continue
		}
		f.fill(h)
	}
	if !found {
		return nil
	}
	return h
}

// classifyL4Mask reads "tcp src dst", "udp src_port dst_port" or the ports
// alone (unformat_l4_mask).
func classifyL4Mask(a *cliArgs) []byte {
	size, src, dst := classifyL4Len, "src_port", "dst_port"
	switch {
	case a.is("tcp"):
		size, src, dst = classifyTCPLen, "src", "dst"
	case a.is("udp"):
		size = classifyUDPLen
	}
	h := make([]byte, size)
	for a.more() {
		switch {
		case a.is(src):
			h[0], h[1] = 0xff, 0xff
		case a.is(dst):
			h[2], h[3] = 0xff, 0xff
		default:
			return nonZero(h)
		}
	}
	return nonZero(h)
}

// nonZero returns h, nil when it has no bit set.
func nonZero(h []byte) []byte {
	for _, b := range h {
		if b != 0 {
			return h
		}
	}
	return nil
}

// classifyL2 is what "l2 …" says, for masks with all bits set.
type classifyL2 struct {
	src, dst                    *packet.MAC
	proto, tag1, tag2           *uint16
	cos1, cos2                  *uint8
	long1, long2, dot1q, dot1ad bool
}

// bytes lays the header out. A field behind a tag that is not matched stands
// where an untagged packet has it (unformat_l2_mask, unformat_l2_match).
func (l *classifyL2) bytes() []byte {
	size := 14
	if l.tag1 != nil || l.long1 || l.cos1 != nil || l.dot1q {
		size = 18
	}
	if l.tag2 != nil || l.long2 || l.cos2 != nil || l.dot1ad {
		size = 22
	}
	h := make([]byte, size)
	if l.dst != nil {
		copy(h, l.dst[:])
	}
	if l.src != nil {
		copy(h[6:], l.src[:])
	}
	proto := 12
	switch {
	case l.tag2 != nil || l.dot1ad:
		proto = 20
		put16(h, 18, l.tag2)
		put16(h, 14, l.tag1)
	case l.tag1 != nil || l.dot1q:
		proto = 16
		put16(h, 14, l.tag1)
	}
	if l.cos2 != nil && proto != 16 {
		h[18] |= *l.cos2 << 5
	}
	if l.cos1 != nil {
		h[14] |= *l.cos1 << 5
	}
	put16(h, proto, l.proto)
	return h
}

func put16(h []byte, at int, v *uint16) {
	if v != nil {
		binary.BigEndian.PutUint16(h[at:], *v)
	}
}

// classifyL2Mask reads "src dst proto tag1 …" (unformat_l2_mask).
func classifyL2Mask(a *cliArgs) []byte {
	var l classifyL2
	all, vlan, cos := uint16(0xffff), uint16(0x0fff), uint8(7)
	mac := packet.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	found := false
	for ; a.more(); found = true {
		switch {
		case a.is("src"):
			l.src = &mac
		case a.is("dst"):
			l.dst = &mac
		case a.is("proto"):
			l.proto = &all
		case a.is("tag1"):
			l.tag1 = &vlan
		case a.is("tag2"):
			l.tag2 = &vlan
		case a.is("ignore-tag1"):
			l.long1 = true
		case a.is("ignore-tag2"):
			l.long2 = true
		case a.is("cos1"):
			l.cos1 = &cos
		case a.is("cos2"):
			l.cos2 = &cos
		case a.is("dot1q"):
			l.dot1q = true
		case a.is("dot1ad"):
			l.dot1ad = true
		default:
			return l.bytesIf(found)
		}
	}
	return l.bytesIf(found)
}

func (l *classifyL2) bytesIf(found bool) []byte {
	if !found {
		return nil
	}
	return l.bytes()
}

// classifyL2Match reads "src MAC dst MAC proto TYPE tag1 N …"
// (unformat_l2_match).
func classifyL2Match(a *cliArgs) []byte {
	var l classifyL2
	found := false
	for ; a.more(); found = true {
		var mac packet.MAC
		var n uint32
		switch {
		case a.mac("src", &mac):
			l.src = &mac
		case a.mac("dst", &mac):
			l.dst = &mac
		case a.etherType("proto", &n):
			l.proto = low16(n)
		case a.number("tag1", &n):
			l.tag1 = low16(n & 0xfff)
		case a.number("tag2", &n):
			l.tag2 = low16(n & 0xfff)
		case a.is("ignore-tag1"):
			l.long1 = true
		case a.is("ignore-tag2"):
			l.long2 = true
		case a.number("cos1", &n):
			l.cos1 = low3(n)
		case a.number("cos2", &n):
			l.cos2 = low3(n)
		default:
			return l.bytesIf(found)
		}
	}
	return l.bytesIf(found)
}

func low16(n uint32) *uint16 {
	v := uint16(n)
	return &v
}

func low3(n uint32) *uint8 {
	v := uint8(n & 7)
	return &v
}

// etherType takes an EtherType behind the keyword: a number, also hexadecimal,
// or a name.
func (a *cliArgs) etherType(keyword string, to *uint32) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	names := map[string]uint64{"IP4": 0x0800, "IP6": 0x86dd, "ARP": 0x0806, "MPLS": 0x8847, "VLAN": 0x8100}
	n, ok := names[strings.ToUpper(a.words[1])]
	if !ok {
		var err error
		if n, err = strconv.ParseUint(a.words[1], 0, 16); err != nil {
			return false
		}
	}
	*to = uint32(n)
	a.words = a.words[2:]
	return true
}

// classifyL3Match reads "ip4 FIELD VALUE…" or "ip6 FIELD VALUE…"
// (unformat_l3_match).
func classifyL3Match(a *cliArgs) []byte {
	fields, size := classifyIP4, packet.IPv4Len
	switch {
	case a.is("ip4"):
	case a.is("ip6"):
		fields, size = classifyIP6, packet.IPv6Len
	default:
		return nil
	}
	h := make([]byte, size)
	found := false
	for ; len(a.words) >= 2; found = true {
		f := fieldOf(fields, a.words[0])
		if f == nil || !f.parse(h, a.words[1], size) {
			break
		}
		a.words = a.words[2:]
	}
	if !found {
		return nil
	}
	return h
}

// parse sets a field to the value of a word. VPP does not match fragment ids.
func (f *classifyField) parse(h []byte, word string, size int) bool {
	if f.width >= 32 {
		addr, err := netip.ParseAddr(word)
		if err != nil || addr.Is4() != (size == packet.IPv4Len) {
			return false
		}
		copy(h[f.off:], addr.AsSlice())
		return true
	}
	n, err := strconv.ParseUint(word, 10, 32)
	if err == nil && f.word != "fragment_id" {
		f.set(h, uint32(n))
	}
	return err == nil
}

// classifyL4Match reads "src_port N dst_port N" (unformat_l4_match).
func classifyL4Match(a *cliArgs) []byte {
	h := make([]byte, classifyL4Len)
	for a.more() {
		var n uint32
		switch {
		case a.number("src_port", &n):
			binary.BigEndian.PutUint16(h, uint16(n))
		case a.number("dst_port", &n):
			binary.BigEndian.PutUint16(h[2:], uint16(n))
		default:
			return h
		}
	}
	return h
}

// classifyBytes reads the layers of a mask or match and joins them; nil when it
// reads nothing or the layers make no sense together.
func classifyBytes(a *cliArgs, l2f, l3f, l4f func(*cliArgs) []byte) []byte {
	var raw, l2, l3, l4 []byte
	noL2 := false
read:
	for a.more() {
		before := len(a.words)
		switch {
		case a.hex(&raw):
		case a.is("l2", "none"):
			noL2 = true
		case a.is("l2"):
			l2 = l2f(a)
		case a.is("l3"):
			l3 = l3f(a)
		case a.is("l4"):
			l4 = l4f(a)
		default:
			break read
		}
		if len(a.words) == before {
			break
		}
	}
	switch {
	case l2 != nil && noL2, l4 != nil && l3 == nil:
		return nil
	case l2 == nil && l3 == nil && l4 == nil:
		return raw
	case noL2:
		return append(l3, l4...)
	case l2 == nil:
		l2 = make([]byte, packet.EthernetLen)
	}
	return append(append(l2, l3...), l4...)
}

// hex takes an even number of hexadecimal digits behind the word hex.
func (a *cliArgs) hex(to *[]byte) bool {
	if len(a.words) < 2 || a.words[0] != "hex" {
		return false
	}
	b, err := hex.DecodeString(a.words[1])
	if err != nil || len(b) == 0 {
		return false
	}
	*to = b
	a.words = a.words[2:]
	return true
}

// classifyMask reads a mask and computes what to skip and match
// (unformat_classify_mask).
func classifyMask(a *cliArgs, mask *[]byte, skip, match *uint32) bool {
	words := a.words
	if !a.is("mask") {
		return false
	}
	m := classifyBytes(a, classifyL2Mask, classifyL3Mask, classifyL4Mask)
	if m == nil {
		a.words = words
		return false
	}
	first := 0
	for first < len(m) && m[first] == 0 {
		first++
	}
	*skip = uint32(first / classify.VectorSize)
	m = m[*skip*classify.VectorSize:]
	for len(m)%classify.VectorSize != 0 {
		m = append(m, 0)
	}
	for n := len(m) - classify.VectorSize; n >= 0 && nonZero(m[n:]) == nil; n -= classify.VectorSize {
		m = m[:n]
	}
	*mask, *match = m, uint32(len(m)/classify.VectorSize)
	return true
}

// classifyMatch reads a match for a table, the bytes that the table skips
// included (unformat_classify_match).
func classifyMatch(a *cliArgs, t *classify.Table) []byte {
	words := a.words
	if t == nil || !a.is("match") {
		return nil
	}
	m := classifyBytes(a, classifyL2Match, classifyL3Match, classifyL4Match)
	if m == nil {
		a.words = words
		return nil
	}
	size := (int(t.Skip) + int(t.Match)) * classify.VectorSize
	return append(m, make([]byte, max(size-len(m), 0))...)[:size]
}

// memorySize takes a number of bytes with an optional unit behind the keyword.
func (a *cliArgs) memorySize(keyword string, to *uint32) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	word, unit := a.words[1], 0
	if n := len(word); n > 0 {
		unit = map[byte]int{'k': 10, 'K': 10, 'm': 20, 'M': 20, 'g': 30, 'G': 30}[word[n-1]]
	}
	if unit != 0 {
		word = word[:len(word)-1]
	}
	n, err := strconv.ParseUint(word, 10, 32)
	if err != nil || bits.Len64(n)+unit > 40 {
		return false
	}
	*to = uint32(n << unit)
	a.words = a.words[2:]
	return true
}
