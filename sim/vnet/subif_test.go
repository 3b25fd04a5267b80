package vnet

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// tagged puts VLAN tags, each 8 hex digits, between the addresses and the type
// of a frame in hex.
func tagged(frame, tags string) string { return frame[:24] + tags + frame[24:] }

// TestSubInterfaceRouting sends packets through VLAN sub-interfaces: the tag goes
// at the one and comes at the other, and both the sub-interfaces and the devices
// count.
func TestSubInterfaceRouting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in, out string
		rx, tx        SubSpec
	}{
		{"dot1q", "81000064", "810000c8", SubSpec{100, SubOneTag | SubExactMatch, 100, 0}, SubSpec{200, SubOneTag | SubExactMatch, 200, 0}},
		{"dot1ad", "88a80064", "88a800c8", SubSpec{100, SubOneTag | SubDot1AD | SubExactMatch, 100, 0},
			SubSpec{200, SubOneTag | SubDot1AD | SubExactMatch, 200, 0}},
		{"qinq", "8100006481000005", "88a800c881000006", SubSpec{100, SubTwoTags | SubExactMatch, 100, 5},
			SubSpec{1, SubTwoTags | SubDot1AD | SubExactMatch, 200, 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newEmptyBed(t)
			for k, spec := range []SubSpec{c.rx, c.tx} {
				sub, err := d.AddSubInterface(d.pg(uint32(k), PGEthernet).SwIfIndex, spec)
				require.NoError(t, err)
				require.NoError(t, d.SetAdminUp(sub.SwIfIndex, true))
				d.address(sub.Name, fmt.Sprintf("10.0.%d.1/24", k))
			}
			out := fmt.Sprintf("pg1.%d", c.tx.ID)
			d.neighbor(out, "10.0.1.2", "02:aa:00:00:01:02")
			const ip = "4500001c00010000401165cd0a0000020a000102" + "04d210e100080000"
			d.sent("pg1")
			d.send("pg0", tagged("02fe0000000002aa000000020800"+ip, c.in))
			got := d.sent("pg1")
			require.Len(t, got, 1)
			require.Equal(t, "02aa0000010202fe00000001"+c.out+"0800", got[0][:28+len(c.out)])
			size := uint64(14 + len(c.in)/2 + 28)
			require.Equal(t, Counter{Packets: 1, Bytes: size}, *d.itf(fmt.Sprintf("pg0.%d", c.rx.ID)).Counters.RX)
			require.Equal(t, Counter{Packets: 1, Bytes: size}, *d.itf("pg0").Counters.RX)
			require.Equal(t, Counter{Packets: 1, Bytes: size}, *d.itf(out).Counters.TX)
			require.Equal(t, Counter{Packets: 1, Bytes: size}, *d.itf("pg1").Counters.TX)
		})
	}
}

// TestSubInterfaceMatch checks which interface takes a frame by its tags; the
// sub-interface that is down and frames for nobody are errors.
func TestSubInterfaceMatch(t *testing.T) {
	t.Parallel()
	d := newEmptyBed(t)
	sup := d.pg(0, PGEthernet).SwIfIndex
	specs := map[string]SubSpec{
		"exact": {1, SubOneTag | SubExactMatch, 100, 0}, "loose": {2, SubOneTag, 101, 0}, "inner": {3, SubTwoTags | SubExactMatch, 102, 7},
		"inner any": {4, SubTwoTags | SubInnerAny, 102, 0}, "dot1ad": {5, SubOneTag | SubDot1AD | SubExactMatch, 100, 0},
		"down": {6, SubOneTag, 103, 0},
	}
	index := map[uint32]string{sup: "main", vlib.InvalidIndex: ""}
	for name, spec := range specs {
		i, err := d.AddSubInterface(sup, spec)
		require.NoError(t, err, name)
		index[i.SwIfIndex] = name
		require.NoError(t, d.SetAdminUp(i.SwIfIndex, name != "down"))
	}
	tags := [][2]string{{"81000064", "exact"}, {"8100006481000001", ""}, {"81000065", "loose"}, {"8100006581000001", "loose"},
		{"8100006681000007", "inner"}, {"8100006681000008", "inner any"}, {"81000066", ""}, {"88a80064", "dot1ad"}, {"81000067", ""},
		{"81000000", "main"}, {"81000068", ""}}
	for _, c := range tags {
		before := map[uint32]uint64{}
		d.Interfaces(func(i *Interface) bool { before[i.SwIfIndex] = *i.Counters.IP4; return true })
		d.send("pg0", tagged("02fe0000000002aa000000020800", c[0])+"4500001c00010000401165cd0a0000020a00010204d210e100080000")
		got := ""
		d.Interfaces(func(i *Interface) bool {
			if *i.Counters.IP4 != before[i.SwIfIndex] {
				got += index[i.SwIfIndex]
			}
			return true
		})
		require.Equal(t, c[1], got, c[0])
	}
	require.Subset(t, d.errors(), []string{"ethernet-input: unknown vlan 3", "ethernet-input: subinterface down 1"})
}

// TestSubInterfaceState checks creation and deletion, and what goes with the
// interface.
func TestSubInterfaceState(t *testing.T) {
	t.Parallel()
	d := newEmptyBed(t)
	sup := d.pg(0, PGEthernet)
	sub, err := d.AddVLAN(sup.SwIfIndex, 7)
	require.NoError(t, err)
	_, err = d.AddVLAN(sup.SwIfIndex, 7)
	require.ErrorIs(t, err, ErrVLANAlreadyExists)
	_, err = d.AddVLAN(sup.SwIfIndex, 4096)
	require.ErrorIs(t, err, ErrInvalidVLAN)
	_, err = d.AddSubInterface(sup.SwIfIndex, SubSpec{8, SubTwoTags | SubInnerAny | SubExactMatch, 7, 0})
	require.ErrorIs(t, err, ErrUnspecified)
	require.NoError(t, d.SetAdminUp(sub.SwIfIndex, true))
	require.True(t, sub.IsUp())
	require.NoError(t, d.SetAdminUp(sup.SwIfIndex, false))
	require.True(t, sub.AdminUp)
	require.False(t, sub.IsUp())
	require.NoError(t, d.SetAdminUp(sub.SwIfIndex, false))
	require.ErrorContains(t, d.SetAdminUp(sub.SwIfIndex, true), "super-interface pg0 must be up")
	require.NoError(t, d.Rename(sup.SwIfIndex, "wan"))
	require.Same(t, sub, d.InterfaceByName("wan.7"))
	require.NoError(t, d.SetMAC(sup.SwIfIndex, packet.MAC{2, 1}))
	require.ErrorIs(t, d.DeleteSubInterface(sup.SwIfIndex), ErrInvalidSubSwIfIndex)
	require.NoError(t, d.DeletePG(sup.SwIfIndex))
	require.Nil(t, d.InterfaceByName("wan.7"))
	require.Nil(t, d.Interface(sub.SwIfIndex))
}
