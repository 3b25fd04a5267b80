package vnet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// PGStream is a stream of packets that enters the graph (pg_stream_t in
// src/vnet/pg/pg.h).
type PGStream struct {
	// Name is unique; an empty one becomes stream<index>.
	Name string
	// Interface is the id of the packet generator interface that the stream
	// belongs to, created if it does not exist.
	Interface uint32
	// RxSwIf is the interface that packets are seen as received on, InvalidIndex
	// for the stream's own. TxSwIf is the one they leave by, InvalidIndex for
	// none.
	RxSwIf, TxSwIf uint32
	// Node is where packets enter; nil for the input node of the interface's
	// mode.
	Node *vlib.Node
	// Packets are replayed in order, from the start again when all are through.
	Packets [][]byte
	// Edits makes packets where there are none to replay.
	Edits *PGEdits
	// MinBytes and MaxBytes are the smallest and largest packet.
	MinBytes, MaxBytes uint32
	// SizeEdit is how sizes between the two are chosen.
	SizeEdit PGEditType
	// BufferBytes is the size of buffers that was asked for.
	BufferBytes uint32
	// Limit ends the stream after so many packets; 0 for no end.
	Limit uint64
	// Rate is in packets a second; 0 for as fast as possible.
	Rate float64
	// MaxFrame is the most packets in a frame, up to 256.
	MaxFrame uint32
	// Worker is the worker that generates the stream.
	Worker uint32
	// Flags and OffloadFlags are put on each packet.
	Flags, OffloadFlags uint32
	// GSOSize is the segment size in bytes of packets with the flag GSO.
	GSOSize uint32

	index     uint32
	owner     *Interface
	enabled   bool
	generated uint64
	replay    int
	lastSize  uint32
	credit    float64 // packets due of a stream with a rate
	last      time.Time
	slot      uint16 // of pg-input
	timer     *Timer
}

// NewPGStream returns a stream with VPP's defaults (new_stream in
// src/vnet/pg/cli.c).
func NewPGStream() *PGStream {
	return &PGStream{Interface: vlib.InvalidIndex, RxSwIf: vlib.InvalidIndex, TxSwIf: vlib.InvalidIndex,
		MinBytes: 64, MaxBytes: 64, BufferBytes: pgBufferBytes, MaxFrame: vlib.VectorSize}
}

// pgBufferBytes is the size of a buffer's data.
const pgBufferBytes = 2048

// Generated is how many packets came since the stream was enabled last.
func (s *PGStream) Generated() uint64 { return s.generated }

// Enabled says if the stream is generating.
func (s *PGStream) Enabled() bool { return s.enabled }

// Index is the stream's number.
func (s *PGStream) Index() uint32 { return s.index }

// AddPGStream adds a stream, disabled, in place of one of the same name
// (pg_stream_add in src/vnet/pg/stream.c).
func (m *Main) AddPGStream(s *PGStream) error {
	p := &m.pg
	if old := p.byName[s.Name]; old != nil && s.Name != "" {
		m.DeletePGStream(old)
	}
	if s.Node == nil {
		mode := PGEthernet
		if i := p.byID[s.Interface]; i != nil {
			mode = i.PGMode()
		}
		s.Node = m.Graph.Node(mode.inputNode())
	}
	flags := PGConfig{ID: s.Interface, GSO: s.Flags&pgFlagGSO != 0, Checksum: s.Flags&pgFlagOffload != 0, GSOSize: s.GSOSize}
	owner, err := m.AddOrGetPG(flags)
	if err != nil {
		return err
	}
	s.owner = owner
	if s.RxSwIf == vlib.InvalidIndex {
		s.RxSwIf = owner.SwIfIndex
	}
	s.slot = m.Graph.AddNext(p.input, s.Node.Name)
	s.BufferBytes = pgBufferBytes
	m.fixPGSizes(s)
	p.addStream(s)
	return nil
}

// fixPGSizes settles the size of packets after a change.
func (m *Main) fixPGSizes(s *PGStream) {
	switch {
	case s.SizeEdit == PGEditFixed && s.Packets == nil && s.Edits != nil:
		s.MinBytes = uint32(len(s.Edits.Data))
		s.MaxBytes = s.MinBytes
	case s.MinBytes == s.MaxBytes:
		s.SizeEdit = PGEditFixed
	}
	s.lastSize = s.MinBytes
}

