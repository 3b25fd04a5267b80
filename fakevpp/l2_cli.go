package fakevpp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// l2Commands are the commands of src/vnet/l2 about interfaces.
func l2Commands() []cliCommand {
	flag := func(word string, f vnet.L2Feature) cliCommand {
		return command("set interface l2 "+word, "set interface l2 "+word+" <interface> [disable]", cliL2Flag(f))
	}
	return []cliCommand{
		command("set interface l2 bridge", "set interface l2 bridge <interface> <bridge-domain-id> [bvi|uu-fwd] [shg]",
			cliL2Bridge),
		command("set interface l2 xconnect", "set interface l2 xconnect <interface> <peer interface>", cliL2XConnect),
		command("set interface l3", "set interface l3 <interface>", cliL3),
		flag("learn", vnet.L2InLearn),
		flag("forward", vnet.L2InFwd),
		flag("flood", vnet.L2InFlood),
		command("set interface l2 efp-filter", "set interface l2 efp-filter <interface> [disable]", cliL2EFPFilter),
		command("set interface l2 tag-rewrite", "set interface l2 tag-rewrite <interface> [disable | pop {1|2} | push "+
			"{dot1q|dot1ad} <tag> <tag>]", cliL2TagRewrite),
		command("set interface l2 pbb-tag-rewrite", "set interface l2 pbb-tag-rewrite <interface> [disable | pop | push | "+
			"translate_pbb_stag <outer_tag> dmac <address> smac <address> s_id <nn> [b_vlanid <nn>]]", cliL2PBB),
		command("show mode", "show mode [<if-name1> <if-name2> ...]", cliShowMode),
		command("test l2patch", "test l2patch rx <intfc> tx <intfc> [del]", cliTestL2Patch),
		command("show l2patch", "Show l2 interface cross-connect entries", cliShowL2Patch),
		command("bvi create", "bvi create [mac <mac-addr>] [instance <instance>]", cliBVICreate),
		command("bvi delete", "bvi delete <interface>", cliBVIDelete),
	}
}

// l2Interface takes the name of an interface, with the complaint about another
// word.
func (a *cliArgs) l2Interface(to **vnet.Interface) error {
	if !a.iface(to) {
		return fmt.Errorf("unknown interface `%s'", a.rest())
	}
	return nil
}

func cliL2Bridge(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	if err := a.l2Interface(&i); err != nil {
		return "", err
	}
	id, ok := a.uint()
	if !ok {
		return "", fmt.Errorf("expected bridge domain ID `%s'", a.rest())
	}
	if id > maxBdID {
		return "", cliText("bridge domain ID exceed 16M limit")
	}
	port := vnet.PortNormal
	if a.is("bvi") {
		port = vnet.PortBVI
	}
	if a.is("uu-fwd") {
		port = vnet.PortUUFwd
	}
	shg, _ := a.uint()
	if err := v.dp.SetBridgeMode(i.SwIfIndex, v.dp.FindBridgeDomain(id), port, uint8(shg)); err != nil {
		return "", cliText("bridge-domain already has a bvi interface")
	}
	return "", nil
}

func cliL2XConnect(v *VPP, a *cliArgs) (string, error) {
	var i, peer *vnet.Interface
	if err := a.l2Interface(&i); err != nil {
		return "", err
	}
	if !a.iface(&peer) {
		return "", fmt.Errorf("unknown peer interface `%s'", a.rest())
	}
	return "", v.dp.SetXConnectMode(i.SwIfIndex, peer.SwIfIndex)
}

func cliL3(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	if err := a.l2Interface(&i); err != nil {
		return "", err
	}
	return "", v.dp.SetL3Mode(i.SwIfIndex)
}

func cliL2Flag(f vnet.L2Feature) func(*VPP, *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		var i *vnet.Interface
		if err := a.l2Interface(&i); err != nil {
			return "", err
		}
		v.dp.EnableL2Input(i.SwIfIndex, f, !a.is("disable"))
		return "", nil
	}
}

func cliL2EFPFilter(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	if err := a.l2Interface(&i); err != nil {
		return "", err
	}
	v.dp.EnableL2Output(i.SwIfIndex, vnet.L2OutEFPFilter, !a.is("disable"))
	return "", nil
}

