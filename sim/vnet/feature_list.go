package vnet

// featureDecl declares a feature: the graph node and which features of its arc
// it runs before and after.
type featureDecl struct {
	node          string
	before, after []string
}

// arcDecl declares an arc. Its features stand in the order in which VPP
// registers them (the order of source files in src/vnet/CMakeLists.txt, then
// plugins by name), because that decides where constraints leave a choice.
type arcDecl struct {
	name string
	// last is the node the arc ends with, empty where VPP declares none.
	last     string
	features []featureDecl
}

// names is a shorthand for constraints.
func names(s ...string) []string { return s }

// The arcs, in the order of `show interface features`.
const (
	arcARP arcID = iota
	arcNSHOutput
	arcMPLSOutput
	arcMPLSInput
	arcIP6Drop
	arcIP6Punt
	arcIP6Local
	arcIP6Output
	arcIP6Multicast
	arcIP6Unicast
	arcIP4Drop
	arcIP4Punt
	arcIP4Local
	arcIP4Output
	arcIP4Multicast
	arcIP4Unicast
	arcL2OutputNonIP
	arcL2InputNonIP
	arcL2OutputIP6
	arcL2InputIP6
	arcL2OutputIP4
	arcL2InputIP4
	arcEthernetOutput
	arcErrorDrop
	arcInterfaceOutput
	arcPortRxEth
	arcDeviceInput
	numArcs
)

