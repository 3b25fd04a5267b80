package vnet

import (
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Parts of router advertisements (RFC 4861 section 4.2 and 4.6).
const (
	raLen       = 16
	raManaged   = 1 << 7
	raOther     = 1 << 6
	raOptPrefix = 3
	raOptMTU    = 5
	raOnLink    = 1 << 7
	raAutonomic = 1 << 6
	// raMinValid is what VPP announces of a prefix while it ceases to advertise
	// (MIN_ADV_VALID_LIFETIME in src/vnet/ip6-nd/ip6_ra.h).
	raMinValid = 7203
)

// buildRA turns a solicitation from src into the advertisement that an
// interface sends.
func (m *Main) buildRA(b *vlib.Buffer, i *Interface, ra *RouterAdvertisements, src netip.Addr) {
	body := raBody(i, ra, m.Now())
	b.Truncate(packet.IPv6Len)
	p := b.Grow(len(body))
	copy(p[packet.IPv6Len:], body)
	dst := netip.IPv6LinkLocalAllNodes()
	if ra.SendUnicast && !src.IsUnspecified() {
		dst = src
	}
	from, to := m.linkLocal(i.SwIfIndex).As16(), dst.As16()
	copy(p[8:24], from[:])
	copy(p[24:40], to[:])
	p[7] = 255
	packet.PutUint16(p, 4, uint16(len(body)))
	setICMP6Checksum(p)
}

// raBody makes the ICMPv6 message without checksum.
func raBody(i *Interface, ra *RouterAdvertisements, now time.Time) []byte {
	body := make([]byte, raLen, raLen+16+32*len(ra.Prefixes))
	body[0], body[4] = packet.ICMPv6RouterAdv, ra.HopLimit
	if ra.Managed {
		body[5] |= raManaged
	}
	if ra.Other {
		body[5] |= raOther
	}
	packet.PutUint16(body, 6, uint16(ra.Lifetime))
	if ra.LinkLayerOption {
		body = append(body, packet.NDOptSourceLinkAddr, 1)
		body = append(body, i.Hw.MAC[:]...)
	}
	if ra.LinkMTU != 0 {
		opt := [8]byte{raOptMTU, 1}
		packet.PutUint32(opt[:], 4, ra.LinkMTU)
		body = append(body, opt[:]...)
	}
	for k := range ra.Prefixes {
		if p := &ra.Prefixes[k]; !p.NoAdvertisement {
			body = append(body, p.option(ra.Cease, now)...)
		}
	}
	return body
}

// option is a prefix's option. Lifetimes that are not endless count down from
// when the prefix was configured.
func (p *RAPrefix) option(cease bool, now time.Time) []byte {
	opt := make([]byte, 32)
	opt[0], opt[1], opt[2] = raOptPrefix, 4, uint8(p.Prefix.Bits())
	if p.OnLink {
		opt[3] |= raOnLink
	}
	if p.Autonomous {
		opt[3] |= raAutonomic
	}
	if !p.Endless {
		p.Valid, p.Preferred = left(p.ValidUntil, now), left(p.PreferredUntil, now)
	}
	valid, preferred := p.Valid, p.Preferred
	if cease {
		valid, preferred = raMinValid, 0
	}
	packet.PutUint32(opt, 4, valid)
	packet.PutUint32(opt, 8, preferred)
	a := p.Prefix.Addr().As16()
	copy(opt[16:], a[:])
	return opt
}

// left is the whole seconds from now to a time, 0 when it has passed.
func left(until, now time.Time) uint32 { return uint32(max(until.Sub(now), 0) / time.Second) }
