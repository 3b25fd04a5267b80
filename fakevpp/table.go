package fakevpp

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// entry is one line of the message table: one version of one message.
type entry struct {
	*schema.Message
	id uint16

	once    sync.Once // binds what follows at the first use
	run     runner
	kind    handlerKind
	rep     *entry // the reply, or nil
	handled bool
}

// table is VPP's message table: ids for every name and CRC. It never changes,
// so that instances with the same API share it.
type table struct {
	entries []*entry // by id; nil where no message has it
	byKey   map[messageKey]*entry
	bySet   map[setKey]*entry
	modules []*module // API files, if the source knows them
	create  []byte    // the end of sockclnt_create_reply: count and entries

	handlers map[string]handler
	encoders sync.Map // of encoderKey to the *schema.Encoder of an event
}

// messageKey is a message as a client asks for its id.
type messageKey struct{ name, crc string }

// setKey finds a message among those of one set of definitions.
type setKey struct{ source, name string }

// fixedIDs are the messages of memclnt.api in its order: its ids start at 1 on
// every VPP (src/vlibmemory/vl_memory_msg_enum.h), because a client must know
// sockclnt_create before it has a table.
var fixedIDs = [...]string{
	1:  "memclnt_create",
	2:  "memclnt_create_reply",
	3:  "memclnt_delete",
	4:  "memclnt_delete_reply",
	5:  "rx_thread_exit",
	6:  "memclnt_rx_thread_suspend",
	7:  "memclnt_read_timeout",
	8:  "rpc_call",
	9:  "rpc_call_reply",
	10: "get_first_msg_id",
	11: "get_first_msg_id_reply",
	12: "api_versions",
	13: "api_versions_reply",
	14: "trace_plugin_msg_ids",
	15: "sockclnt_create",
	16: "sockclnt_create_reply",
	17: "sockclnt_delete",
	18: "sockclnt_delete_reply",
	19: "sock_init_shm",
	20: "sock_init_shm_reply",
	21: "memclnt_keepalive",
	22: "memclnt_keepalive_reply",
	23: "control_ping",
	24: "control_ping_reply",
	25: "memclnt_create_v2",
	26: "memclnt_create_v2_reply",
	27: "get_api_json",
	28: "get_api_json_reply",
}

const (
	idTracePluginMsgIDs = 14
	idSockclntCreate    = 15
	idSockclntDelete    = 17
)

// newTable numbers the messages: the fixed ones first, then those of sources
// that know VPP's order, then the others module by module. Where sources share a
// name and CRC, the message of the earliest counts.
func newTable(sources []schema.Source, handlers []handler) (*table, error) {
	t := &table{
		handlers: make(map[string]handler, len(handlers)),
		entries:  make([]*entry, len(fixedIDs)),
		byKey:    make(map[messageKey]*entry),
		bySet:    make(map[setKey]*entry),
	}
	for _, h := range handlers {
		t.handlers[h.name] = h
	}
	fixed := make(map[string]uint16, len(fixedIDs))
	for id, name := range fixedIDs {
		fixed[name] = uint16(id)
	}
	var ordered, rest []*entry
	for _, source := range sources {
		list := &rest
		if source.Modules != nil {
			list = &ordered
		}
		for _, m := range source.Messages {
			key := messageKey{m.Name, m.CRC}
			e := t.byKey[key]
			if e == nil {
				e = &entry{Message: m}
				t.byKey[key] = e
				if id := fixed[m.Name]; id != 0 && t.entries[id] == nil {
					e.id, t.entries[id] = id, e
				} else {
					*list = append(*list, e)
				}
			}
			t.bySet[setKey{m.Source, m.Name}] = e
		}
	}
	slices.SortFunc(rest, func(a, b *entry) int {
		return cmp.Or(strings.Compare(a.Module, b.Module), strings.Compare(a.Name, b.Name), strings.Compare(a.CRC, b.CRC))
	})
	rest = append(ordered, rest...)
	if len(t.entries)+len(rest) > math.MaxUint16 {
		return nil, fmt.Errorf("message table: %d messages, at most %d fit", len(rest), math.MaxUint16)
	}
	for _, e := range rest {
		e.id = uint16(len(t.entries))
		t.entries = append(t.entries, e)
	}
	if e := t.entries[idSockclntCreate]; e == nil {
		return nil, fmt.Errorf("message table: no sockclnt_create among %d messages; link the bindings of memclnt", len(t.byKey))
	}
	for _, source := range sources {
		t.addModules(source)
	}
	t.create = t.serialize()
	return t, nil
}

