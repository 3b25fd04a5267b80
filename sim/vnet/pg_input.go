package vnet

import (
	"fmt"
	"os"

	"github.com/vpptwin/vpptwin/sim/pcap"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// addPGNodes adds the nodes of the packet generator.
func (m *Main) addPGNodes() {
	m.pg.input = m.Graph.MustAdd(vlib.Registration{Name: "pg-input", Type: vlib.NodeInput, Func: m.pgInput,
		Nexts: deviceNexts, Errors: deviceErrors})
}

// pgInput is the node "pg-input": it counts and hands each packet to its
// stream's node (pg_generate_packets in src/vnet/pg/input.c), or to the
// device-input feature arc of the interface. A packet of no stream came from
// the interface's port.
func (m *Main) pgInput(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		s := m.streamOf(b)
		if s == nil {
			m.deviceInputOne(n, b)
			continue
		}
		i := m.sw[b.RxSwIf]
		i.Counters.RX.Add(b.Len())
		if b.Trace != nil {
			b.Trace.Add(n, newPGInputTrace(s, b))
		}
		if features := m.featureStart(arcDeviceInput, b.RxSwIf); features != nil {
			b.Features = features
			n.SendFeature(b)
			continue
		}
		n.Enqueue(b, s.slot)
	}
}

// streamOf returns the stream that a packet came from, nil for none.
func (m *Main) streamOf(b *vlib.Buffer) *PGStream {
	k := b.Opaque[0]
	b.Opaque[0] = 0
	if k == 0 || k > uint64(len(m.pg.streams)) {
		return nil
	}
	return m.pg.streams[k-1]
}

// pgTraceBytes is how much of a packet the traces of the packet generator hold
// (VLIB_BUFFER_PRE_DATA_SIZE).
const pgTraceBytes = 128

// bufferTrace is what a trace says about a buffer and the start of its packet.
type bufferTrace struct {
	len   int
	l2    int
	rx    uint32
	flags vlib.Flag
	kind  string // of Data: ethernet-input, ip4-input, ip6-input or another node
	data  []byte
}

func newBufferTrace(b *vlib.Buffer, kind string) bufferTrace {
	return bufferTrace{len: b.Len(), l2: int(b.L2Len), rx: b.RxSwIf, flags: b.Flags, kind: kind,
		data: append([]byte(nil), b.Bytes()[:min(b.Len(), pgTraceBytes)]...)}
}

// header renders the packet; nodes without a format of their own get
// hexadecimal.
func (t *bufferTrace) header() string {
	switch t.kind {
	case "ethernet-input":
		return formatPacket(t.data, true)
	case "ip4-input":
		return formatIP(false, t.data)
	case "ip6-input":
		return formatIP(true, t.data)
	}
	return hexBytes(t.data)
}

// buffer is format_vnet_buffer_no_chain (src/vnet/buffer.c), as far as there is
// something to say: pool, reference count and trace handle are those of a
// packet alone.
func (t *bufferTrace) buffer() string {
	first := min(t.len, pgBufferBytes)
	s := fmt.Sprintf("current data 0, length %d, buffer-pool 0, ref-count 1", first)
	if t.len > first {
		s += fmt.Sprintf(", totlen-nifb %d", t.len-first)
	}
	return s + ", trace handle 0x0"
}

// PGInputTrace is what pg-input records.
type PGInputTrace struct {
	// Stream and Next name the stream and the node it enters.
	Stream, Next string
	buffer       bufferTrace
}

func newPGInputTrace(s *PGStream, b *vlib.Buffer) *PGInputTrace {
	return &PGInputTrace{Stream: s.Name, Next: s.Node.Name, buffer: newBufferTrace(b, s.Node.Name)}
}

// Format renders as format_pg_input_trace (src/vnet/pg/input.c).
func (t *PGInputTrace) Format() string {
	return fmt.Sprintf("stream %s, %d bytes, sw_if_index %d, next_node %s\n%s\n%s", t.Stream, t.buffer.len, t.buffer.rx,
		t.Next, t.buffer.buffer(), t.buffer.header())
}

// PGTxTrace is what "<pg>-tx" records.
type PGTxTrace struct{ buffer bufferTrace }

func newPGTxTrace(mode PGMode, b *vlib.Buffer) *PGTxTrace {
	return &PGTxTrace{buffer: newBufferTrace(b, mode.inputNode())}
}

// Format renders as format_pg_output_trace (src/vnet/pg/stream.c).
func (t *PGTxTrace) Format() string {
	return fmt.Sprintf("  buffer 0x0: %s\n%s", t.buffer.buffer(), t.buffer.header())
}

// linkType is that of captures (pg_intf_mode_to_pcap_packet_type).
func (m PGMode) linkType() pcap.LinkType {
	if m == PGEthernet {
		return pcap.LinkEthernet
	}
	return linkTypeIP
}

// linkTypeIP marks files of bare IP packets (PCAP_PACKET_TYPE_ip in
// src/vppinfra/pcap.h).
const linkTypeIP pcap.LinkType = 12

func fileExists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// closePG ends all captures.
func (m *Main) closePG() {
	for _, i := range m.pg.byID {
		i.pgDriver().capture.close()
	}
}

// PGEditType is how a value of a stream changes from packet to packet
// (pg_edit_type_t in src/vnet/pg/edit.h).
type PGEditType uint8

// Types of edits.
const (
	PGEditFixed PGEditType = iota
	PGEditIncrement
	PGEditRandom
)

// PGEdits makes packets.
type PGEdits struct{ Data []byte }

func (e *PGEdits) next(*PGStream) []byte { return e.Data }

// HeaderLen is the length in bytes of the headers in front of the payload.
func (e *PGEdits) HeaderLen() int { return 0 }

// Groups describes the headers, as `show packet-generator verbose` does.
func (e *PGEdits) Groups() []string { return nil }

// ParsePGEdits reads a packet description.
func ParsePGEdits(m *Main, node, text string) (*PGEdits, error) {
	return nil, fmt.Errorf("parse packet data %q for %s: not supported", text, node)
}

// PGBufferFlag returns the bit of a buffer flag.
func PGBufferFlag(name string) (uint32, bool) { return 0, false }

// PGOffloadFlag returns the bit of an offload flag.
func PGOffloadFlag(name string) (uint32, bool) { return 0, false }
