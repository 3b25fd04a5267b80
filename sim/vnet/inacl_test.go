package vnet

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/acl"
	"github.com/vpptwin/vpptwin/sim/classify"
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// udp4 is a UDP packet from 10.0.0.2 behind pg0, in hex.
func udp4(dst string, port uint16) string {
	return hex.EncodeToString(udp4Frame(dst, port))
}

func udp4Frame(dst string, port uint16) []byte {
	b := make([]byte, 14+20+8+4)
	copy(b, []byte{2, 0xfe, 0, 0, 0, 0, 2, 0xaa, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 2})
	copy(b[30:], netip.MustParseAddr(dst).AsSlice())
	packet.PutUint16(b, 34, 1000)
	packet.PutUint16(b, 36, port)
	packet.PutUint16(b, 38, 12)
	packet.PutUint16(b, 24, packet.Checksum(b[14:34]))
	return b
}

// destinationTable matches the last word of the destination from the IP header
// on, with a session for each address given.
func (d *bed) destinationTable(missNext uint32, next uint16, addrs ...string) *classify.Table {
	d.Helper()
	mask := make([]byte, 16)
	copy(mask, []byte{255, 255, 255, 255})
	t, err := d.AddClassifyTable(classify.Config{Mask: mask, Buckets: 2, MemorySize: 1 << 20, Skip: 1, Match: 1,
		Next: vlib.InvalidIndex, MissNext: missNext, CurrentData: 1})
	require.NoError(d, err)
	for _, a := range addrs {
		d.session(t, a, classify.Session{Next: next})
	}
	return t
}

func (d *bed) session(t *classify.Table, addr string, s classify.Session) {
	d.Helper()
	match := make([]byte, 32)
	copy(match[16:], netip.MustParseAddr(addr).AsSlice())
	require.NoError(d, d.AddClassifySession(t.Index, match, s))
}

func aclTables(kind ACLKind, table uint32) [numACLTables]uint32 {
	t := [numACLTables]uint32{vlib.InvalidIndex, vlib.InvalidIndex, vlib.InvalidIndex, vlib.InvalidIndex, vlib.InvalidIndex}
	t[kind] = table
	return t
}

// permitted is a next index that no node has: the next feature.
const permitted = 0xffff

func TestInputACL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		set  func(d *bed) *classify.Table
		dir  ACLDirection
		itf  string
		sent int
		want []string
	}{
		{"hit permits", func(d *bed) *classify.Table { return d.destinationTable(0, permitted, "10.0.1.2") }, ACLInput, "pg0", 1,
			[]string{"ip4-inacl: input ACL hits 1"}},
		{"miss denies", func(d *bed) *classify.Table { return d.destinationTable(0, permitted, "10.0.1.3") }, ACLInput, "pg0", 0,
			[]string{"ip4-input: valid ip4 packets 1", "ip4-inacl: input ACL misses 1"}},
		{"miss permits", func(d *bed) *classify.Table { return d.destinationTable(vlib.InvalidIndex, 0) }, ACLInput, "pg0", 1,
			[]string{"ip4-inacl: input ACL misses 1"}},
		{"hit denies", func(d *bed) *classify.Table { return d.destinationTable(vlib.InvalidIndex, 0, "10.0.1.2") }, ACLInput, "pg0", 0,
			[]string{"ip4-input: input ACL table-miss drops 1", "ip4-inacl: input ACL hits 1"}},
		{"hit in a later table", func(d *bed) *classify.Table {
			first, second := d.destinationTable(0, 0), d.destinationTable(0, permitted, "10.0.1.2")
			first.Next = second.Index
			return first
		}, ACLInput, "pg0", 1, []string{"ip4-inacl: input ACL hits 1", "ip4-inacl: input ACL hits after chain walk 1"}},
		{"another table to look up in", func(d *bed) *classify.Table {
			table := d.destinationTable(0, 0)
			d.session(table, "10.0.1.2", classify.Session{Next: permitted, Action: classify.ActionSetIP4FIB, Metadata: 7})
			return table
		}, ACLInput, "pg0", 0, []string{"null-node: blackholed packets 1", "ip4-inacl: input ACL hits 1"}},
		{"output, hit permits", func(d *bed) *classify.Table { return d.destinationTable(0, permitted, "10.0.1.2") }, ACLOutput, "pg1", 1,
			[]string{"ip4-outacl: output ACL hits 1"}},
		{"output, miss denies", func(d *bed) *classify.Table { return d.destinationTable(0, permitted) }, ACLOutput, "pg1", 0,
			[]string{"ip4-input: valid ip4 packets 1", "ip4-outacl: output ACL misses 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newBed(t)
			swIf, before := d.itf(tt.itf).SwIfIndex, d.errors()
			table := tt.set(d)
			require.NoError(t, d.SetACLTables(swIf, aclTables(ACLIP4, table.Index), true, tt.dir))
			d.send("pg0", udp4("10.0.1.2", 2000))
			require.Len(t, d.sent("pg1"), tt.sent)
			if tt.name != "another table to look up in" { // what counts the drop there is the denial that the packet carries
				require.Equal(t, append(before, tt.want...), d.errors())
			}
			require.NoError(t, d.SetACLTables(swIf, aclTables(ACLIP4, table.Index), false, tt.dir))
			d.send("pg0", udp4("10.0.1.2", 2000))
			require.Len(t, d.sent("pg1"), 1, "without the ACL")
		})
	}
}

