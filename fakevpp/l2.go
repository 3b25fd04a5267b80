package fakevpp

import (
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// l2Handlers are the messages of src/vnet/l2/l2.api about the mode of
// interfaces; those about bridge domains and the MAC table are in l2_bridge.go
// and l2_fib.go.
var l2Handlers = []handler{
	reply("sw_interface_set_l2_bridge", (*VPP).swInterfaceSetL2Bridge),
	reply("sw_interface_set_l2_xconnect", (*VPP).swInterfaceSetL2Xconnect),
	dump("l2_xconnect_dump", "l2_xconnect_details", (*VPP).l2XconnectDump),
	replyWith("l2_flags", (*VPP).l2Flags),
	replyWith("l2_flags_get", (*VPP).l2FlagsGet),
	reply("l2_flags_set", (*VPP).l2FlagsSet),
	replyWith("l2_interface_feat_flags_get", (*VPP).l2InterfaceFeatFlagsGet),
	reply("l2_interface_feat_flags_set", (*VPP).l2InterfaceFeatFlagsSet),
	reply("l2_interface_vlan_tag_rewrite", (*VPP).l2InterfaceVlanTagRewrite),
	reply("l2_interface_pbb_tag_rewrite", (*VPP).l2InterfacePbbTagRewrite),
	reply("l2_interface_efp_filter", (*VPP).l2InterfaceEfpFilter),
	reply("l2_patch_add_del", (*VPP).l2PatchAddDel),
	replyWith("bvi_create", (*VPP).bviCreate),
	reply("bvi_delete", (*VPP).bviDelete),
}

type swInterfaceSetL2Bridge struct {
	RxSwIfIndex uint32
	BdID        uint32
	PortType    uint32
	Shg         uint8
	Enable      bool
}

// maxBdID is the highest bridge domain id.
const maxBdID = 1<<24 - 1

func (v *VPP) swInterfaceSetL2Bridge(_ *call, req *swInterfaceSetL2Bridge) error {
	if _, err := v.interfaceOf(req.RxSwIfIndex); err != nil {
		return err
	}
	switch {
	case req.PortType > uint32(vnet.PortUUFwd):
		return vnet.ErrInvalidValue
	case !req.Enable:
		return v.dp.SetL3Mode(req.RxSwIfIndex)
	case req.BdID > maxBdID:
		return vnet.ErrBDIDExceedMax
	}
	return v.dp.SetBridgeMode(req.RxSwIfIndex, v.dp.FindBridgeDomain(req.BdID), vnet.BridgePort(req.PortType), req.Shg)
}

type swInterfaceSetL2Xconnect struct {
	RxSwIfIndex, TxSwIfIndex uint32
	Enable                   bool
}

func (v *VPP) swInterfaceSetL2Xconnect(_ *call, req *swInterfaceSetL2Xconnect) error {
	if _, err := v.interfaceOf(req.RxSwIfIndex); err != nil {
		return err
	}
	if !req.Enable {
		return v.dp.SetL3Mode(req.RxSwIfIndex)
	}
	if _, err := v.interfaceOf(req.TxSwIfIndex); err != nil {
		return err
	}
	return v.dp.SetXConnectMode(req.RxSwIfIndex, req.TxSwIfIndex)
}

type l2XconnectDetails struct{ RxSwIfIndex, TxSwIfIndex uint32 }

func (v *VPP) l2XconnectDump(_ *call, _ *empty, emit func(*l2XconnectDetails)) error {
	for _, x := range v.dp.XConnects() {
		emit(&l2XconnectDetails{RxSwIfIndex: x[0], TxSwIfIndex: x[1]})
	}
	return nil
}

// bdFlags are the features of API flags by bit (bd_flags, l2_intf_feat_flags).
var bdFlags = [...]vnet.L2Feature{vnet.L2InLearn, vnet.L2InFwd, vnet.L2InFlood, vnet.L2InUUFlood, vnet.L2InARPTerm,
	vnet.L2InARPUFwd}

// bdFeatures turns API flags into features.
func bdFeatures(flags uint32) (f vnet.L2Feature) {
	for k, feature := range bdFlags {
		if flags&(1<<k) != 0 {
			f |= feature
		}
	}
	return f
}

type l2Flags struct {
	SwIfIndex     uint32
	IsSet         bool
	FeatureBitmap uint32
}

type featureBitmapReply struct{ ResultingFeatureBitmap uint32 }

// l2Flags knows all flags but the last.
func (v *VPP) l2Flags(_ *call, req *l2Flags, rep *featureBitmapReply) error {
	if _, err := v.interfaceOf(req.SwIfIndex); err != nil {
		return err
	}
	f := bdFeatures(req.FeatureBitmap) &^ vnet.L2InARPUFwd
	rep.ResultingFeatureBitmap = uint32(v.dp.EnableL2Input(req.SwIfIndex, f, req.IsSet))
	return nil
}

// l2InterfaceOf finds an interface in layer 2 mode; bridge asks for one in a
// bridge domain.
func (v *VPP) l2InterfaceOf(swIfIndex uint32, bridge bool) error {
	if _, err := v.interfaceOf(swIfIndex); err != nil {
		return err
	}
	mode := v.dp.L2Mode(swIfIndex)
	if mode.Domain == nil && (bridge || !mode.XConnect) {
		return vnet.ErrInvalidSwIfIndex
	}
	return nil
}

type l2FlagsGetReply struct{ InputFeatureBitmap, OutputFeatureBitmap uint32 }

func (v *VPP) l2FlagsGet(_ *call, req *swIfIndexOnly, rep *l2FlagsGetReply) error {
	if err := v.l2InterfaceOf(req.SwIfIndex, false); err != nil {
		return err
	}
	in, out := v.dp.L2Features(req.SwIfIndex)
	rep.InputFeatureBitmap, rep.OutputFeatureBitmap = uint32(in), uint32(out)
	return nil
}

type l2FlagsSet struct {
	SwIfIndex                               uint32
	IsSet                                   bool
	InputFeatureBitmap, OutputFeatureBitmap uint32
}

func (v *VPP) l2FlagsSet(_ *call, req *l2FlagsSet) error {
	if err := v.l2InterfaceOf(req.SwIfIndex, false); err != nil {
		return err
	}
	v.dp.EnableL2Input(req.SwIfIndex, vnet.L2Feature(req.InputFeatureBitmap), req.IsSet)
	v.dp.EnableL2Output(req.SwIfIndex, vnet.L2Feature(req.OutputFeatureBitmap), req.IsSet)
	return nil
}

type l2InterfaceFeatFlagsReply struct{ Flags uint32 }

func (v *VPP) l2InterfaceFeatFlagsGet(_ *call, req *swIfIndexOnly, rep *l2InterfaceFeatFlagsReply) error {
	if err := v.l2InterfaceOf(req.SwIfIndex, true); err != nil {
		return err
	}
	in, _ := v.dp.L2Features(req.SwIfIndex)
	for k, feature := range bdFlags {
		if in&feature != 0 {
			rep.Flags |= 1 << k
		}
	}
	return nil
}

type l2InterfaceFeatFlagsSet struct {
	SwIfIndex uint32
	IsSet     bool
	Flags     uint32
}

func (v *VPP) l2InterfaceFeatFlagsSet(_ *call, req *l2InterfaceFeatFlagsSet) error {
	if err := v.l2InterfaceOf(req.SwIfIndex, true); err != nil {
		return err
	}
	v.dp.EnableL2Input(req.SwIfIndex, bdFeatures(req.Flags), req.IsSet)
	return nil
}

type l2InterfaceVlanTagRewrite struct{ SwIfIndex, VtrOp, PushDot1q, Tag1, Tag2 uint32 }

func (v *VPP) l2InterfaceVlanTagRewrite(_ *call, req *l2InterfaceVlanTagRewrite) error {
	if _, err := v.interfaceOf(req.SwIfIndex); err != nil {
		return err
	}
	if req.VtrOp > uint32(vnet.VTRTranslate22) {
		return vnet.ErrInvalidValue
	}
	return v.dp.SetVTR(req.SwIfIndex, vnet.VTR{Op: vnet.VTROp(req.VtrOp), Dot1Q: req.PushDot1q != 0, Tag1: uint16(req.Tag1),
		Tag2: uint16(req.Tag2)})
}

type l2InterfacePbbTagRewrite struct {
	SwIfIndex, VtrOp uint32
	BDmac            packet.MAC `api:"b_dmac"`
	BSmac            packet.MAC `api:"b_smac"`
	BVlanid          uint16     `api:"b_vlanid"`
	ISid             uint32     `api:"i_sid"`
}

func (v *VPP) l2InterfacePbbTagRewrite(_ *call, req *l2InterfacePbbTagRewrite) error {
	if _, err := v.interfaceOf(req.SwIfIndex); err != nil {
		return err
	}
	op := vnet.VTROp(req.VtrOp)
	switch op {
	case vnet.VTRDisabled, vnet.VTRPush2, vnet.VTRPop2, vnet.VTRTranslate21:
		return v.dp.SetPBB(req.SwIfIndex, vnet.PBB{Op: op, Dst: req.BDmac, Src: req.BSmac, VLAN: req.BVlanid, Service: req.ISid})
	}
	return vnet.ErrInvalidValue
}

type l2InterfaceEfpFilter struct {
	SwIfIndex     uint32
	EnableDisable bool
}

func (v *VPP) l2InterfaceEfpFilter(_ *call, req *l2InterfaceEfpFilter) error {
	if _, err := v.interfaceOf(req.SwIfIndex); err != nil {
		return err
	}
	v.dp.EnableL2Output(req.SwIfIndex, vnet.L2OutEFPFilter, req.EnableDisable)
	return nil
}

type l2PatchAddDel struct {
	RxSwIfIndex, TxSwIfIndex uint32
	IsAdd                    bool
}

func (v *VPP) l2PatchAddDel(_ *call, req *l2PatchAddDel) error {
	for _, index := range []uint32{req.RxSwIfIndex, req.TxSwIfIndex} {
		if _, err := v.interfaceOf(index); err != nil {
			return err
		}
	}
	return v.dp.SetL2Patch(req.RxSwIfIndex, req.TxSwIfIndex, req.IsAdd)
}

type bviCreate struct {
	Mac          packet.MAC
	UserInstance uint32
}

func (v *VPP) bviCreate(_ *call, req *bviCreate, rep *swIfIndexReply) error {
	rep.SwIfIndex = invalidIndex
	i, err := v.dp.AddBVI(req.Mac, req.UserInstance)
	if err == nil {
		rep.SwIfIndex = i.SwIfIndex
	}
	return err
}

func (v *VPP) bviDelete(_ *call, req *swIfIndexOnly) error { return v.dp.DeleteBVI(req.SwIfIndex) }
