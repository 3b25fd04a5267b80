package vnet

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// pgParser reads a packet description.
type pgParser struct {
	text     string
	m        *Main
	edits    *PGEdits
	min, max int // bytes of the stream's packets
}

// errPGData says that a description is not understood.
var errPGData = errors.New("packet description not understood")

// maxPGHeaders bounds the headers of a description.
const maxPGHeaders = 64

// ParsePGEdits reads a description of packets of between low and high bytes that
// enter at the named node: headers as that node expects them and what follows,
// or a payload.
func ParsePGEdits(m *Main, node, text string, low, high uint32) (*PGEdits, error) {
	p := &pgParser{text: text, m: m, edits: &PGEdits{}, min: int(low), max: int(high)}
	parse := pgNodeParser(node)
	if parse == nil || !p.try(parse) {
		if !p.payload() {
			return nil, errPGData
		}
	}
	p.edits.finish()
	return p.edits, nil
}

// pgNodeParser returns the reader of the headers that a node expects
// (unformat_edit of pg_node_t), nil for none.
func pgNodeParser(node string) func(*pgParser) bool {
	switch node {
	case "ethernet-input":
		return (*pgParser).ethernet
	case "ip4-input", "ip4-input-no-checksum", "ip4-lookup":
		return (*pgParser).ip4
	case "ip6-input", "ip6-lookup":
		return (*pgParser).ip6
	case "arp-input":
		return (*pgParser).arp
	}
	if strings.HasSuffix(node, "-output") {
		return (*pgParser).ethernet
	}
	return nil
}

// try takes back text and headers if parse fails.
func (p *pgParser) try(parse func(*pgParser) bool) bool {
	text, n := p.text, len(p.edits.groups)
	if n < maxPGHeaders && parse(p) {
		return true
	}
	p.text, p.edits.groups = text, p.edits.groups[:n]
	return false
}

// group adds a header of n bytes.
func (p *pgParser) group(n int) *pgGroup {
	g := &pgGroup{n: n}
	p.edits.groups = append(p.edits.groups, g)
	return g
}

func (p *pgParser) skip() { p.text = strings.TrimLeft(p.text, " \t\r\n") }

// is takes literals, white space between them left out.
func (p *pgParser) is(words ...string) bool {
	text := p.text
	for _, w := range words {
		p.skip()
		rest, ok := strings.CutPrefix(p.text, w)
		if !ok {
			p.text = text
			return false
		}
		p.text = rest
	}
	return true
}

// token takes the run of characters in front that belong to the set.
func (p *pgParser) token(in func(byte) bool) string {
	p.skip()
	n := 0
	for n < len(p.text) && in(p.text[n]) {
		n++
	}
	t := p.text[:n]
	p.text = p.text[n:]
	return t
}

func isWordByte(c byte) bool {
	return isHexByte(c) || c >= 'g' && c <= 'z' || c >= 'G' && c <= 'Z' || c == '_'
}

func isHexByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// read is the reader of one kind of value.
type pgRead func(p *pgParser) (pgValue, bool)

// edit takes a value, or two with '-' for counting up or '+' for drawing in
// between (unformat_pg_edit).
func (p *pgParser) edit(e *pgEdit, read pgRead) bool {
	v, ok := read(p)
	if !ok || !e.fits(v) {
		return false
	}
	e.kind, e.from = PGEditFixed, v
	kind := PGEditFixed
	before := p.text
	switch {
	case strings.HasPrefix(p.text, "->"):
		return true
	case strings.HasPrefix(p.text, "-"):
		kind = PGEditIncrement
	case strings.HasPrefix(p.text, "+"):
		kind = PGEditRandom
	default:
		return true
	}
	p.text = p.text[1:]
	if to, ok := read(p); ok && e.fits(to) {
		e.kind, e.to = kind, to
		return true
	}
	p.text = before
	return true
}

// fits says if the number fits the field.
func (e *pgEdit) fits(v pgValue) bool {
	if e.bits >= 64 {
		return true
	}
	return v.hi == 0 && v.lo>>e.bits == 0
}

// option takes a keyword with a number.
func (p *pgParser) option(e *pgEdit, words ...string) bool {
	text := p.text
	if p.is(words...) && p.edit(e, pgNumber) {
		return true
	}
	p.text = text
	return false
}

