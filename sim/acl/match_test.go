package acl

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// ip4 is an IPv4 packet from 10.0.0.1 to 10.0.1.2 with ports 1000 and 2000.
func ip4(proto byte, fragment byte, flags byte) []byte {
	b := make([]byte, 40)
	b[0], b[7], b[9] = 0x45, fragment, proto
	copy(b[12:], []byte{10, 0, 0, 1, 10, 0, 1, 2, 0x03, 0xe8, 0x07, 0xd0})
	b[33] = flags
	return b
}

// ip6 is an IPv6 UDP packet from fd00::1 to fd01::2 with ports 1000 and 2000
// behind a chain of extension headers.
func ip6(extensions ...byte) []byte {
	b := make([]byte, 40, 128)
	b[0], b[8], b[9], b[23], b[24], b[25], b[39] = 0x60, 0xfd, 0, 1, 0xfd, 1, 2
	at := 6
	for _, eh := range extensions {
		b[at] = eh
		at = len(b)
		b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	b[at] = protoUDP
	return append(b, 0x03, 0xe8, 0x07, 0xd0, 0, 8, 0, 0)
}

func TestMatch(t *testing.T) {
	t.Parallel()
	any4, any6 := pfx("0.0.0.0/0"), pfx("::/0")
	ports := func(r Rule, src, dst uint16) Rule {
		r.SrcFirst, r.SrcLast, r.DstFirst, r.DstLast = src, src, dst, dst
		return r
	}
	all := func(r Rule) Rule {
		r.SrcLast, r.DstLast = 0xffff, 0xffff
		return r
	}
	for _, tt := range []struct {
		name   string
		rule   Rule
		packet []byte
		six    bool
		want   bool
	}{
		{"any", Rule{Src: any4, Dst: any4}, ip4(17, 0, 0), false, true},
		{"other family", Rule{Src: any6, Dst: any6}, ip4(17, 0, 0), false, false},
		{"source and destination", Rule{Src: pfx("10.0.0.0/24"), Dst: pfx("10.0.1.2/32")}, ip4(17, 0, 0), false, true},
		{"other source", Rule{Src: pfx("10.0.2.0/24"), Dst: any4}, ip4(17, 0, 0), false, false},
		{"other destination", Rule{Src: any4, Dst: pfx("10.0.1.3/32")}, ip4(17, 0, 0), false, false},
		{"host bits match nothing", Rule{Src: pfx("10.0.0.1/24"), Dst: any4}, ip4(17, 0, 0), false, false},
		{"host bits of a default route do not count", Rule{Src: pfx("10.0.0.1/0"), Dst: any4}, ip4(17, 0, 0), false, true},
		{"protocol", all(Rule{Src: any4, Dst: any4, Proto: 17}), ip4(17, 0, 0), false, true},
		{"other protocol", all(Rule{Src: any4, Dst: any4, Proto: 6}), ip4(17, 0, 0), false, false},
		{"ports", ports(Rule{Src: any4, Dst: any4, Proto: 17}, 1000, 2000), ip4(17, 0, 0), false, true},
		{"other port", ports(Rule{Src: any4, Dst: any4, Proto: 17}, 1000, 2001), ip4(17, 0, 0), false, false},
		{"later fragment has no ports", ports(Rule{Src: any4, Dst: any4, Proto: 17}, 9, 9), ip4(17, 1, 0), false, true},
		{"ICMP type and code", ports(Rule{Src: any4, Dst: any4, Proto: 1}, 3, 0xe8), ip4(1, 0, 0), false, true},
		{"TCP flags", Rule{Src: any4, Dst: any4, Proto: 6, SrcLast: 0xffff, DstLast: 0xffff, TCPMask: 0x12, TCPValue: 2},
			ip4(6, 0, 2), false, true},
		{"other TCP flags", Rule{Src: any4, Dst: any4, Proto: 6, SrcLast: 0xffff, DstLast: 0xffff, TCPMask: 0x12, TCPValue: 2},
			ip4(6, 0, 0x12), false, false},
		{"six", ports(Rule{Src: pfx("fd00::/16"), Dst: pfx("fd01::2/128"), Proto: 17}, 1000, 2000), ip6(), true, true},
		{"six, other source", Rule{Src: pfx("fd02::/16"), Dst: any6}, ip6(), true, false},
		{"six, behind extension headers", ports(Rule{Src: any6, Dst: any6, Proto: 17}, 1000, 2000), ip6(0, 60, 44), true, true},
		{"six, host bits beyond the last byte do not count", Rule{Src: pfx("fd00::99/16"), Dst: any6}, ip6(), true, true},
		{"six, host bits in the last byte match nothing", Rule{Src: pfx("fdff::/12"), Dst: any6}, ip6(), true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var ls Lists
			tt.rule.Action = Permit
			l, err := ls.Set(InvalidIndex, "tag", []Rule{tt.rule})
			require.NoError(t, err)
			c := ls.NewContext("test", 1, 2)
			require.NoError(t, ls.SetLists(c, []uint32{l.Index}))
			var p Packet
			p.Parse(tt.packet, tt.six)
			m, ok := c.Match(&p)
			require.Equal(t, tt.want, ok)
			if ok {
				require.Equal(t, Match{Action: Permit}, m)
			}
		})
	}
}

// TestLists covers what is refused and what is in use.
func TestLists(t *testing.T) {
	t.Parallel()
	var ls Lists
	v4, v6 := pfx("0.0.0.0/0"), pfx("::/0")
	for want, r := range map[error]Rule{
		ErrSource:      {Src: v4, Dst: v6},
		ErrDestination: {Src: v4},
		ErrPortRange:   {Src: v4, Dst: v4, SrcFirst: 2, SrcLast: 1},
	} {
		_, err := ls.Set(InvalidIndex, "", []Rule{r})
		require.ErrorIs(t, err, want)
	}
	_, err := ls.Set(3, "", nil)
	require.ErrorIs(t, err, ErrNoSuchList)
	l, err := ls.Set(InvalidIndex, "a", []Rule{{Src: v4, Dst: v4}})
	require.NoError(t, err)
	c := ls.NewContext("test", 0, 0)
	require.NoError(t, ls.SetLists(c, []uint32{l.Index}))
	require.ErrorIs(t, ls.SetLists(c, []uint32{l.Index, l.Index}), ErrAppliedTwice)
	require.ErrorIs(t, ls.SetLists(c, []uint32{9}), ErrNoSuchList)
	require.Equal(t, []uint32{0}, c.Lists(), "a failed change keeps the lists")
	require.ErrorIs(t, ls.Delete(l.Index), ErrListInUse)
	ls.DeleteContext(c)
	require.NoError(t, ls.Delete(l.Index))
	require.ErrorIs(t, ls.Delete(l.Index), ErrNoSuchList)
}

func FuzzParse(f *testing.F) {
	f.Add(ip4(6, 0, 2), false)
	f.Add(ip6(0, 44), true)
	f.Add(ip6(43, 43, 43), true)
	f.Fuzz(func(_ *testing.T, b []byte, six bool) {
		if !six && len(b) >= 20 || len(b) >= 40 {
			new(Packet).Parse(b, six)
		}
	})
}
