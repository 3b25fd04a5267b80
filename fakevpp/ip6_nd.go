package fakevpp

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// ip6NDHandlers are the messages of src/vnet/ip6-nd/ip6_nd.api.
var ip6NDHandlers = []handler{
	reply("sw_interface_ip6nd_ra_config", (*VPP).ip6ndRAConfig),
	reply("sw_interface_ip6nd_ra_prefix", (*VPP).ip6ndRAPrefix),
	dump("sw_interface_ip6nd_ra_dump", "sw_interface_ip6nd_ra_details", (*VPP).ip6ndRADump),
	reply("ip6nd_proxy_add_del", (*VPP).ip6ndProxyAddDel),
	reply("ip6nd_proxy_enable_disable", (*VPP).ip6ndProxyEnableDisable),
	dump("ip6nd_proxy_dump", "ip6nd_proxy_details", (*VPP).ip6ndProxyDump),
	reply("ip6nd_send_router_solicitation", (*VPP).ip6ndSendRouterSolicitation),
	reply("want_ip6_ra_events", (*VPP).wantIP6RAEvents),
	reply("ip6_nd_address_autoconfig", (*VPP).ip6ndAddressAutoconfig),
}

type ip6ndProxyEnableDisable struct {
	SwIfIndex uint32
	IsEnable  bool
}

// ip6ndProxyEnableDisable drives the mirror proxy
// (src/vnet/ip6-nd/ip6_nd_mirror_proxy.c).
func (v *VPP) ip6ndProxyEnableDisable(_ *call, req *ip6ndProxyEnableDisable) error {
	return v.dp.SetNDMirror(req.SwIfIndex, req.IsEnable)
}

type ip6ndRAConfig struct {
	SwIfIndex                                                         uint32
	Suppress, Managed, Other                                          bool
	LlOption, SendUnicast, Cease, IsNo, DefaultRouter                 bool
	MaxInterval, MinInterval, Lifetime, InitialCount, InitialInterval uint32
}

func (v *VPP) ip6ndRAConfig(_ *call, req *ip6ndRAConfig) error {
	return v.dp.ConfigureRA(req.SwIfIndex, vnet.RAConfig{
		Suppress: req.Suppress, Managed: req.Managed, Other: req.Other, LinkLayerOption: req.LlOption,
		SendUnicast: req.SendUnicast, Cease: req.Cease, UseLifetime: req.DefaultRouter, No: req.IsNo,
		Lifetime: req.Lifetime, InitialCount: req.InitialCount, InitialInterval: req.InitialInterval,
		MaxInterval: req.MaxInterval, MinInterval: req.MinInterval})
}

type ip6ndRAPrefix struct {
	SwIfIndex                                                uint32
	Prefix                                                   netip.Prefix
	UseDefault, NoAdvertise, OffLink, NoAutoconfig, NoOnlink bool
	IsNo                                                     bool
	ValLifetime, PrefLifetime                                uint32
}

func (v *VPP) ip6ndRAPrefix(_ *call, req *ip6ndRAPrefix) error {
	if !req.Prefix.IsValid() {
		return vnet.ErrInvalidValue
	}
	return v.dp.SetRAPrefix(req.SwIfIndex, vnet.RAPrefix{Prefix: req.Prefix, Valid: req.ValLifetime,
		Preferred: req.PrefLifetime, OnLink: !req.OffLink && !req.NoOnlink, Autonomous: !req.NoAutoconfig,
		NoAdvertisement: req.NoAdvertise}, req.UseDefault, req.IsNo)
}

type ip6ndInterface struct{ SwIfIndex uint32 }

type ip6ndPrefix struct {
	Prefix                                    netip.Prefix
	OnlinkFlag, AutonomousFlag                bool
	ValLifetime, PrefLifetime                 uint32
	ValidLifetimeExpires, PrefLifetimeExpires float64
	DecrementLifetimeFlag, NoAdvertise        bool
}

