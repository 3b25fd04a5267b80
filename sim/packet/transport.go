package packet

// Lengths of transport headers in bytes, TCP without options.
const (
	UDPLen   = 8
	TCPLen   = 20
	VXLANLen = 8
)

// VXLANPort is the UDP port of VXLAN (RFC 7348).
const VXLANPort uint16 = 4789

// UDP is a UDP header and its payload.
type UDP []byte

// Valid tells whether the length field fits the bytes.
func (u UDP) Valid() bool { return len(u) >= UDPLen && u.Length() >= UDPLen && u.Length() <= len(u) }

// SrcPort is the source port.
func (u UDP) SrcPort() uint16 { return Uint16(u, 0) }

// DstPort is the destination port.
func (u UDP) DstPort() uint16 { return Uint16(u, 2) }

// Length is the length of header and payload in bytes.
func (u UDP) Length() int { return int(Uint16(u, 4)) }

// Checksum is the checksum field, zero for none over IPv4.
func (u UDP) Checksum() uint16 { return Uint16(u, 6) }

// SetChecksum writes the checksum field.
func (u UDP) SetChecksum(c uint16) { PutUint16(u, 6, c) }

// Payload is what follows the header up to the length field, nil when that does
// not fit the bytes.
func (u UDP) Payload() []byte {
	if !u.Valid() {
		return nil
	}
	return u[UDPLen:u.Length():u.Length()]
}

// Encode writes a header without checksum; length counts the header too.
func (u UDP) Encode(src, dst uint16, length int) {
	PutUint16(u, 0, src)
	PutUint16(u, 2, dst)
	PutUint16(u, 4, uint16(length))
	PutUint16(u, 6, 0)
}

// TCP flags (RFC 9293 section 3.1).
const (
	TCPFin uint8 = 1 << iota
	TCPSyn
	TCPRst
	TCPPsh
	TCPAck
	TCPUrg
)

// TCP is a TCP header and its payload.
type TCP []byte

// Valid tells whether the data offset fits the bytes.
func (t TCP) Valid() bool {
	return len(t) >= TCPLen && t.HeaderLen() >= TCPLen && t.HeaderLen() <= len(t)
}

// SrcPort is the source port.
func (t TCP) SrcPort() uint16 { return Uint16(t, 0) }

// DstPort is the destination port.
func (t TCP) DstPort() uint16 { return Uint16(t, 2) }

// Seq is the sequence number of the first byte.
func (t TCP) Seq() uint32 { return Uint32(t, 4) }

// Ack is the next sequence number expected from the other side.
func (t TCP) Ack() uint32 { return Uint32(t, 8) }

// HeaderLen is the length of the header with options in bytes.
func (t TCP) HeaderLen() int { return int(Uint8(t, 12)>>4) * 4 }

// Flags are TCPFin, TCPSyn and so on.
func (t TCP) Flags() uint8 { return Uint8(t, 13) }

// Window is how many bytes more the sender takes.
func (t TCP) Window() uint16 { return Uint16(t, 14) }

// Checksum is the checksum field.
func (t TCP) Checksum() uint16 { return Uint16(t, 16) }

// SetChecksum writes the checksum field.
func (t TCP) SetChecksum(c uint16) { PutUint16(t, 16, c) }

// Payload is what follows the header, nil when its length does not fit.
func (t TCP) Payload() []byte {
	if !t.Valid() {
		return nil
	}
	return t[t.HeaderLen():]
}

// MSS finds the maximum segment size option (kind 2), zero when there is none.
func (t TCP) MSS() int {
	if !t.Valid() {
		return 0
	}
	opts := t[TCPLen:t.HeaderLen()]
	for len(opts) > 0 && opts[0] != 0 {
		if opts[0] == 1 {
			opts = opts[1:]
			continue
		}
		if len(opts) < 2 || opts[1] < 2 || int(opts[1]) > len(opts) {
			return 0
		}
		if opts[0] == 2 && opts[1] == 4 {
			return int(Uint16(opts, 2))
		}
		opts = opts[opts[1]:]
	}
	return 0
}

// TCPFields are the fields of a TCP header; a non-zero MSS adds its option.
type TCPFields struct {
	SrcPort, DstPort uint16
	Seq, Ack         uint32
	Flags            uint8
	Window           uint16
	MSS              int
}

// Len is the length of the encoded header in bytes.
func (f TCPFields) Len() int {
	if f.MSS != 0 {
		return TCPLen + 4
	}
	return TCPLen
}

// Encode writes the header without checksum into the first Len bytes of b.
func (f TCPFields) Encode(b []byte) {
	if len(b) < f.Len() {
		return
	}
	PutUint16(b, 0, f.SrcPort)
	PutUint16(b, 2, f.DstPort)
	PutUint32(b, 4, f.Seq)
	PutUint32(b, 8, f.Ack)
	b[12], b[13] = uint8(f.Len()/4)<<4, f.Flags
	PutUint16(b, 14, f.Window)
	PutUint32(b, 16, 0)
	if f.MSS != 0 {
		b[20], b[21] = 2, 4
		PutUint16(b, 22, uint16(f.MSS))
	}
}

// VXLAN is a VXLAN header and the Ethernet frame it carries (RFC 7348).
type VXLAN []byte

// vxlanFlagI says that the VNI is valid.
const vxlanFlagI uint8 = 0x08

// Valid tells whether the header is whole and its I flag set.
func (v VXLAN) Valid() bool { return len(v) >= VXLANLen && v[0]&vxlanFlagI != 0 }

// VNI is the 24-bit network identifier.
func (v VXLAN) VNI() uint32 { return Uint32(v, 4) >> 8 }

// Payload is the frame inside.
func (v VXLAN) Payload() []byte { return from(v, VXLANLen) }

// Encode writes the header for a network identifier.
func (v VXLAN) Encode(vni uint32) {
	PutUint32(v, 0, uint32(vxlanFlagI)<<24)
	PutUint32(v, 4, vni<<8)
}