// arcDecls declares every arc; constraints are those of VPP's
// VNET_FEATURE_INIT declarations in the files named beside them.
var arcDecls = [numArcs]arcDecl{
	arcARP: {name: "arp", last: "error-drop", features: []featureDecl{ // src/vnet/arp/arp.c
		{node: "arp-reply", before: names("arp-disabled")},
		{node: "arp-proxy", before: names("arp-disabled"), after: names("arp-reply")},
		{node: "arp-disabled", before: names("error-drop")},
		{node: "error-drop"},
		{node: "arping-input", before: names("arp-reply")},
	}},
	arcNSHOutput: {name: "nsh-output", last: "error-drop", features: []featureDecl{{node: "error-drop"}}},
	arcMPLSOutput: {name: "mpls-output", last: "interface-output", features: []featureDecl{
		{node: "interface-output"},
		{node: "mpls-qos-mark"},
		{node: "vlan-mpls-qos-mark", after: names("mpls-qos-mark")},
	}},
	arcMPLSInput: {name: "mpls-input", last: "mpls-lookup", features: []featureDecl{ // src/vnet/mpls/mpls_features.c
		{node: "mpls-not-enabled", before: names("mpls-lookup")},
		{node: "mpls-lookup"},
		{node: "mpls-qos-record"},
		{node: "vlan-mpls-qos-record", before: names("mpls-qos-record")},
	}},
	arcIP6Drop: {name: "ip6-drop", features: []featureDecl{{node: "error-drop"}}},
	arcIP6Punt: {name: "ip6-punt", features: ip6PuntFeatures},
	arcIP6Local: {name: "ip6-local", last: "ip6-local-end-of-arc", features: []featureDecl{
		{node: "ip6-local-end-of-arc"},
		{node: "arping6-input", before: names("ip6-local-end-of-arc")},
	}},
	arcIP6Output:    {name: "ip6-output", last: "interface-output", features: ip6OutputFeatures},
	arcIP6Multicast: {name: "ip6-multicast", last: "ip6-mfib-forward-lookup", features: ip6MulticastFeatures},
	arcIP6Unicast:   {name: "ip6-unicast", last: "ip6-lookup", features: ip6UnicastFeatures},
	arcIP4Drop:      {name: "ip4-drop", features: []featureDecl{{node: "error-drop"}}},
	arcIP4Punt:      {name: "ip4-punt", features: ip4PuntFeatures},
	arcIP4Local: {name: "ip4-local", last: "ip4-local-end-of-arc", features: []featureDecl{
		{node: "ip4-local-end-of-arc"},
		{node: "syn-filter-4", before: names("ip4-local-end-of-arc")},
		{node: "nat44-ei-hairpinning", before: names("ip4-local-end-of-arc")},
	}},
	arcIP4Output:    {name: "ip4-output", last: "interface-output", features: ip4OutputFeatures},
	arcIP4Multicast: {name: "ip4-multicast", last: "ip4-mfib-forward-lookup", features: ip4MulticastFeatures},
	arcIP4Unicast:   {name: "ip4-unicast", last: "ip4-lookup", features: ip4UnicastFeatures},
	arcL2OutputNonIP: {name: "l2-output-nonip", features: []featureDecl{ // src/vnet/l2/l2_in_out_feat_arc.c
		{node: "l2-output-feat-arc-end"},
		{node: "acl-plugin-out-nonip-l2", before: names("l2-output-feat-arc-end")},
	}},
	arcL2InputNonIP: {name: "l2-input-nonip", features: []featureDecl{
		{node: "l2-input-feat-arc-end"},
		{node: "acl-plugin-in-nonip-l2", before: names("l2-input-feat-arc-end")},
	}},
	arcL2OutputIP6: {name: "l2-output-ip6", features: []featureDecl{
		{node: "l2-output-feat-arc-end"},
		{node: "gso-l2-ip6", before: names("l2-output-feat-arc-end")}, // src/vnet/gso/node.c
		{node: "acl-plugin-out-ip6-l2", before: names("l2-output-feat-arc-end")},
	}},
	arcL2InputIP6: {name: "l2-input-ip6", features: []featureDecl{
		{node: "l2-input-feat-arc-end"},
		{node: "acl-plugin-in-ip6-l2", before: names("l2-input-feat-arc-end")},
	}},
	arcL2OutputIP4: {name: "l2-output-ip4", features: []featureDecl{
		{node: "l2-output-feat-arc-end"},
		{node: "gso-l2-ip4", before: names("l2-output-feat-arc-end")},
		{node: "acl-plugin-out-ip4-l2", before: names("l2-output-feat-arc-end")},
	}},
	arcL2InputIP4: {name: "l2-input-ip4", features: []featureDecl{
		{node: "l2-input-feat-arc-end"},
		{node: "acl-plugin-in-ip4-l2", before: names("l2-input-feat-arc-end")},
	}},
	arcEthernetOutput: {name: "ethernet-output", last: "error-drop", features: []featureDecl{{node: "error-drop"}}},
	arcErrorDrop:      {name: "error-drop", last: "drop", features: []featureDecl{{node: "drop"}}},
	arcInterfaceOutput: {name: "interface-output", last: "interface-output-arc-end", features: []featureDecl{
		{node: "span-output", before: names("interface-output-arc-end")}, // src/vnet/interface_output.c
		{node: "ipsec-if-output", before: names("interface-output-arc-end")},
		{node: "interface-output-arc-end"},
		{node: "stats-collect-tx", before: names("interface-output-arc-end")}, // src/vnet/interface_stats.c
	}},
	arcPortRxEth:   {name: "port-rx-eth", last: "ethernet-input", features: portRxEthFeatures},
	arcDeviceInput: {name: "device-input", last: "ethernet-input", features: deviceInputFeatures},
}

// src/vnet/devices/devices.c and, in the order of registration, others.
var deviceInputFeatures = []featureDecl{
	{node: "l2-patch", before: names("ethernet-input")},
	{node: "worker-handoff", before: names("ethernet-input")},
	{node: "span-input", before: names("ethernet-input")},
	{node: "p2p-ethernet-input", before: names("ethernet-input")},
	{node: "ethernet-input"},
	{node: "stats-collect-rx", before: names("ethernet-input")}, // src/vnet/interface_stats.c
	{node: "bond-input", before: names("ethernet-input")},
	{node: "sr-pl-rewrite-encaps-l2", before: names("ethernet-input")},
	{node: "pg-input-mac-filter"},
	{node: "adl-input", before: names("ethernet-input")},
}

// src/vnet/dev/port.c
var portRxEthFeatures = []featureDecl{
	{node: "l2-patch", before: names("ethernet-input")},
	{node: "worker-handoff", before: names("ethernet-input")},
	{node: "span-input", before: names("ethernet-input")},
	{node: "p2p-ethernet-input", before: names("ethernet-input")},
	{node: "ethernet-input"},
	{node: "bond-input", before: names("ethernet-input")},
}

