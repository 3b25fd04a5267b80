package vpp

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/arp"
	"go.fd.io/govpp/binapi/fib_types"
	"go.fd.io/govpp/binapi/ip"
	"go.fd.io/govpp/binapi/ip_neighbor"
	"go.fd.io/govpp/binapi/ip_types"
	"go.fd.io/govpp/binapi/mfib_types"
	"go.fd.io/govpp/binapi/punt"
)

// add sends what VPP lacks of a state, or has differently.
func (e *Engine) add(want *State) error {
	err := e.run(e.addTables(want))
	err = errors.Join(err, e.addInterfaces(want))
	var requests []*request
	requests = append(requests, e.addLimits(want)...)
	requests = append(requests, e.addNeighbours(want)...)
	requests = append(requests, e.addRoutes(want)...)
	requests = append(requests, e.addMRoutes(want)...)
	requests = append(requests, e.addProxyARP(want)...)
	requests = append(requests, e.addPunts(want)...)
	return errors.Join(err, e.run(requests))
}

func (e *Engine) addTables(want *State) (requests []*request) {
	for _, t := range sortedKeys(want.Tables, compareTables) {
		name := want.Tables[t]
		if actual, there := e.actual.Tables[t]; there && actual == name {
			continue
		}
		requests = append(requests, &request{
			what: fmt.Sprintf("create table %d (%s)", t.ID, name),
			msg:  &ip.IPTableAddDel{IsAdd: true, Table: ip.IPTable{TableID: t.ID, IsIP6: t.IP6, Name: name}},
			done: func(api.Message) { put(&e.actual.Tables, t, name) },
		})
	}
	return requests
}

func (e *Engine) addLimits(want *State) (requests []*request) {
	for _, ip6 := range sortedKeys(want.Limits, compareBools) {
		limits := want.Limits[ip6]
		if e.actual.Limits[ip6] == limits {
			continue
		}
		requests = append(requests, &request{
			what: "configure the neighbour table",
			msg: &ip_neighbor.IPNeighborConfig{Af: family(ip6), MaxNumber: limits.MaxNumber, MaxAge: limits.MaxAge,
				Recycle: limits.Recycle},
			done: func(api.Message) { put(&e.actual.Limits, ip6, limits) },
		})
	}
	return requests
}

func (e *Engine) addNeighbours(want *State) (requests []*request) {
	for _, k := range sortedKeys(want.Neighbours, compareNeighbours) {
		index, there := e.index[k.Interface]
		if m := want.Neighbours[k]; there && e.actual.Neighbours[k] != m {
			requests = append(requests, &request{
				what: fmt.Sprintf("add neighbour %s on %s", k.Address, k.Interface),
				msg:  neighbour(true, index, k, m),
				done: func(api.Message) { put(&e.actual.Neighbours, k, m) },
			})
		}
	}
	return requests
}

func neighbour(add bool, index uint32, k NeighbourKey, m MAC) api.Message {
	return &ip_neighbor.IPNeighborAddDel{IsAdd: add, Neighbor: ip_neighbor.IPNeighbor{
		SwIfIndex: swIf(index), Flags: ip_neighbor.IP_API_NEIGHBOR_FLAG_STATIC, MacAddress: mac(m), IPAddress: address(k.Address)}}
}

// addRoutes sends routes. Those through an interface that does not exist are left out: that it could not be created has been told already.
func (e *Engine) addRoutes(want *State) (requests []*request) {
	var keys []RouteKey
	for k, paths := range want.Routes {
		if !slices.Equal(e.actual.Routes[k], paths) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, compareRoutes)
	for _, k := range keys {
		paths := want.Routes[k]
		if fibPaths, ok := e.fibPaths(k, paths); ok {
			requests = append(requests, &request{
				what: "add route",
				key:  &k,
				msg:  route(true, k, fibPaths),
				done: func(api.Message) { put(&e.actual.Routes, k, paths) },
			})
		}
	}
	return requests
}

func (e *Engine) fibPaths(k RouteKey, paths []Path) ([]fib_types.FibPath, bool) {
	out := make([]fib_types.FibPath, len(paths))
	for i, p := range paths {
		index := none
		if p.Interface != "" {
			var there bool
			if index, there = e.index[p.Interface]; !there {
				return nil, false
			}
		}
		out[i] = fibPath(p, k.Prefix, index)
	}
	return out, true
}

