package schema

import (
	"encoding/binary"
	"fmt"
)

// counts remembers the lengths of vectors while a struct's fields are walked.
type counts struct {
	names  [maxRegs]string
	values [maxRegs]int
	n      int
}

func (c *counts) set(name string, value int) {
	if c.n < maxRegs {
		c.names[c.n], c.values[c.n] = name, value
		c.n++
	}
}

func (c *counts) get(name string) int {
	for i := range c.n {
		if c.names[i] == name {
			return c.values[i]
		}
	}
	return 0
}

// isLength says if field i holds the length of a vector behind it.
func isLength(fields []Field, i int) bool {
	return fields[i].Type.Class == Uint && isCount(fields[i+1:], fields[i].Name)
}

// sizeAt returns how many bytes the value of type t takes at pos; n is a
// Vector's number of elements. An error says that data is too short.
func sizeAt(t *Type, data []byte, pos, n int) (int, error) {
	if size, ok := t.fixed(); ok {
		if size > len(data)-pos {
			return 0, fmt.Errorf("truncated: %d bytes expected, %d left", size, max(len(data)-pos, 0))
		}
		return size, nil
	}
	switch t.Class {
	case Text:
		if len(data)-pos < 4 {
			return 0, fmt.Errorf("truncated: 4 bytes expected, %d left", max(len(data)-pos, 0))
		}
		size := uint64(binary.BigEndian.Uint32(data[pos:]))
		if size > uint64(len(data)-pos-4) {
			return 0, fmt.Errorf("truncated: a string of %d bytes, %d left", size, len(data)-pos-4)
		}
		return 4 + int(size), nil
	case Array:
		return sizeOfMany(t.Elem, data, pos, t.Len)
	case Vector:
		return sizeOfMany(t.Elem, data, pos, n)
	}
	total := 0
	err := walk(t.Fields, data, pos, func(f *Field, at, n int) (bool, error) {
		size, err := sizeAt(f.Type, data, at, n)
		total += size
		return true, err
	})
	return total, err
}

func sizeOfMany(elem *Type, data []byte, pos, n int) (int, error) {
	if size, ok := elem.fixed(); ok {
		if n > len(data) || size*n > len(data)-pos {
			return 0, fmt.Errorf("truncated: %d elements of %d bytes expected, %d bytes left", n, size, max(len(data)-pos, 0))
		}
		return size * n, nil
	}
	total := 0
	for range n {
		size, err := sizeAt(elem, data, pos+total, 0)
		if err != nil {
			return 0, err
		}
		total += size
	}
	return total, nil
}

// walk calls visit for each field with its offset and, for a Vector, number of
// elements, until visit returns false or an error.
func walk(fields []Field, data []byte, pos int, visit func(f *Field, at, n int) (bool, error)) error {
	var c counts
	for i := range fields {
		f := &fields[i]
		n := 0
		if f.Type.Class == Vector {
			n = c.get(f.Type.Count)
		}
		size, err := sizeAt(f.Type, data, pos, n)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if isLength(fields, i) {
			v := loadUint(data[pos:], f.Type.Size)
			if v > uint64(len(data)) {
				return fmt.Errorf("%s: %d elements in a message of %d bytes", f.Name, v, len(data))
			}
			c.set(f.Name, int(v))
		}
		more, err := visit(f, pos, n)
		if err != nil || !more {
			return err
		}
		pos += size
	}
	return nil
}
