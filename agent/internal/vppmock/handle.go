package vppmock

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/af_packet"
	"go.fd.io/govpp/binapi/arp"
	"go.fd.io/govpp/binapi/fib"
	"go.fd.io/govpp/binapi/fib_types"
	"go.fd.io/govpp/binapi/gso"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/interface_types"
	"go.fd.io/govpp/binapi/ip"
	"go.fd.io/govpp/binapi/ip6_nd"
	"go.fd.io/govpp/binapi/ip_neighbor"
	"go.fd.io/govpp/binapi/ip_types"
	"go.fd.io/govpp/binapi/memclnt"
	"go.fd.io/govpp/binapi/memif"
	"go.fd.io/govpp/binapi/mfib_types"
	"go.fd.io/govpp/binapi/punt"
	"go.fd.io/govpp/binapi/tapv2"
	"go.fd.io/govpp/binapi/urpf"
	"go.fd.io/govpp/binapi/vlib"
	"go.fd.io/govpp/binapi/vxlan"
)

type netIf struct {
	index           uint32
	kind, name, tag string
	up              bool
	mtu             uint32
	table4, table6  uint32
	addresses       []ip_types.AddressWithPrefix
	unnumbered      uint32 // 0: none; index 0 is local0
	rpf4, rpf6      uint32
	settings        []string
	tunnel          *vxlan.VxlanAddDelTunnelV3
	socket          uint32
	tap             *tapv2.TapCreateV3
	memif           *memif.MemifCreate
}

type (
	route struct {
		key   string
		table uint32
		pfx   ip_types.Prefix
		paths []fib_types.FibPath
	}
	mroute struct {
		table uint32
		pfx   ip_types.Mprefix
		paths []mfib_types.MfibPath
	}
	neighbour = ip_neighbor.IPNeighbor
	redirect  struct {
		af    ip_types.AddressFamily
		paths []fib_types.FibPath
	}
	limits struct{ number, age uint32 }
)

// apiSource is the number of the API's route source here.
const apiSource = 8

func family(ip6 bool) string {
	if ip6 {
		return "ip6"
	}
	return "ip4"
}

func (v *VPP) name(index uint32) string {
	if i := v.interfaces[index]; i != nil {
		if i.tag != "" {
			return i.tag
		}
		return i.name
	}
	return fmt.Sprintf("if%d", index)
}

func (v *VPP) paths(list []fib_types.FibPath) string {
	var b strings.Builder
	for _, p := range list {
		nh := netip.AddrFrom16(p.Nh.Address.GetIP6())
		if p.Proto == fib_types.FIB_API_PATH_NH_PROTO_IP4 {
			nh = netip.AddrFrom4(p.Nh.Address.GetIP4())
		}
		switch {
		case p.SwIfIndex == ^uint32(0) && nh.IsUnspecified():
			fmt.Fprintf(&b, " table %d", p.TableID)
		case p.SwIfIndex == ^uint32(0):
			fmt.Fprintf(&b, " %s", nh)
		default:
			fmt.Fprintf(&b, " %s %s", nh, v.name(p.SwIfIndex))
		}
	}
	return b.String()
}

func (v *VPP) describe(i *netIf) string {
	var addresses []string
	for _, a := range i.addresses {
		addresses = append(addresses, a.String())
	}
	s := fmt.Sprintf("%q %s up=%t mtu=%d tables=%d,%d addresses=%v", i.tag, i.kind, i.up, i.mtu, i.table4, i.table6, addresses)
	if i.unnumbered != 0 {
		s += " unnumbered=" + v.name(i.unnumbered)
	}
	if i.rpf4 != 0 || i.rpf6 != 0 {
		s += fmt.Sprintf(" rpf=%d,%d", i.rpf4, i.rpf6)
	}
	if t := i.tap; t != nil {
		s += fmt.Sprintf(" tap %s in %q mtu=%d queues=%d,%d rings=%d,%d flags=%d", t.HostIfName, t.HostNamespace, t.HostMtuSize, t.NumRxQueues,
			t.NumTxQueues, t.RxRingSz, t.TxRingSz, t.TapFlags&^tapv2.TAP_API_FLAG_ATTACH)
	}
	if m := i.memif; m != nil {
		s += fmt.Sprintf(" memif mode=%d ring=%d queues=%d,%d", m.Mode, m.RingSize, m.RxQueues, m.TxQueues)
	}
	if t := i.tunnel; t != nil {
		s += fmt.Sprintf(" vxlan %s->%s:%d vni=%d table=%d decap=%d", t.SrcAddress, t.DstAddress, t.DstPort, t.Vni, t.EncapVrfID, t.DecapNextIndex)
	}
	if len(i.settings) > 0 {
		s += fmt.Sprintf(" %v", i.settings)
	}
	return s
}

