package fakevpp

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// ipHandlers are the messages of src/vnet/ip/ip.api and src/vnet/fib/fib.api
// about tables and routes.
var ipHandlers = []handler{
	reply("ip_table_add_del", (*VPP).ipTableAddDel),
	reply("ip_table_add_del_v2", (*VPP).ipTableAddDelV2),
	replyWith("ip_table_allocate", (*VPP).ipTableAllocate),
	dump("ip_table_dump", "ip_table_details", (*VPP).ipTableDump),
	reply("ip_table_replace_begin", (*VPP).ipTableReplaceBegin),
	reply("ip_table_replace_end", (*VPP).ipTableReplaceEnd),
	reply("ip_table_flush", (*VPP).ipTableFlush),
	replyWith("ip_route_add_del", (*VPP).ipRouteAddDel),
	replyWith("ip_route_add_del_v2", (*VPP).ipRouteAddDelV2),
	dump("ip_route_dump", "ip_route_details", (*VPP).ipRouteDump),
	dump("ip_route_v2_dump", "ip_route_v2_details", (*VPP).ipRouteV2Dump),
	replyWith("ip_route_lookup", (*VPP).ipRouteLookup),
	replyWith("ip_route_lookup_v2", (*VPP).ipRouteLookupV2),
	reply("set_ip_flow_hash", (*VPP).setIPFlowHash),
	reply("set_ip_flow_hash_v2", (*VPP).setIPFlowHashConfig),
	reply("set_ip_flow_hash_v3", (*VPP).setIPFlowHashConfig),
	replyWith("fib_source_add", (*VPP).fibSourceAdd),
	dump("fib_source_dump", "fib_source_details", (*VPP).fibSourceDump),
}

// ipTable is vl_api_ip_table_t.
type ipTable struct {
	TableID uint32
	IsIP6   bool
	Name    string
}

type ipTableAddDel struct {
	IsAdd bool
	Table ipTable
}

func (v *VPP) ipTableAddDel(_ *call, req *ipTableAddDel) error {
	v.addDelTable(&req.Table, req.IsAdd, true)
	return nil
}

type ipTableAddDelV2 struct {
	IsAdd, CreateMfib bool
	Table             ipTable
}

func (v *VPP) ipTableAddDelV2(_ *call, req *ipTableAddDelV2) error {
	v.addDelTable(&req.Table, req.IsAdd, req.CreateMfib)
	return nil
}

func (v *VPP) addDelTable(t *ipTable, add, multicast bool) {
	if add {
		v.dp.AddTable(protoOf(t.IsIP6), t.TableID, t.Name, multicast)
	} else {
		v.dp.DeleteTable(protoOf(t.IsIP6), t.TableID)
	}
}

type ipTableRequest struct{ Table ipTable }

type ipTableReply struct{ Table ipTable }

func (v *VPP) ipTableAllocate(_ *call, req *ipTableRequest, rep *ipTableReply) (err error) {
	rep.Table = req.Table
	rep.Table.TableID, err = v.dp.AllocateTable(protoOf(req.Table.IsIP6), req.Table.TableID, req.Table.Name)
	return err
}

// ipTableDump lists tables, but not the link-local ones of interfaces.
func (v *VPP) ipTableDump(_ *call, _ *empty, emit func(*ipTableReply)) error {
	for _, p := range []fib.Proto{fib.IP4, fib.IP6} {
		v.dp.FIB.Tables(p, func(t *fib.Table) bool {
			if !t.LinkLocal {
				emit(&ipTableReply{ipTable{TableID: t.ID, IsIP6: p == fib.IP6, Name: t.Name}})
			}
			return true
		})
	}
	return nil
}

// tableOf finds a table's fib_index.
func (v *VPP) tableOf(t *ipTable) (fib.Proto, uint32, error) {
	p := protoOf(t.IsIP6)
	index, ok := v.dp.FIB.FindTable(p, t.TableID)
	if !ok {
		return p, index, vnet.ErrNoSuchFIB
	}
	return p, index, nil
}

func (v *VPP) ipTableReplaceBegin(_ *call, req *ipTableRequest) error {
	p, index, err := v.tableOf(&req.Table)
	if err == nil {
		v.dp.FIB.MarkStale(p, index, fib.SourceAPI)
		if mindex, ok := v.dp.FIB.FindMTable(p, req.Table.TableID); ok {
			v.dp.FIB.MMarkStale(p, mindex, fib.MSourceAPI)
		}
	}
	return err
}

func (v *VPP) ipTableReplaceEnd(_ *call, req *ipTableRequest) error {
	p, index, err := v.tableOf(&req.Table)
	if err == nil {
		v.dp.FIB.SweepStale(p, index, fib.SourceAPI)
		if mindex, ok := v.dp.FIB.FindMTable(p, req.Table.TableID); ok {
			v.dp.FIB.MSweepStale(p, mindex, fib.MSourceAPI)
		}
	}
	return err
}

