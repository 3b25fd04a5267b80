package vnet

import (
	"fmt"
	"slices"
)

// arcID is the number of a feature arc, its index in arcDecls.
type arcID uint8

// arc is one feature arc of an instance (src/vnet/feature/feature.c).
type arc struct {
	decl *arcDecl
	// features lists the arc's features in order; the end node is the last.
	features []string
	index    map[string]int
	// added are the features beyond decl's.
	added []featureDecl
	// configs is indexed by sw_if_index and as long as needed.
	configs []arcConfig
}

// arcConfig is an interface's configuration on one arc.
type arcConfig struct {
	// enabled holds indexes into the arc's features in order. A feature that
	// was enabled twice is there twice and packets visit it twice, as in VPP.
	enabled []int
	// nodes are the graph nodes to visit, the arc's end node last; nil when
	// nothing is enabled.
	nodes []uint32
}

// initFeatures orders the features of each arc.
func (m *Main) initFeatures() {
	for id := range arcDecls {
		decl := &arcDecls[id]
		order, err := orderFeatures(decl.last, decl.features)
		if err != nil {
			panic(fmt.Sprintf("vnet: feature arc %s: %v", decl.name, err))
		}
		a := arc{decl: decl, features: order, index: make(map[string]int, len(order))}
		for k, name := range order {
			a.index[name] = k
		}
		m.arcs[id] = a
	}
}

// addFeature puts one more feature on an arc, behind the others where
// constraints leave a choice. What is enabled stays enabled.
func (m *Main) addFeature(id arcID, decl featureDecl) {
	a := &m.arcs[id]
	a.added = append(a.added, decl)
	order, err := orderFeatures(a.decl.last, slices.Concat(a.decl.features, a.added))
	if err != nil {
		panic(fmt.Sprintf("vnet: feature arc %s: %v", a.decl.name, err))
	}
	before := a.features
	a.features = order
	for k, name := range order {
		a.index[name] = k
	}
	for swIfIndex := range a.configs {
		c := &a.configs[swIfIndex]
		for n, k := range c.enabled {
			c.enabled[n] = a.index[before[k]]
		}
		slices.Sort(c.enabled)
		m.compileArc(a, c, uint32(swIfIndex))
	}
}

// orderFeatures computes an order that satisfies the constraints, with the same
// choice among possible ones as VPP: from the end of the arc, the feature that
// was declared first of those that nothing is left to run after
// (vnet_feature_arc_init in src/vnet/feature/registration.c). Constraints that
// name an unknown feature have no effect.
func orderFeatures(last string, decls []featureDecl) ([]string, error) {
	n := len(decls)
	index := make(map[string]int, n)
	for i, d := range decls {
		index[d.node] = i
	}
	after := make([][]bool, n) // after[i][j]: j runs after i
	for i := range after {
		after[i] = make([]bool, n)
	}
	constrain := func(a, b string) {
		i, okA := index[a]
		j, okB := index[b]
		if okA && okB && i != j {
			after[i][j] = true
		}
	}
	for _, d := range decls {
		if last != "" {
			constrain(d.node, last)
		}
		for _, b := range d.before {
			constrain(d.node, b)
		}
		for _, a := range d.after {
			constrain(a, d.node)
		}
	}
	done := make([]bool, n)
	order := make([]string, 0, n)
	for len(order) < n {
		i := slices.IndexFunc(decls, func(d featureDecl) bool {
			k := index[d.node]
			for j := range n {
				if after[k][j] && !done[j] {
					return false
				}
			}
			return !done[k]
		})
		if i < 0 {
			return nil, fmt.Errorf("the constraints of %d features contradict each other", n-len(order))
		}
		done[i] = true
		order = append(order, decls[i].node)
	}
	slices.Reverse(order)
	return order, nil
}

// arcByName finds an arc, with the API's error for an unknown name.
func (m *Main) arcByName(name string) (arcID, error) {
	for id := range m.arcs {
		if m.arcs[id].decl.name == name {
			return arcID(id), nil
		}
	}
	return 0, fmt.Errorf("feature arc %q: no such arc: %w", name, ErrInvalidValue)
}

// EnableFeature enables or disables a feature on an interface. Enabling counts:
// a feature that was enabled twice must be disabled twice, and packets visit it
// twice meanwhile. Disabling what is not enabled succeeds
// (vnet_feature_enable_disable). The errors are ErrInvalidSwIfIndex,
// ErrInvalidValue for an unknown arc, ErrInvalidValue2 for an unknown feature
// and ErrUnimplemented for one of VPP's that this data plane has no node for.
func (m *Main) EnableFeature(arcName, feature string, swIfIndex uint32, on bool) error {
	if _, err := m.mustInterface(swIfIndex); err != nil {
		return err
	}
	id, err := m.arcByName(arcName)
	if err != nil {
		return err
	}
	return m.enableFeature(id, feature, swIfIndex, on)
}

