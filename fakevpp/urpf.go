package fakevpp

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// urpfHandlers are the messages of src/plugins/urpf/urpf.api.
var urpfHandlers = []handler{
	reply("urpf_update", (*VPP).urpfUpdate),
	reply("urpf_update_v2", (*VPP).urpfUpdateV2),
	dump("urpf_interface_dump", "urpf_interface_details", (*VPP).urpfInterfaceDump),
}

type urpfUpdate struct {
	IsInput   bool
	Mode      uint8
	AF        uint8 `api:"af"`
	SwIfIndex uint32
}

type urpfUpdateV2 struct {
	IsInput   bool
	Mode      uint8
	AF        uint8 `api:"af"`
	SwIfIndex uint32
	TableID   uint32 `api:"table_id"`
}

// urpfUpdate is the first version, which always checks in table 0, not in the
// interface's (vl_api_urpf_update_t_handler in src/plugins/urpf/urpf_api.c).
func (v *VPP) urpfUpdate(_ *call, req *urpfUpdate) error {
	return v.setURPF(urpfUpdateV2{IsInput: req.IsInput, Mode: req.Mode, AF: req.AF, SwIfIndex: req.SwIfIndex})
}

func (v *VPP) urpfUpdateV2(_ *call, req *urpfUpdateV2) error { return v.setURPF(*req) }

func (v *VPP) setURPF(req urpfUpdateV2) error {
	switch {
	case v.dp.Interface(req.SwIfIndex) == nil:
		return vnet.ErrInvalidSwIfIndex
	case req.Mode > uint8(vnet.URPFStrict):
		return vnet.ErrInvalidValue
	case req.AF > uint8(fib.IP6):
		return vnet.ErrInvalidAddressFamily
	}
	p := fib.Proto(req.AF)
	if req.TableID == vlib.InvalidIndex {
		return v.dp.SetURPF(req.SwIfIndex, p, req.IsInput, vnet.URPFMode(req.Mode), 0, false)
	}
	table, ok := v.dp.FIB.FindTable(p, req.TableID)
	if !ok {
		return vnet.ErrInvalidValue
	}
	return v.dp.SetURPF(req.SwIfIndex, p, req.IsInput, vnet.URPFMode(req.Mode), table, true)
}

type urpfDump struct{ SwIfIndex uint32 }

type urpfDetails struct {
	SwIfIndex uint32
	IsInput   bool
	Mode      uint8
	AF        uint8  `api:"af"`
	TableID   uint32 `api:"table_id"`
}

func (v *VPP) urpfInterfaceDump(_ *call, req *urpfDump, emit func(*urpfDetails)) error {
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		if req.SwIfIndex != vlib.InvalidIndex && req.SwIfIndex != i.SwIfIndex {
			return true
		}
		for _, u := range v.dp.URPFConfigs(i.SwIfIndex) {
			emit(&urpfDetails{SwIfIndex: u.SwIfIndex, IsInput: u.Input, Mode: uint8(u.Mode), AF: uint8(u.Proto),
				TableID: v.dp.FIB.Table(u.Proto, u.FibIndex).ID})
		}
		return true
	})
	return nil
}
