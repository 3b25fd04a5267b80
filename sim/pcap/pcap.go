// Package pcap reads and writes files of libpcap's classic format with
// timestamps in microseconds, the ones that VPP captures to and replays from
// (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html). Nothing is
// allocated for a packet that is written.
//
// Captures of the scenarios use package pcapng.
package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// LinkType says what packets start with.
type LinkType uint32

// LinkEthernet are packets with an Ethernet header.
const LinkEthernet LinkType = 1

// ErrMagic says that a file is not of this format.
var ErrMagic = errors.New("not a pcap file with timestamps in microseconds")

const (
	magic      = 0xa1b2c3d4
	fileHeader = 24
	packHeader = 16
)

// AppendHeader appends a file's header in the byte order of the machine, as
// VPP writes it; snapLen is the most that is kept of a packet, in bytes.
func AppendHeader(b []byte, snapLen uint32, link LinkType) []byte {
	order := binary.NativeEndian
	b = order.AppendUint32(b, magic)
	b = order.AppendUint16(b, 2) // version 2.4
	b = order.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...) // time zone and accuracy
	b = order.AppendUint32(b, snapLen)
	return order.AppendUint32(b, uint32(link))
}

// AppendPacket appends a packet of which no more than snapLen bytes are kept.
func AppendPacket(b []byte, at time.Time, data []byte, snapLen int) []byte {
	order := binary.NativeEndian
	kept := min(len(data), snapLen)
	b = order.AppendUint32(b, uint32(at.Unix()))
	b = order.AppendUint32(b, uint32(at.Nanosecond()/1000))
	b = order.AppendUint32(b, uint32(kept))
	b = order.AppendUint32(b, uint32(len(data)))
	return append(b, data[:kept]...)
}

// Packet is a packet of a file.
type Packet struct {
	Time   time.Time
	Length int    // of the packet, in bytes; what the file holds may be less
	Data   []byte // what the file holds
}

// Reader reads packets.
type Reader struct {
	r     io.Reader
	order binary.ByteOrder
	max   int
	// Link is the file's link type.
	Link LinkType
}

// NewReader reads the header, in either byte order. Packets of more than
// maxPacket bytes will be refused. The error is ErrMagic, or the reader's.
func NewReader(r io.Reader, maxPacket int) (*Reader, error) {
	var h [fileHeader]byte
	if _, err := io.ReadFull(r, h[:4]); err != nil {
		return nil, fmt.Errorf("read file header: %w", err)
	}
	out := &Reader{r: r, max: maxPacket}
	switch {
	case binary.LittleEndian.Uint32(h[:]) == magic:
		out.order = binary.LittleEndian
	case binary.BigEndian.Uint32(h[:]) == magic:
		out.order = binary.BigEndian
	default:
		return nil, ErrMagic
	}
	if _, err := io.ReadFull(r, h[4:]); err != nil {
		return nil, fmt.Errorf("read file header: %w", err)
	}
	out.Link = LinkType(out.order.Uint32(h[20:]))
	return out, nil
}

// Next returns the next packet; the error is io.EOF behind the last.
func (r *Reader) Next() (Packet, error) {
	var h [packHeader]byte
	if _, err := io.ReadFull(r.r, h[:]); err != nil {
		return Packet{}, err // io.EOF if there is nothing more, io.ErrUnexpectedEOF if it is cut short
	}
	kept, length := r.order.Uint32(h[8:]), r.order.Uint32(h[12:])
	if kept > length || int64(length) > int64(r.max) {
		return Packet{}, fmt.Errorf("packet of %d bytes, %d of them in the file: expected at most %d", length, kept, r.max)
	}
	p := Packet{Time: time.Unix(int64(r.order.Uint32(h[0:])), int64(r.order.Uint32(h[4:]))*1000), Length: int(length), Data: make([]byte, kept)}
	if _, err := io.ReadFull(r.r, p.Data); err != nil {
		return Packet{}, fmt.Errorf("packet of %d bytes: %w", kept, io.ErrUnexpectedEOF)
	}
	return p, nil
}