// enableFeature is EnableFeature for an arc known by number and an interface
// that exists.
func (m *Main) enableFeature(id arcID, feature string, swIfIndex uint32, on bool) error {
	a := &m.arcs[id]
	k, ok := a.index[feature]
	if !ok {
		return fmt.Errorf("feature %q on arc %s: no such feature: %w", feature, a.decl.name, ErrInvalidValue2)
	}
	for uint32(len(a.configs)) <= swIfIndex {
		a.configs = append(a.configs, arcConfig{})
	}
	c := &a.configs[swIfIndex]
	had := len(c.enabled) > 0
	if on {
		if m.Graph.Node(feature) == nil {
			return fmt.Errorf("feature %q on arc %s: no such node: %w", feature, a.decl.name, ErrUnimplemented)
		}
		at, _ := slices.BinarySearch(c.enabled, k)
		c.enabled = slices.Insert(slices.Clone(c.enabled), at, k)
	} else {
		at, found := slices.BinarySearch(c.enabled, k)
		if !found {
			return nil
		}
		c.enabled = slices.Delete(slices.Clone(c.enabled), at, at+1)
	}
	m.compileArc(a, c, swIfIndex)
	if has := len(c.enabled) > 0; has != had {
		m.featuresChanged(id, swIfIndex, has)
	}
	return nil
}

// compileArc lists the nodes of a configuration. The end node follows unless it
// is enabled itself.
func (m *Main) compileArc(a *arc, c *arcConfig, swIfIndex uint32) {
	c.nodes = nil
	if len(c.enabled) == 0 {
		return
	}
	nodes := make([]uint32, 0, len(c.enabled)+1)
	for _, k := range c.enabled {
		nodes = append(nodes, m.Graph.MustIndex(a.features[k]))
	}
	end := m.arcEnd(a)
	if i := m.sw[swIfIndex]; i.Hw.l3Output != nil && (a == &m.arcs[arcIP4Output] || a == &m.arcs[arcIP6Output]) {
		end = i.Hw.l3Output.Index
	}
	if end != nodes[len(nodes)-1] {
		nodes = append(nodes, end)
	}
	for k, node := range nodes[1:] { // each feature's node gets a slot to the next, which sessions and traces number
		m.Graph.AddNext(m.Graph.NodeAt(nodes[k]), m.Graph.NodeAt(node).Name)
	}
	c.nodes = nodes
}

// arcEnd is the node that ends an arc: the last feature if the graph has it,
// else error-drop.
func (m *Main) arcEnd(a *arc) uint32 {
	if n := m.Graph.Node(a.features[len(a.features)-1]); n != nil {
		return n.Index
	}
	return m.Graph.MustIndex("error-drop")
}

// featureStart returns the nodes that a packet visits on an arc of an
// interface, nil when no feature is enabled and the arc's start node goes on by
// itself. The caller sets Buffer.Features and sends the packet on with
// SendFeature.
func (m *Main) featureStart(id arcID, swIfIndex uint32) []uint32 {
	configs := m.arcs[id].configs
	if uint64(swIfIndex) >= uint64(len(configs)) {
		return nil
	}
	return configs[swIfIndex].nodes
}

// HasFeatures tells whether an interface has features on the named arc; false
// for an unknown arc.
func (m *Main) HasFeatures(arcName string, swIfIndex uint32) bool {
	id, err := m.arcByName(arcName)
	return err == nil && m.featureStart(id, swIfIndex) != nil
}

// FeatureEnabled tells whether a feature is enabled on an interface
// (vnet_feature_is_enabled). Its errors are EnableFeature's for unknown names,
// and ErrInvalidSwIfIndex where no interface with this or a higher index ever
// had a feature on the arc.
func (m *Main) FeatureEnabled(arcName, feature string, swIfIndex uint32) (bool, error) {
	id, err := m.arcByName(arcName)
	if err != nil {
		return false, err
	}
	a := &m.arcs[id]
	k, ok := a.index[feature]
	if !ok {
		return false, fmt.Errorf("feature %q on arc %s: no such feature: %w", feature, arcName, ErrInvalidValue2)
	}
	if uint64(swIfIndex) >= uint64(len(a.configs)) {
		return false, ErrInvalidSwIfIndex
	}
	return slices.Contains(a.configs[swIfIndex].enabled, k), nil
}

// clearFeatures forgets what is left on a deleted interface, so that the next
// one with its index starts clean.
func (m *Main) clearFeatures(swIfIndex uint32) {
	for id := range m.arcs {
		if configs := m.arcs[id].configs; uint64(swIfIndex) < uint64(len(configs)) {
			configs[swIfIndex] = arcConfig{}
		}
	}
}

// FeatureArc is one arc's configuration on an interface.
type FeatureArc struct {
	// Name is the arc's; Features are the enabled ones in the order in which
	// packets visit them.
	Name     string
	Features []string
}

// InterfaceFeatures returns every arc with what is enabled on an interface, in
// the order of `show interface features`.
func (m *Main) InterfaceFeatures(swIfIndex uint32) []FeatureArc {
	out := make([]FeatureArc, 0, len(m.arcs))
	for id := range m.arcs {
		a := &m.arcs[id]
		f := FeatureArc{Name: a.decl.name}
		if uint64(swIfIndex) < uint64(len(a.configs)) {
			for _, k := range a.configs[swIfIndex].enabled {
				f.Features = append(f.Features, a.features[k])
			}
		}
		out = append(out, f)
	}
	return out
}

// ArcFeatures returns the features of the named arc in VPP's order, nil for an
// unknown arc (`show features`).
func (m *Main) ArcFeatures(arcName string) []string {
	id, err := m.arcByName(arcName)
	if err != nil {
		return nil
	}
	return slices.Clone(m.arcs[id].features)
}

// Arcs returns the names of the feature arcs.
func (m *Main) Arcs() []string {
	out := make([]string, len(m.arcs))
	for id := range m.arcs {
		out[id] = m.arcs[id].decl.name
	}
	return out
}
