// Package packet holds what every room of the data plane agrees on about a
// packet: the frame that crosses an edge, accessors for headers that read and
// write them in place, and Internet checksums.
//
// Package vnet (the data plane), package world (links, routers, hosts) and
// package pcapng use it. It knows nothing about any of them: no interfaces, no
// tables, no time. Accessors work on the bytes they are given, never allocate,
// and never panic: reading past the end gives zero, writing past the end does
// nothing, so that a malformed packet costs a wrong answer and not a crash.
package packet

import "strconv"

// TraceID identifies one packet on its whole way through the world; zero means
// that the packet is not followed. The upper 32 bits name who sent it first,
// the lower 32 are that sender's count, so that concurrent senders do not
// disturb each other's numbers and a run repeats itself exactly.
type TraceID uint64

// NewTraceID gives the id of the serial-th packet of an origin.
func NewTraceID(origin, serial uint32) TraceID {
	return TraceID(origin)<<32 | TraceID(serial)
}

// Origin names who sent the packet first; the world numbers its hosts from 1.
func (t TraceID) Origin() uint32 { return uint32(t >> 32) }

// Serial is the origin's count of packets when it sent this one.
func (t TraceID) Serial() uint32 { return uint32(t) }

// String gives the form used in packet comments: "trace 3.17" is the 17th
// packet of origin 3, "trace 17" one without an origin, and "" a packet that is
// not followed.
func (t TraceID) String() string {
	if t == 0 {
		return ""
	}
	s := strconv.FormatUint(uint64(t.Serial()), 10)
	if t.Origin() == 0 {
		return "trace " + s
	}
	return "trace " + strconv.FormatUint(uint64(t.Origin()), 10) + "." + s
}

// Frame is a packet at an edge of the data plane.
type Frame struct {
	// Data is an Ethernet frame without FCS, or a bare IP packet on layer-3
	// ports (tun, memif in IP mode). It is valid only during the call that
	// hands it over: who keeps it copies it.
	Data []byte
	// Trace follows the packet; zero when nobody does.
	Trace TraceID
}

// Clone returns a frame whose data the caller owns.
func (f Frame) Clone() Frame {
	return Frame{Data: append([]byte(nil), f.Data...), Trace: f.Trace}
}
