package fakevpp

import (
	"encoding/binary"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// puntHandlers are the messages of src/vnet/ip/punt.api and the punt
// redirections of src/vnet/ip/ip.api.
var puntHandlers = []handler{
	reply("set_punt", (*VPP).setPunt),
	replyWith("punt_socket_register", (*VPP).puntSocketRegister),
	reply("punt_socket_deregister", (*VPP).puntSocketDeregister),
	dump("punt_socket_dump", "punt_socket_details", (*VPP).puntSocketDump),
	dump("punt_reason_dump", "punt_reason_details", (*VPP).puntReasonDump),
	reply("ip_punt_redirect", (*VPP).ipPuntRedirect),
	dump("ip_punt_redirect_dump", "ip_punt_redirect_details", (*VPP).ipPuntRedirectDump),
	reply("add_del_ip_punt_redirect_v2", (*VPP).addDelIPPuntRedirectV2),
	dump("ip_punt_redirect_v2_dump", "ip_punt_redirect_v2_details", (*VPP).ipPuntRedirectV2Dump),
}

// Kinds of punt (punt_type).
const (
	puntTypeL4        = 0
	puntTypeIPProto   = 1
	puntTypeException = 2
)

type setPunt struct {
	IsAdd bool
	Type  uint32 `api:"punt.type"`
	// Punt is an l4 (af, protocol, port), an exception (id) or an ip_proto
	// (af, protocol).
	Punt [4]byte `api:"punt.punt"`
}

// setPunt punts packets: those to UDP ports, to TCP ports that nobody in the
// instance handles, and those of exceptions (vnet_punt_add_del in
// src/vnet/ip/punt.c). VPP answers UNSPECIFIED for other protocols and for a
// single TCP port.
func (v *VPP) setPunt(_ *call, req *setPunt) error {
	switch req.Type {
	case puntTypeL4:
		return v.setPuntL4(req)
	case puntTypeException:
		return v.dp.SetPuntException(binary.BigEndian.Uint32(req.Punt[:]), req.IsAdd)
	}
	return vnet.ErrUnspecified
}

func (v *VPP) setPuntL4(req *setPunt) error {
	p, err := familyOf(req.Punt[0])
	if err != nil {
		return err
	}
	const tcp, udp = 6, 17
	proto, port := req.Punt[1], binary.BigEndian.Uint16(req.Punt[2:])
	if proto != udp && (proto != tcp || port != 0xffff) {
		return vnet.ErrUnspecified
	}
	v.puntPort(p, proto == tcp, port, req.IsAdd)
	return nil
}

// puntPort punts a UDP port or, for port 65535, all ports that nobody handles.
func (v *VPP) puntPort(p fib.Proto, tcp bool, port uint16, on bool) {
	switch {
	case port == 0xffff && tcp:
		// TCP without VPP's session layer is punted anyway.
		v.fam.puntTCP[p] = on
	case port == 0xffff:
		v.dp.SetUDPPuntUnknown(p, on)
	default:
		v.dp.SetUDPPuntPort(p, port, on)
	}
}

type puntReason struct {
	ID   uint32
	Name string
}

type puntReasonMsg struct{ Reason puntReason }

// puntReasonDump lists the reasons, or the one that is named.
func (v *VPP) puntReasonDump(_ *call, req *puntReasonMsg, emit func(*puntReasonMsg)) error {
	for _, r := range v.dp.PuntReasons() {
		if req.Reason.Name == "" || req.Reason.Name == r.Name {
			emit(&puntReasonMsg{puntReason{ID: r.ID, Name: r.Name}})
		}
	}
	return nil
}

type puntRedirect struct {
	RxSwIfIndex, TxSwIfIndex uint32
	Nh                       netip.Addr
}

type ipPuntRedirect struct {
	Punt  puntRedirect
	IsAdd bool
}

// ipPuntRedirect does nothing for an interface that does not exist, and as VPP
// calls that a success.
func (v *VPP) ipPuntRedirect(_ *call, req *ipPuntRedirect) error {
	if !v.interfaceExists(req.Punt.TxSwIfIndex) {
		return nil
	}
	p := fib.ProtoOf(req.Punt.Nh)
	return v.redirectPunt(p, req.Punt.RxSwIfIndex, req.IsAdd, []fib.Path{{Proto: p, NextHop: req.Punt.Nh,
		SwIf: req.Punt.TxSwIfIndex, FibIndex: fib.InvalidIndex, RPFID: fib.InvalidIndex, Weight: 1}})
}

func (v *VPP) redirectPunt(p fib.Proto, rx uint32, add bool, paths []fib.Path) error {
	if add {
		v.dp.AddPuntRedirect(p, rx, paths)
	} else {
		v.dp.DeletePuntRedirect(p, rx)
	}
	return nil
}

type puntRedirectV2 struct {
	RxSwIfIndex uint32
	Af          uint8
	Paths       []fibPath
}

type addDelIPPuntRedirectV2 struct {
	IsAdd bool
	Punt  puntRedirectV2
}

func (v *VPP) addDelIPPuntRedirectV2(_ *call, req *addDelIPPuntRedirectV2) error {
	p, err := familyOf(req.Punt.Af)
	if err != nil {
		return err
	}
	paths, err := v.decodePaths(req.Punt.Paths)
	if err != nil {
		return err
	}
	return v.redirectPunt(p, req.Punt.RxSwIfIndex, req.IsAdd, paths)
}

type ipPuntRedirectDump struct {
	SwIfIndex uint32
	IsIPv6    bool `api:"is_ipv6"`
}

type ipPuntRedirectDetails struct{ Punt puntRedirect }

func (v *VPP) ipPuntRedirectDump(_ *call, req *ipPuntRedirectDump, emit func(*ipPuntRedirectDetails)) error {
	v.eachPuntRedirect(protoOf(req.IsIPv6), req.SwIfIndex, func(rx uint32, paths []fib.Path) {
		if len(paths) > 0 {
			emit(&ipPuntRedirectDetails{puntRedirect{RxSwIfIndex: rx, TxSwIfIndex: paths[0].SwIf,
				Nh: hopOf(protoOf(req.IsIPv6), &paths[0])}})
		}
	})
	return nil
}

// hopOf is a path's next hop, all zeros of the redirect's family for none.
func hopOf(p fib.Proto, path *fib.Path) netip.Addr {
	switch {
	case path.NextHop.IsValid() && !path.NextHop.IsUnspecified():
		return path.NextHop
	case p == fib.IP6:
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

func (v *VPP) eachPuntRedirect(p fib.Proto, swIf uint32, fn func(rx uint32, paths []fib.Path)) {
	v.dp.PuntRedirects(p, func(rx, forward uint32) {
		if swIf == invalidIndex || swIf == rx {
			fn(rx, v.dp.FIB.ForwardPaths(forward))
		}
	})
}

type ipPuntRedirectV2Dump struct {
	SwIfIndex uint32
	Af        uint8
}

type ipPuntRedirectV2Details struct{ Punt puntRedirectV2 }

func (v *VPP) ipPuntRedirectV2Dump(_ *call, req *ipPuntRedirectV2Dump, emit func(*ipPuntRedirectV2Details)) error {
	p, err := familyOf(req.Af)
	if err != nil {
		return err
	}
	v.eachPuntRedirect(p, req.SwIfIndex, func(rx uint32, paths []fib.Path) {
		emit(&ipPuntRedirectV2Details{puntRedirectV2{RxSwIfIndex: rx, Af: req.Af, Paths: v.encodePaths(paths)}})
	})
	return nil
}
