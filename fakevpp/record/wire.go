package record

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// Ids that every VPP gives to the messages before the table is known
// (src/vlibmemory/memclnt.api).
const (
	idCreate      = 15
	idCreateReply = 16
)

// frameHeader is the size of what precedes a message on the socket.
const frameHeader = 16

// maxMessage bounds what a length on the wire can make us allocate.
const maxMessage = 64 << 20

// readFrame reads one frame, header included.
func readFrame(r io.Reader) ([]byte, error) {
	var header [frameHeader]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(header[8:])
	if size > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes, at most %d expected", size, maxMessage)
	}
	frame := make([]byte, frameHeader+int(size))
	copy(frame, header[:])
	_, err := io.ReadFull(r, frame[frameHeader:])
	return frame, err
}

// frameOf puts a header in front of a message.
func frameOf(msg []byte) []byte {
	frame := make([]byte, frameHeader, frameHeader+len(msg))
	binary.BigEndian.PutUint32(frame[8:], uint32(len(msg)))
	return append(frame, msg...)
}

// msgTable is a VPP's message table as a client learns it.
type msgTable struct {
	keys map[uint16]string
	ids  map[string]uint16
}

// parseTable reads sockclnt_create_reply: u16 id, u32 client_index, u32 context,
// i32 response, u32 index, u16 count, entries of u16 and 64 bytes.
func parseTable(msg []byte) (*msgTable, uint32, error) {
	const fixed, entry = 20, 66
	if len(msg) < fixed || binary.BigEndian.Uint16(msg) != idCreateReply {
		return nil, 0, fmt.Errorf("the VPP does not answer sockclnt_create as it should")
	}
	t := &msgTable{keys: make(map[uint16]string), ids: make(map[string]uint16)}
	for b := msg[fixed:]; len(b) >= entry; b = b[entry:] {
		id, key := binary.BigEndian.Uint16(b), cString(b[2:entry])
		t.keys[id], t.ids[key] = key, id
	}
	return t, binary.BigEndian.Uint32(msg[14:]), nil
}

func cString(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// link is a connection to a VPP as one client.
type link struct {
	conn  net.Conn
	r     *bufio.Reader
	table *msgTable
	index uint32
	ping  uint16
	count uint32 // of own pings
}

// dial connects and learns the message table.
func dial(path, name string) (*link, error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return nil, err
	}
	l := &link{conn: conn, r: bufio.NewReader(conn)}
	if err := l.handshake(name); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("connect to %s: %w", path, err)
	}
	return l, nil
}

func (l *link) handshake(name string) error {
	create := make([]byte, 6+64)
	binary.BigEndian.PutUint16(create, idCreate)
	copy(create[6:6+63], name)
	if _, err := l.conn.Write(frameOf(create)); err != nil {
		return err
	}
	frame, err := readFrame(l.r)
	if err != nil {
		return err
	}
	if l.table, l.index, err = parseTable(frame[frameHeader:]); err != nil {
		return err
	}
	for key, id := range l.table.ids {
		if len(key) > 13 && key[:13] == "control_ping_" && len(key) == 13+8 {
			l.ping = id
		}
	}
	if l.ping == 0 {
		return fmt.Errorf("the VPP has no control_ping")
	}
	return nil
}

// ownContext marks the pings that exchange sends.
const ownContext = 0xf0000000

// exchange sends a message and returns all that comes until a ping behind it is
// answered: the answers, and events.
func (l *link) exchange(msg []byte, timeout time.Duration) ([][]byte, error) {
	l.count++
	context := ownContext | l.count&0xffff
	ping := make([]byte, requestHeader)
	binary.BigEndian.PutUint16(ping, l.ping)
	binary.BigEndian.PutUint32(ping[2:], l.index)
	binary.BigEndian.PutUint32(ping[6:], context)
	out := frameOf(ping)
	if msg != nil {
		out = append(frameOf(msg), out...)
	}
	if _, err := l.conn.Write(out); err != nil {
		return nil, err
	}
	if err := l.conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return nil, err
	}
	var list [][]byte
	for {
		frame, err := readFrame(l.r)
		if err != nil {
			return list, err
		}
		msg := frame[frameHeader:]
		if len(msg) < 2 {
			continue
		}
		if len(msg) >= replyHeader && binary.BigEndian.Uint32(msg[2:]) == context {
			return list, nil
		}
		list = append(list, msg)
	}
}
