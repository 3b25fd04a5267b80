package vpp

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/arp"
	"go.fd.io/govpp/binapi/fib"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/interface_types"
	"go.fd.io/govpp/binapi/ip"
	"go.fd.io/govpp/binapi/ip_neighbor"
	"go.fd.io/govpp/binapi/ip_types"
	"go.fd.io/govpp/binapi/memif"
	"go.fd.io/govpp/binapi/urpf"
	"go.fd.io/govpp/binapi/vxlan"
)

// Prefixes of the tags and table names by which the Engine knows what is its own in a VPP: everything else is left alone. Of table 0 it owns the
// routes whose source is the API, and it owns every layer-3 VXLAN tunnel.
var (
	OwnTags   = []string{"main-", "host-", "net-", "pod-"}
	OwnTables = []string{"punt-table-", "calico-pods-", "network-", "physical-net-", "host-tap-", "rpf-"}
)

func own(prefixes []string, name string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// read fills e.actual and what belongs to it with what VPP has.
func (e *Engine) read(c *client) error {
	for _, step := range []func(*client) error{e.readInterfaces, e.readTunnels, e.readMemifs, e.readTables, e.readAttributes, e.readRoutes,
		e.readNeighbours, e.readGlobals} {
		if err := step(c); err != nil {
			return err
		}
	}
	e.assumeMRoutes()
	for name, i := range e.actual.Interfaces {
		e.complete[name] = i.Up || i.Device.devType() == (Loopback{}).devType()
	}
	return nil
}

// optional lets a message that VPP does not have count as one that found nothing.
func optional(err error) error {
	if errors.Is(err, ErrUnsupported) {
		return nil
	}
	return err
}

func (e *Engine) readInterfaces(c *client) error {
	return c.dump(&interfaces.SwInterfaceDump{SwIfIndex: swIf(none)}, func(m api.Message) {
		d, ok := m.(*interfaces.SwInterfaceDetails)
		if !ok || !own(OwnTags, d.Tag) {
			return
		}
		i := &Interface{Name: d.Tag, Device: deviceOf(d), Up: d.Flags&interface_types.IF_STATUS_API_FLAG_ADMIN_UP != 0}
		if len(d.Mtu) > 0 {
			i.MTU = int(d.Mtu[0])
		}
		if i.Device != nil {
			e.found(i, uint32(d.SwIfIndex))
		}
	})
}

func (e *Engine) found(i *Interface, index uint32) {
	put(&e.actual.Interfaces, i.Name, i)
	e.index[i.Name] = index
}

// deviceOf tells the kind of a tagged interface; the tag vouches for the rest.
func deviceOf(d *interfaces.SwInterfaceDetails) Device {
	switch kind := d.InterfaceDevType; {
	case kind == AFPacket{}.devType():
		return AFPacket{HostInterface: strings.TrimPrefix(d.InterfaceName, "host-")}
	case kind == Loopback{}.devType():
		return Loopback{}
	case kind == Memif{}.devType():
		return Memif{}
	case kind == Tap{}.devType(), strings.HasPrefix(d.InterfaceName, "tap"), strings.HasPrefix(d.InterfaceName, "tun"):
		return Tap{}
	}
	return nil
}

func (e *Engine) readTunnels(c *client) error {
	up := map[uint32]*interfaces.SwInterfaceDetails{}
	var tunnels []*vxlan.VxlanTunnelV2Details
	err := c.dump(&vxlan.VxlanTunnelV2Dump{SwIfIndex: swIf(none)}, func(m api.Message) {
		if d, ok := m.(*vxlan.VxlanTunnelV2Details); ok {
			tunnels = append(tunnels, d)
		}
	})
	if err != nil || len(tunnels) == 0 {
		return optional(err)
	}
	err = c.dump(&interfaces.SwInterfaceDump{SwIfIndex: swIf(none)}, func(m api.Message) {
		if d, ok := m.(*interfaces.SwInterfaceDetails); ok {
			up[uint32(d.SwIfIndex)] = d
		}
	})
	for _, t := range tunnels {
		d := up[uint32(t.SwIfIndex)]
		if d == nil || d.Type != interface_types.IF_API_TYPE_HARDWARE || d.L2Address != mac(MAC{}) {
			continue // not there any more, or a layer-2 tunnel, which has an Ethernet address
		}
		v := VXLAN{Src: fromAddress(t.SrcAddress), Dst: fromAddress(t.DstAddress), VNI: t.Vni, Port: t.SrcPort, EncapTable: t.EncapVrfID}
		e.found(&Interface{Name: v.Name(), Device: v, Up: d.Flags&interface_types.IF_STATUS_API_FLAG_ADMIN_UP != 0, MTU: mtuOf(d)},
			uint32(t.SwIfIndex))
	}
	return err
}

func mtuOf(d *interfaces.SwInterfaceDetails) int {
	if len(d.Mtu) == 0 {
		return 0
	}
	return int(d.Mtu[0])
}

func (e *Engine) readMemifs(c *client) error {
	names := e.names()
	return optional(c.dump(&memif.MemifDump{}, func(m api.Message) {
		if d, ok := m.(*memif.MemifDetails); ok && names(uint32(d.SwIfIndex)) != "" {
			e.sockets[names(uint32(d.SwIfIndex))] = d.SocketID
		}
	}))
}

// names returns a function from sw_if_index to interface name, "" for what is not ours.
func (e *Engine) names() func(uint32) string {
	byIndex := make(map[uint32]string, len(e.index))
	for name, index := range e.index {
		byIndex[index] = name
	}
	return func(index uint32) string { return byIndex[index] }
}

func (e *Engine) readTables(c *client) error {
	return c.dump(&ip.IPTableDump{}, func(m api.Message) {
		if d, ok := m.(*ip.IPTableDetails); ok && own(OwnTables, d.Table.Name) {
			put(&e.actual.Tables, Table{ID: d.Table.TableID, IP6: d.Table.IsIP6}, d.Table.Name)
		}
	})
}

// readAttributes reads tables, addresses, loans and reverse path checks of our interfaces.
func (e *Engine) readAttributes(c *client) error {
	if len(e.index) == 0 {
		return nil
	}
	names := e.names()
	var requests []*request
	for _, name := range sortedKeys(e.index, cmp.Compare[string]) {
		i := e.actual.Interfaces[name]
		var ip4 uint32
		requests = append(requests,
			&request{what: "read the IPv4 table of " + name, msg: &interfaces.SwInterfaceGetTable{SwIfIndex: swIf(e.index[name])},
				done: func(m api.Message) { ip4 = m.(*interfaces.SwInterfaceGetTableReply).VrfID }},
			&request{what: "read the IPv6 table of " + name, msg: &interfaces.SwInterfaceGetTable{SwIfIndex: swIf(e.index[name]), IsIPv6: true},
				done: func(m api.Message) {
					if i.Table = ip4; m.(*interfaces.SwInterfaceGetTableReply).VrfID != ip4 {
						i.Table = none // not as we leave it
					}
				}})
	}
	if err := c.do(requests); err != nil {
		return err
	}
	for _, r := range requests {
		if r.err != nil {
			return fmt.Errorf("%s: %w", r.what, r.err)
		}
	}
	for name, index := range e.index {
		if err := e.readAddresses(c, e.actual.Interfaces[name], index); err != nil {
			return err
		}
	}
	err := c.dump(&ip.IPUnnumberedDump{SwIfIndex: swIf(none)}, func(m api.Message) {
		if d, ok := m.(*ip.IPUnnumberedDetails); ok && names(uint32(d.SwIfIndex)) != "" {
			e.actual.Interfaces[names(uint32(d.SwIfIndex))].Unnumbered = names(uint32(d.IPSwIfIndex))
		}
	})
	return errors.Join(err, optional(c.dump(&urpf.UrpfInterfaceDump{SwIfIndex: swIf(none)}, func(m api.Message) {
		d, ok := m.(*urpf.UrpfInterfaceDetails)
		if ok && d.IsInput && d.Mode == urpf.URPF_API_MODE_LOOSE && names(uint32(d.SwIfIndex)) != "" {
			e.actual.Interfaces[names(uint32(d.SwIfIndex))].RPFTable = d.TableID
		}
	})))
}

func (e *Engine) readAddresses(c *client, i *Interface, index uint32) error {
	switch i.Device.(type) {
	case VXLAN, Memif:
		return nil // they only borrow
	}
	for _, ip6 := range []bool{false, true} {
		err := c.dump(&ip.IPAddressDump{SwIfIndex: swIf(index), IsIPv6: ip6}, func(m api.Message) {
			if d, ok := m.(*ip.IPAddressDetails); ok {
				i.Addresses = append(i.Addresses, fromPrefix(ip_types.Prefix(d.Prefix)))
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// apiSource is the name of the source of routes that come by the API (src/vnet/fib/fib_source.c).
const apiSource = "API"

func (e *Engine) readRoutes(c *client) error {
	source := uint8(0)
	err := c.dump(&fib.FibSourceDump{}, func(m api.Message) {
		if d, ok := m.(*fib.FibSourceDetails); ok && d.Src.Name == apiSource {
			source = d.Src.ID
		}
	})
	if err != nil {
		return fmt.Errorf("find the number of route source %s: %w", apiSource, err)
	}
	names := e.names()
	tables := append([]Table{{}, {IP6: true}}, sortedKeys(e.actual.Tables, compareTables)...)
	for _, t := range tables {
		err := c.dump(&ip.IPRouteV2Dump{Src: source, Table: ip.IPTable{TableID: t.ID, IsIP6: t.IP6}}, func(m api.Message) {
			if d, ok := m.(*ip.IPRouteV2Details); ok && d.Route.Src == source {
				put(&e.actual.Routes, RouteKey{Table: t.ID, Prefix: fromPrefix(d.Route.Prefix)}, fromFibPaths(&d.Route, names))
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fromFibPaths returns a route's paths. One of a kind that we do not make becomes the zero Path, which equals no wanted one.
func fromFibPaths(r *ip.IPRouteV2, names func(uint32) string) []Path {
	prefix := fromPrefix(r.Prefix)
	paths := make([]Path, 0, len(r.Paths))
	for _, in := range r.Paths {
		p, ok := fromFibPath(in, prefix, names)
		if !ok {
			p = Path{}
		}
		paths = append(paths, p)
	}
	return paths
}

// assumeMRoutes takes wanted multicast routes through interfaces that are there to be there too, if the punt redirects are, which are sent after them. VPP does
// not report faithfully what it was told: paths of other sources appear beside those of the API, or instead of them (src/vnet/mfib/mfib_entry.c).
func (e *Engine) assumeMRoutes() {
	if len(e.actual.PuntRedirects) == 0 {
		return
	}
	for _, group := range e.groups {
		for k, paths := range group.MRoutes {
			missing := func(p MPath) bool { _, there := e.index[p.Interface]; return !there }
			if !slices.ContainsFunc(paths, missing) {
				put(&e.actual.MRoutes, k, paths)
			}
		}
	}
}

func (e *Engine) readNeighbours(c *client) error {
	names := e.names()
	for _, ip6 := range []bool{false, true} {
		err := c.dump(&ip_neighbor.IPNeighborDump{SwIfIndex: swIf(none), Af: family(ip6)}, func(m api.Message) {
			d, ok := m.(*ip_neighbor.IPNeighborDetails)
			if !ok || d.Neighbor.Flags&ip_neighbor.IP_API_NEIGHBOR_FLAG_STATIC == 0 {
				return
			}
			if name := names(uint32(d.Neighbor.SwIfIndex)); name != "" {
				put(&e.actual.Neighbours, NeighbourKey{Interface: name, Address: fromAddress(d.Neighbor.IPAddress)}, MAC(d.Neighbor.MacAddress))
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readGlobals reads what belongs to no interface: punt redirects, proxy ARP, limits of neighbour tables.
func (e *Engine) readGlobals(c *client) error {
	for _, ip6 := range []bool{false, true} {
		err := c.dump(&ip.IPPuntRedirectV2Dump{SwIfIndex: swIf(none), Af: family(ip6)}, func(m api.Message) {
			d, ok := m.(*ip.IPPuntRedirectV2Details)
			if ok && len(d.Punt.Paths) == 1 && d.Punt.Paths[0].SwIfIndex == none {
				put(&e.actual.PuntRedirects, ip6, d.Punt.Paths[0].TableID)
			}
		})
		if err != nil {
			return err
		}
		reply, err := c.call("read neighbour limits", &ip_neighbor.IPNeighborConfigGet{Af: family(ip6)})
		if optional(err) != nil {
			return err
		}
		if r, ok := reply.(*ip_neighbor.IPNeighborConfigGetReply); ok {
			put(&e.actual.Limits, ip6, NeighbourLimits{MaxNumber: r.MaxNumber, MaxAge: r.MaxAge, Recycle: r.Recycle})
		}
	}
	return c.dump(&arp.ProxyArpDump{}, func(m api.Message) {
		d, ok := m.(*arp.ProxyArpDetails)
		if ok && d.Proxy.Low == (ip_types.IP4Address{}) && d.Proxy.Hi == (ip_types.IP4Address{255, 255, 255, 255}) {
			put(&e.actual.ProxyARP, d.Proxy.TableID, true)
		}
	})
}
