package fib

// NextSlot is the rewrite node's slot that leads to NextNode, for formatted
// output.
func (a *Adjacency) NextSlot() uint32 { return a.nextSlot }
