package vpp

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/arp"
	"go.fd.io/govpp/binapi/gso"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/interface_types"
	"go.fd.io/govpp/binapi/ip"
	"go.fd.io/govpp/binapi/ip6_nd"
	"go.fd.io/govpp/binapi/ip_types"
	"go.fd.io/govpp/binapi/urpf"
)

// addInterfaces creates and configures the interfaces of a state: first all devices, then owners of addresses, then their borrowers.
func (e *Engine) addInterfaces(want *State) error {
	if err := e.replaced(want); err != nil {
		return err
	}
	list := make([]*Interface, 0, len(want.Interfaces))
	for _, i := range want.Interfaces {
		list = append(list, i)
	}
	slices.SortFunc(list, func(a, b *Interface) int {
		return cmp.Or(compareBools(a.Unnumbered != "", b.Unnumbered != ""), cmp.Compare(a.Name, b.Name))
	})
	err := e.create(list)
	var requests []*request
	for _, i := range list {
		if index, there := e.index[i.Name]; there {
			requests = append(requests, e.configure(index, i)...)
		}
	}
	return errors.Join(err, e.run(requests), e.run(e.states(list)))
}

// states sets the admin states of interfaces. One that is not complete does not come up: it could be in a wrong table.
func (e *Engine) states(list []*Interface) (requests []*request) {
	for _, want := range list {
		index, there := e.index[want.Name]
		a := e.actual.Interfaces[want.Name]
		if !there || a.Up == want.Up || !e.complete[want.Name] {
			continue
		}
		flags := interface_types.IfStatusFlags(0)
		if want.Up {
			flags = interface_types.IF_STATUS_API_FLAG_ADMIN_UP
		}
		requests = append(requests, &request{what: "set the state of " + want.Name,
			msg:  &interfaces.SwInterfaceSetFlags{SwIfIndex: swIf(index), Flags: flags},
			done: func(api.Message) { a.Up = want.Up }})
	}
	return requests
}

// replaced removes interfaces whose device is another one than wanted, with all that uses them.
func (e *Engine) replaced(want *State) error {
	gone := &State{}
	for name, i := range want.Interfaces {
		if a := e.actual.Interfaces[name]; e.created[name] && a.Device != i.Device {
			gone.AddInterface(a)
		}
	}
	if gone.Interfaces == nil {
		return nil
	}
	e.disorder = true
	return e.remove(gone)
}

// configure returns what to send so that an existing interface becomes as wanted.
func (e *Engine) configure(index uint32, want *Interface) (requests []*request) {
	a := e.actual.Interfaces[want.Name]
	add := func(what string, msg api.Message, done func()) *request {
		r := &request{what: what, to: want.Name, msg: msg}
		if done != nil {
			r.done = func(api.Message) { done() }
		}
		requests = append(requests, r)
		return r
	}
	stale := a.Table != want.Table
	for _, p := range a.Addresses {
		if stale || !slices.Contains(want.Addresses, p) {
			add("remove address "+p.String()+" of", addressMessage(false, index, p), func() { a.Addresses = without(a.Addresses, p) })
		}
	}
	borrows := a.Unnumbered
	if a.Unnumbered != "" && (stale || a.Unnumbered != want.Unnumbered) {
		add("make numbered", &interfaces.SwInterfaceSetUnnumbered{UnnumberedSwIfIndex: swIf(index)}, func() { a.Unnumbered = "" })
		borrows = ""
	}
	if stale {
		ip4 := add("set IPv4 table of", &interfaces.SwInterfaceSetTable{SwIfIndex: swIf(index), VrfID: want.Table}, nil)
		a.Table = none // neither the one nor the other, until both have succeeded
		add("set IPv6 table of", &interfaces.SwInterfaceSetTable{SwIfIndex: swIf(index), IsIPv6: true, VrfID: want.Table}, func() {
			if ip4.err == nil {
				a.Table = want.Table
			}
		})
	}
	if !e.complete[want.Name] {
		e.settings(index, want, add)
	}
	if want.MTU != 0 && a.MTU != want.MTU {
		add("set MTU of", &interfaces.SwInterfaceSetMtu{SwIfIndex: swIf(index), Mtu: []uint32{uint32(want.MTU), 0, 0, 0}},
			func() { a.MTU = want.MTU })
	}
	for _, p := range want.Addresses {
		if stale || !slices.Contains(a.Addresses, p) {
			add("add address "+p.String()+" to", addressMessage(true, index, p), func() { a.Addresses = append(a.Addresses, p) })
		}
	}
	if owner, there := e.index[want.Unnumbered]; there && borrows != want.Unnumbered {
		add("make unnumbered", &interfaces.SwInterfaceSetUnnumbered{SwIfIndex: swIf(owner), UnnumberedSwIfIndex: swIf(index), IsAdd: true},
			func() { a.Unnumbered = want.Unnumbered })
	}
	if a.RPFTable != want.RPFTable {
		e.reversePath(index, a, want, add)
	}
	e.conclude(want, requests)
	return requests
}

