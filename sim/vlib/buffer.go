package vlib

import "github.com/vpptwin/vpptwin/sim/packet"

// Headroom is the space in bytes kept before a fresh packet for headers that
// nodes prepend (VPP's VLIB_BUFFER_PRE_DATA_SIZE is 128; two VXLAN-in-IPv6
// encapsulations fit in 256).
const Headroom = 256

// Buffer size classes in bytes of packet data: VPP's default data size, a
// jumbo frame, and the largest IP packet.
const (
	dataSizeDefault = 2048
	dataSizeJumbo   = 9216 + 256
	dataSizeMax     = 65535 + 256
)

// Flag is a bit of per-packet state that nodes leave for later nodes.
type Flag uint32

// Buffer flags. They mean what VPP's VNET_BUFFER_F_* of the same name mean
// (src/vnet/buffer.h).
const (
	// FlagLocallyOriginated marks a packet this instance made itself: its TTL
	// is not decremented on the way out.
	FlagLocallyOriginated Flag = 1 << iota
	// FlagChecksumComputed and FlagChecksumCorrect cache the verdict on the
	// L4 checksum for ip4-local and ip6-local.
	FlagChecksumComputed
	FlagChecksumCorrect
	// FlagOffloadL4Checksum asks the driver or the far side to fill in the
	// L4 checksum: the sender left it partial.
	FlagOffloadL4Checksum
	// FlagGSO marks a super-packet with GSOSize set.
	FlagGSO
	// FlagSpanned marks a copy made by a mirror.
	FlagSpanned
	// FlagIsIP4 and FlagIsIP6 say what the packet is, FlagL4Offset that its
	// transport header was found; only some senders set them.
	FlagIsIP4
	FlagIsIP6
	FlagL4Offset
	// FlagUser is the first bit free for package vnet's own use.
	FlagUser
)

// L4Info is what shallow reassembly tells of a packet or of the packet that a
// fragment belongs to (vnet_buffer ip.reass in src/vnet/buffer.h).
type L4Info struct {
	// SrcPort and DstPort are the ports, for ICMP echo both its identifier; 0
	// when there are none.
	SrcPort, DstPort uint16
	// Proto is the protocol above IP.
	Proto uint8
	// TypeOrFlags is the ICMP type or TCP's flags.
	TypeOrFlags uint8
	// NonFirst marks a fragment other than the first, Truncated a packet that
	// ends in its transport header.
	NonFirst, Truncated bool
	// Ack and Seq are TCP's numbers.
	Ack, Seq uint32
}

// InvalidIndex is VPP's ~0: no interface, no table, no adjacency.
const InvalidIndex = ^uint32(0)

// Buffer is one packet and what the nodes know about it. Buffers belong to
// the graph's pool: a node that receives one passes it on or drops it, and
// keeps none.
//
// What every node touches stands in the first 64 bytes; the pool aligns
// buffers so that these are one cache line.
type Buffer struct {
	store []byte
	start int32
	end   int32

	// Trace is the packet's record, nil when the packet is not traced.
	Trace *PacketTrace

	// RxSwIf is the interface the packet is seen as received on, TxSwIf the
	// one it will leave by; InvalidIndex when unset. Before lookup a TxSwIf
	// other than InvalidIndex overrides the FIB index, as in VPP.
	RxSwIf, TxSwIf uint32
	// FibIndex is the table the last lookup used or the next must use.
	FibIndex uint32
	// Adj is the index of the load-balance, adjacency or other object the
	// next node reads (VPP's ip.adj_index[VLIB_TX]).
	Adj uint32
	// FlowHash is the flow's hash once computed, 0 before.
	FlowHash uint32
	// Flags holds per-packet state.
	Flags Flag

	// RPF is the load-balance index that the source lookup found for
	// reverse-path checks, or the mfib RPF id.
	RPF uint32
	// L2Len is the length in bytes of the Ethernet header that was stripped
	// on input, 0 for packets of L3 interfaces.
	L2Len uint8
	// SaveRewriteLength is how far the rewrite moved the packet's start, so
	// that a fragmenting or error node finds the IP header again.
	SaveRewriteLength uint8
	// ErrorCode is the index of the dropping node's error counter.
	ErrorCode uint16
	// ErrorNode is the index of the node whose error counter ErrorCode names;
	// 0, the null-node, when nobody gave a reason.
	ErrorNode uint32
	// Lookups counts the table-to-table lookups the packet has been through.
	Lookups uint8
	class   uint8
	// ICMPType, ICMPCode and ICMPData tell ip4-icmp-error and ip6-icmp-error
	// what to send.
	ICMPType, ICMPCode uint8
	ICMPData           uint32
	// FragMTU and FragNext tell ip4-frag and ip6-frag the largest fragment in
	// bytes and the slot to send fragments to.
	FragMTU, FragNext uint16
	// PuntReason is the reason a punted packet carries to the punt dispatch.
	PuntReason uint32
	// GSOSize is the segment size in bytes when FlagGSO is set.
	GSOSize uint16
	// Features holds the nodes still to visit on the packet's feature arc,
	// the arc's end included.
	Features []uint32
	// TraceID follows the packet through the world; 0 when nobody follows it.
	TraceID packet.TraceID
	// L2 is what bridging nodes leave for one another, set by l2-input and
	// meaningless before.
	L2 L2
	// Opaque is free for the use of two neighbouring nodes.
	Opaque [4]uint64
	// L4 is what shallow reassembly knows of the packet's flow, for the nodes
	// that follow on the arc.
	L4 L4Info

	_ [64]byte // to 256 bytes, so that buffers in a slab keep their lines
}

