package fib

import (
	"bytes"
	"cmp"
	"net/netip"
)

// PathFlags are flags of a path as the control plane gives it
// (fib_route_path_flags_t in src/vnet/fib/fib_types.h).
type PathFlags uint32

// Path flags.
const (
	PathResolveViaHost     PathFlags = 1 << 0
	PathResolveViaAttached PathFlags = 1 << 1
	PathLocal              PathFlags = 1 << 2
	PathAttached           PathFlags = 1 << 3
	PathDrop               PathFlags = 1 << 4
	PathExclusive          PathFlags = 1 << 5
	PathInterfaceRx        PathFlags = 1 << 6
	PathRPFID              PathFlags = 1 << 7
	PathSourceLookup       PathFlags = 1 << 8
	PathDeag               PathFlags = 1 << 13
	PathDVR                PathFlags = 1 << 14
	PathUnreachable        PathFlags = 1 << 15
	PathProhibit           PathFlags = 1 << 16
	PathClassify           PathFlags = 1 << 17
	PathGlean              PathFlags = 1 << 19
)

// Path is one way to reach a prefix, as a route's producer describes it
// (fib_route_path_t). Which kind of path it is follows from the fields: an
// interface and a next hop make an attached next hop, an interface alone an
// attached path, a next hop alone a recursive path, a table alone a second
// lookup; flags ask for the other kinds.
type Path struct {
	// Proto is the protocol of the next hop.
	Proto Proto
	// NextHop is the neighbour's address; the zero Addr and unspecified
	// addresses mean none.
	NextHop netip.Addr
	// SwIf is the interface, InvalidIndex for none.
	SwIf uint32
	// FibIndex is the table of recursive paths and second lookups, InvalidIndex
	// for none; the mfib with PathRPFID.
	FibIndex uint32
	// RPFID is the RPF id of a multicast lookup.
	RPFID uint32
	// Weight is the share in unequal load balancing; 0 means 1.
	Weight uint8
	// Preference is the path's rank, the lowest is used.
	Preference uint8
	Flags      PathFlags
	// DPO is where an exclusive path leads.
	DPO DPO
	// Connected is the prefix and address of a glean.
	Connected netip.Prefix
	// Classify is the table index of a classify path.
	Classify uint32
	// Itf holds the interface flags of a multicast path.
	Itf MItfFlags
}

func (p *Path) hasNextHop() bool { return p.NextHop.IsValid() && !p.NextHop.IsUnspecified() }

// isAttached is fib_route_path_is_attached (src/vnet/fib/fib_types.c).
func (p *Path) isAttached() bool {
	if p.Flags&(PathDVR|PathInterfaceRx) != 0 {
		return false
	}
	return !p.hasNextHop() && p.SwIf != InvalidIndex || p.Flags&(PathAttached|PathGlean) != 0
}

type pathType uint8

const (
	pathAttachedNextHop pathType = iota + 1
	pathAttached
	pathRecursive
	pathSpecial
	pathExclusive
	pathDeag
	pathInterfaceRx
	pathReceive
	pathDVR
)

var pathTypeNames = [...]string{"invalid", "attached-nexthop", "attached", "recursive", "special", "exclusive",
	"deag", "intf-rx", "receive", "dvr"}

// pathKey is the configuration of a path: equal keys resolve alike. It is what
// path-lists are shared by.
type pathKey struct {
	typ        pathType
	proto      Proto
	weight     uint8
	preference uint8
	connLen    uint8
	flags      PathFlags
	swIf       uint32
	table      uint32
	rpf        uint32
	dpo        DPO
	nextHop    [16]byte
	connected  [16]byte
}

// keyFlags are the flags that stay in a path's configuration.
const keyFlags = PathResolveViaHost | PathResolveViaAttached | PathLocal | PathDrop | PathRPFID | PathSourceLookup |
	PathUnreachable | PathProhibit | PathClassify | PathGlean | PathExclusive | PathAttached

