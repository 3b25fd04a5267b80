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
		Preferred: req.PrefLifetime, OnLink: !req.NoOnlink, Autonomous: !req.NoAutoconfig,
		NoAdvertisement: req.NoAdvertise}, req.UseDefault, req.IsNo)
}

type ip6ndInterface struct{ SwIfIndex uint32 }

type ip6ndPrefix struct {
	Prefix                     netip.Prefix
	OnlinkFlag, AutonomousFlag bool
	ValLifetime, PrefLifetime  uint32
	NoAdvertise                bool
}

type ip6ndRADetails struct {
	SwIfIndex                        uint32
	CurHopLimit                      uint8
	AdvManagedFlag, AdvOtherFlag     bool
	AdvRouterLifetime                uint16
	AdvLinkMTU                       uint32
	SendRadv, CeaseRadv, SendUnicast bool
	AdvLinkLayerAddress              bool
	MaxRadvInterval, MinRadvInterval float64
	InitialAdvertsCount              uint32
	InitialAdvertsInterval           float64
	Prefixes                         []ip6ndPrefix
}

func (v *VPP) ip6ndRADump(_ *call, req *ip6ndInterface, emit func(*ip6ndRADetails)) error {
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		ra := v.dp.RouterAdvertisements(i.SwIfIndex)
		if ra == nil || req.SwIfIndex != invalidIndex && req.SwIfIndex != i.SwIfIndex {
			return true
		}
		d := ip6ndRADetails{SwIfIndex: i.SwIfIndex, CurHopLimit: ra.HopLimit, AdvManagedFlag: ra.Managed,
			AdvOtherFlag: ra.Other, AdvRouterLifetime: uint16(ra.Lifetime), AdvLinkMTU: i.MTUOf(vnet.MTUIP6), SendRadv: ra.Send, CeaseRadv: ra.Cease,
			SendUnicast: ra.SendUnicast, AdvLinkLayerAddress: ra.LinkLayerOption,
			MaxRadvInterval: float64(ra.MaxInterval), MinRadvInterval: float64(ra.MinInterval),
			InitialAdvertsCount: ra.InitialCount, InitialAdvertsInterval: float64(ra.InitialInterval)}
		for _, p := range ra.Prefixes {
			d.Prefixes = append(d.Prefixes, ip6ndPrefix{Prefix: p.Prefix, OnlinkFlag: p.OnLink, AutonomousFlag: p.Autonomous,
				ValLifetime: p.Valid, PrefLifetime: p.Preferred, NoAdvertise: p.NoAdvertisement})
		}
		emit(&d)
		return true
	})
	return nil
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
