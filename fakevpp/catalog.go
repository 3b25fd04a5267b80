package fakevpp

import (
	"cmp"
	"slices"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// MessageInfo says what the double does with one version of a request.
type MessageInfo struct {
	// Module is the API file that defines the message, without ".api".
	Module string
	// Name and CRC are as in the message table.
	Name, CRC string
	// Handled is false if the answer is UNIMPLEMENTED, or an empty dump.
	Handled bool
}

// Messages lists the requests that the double's schema knows, by module and
// name.
func (v *VPP) Messages() []MessageInfo {
	var list []MessageInfo
	for _, e := range v.table.entries {
		if e == nil || e.Kind != schema.Request {
			continue
		}
		list = append(list, MessageInfo{Module: e.Module, Name: e.Name, CRC: e.CRC, Handled: v.table.bound(e).handled})
	}
	slices.SortFunc(list, func(a, b MessageInfo) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Name, b.Name), cmp.Compare(a.CRC, b.CRC))
	})
	return list
}

// Commands lists the commands of the double's CLI, sorted.
func (v *VPP) Commands() []string {
	commands := cliCommands()
	paths := make([]string, len(commands))
	for i := range commands {
		paths[i] = commands[i].path
	}
	slices.Sort(paths)
	return paths
}
