package vpp

import (
	"net/netip"

	"go.fd.io/govpp/binapi/ethernet_types"
	"go.fd.io/govpp/binapi/fib_types"
	"go.fd.io/govpp/binapi/interface_types"
	"go.fd.io/govpp/binapi/ip_types"
)

// none is VPP's "no such index".
const none = ^uint32(0)

func family(ip6 bool) ip_types.AddressFamily {
	if ip6 {
		return ip_types.ADDRESS_IP6
	}
	return ip_types.ADDRESS_IP4
}

func address(a netip.Addr) ip_types.Address {
	out := ip_types.Address{Af: family(a.Is6())}
	out.Un = union(a)
	return out
}

func union(a netip.Addr) (u ip_types.AddressUnion) {
	if a.Is6() {
		u.SetIP6(a.As16())
	} else if a.Is4() {
		u.SetIP4(a.As4())
	}
	return u
}

func fromUnion(u ip_types.AddressUnion, ip6 bool) netip.Addr {
	if ip6 {
		return netip.AddrFrom16(u.GetIP6())
	}
	return netip.AddrFrom4(u.GetIP4())
}

func fromAddress(a ip_types.Address) netip.Addr {
	return fromUnion(a.Un, a.Af == ip_types.ADDRESS_IP6)
}

func prefix(p netip.Prefix) ip_types.Prefix {
	return ip_types.Prefix{Address: address(p.Addr()), Len: uint8(p.Bits())}
}

func fromPrefix(p ip_types.Prefix) netip.Prefix {
	return netip.PrefixFrom(fromAddress(p.Address), int(p.Len))
}

func mac(m MAC) ethernet_types.MacAddress { return ethernet_types.MacAddress(m) }

func swIf(index uint32) interface_types.InterfaceIndex { return interface_types.InterfaceIndex(index) }

func proto(ip6 bool) fib_types.FibPathNhProto {
	if ip6 {
		return fib_types.FIB_API_PATH_NH_PROTO_IP6
	}
	return fib_types.FIB_API_PATH_NH_PROTO_IP4
}

// fibPath puts a Path into VPP's terms. index is the sw_if_index of p.Interface, none without one. The next hop of an attached host
// route is the address itself: VPP makes it so, and reports it so (src/vnet/fib/fib_path.c).
func fibPath(p Path, to netip.Prefix, index uint32) fib_types.FibPath {
	out := fib_types.FibPath{SwIfIndex: index, Weight: 1, Proto: proto(to.Addr().Is6())}
	switch {
	case p.Lookup:
		out.SwIfIndex, out.TableID = none, p.Table
	case p.NextHop.IsValid():
		out.Proto = proto(p.NextHop.Is6())
		out.Nh.Address = union(p.NextHop)
	case to.IsSingleIP():
		out.Nh.Address = union(to.Addr())
	}
	return out
}

// fromFibPath is fibPath's inverse, for paths it made; ok is false for paths of other kinds. name gives interfaces' names.
func fromFibPath(in fib_types.FibPath, to netip.Prefix, name func(uint32) string) (p Path, ok bool) {
	if in.Type != fib_types.FIB_API_PATH_TYPE_NORMAL || in.Proto > fib_types.FIB_API_PATH_NH_PROTO_IP6 {
		return Path{}, false
	}
	nextHop := fromUnion(in.Nh.Address, in.Proto == fib_types.FIB_API_PATH_NH_PROTO_IP6)
	switch {
	case in.SwIfIndex == none && nextHop.IsUnspecified():
		return Path{Lookup: true, Table: in.TableID}, true
	case in.SwIfIndex == none:
		return Path{NextHop: nextHop}, true
	}
	p = Path{Interface: name(in.SwIfIndex)}
	if !nextHop.IsUnspecified() && !(to.IsSingleIP() && nextHop == to.Addr()) {
		p.NextHop = nextHop
	}
	return p, p.Interface != ""
}
