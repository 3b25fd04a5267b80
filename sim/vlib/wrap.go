package vlib

// Wrap puts wrap in front of the node's function, for tests that break a node
// on purpose or watch what reaches it.
func (n *Node) Wrap(wrap func(next Func) Func) { n.fn = wrap(n.fn) }
