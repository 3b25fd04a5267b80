package fakevpp

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// ipipHandlers are the messages of src/vnet/ipip/ipip.api and
// src/vnet/teib/teib.api; 6rd has no handlers.
var ipipHandlers = []handler{
	replyWith("ipip_add_tunnel", (*VPP).ipipAddTunnel),
	reply("ipip_del_tunnel", (*VPP).ipipDelTunnel),
	dump("ipip_tunnel_dump", "ipip_tunnel_details", (*VPP).ipipTunnelDump),
	reply("teib_entry_add_del", (*VPP).teibEntryAddDel),
	dump("teib_dump", "teib_details", (*VPP).teibDump),
}

// ipipTunnel is vl_api_ipip_tunnel_t.
type ipipTunnel struct {
	Instance  uint32
	Src, Dst  netip.Addr
	SwIfIndex uint32
	TableID   uint32 `api:"table_id"`
	Flags     uint8
	Mode      uint8
	DSCP      uint8 `api:"dscp"`
}

type ipipAdd struct{ Tunnel ipipTunnel }

// ipipAddTunnel checks in the order of vl_api_ipip_add_tunnel_t_handler in
// src/vnet/ipip/ipip_api.c.
func (v *VPP) ipipAddTunnel(_ *call, req *ipipAdd, rep *swIfIndexReply) error {
	rep.SwIfIndex = vlib.InvalidIndex
	t := &req.Tunnel
	switch {
	case !t.Src.IsValid() || !t.Dst.IsValid() || t.Src.Is4() != t.Dst.Is4():
		return vnet.ErrInvalidProtocol
	case t.Src == t.Dst:
		return vnet.ErrSameSrcDst
	case t.Mode > 1:
		return vnet.ErrInvalidValue2
	}
	table, ok := v.dp.FIB.FindTable(fib.ProtoOf(t.Src), t.TableID)
	if !ok {
		return vnet.ErrNoSuchFIB
	}
	tunnel, err := v.dp.AddIPIP(vnet.IPIPSpec{Src: t.Src, Dst: t.Dst, Fib: table, Flags: vnet.TunnelFlags(t.Flags),
		DSCP: t.DSCP & 0x3f, Multipoint: t.Mode == 1, Instance: t.Instance})
	if tunnel != nil {
		rep.SwIfIndex = tunnel.SwIfIndex
	}
	return err
}

func (v *VPP) ipipDelTunnel(_ *call, req *swIfIndexRequest) error {
	return v.dp.DeleteIPIP(req.SwIfIndex)
}

func (v *VPP) ipipTunnelDump(_ *call, req *swIfIndexRequest, emit func(*ipipAdd)) error {
	for _, t := range v.dp.IPIPs() {
		if req.SwIfIndex != vlib.InvalidIndex && req.SwIfIndex != t.SwIfIndex {
			continue
		}
		mode := uint8(0)
		if t.Mode == vnet.IPIPP2MP {
			mode = 1
		}
		emit(&ipipAdd{Tunnel: ipipTunnel{Instance: t.Instance, Src: t.Src, Dst: t.Dst, SwIfIndex: t.SwIfIndex,
			TableID: v.dp.FIB.Table(fib.ProtoOf(t.Src), t.Fib).ID, Flags: uint8(t.Flags), Mode: mode, DSCP: t.DSCP}})
	}
	return nil
}

// teibEntry is vl_api_teib_entry_t.
type teibEntry struct {
	SwIfIndex uint32
	Peer      netip.Addr
	NH        netip.Addr `api:"nh"`
	NHTableID uint32     `api:"nh_table_id"`
}

type teibAddDel struct {
	IsAdd uint8
	Entry teibEntry
}

func (v *VPP) teibEntryAddDel(_ *call, req *teibAddDel) error {
	e := &req.Entry
	if v.dp.Interface(e.SwIfIndex) == nil {
		return vnet.ErrInvalidSwIfIndex
	}
	if !e.Peer.IsValid() || !e.NH.IsValid() {
		return vnet.ErrInvalidValue
	}
	if req.IsAdd == 0 {
		return v.dp.DeleteTEIB(e.SwIfIndex, e.Peer)
	}
	return v.addTEIB(e)
}

func (v *VPP) addTEIB(e *teibEntry) error {
	table, ok := v.dp.FIB.FindTable(fib.ProtoOf(e.NH), e.NHTableID)
	if !ok {
		return vnet.ErrNoSuchFIB
	}
	return v.dp.AddTEIB(e.SwIfIndex, e.Peer, e.NH, table)
}

type teibDumpRequest struct{}

type teibDetails struct{ Entry teibEntry }

func (v *VPP) teibDump(_ *call, _ *teibDumpRequest, emit func(*teibDetails)) error {
	for _, e := range v.dp.TEIB() {
		emit(&teibDetails{Entry: teibEntry{SwIfIndex: e.SwIfIndex, Peer: e.Peer, NH: e.NextHop,
			NHTableID: v.dp.FIB.Table(fib.ProtoOf(e.NextHop), e.Fib).ID}})
	}
	return nil
}