// L2 is the metadata of a packet in a bridge domain or a cross-connect (the l2
// member of vnet_buffer_opaque_t in src/vnet/buffer.h). The length of the layer
// 2 header is Buffer.L2Len.
type L2 struct {
	// Features holds the features that the packet has still to visit, one bit
	// each; the highest comes first.
	Features uint32
	// BD is the index of the bridge domain.
	BD uint16
	// Seq is the state of domain and interface that entries learned from the
	// packet belong to.
	Seq uint16
	// SHG is the split horizon group the packet came from, Age the domain's age
	// limit in minutes.
	SHG, Age uint8
}

// Bytes returns the packet from its current start to its end.
func (b *Buffer) Bytes() []byte { return b.store[b.start:b.end] }

// Len returns the length in bytes of the packet from its current start.
func (b *Buffer) Len() int { return int(b.end - b.start) }

// Before returns the n bytes in front of the packet's current start: headers
// that were stripped, or whatever the buffer held. It is nil when there are
// fewer.
func (b *Buffer) Before(n int) []byte {
	if int(b.start) < n {
		return nil
	}
	return b.store[int(b.start)-n : b.start]
}

// FirstByte is where the packet started when the buffer was filled, in bytes
// from its current start (VPP's b->data): negative once headers were stripped.
func (b *Buffer) FirstByte() int { return Headroom - int(b.start) }

// Window returns the len(pad) bytes that begin off bytes from the packet's
// current start, which may lie in front of it. Bytes that the buffer does not
// hold are zero; pad serves to make them up.
func (b *Buffer) Window(off int, pad []byte) []byte {
	from := int(b.start) + off
	to := from + len(pad)
	if from >= 0 && to <= int(b.end) {
		return b.store[from:to]
	}
	clear(pad)
	if lo := max(from, 0); lo < int(b.end) {
		copy(pad[lo-from:], b.store[lo:min(to, int(b.end))])
	}
	return pad
}

// Headroom returns how many bytes are free in front of the packet.
func (b *Buffer) Headroom() int { return int(b.start) }

// Advance moves the packet's start by n bytes: forward past a header when n
// is positive, back over one when it is negative. The caller has checked that
// the bytes are there.
func (b *Buffer) Advance(n int) { b.start += int32(n) }

// Prepend opens n bytes in front of the packet and returns the packet with
// them; their content is whatever was there. It returns nil when the
// headroom does not suffice.
func (b *Buffer) Prepend(n int) []byte {
	if int(b.start) < n {
		return nil
	}
	b.start -= int32(n)
	return b.store[b.start:b.end]
}

// Truncate cuts the packet to n bytes from its current start; a longer n
// changes nothing.
func (b *Buffer) Truncate(n int) {
	if n < b.Len() {
		b.end = b.start + int32(n)
	}
}

// Grow extends the packet's end by n bytes and returns the packet, moving it
// to larger storage if it must.
func (b *Buffer) Grow(n int) []byte {
	if int(b.end)+n > len(b.store) {
		store := make([]byte, int(b.end)+n)
		copy(store, b.store[:b.end])
		b.store, b.class = store, classNone
	}
	b.end += int32(n)
	return b.Bytes()
}

// SetBytes replaces the packet with a copy of data, headroom in front.
func (b *Buffer) SetBytes(data []byte) {
	b.start, b.end = Headroom, Headroom
	copy(b.Grow(len(data)), data)
}

// reset forgets everything but the storage.
func (b *Buffer) reset() {
	b.Trace = nil
	b.RxSwIf, b.TxSwIf, b.FibIndex = InvalidIndex, InvalidIndex, InvalidIndex
	b.Adj, b.FlowHash, b.Flags, b.RPF = 0, 0, 0, 0
	b.L2Len, b.SaveRewriteLength, b.ErrorCode, b.ErrorNode, b.Lookups = 0, 0, 0, 0, 0
	b.ICMPType, b.ICMPCode, b.ICMPData = 0, 0, 0
	b.FragMTU, b.FragNext, b.PuntReason, b.GSOSize = 0, 0, 0, 0
	b.Features = nil
	b.TraceID = 0
	b.Opaque = [4]uint64{}
	b.L4 = L4Info{}
}