func (p *pgMain) addStream(s *PGStream) {
	if n := len(p.free); n > 0 {
		s.index = p.free[n-1]
		p.free = p.free[:n-1]
		p.streams[s.index] = s
	} else {
		s.index = uint32(len(p.streams))
		p.streams = append(p.streams, s)
	}
	if s.Name == "" {
		s.Name = fmt.Sprintf("stream%d", s.index)
	}
	if p.byName == nil {
		p.byName = map[string]*PGStream{}
	}
	p.byName[s.Name] = s
}

// DeletePGStream disables and forgets a stream.
func (m *Main) DeletePGStream(s *PGStream) {
	p := &m.pg
	s.disable()
	delete(p.byName, s.Name)
	p.streams[s.index] = nil
	p.free = append(p.free, s.index)
}

// ChangePGStream settles a stream whose sizes, limit or rate were changed
// (pg_stream_change).
func (m *Main) ChangePGStream(s *PGStream) { m.fixPGSizes(s) }

// PGStream returns the stream with the given name, nil if there is none.
func (m *Main) PGStream(name string) *PGStream { return m.pg.byName[name] }

// PGStreams returns all streams by index.
func (m *Main) PGStreams() []*PGStream {
	var out []*PGStream
	for _, s := range m.pg.streams {
		if s != nil {
			out = append(out, s)
		}
	}
	return out
}

// EnablePG enables or disables streams, nil for all, and generates the packets
// of those that need no time for it: when it returns, they have crossed the
// graph and what was captured is in its file.
func (m *Main) EnablePG(s *PGStream, on bool) {
	streams := []*PGStream{s}
	if s == nil {
		streams = m.PGStreams()
	}
	for _, s := range streams {
		switch {
		case s.enabled == on:
		case on:
			m.enablePGStream(s)
		default:
			s.disable()
		}
	}
	if on {
		m.Graph.Run() // what was pending comes first
		m.runPG()
	}
}

// enablePGStream starts a stream; its interface goes up
// (pg_stream_enable_disable).
func (m *Main) enablePGStream(s *PGStream) {
	s.enabled, s.generated, s.credit, s.last = true, 0, 0, m.now()
	if i := s.owner; !i.deleted {
		m.setLink(i.Hw, true)
		_ = m.SetAdminUp(i.SwIfIndex, true) // the driver of a pg refuses nothing
	}
}

func (s *PGStream) disable() {
	s.enabled = false
	s.timer.Stop()
}

// pgBurst is how many packets streams generate before others get their turn on
// the instance.
const pgBurst = 1 << 16

// runPG generates frame by frame, each stream in turn, and runs the graph in
// between as VPP's main loop does. Streams that have to wait set a timer.
func (m *Main) runPG() {
	for total := 0; ; {
		frame := 0
		for _, s := range m.pg.streams {
			if s != nil && s.enabled && s.Rate == 0 && s.Limit != 0 {
				frame += m.pgFrame(s, vlib.VectorSize)
			}
		}
		m.Graph.Run()
		if total += frame; frame == 0 || total >= pgBurst {
			break
		}
	}
	for _, s := range m.pg.streams {
		if s != nil && s.enabled && (s.timer == nil || s.timer.index < 0) {
			m.waitPG(s)
		}
	}
}

// Times between turns of streams that go on: with a rate, without an end.
const (
	pgRateTick    = time.Millisecond
	pgEndlessTick = 100 * time.Microsecond
)

// waitPG sets the timer for a stream's next turn.
func (m *Main) waitPG(s *PGStream) {
	wait := time.Duration(0)
	switch {
	case s.Rate > 0:
		wait = max(time.Duration((1-s.credit)/s.Rate*float64(time.Second)), pgRateTick)
	case s.Limit == 0:
		wait = pgEndlessTick
	}
	if s.timer == nil {
		s.timer = m.AfterFunc(wait, func() { m.turnPG(s) })
		return
	}
	s.timer.Reset(wait)
}

