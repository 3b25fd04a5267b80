package fakevpp

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/vpptwin/vpptwin/fakevpp/apitrace"
)

// defaultTraceItems is how many messages VPP's trace keeps if nobody says
// otherwise (api_trace_command_fn in src/vlibmemory/vlib_api_cli.c).
const defaultTraceItems = 256 << 10

// APITrace keeps the latest messages that clients send, as VPP's start-up option
// "api-trace { on nitems N }" does; 0 items is VPP's default of 262144. The CLI's
// `api trace` saves and shows them.
func APITrace(items int) Option {
	return optionFunc(func(o *options) {
		o.traceItems = items
		if items <= 0 {
			o.traceItems = defaultTraceItems
		}
	})
}

// SaveAPITable writes the message table to /tmp/NAME at start, as VPP's start-up
// option "api-trace { save-api-table NAME }" does; "show api dump" reads it.
func SaveAPITable(name string) Option {
	return optionFunc(func(o *options) { o.saveTable = name })
}

// saveAPITable writes the table. VPP only warns when it cannot
// (vl_api_save_msg_table in src/vlibmemory/memclnt_api.c).
func (v *VPP) saveAPITable() {
	name := v.opts.saveTable
	if name == "" {
		return
	}
	if strings.Contains(name, "..") || strings.Contains(name, "/") {
		v.logf(levelWarning, "api", "illegal save-message-table filename '%s'", name)
		return
	}
	if err := os.WriteFile(filepath.Join(traceDir, name), apitrace.SerializeTable(v.messageTable()), 0o644); err != nil {
		v.logf(levelWarning, "api", "save message table: %v", err)
	}
}

// apiTraces are VPP's two trace buffers. rx holds what clients sent; tx would
// hold what shared-memory clients are sent, and stays empty, because answers over
// sockets are not traced (src/vlibapi/memory_shared.c).
type apiTraces struct {
	on     atomic.Bool // rx is enabled: what every message looks at
	mu     sync.Mutex
	rx, tx traceBuffer
}

// traceBuffer is a ring of messages (vl_api_trace_t).
type traceBuffer struct {
	configured, enabled, wrapped bool
	items, next                  int
	messages                     [][]byte
}

// configure empties the buffer and sets its size
// (vl_msg_api_trace_configure in src/vlibapi/api_shared.c).
func (b *traceBuffer) configure(items int) {
	*b = traceBuffer{configured: true, enabled: b.enabled, items: items}
}

// enable switches the buffer, one of 1024 messages if it was never configured.
func (b *traceBuffer) enable(on bool) {
	if !b.configured {
		b.configure(1024)
	}
	if b.items > 0 {
		b.enabled = on
	}
}

// free drops the messages.
func (b *traceBuffer) free() { b.next, b.wrapped, b.messages = 0, false, nil }

// add keeps a copy of a message, in place of the oldest if the buffer is full.
func (b *traceBuffer) add(msg []byte) {
	if len(b.messages) < b.items {
		b.messages = append(b.messages, slices.Clone(msg))
		return
	}
	if b.items == 0 {
		return
	}
	b.wrapped = true
	b.messages[b.next] = append(b.messages[b.next][:0], msg...)
	b.next = (b.next + 1) % b.items
}

// ordered returns the messages, oldest first.
func (b *traceBuffer) ordered() [][]byte {
	return slices.Concat(b.messages[b.next:], b.messages[:b.next])
}

// start begins the trace that the options ask for: its first entries are the
// modules' ranges of ids, which VPP sends to itself
// (send_one_plugin_msg_ids_msg in src/vlibmemory/memclnt_api.c).
func (a *apiTraces) start(t *table, items int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rx, a.tx = traceBuffer{}, traceBuffer{}
	a.on.Store(items > 0)
	if items <= 0 {
		return
	}
	a.rx.configure(items)
	a.rx.enable(true)
	for _, m := range t.modules {
		if name := m.rangeName(); name != "" && m.first != 0 {
			a.rx.add(traceRange(name, m.first, m.last))
		}
	}
}

// traceRange is the message trace_plugin_msg_ids.
func traceRange(name string, first, last uint16) []byte {
	const nameSize = 128
	b := make([]byte, 10+nameSize, 10+nameSize+4)
	binary.BigEndian.PutUint16(b, idTracePluginMsgIDs)
	copy(b[10:10+nameSize-1], name)
	b = binary.BigEndian.AppendUint16(b, first)
	return binary.BigEndian.AppendUint16(b, last)
}

// traceMessage keeps a message that has a handler.
func (v *VPP) traceMessage(msg []byte) {
	v.traces.mu.Lock()
	defer v.traces.mu.Unlock()
	if v.traces.rx.enabled {
		v.traces.rx.add(msg)
	}
}

// traceFile returns the buffer as a file with the message table.
func (v *VPP) traceFile(b *traceBuffer) *apitrace.File {
	return &apitrace.File{Wrapped: b.wrapped, Table: v.messageTable(), Messages: b.ordered()}
}

// messageTable returns the message table as VPP saves it.
func (v *VPP) messageTable() []apitrace.Entry {
	var list []apitrace.Entry
	for _, e := range v.table.entries {
		if e != nil {
			list = append(list, apitrace.Entry{ID: e.id, Key: e.Key()})
		}
	}
	return list
}
