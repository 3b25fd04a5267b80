package fib

import "net/netip"

// Drop returns the protocol's drop object.
func (f *FIB) Drop(p Proto) DPO { return f.dpo(DPODrop, p, 0) }

// lookupDPO returns the object of a second lookup, its path's own; it keeps the
// table (lookup_dpo_add_or_lock_w_fib_index).
func (f *FIB) lookupDPO(l Lookup) DPO {
	i, obj := f.Lookups.alloc()
	*obj = l
	f.lockLookedUp(&l, true)
	t := DPOLookup
	switch {
	case l.Multicast:
		t = DPOLookupMulticast
	case l.Source:
		t = DPOLookupSource
	case l.Interface:
		t = DPOLookupInterface
	}
	return f.dpo(t, l.Proto, i)
}

// lockLookedUp keeps the table that a lookup leads to, as VPP does with
// FIB_SOURCE_RR.
func (f *FIB) lockLookedUp(l *Lookup, lock bool) {
	switch {
	case l.Interface:
	case l.Multicast && lock:
		f.MLock(l.Proto, l.FibIndex, MSourceRR)
	case l.Multicast:
		f.MUnlock(l.Proto, l.FibIndex, MSourceRR)
	case lock:
		f.Lock(l.Proto, l.FibIndex, SourceRR)
	default:
		f.Unlock(l.Proto, l.FibIndex, SourceRR)
	}
}

func (f *FIB) unlockLookup(i uint32) {
	l := *f.Lookups.At(i)
	f.Lookups.release(i)
	f.lockLookedUp(&l, false)
}

// receiveDPO returns a receive object; each is its user's own
// (receive_dpo_add_or_lock).
func (f *FIB) receiveDPO(p Proto, swIf uint32, addr netip.Addr) DPO {
	i, r := f.Receives.alloc()
	r.SwIf, r.Addr = swIf, addr
	return f.dpo(DPOReceive, p, i)
}

// specialDPO is what a path without next hop leads to.
func (f *FIB) specialDPO(p *path) DPO {
	switch {
	case p.flags&PathProhibit != 0:
		return f.dpo(DPOIPNull, p.proto, uint32(NullProhibit))
	case p.flags&PathUnreachable != 0:
		return f.dpo(DPOIPNull, p.proto, uint32(NullUnreachable))
	case p.flags&PathClassify != 0:
		return f.dpo(DPOClassify, p.proto, p.table)
	}
	return f.Drop(p.proto)
}
