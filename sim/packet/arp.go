package packet

import "net/netip"

// ARPLen is the length of an ARP packet for IPv4 over Ethernet in bytes.
const ARPLen = 28

// ARP operations (RFC 826).
const (
	ARPRequest uint16 = 1
	ARPReply   uint16 = 2
)

// ARP is an ARP packet for IPv4 over Ethernet, without its Ethernet header.
type ARP []byte

// Valid tells whether the packet is whole and speaks of IPv4 over Ethernet.
func (a ARP) Valid() bool {
	return len(a) >= ARPLen && Uint16(a, 0) == 1 && Uint16(a, 2) == EtherTypeIPv4 && a[4] == 6 && a[5] == 4
}

// Op is the operation, ARPRequest or ARPReply.
func (a ARP) Op() uint16 { return Uint16(a, 6) }

// SenderMAC is the Ethernet address of the sender.
func (a ARP) SenderMAC() (m MAC) { copy(m[:], at(a, 8, 6)); return m }

// SenderIP is the IPv4 address of the sender.
func (a ARP) SenderIP() [4]byte { return addr4(a, 14) }

// TargetMAC is the Ethernet address of the target, zero in a request.
func (a ARP) TargetMAC() (m MAC) { copy(m[:], at(a, 18, 6)); return m }

// TargetIP is the IPv4 address of the target.
func (a ARP) TargetIP() [4]byte { return addr4(a, 24) }

// ARPFields are the fields of an ARP packet that vary.
type ARPFields struct {
	Op                   uint16
	SenderMAC, TargetMAC MAC
	SenderIP, TargetIP   netip.Addr // IPv4
}

// Encode writes the packet into the first ARPLen bytes of b.
func (f ARPFields) Encode(b []byte) {
	if len(b) < ARPLen {
		return
	}
	PutUint16(b, 0, 1)
	PutUint16(b, 2, EtherTypeIPv4)
	b[4], b[5] = 6, 4
	PutUint16(b, 6, f.Op)
	copy(b[8:], f.SenderMAC[:])
	copy(b[14:18], f.SenderIP.AsSlice())
	copy(b[18:], f.TargetMAC[:])
	copy(b[24:28], f.TargetIP.AsSlice())
}
