package classify

// castagnoli is the reflected polynomial of CRC-32C.
const castagnoli = 0x82f63b78

// slicing holds the tables for eight bytes at once.
var slicing = makeSlicing()

func makeSlicing() *[8][256]uint32 {
	t := new([8][256]uint32)
	for i := range t[0] {
		crc := uint32(i)
		for range 8 {
			crc = crc>>1 ^ castagnoli&-(crc&1)
		}
		t[0][i] = crc
	}
	for i := range t[0] {
		for k := 1; k < 8; k++ {
			t[k][i] = t[0][byte(t[k-1][i])] ^ t[k-1][i]>>8
		}
	}
	return t
}

// crc64 is the CRC-32C of one little-endian word without the usual inversions,
// as the processor's instruction computes it. Package hash/crc32 is not used
// because its argument escapes to the heap.
func crc64(w uint64) uint32 {
	t := slicing
	return t[7][byte(w)] ^ t[6][byte(w>>8)] ^ t[5][byte(w>>16)] ^ t[4][byte(w>>24)] ^
		t[3][byte(w>>32)] ^ t[2][byte(w>>40)] ^ t[1][byte(w>>48)] ^ t[0][byte(w>>56)]
}