// TestACLErrors covers what is refused.
func TestACLErrors(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	swIf := d.itf("pg0").SwIfIndex
	table := d.destinationTable(0, 0)
	require.ErrorIs(t, d.SetACLTables(swIf, aclTables(ACLIP4, 9), true, ACLInput), ErrNoSuchTable)
	require.ErrorIs(t, d.SetACLTables(swIf, aclTables(ACLIP4, table.Index), false, ACLInput), ErrNoSuchTable)
	require.ErrorIs(t, d.SetACLTables(swIf, aclTables(ACLIP4Punt, table.Index), true, ACLInput), ErrInvalidInterface)
	require.ErrorIs(t, d.AddClassifySession(9, nil, classify.Session{}), ErrNoSuchTable)
	require.ErrorIs(t, d.DeleteClassifySession(table.Index, nil), ErrNoSuchEntry)
	_, err := d.AddClassifyTable(classify.Config{Buckets: 1, Match: 1})
	require.ErrorIs(t, err, ErrInvalidMemorySize)
	_, err = d.AddClassifyTable(classify.Config{Buckets: 1, MemorySize: 1, Match: 6})
	require.ErrorIs(t, err, ErrInvalidValue)
}

// TestABF forwards by policy what a list permits, and the rest as routes say.
func TestABF(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	d.route("20.0.0.0/8", "10.0.0.2 pg0")
	pg0, pg1 := d.itf("pg0").SwIfIndex, d.itf("pg1").SwIfIndex
	list := d.permit("20.0.0.0/16")
	via := []fib.Path{{Proto: fib.IP4, NextHop: netip.MustParseAddr("10.0.1.2"), SwIf: pg1, FibIndex: fib.InvalidIndex,
		RPFID: fib.InvalidIndex, Weight: 1}}
	require.ErrorIs(t, d.AttachABF(fib.IP4, 10, 1, pg0), ErrNoSuchEntry)
	require.NoError(t, d.UpdateABFPolicy(10, list, via))
	require.ErrorIs(t, d.UpdateABFPolicy(10, list+1, via), ErrInvalidValue)
	require.NoError(t, d.AttachABF(fib.IP4, 10, 1, pg0))
	require.ErrorIs(t, d.AttachABF(fib.IP4, 10, 1, pg0), ErrEntryAlreadyExists)
	require.ErrorIs(t, d.ACLs().Delete(list), acl.ErrListInUse)

	d.send("pg0", udp4("20.0.0.1", 1), udp4("20.1.0.1", 1))
	require.Len(t, d.sent("pg1"), 1, "by policy")
	require.Len(t, d.sent("pg0"), 1, "by route")
	require.Subset(t, d.errors(), []string{"abf-input-ip4: matched 1", "abf-input-ip4: missed 1"})

	require.ErrorIs(t, d.DetachABF(fib.IP6, 10, pg0), ErrNoSuchEntry)
	require.NoError(t, d.DetachABF(fib.IP4, 10, pg0))
	require.ErrorIs(t, d.DetachABF(fib.IP4, 10, pg0), ErrNoSuchEntry)
	d.send("pg0", udp4("20.0.0.1", 1))
	require.Len(t, d.sent("pg0"), 1, "by route again")
	require.NoError(t, d.DeleteABFPolicyPaths(10, via))
	require.ErrorIs(t, d.DeleteABFPolicyPaths(10, via), ErrInvalidValue)
	require.NoError(t, d.ACLs().Delete(list))
}

// permit makes a list that permits a destination.
func (d *bed) permit(dst string) uint32 {
	d.Helper()
	l, err := d.ACLs().Set(acl.InvalidIndex, "", []acl.Rule{{Action: acl.Permit, Src: netip.MustParsePrefix("0.0.0.0/0"),
		Dst: netip.MustParsePrefix(dst)}})
	require.NoError(d, err)
	return l.Index
}

// sender records datagrams instead of sending them.
type sender struct{ got []string }

func (s *sender) SendTo(path string, datagram []byte) bool {
	s.got = append(s.got, fmt.Sprintf("%s %x", path, datagram))
	return path != "full"
}

