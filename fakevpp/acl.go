package fakevpp

import (
	"errors"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/acl"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// aclHandlers are the messages of src/plugins/acl/acl.api about access lists
// themselves.
var aclHandlers = []handler{
	replyWith("acl_plugin_get_version", (*VPP).aclPluginGetVersion),
	replyWith("acl_add_replace", (*VPP).aclAddReplace),
	reply("acl_del", (*VPP).aclDel),
	dump("acl_dump", "acl_details", (*VPP).aclDump),
}

type pluginVersion struct{ Major, Minor uint32 }

func (v *VPP) aclPluginGetVersion(_ *call, _ *empty, rep *pluginVersion) error {
	*rep = pluginVersion{Major: 1, Minor: 4}
	return nil
}

// aclRule is vl_api_acl_rule_t.
type aclRule struct {
	IsPermit               uint8
	SrcPrefix, DstPrefix   netip.Prefix
	Proto                  uint8
	SrcportOrIcmptypeFirst uint16
	SrcportOrIcmptypeLast  uint16
	DstportOrIcmpcodeFirst uint16
	DstportOrIcmpcodeLast  uint16
	TCPFlagsMask           uint8 `api:"tcp_flags_mask"`
	TCPFlagsValue          uint8 `api:"tcp_flags_value"`
}

func (r *aclRule) decode() acl.Rule {
	return acl.Rule{Action: acl.Action(r.IsPermit), Src: r.SrcPrefix, Dst: r.DstPrefix, Proto: r.Proto,
		SrcFirst: r.SrcportOrIcmptypeFirst, SrcLast: r.SrcportOrIcmptypeLast,
		DstFirst: r.DstportOrIcmpcodeFirst, DstLast: r.DstportOrIcmpcodeLast, TCPMask: r.TCPFlagsMask, TCPValue: r.TCPFlagsValue}
}

func encodeACLRule(r *acl.Rule) aclRule {
	return aclRule{IsPermit: uint8(r.Action), SrcPrefix: r.Src, DstPrefix: r.Dst, Proto: r.Proto,
		SrcportOrIcmptypeFirst: r.SrcFirst, SrcportOrIcmptypeLast: r.SrcLast,
		DstportOrIcmpcodeFirst: r.DstFirst, DstportOrIcmpcodeLast: r.DstLast, TCPFlagsMask: r.TCPMask, TCPFlagsValue: r.TCPValue}
}

type aclAddReplace struct {
	ACLIndex uint32 `api:"acl_index"`
	Tag      string
	R        []aclRule
}

type aclIndexReply struct {
	ACLIndex uint32 `api:"acl_index"`
}

// aclTagLen is the size of a tag with its end in bytes.
const aclTagLen = 64

// aclAddReplace answers with the number that was asked for when it fails.
func (v *VPP) aclAddReplace(_ *call, req *aclAddReplace, rep *aclIndexReply) error {
	rep.ACLIndex = req.ACLIndex
	if len(req.Tag) >= aclTagLen {
		return vnet.ErrInvalidValue
	}
	rules := make([]acl.Rule, len(req.R))
	for i := range req.R {
		rules[i] = req.R[i].decode()
	}
	l, err := v.dp.ACLs().Set(req.ACLIndex, req.Tag, rules)
	if err != nil {
		return aclError(err)
	}
	rep.ACLIndex = l.Index
	return nil
}

// aclError gives the API's number for an error of the lists.
func aclError(err error) error {
	for _, e := range []struct {
		is   error
		code vnet.APIError
	}{{acl.ErrNoSuchList, vnet.ErrNoSuchEntry}, {acl.ErrListInUse, vnet.ErrACLInUseByLookupContext},
		{acl.ErrSource, vnet.ErrInvalidSrcAddress}, {acl.ErrDestination, vnet.ErrInvalidDstAddress},
		{acl.ErrPortRange, vnet.ErrInvalidValue2}} {
		if errors.Is(err, e.is) {
			return e.code
		}
	}
	return err
}

type aclIndex struct {
	ACLIndex uint32 `api:"acl_index"`
}

func (v *VPP) aclDel(_ *call, req *aclIndex) error {
	if err := v.dp.ACLs().Delete(req.ACLIndex); err != nil {
		return aclError(err)
	}
	return nil
}

type aclDetails struct {
	ACLIndex uint32 `api:"acl_index"`
	Tag      string
	R        []aclRule
}

func (v *VPP) aclDump(_ *call, req *aclIndex, emit func(*aclDetails)) error {
	v.dp.ACLs().Each(func(l *acl.List) {
		if req.ACLIndex != invalidIndex && req.ACLIndex != l.Index {
			return
		}
		d := &aclDetails{ACLIndex: l.Index, Tag: l.Tag, R: make([]aclRule, len(l.Rules))}
		for i := range l.Rules {
			d.R[i] = encodeACLRule(&l.Rules[i])
		}
		emit(d)
	})
	return nil
}
