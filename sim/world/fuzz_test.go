package world

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// FuzzFrames throws frames at a segment with a host, a router and a layer-3
// interface. Nothing may panic, block, or go on for ever.
func FuzzFrames(f *testing.F) {
	for _, frame := range seeds(f) {
		f.Add(frame, uint8(0), true)
		f.Add(frame, uint8(1), true)
		f.Add(frame, uint8(2), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, cut uint8, repair bool) {
		synctest.Test(t, func(t *testing.T) {
			w := New(1)
			defer w.Close()
			in, tun := arena(t, w)
			frame := packet.Frame{Data: data}
			if repair {
				frame.Data = mend(data)
			}
			switch cut % 3 {
			case 0:
				in.Transmit([]packet.Frame{frame})
			case 1: // the same in two, as fragments and stream parts come
				in.Transmit([]packet.Frame{frame, {Data: data[:len(data)/2]}, frame})
			default:
				tun.Transmit([]packet.Frame{{Data: data[min(len(data), packet.EthernetLen):]}})
			}
			time.Sleep(5 * time.Minute)
			if frames, timers := w.Pending(); frames+timers != 0 {
				t.Fatalf("%d frames and %d timers after five minutes", frames, timers)
			}
		})
	})
}

// arena is a host and a router with open sockets on one segment, and the two
// NICs to throw frames in by.
func arena(t *testing.T, w *World) (in, tun *NIC) {
	t.Helper()
	s := newSegmentT(t, w, "lan")
	h := lanHost(t, w, s, "h", "10.0.0.1/24", "fd00::1/64")
	r := lanHost(t, w, s, "r", "10.0.0.2/24", "fd00::2/64")
	r.SetForwarding(true)
	p2p, err := h.AddInterface(InterfaceConfig{Name: "tun0", L3: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []*Host{h, r} {
		if _, err := h.HandleUDP(addrPort("[::]:53"), SocketOptions{}, whoami); err != nil {
			t.Fatal(err)
		}
		if _, err := h.ListenTCP(addrPort("[::]:80"), SocketOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := h.AddDefault(addr("10.0.0.9"), ""); err != nil {
			t.Fatal(err)
		}
	}
	nic := func(name string, l3 bool) *NIC {
		n, err := w.NewNIC(NICConfig{Node: "fuzz", Name: name, L3: l3})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	in, tun = nic("eth", false), nic("tun", true)
	if _, err := s.Attach(in, LinkConfig{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Connect(tun, p2p.NIC(), LinkConfig{}); err != nil {
		t.Fatal(err)
	}
	return in, tun
}

// mend makes checksums right, so that more than the first check is reached.
func mend(data []byte) []byte {
	data = append([]byte(nil), data...)
	_, off := packet.Ethernet(data).Network()
	if off >= len(data) {
		return data
	}
	switch ip := data[off:]; ip[0] >> 4 {
	case 4:
		p := packet.IPv4(ip)
		p.UpdateChecksum()
		src, dst := p.Src(), p.Dst()
		packet.SetTransportChecksum(p.Payload(), src[:], dst[:], p.Protocol())
	case 6:
		p := packet.IPv6(ip)
		if proto, at, _, ok := p.Upper(); ok && p.Valid() {
			src, dst := p.Src(), p.Dst()
			packet.SetTransportChecksum(p[at:packet.IPv6Len+p.PayloadLen()], src[:], dst[:], proto)
		}
	}
	return data
}

// seeds are the frames that a host sends for common things.
func seeds(f *testing.F) (frames [][]byte) {
	dst, src := MACFor(1, 1), packet.MAC{2, 0, 0, 0, 0, 9}
	add := func(to, from string, proto uint8, segment []byte) {
		a, b := netip.MustParseAddr(to), netip.MustParseAddr(from)
		buf, seg := newSegment(a, len(segment))
		copy(seg, segment)
		h := &Host{}
		h.header(&outPacket{src: b, dst: a, proto: proto}, buf[packet.EthernetLen:], len(segment))
		eth := packet.Ethernet(buf)
		eth.SetDst(dst)
		eth.SetSrc(src)
		eth.SetType(packet.EtherTypeIPv4)
		if a.Is6() {
			eth.SetType(packet.EtherTypeIPv6)
			buf[packet.EthernetLen+7] = 255
		}
		frames = append(frames, mend(buf))
	}
	echo := make([]byte, 32)
	packet.ICMP(echo).Encode(packet.ICMPEcho, 0, 1)
	udp := make([]byte, 20)
	packet.UDP(udp).Encode(999, 53, 20)
	syn := make([]byte, 24)
	packet.TCPFields{SrcPort: 999, DstPort: 80, Flags: packet.TCPSyn, Window: 100, MSS: 1000}.Encode(syn)
	nd := make([]byte, 32)
	packet.NDFields{Type: packet.ICMPv6NeighborSol, Target: addr("fd00::1"), LinkAddr: src}.Encode(nd)
	for _, to := range []string{"10.0.0.1", "10.0.0.2", "9.9.9.9", "255.255.255.255", "224.0.0.1"} {
		add(to, "10.0.0.9", packet.ProtoICMP, echo)
		add(to, "10.0.0.9", packet.ProtoUDP, udp)
		add(to, "10.0.0.9", packet.ProtoTCP, syn)
		add(to, "10.0.0.9", 99, udp)
	}
	for _, to := range []string{"fd00::1", "fd00::2", "ff02::1", "2001:db8::1"} {
		add(to, "fd00::9", packet.ProtoICMPv6, nd)
		add(to, "fd00::9", packet.ProtoUDP, udp)
		add(to, "fd00::9", packet.ProtoTCP, syn)
		add(to, "fd00::9", packet.ProtoFragment, append([]byte{17, 0, 0, 1, 0, 0, 0, 1}, udp...))
	}
	quoted := frames[1][packet.EthernetLen:]
	unreachable := append(make([]byte, 8), quoted...)
	packet.ICMP(unreachable).Encode(packet.ICMPUnreachable, packet.ICMPFragNeeded, 1000)
	add("10.0.0.1", "10.0.0.9", packet.ProtoICMP, unreachable)
	arp := make([]byte, packet.EthernetLen+packet.ARPLen)
	copy(arp, frames[0][:packet.EthernetLen])
	packet.Ethernet(arp).SetType(packet.EtherTypeARP)
	packet.ARPFields{Op: packet.ARPRequest, SenderMAC: src, SenderIP: addr("10.0.0.9"), TargetIP: addr("10.0.0.1")}.Encode(arp[packet.EthernetLen:])
	return append(frames, arp)
}
