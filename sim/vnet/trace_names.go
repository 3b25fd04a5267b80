package vnet

import (
	"fmt"
)

// ProtocolName is VPP's name of an IP protocol (src/vnet/ip/protocols.def).
func ProtocolName(p uint8) string { return protocolName(p) }

func protocolName(p uint8) string {
	if n := protocolNames[p]; n != "" {
		return n
	}
	return fmt.Sprintf("unknown %d", p)
}

var protocolNames = [256]string{
	0: "IP6_HOP_BY_HOP_OPTIONS", 1: "ICMP", 2: "IGMP", 3: "GGP", 4: "IP_IN_IP", 5: "ST", 6: "TCP", 7: "CBT", 8: "EGP",
	9: "IGP", 10: "BBN_RCC_MON", 11: "NVP_II", 12: "PUP", 13: "ARGUS", 14: "EMCON", 15: "XNET", 16: "CHAOS",
	17: "UDP", 18: "MUX", 19: "DCN_MEAS", 20: "HMP", 21: "PRM", 22: "XNS_IDP", 23: "TRUNK_1", 24: "TRUNK_2",
	25: "LEAF_1", 26: "LEAF_2", 27: "RDP", 28: "IRTP", 29: "ISO_TP4", 30: "NETBLT", 31: "MFE_NSP", 32: "MERIT_INP",
	33: "SEP", 34: "3PC", 35: "IDPR", 36: "XTP", 37: "DDP", 38: "IDPR_CMTP", 39: "TP", 40: "IL", 41: "IPV6",
	42: "SDRP", 43: "IPV6_ROUTE", 44: "IPV6_FRAGMENTATION", 45: "IDRP", 46: "RSVP", 47: "GRE", 48: "MHRP", 49: "BNA",
	50: "IPSEC_ESP", 51: "IPSEC_AH", 52: "I_NLSP", 53: "SWIPE", 54: "NARP", 55: "MOBILE", 56: "TLSP", 57: "SKIP",
	58: "ICMP6", 59: "IP6_NONXT", 60: "IP6_DESTINATION_OPTIONS", 62: "CFTP", 64: "SAT_EXPAK", 65: "KRYPTOLAN",
	66: "RVD", 67: "IPPC", 69: "SAT_MON", 70: "VISA", 71: "IPCV", 72: "CPNX", 73: "CPHB", 74: "WSN", 75: "PVP",
	76: "BR_SAT_MON", 77: "SUN_ND", 78: "WB_MON", 79: "WB_EXPAK", 80: "ISO_IP", 81: "VMTP", 82: "SECURE_VMTP",
	83: "VINES", 84: "TTP", 85: "NSFNET_IGP", 86: "DGP", 87: "TCF", 88: "EIGRP", 89: "OSPF", 90: "SPRITE_RPC",
	91: "LARP", 92: "MTP", 93: "AX", 94: "IPIP", 95: "MICP", 96: "SCC_SP", 97: "ETHERIP", 98: "ENCAP", 100: "GMTP",
	101: "IFMP", 102: "PNNI", 103: "PIM", 104: "ARIS", 105: "SCPS", 106: "QNX", 107: "A", 108: "IPCOMP", 109: "SNP",
	110: "COMPAQ_PEER", 111: "IPX_IN_IP", 112: "VRRP", 113: "PGM", 115: "L2TP", 116: "DDX", 117: "IATP", 118: "STP",
	119: "SRP", 120: "UTI", 121: "SMP", 122: "SM", 123: "PTP", 124: "ISIS", 125: "FIRE", 126: "CRTP", 127: "CRUDP",
	128: "SSCOPMCE", 129: "IPLT", 130: "SPS", 131: "PIPE", 132: "SCTP", 133: "FC", 134: "RSVP_E2E_IGNORE",
	135: "MOBILITY", 136: "UDP_LITE", 137: "MPLS_IN_IP", 138: "MANET", 139: "HIP", 140: "SHIM6", 141: "WESP",
	142: "ROHC", 143: "IP6_ETHERNET", 253: "EXP1", 254: "EXP2", 255: "RESERVED",
}

// ecnNames are VPP's names of the ECN bits.
var ecnNames = [4]string{"NON_ECN", "ECT_0", "ECT_1", "CE"}

// dscpName is VPP's name of a DSCP, "unknown" for one without.
func dscpName(d uint8) string {
	if n, ok := dscpNames[d]; ok {
		return n
	}
	return "unknown"
}

var dscpNames = map[uint8]string{
	0: "CS0", 8: "CS1", 10: "AF11", 12: "AF12", 14: "AF13", 16: "CS2", 18: "AF21", 20: "AF22", 22: "AF23", 24: "CS3",
	26: "AF31", 28: "AF32", 30: "AF33", 32: "CS4", 34: "AF41", 36: "AF42", 38: "AF43", 40: "CS5", 46: "EF", 48: "CS6",
	50: "CS7",
}

