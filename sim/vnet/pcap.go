package vnet

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/vpptwin/vpptwin/sim/pcap"
)

// maxPcapPacket bounds what is kept of a packet, in bytes
// (ETHERNET_MAX_PACKET_BYTES in src/vnet/ethernet/ethernet.h).
const maxPcapPacket = 9216

// pcapSnapLen is the snapshot length in the header of VPP's files
// (src/vppinfra/pcap.c).
const pcapSnapLen = 1 << 16

// PcapWriter writes packets to a file as VPP's captures do (src/vppinfra/pcap.c):
// the first flush with the file closed creates it, every flush writes through,
// and once enough packets are in it is closed. The zero value captures nothing.
type PcapWriter struct {
	name     string
	link     pcap.LinkType
	limit    uint32 // packets to capture
	captured uint32
	file     *os.File
	data     []byte // packets not yet written
}

// Open captures up to limit packets into the file, which comes into being with
// the first. The file before is closed.
func (w *PcapWriter) Open(name string, link pcap.LinkType, limit uint32) {
	w.close()
	w.name, w.link, w.limit = name, link, limit
}

// close ends the capture.
func (w *PcapWriter) close() {
	w.closeFile()
	*w = PcapWriter{}
}

func (w *PcapWriter) closeFile() {
	if w.file != nil {
		_ = w.file.Close() // written through; nothing left to lose
		w.file = nil
	}
}

// capturing tells whether packets are to be added at all.
func (w *PcapWriter) capturing() bool { return w.name != "" }

// add captures a packet unless there are enough.
func (w *PcapWriter) add(now time.Time, data []byte) {
	if w.name == "" || w.captured >= w.limit {
		return
	}
	w.captured++
	w.data = pcap.AppendPacket(w.data, now, data, maxPcapPacket)
}

// flush writes what was added. As in VPP, a flush behind the last packet of a
// limited capture starts the file anew. A file that cannot be written ends the
// capture.
func (w *PcapWriter) flush() {
	if w.name == "" {
		return
	}
	if w.file == nil && !w.create() {
		w.close()
		return
	}
	_, err := w.file.Write(w.data)
	w.data = w.data[:0]
	if err != nil {
		w.close()
		return
	}
	if w.captured >= w.limit {
		w.closeFile()
	}
}

// create opens the file and writes its header.
func (w *PcapWriter) create() bool {
	f, err := os.OpenFile(w.name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o664)
	if err != nil {
		return false
	}
	w.file, w.captured = f, 0
	_, err = f.Write(pcap.AppendHeader(nil, pcapSnapLen, w.link))
	return err == nil
}

// ReadPcap reads a file of the classic format with timestamps in microseconds,
// as VPP does; the errors are its own. What a packet's length in the file falls
// short of its real one is zero.
func ReadPcap(name string) (packets [][]byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open `%s': %w", name, unwrapPath(err))
	}
	defer func() { _ = f.Close() }() // only read
	packets, err = readPcap(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("%w `%s'", err, name)
	}
	return packets, nil
}

// unwrapPath is the system's error alone, in C's words.
func unwrapPath(err error) error {
	var code syscall.Errno
	if !errors.As(err, &code) {
		return err
	}
	text := code.Error()
	return errors.New(strings.ToUpper(text[:1]) + text[1:])
}

// maxPcapReplay bounds a packet read from a file, in bytes.
const maxPcapReplay = 1 << 18

func readPcap(r io.Reader) ([][]byte, error) {
	in, err := pcap.NewReader(r, maxPcapReplay)
	switch {
	case errors.Is(err, pcap.ErrMagic):
		return nil, errors.New("bad magic")
	case err != nil:
		return nil, errors.New("read file header")
	}
	var packets [][]byte
	for {
		p, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			return packets, nil
		case err != nil:
			return nil, errors.New("short read")
		}
		packets = append(packets, append(p.Data, make([]byte, p.Length-len(p.Data))...))
	}
}
