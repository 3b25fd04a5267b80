package schema

import (
	"cmp"
	"slices"
	"strings"
)

// VPP numbers the messages of a module when the module's set-up function runs.
// That is, after memclnt (src/vlibmemory/memory_api.c), which has the first ids:
// the init functions of the core, those of the plugins in order of their file
// names, then the API init functions of the core and of the plugins
// (src/vlib/init.c, src/vlib/unix/plugin.c, vl_mem_api_enable in
// src/vlibmemory/memory_api.c). Within the core it is the order of linking; no
// plugin at hand has two modules in one phase whose names are not in order.
const (
	phaseFixed = iota
	phaseInit
	phasePluginInit
	phaseAPIInit
	phasePluginAPIInit
)

// coreInit are the core's modules set up by init functions, coreAPIInit those
// by API init functions, in VPP's order.
var (
	coreInit    = strings.Fields(`tm arp ip6_dad ip6_nd rd_cp`)
	coreAPIInit = strings.Fields(`vlib dev flow interface p2p_ethernet l2 bond classify ip punt ip_neighbor bfd
		crypto ipsec tcp udp ipip mpls sr sr_pt ipfix_export gso span pg virtio pipe session feature fib qos bier
		syslog teib sfdp vpe`)
	// coreTypes have no messages.
	coreTypes = strings.Fields(`interface_types ip_types ethernet_types fib_types mfib_types flow_types ipsec_types
		sr_types pci_types vpe_types tunnel_types virtio_types sfdp_types`)
	// lateModules are those of plugins set up by API init functions.
	lateModules = strings.Fields(`af_packet af_xdp auto_sdl bpf_trace_filter dhcp geneve gre gtpu idpf igmp
		ip_session_redirect l2tp lisp one lisp_gpe lldp mss_clamp netmap policer pppoe rdma selog interface_input nat
		tcp_check gateway sr_mpls sr_mobile tapv2 vhost_user vxlan vxlan_gpe wireguard`)
)

// pluginNames are the plugins whose modules have another name than they.
var pluginNames = map[string]string{
	"acl_types": "acl", "dhcp6_ia_na_client_cp": "dhcp", "dhcp6_pd_client_cp": "dhcp", "ikev2_types": "ikev2",
	"vxlan_gpe_ioam_export": "ioam", "ioam_export": "ioam", "ioam_cache": "ioam", "pot": "ioam", "trace": "ioam",
	"ioam_vxlan_gpe": "ioam", "udp_ping": "ioam", "lb_types": "lb", "lcp": "linux_cp", "lisp_types": "lisp",
	"one": "lisp", "lisp_gpe": "lisp", "nat44_ed": "nat", "nat_types": "nat", "policer_types": "policer",
	"interface_input": "sfdp_services", "nat": "sfdp_services", "tcp_check": "sfdp_services", "gateway": "sfdp_services",
	"sr_mpls": "srmpls", "sr_mobile": "srv6mobile", "sr_mobile_types": "srv6mobile", "tapv2": "tap",
	"tls_openssl": "tlsopenssl", "graph": "tracedump", "vhost_user": "vhost", "vxlan_gpe": "vxlan-gpe",
}

// pluginOf returns the plugin that brings a module, "" for VPP's core.
func pluginOf(module string) string {
	if module == "memclnt" || slices.Contains(coreInit, module) || slices.Contains(coreAPIInit, module) ||
		slices.Contains(coreTypes, module) {
		return ""
	}
	if name, ok := pluginNames[module]; ok {
		return name + "_plugin.so"
	}
	return module + "_plugin.so"
}

// disabledPlugins are those that VPP loads only if its configuration names them
// (default_disabled in their registration), and pp2, which is not built for
// amd64.
var disabledPlugins = strings.Fields(`idpf_plugin.so linux_cp_plugin.so npt66_plugin.so oddbuf_plugin.so pp2_plugin.so`)

// DefaultDisabled says if VPP loads the plugin only when it is asked to.
func DefaultDisabled(plugin string) bool { return slices.Contains(disabledPlugins, plugin) }

// place is where a module's messages stand.
type place struct {
	phase  int
	plugin string
	index  int
	module string
}

func placeOf(f *apiFile) place {
	p := place{plugin: f.plugin, module: f.module}
	switch early := slices.Index(coreInit, f.module); {
	case f.module == "memclnt":
		p.phase = phaseFixed
	case f.plugin == "" && early >= 0:
		p.phase, p.index = phaseInit, early
	case f.plugin == "":
		p.phase, p.index = phaseAPIInit, slices.Index(coreAPIInit, f.module)
		if p.index < 0 {
			p.index = len(coreAPIInit)
		}
	default:
		p.phase = phasePluginInit
		if slices.Contains(lateModules, f.module) {
			p.phase = phasePluginAPIInit
		}
	}
	return p
}

// sortFiles puts files in the order of their ids.
func sortFiles(files []*apiFile) {
	slices.SortStableFunc(files, func(a, b *apiFile) int {
		x, y := placeOf(a), placeOf(b)
		return cmp.Or(x.phase-y.phase, strings.Compare(x.plugin, y.plugin), x.index-y.index,
			strings.Compare(x.module, y.module))
	})
}
