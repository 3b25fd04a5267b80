package fakevpp_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/af_packet"
	"go.fd.io/govpp/binapi/ethernet_types"
	"go.fd.io/govpp/binapi/feature"
	"go.fd.io/govpp/binapi/gso"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/interface_types"
	"go.fd.io/govpp/binapi/ip_types"
	"go.fd.io/govpp/binapi/memif"
	"go.fd.io/govpp/binapi/tapv2"
	"go.fd.io/govpp/core"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

const none = ^interface_types.InterfaceIndex(0)

// retval sends a request and returns the reply's error code.
func retval(t testing.TB, conn *core.Connection, req, rep api.Message) api.VPPApiError {
	t.Helper()
	require.NoError(t, conn.Invoke(context.Background(), req, rep))
	return api.VPPApiError(reflect.ValueOf(rep).Elem().FieldByName("Retval").Int())
}

// do sends a request that must succeed.
func do[Rep any, P interface {
	*Rep
	api.Message
}](t testing.TB, conn *core.Connection, req api.Message) P {
	t.Helper()
	rep := P(new(Rep))
	require.Zero(t, retval(t, conn, req, rep), "%s", req.GetMessageName())
	return rep
}

// all collects a dump.
func all[Det any, P interface {
	*Det
	api.Message
}](t testing.TB, conn *core.Connection, req api.Message) []P {
	t.Helper()
	ch := channel(t, conn)
	multi := ch.SendMultiRequest(req)
	var out []P
	for {
		d := P(new(Det))
		last, err := multi.ReceiveReply(d)
		require.NoError(t, err)
		if last {
			return out
		}
		out = append(out, d)
	}
}

// rows shows a dump of interfaces.
func rows(details []*interfaces.SwInterfaceDetails) string {
	var s strings.Builder
	for _, d := range details {
		fmt.Fprintf(&s, "%d %s %s %s %s link_mtu %d mtu %v %q\n", d.SwIfIndex, d.InterfaceName, d.InterfaceDevType, d.Flags,
			d.L2Address, d.LinkMtu, d.Mtu, d.Tag)
	}
	return s.String()
}

