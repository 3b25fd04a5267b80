package fakevpp

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// reassHandlers are the messages about reassembly of src/vnet/ip/ip.api.
var reassHandlers = []handler{
	reply("ip_reassembly_set", (*VPP).ipReassemblySet),
	replyWith("ip_reassembly_get", (*VPP).ipReassemblyGet),
	reply("ip_reassembly_enable_disable", (*VPP).ipReassemblyEnableDisable),
	reply("ip_local_reass_enable_disable", (*VPP).ipLocalReassEnableDisable),
	replyWith("ip_local_reass_get", (*VPP).ipLocalReassGet),
}

type ipReassemblySet struct {
	TimeoutMS            uint32 `api:"timeout_ms"`
	MaxReassemblies      uint32
	MaxReassemblyLength  uint32
	ExpireWalkIntervalMS uint32 `api:"expire_walk_interval_ms"`
	IsIP6                bool   `api:"is_ip6"`
	Type                 uint32
}

// ipReassemblySet changes nothing for a type that does not exist, and succeeds
// (vl_api_ip_reassembly_set_t_handler in src/vnet/ip/ip_api.c).
func (v *VPP) ipReassemblySet(_ *call, req *ipReassemblySet) error {
	if t := vnet.ReassType(req.Type); t <= vnet.ReassShallow {
		v.dp.SetReassParams(protoOf(req.IsIP6), t, vnet.ReassParams{TimeoutMS: req.TimeoutMS,
			MaxReassemblies: req.MaxReassemblies, MaxLength: req.MaxReassemblyLength, WalkMS: req.ExpireWalkIntervalMS})
	}
	return nil
}

type ipReassemblyGet struct {
	IsIP6 bool `api:"is_ip6"`
	Type  uint32
}

type ipReassemblyGetReply struct {
	TimeoutMS            uint32 `api:"timeout_ms"`
	MaxReassemblies      uint32
	MaxReassemblyLength  uint32
	ExpireWalkIntervalMS uint32 `api:"expire_walk_interval_ms"`
	IsIP6                bool   `api:"is_ip6"`
}

func (v *VPP) ipReassemblyGet(_ *call, req *ipReassemblyGet, rep *ipReassemblyGetReply) error {
	if vnet.ReassType(req.Type) > vnet.ReassShallow {
		return nil
	}
	p := v.dp.ReassParams(protoOf(req.IsIP6), vnet.ReassType(req.Type))
	*rep = ipReassemblyGetReply{TimeoutMS: p.TimeoutMS, MaxReassemblies: p.MaxReassemblies,
		MaxReassemblyLength: p.MaxLength, ExpireWalkIntervalMS: p.WalkMS, IsIP6: req.IsIP6}
	return nil
}

type ipReassemblyEnable struct {
	SwIfIndex uint32
	EnableIP4 bool `api:"enable_ip4"`
	EnableIP6 bool `api:"enable_ip6"`
	Type      uint32
}

func (v *VPP) ipReassemblyEnableDisable(_ *call, req *ipReassemblyEnable) error {
	t := vnet.ReassType(req.Type)
	if t > vnet.ReassShallow {
		return nil
	}
	if err := v.dp.EnableReassembly(fib.IP4, t, req.SwIfIndex, req.EnableIP4); err != nil {
		return err
	}
	return v.dp.EnableReassembly(fib.IP6, t, req.SwIfIndex, req.EnableIP6)
}

type ipLocalReassEnable struct {
	EnableIP4 bool `api:"enable_ip4"`
	EnableIP6 bool `api:"enable_ip6"`
}

func (v *VPP) ipLocalReassEnableDisable(_ *call, req *ipLocalReassEnable) error {
	v.dp.SetLocalReassembly(fib.IP4, req.EnableIP4)
	v.dp.SetLocalReassembly(fib.IP6, req.EnableIP6)
	return nil
}

type ipLocalReassGet struct{}

type ipLocalReassGetReply struct {
	IP4IsEnabled bool `api:"ip4_is_enabled"`
	IP6IsEnabled bool `api:"ip6_is_enabled"`
}

func (v *VPP) ipLocalReassGet(_ *call, _ *ipLocalReassGet, rep *ipLocalReassGetReply) error {
	rep.IP4IsEnabled, rep.IP6IsEnabled = v.dp.LocalReassembly(fib.IP4), v.dp.LocalReassembly(fib.IP6)
	return nil
}
