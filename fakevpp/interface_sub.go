package fakevpp

import (
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// subInterfaceHandlers are the messages of src/vnet/interface.api about
// sub-interfaces.
var subInterfaceHandlers = []handler{
	replyWith("create_vlan_subif", (*VPP).createVlanSubif),
	replyWith("create_subif", (*VPP).createSubif),
	reply("delete_subif", (*VPP).deleteSubif),
}

// ifTypeSub is the type of a sub-interface (if_type in
// src/vnet/interface_types.api).
const ifTypeSub = 1

// subFlagsShown are the flags that sw_interface_details has; no_tags is not
// among them (SUB_IF_API_FLAG_MASK_VNET).
const subFlagsShown = 0xfe

// setSub fills in what is a sub-interface's.
func (d *swInterfaceDetails) setSub(s *vnet.SubSpec) {
	d.Type, d.SubID, d.SubNumberOfTags = ifTypeSub, s.ID, uint8(s.Tags())
	d.SubOuterVlanID, d.SubInnerVlanID = s.Outer, s.Inner
	d.SubIfFlags |= uint32(s.Flags) & subFlagsShown
}

// subFlagDot1AH says that there is a rewrite of backbone headers.
const subFlagDot1AH = 256

// setRewrites fills in what is rewritten on the interface in layer 2 mode.
func (d *swInterfaceDetails) setRewrites(dp *vnet.Main) {
	v := dp.VTR(d.SwIfIndex)
	d.VTROp, d.VTRTag1, d.VTRTag2 = uint32(v.Op), uint32(v.Tag1), uint32(v.Tag2)
	if v.Dot1Q {
		d.VTRPushDot1q = 1
	}
	if p, ok := dp.PBB(d.SwIfIndex); ok {
		d.SubIfFlags |= subFlagDot1AH
		d.BDmac, d.BSmac, d.BVlanid, d.ISid = p.Dst, p.Src, p.VLAN, p.Service
	}
}

type createVlanSubif struct{ SwIfIndex, VlanID uint32 }

func (v *VPP) createVlanSubif(_ *call, req *createVlanSubif, rep *swIfIndexReply) error {
	rep.SwIfIndex = invalidIndex
	i, err := v.dp.AddVLAN(req.SwIfIndex, req.VlanID)
	if err == nil {
		rep.SwIfIndex = i.SwIfIndex
	}
	return err
}

type createSubif struct {
	SwIfIndex, SubID, SubIfFlags uint32
	OuterVlanID, InnerVlanID     uint16
}

func (v *VPP) createSubif(_ *call, req *createSubif, rep *swIfIndexReply) error {
	rep.SwIfIndex = invalidIndex
	i, err := v.dp.AddSubInterface(req.SwIfIndex, vnet.SubSpec{ID: req.SubID, Flags: vnet.SubFlags(req.SubIfFlags & 0xff),
		Outer: req.OuterVlanID, Inner: req.InnerVlanID})
	if err == nil {
		rep.SwIfIndex = i.SwIfIndex
	}
	return err
}

func (v *VPP) deleteSubif(_ *call, req *swIfIndexOnly) error {
	return v.dp.DeleteSubInterface(req.SwIfIndex)
}
