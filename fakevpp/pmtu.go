package fakevpp

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// pmtuHandlers are the messages about path MTUs of src/vnet/ip/ip.api.
var pmtuHandlers = []handler{
	reply("ip_path_mtu_update", (*VPP).ipPathMTUUpdate),
	get("ip_path_mtu_get", "ip_path_mtu_details", (*VPP).ipPathMTUGet),
	reply("ip_path_mtu_replace_begin", (*VPP).ipPathMTUReplaceBegin),
	reply("ip_path_mtu_replace_end", (*VPP).ipPathMTUReplaceEnd),
}

// ipPathMTU is vl_api_ip_path_mtu_t.
type ipPathMTU struct {
	TableID uint32     `api:"table_id"`
	NH      netip.Addr `api:"nh"`
	PathMTU uint16     `api:"path_mtu"`
}

type ipPathMTUMessage struct {
	PMTU ipPathMTU `api:"pmtu"`
}

func (v *VPP) ipPathMTUUpdate(_ *call, req *ipPathMTUMessage) error {
	if !req.PMTU.NH.IsValid() {
		return vnet.ErrInvalidAddressFamily
	}
	table, ok := v.dp.FIB.FindTable(fib.ProtoOf(req.PMTU.NH), req.PMTU.TableID)
	if !ok {
		return vnet.ErrNoSuchTable
	}
	v.dp.SetPathMTU(req.PMTU.NH, table, req.PMTU.PathMTU)
	return nil
}

type ipPathMTUGetRequest struct{ Cursor uint32 }

func (v *VPP) ipPathMTUGet(_ *call, _ *ipPathMTUGetRequest, emit func(*ipPathMTUMessage)) error {
	for _, e := range v.dp.PathMTUs() {
		emit(&ipPathMTUMessage{PMTU: ipPathMTU{TableID: v.dp.FIB.Table(fib.ProtoOf(e.Addr), e.Fib).ID, NH: e.Addr,
			PathMTU: e.MTU}})
	}
	return nil
}

type ipPathMTUReplace struct{}

func (v *VPP) ipPathMTUReplaceBegin(_ *call, _ *ipPathMTUReplace) error {
	v.dp.BeginPathMTUs()
	return nil
}

func (v *VPP) ipPathMTUReplaceEnd(_ *call, _ *ipPathMTUReplace) error {
	v.dp.EndPathMTUs()
	return nil
}

// pmtuCommands are the commands of src/vnet/ip/ip_path_mtu.c.
func pmtuCommands() []cliCommand {
	return []cliCommand{command("show ip pmtu", "show ip path MTU", cliShowPathMTU)}
}

// cliShowPathMTU renders as format_ip_pmtu does.
func cliShowPathMTU(v *VPP, a *cliArgs) (string, error) {
	var b strings.Builder
	index, one := a.uint()
	for _, e := range v.dp.PathMTUs() {
		if one && e.Index != index {
			continue
		}
		kind := "remote "
		if e.Attached {
			kind = "attached "
		}
		fmt.Fprintf(&b, "[%d] [tbl:[%d:%d]] %s/%d pmtu:[cfg:%d, oper:%d, parent:0] [%s]\n", e.Index,
			v.dp.FIB.Table(fib.ProtoOf(e.Addr), e.Fib).ID, e.Fib, e.Addr, e.Addr.BitLen(), e.MTU, e.MTU, kind)
	}
	if one && b.Len() == 0 {
		return fmt.Sprintf("entry %d invalid\n", index), nil
	}
	return b.String(), nil
}
