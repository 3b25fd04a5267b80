package world

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// How neighbours are resolved, as on Linux: one request a second, three times;
// an entry in use is confirmed anew after a minute.
const (
	neighborTries   = 3
	neighborRetry   = time.Second
	neighborFresh   = time.Minute
	neighborBacklog = 64 // packets that wait for one neighbour
)

// neighborState is what is known of a neighbour.
type neighborState uint8

const (
	incomplete neighborState = iota // asked for, packets wait
	reachable
	probing // known and used, being asked again
	permanent
)

var neighborNames = [...]string{"incomplete", "reachable", "probing", "permanent"}

// neighbor is an entry of an interface's ARP or ND cache.
type neighbor struct {
	iface     *Interface
	addr      netip.Addr
	mac       packet.MAC
	state     neighborState
	confirmed int64
	tries     int
	timer     hostTimer
	waiting   []outgoing
}

// outgoing is an IP packet on its way out, behind room for an Ethernet header.
type outgoing struct {
	buf          []byte
	trace, cause packet.TraceID
	transit      *Interface // it came in by this interface and is forwarded; nil for the host's own
}

func (o outgoing) ip() []byte { return o.buf[packet.EthernetLen:] }

// AddNeighbor gives the interface a permanent neighbour, replacing what was
// known of it.
func (i *Interface) AddNeighbor(a netip.Addr, mac packet.MAC) error {
	if i.l3 || !a.IsValid() || a.IsMulticast() || mac.IsMulticast() || mac.IsZero() {
		return fmt.Errorf("host %s interface %s: neighbor %v at %v: want an ethernet interface and unicast addresses",
			i.host.name, i.name, a, mac)
	}
	i.host.lock()
	defer i.host.unlock()
	n := i.neighbor(a)
	n.timer.stop()
	n.mac, n.state = mac, permanent
	n.flush()
	return nil
}

// DeleteNeighbor forgets a neighbour; unknown ones are forgotten already.
func (i *Interface) DeleteNeighbor(a netip.Addr) {
	i.host.lock()
	defer i.host.unlock()
	if n := i.neighbors[a]; n != nil {
		n.forget()
	}
}

// Neighbors lists the known neighbours as text, sorted: "10.0.0.1 02:fe:... reachable".
func (i *Interface) Neighbors() []string {
	i.host.lock()
	defer i.host.unlock()
	var list []string
	for _, n := range i.neighbors {
		list = append(list, fmt.Sprintf("%s %s %s", n.addr, n.mac, neighborNames[n.state]))
	}
	slices.SortFunc(list, strings.Compare)
	return list
}

// Announce tells the segment where an address is: a gratuitous ARP request or
// an unsolicited neighbour advertisement.
func (i *Interface) Announce(a netip.Addr) error {
	i.host.lock()
	defer i.host.unlock()
	if i.l3 || i.host.owner(a) == nil {
		return fmt.Errorf("host %s interface %s: announce %v: want an address of the host and an ethernet interface", i.host.name, i.name, a)
	}
	if a.Is4() {
		i.sendARP(packet.ARPFields{Op: packet.ARPRequest, SenderMAC: i.mac, SenderIP: a, TargetIP: a}, packet.BroadcastMAC, 0)
		return nil
	}
	i.advertise(a, allNodes, packet.NDOverride, 0)
	return nil
}

// forgetNeighbors drops all entries but permanent ones.
func (i *Interface) forgetNeighbors() {
	for _, n := range i.neighbors {
		if n.state != permanent {
			n.forget()
		}
	}
}

// neighbor finds or makes an entry.
func (i *Interface) neighbor(a netip.Addr) *neighbor {
	n := i.neighbors[a]
	if n == nil {
		n = &neighbor{iface: i, addr: a}
		i.neighbors[a] = n
	}
	return n
}

// transmit sends a packet to a next hop on the interface, resolving it first.
func (i *Interface) transmit(o outgoing, next netip.Addr) {
	switch {
	case !i.up:
		i.host.observe(i.name, Dropped, ReasonDown, o.ip(), o.trace, o.cause)
	case i.l3:
		i.host.depart(i, packet.Frame{Data: o.ip(), Trace: o.trace}, o.cause)
	case next.IsMulticast():
		i.frame(o, packet.MulticastMAC(next))
	case i.isBroadcast(next):
		i.frame(o, packet.BroadcastMAC)
	default:
		i.neighbor(next).send(o)
	}
}

