package pcapng

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// application is written into each capture's header.
const application = "vpptwin"

// Writer writes one capture. Its methods may be called from any goroutine.
// After a failed write the capture is cut short and every call fails.
type Writer struct {
	mu         sync.Mutex
	w          io.Writer
	buf        []byte
	interfaces int
	err        error
}

// NewWriter begins a capture with its section header. The caller closes w after
// the last packet.
func NewWriter(w io.Writer) (*Writer, error) {
	p := &Writer{w: w}
	p.begin(blockSection)
	p.put32(byteOrderMagic)
	p.put32(1) // version 1.0, little-endian halves
	p.put32(0xffffffff)
	p.put32(0xffffffff) // section length unknown
	p.option(optApplication, []byte(application))
	p.endOptions()
	if err := p.flush(); err != nil {
		return nil, fmt.Errorf("pcapng: write header: %w", err)
	}
	return p, nil
}

// AddInterface describes an interface and gives its index for WritePacket.
func (p *Writer) AddInterface(i Interface) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin(blockInterface)
	p.put16(uint16(i.LinkType))
	p.put16(0)
	p.put32(0) // no limit of captured bytes
	p.option(optName, []byte(i.Name))
	if i.Description != "" {
		p.option(optDescription, []byte(i.Description))
	}
	p.option(optResolution, []byte{9}) // nanoseconds
	p.endOptions()
	if err := p.flush(); err != nil {
		return 0, fmt.Errorf("pcapng: write interface %s: %w", i.Name, err)
	}
	p.interfaces++
	return p.interfaces - 1, nil
}

// WritePacket writes one packet of an interface described before.
func (p *Writer) WritePacket(k Packet) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k.Interface < 0 || k.Interface >= p.interfaces {
		return fmt.Errorf("pcapng: write packet: interface %d of %d", k.Interface, p.interfaces)
	}
	ns := uint64(k.Time.UnixNano())
	p.begin(blockPacket)
	p.put32(uint32(k.Interface))
	p.put32(uint32(ns >> 32))
	p.put32(uint32(ns))
	p.put32(uint32(len(k.Data)))
	p.put32(uint32(len(k.Data)))
	p.bytes(k.Data)
	if k.Comment != "" {
		p.option(optComment, []byte(k.Comment))
	}
	if k.Direction != Unknown {
		p.option(optFlags, binary.LittleEndian.AppendUint32(nil, uint32(k.Direction)))
	}
	if k.Comment != "" || k.Direction != Unknown {
		p.endOptions()
	}
	if err := p.flush(); err != nil {
		return fmt.Errorf("pcapng: write packet: %w", err)
	}
	return nil
}

// begin starts a block; flush fills in its length.
func (p *Writer) begin(kind uint32) {
	p.buf = p.buf[:0]
	p.put32(kind)
	p.put32(0)
}

func (p *Writer) put16(v uint16) { p.buf = binary.LittleEndian.AppendUint16(p.buf, v) }
func (p *Writer) put32(v uint32) { p.buf = binary.LittleEndian.AppendUint32(p.buf, v) }

// bytes appends data with padding.
func (p *Writer) bytes(b []byte) {
	p.buf = append(p.buf, b...)
	p.buf = append(p.buf, make([]byte, pad(len(b)))...)
}

// option appends an option, cut to what its length field can tell.
func (p *Writer) option(code uint16, value []byte) {
	value = value[:min(len(value), 0xffff)]
	p.put16(code)
	p.put16(uint16(len(value)))
	p.bytes(value)
}

func (p *Writer) endOptions() { p.put32(optEnd) }

// flush completes the block and writes it.
func (p *Writer) flush() error {
	n := uint32(len(p.buf) + 4)
	binary.LittleEndian.PutUint32(p.buf[4:], n)
	p.put32(n)
	if p.err == nil {
		_, p.err = p.w.Write(p.buf)
	}
	return p.err
}
