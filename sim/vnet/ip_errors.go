package vnet

import "github.com/vpptwin/vpptwin/sim/vlib"

// Error counters of ip4-input (counters ip4 in src/vnet/ip/ip.api).
const (
	ip4ErrNone uint16 = iota
	ip4ErrTooShort
	ip4ErrBadLength
	ip4ErrBadChecksum
	ip4ErrVersion
	ip4ErrOptions
	ip4ErrFragmentOffsetOne
	ip4ErrTimeExpired
	ip4ErrHdrTooShort
	ip4ErrMTUExceeded
	ip4ErrDstLookupMiss
	ip4ErrSrcLookupMiss
	ip4ErrDrop
	ip4ErrPunt
	ip4ErrSameInterface
	ip4ErrUnknownProtocol
	ip4ErrTCPChecksum
	ip4ErrUDPChecksum
	ip4ErrUDPLength
	ip4ErrSpoofedLocalPackets
	ip4ErrInACLTableMiss
	ip4ErrInACLSessionDeny
	ip4ErrOutACLTableMiss
	ip4ErrOutACLSessionDeny
	ip4ErrRPFFailure
	ip4ErrReassDuplicateFragment
	ip4ErrReassLimitReached
	ip4ErrReassFragmentChainTooLong
	ip4ErrReassNoBuf
	ip4ErrReassMalformedPacket
	ip4ErrReassInternalError
	ip4ErrReassTimeout
	ip4ErrReassToCustomApp
	ip4ErrReassSuccess
	ip4ErrReassFragmentsReassembled
	ip4ErrReassFragmentsRcvd
	ip4ErrReassUnsuppProto
)

var ip4Errors = []vlib.ErrorDesc{
	{Name: "none", Desc: "valid ip4 packets", Severity: vlib.SeverityInfo},
	{Name: "too_short", Desc: "ip4 length < 20 bytes"},
	{Name: "bad_length", Desc: "ip4 length > l2 length"},
	{Name: "bad_checksum", Desc: "bad ip4 checksum"},
	{Name: "version", Desc: "ip4 version != 4"},
	{Name: "options", Desc: "ip4 options present", Severity: vlib.SeverityInfo},
	{Name: "fragment_offset_one", Desc: "ip4 fragment offset == 1"},
	{Name: "time_expired", Desc: "ip4 ttl <= 1"},
	{Name: "hdr_too_short", Desc: "ip4 IHL < 5"},
	{Name: "mtu_exceeded", Desc: "ip4 MTU exceeded and DF set"},
	{Name: "dst_lookup_miss", Desc: "ip4 destination lookup miss"},
	{Name: "src_lookup_miss", Desc: "ip4 source lookup miss"},
	{Name: "drop", Desc: "ip4 drop"},
	{Name: "punt", Desc: "ip4 punt"},
	{Name: "same_interface", Desc: "ip4 egress interface same as ingress"},
	{Name: "unknown_protocol", Desc: "unknown ip protocol"},
	{Name: "tcp_checksum", Desc: "bad tcp checksum"},
	{Name: "udp_checksum", Desc: "bad udp checksum"},
	{Name: "udp_length", Desc: "inconsistent udp/ip lengths"},
	{Name: "spoofed_local_packets", Desc: "ip4 spoofed local-address packet drops"},
	{Name: "inacl_table_miss", Desc: "input ACL table-miss drops"},
	{Name: "inacl_session_deny", Desc: "input ACL session deny drops"},
	{Name: "outacl_table_miss", Desc: "output ACL table-miss drops"},
	{Name: "outacl_session_deny", Desc: "output ACL session deny drops"},
	{Name: "rpf_failure", Desc: "Multicast RPF check failed"},
	{Name: "reass_duplicate_fragment", Desc: "duplicate/overlapping fragments"},
	{Name: "reass_limit_reached", Desc: "drops due to concurrent reassemblies limit"},
	{Name: "reass_fragment_chain_too_long", Desc: "fragment chain too long (drop)"},
	{Name: "reass_no_buf", Desc: "out of buffers (drop)"},
	{Name: "reass_malformed_packet", Desc: "malformed packets"},
	{Name: "reass_internal_error", Desc: "drops due to internal reassembly error"},
	{Name: "reass_timeout", Desc: "fragments dropped due to reassembly timeout"},
	{Name: "reass_to_custom_app", Desc: "send to custom drop app"},
	{Name: "reass_success", Desc: "successful reassemblies", Severity: vlib.SeverityInfo},
	{Name: "reass_fragments_reassembled", Desc: "fragments reassembled", Severity: vlib.SeverityInfo},
	{Name: "reass_fragments_rcvd", Desc: "fragments received", Severity: vlib.SeverityInfo},
	{Name: "reass_unsupp_ip_prot", Desc: "unsupported ip protocol"},
}

