package fakevpp

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// addresses enables IPv6 where it was asked for and gives interfaces their
// addresses. A link-local address that is not VPP's own comes last, since it
// replaces that.
func (d *dumper) addresses() {
	d.m.Interfaces(func(i *vnet.Interface) bool {
		own := d.ownAddresses(i)
		asked := d.m.IP6Locks(i.SwIfIndex) - len(own[fib.IP6])
		for n := range asked {
			if n == 0 {
				d.add(i.Name, "enable ip6 interface", i.Name)
			} else {
				// VPP counts this one, too, but calls it an error.
				d.addOwn(i.Name, "enable ip6 interface again", i.Name)
			}
		}
		for _, proto := range dumpProtos {
			for _, a := range own[proto.proto] {
				d.add(i.Name, "set interface ip address", i.Name, a.String())
			}
		}
		for range -asked {
			// It was taken from under an address, which stays.
			d.add(i.Name, "disable ip6 interface", i.Name)
		}
		if ll := d.m.LinkLocal(i.SwIfIndex); ll.IsValid() && !d.m.DefaultLinkLocal(i.SwIfIndex) {
			d.add(i.Name, "set interface ip address", i.Name, ll.String()+"/128")
		}
		return true
	})
}

// ownAddresses returns an interface's addresses by protocol, sorted. VPP keeps
// those of an interface that became unnumbered, out of sight.
func (d *dumper) ownAddresses(i *vnet.Interface) (own [2][]netip.Prefix) {
	for _, proto := range dumpProtos {
		list := slices.Clone(d.m.ConfiguredAddresses(proto.proto, i.SwIfIndex))
		slices.SortFunc(list, func(a, b netip.Prefix) int {
			return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
		})
		own[proto.proto] = list
	}
	return own
}
