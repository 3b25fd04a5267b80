package vnet

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// AddTable makes an IP table, unicast and multicast, or locks one that exists
// for the API again; table 0 always exists. An empty name gives VPP's default
// name (ip_table_create in src/vnet/ip/ip_api.c).
func (m *Main) AddTable(p fib.Proto, id uint32, name string, withMulticast bool) {
	m.AddTableFor(p, id, name, withMulticast, fib.SourceAPI, fib.MSourceAPI)
}

// AddTableFor is AddTable for another source, such as the CLI.
func (m *Main) AddTableFor(p fib.Proto, id uint32, name string, withMulticast bool, s fib.Source, ms fib.MSource) {
	if id == 0 {
		return
	}
	m.FIB.LockTable(p, id, s, name)
	if withMulticast {
		m.FIB.LockMTable(p, id, ms, name)
	}
}

// DeleteTable gives up the API's lock on a table: the table goes when nothing
// else holds it. Table 0 and tables that do not exist are no error.
func (m *Main) DeleteTable(p fib.Proto, id uint32) {
	m.DeleteTableFor(p, id, fib.SourceAPI, fib.MSourceAPI)
}

// DeleteTableFor is DeleteTable for another source.
func (m *Main) DeleteTableFor(p fib.Proto, id uint32, s fib.Source, ms fib.MSource) {
	if id == 0 {
		return
	}
	if index, ok := m.FIB.FindTable(p, id); ok {
		m.FIB.Unlock(p, index, s)
	}
	if index, ok := m.FIB.FindMTable(p, id); ok {
		m.FIB.MUnlock(p, index, ms)
	}
}

// AllocateTable makes a table and returns its number: id, or for
// vlib.InvalidIndex an unused one from VPP's generator, the same after every
// start.
func (m *Main) AllocateTable(p fib.Proto, id uint32, name string) (uint32, error) {
	if id == vlib.InvalidIndex {
		id = m.unusedTableID(p)
	}
	if id == vlib.InvalidIndex {
		return id, ErrAgain
	}
	m.AddTable(p, id, name, true)
	return id, nil
}

// unusedTableID is ip_table_get_unused_id: random_u32's linear congruential
// generator, and a look around each of its numbers.
func (m *Main) unusedTableID(p fib.Proto) uint32 {
	seed := &m.subsystems.ip.ids
	for range 1 << 10 {
		*seed = *seed*1664525 + 1013904223
		for i := range uint32(1 << 10) {
			*seed += (2*(i%2) - 1) * i
			if *seed == vlib.InvalidIndex {
				continue
			}
			if _, taken := m.FIB.FindTable(p, *seed); !taken {
				return *seed
			}
		}
	}
	return vlib.InvalidIndex
}

// SetTable binds an interface to a table: ErrInvalidSwIfIndex, ErrNoSuchFIB,
// or ErrAddressFoundForInterface while the interface has addresses, its own or
// borrowed (ip_table_bind).
func (m *Main) SetTable(p fib.Proto, swIf, id uint32) error {
	i, err := m.mustInterface(swIf)
	if err != nil {
		return err
	}
	index, ok := m.FIB.FindTable(p, id)
	if !ok {
		return ErrNoSuchFIB
	}
	if len(m.addressesOf(p, swIf)) > 0 {
		return ErrAddressFoundForInterface
	}
	mindex, multicast := m.FIB.FindMTable(p, id)
	m.bindTable(p, i, index)
	if multicast {
		m.bindMTable(p, i, mindex)
	}
	return nil
}

// GetTable returns the number of the table an interface is bound to.
func (m *Main) GetTable(p fib.Proto, swIf uint32) (uint32, error) {
	i, err := m.mustInterface(swIf)
	if err != nil {
		return vlib.InvalidIndex, err
	}
	return m.FIB.Table(p, i.FibIndex[p]).ID, nil
}

// bindTable moves an interface and its neighbours to a table, which it keeps
// (fib_table_bind).
func (m *Main) bindTable(p fib.Proto, i *Interface, index uint32) {
	m.urpfTableBound(i.SwIfIndex, p, index)
	old := i.FibIndex[p]
	if old == index {
		return
	}
	m.moveNeighbors(p, i.SwIfIndex, old, index)
	m.teibTableBound(i.SwIfIndex, p, old, index)
	if index != 0 {
		m.FIB.Lock(p, index, fib.SourceInterface)
	}
	i.FibIndex[p] = index
	m.FIB.InterfaceBound(i.SwIfIndex)
	if old != 0 {
		m.FIB.Unlock(p, old, fib.SourceInterface)
	}
}

// bindMTable is bindTable for multicast.
func (m *Main) bindMTable(p fib.Proto, i *Interface, index uint32) {
	old := i.MFibIndex[p]
	if old == index {
		return
	}
	if index != 0 {
		m.FIB.MLock(p, index, fib.MSourceInterface)
	}
	i.MFibIndex[p] = index
	if old != 0 {
		m.FIB.MUnlock(p, old, fib.MSourceInterface)
	}
}

// SetFlowHash sets what a table's load-balances hash on: ErrNoSuchFIB for an
// unknown table (ip_flow_hash_set).
func (m *Main) SetFlowHash(p fib.Proto, id uint32, hash fib.FlowHash) error {
	index, ok := m.FIB.FindTable(p, id)
	if !ok {
		return ErrNoSuchFIB
	}
	m.FIB.SetFlowHash(p, index, hash)
	return nil
}
