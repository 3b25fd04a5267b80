package vnet

import (
	"strings"

	"github.com/vpptwin/vpptwin/sim/stats"
)

// interfaceStats are the vectors of the /if directory, whose slots are
// sw_if_indexes, and what the stats directory says of interfaces
// (src/vnet/interface/stats.c).
type interfaceStats struct {
	simple   []simpleCounter
	combined []combinedCounter
	names    *stats.Names
	// links holds the names of each interface's counters by sw_if_index.
	links [][]uint32
}

type simpleCounter struct {
	name   string
	vector *stats.Simple
	slot   func(*InterfaceSlots) **uint64
}

type combinedCounter struct {
	name   string
	vector *stats.Combined
	slot   func(*InterfaceSlots) **Counter
}

// initInterfaceStats registers the vectors in VPP's order
// (foreach_simple_interface_counter_name in src/vnet/interface.h).
func (m *Main) initInterfaceStats() {
	moved := m.Stats.OnMove(m.findInterfaceStats)
	s := &m.ifStats
	s.simple = []simpleCounter{
		{name: "drops", slot: func(c *InterfaceSlots) **uint64 { return &c.Drops }},
		{name: "punt", slot: func(c *InterfaceSlots) **uint64 { return &c.Punt }},
		{name: "ip4", slot: func(c *InterfaceSlots) **uint64 { return &c.IP4 }},
		{name: "ip6", slot: func(c *InterfaceSlots) **uint64 { return &c.IP6 }},
		{name: "rx-no-buf", slot: func(c *InterfaceSlots) **uint64 { return &c.RXNoBuf }},
		{name: "rx-miss", slot: func(c *InterfaceSlots) **uint64 { return &c.RXMiss }},
		{name: "rx-error", slot: func(c *InterfaceSlots) **uint64 { return &c.RXError }},
		{name: "tx-error", slot: func(c *InterfaceSlots) **uint64 { return &c.TXError }},
		{name: "mpls", slot: func(c *InterfaceSlots) **uint64 { return &c.MPLS }},
	}
	s.combined = []combinedCounter{
		{name: "rx", slot: func(c *InterfaceSlots) **Counter { return &c.RX }},
		{name: "rx-unicast", slot: func(c *InterfaceSlots) **Counter { return &c.RXUnicast }},
		{name: "rx-multicast", slot: func(c *InterfaceSlots) **Counter { return &c.RXMulticast }},
		{name: "rx-broadcast", slot: func(c *InterfaceSlots) **Counter { return &c.RXBroadcast }},
		{name: "tx", slot: func(c *InterfaceSlots) **Counter { return &c.TX }},
		{name: "tx-unicast", slot: func(c *InterfaceSlots) **Counter { return &c.TXUnicast }},
		{name: "tx-multicast", slot: func(c *InterfaceSlots) **Counter { return &c.TXMulticast }},
		{name: "tx-broadcast", slot: func(c *InterfaceSlots) **Counter { return &c.TXBroadcast }},
	}
	for k := range s.simple {
		s.simple[k].vector = m.Stats.Simple("/if/" + s.simple[k].name)
		s.simple[k].vector.SetMover(moved)
	}
	for k := range s.combined {
		s.combined[k].vector = m.Stats.Combined("/if/" + s.combined[k].name)
		s.combined[k].vector.SetMover(moved)
	}
	s.names = m.Stats.Names("/if/names")
	m.Stats.OnAttach(func() {
		for _, i := range m.sw {
			if i != nil {
				m.nameInterfaceStats(i)
			}
		}
	})
}

// findInterfaceStats makes the interfaces find their slots after these moved.
func (m *Main) findInterfaceStats() {
	for _, i := range m.sw {
		if i != nil {
			m.ifStats.point(i)
		}
	}
}

// point sets an interface's pointers. A vector that grows later than others is
// still shorter; its own move calls point again.
func (s *interfaceStats) point(i *Interface) {
	for _, c := range s.simple {
		if i.SwIfIndex < c.vector.Len() {
			*c.slot(&i.Counters) = c.vector.At(i.SwIfIndex)
		}
	}
	for _, c := range s.combined {
		if i.SwIfIndex < c.vector.Len() {
			*c.slot(&i.Counters) = c.vector.At(i.SwIfIndex)
		}
	}
}

// zero clears an interface's counters.
func (s *interfaceStats) zero(swIfIndex uint32) {
	for _, c := range s.simple {
		c.vector.Zero(swIfIndex)
	}
	for _, c := range s.combined {
		c.vector.Zero(swIfIndex)
	}
}

// addInterfaceStats gives a new interface counters that are zero, and their
// names.
func (m *Main) addInterfaceStats(i *Interface) {
	m.Stats.Lock()
	for _, c := range m.ifStats.simple {
		c.vector.Validate(i.SwIfIndex)
	}
	for _, c := range m.ifStats.combined {
		c.vector.Validate(i.SwIfIndex)
	}
	m.ifStats.zero(i.SwIfIndex)
	m.ifStats.point(i)
	m.ifStats.names.Set(i.SwIfIndex, i.Name)
	m.nameInterfaceStats(i)
	m.Stats.Unlock()
}

// nameInterfaceStats adds the names of an interface's counters to the
// directory. They stay when the interface is renamed, as in VPP.
func (m *Main) nameInterfaceStats(i *Interface) {
	if !m.Stats.Attached() {
		return
	}
	s := &m.ifStats
	for uint32(len(s.links)) <= i.SwIfIndex {
		s.links = append(s.links, nil)
	}
	prefix := "/interfaces/" + strings.ReplaceAll(i.Name, "/", "_") + "/"
	links := make([]uint32, 0, len(s.simple)+len(s.combined))
	for _, c := range s.simple {
		links = append(links, m.Stats.Symlink(prefix+c.name, c.vector.Index(), i.SwIfIndex))
	}
	for _, c := range s.combined {
		links = append(links, m.Stats.Symlink(prefix+c.name, c.vector.Index(), i.SwIfIndex))
	}
	s.links[i.SwIfIndex] = links
}

// deleteInterfaceStats takes an interface's names away. Whoever still holds the
// interface counts where nobody looks.
func (m *Main) deleteInterfaceStats(i *Interface) {
	m.Stats.Lock()
	s := &m.ifStats
	s.names.Set(i.SwIfIndex, "deleted")
	if m.Stats.Attached() && i.SwIfIndex < uint32(len(s.links)) {
		for _, link := range s.links[i.SwIfIndex] {
			m.Stats.Remove(link)
		}
		s.links[i.SwIfIndex] = nil
	}
	for _, c := range s.simple {
		v := c.vector.Get(i.SwIfIndex)
		*c.slot(&i.Counters) = &v
	}
	for _, c := range s.combined {
		v := c.vector.Get(i.SwIfIndex)
		*c.slot(&i.Counters) = &v
	}
	m.Stats.Unlock()
}
