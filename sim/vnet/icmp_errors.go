package vnet

import "github.com/vpptwin/vpptwin/sim/vlib"

// Error counters of the ICMP nodes (counters icmp4 and icmp6 in
// src/vnet/ip/ip.api).
const (
	icmp4ErrNone uint16 = iota
	icmp4ErrUnknownType
	icmp4ErrInvalidCode
	icmp4ErrInvalidHopLimit
	icmp4ErrLengthTooSmall
	icmp4ErrOptionsOddLength
	icmp4ErrOptionZeroLength
	icmp4ErrEchoRepliesSent
	icmp4ErrDstLookupMiss
	icmp4ErrDestUnreachSent
	icmp4ErrTTLExpireSent
	icmp4ErrParamProblemSent
	icmp4ErrDrop
)

var icmp4Errors = []vlib.ErrorDesc{
	{Name: "none", Desc: "valid packets", Severity: vlib.SeverityInfo},
	{Name: "unknown_type", Desc: "unknown type"},
	{Name: "invalid_code_for_type", Desc: "invalid code for type"},
	{Name: "invalid_hop_limit_for_type", Desc: "hop_limit != 255"},
	{Name: "length_too_small_for_type", Desc: "payload length too small for type"},
	{Name: "options_with_odd_length", Desc: "total option length not multiple of 8 bytes"},
	{Name: "option_with_zero_length", Desc: "option has zero length"},
	{Name: "echo_replies_sent", Desc: "echo replies sent", Severity: vlib.SeverityInfo},
	{Name: "dst_lookup_miss", Desc: "icmp6 dst address lookup misses"},
	{Name: "dest_unreach_sent", Desc: "destination unreachable response sent", Severity: vlib.SeverityInfo},
	{Name: "ttl_expire_sent", Desc: "hop limit exceeded response sent", Severity: vlib.SeverityInfo},
	{Name: "param_problem_sent", Desc: "parameter problem response sent", Severity: vlib.SeverityInfo},
	{Name: "drop", Desc: "error message dropped"},
}

const (
	icmp6ErrNone uint16 = iota
	icmp6ErrUnknownType
	icmp6ErrInvalidCode
	icmp6ErrInvalidHopLimit
	icmp6ErrLengthTooSmall
	icmp6ErrOptionsOddLength
	icmp6ErrOptionZeroLength
	icmp6ErrEchoRepliesSent
	icmp6ErrNSSourceNotOnLink
	icmp6ErrNSSourceUnknown
	icmp6ErrNATx
	icmp6ErrNARx
	icmp6ErrRSSourceNotOnLink
	icmp6ErrRSUnsupportedInterface
	icmp6ErrRSNotConfigured
	icmp6ErrRASourceNotLinkLocal
	icmp6ErrRATx
	icmp6ErrRARx
	icmp6ErrDstLookupMiss
	icmp6ErrDestUnreachSent
	icmp6ErrPacketTooBigSent
	icmp6ErrTTLExpireSent
	icmp6ErrParamProblemSent
	icmp6ErrDrop
	icmp6ErrAllocFailure
)

var icmp6Errors = []vlib.ErrorDesc{
	{Name: "none", Desc: "valid packets", Severity: vlib.SeverityInfo},
	{Name: "unknown_type", Desc: "unknown type"},
	{Name: "invalid_code_for_type", Desc: "invalid code for type"},
	{Name: "invalid_hop_limit_for_type", Desc: "hop_limit != 255"},
	{Name: "length_too_small_for_type", Desc: "payload length too small for type"},
	{Name: "options_with_odd_length", Desc: "total option length not multiple of 8 bytes"},
	{Name: "option_with_zero_length", Desc: "option has zero length"},
	{Name: "echo_replies_sent", Desc: "echo replies sent", Severity: vlib.SeverityInfo},
	{Name: "neighbor_solicitation_source_not_on_link", Desc: "neighbor solicitations from source not on link"},
	{Name: "neighbor_solicitation_source_unknown", Desc: "neighbor solicitations for unknown targets"},
	{Name: "neighbor_advertisements_tx", Desc: "neighbor advertisements sent", Severity: vlib.SeverityInfo},
	{Name: "neighbor_advertisements_rx", Desc: "neighbor advertisements received", Severity: vlib.SeverityInfo},
	{Name: "router_solicitation_source_not_on_link", Desc: "router solicitations from source not on link"},
	{Name: "router_solicitation_unsupported_intf", Desc: "neighbor discovery unsupported interface"},
	{Name: "router_solicitation_radv_not_config", Desc: "neighbor discovery not configured"},
	{Name: "router_advertisement_source_not_link_local", Desc: "router advertisement source not link local"},
	{Name: "router_advertisements_tx", Desc: "router advertisements sent", Severity: vlib.SeverityInfo},
	{Name: "router_advertisements_rx", Desc: "router advertisements received", Severity: vlib.SeverityInfo},
	{Name: "dst_lookup_miss", Desc: "icmp6 dst address lookup misses"},
	{Name: "dest_unreach_sent", Desc: "destination unreachable response sent", Severity: vlib.SeverityInfo},
	{Name: "packet_too_big_sent", Desc: "packet too big response sent", Severity: vlib.SeverityInfo},
	{Name: "ttl_expire_sent", Desc: "hop limit exceeded response sent", Severity: vlib.SeverityInfo},
	{Name: "param_problem_sent", Desc: "parameter problem response sent", Severity: vlib.SeverityInfo},
	{Name: "drop", Desc: "error message dropped"},
	{Name: "alloc_failure", Desc: "buffer allocation failure"},
}