func (v *VPP) create(kind, name, tag string) *netIf {
	i := &netIf{index: v.nextIndex, kind: kind, name: fmt.Sprintf("%s%d", name, v.nextIndex), tag: tag}
	v.interfaces[i.index] = i
	v.nextIndex++
	return i
}

// errRetval answers for an interface that does not exist.
const errRetval = int32(api.INVALID_SW_IF_INDEX)

// with runs f on an interface, and returns the retval.
func (v *VPP) with(index interface_types.InterfaceIndex, f func(*netIf)) int32 {
	i := v.interfaces[uint32(index)]
	if i == nil {
		return errRetval
	}
	f(i)
	return 0
}

func (v *VPP) set(index interface_types.InterfaceIndex, setting string) int32 {
	return v.with(index, func(i *netIf) {
		if !slices.Contains(i.settings, setting) {
			i.settings = append(i.settings, setting)
		}
	})
}

func (v *VPP) remove(index interface_types.InterfaceIndex) int32 {
	if v.interfaces[uint32(index)] == nil {
		return errRetval
	}
	delete(v.interfaces, uint32(index))
	maps.DeleteFunc(v.neighbours, func(_ string, n neighbour) bool { return n.SwIfIndex == index })
	return 0
}

// handle answers one message.
func (v *VPP) handle(m api.Message) []api.Message {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls = append(v.calls, m.GetMessageName())
	if details, ok := v.dump(m); ok {
		return details
	}
	f := v.failing(m.GetMessageName())
	return []api.Message{v.reply(m, f)}
}

// reply carries out one request that changes something, unless it is to fail.
func (v *VPP) reply(m api.Message, f int32) api.Message {
	do := func(g func() int32) int32 {
		if f != 0 {
			return f
		}
		return g()
	}
	switch m := m.(type) {
	case *memclnt.ControlPing:
		return &memclnt.ControlPingReply{}
	case *ip.IPTableAddDel:
		return &ip.IPTableAddDelReply{Retval: do(func() int32 {
			key := fmt.Sprintf("%s %d", family(m.Table.IsIP6), m.Table.TableID)
			if delete(v.tables, key); m.IsAdd {
				v.tables[key] = m.Table.Name
			}
			return 0
		})}
	case *ip.IPRouteAddDel:
		return &ip.IPRouteAddDelReply{Retval: do(func() int32 {
			key := fmt.Sprintf("%s in %d", m.Route.Prefix, m.Route.TableID)
			if delete(v.routes, key); m.IsAdd {
				v.routes[key] = route{key, m.Route.TableID, m.Route.Prefix, m.Route.Paths}
			}
			return 0
		})}
	case *ip.IPMrouteAddDel:
		return &ip.IPMrouteAddDelReply{Retval: do(func() int32 {
			key := fmt.Sprintf("%v/%d in %d", m.Route.Prefix.GrpAddress.GetIP6(), m.Route.Prefix.GrpAddressLength, m.Route.TableID)
			if delete(v.mroutes, key); m.IsAdd {
				v.mroutes[key] = mroute{m.Route.TableID, m.Route.Prefix, m.Route.Paths}
			}
			return 0
		})}
	case *ip_neighbor.IPNeighborAddDel:
		return &ip_neighbor.IPNeighborAddDelReply{Retval: do(func() int32 {
			key := fmt.Sprintf("%d %s", m.Neighbor.SwIfIndex, m.Neighbor.IPAddress)
			if delete(v.neighbours, key); m.IsAdd {
				v.neighbours[key] = m.Neighbor
			}
			return 0
		})}
	case *ip_neighbor.IPNeighborConfig:
		v.limits[m.Af.String()] = limits{m.MaxNumber, m.MaxAge}
		return &ip_neighbor.IPNeighborConfigReply{}
	case *ip_neighbor.IPNeighborConfigGet:
		l := v.limits[m.Af.String()]
		return &ip_neighbor.IPNeighborConfigGetReply{Af: m.Af, MaxNumber: l.number, MaxAge: l.age}
	case *punt.SetPunt:
		return &punt.SetPuntReply{Retval: f}
	case *ip.AddDelIPPuntRedirectV2:
		if delete(v.redirects, m.Punt.Af.String()); m.IsAdd {
			v.redirects[m.Punt.Af.String()] = redirect{m.Punt.Af, m.Punt.Paths}
		}
		return &ip.AddDelIPPuntRedirectV2Reply{}
	case *arp.ProxyArpAddDel:
		if delete(v.proxyARP, m.Proxy.TableID); m.IsAdd {
			v.proxyARP[m.Proxy.TableID] = true
		}
		return &arp.ProxyArpAddDelReply{}
	case *vlib.AddNodeNext:
		next := uint32(2)
		if strings.HasSuffix(m.NextName, "ip6-input") {
			next = 3
		}
		return &vlib.AddNodeNextReply{NextIndex: next}
	}
	return v.interfaceReply(m, do)
}