// TestInterfaceRetvals compares error codes with those recorded from VPP 26.06;
// the rows build on each other.
func TestInterfaceRetvals(t *testing.T) {
	t.Parallel()
	env := vnet.NewMemoryEnvironment()
	env.AddHostDevice("eth0")
	v := start(t, fakevpp.Environment(env))
	conn := connectInProcess(t, v)
	mac := ethernet_types.MacAddress{2, 0, 0, 0, 0, 0x77}
	loop := do[interfaces.CreateLoopbackReply](t, conn, &interfaces.CreateLoopback{}).SwIfIndex
	require.EqualValues(t, 1, loop)
	tap := do[tapv2.TapCreateV3Reply](t, conn, &tapv2.TapCreateV3{ID: ^uint32(0), UseRandomMac: true}).SwIfIndex
	tun := do[tapv2.TapCreateV3Reply](t, conn, &tapv2.TapCreateV3{ID: ^uint32(0), TapFlags: tapv2.TAP_API_FLAG_TUN}).SwIfIndex
	for _, tt := range []struct {
		name     string
		req, rep api.Message
		want     api.VPPApiError
	}{
		{"instance 7", &interfaces.CreateLoopbackInstance{IsSpecified: true, UserInstance: 7}, &interfaces.CreateLoopbackInstanceReply{}, 0},
		{"instance 7 again", &interfaces.CreateLoopbackInstance{IsSpecified: true, UserInstance: 7}, &interfaces.CreateLoopbackInstanceReply{}, api.INVALID_REGISTRATION},
		{"instance 16384", &interfaces.CreateLoopbackInstance{IsSpecified: true, UserInstance: 16384}, &interfaces.CreateLoopbackInstanceReply{}, api.INVALID_REGISTRATION},
		{"flags of 999", &interfaces.SwInterfaceSetFlags{SwIfIndex: 999, Flags: 1}, &interfaces.SwInterfaceSetFlagsReply{}, api.INVALID_SW_IF_INDEX},
		{"flags of ~0", &interfaces.SwInterfaceSetFlags{SwIfIndex: none, Flags: 1}, &interfaces.SwInterfaceSetFlagsReply{}, api.INVALID_SW_IF_INDEX},
		{"flags of local0", &interfaces.SwInterfaceSetFlags{SwIfIndex: 0, Flags: 1}, &interfaces.SwInterfaceSetFlagsReply{}, 0},
		{"hw mtu of loop0", &interfaces.HwInterfaceSetMtu{SwIfIndex: loop, Mtu: 1500}, &interfaces.HwInterfaceSetMtuReply{}, api.UNSUPPORTED},
		{"hw mtu of loop0 unchanged", &interfaces.HwInterfaceSetMtu{SwIfIndex: loop, Mtu: 9000}, &interfaces.HwInterfaceSetMtuReply{}, 0},
		{"hw mtu of a tun", &interfaces.HwInterfaceSetMtu{SwIfIndex: tun, Mtu: 1400}, &interfaces.HwInterfaceSetMtuReply{}, api.FEATURE_DISABLED},
		{"hw mtu of 999", &interfaces.HwInterfaceSetMtu{SwIfIndex: 999, Mtu: 1400}, &interfaces.HwInterfaceSetMtuReply{}, api.INVALID_SW_IF_INDEX},
		{"mtu", &interfaces.SwInterfaceSetMtu{SwIfIndex: loop, Mtu: []uint32{70000, 1400, 1280, 0}}, &interfaces.SwInterfaceSetMtuReply{}, 0},
		{"mtu of 999", &interfaces.SwInterfaceSetMtu{SwIfIndex: 999, Mtu: []uint32{1, 0, 0, 0}}, &interfaces.SwInterfaceSetMtuReply{}, api.INVALID_SW_IF_INDEX},
		{"promisc on loop0", &interfaces.SwInterfaceSetPromisc{SwIfIndex: loop, PromiscOn: true}, &interfaces.SwInterfaceSetPromiscReply{}, api.UNSPECIFIED},
		{"promisc on a tun", &interfaces.SwInterfaceSetPromisc{SwIfIndex: tun, PromiscOn: true}, &interfaces.SwInterfaceSetPromiscReply{}, api.INVALID_VALUE},
		{"promisc on a tap", &interfaces.SwInterfaceSetPromisc{SwIfIndex: tap, PromiscOn: true}, &interfaces.SwInterfaceSetPromiscReply{}, 0},
		{"tag", &interfaces.SwInterfaceTagAddDel{IsAdd: true, SwIfIndex: loop, Tag: "hello"}, &interfaces.SwInterfaceTagAddDelReply{}, 0},
		{"empty tag", &interfaces.SwInterfaceTagAddDel{IsAdd: true, SwIfIndex: loop}, &interfaces.SwInterfaceTagAddDelReply{}, api.INVALID_VALUE},
		{"tag of 999", &interfaces.SwInterfaceTagAddDel{IsAdd: true, SwIfIndex: 999, Tag: "t"}, &interfaces.SwInterfaceTagAddDelReply{}, api.INVALID_SW_IF_INDEX},
		{"empty tag of 999", &interfaces.SwInterfaceTagAddDel{IsAdd: true, SwIfIndex: 999}, &interfaces.SwInterfaceTagAddDelReply{}, api.INVALID_SW_IF_INDEX},
		{"no tag where none is", &interfaces.SwInterfaceTagAddDel{SwIfIndex: tap}, &interfaces.SwInterfaceTagAddDelReply{}, 0},
		{"mac", &interfaces.SwInterfaceSetMacAddress{SwIfIndex: loop, MacAddress: mac}, &interfaces.SwInterfaceSetMacAddressReply{}, 0},
		{"mac of local0", &interfaces.SwInterfaceSetMacAddress{MacAddress: mac}, &interfaces.SwInterfaceSetMacAddressReply{}, api.UNIMPLEMENTED},
		{"mac of a tun", &interfaces.SwInterfaceSetMacAddress{SwIfIndex: tun, MacAddress: mac}, &interfaces.SwInterfaceSetMacAddressReply{}, api.UNIMPLEMENTED},
		{"second mac of a tun", &interfaces.SwInterfaceAddDelMacAddress{SwIfIndex: uint32(tun), Addr: mac, IsAdd: 1}, &interfaces.SwInterfaceAddDelMacAddressReply{}, api.UNIMPLEMENTED},
		{"second mac", &interfaces.SwInterfaceAddDelMacAddress{SwIfIndex: uint32(tap), Addr: mac, IsAdd: 1}, &interfaces.SwInterfaceAddDelMacAddressReply{}, 0},
		{"read the mac of 999", &interfaces.SwInterfaceGetMacAddress{SwIfIndex: 999}, &interfaces.SwInterfaceGetMacAddressReply{}, api.INVALID_SW_IF_INDEX},
		{"rx mode", &interfaces.SwInterfaceSetRxMode{SwIfIndex: tap, Mode: interface_types.RX_MODE_API_ADAPTIVE}, &interfaces.SwInterfaceSetRxModeReply{}, 0},
		{"rx mode of queue 5", &interfaces.SwInterfaceSetRxMode{SwIfIndex: tap, QueueIDValid: true, QueueID: 5, Mode: 1}, &interfaces.SwInterfaceSetRxModeReply{}, api.UNIMPLEMENTED},
		{"rx mode without queues", &interfaces.SwInterfaceSetRxMode{SwIfIndex: loop, Mode: 1}, &interfaces.SwInterfaceSetRxModeReply{}, 0},
		{"rx placement on worker 0", &interfaces.SwInterfaceSetRxPlacement{SwIfIndex: tap}, &interfaces.SwInterfaceSetRxPlacementReply{}, 0},
		{"rx placement on worker 3", &interfaces.SwInterfaceSetRxPlacement{SwIfIndex: tap, WorkerID: 3}, &interfaces.SwInterfaceSetRxPlacementReply{}, api.UNIMPLEMENTED},
		{"rx placement without queues", &interfaces.SwInterfaceSetRxPlacement{SwIfIndex: loop, IsMain: true}, &interfaces.SwInterfaceSetRxPlacementReply{}, api.UNIMPLEMENTED},
		{"tx placement", &interfaces.SwInterfaceSetTxPlacement{SwIfIndex: tap, Threads: []uint32{0}}, &interfaces.SwInterfaceSetTxPlacementReply{}, 0},
		{"tx placement on thread 4", &interfaces.SwInterfaceSetTxPlacement{SwIfIndex: tap, Threads: []uint32{4}}, &interfaces.SwInterfaceSetTxPlacementReply{}, api.INVALID_VALUE},
		{"tx placement of queue 3", &interfaces.SwInterfaceSetTxPlacement{SwIfIndex: tap, QueueID: 3, Threads: []uint32{0}}, &interfaces.SwInterfaceSetTxPlacementReply{}, api.INVALID_QUEUE},
		{"renumber", &interfaces.InterfaceNameRenumber{SwIfIndex: loop}, &interfaces.InterfaceNameRenumberReply{}, api.UNIMPLEMENTED},
		{"renumber 999", &interfaces.InterfaceNameRenumber{SwIfIndex: 999}, &interfaces.InterfaceNameRenumberReply{}, api.INVALID_SW_IF_INDEX},
		{"clear all", &interfaces.SwInterfaceClearStats{SwIfIndex: none}, &interfaces.SwInterfaceClearStatsReply{}, 0},
		{"clear 999", &interfaces.SwInterfaceClearStats{SwIfIndex: 999}, &interfaces.SwInterfaceClearStatsReply{}, api.INVALID_SW_IF_INDEX},
		{"details of 999", &interfaces.CollectDetailedInterfaceStats{SwIfIndex: 999, EnableDisable: true}, &interfaces.CollectDetailedInterfaceStatsReply{}, api.FEATURE_DISABLED},
		{"details", &interfaces.CollectDetailedInterfaceStats{SwIfIndex: loop, EnableDisable: true}, &interfaces.CollectDetailedInterfaceStatsReply{}, 0},
		{"vlan", &interfaces.CreateVlanSubif{SwIfIndex: tap, VlanID: 100}, &interfaces.CreateVlanSubifReply{}, 0},
		{"vlan again", &interfaces.CreateVlanSubif{SwIfIndex: tap, VlanID: 100}, &interfaces.CreateVlanSubifReply{}, api.VLAN_ALREADY_EXISTS},
		{"vlan 0", &interfaces.CreateVlanSubif{SwIfIndex: tap}, &interfaces.CreateVlanSubifReply{}, api.INVALID_VLAN},
		{"vlan of 999", &interfaces.CreateVlanSubif{SwIfIndex: 999, VlanID: 1}, &interfaces.CreateVlanSubifReply{}, api.INVALID_SW_IF_INDEX},
		{"delete no sub-interface", &interfaces.DeleteSubif{SwIfIndex: tap}, &interfaces.DeleteSubifReply{}, api.INVALID_SUB_SW_IF_INDEX},
		{"delete 999", &interfaces.DeleteLoopback{SwIfIndex: 999}, &interfaces.DeleteLoopbackReply{}, api.INVALID_SW_IF_INDEX},
		{"delete a tap as loopback", &interfaces.DeleteLoopback{SwIfIndex: tap}, &interfaces.DeleteLoopbackReply{}, api.INVALID_SW_IF_INDEX},
		{"delete loop0", &interfaces.DeleteLoopback{SwIfIndex: loop}, &interfaces.DeleteLoopbackReply{}, 0},
		{"delete loop0 again", &interfaces.DeleteLoopback{SwIfIndex: loop}, &interfaces.DeleteLoopbackReply{}, api.INVALID_SW_IF_INDEX},

		{"tap 7", &tapv2.TapCreateV3{ID: 7, UseRandomMac: true}, &tapv2.TapCreateV3Reply{}, 0},
		{"tap 7 again", &tapv2.TapCreateV3{ID: 7, UseRandomMac: true}, &tapv2.TapCreateV3Reply{}, api.INVALID_INTERFACE},
		{"tap with a taken name", &tapv2.TapCreateV2{ID: ^uint32(0), HostIfNameSet: true, HostIfName: "tap0"}, &tapv2.TapCreateV2Reply{}, api.SYSCALL_ERROR_3},
		{"tap with a ring of 100", &tapv2.TapCreateV3{ID: ^uint32(0), TxRingSz: 100}, &tapv2.TapCreateV3Reply{}, api.INIT_FAILED},
		{"tap with mtu 0", &tapv2.TapCreateV3{ID: ^uint32(0), HostMtuSet: true}, &tapv2.TapCreateV3Reply{}, api.NETLINK_ERROR},
		{"tap 8193", &tapv2.TapCreateV3{ID: 8193}, &tapv2.TapCreateV3Reply{}, api.UNSPECIFIED},
		{"attach without a name", &tapv2.TapCreateV3{ID: ^uint32(0), TapFlags: tapv2.TAP_API_FLAG_ATTACH}, &tapv2.TapCreateV3Reply{}, api.SYSCALL_ERROR_3},
		{"delete tap 999", &tapv2.TapDeleteV2{SwIfIndex: 999}, &tapv2.TapDeleteV2Reply{}, api.INVALID_SW_IF_INDEX},
		{"delete local0 as tap", &tapv2.TapDeleteV2{}, &tapv2.TapDeleteV2Reply{}, api.INVALID_SW_IF_INDEX},
		{"delete tap", &tapv2.TapDeleteV2{SwIfIndex: tap}, &tapv2.TapDeleteV2Reply{}, 0},
		{"delete tap again", &tapv2.TapDeleteV2{SwIfIndex: tap}, &tapv2.TapDeleteV2Reply{}, api.INVALID_SW_IF_INDEX},

		{"host interface", &af_packet.AfPacketCreateV3{Mode: af_packet.AF_PACKET_API_MODE_ETHERNET, HostIfName: "eth0"}, &af_packet.AfPacketCreateV3Reply{}, 0},
		{"host interface again", &af_packet.AfPacketCreateV2{HostIfName: "eth0"}, &af_packet.AfPacketCreateV2Reply{}, api.IF_ALREADY_EXISTS},
		{"host interface of nothing", &af_packet.AfPacketCreate{HostIfName: "eth9"}, &af_packet.AfPacketCreateReply{}, api.INVALID_INTERFACE},
		{"host interface without mode", &af_packet.AfPacketCreateV3{HostIfName: "eth0"}, &af_packet.AfPacketCreateV3Reply{}, api.INVALID_VALUE},
		{"delete unknown host interface", &af_packet.AfPacketDelete{HostIfName: "eth9"}, &af_packet.AfPacketDeleteReply{}, api.SYSCALL_ERROR_1},
		{"delete host interface", &af_packet.AfPacketDelete{HostIfName: "eth0"}, &af_packet.AfPacketDeleteReply{}, 0},

		{"feature on an unknown arc", &feature.FeatureEnableDisable{SwIfIndex: tun, Enable: true, ArcName: "nosuch", FeatureName: "gso-ip4"}, &feature.FeatureEnableDisableReply{}, api.INVALID_VALUE},
		{"unknown feature", &feature.FeatureEnableDisable{SwIfIndex: tun, Enable: true, ArcName: "ip4-output", FeatureName: "nosuch"}, &feature.FeatureEnableDisableReply{}, api.INVALID_VALUE},
		{"feature of 999", &feature.FeatureEnableDisable{SwIfIndex: 999, Enable: true, ArcName: "ip4-output", FeatureName: "gso-ip4"}, &feature.FeatureEnableDisableReply{}, api.INVALID_SW_IF_INDEX},
		{"feature off where it is not on", &feature.FeatureEnableDisable{SwIfIndex: tun, ArcName: "ip4-output", FeatureName: "gso-ip4"}, &feature.FeatureEnableDisableReply{}, 0},
		{"gso", &gso.FeatureGsoEnableDisable{SwIfIndex: tun, EnableDisable: true}, &gso.FeatureGsoEnableDisableReply{}, 0},
		{"gso of 999", &gso.FeatureGsoEnableDisable{SwIfIndex: 999, EnableDisable: true}, &gso.FeatureGsoEnableDisableReply{}, api.INVALID_SW_IF_INDEX},
	} {
		require.Equal(t, tt.want, retval(t, conn, tt.req, tt.rep), tt.name)
	}
	on := do[feature.FeatureIsEnabledReply](t, conn, &feature.FeatureIsEnabled{ArcName: "ip4-output", FeatureName: "gso-ip4", SwIfIndex: tun})
	require.True(t, on.IsEnabled)
}