// src/vnet/ip/ip4_punt_drop.c, ip_in_out_acl.c, src/plugins/policer
var ip4PuntFeatures = []featureDecl{
	{node: "ip4-punt-redirect", before: names("error-punt")},
	{node: "error-punt"},
	{node: "ip4-punt-acl"},
	{node: "ip4-punt-policer", before: names("ip4-punt-redirect"), after: names("ip4-punt-acl")},
}

// src/vnet/ip/ip6_punt_drop.c, ip_in_out_acl.c, src/plugins/policer
var ip6PuntFeatures = []featureDecl{
	{node: "error-punt"},
	{node: "ip6-punt-redirect", before: names("error-punt")},
	{node: "ip6-punt-acl"},
	{node: "ip6-punt-policer", before: names("ip6-punt-redirect"), after: names("ip6-punt-acl")},
}

// src/vnet/ip/ip4_forward.c, reass, qos; then plugins
var ip4UnicastFeatures = []featureDecl{
	{node: "ip4-flow-classify", before: names("ip4-inacl")},
	{node: "ip4-inacl", before: names("ip4-policer-classify")},
	{node: "ip4-source-and-port-range-check-rx", before: names("ip4-policer-classify")},
	{node: "ip4-policer-classify", before: names("ipsec4-input-feature")},
	{node: "ipsec4-input-feature", before: names("vpath-input-ip4")},
	{node: "vpath-input-ip4", before: names("ip4-vxlan-bypass")},
	{node: "ip4-vxlan-bypass", before: names("ip4-lookup")},
	{node: "ip4-not-enabled", before: names("ip4-lookup")},
	{node: "ip4-lookup"},
	{node: "ip4-full-reassembly-feature", before: names("ip4-lookup", "ipsec4-input-feature", "ip4-sv-reassembly-feature")},
	{node: "ip4-sv-reassembly-feature", before: names("ip4-lookup")},
	{node: "ip4-qos-record"},
	{node: "vlan-ip4-qos-record", before: names("ip4-qos-record")},
	{node: "ip4-qos-store"},
	{node: "abf-input-ip4", after: names("acl-plugin-in-ip4-fa", "ip4-full-reassembly-feature", "ip4-sv-reassembly-feature")},
	{node: "acl-plugin-in-ip4-fa", before: names("ip4-flow-classify")},
	{node: "cnat-snat-ip4"},
	{node: "cnat-snat-ip4-return"},
	{node: "cnat-lookup-ip4"},
	{node: "cnat-input-ip4", before: names("acl-plugin-in-ip4-fa"), after: names("cnat-lookup-ip4")},
	{node: "ip4-dhcp-client-detect", before: names("ip4-not-enabled")},
	{node: "l3xc-input-ip4", after: names("acl-plugin-in-ip4-fa")},
	{node: "tcp-mss-clamping-ip4-in", after: names("ip4-policer-classify")},
	{node: "nat44-ei-classify", after: names("acl-plugin-in-ip4-fa", "ip4-sv-reassembly-feature")},
	{node: "nat44-ei-handoff-classify", after: names("acl-plugin-in-ip4-fa", "ip4-sv-reassembly-feature")},
	{node: "nat44-ei-in2out", after: names("acl-plugin-in-ip4-fa", "ip4-sv-reassembly-feature")},
	{node: "nat44-ei-out2in", after: names("acl-plugin-in-ip4-fa", "ip4-sv-reassembly-feature", "ip4-dhcp-client-detect")},
	{node: "nat44-ei-in2out-worker-handoff", after: names("acl-plugin-in-ip4-fa")},
	{node: "nat44-ei-out2in-worker-handoff", after: names("acl-plugin-in-ip4-fa", "ip4-dhcp-client-detect")},
	{node: "nat-pre-in2out", after: names("acl-plugin-in-ip4-fa", "ip4-sv-reassembly-feature")},
	{node: "nat-pre-out2in", after: names("acl-plugin-in-ip4-fa", "ip4-dhcp-client-detect", "ip4-sv-reassembly-feature")},
	{node: "nat44-ed-classify", after: names("acl-plugin-in-ip4-fa", "ip4-sv-reassembly-feature")},
	{node: "nat44-handoff-classify", after: names("acl-plugin-in-ip4-fa", "ip4-sv-reassembly-feature")},
	{node: "nat44-in2out-worker-handoff", after: names("acl-plugin-in-ip4-fa")},
	{node: "nat44-out2in-worker-handoff", after: names("acl-plugin-in-ip4-fa", "ip4-dhcp-client-detect")},
	{node: "nat44-ed-in2out", after: names("acl-plugin-in-ip4-fa", "ip4-sv-reassembly-feature")},
	{node: "nat44-ed-out2in", after: names("acl-plugin-in-ip4-fa", "ip4-sv-reassembly-feature", "ip4-dhcp-client-detect")},
	{node: "policer-input", before: names("ip4-lookup")},
	{node: "svs-ip4"},
	{node: "trace-filtering", after: names("ip4-full-reassembly-feature", "ip4-sv-reassembly-feature")},
	{node: "pcap-filtering", after: names("ip4-full-reassembly-feature", "ip4-sv-reassembly-feature")},
	{node: "ip4-rx-urpf-loose", before: names("ip4-rx-urpf-strict")},
	{node: "ip4-rx-urpf-strict", before: names("ip4-policer-classify")},
}

