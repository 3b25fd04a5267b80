package fidelity

import "strings"

// reason says why things of groups are absent.
type reason struct {
	text   string
	groups string // separated by spaces
}

// reasons are by kind; a group stands in one line of its kind.
var reasons = map[Kind][]reason{
	Message: messageReasons,
	Command: commandReasons,
	Feature: featureReasons,
}

// reasonFor is empty if there is none.
func reasonFor(kind Kind, group string) string {
	for _, r := range reasons[kind] {
		for _, g := range strings.Fields(r.groups) {
			if g == group {
				return r.text
			}
		}
	}
	return ""
}

var messageReasons = []reason{
	{"comes with address translation and load balancing", "cnat det44 dslite lb nat nat44_ed nat44_ei nat64 nat66 pnat map"},
	{"the ACL plugin is being built; MACIP lists and sessions come last", "acl abf"},
	{"npol is a plugin of Calico/VPP; comes with policies", "npol"},
	{"IPsec, IKE and WireGuard come with encryption", "ipsec ikev2 wireguard crypto crypto_sw_scheduler tls_openssl pvti"},
	{"comes with MPLS and segment routing", "mpls sr sr_mobile sr_mpls sr_pt bier ldp"},
	{"other tunnels than VXLAN and IP in IP are not part of the double yet",
		"gre gtpu geneve l2tp lisp lisp_gpe one vxlan_gpe vxlan_gpe_ioam_export ioam_vxlan_gpe nsh pppoe gateway ipip udp vxlan"},
	{"in-band telemetry is not part of the double", "ioam_cache ioam_export pot trace udp_ping"},
	{"the host stack (sessions, TCP, TLS, applications) is not part of the double", "session tcp http_static syslog dns"},
	{"the stateful flow plane of 26.06 is not part of the double",
		"sfdp interface_input tcp_check session_stats auto_sdl"},
	{"quality of service and policers come later", "policer qos"},
	{"needs hardware that a double does not have", "af_xdp dev flow netmap rdma tm virtio vmxnet3 vhost_user dma"},
	{"bonding and link protocols come later", "bond lacp lldp cdp bfd vrrp"},
	{"address assignment and group protocols come later", "dhcp dhcp6_ia_na_client_cp dhcp6_pd_client_cp igmp rd_cp"},
	{"measuring and exporting of flows is not part of the double", "flowprobe ipfix_export sflow selog mdata"},
	{"plugins that neither Calico/VPP nor VPP's basic tests use",
		"adl arping bpf_trace_filter ct6 ip_session_redirect l3xc mactime mss_clamp nsim p2p_ethernet pipe snort stn svs pg span"},
	{"answers and events that VPP's API files list without a request, and rare requests of this module",
		"feature interface tracedump vlib ip l2 memclnt classify punt teib ip6_nd ip_neighbor memif graph vpe virtio tapv2 arp urpf"},
}

var commandReasons = []reason{
	{"comes with address translation and load balancing", "cnat nat nat44"},
	{"the ACL plugin and policies are being built", "npol abf acl-plugin"},
	{"comes with encryption", "ikev2 ipsec wireguard"},
	{"comes with MPLS and segment routing", "mpls sr bier"},
	{"the host stack is not part of the double", "app session tcp udp tls http"},
	{"the stateful flow plane of 26.06 is not part of the double", "sfdp kill"},
	{"quality of service and policers come later", "policer qos configure flow"},
	{"needs hardware that a double does not have", "device"},
	{"bonding, link protocols and liveness come later", "bond bfd lacp lldp"},
	{"address assignment comes later", "dhcp dhcp6 ip6"},
	{"measuring and exporting of flows is not part of the double", "ipfix event-logger"},
	{"looks into VPP's own memory and threads, which a double does not have", "memory-trace save suspend wait monitor"},
	{"works on the terminal, not on VPP", "echo define undefine exec exit q quit history restart binary-api uncomment"},
	{"plugins that neither Calico/VPP nor VPP's basic tests use", "adl l3xc p2p_ethernet pipe svs packet-generator"},
	{"commands of areas whose messages are absent, too, and of VPP's internals",
		"clear create delete enable interface ip l2 pcap renumber set show test trace tracenode punt loopback comment api ping"},
}

var featureReasons = []reason{
	{"comes with MPLS", "mpls-output mpls-input"},
	{"NAT, ACL, policers, quality of service, IPsec and WireGuard put features here that are absent as a whole",
		"ip6-punt ip6-output ip6-multicast ip6-unicast ip6-local ip4-punt ip4-local ip4-output ip4-multicast ip4-unicast interface-output ip6-drop ip4-drop"},
	{"the ACL plugin's L2 side is absent",
		"l2-output-nonip l2-input-nonip l2-output-ip6 l2-input-ip6 l2-output-ip4 l2-input-ip4"},
	{"bonds, point-to-point Ethernet and worker threads are absent", "port-rx-eth device-input arp ethernet-output"},
	{"the stateful flow plane of 26.06 is not part of the double", "sfdp nsh-output nsh-eth-output"},
}
