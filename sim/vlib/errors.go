package vlib

// initErrors creates the vector of all nodes' error counters
// (src/vlib/error.c).
func (g *Graph) initErrors() {
	g.errors = g.Stats.Simple("/node/errors")
	g.errors.SetMover(g.Stats.OnMove(g.findErrors))
	g.Stats.OnAttach(func() {
		for _, n := range g.nodes {
			g.nameErrors(n)
		}
	})
}

// findErrors makes the nodes find their counters after these moved.
func (g *Graph) findErrors() {
	all := g.errors.Slots()
	for _, n := range g.nodes {
		n.counters = all[n.errorBase:][:len(n.errors):len(n.errors)]
	}
}

// RegisterErrors gives a node error counters in place of those it had; they
// start at zero (vlib_register_errors).
func (g *Graph) RegisterErrors(n *Node, errors []ErrorDesc) {
	g.Stats.Lock()
	defer g.Stats.Unlock()
	g.UnregisterErrors(n)
	if len(errors) > len(n.errors) {
		n.errorBase = g.errors.Len()
		g.errors.Validate(n.errorBase + uint32(len(errors)) - 1)
	}
	n.errors, n.cleared = errors, nil
	n.counters = g.errors.Slots()[n.errorBase:][:len(errors):len(errors)]
	clear(n.counters)
	g.nameErrors(n)
}

// UnregisterErrors takes a node's counters out of the directory, as VPP does
// with those of a deleted interface; the node goes on counting.
func (g *Graph) UnregisterErrors(n *Node) {
	if g.Stats.Attached() {
		for _, link := range n.errorLink {
			g.Stats.Remove(link)
		}
	}
	n.errorLink = n.errorLink[:0]
}

// nameErrors adds the node's counters to the directory.
func (g *Graph) nameErrors(n *Node) {
	n.errorLink = n.errorLink[:0]
	if !g.Stats.Attached() {
		return
	}
	for code, e := range n.errors {
		link := g.Stats.Symlink("/err/"+n.Name+"/"+e.Name, g.errors.Index(), n.errorBase+uint32(code))
		n.errorLink = append(n.errorLink, link)
	}
}

// ErrorShown is the value of a counter since the last ClearErrors, as `show
// errors` has it; ErrorCount goes on counting.
func (n *Node) ErrorShown(code uint16) uint64 {
	if n.cleared == nil {
		return n.counters[code]
	}
	return n.counters[code] - n.cleared[code]
}

// ClearErrors makes `show errors` start from zero (`clear errors`).
func (g *Graph) ClearErrors() {
	for _, n := range g.nodes {
		n.cleared = append(n.cleared[:0], n.counters...)
	}
}
