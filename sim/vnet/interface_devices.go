package vnet

import (
	"slices"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// devices is the state that the drivers share.
type devices struct {
	workers    int
	nextThread int
	macs       uint32 // generated addresses so far
	loopbacks  map[uint32]bool
	taps       slots[*Tap]
	tapIDs     map[uint32]bool
	memifs     slots[*Memif]
	sockets    []*MemifSocket
	socketSeed uint32
	// runtimeDir is where sockets are, "" for the default.
	runtimeDir string
	hosts      slots[*HostInterface]
}

// MACSource is implemented by an environment that hands out the addresses of
// interfaces that were created without one, so that they are unique among the
// instances of a world and the same in each run.
type MACSource interface {
	// NewMAC returns an address that it has not returned before.
	NewMAC() packet.MAC
}

// newMAC is the address of an interface that was created without one. VPP draws
// at random; here it comes from the environment or a counter.
func (m *Main) newMAC() packet.MAC {
	if s, ok := m.env.(MACSource); ok {
		return s.NewMAC()
	}
	m.devices.macs++
	n := m.devices.macs
	return packet.MAC{0x02, 0xfe, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

// slots is a pool of a driver's objects by device instance; a slot is used
// again last in, first out.
type slots[T comparable] struct {
	all  []T
	free []uint32
}

func (s *slots[T]) add(v T) uint32 {
	if n := len(s.free); n > 0 {
		k := s.free[n-1]
		s.free = s.free[:n-1]
		s.all[k] = v
		return k
	}
	s.all = append(s.all, v)
	return uint32(len(s.all) - 1)
}

func (s *slots[T]) remove(k uint32) {
	var zero T
	s.all[k] = zero
	s.free = append(s.free, k)
}

// used returns the objects by instance.
func (s *slots[T]) used() []T {
	var zero T
	return slices.DeleteFunc(slices.Clone(s.all), func(v T) bool { return v == zero })
}

// firstFree returns the smallest number that is not in the set.
func firstFree(set map[uint32]bool) uint32 {
	n := uint32(0)
	for set[n] {
		n++
	}
	return n
}

// errNoEnvironment is the answer where VPP would meet Linux or a peer and the
// instance was started without surroundings.
const errNoEnvironment = ErrSyscall1
