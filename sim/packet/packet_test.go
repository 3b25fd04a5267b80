package packet

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTraceID(t *testing.T) {
	t.Parallel()
	require.Equal(t, "", TraceID(0).String())
	require.Equal(t, "trace 17", TraceID(17).String())
	id := NewTraceID(3, 17)
	require.Equal(t, "trace 3.17", id.String())
	require.Equal(t, [2]uint32{3, 17}, [2]uint32{id.Origin(), id.Serial()})
}

// slowSum is RFC 1071 by the letter.
func slowSum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		word := uint32(b[i]) << 8
		if i+1 < len(b) {
			word |= uint32(b[i+1])
		}
		sum += word
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

func TestChecksumRFC1071(t *testing.T) {
	t.Parallel()
	// RFC 1071 section 3: the words 0001 f203 f4f5 f6f7 sum to ddf2.
	require.Equal(t, ^uint16(0xddf2), Checksum([]byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}))
	require.Equal(t, uint16(0xffff), Checksum(nil))
	all := make([]byte, 4096)
	for i := range all {
		all[i] = 0xff
	}
	require.Equal(t, uint16(0), Checksum(all), "carries at every step")
}

func TestChecksumProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")
		require.Equal(t, ^slowSum(b), Checksum(b))
		cut := rapid.IntRange(0, len(b)/2).Draw(t, "cut") * 2
		require.Equal(t, slowSum(b), Fold(Sum(b[cut:], Sum(b[:cut], 0))), "sums add up")
	})
}

// same tells whether two checksums mean the same: zero has two forms.
func same(a, b uint16) bool { return a == b || a^b == 0xffff && (a == 0 || b == 0) }

func TestIncrementalUpdate(t *testing.T) {
	t.Parallel()
	// RFC 1624 section 4: the case that the older equation got wrong.
	require.Equal(t, uint16(0x0000), UpdateChecksum16(0xdd2f, 0x5555, 0x3285))
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 40, 80).Draw(t, "data")
		before := Checksum(b)
		field := rapid.IntRange(0, 10).Draw(t, "field") * 2
		old := append([]byte(nil), b[field:field+16]...)
		size := rapid.SampledFrom([]int{2, 4, 16}).Draw(t, "size")
		for i := range size {
			b[field+i] = rapid.Byte().Draw(t, "byte")
		}
		now := b[field:]
		var have uint16
		switch size {
		case 2:
			have = UpdateChecksum16(before, binary.BigEndian.Uint16(old), binary.BigEndian.Uint16(now))
		case 4:
			have = UpdateChecksum32(before, binary.BigEndian.Uint32(old), binary.BigEndian.Uint32(now))
		default:
			have = UpdateChecksumBytes(before, old, now[:16])
		}
		require.True(t, same(Checksum(b), have), "%04x %04x", Checksum(b), have)
	})
}

// reference builds a packet with gopacket.
func reference(t *testing.T, l ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	require.NoError(t, gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, l...))
	return buf.Bytes()
}

var (
	macA = MAC{2, 0xfe, 0, 0, 1, 1}
	a4   = netip.MustParseAddr("10.0.0.1")
	b4   = netip.MustParseAddr("10.0.0.2")
	a6   = netip.MustParseAddr("fd00::1")
	b6   = netip.MustParseAddr("fd00::2")
)

