package vnet

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// maxBridgeDomain is the highest bridge domain id (L2_BD_ID_MAX).
const maxBridgeDomain = 1<<24 - 1

// BridgeDomain is a bridge domain (l2_bridge_domain_t in src/vnet/l2/l2_bd.h).
type BridgeDomain struct {
	// ID is the client's number, Index the instance's, which is used again.
	ID    uint32
	Index uint16
	// Features masks the input features of the members; 0 until the domain is
	// used.
	Features L2Feature
	// BVI and UUFwd are the interface towards layer 3 and the one for unknown
	// destinations, InvalidIndex for none.
	BVI, UUFwd uint32
	// Members are the members: the BVI, then those that are flooded to, then the
	// others.
	Members []BridgeMember
	// FloodCount is how many members are flooded to.
	FloodCount int
	// Age is how long an address is kept in minutes, 0 for ever.
	Age uint8
	// Seq is raised to forget the learned addresses.
	Seq uint8
	// Tag is the client's mark.
	Tag string
	// LearnLimit and LearnCount bound and count the learned addresses.
	LearnLimit, LearnCount uint32
	// Neighbors are the addresses that ARP termination answers for, in the order
	// in which they came.
	Neighbors []BridgeNeighbor

	masters, tunnels, noFlood int
	ip4                       map[[4]byte]packet.MAC
	ip6                       map[[16]byte]packet.MAC
}

// BridgeMember is an interface in a bridge domain.
type BridgeMember struct {
	SwIf uint32
	SHG  uint8
	BVI  bool
}

// BridgeNeighbor is what ARP termination answers.
type BridgeNeighbor struct {
	IP  netip.Addr
	MAC packet.MAC
}

// floodClass says how a bridge domain floods to an interface
// (vnet_flood_class_t in src/vnet/interface.h).
type floodClass uint8

const (
	floodDefault floodClass = iota // by the kind of device
	floodNormal
	floodTunnelMaster
	floodTunnel
	floodNone
	floodBVI
)

func (i *Interface) flood() floodClass {
	switch {
	case i.floodClass != floodDefault:
		return i.floodClass
	case i.IsSub():
		return floodNormal
	case i.Hw.Device == DeviceLoopback:
		return floodNone
	case i.Hw.Device == DeviceBVI:
		return floodBVI
	case i.Hw.Device == DeviceVXLAN:
		return floodTunnel
	}
	return floodNormal
}

func (d *BridgeDomain) valid() bool { return d.Features != 0 }

// Has tells whether all of the features are on in the domain.
func (d *BridgeDomain) Has(f L2Feature) bool { return d.Features&f == f }

// validate makes an unused domain ready: everything on but ARP termination and
// forwarding to an interface for unknown destinations (bd_validate).
func (d *BridgeDomain) validate() {
	if d.valid() {
		return
	}
	d.Features = ^(L2InARPTerm | L2InUUFwd | L2InARPUFwd)
	d.BVI, d.UUFwd = vlib.InvalidIndex, vlib.InvalidIndex
	d.Members, d.FloodCount = nil, 0
	d.masters, d.tunnels, d.noFlood = 0, 0, 0
	d.flushNeighbors()
}

// BridgeDomain returns the domain with the given id, nil if there is none.
func (m *Main) BridgeDomain(id uint32) *BridgeDomain { return m.l2.byID[id] }

// BridgeDomainAt returns the domain with the given index, nil if it is not in
// use.
func (m *Main) BridgeDomainAt(index uint32) *BridgeDomain {
	if uint64(index) >= uint64(len(m.l2.domains)) || !m.l2.domains[index].valid() {
		return nil
	}
	return m.l2.domains[index]
}

// BridgeDomains returns the domains in use by index, without the first, which
// only drops.
func (m *Main) BridgeDomains() []*BridgeDomain {
	var out []*BridgeDomain
	for _, d := range m.l2.domains[1:] {
		if d.valid() {
			out = append(out, d)
		}
	}
	return out
}