// turnPG generates what is due of one stream.
func (m *Main) turnPG(s *PGStream) {
	if !s.enabled {
		return
	}
	due := vlib.VectorSize
	if s.Rate > 0 {
		now := m.now()
		s.credit += now.Sub(s.last).Seconds() * s.Rate
		s.last = now
		due = int(min(s.credit, pgBurst))
		s.credit -= float64(int64(s.credit))
	} else if s.Limit != 0 {
		due = pgBurst
	}
	for due > 0 && s.enabled {
		n := m.pgFrame(s, due)
		m.Graph.Run()
		if due -= n; n == 0 {
			break
		}
	}
	if s.Limit > 0 && s.generated >= s.Limit {
		s.disable()
	}
	if s.enabled {
		m.waitPG(s)
	}
}

// pgFrame hands up to n packets of a stream to pg-input and returns how many;
// a stream that has reached its limit is disabled (pg_input_stream in
// src/vnet/pg/input.c).
func (m *Main) pgFrame(s *PGStream, n int) int {
	if s.Limit > 0 && s.generated >= s.Limit || m.Interface(s.RxSwIf) == nil {
		s.disable()
		return 0
	}
	n = min(n, int(s.MaxFrame))
	if s.Limit > 0 {
		n = int(min(uint64(n), s.Limit-s.generated))
	}
	for range n {
		b := m.Graph.Alloc(s.next())
		b.RxSwIf, b.TxSwIf = s.RxSwIf, s.TxSwIf
		b.Opaque[0] = uint64(s.index) + 1
		m.offloadPG(s, b)
		m.Graph.Input(m.pg.input, b)
	}
	s.generated += uint64(n)
	return n
}

// next is the data of the stream's next packet, valid until the one after.
func (s *PGStream) next() []byte {
	if s.Packets == nil {
		return s.Edits.next(s)
	}
	data := s.Packets[s.replay]
	if s.replay++; s.replay == len(s.Packets) {
		s.replay = 0
	}
	return data
}

// Buffer and offload flags of a stream, with VPP's bits (src/vnet/buffer.h).
const (
	pgFlagOffload uint32 = 1 << 22
	pgFlagIP4     uint32 = 1 << 24
	pgFlagIP6     uint32 = 1 << 23
	pgFlagLocal   uint32 = 1 << 25
	pgOffloadIP   uint32 = 1 << 0
	pgFlagGSO     uint32 = 1 << 14
	pgOffloadTCP  uint32 = 1 << 1
	pgOffloadUDP  uint32 = 1 << 2
)

// offloadPG marks the packets of interfaces with offloads
// (fill_buffer_offload_flags in src/vnet/pg/input.c).
func (m *Main) offloadPG(s *PGStream, b *vlib.Buffer) {
	d := m.sw[s.RxSwIf].pgDriver()
	if d == nil {
		d = s.owner.pgDriver()
	}
	c := &d.config
	b.Flags |= s.bufferFlags()
	if !c.GSO && !c.Checksum && s.Flags&pgFlagOffload == 0 {
		return
	}
	l3 := b.Bytes()
	if !s.bare() {
		_, off := packet.Ethernet(l3).Network()
		l3 = l3[min(off, len(l3)):]
	}
	proto := transportOf(l3)
	all := c.GSO || c.Checksum
	var shown uint32
	if len(l3) > 0 {
		b.Flags |= vlib.FlagL4Offset
		switch l3[0] >> 4 {
		case 4:
			b.Flags |= vlib.FlagIsIP4
			if shown = s.OffloadFlags & pgOffloadIP; all {
				shown = pgOffloadIP
			}
		case 6:
			b.Flags |= vlib.FlagIsIP6
		}
	}
	switch {
	case proto == packet.ProtoTCP && (s.OffloadFlags&pgOffloadTCP != 0 || c.GSO || c.Checksum):
		b.Flags |= vlib.FlagOffloadL4Checksum
		shown |= pgOffloadTCP
		if c.GSO && b.Len() > pgBufferBytes {
			b.Flags |= vlib.FlagGSO
			b.GSOSize = uint16(c.GSOSize)
		}
	case proto == packet.ProtoUDP && (s.OffloadFlags&pgOffloadUDP != 0 || c.Checksum):
		b.Flags |= vlib.FlagOffloadL4Checksum
		shown |= pgOffloadUDP
	}
	b.Opaque[1] = uint64(shown)
}

