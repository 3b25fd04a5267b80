package world

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// ErrRefused tells that the other side answered that nobody listens.
var ErrRefused = errors.New("connection refused")

// ErrReset tells that the other side broke the connection off.
var ErrReset = errors.New("connection reset by peer")

// TimeoutError tells that no answer came. It implements net.Error.
type TimeoutError struct {
	What  string        // what was waited for: "echo reply from 10.0.0.1"
	After time.Duration // how long; zero when unknown (a deadline passed)
	Err   error         // what else is known: the context's error, an ICMP error on the way; may be nil
}

// Error says what was waited for and how long.
func (e *TimeoutError) Error() string {
	s := e.What + ": timed out"
	if e.After != 0 {
		s += " after " + e.After.String()
	}
	if e.Err != nil {
		s += " (" + e.Err.Error() + ")"
	}
	return s
}

// Unwrap gives what else is known.
func (e *TimeoutError) Unwrap() error { return e.Err }

// Timeout is true.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is true: trying again may succeed.
func (e *TimeoutError) Temporary() bool { return true }

// NoRouteError tells that a host cannot send to an address at all.
type NoRouteError struct {
	Host      string
	Interface string // the one asked for, "" when any would do
	Src       netip.Addr
	Dst       netip.Addr
	Why       string // what is missing, when it is not simply a route
}

// Error names the host, the interface and the destination.
func (e *NoRouteError) Error() string {
	s := fmt.Sprintf("no route to %s from host %s", e.Dst, e.Host)
	if e.Interface != "" {
		s += " interface " + e.Interface
	}
	if e.Src.IsValid() {
		s += " source " + e.Src.String()
	}
	if e.Why != "" {
		s += ": " + e.Why
	}
	return s
}

// NeighborError tells that nobody answered for the next hop.
type NeighborError struct {
	Host, Interface string
	Neighbor        netip.Addr
	Tries           int
}

// Error names the neighbour and where it was looked for.
func (e *NeighborError) Error() string {
	return fmt.Sprintf("neighbor %s unresolved on host %s interface %s after %d tries", e.Neighbor, e.Host, e.Interface, e.Tries)
}

// MTUError tells that a packet that must not be fragmented is too long to send.
type MTUError struct {
	Host      string
	Dst       netip.Addr
	Size, MTU int // bytes of the IP packet
}

// Error gives both sizes.
func (e *MTUError) Error() string {
	return fmt.Sprintf("packet of %d bytes to %s exceeds the path mtu %d known to host %s", e.Size, e.Dst, e.MTU, e.Host)
}

// ICMPError is an ICMP or ICMPv6 error that came back for a packet sent.
type ICMPError struct {
	From       netip.Addr
	Type, Code uint8
	MTU        int            // next hop's, of a "fragmentation needed" or "packet too big"
	Trace      packet.TraceID // of the error message
	// Quoted is the packet the error speaks of from its IP header on, as far
	// as the sender of the error quoted it.
	Quoted []byte
}

// icmpNames are the errors' names, those of IPv6 under type+0x100.
var icmpNames = map[[2]int]string{
	{3, 0}: "network unreachable", {3, 1}: "host unreachable", {3, 2}: "protocol unreachable",
	{3, 3}: "port unreachable", {3, 4}: "fragmentation needed", {3, 13}: "administratively prohibited",
	{11, 0}: "ttl exceeded", {11, 1}: "reassembly time exceeded",
	{0x101, 0}: "no route", {0x101, 1}: "administratively prohibited", {0x101, 3}: "address unreachable",
	{0x101, 4}: "port unreachable", {0x101, 5}: "source address failed policy", {0x102, 0}: "packet too big",
	{0x103, 0}: "hop limit exceeded", {0x103, 1}: "reassembly time exceeded",
}

// Name is the error's name: "port unreachable".
func (e *ICMPError) Name() string {
	typ := int(e.Type)
	if !e.From.Is4() {
		typ += 0x100
	}
	if s := icmpNames[[2]int{typ, int(e.Code)}]; s != "" {
		return s
	}
	return fmt.Sprintf("icmp type %d code %d", e.Type, e.Code)
}

// Error names the error and who sent it.
func (e *ICMPError) Error() string {
	if e.MTU != 0 {
		return fmt.Sprintf("%s (mtu %d) from %s", e.Name(), e.MTU, e.From)
	}
	return fmt.Sprintf("%s from %s", e.Name(), e.From)
}

// TooBig tells whether the packet was too long for a link on the way.
func (e *ICMPError) TooBig() bool {
	return e.From.Is4() && e.Type == packet.ICMPUnreachable && e.Code == packet.ICMPFragNeeded ||
		!e.From.Is4() && e.Type == packet.ICMPv6PacketTooBig
}

// TimeExceeded tells whether the packet ran out of hops.
func (e *ICMPError) TimeExceeded() bool {
	return e.From.Is4() && e.Type == packet.ICMPTimeExceeded && e.Code == packet.ICMPTTLExceeded ||
		!e.From.Is4() && e.Type == packet.ICMPv6TimeExceeded && e.Code == packet.ICMPv6HopExceeded
}

// PortUnreachable tells whether nobody listens on the port.
func (e *ICMPError) PortUnreachable() bool {
	return e.From.Is4() && e.Type == packet.ICMPUnreachable && e.Code == packet.ICMPPortUnreachable ||
		!e.From.Is4() && e.Type == packet.ICMPv6Unreachable && e.Code == packet.ICMPv6PortUnreachable
}

// Is makes a "port unreachable" count as ErrRefused.
func (e *ICMPError) Is(target error) bool { return target == ErrRefused && e.PortUnreachable() }

// OpError is what fails on a socket or a probe: which operation, on which host,
// between which addresses, and why. It implements net.Error.
type OpError struct {
	Op       string // "ping", "dial tcp", "read udp" ...
	Host     string
	Src, Dst netip.AddrPort // as far as known
	Trace    packet.TraceID // of the last packet sent, zero when none was
	Err      error
}

// Error puts it all into a sentence.
func (e *OpError) Error() string {
	s := e.Op + " on host " + e.Host
	if e.Src.IsValid() {
		s += " from " + addrText(e.Src)
	}
	if e.Dst.IsValid() {
		s += " to " + addrText(e.Dst)
	}
	return s + ": " + e.Err.Error()
}

// Unwrap gives the reason.
func (e *OpError) Unwrap() error { return e.Err }

// Timeout tells whether no answer came in time.
func (e *OpError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Temporary equals Timeout.
func (e *OpError) Temporary() bool { return e.Timeout() }

// addrText leaves out a port of zero.
func addrText(a netip.AddrPort) string {
	if a.Port() == 0 {
		return a.Addr().String()
	}
	return a.String()
}
