package vnet

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// addMulticastNodes registers multicast forwarding (src/vnet/mfib/mfib_forward.c)
// and the nodes that copy packets and make them another interface's.
func (m *Main) addMulticastNodes() {
	for p, proto := range []string{"ip4", "ip6"} {
		p := fib.Proto(p)
		m.Graph.MustAdd(vlib.Registration{Name: proto + "-mfib-forward-lookup", Nexts: []string{proto + "-mfib-forward-rpf"},
			Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.mfibLookup(n, bufs, p) }})
		m.Graph.MustAdd(vlib.Registration{Name: proto + "-mfib-forward-rpf", Nexts: []string{proto + "-drop"},
			Func: func(n *vlib.Node, bufs []*vlib.Buffer) { m.mfibRPF(n, bufs, p) }})
		m.Graph.MustAdd(vlib.Registration{Name: proto + "-replicate", Nexts: []string{proto + "-drop"}, Func: m.replicate,
			Errors: plainErrors("Buffer Allocation Failure")})
		m.Graph.MustAdd(vlib.Registration{Name: "interface-rx-dpo-" + proto, Func: m.interfaceRx,
			Nexts: []string{proto + "-drop", proto + "-input"}})
	}
}

func (m *Main) lookupMulticast(p []byte, proto fib.Proto, table uint32) uint32 {
	if proto == fib.IP4 {
		return m.FIB.LookupMulticast4(table, binary.BigEndian.Uint32(p[16:20]), binary.BigEndian.Uint32(p[12:16]))
	}
	return m.FIB.LookupMulticast6(table, (*[16]byte)(p[24:40]), (*[16]byte)(p[8:24]))
}

// mfibLookup finds the multicast entry in the table of the receiving interface.
func (m *Main) mfibLookup(n *vlib.Node, bufs []*vlib.Buffer, proto fib.Proto) {
	for _, b := range bufs {
		i := m.sw[b.RxSwIf]
		b.FibIndex = m.lookupTable(b, proto)
		b.Adj = m.lookupMulticast(b.Bytes(), proto, i.MFibIndex[proto])
		if b.Trace != nil {
			b.Trace.Add(n, &IndexTrace{fmt.Sprintf("fib %d entry %d", i.MFibIndex[proto], b.Adj)})
		}
		n.Enqueue(b, 0)
	}
}

// mfibRPF lets a packet on that came in by an interface the entry accepts, or
// through a lookup with the entry's RPF id.
func (m *Main) mfibRPF(n *vlib.Node, bufs []*vlib.Buffer, proto fib.Proto) {
	input, code := m.ip4Input, ip4ErrRPFFailure
	if proto == fib.IP6 {
		input, code = m.ip6Input, ip6ErrRPFFailure
	}
	for _, b := range bufs {
		index := b.Adj
		e := m.FIB.MEntry(index)
		flags, found := entryInterface(e, b.RxSwIf)
		if e.RPFID != 0 {
			flags = 0
			if e.RPFID == b.RPF {
				flags = fib.MItfAccept
			}
		}
		if b.Trace != nil {
			swIf := int32(-1)
			if found {
				swIf = int32(b.RxSwIf)
			}
			b.Trace.Add(n, &IndexTrace{fmt.Sprintf("entry %d itf %d flags %s", index, swIf, mitfFlags(flags))})
		}
		if flags&fib.MItfAccept == 0 && e.Flags&fib.MEntryAcceptAllItf == 0 {
			input.SetError(b, code)
			n.Enqueue(b, 0)
			continue
		}
		b.Adj = e.Forward.Index
		n.Send(b, e.Forward.Node)
	}
}

func entryInterface(e *fib.MEntry, swIf uint32) (fib.MItfFlags, bool) {
	for _, i := range e.Interfaces {
		if i.SwIf == swIf {
			return i.Flags, true
		}
	}
	return 0, false
}

// mitfFlagNames are VPP's names (foreach_mfib_itf_flag in
// src/vnet/mfib/mfib_types.h).
var mitfFlagNames = []struct {
	flag fib.MItfFlags
	name string
}{{fib.MItfNegateSignal, "Negate-Signal"}, {fib.MItfAccept, "Accept"}, {fib.MItfForward, "Forward"},
	{fib.MItfSignalPresent, "Signal-Present"}, {fib.MItfDontPreserve, "Don't-Preserve"}}

func mitfFlags(f fib.MItfFlags) string {
	var s strings.Builder
	for _, n := range mitfFlagNames {
		if f&n.flag != 0 {
			s.WriteString(n.name + ",")
		}
	}
	return s.String()
}

// replicate sends a copy of the packet to each bucket (replicate_inline in
// src/vnet/dpo/replicate_dpo.c).
func (m *Main) replicate(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		index := b.Adj
		r := m.FIB.Replicate(index)
		m.FIB.Counters.Replicated.Add(index, b.Len())
		if len(r.Buckets) == 0 {
			n.Enqueue(b, 0)
			continue
		}
		last := len(r.Buckets) - 1
		for k, d := range r.Buckets {
			c := b
			if k < last {
				c = m.Graph.Clone(b)
			}
			c.Adj = d.Index
			if c.Trace != nil {
				c.Trace.Add(n, &IndexTrace{fmt.Sprintf("replicate: %d via %s", index, m.formatDPO(d))})
			}
			n.Send(c, d.Node)
		}
	}
}

// interfaceRx makes the packet one that came in by another interface
// (src/vnet/dpo/interface_rx_dpo.c).
func (m *Main) interfaceRx(n *vlib.Node, bufs []*vlib.Buffer) {
	const drop, input = 0, 1
	for _, b := range bufs {
		i := m.Interface(b.Adj)
		if i == nil {
			n.Enqueue(b, drop)
			continue
		}
		b.RxSwIf = i.SwIfIndex
		i.Counters.RX.Add(b.Len())
		if b.Trace != nil {
			b.Trace.Add(n, &IndexTrace{fmt.Sprintf("   sw_if_index:%d", i.SwIfIndex)})
		}
		n.Enqueue(b, input)
	}
}
