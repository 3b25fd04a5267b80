package fakevpp_test

import (
	_ "embed"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/interface_types"
	"go.fd.io/govpp/binapi/ip_types"
	"go.fd.io/govpp/binapi/urpf"
	"go.fd.io/govpp/binapi/vxlan"
	"go.fd.io/govpp/core"

	"github.com/vpptwin/vpptwin/fakevpp"
)

// tunnelCLI is a vppctl session with VPP 26.06: a line "vpp# command", then what
// it printed.
//
//go:embed testdata/tunnel-cli.txt
var tunnelCLI string

// dpoIndex is a number that depends on what else the instance created before.
var dpoIndex = regexp.MustCompile(`encap-dpo-idx \d+`)

// TestTunnelCLI repeats the session about tunnels, reverse-path checks and the
// graph.
func TestTunnelCLI(t *testing.T) {
	t.Parallel()
	v := start(t)
	var have strings.Builder
	for line := range strings.Lines(tunnelCLI) {
		command, ok := strings.CutPrefix(line, "vpp# ")
		if !ok {
			continue
		}
		have.WriteString(line)
		out, err := v.CLI(strings.TrimSpace(command))
		have.WriteString(out)
		if err != nil {
			have.WriteString(err.Error() + "\n")
		}
	}
	require.Equal(t, dpoIndex.ReplaceAllString(tunnelCLI, ""), dpoIndex.ReplaceAllString(have.String(), ""))
}

func vxlanRequest(src, dst string, vni uint32) *vxlan.VxlanAddDelTunnelV3 {
	return &vxlan.VxlanAddDelTunnelV3{IsAdd: true, Instance: ^uint32(0), SrcAddress: address(src), DstAddress: address(dst),
		McastSwIfIndex: ^interface_types.InterfaceIndex(0), DecapNextIndex: ^uint32(0), Vni: vni, IsL3: true}
}

func address(s string) ip_types.Address {
	a, err := ip_types.ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

// TestVXLANAPI checks the answers of vxlan_add_del_tunnel_v3 and its dump.
func TestVXLANAPI(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(testing.TB, *fakevpp.VPP) *core.Connection) {
		ch := channel(t, connect(t, start(t)))
		change := func(req *vxlan.VxlanAddDelTunnelV3) int32 {
			rep := new(vxlan.VxlanAddDelTunnelV3Reply)
			_ = ch.SendRequest(req).ReceiveReply(rep)
			return rep.Retval
		}
		del := vxlanRequest("10.0.0.1", "10.0.0.2", 5)
		del.IsAdd = false
		noTable := vxlanRequest("10.0.0.1", "10.0.0.2", 5)
		noTable.EncapVrfID = 9
		badNext := vxlanRequest("10.0.0.1", "10.0.0.3", 5)
		badNext.DecapNextIndex = 77
		steps := []struct {
			name string
			req  *vxlan.VxlanAddDelTunnelV3
			want api.VPPApiError
		}{
			{"delete what is not there", del, api.NO_SUCH_ENTRY},
			{"add", vxlanRequest("10.0.0.1", "10.0.0.2", 5), 0},
			{"add again", vxlanRequest("10.0.0.1", "10.0.0.2", 5), api.TUNNEL_EXIST},
			{"no such table", noTable, api.NO_SUCH_FIB},
			{"no such next node", badNext, api.INVALID_DECAP_NEXT},
			{"same ends", vxlanRequest("10.0.0.1", "10.0.0.1", 5), api.SAME_SRC_DST},
			{"two families", vxlanRequest("10.0.0.1", "fd00::1", 5), api.INVALID_VALUE},
			{"group without interface", vxlanRequest("10.0.0.1", "239.1.1.1", 5), api.INVALID_SW_IF_INDEX},
			{"over IPv6", vxlanRequest("fd00::1", "fd00::2", 6), 0},
		}
		for _, s := range steps {
			require.Equal(t, s.want, api.VPPApiError(change(s.req)), s.name)
		}
		var have []string
		dump := ch.SendMultiRequest(&vxlan.VxlanTunnelV2Dump{SwIfIndex: ^interface_types.InterfaceIndex(0)})
		for {
			d := new(vxlan.VxlanTunnelV2Details)
			last, err := dump.ReceiveReply(d)
			require.NoError(t, err)
			if last {
				break
			}
			have = append(have, d.SrcAddress.String()+" "+d.DstAddress.String())
			require.EqualValues(t, 4789, d.DstPort)
		}
		require.Equal(t, []string{"10.0.0.1 10.0.0.2", "fd00::1 fd00::2"}, have)
		require.Zero(t, change(del))
	})
}

// TestURPFAPI checks urpf_update_v2 and its dump.
func TestURPFAPI(t *testing.T) {
	t.Parallel()
	v := start(t)
	_, err := v.CLI("create packet-generator interface pg0")
	require.NoError(t, err)
	ch := channel(t, connectInProcess(t, v))
	update := func(req *urpf.UrpfUpdateV2) int32 {
		rep := new(urpf.UrpfUpdateV2Reply)
		_ = ch.SendRequest(req).ReceiveReply(rep)
		return rep.Retval
	}
	loose := &urpf.UrpfUpdateV2{IsInput: true, Mode: urpf.URPF_API_MODE_LOOSE, SwIfIndex: 1, TableID: 0}
	require.Zero(t, update(loose))
	require.EqualValues(t, api.INVALID_SW_IF_INDEX, update(&urpf.UrpfUpdateV2{SwIfIndex: 9, TableID: ^uint32(0)}))
	require.EqualValues(t, api.INVALID_VALUE, update(&urpf.UrpfUpdateV2{SwIfIndex: 1, TableID: 9}))
	require.EqualValues(t, api.INVALID_VALUE, update(&urpf.UrpfUpdateV2{SwIfIndex: 1, Mode: 7}))
	dump := ch.SendMultiRequest(&urpf.UrpfInterfaceDump{SwIfIndex: ^interface_types.InterfaceIndex(0)})
	var have []urpf.UrpfInterfaceDetails
	for {
		d := new(urpf.UrpfInterfaceDetails)
		last, err := dump.ReceiveReply(d)
		require.NoError(t, err)
		if last {
			break
		}
		have = append(have, *d)
	}
	require.Equal(t, []urpf.UrpfInterfaceDetails{{SwIfIndex: 1, IsInput: true, Mode: urpf.URPF_API_MODE_LOOSE}}, have)
}