// newBridgeDomain takes the lowest free index (bd_add_bd_index).
func (m *Main) newBridgeDomain(id uint32) *BridgeDomain {
	l := &m.l2
	k := slices.IndexFunc(l.domains, func(d *BridgeDomain) bool { return l.byID[d.ID] != d })
	if k < 0 {
		k = len(l.domains)
		l.domains = append(l.domains, &BridgeDomain{Index: uint16(k), BVI: vlib.InvalidIndex, UUFwd: vlib.InvalidIndex})
	}
	d := l.domains[k]
	d.ID, d.LearnLimit, d.LearnCount = id, l.fib.domainLimit, 0
	l.byID[id] = d
	return d
}

// FindBridgeDomain is BridgeDomain that makes the domain if there is none.
func (m *Main) FindBridgeDomain(id uint32) *BridgeDomain {
	if d := m.l2.byID[id]; d != nil {
		return d
	}
	return m.newBridgeDomain(id)
}

// UnusedBridgeDomain returns an id that no domain has (bd_get_unused_id).
func (m *Main) UnusedBridgeDomain() uint32 {
	seed := m.l2.unused
	for range 1 << 10 {
		seed = seed*1664525 + 1013904223
		for i := range uint32(1 << 10) {
			seed = (seed + (2*(i%2)-1)*i) & maxBridgeDomain
			if seed != 0 && m.l2.byID[seed] == nil {
				m.l2.unused = seed
				return seed
			}
		}
	}
	return vlib.InvalidIndex
}

// BridgeSpec describes a bridge domain to create.
type BridgeSpec struct {
	ID uint32
	// Features are those of the settable ones that are on.
	Features L2Feature
	Age      uint8
	Tag      string
}

// BridgeFeatures are the features of a bridge domain that a client sets.
const BridgeFeatures = L2InFlood | L2InUUFlood | L2InFwd | L2InLearn | L2InARPTerm | L2InARPUFwd

// AddBridgeDomain creates a bridge domain. The errors are ErrBDAlreadyExists and
// ErrBDIDExceedMax (bd_add_del in src/vnet/l2/l2_bd.c).
func (m *Main) AddBridgeDomain(s BridgeSpec) (*BridgeDomain, error) {
	if m.l2.byID[s.ID] != nil {
		return nil, fmt.Errorf("add bridge domain %d: %w", s.ID, ErrBDAlreadyExists)
	}
	if s.ID > maxBridgeDomain {
		return nil, fmt.Errorf("add bridge domain %d: %w", s.ID, ErrBDIDExceedMax)
	}
	d := m.newBridgeDomain(s.ID)
	m.SetBridgeFeatures(d, s.Features&BridgeFeatures, true)
	m.SetBridgeFeatures(d, BridgeFeatures&^s.Features, false)
	m.SetBridgeAge(d, s.Age)
	d.Tag = s.Tag
	return d, nil
}

// DeleteBridgeDomain deletes a bridge domain. The errors are ErrNoSuchEntry,
// ErrBDNotModifiable for id 0 and ErrBDInUse while it has members.
func (m *Main) DeleteBridgeDomain(id uint32) error {
	d := m.l2.byID[id]
	switch {
	case d == nil:
		return ErrNoSuchEntry
	case d.Index == 0:
		return ErrBDNotModifiable
	case len(d.Members) > 0:
		return ErrBDInUse
	}
	m.FlushL2Domain(d)
	delete(m.l2.byID, id)
	d.ID, d.Features, d.Tag, d.Members = vlib.InvalidIndex, 0, "", nil
	d.LearnLimit, d.LearnCount = 0, vlib.InvalidIndex
	d.flushNeighbors()
	return nil
}

