package fakevpp

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/vpptwin/vpptwin/fakevpp/apitrace"
	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// apiShowCommands are the commands about the API itself
// (src/vlibmemory/vlib_api_cli.c).
func apiShowCommands() []cliCommand {
	noControlPlane := func(*VPP, *cliArgs) (string, error) { return "No control-plane activity.\n", nil }
	return []cliCommand{
		command("show api histogram", "show api histogram", noControlPlane),
		command("clear api histogram", "clear api histogram", func(*VPP, *cliArgs) (string, error) { return "", nil }),
		command("show api trace-status", "Display API trace status", (*VPP).cliTraceStatus),
		command("show api message-table", "Message Table", (*VPP).cliMessageTable),
		command("show api plugin", "show api plugin", (*VPP).cliAPIPlugin),
		command("show api dump", "show api dump file <filename> [numeric | compare-current]", (*VPP).cliAPIDump),
	}
}

func (v *VPP) cliTraceStatus(*cliArgs) (string, error) {
	v.traces.mu.Lock()
	defer v.traces.mu.Unlock()
	state := map[bool]string{true: "enabled", false: "disabled"}
	return fmt.Sprintf("RX Trace %s\nTX Trace %s\n", state[v.traces.rx.enabled], state[v.traces.tx.enabled]), nil
}

// threadSafe are the messages that VPP runs without stopping its workers
// (vl_api_set_msg_thread_safe).
var threadSafe = strings.Fields(`get_first_msg_id api_versions trace_plugin_msg_ids memclnt_keepalive
	memclnt_keepalive_reply control_ping arping arping_acd graph_node_get trace_dump trace_v2_dump
	cli_inband show_threads get_node_graph dev_attach dev_detach dev_create_port_if dev_remove_port_if
	sw_interface_details sw_interface_dump sw_interface_tag_add_del sw_interface_set_interface_name l2_flags_get
	l2_flags_set l2_interface_feat_flags_get l2_interface_feat_flags_set bridge_domain_dump ip_route_add_del
	ip_route_add_del_v2 ip_route_add_del_reply ip_route_add_del_v2_reply ip_address_dump udp_encap_add udp_encap_del
	udp_encap_dump session_sdl_add_del session_sdl_add_del_reply session_sdl_add_del_v2 session_sdl_add_del_v2_reply
	session_sdl_dump session_sdl_details session_sdl_v2_dump session_sdl_v2_details session_sdl_v3_dump
	session_sdl_v3_details show_version show_vpe_system_time`)

// memclntConfigured are the messages of memclnt.api that VPP gives a name to,
// by hand.
var memclntConfigured = strings.Fields(`memclnt_create memclnt_delete rpc_call rpc_call_reply get_first_msg_id
	get_first_msg_id_reply api_versions trace_plugin_msg_ids sockclnt_create sockclnt_delete sock_init_shm
	memclnt_keepalive memclnt_keepalive_reply control_ping control_ping_reply memclnt_create_v2 get_api_json`)

// cliMessageTable is "show api message-table".
func (v *VPP) cliMessageTable(a *cliArgs) (string, error) {
	verbose := a.is("verbose")
	var b strings.Builder
	if verbose {
		fmt.Fprintf(&b, "%-4s %-40s %6s %7s\n", "ID", "Name", "Bounce", "MP-safe")
	} else {
		fmt.Fprintf(&b, "%-4s %s\n", "ID", "Name")
	}
	configured := v.table.configured()
	for id := 1; id < len(v.table.entries); id++ {
		name, e := "  [no handler]", v.table.entries[id]
		if e != nil && configured[e.Name] {
			name = e.Name
		}
		if verbose {
			bounce, safe := 0, 0
			if e != nil && e.Name == "memclnt_delete" {
				bounce = 1
			}
			if e != nil && slices.Contains(threadSafe, e.Name) {
				safe = 1
			}
			fmt.Fprintf(&b, "%-4d %-40.40s %6d %7d\n", id, name, bounce, safe)
		} else {
			fmt.Fprintf(&b, "%-4d %s\n", id, name)
		}
	}
	return b.String(), nil
}