func (v *VPP) interfaceReply(m api.Message, do func(func() int32) int32) api.Message {
	var made *netIf
	index := func() interface_types.InterfaceIndex {
		if made == nil {
			return 0
		}
		return interface_types.InterfaceIndex(made.index)
	}
	switch m := m.(type) {
	case *af_packet.AfPacketCreateV3:
		retval := do(func() int32 {
			made = v.create("af-packet", "", "")
			made.name = "host-" + m.HostIfName
			return 0
		})
		return &af_packet.AfPacketCreateV3Reply{Retval: retval, SwIfIndex: index()}
	case *tapv2.TapCreateV3:
		retval := do(func() int32 {
			if m.TapFlags&tapv2.TAP_API_FLAG_ATTACH != 0 {
				return int32(api.SYSCALL_ERROR_2)
			}
			made = v.create("virtio", "tap", m.Tag)
			made.tap = m
			return 0
		})
		return &tapv2.TapCreateV3Reply{Retval: retval, SwIfIndex: index()}
	case *tapv2.TapDeleteV2:
		return &tapv2.TapDeleteV2Reply{Retval: do(func() int32 { return v.remove(m.SwIfIndex) })}
	case *interfaces.CreateLoopback:
		retval := do(func() int32 { made = v.create("Loopback", "loop", ""); return 0 })
		return &interfaces.CreateLoopbackReply{Retval: retval, SwIfIndex: index()}
	case *interfaces.DeleteLoopback:
		return &interfaces.DeleteLoopbackReply{Retval: do(func() int32 { return v.remove(m.SwIfIndex) })}
	case *memif.MemifSocketFilenameAddDelV2:
		id := m.SocketID
		retval := do(func() int32 {
			if !m.IsAdd {
				delete(v.sockets, id)
				return 0
			}
			id = 1000 + v.nextIndex
			v.nextIndex++
			v.sockets[id] = m.SocketFilename
			return 0
		})
		return &memif.MemifSocketFilenameAddDelV2Reply{Retval: retval, SocketID: id}
	case *memif.MemifCreate:
		retval := do(func() int32 {
			made = v.create("memif", "memif", "")
			made.memif, made.socket = m, m.SocketID
			return 0
		})
		return &memif.MemifCreateReply{Retval: retval, SwIfIndex: index()}
	case *memif.MemifDelete:
		return &memif.MemifDeleteReply{Retval: do(func() int32 { return v.remove(m.SwIfIndex) })}
	case *vxlan.VxlanAddDelTunnelV3:
		retval := do(func() int32 { made = v.tunnel(m); return 0 })
		return &vxlan.VxlanAddDelTunnelV3Reply{Retval: retval, SwIfIndex: index()}
	case *interfaces.SwInterfaceTagAddDel:
		return &interfaces.SwInterfaceTagAddDelReply{Retval: do(func() int32 { return v.with(m.SwIfIndex, func(i *netIf) { i.tag = m.Tag }) })}
	case *interfaces.SwInterfaceSetFlags:
		return &interfaces.SwInterfaceSetFlagsReply{Retval: do(func() int32 { return v.with(m.SwIfIndex, func(i *netIf) { i.up = m.Flags != 0 }) })}
	case *interfaces.SwInterfaceSetMtu:
		return &interfaces.SwInterfaceSetMtuReply{Retval: do(func() int32 { return v.with(m.SwIfIndex, func(i *netIf) { i.mtu = m.Mtu[0] }) })}
	case *interfaces.SwInterfaceSetTable:
		return &interfaces.SwInterfaceSetTableReply{Retval: do(func() int32 { return v.setTable(m) })}
	case *interfaces.SwInterfaceGetTable:
		i := v.interfaces[uint32(m.SwIfIndex)]
		if m.IsIPv6 {
			return &interfaces.SwInterfaceGetTableReply{VrfID: i.table6}
		}
		return &interfaces.SwInterfaceGetTableReply{VrfID: i.table4}
	case *interfaces.SwInterfaceAddDelAddress:
		return &interfaces.SwInterfaceAddDelAddressReply{Retval: do(func() int32 {
			return v.with(m.SwIfIndex, func(i *netIf) {
				var rest []ip_types.AddressWithPrefix
				for _, a := range i.addresses {
					if a != m.Prefix {
						rest = append(rest, a)
					}
				}
				if i.addresses = rest; m.IsAdd {
					i.addresses = append(rest, m.Prefix)
				}
			})
		})}
	case *interfaces.SwInterfaceSetUnnumbered:
		return &interfaces.SwInterfaceSetUnnumberedReply{Retval: do(func() int32 {
			return v.with(m.UnnumberedSwIfIndex, func(i *netIf) {
				if i.unnumbered = 0; m.IsAdd {
					i.unnumbered = uint32(m.SwIfIndex)
				}
			})
		})}
	case *urpf.UrpfUpdateV2:
		return &urpf.UrpfUpdateV2Reply{Retval: do(func() int32 {
			return v.with(m.SwIfIndex, func(i *netIf) {
				if m.Af == ip_types.ADDRESS_IP6 {
					i.rpf6 = m.TableID
				} else {
					i.rpf4 = m.TableID
				}
			})
		})}
	case *interfaces.SwInterfaceSetPromisc:
		return &interfaces.SwInterfaceSetPromiscReply{Retval: do(func() int32 { return v.set(m.SwIfIndex, "promisc") })}
	case *interfaces.SwInterfaceSetRxMode:
		return &interfaces.SwInterfaceSetRxModeReply{Retval: do(func() int32 { return v.set(m.SwIfIndex, "rx="+m.Mode.String()) })}
	case *gso.FeatureGsoEnableDisable:
		return &gso.FeatureGsoEnableDisableReply{Retval: do(func() int32 { return v.set(m.SwIfIndex, "gso") })}
	case *ip.SwInterfaceIP6EnableDisable:
		return &ip.SwInterfaceIP6EnableDisableReply{Retval: do(func() int32 { return v.set(m.SwIfIndex, "ip6") })}
	case *ip6_nd.SwInterfaceIP6ndRaConfig:
		return &ip6_nd.SwInterfaceIP6ndRaConfigReply{Retval: do(func() int32 { return v.set(m.SwIfIndex, "no-ra") })}
	case *ip6_nd.IP6ndProxyEnableDisable:
		return &ip6_nd.IP6ndProxyEnableDisableReply{Retval: do(func() int32 { return v.set(m.SwIfIndex, "nd-proxy") })}
	case *arp.ProxyArpIntfcEnableDisable:
		return &arp.ProxyArpIntfcEnableDisableReply{Retval: do(func() int32 { return v.set(m.SwIfIndex, "proxy-arp") })}
	}
	panic(fmt.Sprintf("vppmock: no handler for %s", m.GetMessageName()))
}

