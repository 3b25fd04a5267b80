package fakevpp

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// urpf are the reverse-path checks.
func (d *dumper) urpf() {
	d.m.Interfaces(func(i *vnet.Interface) bool {
		for _, u := range d.m.URPFConfigs(i.SwIfIndex) {
			way := "tx"
			if u.Input {
				way = "rx"
			}
			text, args := withOptions("set urpf "+dumpProtos[u.Proto].name+" "+way+" "+u.Mode.String(), []dumpOption{
				{true, "", []string{i.Name}},
				{u.Custom, "table " + decimal(d.tableID(u.Proto, u.FibIndex)), nil},
			})
			d.add(i.Name, text, args...)
		}
		return true
	})
}

// ownedFeatures counts the features of an interface, by "arc feature", that
// other commands of the dump enable.
func (d *dumper) ownedFeatures(i *vnet.Interface) map[string]int {
	owned := map[string]int{"mpls-input mpls-not-enabled": 1}
	for _, proto := range dumpProtos {
		if d.m.IPEnabled(proto.proto, i.SwIfIndex) {
			if proto.proto == fib.IP4 {
				owned["arp arp-reply"]++
			}
			continue
		}
		owned[proto.name+"-unicast "+proto.name+"-not-enabled"]++
		owned[proto.name+"-multicast "+proto.name+"-not-enabled"]++
	}
	if d.m.ProxyARPEnabled(i.SwIfIndex) {
		owned["arp arp-proxy"]++
	}
	if i.SwIfIndex == 0 {
		for _, proto := range dumpProtos {
			d.m.PuntRedirects(proto.proto, func(uint32, uint32) {
				owned[proto.name+"-punt "+proto.name+"-punt-redirect"]++
			})
		}
	}
	for _, u := range d.m.URPFConfigs(i.SwIfIndex) {
		if u.Mode == vnet.URPFOff {
			continue
		}
		ip, arc, way := dumpProtos[u.Proto].name, "-output", "tx"
		if u.Input {
			arc, way = "-unicast", "rx"
		}
		owned[ip+arc+" "+ip+"-"+way+"-urpf-"+u.Mode.String()]++
	}
	return owned
}

// neighbors sets the limits that are not VPP's own and the static neighbours.
func (d *dumper) neighbors() {
	for _, proto := range dumpProtos {
		if c := d.m.NeighborConfig(proto.proto); c != (vnet.NeighborConfig{Limit: dumpNeighborLimit}) {
			recycle := "norecycle"
			if c.Recycle {
				recycle = "recycle"
			}
			d.add("", "set ip neighbor-config "+proto.name+" limit "+decimal(c.Limit)+" age "+decimal(c.Age)+" "+recycle)
		}
		d.m.Neighbors(proto.proto, fib.InvalidIndex, func(n *vnet.Neighbor) bool {
			if n.Flags&vnet.NeighborStatic == 0 {
				return true
			}
			args := []string{d.ifName(n.SwIf), n.Addr.String(), n.MAC.String(), "static"}
			if n.Flags&vnet.NeighborNoFIBEntry != 0 {
				args = append(args, "no-fib-entry")
			}
			d.add(fmt.Sprintf("%s %s %x", args[0], proto.name, n.Addr.AsSlice()), "set ip neighbor", args...)
			return true
		})
	}
}

// dumpNeighborLimit is how many neighbours of a protocol VPP starts with.
const dumpNeighborLimit = 50000

// punt redirects punted packets and punts the ports that nobody listens on.
func (d *dumper) punt() {
	for _, proto := range dumpProtos {
		d.m.PuntRedirects(proto.proto, func(rx, forward uint32) {
			args := []string{"all"}
			if rx != fib.InvalidIndex {
				args[0] = d.ifName(rx)
			}
			plain := true
			for _, p := range d.m.FIB.ForwardConfig(forward) {
				words, ok := d.path(&p, pathPrefix{proto: proto.proto, mixed: true})
				args, plain = append(append(args, "via"), words...), plain && ok
			}
			text := proto.ip + " punt redirect add rx"
			if plain {
				d.add(proto.name+" "+args[0], text, args...)
			} else {
				d.addOwn(proto.name+" "+args[0], text, args...)
			}
		})
		if d.v.fam.puntTCP[proto.proto] {
			d.add("l4 "+proto.name, "set punt ipv"+proto.name[2:]+" tcp all")
		}
		if d.m.UDPPuntUnknown(proto.proto) {
			d.add("l4 "+proto.name, "set punt ipv"+proto.name[2:]+" udp all")
		}
	}
}

