package vnet

// Policer returns a policer by index, nil for none.
func (m *Main) Policer(index uint32) *Policer {
	if uint64(index) >= uint64(len(m.policers.pool)) {
		return nil
	}
	return m.policers.pool[index]
}

// PolicerByName returns a policer by name, nil for none.
func (m *Main) PolicerByName(name string) *Policer { return m.policers.byName[name] }

// Policers calls fn for each policer by index.
func (m *Main) Policers(fn func(*Policer)) {
	for _, p := range m.policers.pool {
		if p != nil {
			fn(p)
		}
	}
}

// PolicerStats returns what conformed, exceeded and violated.
func (m *Main) PolicerStats(index uint32) (out [numPolice]Counter) {
	for k, c := range m.policers.counters {
		out[k] = c.Get(index)
	}
	return out
}

// AddPolicer makes a policer. ErrValueExist says that the name is taken,
// ErrInvalidValue that the configuration makes no sense (policer_add in
// src/plugins/policer/policer_op.c).
func (m *Main) AddPolicer(name string, c PolicerConfig) (*Policer, error) {
	if m.policers.byName[name] != nil {
		return nil, ErrValueExist
	}
	p := &Policer{Name: name, Config: c}
	if err := p.compute(); err != nil {
		return nil, err
	}
	s := &m.policers
	if n := len(s.free); n > 0 {
		p.Index, s.free = s.free[n-1], s.free[:n-1]
	} else {
		p.Index = uint32(len(s.pool))
		s.pool = append(s.pool, nil)
	}
	s.pool[p.Index] = p
	s.byName[name] = p
	m.zeroPolicer(p.Index)
	return p, nil
}

func (m *Main) zeroPolicer(index uint32) {
	for _, c := range m.policers.counters {
		c.Validate(index)
		c.Zero(index)
	}
}

// DeletePolicer deletes a policer; ErrNoSuchEntry says that there is none.
// Where it was in use, packets pass freely.
func (m *Main) DeletePolicer(index uint32) error {
	p := m.Policer(index)
	if p == nil {
		return ErrNoSuchEntry
	}
	s := &m.policers
	delete(s.byName, p.Name)
	s.pool[index] = nil
	s.free = append(s.free, index)
	for dir := range s.itf {
		for i := range s.itf[dir] {
			if s.itf[dir][i].policer == p {
				s.itf[dir][i].policer = nil
			}
		}
	}
	return nil
}

// UpdatePolicer gives a policer another configuration, full buckets and zero
// counters. Its errors are ErrNoSuchEntry and ErrInvalidValue.
func (m *Main) UpdatePolicer(index uint32, c PolicerConfig) error {
	p := m.Policer(index)
	if p == nil {
		return ErrNoSuchEntry
	}
	next := Policer{Index: index, Name: p.Name, Config: c}
	if err := next.compute(); err != nil {
		return err
	}
	*p = next
	m.zeroPolicer(index)
	return nil
}

// ResetPolicer fills the buckets; ErrNoSuchEntry says that there is none.
func (m *Main) ResetPolicer(index uint32) error {
	p := m.Policer(index)
	if p == nil {
		return ErrNoSuchEntry
	}
	p.CurrentBucket, p.ExtendedBucket = p.CurrentLimit, p.ExtendedLimit
	return nil
}

// ApplyPolicer polices what an interface receives or sends, or no longer
// (policer_input). ErrNoSuchEntry says that there is no such policer.
func (m *Main) ApplyPolicer(index, swIf uint32, dir int, apply bool) error {
	p := m.Policer(index)
	if p == nil {
		return ErrNoSuchEntry
	}
	i, err := m.mustInterface(swIf)
	if err != nil {
		return err
	}
	use := at(&m.policers.itf[dir], swIf)
	*use = policerUse{}
	if apply {
		*use = policerUse{policer: p, overhead: policerOverhead(i, dir)}
	}
	arcs, node := [2]arcID{arcIP4Unicast, arcIP6Unicast}, "policer-input"
	if dir == PolicerOutput {
		arcs, node = [2]arcID{arcIP4Output, arcIP6Output}, "policer-output"
		m.EnableL2Output(swIf, L2OutPolicer, apply)
	} else {
		m.EnableL2Input(swIf, L2InPolicer, apply)
	}
	for _, arc := range arcs {
		if err := m.enableFeature(arc, node, swIf, apply); err != nil {
			return err
		}
	}
	return nil
}

// policerOverhead is the length of the header that routed packets have lost
// when a policer sees them (policer_compute_l2_overhead).
func policerOverhead(i *Interface, dir int) uint8 {
	if dir == PolicerOutput || i.Hw.Class != ClassEthernet {
		return 0
	}
	if i.Sub != nil {
		return uint8(14 + 4*i.Sub.Tags())
	}
	return 14
}

// policerWatch forgets the policers of an interface that goes.
func (m *Main) policerWatch(ev InterfaceEvent, i *Interface) {
	if ev != InterfaceDeleted {
		return
	}
	for dir := range m.policers.itf {
		if uint64(i.SwIfIndex) < uint64(len(m.policers.itf[dir])) {
			m.policers.itf[dir][i.SwIfIndex] = policerUse{}
		}
	}
}