func (v *VPP) tunnel(m *vxlan.VxlanAddDelTunnelV3) *netIf {
	if m.IsAdd {
		i := v.create("VXLAN", "vxlan_tunnel", "")
		i.tunnel, i.up = m, true
		return i
	}
	for index, i := range v.interfaces {
		if t := i.tunnel; t != nil && t.DstAddress == m.DstAddress && t.Vni == m.Vni && t.SrcPort == m.SrcPort {
			delete(v.interfaces, index)
		}
	}
	return nil
}

// setTable refuses what VPP refuses: an interface with addresses, and a table that does not exist.
func (v *VPP) setTable(m *interfaces.SwInterfaceSetTable) int32 {
	i := v.interfaces[uint32(m.SwIfIndex)]
	if i == nil {
		return errRetval
	}
	if _, there := v.tables[fmt.Sprintf("%s %d", family(m.IsIPv6), m.VrfID)]; !there && m.VrfID != 0 {
		return int32(api.NO_SUCH_FIB)
	}
	if len(i.addresses) > 0 || i.unnumbered != 0 {
		return int32(api.ADDRESS_FOUND_FOR_INTERFACE)
	}
	if m.IsIPv6 {
		i.table6 = m.VrfID
	} else {
		i.table4 = m.VrfID
	}
	return 0
}

