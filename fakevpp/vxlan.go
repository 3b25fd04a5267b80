package fakevpp

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// vxlanHandlers are the messages of src/plugins/vxlan/vxlan.api.
var vxlanHandlers = []handler{
	replyWith("vxlan_add_del_tunnel", (*VPP).vxlanAddDelTunnel),
	replyWith("vxlan_add_del_tunnel_v2", (*VPP).vxlanAddDelTunnelV2),
	replyWith("vxlan_add_del_tunnel_v3", (*VPP).vxlanAddDelTunnelV3),
	dump("vxlan_tunnel_dump", "vxlan_tunnel_details", (*VPP).vxlanTunnelDump),
	dump("vxlan_tunnel_v2_dump", "vxlan_tunnel_v2_details", (*VPP).vxlanTunnelV2Dump),
	reply("sw_interface_set_vxlan_bypass", (*VPP).swInterfaceSetVxlanBypass),
	reply("vxlan_offload_rx", (*VPP).vxlanOffloadRX),
}

// vxlanTunnel holds the fields that all versions of the request have.
type vxlanTunnel struct {
	IsAdd          bool
	Instance       uint32
	SrcAddress     netip.Addr
	DstAddress     netip.Addr
	McastSwIfIndex uint32
	EncapVrfID     uint32 `api:"encap_vrf_id"`
	DecapNextIndex uint32
	VNI            uint32 `api:"vni"`
}

type vxlanTunnelV2 struct {
	IsAdd          bool
	Instance       uint32
	SrcAddress     netip.Addr
	DstAddress     netip.Addr
	SrcPort        uint16
	DstPort        uint16
	McastSwIfIndex uint32
	EncapVrfID     uint32 `api:"encap_vrf_id"`
	DecapNextIndex uint32
	VNI            uint32 `api:"vni"`
}

type vxlanTunnelV3 struct {
	IsAdd          bool
	Instance       uint32
	SrcAddress     netip.Addr
	DstAddress     netip.Addr
	SrcPort        uint16
	DstPort        uint16
	McastSwIfIndex uint32
	EncapVrfID     uint32 `api:"encap_vrf_id"`
	DecapNextIndex uint32
	VNI            uint32 `api:"vni"`
	IsL3           bool   `api:"is_l3"`
}

type vxlanReply struct{ SwIfIndex uint32 }

func (v *VPP) vxlanAddDelTunnel(_ *call, req *vxlanTunnel, rep *vxlanReply) error {
	return v.vxlanTunnel(vxlanTunnelV3{IsAdd: req.IsAdd, Instance: req.Instance, SrcAddress: req.SrcAddress,
		DstAddress: req.DstAddress, McastSwIfIndex: req.McastSwIfIndex, EncapVrfID: req.EncapVrfID,
		DecapNextIndex: req.DecapNextIndex, VNI: req.VNI}, rep)
}

func (v *VPP) vxlanAddDelTunnelV2(_ *call, req *vxlanTunnelV2, rep *vxlanReply) error {
	return v.vxlanTunnel(vxlanTunnelV3{IsAdd: req.IsAdd, Instance: req.Instance, SrcAddress: req.SrcAddress,
		DstAddress: req.DstAddress, SrcPort: req.SrcPort, DstPort: req.DstPort, McastSwIfIndex: req.McastSwIfIndex,
		EncapVrfID: req.EncapVrfID, DecapNextIndex: req.DecapNextIndex, VNI: req.VNI}, rep)
}

func (v *VPP) vxlanAddDelTunnelV3(_ *call, req *vxlanTunnelV3, rep *vxlanReply) error {
	return v.vxlanTunnel(*req, rep)
}

// vxlanTunnel checks the request in VPP's order (vxlan_add_del_tunnel_clean_input
// in src/plugins/vxlan/vxlan_api.c) and adds or deletes the tunnel. The upper
// byte of the VNI is cut off, as VPP's key does.
func (v *VPP) vxlanTunnel(req vxlanTunnelV3, rep *vxlanReply) error {
	rep.SwIfIndex = vlib.InvalidIndex
	spec, err := v.vxlanSpec(req)
	if err != nil {
		return err
	}
	if !req.IsAdd {
		swIfIndex, err := v.dp.DeleteVXLAN(spec)
		rep.SwIfIndex = swIfIndex
		return err
	}
	t, err := v.dp.AddVXLAN(spec)
	if err != nil {
		return err
	}
	rep.SwIfIndex = t.SwIfIndex
	return nil
}

func (v *VPP) vxlanSpec(req vxlanTunnelV3) (vnet.VXLANSpec, error) {
	src, dst := req.SrcAddress, req.DstAddress
	if !src.IsValid() || !dst.IsValid() {
		return vnet.VXLANSpec{}, vnet.ErrInvalidValue
	}
	table, ok := v.dp.FIB.FindTable(fib.ProtoOf(src), req.EncapVrfID)
	switch {
	case !ok:
		return vnet.VXLANSpec{}, vnet.ErrNoSuchFIB
	case src.Is4() != dst.Is4():
		return vnet.VXLANSpec{}, vnet.ErrInvalidValue
	case src == dst:
		return vnet.VXLANSpec{}, vnet.ErrSameSrcDst
	case dst.IsMulticast() && v.dp.Interface(req.McastSwIfIndex) == nil:
		return vnet.VXLANSpec{}, vnet.ErrInvalidSwIfIndex
	}
	return vnet.VXLANSpec{Src: src, Dst: dst, SrcPort: req.SrcPort, DstPort: req.DstPort, VNI: req.VNI & 0xffffff,
		EncapFib: table, DecapNext: req.DecapNextIndex, McastSwIf: req.McastSwIfIndex, Instance: req.Instance,
		L3: req.IsL3}, nil
}

