package record

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// ignoredAlways are fields that say when, where or by which process something
// was done. A name without dot counts in every message.
var ignoredAlways = map[string]bool{
	"vpe_pid": true, "pid": true, "timestamp": true, "vpe_system_time": true,
	"show_version_reply.version": true, "show_version_reply.build_date": true, "show_version_reply.build_directory": true,
	"show_threads_reply.thread_data.pid": true, "show_threads_reply.thread_data.cpu_id": true,
	"show_threads_reply.thread_data.core": true, "show_threads_reply.thread_data.cpu_socket": true,
	"ip_neighbor_details.age": true,
}

// ignored says if a field may differ.
func (p *player) ignored(message, path string) bool {
	plain := plainPath(path)
	base := plain[strings.LastIndexByte(plain, '.')+1:]
	if ignoredAlways[base] || ignoredAlways[message+"."+plain] {
		return true
	}
	for _, i := range p.options.Ignore {
		if i == base || i == plain || i == message+"."+plain {
			return true
		}
	}
	return false
}

// unordered are the details of tables that VPP keeps in hashes: their order
// depends on addresses in memory and on what was there before. They are compared
// in the order of the field.
var unordered = map[string]string{
	"ip_route_details":    "route.prefix",
	"ip_route_v2_details": "route.prefix",
	"ip_mroute_details":   "route.prefix",
	"ip_neighbor_details": "neighbor.ip_address",
}

// orderOf returns what the message is sorted by, "" if its place counts.
func orderOf(v *schema.View) string {
	if v == nil || unordered[v.Message.Name] == "" {
		return ""
	}
	raw, err := v.Bytes(unordered[v.Message.Name])
	if err != nil {
		return ""
	}
	return v.Message.Name + string(raw)
}

// plainPath removes indexes: "paths[0].weight" is "paths.weight".
func plainPath(path string) string {
	var b strings.Builder
	for path != "" {
		before, rest, _ := strings.Cut(path, "[")
		b.WriteString(before)
		_, path, _ = strings.Cut(rest, "]")
	}
	return b.String()
}

// mapping pairs the numbers that the VPP in the recording gave to objects with
// those that the VPP in the replay gives. A pair is made where both first appear
// in an answer, and holds from then on, both ways.
type mapping struct {
	forth map[string]map[string]string // by kind: recorded to replayed
	back  map[string]map[string]string
}

func newMapping() *mapping {
	return &mapping{forth: make(map[string]map[string]string), back: make(map[string]map[string]string)}
}

// kindOf says what sort of number a field holds, "" for one that must be equal.
func kindOf(l schema.Leaf) string {
	plain := plainPath(l.Path)
	base := plain[strings.LastIndexByte(plain, '.')+1:]
	switch {
	case len(l.Raw) == 6 && l.Type.Name == "mac_address" && l.Raw[0] == 2 && l.Raw[1] == 0xfe:
		return "mac" // VPP made it up
	case len(l.Raw) != 4 || binary.BigEndian.Uint32(l.Raw) == ^uint32(0):
		return ""
	case base == "stats_index":
		return "stats"
	case binary.BigEndian.Uint32(l.Raw) == 0: // local0, the default table
		return ""
	case l.Type.Name == "interface_index" || strings.HasSuffix(base, "sw_if_index"):
		return "interface"
	case base == "table_id" || strings.HasSuffix(base, "vrf_id"):
		return "table"
	case base == "socket_id":
		return "socket"
	}
	return ""
}

// same compares two values of an answer. Numbers of a kind are the same if
// they are paired, or if neither is yet.
func (m *mapping) same(recorded, replayed schema.Leaf) bool {
	kind := kindOf(recorded)
	if kind == "" || kindOf(replayed) != kind {
		return bytes.Equal(recorded.Raw, replayed.Raw)
	}
	a, b := string(recorded.Raw), string(replayed.Raw)
	if m.forth[kind] == nil {
		m.forth[kind], m.back[kind] = make(map[string]string), make(map[string]string)
	}
	to, known := m.forth[kind][a]
	from, taken := m.back[kind][b]
	switch {
	case known || taken:
		return to == b && from == a
	case a != b && kind == "table" && !allocated(binary.BigEndian.Uint32(recorded.Raw)):
		return false // the client chose it
	}
	m.forth[kind][a], m.back[kind][b] = b, a
	return true
}

// allocated says if a table id looks as if VPP chose it: clients use small ones.
func allocated(id uint32) bool { return id >= 1<<24 }

// toReplay changes the numbers in a request to those of the replay.
func (m *mapping) toReplay(v *schema.View) error {
	values, err := v.Values()
	if err != nil {
		return nil // it is sent as it was
	}
	for _, l := range values {
		if to, ok := m.forth[kindOf(l)][string(l.Raw)]; ok {
			copy(l.Raw, to)
		}
	}
	return nil
}
