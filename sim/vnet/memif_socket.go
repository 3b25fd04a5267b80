package vnet

import (
	"fmt"
	"slices"
	"strings"
)

// MemifSocket is a control socket that memif interfaces share.
type MemifSocket struct {
	// ID is the client's number for it, Filename where it is.
	ID       uint32
	Filename string
	// Master says, while it is in use, that its interfaces are masters: the
	// instance listens.
	Master bool
	// Users counts interfaces.
	Users int
}

// SetRuntimeDir says where the instance keeps its sockets, /run/vpp by default:
// there is memif socket 0, which always exists. It is called before the first
// use of memif.
func (m *Main) SetRuntimeDir(dir string) { m.devices.runtimeDir = dir }

// inRuntimeDir returns the path of a file in the runtime directory.
func (m *Main) inRuntimeDir(name string) string {
	if m.devices.runtimeDir == "" {
		return "/run/vpp/" + name
	}
	return m.devices.runtimeDir + "/" + name
}

// MemifSockets returns the sockets in the order in which they were added,
// socket 0 first.
func (m *Main) MemifSockets() []*MemifSocket {
	m.memifInit()
	return m.devices.sockets
}

func (m *Main) memifInit() {
	if m.devices.sockets == nil {
		m.devices.sockets = []*MemifSocket{{ID: 0, Filename: m.inRuntimeDir("memif.sock")}}
	}
}

// MemifSocket returns a socket by its number, nil if there is none.
func (m *Main) MemifSocket(id uint32) *MemifSocket {
	for _, s := range m.MemifSockets() {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// UnusedMemifSocketID draws a number for a new socket as VPP does: a linear
// congruential generator from 0, the first number being 1013904223
// (memif_get_unused_socket_id in src/plugins/memif/memif.c).
func (m *Main) UnusedMemifSocketID() uint32 {
	seed := &m.devices.socketSeed
	for {
		*seed = *seed*1664525 + 1013904223
		for i := range uint32(1 << 10) {
			*seed += (2*(i%2) - 1) * i
			if *seed != ^uint32(0) && m.MemifSocket(*seed) == nil {
				return *seed
			}
		}
	}
}

// AddMemifSocket gives a socket a number. A file name that is neither absolute
// nor has a prefix such as "abstract:" is below the runtime directory. Adding
// the same again succeeds; ErrEntryAlreadyExists says that the number stands
// for another file, ErrInvalidArgument that number or name are missing
// (memif_socket_filename_add_del).
func (m *Main) AddMemifSocket(id uint32, filename string) error {
	if id == ^uint32(0) || filename == "" {
		return fmt.Errorf("add memif socket %d %q: %w", id, filename, ErrInvalidArgument)
	}
	if !socketPrefix(filename) && filename[0] != '/' {
		filename = m.inRuntimeDir(filename)
	}
	if s := m.MemifSocket(id); s != nil {
		if s.Filename == filename {
			return nil
		}
		return fmt.Errorf("add memif socket %d %q: it is %q: %w", id, filename, s.Filename, ErrEntryAlreadyExists)
	}
	m.devices.sockets = append(m.devices.sockets, &MemifSocket{ID: id, Filename: filename})
	return nil
}

// socketPrefix tells whether a socket name says its kind
// (clib_socket_prefix_is_valid in src/vppinfra/socket.c).
func socketPrefix(name string) bool {
	for _, p := range []string{"unix:", "tcp:", "abstract:"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// DeleteMemifSocket forgets a socket. ErrInvalidArgument says that it is socket
// 0 or does not exist, ErrUnexpectedIntfState that interfaces use it.
func (m *Main) DeleteMemifSocket(id uint32) error {
	s := m.MemifSocket(id)
	switch {
	case id == 0 || s == nil:
		return fmt.Errorf("delete memif socket %d: %w", id, ErrInvalidArgument)
	case s.Users > 0:
		return fmt.Errorf("delete memif socket %d: %d interfaces use it: %w", id, s.Users, ErrUnexpectedIntfState)
	}
	m.devices.sockets = slices.DeleteFunc(m.devices.sockets, func(o *MemifSocket) bool { return o == s })
	return nil
}
