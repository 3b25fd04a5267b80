package vnet

import "github.com/vpptwin/vpptwin/sim/packet"

// ethernet reads "TYPE: SRC -> DST [vlan ID [priority N] [cfi N]]..." and what
// follows (src/vnet/ethernet/pg.c).
func (p *pgParser) ethernet() bool {
	g := p.group(packet.EthernetLen)
	dst, src, typ := g.field(0, 48), g.field(48, 48), g.field(96, 16)
	if !p.edit(typ, pgEtherType) || !p.is(":") || !p.edit(src, pgMAC) || !p.is("->") || !p.edit(dst, pgMAC) {
		return false
	}
	inner := typ
	for n := 0; p.is("vlan"); n++ {
		if n == 2 {
			return false
		}
		at := g.n * 8
		g.n += packet.VLANLen
		priority, cfi, id := g.fixed(at, 3, 0), g.fixed(at+3, 1, 0), g.field(at+4, 12)
		if !p.edit(id, pgNumber) {
			return false
		}
		p.option(priority, "priority")
		p.option(cfi, "cfi")
		tag := g.field(at+16, 16)
		*tag = pgEdit{at: tag.at, bits: 16, kind: inner.kind, from: inner.from, to: inner.to}
		inner.set(uint64(packet.EtherTypeVLAN))
		inner = tag
	}
	return inner.kind == PGEditFixed && p.try(p.behindEthernet(uint16(inner.from.lo))) || p.payload()
}

// behindEthernet is the reader of what an Ethernet type announces.
func (p *pgParser) behindEthernet(t uint16) func(*pgParser) bool {
	switch t {
	case packet.EtherTypeIPv4:
		return (*pgParser).ip4
	case packet.EtherTypeIPv6:
		return (*pgParser).ip6
	case packet.EtherTypeARP:
		return (*pgParser).arp
	}
	return func(*pgParser) bool { return false }
}

// arp reads "OPCODE: MAC/IP -> MAC/IP" (src/vnet/arp/arp.c).
func (p *pgParser) arp() bool {
	g := p.group(packet.ARPLen)
	g.fixed(0, 16, 1)
	g.fixed(16, 16, uint64(packet.EtherTypeIPv4))
	g.fixed(32, 8, 6)
	g.fixed(40, 8, 4)
	opcode := g.field(48, 16)
	read := func(p *pgParser) (pgValue, bool) {
		switch {
		case p.is("request"):
			return pgValue{lo: 1}, true
		case p.is("reply"):
			return pgValue{lo: 2}, true
		}
		return pgNumber(p)
	}
	if !p.edit(opcode, read) || !p.is(":") {
		return false
	}
	for k, at := range [...]int{64, 144} {
		if k == 1 && !p.is("->") {
			return false
		}
		if !p.edit(g.field(at, 48), pgMAC) || !p.is("/") || !p.edit(g.field(at+48, 32), pgAddress4) {
			return false
		}
	}
	return true
}

// behindIP is the reader of what an IP protocol announces. UDP, TCP and ICMP
// know their header by its name.
func (p *pgParser) behindIP(proto *pgEdit) bool {
	if proto.kind == PGEditFixed {
		for _, h := range []struct {
			proto uint8
			parse func(*pgParser) bool
		}{{packet.ProtoUDP, (*pgParser).udp}, {packet.ProtoTCP, (*pgParser).tcp},
			{packet.ProtoICMP, (*pgParser).icmp4}, {packet.ProtoICMPv6, (*pgParser).icmp6}} {
			if proto.from.lo == uint64(h.proto) && p.try(h.parse) {
				return true
			}
		}
	}
	return p.payload()
}

