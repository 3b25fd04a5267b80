package vnet

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// DeviceInputTrace is what a device input node records.
type DeviceInputTrace struct {
	// Device is the device class's name, Interface the interface's.
	Device, Interface string
	// HwIfIndex and SwIfIndex identify the device and its interface.
	HwIfIndex, SwIfIndex uint32
	// Next is the slot of the next node, Len the packet's length in bytes.
	Next uint16
	Len  int
	// GSOSize is the segment size of a super-packet in bytes, 0 for others.
	GSOSize uint16
	// Checksum says that the far side left the layer 4 checksum to be filled in.
	Checksum bool
}

func newDeviceInputTrace(i *Interface, b *vlib.Buffer, next uint16) DeviceInputTrace {
	return DeviceInputTrace{Device: i.Hw.Device.Name, Interface: i.Name, HwIfIndex: i.Hw.HwIfIndex,
		SwIfIndex: i.SwIfIndex, Next: next, Len: b.Len(), GSOSize: b.GSOSize,
		Checksum: b.Flags&vlib.FlagOffloadL4Checksum != 0}
}

// Format renders as the class's input trace (src/plugins/tap/format.c,
// src/plugins/memif/node.c, src/plugins/af_packet/node.c, src/vnet/pg/input.c).
// A packet generator's stream goes by its interface's name.
func (t DeviceInputTrace) Format() string {
	switch t.Device {
	case DeviceMemif.Name:
		return fmt.Sprintf("memif: hw_if_index %d next-index %d\n  slot: ring 0", t.HwIfIndex, t.Next)
	case DeviceAFPacket.Name:
		return fmt.Sprintf("af_packet: hw_if_index %d rx-queue 0 next-index %d", t.HwIfIndex, t.Next)
	case DevicePG.Name:
		return fmt.Sprintf("stream %s, %d bytes, sw_if_index %d, next_node %s", t.Interface, t.Len, t.SwIfIndex,
			deviceNexts[t.Next])
	}
	flags := 0
	if t.Checksum {
		flags = 1
	}
	return fmt.Sprintf("virtio: hw_if_index %d next-index %d vring 0 len %d\n  hdr: flags 0x%02x gso_type 0x%02x hdr_len 0 "+
		"gso_size %d csum_start 0 csum_offset 0 num_buffers 1", t.HwIfIndex, t.Next, t.Len, flags, min(t.GSOSize, 1), t.GSOSize)
}

// OutputTrace is what an output node records.
type OutputTrace struct {
	// Interface is the interface the packet leaves by, SwIfIndex its index.
	Interface string
	SwIfIndex uint32
	// Ethernet says that Data starts with an Ethernet header.
	Ethernet bool
	// Flags are the buffer's flags.
	Flags vlib.Flag
	// Data is the start of the packet.
	Data [120]byte
	// Len is how much of Data is the packet's, in bytes.
	Len int
}

func newOutputTrace(i *Interface, b *vlib.Buffer) OutputTrace {
	t := OutputTrace{Interface: i.Name, SwIfIndex: i.SwIfIndex, Ethernet: i.Hw.Class.Ethernet, Flags: b.Flags}
	t.Len = copy(t.Data[:], b.Bytes())
	return t
}

// Format renders as format_vnet_interface_output_trace
// (src/vnet/interface_output.c); the flags are this package's.
func (t OutputTrace) Format() string {
	return fmt.Sprintf("%s flags 0x%08x\n%s", t.Interface, uint32(t.Flags), formatPacket(t.Data[:t.Len], t.Ethernet))
}

// formatPacket renders an Ethernet frame with what it carries as
// format_ethernet_header_with_length does, a bare packet in hexadecimal.
func formatPacket(data []byte, ethernet bool) string {
	if !ethernet || len(data) < packet.EthernetLen {
		return hexBytes(data)
	}
	e := packet.Ethernet(data)
	etherType, off := e.Network()
	s := formatEthernet(e)
	switch {
	case off >= len(data):
	case etherType == packet.EtherTypeIPv4:
		s += "\n" + formatIP(false, data[off:])
	case etherType == packet.EtherTypeIPv6:
		s += "\n" + formatIP(true, data[off:])
	case etherType == packet.EtherTypeARP:
		var t ARPTrace
		copy(t.Packet[:], data[off:])
		s += "\n" + t.Format()
	}
	return s
}

// etherTypeName is VPP's name of an EtherType (format_ethernet_type).
func etherTypeName(t uint16) string {
	switch t {
	case packet.EtherTypeIPv4:
		return "IP4"
	case packet.EtherTypeIPv6:
		return "IP6"
	case packet.EtherTypeARP:
		return "ARP"
	case packet.EtherTypeVLAN:
		return "VLAN"
	}
	return fmt.Sprintf("0x%x", t)
}

// TxTrace is what the node "<if>-tx" records.
type TxTrace struct {
	// Device is the device class's name, HwIfIndex the device's index.
	Device    string
	HwIfIndex uint32
	// Len is the packet's length in bytes.
	Len int
}

// Format names queue and length.
func (t TxTrace) Format() string {
	return fmt.Sprintf("%s: hw_if_index %d tx-queue 0 len %d", t.Device, t.HwIfIndex, t.Len)
}