// configured returns the names of the messages that VPP has names for: requests
// and what answers them, but no events (setup_message_id_table, written by
// src/tools/vppapigen/vppapigen_c.py).
func (t *table) configured() map[string]bool {
	names := make(map[string]bool)
	for _, name := range memclntConfigured {
		names[name] = true
	}
	for _, m := range t.modules {
		if m.Name == "memclnt" {
			continue
		}
		special := make(map[string]schema.Service, len(m.Services))
		for _, s := range m.Services {
			special[s.Request] = s
		}
		for _, msg := range m.Messages {
			if s, ok := special[msg.Name]; ok {
				names[s.Request], names[s.Reply], names[s.Stream] = true, true, true
			} else if msg.Kind == schema.Request {
				t.configureUsual(msg, names)
			}
		}
	}
	return names
}

// configureUsual names a request and the answers that its name implies.
func (t *table) configureUsual(msg *schema.Message, names map[string]bool) {
	answers := []string{msg.Name + "_reply"}
	if base, ok := strings.CutSuffix(msg.Name, "_dump"); ok {
		answers = []string{base + "_details"}
	} else if base, ok := strings.CutSuffix(msg.Name, "_get"); ok {
		answers = append(answers, base+"_details")
	}
	for _, name := range answers {
		if t.bySet[setKey{msg.Source, name}] != nil {
			names[name], names[msg.Name] = true, true
		}
	}
}

// cliAPIPlugin is "show api plugin".
func (v *VPP) cliAPIPlugin(*cliArgs) (string, error) {
	var lines []string
	for _, m := range v.table.modules {
		if name := m.rangeName(); name != "" && m.first != 0 {
			lines = append(lines, fmt.Sprintf("%-50s%9d%9d\n", name, m.first, m.last))
		}
	}
	if len(lines) == 0 {
		return "No plugin API message ranges configured...\n", nil
	}
	slices.Sort(lines)
	return fmt.Sprintf("Plugin API message ID ranges...\n%-50s%9s%9s\n", "Name", "First-ID", "Last-ID") +
		strings.Join(lines, ""), nil
}

// savedTable is a line of "show api dump".
type savedTable struct {
	apitrace.Entry
	image bool // from this VPP, not from the file
}

// cliAPIDump is "show api dump": a saved message table, alone or against this
// VPP's.
func (v *VPP) cliAPIDump(a *cliArgs) (string, error) {
	var file string
	var compare, numeric bool
	for a.more() {
		switch {
		case a.text("file", &file):
		case a.is("compare-current"), a.is("compare"):
			compare = true
		case a.is("numeric"):
			numeric = true
		default:
			return "", a.unknown()
		}
	}
	switch {
	case compare && numeric:
		return "", cliText("Comparison and numeric sorting are incompatible")
	case file == "":
		return "", cliText("File not specified")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("open `%s'", file)
	}
	saved, err := apitrace.ParseTable(data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return v.dumpTable(saved, compare, numeric), nil
}

func (v *VPP) dumpTable(saved []apitrace.Entry, compare, numeric bool) string {
	var lines []savedTable
	for _, e := range saved {
		lines = append(lines, savedTable{Entry: e})
	}
	if compare {
		for _, e := range v.messageTable() {
			lines = append(lines, savedTable{Entry: e, image: true})
		}
	}
	slices.SortStableFunc(lines, func(a, b savedTable) int {
		if numeric {
			return int(a.ID) - int(b.ID)
		}
		return strings.Compare(a.Key, b.Key)
	})
	if compare {
		return compareTables(lines)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\n", center("Message name", 60), center("MsgID", 8), center("CRC", 10))
	for _, l := range lines {
		name, crc, _ := schema.CutKey(l.Key)
		fmt.Fprintf(&b, "%-60s %8d %10s\n", name, l.ID, crc)
	}
	return b.String()
}

// compareTables lists what differs between two tables that are sorted together.
func compareTables(lines []savedTable) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-60s | %s\n%s-|-%s\n", "Message Name", "Result", strings.Repeat("-", 60), "-----------------")
	differences := 0
	for i := 0; i < len(lines); {
		name, _, _ := schema.CutKey(lines[i].Key)
		next := ""
		if i+1 < len(lines) {
			if lines[i].Key == lines[i+1].Key {
				i += 2
				continue
			}
			next, _, _ = schema.CutKey(lines[i+1].Key)
		}
		differences++
		if name == next {
			fmt.Fprintf(&b, "%-60s | definition changed\n", name)
			i += 2
			continue
		}
		where := "file"
		if lines[i].image {
			where = "image"
		}
		fmt.Fprintf(&b, "%-60s | only in %s\n", name, where)
		i++
	}
	if differences == 0 {
		b.WriteString("No api message signature differences found.\n")
	} else {
		fmt.Fprintf(&b, "\nFound %d api message signature differences\n", differences)
	}
	return b.String()
}
