package vnet

import (
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/stats"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Counter counts packets and their bytes.
type Counter = stats.Pair

// InterfaceCounters are the values of the counters of one interface, those of
// the stats segment's /if directory (vnet_interface_counter_type_t in
// src/vnet/interface.h).
type InterfaceCounters struct {
	// RX counts what the device's input node took in, with the layer 2 header;
	// TX what left by the output node.
	RX, TX Counter
	// RXUnicast and the next five split RX and TX by destination address. They
	// count only while detailed statistics are collected.
	RXUnicast, RXMulticast, RXBroadcast Counter
	TXUnicast, TXMulticast, TXBroadcast Counter
	// Drops and Punt count packets received here that ended at error-drop and
	// error-punt.
	Drops, Punt uint64
	// IP4, IP6 and MPLS count packets that reached the protocol's input node.
	IP4, IP6, MPLS uint64
	// RXNoBuf, RXMiss and RXError count what the device lost before a node saw
	// it, TXError what the output node could not send.
	RXNoBuf, RXMiss, RXError, TXError uint64
}

// InterfaceSlots are an interface's slots in the /if vectors; the fields are
// those of InterfaceCounters. Nodes count in them:
//
//	i.Counters.RX.Add(b.Len())
//	*i.Counters.Drops++
type InterfaceSlots struct {
	RX, TX                              *Counter
	RXUnicast, RXMulticast, RXBroadcast *Counter
	TXUnicast, TXMulticast, TXBroadcast *Counter
	Drops, Punt                         *uint64
	IP4, IP6, MPLS                      *uint64
	RXNoBuf, RXMiss, RXError, TXError   *uint64
}

// Stats returns the values of the interface's counters.
func (i *Interface) Stats() InterfaceCounters {
	c := &i.Counters
	return InterfaceCounters{RX: *c.RX, TX: *c.TX,
		RXUnicast: *c.RXUnicast, RXMulticast: *c.RXMulticast, RXBroadcast: *c.RXBroadcast,
		TXUnicast: *c.TXUnicast, TXMulticast: *c.TXMulticast, TXBroadcast: *c.TXBroadcast,
		Drops: *c.Drops, Punt: *c.Punt, IP4: *c.IP4, IP6: *c.IP6, MPLS: *c.MPLS,
		RXNoBuf: *c.RXNoBuf, RXMiss: *c.RXMiss, RXError: *c.RXError, TXError: *c.TXError}
}

// countRXCast counts a received frame by its destination.
func (i *Interface) countRXCast(b *vlib.Buffer) {
	c := &i.Counters
	castCounter(b, c.RXUnicast, c.RXMulticast, c.RXBroadcast).Add(b.Len())
}

// countTXCast counts a frame to send by its destination.
func (i *Interface) countTXCast(b *vlib.Buffer) {
	c := &i.Counters
	castCounter(b, c.TXUnicast, c.TXMulticast, c.TXBroadcast).Add(b.Len())
}

// castCounter chooses by the destination address of an Ethernet frame.
func castCounter(b *vlib.Buffer, unicast, multicast, broadcast *Counter) *Counter {
	switch dst := packet.Ethernet(b.Bytes()).Dst(); {
	case dst == packet.BroadcastMAC:
		return broadcast
	case dst.IsMulticast():
		return multicast
	}
	return unicast
}