// TestMemifRetvals compares the codes of the memif messages with VPP's.
func TestMemifRetvals(t *testing.T) {
	t.Parallel()
	v := start(t, fakevpp.Environment(vnet.NewMemoryEnvironment()))
	conn := connectInProcess(t, v)
	socket := func(add bool, id uint32, file string) api.Message {
		return &memif.MemifSocketFilenameAddDelV2{IsAdd: add, SocketID: id, SocketFilename: file}
	}
	for _, tt := range []struct {
		name string
		req  api.Message
		want api.VPPApiError
		id   uint32
	}{
		{"socket 0", socket(true, 0, "/tmp/m0.sock"), api.INVALID_ARGUMENT, 0},
		{"delete socket 0", socket(false, 0, ""), api.INVALID_ARGUMENT, 0},
		{"socket 1", socket(true, 1, "/tmp/m1.sock"), 0, 1},
		{"socket 1 again", socket(true, 1, "/tmp/m1.sock"), 0, 1},
		{"socket 1 elsewhere", socket(true, 1, "/tmp/m2.sock"), api.ENTRY_ALREADY_EXISTS, 1},
		{"without name", socket(true, 3, ""), api.INVALID_ARGUMENT, 3},
		{"relative", socket(true, 4, "relative.sock"), 0, 4},
		{"abstract", socket(true, 6, "abstract:x,netns_name=/run/netns/p"), 0, 6},
		{"any", socket(true, ^uint32(0), "/tmp/auto.sock"), 0, 1013904223},
		{"any", socket(true, ^uint32(0), "/tmp/auto2.sock"), 0, 1196435762},
		{"delete unknown", socket(false, 99, ""), api.INVALID_ARGUMENT, 99},
		{"delete ~0", socket(false, ^uint32(0), ""), api.INVALID_ARGUMENT, ^uint32(0)},
		{"delete", socket(false, 1196435762, ""), 0, 1196435762},
	} {
		rep := &memif.MemifSocketFilenameAddDelV2Reply{}
		require.Equal(t, tt.want, retval(t, conn, tt.req, rep), tt.name)
		require.Equal(t, tt.id, rep.SocketID, tt.name)
	}
	require.Equal(t, api.INVALID_ARGUMENT, retval(t, conn,
		&memif.MemifSocketFilenameAddDel{IsAdd: true, SocketID: ^uint32(0), SocketFilename: "/tmp/x"},
		&memif.MemifSocketFilenameAddDelReply{}))
	var sockets []string
	for _, s := range all[memif.MemifSocketFilenameDetails](t, conn, &memif.MemifSocketFilenameDump{}) {
		sockets = append(sockets, fmt.Sprint(s.SocketID, " ", s.SocketFilename))
	}
	require.Equal(t, []string{"0 /run/vpp/memif.sock", "1 /tmp/m1.sock", "4 /run/vpp/relative.sock",
		"6 abstract:x,netns_name=/run/netns/p", "1013904223 /tmp/auto.sock"}, sockets)

	create := func(role memif.MemifRole, mode memif.MemifMode, id, socket, ring uint32) api.VPPApiError {
		return retval(t, conn, &memif.MemifCreateV2{Role: role, Mode: mode, ID: id, SocketID: socket, RingSize: ring},
			&memif.MemifCreateV2Reply{})
	}
	const master, slave = memif.MEMIF_ROLE_API_MASTER, memif.MEMIF_ROLE_API_SLAVE
	require.Zero(t, create(master, memif.MEMIF_MODE_API_ETHERNET, 0, 1, 1024))
	require.Equal(t, api.SUBIF_ALREADY_EXISTS, create(master, memif.MEMIF_MODE_API_ETHERNET, 0, 1, 0))
	require.Equal(t, api.SUBIF_ALREADY_EXISTS, create(slave, memif.MEMIF_MODE_API_ETHERNET, 1, 1, 0))
	require.Equal(t, api.INVALID_ARGUMENT, create(master, memif.MEMIF_MODE_API_ETHERNET, 2, 77, 0))
	require.Equal(t, api.INVALID_ARGUMENT, create(master, memif.MEMIF_MODE_API_ETHERNET, 3, 1, 1000))
	require.Zero(t, create(master, memif.MEMIF_MODE_API_IP, 7, 1, 0))
	require.Zero(t, create(slave, memif.MEMIF_MODE_API_ETHERNET, 16, 6, 0))
	require.Equal(t, api.UNEXPECTED_INTF_STATE, retval(t, conn, socket(false, 1, ""), &memif.MemifSocketFilenameAddDelV2Reply{}))
	require.Equal(t, api.INVALID_SW_IF_INDEX, retval(t, conn, &memif.MemifDelete{}, &memif.MemifDeleteReply{}))
	var memifs []string
	for _, d := range all[memif.MemifDetails](t, conn, &memif.MemifDump{}) {
		memifs = append(memifs, fmt.Sprintf("%d %s %s %s zc=%v ring %d buffer %d", d.SwIfIndex, d.IfName, d.Role, d.Mode, d.ZeroCopy,
			d.RingSize, d.BufferSize))
	}
	require.Equal(t, []string{
		"1 memif1/0 MEMIF_ROLE_API_MASTER MEMIF_MODE_API_ETHERNET zc=false ring 1 buffer 0",
		"2 memif1/7 MEMIF_ROLE_API_MASTER MEMIF_MODE_API_IP zc=false ring 1 buffer 0",
		"3 memif6/16 MEMIF_ROLE_API_SLAVE MEMIF_MODE_API_ETHERNET zc=true ring 1 buffer 0",
	}, memifs)
	do[memif.MemifDeleteReply](t, conn, &memif.MemifDelete{SwIfIndex: 1})
	do[memif.MemifDeleteReply](t, conn, &memif.MemifDelete{SwIfIndex: 2})
	do[memif.MemifSocketFilenameAddDelV2Reply](t, conn, socket(false, 1, ""))
}