func route(add bool, k RouteKey, paths []fib_types.FibPath) api.Message {
	return &ip.IPRouteAddDel{IsAdd: add, Route: ip.IPRoute{
		TableID: k.Table, Prefix: prefix(k.Prefix), NPaths: uint8(len(paths)), Paths: paths}}
}

func (e *Engine) addMRoutes(want *State) (requests []*request) {
	for _, k := range sortedKeys(want.MRoutes, compareRoutes) {
		paths := want.MRoutes[k]
		if slices.Equal(e.actual.MRoutes[k], paths) {
			continue
		}
		var mfib []mfib_types.MfibPath
		for _, p := range paths {
			index, there := e.index[p.Interface]
			if !there {
				continue
			}
			mfib = append(mfib, mfib_types.MfibPath{ItfFlags: mfibFlags(p),
				Path: fib_types.FibPath{SwIfIndex: index, Proto: proto(k.Prefix.Addr().Is6()), Weight: 1}})
		}
		if len(mfib) == len(paths) {
			requests = append(requests, &request{
				what: fmt.Sprintf("add multicast route %s in table %d", k.Prefix, k.Table),
				msg:  mroute(true, k, mfib),
				done: func(api.Message) { put(&e.actual.MRoutes, k, paths) },
			})
		}
	}
	return requests
}

func mfibFlags(p MPath) (flags mfib_types.MfibItfFlags) {
	if p.Accept {
		flags |= mfib_types.MFIB_API_ITF_FLAG_ACCEPT
	}
	if p.Forward {
		flags |= mfib_types.MFIB_API_ITF_FLAG_FORWARD
	}
	return flags
}

func mroute(add bool, k RouteKey, paths []mfib_types.MfibPath) api.Message {
	group := ip_types.Mprefix{Af: family(k.Prefix.Addr().Is6()), GrpAddressLength: uint16(k.Prefix.Bits()), GrpAddress: union(k.Prefix.Addr())}
	return &ip.IPMrouteAddDel{IsAdd: add, Route: ip.IPMroute{TableID: k.Table, Prefix: group, NPaths: uint8(len(paths)), Paths: paths}}
}

func (e *Engine) addProxyARP(want *State) (requests []*request) {
	for _, table := range sortedKeys(want.ProxyARP, cmp.Compare[uint32]) {
		if !e.actual.ProxyARP[table] {
			requests = append(requests, &request{
				what: fmt.Sprintf("answer ARP in table %d", table),
				msg:  proxyARP(true, table),
				done: func(api.Message) { put(&e.actual.ProxyARP, table, true) },
			})
		}
	}
	return requests
}

// proxyARP covers every address.
func proxyARP(add bool, table uint32) api.Message {
	return &arp.ProxyArpAddDel{IsAdd: add, Proxy: arp.ProxyArp{TableID: table, Hi: ip_types.IP4Address{255, 255, 255, 255}}}
}

// anyPort makes set_punt punt every port that nothing in VPP listens to.
const anyPort = 0xffff

func (e *Engine) addPunts(want *State) (requests []*request) {
	for _, ip6 := range sortedKeys(want.PuntRedirects, compareBools) {
		table := want.PuntRedirects[ip6]
		if actual, there := e.actual.PuntRedirects[ip6]; there && actual == table {
			continue
		}
		for _, protocol := range []ip_types.IPProto{ip_types.IP_API_PROTO_TCP, ip_types.IP_API_PROTO_UDP} {
			requests = append(requests, &request{
				what: fmt.Sprintf("punt %s", protocol),
				msg: &punt.SetPunt{IsAdd: true, Punt: punt.Punt{Type: punt.PUNT_API_TYPE_L4,
					Punt: punt.PuntUnionL4(punt.PuntL4{Af: family(ip6), Protocol: protocol, Port: anyPort})}},
			})
		}
		requests = append(requests, &request{
			what: fmt.Sprintf("redirect punted packets to table %d", table),
			msg:  puntRedirect(true, ip6, table),
			done: func(api.Message) { put(&e.actual.PuntRedirects, ip6, table) },
		})
	}
	return requests
}

func puntRedirect(add, ip6 bool, table uint32) api.Message {
	return &ip.AddDelIPPuntRedirectV2{IsAdd: add, Punt: ip.PuntRedirectV2{RxSwIfIndex: swIf(none), Af: family(ip6), NPaths: 1,
		Paths: []fib_types.FibPath{{SwIfIndex: none, TableID: table, Weight: 1, Proto: proto(ip6)}}}}
}