// key deduces the path's type as fib_path_create does (src/vnet/fib/fib_path.c).
func (p *Path) key() pathKey {
	k := pathKey{proto: p.Proto, weight: max(p.Weight, 1), preference: p.Preference, flags: p.Flags & keyFlags,
		swIf: InvalidIndex, table: InvalidIndex, rpf: InvalidIndex}
	switch {
	case p.Flags&PathLocal != 0:
		k.typ, k.swIf = pathReceive, p.SwIf
		k.setNextHop(p.NextHop)
	case p.Flags&PathInterfaceRx != 0:
		k.typ, k.swIf = pathInterfaceRx, p.SwIf
	case p.Flags&PathRPFID != 0:
		k.typ, k.table, k.rpf = pathDeag, p.FibIndex, p.RPFID
	case p.Flags&PathDeag != 0:
		k.typ, k.table = pathDeag, p.FibIndex
	case p.Flags&PathDVR != 0:
		k.typ, k.swIf = pathDVR, p.SwIf
	case p.Flags&PathExclusive != 0:
		k.typ, k.dpo = pathExclusive, p.DPO
	case p.Flags&(PathUnreachable|PathProhibit|PathDrop) != 0:
		k.typ = pathSpecial
	case p.Flags&PathClassify != 0:
		k.typ, k.table = pathSpecial, p.Classify
	case p.Flags&PathGlean != 0:
		k.typ, k.swIf = pathAttached, p.SwIf
		k.setConnected(p.Connected)
	case p.SwIf != InvalidIndex && p.hasNextHop():
		k.typ, k.swIf = pathAttachedNextHop, p.SwIf
		k.setNextHop(p.NextHop)
	case p.SwIf != InvalidIndex:
		k.typ, k.swIf = pathAttached, p.SwIf
	case p.hasNextHop():
		k.typ, k.table = pathRecursive, p.FibIndex
		k.setNextHop(p.NextHop)
	case p.FibIndex != InvalidIndex:
		k.typ, k.table = pathDeag, p.FibIndex
	default:
		k.typ = pathSpecial
	}
	return k
}

func (k *pathKey) setNextHop(a netip.Addr) {
	switch {
	case a.Is4():
		b := a.As4()
		copy(k.nextHop[12:], b[:])
	case a.IsValid():
		k.nextHop = a.As16()
	}
}

func (k *pathKey) setConnected(p netip.Prefix) {
	if !p.IsValid() {
		return
	}
	k.connLen = uint8(p.Bits()) + 1
	if p.Addr().Is4() {
		b := p.Addr().As4()
		copy(k.connected[12:], b[:])
		return
	}
	k.connected = p.Addr().As16()
}

// addr returns an address stored in a key.
func (k *pathKey) addr(b *[16]byte) netip.Addr {
	// ip46 addresses are IPv4 when the first twelve bytes are zero and the
	// protocol says so.
	if k.proto == IP4 && [12]byte(b[:12]) == [12]byte{} {
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return netip.AddrFrom16(*b)
}

func (k *pathKey) connectedPrefix() netip.Prefix {
	if k.connLen == 0 {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(k.addr(&k.connected), int(k.connLen)-1)
}

// compare orders paths as fib_path_cmp_for_sort does: the best preference
// first. Paths that only differ in weight or preference are the same path.
func (k *pathKey) compare(o *pathKey) int {
	return cmp.Or(cmp.Compare(k.preference, o.preference), k.compareIdentity(o))
}

func (k *pathKey) compareIdentity(o *pathKey) int {
	return cmp.Or(
		cmp.Compare(k.typ, o.typ),
		cmp.Compare(k.proto, o.proto),
		func() int {
			switch k.typ {
			case pathReceive, pathSpecial:
				return 0
			case pathExclusive:
				return cmp.Or(cmp.Compare(k.dpo.Type, o.dpo.Type), cmp.Compare(k.dpo.Index, o.dpo.Index))
			}
			return cmp.Or(bytes.Compare(k.nextHop[:], o.nextHop[:]), cmp.Compare(k.swIf, o.swIf),
				cmp.Compare(k.table, o.table), cmp.Compare(k.rpf, o.rpf))
		}())
}

// encode gives the path back as the API shows it (fib_path_encode).
func (k *pathKey) encode() Path {
	p := Path{Proto: k.proto, Weight: k.weight, Preference: k.preference, SwIf: InvalidIndex,
		Flags: k.flags & (PathDrop | PathUnreachable | PathProhibit)}
	switch k.typ {
	case pathReceive:
		p.NextHop, p.SwIf = k.addr(&k.nextHop), k.swIf
		p.Flags |= PathLocal
	case pathAttached:
		p.SwIf = k.swIf
	case pathAttachedNextHop:
		p.SwIf, p.NextHop = k.swIf, k.addr(&k.nextHop)
	case pathRecursive:
		p.NextHop, p.FibIndex = k.addr(&k.nextHop), k.table
	case pathDeag:
		p.FibIndex = k.table
		p.Flags |= k.flags & PathRPFID
	case pathDVR:
		p.SwIf = k.swIf
		p.Flags |= PathDVR
	case pathInterfaceRx:
		p.SwIf = k.swIf
		p.Flags |= PathInterfaceRx
	case pathExclusive:
		p.DPO = k.dpo
		p.Flags |= PathExclusive
	}
	return p
}
