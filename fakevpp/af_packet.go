package fakevpp

import (
	"errors"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// afPacketHandlers are the messages of src/plugins/af_packet/af_packet.api.
var afPacketHandlers = []handler{
	replyWith("af_packet_create", (*VPP).afPacketCreate),
	replyWith("af_packet_create_v2", (*VPP).afPacketCreateV2),
	replyWith("af_packet_create_v3", (*VPP).afPacketCreateV3),
	reply("af_packet_delete", (*VPP).afPacketDelete),
	reply("af_packet_set_l4_cksum_offload", (*VPP).afPacketSetL4CksumOffload),
	dump("af_packet_dump", "af_packet_details", (*VPP).afPacketDump),
}

type afPacketCreate struct {
	HwAddr          packet.MAC
	UseRandomHwAddr bool
	HostIfName      string
}

type afPacketCreateV2 struct {
	afPacketCreate
	NumRxQueues uint16
}

type afPacketCreateV3 struct {
	afPacketCreateV2
	NumTxQueues uint16
	Mode, Flags uint32
}

// Modes of af_packet_create_v3.
const (
	afPacketModeEthernet = 1
	afPacketModeIP       = 2
)

func (v *VPP) afPacketCreate(_ *call, req *afPacketCreate, rep *swIfIndexReply) error {
	return v.createHostInterface(&afPacketCreateV3{afPacketCreateV2: afPacketCreateV2{afPacketCreate: *req},
		Mode: afPacketModeEthernet, Flags: uint32(vnet.HostQdiscBypass | vnet.HostChecksumGSO)}, rep)
}

func (v *VPP) afPacketCreateV2(_ *call, req *afPacketCreateV2, rep *swIfIndexReply) error {
	return v.createHostInterface(&afPacketCreateV3{afPacketCreateV2: *req, Mode: afPacketModeEthernet,
		Flags: uint32(vnet.HostQdiscBypass | vnet.HostChecksumGSO)}, rep)
}

func (v *VPP) afPacketCreateV3(_ *call, req *afPacketCreateV3, rep *swIfIndexReply) error {
	if req.Mode != afPacketModeEthernet && req.Mode != afPacketModeIP {
		rep.SwIfIndex = invalidIndex
		return vnet.ErrInvalidValue
	}
	return v.createHostInterface(req, rep)
}

// createHostInterface leaves sw_if_index 0 in the reply of a failure, as VPP
// does, and the existing interface's for a device that has one.
func (v *VPP) createHostInterface(req *afPacketCreateV3, rep *swIfIndexReply) error {
	c := vnet.HostInterfaceConfig{HostIfName: req.HostIfName, IP: req.Mode == afPacketModeIP,
		RxQueues: int(req.NumRxQueues), TxQueues: int(req.NumTxQueues), Flags: vnet.HostInterfaceFlags(req.Flags)}
	if !req.UseRandomHwAddr {
		c.MAC = &req.HwAddr
	}
	h, err := v.dp.AddHostInterface(c)
	if err == nil || errors.Is(err, vnet.ErrIfAlreadyExists) && h != nil {
		rep.SwIfIndex = h.Interface.SwIfIndex
	}
	return err
}

type afPacketDelete struct{ HostIfName string }

func (v *VPP) afPacketDelete(_ *call, req *afPacketDelete) error {
	return v.dp.DeleteHostInterface(req.HostIfName)
}

type afPacketSetL4CksumOffload struct {
	SwIfIndex uint32
	Set       bool
}

func (v *VPP) afPacketSetL4CksumOffload(_ *call, req *afPacketSetL4CksumOffload) error {
	return v.dp.SetHostChecksumOffload(req.SwIfIndex, req.Set)
}

type afPacketDetails struct {
	SwIfIndex  uint32
	HostIfName string
}

func (v *VPP) afPacketDump(_ *call, _ *empty, emit func(*afPacketDetails)) error {
	for _, h := range v.dp.HostInterfaces() {
		emit(&afPacketDetails{SwIfIndex: h.Interface.SwIfIndex, HostIfName: h.Config.HostIfName})
	}
	return nil
}