// ipTableFlush removes what the API added to a table (ip_table_flush in
// src/vnet/ip/ip_api.c), routes and multicast routes.
func (v *VPP) ipTableFlush(_ *call, req *ipTableRequest) error {
	p, index, err := v.tableOf(&req.Table)
	if err != nil {
		return err
	}
	v.dp.FIB.Flush(p, index, fib.SourceAPI)
	if mindex, ok := v.dp.FIB.FindMTable(p, req.Table.TableID); ok {
		v.dp.FIB.MFlush(p, mindex, fib.MSourceAPI)
	}
	return nil
}

// ipRoute is vl_api_ip_route_t, and vl_api_ip_route_v2_t without its source.
type ipRoute struct {
	TableID, StatsIndex uint32
	Prefix              netip.Prefix
	Paths               []fibPath
}

type ipRouteV2 struct {
	TableID, StatsIndex uint32
	Prefix              netip.Prefix
	Src                 uint8
	Paths               []fibPath
}

type ipRouteAddDel struct {
	IsAdd, IsMultipath bool
	TableID            uint32       `api:"route.table_id"`
	Prefix             netip.Prefix `api:"route.prefix"`
	Paths              []fibPath    `api:"route.paths"`
}

type ipRouteAddDelV2 struct {
	IsAdd, IsMultipath bool
	TableID            uint32       `api:"route.table_id"`
	Prefix             netip.Prefix `api:"route.prefix"`
	Src                uint8        `api:"route.src"`
	Paths              []fibPath    `api:"route.paths"`
}

type statsIndexReply struct{ StatsIndex uint32 }

func (v *VPP) ipRouteAddDel(_ *call, req *ipRouteAddDel, rep *statsIndexReply) error {
	return v.addDelRoute(req, fib.SourceAPI, rep)
}

// ipRouteAddDelV2 names the source; 0 means the API's own.
func (v *VPP) ipRouteAddDelV2(_ *call, req *ipRouteAddDelV2, rep *statsIndexReply) error {
	src := fib.SourceAPI
	if req.Src != 0 {
		if src = fib.Source(req.Src); int(src) >= v.dp.FIB.Sources() {
			rep.StatsIndex = invalidIndex
			return vnet.ErrInvalidValue
		}
	}
	v1 := ipRouteAddDel{IsAdd: req.IsAdd, IsMultipath: req.IsMultipath, TableID: req.TableID, Prefix: req.Prefix, Paths: req.Paths}
	return v.addDelRoute(&v1, src, rep)
}

// addDelRoute adds, replaces or removes a route
// (ip_route_add_del_t_handler in src/vnet/ip/ip_api.c, fib_api_route_add_del in
// src/vnet/fib/fib_api.c).
func (v *VPP) addDelRoute(req *ipRouteAddDel, src fib.Source, rep *statsIndexReply) error {
	rep.StatsIndex = invalidIndex
	f, p := v.dp.FIB, fib.IP4
	if req.Prefix.IsValid() {
		p = fib.ProtoOf(req.Prefix.Addr())
	}
	table, ok := f.FindTable(p, req.TableID)
	if !ok {
		return vnet.ErrNoSuchFIB
	}
	paths, err := v.decodePaths(req.Paths)
	if err != nil {
		return err
	}
	if !req.Prefix.IsValid() {
		return vnet.ErrInvalidPrefixLength
	}
	if len(paths) == 0 && (req.IsAdd || req.IsMultipath) {
		return vnet.ErrNoPathsInRoute
	}
	switch flags := localFlags(paths); {
	case req.IsAdd && req.IsMultipath:
		rep.StatsIndex = f.AddPaths(table, req.Prefix, src, flags, paths)
	case req.IsAdd:
		rep.StatsIndex = f.Update(table, req.Prefix, src, flags, paths)
	case req.IsMultipath:
		f.RemovePaths(table, req.Prefix, src, paths)
	default:
		f.Delete(table, req.Prefix, src)
	}
	return nil
}

// localFlags marks a route to this instance that names no interface.
func localFlags(paths []fib.Path) fib.EntryFlags {
	for i := range paths {
		if paths[i].Flags&fib.PathLocal != 0 && paths[i].SwIf == fib.InvalidIndex {
			return fib.EntryConnected | fib.EntryLocal
		}
	}
	return 0
}

type ipRouteDetails struct{ Route ipRoute }

type ipRouteV2Details struct{ Route ipRouteV2 }

func (v *VPP) ipRouteDump(_ *call, req *ipTableRequest, emit func(*ipRouteDetails)) error {
	p, index, err := v.tableOf(&req.Table)
	if err != nil {
		return err
	}
	v.dp.FIB.Routes(v.dp.FIB.Table(p, index), func(r fib.Route) bool {
		emit(&ipRouteDetails{v.route(r)})
		return true
	})
	return nil
}