// proxies answer for the addresses of others.
func (d *dumper) proxies() {
	for _, r := range d.m.ProxyARPs() {
		if t := d.m.FIB.Table(fib.IP4, r.FibIndex); t != nil {
			d.add(fmt.Sprintf("arp %d %x", t.ID, r.Low.AsSlice()), "set arp proxy table-id "+decimal(t.ID)+" start "+r.Low.String()+
				" end "+r.Hi.String())
		}
	}
	d.m.Interfaces(func(i *vnet.Interface) bool {
		if d.m.ProxyARPEnabled(i.SwIfIndex) {
			d.add("arp "+i.Name, "set interface proxy-arp", i.Name, "enable")
		}
		return true
	})
	d.eachTable(func(p fib.Proto, t *fib.Table) {
		if t.Sourced(fib.SourceIP6NDProxy) == 0 {
			return
		}
		d.m.FIB.Routes(t, func(r fib.Route) bool {
			paths, _, _ := d.m.FIB.SourcePaths(r.Index, fib.SourceIP6NDProxy)
			for _, path := range paths {
				name, addr := d.ifName(path.SwIf), r.Prefix.Addr()
				l := dumpLine{key: fmt.Sprintf("nd %s %x", name, addr.AsSlice())}
				if d.m.Interface(path.SwIf) != nil {
					l.text = d.line("set ip6 nd proxy", []string{name, addr.String()})
				} else {
					l.text = "# lost its interface: set ip6 nd proxy " + name + " " + addr.String()
				}
				d.lines = append(d.lines, l)
			}
			return true
		})
	})
}

// advertisements configure the router advertisements of an interface.
func (d *dumper) advertisements() {
	usual := vnet.DefaultRouterAdvertisements()
	d.m.Interfaces(func(i *vnet.Interface) bool {
		ra := d.m.RouterAdvertisements(i.SwIfIndex)
		if ra == nil {
			return true
		}
		initial := ra.InitialCount != usual.InitialCount || ra.InitialInterval != usual.InitialInterval
		interval := ra.MaxInterval != usual.MaxInterval || ra.MinInterval != usual.MinInterval
		_, args := withOptions("", []dumpOption{
			{!ra.Send, "ra-suppress", nil},
			{ra.Managed, "ra-managed-config-flag", nil},
			{ra.Other, "ra-other-config-flag", nil},
			{ra.SendUnicast, "ra-send-unicast", nil},
			{ra.Cease, "ra-cease", nil},
			{ra.Lifetime != usual.Lifetime, "ra-lifetime " + decimal(ra.Lifetime), nil},
			{initial, "ra-initial " + decimal(ra.InitialCount) + " " + decimal(ra.InitialInterval), nil},
			{interval, "ra-interval " + decimal(ra.MaxInterval) + " " + decimal(ra.MinInterval), nil},
		})
		if ra.Send || len(args) > 1 {
			d.add(i.Name, "ip6 nd", append([]string{i.Name}, args...)...)
		}
		if !ra.LinkLayerOption {
			// VPP's own command takes this word for ra-suppress.
			d.addOwn(i.Name, "ip6 nd suppress-link-layer", i.Name)
		}
		for _, p := range ra.Prefixes {
			_, args := withOptions("", []dumpOption{
				{true, "prefix " + p.Prefix.String() + " " + decimal(p.Valid) + " " + decimal(p.Preferred), nil},
				{p.NoAdvertisement, "no-advertise", nil},
				{!p.Autonomous, "no-autoconfig", nil},
				{!p.OnLink, "no-onlink", nil},
			})
			d.add(fmt.Sprintf("%s %x", i.Name, p.Prefix.Addr().AsSlice()), "ip6 nd", append([]string{i.Name}, args...)...)
		}
		return true
	})
}