func cliL2TagRewrite(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	if err := a.l2Interface(&i); err != nil {
		return "", err
	}
	rest := a.rest()
	r, ok := vtrWords(a)
	if !ok {
		return "", fmt.Errorf("expecting [disable | pop 1 | pop 2 | push {dot1q|dot1ah} <tag> [<tag>]\n"+
			" | translate {1|2}-{1|2} {dot1q|dot1ah} <tag> [<tag>]] but got `%s'", rest)
	}
	if v.dp.SetVTR(i.SwIfIndex, r) != nil {
		return "", cliText("vlan tag rewrite is not compatible with interface")
	}
	return "", nil
}

// vtrWords reads a rewrite of tags (int_l2_vtr in src/vnet/l2/l2_vtr.c).
func vtrWords(a *cliArgs) (r vnet.VTR, ok bool) {
	switch {
	case a.is("disable"):
		return r, true
	case a.is("pop", "1"):
		r.Op = vnet.VTRPop1
		return r, true
	case a.is("pop", "2"):
		r.Op = vnet.VTRPop2
		return r, true
	case a.is("push"):
		if ok = r1(a, &r); ok {
			r.Op = vnet.VTRPush1
			if tag2, two := a.uint(); two {
				r.Op, r.Tag2 = vnet.VTRPush2, uint16(tag2)
			}
		}
		return r, ok
	}
	ops := map[string]vnet.VTROp{"1-1": vnet.VTRTranslate11, "1-2": vnet.VTRTranslate12, "2-1": vnet.VTRTranslate21,
		"2-2": vnet.VTRTranslate22}
	if !a.is("translate") || !a.more() {
		return r, false
	}
	word := a.word()
	if r.Op, ok = ops[word]; !ok || !r1(a, &r) {
		return r, false
	}
	if strings.HasSuffix(word, "-2") {
		tag2, two := a.uint()
		r.Tag2 = uint16(tag2)
		return r, two
	}
	return r, true
}

// r1 reads the kind of the first tag and its number.
func r1(a *cliArgs, r *vnet.VTR) bool {
	r.Dot1Q = a.is("dot1q")
	if !r.Dot1Q && !a.is("dot1ad") {
		return false
	}
	tag, ok := a.uint()
	r.Tag1 = uint16(tag)
	return ok
}

func cliL2PBB(v *VPP, a *cliArgs) (string, error) {
	const usage = "dmac <address> smac <address> s_id <nn> [b_vlanid <nn>]]"
	var i *vnet.Interface
	var p vnet.PBB
	var outer, vlan uint32
	p.Service = invalidIndex
	var dst, src bool
	for a.more() {
		switch {
		case a.iface(&i), a.number("s_id", &p.Service):
		case a.is("disable"):
			p.Op = vnet.VTRDisabled
		case p.Op == vnet.VTRDisabled && a.is("pop"):
			p.Op = vnet.VTRPop2
		case p.Op == vnet.VTRDisabled && a.is("push"):
			p.Op = vnet.VTRPush2
		case p.Op == vnet.VTRDisabled && a.number("translate_pbb_stag", &outer):
			p.Op = vnet.VTRTranslate21
		case a.mac("dmac", &p.Dst):
			dst = true
		case a.mac("smac", &p.Src):
			src = true
		case a.number("b_vlanid", &vlan):
			p.VLAN = uint16(vlan)
		default:
			return "", cliText("expecting [disable | pop | push | translate_pbb_stag <outer_tag>\n" + usage)
		}
	}
	if (p.Op == vnet.VTRPush2 || p.Op == vnet.VTRTranslate21) && (!dst || !src || p.Service == invalidIndex) {
		return "", cliText("expecting " + usage)
	}
	if i == nil || v.dp.SetPBB(i.SwIfIndex, p) != nil {
		return "", cliText("pbb tag rewrite is not compatible with interface")
	}
	return "", nil
}

// vtrText renders a rewrite of tags as format_vtr does
// (src/vnet/interface_format.c).
func vtrText(r vnet.VTR) string {
	names := [...]string{"none", "push-1", "push-2", "pop-1", "pop-2", "trans-1-1", "trans-1-2", "trans-2-1", "trans-2-2"}
	kind := "dot1ad"
	if r.Dot1Q {
		kind = "dot1q"
	}
	s := names[r.Op]
	switch r.Op {
	case vnet.VTRPush1, vnet.VTRTranslate11, vnet.VTRTranslate21:
		s += fmt.Sprintf(" %s %d", kind, r.Tag1)
	case vnet.VTRPush2, vnet.VTRTranslate12, vnet.VTRTranslate22:
		s += fmt.Sprintf(" %s %d %d", kind, r.Tag1, r.Tag2)
	}
	return s
}

