package fib

// hash6 is the longest-prefix match of one IPv6 table.
type hash6 struct{}

func (t *hash6) lookup(addr *[16]byte) uint32 { return 0 }
