// Package pcapng writes and reads packet captures in the pcapng format
// (draft-ietf-opsawg-pcapng), as Wireshark and tshark open them: one interface
// description per interface, nanosecond times, and a comment per packet that
// carries its trace id.
//
// The data plane and the world write captures; tests read them back. The
// package knows bytes and times only, nothing of what is in a packet.
package pcapng

import "time"

// LinkType says what a packet of an interface starts with (the LINKTYPE_ values
// of tcpdump.org).
type LinkType uint16

// Link types of this project.
const (
	Ethernet LinkType = 1
	RawIP    LinkType = 101 // IPv4 or IPv6, told apart by the version field
)

// Interface describes where packets were captured.
type Interface struct {
	Name        string
	Description string // may be empty
	LinkType    LinkType
}

// Direction is that of a packet as seen by the interface's owner.
type Direction uint8

// Directions, as in the epb_flags option.
const (
	Unknown Direction = iota
	Inbound
	Outbound
)

// Packet is one captured packet.
type Packet struct {
	Interface int // index in the order of the interface descriptions
	Time      time.Time
	Data      []byte
	Direction Direction
	Comment   string // may be empty
}

// Block types.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 0x00000001
	blockPacket    = 0x00000006
)

// Options.
const (
	optEnd         = 0
	optComment     = 1
	optName        = 2 // of an interface
	optFlags       = 2 // of a packet
	optDescription = 3 // of an interface
	optApplication = 4 // of a section
	optResolution  = 9 // of an interface
)

// byteOrderMagic tells a section's byte order.
const byteOrderMagic = 0x1a2b3c4d

// pad is the number of bytes that bring n to a multiple of four.
func pad(n int) int { return -n & 3 }
