package fakevpp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// classifyACLCommands are the commands of src/vnet/classify/in_out_acl.c and
// flow_classify.c.
func classifyACLCommands() []cliCommand {
	set := func(dir vnet.ACLDirection) func(*VPP, *cliArgs) (string, error) {
		return func(v *VPP, a *cliArgs) (string, error) { return cliSetACL(v, a, dir) }
	}
	show := func(dir vnet.ACLDirection) func(*VPP, *cliArgs) (string, error) {
		return func(v *VPP, a *cliArgs) (string, error) { return cliShowACL(v, a, dir) }
	}
	return []cliCommand{
		command("set interface input acl", "set interface input acl intfc <int> [ip4-table <index>]\n"+
			"  [ip6-table <index>] [l2-table <index>] [ip4-punt-table <index>]\n  [ip6-punt-table <index> [del]", set(vnet.ACLInput)),
		command("set interface output acl", "set interface output acl intfc <int> [ip4-table <index>]\n"+
			"  [ip6-table <index>] [l2-table <index>] [del]", set(vnet.ACLOutput)),
		command("show inacl", "show inacl type [ip4|ip6|l2]", show(vnet.ACLInput)),
		command("show outacl", "show outacl type [ip4|ip6|l2]", show(vnet.ACLOutput)),
		command("set flow classify", "set flow classify interface <int> [ip4-table <index>]\n  [ip6-table <index>] [del]",
			cliSetFlowClassify),
		command("show classify flow", "show classify flow type [ip4|ip6]", cliShowFlowClassify),
	}
}

func cliSetACL(v *VPP, a *cliArgs, dir vnet.ACLDirection) (string, error) {
	tables := [...]uint32{vnet.ACLIP4: invalidIndex, vnet.ACLIP6: invalidIndex, vnet.ACLL2: invalidIndex,
		vnet.ACLIP4Punt: invalidIndex, vnet.ACLIP6Punt: invalidIndex}
	var i *vnet.Interface
	add, given := true, 0
	for a.more() {
		if a.number("ip4-table", &tables[vnet.ACLIP4]) || a.number("ip6-table", &tables[vnet.ACLIP6]) ||
			a.number("ip4-punt-table", &tables[vnet.ACLIP4Punt]) || a.number("ip6-punt-table", &tables[vnet.ACLIP6Punt]) ||
			a.number("l2-table", &tables[vnet.ACLL2]) {
			given++
			continue
		}
		if a.is("del") {
			add = false
		} else if !a.ifaceAfter("intfc", &i) {
			break
		}
	}
	if err := oneTable(i, given); err != nil {
		return "", err
	}
	err := v.dp.SetACLTables(i.SwIfIndex, tables, add, dir)
	var code vnet.APIError
	if errors.As(err, &code) {
		return "", cliText(fmt.Sprintf("Error: %d", int32(code)))
	}
	return "", err
}

// oneTable checks what the commands that take a table need.
func oneTable(i *vnet.Interface, given int) error {
	switch {
	case i == nil:
		return cliText("Interface must be specified.")
	case given == 0:
		return cliText("Table index should be specified.")
	case given > 1:
		return cliText("Only one table index per API is allowed.")
	}
	return nil
}

// ifaceAfter takes the name of an interface behind the keyword.
func (a *cliArgs) ifaceAfter(keyword string, to **vnet.Interface) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	rest := cliArgs{v: a.v, words: a.words[1:]}
	if !rest.iface(to) {
		return false
	}
	a.words = rest.words
	return true
}

func cliShowACL(v *VPP, a *cliArgs, dir vnet.ACLDirection) (string, error) {
	way := [...]string{"input", "output"}[dir]
	kind, known := vnet.ACLIP4, false
	if a.is("type") {
		for _, w := range []struct {
			word string
			kind vnet.ACLKind
		}{{"ip4", vnet.ACLIP4}, {"ip6", vnet.ACLIP6}, {"l2", vnet.ACLL2}} {
			if a.is(w.word) {
				kind, known = w.kind, true
			}
		}
	}
	if !known {
		return "", cliText("Invalid " + way + " ACL table type.")
	}
	return v.formatTables(v.dp.ACLTables(dir, kind), "No "+way+" ACL tables configured\n"), nil
}

// formatTables lists the tables of interfaces, or says that none was ever set.
func (v *VPP) formatTables(tables []uint32, none string) string {
	if len(tables) == 0 {
		return none
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%10s%20s\t\t%s\n", "Intfc idx", "Classify table", "Interface name")
	for i, table := range tables {
		if table != invalidIndex {
			fmt.Fprintf(&b, "%10d%20d\t\t%s\n", i, table, v.dp.InterfaceName(uint32(i)))
		}
	}
	return b.String()
}

func cliSetFlowClassify(v *VPP, a *cliArgs) (string, error) {
	tables := [2]uint32{invalidIndex, invalidIndex}
	var i *vnet.Interface
	add, given := true, 0
	for a.more() {
		if a.number("ip4-table", &tables[fib.IP4]) || a.number("ip6-table", &tables[fib.IP6]) {
			given++
			continue
		}
		if a.is("del") {
			add = false
		} else if !a.ifaceAfter("interface", &i) {
			break
		}
	}
	if err := oneTable(i, given); err != nil {
		return "", err
	}
	_ = v.dp.SetFlowClassify(i.SwIfIndex, tables, add) // VPP is silent about a table that does not exist
	return "", nil
}

func cliShowFlowClassify(v *VPP, a *cliArgs) (string, error) {
	for p, word := range []string{"ip4", "ip6"} {
		if a.is("type", word) {
			return v.formatTables(v.dp.FlowClassifyTables(fib.Proto(p)), "No tables configured.\n"), nil
		}
	}
	return "", cliText("Type must be specified.")
}