// TestAgainstGopacket: what Encode writes equals what another library writes,
// and what accessors read equals what was written.
func TestAgainstGopacket(t *testing.T) {
	t.Parallel()
	data := []byte("payload of odd size")
	ip4 := &layers.IPv4{Version: 4, IHL: 5, TOS: 4, Id: 99, Flags: layers.IPv4DontFragment, TTL: 7, SrcIP: a4.AsSlice(), DstIP: b4.AsSlice()}
	ip6 := &layers.IPv6{Version: 6, TrafficClass: 4, FlowLabel: 0x12345, HopLimit: 7, SrcIP: a6.AsSlice(), DstIP: b6.AsSlice()}
	header4 := func(proto uint8, n int) []byte {
		b := make([]byte, IPv4Len)
		IPv4Fields{TOS: 4, TotalLen: IPv4Len + n, ID: 99, Fragment: IPv4DontFragment, TTL: 7, Protocol: proto, Src: a4, Dst: b4}.Encode(b)
		return b
	}
	header6 := func(proto uint8, n int) []byte {
		b := make([]byte, IPv6Len)
		IPv6Fields{TrafficClass: 4, FlowLabel: 0x12345, PayloadLen: n, NextHeader: proto, HopLimit: 7, Src: a6, Dst: b6}.Encode(b)
		return b
	}
	udp := make([]byte, UDPLen+len(data))
	UDP(udp).Encode(1000, 53, len(udp))
	copy(udp[UDPLen:], data)
	tcpFields := TCPFields{SrcPort: 1000, DstPort: 80, Seq: 7, Ack: 9, Flags: TCPSyn | TCPAck, Window: 500, MSS: 1400}
	tcp := append(make([]byte, tcpFields.Len()), data...)
	tcpFields.Encode(tcp)
	echo4 := append(make([]byte, ICMPLen), data...)
	ICMP(echo4).Encode(ICMPEcho, 0, 5<<16|6)
	nd := NDFields{Type: ICMPv6NeighborSol, Target: b6, LinkAddr: macA}
	sol := make([]byte, nd.Len())
	nd.Encode(sol)

	refTCP := func(n gopacket.NetworkLayer) *layers.TCP {
		r := &layers.TCP{SrcPort: 1000, DstPort: 80, Seq: 7, Ack: 9, SYN: true, ACK: true, Window: 500,
			Options: []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{0x05, 0x78}}}}
		require.NoError(t, r.SetNetworkLayerForChecksum(n))
		return r
	}
	refUDP := func(n gopacket.NetworkLayer) *layers.UDP {
		r := &layers.UDP{SrcPort: 1000, DstPort: 53}
		require.NoError(t, r.SetNetworkLayerForChecksum(n))
		return r
	}
	icmp6 := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(135, 0)}
	require.NoError(t, icmp6.SetNetworkLayerForChecksum(ip6))
	for _, tt := range []struct {
		name    string
		proto   uint8
		segment []byte
		v6      bool
		rest    []gopacket.SerializableLayer
	}{
		{"udp4", ProtoUDP, udp, false, []gopacket.SerializableLayer{refUDP(ip4), gopacket.Payload(data)}},
		{"udp6", ProtoUDP, udp, true, []gopacket.SerializableLayer{refUDP(ip6), gopacket.Payload(data)}},
		{"tcp4", ProtoTCP, tcp, false, []gopacket.SerializableLayer{refTCP(ip4), gopacket.Payload(data)}},
		{"tcp6", ProtoTCP, tcp, true, []gopacket.SerializableLayer{refTCP(ip6), gopacket.Payload(data)}},
		{"icmp4", ProtoICMP, echo4, false, []gopacket.SerializableLayer{
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0), Id: 5, Seq: 6}, gopacket.Payload(data)}},
		{"nd", ProtoICMPv6, sol, true, []gopacket.SerializableLayer{icmp6, &layers.ICMPv6NeighborSolicitation{
			TargetAddress: b6.AsSlice(), Options: layers.ICMPv6Options{{Type: layers.ICMPv6OptSourceAddress, Data: macA[:]}}}}},
	} {
		segment := append([]byte(nil), tt.segment...)
		src, dst := a4.AsSlice(), b4.AsSlice()
		first := gopacket.SerializableLayer(ip4)
		head := header4(tt.proto, len(segment))
		ip4.Protocol, ip6.NextHeader = layers.IPProtocol(tt.proto), layers.IPProtocol(tt.proto)
		if tt.v6 {
			src, dst, first, head = a6.AsSlice(), b6.AsSlice(), ip6, header6(tt.proto, len(segment))
		}
		SetTransportChecksum(segment, src, dst, tt.proto)
		want := reference(t, append([]gopacket.SerializableLayer{first}, tt.rest...)...)
		require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(append(head, segment...)), tt.name)
		require.True(t, TransportChecksumOK(segment, src, dst, tt.proto), tt.name)
		segment[len(segment)-1] ^= 1
		require.False(t, TransportChecksumOK(segment, src, dst, tt.proto), tt.name)
	}
	require.Equal(t, 1400, TCP(tcp).MSS())
	mac, ok := ND(sol).LinkAddr(NDOptSourceLinkAddr)
	require.True(t, ok)
	require.Equal(t, macA, mac)
}

func TestARPAndEthernet(t *testing.T) {
	t.Parallel()
	frame := make([]byte, EthernetLen+ARPLen)
	eth := Ethernet(frame)
	eth.SetDst(BroadcastMAC)
	eth.SetSrc(macA)
	eth.SetType(EtherTypeARP)
	ARPFields{Op: ARPRequest, SenderMAC: macA, SenderIP: a4, TargetIP: b4}.Encode(eth.Payload())
	want := reference(t, &layers.Ethernet{SrcMAC: net.HardwareAddr(macA[:]), DstMAC: net.HardwareAddr(BroadcastMAC[:]), EthernetType: layers.EthernetTypeARP},
		&layers.ARP{AddrType: 1, Protocol: 0x800, HwAddressSize: 6, ProtAddressSize: 4, Operation: 1,
			SourceHwAddress: macA[:], SourceProtAddress: a4.AsSlice(), DstHwAddress: make([]byte, 6), DstProtAddress: b4.AsSlice()})
	require.Equal(t, hex.EncodeToString(want[:len(frame)]), hex.EncodeToString(frame))
	arp := ARP(eth.Payload())
	require.True(t, arp.Valid())
	require.Equal(t, a4, netip.AddrFrom4(arp.SenderIP()))

	tagged, err := hex.DecodeString("02fe0000020102fe0000010188a80001" + "81000002" + "0800" + "45")
	require.NoError(t, err)
	etherType, off := Ethernet(tagged).Network()
	require.Equal(t, EtherTypeIPv4, etherType)
	require.Equal(t, 22, off)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	require.Equal(t, "02:fe:00:00:01:01", macA.String())
	m, err := ParseMAC("02-fe-00-00-01-01")
	require.NoError(t, err)
	require.Equal(t, macA, m)
	_, err = ParseMAC("02:fe:00:00:01:01:02:03")
	require.EqualError(t, err, `ethernet address "02:fe:00:00:01:01:02:03": want 6 bytes, have 8`)
	require.Equal(t, "fe80::fe:ff:fe00:101", LinkLocal(macA).String())
	require.Equal(t, "01:00:5e:7f:02:03", MulticastMAC(netip.MustParseAddr("239.255.2.3")).String())
	require.Equal(t, "33:33:ff:00:00:01", MulticastMAC(SolicitedNode(a6)).String())
	require.Equal(t, "ff02::1:ff00:1", SolicitedNode(a6).String())
}

