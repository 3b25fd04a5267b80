package vnet

import (
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// ReassParams are the limits of one kind of reassembly (ip_reassembly_set).
type ReassParams struct {
	// TimeoutMS is how long in milliseconds a reassembly waits for a fragment.
	TimeoutMS uint32
	// MaxReassemblies is how many there may be at a time.
	MaxReassemblies uint32
	// MaxLength is how many fragments one may have.
	MaxLength uint32
	// WalkMS is how often in milliseconds those past their time are looked for.
	WalkMS uint32
}

func (p ReassParams) timeout() time.Duration { return time.Duration(p.TimeoutMS) * time.Millisecond }

// walkEvery keeps an interval of 0 from running all the time.
func (p ReassParams) walkEvery() time.Duration {
	return max(time.Duration(p.WalkMS)*time.Millisecond, time.Millisecond)
}

// ReassType is a kind of reassembly (vl_api_ip_reass_type_t).
type ReassType uint32

// Kinds of reassembly.
const (
	ReassFull ReassType = iota
	ReassShallow
)

// Defaults of VPP (src/vnet/ip/reass/*.c).
var (
	fullReassDefaults = ReassParams{TimeoutMS: 200, MaxReassemblies: 1024, MaxLength: 3, WalkMS: 50}
	svReassDefaults   = ReassParams{TimeoutMS: 100, MaxReassemblies: 1024, MaxLength: 3, WalkMS: 10000}
)

// reassMain holds the reassemblies by protocol.
type reassMain struct {
	full [2]fullReassembly
	sv   [2]svReassembly
	// localOff says that fragments for the instance itself are not put together.
	localOff [2]bool
}

// reassKey identifies the packet that fragments belong to. IPv4 addresses fill
// the first four bytes.
type reassKey struct {
	src, dst [16]byte
	fib, id  uint32
	proto    uint8
}

// reassPlace is where a reassembly node stands.
type reassPlace uint8

const (
	reassPlain   reassPlace = iota // whole packets go back to the input node
	reassLocal                     // as reassPlain, behind ip4-local and ip6-local
	reassFeature                   // whole packets go on along the feature arc
	reassOutput                    // as reassFeature, on the output arc
	reassCustom                    // the slot is in Buffer.Opaque[0]
)

// Next slots of the reassembly nodes; IPv6 has another order.
const (
	reassNextInput uint16 = iota
	reassNextDrop

	reass6NextICMPError uint16 = 2
)

// addReassemblyNodes registers the nodes of src/vnet/ip/reass.
func (m *Main) addReassemblyNodes() {
	m.addFullReassemblyNodes()
	m.addShallowReassemblyNodes()
}

// ReassParams gives the limits of a kind of reassembly.
func (m *Main) ReassParams(p fib.Proto, t ReassType) ReassParams {
	if t == ReassShallow {
		return m.reass.sv[p].params
	}
	return m.reass.full[p].params
}

// SetReassParams changes the limits and looks at once for what is past its time.
func (m *Main) SetReassParams(p fib.Proto, t ReassType, params ReassParams) {
	if t == ReassShallow {
		m.reass.sv[p].params = params
		m.walkShallow(p)
		return
	}
	m.reass.full[p].params = params
	m.walkFull(p)
}

// SetLocalReassembly puts together fragments for the instance itself, or drops
// them (ip_local_reass_enable_disable).
func (m *Main) SetLocalReassembly(p fib.Proto, on bool) { m.reass.localOff[p] = !on }

// LocalReassembly tells whether fragments for the instance are put together.
func (m *Main) LocalReassembly(p fib.Proto) bool { return !m.reass.localOff[p] }

// Features of reassembly, by protocol.
var (
	fullReassFeature     = [2]string{"ip4-full-reassembly-feature", "ip6-full-reassembly-feature"}
	svReassFeature       = [2]string{"ip4-sv-reassembly-feature", "ip6-sv-reassembly-feature"}
	svReassOutputFeature = [2]string{"ip4-sv-reassembly-output-feature", "ip6-sv-reassembly-output-feature"}
	svReassMcastFeature  = [2]string{"ip4-sv-reassembly-mcast-feature", "ip6-sv-reassembly-mcast-feature"}
	unicastArcByProto    = [2]arcID{arcIP4Unicast, arcIP6Unicast}
	multicastArcByProto  = [2]arcID{arcIP4Multicast, arcIP6Multicast}
	outputArcByProto     = [2]arcID{arcIP4Output, arcIP6Output}
)

// EnableReassembly enables or disables a kind of reassembly of what an interface
// receives (ip_reassembly_enable_disable). Shallow reassembly counts its users,
// full reassembly is a feature that may be enabled twice.
func (m *Main) EnableReassembly(p fib.Proto, t ReassType, swIfIndex uint32, on bool) error {
	if _, err := m.mustInterface(swIfIndex); err != nil {
		return err
	}
	if t == ReassShallow {
		return m.useShallow(&m.reass.sv[p].users, unicastArcByProto[p], svReassFeature[p], swIfIndex, on)
	}
	return m.enableFeature(unicastArcByProto[p], fullReassFeature[p], swIfIndex, on)
}

// EnableShallowOutput enables or disables shallow reassembly of what an
// interface sends, for features on the output arc that need ports
// (ip4_sv_reass_output_enable_disable_with_refcnt).
func (m *Main) EnableShallowOutput(p fib.Proto, swIfIndex uint32, on bool) error {
	if _, err := m.mustInterface(swIfIndex); err != nil {
		return err
	}
	return m.useShallow(&m.reass.sv[p].outputUsers, outputArcByProto[p], svReassOutputFeature[p], swIfIndex, on)
}

// EnableShallowMulticast is EnableReassembly for the multicast packets that an
// interface receives (ip4_sv_reass_multicast_enable_disable_with_refcnt).
func (m *Main) EnableShallowMulticast(p fib.Proto, swIfIndex uint32, on bool) error {
	if _, err := m.mustInterface(swIfIndex); err != nil {
		return err
	}
	return m.useShallow(&m.reass.sv[p].mcastUsers, multicastArcByProto[p], svReassMcastFeature[p], swIfIndex, on)
}

// useShallow counts the users of a feature on an interface.
func (m *Main) useShallow(users *map[uint32]int, arc arcID, feature string, swIfIndex uint32, on bool) error {
	if *users == nil {
		*users = map[uint32]int{}
	}
	if on {
		if (*users)[swIfIndex]++; (*users)[swIfIndex] > 1 {
			return nil
		}
		return m.enableFeature(arc, feature, swIfIndex, true)
	}
	if (*users)[swIfIndex] > 0 {
		(*users)[swIfIndex]--
	}
	if (*users)[swIfIndex] > 0 {
		return nil
	}
	delete(*users, swIfIndex)
	return m.enableFeature(arc, feature, swIfIndex, false)
}

// reassWatchInterface lets go of fragments that came from or go to an interface
// that is deleted.
func (m *Main) reassWatchInterface(ev InterfaceEvent, i *Interface) {
	if ev != InterfaceDeleted {
		return
	}
	for p := range m.reass.full {
		m.dropFullOf(fib.Proto(p), i.SwIfIndex)
		m.dropShallowOf(fib.Proto(p), i.SwIfIndex)
	}
}

// holds tells whether a kept packet would meet the interface.
func holds(b *vlib.Buffer, swIfIndex uint32) bool {
	return b.RxSwIf == swIfIndex || b.TxSwIf == swIfIndex
}

// reassKey4 is the key of an IPv4 fragment in a table.
func reassKey4(ip packet.IPv4, table uint32) reassKey {
	k := reassKey{fib: table, id: uint32(ip.ID()), proto: ip.Protocol()}
	copy(k.src[:], ip[12:16])
	copy(k.dst[:], ip[16:20])
	return k
}

// addrs gives the addresses of a key for show commands.
func (k *reassKey) addrs(p fib.Proto) (src, dst string) {
	if p == fib.IP4 {
		return netip.AddrFrom4([4]byte(k.src[:4])).String(), netip.AddrFrom4([4]byte(k.dst[:4])).String()
	}
	return netip.AddrFrom16(k.src).String(), netip.AddrFrom16(k.dst).String()
}

// malformed4 tells whether a fragment's place is impossible (RFC 791; the same
// test in both kinds of reassembly).
func malformed4(ip packet.IPv4) bool {
	first, size := ip.FragmentOffset(), ip.TotalLen()-ip.HeaderLen()
	return size < 0 || first > 0 && size == 0 || first+size > 0xffff-20 || size < 8 && ip.MoreFragments()
}