// conclude marks an interface complete when the last of its requests has succeeded, and all before it.
func (e *Engine) conclude(want *Interface, requests []*request) {
	if len(requests) == 0 {
		e.complete[want.Name] = true
		return
	}
	e.complete[want.Name] = false
	last := requests[len(requests)-1]
	next := last.done
	last.done = func(m api.Message) {
		if next != nil {
			next(m)
		}
		e.complete[want.Name] = !slices.ContainsFunc(requests, func(r *request) bool { return r.err != nil })
	}
}

type adder func(what string, msg api.Message, done func()) *request

// reversePath sets or changes the reverse path check of both families.
func (e *Engine) reversePath(index uint32, a, want *Interface, add adder) {
	mode, table := urpf.URPF_API_MODE_LOOSE, want.RPFTable
	if table == 0 {
		mode = urpf.URPF_API_MODE_OFF
	}
	a.RPFTable = none // until both have succeeded
	ip4 := add("check IPv4 reverse paths of", &urpf.UrpfUpdateV2{IsInput: true, Mode: mode, SwIfIndex: swIf(index), TableID: table}, nil)
	add("check IPv6 reverse paths of",
		&urpf.UrpfUpdateV2{IsInput: true, Mode: mode, Af: ip_types.ADDRESS_IP6, SwIfIndex: swIf(index), TableID: table}, func() {
			if ip4.err == nil {
				a.RPFTable = want.RPFTable
			}
		})
}

// settings sends what VPP does not report.
func (e *Engine) settings(index uint32, want *Interface, add adder) {
	s := &want.Settings
	if s.Promiscuous {
		r := add("make promiscuous", &interfaces.SwInterfaceSetPromisc{SwIfIndex: swIf(index), PromiscOn: true}, nil)
		r.ok = []int32{int32(api.UNSPECIFIED)} // the driver has no other mode (src/vnet/ethernet/interface.c)
	}
	if s.GSO {
		add("enable GSO on", &gso.FeatureGsoEnableDisable{SwIfIndex: swIf(index), EnableDisable: true}, nil).optional = true
	}
	if s.RxMode != "" {
		r := add("set rx mode of", &interfaces.SwInterfaceSetRxMode{SwIfIndex: swIf(index), QueueID: none, Mode: rxModes[s.RxMode]}, nil)
		if s.BestEffortRxMode {
			r.ok = anyRxModeError
		}
	}
	if s.IP6 {
		r := add("enable IPv6 on", &ip.SwInterfaceIP6EnableDisable{SwIfIndex: swIf(index), Enable: true}, nil)
		r.ok = []int32{int32(api.VALUE_EXIST)}
	}
	if s.SuppressRA {
		add("suppress router advertisements on", &ip6_nd.SwInterfaceIP6ndRaConfig{SwIfIndex: swIf(index), Suppress: 1}, nil).optional = true
	}
	if s.ProxyARP {
		add("enable proxy ARP on", &arp.ProxyArpIntfcEnableDisable{SwIfIndex: swIf(index), Enable: true}, nil)
	}
	if s.NDProxy {
		add("enable ND proxy on", &ip6_nd.IP6ndProxyEnableDisable{SwIfIndex: swIf(index), IsEnable: true}, nil).optional = true
	}
}

var rxModes = map[RxMode]interface_types.RxMode{
	"polling":   interface_types.RX_MODE_API_POLLING,
	"interrupt": interface_types.RX_MODE_API_INTERRUPT,
	"adaptive":  interface_types.RX_MODE_API_ADAPTIVE,
}

// anyRxModeError are the answers of sw_interface_set_rx_mode to a mode that the driver does not have (src/vnet/interface_api.c).
var anyRxModeError = []int32{int32(api.UNSUPPORTED), int32(api.INVALID_INTERFACE), int32(api.UNIMPLEMENTED), int32(api.INVALID_VALUE),
	int32(api.INVALID_ARGUMENT)}

func addressMessage(add bool, index uint32, p netip.Prefix) api.Message {
	return &interfaces.SwInterfaceAddDelAddress{SwIfIndex: swIf(index), IsAdd: add, Prefix: ip_types.AddressWithPrefix(prefix(p))}
}

func without(list []netip.Prefix, p netip.Prefix) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(list), func(q netip.Prefix) bool { return q == p })
}

// tagged says which devices take their tag in a message of its own.
func tagged(d Device) bool {
	switch d.(type) {
	case AFPacket, Loopback, Memif:
		return true
	}
	return false
}

func tagMessage(index uint32, tag string) api.Message {
	return &interfaces.SwInterfaceTagAddDel{IsAdd: true, SwIfIndex: swIf(index), Tag: tag}
}

func describe(i *Interface) string {
	switch d := i.Device.(type) {
	case AFPacket:
		return fmt.Sprintf("create af_packet interface %s on %s", i.Name, d.HostInterface)
	case Tap:
		return fmt.Sprintf("create tap %s: %s in namespace %q", i.Name, d.HostInterface, d.Namespace)
	case Memif:
		return fmt.Sprintf("create memif %s on %s", i.Name, d.Socket)
	}
	return "create " + i.Name
}
