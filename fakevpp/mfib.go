package fakevpp

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// mfibHandlers are the multicast messages of src/vnet/ip/ip.api.
var mfibHandlers = []handler{
	replyWith("ip_mroute_add_del", (*VPP).ipMrouteAddDel),
	dump("ip_mroute_dump", "ip_mroute_details", (*VPP).ipMrouteDump),
	dump("ip_mtable_dump", "ip_mtable_details", (*VPP).ipMtableDump),
}

// mprefix is vl_api_mprefix_t.
type mprefix struct {
	Af                     uint8
	GrpAddressLength       uint16
	GrpAddress, SrcAddress [16]byte
}

func (p *mprefix) decode() fib.MPrefix {
	if p.Af == 0 {
		return fib.MPrefix{Group: netip.AddrFrom4([4]byte(p.GrpAddress[:4])),
			Source: netip.AddrFrom4([4]byte(p.SrcAddress[:4])), Len: min(p.GrpAddressLength, 64)}
	}
	return fib.MPrefix{Group: netip.AddrFrom16(p.GrpAddress), Source: netip.AddrFrom16(p.SrcAddress), Len: min(p.GrpAddressLength, 256)}
}

func encodeMPrefix(p fib.MPrefix) mprefix {
	out := mprefix{Af: uint8(fib.ProtoOf(p.Group)), GrpAddressLength: p.Len}
	copy(out.GrpAddress[:], p.Group.AsSlice())
	copy(out.SrcAddress[:], p.Source.AsSlice())
	return out
}

// mfibPath is vl_api_mfib_path_t.
type mfibPath struct {
	ItfFlags uint32
	Path     fibPath
}

type ipMrouteAddDel struct {
	IsAdd, IsMultipath bool
	TableID            uint32     `api:"route.table_id"`
	EntryFlags         uint32     `api:"route.entry_flags"`
	RpfID              uint32     `api:"route.rpf_id"`
	Prefix             mprefix    `api:"route.prefix"`
	Paths              []mfibPath `api:"route.paths"`
}

// ipMrouteAddDel adds or removes paths of a multicast route, or without paths
// changes what it is otherwise (api_mroute_add_del_t_handler in
// src/vnet/ip/ip_api.c).
func (v *VPP) ipMrouteAddDel(_ *call, req *ipMrouteAddDel, rep *statsIndexReply) error {
	rep.StatsIndex = invalidIndex
	f, pfx := v.dp.FIB, req.Prefix.decode()
	table, ok := f.FindMTable(fib.ProtoOf(pfx.Group), req.TableID)
	if !ok {
		return vnet.ErrNoSuchFIB
	}
	paths := make([]fib.Path, len(req.Paths))
	for i := range req.Paths {
		var err error
		if paths[i], err = req.Paths[i].Path.decode(f, v.interfaceExists); err != nil {
			return err
		}
		paths[i].Itf = fib.MItfFlags(req.Paths[i].ItfFlags & 0x1f)
	}
	flags := fib.MEntryFlags(req.EntryFlags & 0xf)
	switch {
	case len(paths) == 0:
		rep.StatsIndex = f.MUpdate(table, pfx, fib.MSourceAPI, req.RpfID, flags)
	case req.IsAdd:
		rep.StatsIndex = f.MAddPaths(table, pfx, fib.MSourceAPI, flags, paths)
	default:
		f.MRemovePaths(table, pfx, fib.MSourceAPI, paths)
	}
	if rep.StatsIndex != invalidIndex {
		rep.StatsIndex = f.MEntry(rep.StatsIndex).Forward.Index
	}
	return nil
}

type ipMroute struct {
	TableID, EntryFlags, RpfID uint32
	Prefix                     mprefix
	Paths                      []mfibPath
}

type ipMrouteDetails struct{ Route ipMroute }

// ipMrouteDump lists a table. As in VPP a details message tells neither the
// entry's flags nor its RPF id, nor an interface's flags when there are several
// (send_ip_mroute_details, mfib_api_path_itf_flags_encode).
func (v *VPP) ipMrouteDump(_ *call, req *ipTableRequest, emit func(*ipMrouteDetails)) error {
	p, f := protoOf(req.Table.IsIP6), v.dp.FIB
	index, ok := f.FindMTable(p, req.Table.TableID)
	if !ok {
		return nil
	}
	for _, e := range f.MEntries(f.MTable(p, index)) {
		d := ipMrouteDetails{ipMroute{TableID: req.Table.TableID, Prefix: encodeMPrefix(f.MEntry(e).Prefix)}}
		for _, path := range f.MPaths(e) {
			flags := uint32(path.Itf)
			if flags&(flags-1) != 0 {
				flags = 0
			}
			d.Route.Paths = append(d.Route.Paths, mfibPath{ItfFlags: flags, Path: v.encodePath(&path)})
		}
		emit(&d)
	}
	return nil
}

func (v *VPP) ipMtableDump(_ *call, _ *empty, emit func(*ipTableReply)) error {
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		v.dp.FIB.MTables(p, func(t *fib.MTable) bool {
			emit(&ipTableReply{ipTable{TableID: t.ID, IsIP6: p == fib.IP6}})
			return true
		})
	}
	return nil
}