// src/vnet/ip/ip6_forward.c, reass, qos; then plugins
var ip6UnicastFeatures = []featureDecl{
	{node: "ip6-flow-classify", before: names("ip6-inacl")},
	{node: "ip6-inacl", before: names("ip6-policer-classify")},
	{node: "ip6-policer-classify", before: names("ipsec6-input-feature")},
	{node: "ipsec6-input-feature", before: names("l2tp-decap")},
	{node: "l2tp-decap", before: names("vpath-input-ip6")},
	{node: "vpath-input-ip6", before: names("ip6-vxlan-bypass")},
	{node: "ip6-vxlan-bypass", before: names("ip6-lookup")},
	{node: "ip6-not-enabled", before: names("ip6-lookup")},
	{node: "ip6-lookup"},
	{node: "ip6-full-reassembly-feature", before: names("ip6-lookup", "ipsec6-input-feature")},
	{node: "ip6-sv-reassembly-feature", before: names("ip6-lookup")},
	{node: "ip6-qos-record"},
	{node: "vlan-ip6-qos-record", before: names("ip6-qos-record")},
	{node: "ip6-qos-store"},
	{node: "ip6-unicast-nd-proxy", before: names("ip6-lookup")},
	{node: "abf-input-ip6", after: names("acl-plugin-in-ip6-fa", "ip6-full-reassembly-feature", "ip6-sv-reassembly-feature")},
	{node: "acl-plugin-in-ip6-fa", before: names("ip6-flow-classify")},
	{node: "cnat-snat-ip6"},
	{node: "cnat-snat-ip6-return"},
	{node: "cnat-lookup-ip6"},
	{node: "cnat-input-ip6", before: names("acl-plugin-in-ip6-fa"), after: names("cnat-lookup-ip6")},
	{node: "l3xc-input-ip6", after: names("acl-plugin-in-ip6-fa")},
	{node: "tcp-mss-clamping-ip6-in", after: names("ip6-policer-classify")},
	{node: "policer-input", before: names("ip6-lookup")},
	{node: "svs-ip6"},
	{node: "trace-filtering", after: names("ip6-full-reassembly-feature", "ip6-sv-reassembly-feature")},
	{node: "pcap-filtering", after: names("ip6-full-reassembly-feature", "ip6-sv-reassembly-feature")},
	{node: "ip6-rx-urpf-loose", before: names("ip6-rx-urpf-strict")},
	{node: "ip6-rx-urpf-strict", before: names("ip6-policer-classify")},
}

var ip4MulticastFeatures = []featureDecl{
	{node: "vpath-input-ip4", before: names("ip4-mfib-forward-lookup")},
	{node: "ip4-not-enabled", before: names("ip4-mfib-forward-lookup")},
	{node: "ip4-mfib-forward-lookup"},
	{node: "ip4-sv-reassembly-mcast-feature"},
	{node: "ip4-qos-record"},
	{node: "vlan-ip4-qos-record", before: names("ip4-qos-record")},
	{node: "ip4-qos-store"},
}

