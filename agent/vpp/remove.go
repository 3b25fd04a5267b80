package vpp

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/af_packet"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/interface_types"
	"go.fd.io/govpp/binapi/ip"
	"go.fd.io/govpp/binapi/memif"
	"go.fd.io/govpp/binapi/tapv2"
)

// remove takes things out of VPP that it has: what refers to others first.
func (e *Engine) remove(gone *State) error {
	e.dependents(gone)
	var requests []*request
	for _, ip6 := range sortedKeys(gone.PuntRedirects, compareBools) {
		requests = append(requests, &request{what: "remove punt redirect", msg: puntRedirect(false, ip6, gone.PuntRedirects[ip6]),
			done: func(api.Message) { delete(e.actual.PuntRedirects, ip6) }})
	}
	for _, table := range sortedKeys(gone.ProxyARP, cmp.Compare[uint32]) {
		requests = append(requests, &request{what: "remove proxy ARP", msg: proxyARP(false, table),
			done: func(api.Message) { delete(e.actual.ProxyARP, table) }})
	}
	for _, k := range sortedKeys(gone.MRoutes, compareRoutes) {
		requests = append(requests, &request{what: fmt.Sprintf("remove multicast route %s in table %d", k.Prefix, k.Table),
			msg: mroute(false, k, nil), done: func(api.Message) { delete(e.actual.MRoutes, k) }})
	}
	for _, k := range sortedKeys(gone.Routes, compareRoutes) {
		requests = append(requests, &request{what: "remove route", key: &k,
			msg: route(false, k, nil), done: func(api.Message) { delete(e.actual.Routes, k) }})
	}
	for _, k := range sortedKeys(gone.Neighbours, compareNeighbours) {
		if index, there := e.index[k.Interface]; there {
			requests = append(requests, &request{what: fmt.Sprintf("remove neighbour %s on %s", k.Address, k.Interface),
				msg: neighbour(false, index, k, gone.Neighbours[k]), done: func(api.Message) { delete(e.actual.Neighbours, k) }})
		}
	}
	err := e.run(requests)
	requests = e.removeInterfaces(gone)
	for _, t := range sortedKeys(gone.Tables, compareTables) {
		requests = append(requests, &request{what: fmt.Sprintf("remove table %d", t.ID),
			msg:  &ip.IPTableAddDel{Table: ip.IPTable{TableID: t.ID, IsIP6: t.IP6}},
			done: func(api.Message) { delete(e.actual.Tables, t) }})
	}
	return errors.Join(err, e.run(requests))
}

// dependents adds to gone what VPP has that refers to interfaces in gone: such routes would be left behind with a path to nowhere. Things that a group
// wants nevertheless are put back by Repair.
func (e *Engine) dependents(gone *State) {
	if len(gone.Interfaces) == 0 {
		return
	}
	away := func(name string) bool { return name != "" && gone.Interfaces[name] != nil }
	for k, paths := range e.actual.Routes {
		if slices.ContainsFunc(paths, func(p Path) bool { return away(p.Interface) }) && gone.Routes[k] == nil {
			put(&gone.Routes, k, paths)
			e.disorder = true
		}
	}
	for k, paths := range e.actual.MRoutes {
		if slices.ContainsFunc(paths, func(p MPath) bool { return away(p.Interface) }) && gone.MRoutes[k] == nil {
			put(&gone.MRoutes, k, paths)
			e.disorder = true
		}
	}
	for k, m := range e.actual.Neighbours {
		if _, known := gone.Neighbours[k]; !known && away(k.Interface) {
			put(&gone.Neighbours, k, m)
			e.disorder = true
		}
	}
}

// removeInterfaces deletes interfaces: borrowers of addresses before their owners.
func (e *Engine) removeInterfaces(gone *State) (requests []*request) {
	names := sortedKeys(gone.Interfaces, func(a, b string) int {
		return cmp.Or(compareBools(gone.Interfaces[b].Unnumbered != "", gone.Interfaces[a].Unnumbered != ""), cmp.Compare(a, b))
	})
	for _, name := range names {
		index, there := e.index[name]
		a := e.actual.Interfaces[name]
		if !there || a == nil {
			continue
		}
		requests = append(requests, e.quiet(index, a)...)
		requests = append(requests, &request{what: "delete " + name, msg: e.deletion(index, a.Device), done: func(api.Message) {
			delete(e.actual.Interfaces, name)
			delete(e.index, name)
			delete(e.complete, name)
			delete(e.created, name)
			maps.DeleteFunc(e.actual.Neighbours, func(k NeighbourKey, _ MAC) bool { return k.Interface == name }) // VPP drops them, too
		}})
		if _, ok := e.sockets[name]; ok {
			requests = append(requests, e.socketDeletion(name))
		}
	}
	return requests
}

// quiet prepares an interface for its deletion: down and without borrowed addresses.
func (e *Engine) quiet(index uint32, a *Interface) (requests []*request) {
	add := func(msg api.Message, done func(api.Message)) {
		requests = append(requests, &request{what: "prepare the deletion of " + a.Name, msg: msg, done: done})
	}
	if a.Up {
		add(&interfaces.SwInterfaceSetFlags{SwIfIndex: swIf(index), Flags: interface_types.IfStatusFlags(0)}, func(api.Message) { a.Up = false })
	}
	if a.Unnumbered != "" {
		add(&interfaces.SwInterfaceSetUnnumbered{UnnumberedSwIfIndex: swIf(index)}, func(api.Message) { a.Unnumbered = "" })
	}
	return requests
}

// deletion is the message that deletes a device.
func (e *Engine) deletion(index uint32, d Device) api.Message {
	switch d := d.(type) {
	case AFPacket:
		return &af_packet.AfPacketDelete{HostIfName: d.HostInterface}
	case Tap:
		return &tapv2.TapDeleteV2{SwIfIndex: swIf(index)}
	case Memif:
		return &memif.MemifDelete{SwIfIndex: swIf(index)}
	case VXLAN:
		return e.tunnel(false, d)
	default:
		return &interfaces.DeleteLoopback{SwIfIndex: swIf(index)}
	}
}
