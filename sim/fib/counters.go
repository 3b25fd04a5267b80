package fib

import "github.com/vpptwin/vpptwin/sim/stats"

// Counters are the FIB's vectors in the stats directory; slots are the indexes
// of their objects.
type Counters struct {
	// To counts by load-balance what was looked up, Via what reached it through
	// another one (src/vnet/dpo/load_balance.c).
	To, Via *stats.Combined
	// Replicated counts by replicate what came in (src/vnet/dpo/replicate_dpo.c).
	Replicated *stats.Combined
	// Adjacent counts by adjacency what was rewritten, while the user asked for
	// it (src/vnet/adj/adj.c).
	Adjacent *stats.Combined
	// PerAdjacency is whether the user asked for it: `adjacency counters
	// enable`.
	PerAdjacency bool
}

// newCounters registers the vectors, in a directory of its own when d is nil.
func newCounters(d *stats.Directory) Counters {
	if d == nil {
		d = stats.New()
	}
	return Counters{To: d.Combined("/net/route/to"), Via: d.Combined("/net/route/via"),
		Replicated: d.Combined("/net/mroute"), Adjacent: d.Combined("/net/adjacency")}
}

// loadBalance makes room for a load-balance's counters.
func (c *Counters) loadBalance(i uint32) {
	freshCounter(c.To, i)
	freshCounter(c.Via, i)
}

// freshCounter makes slot i exist and zero.
func freshCounter(c *stats.Combined, i uint32) {
	c.Validate(i)
	c.Zero(i)
}
