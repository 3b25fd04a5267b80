package vnet

import (
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/pcap"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// PcapTrace is what `pcap trace` captures (vnet_pcap_dispatch_trace_args_t in
// src/vnet/interface.h).
type PcapTrace struct {
	// Rx, Tx and Drop capture what is received, sent and dropped.
	Rx, Tx, Drop bool
	// File is written when the capture ends; empty for /tmp/rxtxdrop.pcap, with
	// the parts that are captured in the name.
	File string
	// Max is how many packets are kept, MaxBytes how much of each.
	Max, MaxBytes uint32
	// SwIfIndex limits the capture to an interface; 0 for all.
	SwIfIndex uint32
	// Filter asks the classifier's tables for captures.
	Filter bool
	// Error limits drops to a counter; nil for all.
	Error *ErrorID
}

// ErrorID is an error counter of a node.
type ErrorID struct {
	Node uint32
	Code uint16
}

// pcapTrace is a capture under way; the zero value is none.
type pcapTrace struct {
	PcapTrace
	on       bool
	chain    uint32 // classify table, if Filter
	data     []byte
	captured uint32
}

// StartPcapTrace captures packets. ErrInvalidValue says that a capture is under
// way, ErrInvalidValue2 that it has another number of packets to keep,
// ErrInvalidMemorySize that MaxBytes is not between 32 and 9000
// (vnet_pcap_dispatch_trace_configure in src/vnet/interface_cli.c).
func (m *Main) StartPcapTrace(c PcapTrace) error {
	t := &m.pcap
	switch {
	case t.on:
		return ErrInvalidValue
	case c.MaxBytes < 32 || c.MaxBytes > 9000:
		return ErrInvalidMemorySize
	}
	if c.File == "" {
		c.File = "/tmp/" + c.Kind() + ".pcap"
	}
	*t = pcapTrace{PcapTrace: c, on: true, chain: vlib.InvalidIndex}
	if c.Filter {
		t.chain = m.ClassifyPCAPChain(0)
	}
	if c.Rx {
		m.Graph.Node("ethernet-input").Watch(m.pcapRx)
	}
	if c.Drop {
		m.Graph.Node("error-drop").Watch(m.pcapDrop)
	}
	m.pcapTx = c.Tx
	return nil
}

// Kind names what is captured.
func (c *PcapTrace) Kind() string {
	s := ""
	for _, k := range [...]struct {
		on   bool
		name string
	}{{c.Rx, "rx"}, {c.Tx, "tx"}, {c.Drop, "drop"}} {
		if k.on {
			s += k.name
		}
	}
	return s
}

// PcapTraceStatus returns the capture under way and how many packets it has;
// false says that there is none.
func (m *Main) PcapTraceStatus() (c PcapTrace, captured uint32, on bool) {
	return m.pcap.PcapTrace, m.pcap.captured, m.pcap.on
}

// StopPcapTrace ends the capture, writes the file and returns what was written.
// ErrValueExist says that there is no capture, ErrNoSuchEntry that it has no
// packets, ErrSyscall1 that the file cannot be written.
func (m *Main) StopPcapTrace() (file string, packets uint32, err error) {
	t := m.pcap
	if !t.on {
		return "", 0, ErrValueExist
	}
	m.pcap, m.pcapTx = pcapTrace{}, false
	m.Graph.Node("ethernet-input").Watch(nil)
	m.Graph.Node("error-drop").Watch(nil)
	if t.captured == 0 {
		return "", 0, ErrNoSuchEntry
	}
	w := PcapWriter{name: t.File, link: pcap.LinkEthernet, limit: t.captured, data: t.data}
	if !w.create() {
		return "", 0, ErrSyscall1
	}
	w.captured = t.captured
	w.flush()
	w.close()
	return t.File, t.captured, nil
}

// add captures a packet that was not ruled out.
func (t *pcapTrace) add(m *Main, data []byte) {
	if t.captured >= t.Max {
		return
	}
	t.captured++
	t.data = pcap.AppendPacket(t.data, m.now(), data, int(t.MaxBytes))
}

// wants is vnet_is_packet_pcaped (src/vnet/classify/pcap_classify.h).
func (t *pcapTrace) wants(m *Main, b *vlib.Buffer, swIf uint32) bool {
	switch {
	case t.SwIfIndex != 0 && t.SwIfIndex != swIf:
		return false
	case t.Error != nil && (b.ErrorNode != t.Error.Node || b.ErrorCode != t.Error.Code):
		return false
	case !t.Filter:
		return true
	}
	match, known := m.ClassifyMatch(b, t.chain)
	return match && known
}

// pcapRx sees what reaches ethernet-input.
func (m *Main) pcapRx(bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if m.pcap.wants(m, b, b.RxSwIf) {
			m.pcap.add(m, b.Bytes())
		}
	}
}

// pcapSent sees what an interface sends.
func (m *Main) pcapSent(i *Interface, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if m.pcap.wants(m, b, i.SwIfIndex) {
			m.pcap.add(m, b.Bytes())
		}
	}
}

// pcapDrop sees what error-drop gets: the packet as it came, with the reason
// behind it (pcap_drop_trace in src/vnet/interface_output.c).
func (m *Main) pcapDrop(bufs []*vlib.Buffer) {
	for _, b := range bufs {
		if !m.pcap.wants(m, b, b.RxSwIf) {
			continue
		}
		data := b.Bytes()
		if n := m.rewindBy(b); n > 0 {
			data = append(append([]byte(nil), b.Before(n)...), data...)
		}
		if from := m.Graph.NodeAt(b.ErrorNode); from != nil && int(b.ErrorCode) < len(from.Errors()) {
			data = append(data[:len(data):len(data)], from.Name+": "+from.Errors()[b.ErrorCode].Name...)
		}
		m.pcap.add(m, data)
	}
}

// rewindBy is how many bytes a packet's start has moved since it came in, as
// far as its headers tell.
func (m *Main) rewindBy(b *vlib.Buffer) int {
	n := int(b.L2Len)
	if n == 0 || b.Before(n) == nil {
		return 0
	}
	if p := b.Bytes(); len(p) > 0 {
		before := b.Before(n)
		t := packet.Uint16(before, n-2)
		if t == packet.EtherTypeIPv4 && p[0]>>4 != 4 || t == packet.EtherTypeIPv6 && p[0]>>4 != 6 {
			return 0
		}
	}
	return n
}
