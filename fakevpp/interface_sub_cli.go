package fakevpp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// subInterfaceCommands are the commands of src/vnet/interface_cli.c about
// sub-interfaces.
func subInterfaceCommands() []cliCommand {
	return []cliCommand{
		command("create sub-interfaces", "create sub-interfaces <interface> {<subId> [default|untagged]} | {<subId>-<subId>} | "+
			"{<subId> dot1q|dot1ad <vlanId>|any [inner-dot1q <vlanId>|any] [exact-match]}", cliCreateSubInterfaces),
		command("delete sub-interface", "delete sub-interface <interface>", cliDeleteSubInterface),
	}
}

// hwInterface takes the name of an interface that is not a sub-interface.
func (a *cliArgs) hwInterface(to **vnet.Interface) bool {
	rest := *a
	if a.iface(to) && !(*to).IsSub() {
		return true
	}
	*a = rest
	return false
}

func cliCreateSubInterfaces(v *VPP, a *cliArgs) (string, error) {
	var sup *vnet.Interface
	if !a.hwInterface(&sup) {
		return "", fmt.Errorf("unknown interface `%s'", a.rest())
	}
	spec, last, err := subWords(a)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for first := spec.ID; spec.ID <= last; spec.ID++ {
		if first < last {
			spec.Outer = uint16(spec.ID)
		}
		i, err := v.dp.AddSubInterface(sup.SwIfIndex, spec)
		switch {
		case errors.Is(err, vnet.ErrVLANAlreadyExists):
			continue
		case err != nil:
			text, _, _ := strings.Cut(err.Error(), ":")
			return out.String(), cliText(text)
		}
		out.WriteString(i.Name + "\n")
		if spec.ID == invalidIndex {
			break
		}
	}
	return out.String(), nil
}

// subWords reads which sub-interfaces to create: a specification with the first
// number, and the last number.
func subWords(a *cliArgs) (spec vnet.SubSpec, last uint32, err error) {
	const exact = vnet.SubOneTag | vnet.SubExactMatch
	expected := fmt.Errorf("expected ID or ID MIN-MAX, got `%s'", a.rest())
	if !a.more() {
		return spec, 0, expected
	}
	from, to, isRange := strings.Cut(a.words[0], "-")
	first, err := strconv.ParseUint(from, 10, 32)
	if err != nil {
		return spec, 0, expected
	}
	spec.ID, last = uint32(first), uint32(first)
	if isRange {
		n, err := strconv.ParseUint(to, 10, 32)
		if err != nil || n < first {
			return spec, 0, expected
		}
		spec.Flags, last = exact, uint32(n)
	}
	a.word()
	switch {
	case isRange:
	case a.is("default"):
		spec.Flags = vnet.SubDefault
	case a.is("untagged"):
		spec.Flags = vnet.SubNoTags | vnet.SubExactMatch
	case a.is("dot1q"):
		err = subTagWords(a, &spec)
	case a.is("dot1ad"):
		spec.Flags = vnet.SubDot1AD
		err = subTagWords(a, &spec)
	default:
		spec.Flags, spec.Outer = exact, uint16(spec.ID)
	}
	return spec, last, err
}

// subTagWords reads the tags of a match (parse_vlan_sub_interfaces).
func subTagWords(a *cliArgs, spec *vnet.SubSpec) error {
	outer, ok := a.uint()
	switch {
	case ok:
		spec.Outer = uint16(outer)
	case a.is("any"):
		spec.Flags |= vnet.SubOuterAny
	default:
		return fmt.Errorf("expected dot1q config, got `%s'", a.rest())
	}
	var inner uint32
	switch {
	case a.is("inner-dot1q", "any"):
		spec.Flags |= vnet.SubTwoTags | vnet.SubInnerAny
	case ok && a.number("inner-dot1q", &inner):
		spec.Flags |= vnet.SubTwoTags
		spec.Inner = uint16(inner)
	default:
		spec.Flags |= vnet.SubOneTag
	}
	if a.is("exact-match") {
		spec.Flags |= vnet.SubExactMatch
	}
	return nil
}

func cliDeleteSubInterface(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	for a.more() && a.iface(&i) {
	}
	switch {
	case i == nil:
		return "", cliText("interface doesn't exist")
	case v.dp.DeleteSubInterface(i.SwIfIndex) != nil:
		return "", cliText("delete_subinterface_interface failed")
	}
	return "", nil
}
