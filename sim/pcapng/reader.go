package pcapng

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// maxBlock is the longest block that is read, in bytes.
const maxBlock = 16 << 20

// Capture is a capture read whole.
type Capture struct {
	Interfaces []Interface
	Packets    []Packet
}

// Read reads a capture of one or several sections in either byte order.
// Interfaces of later sections are numbered on. Blocks that are neither
// sections, interfaces nor enhanced packets are skipped. The error tells the
// block (from 1) that is not as the format wants it; what was read before is
// given.
func Read(r io.Reader) (Capture, error) {
	rd := reader{r: bufio.NewReader(r)}
	for n := 1; ; n++ {
		err := rd.block()
		if errors.Is(err, io.EOF) && n > 1 {
			return rd.capture, nil
		}
		if err != nil {
			return rd.capture, fmt.Errorf("pcapng: block %d: %w", n, err)
		}
	}
}

type reader struct {
	r          *bufio.Reader
	order      binary.ByteOrder
	first      int             // index of the section's first interface
	resolution []time.Duration // of a tick, by interface
	capture    Capture
}

// block reads one block; io.EOF at the end of the capture.
func (rd *reader) block() error {
	head, err := rd.r.Peek(12)
	if len(head) == 0 && errors.Is(err, io.EOF) {
		return io.EOF
	}
	if err != nil {
		return fmt.Errorf("cut short after %d bytes of its header", len(head))
	}
	section := binary.BigEndian.Uint32(head) == blockSection // a palindrome
	if section {
		if err := rd.setOrder(head[8:]); err != nil {
			return err
		}
	}
	if rd.order == nil {
		return errors.New("want a section header first")
	}
	size := rd.order.Uint32(head[4:])
	if size < 12 || size%4 != 0 || size > maxBlock {
		return fmt.Errorf("length %d: want a multiple of 4 between 12 and %d", size, maxBlock)
	}
	data := make([]byte, size)
	if n, err := io.ReadFull(rd.r, data); err != nil {
		return fmt.Errorf("cut short after %d of %d bytes", n, size)
	}
	if last := rd.order.Uint32(data[size-4:]); last != size {
		return fmt.Errorf("lengths %d and %d differ", size, last)
	}
	kind, body := rd.order.Uint32(data), data[8:size-4]
	switch {
	case section:
		return rd.section(body)
	case kind == blockInterface:
		return rd.iface(body)
	case kind == blockPacket:
		return rd.packet(body)
	}
	return nil
}

func (rd *reader) setOrder(magic []byte) error {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if order.Uint32(magic) == byteOrderMagic {
			rd.order = order
			return nil
		}
	}
	return fmt.Errorf("byte-order magic %#x: want %#x", binary.BigEndian.Uint32(magic), byteOrderMagic)
}

func (rd *reader) section(body []byte) error {
	if len(body) < 16 {
		return errors.New("section header is too short")
	}
	if major := rd.order.Uint16(body[4:]); major != 1 {
		return fmt.Errorf("version %d: want 1", major)
	}
	rd.first = len(rd.capture.Interfaces)
	return nil
}

func (rd *reader) iface(body []byte) error {
	if len(body) < 8 {
		return errors.New("interface description is too short")
	}
	i := Interface{LinkType: LinkType(rd.order.Uint16(body))}
	tick := time.Microsecond
	err := rd.options(body[8:], func(code uint16, value []byte) error {
		switch code {
		case optName:
			i.Name = string(value)
		case optDescription:
			i.Description = string(value)
		case optResolution:
			if len(value) != 1 || value[0] != 9 && value[0] != 6 && value[0] != 3 && value[0] != 0 {
				return fmt.Errorf("time resolution %v: want 10^0, 10^-3, 10^-6 or 10^-9 s", value)
			}
			tick = map[byte]time.Duration{0: time.Second, 3: time.Millisecond, 6: time.Microsecond, 9: 1}[value[0]]
		}
		return nil
	})
	rd.capture.Interfaces = append(rd.capture.Interfaces, i)
	rd.resolution = append(rd.resolution, tick)
	return err
}

func (rd *reader) packet(body []byte) error {
	if len(body) < 20 {
		return errors.New("packet is too short")
	}
	index, size := int64(rd.order.Uint32(body))+int64(rd.first), int64(rd.order.Uint32(body[12:]))
	if index >= int64(len(rd.capture.Interfaces)) {
		return fmt.Errorf("packet of interface %d: %d are described", index, len(rd.capture.Interfaces))
	}
	end := 20 + size
	if end+int64(pad(int(size&3))) > int64(len(body)) {
		return fmt.Errorf("packet of %d bytes in a block of %d", size, len(body))
	}
	ticks := uint64(rd.order.Uint32(body[4:]))<<32 | uint64(rd.order.Uint32(body[8:]))
	p := Packet{Interface: int(index), Data: body[20:end:end], Time: at(ticks, rd.resolution[index])}
	err := rd.options(body[end+int64(pad(int(size&3))):], func(code uint16, value []byte) error {
		switch {
		case code == optComment:
			p.Comment = string(value)
		case code == optFlags && len(value) == 4:
			p.Direction = Direction(rd.order.Uint32(value) & 3 % 3)
		}
		return nil
	})
	rd.capture.Packets = append(rd.capture.Packets, p)
	return err
}

// at is the time of a number of ticks since 1970.
func at(ticks uint64, tick time.Duration) time.Time {
	perSecond := uint64(time.Second / tick)
	return time.Unix(int64(ticks/perSecond), int64(ticks%perSecond)*int64(tick)).UTC()
}

// options calls f for each option.
func (rd *reader) options(b []byte, f func(code uint16, value []byte) error) error {
	for len(b) > 0 {
		if len(b) < 4 {
			return errors.New("option is cut short")
		}
		code, size := rd.order.Uint16(b), int(rd.order.Uint16(b[2:]))
		if code == optEnd {
			return nil
		}
		if len(b) < 4+size+pad(size) {
			return fmt.Errorf("option %d of %d bytes is cut short", code, size)
		}
		if err := f(code, b[4:4+size]); err != nil {
			return err
		}
		b = b[4+size+pad(size):]
	}
	return nil
}
