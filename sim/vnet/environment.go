package vnet

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// TapSpec is what an environment needs to open a Linux tap or tun device; it
// carries what tap_create_v3 asked for, defaults filled in.
//
// An environment answers with VPP's errors: ErrSyscall2 for a namespace that
// does not exist or a device that cannot be attached to, ErrSyscall3 for a name
// that is taken, ErrNetlinkError for an address, MTU or route that Linux
// refuses. A port whose device got another name than asked for tells it with a
// method HostName() string.
type TapSpec struct {
	// ID is the number in the interface's name: tap<ID> or tun<ID>.
	ID uint32
	// Tun asks for a layer 3 device without Ethernet headers.
	Tun bool
	// Persist and Attach are the flags of the same name of the API: the device
	// outlives the instance; the device must exist already.
	Persist, Attach bool
	// GSO and Checksum tell which offloads the driver negotiated: with GSO the
	// far side may send TCP super-packets, with Checksum leave the TCP and UDP
	// checksums of what it sends partial.
	GSO, Checksum bool
	// HostIfName is the Linux name, empty to let the environment choose;
	// HostNamespace the network namespace (a path, a name, or "pid:N"; empty
	// for the instance's own).
	HostIfName, HostNamespace string
	// HostMAC is the Linux side's address, zero for a tun.
	HostMAC packet.MAC
	// HostMTU is the Linux side's MTU in bytes, nil to leave it.
	HostMTU *uint32
	// HostBridge is the bridge the device joins, empty for none.
	HostBridge string
	// HostIP4 and HostIP6 are addresses for the Linux side, HostIP4Gw and
	// HostIP6Gw default gateways; invalid for none.
	HostIP4, HostIP6     netip.Prefix
	HostIP4Gw, HostIP6Gw netip.Addr
	// RxQueues and TxQueues count queues as seen from the instance, RxRing and
	// TxRing their slots.
	RxQueues, TxQueues, RxRing, TxRing int
}

// MemifSpec is one end of a memif.
type MemifSpec struct {
	// Socket is the control socket's file name as VPP shows it: a path, or
	// "abstract:NAME,netns_name=NETNS".
	Socket string
	// ID tells the interfaces of one socket apart.
	ID uint32
	// Master owns the listening socket, the other end is the slave.
	Master bool
	// Mode must be the same at both ends.
	Mode MemifMode
	// Secret must be the same at both ends, empty for none.
	Secret string
	// RxQueues and TxQueues are what a slave offers, 0 for a master; RingSize
	// is in slots, BufferSize in bytes.
	RxQueues, TxQueues int
	RingSize           uint32
	BufferSize         uint16
}

// MemifMode says what a memif carries (memif_interface_mode_t in
// src/plugins/memif/memif.h).
type MemifMode uint8

// Modes of a memif, with the protocol's numbers.
const (
	MemifEthernet MemifMode = iota
	MemifIP
	MemifPuntInject
)

func (m MemifMode) String() string {
	if m > MemifPuntInject {
		return "unknown"
	}
	return [...]string{"ethernet", "ip", "punt-inject"}[m]
}