func (v *VPP) route(r fib.Route) ipRoute {
	return ipRoute{TableID: r.Table.ID, StatsIndex: r.LoadBalance, Prefix: netip.PrefixFrom(r.Given, r.Prefix.Bits()), Paths: v.encodePaths(v.dp.FIB.Paths(r.Index))}
}

func (v *VPP) routeV2(r fib.Route) ipRouteV2 {
	o := v.route(r)
	return ipRouteV2{TableID: o.TableID, StatsIndex: o.StatsIndex, Prefix: o.Prefix, Src: uint8(r.Source), Paths: o.Paths}
}

type ipRouteV2Dump struct {
	Src   uint8
	Table ipTable
}

// ipRouteV2Dump lists a table, all of it or where a source forwards.
func (v *VPP) ipRouteV2Dump(_ *call, req *ipRouteV2Dump, emit func(*ipRouteV2Details)) error {
	p, index, err := v.tableOf(&req.Table)
	if err != nil {
		return err
	}
	v.dp.FIB.Routes(v.dp.FIB.Table(p, index), func(r fib.Route) bool {
		if req.Src == 0 || r.Source == fib.Source(req.Src) {
			emit(&ipRouteV2Details{v.routeV2(r)})
		}
		return true
	})
	return nil
}

type ipRouteLookup struct {
	TableID uint32
	Exact   bool
	Prefix  netip.Prefix
}

type ipRouteLookupReply struct{ Route ipRoute }

type ipRouteLookupV2Reply struct{ Route ipRouteV2 }

func (v *VPP) ipRouteLookup(_ *call, req *ipRouteLookup, rep *ipRouteLookupReply) error {
	r, err := v.lookupRoute(req)
	if err == nil {
		rep.Route = v.route(r)
	}
	return err
}

func (v *VPP) ipRouteLookupV2(_ *call, req *ipRouteLookup, rep *ipRouteLookupV2Reply) error {
	r, err := v.lookupRoute(req)
	if err == nil {
		rep.Route = v.routeV2(r)
	}
	return err
}

func (v *VPP) lookupRoute(req *ipRouteLookup) (r fib.Route, err error) {
	if !req.Prefix.IsValid() {
		return r, vnet.ErrNoSuchEntry
	}
	table, ok := v.dp.FIB.FindTable(fib.ProtoOf(req.Prefix.Addr()), req.TableID)
	if !ok {
		return r, vnet.ErrNoSuchFIB
	}
	if req.Exact {
		r, ok = v.dp.FIB.Find(table, req.Prefix)
	} else {
		r, ok = v.dp.FIB.Match(table, req.Prefix)
	}
	if !ok {
		return r, vnet.ErrNoSuchEntry
	}
	return r, nil
}

type setIPFlowHash struct {
	VrfID                                             uint32
	IsIPv6                                            bool `api:"is_ipv6"`
	Src, Dst, Sport, Dport, Proto, Reverse, Symmetric bool
}

func (v *VPP) setIPFlowHash(_ *call, req *setIPFlowHash) error {
	var hash fib.FlowHash
	for bit, on := range []bool{req.Src, req.Dst, req.Sport, req.Dport, req.Proto, req.Reverse, req.Symmetric} {
		if on {
			hash |= flowHashBits[bit]
		}
	}
	return v.dp.SetFlowHash(protoOf(req.IsIPv6), req.VrfID, hash)
}

var flowHashBits = []fib.FlowHash{fib.FlowHashSrc, fib.FlowHashDst, fib.FlowHashSrcPort, fib.FlowHashDstPort,
	fib.FlowHashProto, fib.FlowHashReverse, fib.FlowHashSymmetric}

type setIPFlowHashConfig struct {
	TableID        uint32
	Af             uint8
	FlowHashConfig uint32
}

func (v *VPP) setIPFlowHashConfig(_ *call, req *setIPFlowHashConfig) error {
	p, err := familyOf(req.Af)
	if err != nil {
		return err
	}
	return v.dp.SetFlowHash(p, req.TableID, fib.FlowHash(req.FlowHashConfig))
}

// fibSource is vl_api_fib_source_t.
type fibSource struct {
	Priority, ID uint8
	Name         string
}

type fibSourceAdd struct{ Src fibSource }

type fibSourceAddReply struct{ ID uint8 }

func (v *VPP) fibSourceAdd(_ *call, req *fibSourceAdd, rep *fibSourceAddReply) error {
	rep.ID = uint8(v.dp.FIB.AddSource(req.Src.Name, req.Src.Priority))
	return nil
}

type fibSourceDetails struct{ Src fibSource }

func (v *VPP) fibSourceDump(_ *call, _ *empty, emit func(*fibSourceDetails)) error {
	for id := range v.dp.FIB.Sources() {
		name, priority := v.dp.FIB.SourceName(fib.Source(id))
		emit(&fibSourceDetails{fibSource{Priority: priority, ID: uint8(id), Name: name}})
	}
	return nil
}
