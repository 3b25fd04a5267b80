// Package apitrace reads and writes the binary files of VPP's api-trace: the
// message table of the VPP that wrote the file, and the messages it received
// (vl_msg_api_trace_save in src/vlibapi/api_shared.c). It knows nothing of what a
// message means.
package apitrace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// File is one trace.
type File struct {
	// Wrapped says that older messages were overwritten.
	Wrapped bool
	// Table names the ids in Messages.
	Table []Entry
	// Messages are in order of arrival, each from its id on and in network
	// order.
	Messages [][]byte
}

// Entry is one line of the message table.
type Entry struct {
	ID uint16
	// Key is name and CRC, "ip_route_add_del_b8ecfe0d".
	Key string
}

// headerSize is that of vl_api_trace_file_header_t: nitems and size of the table
// (u32, network order) and the wrapped flag, packed.
const headerSize = 9

// maxMessages bounds what a damaged header can make the reader allocate.
const maxMessages = 1 << 24

// Write writes the file in VPP's form.
func (f *File) Write(w io.Writer) error {
	table := SerializeTable(f.Table)
	b := binary.BigEndian.AppendUint32(nil, uint32(len(f.Messages)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(table)))
	wrapped := byte(0)
	if f.Wrapped {
		wrapped = 1
	}
	b = append(append(b, wrapped), table...)
	for _, m := range f.Messages {
		b = binary.BigEndian.AppendUint32(b, uint32(len(m)))
		b = append(b, m...)
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("write api trace: %w", err)
	}
	return nil
}

// Read reads a whole file. Data behind the last message is ignored, as VPP does.
func Read(r io.Reader) (*File, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read api trace: %w", err)
	}
	f, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("read api trace: %w", err)
	}
	return f, nil
}

var errTruncated = errors.New("the file ends early")

func parse(data []byte) (*File, error) {
	if len(data) < headerSize {
		return nil, errTruncated
	}
	n, size := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
	f := &File{Wrapped: data[8] != 0}
	data = data[headerSize:]
	if uint64(size) > uint64(len(data)) || n > maxMessages {
		return nil, errTruncated
	}
	table, err := ParseTable(data[:size])
	if err != nil {
		return nil, fmt.Errorf("message table: %w", err)
	}
	f.Table = table
	data = data[size:]
	for i := range n {
		if len(data) < 4 {
			return nil, fmt.Errorf("message %d of %d: %w", i, n, errTruncated)
		}
		length := binary.BigEndian.Uint32(data)
		data = data[4:]
		if length < 2 || uint64(length) > uint64(len(data)) {
			return nil, fmt.Errorf("message %d of %d: %d bytes, %d left", i, n, length, len(data))
		}
		f.Messages = append(f.Messages, data[:length:length])
		data = data[length:]
	}
	return f, nil
}

// SerializeTable renders a message table as VPP does for its traces and for
// `api-trace { save-api-table FILE }` (vl_api_serialize_message_table).
func SerializeTable(table []Entry) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(table)))
	for _, e := range table {
		b = appendSmall(b, uint64(e.ID))
		b = appendSmall(b, uint64(len(e.Key)))
		b = append(b, e.Key...)
	}
	return b
}

// ParseTable is the inverse of SerializeTable.
func ParseTable(b []byte) ([]Entry, error) {
	if len(b) < 4 {
		return nil, errTruncated
	}
	n := binary.BigEndian.Uint32(b)
	b = b[4:]
	var table []Entry
	for range n {
		id, rest, ok := cutSmall(b)
		if !ok {
			return nil, errTruncated
		}
		size, rest, ok := cutSmall(rest)
		if !ok || size > uint64(len(rest)) {
			return nil, errTruncated
		}
		if id > 0xffff {
			return nil, fmt.Errorf("message id %d", id)
		}
		table = append(table, Entry{ID: uint16(id), Key: string(rest[:size])})
		b = rest[size:]
	}
	return table, nil
}

// appendSmall appends a number in 1, 2, 4 or 9 bytes
// (serialize_likely_small_unsigned_integer in src/vppinfra/serialize.h).
func appendSmall(b []byte, x uint64) []byte {
	r := x
	if r < 1<<7 {
		return append(b, byte(1+2*r))
	}
	if r -= 1 << 7; r < 1<<14 {
		return binary.LittleEndian.AppendUint16(b, uint16(4*r+2))
	}
	if r -= 1 << 14; r < 1<<29 {
		return binary.LittleEndian.AppendUint32(b, uint32(8*r+4))
	}
	return binary.LittleEndian.AppendUint64(append(b, 0), x)
}

// cutSmall takes such a number off b.
func cutSmall(b []byte) (x uint64, rest []byte, ok bool) {
	switch {
	case len(b) >= 1 && b[0]&1 != 0:
		return uint64(b[0] / 2), b[1:], true
	case len(b) >= 2 && b[0]&2 != 0:
		return uint64(binary.LittleEndian.Uint16(b)/4) + 1<<7, b[2:], true
	case len(b) >= 4 && b[0]&4 != 0:
		return uint64(binary.LittleEndian.Uint32(b)/8) + 1<<7 + 1<<14, b[4:], true
	case len(b) >= 9 && b[0]&7 == 0:
		return binary.LittleEndian.Uint64(b[1:]), b[9:], true
	}
	return 0, nil, false
}
