package vnet

import (
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// DeviceClass is a kind of driver (vnet_device_class_t in
// src/vnet/interface.h).
type DeviceClass struct {
	// Name is the class's name, the interface_dev_type of the API.
	Name string
	// Input is the graph node that reads the device, empty where packets come
	// from elsewhere in the graph (loopbacks, tunnels).
	Input string
}

// HwClass is a kind of link layer (vnet_hw_interface_class_t).
type HwClass struct {
	// Name is as in `show hardware-interfaces`.
	Name string
	// Ethernet says that packets carry Ethernet headers and next hops are
	// resolved to MAC addresses.
	Ethernet bool
	// P2P says that there is one peer, so that a next hop needs no resolution.
	// A class that is neither is NBMA: next hops are set up by its owner.
	P2P bool
	// TxHash is how the transmit queue is chosen, as `show hardware-interfaces`
	// prints it; empty for none.
	TxHash string
}

// Link layer classes of more than one driver.
var (
	ClassEthernet = &HwClass{Name: "Ethernet", Ethernet: true,
		TxHash: "hash-eth-l34 priority: 50 description: Hash ethernet L34 headers"}
	ClassLocal = &HwClass{Name: "local"}
)

// Hash of drivers that carry bare IP packets.
const txHashIP = "crc32c-5tuple priority: 50 description: IPv4/IPv6 header and TCP/UDP ports"

// deviceLocal is the class of local0.
var deviceLocal = &DeviceClass{Name: "local"}

// RxMode is how a receive queue is served (vnet_hw_if_rx_mode, the API's
// rx_mode).
type RxMode uint8

// Receive modes, with the API's numbers.
const (
	RxModeUnknown RxMode = iota
	RxModePolling
	RxModeInterrupt
	RxModeAdaptive
	RxModeDefault
)

func (m RxMode) String() string {
	return [...]string{"unknown", "polling", "interrupt", "adaptive", "default"}[min(m, RxModeDefault)]
}

// RxQueue is one receive queue.
type RxQueue struct {
	// ID is the queue's number on its interface.
	ID uint32
	// Thread serves the queue: 0 is the main thread, N worker N-1.
	Thread uint32
	// Mode is how it is served.
	Mode RxMode
	// Packets counts what arrived.
	Packets uint64
}

// TxQueue is one transmit queue.
type TxQueue struct {
	// ID is the queue's number on its interface.
	ID uint32
	// Threads lists the threads that send on it.
	Threads []uint32
	// Shared says that more than one thread does.
	Shared bool
	// Packets counts what left.
	Packets uint64
}

// HwInterface is the device side of an interface (vnet_hw_interface_t). Fields
// are read freely by the instance's owner and changed by the methods of Main.
type HwInterface struct {
	// HwIfIndex is the device's index, SwIfIndex its interface's.
	HwIfIndex, SwIfIndex uint32
	// Name is the interface's name, for example "tap0"; DeviceName is the one it
	// was created with.
	Name, DeviceName string
	// Device and Class say which driver and which link layer it has; Instance
	// is the driver's number for it.
	Device   *DeviceClass
	Class    *HwClass
	Instance uint32
	// MAC is the Ethernet address, zero for other classes; ExtraMACs are
	// secondary ones.
	MAC       packet.MAC
	ExtraMACs []packet.MAC
	// LinkUp is the carrier.
	LinkUp bool
	// LinkSpeed is in kbit/s, 0 when unknown.
	LinkSpeed uint32
	// MaxFrame, MinFrame and Overhead are in bytes: the MTU is MaxFrame less
	// Overhead (max_frame_size, min_frame_size, frame_overhead).
	MaxFrame, MinFrame, Overhead uint32
	// Promisc accepts frames for every destination address.
	Promisc bool
	// GSO and Checksum are offloads that the device takes over on transmit
	// (VNET_HW_IF_CAP_TCP_GSO and _TX_CKSUM).
	GSO, Checksum bool
	// PeerMTU is the MTU in bytes of the Linux device at the far side, 0 for
	// Linux's default of 1500; with GSO, larger TCP packets are super-packets.
	PeerMTU uint32
	// RxQueues and TxQueues list its queues; a memif has none until its peer
	// connects.
	RxQueues []RxQueue
	TxQueues []TxQueue
	// RxMode is the mode that new queues get.
	RxMode RxMode
	// Port is the far side, nil for none.
	Port Port
	// Driver does what depends on the kind of device.
	Driver Driver
	// OutputNode and TxNode are the nodes "<name>-output" and "<name>-tx".
	OutputNode, TxNode *vlib.Node
	// l3Output ends the output arcs of IP instead of interface-output, nil for no
	// other node (vnet_set_interface_l3_output_node).
	l3Output *vlib.Node

	// vlans says which interface a frame is for, subs lists the sub-interfaces
	// and l2Count how many of them and itself are in layer 2 mode.
	vlans   portVLANs
	subs    []*Interface
	subIDs  map[uint32]*Interface
	l2Count int

	nodes *interfaceNodes
	input *vlib.Node // the device class's input node, nil for none
}

// peerMTU is PeerMTU with the default filled in.
func (hw *HwInterface) peerMTU() int {
	if hw.PeerMTU == 0 {
		return 1500
	}
	return int(hw.PeerMTU)
}

// Driver is what depends on the kind of device when an interface is
// configured. Embed BaseDriver and override what differs. Errors of these
// methods become the API's answer.
type Driver interface {
	// AdminUpDown follows the interface's admin state, which has changed
	// already; an error takes the change back.
	AdminUpDown(hw *HwInterface, up bool) error
	// SetMAC tells the device its new address.
	SetMAC(hw *HwInterface, mac packet.MAC) error
	// SetMaxFrame tells it its new largest frame in bytes.
	SetMaxFrame(hw *HwInterface, size uint32) error
	// SetPromisc turns filtering by destination address off or on.
	SetPromisc(hw *HwInterface, on bool) error
	// SetRxMode is asked before a queue's mode changes.
	SetRxMode(hw *HwInterface, queue uint32, mode RxMode) error
	// UpdateAdjacency completes a neighbour adjacency on the interface, or
	// returns false to leave it to the link layer's class.
	UpdateAdjacency(hw *HwInterface, adj uint32) bool
	// Show is the driver's part of `show hardware-interfaces`, lines not
	// indented; nil for none.
	Show(hw *HwInterface) []string
}

// BaseDriver is a Driver that takes every change of state and refuses what VPP
// refuses for a class without the callback.
type BaseDriver struct{}

// AdminUpDown leaves the link alone.
func (BaseDriver) AdminUpDown(*HwInterface, bool) error { return nil }

// SetMAC accepts: the address is the interface's alone.
func (BaseDriver) SetMAC(*HwInterface, packet.MAC) error { return nil }

// SetMaxFrame refuses, as classes without the callback do.
func (BaseDriver) SetMaxFrame(*HwInterface, uint32) error { return ErrUnsupported }

// SetPromisc refuses, as drivers without the callback do.
func (BaseDriver) SetPromisc(*HwInterface, bool) error { return ErrUnspecified }

// SetRxMode accepts every mode.
func (BaseDriver) SetRxMode(*HwInterface, uint32, RxMode) error { return nil }

// UpdateAdjacency leaves it to the class.
func (BaseDriver) UpdateAdjacency(*HwInterface, uint32) bool { return false }

// Show shows nothing.
func (BaseDriver) Show(*HwInterface) []string { return nil }
