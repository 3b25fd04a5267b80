// Package statseg offers a stats segment (package sim/stats) to other
// processes: anonymous shared memory and the unix socket that hands it out, as
// src/vlib/stats/init.c does.
//
// It must not know what is counted.
package statseg

import (
	"fmt"
	"math/bits"
	"unsafe"

	"golang.org/x/sys/unix"
)

// DefaultSize is the size of a segment in bytes when the configuration says
// none (STAT_SEGMENT_DEFAULT_SIZE).
const DefaultSize = 32 << 20

// Memory is memory that other processes can map.
type Memory struct {
	fd   int
	data []byte
}

// NewMemory makes shared memory of size bytes, which is zero and takes up room
// as it is used. A size of 0 is DefaultSize. A pageSize of 0 is the machine's;
// others ask for huge pages.
func NewMemory(size, pageSize uint64) (*Memory, error) {
	if size == 0 {
		size = DefaultSize
	}
	flags := unix.MFD_CLOEXEC
	page := uint64(unix.Getpagesize())
	if pageSize > page {
		flags |= unix.MFD_HUGETLB | (bits.Len64(pageSize)-1)<<unix.MFD_HUGE_SHIFT
		page = pageSize
	}
	fd, err := unix.MemfdCreate("stat segment", flags)
	if err != nil {
		return nil, fmt.Errorf("stat segment memory fd failure: %w", err)
	}
	size = (size + page - 1) / page * page
	if err := unix.Ftruncate(fd, int64(size)); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("stat segment ftruncate failure: %d bytes: %w", size, err)
	}
	data, err := unix.Mmap(fd, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("stat segment mmap failure: %d bytes: %w", size, err)
	}
	return &Memory{fd: fd, data: data}, nil
}

// Bytes returns the memory as this process sees it.
func (m *Memory) Bytes() []byte { return m.data }

// Base returns the address of the memory in this process, from which the
// segment's pointers count.
func (m *Memory) Base() uint64 { return uint64(uintptr(unsafe.Pointer(&m.data[0]))) }

// Close gives the memory up; processes that mapped it keep it. Nobody in this
// process may use it any more.
func (m *Memory) Close() error {
	err := unix.Munmap(m.data)
	m.data = nil
	if e := unix.Close(m.fd); err == nil {
		err = e
	}
	return err
}