type vxlanDump struct{ SwIfIndex uint32 }

type vxlanDetails struct {
	SwIfIndex      uint32
	Instance       uint32
	SrcAddress     netip.Addr
	DstAddress     netip.Addr
	McastSwIfIndex uint32
	EncapVrfID     uint32 `api:"encap_vrf_id"`
	DecapNextIndex uint32
	VNI            uint32 `api:"vni"`
}

type vxlanV2Details struct {
	SwIfIndex      uint32
	Instance       uint32
	SrcAddress     netip.Addr
	DstAddress     netip.Addr
	SrcPort        uint16
	DstPort        uint16
	McastSwIfIndex uint32
	EncapVrfID     uint32 `api:"encap_vrf_id"`
	DecapNextIndex uint32
	VNI            uint32 `api:"vni"`
}

func (v *VPP) vxlanTunnelDump(_ *call, req *vxlanDump, emit func(*vxlanDetails)) error {
	v.vxlanTunnels(req.SwIfIndex, func(t *vnet.VXLANTunnel) {
		emit(&vxlanDetails{SwIfIndex: t.SwIfIndex, Instance: t.Instance, SrcAddress: t.Src, DstAddress: t.Dst,
			McastSwIfIndex: t.McastSwIf, EncapVrfID: v.vxlanTable(t), DecapNextIndex: t.DecapNext, VNI: t.VNI})
	})
	return nil
}

func (v *VPP) vxlanTunnelV2Dump(_ *call, req *vxlanDump, emit func(*vxlanV2Details)) error {
	v.vxlanTunnels(req.SwIfIndex, func(t *vnet.VXLANTunnel) {
		emit(&vxlanV2Details{SwIfIndex: t.SwIfIndex, Instance: t.Instance, SrcAddress: t.Src, DstAddress: t.Dst,
			SrcPort: t.SrcPort, DstPort: t.DstPort, McastSwIfIndex: t.McastSwIf, EncapVrfID: v.vxlanTable(t),
			DecapNextIndex: t.DecapNext, VNI: t.VNI})
	})
	return nil
}

// vxlanTunnels calls fn for the tunnel of an interface, or for all by index.
func (v *VPP) vxlanTunnels(swIfIndex uint32, fn func(*vnet.VXLANTunnel)) {
	if swIfIndex != vlib.InvalidIndex {
		if t := v.dp.VXLAN(swIfIndex); t != nil {
			fn(t)
		}
		return
	}
	v.dp.VXLANs(func(t *vnet.VXLANTunnel) bool { fn(t); return true })
}

// vxlanTable is the number of a tunnel's table for users.
func (v *VPP) vxlanTable(t *vnet.VXLANTunnel) uint32 {
	return v.dp.FIB.Table(fib.ProtoOf(t.Src), t.EncapFib).ID
}

type swInterfaceSetVxlanBypass struct {
	SwIfIndex uint32
	IsIPv6    bool `api:"is_ipv6"`
	Enable    bool
}

func (v *VPP) swInterfaceSetVxlanBypass(_ *call, req *swInterfaceSetVxlanBypass) error {
	if v.dp.Interface(req.SwIfIndex) == nil {
		return vnet.ErrInvalidSwIfIndex
	}
	return v.setVXLANBypass(req.SwIfIndex, req.IsIPv6, req.Enable)
}

// setVXLANBypass enables the feature of that name once, whatever how often it is
// asked for (vnet_int_vxlan_bypass_mode in src/plugins/vxlan/vxlan.c).
func (v *VPP) setVXLANBypass(swIfIndex uint32, ip6, enable bool) error {
	arc, feature := "ip4-unicast", "ip4-vxlan-bypass"
	if ip6 {
		arc, feature = "ip6-unicast", "ip6-vxlan-bypass"
	}
	on, err := v.dp.FeatureEnabled(arc, feature, swIfIndex)
	if err == nil && on == enable || err != nil && !enable {
		return nil
	}
	return v.dp.EnableFeature(arc, feature, swIfIndex, enable)
}

type vxlanOffloadRX struct {
	HwIfIndex uint32
	SwIfIndex uint32
	Enable    bool
}

// vxlanOffloadRX answers as VPP on devices that cannot recognise flows
// (vl_api_vxlan_offload_rx_t_handler in src/plugins/vxlan/vxlan_api.c).
func (v *VPP) vxlanOffloadRX(_ *call, req *vxlanOffloadRX) error {
	hw := v.dp.HwInterface(req.HwIfIndex)
	switch {
	case hw == nil:
		return vnet.ErrNoSuchEntry
	case v.dp.Interface(req.SwIfIndex) == nil:
		return vnet.ErrInvalidSwIfIndex
	}
	t := v.dp.VXLAN(req.SwIfIndex)
	switch {
	case t == nil:
		return vnet.ErrInvalidSwIfIndex2
	case !t.Dst.Is4():
		return vnet.ErrInvalidAddressFamily
	case t.EncapFib != v.dp.Interface(hw.SwIfIndex).FibIndex[fib.IP4]:
		return vnet.ErrNoSuchFIB
	}
	return vnet.ErrUnspecified
}
