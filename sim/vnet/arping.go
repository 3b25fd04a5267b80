package vnet

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Arping is a series of ARP requests or neighbour solicitations for an address,
// or of unasked announcements of it (src/plugins/arping/arping.c). Its hooks
// run with ownership of the instance; those that are nil are not called.
type Arping struct {
	Addr netip.Addr
	SwIf uint32
	// Gratuitous announces the address instead of asking for it.
	Gratuitous bool
	// Repeat is the number of packets, Interval the time between them.
	Repeat   uint32
	Interval time.Duration

	// OnSend is told of each packet before it is sent, OnEnd once of how many
	// replies came and whose the last was; also when the instance closes.
	OnSend func(count uint32)
	OnEnd  func(ArpingResult)
}

// ArpingResult is what came of an Arping.
type ArpingResult struct {
	Replies uint32
	From    netip.Addr
	MAC     packet.MAC
}

// arpingMain holds the series under way, and those that wait for replies by
// sw_if_index.
type arpingMain struct {
	runs  map[*arpingRun]struct{}
	waits map[uint32]*arpingRun
}

// arpingRun is a series under way.
type arpingRun struct {
	*Arping
	main   *Main
	sent   uint32
	waited int
	result ArpingResult
	timer  *Timer
}

// After the last packet VPP looks for missing replies this often, once each
// period.
const (
	arpingWaits  = 10
	arpingPeriod = 100 * time.Millisecond
)

// StartArping sends the first packet of a series and the others when they are
// due: ErrInvalidValue when one waits for replies on the interface.
func (m *Main) StartArping(a *Arping) error {
	if _, err := m.mustInterface(a.SwIf); err != nil {
		return err
	}
	r := &arpingRun{Arping: a, main: m}
	if m.arping.runs == nil {
		m.arping.runs = map[*arpingRun]struct{}{}
	}
	if !a.Gratuitous {
		if m.arping.waits[a.SwIf] != nil {
			return ErrInvalidValue
		}
		if m.arping.waits == nil {
			m.arping.waits = map[uint32]*arpingRun{}
		}
		m.arping.waits[a.SwIf] = r
		r.listen(true)
	}
	m.arping.runs[r] = struct{}{}
	r.step()
	return nil
}

// listen turns the feature on or off that sees the replies.
func (r *arpingRun) listen(on bool) {
	arc, node := "arp", "arping-input"
	if r.Addr.Is6() {
		arc, node = "ip6-local", "arping6-input"
	}
	_ = r.main.EnableFeature(arc, node, r.SwIf, on) // an interface that is gone has none
}

// step sends the next packet, or waits for replies, or ends the series.
func (r *arpingRun) step() {
	switch {
	case r.sent < r.Repeat:
		r.send()
		if r.sent < r.Repeat {
			r.timer = r.main.AfterFunc(r.Interval, r.step)
			return
		}
		r.step()
	case !r.Gratuitous && r.result.Replies < r.sent && r.waited < arpingWaits:
		r.waited++
		r.timer = r.main.AfterFunc(arpingPeriod, r.step)
	default:
		r.end()
	}
}

func (r *arpingRun) send() {
	r.sent++
	if r.OnSend != nil {
		r.OnSend(r.sent)
	}
	if r.Gratuitous {
		r.main.advertiseNeighbor(r.SwIf, r.Addr)
		return
	}
	r.main.arpingProbe(r.SwIf, r.Addr)
}

// arpingProbe asks for an address; an interface without a connected prefix does
// not ask for IPv4 addresses, because the header is taken from its glean.
func (m *Main) arpingProbe(swIf uint32, addr netip.Addr) {
	if len(m.addressesOf(fib.ProtoOf(addr), swIf)) == 0 && !addr.IsLinkLocalUnicast() {
		return
	}
	m.probeNeighbor(swIf, addr)
}

func (r *arpingRun) end() {
	r.timer.Stop()
	delete(r.main.arping.runs, r)
	if r.main.arping.waits[r.SwIf] == r {
		delete(r.main.arping.waits, r.SwIf)
		r.listen(false)
	}
	if r.OnEnd != nil {
		r.OnEnd(r.result)
	}
}

// stopArpings ends the series of an instance that closes.
func (m *Main) stopArpings() {
	for r := range m.arping.runs {
		r.end()
	}
}

// addArpingNodes registers the features that count replies.
func (m *Main) addArpingNodes() {
	errors := plainErrors("no error")
	nexts := []string{"error-drop", "interface-output"}
	m.Graph.MustAdd(vlib.Registration{Name: "arping-input", Nexts: nexts, Errors: errors, Func: m.arpingInput})
	m.Graph.MustAdd(vlib.Registration{Name: "arping6-input", Nexts: nexts, Errors: errors, Func: m.arping6Input})
}

// arpingTrace is what the arping nodes record.
type arpingTrace struct{ text string }

// Format renders as VPP does.
func (t *arpingTrace) Format() string { return t.text }

func (m *Main) arpingInput(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		a := packet.ARP(b.Bytes())
		from := netip.AddrFrom4(a.SenderIP())
		if a.Op() == packet.ARPReply {
			m.arpingReply(b.RxSwIf, from, a.SenderMAC())
		}
		if b.Trace != nil {
			op := map[uint16]string{packet.ARPRequest: "request", packet.ARPReply: "reply"}[a.Op()]
			b.Trace.Add(n, &arpingTrace{fmt.Sprintf("sw-if-index: %d, opcode: %s, from %v (%v)", b.RxSwIf, op, a.SenderMAC(), from)})
		}
		n.SendFeature(b)
	}
}

func (m *Main) arping6Input(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		ip := packet.IPv6(b.Bytes())
		nd := packet.ND(ip[min(packet.IPv6Len, len(ip)):])
		typ := packet.Uint8(nd, 0)
		from := netip.AddrFrom16(nd.Target())
		var mac packet.MAC
		if len(nd) >= packet.NDLen+8 {
			mac = packet.MAC(nd[packet.NDLen+2 : packet.NDLen+8])
		}
		if typ == packet.ICMPv6NeighborAdv {
			m.arpingReply(b.RxSwIf, from, mac)
		}
		if b.Trace != nil {
			b.Trace.Add(n, &arpingTrace{fmt.Sprintf("sw-if-index: %d, type: %d, from %v (%v)", b.RxSwIf, typ, mac, from)})
		}
		n.SendFeature(b)
	}
}

func (m *Main) arpingReply(swIf uint32, from netip.Addr, mac packet.MAC) {
	r := m.arping.waits[swIf]
	if r == nil || r.Addr != from {
		return
	}
	r.result.Replies++
	r.result.From, r.result.MAC = from, mac
}
