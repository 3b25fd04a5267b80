package vnet

import (
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// l3Start returns where the IP header of a packet starts in bytes: after the
// Ethernet header and its tags, or at 0; -1 when the packet is not IP.
func l3Start(data []byte, ethernet bool) int {
	if !ethernet {
		return 0
	}
	off := 12
	for range 3 {
		switch packet.Uint16(data, off) {
		case packet.EtherTypeIPv4, packet.EtherTypeIPv6:
			return off + 2
		case packet.EtherTypeVLAN, packet.EtherTypeQinQ:
			off += 4
		default:
			return -1
		}
	}
	return -1
}

// finishChecksum fills in the layer 4 checksum that the sender of a packet left
// to the device (vnet_calc_checksums_inline in
// src/vnet/interface_output.h).
func finishChecksum(b *vlib.Buffer, ethernet bool) {
	data := b.Bytes()
	l3 := l3Start(data, ethernet)
	if l3 < 0 || l3 >= len(data) {
		return
	}
	b.Flags &^= vlib.FlagOffloadL4Checksum
	l4, proto := transportOf(data[l3:])
	if l4 == nil {
		return
	}
	src, dst := addressesOf(data[l3:])
	packet.SetTransportChecksum(l4, src, dst, proto)
}

// transportOf returns the transport header with its payload and the protocol
// of an IP packet; nil for anything else.
func transportOf(ip []byte) ([]byte, uint8) {
	if len(ip) == 0 {
		return nil, 0
	}
	switch ip[0] >> 4 {
	case 4:
		p := packet.IPv4(ip)
		return p.Payload(), p.Protocol()
	case 6:
		p := packet.IPv6(ip)
		return p.Payload(), p.NextHeader()
	}
	return nil, 0
}

// addressesOf returns source and destination of an IP packet as in its header.
func addressesOf(ip []byte) (src, dst []byte) {
	if ip[0]>>4 == 4 {
		return ip[12:16], ip[16:20]
	}
	return ip[8:24], ip[24:40]
}

// markSuperPacket notes the segment size of a packet that its sender left
// whole for the device to cut.
func markSuperPacket(b *vlib.Buffer, i *Interface) {
	_, _ = b, i
}
