package fakevpp

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// classifyUserHandlers are the messages of src/vnet/classify/classify.api that
// give tables to interfaces.
var classifyUserHandlers = []handler{
	reply("input_acl_set_interface", func(v *VPP, _ *call, req *aclSetInterface) error { return v.setACL(req, vnet.ACLInput) }),
	reply("output_acl_set_interface", func(v *VPP, _ *call, req *aclSetInterface) error { return v.setACL(req, vnet.ACLOutput) }),
	reply("punt_acl_add_del", (*VPP).puntACLAddDel),
	replyWith("punt_acl_get", (*VPP).puntACLGet),
	replyWith("classify_table_by_interface", (*VPP).classifyTableByInterface),
	reply("classify_set_interface_ip_table", (*VPP).classifySetInterfaceIPTable),
	reply("flow_classify_set_interface", (*VPP).flowClassifySetInterface),
	dump("flow_classify_dump", "flow_classify_details", (*VPP).flowClassifyDump),
}

type aclSetInterface struct {
	SwIfIndex     uint32
	IP4TableIndex uint32 `api:"ip4_table_index"`
	IP6TableIndex uint32 `api:"ip6_table_index"`
	L2TableIndex  uint32 `api:"l2_table_index"`
	IsAdd         bool
}

func (v *VPP) setACL(req *aclSetInterface, dir vnet.ACLDirection) error {
	if !v.interfaceExists(req.SwIfIndex) {
		return vnet.ErrInvalidSwIfIndex
	}
	return v.dp.SetACLTables(req.SwIfIndex, [...]uint32{vnet.ACLIP4: req.IP4TableIndex, vnet.ACLIP6: req.IP6TableIndex,
		vnet.ACLL2: req.L2TableIndex, vnet.ACLIP4Punt: invalidIndex, vnet.ACLIP6Punt: invalidIndex}, req.IsAdd, dir)
}

type puntACL struct {
	IP4TableIndex uint32 `api:"ip4_table_index"`
	IP6TableIndex uint32 `api:"ip6_table_index"`
	IsAdd         bool
}

func (v *VPP) puntACLAddDel(_ *call, req *puntACL) error {
	return v.dp.SetACLTables(0, [...]uint32{vnet.ACLIP4: invalidIndex, vnet.ACLIP6: invalidIndex, vnet.ACLL2: invalidIndex,
		vnet.ACLIP4Punt: req.IP4TableIndex, vnet.ACLIP6Punt: req.IP6TableIndex}, req.IsAdd, vnet.ACLInput)
}

type puntACLReply struct {
	IP4TableIndex uint32 `api:"ip4_table_index"`
	IP6TableIndex uint32 `api:"ip6_table_index"`
}

func (v *VPP) puntACLGet(_ *call, _ *empty, rep *puntACLReply) error {
	rep.IP4TableIndex = v.dp.ACLTable(vnet.ACLInput, vnet.ACLIP4Punt, 0)
	rep.IP6TableIndex = v.dp.ACLTable(vnet.ACLInput, vnet.ACLIP6Punt, 0)
	return nil
}

type tableByInterfaceReply struct {
	SwIfIndex  uint32
	L2TableID  uint32 `api:"l2_table_id"`
	IP4TableID uint32 `api:"ip4_table_id"`
	IP6TableID uint32 `api:"ip6_table_id"`
}

// classifyTableByInterface tells the tables of the input ACLs only.
func (v *VPP) classifyTableByInterface(_ *call, req *swIfIndexRequest, rep *tableByInterfaceReply) error {
	*rep = tableByInterfaceReply{req.SwIfIndex, invalidIndex, invalidIndex, invalidIndex}
	if !v.interfaceExists(req.SwIfIndex) {
		return vnet.ErrInvalidSwIfIndex
	}
	rep.L2TableID = v.dp.ACLTable(vnet.ACLInput, vnet.ACLL2, req.SwIfIndex)
	rep.IP4TableID = v.dp.ACLTable(vnet.ACLInput, vnet.ACLIP4, req.SwIfIndex)
	rep.IP6TableID = v.dp.ACLTable(vnet.ACLInput, vnet.ACLIP6, req.SwIfIndex)
	return nil
}

type setInterfaceIPTable struct {
	IsIPv6     bool `api:"is_ipv6"`
	SwIfIndex  uint32
	TableIndex uint32
}

func (v *VPP) classifySetInterfaceIPTable(_ *call, req *setInterfaceIPTable) error {
	if !v.interfaceExists(req.SwIfIndex) {
		return vnet.ErrInvalidSwIfIndex
	}
	return v.dp.SetIPClassify(protoOf(req.IsIPv6), req.SwIfIndex, req.TableIndex)
}

type flowClassifySetInterface struct {
	SwIfIndex     uint32
	IP4TableIndex uint32 `api:"ip4_table_index"`
	IP6TableIndex uint32 `api:"ip6_table_index"`
	IsAdd         bool
}

func (v *VPP) flowClassifySetInterface(_ *call, req *flowClassifySetInterface) error {
	if !v.interfaceExists(req.SwIfIndex) {
		return vnet.ErrInvalidSwIfIndex
	}
	return v.dp.SetFlowClassify(req.SwIfIndex, [2]uint32{req.IP4TableIndex, req.IP6TableIndex}, req.IsAdd)
}

type flowClassifyDump struct {
	Type      uint8
	SwIfIndex uint32
}

type flowClassifyDetails struct{ SwIfIndex, TableIndex uint32 }

// flowClassifyDump tells all tables for interface 0, else that of the one
// interface, for which VPP reads its tables from the middle. VPP answers a dump
// of all interfaces (~0) with nothing: it takes the number for one beyond its
// tables.
func (v *VPP) flowClassifyDump(_ *call, req *flowClassifyDump, emit func(*flowClassifyDetails)) error {
	if req.Type > uint8(fib.IP6) {
		return nil
	}
	list := v.dp.FlowClassifyTables(fib.Proto(req.Type))
	if uint64(req.SwIfIndex) >= uint64(len(list)) {
		return nil
	}
	for i, table := range list {
		if table != invalidIndex && (req.SwIfIndex == 0 || req.SwIfIndex == uint32(i)) {
			emit(&flowClassifyDetails{uint32(i), table})
		}
	}
	return nil
}
