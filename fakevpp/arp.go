package fakevpp

import (
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// arpHandlers are the messages of src/vnet/arp/arp.api.
var arpHandlers = []handler{
	reply("proxy_arp_add_del", (*VPP).proxyARPAddDel),
	dump("proxy_arp_dump", "proxy_arp_details", (*VPP).proxyARPDump),
	reply("proxy_arp_intfc_enable_disable", (*VPP).proxyARPIntfcEnableDisable),
	dump("proxy_arp_intfc_dump", "proxy_arp_intfc_details", (*VPP).proxyARPIntfcDump),
}

// proxyARP is vl_api_proxy_arp_t.
type proxyARP struct {
	TableID uint32
	Low, Hi netip.Addr
}

type proxyARPAddDel struct {
	IsAdd bool
	Proxy proxyARP
}

func (v *VPP) proxyARPAddDel(_ *call, req *proxyARPAddDel) error {
	table, ok := v.dp.FIB.FindTable(fib.IP4, req.Proxy.TableID)
	if !ok {
		return vnet.ErrNoSuchFIB
	}
	r := vnet.ProxyARP{FibIndex: table, Low: req.Proxy.Low, Hi: req.Proxy.Hi}
	if !req.IsAdd {
		return v.dp.DeleteProxyARP(r)
	}
	v.dp.AddProxyARP(r)
	return nil
}

type proxyARPDetails struct{ Proxy proxyARP }

func (v *VPP) proxyARPDump(_ *call, _ *empty, emit func(*proxyARPDetails)) error {
	for _, r := range v.dp.ProxyARPs() {
		id := uint32(invalidIndex)
		if t := v.dp.FIB.Table(fib.IP4, r.FibIndex); t != nil {
			id = t.ID
		}
		emit(&proxyARPDetails{proxyARP{TableID: id, Low: r.Low, Hi: r.Hi}})
	}
	return nil
}

type proxyARPIntfc struct {
	SwIfIndex uint32
	Enable    bool
}

func (v *VPP) proxyARPIntfcEnableDisable(_ *call, req *proxyARPIntfc) error {
	return v.dp.SetProxyARP(req.SwIfIndex, req.Enable)
}

type proxyARPIntfcDetails struct{ SwIfIndex uint32 }

func (v *VPP) proxyARPIntfcDump(_ *call, _ *empty, emit func(*proxyARPIntfcDetails)) error {
	v.dp.Interfaces(func(i *vnet.Interface) bool {
		if v.dp.ProxyARPEnabled(i.SwIfIndex) {
			emit(&proxyARPIntfcDetails{i.SwIfIndex})
		}
		return true
	})
	return nil
}