// Names of ICMP types and of codes by type<<8|code (src/vnet/ip/icmp46_packet.h).
var icmp4TypeNames = map[uint8]string{
	0:  "echo_reply",
	3:  "destination_unreachable",
	4:  "source_quench",
	5:  "redirect",
	6:  "alternate_host_address",
	8:  "echo_request",
	9:  "router_advertisement",
	10: "router_solicitation",
	11: "time_exceeded",
	12: "parameter_problem",
	13: "timestamp_request",
	14: "timestamp_reply",
	15: "information_request",
	16: "information_reply",
	17: "address_mask_request",
	18: "address_mask_reply",
	30: "traceroute",
	31: "datagram_conversion_error",
	32: "mobile_host_redirect",
	33: "ip6_where_are_you",
	34: "ip6_i_am_here",
	35: "mobile_registration_request",
	36: "mobile_registration_reply",
	37: "domain_name_request",
	38: "domain_name_reply",
	39: "skip",
	40: "photuris",
}

var icmp4CodeNames = map[uint16]string{
	3 << 8:    "destination_unreachable_net",
	3<<8 | 1:  "destination_unreachable_host",
	3<<8 | 2:  "protocol_unreachable",
	3<<8 | 3:  "port_unreachable",
	3<<8 | 4:  "fragmentation_needed_and_dont_fragment_set",
	3<<8 | 5:  "source_route_failed",
	3<<8 | 6:  "destination_network_unknown",
	3<<8 | 7:  "destination_host_unknown",
	3<<8 | 8:  "source_host_isolated",
	3<<8 | 9:  "network_administratively_prohibited",
	3<<8 | 10: "host_administratively_prohibited",
	3<<8 | 11: "network_unreachable_for_type_of_service",
	3<<8 | 12: "host_unreachable_for_type_of_service",
	3<<8 | 13: "communication_administratively_prohibited",
	3<<8 | 14: "host_precedence_violation",
	3<<8 | 15: "precedence_cutoff_in_effect",
	5 << 8:    "network_redirect",
	5<<8 | 1:  "host_redirect",
	5<<8 | 2:  "type_of_service_and_network_redirect",
	5<<8 | 3:  "type_of_service_and_host_redirect",
	9 << 8:    "normal_router_advertisement",
	9<<8 | 16: "does_not_route_common_traffic",
	11 << 8:   "ttl_exceeded_in_transit",
	11<<8 | 1: "fragment_reassembly_time_exceeded",
	12 << 8:   "pointer_indicates_error",
	12<<8 | 1: "missing_required_option",
	12<<8 | 2: "bad_length",
}

// The same for ICMPv6.
var icmp6TypeNames = map[uint8]string{
	1:   "destination_unreachable",
	2:   "packet_too_big",
	3:   "time_exceeded",
	4:   "parameter_problem",
	128: "echo_request",
	129: "echo_reply",
	130: "multicast_listener_request",
	131: "multicast_listener_report",
	132: "multicast_listener_done",
	133: "router_solicitation",
	134: "router_advertisement",
	135: "neighbor_solicitation",
	136: "neighbor_advertisement",
	137: "redirect",
	138: "router_renumbering",
	139: "node_information_request",
	140: "node_information_response",
	141: "inverse_neighbor_solicitation",
	142: "inverse_neighbor_advertisement",
	143: "multicast_listener_report_v2",
	144: "home_agent_address_discovery_request",
	145: "home_agent_address_discovery_reply",
	146: "mobile_prefix_solicitation",
	147: "mobile_prefix_advertisement",
	148: "certification_path_solicitation",
	149: "certification_path_advertisement",
	151: "multicast_router_advertisement",
	152: "multicast_router_solicitation",
	153: "multicast_router_termination",
	154: "fmipv6_messages",
}

var icmp6CodeNames = map[uint16]string{
	1 << 8:     "no_route_to_destination",
	1<<8 | 1:   "destination_administratively_prohibited",
	1<<8 | 2:   "beyond_scope_of_source_address",
	1<<8 | 3:   "address_unreachable",
	1<<8 | 4:   "port_unreachable",
	1<<8 | 5:   "source_address_failed_policy",
	1<<8 | 6:   "reject_route_to_destination",
	3 << 8:     "ttl_exceeded_in_transit",
	3<<8 | 1:   "fragment_reassembly_time_exceeded",
	4 << 8:     "erroneous_header_field",
	4<<8 | 1:   "unrecognized_next_header",
	4<<8 | 2:   "unrecognized_option",
	4<<8 | 3:   "first_fragment_has_incomplete_header_chain",
	138 << 8:   "command",
	138<<8 | 1: "result",
	139 << 8:   "data_contains_ip6_address",
	139<<8 | 1: "data_contains_name",
	139<<8 | 2: "data_contains_ip4_address",
	140 << 8:   "success",
	140<<8 | 1: "failed",
	140<<8 | 2: "unknown_request",
}