// TestInterfaceDump follows the filters of sw_interface_dump and what a tap's
// creation leaves.
func TestInterfaceDump(t *testing.T) {
	t.Parallel()
	v := start(t, fakevpp.Environment(vnet.NewMemoryEnvironment()))
	conn := connectInProcess(t, v)
	do[interfaces.CreateLoopbackReply](t, conn, &interfaces.CreateLoopback{})
	mtu := uint32(1400)
	tap := &tapv2.TapCreateV3{ID: ^uint32(0), UseRandomMac: false, MacAddress: ethernet_types.MacAddress{2, 0, 0, 0, 0, 0xaa},
		HostMtuSet: true, HostMtuSize: mtu, HostIfNameSet: true, HostIfName: "eth0", HostNamespaceSet: true, HostNamespace: "pid:1",
		HostIP4PrefixSet: true, HostIP4Prefix: ip4Prefix("10.0.0.2", 24), Tag: "main-eth0", NumRxQueues: 2, NumTxQueues: 2,
		RxRingSz: 1024, TapFlags: tapv2.TAP_API_FLAG_GSO | tapv2.TAP_API_FLAG_GRO_COALESCE}
	do[tapv2.TapCreateV3Reply](t, conn, tap)
	do[tapv2.TapCreateV3Reply](t, conn, &tapv2.TapCreateV3{ID: ^uint32(0), TapFlags: tapv2.TAP_API_FLAG_TUN})
	everything := `0 local0 local IF_STATUS_API_FLAG 00:00:00:00:00:00 link_mtu 0 mtu [0 0 0 0] ""
1 loop0 Loopback IF_STATUS_API_FLAG de:ad:00:00:00:00 link_mtu 9000 mtu [9000 0 0 0] ""
2 tap0 tap IF_STATUS_API_FLAG_LINK_UP 02:00:00:00:00:aa link_mtu 9000 mtu [9000 0 0 0] "main-eth0"
3 tun1 tap IF_STATUS_API_FLAG_LINK_UP 00:00:00:00:00:00 link_mtu 0 mtu [0 0 0 0] ""
`
	everything = strings.ReplaceAll(everything, "IF_STATUS_API_FLAG ", fmt.Sprint(interface_types.IfStatusFlags(0))+" ")
	line := func(n int) string { return strings.SplitAfter(everything, "\n")[n] }
	for _, tt := range []struct {
		name string
		req  interfaces.SwInterfaceDump
		want string
	}{
		{"index 0 is all", interfaces.SwInterfaceDump{}, everything},
		{"index ~0 is all", interfaces.SwInterfaceDump{SwIfIndex: none}, everything},
		{"one index", interfaces.SwInterfaceDump{SwIfIndex: 2}, line(2)},
		{"unknown index", interfaces.SwInterfaceDump{SwIfIndex: 999}, ""},
		{"filter ignores case", interfaces.SwInterfaceDump{NameFilterValid: true, NameFilter: "TAP"}, line(2)},
		{"filter inside the name", interfaces.SwInterfaceDump{SwIfIndex: none, NameFilterValid: true, NameFilter: "l0"}, line(0)},
		{"empty filter", interfaces.SwInterfaceDump{NameFilterValid: true}, everything},
	} {
		require.Equal(t, tt.want, rows(all[interfaces.SwInterfaceDetails](t, conn, &tt.req)), tt.name)
	}
	taps := all[tapv2.SwInterfaceTapV2Details](t, conn, &tapv2.SwInterfaceTapV2Dump{SwIfIndex: none})
	require.Len(t, taps, 2)
	require.Equal(t, &tapv2.SwInterfaceTapV2Details{SwIfIndex: 2, ID: 0, TxRingSz: 256, RxRingSz: 1024, HostMtuSize: 1400,
		HostMacAddr: taps[0].HostMacAddr, HostIP4Prefix: tap.HostIP4Prefix, TapFlags: tap.TapFlags, DevName: "tap0",
		HostIfName: "eth0", HostNamespace: "pid:1"}, taps[0])
	require.NotZero(t, taps[0].HostMacAddr)
	require.Equal(t, "tun0", taps[1].HostIfName)
	require.Len(t, all[tapv2.SwInterfaceTapV2Details](t, conn, &tapv2.SwInterfaceTapV2Dump{SwIfIndex: 3}), 1)
	queues := all[interfaces.SwInterfaceRxPlacementDetails](t, conn, &interfaces.SwInterfaceRxPlacementDump{SwIfIndex: none})
	require.Len(t, queues, 3)
	require.Equal(t, &interfaces.SwInterfaceRxPlacementDetails{SwIfIndex: 2, QueueID: 1, Mode: interface_types.RX_MODE_API_POLLING}, queues[1])
}

