package fakevpp

import (
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/acl"
)

// aclCommands are the commands of src/plugins/acl/acl.c that show access lists.
func aclCommands() []cliCommand {
	return []cliCommand{
		command("show acl-plugin acl", "show acl-plugin acl [index N]", cliShowACLs),
		command("show acl-plugin lookup context", "show acl-plugin lookup context [index N]", cliShowACLContexts),
	}
}

func cliShowACLs(v *VPP, a *cliArgs) (string, error) {
	index := invalidIndex
	a.number("index", &index)
	var b strings.Builder
	v.dp.ACLs().Each(func(l *acl.List) {
		if index == invalidIndex || index == l.Index {
			formatACL(&b, l)
		}
	})
	return b.String(), nil
}

func formatACL(b *strings.Builder, l *acl.List) {
	fmt.Fprintf(b, "acl-index %d count %d tag {%s}\n", l.Index, len(l.Rules), l.Tag)
	for i := range l.Rules {
		r := &l.Rules[i]
		family := "ipv6"
		if r.Src.Addr().Is4() {
			family = "ipv4"
		}
		fmt.Fprintf(b, "  %9d: %s %s src %s dst %s proto %d sport %s dport %s", i, family, aclAction(r.Action), r.Src, r.Dst,
			r.Proto, portRange(r.SrcFirst, r.SrcLast), portRange(r.DstFirst, r.DstLast))
		if r.TCPMask != 0 || r.TCPValue != 0 {
			fmt.Fprintf(b, " tcpflags %d mask %d", r.TCPValue, r.TCPMask)
		}
		b.WriteByte('\n')
	}
	if users := l.Contexts(); len(users) > 0 {
		list := make([]string, len(users))
		for i, c := range users {
			list[i] = decimal(c.Index)
		}
		fmt.Fprintf(b, "  used in lookup context index: %s\n", strings.Join(list, ", "))
	}
}

func aclAction(a acl.Action) string {
	if a > acl.PermitReflect {
		return fmt.Sprintf("action %d", a)
	}
	return [...]string{"deny", "permit", "permit+reflect"}[a]
}

func portRange(first, last uint16) string {
	if first == last {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

func cliShowACLContexts(v *VPP, a *cliArgs) (string, error) {
	index := invalidIndex
	a.number("index", &index)
	var b strings.Builder
	v.dp.ACLs().Contexts(func(c *acl.Context) {
		if index != invalidIndex && index != c.Index {
			return
		}
		list := make([]string, 0, len(c.Lists()))
		for _, l := range c.Lists() {
			list = append(list, decimal(l))
		}
		fmt.Fprintf(&b, "index %d:%s sw_if_index: %d (null): %d, acl_indices: %s\n", c.Index, c.User, c.Value1, c.Value2,
			strings.Join(list, ", "))
	})
	if b.Len() == 0 && index == invalidIndex {
		return "ACL lookup contexts are not initialized\n", nil
	}
	return b.String(), nil
}