type ip6ndRADetails struct {
	SwIfIndex                                          uint32
	CurHopLimit                                        uint8
	AdvManagedFlag, AdvOtherFlag                       bool
	AdvRouterLifetime                                  uint16
	AdvLinkMTU                                         uint32
	SendRadv, CeaseRadv, SendUnicast                   bool
	AdvLinkLayerAddress                                bool
	MaxRadvInterval, MinRadvInterval                   float64
	LastRadvTime, LastMulticastTime, NextMulticastTime float64
	InitialAdvertsCount                                uint32
	InitialAdvertsInterval                             float64
	InitialAdvertsSent                                 bool
	NAdvertisementsSent                                uint32 `api:"n_advertisements_sent"`
	NSolicitationsRcvd                                 uint32 `api:"n_solicitations_rcvd"`
	NSolicitationsDropped                              uint32 `api:"n_solicitations_dropped"`
	Prefixes                                           []ip6ndPrefix
}

func (v *VPP) ip6ndRADump(_ *call, req *ip6ndInterface, emit func(*ip6ndRADetails)) error {
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		if ra := v.dp.RouterAdvertisements(i.SwIfIndex); ra != nil && (req.SwIfIndex == invalidIndex || req.SwIfIndex == i.SwIfIndex) {
			emit(v.raDetails(i.SwIfIndex, ra))
		}
		return true
	})
	return nil
}

// raDetails is send_sw_interface_ip6nd_ra_details.
func (v *VPP) raDetails(swIf uint32, ra *vnet.RouterAdvertisements) *ip6ndRADetails {
	d := &ip6ndRADetails{SwIfIndex: swIf, CurHopLimit: ra.HopLimit, AdvManagedFlag: ra.Managed,
		AdvOtherFlag: ra.Other, AdvRouterLifetime: uint16(ra.Lifetime), AdvLinkMTU: ra.LinkMTU, SendRadv: ra.Send,
		CeaseRadv: ra.Cease, SendUnicast: ra.SendUnicast, AdvLinkLayerAddress: ra.LinkLayerOption,
		MaxRadvInterval: float64(ra.MaxInterval), MinRadvInterval: float64(ra.MinInterval),
		InitialAdvertsCount: ra.InitialCount, InitialAdvertsInterval: float64(ra.InitialInterval),
		NAdvertisementsSent: ra.Sent, NSolicitationsRcvd: ra.SolicitationsReceived, NSolicitationsDropped: ra.SolicitationsDropped}
	t := ra.Times()
	d.InitialAdvertsSent = t.InitialDone
	if !t.LastSolicited.IsZero() {
		d.LastRadvTime = v.dp.Since(t.LastSolicited).Seconds()
	}
	if !t.NextMulticast.IsZero() {
		d.LastMulticastTime = v.dp.Since(t.LastMulticast).Seconds()
		d.NextMulticastTime = -v.dp.Since(t.NextMulticast).Seconds()
	}
	for _, p := range ra.Prefixes {
		o := ip6ndPrefix{Prefix: p.Prefix, OnlinkFlag: p.OnLink, AutonomousFlag: p.Autonomous, ValLifetime: p.Valid,
			PrefLifetime: p.Preferred, NoAdvertise: p.NoAdvertisement, DecrementLifetimeFlag: !p.Endless}
		if p.Valid != invalidIndex {
			o.ValidLifetimeExpires = -v.dp.Since(p.ValidUntil).Seconds()
		}
		if p.Preferred != invalidIndex {
			o.PrefLifetimeExpires = -v.dp.Since(p.PreferredUntil).Seconds()
		}
		d.Prefixes = append(d.Prefixes, o)
	}
	return d
}

type ip6ndSendRouterSolicitation struct {
	IRT       uint32 `api:"irt"`
	MRT       uint32 `api:"mrt"`
	MRC       uint32 `api:"mrc"`
	MRD       uint32 `api:"mrd"`
	SwIfIndex uint32
	Stop      bool
}

