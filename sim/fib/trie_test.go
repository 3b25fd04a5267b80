package fib

import (
	"encoding/binary"
	"math/rand"
	"testing"

	"pgregory.net/rapid"
)

type naive4 map[[2]uint32]uint32 // {addr, plen} -> lb

func (n naive4) lookup(a uint32, longest int) (lb uint32, plen uint32) {
	for l := longest; l >= 0; l-- {
		if v, ok := n[[2]uint32{maskBits(a, l), uint32(l)}]; ok {
			return v, uint32(l)
		}
	}
	return 0, 0
}

func maskBits(a uint32, l int) uint32 { return uint32(uint64(a) & (^uint64(0) << (32 - l))) }

// TestTrie4 compares the trie with a search through all prefixes.
func TestTrie4(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		trie, ref := newTrie4(0), naive4{{0, 0}: 0}
		wide := rapid.Bool().Draw(t, "wide")
		addr := rapid.Custom(func(t *rapid.T) uint32 {
			// Few distinct bytes, so that prefixes nest.
			var b [4]byte
			for i := range b {
				b[i] = rapid.SampledFrom([]byte{0, 1, 2, 0x80, 0xff}).Draw(t, "byte")
			}
			return binary.BigEndian.Uint32(b[:])
		})
		for step := range rapid.IntRange(1, 80).Draw(t, "steps") {
			if wide && step == 10 && trie.rootShift == 24 {
				trie.widen()
			}
			plen := rapid.IntRange(1, 32).Draw(t, "plen")
			a := maskBits(addr.Draw(t, "prefix"), plen)
			key := [2]uint32{a, uint32(plen)}
			if _, there := ref[key]; there {
				delete(ref, key)
				lb, l := ref.lookup(a, plen-1)
				trie.remove(a, uint8(plen), lb, uint8(l))
			} else {
				ref[key] = uint32(step + 1)
				trie.insert(a, uint8(plen), uint32(step+1))
			}
			for range 8 {
				q := addr.Draw(t, "lookup")
				if want, _ := ref.lookup(q, 32); trie.lookup(q) != want {
					t.Fatalf("step %d: lookup(%08x) = %d, expected %d", step, q, trie.lookup(q), want)
				}
			}
		}
		for key := range ref {
			if key != [2]uint32{0, 0} {
				delete(ref, key)
				lb, l := ref.lookup(key[0], int(key[1])-1)
				trie.remove(key[0], uint8(key[1]), lb, uint8(l))
			}
		}
		if n := len(trie.used) - len(trie.free); n != 0 {
			t.Fatalf("%d plies left in an empty trie", n)
		}
	})
}

// TestHash6 does the same for IPv6.
func TestHash6(t *testing.T) {
	t.Parallel()
	type key struct {
		hi, lo uint64
		plen   uint8
	}
	rapid.Check(t, func(t *rapid.T) {
		h, ref := &hash6{}, map[key]uint32{}
		lookup := func(hi, lo uint64) uint32 {
			for l := 128; l >= 0; l-- {
				mh, ml := mask6(uint8(l))
				if v, ok := ref[key{hi & mh, lo & ml, uint8(l)}]; ok {
					return v
				}
			}
			return 0
		}
		word := rapid.SampledFrom([]uint64{0, 1, 1 << 63, ^uint64(0), 0x20010db8 << 32})
		for step := range rapid.IntRange(1, 100).Draw(t, "steps") {
			plen := uint8(rapid.IntRange(0, 128).Draw(t, "plen"))
			mh, ml := mask6(plen)
			k := key{word.Draw(t, "hi") & mh, word.Draw(t, "lo") & ml, plen}
			if _, there := ref[k]; there {
				delete(ref, k)
				h.remove(k.hi, k.lo, k.plen)
			} else {
				ref[k] = uint32(step + 1)
				h.insert(k.hi, k.lo, k.plen, 7)
				h.find(k.hi, k.lo, k.plen).lb = uint32(step + 1)
			}
			var a [16]byte
			hi, lo := word.Draw(t, "qhi"), word.Draw(t, "qlo")
			binary.BigEndian.PutUint64(a[:], hi)
			binary.BigEndian.PutUint64(a[8:], lo)
			if got, want := h.lookup(&a), lookup(hi, lo); got != want {
				t.Fatalf("step %d: lookup(%x) = %d, expected %d", step, a, got, want)
			}
		}
		for k := range ref {
			h.remove(k.hi, k.lo, k.plen)
		}
		if len(h.lengths) != 0 {
			t.Fatalf("%d lengths left in an empty table", len(h.lengths))
		}
	})
}

// random4 returns n distinct prefixes of 10/8 and 8/7 and an address of each.
func random4(n int) (addrs []uint32, plens []uint8) {
	r, seen := rand.New(rand.NewSource(1)), map[[2]uint32]bool{}
	for len(addrs) < n {
		plen := 16 + r.Intn(9)
		if r.Intn(4) == 0 {
			plen = 32
		}
		a := maskBits(0x0a000000|r.Uint32()>>8, plen)
		if k := [2]uint32{a, uint32(plen)}; !seen[k] {
			seen[k] = true
			addrs, plens = append(addrs, a), append(plens, uint8(plen))
		}
	}
	return addrs, plens
}

func benchTrie4(b *testing.B, n int) {
	trie := newTrie4(0)
	addrs, plens := random4(n)
	for i := range addrs {
		trie.insert(addrs[i], plens[i], uint32(i))
	}
	var queries [1 << 14]uint32
	r := rand.New(rand.NewSource(2))
	for i := range queries {
		queries[i] = addrs[r.Intn(n)]
	}
	b.ReportAllocs()
	b.ResetTimer()
	sum := uint32(0)
	for i := range b.N {
		sum += trie.lookup(queries[i&(1<<14-1)])
	}
	if sum == 1 {
		b.Log(sum)
	}
}

func BenchmarkTrie4Lookup1(b *testing.B)      { benchTrie4(b, 1) }
func BenchmarkTrie4Lookup100000(b *testing.B) { benchTrie4(b, 100000) }

func benchHash6(b *testing.B, n int) {
	h := &hash6{}
	r := rand.New(rand.NewSource(1))
	addrs := make([][16]byte, 0, n)
	for len(addrs) < n {
		plen := []uint8{48, 56, 64, 64, 64, 128}[r.Intn(6)]
		mh, ml := mask6(plen)
		hi, lo := (0x20010db8<<32|uint64(r.Uint32()))&mh, r.Uint64()&ml
		if h.find(hi, lo, plen) != nil {
			continue
		}
		h.insert(hi, lo, plen, 0)
		h.find(hi, lo, plen).lb = uint32(len(addrs))
		var a [16]byte
		binary.BigEndian.PutUint64(a[:], hi)
		binary.BigEndian.PutUint64(a[8:], lo)
		addrs = append(addrs, a)
	}
	h.insert(0xfe80<<48, 0, 10, 0)
	var queries [1 << 14][16]byte
	for i := range queries {
		queries[i] = addrs[r.Intn(n)]
	}
	b.ReportAllocs()
	b.ResetTimer()
	sum := uint32(0)
	for i := range b.N {
		sum += h.lookup(&queries[i&(1<<14-1)])
	}
	if sum == 1 {
		b.Log(sum)
	}
}

func BenchmarkHash6Lookup1(b *testing.B)      { benchHash6(b, 1) }
func BenchmarkHash6Lookup100000(b *testing.B) { benchHash6(b, 100000) }