func ip4Prefix(s string, n uint8) (p ip_types.IP4AddressWithPrefix) {
	a, err := ip_types.ParseIP4Address(s)
	if err != nil {
		panic(err)
	}
	return ip_types.IP4AddressWithPrefix{Address: a, Len: n}
}

// TestInterfaceEventMessages compares sw_interface_event with those recorded
// from VPP: one per interface and request, saying what came up.
func TestInterfaceEventMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, err := fakevpp.New(fakevpp.Environment(vnet.NewMemoryEnvironment()))
		require.NoError(t, err)
		conn, err := v.Connect()
		require.NoError(t, err)
		ch, err := conn.NewAPIChannel()
		require.NoError(t, err)
		events := make(chan api.Message, 20)
		sub, err := ch.SubscribeNotification(events, &interfaces.SwInterfaceEvent{})
		require.NoError(t, err)
		do[interfaces.WantInterfaceEventsReply](t, conn, &interfaces.WantInterfaceEvents{EnableDisable: 1, PID: 7})
		expect := func(what string, want ...string) {
			t.Helper()
			synctest.Wait()
			var got []string
			for len(events) > 0 {
				e := (<-events).(*interfaces.SwInterfaceEvent)
				require.EqualValues(t, 7, e.PID)
				got = append(got, fmt.Sprintf("%d flags %d deleted %v", e.SwIfIndex, e.Flags, e.Deleted))
			}
			require.Equal(t, want, got, what)
		}
		loop := do[interfaces.CreateLoopbackReply](t, conn, &interfaces.CreateLoopback{}).SwIfIndex
		expect("create", "1 flags 0 deleted false")
		set := func(up interface_types.IfStatusFlags) {
			do[interfaces.SwInterfaceSetFlagsReply](t, conn, &interfaces.SwInterfaceSetFlags{SwIfIndex: loop, Flags: up})
		}
		set(1)
		expect("up", "1 flags 3 deleted false")
		set(1)
		expect("up again")
		set(2)
		expect("link flag alone is down", "1 flags 0 deleted false")
		do[interfaces.SwInterfaceSetFlagsReply](t, conn, &interfaces.SwInterfaceSetFlags{SwIfIndex: 0, Flags: 1})
		expect("local0 has no link", "0 flags 1 deleted false")
		do[interfaces.DeleteLoopbackReply](t, conn, &interfaces.DeleteLoopback{SwIfIndex: loop})
		expect("delete", "1 flags 0 deleted true")
		do[interfaces.WantInterfaceEventsReply](t, conn, &interfaces.WantInterfaceEvents{EnableDisable: 0, PID: 9})
		do[interfaces.CreateLoopbackReply](t, conn, &interfaces.CreateLoopback{})
		expect("nobody listens")
		require.NoError(t, sub.Unsubscribe())
		ch.Close()
		conn.Disconnect()
		require.NoError(t, v.Close())
	})
}

