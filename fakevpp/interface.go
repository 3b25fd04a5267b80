package fakevpp

import (
	"strings"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// interfaceHandlers are the messages of src/vnet/interface.api that are not
// about addresses and tables.
var interfaceHandlers = []handler{
	dump("sw_interface_dump", "sw_interface_details", (*VPP).swInterfaceDump),
	reply("sw_interface_set_flags", (*VPP).swInterfaceSetFlags),
	reply("sw_interface_set_mtu", (*VPP).swInterfaceSetMTU),
	reply("hw_interface_set_mtu", (*VPP).hwInterfaceSetMTU),
	reply("sw_interface_tag_add_del", (*VPP).swInterfaceTagAddDel),
	reply("sw_interface_set_promisc", (*VPP).swInterfaceSetPromisc),
	reply("sw_interface_set_mac_address", (*VPP).swInterfaceSetMACAddress),
	replyWith("sw_interface_get_mac_address", (*VPP).swInterfaceGetMACAddress),
	reply("sw_interface_add_del_mac_address", (*VPP).swInterfaceAddDelMACAddress),
	reply("sw_interface_set_interface_name", (*VPP).swInterfaceSetInterfaceName),
	reply("interface_name_renumber", (*VPP).interfaceNameRenumber),
	reply("sw_interface_clear_stats", (*VPP).swInterfaceClearStats),
	reply("collect_detailed_interface_stats", (*VPP).collectDetailedInterfaceStats),
	reply("want_interface_events", (*VPP).wantInterfaceEvents),
	replyWith("create_loopback", (*VPP).createLoopback),
	replyWith("create_loopback_instance", (*VPP).createLoopbackInstance),
	reply("delete_loopback", (*VPP).deleteLoopback),
}

// invalidIndex is VPP's ~0.
const invalidIndex = ^uint32(0)

// Flags of an interface (if_status_flags in src/vnet/interface_types.api).
const (
	ifStatusAdminUp = 1
	ifStatusLinkUp  = 2
)

// ifStatus is an interface's state as the API has it.
func ifStatus(i *vnet.Interface) (flags uint32) {
	if i.AdminUp {
		flags |= ifStatusAdminUp
	}
	if i.Hw.LinkUp {
		flags |= ifStatusLinkUp
	}
	return flags
}

// interfaceOf finds an interface, with the API's answer for none.
func (v *VPP) interfaceOf(swIfIndex uint32) (*vnet.Interface, error) {
	if i := v.dp.Interface(swIfIndex); i != nil {
		return i, nil
	}
	return nil, vnet.ErrInvalidSwIfIndex
}

type swInterfaceDump struct {
	SwIfIndex       uint32
	NameFilterValid bool
	NameFilter      string
}

type swInterfaceDetails struct {
	SwIfIndex, SupSwIfIndex uint32
	L2Address               packet.MAC
	Flags, Type             uint32
	LinkSpeed               uint32
	LinkMTU                 uint16
	MTU                     [4]uint32
	SubID                   uint32
	SubNumberOfTags         uint8
	SubOuterVlanID          uint16
	SubInnerVlanID          uint16
	SubIfFlags              uint32
	VTROp, VTRPushDot1q     uint32
	VTRTag1, VTRTag2        uint32
	BDmac, BSmac            packet.MAC
	BVlanid                 uint16
	ISid                    uint32
	InterfaceName           string
	InterfaceDevType        string
	Tag                     string
}

// swInterfaceDump lists all interfaces for the indexes 0 and ~0, one interface
// for another index, and with a filter those whose name contains it, letter
// case aside. An index without interface yields nothing.
func (v *VPP) swInterfaceDump(_ *call, req *swInterfaceDump, emit func(*swInterfaceDetails)) error {
	if !req.NameFilterValid && req.SwIfIndex != 0 && req.SwIfIndex != invalidIndex {
		if i := v.dp.Interface(req.SwIfIndex); i != nil {
			emit(v.interfaceDetails(i))
		}
		return nil
	}
	filter := ""
	if req.NameFilterValid {
		filter = strings.ToLower(req.NameFilter)
	}
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		if strings.Contains(strings.ToLower(i.Name), filter) {
			emit(v.interfaceDetails(i))
		}
		return true
	})
	return nil
}

func (v *VPP) interfaceDetails(i *vnet.Interface) *swInterfaceDetails {
	d := &swInterfaceDetails{SwIfIndex: i.SwIfIndex, SupSwIfIndex: i.SupSwIfIndex, Flags: ifStatus(i),
		LinkSpeed: i.Hw.LinkSpeed, LinkMTU: uint16(i.Hw.LinkMTU()), MTU: i.MTU, InterfaceName: i.Name,
		InterfaceDevType: i.Hw.Device.Name, Tag: i.Tag}
	d.setRewrites(v.dp)
	switch {
	case i.IsSub():
		d.setSub(i.Sub)
	case i.Hw.Class.Ethernet:
		d.L2Address = i.Hw.MAC
	}
	return d
}

type swInterfaceSetFlags struct{ SwIfIndex, Flags uint32 }

// swInterfaceSetFlags looks at the admin flag alone.
func (v *VPP) swInterfaceSetFlags(_ *call, req *swInterfaceSetFlags) error {
	if _, err := v.interfaceOf(req.SwIfIndex); err != nil {
		return err
	}
	if err := v.dp.SetAdminUp(req.SwIfIndex, req.Flags&ifStatusAdminUp != 0); err != nil {
		return vnet.ErrUnspecified
	}
	return nil
}