// dump answers requests that only list.
func (v *VPP) dump(m api.Message) (out []api.Message, ok bool) {
	switch m := m.(type) {
	case *interfaces.SwInterfaceDump:
		for _, i := range v.interfaces {
			d := &interfaces.SwInterfaceDetails{SwIfIndex: interface_types.InterfaceIndex(i.index), InterfaceName: i.name, InterfaceDevType: i.kind,
				Tag: i.tag, Mtu: []uint32{i.mtu, 0, 0, 0}}
			if i.up {
				d.Flags = interface_types.IF_STATUS_API_FLAG_ADMIN_UP
			}
			out = append(out, d)
		}
	case *vxlan.VxlanTunnelV2Dump:
		for _, i := range v.interfaces {
			if t := i.tunnel; t != nil {
				out = append(out, &vxlan.VxlanTunnelV2Details{SwIfIndex: interface_types.InterfaceIndex(i.index), SrcAddress: t.SrcAddress,
					DstAddress: t.DstAddress, SrcPort: t.SrcPort, DstPort: t.DstPort, EncapVrfID: t.EncapVrfID, DecapNextIndex: t.DecapNextIndex, Vni: t.Vni})
			}
		}
	case *memif.MemifDump:
		for _, i := range v.interfaces {
			if i.memif != nil {
				out = append(out, &memif.MemifDetails{SwIfIndex: interface_types.InterfaceIndex(i.index), SocketID: i.socket})
			}
		}
	case *ip.IPTableDump:
		for key, name := range v.tables {
			var af string
			t := ip.IPTable{Name: name}
			_, _ = fmt.Sscanf(key, "%s %d", &af, &t.TableID)
			t.IsIP6 = af == "ip6"
			out = append(out, &ip.IPTableDetails{Table: t})
		}
	case *ip.IPAddressDump:
		if i := v.interfaces[uint32(m.SwIfIndex)]; i != nil {
			for _, a := range i.addresses {
				if (a.Address.Af == ip_types.ADDRESS_IP6) == m.IsIPv6 {
					out = append(out, &ip.IPAddressDetails{SwIfIndex: m.SwIfIndex, Prefix: a})
				}
			}
		}
	case *ip.IPUnnumberedDump:
		for _, i := range v.interfaces {
			if i.unnumbered != 0 {
				out = append(out, &ip.IPUnnumberedDetails{SwIfIndex: interface_types.InterfaceIndex(i.index),
					IPSwIfIndex: interface_types.InterfaceIndex(i.unnumbered)})
			}
		}
	case *urpf.UrpfInterfaceDump:
		for _, i := range v.interfaces {
			if i.rpf4 != 0 {
				out = append(out, &urpf.UrpfInterfaceDetails{SwIfIndex: interface_types.InterfaceIndex(i.index), IsInput: true,
					Mode: urpf.URPF_API_MODE_LOOSE, TableID: i.rpf4})
			}
		}
	case *fib.FibSourceDump:
		out = append(out, &fib.FibSourceDetails{Src: fib.FibSource{ID: apiSource, Name: "API"}})
	case *ip.IPRouteV2Dump:
		for _, r := range v.routes {
			if r.table == m.Table.TableID && (r.pfx.Address.Af == ip_types.ADDRESS_IP6) == m.Table.IsIP6 {
				out = append(out, &ip.IPRouteV2Details{Route: ip.IPRouteV2{TableID: r.table, Prefix: r.pfx, Src: apiSource, Paths: r.paths}})
			}
		}
	case *ip.IPMrouteDump:
		for _, r := range v.mroutes {
			if r.table == m.Table.TableID {
				out = append(out, &ip.IPMrouteDetails{Route: ip.IPMroute{TableID: r.table, Prefix: r.pfx, Paths: r.paths}})
			}
		}
	case *ip_neighbor.IPNeighborDump:
		for _, n := range v.neighbours {
			if n.IPAddress.Af == m.Af {
				out = append(out, &ip_neighbor.IPNeighborDetails{Neighbor: n})
			}
		}
	case *ip.IPPuntRedirectV2Dump:
		for _, r := range v.redirects {
			if r.af == m.Af {
				out = append(out, &ip.IPPuntRedirectV2Details{Punt: ip.PuntRedirectV2{Af: r.af, Paths: r.paths}})
			}
		}
	case *arp.ProxyArpDump:
		for t := range v.proxyARP {
			out = append(out, &arp.ProxyArpDetails{Proxy: arp.ProxyArp{TableID: t, Hi: ip_types.IP4Address{255, 255, 255, 255}}})
		}
	default:
		return nil, false
	}
	return out, true
}