// TestPuntSocket sends a UDP port's packets, with their Ethernet header and the
// interface in front, to a client, and a client's packet out.
func TestPuntSocket(t *testing.T) {
	t.Parallel()
	d, s := newBed(t), new(sender)
	r := PuntRegistration{Type: PuntL4, Upper: packet.ProtoUDP, Port: 2000}
	require.ErrorIs(t, d.AddPuntSocket(r, "client"), ErrUnspecified, "no socket")
	d.SetPuntSender("server", s)
	require.ErrorIs(t, d.AddPuntSocket(r, "server"), ErrUnspecified)
	require.NoError(t, d.AddPuntSocket(r, "client"))
	frame := udp4("10.0.0.1", 2000)
	d.send("pg0", frame)
	require.Equal(t, []string{"client 0100000000000000" + frame}, s.got)
	require.NoError(t, d.AddPuntSocket(r, "full"))
	d.send("pg0", frame)
	require.Subset(t, d.errors(), []string{"ip4-udp-punt-socket: Socket TX 1", "ip4-udp-punt-socket: Socket TX error 1"})
	require.NoError(t, d.DeletePuntSocket(r))
	require.Empty(t, d.sent("pg0"))
	d.send("pg0", frame)
	require.Len(t, d.sent("pg0"), 1, "port unreachable")

	out := udp4Frame("10.0.1.2", 9)
	d.PuntSocketInput(append([]byte{1, 0, 0, 0, 1, 0, 0, 0}, out[14:]...))
	require.Len(t, d.sent("pg1"), 1, "routed")
	d.PuntSocketInput(append([]byte{1, 0, 0, 0, 0, 0, 0, 0}, out...))
	require.Equal(t, []string{hex.EncodeToString(out)}, d.sent("pg0"), "as it is")
	d.PuntSocketInput(append([]byte{9, 0, 0, 0, 0, 0, 0, 0}, out...))
	d.PuntSocketInput(out[:8])
	require.Subset(t, d.errors(), []string{"punt-socket-rx: socket read failure 1", "punt-socket-rx: invalid packet descriptor 1"})
}

// TestPuntReasons covers ESP without a tunnel: punted while someone wants it.
func TestPuntReasons(t *testing.T) {
	t.Parallel()
	d, s := newBed(t), new(sender)
	d.SetPuntSender("server", s)
	esp := udp4Frame("10.0.0.1", 2000)
	esp[23] = protoESP
	packet.PutUint16(esp, 24, 0)
	packet.PutUint16(esp, 24, packet.Checksum(esp[14:34]))
	names := []string{}
	for _, r := range d.PuntReasons() {
		names = append(names, r.Name)
	}
	require.Equal(t, []string{"ipsec4-spi-o-udp-0", "ipsec4-no-such-tunnel", "ipsec6-no-such-tunnel", "ipsec6-spi-o-udp-0"}, names)
	require.NoError(t, d.AddPuntSocket(PuntRegistration{Type: PuntException, Reason: 2}, "client"))
	d.send("pg0", hex.EncodeToString(esp))
	require.Equal(t, []string{"client 0100000000000000" + hex.EncodeToString(esp)}, s.got)
	require.Contains(t, d.FormatPuntStats(), "[2] ipsec4-no-such-tunnel flags: ip4-packet  packets:1 bytes:32\n")
	require.NoError(t, d.SetPuntException(2, true))
	require.ErrorIs(t, d.SetPuntException(2, true), ErrUnspecified)
	require.NoError(t, d.SetPuntException(2, false))
	require.ErrorIs(t, d.SetPuntException(99, true), ErrUnspecified)
}

// BenchmarkInputACL is the cost of a packet through an input ACL.
func BenchmarkInputACL(b *testing.B) {
	d := newBed(b)
	table := d.destinationTable(0, permitted, "10.0.1.2")
	require.NoError(b, d.SetACLTables(d.itf("pg0").SwIfIndex, aclTables(ACLIP4, table.Index), true, ACLInput))
	d.benchmark(b)
}

// BenchmarkABF is the cost of a packet that a policy forwards.
func BenchmarkABF(b *testing.B) {
	d := newBed(b)
	list := d.permit("10.0.1.0/24")
	require.NoError(b, d.UpdateABFPolicy(1, list, []fib.Path{{Proto: fib.IP4, NextHop: netip.MustParseAddr("10.0.1.2"),
		SwIf: d.itf("pg1").SwIfIndex, FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex, Weight: 1}}))
	require.NoError(b, d.AttachABF(fib.IP4, 1, 1, d.itf("pg0").SwIfIndex))
	d.benchmark(b)
}

// benchmark sends packets from pg0 to pg1, as many at a time as a vector holds.
func (d *bed) benchmark(b *testing.B) {
	frames := make([]packet.Frame, vlib.VectorSize)
	for i := range frames {
		frames[i].Data = udp4Frame("10.0.1.2", 9)
	}
	pg0 := d.itf("pg0")
	d.discardOn("pg1")
	b.ReportAllocs()
	for b.Loop() {
		pg0.Receive(frames...)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/vlib.VectorSize, "ns/packet")
}
