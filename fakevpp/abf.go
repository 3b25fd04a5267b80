package fakevpp

import (
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// abfHandlers are the messages of src/plugins/abf/abf.api.
var abfHandlers = []handler{
	replyWith("abf_plugin_get_version", (*VPP).abfPluginGetVersion),
	reply("abf_policy_add_del", (*VPP).abfPolicyAddDel),
	dump("abf_policy_dump", "abf_policy_details", (*VPP).abfPolicyDump),
	reply("abf_itf_attach_add_del", (*VPP).abfItfAttachAddDel),
	dump("abf_itf_attach_dump", "abf_itf_attach_details", (*VPP).abfItfAttachDump),
}

func (v *VPP) abfPluginGetVersion(_ *call, _ *empty, rep *pluginVersion) error {
	rep.Major = 1
	return nil
}

type abfPolicy struct {
	PolicyID uint32 `api:"policy_id"`
	ACLIndex uint32 `api:"acl_index"`
	Paths    []fibPath
}

type abfPolicyAddDel struct {
	IsAdd  bool
	Policy abfPolicy
}

func (v *VPP) abfPolicyAddDel(_ *call, req *abfPolicyAddDel) error {
	if len(req.Policy.Paths) == 0 {
		return vnet.ErrInvalidValue
	}
	paths, err := v.decodePaths(req.Policy.Paths)
	if err != nil {
		return err
	}
	if req.IsAdd {
		return v.dp.UpdateABFPolicy(req.Policy.PolicyID, req.Policy.ACLIndex, paths)
	}
	return v.dp.DeleteABFPolicyPaths(req.Policy.PolicyID, paths)
}

type abfPolicyDetails struct{ Policy abfPolicy }

func (v *VPP) abfPolicyDump(_ *call, _ *empty, emit func(*abfPolicyDetails)) error {
	v.dp.ABFPolicies(func(p *vnet.ABFPolicy) {
		emit(&abfPolicyDetails{abfPolicy{p.ID, p.ACL, v.encodePaths(p.Paths)}})
	})
	return nil
}

type abfAttach struct {
	PolicyID            uint32 `api:"policy_id"`
	SwIfIndex, Priority uint32
	IsIPv6              bool `api:"is_ipv6"`
}

type abfItfAttachAddDel struct {
	IsAdd  bool
	Attach abfAttach
}

func (v *VPP) abfItfAttachAddDel(_ *call, req *abfItfAttachAddDel) error {
	a, p := &req.Attach, protoOf(req.Attach.IsIPv6)
	if req.IsAdd {
		return v.dp.AttachABF(p, a.PolicyID, a.Priority, a.SwIfIndex)
	}
	return v.dp.DetachABF(p, a.PolicyID, a.SwIfIndex)
}

type abfAttachDetails struct{ Attach abfAttach }

func (v *VPP) abfItfAttachDump(_ *call, _ *empty, emit func(*abfAttachDetails)) error {
	v.dp.ABFAttachments(func(a *vnet.ABFAttachment) {
		emit(&abfAttachDetails{abfAttach{a.Policy.ID, a.SwIfIndex, a.Priority, a.Proto == fib.IP6}})
	})
	return nil
}

// abfCommands are the commands of src/plugins/abf.
func abfCommands() []cliCommand {
	return []cliCommand{
		command("abf policy", "abf policy [add|del] id <index> acl <index> via ...", cliABFPolicy),
		command("abf attach", "abf attach <ip4|ip6> [del] policy <value> <interface>", cliABFAttach),
		command("show abf policy", "show abf policy <value>", cliShowABFPolicy),
		command("show abf attach", "show abf attach <interface>", cliShowABFAttach),
	}
}

// cliABFPolicy owns its line and complains on the output.
func cliABFPolicy(v *VPP, a *cliArgs) (string, error) {
	list, id, del := invalidIndex, invalidIndex, false
	var paths []fib.Path
	for a.more() {
		switch {
		case a.number("acl", &list), a.number("id", &id):
		case a.is("del"):
			del = true
		case a.is("add"):
			del = false
		case a.is("via"):
			path, err := a.path(fib.IP4)
			if err != nil {
				return "", err
			}
			paths = append(paths, path)
		default:
			return "", fmt.Errorf("unknown input '%s'", a.rest())
		}
	}
	switch {
	case id == invalidIndex:
		return "Specify a Policy ID\n", nil
	case len(paths) == 0:
		return "Hop path must not be empty\n", nil
	case del:
		_ = v.dp.DeleteABFPolicyPaths(id, paths) // VPP's command does not look at the result
	case list == invalidIndex:
		return "ACL index must be set\n", nil
	default:
		if v.dp.UpdateABFPolicy(id, list, paths) != nil {
			return "ACL index must match existing ACL index in policy\n", nil
		}
	}
	return "", nil
}

func cliABFAttach(v *VPP, a *cliArgs) (string, error) {
	id, priority, proto, del := invalidIndex, uint32(0), -1, false
	var i *vnet.Interface
	for a.more() {
		switch {
		case a.is("del"):
			del = true
		case a.is("add"):
			del = false
		case a.is("ip4"):
			proto = int(fib.IP4)
		case a.is("ip6"):
			proto = int(fib.IP6)
		case a.number("policy", &id), a.number("priority", &priority), a.iface(&i):
		default:
			return "", fmt.Errorf("unknown input '%s'", a.rest())
		}
	}
	switch {
	case id == invalidIndex:
		return "", cliText("invalid policy ID:-1")
	case i == nil:
		return "", cliText("invalid interface name")
	case proto < 0:
		return "", cliText("Specify either ip4 or ip6")
	case v.dp.ABFPolicy(id) == nil:
		return "", fmt.Errorf("invalid policy ID:%d", id)
	case del:
		_ = v.dp.DetachABF(fib.Proto(proto), id, i.SwIfIndex) // VPP's command does not look at the result
	default:
		_ = v.dp.AttachABF(fib.Proto(proto), id, priority, i.SwIfIndex)
	}
	return "", nil
}

func cliShowABFPolicy(v *VPP, a *cliArgs) (string, error) {
	var b strings.Builder
	if n, ok := a.uint(); ok {
		p := v.dp.ABFPolicy(n)
		if p == nil {
			return fmt.Sprintf("Invalid policy ID:%d\n", n), nil
		}
		b.WriteString(v.dp.FormatABFPolicy(p))
		return b.String(), nil
	}
	if a.more() {
		return "", fmt.Errorf("unknown input '%s'", a.rest())
	}
	v.dp.ABFPolicies(func(p *vnet.ABFPolicy) { b.WriteString(v.dp.FormatABFPolicy(p)) })
	return b.String(), nil
}

func cliShowABFAttach(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	for a.more() {
		if !a.iface(&i) {
			return "", fmt.Errorf("unknown input '%s'", a.rest())
		}
	}
	if i == nil {
		return "specify an interface\n", nil
	}
	var b strings.Builder
	for p, name := range []string{"ipv4", "ipv6"} {
		list := v.dp.ABFOnInterface(fib.Proto(p), i.SwIfIndex)
		if len(list) > 0 {
			b.WriteString(name + ":\n")
		}
		for _, at := range list {
			b.WriteString(" " + v.dp.FormatABFAttachment(at) + "\n")
		}
	}
	return b.String(), nil
}