type swInterfaceSetMTU struct {
	SwIfIndex uint32
	MTU       [4]uint32
}

func (v *VPP) swInterfaceSetMTU(_ *call, req *swInterfaceSetMTU) error {
	return v.dp.SetMTU(req.SwIfIndex, req.MTU)
}

type hwInterfaceSetMTU struct {
	SwIfIndex uint32
	MTU       uint16
}

func (v *VPP) hwInterfaceSetMTU(_ *call, req *hwInterfaceSetMTU) error {
	return v.dp.SetHwMTU(req.SwIfIndex, uint32(req.MTU))
}

type swInterfaceTagAddDel struct {
	IsAdd     bool
	SwIfIndex uint32
	Tag       string
}

// maxTag is the longest tag that fits its field with a NUL.
const maxTag = 63

func (v *VPP) swInterfaceTagAddDel(_ *call, req *swInterfaceTagAddDel) error {
	switch {
	case !req.IsAdd:
		return v.dp.SetTag(req.SwIfIndex, "")
	case v.dp.Interface(req.SwIfIndex) != nil && req.Tag == "":
		return vnet.ErrInvalidValue
	}
	return v.dp.SetTag(req.SwIfIndex, req.Tag[:min(len(req.Tag), maxTag)])
}

type swInterfaceSetPromisc struct {
	SwIfIndex uint32
	PromiscOn bool
}

func (v *VPP) swInterfaceSetPromisc(_ *call, req *swInterfaceSetPromisc) error {
	return v.dp.SetPromisc(req.SwIfIndex, req.PromiscOn)
}

type swInterfaceSetMACAddress struct {
	SwIfIndex  uint32
	MACAddress packet.MAC
}

func (v *VPP) swInterfaceSetMACAddress(_ *call, req *swInterfaceSetMACAddress) error {
	return v.dp.SetMAC(req.SwIfIndex, req.MACAddress)
}

type swIfIndexOnly struct{ SwIfIndex uint32 }

type swInterfaceGetMACAddressReply struct{ MACAddress packet.MAC }

func (v *VPP) swInterfaceGetMACAddress(_ *call, req *swIfIndexOnly, rep *swInterfaceGetMACAddressReply) error {
	i, err := v.interfaceOf(req.SwIfIndex)
	if err == nil && i.Hw.Class.Ethernet {
		rep.MACAddress = i.Hw.MAC
	}
	return err
}

type swInterfaceAddDelMACAddress struct {
	SwIfIndex uint32
	Addr      packet.MAC
	IsAdd     uint8
}

func (v *VPP) swInterfaceAddDelMACAddress(_ *call, req *swInterfaceAddDelMACAddress) error {
	return v.dp.ChangeMAC(req.SwIfIndex, req.Addr, req.IsAdd != 0)
}

type swInterfaceSetInterfaceName struct {
	SwIfIndex uint32
	Name      string
}

func (v *VPP) swInterfaceSetInterfaceName(_ *call, req *swInterfaceSetInterfaceName) error {
	return v.dp.Rename(req.SwIfIndex, req.Name)
}

type interfaceNameRenumber struct{ SwIfIndex uint32 }

// interfaceNameRenumber refuses: none of the drivers here has the callback.
func (v *VPP) interfaceNameRenumber(_ *call, req *interfaceNameRenumber) error {
	if _, err := v.interfaceOf(req.SwIfIndex); err != nil {
		return err
	}
	return vnet.ErrUnimplemented
}

func (v *VPP) swInterfaceClearStats(_ *call, req *swIfIndexOnly) error {
	if req.SwIfIndex != invalidIndex {
		return v.dp.ClearStats(req.SwIfIndex)
	}
	v.dp.Interfaces(func(i *vnet.Interface) bool { return v.dp.ClearStats(i.SwIfIndex) == nil })
	return nil
}

type collectDetailedInterfaceStats struct {
	SwIfIndex     uint32
	EnableDisable bool
}

func (v *VPP) collectDetailedInterfaceStats(_ *call, req *collectDetailedInterfaceStats) error {
	return v.dp.CollectDetailed(req.SwIfIndex, req.EnableDisable)
}

type createLoopback struct{ MACAddress packet.MAC }

type createLoopbackInstance struct {
	createLoopback
	IsSpecified  bool
	UserInstance uint32
}

// swIfIndexReply is the reply to a message that creates an interface.
type swIfIndexReply struct{ SwIfIndex uint32 }

func (v *VPP) createLoopback(_ *call, req *createLoopback, rep *swIfIndexReply) error {
	return v.addLoopback(req.MACAddress, nil, rep)
}

func (v *VPP) createLoopbackInstance(_ *call, req *createLoopbackInstance, rep *swIfIndexReply) error {
	if !req.IsSpecified {
		return v.addLoopback(req.MACAddress, nil, rep)
	}
	return v.addLoopback(req.MACAddress, &req.UserInstance, rep)
}

func (v *VPP) addLoopback(mac packet.MAC, instance *uint32, rep *swIfIndexReply) error {
	rep.SwIfIndex = invalidIndex
	i, err := v.dp.AddLoopback(mac, instance)
	if err == nil {
		rep.SwIfIndex = i.SwIfIndex
	}
	return err
}

func (v *VPP) deleteLoopback(_ *call, req *swIfIndexOnly) error {
	return v.dp.DeleteLoopback(req.SwIfIndex)
}