// ip4 reads "PROTO: SRC -> DST" with options, and what follows
// (src/vnet/ip/ip4_pg.c).
func (p *pgParser) ip4() bool {
	index := len(p.edits.groups)
	g := p.group(packet.IPv4Len)
	version, ihl, tos := g.fixed(0, 4, 4), g.fixed(4, 4, 5), g.fixed(8, 8, 0)
	length, id := g.open(16, 16), g.fixed(32, 16, 0)
	ce, df, mf, offset := g.fixed(48, 1, 0), g.fixed(49, 1, 0), g.fixed(50, 1, 0), g.fixed(51, 13, 0)
	ttl, proto, sum := g.fixed(64, 8, 64), g.field(72, 8), g.open(80, 16)
	src, dst := g.field(96, 32), g.field(128, 32)
	if !p.edit(proto, pgProtocol) || !p.is(":") {
		return false
	}
	text := p.text
	if !p.edit(src, pgAddress4) || !p.is("->") || !p.edit(dst, pgAddress4) {
		src.kind, dst.kind, p.text = pgEditUnspecified, pgEditUnspecified, text
	}
	for p.option(version, "version") || p.option(ihl, "header-length") || p.option(tos, "tos") || p.option(length, "length") ||
		p.option(sum, "checksum") || p.option(ttl, "ttl") || p.fragment(id, offset) || p.flag(mf, "mf", "MF") ||
		p.flag(df, "df", "DF") || p.flag(ce, "ce", "CE") {
	}
	if !p.behindIP(proto) {
		return false
	}
	if length.kind == pgEditUnspecified && p.min == p.max && len(p.edits.groups) > index+1 {
		length.set(uint64(p.edits.length(index)) & 0xffff)
	}
	fixLength, fixSum := length.kind == pgEditUnspecified, sum.kind == pgEditUnspecified
	if fixLength || fixSum {
		g.function = "ip4_pg_edit_function"
		g.fix = func(b []byte, at, _ int) {
			if fixLength {
				packet.PutUint16(b, at+2, uint16(len(b)-at))
			}
			if fixSum {
				packet.PutUint16(b, at+10, 0)
				packet.PutUint16(b, at+10, packet.Checksum(b[at:at+packet.IPv4Len]))
			}
		}
	}
	return true
}

// fragment reads "fragment id N offset N", the offset in bytes.
func (p *pgParser) fragment(id, offset *pgEdit) bool {
	text := p.text
	wide := pgEdit{bits: 16}
	if p.is("fragment", "id") && p.edit(id, pgNumber) && p.is("offset") && p.edit(&wide, pgNumber) {
		offset.kind, offset.from.lo, offset.to.lo = wide.kind, wide.from.lo/8, wide.to.lo/8
		return true
	}
	p.text = text
	return false
}

func (p *pgParser) flag(e *pgEdit, names ...string) bool {
	for _, n := range names {
		if p.is(n) {
			e.set(1)
			return true
		}
	}
	return false
}

// ip6 reads "PROTO: SRC -> DST" with options, and what follows
// (src/vnet/ip/ip6_pg.c).
func (p *pgParser) ip6() bool {
	index := len(p.edits.groups)
	g := p.group(packet.IPv6Len)
	version, class, label := g.fixed(0, 4, 6), g.fixed(4, 8, 0), g.fixed(12, 20, 0)
	length, proto, hops := g.open(32, 16), g.field(48, 8), g.fixed(56, 8, 64)
	src, dst := g.field(64, 128), g.field(192, 128)
	_ = label
	if !p.edit(proto, pgProtocol) || !p.is(":") || !p.edit(src, pgAddress6) || !p.is("->") || !p.edit(dst, pgAddress6) {
		return false
	}
	for p.option(version, "version") || p.option(class, "traffic-class") || p.option(length, "length") ||
		p.option(hops, "hop-limit") {
	}
	if !p.behindIP(proto) {
		return false
	}
	if length.kind == pgEditUnspecified && p.min == p.max && len(p.edits.groups) > index+1 {
		length.set(uint64(p.edits.length(index)-packet.IPv6Len) & 0xffff)
	}
	if length.kind == pgEditUnspecified {
		g.function = "ip6_pg_edit_function"
		g.fix = func(b []byte, at, _ int) { packet.PutUint16(b, at+4, uint16(len(b)-at-packet.IPv6Len)) }
	}
	return true
}

// udp reads "UDP: PORT -> PORT" with options and a payload
// (src/vnet/udp/udp_pg.c).
func (p *pgParser) udp() bool {
	g := p.group(packet.UDPLen)
	src, dst, length, sum := g.field(0, 16), g.field(16, 16), g.open(32, 16), g.open(48, 16)
	if !p.is("UDP:") || !p.edit(src, pgNumber) || !p.is("->") || !p.edit(dst, pgNumber) {
		return false
	}
	for p.option(length, "length") || p.option(sum, "checksum") {
	}
	if !p.payload() {
		return false
	}
	fixLength, fixSum := length.kind == pgEditUnspecified, sum.kind == pgEditUnspecified
	if !fixLength && !fixSum {
		return true
	}
	g.function = "udp_pg_edit_function"
	g.fix = func(b []byte, at, before int) {
		n := len(b) - at
		if fixLength {
			packet.PutUint16(b, at+4, uint16(n))
		} else {
			n = min(int(packet.Uint16(b, at+4)), n)
		}
		if !fixSum {
			return
		}
		packet.PutUint16(b, at+6, 0)
		c := pgChecksum(b, before, at, n)
		if c == 0 {
			c = 0xffff
		}
		packet.PutUint16(b, at+6, c)
	}
	return true
}

