package fakevpp

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// tapHandlers are the messages of src/plugins/tap/tapv2.api.
var tapHandlers = []handler{
	replyWith("tap_create_v3", (*VPP).tapCreateV3),
	replyWith("tap_create_v2", (*VPP).tapCreateV2),
	reply("tap_delete_v2", (*VPP).tapDeleteV2),
	dump("sw_interface_tap_v2_dump", "sw_interface_tap_v2_details", (*VPP).swInterfaceTapV2Dump),
}

// tapCreate are the fields that both versions have.
type tapCreate struct {
	ID                 uint32
	UseRandomMAC       bool `api:"use_random_mac"`
	MACAddress         packet.MAC
	NumRxQueues        uint16
	TxRingSz, RxRingSz uint16
	HostMTUSet         bool
	HostMTUSize        uint32
	HostMACAddrSet     bool
	HostMACAddr        packet.MAC
	HostIP4PrefixSet   bool
	HostIP4Prefix      netip.Prefix
	HostIP6PrefixSet   bool
	HostIP6Prefix      netip.Prefix
	HostIP4GwSet       bool
	HostIP4Gw          netip.Addr
	HostIP6GwSet       bool
	HostIP6Gw          netip.Addr
	TapFlags           uint32
	HostNamespaceSet   bool
	HostNamespace      string
	HostIfNameSet      bool
	HostIfName         string
	HostBridgeSet      bool
	HostBridge         string
	Tag                string
}

type tapCreateV3 struct {
	tapCreate
	NumTxQueues uint16
}

func (v *VPP) tapCreateV3(_ *call, req *tapCreateV3, rep *swIfIndexReply) error {
	return v.createTap(&req.tapCreate, int(req.NumTxQueues), rep)
}

func (v *VPP) tapCreateV2(_ *call, req *tapCreate, rep *swIfIndexReply) error {
	return v.createTap(req, 1, rep)
}

func (v *VPP) createTap(req *tapCreate, txQueues int, rep *swIfIndexReply) error {
	rep.SwIfIndex = invalidIndex
	t, err := v.dp.AddTap(req.config(txQueues))
	if err == nil {
		rep.SwIfIndex = t.Interface.SwIfIndex
	}
	return err
}

// config takes over the fields that are said to be set.
func (req *tapCreate) config(txQueues int) vnet.TapConfig {
	c := vnet.TapConfig{RxQueues: int(req.NumRxQueues), TxQueues: txQueues, RxRing: int(req.RxRingSz),
		TxRing: int(req.TxRingSz), Flags: vnet.TapFlags(req.TapFlags), Tag: req.Tag[:min(len(req.Tag), maxTag)]}
	if req.ID != invalidIndex {
		c.ID = &req.ID
	}
	if !req.UseRandomMAC {
		c.MAC = &req.MACAddress
	}
	if req.HostMTUSet {
		c.HostMTU = &req.HostMTUSize
	}
	if req.HostMACAddrSet {
		c.HostMAC = req.HostMACAddr
	}
	if req.HostIP4PrefixSet {
		c.HostIP4 = req.HostIP4Prefix
	}
	if req.HostIP6PrefixSet {
		c.HostIP6 = req.HostIP6Prefix
	}
	if req.HostIP4GwSet {
		c.HostIP4Gw = req.HostIP4Gw
	}
	if req.HostIP6GwSet {
		c.HostIP6Gw = req.HostIP6Gw
	}
	if req.HostNamespaceSet {
		c.HostNamespace = req.HostNamespace
	}
	if req.HostIfNameSet {
		c.HostIfName = req.HostIfName
	}
	if req.HostBridgeSet {
		c.HostBridge = req.HostBridge
	}
	return c
}

func (v *VPP) tapDeleteV2(_ *call, req *swIfIndexOnly) error { return v.dp.DeleteTap(req.SwIfIndex) }

type swInterfaceTapV2Details struct {
	SwIfIndex, ID                                  uint32
	TxRingSz, RxRingSz                             uint16
	HostMTUSize                                    uint32
	HostMACAddr                                    packet.MAC
	HostIP4Prefix, HostIP6Prefix                   netip.Prefix
	TapFlags                                       uint32
	DevName, HostIfName, HostNamespace, HostBridge string
}

// swInterfaceTapV2Dump lists one tap, or with ~0 all.
func (v *VPP) swInterfaceTapV2Dump(_ *call, req *swIfIndexOnly, emit func(*swInterfaceTapV2Details)) error {
	for _, t := range v.dp.Taps() {
		if req.SwIfIndex != invalidIndex && req.SwIfIndex != t.Interface.SwIfIndex {
			continue
		}
		c := &t.Config
		d := &swInterfaceTapV2Details{SwIfIndex: t.Interface.SwIfIndex, ID: t.ID, TxRingSz: uint16(c.TxRing),
			RxRingSz: uint16(c.RxRing), HostMACAddr: c.HostMAC, HostIP4Prefix: c.HostIP4, HostIP6Prefix: c.HostIP6,
			TapFlags: uint32(c.Flags), DevName: t.Interface.Name, HostIfName: c.HostIfName, HostNamespace: c.HostNamespace,
			HostBridge: c.HostBridge}
		if c.HostMTU != nil {
			d.HostMTUSize = *c.HostMTU
		}
		emit(d)
	}
	return nil
}