// TestMemifJoin joins two doubles by a memif: link and queues appear when both
// ends are there, the slave's once it is up, and go with the peer.
func TestMemifJoin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		env := vnet.NewMemoryEnvironment()
		var conns []*core.Connection
		var twins []*fakevpp.VPP
		for range 2 {
			v, err := fakevpp.New(fakevpp.Environment(env))
			require.NoError(t, err)
			conn, err := v.Connect()
			require.NoError(t, err)
			twins, conns = append(twins, v), append(conns, conn)
			do[memif.MemifSocketFilenameAddDelV2Reply](t, conn,
				&memif.MemifSocketFilenameAddDelV2{IsAdd: true, SocketID: 1, SocketFilename: "abstract:x"})
		}
		a, b := conns[0], conns[1]
		do[memif.MemifCreateReply](t, a, &memif.MemifCreate{Role: memif.MEMIF_ROLE_API_MASTER, Mode: memif.MEMIF_MODE_API_IP, SocketID: 1})
		do[memif.MemifCreateReply](t, b, &memif.MemifCreate{Role: memif.MEMIF_ROLE_API_SLAVE, Mode: memif.MEMIF_MODE_API_IP, SocketID: 1,
			RxQueues: 2, TxQueues: 3, RingSize: 512})
		up := func(conn *core.Connection) {
			do[interfaces.SwInterfaceSetFlagsReply](t, conn, &interfaces.SwInterfaceSetFlags{SwIfIndex: 1, Flags: 1})
		}
		state := func() string {
			synctest.Wait()
			var s []string
			for _, c := range conns {
				d := all[memif.MemifDetails](t, c, &memif.MemifDump{})[0]
				q := all[interfaces.SwInterfaceRxPlacementDetails](t, c, &interfaces.SwInterfaceRxPlacementDump{SwIfIndex: 1})
				s = append(s, fmt.Sprintf("flags %d ring %d rx queues %d", d.Flags, d.RingSize, len(q)))
			}
			return strings.Join(s, "; ")
		}
		up(a)
		require.Equal(t, "flags 1 ring 1 rx queues 0; flags 0 ring 1 rx queues 0", state())
		up(b)
		require.Equal(t, "flags 3 ring 1 rx queues 3; flags 3 ring 512 rx queues 2", state())

		// What one end sends, the other receives.
		ma := twins[0].DataPlane()
		ma.Lock()
		buf := ma.Graph.Alloc(append([]byte{0x45}, make([]byte, 39)...))
		buf.TxSwIf = 1
		ma.Graph.Inject(ma.Interface(1).Hw.OutputNode, buf)
		ma.Unlock()
		synctest.Wait()
		mb := twins[1].DataPlane()
		mb.Lock()
		require.Equal(t, vnet.Counter{Packets: 1, Bytes: 40}, *mb.Interface(1).Counters.RX)
		mb.Unlock()

		do[memif.MemifDeleteReply](t, b, &memif.MemifDelete{SwIfIndex: 1})
		synctest.Wait()
		d := all[memif.MemifDetails](t, a, &memif.MemifDump{})[0]
		require.EqualValues(t, 1, d.Flags)
		for i := range twins {
			conns[i].Disconnect()
			require.NoError(t, twins[i].Close())
		}
	})
}