func TestIPv6Upper(t *testing.T) {
	t.Parallel()
	head := make([]byte, IPv6Len)
	IPv6Fields{PayloadLen: 24, NextHeader: ProtoHopByHop, HopLimit: 1, Src: a6, Dst: b6}.Encode(head)
	hop := []byte{ProtoFragment, 0, 0, 0, 0, 0, 0, 0}
	frag := []byte{ProtoUDP, 0, 0x05, 0x01, 0, 0, 0, 9} // offset 1280, more
	p := IPv6(append(append(append(head, hop...), frag...), make([]byte, 8)...))
	require.True(t, p.Valid())
	proto, off, f, ok := p.Upper()
	require.True(t, ok)
	require.Equal(t, ProtoUDP, proto)
	require.Equal(t, 56, off)
	require.Equal(t, IPv6Fragment{Present: true, Offset: 1280, More: true, ID: 9, HeaderOffset: 48, PrevNextHeader: 40}, f)
	p[41] = 200 // the first extension header claims more than there is
	_, _, _, ok = p.Upper()
	require.False(t, ok)
}

func TestVXLAN(t *testing.T) {
	t.Parallel()
	b := make([]byte, VXLANLen+1)
	VXLAN(b).Encode(0xabcdef)
	require.Equal(t, "08000000abcdef0000", hex.EncodeToString(b))
	require.Equal(t, uint32(0xabcdef), VXLAN(b).VNI())
	require.True(t, VXLAN(b).Valid())
}

func TestSetTTL(t *testing.T) {
	t.Parallel()
	b := make([]byte, IPv4Len)
	for ttl := range 256 {
		IPv4Fields{TotalLen: 20, TTL: uint8(ttl), Protocol: 1, Src: a4, Dst: b4}.Encode(b)
		IPv4(b).SetTTL(uint8(ttl) - 1)
		require.True(t, IPv4(b).ChecksumOK(), ttl)
	}
}

// FuzzAccessors: no accessor panics or reads outside its bytes.
func FuzzAccessors(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 60))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:len(b):len(b)]
		touch(b)
		p := IPv6(b)
		if p.Valid() {
			if _, off, _, ok := p.Upper(); ok && off > len(b) {
				t.Fatalf("offset %d of %d bytes", off, len(b))
			}
		}
	})
}

func touch(b []byte) {
	e := Ethernet(b)
	e.Network()
	_, _, _, _ = e.Dst(), e.Src(), e.Type(), e.Payload()
	e.SetDst(macA)
	e.SetSrc(macA)
	e.SetType(1)
	a := ARP(b)
	_, _, _, _, _, _ = a.Valid(), a.Op(), a.SenderMAC(), a.SenderIP(), a.TargetMAC(), a.TargetIP()
	ARPFields{SenderIP: a4, TargetIP: b4}.Encode(b)
	p := IPv4(b)
	_, _, _, _, _ = p.Valid(), p.Payload(), p.ChecksumOK(), p.Src(), p.Dst()
	p.SetTTL(3)
	p.UpdateChecksum()
	q := IPv6(b)
	_, _, _, _ = q.Valid(), q.Payload(), q.Src(), q.Dst()
	q.Upper()
	q.SetHopLimit(1)
	q.SetPayloadLen(9)
	for _, proto := range []uint8{ProtoTCP, ProtoUDP, ProtoICMP, ProtoICMPv6, 99} {
		SetTransportChecksum(b, a4.AsSlice(), b4.AsSlice(), proto)
		TransportChecksumOK(b, a6.AsSlice(), b6.AsSlice(), proto)
	}
	m := ICMP(b)
	_, _, _, _, _, _ = m.Type(), m.ID(), m.Seq(), m.MTU(), m.MTU6(), m.Payload()
	ND(b).LinkAddr(1)
	_, _ = ND(b).Target(), ND(b).Flags()
	_, _, _ = UDP(b).Valid(), UDP(b).Payload(), UDP(b).Checksum()
	UDP(b).Encode(1, 2, 3)
	_, _, _ = TCP(b).Valid(), TCP(b).Payload(), TCP(b).MSS()
	TCPFields{MSS: 9}.Encode(b)
	VXLAN(b).Encode(7)
	_, _ = VXLAN(b).VNI(), VXLAN(b).Payload()
}

func BenchmarkChecksum1500(b *testing.B) {
	data := make([]byte, 1500)
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(data)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		_ = Checksum(data)
	}
}
