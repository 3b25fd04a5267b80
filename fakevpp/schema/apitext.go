package schema

import (
	"fmt"
	"slices"
	"strings"
)

// The text form of a set of API files: one declaration a line, types before
// modules, so that two versions can be compared with diff, and so that a
// program can find a message without reading the others.
//
//	vpp NAME
//	alias ip4_address u8[4]
//	enum address_family u8 ADDRESS_IP4=0 ADDRESS_IP6=1
//	flags feature u32 FEATURE_A=1 FEATURE_B=2
//	union address_union ip4_address ip4; ip6_address ip6
//	struct address address_family af; address_union un
//	module vxlan 2.1.0 95381587 4d9cc2b3 vxlan_plugin.so
//	request vxlan_add_del_tunnel 0c09dc80 bool is_add default=true; address src_address
//	reply vxlan_add_del_tunnel_reply 5383d31f i32 retval; interface_index sw_if_index
//	service want_x_events want_x_events_reply - x_event
//
// A type whose definition is not the same in all modules stands, with what uses
// it, behind the line of each module that has it. Fields leave out the header,
// which the keyword tells; text behind # is the message's options. A service is
// listed if it does not follow from the request's name; "-" is none.

// renderText writes files, in the order of ids, as text.
func renderText(name string, files []*apiFile) string {
	var b strings.Builder
	fmt.Fprintf(&b, "vpp %s\n", name)
	common := commonTypes(files)
	names := make([]string, 0, len(common))
	for name := range common {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		common[name].write(&b)
	}
	for _, f := range files {
		f.write(&b, common)
	}
	return b.String()
}

func (d decl) write(b *strings.Builder) {
	b.WriteString(strings.TrimRight(d.keyword+" "+d.name+" "+d.body, " "))
	b.WriteByte('\n')
}

func (f *apiFile) write(b *strings.Builder, common map[string]decl) {
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	fmt.Fprintf(b, "module %s %s %s %s %s\n", f.module, dash(f.version), f.crc, dash(f.rangeCRC), dash(f.plugin))
	seen := make(map[string]bool)
	for _, d := range f.types {
		if _, ok := common[d.name]; ok || seen[d.name] {
			continue
		}
		seen[d.name] = true
		d.write(b)
	}
	for _, d := range f.messages {
		d.write(b)
	}
	for _, s := range f.services {
		fmt.Fprintf(b, "service %s %s %s %s\n", s.request, dash(s.reply), dash(s.stream), dash(s.events))
	}
}

// commonTypes returns the types that mean the same wherever they are declared,
// with all that they use.
func commonTypes(files []*apiFile) map[string]decl {
	common := make(map[string]decl)
	differs := make(map[string]bool)
	for _, f := range files {
		for _, d := range f.types {
			if have, ok := common[d.name]; ok && (have.keyword != d.keyword || have.body != d.body) {
				differs[d.name] = true
			}
			common[d.name] = d
		}
	}
	for changed := true; changed; {
		changed = false
		for name, d := range common {
			if !differs[name] && slices.ContainsFunc(d.uses, func(u string) bool { return differs[u] }) {
				differs[name], changed = true, true
			}
		}
	}
	for name := range differs {
		delete(common, name)
	}
	return common
}