// TestTapPackets passes packets between a tap and its Linux side.
func TestTapPackets(t *testing.T) {
	t.Parallel()
	env := vnet.NewMemoryEnvironment()
	v := start(t, fakevpp.Environment(env))
	conn := connectInProcess(t, v)
	do[tapv2.TapCreateV3Reply](t, conn, &tapv2.TapCreateV3{ID: ^uint32(0), UseRandomMac: true, HostNamespaceSet: true,
		HostNamespace: "/run/netns/pod"})
	dev := env.Tap("/run/netns/pod", "tap0")
	require.NotNil(t, dev)
	frame := packet.Frame{Data: make([]byte, 60)}
	dev.Receiver.Receive(frame)
	m := v.DataPlane()
	require.Zero(t, *m.Interface(1).Counters.RX, "admin down: nothing is read")
	do[interfaces.SwInterfaceSetFlagsReply](t, conn, &interfaces.SwInterfaceSetFlags{SwIfIndex: 1, Flags: 1})
	dev.Receiver.Receive(frame, frame)
	require.Equal(t, vnet.Counter{Packets: 2, Bytes: 120}, *m.Interface(1).Counters.RX)
	do[tapv2.TapDeleteV2Reply](t, conn, &tapv2.TapDeleteV2{SwIfIndex: 1})
	require.Nil(t, env.Tap("/run/netns/pod", "tap0"))
	dev.Receiver.Receive(frame) // late packets are lost
}