// pgNumber reads a decimal number, or a hexadecimal one behind 0x.
func pgNumber(p *pgParser) (pgValue, bool) {
	base := 10
	if p.is("0x") {
		base = 16
	}
	n, err := strconv.ParseUint(p.token(func(c byte) bool { return isHexByte(c) && (base == 16 || c <= '9') }), base, 64)
	return pgValue{lo: n}, err == nil
}

// pgProtocol reads an IP protocol's name or number.
func pgProtocol(p *pgParser) (pgValue, bool) {
	text := p.text
	word := p.token(isWordByte)
	for n, name := range protocolNames {
		if name != "" && name == word {
			return pgValue{lo: uint64(n)}, true
		}
	}
	p.text = text
	return pgNumber(p)
}

// pgEtherTypes are the names of types that descriptions use
// (src/vnet/ethernet/types.def).
var pgEtherTypes = map[string]uint16{"IP4": packet.EtherTypeIPv4, "IP6": packet.EtherTypeIPv6, "ARP": packet.EtherTypeARP,
	"VLAN": packet.EtherTypeVLAN, "DOT1AD": packet.EtherTypeQinQ, "MPLS": 0x8847}

// pgEtherType reads an Ethernet type's name or number.
func pgEtherType(p *pgParser) (pgValue, bool) {
	text := p.text
	if n, ok := pgEtherTypes[p.token(isWordByte)]; ok {
		return pgValue{lo: uint64(n)}, true
	}
	p.text = text
	return pgNumber(p)
}

// pgMAC reads an Ethernet address, six bytes with colons or three words with
// dots.
func pgMAC(p *pgParser) (pgValue, bool) {
	word := p.token(func(c byte) bool { return isHexByte(c) || c == ':' || c == '.' })
	sep, want, width := ":", 6, 8
	if strings.Contains(word, ".") {
		sep, want, width = ".", 3, 16
	}
	parts := strings.Split(word, sep)
	if len(parts) != want {
		return pgValue{}, false
	}
	var v uint64
	for _, part := range parts {
		n, err := strconv.ParseUint(part, 16, width)
		if err != nil {
			return pgValue{}, false
		}
		v = v<<width | n
	}
	return pgValue{lo: v}, true
}

// pgAddress4 reads an IPv4 address.
func pgAddress4(p *pgParser) (pgValue, bool) {
	a, err := netip.ParseAddr(p.token(func(c byte) bool { return c >= '0' && c <= '9' || c == '.' }))
	if err != nil || !a.Is4() {
		return pgValue{}, false
	}
	b := a.As4()
	return pgValue{lo: uint64(binary.BigEndian.Uint32(b[:]))}, true
}

// pgAddress6 reads an IPv6 address.
func pgAddress6(p *pgParser) (pgValue, bool) {
	a, err := netip.ParseAddr(p.token(func(c byte) bool { return isHexByte(c) || c == ':' || c == '.' }))
	if err != nil || !a.Is6() {
		return pgValue{}, false
	}
	b := a.As16()
	return pgValue{hi: binary.BigEndian.Uint64(b[:]), lo: binary.BigEndian.Uint64(b[8:])}, true
}

// payload reads "incrementing N", "hex 0xDATA" or a node's name with what that
// node expects, and makes it as long as the largest packet needs
// (unformat_pg_payload).
func (p *pgParser) payload() bool {
	var data []byte
	switch {
	case p.is("incrementing"):
		n, ok := pgNumber(p)
		if !ok || n.lo > pgMaxBytes {
			return false
		}
		for k := range int(n.lo) {
			data = append(data, byte(k))
		}
	case p.is("hex", "0x"):
		digits := p.token(isHexByte)
		var err error
		if data, err = hex.DecodeString(digits[:len(digits)&^1]); err != nil {
			return false
		}
	default:
		name := p.token(func(c byte) bool { return isWordByte(c) || c == '-' })
		parse := pgNodeParser(name)
		return parse != nil && p.m.Graph.Node(name) != nil && p.try(parse)
	}
	n := max(p.max-p.edits.HeaderLen(), 0)
	data = append(data, make([]byte, n)...)[:n]
	p.group(n).data = data
	return true
}

// pgMaxBytes bounds the packets of a description.
const pgMaxBytes = 1 << 16