// SetBridgeFeatures turns features of a domain on or off and returns what is on
// (bd_set_flags).
func (m *Main) SetBridgeFeatures(d *BridgeDomain, f L2Feature, on bool) L2Feature {
	d.validate()
	d.Features = d.Features.with(f, on)
	m.recache(d)
	return d.Features
}

// SetBridgeAge sets how long addresses are kept, in minutes; 0 is for ever
// (bd_set_mac_age).
func (m *Main) SetBridgeAge(d *BridgeDomain, minutes uint8) {
	d.Age = minutes
	m.recache(d)
	m.l2Scan(true)
}

// recache copies what the members' packets need (l2input_recache).
func (m *Main) recache(d *BridgeDomain) {
	for _, member := range d.Members {
		in := m.l2In(member.SwIf)
		in.age, in.domainSeq, in.domainFeatures = d.Age, d.Seq, d.Features
	}
}

// addMember puts a member where its kind belongs (bd_add_member).
func (d *BridgeDomain) addMember(member BridgeMember, class floodClass) {
	at := len(d.Members)
	switch class {
	case floodNone:
		d.noFlood++
	case floodBVI:
		at = 0
	case floodTunnel:
		at -= d.noFlood
		d.tunnels++
	default:
		if class == floodTunnelMaster {
			d.masters++
		}
		at -= d.tunnels + d.noFlood
	}
	d.Members = slices.Insert(slices.Clone(d.Members), at, member)
	d.countFlood()
}

// removeMember takes a member out (bd_remove_member).
func (d *BridgeDomain) removeMember(swIf uint32, class floodClass) {
	k := slices.IndexFunc(d.Members, func(b BridgeMember) bool { return b.SwIf == swIf })
	if k < 0 {
		return
	}
	switch class {
	case floodNone:
		d.noFlood--
	case floodTunnel:
		d.tunnels--
	case floodTunnelMaster:
		d.masters--
	}
	d.Members = slices.Delete(slices.Clone(d.Members), k, k+1)
	d.countFlood()
}

// countFlood: tunnels are flooded to when there is no multicast tunnel.
func (d *BridgeDomain) countFlood() {
	d.FloodCount = len(d.Members) - d.noFlood
	if d.masters > 0 {
		d.FloodCount -= d.tunnels
	}
	d.FloodCount = max(d.FloodCount, 0)
}

// ChangeNeighbor adds, replaces or removes what ARP termination answers for an
// address. Removing takes the same Ethernet address; ErrUnspecified says that
// there is no such entry (bd_add_del_ip_mac).
func (d *BridgeDomain) ChangeNeighbor(ip netip.Addr, mac packet.MAC, add bool) error {
	k := slices.IndexFunc(d.Neighbors, func(n BridgeNeighbor) bool { return n.IP == ip })
	switch {
	case add && k >= 0:
		d.Neighbors[k].MAC = mac
	case add:
		d.Neighbors = append(d.Neighbors, BridgeNeighbor{ip, mac})
	case k < 0 || d.Neighbors[k].MAC != mac:
		return ErrUnspecified
	default:
		d.Neighbors = slices.Delete(d.Neighbors, k, k+1)
	}
	d.indexNeighbor(ip, mac, add)
	return nil
}

func (d *BridgeDomain) indexNeighbor(ip netip.Addr, mac packet.MAC, add bool) {
	switch {
	case ip.Is4() && add:
		d.ip4[ip.As4()] = mac
	case ip.Is4():
		delete(d.ip4, ip.As4())
	case add:
		d.ip6[ip.As16()] = mac
	default:
		delete(d.ip6, ip.As16())
	}
}

// FlushNeighbors removes all that ARP termination answers.
func (d *BridgeDomain) FlushNeighbors() { d.flushNeighbors() }

func (d *BridgeDomain) flushNeighbors() {
	d.Neighbors = nil
	d.ip4, d.ip6 = map[[4]byte]packet.MAC{}, map[[16]byte]packet.MAC{}
}
