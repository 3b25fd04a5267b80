package scenarios

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// Ordinals of default addresses: the n-th node has 192.168.0.n and fd00:192:168::n, hosts begin with .201, routers go down from .254.
const (
	firstHost  = 201
	topRouter  = 254
	fromTheTop = -1
)

// addressPool gives out the addresses of a segment.
type addressPool struct{ used map[netip.Addr]bool }

func newAddressPool(subnets []netip.Prefix) *addressPool {
	p := &addressPool{used: map[netip.Addr]bool{}}
	for _, s := range subnets {
		p.used[s.Addr()] = true // the network's own address, and IPv6's subnet-router anycast address
		if s.Addr().Is4() {
			p.used[lastAddr4(s)] = true
		}
	}
	return p
}

// reserve takes an address out; false if it was taken before.
func (p *addressPool) reserve(a netip.Addr) bool {
	taken := p.used[a]
	p.used[a] = true
	return !taken
}

// next takes the first free address from ordinal start upward (then from 1), or from the 254th downward if start is fromTheTop. In IPv6 the decimal
// digits of the ordinal are the address's hexadecimal ones, so that both families read the same.
func (p *addressPool) next(subnet netip.Prefix, start int) (netip.Addr, bool) {
	if start == fromTheTop {
		for n := topRouter; n > 0; n-- {
			if a, ok := p.take(subnet, n); ok {
				return a, true
			}
		}
		return netip.Addr{}, false
	}
	for n := start; n < start+maxClusterNodes+topRouter && ordinalFits(subnet, n); n++ {
		if a, ok := p.take(subnet, n); ok {
			return a, true
		}
	}
	for n := 1; n < start && ordinalFits(subnet, n); n++ {
		if a, ok := p.take(subnet, n); ok {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// take reserves the address with ordinal n, if the subnet has it and it is free.
func (p *addressPool) take(subnet netip.Prefix, n int) (netip.Addr, bool) {
	if !ordinalFits(subnet, n) {
		return netip.Addr{}, false
	}
	number := uint64(n)
	if subnet.Addr().Is6() {
		number = asHex(n)
	}
	a := addToAddr(subnet.Addr(), number, subnet.Addr().BitLen())
	return a, p.reserve(a)
}

func ordinalFits(subnet netip.Prefix, n int) bool {
	bits := subnet.Addr().BitLen() - subnet.Bits()
	number := uint64(n)
	if subnet.Addr().Is6() {
		number = asHex(n)
	}
	return bits >= 63 || number < 1<<bits
}

// asHex returns the number whose hexadecimal digits are n's decimal ones: 12 becomes 0x12.
func asHex(n int) uint64 {
	v, _ := strconv.ParseUint(strconv.Itoa(n), 16, 64)
	return v
}

// addToAddr adds number, at the position of the bit'th bit, to an address whose bits there are zero.
func addToAddr(a netip.Addr, number uint64, bit int) netip.Addr {
	if a.Is4() {
		b := a.As4()
		v := binary.BigEndian.Uint32(b[:]) | uint32(number<<(32-bit))
		binary.BigEndian.PutUint32(b[:], v)
		return netip.AddrFrom4(b)
	}
	b := a.As16()
	if bit <= 64 {
		hi := binary.BigEndian.Uint64(b[:8]) | number<<(64-bit)
		binary.BigEndian.PutUint64(b[:8], hi)
	} else {
		lo := binary.BigEndian.Uint64(b[8:]) | number<<(128-bit)
		binary.BigEndian.PutUint64(b[8:], lo)
	}
	return netip.AddrFrom16(b)
}

// lastAddr4 returns an IPv4 prefix's broadcast address.
func lastAddr4(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().As4()
	v := binary.BigEndian.Uint32(b[:]) | uint32(1<<(32-p.Bits())-1)
	binary.BigEndian.PutUint32(b[:], v)
	return netip.AddrFrom4(b)
}

func compareAddr(a, b netip.Addr) int { return a.Compare(b) }

// containing returns a test whether a prefix contains a.
func containing(a netip.Addr) func(netip.Prefix) bool {
	return func(p netip.Prefix) bool { return p.Contains(a) }
}
