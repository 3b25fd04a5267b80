package fib

// depKind says what depends on an object.
type depKind uint8

const (
	depPath depKind = iota
	depTracker
	depEntry
)

// dep is one dependent of an entry, adjacency or interface.
type dep struct {
	kind  depKind
	index uint32
}

// depList lists the dependents that a change is told to (src/vnet/fib/fib_node.h).
// A dependent remembers its position, so that it leaves in constant time.
type depList []dep