var ip6MulticastFeatures = []featureDecl{
	{node: "vpath-input-ip6", before: names("ip6-mfib-forward-lookup")},
	{node: "ip6-not-enabled", before: names("ip6-mfib-forward-lookup")},
	{node: "ip6-mfib-forward-lookup"},
	{node: "ip6-sv-reassembly-mcast-feature"},
	{node: "ip6-qos-record"},
	{node: "vlan-ip6-qos-record", before: names("ip6-qos-record")},
	{node: "ip6-qos-store"},
	{node: "ip6-multicast-nd-proxy", before: names("ip6-mfib-forward-lookup")},
}

// src/vnet/ip/ip4_forward.c, reass, gso/node.c, dpo/dvr_dpo.c, qos; then plugins
var ip4OutputFeatures = []featureDecl{
	{node: "ip4-source-and-port-range-check-tx", before: names("ip4-outacl")},
	{node: "ip4-outacl", before: names("ipsec4-output-feature")},
	{node: "ipsec4-output-feature", before: names("interface-output")},
	{node: "interface-output"},
	{node: "ip4-sv-reassembly-output-feature"},
	{node: "gso-ip4", before: names("ipsec4-output-feature")},
	{node: "ip4-dvr-reinject"},
	{node: "ip4-qos-mark"},
	{node: "vlan-ip4-qos-mark", after: names("ip4-qos-mark")},
	{node: "acl-plugin-out-ip4-fa", before: names("ip4-dvr-reinject", "interface-output")},
	{node: "cnat-writeback-ip4", before: names("gso-ip4"), after: names("acl-plugin-out-ip4-fa")},
	{node: "cnat-output-ip4", before: names("gso-ip4", "cnat-writeback-ip4"), after: names("acl-plugin-out-ip4-fa")},
	{node: "tcp-mss-clamping-ip4-out"},
	{node: "nat44-ei-in2out-output", after: names("acl-plugin-out-ip4-fa", "ip4-sv-reassembly-output-feature")},
	{node: "nat44-ei-in2out-output-worker-handoff",
		after: names("acl-plugin-out-ip4-fa", "ip4-sv-reassembly-output-feature")},
	{node: "nat-pre-in2out-output", before: names("acl-plugin-out-ip4-fa"), after: names("ip4-sv-reassembly-output-feature")},
	{node: "nat44-in2out-output-worker-handoff", before: names("acl-plugin-out-ip4-fa"),
		after: names("ip4-sv-reassembly-output-feature")},
	{node: "nat44-ed-in2out-output", before: names("acl-plugin-out-ip4-fa"), after: names("ip4-sv-reassembly-output-feature")},
	{node: "policer-output"},
	{node: "ip4-tx-urpf-loose"},
	{node: "ip4-tx-urpf-strict"},
	{node: "wg4-output-tun", after: names("gso-ip4")},
}

var ip6OutputFeatures = []featureDecl{
	{node: "ip6-outacl", before: names("ipsec6-output-feature")},
	{node: "ipsec6-output-feature", before: names("interface-output")},
	{node: "interface-output"},
	{node: "ip6-sv-reassembly-output-feature"},
	{node: "pt"},
	{node: "gso-ip6", before: names("ipsec6-output-feature")},
	{node: "ip6-dvr-reinject"},
	{node: "ip6-qos-mark"},
	{node: "vlan-ip6-qos-mark", after: names("ip6-qos-mark")},
	{node: "acl-plugin-out-ip6-fa", before: names("ip6-dvr-reinject", "interface-output")},
	{node: "cnat-writeback-ip6", before: names("gso-ip6"), after: names("acl-plugin-out-ip6-fa")},
	{node: "cnat-output-ip6", before: names("gso-ip6", "cnat-writeback-ip6"), after: names("acl-plugin-out-ip6-fa")},
	{node: "tcp-mss-clamping-ip6-out"},
	{node: "policer-output"},
	{node: "ip6-tx-urpf-loose"},
	{node: "ip6-tx-urpf-strict"},
	{node: "wg6-output-tun", after: names("gso-ip6")},
}
