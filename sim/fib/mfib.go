package fib

// MEntryFlags are flags of a multicast entry (mfib_entry_flags_t in
// src/vnet/mfib/mfib_types.h).
type MEntryFlags uint32

// Multicast entry flags.
const (
	MEntrySignal MEntryFlags = 1 << iota
	MEntryDrop
	MEntryConnected
	MEntryAcceptAllItf
	MEntryExclusive
)

// MItfFlags are flags of an interface of a multicast entry (mfib_itf_flags_t).
type MItfFlags uint32

// Multicast interface flags.
const (
	MItfNegateSignal MItfFlags = 1 << iota
	MItfAccept
	MItfForward
	MItfSignalPresent
	MItfDontPreserve
)

// MInterface is an interface of a multicast entry.
type MInterface struct {
	SwIf  uint32
	Flags MItfFlags
}

// MEntry is a multicast entry: (S,G), (*,G) or (*,G/m).
type MEntry struct {
	Flags MEntryFlags
	// RPFID is compared to the packet's RPF id when the packet came through a
	// lookup with one; 0 when unset.
	RPFID uint32
	// Forward is a drop or a replicate.
	Forward DPO
	// Interfaces lists the entry's interfaces by sw_if_index.
	Interfaces []MInterface
}

// Interface returns the flags of an interface, 0 when the entry does not
// have it.
func (e *MEntry) Interface(swIf uint32) MItfFlags {
	for _, i := range e.Interfaces {
		if i.SwIf == swIf {
			return i.Flags
		}
	}
	return 0
}

type mtable struct{}

func (t *mtable) lookup4(group, source uint32) uint32    { return 0 }
func (t *mtable) lookup6(group, source *[16]byte) uint32 { return 0 }