// bare says that packets have no Ethernet header.
func (s *PGStream) bare() bool { return s.Node.Name == "ip4-input" || s.Node.Name == "ip6-input" }

// transportOf returns the protocol that an IP header names.
func transportOf(l3 []byte) uint8 {
	switch {
	case len(l3) >= packet.IPv4Len && l3[0]>>4 == 4:
		return packet.IPv4(l3).Protocol()
	case len(l3) >= packet.IPv6Len && l3[0]>>4 == 6:
		return packet.IPv6(l3).NextHeader()
	}
	return 0
}

// CapturePG captures what a packet generator interface sends into a file; an
// empty name ends a capture. ErrCannotCreatePCAPFile says that the file exists,
// ErrInvalidSwIfIndex that the interface is of another kind (pg_capture in
// src/vnet/pg/cli.c).
func (m *Main) CapturePG(swIfIndex uint32, file string, count uint32) error {
	d := m.Interface(swIfIndex).pgDriver()
	if d == nil {
		return ErrInvalidSwIfIndex
	}
	if file == "" {
		d.capture.close()
		return nil
	}
	if fileExists(file) {
		return fmt.Errorf("pcap file '%s' already exists: %w", file, ErrCannotCreatePCAPFile)
	}
	d.capture.Open(file, d.config.Mode.linkType(), count)
	return nil
}

// ReplayPackets makes the stream replay packets: all of them once, unless it has
// a limit (pg_pcap_read in src/vnet/pg/cli.c).
func (s *PGStream) ReplayPackets(packets [][]byte) {
	s.Packets, s.MinBytes, s.MaxBytes = packets, 0, 0
	for k, p := range packets {
		n := uint32(len(p))
		if s.MaxBytes = max(s.MaxBytes, n); k == 0 || n < s.MinBytes {
			s.MinBytes = n
		}
	}
	s.BufferBytes = s.MaxBytes
	if s.Limit == 0 {
		s.Limit = uint64(len(packets))
	}
}

// bufferFlags are the stream's flags that have a meaning here.
func (s *PGStream) bufferFlags() vlib.Flag {
	var f vlib.Flag
	for _, m := range [...]struct {
		bit  uint32
		flag vlib.Flag
	}{{pgFlagIP4, vlib.FlagIsIP4}, {pgFlagIP6, vlib.FlagIsIP6}, {pgFlagLocal, vlib.FlagLocallyOriginated},
		{pgFlagGSO, vlib.FlagGSO}} {
		if s.Flags&m.bit != 0 {
			f |= m.flag
		}
	}
	return f
}

// pgBufferFlags are the names of buffer flags, the first with bit 31, then
// downwards (foreach_vnet_buffer_flag in src/vnet/buffer.h).
var pgBufferFlags = strings.Fields("l4-cksum-computed l4-cksum-correct vlan-2-deep vlan-1-deep span-clone loop-counter-valid local " +
	"ip4 ip6 offload natted l2_hdr_offset_valid l3_hdr_offset_valid l4_hdr_offset_valid flow-report dvr qos-data-valid gso")

// pgOffloadFlags are the names of offload flags, the first with bit 0
// (foreach_vnet_buffer_offload_flag).
var pgOffloadFlags = strings.Fields("offload-ip-cksum offload-tcp-cksum offload-udp-cksum offload-outer-ip-cksum " +
	"offload-outer-udp-cksum offload-vxlan-tunnel offload-ipip-tunnel")

// PGBufferFlag returns the bit of a buffer flag; false says that there is none
// of that name.
func PGBufferFlag(name string) (uint32, bool) {
	k := slices.Index(pgBufferFlags, name)
	return 1 << 31 >> max(k, 0), k >= 0
}

// PGOffloadFlag returns the bit of an offload flag.
func PGOffloadFlag(name string) (uint32, bool) {
	k := slices.Index(pgOffloadFlags, name)
	return 1 << max(k, 0), k >= 0
}
