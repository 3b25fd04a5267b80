package vnet

import "time"

// throttle lets each key through once a period, as VPP's throttle_t does
// (src/vnet/util/throttle.h): a hash of the key and the period's seed picks
// one bit of a small bitmap that is cleared when the period ends, so a burst
// of packets to one unresolved neighbour sends one request.
type throttle struct {
	period time.Duration
	since  time.Time
	seed   uint64
	bits   [throttleBits / 64]uint64
}

const throttleBits = 512

// hit reports whether key was already let through in this period, and lets it
// through if it was not.
func (t *throttle) hit(now time.Time, key uint64) bool {
	if t.since.IsZero() || now.Sub(t.since) > t.period {
		t.since = now
		t.seed = mix(t.seed + 1)
		clear(t.bits[:])
	}
	h := mix(key^t.seed) % throttleBits
	word, bit := h/64, uint64(1)<<(h%64)
	if t.bits[word]&bit != 0 {
		return true
	}
	t.bits[word] |= bit
	return false
}

// mix is the finalizer of splitmix64: a good hash of one word.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
