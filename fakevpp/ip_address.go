package fakevpp

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// ipAddressHandlers are the messages about addresses and tables of interfaces,
// of src/vnet/interface.api and src/vnet/ip/ip.api.
var ipAddressHandlers = []handler{
	reply("sw_interface_add_del_address", (*VPP).swInterfaceAddDelAddress),
	reply("sw_interface_address_replace_begin", (*VPP).swInterfaceAddressReplaceBegin),
	reply("sw_interface_address_replace_end", (*VPP).swInterfaceAddressReplaceEnd),
	reply("sw_interface_set_table", (*VPP).swInterfaceSetTable),
	replyWith("sw_interface_get_table", (*VPP).swInterfaceGetTable),
	reply("sw_interface_set_unnumbered", (*VPP).swInterfaceSetUnnumbered),
	reply("sw_interface_ip4_enable_disable", (*VPP).swInterfaceIP4EnableDisable),
	reply("sw_interface_ip6_enable_disable", (*VPP).swInterfaceIP6EnableDisable),
	replyWith("sw_interface_ip6_get_link_local_address", (*VPP).swInterfaceIP6GetLinkLocal),
	reply("sw_interface_ip6_set_link_local_address", (*VPP).swInterfaceIP6SetLinkLocal),
	reply("sw_interface_set_ip_directed_broadcast", (*VPP).swInterfaceSetIPDirectedBroadcast),
	dump("ip_address_dump", "ip_address_details", (*VPP).ipAddressDump),
	dump("ip_unnumbered_dump", "ip_unnumbered_details", (*VPP).ipUnnumberedDump),
	dump("ip_dump", "ip_details", (*VPP).ipDump),
}

type swInterfaceAddDelAddress struct {
	SwIfIndex     uint32
	IsAdd, DelAll bool
	Prefix        netip.Prefix
}

func (v *VPP) swInterfaceAddDelAddress(_ *call, req *swInterfaceAddDelAddress) error {
	switch {
	case req.DelAll:
		return v.dp.DeleteAllAddresses(req.SwIfIndex)
	case !req.Prefix.IsValid():
		return vnet.ErrInvalidValue
	case req.IsAdd:
		return v.dp.AddAddress(req.SwIfIndex, req.Prefix)
	}
	return v.dp.DeleteAddress(req.SwIfIndex, req.Prefix)
}

func (v *VPP) swInterfaceAddressReplaceBegin(_ *call, _ *empty) error {
	v.dp.MarkAddresses()
	return nil
}

func (v *VPP) swInterfaceAddressReplaceEnd(_ *call, _ *empty) error {
	v.dp.SweepAddresses()
	return nil
}

type swInterfaceSetTable struct {
	SwIfIndex uint32
	IsIPv6    bool `api:"is_ipv6"`
	VrfID     uint32
}

func (v *VPP) swInterfaceSetTable(_ *call, req *swInterfaceSetTable) error {
	return v.dp.SetTable(protoOf(req.IsIPv6), req.SwIfIndex, req.VrfID)
}

type swInterfaceGetTable struct {
	SwIfIndex uint32
	IsIPv6    bool `api:"is_ipv6"`
}

type swInterfaceGetTableReply struct{ VrfID uint32 }

func (v *VPP) swInterfaceGetTable(_ *call, req *swInterfaceGetTable, rep *swInterfaceGetTableReply) (err error) {
	rep.VrfID, err = v.dp.GetTable(protoOf(req.IsIPv6), req.SwIfIndex)
	return err
}

type swInterfaceSetUnnumbered struct {
	// SwIfIndex owns the addresses, UnnumberedSwIfIndex borrows them: the
	// message has the names the other way round than VPP inside.
	SwIfIndex, UnnumberedSwIfIndex uint32
	IsAdd                          bool
}

func (v *VPP) swInterfaceSetUnnumbered(_ *call, req *swInterfaceSetUnnumbered) error {
	return v.dp.SetUnnumbered(req.UnnumberedSwIfIndex, req.SwIfIndex, req.IsAdd)
}

type swInterfaceIP6EnableDisable struct {
	SwIfIndex uint32
	Enable    bool
}

type swInterfaceIP4EnableDisable struct {
	SwIfIndex uint32
	Enable    bool
}