// Error counters of ip6-input (counters ip6 in src/vnet/ip/ip.api).
const (
	ip6ErrNone uint16 = iota
	ip6ErrTooShort
	ip6ErrBadLength
	ip6ErrVersion
	ip6ErrTimeExpired
	ip6ErrMTUExceeded
	ip6ErrDstLookupMiss
	ip6ErrSrcLookupMiss
	ip6ErrDrop
	ip6ErrPunt
	ip6ErrUnknownProtocol
	ip6ErrUDPChecksum
	ip6ErrICMPChecksum
	ip6ErrUDPLength
	ip6ErrUnknownUDPPort
	ip6ErrSpoofedLocalPackets
	ip6ErrInACLTableMiss
	ip6ErrInACLSessionDeny
	ip6ErrOutACLTableMiss
	ip6ErrOutACLSessionDeny
	ip6ErrRPFFailure
	ip6ErrReassMissingUpper
	ip6ErrReassDuplicateFragment
	ip6ErrReassOverlappingFragment
	ip6ErrReassLimitReached
	ip6ErrReassFragmentChainTooLong
	ip6ErrReassNoBuf
	ip6ErrReassTimeout
	ip6ErrReassInternalError
	ip6ErrReassInvalidFragLen
	ip6ErrReassToCustomApp
	ip6ErrReassNoFragHdr
	ip6ErrReassInvalidFragSize
	ip6ErrReassSuccess
	ip6ErrReassFragmentsReassembled
	ip6ErrReassFragmentsRcvd
	ip6ErrReassUnsuppProto
)

var ip6Errors = []vlib.ErrorDesc{
	{Name: "none", Desc: "valid ip6 packets", Severity: vlib.SeverityInfo},
	{Name: "too_short", Desc: "ip6 length < 40 bytes"},
	{Name: "bad_length", Desc: "ip6 length > l2 length"},
	{Name: "version", Desc: "ip6 version != 6"},
	{Name: "time_expired", Desc: "ip6 ttl <= 1"},
	{Name: "mtu_exceeded", Desc: "ip6 MTU exceeded"},
	{Name: "dst_lookup_miss", Desc: "ip6 destination lookup miss"},
	{Name: "src_lookup_miss", Desc: "ip6 source lookup miss"},
	{Name: "drop", Desc: "ip6 drop"},
	{Name: "punt", Desc: "ip6 punt"},
	{Name: "unknown_protocol", Desc: "unknown ip protocol"},
	{Name: "udp_checksum", Desc: "bad udp checksum"},
	{Name: "icmp_checksum", Desc: "bad icmp checksum"},
	{Name: "udp_length", Desc: "inconsistent udp/ip lengths"},
	{Name: "unknown_udp_port", Desc: "no listener for udp port"},
	{Name: "spoofed_local_packets", Desc: "ip6 spoofed local-address packet drops"},
	{Name: "inacl_table_miss", Desc: "input ACL table-miss drops"},
	{Name: "inacl_session_deny", Desc: "input ACL session deny drops"},
	{Name: "outacl_table_miss", Desc: "output ACL table-miss drops"},
	{Name: "outacl_session_deny", Desc: "output ACL session deny drops"},
	{Name: "rpf_failure", Desc: "Multicast RPF check failed"},
	{Name: "reass_missing_upper", Desc: "missing-upper layer drops"},
	{Name: "reass_duplicate_fragment", Desc: "duplicate fragments"},
	{Name: "reass_overlapping_fragment", Desc: "overlapping fragments"},
	{Name: "reass_limit_reached", Desc: "drops due to concurrent reassemblies limit"},
	{Name: "reass_fragment_chain_too_long", Desc: "fragment chain too long (drop)"},
	{Name: "reass_no_buf", Desc: "out of buffers (drop)"},
	{Name: "reass_timeout", Desc: "fragments dropped due to reassembly timeout"},
	{Name: "reass_internal_error", Desc: "drops due to internal reassembly error"},
	{Name: "reass_invalid_frag_len", Desc: "invalid fragment length"},
	{Name: "reass_to_custom_app", Desc: "send to custom drop app"},
	{Name: "reass_no_frag_hdr", Desc: "no fragmentation header"},
	{Name: "reass_invalid_frag_size", Desc: "drop due to invalid fragment size"},
	{Name: "reass_success", Desc: "successful reassemblies", Severity: vlib.SeverityInfo},
	{Name: "reass_fragments_reassembled", Desc: "fragments reassembled", Severity: vlib.SeverityInfo},
	{Name: "reass_fragments_rcvd", Desc: "fragments received", Severity: vlib.SeverityInfo},
	{Name: "reass_unsupp_ip_proto", Desc: "unsupported ip protocol"},
}

// plainErrors describes the counters of nodes that VPP registers with bare
// strings: name and description are the same and each counts as an error, even
// those that count good packets.
func plainErrors(texts ...string) []vlib.ErrorDesc {
	out := make([]vlib.ErrorDesc, len(texts))
	for i, t := range texts {
		out[i] = vlib.ErrorDesc{Name: t, Desc: t}
	}
	return out
}