func cliShowMode(v *VPP, a *cliArgs) (string, error) {
	var list []*vnet.Interface
	for a.more() {
		var i *vnet.Interface
		if !a.iface(&i) {
			return "", a.unknown()
		}
		list = append(list, i)
	}
	if list == nil {
		v.dp.Interfaces(func(i *vnet.Interface) bool {
			list = append(list, i)
			return true
		})
	}
	var b strings.Builder
	for _, i := range list {
		mode := v.dp.L2Mode(i.SwIfIndex)
		switch {
		case mode.Domain != nil:
			bvi := ""
			if mode.BVI {
				bvi = " bvi"
			}
			fmt.Fprintf(&b, "l2 bridge %s bd_id %d%s shg %d\n", i.Name, mode.Domain.ID, bvi, mode.SHG)
		case mode.XConnect:
			fmt.Fprintf(&b, "l2 xconnect %s %s\n", i.Name, v.interfaceNameOf(mode.Peer))
		default:
			fmt.Fprintf(&b, "l3 %s  \n", i.Name)
		}
	}
	return b.String(), nil
}

// interfaceNameOf is an interface's name, VPP's text for an index that is free.
func (v *VPP) interfaceNameOf(swIfIndex uint32) string {
	if i := v.dp.Interface(swIfIndex); i != nil {
		return i.Name
	}
	return fmt.Sprintf("DELETED (%d)", swIfIndex)
}

func cliTestL2Patch(v *VPP, a *cliArgs) (string, error) {
	var rx, tx *vnet.Interface
	add := true
	for a.more() {
		switch {
		case a.is("del"):
			add = false
		case a.is("rx") && a.iface(&rx), a.is("tx") && a.iface(&tx):
		default:
			a.words = nil // VPP takes the line and leaves what it does not know
		}
	}
	switch {
	case rx == nil:
		return "", cliText("rx interface not set")
	case tx == nil:
		return "", cliText("tx interface not set")
	}
	err := v.dp.SetL2Patch(rx.SwIfIndex, tx.SwIfIndex, add)
	switch {
	case errors.Is(err, vnet.ErrInvalidSwIfIndex):
		return "", cliText("rx interface not a physical port")
	case errors.Is(err, vnet.ErrInvalidSwIfIndex2):
		return "", cliText("tx interface not a physical port")
	}
	return "", err
}

func cliShowL2Patch(v *VPP, _ *cliArgs) (string, error) {
	var b strings.Builder
	for _, p := range v.dp.L2Patches() {
		fmt.Fprintf(&b, "%26s -> %s\n", v.interfaceNameOf(p[0]), v.interfaceNameOf(p[1]))
	}
	if b.Len() == 0 {
		return "no l2patch entries\n", nil
	}
	return b.String(), nil
}

func cliBVICreate(v *VPP, a *cliArgs) (string, error) {
	var mac packet.MAC
	instance := invalidIndex
	for a.more() {
		if !a.mac("mac", &mac) && !a.number("instance", &instance) {
			return "", fmt.Errorf("unknown input: %s", a.rest())
		}
	}
	i, err := v.dp.AddBVI(mac, instance)
	if err != nil {
		return "", cliText("BVI create failed")
	}
	return i.Name + "\n", nil
}

func cliBVIDelete(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	for a.more() && a.iface(&i) {
	}
	switch {
	case i == nil:
		return "", fmt.Errorf("no such interface: %s", a.rest())
	case v.dp.DeleteBVI(i.SwIfIndex) != nil:
		return "", cliText("BVI delete failed")
	}
	return "", nil
}

// l2Line is what "show interface address" says of layer 2 mode, empty for layer
// 3 (format_l2_input in src/vnet/l2/l2_input.c).
func (v *VPP) l2Line(i *vnet.Interface) string {
	mode := v.dp.L2Mode(i.SwIfIndex)
	switch {
	case mode.Domain != nil:
		bvi := " "
		if mode.BVI {
			bvi = "bvi"
		}
		return fmt.Sprintf("  L2 bridge bd-id %d idx %d shg %d %s\n", mode.Domain.ID, mode.Domain.Index, mode.SHG, bvi)
	case mode.XConnect:
		return fmt.Sprintf("  L2 xconnect %s\n", v.interfaceNameOf(mode.Peer))
	}
	return ""
}