// swInterfaceIP4EnableDisable does what the request does in VPP (src/vnet/ip/ip_api.c),
// not what its name says: enable makes the interface drop IPv4 packets.
func (v *VPP) swInterfaceIP4EnableDisable(_ *call, req *swInterfaceIP4EnableDisable) error {
	for _, arc := range []string{"ip4-unicast", "ip4-multicast"} {
		if err := v.dp.EnableFeature(arc, "ip4-not-enabled", req.SwIfIndex, req.Enable); err != nil {
			return err
		}
	}
	return nil
}

func (v *VPP) swInterfaceIP6EnableDisable(_ *call, req *swInterfaceIP6EnableDisable) error {
	if req.Enable {
		return v.dp.EnableIP6(req.SwIfIndex)
	}
	return v.dp.DisableIP6(req.SwIfIndex)
}

type swInterfaceLinkLocal struct {
	SwIfIndex uint32
	IP        netip.Addr
}

type swInterfaceOnly struct{ SwIfIndex uint32 }

type swInterfaceLinkLocalReply struct{ IP netip.Addr }

func (v *VPP) swInterfaceIP6GetLinkLocal(_ *call, req *swInterfaceOnly, rep *swInterfaceLinkLocalReply) error {
	rep.IP = netip.IPv6Unspecified()
	if _, err := v.interfaceOf(req.SwIfIndex); err != nil {
		return err
	}
	ll := v.dp.LinkLocal(req.SwIfIndex)
	if !ll.IsValid() {
		return vnet.ErrIP6NotEnabled
	}
	rep.IP = ll
	return nil
}

func (v *VPP) swInterfaceIP6SetLinkLocal(_ *call, req *swInterfaceLinkLocal) error {
	return v.dp.SetLinkLocal(req.SwIfIndex, req.IP)
}

type swInterfaceSetIPDirectedBroadcast struct {
	SwIfIndex uint32
	Enable    bool
}

func (v *VPP) swInterfaceSetIPDirectedBroadcast(_ *call, req *swInterfaceSetIPDirectedBroadcast) error {
	return v.dp.SetDirectedBroadcast(req.SwIfIndex, req.Enable)
}

type ipAddressDump struct {
	SwIfIndex uint32
	IsIPv6    bool `api:"is_ipv6"`
}

type ipAddressDetails struct {
	SwIfIndex uint32
	Prefix    netip.Prefix
}

func (v *VPP) ipAddressDump(_ *call, req *ipAddressDump, emit func(*ipAddressDetails)) error {
	if _, err := v.interfaceOf(req.SwIfIndex); err != nil {
		return err
	}
	for _, a := range v.dp.Addresses(protoOf(req.IsIPv6), req.SwIfIndex) {
		emit(&ipAddressDetails{SwIfIndex: req.SwIfIndex, Prefix: a})
	}
	return nil
}

type ipUnnumberedDump struct{ SwIfIndex uint32 }

type ipUnnumberedDetails struct {
	SwIfIndex   uint32
	IPSwIfIndex uint32 `api:"ip_sw_if_index"`
}

func (v *VPP) ipUnnumberedDump(_ *call, req *ipUnnumberedDump, emit func(*ipUnnumberedDetails)) error {
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		if (req.SwIfIndex == invalidIndex || req.SwIfIndex == i.SwIfIndex) && i.UnnumberedOwner != vlib.InvalidIndex {
			emit(&ipUnnumberedDetails{SwIfIndex: i.SwIfIndex, IPSwIfIndex: i.UnnumberedOwner})
		}
		return true
	})
	return nil
}

type ipDump struct {
	IsIPv6 bool `api:"is_ipv6"`
}

type ipDetails struct {
	SwIfIndex uint32
	IsIPv6    bool `api:"is_ipv6"`
}

// ipDump lists the interfaces that are not unnumbered, with IP or without.
func (v *VPP) ipDump(_ *call, req *ipDump, emit func(*ipDetails)) error {
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		if i.UnnumberedOwner == vlib.InvalidIndex {
			emit(&ipDetails{SwIfIndex: i.SwIfIndex, IsIPv6: req.IsIPv6})
		}
		return true
	})
	return nil
}