// module is an API file with its range of ids.
type module struct {
	*schema.Module
	first, last uint16 // of the messages; 0 if there are none
}

// rangeName is the name of the module's range of ids, "" if it has none: memclnt's
// are fixed, others register theirs (vl_msg_api_get_msg_ids in
// src/vlibapi/api_shared.c).
func (m *module) rangeName() string {
	crc := m.RangeCRC
	if crc == "" {
		crc = m.CRC
	}
	if m.Name == "memclnt" || m.first == 0 {
		return ""
	}
	return m.Name + "_" + crc
}

// addModules finds the ranges of ids of the source's modules.
func (t *table) addModules(source schema.Source) {
	for _, m := range source.Modules {
		mod := &module{Module: m}
		if n := len(m.Messages); n > 0 {
			mod.first = t.bySet[setKey{source.Name, m.Messages[0].Name}].id
			mod.last = t.bySet[setKey{source.Name, m.Messages[n-1].Name}].id
		}
		t.modules = append(t.modules, mod)
	}
}

// serialize renders count and entries of sockclnt_create_reply.
func (t *table) serialize() []byte {
	const nameSize = 64
	b := make([]byte, 0, 2+len(t.entries)*(2+nameSize))
	b = append(b, byte(len(t.byKey)>>8), byte(len(t.byKey)))
	for _, e := range t.entries {
		if e == nil {
			continue
		}
		var name [nameSize]byte
		copy(name[:nameSize-1], e.Key())
		b = append(b, byte(e.id>>8), byte(e.id))
		b = append(b, name[:]...)
	}
	return b
}

// lookup returns the entry with the id, or nil.
func (t *table) lookup(id uint16) *entry {
	if int(id) >= len(t.entries) {
		return nil
	}
	return t.entries[id]
}

// sibling returns the message of that name in e's set of definitions, or nil.
func (t *table) sibling(e *entry, name string) *entry { return t.bySet[setKey{e.Source, name}] }

// bound returns e with its handler bound: run is nil for messages that are not
// requests.
func (t *table) bound(e *entry) *entry {
	e.once.Do(func() { t.bind(e) })
	return e
}

// bind finds the messages that answer e and compiles its handler's plans. What
// has no handler, or a handler that does not fit this version, is unimplemented.
func (t *table) bind(e *entry) {
	b := binding{req: e, rep: t.replyOf(e)}
	e.rep = b.rep
	h, ok := t.handlers[e.Name]
	if ok {
		e.kind = h.kind
		b.details = t.sibling(e, h.details)
		run, err := h.bindTo(b)
		if err == nil {
			e.run, e.handled = run, true
			return
		}
		e.run = unfit(b, err)
		return
	}
	if strings.HasSuffix(e.Name, "_dump") && b.rep == nil {
		e.kind = kindDump
	}
	if e.Kind == schema.Request {
		e.run = unimplemented(b)
	}
}

// replyOf finds the message that answers a request, by VPP's convention
// (src/tools/vppapigen: services without a declared reply).
func (t *table) replyOf(e *entry) *entry { return t.sibling(e, e.Name+"_reply") }

// bindTo compiles the handler's plans for the messages.
func (h handler) bindTo(b binding) (runner, error) {
	if h.kind != kindDump && b.rep == nil {
		return nil, fmt.Errorf("%s: no %s_reply in %s", b.req.Key(), h.name, b.req.Source)
	}
	if h.kind != kindReply && b.details == nil {
		return nil, fmt.Errorf("%s: no %s in %s", b.req.Key(), h.details, b.req.Source)
	}
	return h.bind(b)
}