// frame puts the Ethernet header before a packet and sends it.
func (i *Interface) frame(o outgoing, dst packet.MAC) {
	eth := packet.Ethernet(o.buf)
	eth.SetDst(dst)
	eth.SetSrc(i.mac)
	eth.SetType(packet.EtherTypeIPv4)
	if o.ip()[0]>>4 == 6 {
		eth.SetType(packet.EtherTypeIPv6)
	}
	i.host.depart(i, packet.Frame{Data: o.buf, Trace: o.trace}, o.cause)
}

// isBroadcast tells whether an address is the limited broadcast or that of one
// of the interface's prefixes.
func (i *Interface) isBroadcast(a netip.Addr) bool {
	if !a.Is4() {
		return false
	}
	if a == broadcast4 {
		return true
	}
	for _, p := range i.addrs {
		if p.Addr().Is4() && p.Bits() < 31 && p.Contains(a) && isLast(a.As4(), p.Bits()) {
			return true
		}
	}
	return false
}

// isLast tells whether all bits after the prefix are ones.
func isLast(a [4]byte, bits int) bool {
	host := uint32(1)<<(32-bits) - 1
	return packet.Uint32(a[:], 0)&host == host
}

// send sends a packet to the neighbour, or keeps it until the neighbour is
// known.
func (n *neighbor) send(o outgoing) {
	if n.state == incomplete {
		n.wait(o)
		return
	}
	if n.state == reachable && n.iface.host.world.now()-n.confirmed > int64(neighborFresh) {
		n.state, n.tries = probing, 0
		n.ask(o.trace)
	}
	n.iface.frame(o, n.mac)
}

func (n *neighbor) wait(o outgoing) {
	if len(n.waiting) == neighborBacklog {
		first := n.waiting[0]
		n.iface.host.observe(n.iface.name, Dropped, ReasonQueueFull, first.ip(), first.trace, first.cause)
		n.waiting = slices.Delete(n.waiting, 0, 1)
	}
	n.waiting = append(n.waiting, o)
	if !n.timer.running() {
		n.ask(o.trace)
	}
}

// ask sends one request and waits a second for the answer.
func (n *neighbor) ask(cause packet.TraceID) {
	if n.tries++; n.tries > neighborTries {
		n.fail()
		return
	}
	n.timer.arm(n.iface.host, neighborRetry, func() { n.ask(cause) })
	n.iface.solicit(n, cause)
}

// fail gives the neighbour up and tells the senders of the waiting packets.
func (n *neighbor) fail() {
	waiting := n.waiting
	n.waiting = nil
	n.forget()
	err := &NeighborError{Host: n.iface.host.name, Interface: n.iface.name, Neighbor: n.addr, Tries: neighborTries}
	for _, o := range waiting {
		n.iface.host.undeliverable(n.iface, o, err)
	}
}

// forget removes the entry; packets that wait are lost.
func (n *neighbor) forget() {
	n.timer.stop()
	delete(n.iface.neighbors, n.addr)
	for _, o := range n.waiting {
		n.iface.host.observe(n.iface.name, Dropped, ReasonNoNeighbor, o.ip(), o.trace, o.cause)
	}
	n.waiting = nil
}

// learn notes where the neighbour is and sends what waits for it.
func (n *neighbor) learn(mac packet.MAC) {
	if n.state == permanent || mac.IsZero() || mac.IsMulticast() {
		return
	}
	n.timer.stop()
	n.mac, n.state, n.tries = mac, reachable, 0
	n.confirmed = n.iface.host.world.now()
	n.flush()
}

func (n *neighbor) flush() {
	waiting := n.waiting
	n.waiting = nil
	for _, o := range waiting {
		n.iface.frame(o, n.mac)
	}
}

// solicit asks who has the neighbour's address: everybody, or the station that
// had it when it is only to be confirmed.
func (i *Interface) solicit(n *neighbor, cause packet.TraceID) {
	if n.addr.Is4() {
		dst := packet.BroadcastMAC
		if n.state == probing {
			dst = n.mac
		}
		i.sendARP(packet.ARPFields{Op: packet.ARPRequest, SenderMAC: i.mac, SenderIP: i.asker(n.addr), TargetIP: n.addr}, dst, cause)
		return
	}
	dst := packet.SolicitedNode(n.addr)
	if n.state == probing {
		dst = n.addr
	}
	i.sendND(packet.NDFields{Type: packet.ICMPv6NeighborSol, Target: n.addr, LinkAddr: i.mac}, i.asker(n.addr), dst, n, cause)
}

// asker is the address a solicitation comes from; zero if the host has none.
func (i *Interface) asker(target netip.Addr) netip.Addr {
	if a := i.host.source(hop{iface: i, next: target}, target); a.IsValid() {
		return a
	}
	return unspecified(target)
}