func (v *VPP) ip6ndSendRouterSolicitation(_ *call, req *ip6ndSendRouterSolicitation) error {
	if req.Stop {
		return v.dp.StopSoliciting(req.SwIfIndex)
	}
	return v.dp.SolicitRouters(req.SwIfIndex, vnet.Solicitation{IRT: req.IRT, MRT: req.MRT, MRC: req.MRC, MRD: req.MRD})
}

// ip6RAStream is the stream of the router advertisements of others.
const ip6RAStream = "ip6_ra_events"

type wantIP6RAEvents struct {
	Enable bool
	PID    uint32 `api:"pid"`
}

func (v *VPP) wantIP6RAEvents(c *call, req *wantIP6RAEvents) error {
	return v.subscribe(c, ip6RAStream, req.Enable, req.PID)
}

type ip6RAPrefixInfo struct {
	Prefix                   netip.Prefix
	Flags                    uint8
	ValidTime, PreferredTime uint32
}

type ip6RAEvent struct {
	PID                                                 uint32 `api:"pid"`
	SwIfIndex                                           uint32
	RouterAddr                                          netip.Addr
	CurrentHopLimit, Flags                              uint8
	RouterLifetimeInSec                                 uint16
	NeighborReachableTimeInMsec                         uint32
	TimeInMsecBetweenRetransmittedNeighborSolicitations uint32
	Prefixes                                            []ip6RAPrefixInfo
}

// routerAdvertised is the data plane's watcher.
func (v *VPP) routerAdvertised(r vnet.RouterReport) {
	notify(v, ip6RAStream, "ip6_ra_event", func(pid uint32) *ip6RAEvent {
		e := &ip6RAEvent{PID: pid, SwIfIndex: r.SwIf, RouterAddr: r.Router, CurrentHopLimit: r.HopLimit, Flags: r.Flags,
			RouterLifetimeInSec: r.Lifetime, NeighborReachableTimeInMsec: r.Reachable,
			TimeInMsecBetweenRetransmittedNeighborSolicitations: r.Retransmit}
		for _, p := range r.Prefixes {
			e.Prefixes = append(e.Prefixes, ip6RAPrefixInfo{p.Prefix, p.Flags, p.Valid, p.Preferred})
		}
		return e
	})
}

type ip6ndAddressAutoconfig struct {
	SwIfIndex                    uint32
	Enable, InstallDefaultRoutes bool
}

// ip6ndAddressAutoconfig is that of src/vnet/ip6-nd/rd_cp.api.
func (v *VPP) ip6ndAddressAutoconfig(_ *call, req *ip6ndAddressAutoconfig) error {
	return v.dp.SetAutoconfig(req.SwIfIndex, req.Enable, req.InstallDefaultRoutes)
}

type ip6ndProxyAddDel struct {
	SwIfIndex uint32
	IsAdd     bool
	IP        netip.Addr
}

func (v *VPP) ip6ndProxyAddDel(_ *call, req *ip6ndProxyAddDel) error {
	return v.dp.SetNDProxy(req.SwIfIndex, req.IP, req.IsAdd)
}

type ip6ndProxyDetails struct {
	SwIfIndex uint32
	IP        netip.Addr
}

func (v *VPP) ip6ndProxyDump(_ *call, _ *empty, emit func(*ip6ndProxyDetails)) error {
	f := v.dp.FIB
	f.Tables(fib.IP6, func(t *fib.Table) bool {
		f.Routes(t, func(r fib.Route) bool {
			if _, ok := f.HasSource(r.Index, fib.SourceIP6NDProxy); ok {
				emit(&ip6ndProxyDetails{SwIfIndex: f.Interface(r.Index), IP: r.Prefix.Addr()})
			}
			return true
		})
		return true
	})
	return nil
}
