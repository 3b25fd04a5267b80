package fakevpp

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// greHandlers are the messages of src/plugins/gre/gre.api.
var greHandlers = []handler{
	replyWith("gre_tunnel_add_del", func(v *VPP, _ *call, req *greAddDel, rep *swIfIndexReply) error {
		return v.greAddDel(req.IsAdd, &req.Tunnel, 0, rep)
	}),
	replyWith("gre_tunnel_add_del_v2", func(v *VPP, _ *call, req *greAddDelV2, rep *swIfIndexReply) error {
		return v.greAddDel(req.IsAdd, req.Tunnel.v1(), req.Tunnel.Key, rep)
	}),
	dump("gre_tunnel_dump", "gre_tunnel_details", func(v *VPP, _ *call, req *swIfIndexRequest, emit func(*greDetails)) error {
		return v.greDump(req.SwIfIndex, func(t *greTunnelV2) { emit(&greDetails{*t.v1()}) })
	}),
	dump("gre_tunnel_dump_v2", "gre_tunnel_details_v2", (*VPP).greDumpV2),
	dump("gre_tunnel_v2_dump", "gre_tunnel_v2_details", (*VPP).greDumpV2),
}

// greTunnel is vl_api_gre_tunnel_t.
type greTunnel struct {
	Type, Mode, Flags uint8
	SessionID         uint16 `api:"session_id"`
	Instance          uint32
	OuterTableID      uint32 `api:"outer_table_id"`
	SwIfIndex         uint32
	Src, Dst          netip.Addr
}

// greTunnelV2 is vl_api_gre_tunnel_v2_t.
type greTunnelV2 struct {
	Type, Mode, Flags uint8
	SessionID         uint16 `api:"session_id"`
	Instance          uint32
	OuterTableID      uint32 `api:"outer_table_id"`
	SwIfIndex         uint32
	Src, Dst          netip.Addr
	Key               uint32
}

func (t *greTunnelV2) v1() *greTunnel {
	return &greTunnel{t.Type, t.Mode, t.Flags, t.SessionID, t.Instance, t.OuterTableID, t.SwIfIndex, t.Src, t.Dst}
}

type greAddDel struct {
	IsAdd  bool
	Tunnel greTunnel
}

type greAddDelV2 struct {
	IsAdd  bool
	Tunnel greTunnelV2
}

// greAddDel checks in the order of vl_api_gre_tunnel_add_del_t_handler
// (src/plugins/gre/gre_api.c).
func (v *VPP) greAddDel(add bool, t *greTunnel, key uint32, rep *swIfIndexReply) error {
	rep.SwIfIndex = vlib.InvalidIndex
	switch {
	case !t.Src.IsValid() || !t.Dst.IsValid() || t.Src.Is4() != t.Dst.Is4():
		return vnet.ErrInvalidProtocol
	case t.Src == t.Dst:
		return vnet.ErrSameSrcDst
	case t.Type > uint8(vnet.GREERSPAN):
		return vnet.ErrInvalidValue
	case t.Mode > 1:
		return vnet.ErrInvalidValue2
	}
	table, ok := v.dp.FIB.FindTable(fib.ProtoOf(t.Src), t.OuterTableID)
	if !ok {
		return vnet.ErrNoSuchFIB
	}
	spec := vnet.GRESpec{Src: t.Src, Dst: t.Dst, Fib: table, Type: vnet.GREType(t.Type), Flags: vnet.TunnelFlags(t.Flags),
		Multipoint: t.Mode == 1, Session: t.SessionID, Key: key, Instance: t.Instance}
	if !add {
		swIf, err := v.dp.DeleteGRE(spec)
		rep.SwIfIndex = swIf
		return err
	}
	tunnel, err := v.dp.AddGRE(spec)
	if err == nil {
		rep.SwIfIndex = tunnel.SwIfIndex
	}
	return err
}

type greDetails struct{ Tunnel greTunnel }

type greDetailsV2 struct{ Tunnel greTunnelV2 }

func (v *VPP) greDumpV2(_ *call, req *swIfIndexRequest, emit func(*greDetailsV2)) error {
	return v.greDump(req.SwIfIndex, func(t *greTunnelV2) { emit(&greDetailsV2{*t}) })
}

func (v *VPP) greDump(swIf uint32, emit func(*greTunnelV2)) error {
	for _, t := range v.dp.GREs() {
		if swIf != vlib.InvalidIndex && swIf != t.SwIfIndex {
			continue
		}
		mode := uint8(0)
		if t.Multipoint {
			mode = 1
		}
		emit(&greTunnelV2{Type: uint8(t.Type), Mode: mode, Flags: uint8(t.Flags), SessionID: t.Session, Instance: t.Instance,
			OuterTableID: v.dp.FIB.Table(fib.ProtoOf(t.Src), t.Fib).ID, SwIfIndex: t.SwIfIndex, Src: t.Src, Dst: t.Dst, Key: t.Key})
	}
	return nil
}
