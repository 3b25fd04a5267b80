package schema

// Leaves is the list of a message's fields that hold values, with structs taken
// apart and vectors counted once: "route.paths.sw_if_index". It tells which of
// them a message sets to something other than zero.
type Leaves struct {
	// Paths are the fields in wire order.
	Paths []string

	header int
	root   []leaf
}

// leaf is a field in the tree that Mark walks.
type leaf struct {
	typ    *Type
	index  int    // in Paths of a value, -1 of what has parts
	size   int    // wire size, 0 if it depends on the value
	length bool   // the length of a vector
	reg    int    // of a length, and of the Vector that has it
	parts  []leaf // of a struct, or of the elements
}

// NewLeaves lists the fields of m.
func NewLeaves(m *Message) *Leaves {
	l := &Leaves{header: m.Kind.HeaderSize()}
	l.root = l.fields(m.Fields(), "")
	return l
}

func (l *Leaves) fields(fields []Field, path string) []leaf {
	leaves := make([]leaf, len(fields))
	lengths := 0
	for i := range fields {
		f := &fields[i]
		leaves[i] = l.field(f, join(path, f.Name))
		if leaves[i].length = isLength(fields, i); leaves[i].length {
			leaves[i].reg = min(lengths, maxRegs-1)
			lengths++
		}
		for j := range i {
			if f.Type.Class == Vector && fields[j].Name == f.Type.Count {
				leaves[i].reg = leaves[j].reg
			}
		}
	}
	return leaves
}

func (l *Leaves) field(f *Field, path string) leaf {
	n := leaf{typ: f.Type, index: -1}
	n.size, _ = f.Type.fixed()
	elem := f.Type
	if elem.Class == Array || elem.Class == Vector {
		elem = elem.Elem
	}
	_, addr := addressLayout(f.Type)
	if elem.Class == Struct && addr == 0 {
		n.parts = l.fields(elem.Fields, path)
		return n
	}
	n.index = len(l.Paths)
	l.Paths = append(l.Paths, path)
	return n
}

// Mark sets the bits of seen, one for each of Paths, whose fields are not zero
// in msg. A message that does not fit its layout is marked as far as it goes.
func (l *Leaves) Mark(msg []byte, seen []uint64) {
	if len(msg) >= l.header {
		mark(l.root, msg, l.header, seen)
	}
}

// mark walks the fields of one struct and returns the position behind it, or
// -1 if the message ends early.
func mark(fields []leaf, msg []byte, pos int, seen []uint64) int {
	var lengths [maxRegs]int
	for i := range fields {
		f := &fields[i]
		if f.size > len(msg)-pos {
			return -1
		}
		if f.length {
			lengths[f.reg] = int(min(loadUint(msg[pos:], f.size), uint64(len(msg))))
		}
		switch {
		case f.size > 0 && (f.index >= 0 && seen[f.index>>6]>>(f.index&63)&1 != 0 || isZero(msg[pos:pos+f.size])):
			pos += f.size
			continue
		case f.size > 0 && f.index >= 0:
			seen[f.index>>6] |= 1 << (f.index & 63)
			pos += f.size
			continue
		}
		if pos = markParts(f, msg, pos, lengths[f.reg], seen); pos < 0 {
			return -1
		}
	}
	return pos
}

// markParts walks a struct, an array or a vector of n elements.
func markParts(f *leaf, msg []byte, pos, n int, seen []uint64) int {
	switch f.typ.Class {
	case Struct:
		return mark(f.parts, msg, pos, seen)
	case Array:
		n = f.typ.Len
	case Text:
		n = 0
	}
	if f.parts == nil {
		size, err := sizeAt(f.typ, msg, pos, n)
		if err != nil {
			return -1
		}
		if !isZero(msg[pos : pos+size]) {
			seen[f.index>>6] |= 1 << (f.index & 63)
		}
		return pos + size
	}
	for range n {
		if pos = mark(f.parts, msg, pos, seen); pos < 0 {
			return -1
		}
	}
	return pos
}