// pgChecksum is the checksum of a transport header as VPP's packet generator
// computes it: addresses and protocol are read where an IPv4 header has them,
// whatever header is there.
func pgChecksum(b []byte, ip, at, n int) uint16 {
	pseudo := make([]byte, 12, 12+n)
	if ip+20 <= len(b) {
		copy(pseudo, b[ip+12:ip+20])
		pseudo[9] = b[ip+9]
	}
	packet.PutUint16(pseudo, 10, uint16(n))
	return packet.Checksum(append(pseudo, b[at:at+max(n, 0)]...))
}

// tcp reads "TCP: PORT -> PORT" with options and a payload; TCP's own options
// are not understood (src/vnet/tcp/tcp_pg.c).
func (p *pgParser) tcp() bool {
	g := p.group(packet.TCPLen)
	src, dst, seq, ack := g.field(0, 16), g.field(16, 16), g.fixed(32, 32, 0), g.fixed(64, 32, 0)
	g.fixed(96, 4, packet.TCPLen/4)
	flags := [...]struct {
		name string
		e    *pgEdit
	}{{"CWR", g.fixed(104, 1, 0)}, {"ECE", g.fixed(105, 1, 0)}, {"URG", g.fixed(106, 1, 0)}, {"ACK", g.fixed(107, 1, 0)},
		{"PSH", g.fixed(108, 1, 0)}, {"RST", g.fixed(109, 1, 0)}, {"SYN", g.fixed(110, 1, 0)}, {"FIN", g.fixed(111, 1, 0)}}
	window, sum := g.fixed(112, 16, 4096), g.open(128, 16)
	g.fixed(144, 16, 0)
	if !p.is("TCP:") || !p.edit(src, pgNumber) || !p.is("->") || !p.edit(dst, pgNumber) {
		return false
	}
	anyFlag := func() bool {
		for _, f := range flags {
			if p.flag(f.e, f.name) {
				return true
			}
		}
		return false
	}
	for p.option(window, "window") || p.option(sum, "checksum") || p.option(seq, "seqnum") || p.option(ack, "acknum") || anyFlag() {
	}
	if !p.payload() {
		return false
	}
	if sum.kind == pgEditUnspecified {
		g.function = "tcp_pg_edit_function"
		g.fix = func(b []byte, at, before int) {
			n := len(b) - at
			if ip := int(packet.Uint16(b, before+2)); ip != 0 {
				n = min(max(ip-at, 0), n)
			}
			packet.PutUint16(b, at+16, 0)
			packet.PutUint16(b, at+16, pgChecksum(b, before, at, n))
		}
	}
	return true
}

// icmp4 reads "ICMP TYPE [CODE]" with options and a payload
// (src/vnet/ip/icmp4.c).
func (p *pgParser) icmp4() bool { return p.icmp(icmp4TypeNames, "icmp4_pg_edit_function") }

// icmp6 is icmp4 for ICMPv6 (src/vnet/ip/icmp6.c).
func (p *pgParser) icmp6() bool { return p.icmp(icmp6TypeNames, "icmp6_pg_edit_function") }

func (p *pgParser) icmp(types map[uint8]string, function string) bool {
	g := p.group(4)
	typ, code, sum := g.field(0, 8), g.fixed(8, 8, 0), g.open(16, 16)
	if !p.is("ICMP") {
		return false
	}
	word := p.token(isWordByte)
	found := false
	for n, name := range types {
		if name == word {
			typ.set(uint64(n))
			found = true
		}
	}
	_ = code
	if !found {
		return false
	}
	for p.option(sum, "checksum") {
	}
	if !p.payload() {
		return false
	}
	if sum.kind == pgEditUnspecified {
		g.function = function
		g.fix = func(b []byte, at, before int) {
			packet.PutUint16(b, at+2, 0)
			if types[128] != "" && before+40 <= len(b) {
				packet.PutUint16(b, at+2, pgChecksum6(b, before, at))
				return
			}
			packet.PutUint16(b, at+2, packet.Checksum(b[at:]))
		}
	}
	return true
}

// pgChecksum6 is the checksum of ICMPv6 behind the IPv6 header at ip.
func pgChecksum6(b []byte, ip, at int) uint16 {
	pseudo := make([]byte, 40, 40+len(b)-at)
	copy(pseudo, b[ip+8:ip+40])
	packet.PutUint16(pseudo, 34, uint16(len(b)-at))
	pseudo[39] = packet.ProtoICMPv6
	return packet.Checksum(append(pseudo, b[at:]...))
}
