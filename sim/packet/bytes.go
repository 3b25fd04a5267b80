package packet

import "encoding/binary"

// Uint8 reads the byte at off, zero past the end.
func Uint8(b []byte, off int) uint8 {
	if uint(off) < uint(len(b)) {
		return b[off]
	}
	return 0
}

// Uint16 reads a big-endian 16-bit field at off, zero past the end.
func Uint16(b []byte, off int) uint16 {
	if s := at(b, off, 2); s != nil {
		return binary.BigEndian.Uint16(s)
	}
	return 0
}

// Uint32 reads a big-endian 32-bit field at off, zero past the end.
func Uint32(b []byte, off int) uint32 {
	if s := at(b, off, 4); s != nil {
		return binary.BigEndian.Uint32(s)
	}
	return 0
}

// PutUint8 writes the byte at off, nothing past the end.
func PutUint8(b []byte, off int, v uint8) {
	if uint(off) < uint(len(b)) {
		b[off] = v
	}
}

// PutUint16 writes a big-endian 16-bit field at off, nothing past the end.
func PutUint16(b []byte, off int, v uint16) {
	if s := at(b, off, 2); s != nil {
		binary.BigEndian.PutUint16(s, v)
	}
}

// PutUint32 writes a big-endian 32-bit field at off, nothing past the end.
func PutUint32(b []byte, off int, v uint32) {
	if s := at(b, off, 4); s != nil {
		binary.BigEndian.PutUint32(s, v)
	}
}

// at is b[off:off+n], or nil when b does not hold it.
func at(b []byte, off, n int) []byte {
	if off < 0 || off > len(b) || len(b)-off < n {
		return nil
	}
	return b[off : off+n : off+n]
}

// from is b[off:], or nil when b is shorter.
func from(b []byte, off int) []byte {
	if off < 0 || off > len(b) {
		return nil
	}
	return b[off:]
}

// addr4 reads four bytes at off, zeros past the end.
func addr4(b []byte, off int) (a [4]byte) {
	copy(a[:], at(b, off, 4))
	return a
}

// addr6 reads sixteen bytes at off, zeros past the end.
func addr6(b []byte, off int) (a [16]byte) {
	copy(a[:], at(b, off, 16))
	return a
}
