package vnet

import (
	"fmt"
	"os"
	"strings"

	"github.com/vpptwin/vpptwin/sim/packet"
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
		b.Opaque[1] = 0
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
	len int
	l2  int
	// parsed says that ethernet-input has seen the packet.
	parsed bool
	rx     uint32
	flags  vlib.Flag
	// offload are the offload flags, gsoSize the size of segments in bytes.
	offload uint32
	gsoSize uint16
	kind    string // of Data: ethernet-input, ip4-input, ip6-input or another node
	data    []byte
}

func newBufferTrace(b *vlib.Buffer, kind string) bufferTrace {
	return bufferTrace{len: b.Len(), l2: int(b.L2Len), parsed: b.L2Len > 0, rx: b.RxSwIf, flags: b.Flags, gsoSize: b.GSOSize, kind: kind,
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
func (t *bufferTrace) buffer(indent string) string {
	first := min(t.len, pgBufferBytes)
	s := fmt.Sprintf("current data 0, length %d, buffer-pool 0, ref-count 1", first)
	if t.len > first {
		s += fmt.Sprintf(", totlen-nifb %d", t.len-first)
	}
	s += ", trace handle 0x0"
	if flags := t.flagNames(); flags != "" {
		s += "\n" + indent + flags
	}
	return s
}

// flagNames lists the buffer's flags and the offsets of headers, each with a
// space behind it.
func (t *bufferTrace) flagNames() string {
	s := ""
	for _, f := range [...]struct {
		flag vlib.Flag
		name string
	}{{vlib.FlagChecksumComputed, "l4-cksum-computed "}, {vlib.FlagChecksumCorrect, "l4-cksum-correct "},
		{vlib.FlagSpanned, "span-clone "}, {vlib.FlagLocallyOriginated, "local "}, {vlib.FlagIsIP4, "ip4 "},
		{vlib.FlagIsIP6, "ip6 "}} {
		if t.flags&f.flag != 0 {
			s += f.name
		}
	}
	if t.offload != 0 {
		for k, name := range pgOffloadFlags {
			if t.offload>>k&1 != 0 {
				s += name + " "
			}
		}
		s += " "
	}
	if t.parsed || t.flags&vlib.FlagL4Offset != 0 || t.flags&vlib.FlagLocallyOriginated != 0 && t.kind == "ethernet-input" {
		s += fmt.Sprintf("l2-hdr-offset 0 l3-hdr-offset %d ", t.l3())
	}
	if t.flags&vlib.FlagL4Offset != 0 {
		n := packet.IPv4Len
		if t.flags&vlib.FlagIsIP6 != 0 {
			n = packet.IPv6Len
		}
		s += fmt.Sprintf("l4-hdr-offset %d ", t.l3()+n)
	}
	if t.flags&vlib.FlagGSO != 0 {
		s += fmt.Sprintf("gso l4-hdr-len %d gso-size %d", packet.TCPLen, t.gsoSize)
	}
	return s
}

// l3 is where the network header starts.
func (t *bufferTrace) l3() int {
	switch {
	case t.l2 > 0:
		return t.l2
	case t.kind == "ethernet-input" && t.flags&vlib.FlagL4Offset == 0:
		return packet.EthernetLen
	}
	return 0
}

// PGInputTrace is what pg-input records.
type PGInputTrace struct {
	// Stream and Next name the stream and the node it enters.
	Stream, Next string
	buffer       bufferTrace
}

func newPGInputTrace(s *PGStream, b *vlib.Buffer) *PGInputTrace {
	t := &PGInputTrace{Stream: s.Name, Next: s.Node.Name, buffer: newBufferTrace(b, s.Node.Name)}
	t.buffer.offload = uint32(b.Opaque[1])
	if !s.bare() {
		t.buffer.l2 = packet.EthernetLen
	}
	return t
}

// Format renders as format_pg_input_trace (src/vnet/pg/input.c).
func (t *PGInputTrace) Format() string {
	return fmt.Sprintf("stream %s, %d bytes, sw_if_index %d, next_node %s\n%s\n%s", t.Stream, t.buffer.len, t.buffer.rx,
		t.Next, t.buffer.buffer(""), t.buffer.header())
}

// PGTxTrace is what "<pg>-tx" records.
type PGTxTrace struct{ buffer bufferTrace }

func newPGTxTrace(mode PGMode, b *vlib.Buffer) *PGTxTrace {
	return &PGTxTrace{buffer: newBufferTrace(b, mode.inputNode())}
}

// Format renders as format_pg_output_trace (src/vnet/pg/stream.c).
func (t *PGTxTrace) Format() string {
	return fmt.Sprintf("  buffer 0x0: %s\n%s", t.buffer.buffer(strings.Repeat(" ", 14)), t.buffer.header())
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
