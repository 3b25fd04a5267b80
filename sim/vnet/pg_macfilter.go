package vnet

import (
	"net/netip"
	"slices"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// addPGMACFilter adds the feature that leaves of what a packet generator's
// interface receives only multicast (pg_input_mac_filter in
// src/vnet/pg/input.c). VPP lets a packet through if one of the groups that the
// interface listens to is another than the packet's; so does this.
func (m *Main) addPGMACFilter() {
	m.Graph.MustAdd(vlib.Registration{Name: "pg-input-mac-filter", Nexts: []string{"error-drop"},
		Func: func(n *vlib.Node, bufs []*vlib.Buffer) {
			var groups []packet.MAC
			var of *HwInterface
			for _, b := range bufs {
				if hw := m.sw[b.RxSwIf].Hw; hw != of {
					groups, of = m.pgGroups(hw), hw
				}
				if pgAccepts(groups, b) {
					n.SendFeature(b)
				} else {
					n.Enqueue(b, 0)
				}
			}
		}})
}

// pgGroups lists the Ethernet addresses of the groups that a device listens to:
// of multicast entries with one of its interfaces as accepting
// (src/vnet/mfib/mfib_itf.c), of IPv6 itself and configured ones.
func (m *Main) pgGroups(hw *HwInterface) []packet.MAC {
	groups := m.GroupMACs(hw)
	for _, mac := range hw.ExtraMACs {
		if mac[0]&1 != 0 {
			groups = append(groups, mac)
		}
	}
	for _, p := range [...]fib.Proto{fib.IP4, fib.IP6} {
		m.FIB.MTables(p, func(t *fib.MTable) bool {
			for _, k := range m.FIB.MEntries(t) {
				e := m.FIB.Multicast.At(k)
				if slices.ContainsFunc(e.Interfaces, func(i fib.MInterface) bool {
					itf := m.Interface(i.SwIf)
					return i.Flags&fib.MItfAccept != 0 && itf != nil && itf.Hw == hw
				}) {
					groups = append(groups, groupMAC(e.Prefix.Group))
				}
			}
			return true
		})
	}
	return groups
}

// groupMAC is the Ethernet address of a group (RFC 1112, RFC 2464).
func groupMAC(group netip.Addr) packet.MAC {
	if group.Is4() {
		a := group.As4()
		return packet.MAC{0x01, 0, 0x5e, a[1] & 0x7f, a[2], a[3]}
	}
	a := group.As16()
	return packet.MAC{0x33, 0x33, a[12], a[13], a[14], a[15]}
}

func pgAccepts(groups []packet.MAC, b *vlib.Buffer) bool {
	var to packet.MAC
	if copy(to[:], b.Bytes()) < len(to) || to[0]&1 == 0 {
		return false
	}
	return slices.ContainsFunc(groups, func(mac packet.MAC) bool { return mac != to })
}

// SetCarrier sets the carrier of the device under an interface.
func (m *Main) SetCarrier(swIf uint32, up bool) {
	if i := m.Interface(swIf); i != nil {
		m.setLink(i.Hw, up)
	}
}
